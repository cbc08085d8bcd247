//! Links: the timeline of one, and what is fetched because somebody looks.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, entity, page, timelines};
use crate::app::App;
use crate::db::{self, Conn, Lane};
use crate::error::{Error, Result};
use crate::http::Params;
use crate::model::Status;
use crate::service;

/// GET /api/v1/timelines/link: public statuses with this link, of authors who want to be found.
/// 404 for one that nobody wrote; nobody in particular gets local statuses.
pub(super) async fn timeline(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let viewer = auth.viewer();
    let cut = params.page(20, 40)?;
    let address = params.text("url")?.unwrap_or_default().trim().to_owned();
    let found = page::read(&app, &request, move |app, conn| {
        let ids = service::card::timeline(conn, viewer, &address, &cut)?.ok_or(Error::NotFound)?;
        let found = timelines::in_order(&ids, db::status::list(conn, &ids)?);
        look(app, conn, viewer, &found)?;
        Ok((page::ends(&cut, ids.into_iter()), entity::statuses(conn, &app.site, viewer, found)?))
    });
    found.await
}

/// A person is about to see these: a few links of theirs that were not looked at yet, or not for
/// long, are queued to be fetched. Nobody waits for that, and no request causes more than
/// [`service::card::AT_ONCE`].
pub(super) fn look(app: &App, conn: &Conn, viewer: i64, shown: &[Status]) -> Result<()> {
    if viewer == 0 || shown.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> =
        shown.iter().map(|status| status.reblog_of_id.unwrap_or(status.id)).collect();
    let due = db::card::list_due(conn, &ids, service::card::AT_ONCE)?;
    if !due.is_empty() {
        // written when there is time: the answer does not depend on it
        drop(app.db.write(Lane::Background, move |tx| service::card::want(tx, &due)));
    }
    // and some of those whom they name without anybody here knowing them (F-285)
    let naming = db::unknown_mention::list_statuses(conn, &ids, service::mention::AT_ONCE)?;
    if !naming.is_empty() {
        drop(app.db.write(Lane::Background, move |tx| service::mention::want(tx, &naming)));
    }
    Ok(())
}
