//! `/settings/people`: who waits to be let in, for admins.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::invites;
use super::visit::{Refusal, Visit};
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::id;
use crate::model::Page;
use crate::service::applicant;
use crate::web::locale::fill;
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/people";
/// How many are shown; more never wait.
const MOST: usize = 100;

/// Somebody who waits.
struct Line {
    id: i64,
    username: String,
    email: String,
    reason: String,
    since: String,
    confirmed: bool,
}

#[derive(Template)]
#[template(path = "settings_people.html")]
struct PeoplePage {
    shell: Shell,
    problem: Option<String>,
    people: Vec<Line>,
    csrf: String,
    action: String,
}

/// `GET /settings/people`; 404 for who is no admin.
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, None).await
}

async fn ask(visit: &Visit<'_>, refused: Option<Refusal>) -> Result<HttpResponse> {
    let t = visit.t;
    if !invites::rights(visit).await?.0 {
        return Err(Error::NotFound);
    }
    let found = visit.app.read(|conn| db::applicant::list_waiting(conn, &Page::newest(MOST)));
    let found = found.await?;
    let people = found.into_iter().map(|one| Line {
        id: one.id,
        username: one.username,
        email: one.email,
        reason: one.reason,
        since: fill(&t.settings_people_since, clock::date(one.created_at)),
        confirmed: one.confirmed,
    });
    visit.page(&t.settings_people, refused, |shell, problem, csrf| PeoplePage {
        shell,
        problem,
        people: people.collect(),
        csrf,
        action: visit.action(PATH),
    })
}

/// `POST /settings/people`: `approve` or `reject`, an id.
pub(super) async fn decide(visit: &Visit<'_>) -> Result<HttpResponse> {
    let (app, params) = (visit.app, visit.params);
    if !invites::rights(visit).await?.0 {
        return Err(Error::NotFound);
    }
    let whom = |name| Ok::<_, Error>(params.text(name)?.map(|id| id::parse(id).unwrap_or(0)));
    let done = match (whom("approve")?, whom("reject")?) {
        (Some(id), None) => app.approve(id).await,
        (None, Some(id)) => {
            let site = app.site.clone();
            app.write(move |tx| applicant::reject(tx, &site, id).map(|_| ())).await
        }
        _ => Err(Error::BadRequest("The form says nothing to do".into())),
    };
    match done {
        // another admin was quicker: the same in the end
        Ok(()) | Err(Error::NotFound) => page::see_other(&visit.action(PATH)),
        Err(Error::Forbidden(_)) => {
            let full = visit.t.settings_people_full.clone();
            ask(visit, Some((StatusCode::FORBIDDEN, full))).await
        }
        Err(error) => Err(error),
    }
}
