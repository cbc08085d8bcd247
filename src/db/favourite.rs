//! Favourites.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional, visible};
use crate::error::Result;
use crate::model::Page;

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
    let gone = optional(
        tx.sql
            .prepare_cached(
                "DELETE FROM favourite WHERE account_id = ? AND status_id = ?
                 RETURNING account_id, status_id, uri",
            )?
            .query_row(params![account_id, status_id], from_row),
    )?;
    super::cache_expiry::let_go(tx, status_id)?;
    Ok(gone)
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

/// `(row id, account id)` of those who favourited a status, newest first; paged by the row's id.
/// Without those who block `viewer`, and whom it does not want to see.
pub fn list_accounts(
    conn: &Conn,
    viewer: i64,
    status_id: i64,
    page: &Page,
) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT f.id, f.account_id FROM favourite f
         WHERE f.status_id = :of AND f.held = 0 AND f.id < :below AND f.id > :above AND {}
           AND NOT EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = f.account_id AND b.target_id = :viewer)
         ORDER BY f.id {} LIMIT :limit",
        visible::wanted_account("f.account_id"),
        page.order()
    );
    let args = rusqlite::named_params! {
        ":of": status_id,
        ":viewer": viewer,
        ":now": conn.now(),
        ":below": page.below(),
        ":above": page.above(),
        ":limit": super::most(page),
    };
    rows(conn, &sql, args, page)
}

/// `(row id, status id)` of what an account favourited and may still read, newest first.
pub fn list_statuses(conn: &Conn, account_id: i64, page: &Page) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT f.id, f.status_id FROM favourite f CROSS JOIN status s ON s.id = f.status_id
         WHERE f.account_id = :viewer AND f.id < :below AND f.id > :above AND {}
         ORDER BY f.id {} LIMIT :limit",
        visible::readable("s"),
        page.order()
    );
    let args = rusqlite::named_params! {
        ":viewer": account_id,
        ":below": page.below(),
        ":above": page.above(),
        ":limit": super::most(page),
    };
    rows(conn, &sql, args, page)
}

fn rows(
    conn: &Conn,
    sql: &str,
    args: impl rusqlite::Params,
    page: &Page,
) -> Result<Vec<(i64, i64)>> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let found = statement.query_map(args, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut found: Vec<(i64, i64)> = found.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
