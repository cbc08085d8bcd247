//! `POST /oauth/revoke` (RFC 7009): an application gives its token back.

use actix_web::{HttpRequest, HttpResponse, web};

use super::client;
use super::error::OAuthError;
use crate::app::App;
use crate::crypto;
use crate::db;
use crate::http::{Params, json};

/// `POST /oauth/revoke`: ends `token`, if it is this application's. An unknown one is fine, as
/// it is at Mastodon; another application's is 403.
pub(super) async fn revoke(
    app: web::Data<App>,
    request: HttpRequest,
    params: Params,
) -> HttpResponse {
    answer(&app, &request, &params).await.unwrap_or_else(|error| error.response())
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse, OAuthError> {
    let client = match client::authenticate(app, request, params).await {
        Err(OAuthError::InvalidClient { basic: false }) => Err(OAuthError::UnauthorizedClient),
        other => other,
    }?;
    let Some(token) = params.text("token")? else { return Err(OAuthError::UnauthorizedClient) };
    let hash = crypto::token_hash(token);
    let known = app.read(move |conn| db::oauth::find_token(conn, &hash)).await?;
    if let Some(known) = known {
        if known.application_id != client.id {
            return Err(OAuthError::UnauthorizedClient);
        }
        app.write(move |tx| db::oauth::revoke_token(tx, &hash, client.id)).await?;
    } else if app.read(move |conn| db::applicant::find_by_token(conn, &hash)).await?.is_some() {
        app.write(move |tx| db::applicant::end_token(tx, &hash, client.id)).await?;
    }
    Ok(json(&serde_json::json!({})))
}
