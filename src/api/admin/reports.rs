//! Reports, as admins work on them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::api::{Auth, entity, id_of, page, read, reports, write};
use crate::app::App;
use crate::db::{self, report::Wanted};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::service::report::{self, Step};

/// GET /api/v1/admin/reports: those that wait, or with `resolved` those that do not.
pub(in crate::api) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(100, 200)?;
    let wanted = Wanted {
        resolved: Some(params.flag("resolved")?.unwrap_or(false)),
        by: params.id("account_id")?,
        about: params.id("target_account_id")?,
    };
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::report::list(conn, wanted, &cut)?;
        let shown = entity::admin_reports(app, conn, me, &rows)?;
        Ok((page::ends(&cut, rows.iter().map(|row| row.id)), shown))
    });
    found.await
}

/// GET /api/v1/admin/reports/:id.
pub(in crate::api) async fn show(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    answer(&app, me, id).await
}

async fn answer(app: &Data<App>, me: i64, id: i64) -> Result<HttpResponse> {
    let shown = read(app, move |app, conn| {
        let row = db::report::get(conn, id)?;
        entity::admin_reports(app, conn, me, &[row])?.pop().ok_or(Error::NotFound)
    });
    Ok(http::json(&shown.await?))
}

/// PUT /api/v1/admin/reports/:id: another category, and the rules of a violation.
pub(in crate::api) async fn update(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let category = reports::category(&params)?;
    let rule_ids = match params.has("rule_ids") {
        true => Some(reports::rule_ids(&params)?),
        false => None,
    };
    let rules = app.config.instance.rules.len();
    work(&app, &auth, &path, Step::Change { category, rule_ids, rules }).await
}

async fn work(
    app: &Data<App>,
    auth: &Auth,
    path: &Path<String>,
    step: Step,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(path)?, auth.account_id()?);
    write(app, move |app, tx| report::work(tx, &app.site, Some(me), id, step)).await?;
    answer(app, me, id).await
}

/// POST /api/v1/admin/reports/:id/assign_to_self.
pub(in crate::api) async fn assign_to_self(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    work(&app, &auth, &path, Step::AssignToSelf).await
}

/// POST /api/v1/admin/reports/:id/unassign.
pub(in crate::api) async fn unassign(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    work(&app, &auth, &path, Step::Unassign).await
}

/// POST /api/v1/admin/reports/:id/resolve.
pub(in crate::api) async fn resolve(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    work(&app, &auth, &path, Step::Resolve).await
}

/// POST /api/v1/admin/reports/:id/reopen.
pub(in crate::api) async fn reopen(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    work(&app, &auth, &path, Step::Reopen).await
}
