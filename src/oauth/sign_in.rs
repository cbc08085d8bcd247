//! `/auth/sign_in` and `/auth/sign_out`: who sits at this browser, for the authorize page.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::session::{self, Cookie, Proof};
use super::sign_up;
use crate::app::{App, Attempt};
use crate::crypto;
use crate::db::applicant::Applicant;
use crate::db::user::User;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http::{Params, peer};
use crate::service::{self, access::Shut};
use crate::site::Site;
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    shell: Shell,
    heading: String,
    problem: Option<String>,
    csrf: String,
    action: String,
    return_to: &'a str,
    username: &'a str,
    /// New people can come in, and there is mail for lost passwords.
    sign_up: bool,
    mails: bool,
}

/// Where the second factor is asked for.
pub(super) const FACTOR: &str = "/auth/two_factor";

/// Sends the browser to sign in and then to `path`.
pub(super) fn first(request: &HttpRequest, path: &str) -> Result<HttpResponse> {
    page::see_other(&with_return("/auth/sign_in", path, request))
}

/// A page of ours that leads to `path` in the end, in the language that was asked for.
pub(super) fn with_return(page: &str, path: &str, request: &HttpRequest) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", path);
    Locale::of(request).link(&format!("{page}?{}", query.finish()))
}

/// A form's own address, with the language that was asked for.
pub(super) fn action(page: &str, request: &HttpRequest) -> String {
    Locale::of(request).link(page)
}

/// S-065: only a path of ours; anything else is `otherwise`.
fn safe_path<'a>(path: Option<&'a str>, otherwise: &'a str) -> &'a str {
    let fits = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.len() <= 8192
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    path.filter(fits).unwrap_or(otherwise)
}

/// Where signing in leads; who did not come from anywhere is shown their account.
pub(super) fn return_to(params: &Params) -> Result<&str> {
    Ok(safe_path(params.text("return_to")?, "/settings"))
}

/// `GET /auth/sign_in`
pub(super) async fn form(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    if params.text("return_to")?.is_none() && session::current(app, request).await?.is_some() {
        return page::see_other(&action("/settings", request));
    }
    ask(app, request, StatusCode::OK, None, return_to(params)?, "")
}

/// The form once more, because what was begun is over.
pub(super) fn again(
    app: &App,
    request: &HttpRequest,
    problem: String,
    return_to: &str,
) -> Result<HttpResponse> {
    ask(app, request, StatusCode::FORBIDDEN, Some(problem), return_to, "")
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
    session::with_form(app, request, status, |csrf| SignInPage {
        shell: Shell::form(app, t, t.sign_in.as_str()).at(request),
        heading: fill(&t.sign_in_title, &app.config.instance.title),
        problem,
        csrf,
        action: action("/auth/sign_in", request),
        return_to,
        username,
        sign_up: sign_up::is_offered(app),
        mails: app.site.mails,
    })
}

/// `POST /auth/sign_in`
pub(super) async fn sign_in(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let return_to = return_to(params)?;
    let name = params.text("username")?.unwrap_or_default().trim();
    let name = if name.len() > 320 { "" } else { name };
    let password = params.text("password")?.unwrap_or_default();
    if !session::is_own(app, request, params) {
        let problem = Some(t.sign_in_expired.clone());
        return ask(app, request, StatusCode::FORBIDDEN, problem, return_to, name);
    }
    let address = peer::limited(request, &app.config.server.trusted_proxies);
    let login = login(&app.site, name);
    let key = format!("account:{}", login.name);
    let checked = check(app, login, password);
    let begun = match app.attempt(&key, address, checked).await? {
        Attempt::Wait(pause) => {
            let problem = Some(fill(&t.sign_in_wait, pause));
            let mut response =
                ask(app, request, StatusCode::TOO_MANY_REQUESTS, problem, return_to, name)?;
            response.headers_mut().insert(header::RETRY_AFTER, pause.into());
            return Ok(response);
        }
        Attempt::Wrong => None,
        Attempt::Right(Found::Person(user)) => {
            let proof = Proof::Password(user.password_hash);
            session::begin(app, request, user.account_id, proof, return_to).await?
        }
        Attempt::Right(Found::Shut(user, why)) => {
            let problem = Some(shut_out(app, t, &user, why).await?);
            return ask(app, request, StatusCode::FORBIDDEN, problem, return_to, name);
        }
        Attempt::Right(Found::Waits(one)) => {
            let problem = match one.confirmed {
                true => t.sign_up_still_waits.clone(),
                false => t.sign_up_still_unconfirmed.clone(),
            };
            let problem = Some(problem);
            return ask(app, request, StatusCode::FORBIDDEN, problem, return_to, name);
        }
    };
    match begun {
        Some(response) => Ok(response),
        None => {
            let problem = Some(t.sign_in_failed.clone());
            ask(app, request, StatusCode::UNPROCESSABLE_ENTITY, problem, return_to, name)
        }
    }
}

