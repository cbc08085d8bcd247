//! `/settings/email`: another e-mail address to sign in with and to get letters at.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::visit::{Owner, Refusal, Visit, wrong};
use crate::db;
use crate::error::{Error, Result};
use crate::service::access;
use crate::web::locale::fill;
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/email";

#[derive(Template)]
#[template(path = "settings_email.html")]
struct EmailPage<'a> {
    shell: Shell,
    problem: Option<String>,
    now: String,
    /// What is said of an address that is still to be confirmed.
    waits: Option<String>,
    /// What was typed.
    email: &'a str,
    owner: Owner<'a>,
    csrf: String,
    action: String,
}

/// `GET /settings/email`
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, None, "").await
}

async fn ask(visit: &Visit<'_>, refused: Option<Refusal>, email: &str) -> Result<HttpResponse> {
    let (t, id) = (visit.t, visit.id());
    let user = visit.app.read(move |conn| db::user::find(conn, id)).await?;
    let user = user.ok_or(Error::NotFound)?;
    let owner = visit.owner().await?;
    visit.page(&t.settings_email, refused, |shell, problem, csrf| EmailPage {
        shell,
        problem,
        now: fill(&t.settings_email_now, &user.email),
        waits: user.new_email.map(|new| fill(&t.settings_email_waits, new)),
        email,
        owner,
        csrf,
        action: visit.action(PATH),
    })
}

/// `POST /settings/email`: `email` counts at once, or where there is mail when it is confirmed. The
/// address that counts already takes back one that waits.
pub(super) async fn change(visit: &Visit<'_>) -> Result<HttpResponse> {
    let (t, id) = (visit.t, visit.id());
    let email = visit.params.text("email")?.unwrap_or_default().trim();
    let refuse = |refused| ask(visit, refused, email);
    if access::check_email(email).is_err() {
        return refuse(wrong(&t.settings_email_wrong)).await;
    }
    if let Err(refused) = visit.check_owner().await? {
        return refuse(Some(refused)).await;
    }
    if let Err(Error::TooMany { retry_after }) = visit.app.count_letter(&format!("account {id}")) {
        let problem = fill(&t.sign_in_wait, retry_after);
        return refuse(Some((StatusCode::TOO_MANY_REQUESTS, problem))).await;
    }
    let (site, new) = (visit.app.site.clone(), email.to_owned());
    let changed = visit.app.write(move |tx| {
        access::change_email(tx, &site, id, &new)?;
        Ok(db::user::find(tx, id)?.is_some_and(|user| user.new_email.is_some()))
    });
    match changed.await {
        // the page says what is to be done now
        Ok(true) => page::see_other(&visit.action(PATH)),
        Ok(false) => visit.done("email"),
        Err(Error::Conflict(_)) => refuse(wrong(&t.settings_email_taken)).await,
        Err(error) => Err(error),
    }
}
