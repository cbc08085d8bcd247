//! What is noted about reading other servers' collections: threads, and what actors claim.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;

/// Numbers that an actor's server tells of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    pub statuses: Option<u64>,
    pub followers: Option<u64>,
    pub following: Option<u64>,
}

/// No account has more of anything; a larger number is nonsense.
const MOST: u64 = 1_000_000_000;

/// Notes what is claimed; what is not told stays as it was.
pub fn set_claims(tx: &Tx<'_>, account_id: i64, claims: &Claims) -> Result<()> {
    let number = |n: Option<u64>| n.filter(|n| *n <= MOST).and_then(|n| i64::try_from(n).ok());
    tx.sql
        .prepare_cached(
            "UPDATE account SET claimed_statuses = ifnull(?, claimed_statuses),
               claimed_followers = ifnull(?, claimed_followers),
               claimed_following = ifnull(?, claimed_following)
             WHERE id = ? AND domain IS NOT NULL",
        )?
        .execute(params![
            number(claims.statuses),
            number(claims.followers),
            number(claims.following),
            account_id
        ])?;
    Ok(())
}

/// Since when its server denies the account, `None` for no longer; how long it did so before.
pub fn set_stale(tx: &Tx<'_>, account_id: i64, stale: bool) -> Result<i64> {
    let since: Option<i64> = optional(
        tx.sql
            .prepare_cached("SELECT stale_since FROM account WHERE id = ?")?
            .query_row([account_id], |row| row.get(0)),
    )?
    .flatten();
    let now = stale.then(|| since.unwrap_or(tx.now()));
    if now != since {
        tx.sql
            .prepare_cached("UPDATE account SET stale_since = ? WHERE id = ?")?
            .execute(params![now, account_id])?;
    }
    Ok(since.map_or(0, |since| tx.now() - since))
}

/// The pins of an account, the first one shown first.
pub fn replace_pins(tx: &Tx<'_>, account_id: i64, statuses: &[i64]) -> Result<()> {
    let known: Vec<i64> = {
        let mut statement = tx
            .sql
            .prepare_cached("SELECT status_id FROM pin WHERE account_id = ? ORDER BY id DESC")?;
        let rows = statement.query_map([account_id], |row| row.get(0))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    if known == statuses {
        return Ok(());
    }
    tx.sql.prepare_cached("DELETE FROM pin WHERE account_id = ?")?.execute([account_id])?;
    for status in statuses.iter().rev() {
        super::pin::insert(tx, account_id, *status)?;
    }
    Ok(())
}

/// How far the reading of a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadRead {
    pub started_at: i64,
    pub done: bool,
    /// How many statuses it brought.
    pub found: i64,
}

/// The last reading of the replies to a status.
pub fn find_thread(conn: &Conn, status_id: i64) -> Result<Option<ThreadRead>> {
    optional(
        conn.sql
            .prepare_cached("SELECT started_at, done, found FROM thread_read WHERE status_id = ?")?
            .query_row([status_id], |row| {
                Ok(ThreadRead { started_at: row.get(0)?, done: row.get(1)?, found: row.get(2)? })
            }),
    )
}

/// A reading begins.
pub fn start_thread(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT OR REPLACE INTO thread_read (status_id, started_at) VALUES (?, ?)")?
        .execute(params![status_id, tx.now()])?;
    Ok(())
}

/// A reading brought one more status.
pub fn count_thread(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE thread_read SET found = found + 1 WHERE status_id = ?")?
        .execute([status_id])?;
    Ok(())
}

/// A reading is over.
pub fn end_thread(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE thread_read SET done = 1 WHERE status_id = ?")?
        .execute([status_id])?;
    Ok(())
}

/// Forgets readings that began before `before`.
pub fn expire_threads(tx: &Tx<'_>, before: i64, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM thread_read WHERE status_id IN
               (SELECT status_id FROM thread_read WHERE started_at < ? LIMIT ?)",
        )?
        .execute(params![before, limit])?)
}

/// Whether an account of this domain is known.
pub fn knows_domain(conn: &Conn, domain: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM account WHERE domain = ? LIMIT 1")?
        .exists([domain])?)
}

/// URIs of the open replies to a status, `(id, URI)`: those of its author to itself, or those of
/// others; oldest first (F-241).
pub fn list_replies(
    conn: &Conn,
    status_id: i64,
    own: bool,
    above: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>> {
    let whose = if own {
        "s.in_reply_to_account_id = s.account_id"
    } else {
        "s.in_reply_to_account_id <> s.account_id"
    };
    let index = if own { "status_own_reply" } else { "status_parent" };
    let sql = format!(
        "SELECT s.id, s.uri FROM status s INDEXED BY {index} WHERE s.in_reply_to_id = :id AND {whose}
         AND s.id > :above AND s.visibility < 2 AND {} ORDER BY s.id LIMIT :limit",
        super::visible::readable("s")
    );
    uris(conn, &sql, status_id, above, limit)
}

/// URIs of the open statuses of a thread, oldest first (F-243).
pub fn list_thread(
    conn: &Conn,
    thread_id: i64,
    above: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>> {
    let sql = format!(
        "SELECT s.id, s.uri FROM status s INDEXED BY status_thread WHERE s.thread_id = :id
         AND s.id > :above AND s.visibility < 2 AND s.reblog_of_id IS NULL AND {}
         ORDER BY s.id LIMIT :limit",
        super::visible::readable("s")
    );
    uris(conn, &sql, thread_id, above, limit)
}

fn uris(conn: &Conn, sql: &str, id: i64, above: i64, limit: i64) -> Result<Vec<(i64, String)>> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let rows = statement.query_map(
        rusqlite::named_params! {
            ":id": id, ":above": above, ":limit": limit, ":viewer": 0, ":now": conn.now(),
        },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The topmost status above this one that is here; itself, where nothing is.
pub fn find_top(conn: &Conn, status_id: i64) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached(
                "WITH RECURSIVE up(id, depth) AS (
                   SELECT ?, 0
                   UNION
                   SELECT s.in_reply_to_id, up.depth + 1 FROM up JOIN status s ON s.id = up.id
                     WHERE s.in_reply_to_id IS NOT NULL AND up.depth < 1000)
                 SELECT id FROM up ORDER BY depth DESC LIMIT 1",
            )?
            .query_row([status_id], |row| row.get(0)),
    )
}
