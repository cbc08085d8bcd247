//! `/settings/delete`: the end of an account, as its owner wants it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::super::authorize;
use super::super::session::{self, Cookie};
use super::super::sign_up::said;
use super::visit::{Owner, Refusal, Visit, wrong};
use crate::db;
use crate::error::{Error, Result};
use crate::service::leaving;
use crate::web::locale::fill;
use crate::web::page::Shell;

const PATH: &str = "/settings/delete";

#[derive(Template)]
#[template(path = "settings_delete.html")]
struct DeletePage<'a> {
    shell: Shell,
    problem: Option<String>,
    name_again: String,
    gone: String,
    /// What was typed.
    name: &'a str,
    owner: Owner<'a>,
    csrf: String,
    action: String,
}

/// `GET /settings/delete`
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, None, "").await
}

async fn ask(visit: &Visit<'_>, refused: Option<Refusal>, name: &str) -> Result<HttpResponse> {
    let (t, username) = (visit.t, visit.session.account.username.as_str());
    let owner = visit.owner().await?;
    visit.page(&t.settings_delete, refused, |shell, problem, csrf| DeletePage {
        shell,
        problem,
        name_again: fill(&t.settings_delete_name, username),
        gone: fill(&t.settings_delete_name_gone, authorize::handle(visit.app, &visit.session)),
        name,
        owner,
        csrf,
        action: visit.action(PATH),
    })
}

/// `POST /settings/delete` with the account's own `name`: it is gone, and this browser signed out.
pub(super) async fn delete(visit: &Visit<'_>) -> Result<HttpResponse> {
    let (app, t, id, hash) = (visit.app, visit.t, visit.id(), visit.session.hash());
    let name = visit.params.text("name")?.unwrap_or_default().trim();
    let own = visit.session.account.username.as_str();
    if !name.trim_start_matches('@').eq_ignore_ascii_case(own) {
        // what is no name is not shown again
        return ask(visit, wrong(&fill(&t.settings_delete_wrong_name, own)), "").await;
    }
    if let Err(refused) = visit.check_owner().await? {
        return ask(visit, Some(refused), name).await;
    }
    let site = app.site.clone();
    let deleted = app.write(move |tx| {
        if !session::stands(tx, &hash, id)? {
            return Err(Error::Gone);
        }
        let account = db::account::get(tx, id)?;
        leaving::delete_local(tx, &site, &account)
    });
    deleted.await?;
    let words = (t.settings_deleted.as_str(), t.settings_deleted_lead.as_str());
    let mut response = said(app, visit.request, StatusCode::OK, words, "")?;
    Cookie::Session.set(app, &mut response, "", 0);
    Ok(response)
}
