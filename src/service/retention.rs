//! What goes for its age: statuses of others that nobody here did anything with, and what is left
//! of their authors then.

use std::time::Duration;

use crate::clock::{DAY, HOUR};
use crate::db::crowd::Trace;
use crate::db::retention::{Age, Look};
use crate::db::space::Ledger;
use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::id;

/// How many statuses one slice of relayed ones looks at: their deletion takes all that hangs on
/// them along, and the longer a slice is, the longer SQLite walks through what it changed before.
const SLICE: i64 = 25;
/// How many rows one look at old ones passes, on a reader.
const LOOK: i64 = 200;
/// How long a slice removes, so that whoever waits for the writer does not wait long.
pub const TIME: Duration = Duration::from_millis(8);
/// The newest statuses of somebody who is followed stay: as many as a profile shows at once.
const RECENT: i64 = 40;
/// An account that nothing here refers to goes when it was not read for so long.
const STRANGERS: i64 = 7 * DAY;
/// What has a reason to stay is looked at again after this time.
const AGAIN: i64 = DAY;
/// How many of those are looked at in one hour.
const SHARE: i64 = 10_000;
/// The largest number of hours whose shares are done at once, after the server stood still.
const MOST_HOURS: i64 = 48;

/// Ledgers that strangers fill, how many rows they may have, and how many go at once (S-022).
/// One server may send 1.7 million activities a day: `seen` then remembers half a day of them. In
/// ordinary times nothing goes before it expires.
pub const LEDGERS: &[(Ledger, i64, i64)] = &[
    (Ledger::Seen, 1_000_000, 500),
    (Ledger::Tombstones, 200_000, 300),
    (Ledger::DeadJobs, 5_000, 50),
];

/// What strangers may leave behind, and how many of the newest stay: notifications and requests of
/// each person here, the others together. More than a person reads in years; full, all of it is
/// about 0.3 GB.
pub const TRACES: &[(Trace, i64)] = &[
    (Trace::Statuses, 50_000),
    (Trace::Notifications, 20_000),
    (Trace::Requests, 10_000),
    (Trace::Favourites, 500_000),
    (Trace::Reactions, 100_000),
    (Trace::Votes, 100_000),
];
/// How many accounts of elsewhere may be here, at about 2.5 kB each. Beyond that those go that
/// nothing refers to, however young, and then those that only left favourites and the like.
pub const MOST_ACCOUNTS: i64 = 100_000;

/// One slice of the statuses that relays brought `days` ago and before, or as many days as the
/// relay itself has. What somebody here needs stays, as any other remote status. Answers how
/// many were looked at; fewer than a slice holds: none are left.
pub fn expire_relayed(tx: &Tx<'_>, days: u32) -> Result<usize> {
    let (mut looked, mut after) = (0, 0);
    while looked < SLICE
        && let Some(relay) = db::relay::next_with_statuses(tx, after)?
    {
        let own = db::relay::find(tx, relay)?.and_then(|relay| relay.filter.days);
        let before = id::from_ms(tx.settled() - i64::from(own.unwrap_or(days)) * DAY);
        let old = db::relay::list_statuses(tx, relay, before, SLICE - looked)?;
        let unneeded = db::retention::list_unneeded(tx, &old)?;
        db::relay::forget_statuses(tx, &old)?;
        db::retention::remove(tx, &unneeded)?;
        looked += i64::try_from(old.len()).unwrap_or(SLICE);
        after = relay;
    }
    Ok(usize::try_from(looked).unwrap_or(0))
}

/// How many [`expire_relayed`] looks at while more are left.
pub const fn slice() -> usize {
    SLICE as usize
}

/// What is old on a server that keeps statuses for `days`.
pub fn age(now: i64, days: usize) -> Age {
    let days = i64::try_from(days).unwrap_or(i64::MAX / DAY);
    Age { since: now.saturating_sub(days.saturating_mul(DAY)).max(0), recent: RECENT }
}

/// Where a walk over all rows of a kind stands, which is kept in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The last row that was passed; `None`: it is at its end.
    pub at: Option<i64>,
    /// When it began.
    pub began: i64,
}

/// What is walked over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What became old since the last look at it, from new to old; every hour.
    New,
    /// What was old already and had a reason to stay, from new to old.
    Old,
    Accounts,
    Tags,
}

impl Way {
    fn key(self) -> &'static str {
        match self {
            Self::New => "retention.new",
            Self::Old => "retention.old",
            Self::Accounts => "retention.accounts",
            Self::Tags => "retention.tags",
        }
    }

    /// How far it came, if it ever began.
    pub fn find(self, conn: &Conn) -> Result<Option<Walk>> {
        let text = db::meta::get(conn, self.key())?.unwrap_or_default();
        let Some((at, began)) = text.split_once(' ') else { return Ok(None) };
        let Ok(began) = began.parse() else { return Ok(None) };
        Ok(Some(Walk { at: at.parse().ok(), began }))
    }

    /// Notes how far it came.
    pub fn keep(self, tx: &Tx<'_>, walk: Walk) -> Result<()> {
        let at = walk.at.map_or("-".into(), |at| at.to_string());
        db::meta::set(tx, self.key(), &format!("{at} {}", walk.began))
    }

    /// Where it goes on if it is on its way, or where a new one starts if it is time for that.
    pub fn go_on(self, conn: &Conn, start: i64) -> Result<Option<Walk>> {
        let now = conn.settled();
        Ok(match self.find(conn)? {
            // one that began later than now did so by a clock that was wrong
            Some(Walk { at: None, began }) if (now - AGAIN + 1..=now).contains(&began) => None,
            Some(Walk { at: Some(at), began }) => Some(Walk { at: Some(at), began }),
            _ => Some(Walk { at: Some(start), began: now }),
        })
    }
}

/// How many rows of each kind are looked at again in this time.
pub fn share(passed: i64) -> i64 {
    (passed / HOUR).clamp(1, MOST_HOURS) * SHARE
}

/// Looks at a few rows of a walk, those of statuses not below `from`; what may go is removed with
/// [`remove`].
pub fn look(conn: &Conn, way: Way, from: i64, at: i64, age: Age) -> Result<Look> {
    match way {
        Way::New | Way::Old => db::retention::look(conn, (from, at), age, LOOK),
        Way::Accounts => db::strangers::look(conn, at, conn.settled() - STRANGERS, LOOK),
        Way::Tags => db::strangers::look_at_tags(conn, at, LOOK),
    }
}

/// Removes what a look found, as much as a slice may; answers how many were passed.
pub fn remove(tx: &Tx<'_>, way: Way, ids: &[i64], age: Age) -> Result<usize> {
    match way {
        Way::New | Way::Old => Ok(db::retention::remove_old(tx, ids, age, TIME)?.0),
        Way::Accounts => db::strangers::remove(tx, ids, tx.settled() - STRANGERS, TIME),
        Way::Tags => db::strangers::remove_tags(tx, ids, TIME),
    }
}
