//! Outgoing activities: the bytes once, a row for each inbox, kept until it took them.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::clock::DAY;
use crate::error::Result;
use crate::model::Delivery;

/// How many rows may wait for one server (F-215).
const PER_HOST: i64 = 10_000;

const COLUMNS: &str = "id, activity_id, inbox, host, due, attempts, last_error, created_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        activity_id: row.get(1)?,
        inbox: row.get(2)?,
        host: row.get(3)?,
        due: row.get(4)?,
        attempts: row.get(5)?,
        last_error: row.get(6)?,
        created_at: row.get(7)?,
    })
}

/// Stores the bytes of an activity of a local account.
pub fn insert_activity(tx: &Tx<'_>, sender: i64, body: &[u8]) -> Result<i64> {
    tx.sql
        .prepare_cached("INSERT INTO activity_out (sender_id, body) VALUES (?, ?)")?
        .execute(params![sender, body])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Queues the activity for an inbox, behind what waits for it already. False when the server's
/// queue is full.
pub fn insert(tx: &Tx<'_>, activity: i64, inbox: &str, host: &str) -> Result<bool> {
    let waiting: i64 = tx
        .sql
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM delivery WHERE host = ? LIMIT ?)")?
        .query_row(params![host, PER_HOST], |row| row.get(0))?;
    if waiting >= PER_HOST {
        return Ok(false);
    }
    let behind: Option<i64> = if waiting == 0 {
        None
    } else {
        tx.sql
            .prepare_cached("SELECT max(due) FROM delivery WHERE inbox = ?")?
            .query_row([inbox], |row| row.get(0))?
    };
    // a server that failed for a week gets a probe a week, until it speaks to us
    let unavailable = super::host::get(tx, host)?.unavailable;
    let due = behind.unwrap_or(if unavailable { tx.now() + 7 * DAY } else { tx.now() });
    tx.sql
        .prepare_cached(
            "INSERT INTO delivery (activity_id, inbox, host, due, created_at) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![activity, inbox, host, due.max(tx.now()), tx.now()])?;
    Ok(true)
}

/// What is due: of each inbox the first waiting row only, so that order is kept (F-208); of
/// servers that lately failed, or of all others. With each, how its server did: `Some(0)` well,
/// `Some(n)` n failures in a row, `None` unknown.
pub fn list_due(conn: &Conn, failing: bool, limit: i64) -> Result<Vec<(Delivery, Option<i64>)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT d.id, d.activity_id, d.inbox, d.host, d.due, d.attempts, d.last_error, d.created_at,
           h.failures FROM delivery d LEFT JOIN host h ON h.name = d.host
         WHERE d.due <= ? AND (ifnull(h.failures, 0) > 0) = ?
           AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.inbox = d.inbox AND e.id < d.id)
         ORDER BY d.due, d.id LIMIT ?",
    )?;
    let rows = statement
        .query_map(params![conn.now(), failing, limit], |row| Ok((from_row(row)?, row.get(8)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether the row still waits to be sent: between a look and its turn it may have been.
pub fn is_due(conn: &Conn, id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM delivery WHERE id = ? AND due <= ?")?
        .exists([id, conn.now()])?)
}

/// When the next row is due, later than `after`.
pub fn next_due(conn: &Conn, after: i64) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached("SELECT due FROM delivery WHERE due > ? ORDER BY due LIMIT 1")?
            .query_row([after], |row| row.get(0)),
    )
}

/// The sender and the bytes of an activity.
pub fn find_activity(conn: &Conn, id: i64) -> Result<Option<(i64, Vec<u8>)>> {
    optional(
        conn.sql
            .prepare_cached("SELECT sender_id, body FROM activity_out WHERE id = ?")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?))),
    )
}

/// It arrived, or never will: the row goes, and the bytes with the last one.
pub fn remove(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM delivery WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// The bytes of an activity that nobody gets.
pub fn remove_activity(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM activity_out WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// It failed and is tried again at `due`; what waits behind it waits as long.
pub fn postpone(tx: &Tx<'_>, delivery: &Delivery, due: i64, error: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE delivery SET attempts = attempts + 1, last_error = ? WHERE id = ?")?
        .execute(params![error, delivery.id])?;
    tx.sql
        .prepare_cached("UPDATE delivery SET due = ? WHERE inbox = ?")?
        .execute(params![due, delivery.inbox])?;
    Ok(())
}

/// The server answers again: all that waits for it is due now. How many rows that were.
pub fn hasten(tx: &Tx<'_>, host: &str) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached("UPDATE delivery SET due = ?1 WHERE host = ?2 AND due > ?1")?
        .execute(params![tx.now(), host])?)
}

/// What waits, for whom and why: the soonest due first.
pub fn list(conn: &Conn, limit: i64) -> Result<Vec<Delivery>> {
    let sql = format!("SELECT {COLUMNS} FROM delivery ORDER BY due, id LIMIT ?");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many rows wait in all.
pub fn count(conn: &Conn) -> Result<i64> {
    Ok(conn.sql.prepare_cached("SELECT count(*) FROM delivery")?.query_row([], |row| row.get(0))?)
}

/// The activity of this account that was queued last, if it still waits.
pub fn newest_activity(conn: &Conn, sender: i64) -> Result<Option<i64>> {
    Ok(conn
        .sql
        .prepare_cached("SELECT max(id) FROM activity_out WHERE sender_id = ?")?
        .query_row([sender], |row| row.get(0))?)
}

/// Whether something of this account still waits.
pub fn has_activities_of(conn: &Conn, sender: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM activity_out WHERE sender_id = ? LIMIT 1")?
        .exists([sender])?)
}
