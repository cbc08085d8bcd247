//! Reading one status.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::json;

use super::entity::{self, Context};
use super::timelines::in_order;
use super::{Auth, backfill, cards, id_of};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::service::visibility;

/// How many statuses one request may ask for.
const MOST: usize = 40;
/// How much of a thread a person gets, above and below.
const THREAD: (i64, i64) = (1000, 1000);
/// How much of it nobody in particular gets, as in Mastodon.
const THREAD_ANONYMOUS: (i64, i64) = (40, 60);

/// GET /api/v1/statuses: several at once, in the order they were asked for; what cannot be read
/// is left out.
pub(super) async fn list(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let viewer = auth.viewer();
    let mut ids = params.ids("id")?;
    ids.truncate(MOST);
    let found = super::read(&app, move |app, conn| {
        let found = in_order(&ids, db::status::list_readable(conn, viewer, &ids)?);
        cards::look(app, conn, viewer, &found)?;
        entity::statuses(conn, &app.site, viewer, found)
    });
    Ok(http::json(&found.await?))
}

/// GET /api/v1/statuses/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    let status = super::show(&app, move |app, conn| {
        let status = visibility::get(conn, viewer, id)?;
        cards::look(app, conn, viewer, std::slice::from_ref(&status))?;
        entity::status(conn, &app.site, viewer, status)
    });
    status.await
}

/// GET /api/v1/statuses/:id/context.
pub(super) async fn context(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    let (above, below) = if viewer == 0 { THREAD_ANONYMOUS } else { THREAD };
    let thread = super::read(&app, move |app, conn| {
        let mut status = visibility::get(conn, viewer, id)?;
        if let Some(of) = status.reblog_of_id {
            status = db::status::get(conn, of)?;
        }
        let id = status.id;
        let (last, due) = backfill::thread(app, conn, viewer, &status)?;
        let mut all = db::status::list_ancestors(conn, viewer, id, above)?;
        let split = all.len();
        all.extend(db::status::list_descendants(conn, viewer, id, below)?);
        cards::look(app, conn, viewer, &all)?;
        // both at once: half the queries
        let mut ancestors = entity::statuses(conn, &app.site, viewer, all)?;
        let descendants = ancestors.split_off(split.min(ancestors.len()));
        Ok((http::encode(&Context { ancestors, descendants })?, id, last, due))
    });
    let (body, id, last, due) = thread.await?;
    let mut response = http::encoded(http::JSON, body);
    backfill::announce(&app, &mut response, id, viewer, last, due).await;
    Ok(response)
}

/// GET /api/v1/statuses/:id/source: one's own status as it was written.
pub(super) async fn source(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let status = super::read(&app, move |_, conn| visibility::get(conn, me, id)).await?;
    if status.account_id != me || status.reblog_of_id.is_some() {
        return Err(Error::NotFound);
    }
    Ok(http::json(&json!({
        "id": status.id.to_string(),
        "text": status.text.unwrap_or_default(),
        "spoiler_text": status.spoiler_text,
        "content_type": status.content_type.as_str(),
    })))
}
