//! The servers that this one has to do with while `federation.allowlist` is set.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::api::entity::AdminDomainAllow;
use crate::api::{id_of, page, read, write};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::{self, Params};
use crate::service::domain;

/// GET /api/v1/admin/domain_allows.
pub(in crate::api) async fn list(
    app: Data<App>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let cut = params.page(100, 200)?;
    let found = page::read(&app, &request, move |_, conn| {
        let rows = db::domain::list_allows(conn, &cut)?;
        let ends = page::ends(&cut, rows.iter().map(|row| row.id));
        Ok((ends, rows.into_iter().map(AdminDomainAllow::new).collect::<Vec<_>>()))
    });
    found.await
}

/// GET /api/v1/admin/domain_allows/:id.
pub(in crate::api) async fn show(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let found = read(&app, move |_, conn| db::domain::get_allow(conn, id)).await?;
    Ok(http::json(&AdminDomainAllow::new(found)))
}

/// POST /api/v1/admin/domain_allows; one that is there is answered as it is.
pub(in crate::api) async fn create(app: Data<App>, params: Params) -> Result<HttpResponse> {
    let domain = params.required("domain")?.to_owned();
    let made = write(&app, move |app, tx| domain::allow(tx, &app.site, &domain)).await?;
    Ok(http::json(&AdminDomainAllow::new(made)))
}

/// DELETE /api/v1/admin/domain_allows/:id.
pub(in crate::api) async fn delete(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let gone = write(&app, move |_, tx| domain::disallow(tx, id)).await?;
    Ok(http::json(&AdminDomainAllow::new(gone)))
}
