//! Outgoing activities: the bytes once, a row for each inbox, kept until it took them.

use std::collections::HashSet;

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::clock::DAY;
use crate::error::Result;
use crate::model::Delivery;

/// How many rows may wait for one server (F-215).
const PER_HOST: i64 = 10_000;

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
    // a server that failed for a week gets a probe a week, until it speaks to us
    let unavailable = super::host::get(tx, host)?.unavailable;
    let due = if unavailable { tx.now() + 7 * DAY } else { tx.now() };
    tx.sql
        .prepare_cached(
            "INSERT INTO delivery (activity_id, inbox, host, due, created_at, first)
             VALUES (?1, ?2, ?3, ?4, ?5, NOT EXISTS (SELECT 1 FROM delivery WHERE inbox = ?2))",
        )?
        .execute(params![activity, inbox, host, due, tx.now()])?;
    Ok(true)
}

/// What is due: of each inbox the first waiting row only, so that order is kept (F-208), and of
/// each server one, so that one with a thousand inboxes does not hide all others (S-018); of
/// servers that lately failed, or of all others. With each, how its server did: `Some(0)` well,
/// `Some(n)` n failures in a row, `None` unknown. What waits behind the first rows costs nothing.
pub fn list_due(conn: &Conn, failing: bool, limit: usize) -> Result<Vec<(Delivery, Option<i64>)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT d.id, d.activity_id, d.inbox, d.host, d.due, d.attempts, d.last_error, d.created_at,
           h.failures FROM delivery d INDEXED BY delivery_first LEFT JOIN host h ON h.name = d.host
         WHERE d.first = 1 AND d.due <= ? AND (ifnull(h.failures, 0) > 0) = ?
         ORDER BY d.due, d.id",
    )?;
    let mut rows = statement.query(params![conn.now(), failing])?;
    let (mut hosts, mut due) = (HashSet::new(), Vec::new());
    while due.len() < limit
        && let Some(row) = rows.next()?
    {
        if hosts.insert(row.get::<_, String>(3)?) {
            due.push((from_row(row)?, row.get(8)?));
        }
    }
    Ok(due)
}

/// Whether something waits behind this for the same inbox.
pub fn is_waited_for(conn: &Conn, delivery: &Delivery) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM delivery WHERE inbox = ? AND id > ? LIMIT 1")?
        .exists(params![delivery.inbox, delivery.id])?)
}

/// Of the `limit` oldest rows those made before `before` for servers that are given up.
pub fn list_stale(conn: &Conn, before: i64, limit: i64) -> Result<Vec<Delivery>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT d.id, d.activity_id, d.inbox, d.host, d.due, d.attempts, d.last_error, d.created_at
         FROM (SELECT * FROM delivery ORDER BY id LIMIT ?2) d CROSS JOIN host h ON h.name = d.host
         WHERE d.created_at < ?1 AND h.unavailable = 1",
    )?;
    let rows = statement.query_map([before, limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether the row still waits to be sent: between a look and its turn it may have been.
pub fn is_due(conn: &Conn, id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM delivery WHERE id = ? AND due <= ? AND first = 1")?
        .exists([id, conn.now()])?)
}

/// When the next row is due, later than `after`.
pub fn next_due(conn: &Conn, after: i64) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT due FROM delivery INDEXED BY delivery_first
                 WHERE first = 1 AND due > ? ORDER BY due LIMIT 1",
            )?
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

/// It arrived, or never will: the row goes, and the bytes with the last one. False when it was
/// taken out of the queue before.
pub fn remove(tx: &Tx<'_>, id: i64) -> Result<bool> {
    Ok(tx.sql.prepare_cached("DELETE FROM delivery WHERE id = ?")?.execute([id])? > 0)
}

/// The bytes of an activity that nobody gets.
pub fn remove_activity(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM activity_out WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// It failed and is tried again at `due`; what waits behind it waits as long.
pub fn postpone(tx: &Tx<'_>, delivery: &Delivery, due: i64, error: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE delivery SET attempts = attempts + 1, last_error = ?, due = ? WHERE id = ?",
        )?
        .execute(params![error, due, delivery.id])?;
    Ok(())
}

