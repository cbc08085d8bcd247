//! Bookmarking, and what was bookmarked.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::favourites::change;
use super::{Auth, entity, page};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::Params;
use crate::service;

/// POST /api/v1/statuses/:id/bookmark.
pub(super) async fn bookmark(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    change(&app, &auth, &path, service::bookmark::add).await
}

/// POST /api/v1/statuses/:id/unbookmark.
pub(super) async fn unbookmark(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    change(&app, &auth, &path, service::bookmark::remove).await
}

/// GET /api/v1/bookmarks, paged by the time of bookmarking.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(20, 40)?;
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::bookmark::list(conn, me, &cut)?;
        let ids: Vec<i64> = rows.iter().map(|(_, status)| *status).collect();
        let found = super::timelines::in_order(&ids, db::status::list(conn, &ids)?);
        let shown = entity::statuses(conn, &app.site, me, found)?;
        Ok((page::ends(rows.iter().map(|(row, _)| *row)), shown))
    });
    found.await
}
