//! Publishing what waited for its time.

use std::time::{Duration, Instant};

use crate::app::App;
use crate::clock::MINUTE;
use crate::db::{self, Lane};
use crate::error::Error;
use crate::federation::process::{Step, Stop};
use crate::federation::resolve;
use crate::model::Job;
use crate::service::scheduled_status::{self, Due};
use crate::service::status::{self, Mentioned};

/// Other servers have our time if theirs is no further from it, in milliseconds.
const AGREED: i64 = MINUTE;
/// How many unknown accounts of one text are asked for, and for how long, as when somebody waits.
const MOST: usize = 10;
const PATIENCE: Duration = Duration::from_secs(10);

/// Publishes one; its row, the job and the status change together.
pub(super) fn publish(app: &App, job: &Job, online: bool) -> Step<bool> {
    let id = crate::id::parse(&String::from_utf8_lossy(&job.payload));
    let id = id.ok_or(Stop::Drop("no scheduled status"))?;
    let agreed = app.client.clock_ahead().is_some_and(|ahead| ahead.abs() < AGREED);
    let text = match app.db.read(|conn| scheduled_status::due_text(conn, id, agreed))? {
        Due::Now(text) => text,
        Due::Later(time) => {
            let row = job.id;
            let later = app.db.write(Lane::Background, move |tx| db::job::again(tx, row, time));
            later.wait()?;
            return Ok(true);
        }
        Due::Never => return Err(Stop::Drop("it was taken back")),
    };
    let handles = status::handles(&app.site, &text);
    let (mut mentioned, unknown) = app.db.read(|conn| Mentioned::find(conn, &handles))?;
    if !unknown.is_empty() && !online {
        return Err(Stop::NeedsNetwork);
    }
    let started = Instant::now();
    for (name, domain) in unknown.into_iter().take(MOST) {
        if started.elapsed() > PATIENCE {
            break;
        }
        match resolve::account_by_handle(app, &name, &domain) {
            Ok(account) => mentioned.insert(&name, &domain, account),
            Err(error) => tracing::debug!(%domain, %error, "an account is not found"),
        }
    }
    let (site, row) = (app.site.clone(), job.id);
    let published = app.db.write(Lane::Interactive, move |tx| {
        scheduled_status::publish(tx, &site, id, &mentioned)?;
        db::job::remove(tx, row)
    });
    match published.wait() {
        Ok(()) => Ok(true),
        Err(error @ (Error::Internal(_) | Error::Unavailable { .. } | Error::Remote(_))) => {
            Err(Stop::Failed(error))
        }
        // refused on its merits: its author shall see it, not lose it
        Err(error) => {
            tracing::warn!(scheduled = id, %error, "a scheduled status is not published");
            let why = error.to_string();
            let kept = app.db.write(Lane::Interactive, move |tx| {
                scheduled_status::fail(tx, id, &why)?;
                db::job::remove(tx, row)
            });
            kept.wait()?;
            Ok(true)
        }
    }
}
