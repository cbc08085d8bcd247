//! What goes for its age: statuses that relays brought and nobody here did anything with.

use crate::clock::DAY;
use crate::db::{self, Tx};
use crate::error::Result;
use crate::id;

/// How many statuses one slice looks at: their deletion takes all that hangs on them along.
const SLICE: i64 = 50;

/// One slice of the statuses that relays brought `days` ago and before, or as many days as the
/// relay itself has. What somebody here needs stays, as any other remote status. Answers how
/// many were looked at; fewer than a slice holds: none are left.
pub fn expire_relayed(tx: &Tx<'_>, days: u32) -> Result<usize> {
    let (mut looked, mut after) = (0, 0);
    while looked < SLICE
        && let Some(relay) = db::relay::next_with_statuses(tx, after)?
    {
        let own = db::relay::find(tx, relay)?.and_then(|relay| relay.filter.days);
        let before = id::from_ms(tx.now() - i64::from(own.unwrap_or(days)) * DAY);
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
