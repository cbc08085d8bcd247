//! `POST /oauth/token`: a code, or the application's own credentials, become an access token.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::client;
use super::error::OAuthError;
use super::request;
use crate::app::App;
use crate::clock::MINUTE;
use crate::crypto;
use crate::db::{self, Tx};
use crate::error::Error;
use crate::http::{Params, json, peer};
use crate::model::{Application, Scopes};
use crate::service::access;
use crate::throttle::Who;

/// How many tokens of its own an application keeps.
const MOST_OWN: i64 = 50;

/// What an application gets; the token is shown here and never again (S-075).
#[derive(Serialize)]
struct Issued {
    access_token: String,
    token_type: &'static str,
    scope: String,
    /// Seconds since 1970.
    created_at: i64,
}

/// `POST /oauth/token`
pub(super) async fn issue(
    app: web::Data<App>,
    request: HttpRequest,
    params: Params,
) -> HttpResponse {
    let result = match answer(&app, &request, &params).await {
        Ok(issued) => issued,
        Err(error) => return error.response(),
    };
    let mut response = json(&result);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, header::HeaderValue::from_static("no-cache"));
    response
}

async fn answer(app: &App, request: &HttpRequest, params: &Params) -> Result<Issued, OAuthError> {
    let Some(grant) = params.text("grant_type")? else {
        return Err(OAuthError::InvalidRequest("Missing required parameter: grant_type."));
    };
    match grant {
        "authorization_code" => {
            let client = client::authenticate(app, request, params).await?;
            by_code(app, params, client).await
        }
        "client_credentials" => {
            let client = client::authenticate(app, request, params).await?;
            ration(app, request)?;
            by_credentials(app, params, client).await
        }
        _ => Err(OAuthError::UnsupportedGrantType),
    }
}

/// A token for the application itself, with nobody behind it (S-077).
async fn by_credentials(
    app: &App,
    params: &Params,
    client: Application,
) -> Result<Issued, OAuthError> {
    let scopes = request::scopes(&client, params.text("scope")?).ok_or(OAuthError::InvalidScope)?;
    let token = crypto::token();
    let hash = crypto::token_hash(&token);
    let scope = scopes.to_string();
    app.write(move |tx| {
        db::oauth::insert_token(tx, &hash, client.id, None, &scopes, None)?;
        db::oauth::trim_own_tokens(tx, client.id, MOST_OWN)
    })
    .await?;
    Ok(issued(app, token, scope))
}

/// Anybody may register an application, and so write these rows without a person: their number is
/// bounded, and each counts like a request to the API without one.
fn ration(app: &App, request: &HttpRequest) -> Result<(), OAuthError> {
    let limit = u32::try_from(app.config.limits.requests_per_address).unwrap_or(u32::MAX);
    if app.config.dev || limit == 0 {
        return Ok(());
    }
    let who = Who::Address(peer::limited(request, &app.config.server.trusted_proxies));
    if app.requests.count(&who, 5 * MINUTE) > limit {
        let (_, retry_after) = app.requests.look(&who);
        return Err(Error::TooMany { retry_after }.into());
    }
    Ok(())
}

/// What an application sends to trade a code.
struct Trade {
    application_id: i64,
    code_hash: [u8; 32],
    redirect_uri: String,
    verifier: Option<String>,
}

/// RFC 6749 section 4.1.3 with RFC 7636.
async fn by_code(app: &App, params: &Params, client: Application) -> Result<Issued, OAuthError> {
    let Some(code) = params.text("code")? else {
        return Err(OAuthError::InvalidRequest("Missing required parameter: code."));
    };
    let Some(redirect_uri) = params.text("redirect_uri")? else {
        return Err(OAuthError::InvalidRequest("Missing required parameter: redirect_uri."));
    };
    let trade = Trade {
        application_id: client.id,
        code_hash: crypto::token_hash(code),
        redirect_uri: redirect_uri.to_owned(),
        verifier: params.text("code_verifier")?.filter(|v| !v.is_empty()).map(str::to_owned),
    };
    let token = crypto::token();
    let hash = crypto::token_hash(&token);
    // an inner `None` commits: what a second use revokes stays revoked
    let scopes = app.write(move |tx| redeem(tx, &trade, &hash)).await?;
    let scopes = scopes.ok_or(OAuthError::InvalidGrant)?;
    Ok(issued(app, token, scopes.to_string()))
}

/// Uses the code up and stores the token; `None` when they do not belong together (S-074).
fn redeem(
    tx: &Tx<'_>,
    trade: &Trade,
    token_hash: &[u8; 32],
) -> crate::error::Result<Option<Scopes>> {
    let Some(code) = db::oauth::find_code(tx, &trade.code_hash)? else { return Ok(None) };
    if code.application_id != trade.application_id || code.redirect_uri != trade.redirect_uri {
        return Ok(None);
    }
    if code.used {
        tracing::warn!(account = code.account_id, "an authorization code was used twice");
        db::oauth::revoke_tokens_of_code(tx, &trade.code_hash, code.account_id)?;
        return Ok(None);
    }
    if !verifies(code.challenge.as_deref(), trade.verifier.as_deref()) {
        return Ok(None);
    }
    // it may have been suspended since
    if access::find_allowed(tx, code.account_id)?.is_none() {
        return Ok(None);
    }
    db::oauth::use_code(tx, &trade.code_hash)?;
    db::oauth::insert_token(
        tx,
        token_hash,
        code.application_id,
        Some(code.account_id),
        &code.scopes,
        Some(&trade.code_hash),
    )?;
    Ok(Some(code.scopes))
}

/// S-072: a challenge needs its verifier, and a verifier a challenge; otherwise somebody who
/// took the challenge out of the first request would go unnoticed.
fn verifies(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            (43..=128).contains(&verifier.len())
                && crypto::constant_time_eq(
                    crypto::pkce_s256(verifier).as_bytes(),
                    challenge.as_bytes(),
                )
        }
        _ => false,
    }
}

fn issued(app: &App, access_token: String, scope: String) -> Issued {
    Issued { access_token, token_type: "Bearer", scope, created_at: app.clock.now_ms() / 1000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_072_challenge_and_verifier_come_together() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = crypto::pkce_s256(verifier);
        assert!(verifies(None, None));
        assert!(verifies(Some(&challenge), Some(verifier)));
        assert!(!verifies(Some(&challenge), None));
        assert!(!verifies(None, Some(verifier)));
        assert!(!verifies(Some(&challenge), Some(&verifier.replace('d', "e"))));
        assert!(!verifies(Some(verifier), Some(verifier)), "plain is refused");
        assert!(!verifies(Some(&crypto::pkce_s256("short")), Some("short")));
    }
}
