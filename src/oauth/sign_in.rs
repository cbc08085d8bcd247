//! `/auth/sign_in` and `/auth/sign_out`: who sits at this browser, for the authorize page.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use tokio::sync::Semaphore;

use super::authorize;
use super::session::{self, Cookie};
use crate::app::App;
use crate::clock::{DAY, MINUTE};
use crate::crypto;
use crate::db::user::User;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::{Params, peer};
use crate::service;
use crate::site::Site;
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

/// Failures in a day before the first pause, for one name and for one address (S-068).
const FREE_FOR_ACCOUNT: u32 = 10;
const FREE_FOR_ADDRESS: u32 = 20;
/// The first pause; each further failure doubles it, up to [`DOUBLINGS`] times.
const PAUSE: i64 = MINUTE;
const DOUBLINGS: u32 = 4;
/// How many may wait for the one password that is checked at a time (S-067).
const QUEUE: usize = 16;

/// One sign-in at a time: it takes a blocking thread and 19 MiB, and attempts that run at once
/// would not see one another's failures.
static TURN: Semaphore = Semaphore::const_new(1);
static WAITING: AtomicUsize = AtomicUsize::new(0);

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    shell: Shell,
    heading: String,
    problem: Option<String>,
    csrf: String,
    return_to: &'a str,
    username: &'a str,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage {
    shell: Shell,
    line: String,
    csrf: String,
}

/// Sends the browser to sign in and then to `path`.
pub(super) fn first(path: &str) -> Result<HttpResponse> {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("return_to", path).finish();
    page::see_other(&format!("/auth/sign_in?{query}"))
}

/// S-065: only a path of ours; anything else is the front page.
fn safe_path(path: Option<&str>) -> &str {
    let fits = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.len() <= 8192
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    path.filter(fits).unwrap_or("/")
}

/// `GET /auth/sign_in`
pub(super) async fn form(
    app: web::Data<App>,
    request: HttpRequest,
    params: Params,
) -> HttpResponse {
    let result = show(&app, &request, &params).await;
    page::answer(&request, result)
}

async fn show(app: &App, request: &HttpRequest, params: &Params) -> Result<HttpResponse> {
    let return_to = params.text("return_to")?;
    if return_to.is_none()
        && let Some(session) = session::current(app, request).await?
    {
        let t = Locale::of(request);
        let body = page::render(&SignedInPage {
            shell: Shell::form(app, t, app.config.instance.title.as_str()),
            line: fill(&t.signed_in_as, authorize::handle(app, &session)),
            csrf: session::form_token(&session.secret),
        })?;
        return Ok(page::private(StatusCode::OK, body, None));
    }
    ask(app, request, StatusCode::OK, None, safe_path(return_to), "")
}

/// The form, tied to the browser by a cookie.
fn ask(
    app: &App,
    request: &HttpRequest,
    status: StatusCode,
    problem: Option<String>,
    return_to: &str,
    username: &str,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let cookie = Cookie::Form.read(app, request).unwrap_or_else(crypto::token);
    let body = page::render(&SignInPage {
        shell: Shell::form(app, t, t.sign_in.as_str()),
        heading: fill(&t.sign_in_title, &app.config.instance.title),
        problem,
        csrf: session::form_token(&cookie),
        return_to,
        username,
    })?;
    let mut response = page::private(status, body, None);
    Cookie::Form.set(app, &mut response, &cookie, DAY / 1000);
    Ok(response)
}

/// `POST /auth/sign_in`
pub(super) async fn sign_in(
    app: web::Data<App>,
    request: HttpRequest,
    params: Params,
) -> HttpResponse {
    let result = attempt(&app, &request, &params).await;
    page::answer(&request, result)
}

async fn attempt(app: &App, request: &HttpRequest, params: &Params) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let return_to = safe_path(params.text("return_to")?);
    let name = params.text("username")?.unwrap_or_default().trim();
    let name = if name.len() > 320 { "" } else { name };
    let password = params.text("password")?.unwrap_or_default();
    let cookie = Cookie::Form.read(app, request);
    if session::check_form(app, request, params, cookie.as_deref()).is_err() {
        let problem = Some(t.sign_in_expired.clone());
        return ask(app, request, StatusCode::FORBIDDEN, problem, return_to, name);
    }
    let address = peer::address(request, &app.config.server.trusted_proxies);
    let login = login(&app.site, name);
    let account_key = format!("account:{login}");
    let address_key = format!("address:{}", peer::limit_key(address));

    let _place = Place::take()?;
    let _turn = TURN.acquire().await.map_err(Error::internal)?;
    let pause = pause_of(app, &account_key).max(pause_of(app, &address_key));
    if pause > 0 {
        let problem = Some(fill(&t.sign_in_wait, pause));
        let mut response =
            ask(app, request, StatusCode::TOO_MANY_REQUESTS, problem, return_to, name)?;
        response.headers_mut().insert(header::RETRY_AFTER, pause.into());
        return Ok(response);
    }
    let Some(account_id) = check(app, login, password).await? else {
        failed(app, &account_key, FREE_FOR_ACCOUNT);
        failed(app, &address_key, FREE_FOR_ADDRESS);
        tracing::info!(%address, "sign-in failed");
        let problem = Some(t.sign_in_failed.clone());
        return ask(app, request, StatusCode::UNPROCESSABLE_ENTITY, problem, return_to, name);
    };
    app.sign_ins.forget(&account_key);

    // a fresh secret every time; the one that the browser had ends
    let secret = crypto::token();
    let hash = crypto::token_hash(&secret);
    let old = Cookie::Session.read(app, request).map(|old| crypto::token_hash(&old));
    app.write(move |tx| {
        if let Some(old) = old {
            db::oauth::delete_session(tx, &old)?;
        }
        db::oauth::insert_session(tx, &hash, account_id, tx.now() + session::LIFETIME)
    })
    .await?;
    let mut response = page::see_other(return_to)?;
    Cookie::Session.set(app, &mut response, &secret, session::LIFETIME / 1000);
    Ok(response)
}

