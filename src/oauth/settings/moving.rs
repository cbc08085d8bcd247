//! `/settings/moving`: going to another server, coming back, and which accounts elsewhere are the
//! same person's (F-350, F-351).

use std::collections::HashMap;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::visit::{Refusal, Visit};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::federation::resolve;
use crate::service::document;
use crate::service::moving::{self, Claim};
use crate::web::locale::{Locale, fill};
use crate::web::page::Shell;

const PATH: &str = "/settings/moving";
/// How long somebody waits for another server.
const PATIENCE: Duration = Duration::from_secs(10);

/// An account that is named as the same person's.
struct Alias {
    uri: String,
    /// `@name@server`, or the address while nothing else is known.
    shown: String,
}

/// What was typed, which stands there once more under what is wrong with it.
#[derive(Clone, Copy, Default)]
struct Typed<'a> {
    account: &'a str,
    redirect_only: bool,
    add: &'a str,
}

#[derive(Template)]
#[template(path = "settings_moving.html")]
struct MovingPage<'a> {
    shell: Shell,
    problem: Option<String>,
    /// Where the account has moved to.
    moved: Option<String>,
    aliases: Vec<Alias>,
    typed: Typed<'a>,
    username: String,
    csrf: String,
    move_action: String,
    back_action: String,
    alias_action: String,
}

/// `GET /settings/moving`
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, None, Typed::default()).await
}

async fn ask(
    visit: &Visit<'_>,
    refused: Option<Refusal>,
    typed: Typed<'_>,
) -> Result<HttpResponse> {
    let t = visit.t;
    let (site, id) = (visit.app.site.clone(), visit.id());
    let read = visit.app.read(move |conn| {
        let account = db::account::get(conn, id)?;
        let mut uris = account.details.also_known_as.clone();
        uris.extend(account.moved_to_uri.clone());
        let known = db::account::list_by_uris(conn, &uris)?;
        let known = known.iter().map(|one| (one.uri.clone(), document::handle(&site, one)));
        Ok((account, known.collect::<HashMap<_, _>>()))
    });
    let (account, known) = read.await?;
    let shown = |uri: &String| known.get(uri).map_or_else(|| uri.clone(), |one| format!("@{one}"));
    let action = |deed: &str| visit.action(&format!("{PATH}{deed}"));
    let aliases = account.details.also_known_as.iter();
    visit.page(&t.settings_moving, refused, |shell, problem, csrf| MovingPage {
        shell,
        problem,
        moved: account.moved_to_uri.as_ref().map(shown),
        aliases: aliases.map(|uri| Alias { uri: uri.clone(), shown: shown(uri) }).collect(),
        typed,
        username: account.username,
        csrf,
        move_action: action(""),
        back_action: action("/back"),
        alias_action: action("/aliases"),
    })
}

/// Where a person's words lead; otherwise what the person reads.
async fn look(app: &App, t: &'static Locale, text: &str) -> std::result::Result<Claim, Refusal> {
    let (parts, text) = (App::clone(app), text.to_owned());
    let answer = app.lanes.resolve.run(move || resolve::claim_of(&parts, &text));
    let Ok(answer) = answer else {
        return Err((StatusCode::SERVICE_UNAVAILABLE, t.error_busy.clone()));
    };
    let problem = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(Ok(claim))) => return Ok(claim),
        Ok(Ok(Err(Error::NotFound | Error::Missing(_) | Error::Gone))) => &t.settings_moving_nobody,
        _ => &t.settings_moving_silent,
    };
    Err((StatusCode::UNPROCESSABLE_ENTITY, problem.clone()))
}

/// Why the other account cannot be the new one.
fn in_words(t: &'static Locale, refusal: moving::Refusal) -> Refusal {
    use moving::Refusal;
    let words = match refusal {
        Refusal::Itself => &t.settings_moving_itself,
        Refusal::NotThere => &t.settings_moving_nobody,
        Refusal::HasMoved => &t.settings_moving_has_moved,
        Refusal::NoAlias => &t.settings_moving_no_alias,
        Refusal::Elsewhere => &t.settings_moving_elsewhere,
        Refusal::TooSoon => &t.settings_moving_too_soon,
        Refusal::TooMany => &fill(&t.settings_moving_too_many, moving::MOST_ALIASES),
    };
    (StatusCode::UNPROCESSABLE_ENTITY, words.clone())
}

/// `POST /settings/moving`: `account` is the new one; with `redirect_only` followers stay.
pub(super) async fn move_out(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let account = visit.params.text("account")?.unwrap_or_default();
    let redirect_only = visit.params.flag("redirect_only")?.unwrap_or(false);
    let typed = Typed { account, redirect_only, add: "" };
    let refuse = |refused| ask(visit, Some(refused), typed);
    if let Err(refused) = visit.check_password("password").await? {
        return refuse(refused).await;
    }
    let claim = match look(visit.app, t, account).await {
        Ok(claim) => claim,
        Err(refused) => return refuse(refused).await,
    };
    let (site, id) = (visit.app.site.clone(), visit.id());
    let moved = visit.app.write(move |tx| {
        let own = db::account::get(tx, id)?;
        if let Some(refusal) = moving::why_not(tx, &own, &claim, !redirect_only)? {
            return Ok(Some(refusal));
        }
        moving::move_out(tx, &site, id, &claim, !redirect_only).map(|_| None)
    });
    match moved.await? {
        None => visit.done("moved"),
        Some(why) => refuse(in_words(t, why)).await,
    }
}

/// `POST /settings/moving/back`: the account is used here again.
pub(super) async fn come_back(visit: &Visit<'_>) -> Result<HttpResponse> {
    if let Err(refused) = visit.check_password("password").await? {
        return ask(visit, Some(refused), Typed::default()).await;
    }
    let (site, id) = (visit.app.site.clone(), visit.id());
    visit.app.write(move |tx| moving::come_back(tx, &site, id)).await?;
    visit.done("back")
}

/// `POST /settings/moving/aliases`: `add` is one more, `remove` one no longer.
pub(super) async fn change_aliases(visit: &Visit<'_>) -> Result<HttpResponse> {
    let (site, id) = (visit.app.site.clone(), visit.id());
    if let Some(remove) = visit.params.text("remove")? {
        let remove = remove.to_owned();
        let removed = visit.app.write(move |tx| moving::remove_alias(tx, &site, id, &remove)).await;
        return match removed {
            // one that was taken away already: the same in the end
            Ok(()) | Err(Error::Missing(_)) => visit.done("aliases"),
            Err(error) => Err(error),
        };
    }
    let t = visit.t;
    let add = visit.params.text("add")?.unwrap_or_default();
    let typed = Typed { add, ..Typed::default() };
    let refuse = |refused| ask(visit, Some(refused), typed);
    let claim = match look(visit.app, t, add).await {
        Ok(claim) => claim,
        Err(refused) => return refuse(refused).await,
    };
    let added = visit.app.write(move |tx| {
        let own = db::account::get(tx, id)?;
        if let Some(refusal) = moving::why_no_alias(&own, &claim.account.uri) {
            return Ok(Some(refusal));
        }
        moving::add_alias(tx, &site, id, &claim.account.uri).map(|()| None)
    });
    match added.await? {
        None => visit.done("aliases"),
        Some(why) => refuse(in_words(t, why)).await,
    }
}
