//! Pinning one's own statuses to the profile.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::Auth;
use super::favourites::change;
use crate::app::App;
use crate::error::Result;
use crate::service;

/// POST /api/v1/statuses/:id/pin.
pub(super) async fn pin(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    change(&app, &auth, &path, service::pin::add).await
}

/// POST /api/v1/statuses/:id/unpin.
pub(super) async fn unpin(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    change(&app, &auth, &path, service::pin::remove).await
}
