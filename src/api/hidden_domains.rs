//! Whole servers that one does not want to hear of (Mastodon's domain blocks of a user).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::{Auth, page};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::{self, Params};
use crate::service::hidden_domain;

/// GET /api/v1/domain_blocks: the names, paged by when they were blocked.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(100, 200)?;
    let found = page::read(&app, &request, move |_, conn| {
        let rows = db::hidden_domain::list(conn, me, &cut)?;
        let ends = page::ends(&cut, rows.iter().map(|(row, _)| *row));
        Ok((ends, rows.into_iter().map(|(_, domain)| domain).collect::<Vec<_>>()))
    });
    found.await
}

/// POST /api/v1/domain_blocks; 422 without `domain` or with one that is none.
pub(super) async fn create(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let domain = hidden_domain::normal(&app.site, params.required("domain")?)?;
    super::write(&app, move |_, tx| hidden_domain::hide(tx, me, &domain)).await?;
    Ok(super::empty())
}

/// DELETE /api/v1/domain_blocks; the domain also comes in the query. Nothing happens to one that
/// was not blocked.
pub(super) async fn delete(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let domain = hidden_domain::normal(&app.site, params.required("domain")?)?;
    super::write(&app, move |_, tx| db::hidden_domain::remove(tx, me, &domain)).await?;
    Ok(super::empty())
}

/// GET /api/v1/domain_blocks/preview: what a block would end.
pub(super) async fn preview(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let domain = hidden_domain::normal(&app.site, params.required("domain")?)?;
    let counts =
        super::read(&app, move |_, conn| db::hidden_domain::count_relations(conn, me, &domain));
    let (following, followers) = counts.await?;
    Ok(http::json(&json!({ "following_count": following, "followers_count": followers })))
}
