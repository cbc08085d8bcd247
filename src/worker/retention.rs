//! What is old goes, a small slice a look: once an hour what became old since, and once a day, in
//! hourly shares, what had a reason to stay. What is looked at is looked at on a reader; the writer
//! gets what is to be removed.

use crate::app::App;
use crate::db::{self, Lane};
use crate::error::Result;
use crate::id;
use crate::service::retention::{self as rules, Walk, Way};

use super::crowd::Crowd;

/// How many slices the word indexes are given in an hour.
const MOST_MERGES: i64 = 2_000;
/// How far beyond its end a ledger is counted, and how much of it goes in an hour at the most.
const BEYOND: i64 = 200_000;

/// What an hour's work consists of, in this order.
#[derive(Clone, Copy)]
enum Part {
    Walk(Way),
    /// One of [`rules::TRACES`].
    Trace(usize),
    Accounts,
    /// One of [`rules::LEDGERS`].
    Ledger(usize),
    Words,
    Pages,
}

const PARTS: &[Part] = &[
    Part::Walk(Way::New),
    Part::Walk(Way::Old),
    Part::Trace(0),
    Part::Trace(1),
    Part::Trace(2),
    Part::Trace(3),
    Part::Trace(4),
    Part::Trace(5),
    Part::Accounts,
    Part::Walk(Way::Accounts),
    Part::Walk(Way::Tags),
    Part::Ledger(0),
    Part::Ledger(1),
    Part::Ledger(2),
    Part::Words,
    Part::Pages,
];

/// Where it stands.
#[derive(Default)]
pub(super) struct Retention {
    part: usize,
    /// The walk that is under way, and the status before which it ends.
    walk: Option<(Walk, i64)>,
    /// What a look found, while it is not removed.
    found: Vec<i64>,
    /// How much is left to do of a part, once that is known.
    left: Option<i64>,
    crowd: Crowd,
    /// When the last hour's work began, since the start of the program.
    last: Option<i64>,
}

impl Retention {
    /// One slice of the work of the hour that began at `since`; true when more are to come.
    pub(super) fn keep(&mut self, app: &App, since: i64) -> Result<bool> {
        let Some(part) = PARTS.get(self.part) else {
            self.part = 0;
            self.last = Some(since);
            return Ok(false);
        };
        let more = match *part {
            Part::Walk(way) => self.walk(app, way, since),
            Part::Trace(trace) => self.crowd.keep(app, trace, since),
            Part::Accounts => self.crowd.keep_accounts(app),
            Part::Ledger(ledger) => self.shorten(app, ledger),
            Part::Words => self.merge_words(app),
            Part::Pages => {
                let more = app.db.write(Lane::Background, |tx| db::space::vacuum(tx, rules::TIME));
                more.wait()
            }
        };
        // a part that fails must not keep the others, and the queues, waiting for it
        let more = more.unwrap_or_else(|error| {
            tracing::error!(%error, part = self.part, "a part of what is old could not be removed");
            false
        });
        if !more {
            self.part += 1;
            self.crowd.begin_anew();
            self.walk = None;
            self.found.clear();
            self.left = None;
        }
        Ok(true)
    }

    fn walk(&mut self, app: &App, way: Way, since: i64) -> Result<bool> {
        let age = rules::age(since, app.config.federation.remote_status_days);
        if !self.found.is_empty() {
            let ids = std::mem::take(&mut self.found);
            let (passed, mut ids) = app
                .db
                .write(Lane::Background, move |tx| Ok((rules::remove(tx, way, &ids, age)?, ids)))
                .wait()?;
            self.found = ids.split_off(passed.min(ids.len()));
            return Ok(true);
        }
        let Some((mut walk, from)) = self.walk else {
            self.walk = begin(app, way, since)?;
            return Ok(self.walk.is_some());
        };
        let left = self.left.unwrap_or_else(|| match way {
            // what became old is looked at the same hour, however much it is
            Way::New => i64::MAX,
            _ => rules::share(since - self.last.unwrap_or(since)),
        });
        let Some(at) = walk.at.filter(|_| left > 0) else {
            end(app, way, walk, since)?;
            return Ok(false);
        };
        let look = app.db.read(|conn| rules::look(conn, way, from, at, age))?;
        // what goes is not looked at again, and counts for nothing
        let kept = i64::try_from(look.looked - look.unneeded.len()).unwrap_or(left);
        self.left = Some(left.saturating_sub(kept));
        walk.at = look.at;
        self.walk = Some((walk, from));
        self.found = look.unneeded;
        Ok(true)
    }

    fn shorten(&mut self, app: &App, ledger: usize) -> Result<bool> {
        let Some((ledger, most, slice)) = rules::LEDGERS.get(ledger).copied() else {
            return Ok(false);
        };
        let left = match self.left {
            Some(left) => left,
            None => app.db.read(|conn| ledger.count(conn, most + BEYOND))? - most,
        };
        if left <= 0 {
            return Ok(false);
        }
        let limit = slice.min(left);
        app.db.write(Lane::Background, move |tx| ledger.remove_oldest(tx, limit)).wait()?;
        self.left = Some(left - limit);
        Ok(true)
    }

    fn merge_words(&mut self, app: &App) -> Result<bool> {
        let left = self.left.unwrap_or(MOST_MERGES) - 1;
        self.left = Some(left);
        let more = app.db.write(Lane::Background, db::space::merge_words).wait()?;
        Ok(more && left > 0)
    }
}

/// Where a walk goes on, and before which status it ends; `None`: there is nothing to do now.
fn begin(app: &App, way: Way, since: i64) -> Result<Option<(Walk, i64)>> {
    let days = app.config.federation.remote_status_days;
    let is_of_statuses = matches!(way, Way::New | Way::Old);
    if is_of_statuses && days == 0 {
        return Ok(None);
    }
    let before = id::from_ms(rules::age(since, days).since);
    app.db.read(|conn| {
        let passed = Way::New.find(conn)?.and_then(|walk| walk.at).unwrap_or(0);
        match way {
            Way::New => {
                let walk = Walk { at: Some(before), began: since };
                Ok((before > passed).then_some((walk, passed)))
            }
            Way::Old => {
                let walk = way.go_on(conn, passed)?;
                // with more days than before, what is young again is left alone
                Ok(walk.map(|walk| (Walk { at: walk.at.map(|at| at.min(before)), ..walk }, 0)))
            }
            Way::Accounts | Way::Tags => Ok(way.go_on(conn, 0)?.map(|walk| (walk, 0))),
        }
    })
}

/// Notes how far a walk came.
fn end(app: &App, way: Way, walk: Walk, since: i64) -> Result<()> {
    let before = id::from_ms(rules::age(since, app.config.federation.remote_status_days).since);
    let kept = app.db.write(Lane::Background, move |tx| {
        if way != Way::New {
            return way.keep(tx, walk);
        }
        way.keep(tx, Walk { at: Some(before), ..walk })?;
        // the first time everything was looked at
        if Way::Old.find(tx)?.is_none() {
            Way::Old.keep(tx, Walk { at: None, began: walk.began })?;
        }
        Ok(())
    });
    kept.wait()
}
