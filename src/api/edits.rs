//! Editing a status, and its earlier versions.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::credentials::read_language;
use super::posting::{find_mentioned, read_content_type, read_text};
use super::quotes::read_policy;
use super::{Auth, entity, id_of, interaction_policies, media, polls};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::{self, Params};
use crate::service;
use crate::service::edit::Edit;
use crate::service::visibility;

/// PUT /api/v1/statuses/:id.
pub(super) async fn edit(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let (text, spoiler_text) = read_text(&params)?;
    let edit = Edit {
        text,
        spoiler_text,
        sensitive: params.flag("sensitive")?,
        language: read_language("language", params.text("language")?)?,
        poll: polls::read_new(&params)?,
        media_ids: media::read_ids(&params)?,
        media_attributes: media::read_attributes(&params)?,
        content_type: read_content_type("content_type", params.text("content_type")?)?,
        quote_policy: read_policy("quote_approval_policy", &params, "quote_approval_policy")?,
        policy: interaction_policies::read(&params, "interaction_policy")?,
    };
    let mentioned = find_mentioned(&app, &edit.text).await?;
    let edited = super::write(&app, move |app, tx| {
        let author = db::account::get(tx, me)?;
        let edited = service::edit::edit(tx, &app.site, &author, id, edit, &mentioned)?;
        entity::status(tx, &app.site, me, edited)
    });
    Ok(http::json(&edited.await?))
}

/// GET /api/v1/statuses/:id/history: the oldest version first, the present one last.
pub(super) async fn history(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    let versions = super::read(&app, move |app, conn| {
        let status = visibility::target(conn, viewer, id)?;
        entity::status_edits(conn, &app.site, viewer, status)
    });
    Ok(http::json(&versions.await?))
}
