//! `/settings/blocks`: whom one blocks and mutes, and which servers one hides.

use std::collections::HashMap;

use actix_web::HttpResponse;
use askama::Template;

use super::visit::{Refusal, Visit, wrong};
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::id;
use crate::model::Page;
use crate::service::{hidden_domain, relationship};
use crate::web::locale::fill;
use crate::web::page::Shell;

const PATH: &str = "/settings/blocks";
/// How many of each are shown.
const MOST: usize = 200;

/// Somebody, with the end of a mute where it has one.
struct Line {
    id: i64,
    handle: String,
    until: Option<String>,
}

/// Those who are blocked, or muted.
struct List {
    heading: &'static str,
    /// What the form says to end it for one, and its button.
    field: &'static str,
    button: &'static str,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "settings_blocks.html")]
struct BlocksPage {
    shell: Shell,
    problem: Option<String>,
    lists: [List; 2],
    hidden: Vec<String>,
    /// Said where more than are shown may be blocked, muted or hidden.
    more: Option<String>,
    csrf: String,
    action: String,
}

/// `GET /settings/blocks`
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, None).await
}

async fn ask(visit: &Visit<'_>, refused: Option<Refusal>) -> Result<HttpResponse> {
    let (t, me, site) = (visit.t, visit.id(), visit.app.site.clone());
    let (blocked, muted, hidden) = visit
        .app
        .read(move |conn| {
            let newest = Page::newest(MOST);
            let blocks = db::moderation::list_blocks(conn, me, &newest)?;
            let mutes = db::moderation::list_mutes(conn, me, &newest)?;
            let ids: Vec<i64> = blocks
                .iter()
                .map(|(_, id)| *id)
                .chain(mutes.iter().map(|(_, id, _)| *id))
                .collect();
            let handles: HashMap<i64, String> = db::account::list(conn, &ids)?
                .into_iter()
                .map(|one| {
                    let domain = one.domain.as_deref().unwrap_or(&site.account_domain);
                    (one.id, format!("@{}@{domain}", one.username))
                })
                .collect();
            let line = |id: i64, until: Option<i64>| {
                let until = until.map(|at| fill(&t.settings_blocks_until, clock::date(at)));
                Some(Line { id, handle: handles.get(&id)?.clone(), until })
            };
            let blocked: Vec<Line> = blocks.iter().filter_map(|(_, id)| line(*id, None)).collect();
            let muted: Vec<Line> =
                mutes.iter().filter_map(|(_, id, until)| line(*id, *until)).collect();
            let hidden = db::hidden_domain::list(conn, me, &newest)?;
            let hidden: Vec<String> = hidden.into_iter().map(|(_, domain)| domain).collect();
            Ok((blocked, muted, hidden))
        })
        .await?;
    let is_full = [blocked.len(), muted.len(), hidden.len()].iter().any(|count| *count >= MOST);
    visit.page(&t.settings_blocks, refused, |shell, problem, csrf| BlocksPage {
        shell,
        problem,
        lists: [
            List {
                heading: &t.settings_blocks_blocked,
                field: "unblock",
                button: &t.settings_blocks_unblock,
                lines: blocked,
            },
            List {
                heading: &t.settings_blocks_muted,
                field: "unmute",
                button: &t.settings_blocks_unmute,
                lines: muted,
            },
        ],
        hidden,
        more: is_full.then(|| fill(&t.settings_blocks_more, MOST)),
        csrf,
        action: visit.action(PATH),
    })
}

/// `POST /settings/blocks`: one of `unblock` and `unmute`, an account's id, and `show` and `hide`,
/// a server's name.
pub(super) async fn change(visit: &Visit<'_>) -> Result<HttpResponse> {
    let me = visit.id();
    let account =
        |name| Ok::<_, Error>(visit.params.text(name)?.map(|id| id::parse(id).unwrap_or(0)));
    let (unblock, unmute) = (account("unblock")?, account("unmute")?);
    let (show, hide) = (visit.params.text("show")?, visit.params.text("hide")?);
    let changed = if let Some(domain) = show.or(hide) {
        let hides = show.is_none();
        match hidden_domain::normal(&visit.app.site, domain) {
            Ok(domain) => {
                let change = visit.app.write(move |tx| match hides {
                    true => hidden_domain::hide(tx, me, &domain),
                    false => db::hidden_domain::remove(tx, me, &domain),
                });
                change.await
            }
            Err(error) => Err(error),
        }
    } else if let Some(target) = unblock.or(unmute) {
        let ends_block = unblock.is_some();
        let change = visit.app.write(move |tx| {
            let own = db::account::get(tx, me)?;
            // one that is gone by now: the same in the end
            let Some(target) = db::account::find(tx, target)? else { return Ok(()) };
            match ends_block {
                true => relationship::unblock(tx, &own, &target),
                false => relationship::unmute(tx, &own, &target),
            }
        });
        change.await
    } else {
        Err(Error::BadRequest("The form says nothing to do".into()))
    };
    match changed {
        Ok(()) => visit.done("blocks"),
        Err(Error::Invalid(_)) => ask(visit, wrong(&visit.t.settings_blocks_domain_wrong)).await,
        Err(error) => Err(error),
    }
}
