//! Statuses that wait for their time. One that could not be published then stays in the list with
//! its time in the past and the reason in `error`: to be given another time, or deleted.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::posting::read_time;
use super::{Auth, entity, id_of, page};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::{self, Params};
use crate::service::scheduled_status;

/// GET /api/v1/scheduled_statuses.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let (me, cut) = (auth.account_id()?, params.page(20, 40)?);
    let found = page::read(&app, &request, move |app, conn| {
        let found = db::scheduled_status::list(conn, me, &cut)?;
        let ends = page::ends(&cut, found.iter().map(|one| one.id));
        Ok((ends, entity::scheduled_statuses(conn, &app.site, found)?))
    });
    found.await
}

/// GET /api/v1/scheduled_statuses/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::show(&app, move |app, conn| {
        let found = db::scheduled_status::get(conn, me, id)?;
        entity::scheduled_status(conn, &app.site, found)
    })
    .await
}

/// PUT /api/v1/scheduled_statuses/:id: another time.
pub(super) async fn update(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let due = read_time(&params, "scheduled_at")?;
    let updated = super::write(&app, move |app, tx| {
        let updated = scheduled_status::update(tx, me, id, due)?;
        entity::scheduled_status(tx, &app.site, updated)
    });
    Ok(http::json(&updated.await?))
}

/// DELETE /api/v1/scheduled_statuses/:id.
pub(super) async fn delete(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::write(&app, move |_, tx| scheduled_status::delete(tx, me, id)).await?;
    Ok(super::empty())
}
