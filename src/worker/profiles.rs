//! Jobs of profiles that need the network: whether a page that a profile names links back
//! (`rel="me"`), whether two accounts agree on a move, and which tags a remote account features.

use std::time::Duration;

use url::Url;

use crate::activity::urls::same_host;
use crate::app::App;
use crate::client::{ClientError, Kind, Limits, OutRequest, host_of};
use crate::db::{self, Lane};
use crate::error::Error;
use crate::federation::process::{Step, Stop};
use crate::federation::{featured_tags, resolve};
use crate::model::{Account, Job, JobKind};
use crate::service;
use crate::text::rel_me;

/// What a page may cost. Those that a person links to are often large.
const PAGE: Limits = Limits { total: Duration::from_secs(20), max_bytes: 2 * 1024 * 1024 };
/// How many of its links are asked whether they lead to the profile by a redirect.
const REDIRECTS: usize = 3;
/// A server that does not answer is asked so often; after that what is known stays.
const TRIES: i64 = 4;

/// Does one; true when its row went with its effect.
pub(super) fn work(app: &App, job: &Job, online: bool) -> Step<bool> {
    if !online {
        return Err(Stop::NeedsNetwork);
    }
    match job.kind {
        JobKind::CheckLink => check_link(app, job),
        JobKind::CheckMove => {
            let (old, new): (String, String) =
                serde_json::from_slice(&job.payload).map_err(Error::internal)?;
            let target = if app.site.owns(&new) {
                let stored = app.db.read(|conn| db::account::find_by_uri(conn, &new))?;
                stored.ok_or(Stop::Drop("the target of a move is not here"))?
            } else {
                resolve::refresh_actor(app, &new)?
            };
            app.db
                .write(Lane::Background, move |tx| {
                    service::profile::move_checked(tx, &old, &target)
                })
                .wait()?;
            Ok(false)
        }
        JobKind::FetchFeaturedTags => {
            let id = crate::id::parse(&String::from_utf8_lossy(&job.payload));
            featured_tags::refresh(app, id.ok_or(Stop::Drop("no account"))?)?;
            Ok(false)
        }
        _ => Err(Stop::Drop("no job of a profile")),
    }
}

fn check_link(app: &App, job: &Job) -> Step<bool> {
    let (id, address): (i64, String) =
        serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let account = app.db.read(|conn| db::account::find(conn, id))?;
    let named = |account: &Account| {
        account.fields.iter().any(|f| rel_me::link(&f.value).as_deref() == Some(&address))
    };
    let Some(account) = account.filter(|a| a.suspended_at.is_none() && named(a)) else {
        return Err(Stop::Drop("the profile does not name this page any more"));
    };
    let links_back = match links_back(app, &address, &account) {
        Ok(found) => found,
        Err(_) if job.attempts + 1 >= TRIES => {
            return Err(Stop::Drop("the page could not be read"));
        }
        Err(error) => return Err(Stop::Failed(error)),
    };
    let job = job.id;
    app.db
        .write(Lane::Background, move |tx| {
            service::profile::link_checked(tx, id, &address, links_back)?;
            db::job::remove(tx, job)
        })
        .wait()?;
    Ok(true)
}

/// Whether the page at `address` names the profile as its author's. An error is one that may
/// pass; what can never be read names nobody.
fn links_back(app: &App, address: &str, account: &Account) -> Result<bool, Error> {
    let suspended = |url: &str| match host_of(url) {
        Some(host) => app.db.read(|conn| service::domain::is_suspended(conn, &host)),
        None => Ok(true),
    };
    if suspended(address)? {
        return Ok(false);
    }
    let request = OutRequest::get(address).header("Accept", "text/html").limits(PAGE);
    let page = match app.client.send(request) {
        Ok(page) => page,
        Err(error) if is_final(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if page.status >= 500 || page.status == 429 {
        return Err(Error::Remote(format!("{address} answered {}", page.status).into()));
    }
    let kind = page.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let is_html = kind.starts_with("text/html") || kind.starts_with("application/xhtml+xml");
    if !page.is_success() || !is_html || suspended(&page.final_url)? {
        return Ok(false);
    }
    let Ok(base) = Url::parse(&page.final_url) else { return Ok(false) };
    // an account may name any page as its own: one on another host may be somebody else's profile
    let own_page = account.url.as_deref().filter(|page| same_host(page, &account.uri));
    let is_profile = |url: &Url| {
        rel_me::same_page(url, &account.uri)
            || own_page.is_some_and(|page| rel_me::same_page(url, page))
    };
    let own = rel_me::own_pages(&String::from_utf8_lossy(&page.body), &base);
    if own.iter().any(is_profile) {
        return Ok(true);
    }
    let elsewhere = own.iter().filter(|url| !app.site.owns(url.as_str()));
    for url in elsewhere.take(REDIRECTS) {
        let request = OutRequest { method: "HEAD", redirects: 0, ..OutRequest::get(url.as_str()) };
        let Ok(answer) = app.client.send(request.limits(Limits::SMALL)) else { continue };
        let to = answer.header("location").and_then(|to| url.join(to).ok());
        if (300..400).contains(&answer.status) && to.is_some_and(|to| is_profile(&to)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_final(error: &ClientError) -> bool {
    matches!(error.kind, Kind::BadUrl | Kind::Forbidden | Kind::TooLarge | Kind::Redirect)
}
