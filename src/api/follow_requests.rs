//! Who asks to follow a locked account.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, people, relationships};
use crate::app::App;
use crate::db::follow::Side;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http::Params;
use crate::model::Page;
use crate::service::relationship;

/// GET /api/v1/follow_requests.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let find = move |conn: &Conn, cut: &Page| db::follow::list(conn, me, Side::Requests, cut);
    people::answer(&app, &request, &params, find).await
}

/// GET /api/v1/follow_requests/outgoing: whom one asked, as in GoToSocial.
pub(super) async fn outgoing(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let find = move |conn: &Conn, cut: &Page| db::follow::list(conn, me, Side::Asked, cut);
    people::answer(&app, &request, &params, find).await
}

/// POST /api/v1/follow_requests/:account_id/authorize.
pub(super) async fn authorize(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    relationships::change(&app, &auth, &path, relationship::authorize).await
}

/// POST /api/v1/follow_requests/:account_id/reject.
pub(super) async fn reject(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    relationships::change(&app, &auth, &path, relationship::reject).await
}
