//! Blocks, mutes and domain blocks.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::Page;

/// `account` blocks `target`.
pub fn blocks(conn: &Conn, account: i64, target: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM block WHERE account_id = ? AND target_id = ?")?
        .exists([account, target])?)
}

/// Whether anybody here blocks `target`.
pub fn is_blocked_by_anybody(conn: &Conn, target: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM block WHERE target_id = ? LIMIT 1")?
        .exists([target])?)
}

/// Stores a block; false when it was there.
pub fn insert_block(tx: &Tx<'_>, account: i64, target: i64, uri: Option<&str>) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO block (account_id, target_id, uri, created_at) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![account, target, uri, tx.now()])?
        > 0)
}

/// Whom `account` blocks by the activity with this id.
pub fn find_block_by_uri(conn: &Conn, account: i64, uri: &str) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached("SELECT target_id FROM block WHERE account_id = ? AND uri = ?")?
            .query_row(params![account, uri], |row| row.get(0)),
    )
}

/// Removes a block and answers its activity's id (empty if it had none); `None` without a block.
pub fn delete_block(tx: &Tx<'_>, account: i64, target: i64) -> Result<Option<String>> {
    optional(
        tx.sql
            .prepare_cached(
                "DELETE FROM block WHERE account_id = ? AND target_id = ? RETURNING ifnull(uri, '')",
            )?
            .query_row([account, target], |row| row.get(0)),
    )
}

/// Removes a mute.
pub fn delete_mute(tx: &Tx<'_>, account: i64, target: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM mute WHERE account_id = ? AND target_id = ?")?
        .execute([account, target])?;
    Ok(())
}

/// `account` mutes `target` now; the answer is whether notifications are muted as well.
pub fn mutes(conn: &Conn, account: i64, target: i64) -> Result<Option<bool>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT hide_notifications FROM mute WHERE account_id = ? AND target_id = ?
                 AND (expires_at IS NULL OR expires_at > ?)",
            )?
            .query_row(params![account, target, conn.now()], |row| row.get(0)),
    )
}

/// `account` hides the whole of `domain`.
pub fn hides_domain(conn: &Conn, account: i64, domain: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM account_domain_block WHERE account_id = ? AND domain = ?")?
        .exists(params![account, domain])?)
}

/// Stores a mute.
pub fn insert_mute(
    tx: &Tx<'_>,
    account: i64,
    target: i64,
    hide_notifications: bool,
    expires_at: Option<i64>,
) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR REPLACE INTO mute (account_id, target_id, hide_notifications, expires_at, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![account, target, hide_notifications, expires_at, tx.now()])?;
    Ok(())
}

/// `(row id, account id)` of those whom `account` blocks, newest first; paged by the row's id.
pub fn list_blocks(conn: &Conn, account: i64, page: &Page) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT id, target_id FROM block WHERE account_id = ? AND id < ? AND id > ?
         ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![account, page.below(), page.above(), super::most(page)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut found: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// `(row id, account id, expires at)` of those whom `account` mutes now, newest first.
pub fn list_mutes(conn: &Conn, account: i64, page: &Page) -> Result<Vec<(i64, i64, Option<i64>)>> {
    let sql = format!(
        "SELECT id, target_id, expires_at FROM mute WHERE account_id = ? AND id < ? AND id > ?
           AND (expires_at IS NULL OR expires_at > ?) ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![account, page.below(), page.above(), conn.now(), super::most(page)],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut found: Vec<(i64, i64, Option<i64>)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
