//! Lists of accounts: followers, and who favourited or boosted a status. Paged by the row that
//! makes somebody part of the list, so that the newest come first.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, accounts, entity, id_of, page};
use crate::app::App;
use crate::db::follow::Side;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http::Params;
use crate::model::Page;
use crate::service::visibility;

/// `(row id, account id)`.
type Rows = Vec<(i64, i64)>;

/// Answers the accounts that `find` lists.
pub(super) async fn answer<F>(
    app: &Data<App>,
    request: &HttpRequest,
    params: &Params,
    find: F,
) -> Result<HttpResponse>
where
    F: FnOnce(&Conn, &Page) -> Result<Rows> + Send + 'static,
{
    let cut = params.page(40, 80)?;
    let found = page::read(app, request, move |app, conn| {
        let rows = find(conn, &cut)?;
        let ids: Vec<i64> = rows.iter().map(|(_, account)| *account).collect();
        let shown = entity::accounts(&app.site, &ids, db::account::list_shown(conn, &ids)?);
        let shown = entity::with_moved(conn, &app.site, shown)?;
        Ok((page::ends(&cut, rows.iter().map(|(row, _)| *row)), shown))
    });
    found.await
}

/// GET /api/v1/accounts/:id/followers.
pub(super) async fn followers(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    side(&app, auth.viewer(), &request, &path, &params, Side::Followers).await
}

/// GET /api/v1/accounts/:id/following.
pub(super) async fn following(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    side(&app, auth.viewer(), &request, &path, &params, Side::Following).await
}

/// One side of an account's follows. An account that hides them, or that blocks the reader, shows
/// an empty list; the owner sees all.
async fn side(
    app: &Data<App>,
    viewer: i64,
    request: &HttpRequest,
    path: &Path<String>,
    params: &Params,
    side: Side,
) -> Result<HttpResponse> {
    let id = id_of(path)?;
    let find = move |conn: &Conn, cut: &Page| {
        let account = accounts::get(conn, id)?;
        if viewer == id {
            return db::follow::list(conn, id, side, cut);
        }
        if account.details.hide_collections || db::moderation::blocks(conn, id, viewer)? {
            return Ok(Vec::new());
        }
        db::familiar::list_side(conn, viewer, id, side, cut)
    };
    answer(app, request, params, find).await
}

/// GET /api/v1/statuses/:id/favourited_by.
pub(super) async fn favourited_by(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    let find = move |conn: &Conn, cut: &Page| {
        let status = visibility::get(conn, viewer, id)?;
        db::favourite::list_accounts(conn, viewer, status.reblog_of_id.unwrap_or(status.id), cut)
    };
    answer(&app, &request, &params, find).await
}

/// GET /api/v1/statuses/:id/reblogged_by.
pub(super) async fn reblogged_by(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    let find = move |conn: &Conn, cut: &Page| {
        let status = visibility::get(conn, viewer, id)?;
        db::status::list_boosters(conn, viewer, status.reblog_of_id.unwrap_or(status.id), cut)
    };
    answer(&app, &request, &params, find).await
}
