//! `/settings/password`: another password.

use actix_web::HttpResponse;
use askama::Template;

use super::visit::{Refusal, Visit, wrong};
use crate::crypto;
use crate::error::Result;
use crate::service::access::{self, Keep};
use crate::service::account::{SHORTEST_PASSWORD, check_password};
use crate::web::locale::fill;
use crate::web::page::Shell;

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
    ask(visit, None)
}

fn ask(visit: &Visit<'_>, refused: Option<Refusal>) -> Result<HttpResponse> {
    let t = visit.t;
    visit.page(&t.settings_password, refused, |shell, problem, csrf| PasswordPage {
        shell,
        problem,
        csrf,
        action: visit.action(PATH),
        username: &visit.session.account.username,
        shortest: SHORTEST_PASSWORD,
    })
}

/// `POST /settings/password`: everything but this browser is signed out (S-078).
pub(super) async fn change(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let new = visit.params.text("new")?.unwrap_or_default();
    if Some(new) != visit.params.text("again")? {
        return ask(visit, wrong(&t.settings_password_differ));
    }
    if check_password(new).is_err() {
        return ask(visit, wrong(&fill(&t.settings_password_short, SHORTEST_PASSWORD)));
    }
    if let Err(refused) = visit.check_password("current").await? {
        return ask(visit, Some(refused));
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
