//! Accounts that somebody recommends on the own profile.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, accounts, id_of, people, relationships};
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http::Params;
use crate::model::Page;
use crate::service::endorsement;

/// GET /api/v1/endorsements: one's own.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let find = move |conn: &Conn, cut: &Page| db::endorsement::list(conn, me, me, cut);
    people::answer(&app, &request, &params, find).await
}

/// GET /api/v1/accounts/:id/endorsements; of a remote account nothing is known.
pub(super) async fn of_account(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    let find = move |conn: &Conn, cut: &Page| {
        accounts::get(conn, id)?;
        if db::moderation::blocks(conn, id, viewer)? {
            return Ok(Vec::new());
        }
        db::endorsement::list(conn, viewer, id, cut)
    };
    people::answer(&app, &request, &params, find).await
}

/// POST /api/v1/accounts/:id/endorse, and the older `pin`.
pub(super) async fn endorse(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    relationships::change(&app, &auth, &path, endorsement::add).await
}

/// POST /api/v1/accounts/:id/unendorse, and the older `unpin`.
pub(super) async fn unendorse(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    relationships::change(&app, &auth, &path, endorsement::remove).await
}
