//! Which servers this one has nothing or less to do with.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::api::entity::AdminDomainBlock;
use crate::api::{empty, id_of, page, read, write};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::Severity;
use crate::service::domain::{self, Blocked, Change};

/// GET /api/v1/admin/domain_blocks.
pub(in crate::api) async fn list(
    app: Data<App>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let cut = params.page(100, 200)?;
    let found = page::read(&app, &request, move |_, conn| {
        let rows = db::domain::list_blocks(conn, &cut)?;
        let ends = page::ends(&cut, rows.iter().map(|row| row.id));
        Ok((ends, rows.into_iter().map(AdminDomainBlock::new).collect::<Vec<_>>()))
    });
    found.await
}

/// GET /api/v1/admin/domain_blocks/:id.
pub(in crate::api) async fn show(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let found = read(&app, move |_, conn| db::domain::get_block(conn, id)).await?;
    Ok(http::json(&AdminDomainBlock::new(found)))
}

fn change(params: &Params) -> Result<Change> {
    let severity = match params.text("severity")? {
        None | Some("") => None,
        Some(word) => Some(Severity::parse(word).ok_or_else(|| {
            Error::invalid("Validation failed: Severity is not included in the list")
        })?),
    };
    let text = |name: &str| Ok::<_, Error>(params.text(name)?.map(str::to_owned));
    Ok(Change {
        severity,
        reject_media: params.flag("reject_media")?,
        reject_reports: params.flag("reject_reports")?,
        public_comment: text("public_comment")?,
        private_comment: text("private_comment")?,
        obfuscate: params.flag("obfuscate")?,
    })
}

/// POST /api/v1/admin/domain_blocks. One that is there already is answered with 422 and the
/// block, as in Mastodon.
pub(in crate::api) async fn create(app: Data<App>, params: Params) -> Result<HttpResponse> {
    let domain = params.required("domain")?.to_owned();
    let change = change(&params)?;
    let made = write(&app, move |app, tx| domain::block(tx, &app.site, &domain, change)).await?;
    Ok(match made {
        Blocked::New(block) => http::json(&AdminDomainBlock::new(block)),
        Blocked::There(block) => HttpResponse::UnprocessableEntity().json(json!({
            "error": "Validation failed: You have already imposed limits on this domain",
            "existing_domain_block": AdminDomainBlock::new(block),
        })),
    })
}

/// PUT /api/v1/admin/domain_blocks/:id.
pub(in crate::api) async fn update(
    app: Data<App>,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let change = change(&params)?;
    let after = write(&app, move |_, tx| domain::update(tx, id, change)).await?;
    Ok(http::json(&AdminDomainBlock::new(after)))
}

/// DELETE /api/v1/admin/domain_blocks/:id.
pub(in crate::api) async fn delete(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    write(&app, move |_, tx| domain::unblock(tx, id)).await?;
    Ok(empty())
}
