//! Which statuses of others nobody here needs: the one question that everything asks before it
//! removes a remote status for its age.

use std::time::{Duration, Instant};

use rusqlite::{named_params, params};

use super::{Conn, Tx, json_ids};
use crate::clock::DAY;
use crate::error::Result;
use crate::id;

/// Conditions under which a remote status `s` stays, whatever its age: somebody here wrote in its
/// thread, marked, boosted, filtered it or reacted to it, voted in it, was told of it or is
/// addressed by it. Beside these stand [`PLANNED`].
const WANTED: &str = "
  s.local = 1
  OR EXISTS (SELECT 1 FROM favourite x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM bookmark x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM reaction x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM status x INDEXED BY status_boosted_here
             WHERE x.reblog_of_id = s.id AND x.local = 1)
  OR EXISTS (SELECT 1 FROM status x INDEXED BY status_thread_local
             WHERE x.thread_id = s.thread_id AND x.local = 1)
  OR EXISTS (SELECT 1 FROM mention x JOIN user u ON u.account_id = x.account_id
             WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM notification x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM conversation x WHERE x.last_status_id = s.id)
  OR EXISTS (SELECT 1 FROM poll_vote x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM interaction x WHERE x.target_id = s.id)
  OR EXISTS (SELECT 1 FROM filter_status x WHERE x.status_id = s.id)";

/// It stands in a report that is not settled, or a scheduled status answers or quotes it.
pub(super) const PLANNED: &str = "
  EXISTS (SELECT 1 FROM report x JOIN json_each(x.status_ids) j
             WHERE x.target_id = s.account_id AND x.action_taken_at IS NULL
               AND CAST(j.value AS INTEGER) = s.id)
  OR s.id IN (SELECT CAST(j.value AS INTEGER)
              FROM user u CROSS JOIN scheduled_status x ON x.account_id = u.account_id
              CROSS JOIN json_each(x.params) j
              WHERE j.key IN ('in_reply_to_id', 'quoted_status_id') AND j.value IS NOT NULL)";

/// Further ones of what a relay brought: its author is followed or is being asked to be, or
/// somebody answered it who is; it is pinned, boosted or quoted; or so many answers hang on it that
/// they have to go before it does.
const RELAYED: &str = "
  EXISTS (SELECT 1 FROM follow x WHERE x.target_id = s.account_id)
  OR EXISTS (SELECT 1 FROM pin x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM status x WHERE x.reblog_of_id = s.id)
  OR EXISTS (SELECT 1 FROM quote x WHERE x.quoted_id = s.id)
  OR EXISTS (SELECT 1 FROM status x CROSS JOIN follow f ON f.target_id = x.account_id
             WHERE x.in_reply_to_id = s.id)
  OR (SELECT count(*) FROM (SELECT 1 FROM status x WHERE x.in_reply_to_id = s.id LIMIT 21)) > 20";

/// Further ones of any old status: it stands in a home timeline or in a list; it is one of the
/// `:recent` newest of somebody who is followed; it is pinned to a profile that somebody here
/// follows or lately looked at; it boosts a status of here; or it was fetched since `:since`.
const OLD: &str = "
  EXISTS (SELECT 1 FROM timeline_entry x WHERE x.status_id = s.id)
  OR (EXISTS (SELECT 1 FROM follow x WHERE x.target_id = s.account_id)
      AND (SELECT count(*) FROM (SELECT 1 FROM status x
             WHERE x.account_id = s.account_id AND x.id > s.id LIMIT :recent)) < :recent)
  OR (EXISTS (SELECT 1 FROM pin x WHERE x.status_id = s.id)
      AND (EXISTS (SELECT 1 FROM follow x WHERE x.target_id = s.account_id)
        OR EXISTS (SELECT 1 FROM account x WHERE x.id = s.account_id AND x.fetched_at >= :since)))
  OR EXISTS (SELECT 1 FROM status x WHERE x.id = s.reblog_of_id AND x.local = 1)
  OR EXISTS (SELECT 1 FROM late_status x WHERE x.status_id = s.id AND x.stored_at >= :since)";

/// Something newer leads to it: an answer, a boost or a quote that is here. Whoever goes from new
/// to old finds that gone first, so that no thread is torn.
const LEADS_TO_IT: &str = "
  EXISTS (SELECT 1 FROM status x WHERE x.in_reply_to_id = s.id)
  OR EXISTS (SELECT 1 FROM status x WHERE x.reblog_of_id = s.id)
  OR EXISTS (SELECT 1 FROM quote x WHERE x.quoted_id = s.id)";

