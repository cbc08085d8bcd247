//! Turning one's second factor on and off, as GoToSocial serves it (S-083).

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, user};
use crate::app::{App, Attempt};
use crate::crypto::totp;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params, peer};
use crate::service::second_factor;
use crate::text::qr::Picture;

/// The `otpauth:` address of the secret that is offered to this token.
async fn offer(app: &Data<App>, auth: &Auth) -> Result<String> {
    let me = auth.account_id()?;
    let token = auth.token.as_ref().map_or(0, |token| token.id);
    super::write(app, move |app, tx| {
        let secret = second_factor::offer(tx, me, token)?;
        let account = db::account::get(tx, me)?;
        Ok(totp::address(&app.site.account_domain, &account.username, &secret))
    })
    .await
}

/// A secret is for nobody's cache.
fn secret(content_type: &'static str, body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

/// GET /api/v1/user/2fa/qruri: text, an `otpauth:` address for an app; the same until it is
/// confirmed. 409 when the second factor is on.
pub(super) async fn address(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    Ok(secret("text/plain; charset=utf-8", offer(&app, &auth).await?))
}

/// GET /api/v1/user/2fa/qr.svg: the same as a picture.
pub(super) async fn picture(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let address = offer(&app, &auth).await?;
    let picture = Picture::of(&address).ok_or_else(|| Error::internal("no QR code"))?;
    let mut response = secret("image/svg+xml", picture.svg());
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        header::HeaderValue::from_static("default-src 'none'"),
    );
    Ok(response)
}

/// POST /api/v1/user/2fa/enable with a `code` of the app and the `password`: an array of recovery
/// codes, which are told once. 403 when one of them is wrong, 409 when it is on. GoToSocial does
/// not ask for the password; but then an app that may change a profile could lock its owner out.
pub(super) async fn enable(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let token = auth.token.as_ref().map_or(0, |token| token.id);
    let code = params.required("code")?.to_owned();
    user::confirm(&app, &request, me, "password", params.required("password")?).await?;
    let address = peer::limited(&request, &app.config.server.trusted_proxies);
    let check = app.write(move |tx| second_factor::enable(tx, me, token, &code));
    match app.attempt(&format!("factor:{me}"), address, check).await? {
        Attempt::Right(codes) => Ok(http::json(&codes)),
        Attempt::Wrong => Err(Error::Forbidden("code is wrong".into())),
        Attempt::Wait(retry_after) => Err(Error::TooMany { retry_after }),
    }
}

/// POST /api/v1/user/2fa/disable with the `password`: `{}`. 409 when it is off.
pub(super) async fn disable(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    user::confirm(&app, &request, me, "password", params.required("password")?).await?;
    super::write(&app, move |_, tx| second_factor::disable(tx, me)).await?;
    Ok(super::empty())
}
