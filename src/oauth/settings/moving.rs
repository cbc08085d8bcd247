//! `/settings/moving`: going to another server, coming back, and which accounts elsewhere are the
//! same person's (F-350, F-351).

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::visit::Visit;
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::federation::resolve;
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
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, StatusCode::OK, None).await
}

async fn ask(
    visit: &Visit<'_>,
    status: StatusCode,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let t = visit.t;
    let id = visit.id();
    let account = visit.app.read(move |conn| db::account::get(conn, id)).await?;
    let action = |deed: &str| visit.action(&format!("{PATH}{deed}"));
    let body = page::render(&MovingPage {
        shell: visit.shell(&t.settings_moving),
        problem,
        moved: account.moved_to_uri,
        aliases: account.details.also_known_as,
        username: account.username,
        csrf: visit.csrf(),
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
pub(super) async fn move_out(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    if let Err((status, problem)) = visit.check_password("password").await? {
        return ask(visit, status, Some(problem)).await;
    }
    let refuse = |problem| ask(visit, StatusCode::UNPROCESSABLE_ENTITY, problem);
    let claim = match look(visit.app, t, visit.params.text("account")?.unwrap_or_default()).await {
        Ok(Some(claim)) => claim,
        Ok(None) => return refuse(Some(t.settings_moving_unknown.clone())).await,
        Err(busy) => return refuse(Some(busy)).await,
    };
    if !claim.also_known_as.contains(&visit.session.account.uri) {
        return refuse(Some(t.settings_moving_no_alias.clone())).await;
    }
    let with_followers = !visit.params.flag("redirect_only")?.unwrap_or(false);
    let (site, id) = (visit.app.site.clone(), visit.id());
    let moved =
        visit.app.write(move |tx| moving::move_out(tx, &site, id, &claim, with_followers)).await;
    match moved {
        Ok(_) => visit.done("moved"),
        Err(Error::Invalid(_)) => refuse(Some(t.settings_moving_refused.clone())).await,
        Err(error) => Err(error),
    }
}

/// `POST /settings/moving/back`: the account is used here again.
pub(super) async fn come_back(visit: &Visit<'_>) -> Result<HttpResponse> {
    if let Err((status, problem)) = visit.check_password("password").await? {
        return ask(visit, status, Some(problem)).await;
    }
    let (site, id) = (visit.app.site.clone(), visit.id());
    visit.app.write(move |tx| moving::come_back(tx, &site, id)).await?;
    visit.done("back")
}

/// `POST /settings/moving/aliases`: `add` is one more, `remove` one no longer.
pub(super) async fn change_aliases(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let (site, id) = (visit.app.site.clone(), visit.id());
    let changed = if let Some(remove) = visit.params.text("remove")? {
        let remove = remove.to_owned();
        visit.app.write(move |tx| moving::remove_alias(tx, &site, id, &remove)).await
    } else {
        let claim = match look(visit.app, t, visit.params.text("add")?.unwrap_or_default()).await {
            Ok(Some(claim)) => claim,
            Ok(None) => {
                let problem = Some(t.settings_moving_unknown.clone());
                return ask(visit, StatusCode::UNPROCESSABLE_ENTITY, problem).await;
            }
            Err(busy) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return ask(visit, status, Some(busy)).await;
            }
        };
        visit.app.write(move |tx| moving::add_alias(tx, &site, id, &claim.account.uri)).await
    };
    match changed {
        // one that was taken away already: the same in the end
        Ok(()) | Err(Error::Missing(_)) => visit.done("aliases"),
        Err(Error::Invalid(_)) => {
            let problem = Some(t.settings_moving_refused.clone());
            ask(visit, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(error),
    }
}
