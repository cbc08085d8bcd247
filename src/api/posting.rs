//! Writing, deleting and boosting.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::credentials::read_language;
use super::{Auth, entity, id_of, media, polls, remote};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::Visibility;
use crate::service::status::{self, Draft, Mentioned};
use crate::service::visibility;

/// What a client may send and this server cannot do yet. Said instead of dropped: a status
/// without the picture that belongs to it is not what was written.
const NOT_YET: [(&str, &str); 3] =
    [("scheduled_at", "scheduled posts"), ("quoted_status_id", "quotes"), ("quote_id", "quotes")];

/// POST /api/v1/statuses.
pub(super) async fn create(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    for (field, what) in NOT_YET {
        if params.says(field) {
            return Err(Error::invalid(format!(
                "Validation failed: {field}: this server has no {what} yet"
            )));
        }
    }
    let mut draft = read_draft(&params)?;
    draft.application_id = auth.application_id();
    draft.idempotency_key = idempotency_key(&request);
    let mentioned = find_mentioned(&app, &draft.text).await?;
    let written = super::write(&app, move |app, tx| {
        let author = db::account::get(tx, me)?;
        let written = status::create(tx, &app.site, &author, draft, &mentioned)?;
        entity::status(tx, &app.site, me, written)
    });
    Ok(http::json(&written.await?))
}

fn read_draft(params: &Params) -> Result<Draft> {
    Ok(Draft {
        text: params.text("status")?.unwrap_or_default().to_owned(),
        spoiler_text: params.text("spoiler_text")?.unwrap_or_default().to_owned(),
        visibility: read_visibility(params)?,
        language: read_language("language", params.text("language")?)?,
        sensitive: params.flag("sensitive")?,
        in_reply_to_id: params.id("in_reply_to_id")?,
        poll: polls::read_new(params)?,
        media_ids: media::read_ids(params)?,
        ..Draft::default()
    })
}

fn read_visibility(params: &Params) -> Result<Option<Visibility>> {
    match params.text("visibility")? {
        None | Some("") => Ok(None),
        Some(word) => Visibility::parse(word).map(Some).ok_or_else(|| {
            Error::invalid("Validation failed: Visibility is not included in the list")
        }),
    }
}

fn idempotency_key(request: &HttpRequest) -> Option<String> {
    let key = request.headers().get("idempotency-key")?.to_str().ok()?;
    Some(key.to_owned()).filter(|key| !key.is_empty())
}

/// The accounts that the text names. Those that are not stored are asked for on their servers;
/// who cannot be found in time stays plain text.
pub(super) async fn find_mentioned(app: &Data<App>, text: &str) -> Result<Mentioned> {
    let handles = status::handles(&app.site, text);
    if handles.is_empty() {
        return Ok(Mentioned::default());
    }
    let (mut mentioned, unknown) =
        super::read(app, move |_, conn| Mentioned::find(conn, &handles)).await?;
    for (name, domain, account) in remote::accounts(app, unknown).await {
        mentioned.insert(&name, &domain, account);
    }
    Ok(mentioned)
}

/// DELETE /api/v1/statuses/:id: answers the status with its source, for rewriting. Its files can
/// be attached again within a day, unless `delete_media` is true.
pub(super) async fn delete(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let with_media = params.flag("delete_media")?.unwrap_or(false);
    let deleted = super::write(&app, move |app, tx| {
        let author = db::account::get(tx, me)?;
        let there = visibility::get(tx, me, id)?;
        let text = there.text.clone();
        let shown = entity::status(tx, &app.site, me, there)?;
        let files = db::upload::list_attached(tx, &[id])?;
        status::delete(tx, &app.site, &author, id)?;
        for file in files.iter().filter(|_| with_media) {
            db::upload::delete(tx, file.id)?;
        }
        Ok(shown.deleted(text))
    });
    Ok(http::json(&deleted.await?))
}

/// POST /api/v1/statuses/:id/reblog.
pub(super) async fn reblog(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let wanted = read_visibility(&params)?;
    let boost = super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let boost = status::reblog(tx, &app.site, &account, id, wanted)?;
        entity::status(tx, &app.site, me, boost)
    });
    Ok(http::json(&boost.await?))
}

/// POST /api/v1/statuses/:id/unreblog.
pub(super) async fn unreblog(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let after = super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let target = status::unreblog(tx, &app.site, &account, id)?;
        entity::status(tx, &app.site, me, target)
    });
    Ok(http::json(&after.await?))
}
