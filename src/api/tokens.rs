//! One's own access tokens, as GoToSocial serves them: what was let in, and how to end it.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::entity::TokenInfo;
use super::{Auth, page};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::service::access;

/// GET /api/v1/tokens: TokenInfo, newest first, in pages of 20 to 80.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let (me, wanted) = (auth.account_id()?, params.page(20, 80)?);
    page::read(&app, &request, move |_, conn| {
        let tokens = db::oauth::list_tokens(conn, me, &wanted)?;
        let ends = page::ends(&wanted, tokens.iter().map(|token| token.id));
        Ok((ends, tokens.into_iter().map(TokenInfo::new).collect::<Vec<_>>()))
    })
    .await
}

/// GET /api/v1/tokens/{id}; 404 for somebody else's.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (me, id) = (auth.account_id()?, super::id_of(&path)?);
    super::show_few(&app, move |_, conn| {
        let token = db::oauth::find_own_token(conn, me, id)?;
        token.map(TokenInfo::new).ok_or(Error::NotFound)
    })
    .await
}

/// POST /api/v1/tokens/{id}/invalidate: ends it, with its streams and push subscription, and
/// answers what it was.
pub(super) async fn invalidate(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (me, id) = (auth.account_id()?, super::id_of(&path)?);
    let token = super::write(&app, move |_, tx| access::end_token(tx, me, id)).await?;
    Ok(http::json(&TokenInfo::new(token)))
}
