//! Accounts that somebody recommends on the own profile.

use rusqlite::params;

use super::{Conn, Tx};
use crate::error::Result;
use crate::model::Page;

/// Adds one; nothing where it is.
pub fn insert(tx: &Tx<'_>, account: i64, target: i64) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT OR IGNORE INTO endorsement (account_id, target_id) VALUES (?, ?)")?
        .execute([account, target])?;
    Ok(())
}

/// Takes one away; nothing where there is none.
pub fn remove(tx: &Tx<'_>, account: i64, target: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM endorsement WHERE account_id = ? AND target_id = ?")?
        .execute([account, target])?;
    Ok(())
}

/// `(row id, account id)` of those whom `account` recommends, newest first; paged by the row.
/// Whoever blocks `viewer`, or is blocked, is not shown to them.
pub fn list(conn: &Conn, viewer: i64, account: i64, page: &Page) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT e.id, e.target_id FROM endorsement e
         WHERE e.account_id = ?1 AND e.id < ?2 AND e.id > ?3
           AND NOT EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = e.target_id AND b.target_id = ?5)
           AND NOT EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = ?5 AND b.target_id = e.target_id)
         ORDER BY e.id {} LIMIT ?4",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![account, page.below(), page.above(), super::most(page), viewer],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut found: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
