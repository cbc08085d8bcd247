//! Looking up whom remote statuses name (F-285): by the address of the Mention, else by its name.

use crate::app::App;
use crate::db::unknown_mention::UnknownMention;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Event, Job};
use crate::service::mention;

use super::process::{Step, Stop};
use super::resolve;

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
    let (mut found, mut failures) = (Vec::new(), 0);
    for one in unknown {
        let account = match look_up(app, &one) {
            Ok(account) => Some(account),
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
        if failures == FAILURES {
            break;
        }
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

fn look_up(app: &App, unknown: &UnknownMention) -> Result<i64> {
    let by_address = match unknown.href.as_deref() {
        Some(href) if app.site.owns(href) => return Err(Error::NotFound),
        Some(href) => resolve::actor(app, href),
        None => Err(Error::NotFound),
    };
    let account = match by_address {
        Ok(account) => account,
        // the address of a page leads nowhere; the name may
        Err(error) if unknown.name.is_empty() || unknown.domain.is_empty() => return Err(error),
        Err(_) => resolve::account_by_handle(app, &unknown.name, &unknown.domain)?,
    };
    Ok(account.id)
}
