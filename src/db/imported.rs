//! Where posts were before they came here in an archive.

use rusqlite::params;

use super::{Conn, Tx, json_ids, optional};
use crate::error::Result;

/// What is known of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Where it was.
    pub uri: String,
    /// `None`: it was deleted here since.
    pub status_id: Option<i64>,
}

/// Remembers where a status was.
pub fn insert(tx: &Tx<'_>, account_id: i64, uri: &str, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT INTO imported (uri, account_id, status_id) VALUES (?, ?, ?)")?
        .execute(params![uri, account_id, status_id])?;
    Ok(())
}

/// Whether the account took this one in, deleted since or not.
pub fn is_known(conn: &Conn, account_id: i64, uri: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM imported WHERE uri = ? AND account_id = ?")?
        .exists(params![uri, account_id])?)
}

/// The status that was at this address; of several accounts' the first one's.
pub fn find_status(conn: &Conn, uri: &str) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT status_id FROM imported WHERE uri = ? AND status_id IS NOT NULL
                 ORDER BY account_id LIMIT 1",
            )?
            .query_row([uri], |row| row.get(0)),
    )
}

/// How many posts the account took in that are here still.
pub fn count(conn: &Conn, account_id: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM imported WHERE account_id = ? AND status_id IS NOT NULL",
        )?
        .query_row([account_id], |row| row.get(0))?)
}

/// Up to `limit` posts that the account took in, the newest first: answers go before what they
/// answer. Those that were deleted since come last.
pub fn list(conn: &Conn, account_id: i64, limit: i64) -> Result<Vec<Imported>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT uri, status_id FROM imported WHERE account_id = ?
         ORDER BY status_id DESC LIMIT ?",
    )?;
    let rows = statement.query_map([account_id, limit], |row| {
        Ok(Imported { uri: row.get(0)?, status_id: row.get(1)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets where one was.
pub fn remove(tx: &Tx<'_>, account_id: i64, uri: &str) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM imported WHERE uri = ? AND account_id = ?")?
        .execute(params![uri, account_id])?;
    Ok(())
}

/// Those of `ids` that came in an archive.
pub fn among(conn: &Conn, ids: &[i64]) -> Result<Vec<i64>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = conn.sql.prepare_cached(
        "SELECT status_id FROM imported WHERE status_id IN (SELECT value FROM json_each(?))",
    )?;
    let rows = statement.query_map([json_ids(ids)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
