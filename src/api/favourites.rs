//! Favouriting, and what was favourited.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, entity, id_of, page};
use crate::app::App;
use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::http::{self, Params};
use crate::model::{Account, Page, Status};
use crate::service;

/// POST /api/v1/statuses/:id/favourite.
pub(super) async fn favourite(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    change(&app, &auth, &path, service::status::favourite).await
}

/// POST /api/v1/statuses/:id/unfavourite.
pub(super) async fn unfavourite(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    change(&app, &auth, &path, service::status::unfavourite).await
}

/// Does something to a status and answers it as it is then.
pub(super) async fn change<F>(
    app: &Data<App>,
    auth: &Auth,
    path: &Path<String>,
    f: F,
) -> Result<HttpResponse>
where
    F: FnOnce(&Tx<'_>, &Account, i64) -> Result<Status> + Send + 'static,
{
    let (id, me) = (id_of(path)?, auth.account_id()?);
    let after = super::write(app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let status = f(tx, &account, id)?;
        entity::status(tx, &app.site, me, status)
    });
    Ok(http::json(&after.await?))
}

/// GET /api/v1/favourites, paged by the time of favouriting.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    list_marked(&app, &auth, &request, &params, db::favourite::list_statuses).await
}

/// Rows of marks, each with its status.
type Marks = Vec<(i64, i64)>;

/// A page of the statuses that the person marked in some way, paged by the marks: `read` answers
/// the rows of the marks with the statuses.
pub(super) async fn list_marked(
    app: &Data<App>,
    auth: &Auth,
    request: &HttpRequest,
    params: &Params,
    read: fn(&Conn, i64, &Page) -> Result<Marks>,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(20, 40)?;
    let found = page::read(app, request, move |app, conn| {
        let rows = read(conn, me, &cut)?;
        let ids: Vec<i64> = rows.iter().map(|(_, status)| *status).collect();
        let found = super::timelines::in_order(&ids, db::status::list(conn, &ids)?);
        let shown = entity::statuses(conn, &app.site, me, found)?;
        Ok((page::ends(&cut, rows.iter().map(|(row, _)| *row)), shown))
    });
    found.await
}
