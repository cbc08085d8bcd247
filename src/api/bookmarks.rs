//! Bookmarking, and what was bookmarked.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::Auth;
use super::favourites::{change, list_marked};
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
    list_marked(&app, &auth, &request, &params, db::bookmark::list).await
}
