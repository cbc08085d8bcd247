//! What strangers left behind, where there is too much of it: looked at on a reader from new to
//! old, a small slice a look; the writer gets what is to be removed.

use std::collections::HashMap;

use crate::app::App;
use crate::clock::DAY;
use crate::db::crowd;
use crate::db::{Conn, Lane, Tx};
use crate::error::Result;
use crate::service::retention as rules;

/// How many rows one look passes.
const LOOK: i64 = 1000;
/// How many kinds of traces there are.
const KINDS: usize = rules::TRACES.len();

/// Where it stands.
#[derive(Default)]
pub(super) struct Crowd {
    /// The last row that was passed, of accounts with when it was read; `None`: not begun.
    at: Option<(i64, i64)>,
    /// How many rows of strangers were passed, by the person here.
    passed: HashMap<i64, i64>,
    /// What a look found, while it is not removed.
    found: Vec<i64>,
    /// How many accounts are too many.
    too_many: i64,
    /// Whether accounts go that left something.
    deeds: bool,
    /// How many rows there were when all were looked at last, and when that was.
    last: [Option<(i64, i64)>; KINDS],
}

impl Crowd {
    /// The next part begins.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }

    /// One slice of a trace; true when more are to come. All rows are passed once a day, and sooner
    /// if there are many more than before.
    pub(super) fn keep(&mut self, app: &App, kind: usize, now: i64) -> Result<bool> {
        let Some((trace, most)) = rules::TRACES.get(kind).copied() else { return Ok(false) };
        if !self.found.is_empty() {
            self.remove(app, move |tx, ids| trace.remove(tx, ids, rules::TIME))?;
            return Ok(true);
        }
        let Some((below, _)) = self.at else {
            let count = app.db.read(|conn| trace.count(conn))?;
            let is_new = self.last[kind].is_none_or(|(before, at)| {
                count > before + most / 10 || !(at..at + DAY).contains(&now)
            });
            if count <= most || !is_new {
                return Ok(false);
            }
            self.at = Some((i64::MAX, 0));
            return Ok(true);
        };
        let look = app.db.read(|conn| trace.look(conn, below, LOOK))?;
        for (id, whose) in look.left {
            let passed = self.passed.entry(whose).or_default();
            *passed += 1;
            if *passed > most {
                self.found.push(id);
            }
        }
        self.at = look.at.map(|at| (at, 0));
        if self.at.is_none() {
            self.last[kind] = Some((app.db.read(|conn| trace.count(conn))?, now));
        }
        Ok(self.at.is_some())
    }

    /// One slice of accounts; true when more are to come.
    pub(super) fn keep_accounts(&mut self, app: &App) -> Result<bool> {
        let deeds = self.deeds;
        if !self.found.is_empty() {
            self.remove(app, move |tx, ids| crowd::remove_accounts(tx, ids, deeds, rules::TIME))?;
            return Ok(true);
        }
        let after = match self.at {
            Some(at) => at,
            None => {
                self.too_many = app.db.read(crowd::count_accounts)? - rules::MOST_ACCOUNTS;
                (0, 0)
            }
        };
        if self.too_many <= 0 {
            return Ok(false);
        }
        let look = |conn: &Conn| crowd::look_at_accounts(conn, after, deeds, LOOK);
        let (mut found, at) = app.db.read(look)?;
        found.truncate(usize::try_from(self.too_many).unwrap_or(usize::MAX));
        self.too_many -= i64::try_from(found.len()).unwrap_or(0);
        self.found = found;
        if at.is_some() || self.deeds {
            self.at = at.or(Some((i64::MAX, 0)));
            return Ok(at.is_some());
        }
        // all that nothing refers to are gone, and still there are too many
        self.deeds = true;
        self.at = Some((0, 0));
        Ok(true)
    }

    fn remove(
        &mut self,
        app: &App,
        remove: impl FnOnce(&Tx<'_>, &[i64]) -> Result<usize> + Send + 'static,
    ) -> Result<()> {
        let ids = std::mem::take(&mut self.found);
        let (passed, mut ids) =
            app.db.write(Lane::Background, move |tx| Ok((remove(tx, &ids)?, ids))).wait()?;
        self.found = ids.split_off(passed.min(ids.len()));
        Ok(())
    }
}
