//! Statuses that an account shows first on its profile.

use rusqlite::{named_params, params};

use super::{Conn, Tx, visible};
use crate::error::Result;

/// Pins a status; false when it was pinned.
pub fn insert(tx: &Tx<'_>, account_id: i64, status_id: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO pin (account_id, status_id, created_at) VALUES (?, ?, ?)",
        )?
        .execute(params![account_id, status_id, tx.now()])?
        > 0)
}

/// Takes a pin away; false when there was none.
pub fn remove(tx: &Tx<'_>, account_id: i64, status_id: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("DELETE FROM pin WHERE account_id = ? AND status_id = ?")?
        .execute([account_id, status_id])?
        > 0)
}

/// How many an account has.
pub fn count(conn: &Conn, account_id: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM pin WHERE account_id = ?")?
        .query_row([account_id], |row| row.get(0))?)
}

/// Ids of an account's pinned statuses that `viewer` may read, the latest pin first.
pub fn list(conn: &Conn, viewer: i64, account_id: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT p.status_id FROM pin p CROSS JOIN status s ON s.id = p.status_id
         WHERE p.account_id = :account AND {} ORDER BY p.id DESC LIMIT :limit",
        visible::readable("s")
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":account": account_id, ":viewer": viewer, ":limit": limit, ":now": conn.now(),
        },
        |row| row.get(0),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
