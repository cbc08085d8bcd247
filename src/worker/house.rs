//! Housekeeping: what has expired goes, one small slice a look, so that nothing waits for it.

use crate::app::App;
use crate::archive::copies;
use crate::clock::{DAY, HOUR};
use crate::db::{self, Lane, Tx};
use crate::error::Result;
use crate::federation::relay;
use crate::service;

use super::retention::Retention;

/// How many rows one slice removes.
const SLICE: i64 = 200;
/// How many slices of what relays brought go at once.
const RELAYED_AT_ONCE: usize = 8;
/// How long given-up jobs are kept for the administrator.
const DEAD_JOBS: i64 = 7 * DAY;
/// How long tombstones of remote things are kept.
const TOMBSTONES: i64 = 90 * DAY;
/// Applications that nobody used go after this time (S-079).
const UNUSED_APPLICATIONS: i64 = 7 * DAY;

/// Servers of which nothing was heard for so long are forgotten, and the oldest of too many (S-022).
const HOSTS: i64 = 90 * DAY;
const MOST_HOSTS: i64 = 50_000;

/// One kind of slice; answers how many rows it removed.
type Step = fn(&Tx<'_>) -> Result<usize>;

const STEPS: &[Step] = &[
    |tx| db::meta::note_clock(tx).map(|()| 0),
    |tx| db::seen::expire(tx, SLICE, tx.settled() - TOMBSTONES),
    |tx| db::key::expire_old(tx, SLICE),
    |tx| db::job::expire_dead(tx, tx.settled() - DEAD_JOBS, SLICE),
    |tx| db::upload::expire_loose(tx, SLICE),
    |tx| db::oauth::expire_applications(tx, tx.settled() - UNUSED_APPLICATIONS, SLICE),
    |tx| db::applicant::expire(tx, tx.settled() - service::applicant::UNCONFIRMED, SLICE),
    |tx| db::mail_token::expire(tx, tx.settled(), SLICE),
    |tx| db::invite::expire(tx, tx.settled() - service::invite::KEPT, SLICE),
    |tx| db::import::expire(tx, tx.settled() - crate::service::import::KEPT, SLICE),
    |tx| {
        for account in db::account::list_local(tx)? {
            db::timeline::trim(tx, account.id)?;
            for list in db::list::list(tx, account.id)? {
                db::timeline::trim(tx, list.id)?;
            }
        }
        Ok(0)
    },
    |tx| db::backfill::expire_threads(tx, tx.settled() - service::backfill::THREAD_KEPT, SLICE),
    |tx| service::profile::check_old_links(tx, SLICE),
    |tx| service::delivery::expire(tx, SLICE),
    |tx| db::host::expire(tx, tx.settled() - HOSTS, MOST_HOSTS, SLICE),
];

/// Where housekeeping stands; it begins anew each hour.
#[derive(Default)]
pub(super) struct House {
    step: usize,
    /// When this hour's work began: what expires while it goes on is the next one's.
    since: i64,
    /// By the time of day.
    began: i64,
    next: i64,
    retention: Retention,
}

impl House {
    /// When there is something to do again.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// The clock was set back: what is planned for later is due now, and the next hour's work an hour
    /// after that which may be under way.
    pub(super) fn plan_anew(&mut self, now: i64) {
        self.began = now.min(self.began);
        self.next = now.min(self.next);
    }

    /// Does one slice if it is time; true when more are to come.
    pub(super) fn keep(&mut self, app: &App, now: i64) -> Result<bool> {
        if now < self.next {
            return Ok(false);
        }
        if self.step == 0 {
            (self.since, self.began) = (app.clock.settled_ms(), now);
        }
        // with the hour's first slice; a use that a crash forgets is noted another day
        let used = if self.step == 0 { app.tokens.take_used() } else { Vec::new() };
        if !used.is_empty() {
            app.db.write(Lane::Background, move |tx| db::oauth::touch_tokens(tx, &used)).wait()?;
        }
        let viewed = if self.step == 0 { app.viewed.take() } else { Vec::new() };
        if !viewed.is_empty() {
            let touch = move |tx: &Tx<'_>| {
                viewed.iter().try_for_each(|(key, time)| db::cached_file::touch(tx, key, *time))
            };
            app.db.write(Lane::Background, touch).wait()?;
        }
        let Some(step) = STEPS.get(self.step) else {
            if expire_relayed(app)? {
                return Ok(true);
            }
            if self.retention.keep(app, self.since)? {
                return Ok(true);
            }
            if app.config.trends.enabled {
                reckon_trends(app)?;
            }
            self.step = 0;
            self.next = self.began + HOUR;
            super::uploads::clear_temporary(app)?;
            copies::keep_house(app, false)?;
            return Ok(false);
        };
        // a step that fails must not keep the others, and the queues, waiting for it
        let gone = app.db.write(Lane::Background, step).wait().unwrap_or_else(|error| {
            tracing::error!(%error, step = self.step, "a step of housekeeping failed");
            0
        });
        if i64::try_from(gone).unwrap_or(0) < SLICE {
            self.step += 1;
        }
        Ok(true)
    }
}

/// Makes the lists of what is much talked about: counted on a reader, so that nobody who writes
/// waits for it.
fn reckon_trends(app: &App) -> Result<()> {
    let trends = app.db.read(service::trend::reckon)?;
    app.db.write(Lane::Background, move |tx| service::trend::keep(tx, &trends)).wait()
}

/// Some slices of what relays brought long ago; true when more is left. They are handed in
/// together, so that those that fit into the writer's time share a commit.
fn expire_relayed(app: &App) -> Result<bool> {
    relay::note_counts(app)?;
    let days = u32::try_from(app.config.federation.relay_status_days).unwrap_or(u32::MAX);
    let slices: Vec<_> = (0..RELAYED_AT_ONCE)
        .map(|_| {
            app.db.write(Lane::Background, move |tx| service::retention::expire_relayed(tx, days))
        })
        .collect();
    let mut more = true;
    for looked in slices {
        more &= looked.wait()? >= service::retention::slice();
    }
    Ok(more)
}
