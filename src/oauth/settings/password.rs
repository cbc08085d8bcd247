//! `/settings/password`: another password.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::visit::Visit;
use crate::crypto;
use crate::error::Result;
use crate::service::access::{self, Keep};
use crate::service::account::{SHORTEST_PASSWORD, check_password};
use crate::web::locale::fill;
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
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, StatusCode::OK, None)
}

fn ask(visit: &Visit<'_>, status: StatusCode, problem: Option<String>) -> Result<HttpResponse> {
    let t = visit.t;
    let body = page::render(&PasswordPage {
        shell: visit.shell(&t.settings_password),
        problem,
        csrf: visit.csrf(),
        action: visit.action(PATH),
        username: &visit.session.account.username,
        shortest: SHORTEST_PASSWORD,
    })?;
    Ok(page::private(status, body, None))
}

/// `POST /settings/password`: everything but this browser is signed out (S-078).
pub(super) async fn change(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let refuse = |status, problem| ask(visit, status, Some(problem));
    let new = visit.params.text("new")?.unwrap_or_default();
    if Some(new) != visit.params.text("again")? {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, t.settings_password_differ.clone());
    }
    if check_password(new).is_err() {
        let problem = fill(&t.settings_password_short, SHORTEST_PASSWORD);
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, problem);
    }
    if let Err((status, problem)) = visit.check_password("current").await? {
        return refuse(status, problem);
    }
    let new = new.to_owned();
    let hash = visit.app.compute(move || crypto::hash_password(&new)).await??;
    let (account_id, kept) = (visit.id(), visit.session.hash());
    visit
        .app
        .write(move |tx| {
            let keep = Keep { session: Some(kept), token: None };
            access::change_password(tx, account_id, &hash, keep)
        })
        .await?;
    visit.done("password")
}
