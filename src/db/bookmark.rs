//! Bookmarks: what a reader keeps for itself.

use rusqlite::{named_params, params};

use super::{Conn, Tx, visible};
use crate::error::Result;
use crate::model::Page;

/// Stores one; false when it was there.
pub fn insert(tx: &Tx<'_>, account_id: i64, status_id: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO bookmark (account_id, status_id, created_at) VALUES (?, ?, ?)",
        )?
        .execute(params![account_id, status_id, tx.now()])?
        > 0)
}

/// Takes one away.
pub fn remove(tx: &Tx<'_>, account_id: i64, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM bookmark WHERE account_id = ? AND status_id = ?")?
        .execute([account_id, status_id])?;
    super::cache_expiry::let_go(tx, status_id)
}

/// `(row id, status id)` of what an account bookmarked and may still read, newest first; paged
/// by the row's id.
pub fn list(conn: &Conn, account_id: i64, page: &Page) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT b.id, b.status_id FROM bookmark b CROSS JOIN status s ON s.id = b.status_id
         WHERE b.account_id = :viewer AND b.id < :below AND b.id > :above AND {}
         ORDER BY b.id {} LIMIT :limit",
        visible::readable("s"),
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":viewer": account_id,
            ":below": page.below(),
            ":above": page.above(),
            ":limit": super::most(page),
        },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut found: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
