//! `/settings/password`: another password.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::session::{self, Session};
use super::super::sign_in;
use crate::app::App;
use crate::crypto;
use crate::error::Result;
use crate::http::Params;
use crate::service::access::{self, Keep};
use crate::service::account::{SHORTEST_PASSWORD, check_password};
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/password";

#[derive(Template)]
#[template(path = "settings_password.html")]
struct PasswordPage<'a> {
    shell: Shell,
    problem: Option<String>,
    csrf: String,
    action: String,
    username: &'a str,
    shortest: usize,
}

/// `GET /settings/password`
pub(super) async fn show(app: &App, request: &HttpRequest, _: &Params) -> Result<HttpResponse> {
    match session::current(app, request).await? {
        Some(session) => ask(app, request, &session, StatusCode::OK, None),
        None => sign_in::first(request, PATH),
    }
}

fn ask(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    status: StatusCode,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let body = page::render(&PasswordPage {
        shell: Shell::form(app, t, t.settings_password.as_str()),
        problem,
        csrf: session::form_token(&session.secret),
        action: sign_in::action(PATH, request),
        username: &session.account.username,
        shortest: SHORTEST_PASSWORD,
    })?;
    Ok(page::private(status, body, None))
}

/// `POST /settings/password`: everything but this browser is signed out (S-078).
pub(super) async fn change(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, PATH);
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let t = Locale::of(request);
    let refuse = |status, problem| ask(app, request, &session, status, Some(problem));
    let new = params.text("new")?.unwrap_or_default();
    if Some(new) != params.text("again")? {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, t.settings_password_differ.clone());
    }
    if check_password(new).is_err() {
        let problem = fill(&t.settings_password_short, SHORTEST_PASSWORD);
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, problem);
    }
    let current = params.text("current")?.unwrap_or_default();
    if let Err((status, problem)) = super::check_password(app, request, &session, current).await? {
        return refuse(status, problem);
    }
    let new = new.to_owned();
    let hash = app.compute(move || crypto::hash_password(&new)).await??;
    let (account_id, kept) = (session.account.id, session.hash());
    app.write(move |tx| {
        let keep = Keep { session: Some(kept), token: None };
        access::change_password(tx, account_id, &hash, keep)
    })
    .await?;
    super::done(request, "password")
}
