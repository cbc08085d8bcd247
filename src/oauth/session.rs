//! Cookies of the sign-in pages and the tokens in their forms.
//!
//! A form carries an HMAC keyed by the browser's own cookie, which no other site can read or,
//! thanks to `__Host-`, set. Together with what the browser says about where a form came from
//! this keeps foreign forms out (S-069), the sign-in form included.

use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HeaderName, HeaderValue, ORIGIN, SET_COOKIE, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::sign_in;
use crate::app::App;
use crate::clock::{DAY, MINUTE};
use crate::crypto;
use crate::db::session::NewSession;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::Params;
use crate::model::Account;
use crate::service;
use crate::text::reason::Reason;
use crate::web::page;

/// How long a browser stays signed in.
const LIFETIME: i64 = 30 * DAY;
/// How long the second factor may take.
const PENDING: i64 = 10 * MINUTE;

/// Which of our cookies.
#[derive(Clone, Copy)]
pub(super) enum Cookie {
    /// Who is signed in.
    Session,
    /// Ties the sign-in form to the browser that asked for it.
    Form,
    /// The password was right, the second factor is still to come.
    Pending,
}

impl Cookie {
    /// `__Host-` makes browsers refuse it from a sub-domain or without TLS (S-059); plain http
    /// in `--dev` cannot have it.
    fn name(self, dev: bool) -> &'static str {
        match (self, dev) {
            (Self::Session, false) => "__Host-dassie_session",
            (Self::Session, true) => "dassie_session",
            (Self::Form, false) => "__Host-dassie_form",
            (Self::Form, true) => "dassie_form",
            (Self::Pending, false) => "__Host-dassie_pending",
            (Self::Pending, true) => "dassie_pending",
        }
    }

    /// Its value in the request.
    pub(super) fn read(self, app: &App, request: &HttpRequest) -> Option<String> {
        let name = self.name(app.config.dev);
        request
            .headers()
            .get_all(COOKIE)
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
            .filter(|value| !value.is_empty() && value.len() <= 128)
    }

    /// Sets it on an answer, for `seconds`; 0 takes it away.
    pub(super) fn set(self, app: &App, response: &mut HttpResponse, value: &str, seconds: i64) {
        let name = self.name(app.config.dev);
        let secure = if app.config.dev { "" } else { "; Secure" };
        let text =
            format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
}

/// A browser that is signed in.
pub(super) struct Session {
    /// The cookie's value.
    pub secret: String,
    pub account: Account,
}

impl Session {
    /// What the database knows it by.
    pub(super) fn hash(&self) -> [u8; 32] {
        crypto::token_hash(&self.secret)
    }
}

/// The longest name of a browser that is kept.
const LONGEST_AGENT: usize = 200;

/// What a browser calls itself, for the list of sessions.
pub(super) fn agent(request: &HttpRequest) -> String {
    let given = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    given.unwrap_or_default().chars().take(LONGEST_AGENT).collect()
}

/// What lets a browser in. It is looked at once more in the transaction that does: a password may
/// be another one, and an account disabled, by the time that the hash is reckoned.
pub(super) enum Proof {
    /// The stored hash that the password fitted.
    Password(String),
    /// The hash of the cookie whose second factor was right.
    Factor([u8; 32]),
}

/// How far a browser got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    SignedIn,
    /// The second factor is still to come.
    Factor,
}

/// Signs a browser in and sends it on, or on to its second factor; `None` when the proof is none
/// any more. The browser gets a fresh secret every time; the session that it had, and the one that
/// waited for the second factor, end.
pub(super) async fn begin(
    app: &App,
    request: &HttpRequest,
    account_id: i64,
    proof: Proof,
    return_to: &str,
) -> Result<Option<HttpResponse>> {
    let secret = crypto::token();
    let hash = crypto::token_hash(&secret);
    let old: Vec<[u8; 32]> = [Cookie::Session, Cookie::Pending]
        .into_iter()
        .filter_map(|cookie| cookie.read(app, request))
        .map(|old| crypto::token_hash(&old))
        .collect();
    let agent = agent(request);
    let step = app.write(move |tx| {
        let Some(step) = next_step(tx, account_id, &proof)? else { return Ok(None) };
        let pending = step == Step::Factor;
        if !pending {
            for hash in &old {
                db::session::delete(tx, hash)?;
            }
        }
        let expires_at = tx.now() + if pending { PENDING } else { LIFETIME };
        let agent = if pending { "" } else { &agent };
        let new = NewSession { hash: &hash, account_id, expires_at, pending, agent };
        db::session::insert(tx, &new)?;
        Ok(Some(step))
    });
    match step.await? {
        None => Ok(None),
        Some(Step::Factor) => {
            let path = sign_in::with_return(sign_in::FACTOR, return_to, request);
            let mut response = page::see_other(&path)?;
            Cookie::Pending.set(app, &mut response, &secret, PENDING / 1000);
            Ok(Some(response))
        }
        Some(Step::SignedIn) => {
            let mut response = page::see_other(&sign_in::action(return_to, request))?;
            Cookie::Session.set(app, &mut response, &secret, LIFETIME / 1000);
            if Cookie::Pending.read(app, request).is_some() {
                Cookie::Pending.set(app, &mut response, "", 0);
            }
            Ok(Some(response))
        }
    }
}

