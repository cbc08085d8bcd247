//! Who quotes a status, and who may.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::timelines::in_order;
use super::{Auth, entity, id_of, page};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::QuotePolicy;
use crate::service::{quote, visibility};

/// GET /api/v1/statuses/:id/quotes: the statuses that quote it with consent, the newest first,
/// as far as the reader may see them.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me, cut) = (id_of(&path)?, auth.account_id()?, params.page(20, 40)?);
    let found = page::read(&app, &request, move |app, conn| {
        let quoted = visibility::target(conn, me, id)?;
        let ids = db::quote::list_quoting(conn, me, quoted.id, &cut)?;
        let found = in_order(&ids, db::status::list(conn, &ids)?);
        Ok((page::ends(&cut, ids.into_iter()), entity::statuses(conn, &app.site, me, found)?))
    });
    found.await
}

/// POST /api/v1/statuses/:id/quotes/:quoting_status_id/revoke: answers the quoting status,
/// or the quoted one where the other hides from its author by now.
pub(super) async fn revoke(
    app: Data<App>,
    auth: Auth,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let id = |text: &str| crate::id::parse(text).ok_or(Error::NotFound);
    let (quoted, quoting) = (id(&path.0)?, id(&path.1)?);
    let after = super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let quoting = quote::revoke(tx, &account, quoted, quoting)?;
        entity::status(tx, &app.site, me, quoting)
    });
    Ok(http::json(&after.await?))
}

/// PUT /api/v1/statuses/:id/interaction_policy: who may quote it from now on.
pub(super) async fn set_policy(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let name = "quote_approval_policy";
    let policy = read_policy(name, &params, name)?
        .ok_or_else(|| Error::invalid("Validation failed: quote_approval_policy can't be blank"))?;
    let after = super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let status = quote::set_policy(tx, &app.site, &account, id, policy)?;
        entity::status(tx, &app.site, me, status)
    });
    Ok(http::json(&after.await?))
}

/// `public`, `followers` or `nobody`; `field` is what the client calls it.
pub(super) fn read_policy(field: &str, params: &Params, name: &str) -> Result<Option<QuotePolicy>> {
    match params.text(name)? {
        None | Some("") => Ok(None),
        Some(word) => QuotePolicy::parse(word).map(Some).ok_or_else(|| {
            Error::invalid(format!("Validation failed: {field} is not included in the list"))
        }),
    }
}
