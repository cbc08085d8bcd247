//! Statuses that wait for their time.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::clock::DAY;
use crate::error::{Error, Result};
use crate::model::Page;

/// A status that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledStatus {
    pub id: i64,
    pub account_id: i64,
    pub due: i64,
    /// JSON.
    pub params: String,
    /// Why it could not be published at its time.
    pub failed: Option<String>,
}

const COLUMNS: &str = "id, account_id, due, params, failed";

fn from_row(row: &Row<'_>) -> rusqlite::Result<ScheduledStatus> {
    Ok(ScheduledStatus {
        id: row.get(0)?,
        account_id: row.get(1)?,
        due: row.get(2)?,
        params: row.get(3)?,
        failed: row.get(4)?,
    })
}

/// Stores one; answers its id.
pub fn insert(
    tx: &Tx<'_>,
    account_id: i64,
    due: i64,
    params: &str,
    idempotency_key: Option<&str>,
) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO scheduled_status (account_id, due, params, idempotency_key, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![account_id, due, params, idempotency_key, tx.now()])?;
    Ok(tx.sql.last_insert_rowid())
}

/// By id, whoever wrote it.
pub fn find(conn: &Conn, id: i64) -> Result<Option<ScheduledStatus>> {
    let sql = format!("SELECT {COLUMNS} FROM scheduled_status WHERE id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))
}

/// One of the account's own; another's is absent (S-082).
pub fn get(conn: &Conn, account_id: i64, id: i64) -> Result<ScheduledStatus> {
    find(conn, id)?.filter(|one| one.account_id == account_id).ok_or(Error::NotFound)
}

/// The one that this key made since `since`.
pub fn find_by_key(
    conn: &Conn,
    account_id: i64,
    key: &str,
    since: i64,
) -> Result<Option<ScheduledStatus>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM scheduled_status
         WHERE account_id = ? AND idempotency_key = ? AND created_at > ? LIMIT 1"
    );
    optional(conn.sql.prepare_cached(&sql)?.query_row(params![account_id, key, since], from_row))
}

/// A page of the account's.
pub fn list(conn: &Conn, account_id: i64, page: &Page) -> Result<Vec<ScheduledStatus>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM scheduled_status WHERE account_id = ? AND id < ? AND id > ?
         ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let args = params![account_id, page.below(), page.above(), super::most(page)];
    let rows = statement.query_map(args, from_row)?;
    let mut found: Vec<ScheduledStatus> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// How many the account has, in all and on the day of `due`, `except` not counted.
pub fn count(conn: &Conn, account_id: i64, due: i64, except: i64) -> Result<(i64, i64)> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE due >= ?2 AND due < ?2 + ?3)
             FROM scheduled_status WHERE account_id = ?1 AND id <> ?4",
        )?
        .query_row(params![account_id, due - due.rem_euclid(DAY), DAY, except], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?)
}

/// Gives it another time.
pub fn set_due(tx: &Tx<'_>, id: i64, due: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE scheduled_status SET due = ?, failed = NULL WHERE id = ?")?
        .execute([due, id])?;
    Ok(())
}

/// It could not be published.
pub fn set_failed(tx: &Tx<'_>, id: i64, why: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE scheduled_status SET failed = ? WHERE id = ?")?
        .execute(params![why, id])?;
    Ok(())
}

/// It is published, or not wanted any more.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM scheduled_status WHERE id = ?")?.execute([id])?;
    Ok(())
}