/// Nothing of this server is tried before `due` (F-214).
pub fn hold_back(tx: &Tx<'_>, host: &str, due: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE delivery INDEXED BY delivery_first_host SET due = ?2
             WHERE host = ?1 AND first = 1 AND due < ?2",
        )?
        .execute(params![host, due])?;
    Ok(())
}

/// The server answers again: all that waits for it is due now, the first of each inbox and so
/// those behind them. How many inboxes that were.
pub fn hasten(tx: &Tx<'_>, host: &str) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "UPDATE delivery INDEXED BY delivery_first_host SET due = ?1
             WHERE host = ?2 AND first = 1 AND due > ?1",
        )?
        .execute(params![tx.now(), host])?)
}

/// Up to `limit` of what is tried later is due now; how many those were.
pub fn hasten_all(tx: &Tx<'_>, limit: usize) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "UPDATE delivery SET due = ?1 WHERE id IN
               (SELECT id FROM delivery INDEXED BY delivery_first
                WHERE first = 1 AND due > ?1 LIMIT ?2)",
        )?
        .execute(params![tx.now(), limit as i64])?)
}

/// What waits for this inbox and an account does not want to go there any more: all but what ends
/// things, its statuses and what it did with others' (F-216).
pub fn list_unwanted(conn: &Conn, sender: i64, inbox: &str) -> Result<Vec<Delivery>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT d.id, d.activity_id, d.inbox, d.host, d.due, d.attempts, d.last_error, d.created_at
         FROM delivery d CROSS JOIN activity_out a ON a.id = d.activity_id
         WHERE d.inbox = ?2 AND a.sender_id = ?1
           AND json_extract(CAST(a.body AS TEXT), '$.type') NOT IN
             ('Delete', 'Undo', 'Block', 'Reject', 'Flag', 'Move')",
    )?;
    let rows = statement.query_map(params![sender, inbox], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A row as it is shown: what waits behind another waits as long as that.
const SHOWN: &str = "d.id, d.activity_id, d.inbox, d.host, CASE d.first WHEN 1 THEN d.due ELSE
  max(d.due, (SELECT f.due FROM delivery f WHERE f.inbox = d.inbox ORDER BY f.id LIMIT 1)) END,
  d.attempts, d.last_error, d.created_at";

/// What waits, for whom and why, the oldest first.
pub fn list(conn: &Conn, limit: i64) -> Result<Vec<Delivery>> {
    let sql = format!("SELECT {SHOWN} FROM delivery d ORDER BY d.id LIMIT ?");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What waits for one server, the oldest first.
pub fn list_of_host(conn: &Conn, host: &str, limit: i64) -> Result<Vec<Delivery>> {
    let sql = format!("SELECT {SHOWN} FROM delivery d WHERE d.host = ? ORDER BY d.id LIMIT ?");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(params![host, limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whom one activity still waits for.
pub fn list_of_activity(conn: &Conn, activity: i64, limit: i64) -> Result<Vec<Delivery>> {
    let sql = format!("SELECT {SHOWN} FROM delivery d WHERE d.activity_id = ? LIMIT ?");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([activity, limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many rows wait for one server, and when the first of them is tried.
pub fn waiting_for(conn: &Conn, host: &str) -> Result<(i64, Option<i64>)> {
    let waiting = conn
        .sql
        .prepare_cached("SELECT count(*) FROM delivery WHERE host = ?")?
        .query_row([host], |row| row.get(0))?;
    let due = optional(
        conn.sql
            .prepare_cached(
                "SELECT due FROM delivery INDEXED BY delivery_first_host
                 WHERE host = ? AND first = 1 ORDER BY due LIMIT 1",
            )?
            .query_row([host], |row| row.get(0)),
    )?;
    Ok((waiting, due))
}

/// How many rows wait in all.
pub fn count(conn: &Conn) -> Result<i64> {
    Ok(conn.sql.prepare_cached("SELECT count(*) FROM delivery")?.query_row([], |row| row.get(0))?)
}

/// How many rows wait; counting stops at `at_most`.
pub fn count_up_to(conn: &Conn, at_most: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM delivery LIMIT ?)")?
        .query_row([at_most], |row| row.get(0))?)
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