/// The account that name and password belong to. Takes as long when there is none (S-067).
async fn check(app: &App, login: String, password: &str) -> Result<Option<i64>> {
    let user = app.read(move |conn| find(conn, &login)).await?;
    let user = user.filter(|_| password.len() <= service::account::LONGEST_PASSWORD);
    let password: String = password.chars().take(service::account::LONGEST_PASSWORD).collect();
    app.compute(move || service::account::sign_in(user.as_ref(), &password)).await
}

/// One spelling of what people type: `Me`, `@me` and `@me@our.example` are `me`. What is counted
/// and what is looked up are the same, so another spelling gives no further attempts.
fn login(site: &Site, typed: &str) -> String {
    let typed = typed.trim().trim_start_matches('@').to_lowercase();
    match typed.split_once('@') {
        Some((name, domain)) if site.is_own_domain(domain) => name.to_owned(),
        _ => typed,
    }
}

/// The person by name or e-mail address; nobody who is suspended.
fn find(conn: &Conn, login: &str) -> Result<Option<User>> {
    let user = db::user::find_by_login(conn, login)?;
    let Some(user) = user.filter(|user| !user.disabled) else { return Ok(None) };
    let account = db::account::find(conn, user.account_id)?;
    Ok(account.filter(|account| account.suspended_at.is_none()).map(|_| user))
}

/// Seconds until this key may try again.
fn pause_of(app: &App, key: &str) -> u32 {
    app.sign_ins.look(&format!("pause:{key}")).1
}

/// Counts a failure; beyond the free ones each makes a pause, twice as long as the one before.
fn failed(app: &App, key: &str, free: u32) {
    let failures = app.sign_ins.count(&key.to_owned(), DAY);
    if failures >= free {
        let pause = PAUSE << (failures - free).min(DOUBLINGS);
        let key = format!("pause:{key}");
        app.sign_ins.forget(&key);
        app.sign_ins.count(&key, pause);
    }
}

/// A place in the queue for [`TURN`], given back when dropped.
struct Place;

impl Place {
    fn take() -> Result<Self> {
        let place = Self;
        if WAITING.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            return Err(Error::TooMany { retry_after: 5 });
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `POST /auth/sign_out`
pub(super) async fn sign_out(
    app: web::Data<App>,
    request: HttpRequest,
    params: Params,
) -> HttpResponse {
    let result = end(&app, &request, &params).await;
    page::answer(&request, result)
}

async fn end(app: &App, request: &HttpRequest, params: &Params) -> Result<HttpResponse> {
    let return_to = safe_path(params.text("return_to")?);
    if let Some(secret) = Cookie::Session.read(app, request) {
        session::check_form(app, request, params, Some(&secret))?;
        let hash = crypto::token_hash(&secret);
        app.write(move |tx| db::oauth::delete_session(tx, &hash)).await?;
    }
    let mut response = page::see_other(return_to)?;
    Cookie::Session.set(app, &mut response, "", 0);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_065_only_our_own_paths_are_returned_to() {
        for ok in ["/", "/oauth/authorize?client_id=x&redirect_uri=https%3A%2F%2Fa.example", "/@me"]
        {
            assert_eq!(safe_path(Some(ok)), ok);
        }
        for bad in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example",
            "/a\r\nset-cookie: x=y",
            "/\t/evil.example",
            "javascript:alert(1)",
            "@evil.example",
            "",
        ] {
            assert_eq!(safe_path(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(safe_path(None), "/");
        assert_eq!(safe_path(Some(&format!("/{}", "x".repeat(9000)))), "/");
    }

    #[test]
    fn s_068_another_spelling_gives_no_further_attempts() {
        let site = Site {
            base: "https://social.example.org".into(),
            host: "social.example.org".into(),
            account_domain: "example.org".into(),
            max_characters: 500,
            limits: crate::config::Limits::default(),
            default_language: "en".into(),
        };
        for typed in ["me", " ME ", "@me", "@@@Me", "me@example.org", "@me@Social.Example.Org"] {
            assert_eq!(login(&site, typed), "me", "{typed}");
        }
        assert_eq!(login(&site, "Me@mail.example"), "me@mail.example");
    }
}