fn next_step(conn: &Conn, account_id: i64, proof: &Proof) -> Result<Option<Step>> {
    if service::access::find_allowed(conn, account_id)?.is_none() {
        return Ok(None);
    }
    Ok(match proof {
        Proof::Factor(hash) => {
            (db::session::find(conn, hash, true)? == Some(account_id)).then_some(Step::SignedIn)
        }
        Proof::Password(hash) => {
            let user = db::user::find(conn, account_id)?;
            match user.is_some_and(|user| user.password_hash == *hash) {
                false => None,
                true if service::second_factor::is_enabled(conn, account_id)? => Some(Step::Factor),
                true => Some(Step::SignedIn),
            }
        }
    })
}

/// Who is signed in in this browser.
pub(super) async fn current(app: &App, request: &HttpRequest) -> Result<Option<Session>> {
    read(app, request, Cookie::Session).await
}

/// Whose password was right in this browser, and whose second factor is still to come.
pub(super) async fn pending(app: &App, request: &HttpRequest) -> Result<Option<Session>> {
    read(app, request, Cookie::Pending).await
}

async fn read(app: &App, request: &HttpRequest, cookie: Cookie) -> Result<Option<Session>> {
    let Some(secret) = cookie.read(app, request) else { return Ok(None) };
    let hash = crypto::token_hash(&secret);
    let pending = matches!(cookie, Cookie::Pending);
    let account = app.read(move |conn| find(conn, &hash, pending)).await?;
    Ok(account.map(|account| Session { secret, account }))
}

fn find(conn: &Conn, hash: &[u8; 32], pending: bool) -> Result<Option<Account>> {
    match db::session::find(conn, hash, pending)? {
        Some(id) => service::access::find_allowed(conn, id),
        None => Ok(None),
    }
}

/// Whether this browser is still signed in, in the transaction that acts for it.
pub(super) fn stands(conn: &Conn, hash: &[u8; 32], account_id: i64) -> Result<bool> {
    Ok(find(conn, hash, false)?.is_some_and(|account| account.id == account_id))
}

/// The token of a form, for the browser with this cookie.
pub(super) fn form_token(cookie: &str) -> String {
    URL_SAFE_NO_PAD.encode(crypto::hmac_sha256(cookie.as_bytes(), b"dassie form"))
}

/// Refuses a form that did not come from our own page in this browser.
///
/// # Errors
/// 403.
pub(super) fn check_form(
    app: &App,
    request: &HttpRequest,
    params: &Params,
    cookie: Option<&str>,
) -> Result<()> {
    let given = params.text("csrf")?.unwrap_or_default();
    let fits = cookie.is_some_and(|cookie| {
        crypto::constant_time_eq(form_token(cookie).as_bytes(), given.as_bytes())
    });
    if fits && is_from_here(request, &app.site.base) {
        return Ok(());
    }
    Err(Error::Forbidden(Reason::form_old.plain().into()))
}

/// A page with a form that is tied to the browser by a cookie.
pub(super) fn with_form<T: Template>(
    app: &App,
    request: &HttpRequest,
    status: StatusCode,
    page: impl FnOnce(String) -> T,
) -> Result<HttpResponse> {
    let cookie = Cookie::Form.read(app, request).unwrap_or_else(crypto::token);
    let body = page::render(&page(form_token(&cookie)))?;
    let mut response = page::private(status, body, None);
    Cookie::Form.set(app, &mut response, &cookie, DAY / 1000);
    Ok(response)
}

/// Whether a form came from our page in this browser.
pub(super) fn is_own(app: &App, request: &HttpRequest, params: &Params) -> bool {
    let cookie = Cookie::Form.read(app, request);
    check_form(app, request, params, cookie.as_deref()).is_ok()
}

/// What the browser says about the page that sent the form. Old browsers say nothing; then the
/// form's token decides alone.
fn is_from_here(request: &HttpRequest, base: &str) -> bool {
    let header = |name: HeaderName| request.headers().get(name).map(|v| v.to_str().unwrap_or("?"));
    match header(HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin" | "none") => return true,
        Some(_) => return false,
        None => {}
    }
    match header(ORIGIN) {
        // our pages have `Referrer-Policy: no-referrer`, which turns their origin into null
        None | Some("null") => true,
        Some(origin) => origin == base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn s_069_a_form_token_belongs_to_one_browser() {
        assert_eq!(form_token("a"), form_token("a"));
        assert_ne!(form_token("a"), form_token("b"));
        assert_eq!(form_token("a").len(), 43);
    }

    #[test]
    fn s_069_forms_of_other_pages_are_told_by_their_headers() {
        for (site, origin, ours) in [
            (Some("same-origin"), Some("null"), true),
            (Some("same-origin"), Some("https://me.example"), true),
            (Some("none"), None, true),
            (Some("same-site"), Some("https://me.example"), false),
            (Some("cross-site"), None, false),
            (Some("cross-site"), Some("null"), false),
            (None, None, true),
            (None, Some("null"), true),
            (None, Some("https://me.example"), true),
            (None, Some("http://me.example"), false),
            (None, Some("https://me.example.evil.example"), false),
            (None, Some("https://evil.example"), false),
        ] {
            let mut request = TestRequest::post();
            if let Some(site) = site {
                request = request.insert_header(("sec-fetch-site", site));
            }
            if let Some(origin) = origin {
                request = request.insert_header(("origin", origin));
            }
            let got = is_from_here(&request.to_http_request(), "https://me.example");
            assert_eq!(got, ours, "{site:?} {origin:?}");
        }
    }
}
