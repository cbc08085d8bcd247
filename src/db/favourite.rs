//! Favourites.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;

/// A favourite as it is stored.
#[derive(Clone, Debug)]
pub struct Favourite {
    pub account_id: i64,
    pub status_id: i64,
    /// The Like activity's id.
    pub uri: Option<String>,
}

/// Stores one; false when it was there (its URI is the newer one then).
pub fn insert(tx: &Tx<'_>, account_id: i64, status_id: i64, uri: Option<&str>) -> Result<bool> {
    let changed = tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO favourite (account_id, status_id, uri, created_at)
             VALUES (?, ?, ?, ?)",
        )?
        .execute(params![account_id, status_id, uri, tx.now()])?;
    if changed == 0 {
        tx.sql
            .prepare_cached(
                "UPDATE favourite SET uri = ifnull(?, uri) WHERE account_id = ? AND status_id = ?",
            )?
            .execute(params![uri, account_id, status_id])?;
    }
    Ok(changed > 0)
}

/// Removes one and answers what it was.
pub fn remove(tx: &Tx<'_>, account_id: i64, status_id: i64) -> Result<Option<Favourite>> {
    optional(
        tx.sql
            .prepare_cached(
                "DELETE FROM favourite WHERE account_id = ? AND status_id = ?
                 RETURNING account_id, status_id, uri",
            )?
            .query_row(params![account_id, status_id], from_row),
    )
}

/// The account's favourite of a status.
pub fn find(conn: &Conn, account_id: i64, status_id: i64) -> Result<Option<Favourite>> {
    one(conn, "account_id = ? AND status_id = ?", params![account_id, status_id])
}

/// By the id of the Like activity (an Undo may name nothing else, F-173).
pub fn find_by_uri(conn: &Conn, uri: &str) -> Result<Option<Favourite>> {
    one(conn, "uri = ?", params![uri])
}

fn one(conn: &Conn, condition: &str, args: impl rusqlite::Params) -> Result<Option<Favourite>> {
    let sql = format!("SELECT account_id, status_id, uri FROM favourite WHERE {condition} LIMIT 1");
    optional(conn.sql.prepare_cached(&sql)?.query_row(args, from_row))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Favourite> {
    Ok(Favourite { account_id: row.get(0)?, status_id: row.get(1)?, uri: row.get(2)? })
}
