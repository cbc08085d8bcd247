//! What one signs in with, as GoToSocial serves it. Whoever changes it shows the password; wrong
//! ones are counted as at sign-in (S-068).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::Auth;
use crate::app::{App, Attempt};
use crate::clock::api_time;
use crate::crypto;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::{self, Params, peer};
use crate::service::access::{self, Keep};
use crate::service::account::check_password;

/// GoToSocial's User. Nobody who waits for approval gets to see it.
#[derive(Serialize)]
struct User {
    id: String,
    created_at: String,
    email: String,
    /// One that is still to be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    unconfirmed_email: Option<String>,
    confirmed_at: String,
    moderator: bool,
    admin: bool,
    disabled: bool,
    approved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    two_factor_enabled_at: Option<String>,
}

fn user(conn: &Conn, me: i64) -> Result<User> {
    let account = db::account::get(conn, me)?;
    let user = db::user::find(conn, me)?.ok_or(Error::NotFound)?;
    let factor = db::second_factor::find(conn, me)?.and_then(|factor| factor.enabled_at);
    Ok(User {
        id: me.to_string(),
        created_at: api_time(account.created_at),
        email: user.email,
        unconfirmed_email: user.new_email,
        confirmed_at: api_time(account.created_at),
        moderator: false,
        admin: user.admin,
        disabled: false,
        approved: true,
        two_factor_enabled_at: factor.map(api_time),
    })
}

/// GET /api/v1/user.
pub(super) async fn show(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show_few(&app, move |_, conn| user(conn, me)).await
}

/// POST /api/v1/user/password_change with `old_password` and `new_password`: `{}`. Everything
/// but the token that asks is signed out (S-078).
pub(super) async fn change_password(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let (old, new) = (params.required("old_password")?, params.required("new_password")?);
    check_password(new)?;
    confirm(&app, &request, me, "old_password", old).await?;
    let new = new.to_owned();
    let hash = app.compute(move || crypto::hash_password(&new)).await??;
    let token = auth.token.as_ref().map(|token| token.id);
    super::write(&app, move |_, tx| {
        access::change_password(tx, me, &hash, Keep { token, session: None })
    })
    .await?;
    Ok(super::empty())
}

/// POST /api/v1/user/email_change with `password` and `new_email`: User, with the address that
/// counts from now on; where there is mail 202, and it counts when it is confirmed. 409 when somebody
/// has it.
pub(super) async fn change_email(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let (password, email) = (params.required("password")?, params.required("new_email")?);
    confirm(&app, &request, me, "password", password).await?;
    let email = email.to_owned();
    app.count_letter(&format!("account {me}"))?;
    let changed = super::write(&app, move |app, tx| {
        access::change_email(tx, &app.site, me, &email)?;
        user(tx, me)
    });
    let changed = changed.await?;
    Ok(match changed.unconfirmed_email {
        Some(_) => HttpResponse::Accepted().json(&changed),
        None => http::json(&changed),
    })
}

/// Checks the password in `field`.
///
/// # Errors
/// 403 for a wrong one (401 would make clients sign out), 429 after many.
pub(super) async fn confirm(
    app: &Data<App>,
    request: &HttpRequest,
    me: i64,
    field: &str,
    password: &str,
) -> Result<()> {
    let address = peer::limited(request, &app.config.server.trusted_proxies);
    match app.attempt_password(me, address, password).await? {
        Attempt::Right(()) => Ok(()),
        Attempt::Wrong => Err(Error::Forbidden(format!("{field} is wrong").into())),
        Attempt::Wait(retry_after) => Err(Error::TooMany { retry_after }),
    }
}
