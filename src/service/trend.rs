//! What is much talked about. The lists are made anew by housekeeping, from the newest public
//! statuses that are here; a request only reads them.

use crate::clock::{DAY, HOUR};
use crate::db::trend::{self, Candidate, Kind};
use crate::db::{Conn, Tx};
use crate::error::Result;

use super::card;

/// How far back tags and links are counted, and statuses looked at.
const RECENT: i64 = 2 * DAY;
const STATUSES: i64 = 7 * DAY;
/// One person's habit is no trend: so many different ones make one.
const PEOPLE: i64 = 2;
/// How many favourites and boosts make a status one.
const MARKS: i64 = 2;
/// How long the lists are.
const KEEP: usize = 100;
/// How many statuses are weighed against each other.
const WEIGHED: i64 = 500;

/// The lists in their order.
#[derive(Debug)]
pub struct Trends {
    tags: Vec<i64>,
    statuses: Vec<i64>,
    cards: Vec<i64>,
}

/// Reckons the lists.
pub fn reckon(conn: &Conn) -> Result<Trends> {
    let (now, most) = (conn.now(), i64::try_from(KEEP).unwrap_or(100));
    let mut statuses = trend::count_statuses(conn, now - STATUSES, MARKS, WEIGHED)?;
    statuses.sort_by(|a, b| weight(b, now).total_cmp(&weight(a, now)).then(b.id.cmp(&a.id)));
    statuses.truncate(KEEP);
    Ok(Trends {
        tags: trend::count_tags(conn, now - RECENT, PEOPLE, most)?,
        statuses: statuses.into_iter().map(|one| one.id).collect(),
        cards: trend::count_cards(conn, now - RECENT, PEOPLE, most)?,
    })
}

/// Marks count less as a status grows old.
#[allow(clippy::cast_precision_loss)]
fn weight(one: &Candidate, now: i64) -> f64 {
    let hours = (now - one.created_at).max(0) as f64 / HOUR as f64;
    one.marks as f64 / (hours + 2.0).powf(1.5)
}

/// Keeps the lists, and has the pages fetched that stand in front and nobody looked at yet.
pub fn keep(tx: &Tx<'_>, trends: &Trends) -> Result<()> {
    trend::replace(tx, Kind::Tags, &trends.tags)?;
    trend::replace(tx, Kind::Statuses, &trends.statuses)?;
    trend::replace(tx, Kind::Cards, &trends.cards)?;
    let first = usize::try_from(card::AT_ONCE).unwrap_or(10).min(trends.cards.len());
    card::want(tx, trends.cards.get(..first).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_outweighs_what_is_old() {
        let one = |hours: i64, marks| Candidate { id: 1, created_at: -hours * HOUR, marks };
        assert!(weight(&one(1, 5), 0) > weight(&one(48, 50), 0));
        assert!(weight(&one(1, 6), 0) > weight(&one(1, 5), 0));
        // a clock that stepped back
        assert!(weight(&one(-5, 5), 0).is_finite());
    }
}