/// What somebody reads whose password is right and whom an admin keeps out: why, and whom to ask.
async fn shut_out(app: &App, t: &Locale, user: &User, why: Shut) -> Result<String> {
    let told = match why {
        Shut::Suspended => &t.sign_in_suspended,
        Shut::Disabled => &t.sign_in_disabled,
    };
    let instance = &app.config.instance;
    let account = match instance.contact_account.clone() {
        Some(name) => app.read(move |conn| db::account::find_local(conn, &name)).await?,
        None => None,
    };
    let account = account
        .filter(|one| one.id != user.account_id && one.suspended_at.is_none())
        .map(|one| format!("@{}@{}", one.username, app.site.account_domain));
    let whom: Vec<String> = instance.contact_email.clone().into_iter().chain(account).collect();
    Ok(fill(
        told,
        match whom.is_empty() {
            true => t.sign_in_ask_them.clone(),
            false => fill(&t.sign_in_ask, whom.join(", ")),
        },
    ))
}

/// Who shows a name and a password.
enum Found {
    Person(User),
    /// Somebody whom an admin keeps out.
    Shut(User, Shut),
    /// Somebody who has no account yet.
    Waits(Applicant),
}

/// Who name and password belong to. Takes as long when there is nobody (S-067).
async fn check(app: &App, login: Login, password: &str) -> Result<Option<Found>> {
    let found = app.read(move |conn| find(conn, &login)).await?;
    let found = found.filter(|_| password.len() <= service::account::LONGEST_PASSWORD);
    let password: String = password.chars().take(service::account::LONGEST_PASSWORD).collect();
    app.compute(move || {
        let hash = found.as_ref().map(|found| match found {
            Found::Person(user) | Found::Shut(user, _) => user.password_hash.as_str(),
            Found::Waits(one) => one.password_hash.as_str(),
        });
        let right = crypto::verify_password(&password, hash);
        found.filter(|_| right)
    })
    .await
}

/// What somebody signs in as.
#[derive(Debug, PartialEq, Eq)]
struct Login {
    /// One spelling of what people type: `Me`, `@me` and `@me@our.example` are `me`. By this it is
    /// counted, so another spelling gives no further attempts.
    name: String,
    /// What looked like a handle of this server may be an e-mail address.
    email: Option<String>,
}

fn login(site: &Site, typed: &str) -> Login {
    let typed = typed.trim().trim_start_matches('@').to_lowercase();
    match typed.split_once('@') {
        Some((name, domain)) if site.is_own_domain(domain) => {
            Login { name: name.to_owned(), email: Some(typed) }
        }
        _ => Login { name: typed, email: None },
    }
}

/// The person by name or e-mail address, whether they may sign in or not, or who waits to be one.
fn find(conn: &Conn, login: &Login) -> Result<Option<Found>> {
    let mut user = db::user::find_by_login(conn, &login.name)?;
    if let (None, Some(email)) = (&user, &login.email) {
        user = db::user::find_by_login(conn, email)?;
    }
    let Some(user) = user else {
        let mut waits = db::applicant::find_by_login(conn, &login.name)?;
        if let (None, Some(email)) = (&waits, &login.email) {
            waits = db::applicant::find_by_login(conn, email)?;
        }
        return Ok(waits.map(Found::Waits));
    };
    Ok(Some(match service::access::find_shut(conn, &user)? {
        Some(why) => Found::Shut(user, why),
        None => Found::Person(user),
    }))
}

/// `POST /auth/sign_out`
pub(super) async fn sign_out(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let return_to = safe_path(params.text("return_to")?, "/");
    if let Some(secret) = Cookie::Session.read(app, request) {
        session::check_form(app, request, params, Some(&secret))?;
        let hash = crypto::token_hash(&secret);
        app.write(move |tx| db::session::delete(tx, &hash)).await?;
    }
    let mut response = page::see_other(&action(return_to, request))?;
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
            assert_eq!(safe_path(Some(ok), "/"), ok);
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
            assert_eq!(safe_path(Some(bad), "/"), "/", "{bad:?}");
        }
        assert_eq!(safe_path(None, "/"), "/");
        assert_eq!(safe_path(Some(&format!("/{}", "x".repeat(9000))), "/"), "/");
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
            cache_secret: [0; 16],
            public_bucket: None,
            mails: false,
        };
        for typed in ["me", " ME ", "@me", "@@@Me", "me@example.org", "@me@Social.Example.Org"] {
            assert_eq!(login(&site, typed).name, "me", "{typed}");
        }
        assert_eq!(login(&site, "Me@mail.example").name, "me@mail.example");
    }
}
