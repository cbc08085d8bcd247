//! Those whose mentions are held back, one request an account.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::{Auth, empty, entity, id_of, page};
use crate::app::App;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::NotificationRequest;
use crate::service::notification_policy;

/// How many requests one call takes.
const MOST_AT_ONCE: usize = 100;

/// GET /api/v1/notifications/requests.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(40, 80)?;
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::notification_request::list(conn, me, &cut)?;
        let shown = entity::notification_requests(conn, &app.site, me, &rows)?;
        Ok((page::ends(&cut, rows.iter().map(|one| one.id)), shown))
    });
    found.await
}

/// GET /api/v1/notifications/requests/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::show(&app, move |app, conn| {
        let row = notification_policy::get_request(conn, me, id)?;
        let shown = entity::notification_requests(conn, &app.site, me, &[row])?.pop();
        shown.ok_or(Error::NotFound)
    })
    .await
}

/// GET /api/v1/notifications/requests/merged: accepting takes effect at once here.
pub(super) async fn merged() -> HttpResponse {
    http::json(&json!({ "merged": true }))
}

/// What is done with requests.
type Deed = fn(&Tx<'_>, i64, &[NotificationRequest]) -> Result<()>;

/// POST /api/v1/notifications/requests/:id/accept.
pub(super) async fn accept(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    one(&app, &auth, &path, notification_policy::accept).await
}

/// POST /api/v1/notifications/requests/:id/dismiss.
pub(super) async fn dismiss(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    one(&app, &auth, &path, notification_policy::dismiss).await
}

async fn one(
    app: &Data<App>,
    auth: &Auth,
    path: &Path<String>,
    deed: Deed,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(path)?, auth.account_id()?);
    super::write(app, move |_, tx| {
        let row = notification_policy::get_request(tx, me, id)?;
        deed(tx, me, &[row])
    })
    .await?;
    Ok(empty())
}

/// POST /api/v1/notifications/requests/accept with `id[]`.
pub(super) async fn accept_many(
    app: Data<App>,
    auth: Auth,
    params: Params,
) -> Result<HttpResponse> {
    many(&app, &auth, &params, notification_policy::accept).await
}

/// POST /api/v1/notifications/requests/dismiss with `id[]`.
pub(super) async fn dismiss_many(
    app: Data<App>,
    auth: Auth,
    params: Params,
) -> Result<HttpResponse> {
    many(&app, &auth, &params, notification_policy::dismiss).await
}

/// What is not one's own is left alone, as in Mastodon.
async fn many(app: &Data<App>, auth: &Auth, params: &Params, deed: Deed) -> Result<HttpResponse> {
    let (me, ids) = (auth.account_id()?, params.ids("id")?);
    if ids.len() > MOST_AT_ONCE {
        return Err(Error::invalid(format!(
            "Validation failed: id has more than {MOST_AT_ONCE} entries"
        )));
    }
    super::write(app, move |_, tx| {
        let rows = db::notification_request::list_by_ids(tx, me, &ids)?;
        deed(tx, me, &rows)
    })
    .await?;
    Ok(empty())
}
