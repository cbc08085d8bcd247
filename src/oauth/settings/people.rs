//! `/settings/people`: who waits to be let in, for admins.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::session::{self, Session};
use super::super::sign_in;
use super::invites;
use crate::app::App;
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::http::Params;
use crate::id;
use crate::model::Page;
use crate::service::applicant;
use crate::web::locale::{Locale, fill};
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
pub(super) async fn show(app: &App, request: &HttpRequest, _: &Params) -> Result<HttpResponse> {
    match session::current(app, request).await? {
        Some(session) => ask(app, request, &session, StatusCode::OK, None).await,
        None => sign_in::first(request, PATH),
    }
}

async fn ask(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    status: StatusCode,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    if !invites::rights(app, session.account.id).await?.0 {
        return Err(Error::NotFound);
    }
    let found = app.read(|conn| db::applicant::list_waiting(conn, &Page::newest(MOST))).await?;
    let people = found.into_iter().map(|one| Line {
        id: one.id,
        username: one.username,
        email: one.email,
        reason: one.reason,
        since: fill(&t.settings_people_since, clock::date(one.created_at)),
        confirmed: one.confirmed,
    });
    let body = page::render(&PeoplePage {
        shell: Shell::form(app, t, t.settings_people.as_str()),
        problem,
        people: people.collect(),
        csrf: session::form_token(&session.secret),
        action: sign_in::action(PATH, request),
    })?;
    Ok(page::private(status, body, None))
}

/// `POST /settings/people`: `approve` or `reject`, an id.
pub(super) async fn decide(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, PATH);
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    if !invites::rights(app, session.account.id).await?.0 {
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
        Ok(()) | Err(Error::NotFound) => page::see_other(&sign_in::action(PATH, request)),
        Err(Error::Forbidden(_)) => {
            let problem = Some(Locale::of(request).settings_people_full.clone());
            ask(app, request, &session, StatusCode::FORBIDDEN, problem).await
        }
        Err(error) => Err(error),
    }
}