/// Those of `ids`, which relays brought, that nobody here needs.
pub fn list_unneeded(conn: &Conn, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT s.id FROM json_each(?) i CROSS JOIN status s ON s.id = i.value
         WHERE NOT ({WANTED} OR {PLANNED} OR {RELAYED})"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(ids)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What is old, and what of it stays with those who are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// What was stored since then stays, in milliseconds since 1970.
    pub since: i64,
    /// How many of the newest statuses of somebody who is followed stay.
    pub recent: i64,
}

/// A look at some rows on the way over all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// How many were looked at: of statuses, those of others.
    pub looked: usize,
    /// Those of them that may go, in the order of the way; statuses once nothing leads to them.
    pub unneeded: Vec<i64>,
    /// The last one that was passed; `None`: none are left.
    pub at: Option<i64>,
}

/// Looks, from new to old, at up to `limit` statuses below `below` and not below `from`.
pub fn look(conn: &Conn, (from, below): (i64, i64), age: Age, limit: i64) -> Result<Look> {
    let mut look = Look::default();
    let mut ids = Vec::new();
    {
        let mut statement = conn.sql.prepare_cached(
            "SELECT id, local FROM status WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?",
        )?;
        let rows = statement.query_map([below, from, limit], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
        })?;
        for row in rows {
            let (id, local) = row?;
            look.at = Some(id);
            if !local {
                ids.push(id);
            }
        }
    }
    look.looked = ids.len();
    let sql = format!(
        "SELECT s.id FROM json_each(:ids) i CROSS JOIN status s ON s.id = i.value
         WHERE NOT ({WANTED} OR {PLANNED} OR {OLD})"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let args = named_params! {
        ":ids": json_ids(&ids), ":since": age.since, ":recent": age.recent,
    };
    let rows = statement.query_map(args, |row| row.get(0))?;
    look.unneeded = rows.collect::<rusqlite::Result<_>>()?;
    look.unneeded.sort_unstable_by(|a, b| b.cmp(a));
    Ok(look)
}

/// Removes those of `ids`, in this order, that nobody needs (any more) and that nothing leads to,
/// until the time is over. Answers how many were passed and how many of them went.
pub fn remove_old(tx: &Tx<'_>, ids: &[i64], age: Age, time: Duration) -> Result<(usize, usize)> {
    let (began, mut gone) = (Instant::now(), 0);
    let sql = format!(
        "SELECT 1 FROM status s WHERE s.id = :id AND NOT ({LEADS_TO_IT} OR {OLD} OR {WANTED} OR {PLANNED})"
    );
    let mut is_unneeded = tx.sql.prepare_cached(&sql)?;
    for (passed, id) in ids.iter().enumerate() {
        if passed > 0 && began.elapsed() >= time {
            return Ok((passed, gone));
        }
        let args = named_params! {":id": id, ":since": age.since, ":recent": age.recent};
        if is_unneeded.exists(args)? {
            remove(tx, &[*id])?;
            gone += 1;
        }
    }
    Ok((ids.len(), gone))
}

/// Removes statuses with all that hangs on them. Nobody is told: they may be fetched again, and
/// answers to them that stay wait for that.
pub fn remove(tx: &Tx<'_>, ids: &[i64]) -> Result<()> {
    let mut part = tx.sql.prepare_cached(
        "UPDATE status SET in_reply_to_id = NULL,
           in_reply_to_uri = (SELECT p.uri FROM status p WHERE p.id = ?1),
           in_reply_to_account_id = iif(in_reply_to_account_id = account_id, account_id, NULL)
         WHERE in_reply_to_id = ?1",
    )?;
    let mut delete = tx.sql.prepare_cached("DELETE FROM status WHERE id = ?")?;
    for id in ids {
        part.execute([id])?;
        delete.execute([id])?;
    }
    Ok(())
}

/// Notes that a status of others came long after it was written: its age here counts from now.
pub(super) fn note_late(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    if id::to_ms(status_id) < tx.now() - DAY {
        tx.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO late_status (status_id, stored_at) VALUES (?, ?)",
            )?
            .execute(params![status_id, tx.now()])?;
    }
    Ok(())
}
