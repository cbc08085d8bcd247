//! Direct conversations.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, empty, entity, id_of, page};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::service;

/// GET /api/v1/conversations, paged by their newest statuses.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(20, 40)?;
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::conversation::list(conn, me, &cut)?;
        let shown = entity::conversations(conn, &app.site, me, &rows)?;
        Ok((page::ends(&cut, rows.iter().filter_map(|row| row.last_status_id)), shown))
    });
    found.await
}

/// POST /api/v1/conversations/:id/read.
pub(super) async fn read(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    mark(&app, &auth, &path, false).await
}

/// POST /api/v1/conversations/:id/unread.
pub(super) async fn unread(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    mark(&app, &auth, &path, true).await
}

async fn mark(
    app: &Data<App>,
    auth: &Auth,
    path: &Path<String>,
    unread: bool,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(path)?, auth.account_id()?);
    let after = super::write(app, move |app, tx| {
        service::conversation::mark(tx, me, id, unread)?;
        let row = db::conversation::find(tx, me, id)?.ok_or(Error::NotFound)?;
        entity::conversations(tx, &app.site, me, &[row])?.pop().ok_or(Error::NotFound)
    });
    Ok(http::json(&after.await?))
}

/// DELETE /api/v1/conversations/:id: out of one's own list, the statuses stay.
pub(super) async fn delete(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    match super::write(&app, move |_, tx| db::conversation::delete(tx, me, id)).await? {
        true => Ok(empty()),
        false => Err(Error::NotFound),
    }
}
