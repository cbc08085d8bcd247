//! Muting a conversation.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::Auth;
use super::favourites::change;
use crate::app::App;
use crate::error::Result;
use crate::service;

/// POST /api/v1/statuses/:id/mute.
pub(super) async fn mute(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    change(&app, &auth, &path, service::thread_mute::add).await
}

/// POST /api/v1/statuses/:id/unmute.
pub(super) async fn unmute(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    change(&app, &auth, &path, service::thread_mute::remove).await
}
