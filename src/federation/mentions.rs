//! Looking up whom remote statuses name (F-285): by the address of the Mention, else by its name.

use crate::app::App;
use crate::db::unknown_mention::UnknownMention;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Event, Job};
use crate::service::mention;

use super::process::{Step, Stop};
use super::{budget, resolve};

/// After so many servers that do not answer the others wait until somebody looks again.
const FAILURES: usize = 3;

/// Looks up a few of those whom a status names. Each is asked for once: who is not found stays
/// a link in the text.
pub fn find(app: &App, job: &Job, online: bool) -> Step<bool> {
    let status =
        id::parse(&String::from_utf8_lossy(&job.payload)).ok_or(Stop::Drop("no status"))?;
    let unknown = app.db.read(|conn| db::unknown_mention::list(conn, status, mention::AT_ONCE))?;
    if unknown.is_empty() {
        return Ok(false);
    }
    if !online {
        return Err(Stop::NeedsNetwork);
    }
    let (mut found, mut failures, mut asks) = (Vec::new(), 0, 0);
    for one in unknown {
        if failures >= FAILURES || asks >= mention::AT_ONCE {
            break;
        }
        let account = match look_up(app, &one, &mut asks) {
            Ok(Some(account)) => Some(account),
            // its name comes with the next look
            Ok(None) => continue,
            Err(Error::Remote(_)) => {
                failures += 1;
                None
            }
            Err(error @ (Error::Unavailable { .. } | Error::Internal(_))) => {
                return Err(error.into());
            }
            Err(_) => None,
        };
        found.push((one.position, account));
    }
    let job = job.id;
    let effect = app.db.write(Lane::Background, move |tx| {
        let mut changed = false;
        for (position, account) in found {
            changed |= mention::found(tx, status, position, account)?;
        }
        if changed {
            tx.after_commit(Event::StatusUpdated { id: status });
        }
        db::job::remove(tx, job)
    });
    effect.wait()?;
    Ok(true)
}

/// `None`: its address leads nowhere, and there were enough questions for this time (S-020).
fn look_up(app: &App, unknown: &UnknownMention, asks: &mut i64) -> Result<Option<i64>> {
    let by_address = match unknown.href.as_deref() {
        Some(href) if app.site.owns(href) => return Err(Error::NotFound),
        Some(href) => {
            let before = budget::spent();
            let found = resolve::actor(app, href);
            // whoever is found counts once; what leads nowhere, by each request that it took
            *asks += if found.is_ok() { 1 } else { since(before) };
            found
        }
        None => Err(Error::NotFound),
    };
    let error = match by_address {
        Ok(account) => return Ok(Some(account.id)),
        Err(error) => error,
    };
    // the address of a page leads nowhere; the name may
    if unknown.name.is_empty() || unknown.domain.is_empty() {
        return Err(error);
    }
    // WebFinger and, where it is not at its place, the file that tells the place
    if *asks + 2 > mention::AT_ONCE {
        return Ok(None);
    }
    let before = budget::spent();
    let found = resolve::account_by_handle(app, &unknown.name, &unknown.domain);
    *asks += if found.is_ok() { 1 } else { since(before) };
    found.map(|found| Some(found.id))
}

/// How many requests were made, one at the least.
fn since(before: u32) -> i64 {
    i64::from(budget::spent().saturating_sub(before)).max(1)
}
