//! `/settings/moving`: going to another server, coming back, and which accounts elsewhere are the
//! same person's (F-350, F-351).

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::session::{self, Session};
use super::super::sign_in;
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::federation::resolve;
use crate::http::Params;
use crate::service::moving::{self, Claim};
use crate::web::locale::Locale;
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/moving";
/// How long somebody waits for another server.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Template)]
#[template(path = "settings_moving.html")]
struct MovingPage {
    shell: Shell,
    problem: Option<String>,
    /// Where the account has moved to.
    moved: Option<String>,
    aliases: Vec<String>,
    username: String,
    csrf: String,
    move_action: String,
    back_action: String,
    alias_action: String,
}

/// `GET /settings/moving`
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
    let id = session.account.id;
    let account = app.read(move |conn| db::account::get(conn, id)).await?;
    let action = |deed: &str| sign_in::action(&format!("{PATH}{deed}"), request);
    let body = page::render(&MovingPage {
        shell: Shell::form(app, t, t.settings_moving.as_str()),
        problem,
        moved: account.moved_to_uri,
        aliases: account.details.also_known_as,
        username: account.username,
        csrf: session::form_token(&session.secret),
        move_action: action(""),
        back_action: action("/back"),
        alias_action: action("/aliases"),
    })?;
    Ok(page::private(status, body, None))
}

/// Where a person's words lead; otherwise what the person reads.
async fn look(
    app: &App,
    t: &'static Locale,
    text: &str,
) -> std::result::Result<Option<Claim>, String> {
    let (parts, text) = (App::clone(app), text.to_owned());
    let answer = app.lanes.resolve.run(move || resolve::claim_of(&parts, &text));
    let Ok(answer) = answer else { return Err(t.error_busy.clone()) };
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(Ok(claim))) => Ok(Some(claim)),
        _ => Ok(None),
    }
}

/// `POST /settings/moving`: `account` is the new one; with `redirect_only` followers stay.
pub(super) async fn move_out(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let session = match confirmed(app, request, params).await? {
        Ok(session) => session,
        Err(answer) => return Ok(answer),
    };
    let t = Locale::of(request);
    let refuse = |problem| ask(app, request, &session, StatusCode::UNPROCESSABLE_ENTITY, problem);
    let claim = match look(app, t, params.text("account")?.unwrap_or_default()).await {
        Ok(Some(claim)) => claim,
        Ok(None) => return refuse(Some(t.settings_moving_unknown.clone())).await,
        Err(busy) => return refuse(Some(busy)).await,
    };
    if !claim.also_known_as.contains(&session.account.uri) {
        return refuse(Some(t.settings_moving_no_alias.clone())).await;
    }
    let with_followers = !params.flag("redirect_only")?.unwrap_or(false);
    let (site, id) = (app.site.clone(), session.account.id);
    let moved = app.write(move |tx| moving::move_out(tx, &site, id, &claim, with_followers)).await;
    match moved {
        Ok(_) => super::done(request, "moved"),
        Err(Error::Invalid(_)) => refuse(Some(t.settings_moving_refused.clone())).await,
        Err(error) => Err(error),
    }
}

/// `POST /settings/moving/back`: the account is used here again.
pub(super) async fn come_back(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let session = match confirmed(app, request, params).await? {
        Ok(session) => session,
        Err(answer) => return Ok(answer),
    };
    let (site, id) = (app.site.clone(), session.account.id);
    app.write(move |tx| moving::come_back(tx, &site, id)).await?;
    super::done(request, "back")
}

/// `POST /settings/moving/aliases`: `add` is one more, `remove` one no longer.
pub(super) async fn change_aliases(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, PATH);
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let t = Locale::of(request);
    let (site, id) = (app.site.clone(), session.account.id);
    let changed = if let Some(remove) = params.text("remove")? {
        let remove = remove.to_owned();
        app.write(move |tx| moving::remove_alias(tx, &site, id, &remove)).await
    } else {
        let claim = match look(app, t, params.text("add")?.unwrap_or_default()).await {
            Ok(Some(claim)) => claim,
            Ok(None) => {
                let problem = Some(t.settings_moving_unknown.clone());
                return ask(app, request, &session, StatusCode::UNPROCESSABLE_ENTITY, problem)
                    .await;
            }
            Err(busy) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return ask(app, request, &session, status, Some(busy)).await;
            }
        };
        app.write(move |tx| moving::add_alias(tx, &site, id, &claim.account.uri)).await
    };
    match changed {
        // one that was taken away already: the same in the end
        Ok(()) | Err(Error::Missing(_)) => super::done(request, "aliases"),
        Err(Error::Invalid(_)) => {
            let problem = Some(t.settings_moving_refused.clone());
            ask(app, request, &session, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(error),
    }
}

/// Whose form it is, once its token and its password are right; else the answer.
async fn confirmed(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<std::result::Result<Session, HttpResponse>> {
    let Some(session) = session::current(app, request).await? else {
        return Ok(Err(sign_in::first(request, PATH)?));
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let password = params.text("password")?.unwrap_or_default();
    match super::check_password(app, request, &session, password).await? {
        Ok(()) => Ok(Ok(session)),
        Err((status, problem)) => {
            Ok(Err(ask(app, request, &session, status, Some(problem)).await?))
        }
    }
}
