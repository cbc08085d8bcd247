//! `/auth/confirm` and `/auth/password`: where the links in letters lead, and how to get one for a
//! lost password. What a link does takes a press of a button: programs that look at letters open
//! links as well.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::session;
use super::sign_in;
use super::sign_up::said;
use crate::app::App;
use crate::crypto;
use crate::error::{Error, Result};
use crate::http::{Params, peer};
use crate::service::account::{SHORTEST_PASSWORD, check_password};
use crate::service::letter::{self, Confirmed};
use crate::web::locale::{Locale, fill};
use crate::web::page::Shell;

pub(super) const CONFIRM: &str = "/auth/confirm";
pub(super) const LOST: &str = "/auth/password";
pub(super) const NEW: &str = "/auth/password/new";

/// The longest secret that is looked at; ours have 43 characters.
const LONGEST: usize = 128;

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    shell: Shell,
    token: String,
    csrf: String,
    action: String,
}

#[derive(Template)]
#[template(path = "lost_password.html")]
struct LostPage {
    shell: Shell,
    problem: Option<String>,
    csrf: String,
    action: String,
}

#[derive(Template)]
#[template(path = "new_password.html")]
struct NewPage {
    shell: Shell,
    problem: Option<String>,
    token: String,
    username: String,
    shortest: usize,
    csrf: String,
    action: String,
}

fn token(params: &Params) -> Result<String> {
    let token = params.text("token")?.unwrap_or_default();
    Ok(if token.len() > LONGEST { String::new() } else { token.to_owned() })
}

/// The link is too old, was used, or is none.
fn over(app: &App, request: &HttpRequest) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let words = (t.confirm_over.as_str(), t.confirm_over_lead.as_str());
    said(app, request, StatusCode::NOT_FOUND, words, "")
}

/// `GET /auth/confirm`
pub(super) async fn ask_confirm(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let (t, token) = (Locale::of(request), token(params)?);
    let hash = crypto::token_hash(&token);
    if !app.read(move |conn| letter::can_confirm(conn, &hash)).await? {
        return over(app, request);
    }
    session::with_form(app, request, StatusCode::OK, |csrf| ConfirmPage {
        shell: Shell::form(app, t, t.confirm_title.as_str()).at(request),
        token,
        csrf,
        action: sign_in::action(CONFIRM, request),
    })
}

/// `POST /auth/confirm`
pub(super) async fn confirm(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    if !session::is_own(app, request, params) {
        return ask_confirm(app, request, params).await;
    }
    let t = Locale::of(request);
    let (heading, lead) = match app.confirm_address(&token(params)?).await {
        Ok(Confirmed::Nothing) => return over(app, request),
        Ok(Confirmed::Came(_)) => (&t.confirm_done, &t.sign_up_joined),
        Ok(Confirmed::Waits) => (&t.confirm_done, &t.sign_up_waits),
        Ok(Confirmed::Address) => (&t.confirm_done, &t.confirm_address),
        Err(Error::Forbidden(_)) => {
            let words = (t.sign_up_closed.as_str(), t.sign_up_full.as_str());
            return said(app, request, StatusCode::FORBIDDEN, words, "");
        }
        Err(error) => return Err(error),
    };
    said(app, request, StatusCode::OK, (heading, lead), "")
}

/// `GET /auth/password`
pub(super) async fn lost(app: &App, request: &HttpRequest, _: &Params) -> Result<HttpResponse> {
    ask_lost(app, request, StatusCode::OK, None)
}

fn ask_lost(
    app: &App,
    request: &HttpRequest,
    status: StatusCode,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    if !app.site.mails {
        let words = (t.lost_title.as_str(), t.lost_none.as_str());
        return said(app, request, StatusCode::NOT_FOUND, words, "");
    }
    session::with_form(app, request, status, |csrf| LostPage {
        shell: Shell::form(app, t, t.lost_title.as_str()).at(request),
        problem,
        csrf,
        action: sign_in::action(LOST, request),
    })
}

/// `POST /auth/password`: the answer does not tell who has an account.
pub(super) async fn send_link(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    if !app.site.mails {
        return ask_lost(app, request, StatusCode::OK, None);
    }
    if !session::is_own(app, request, params) {
        let problem = Some(t.sign_in_expired.clone());
        return ask_lost(app, request, StatusCode::FORBIDDEN, problem);
    }
    let email: String =
        params.text("email")?.unwrap_or_default().trim().chars().take(320).collect();
    let address = peer::limited(request, &app.config.server.trusted_proxies);
    let limits = [format!("to {}", email.to_lowercase()), format!("by {address}")];
    for limit in limits {
        if let Err(Error::TooMany { retry_after }) = app.count_letter(&limit) {
            let problem = Some(fill(&t.sign_in_wait, retry_after));
            return ask_lost(app, request, StatusCode::TOO_MANY_REQUESTS, problem);
        }
    }
    let site = app.site.clone();
    app.write(move |tx| letter::ask_password(tx, &site, &email)).await?;
    let words = (t.lost_sent.as_str(), t.lost_sent_lead.as_str());
    said(app, request, StatusCode::OK, words, "")
}

/// `GET /auth/password/new`
pub(super) async fn ask_new(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    show_new(app, request, params, StatusCode::OK, None).await
}

async fn show_new(
    app: &App,
    request: &HttpRequest,
    params: &Params,
    status: StatusCode,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let (t, token) = (Locale::of(request), token(params)?);
    let hash = crypto::token_hash(&token);
    let found = app.read(move |conn| letter::find_password(conn, &hash)).await?;
    let Some(account) = found else { return over(app, request) };
    session::with_form(app, request, status, |csrf| NewPage {
        shell: Shell::form(app, t, t.lost_title.as_str()).at(request),
        problem,
        token,
        username: account.username,
        shortest: SHORTEST_PASSWORD,
        csrf,
        action: sign_in::action(NEW, request),
    })
}

/// `POST /auth/password/new`
pub(super) async fn set_new(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let refuse = |status, problem| show_new(app, request, params, status, Some(problem));
    if !session::is_own(app, request, params) {
        return refuse(StatusCode::FORBIDDEN, t.sign_in_expired.clone()).await;
    }
    let new = params.text("new")?.unwrap_or_default();
    if Some(new) != params.text("again")? {
        let problem = t.settings_password_differ.clone();
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, problem).await;
    }
    if check_password(new).is_err() {
        let problem = fill(&t.settings_password_short, SHORTEST_PASSWORD);
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, problem).await;
    }
    let hash = crypto::token_hash(&token(params)?);
    if app.read(move |conn| letter::find_password(conn, &hash)).await?.is_none() {
        return over(app, request);
    }
    let password_hash = app.hash_password(new.to_owned()).await?;
    match app.write(move |tx| letter::set_password(tx, &hash, &password_hash)).await? {
        true => {
            let words = (t.lost_title.as_str(), t.settings_password_changed.as_str());
            said(app, request, StatusCode::OK, words, "")
        }
        false => over(app, request),
    }
}
