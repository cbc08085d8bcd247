//! Mentions of accounts that are not here yet (F-285).

use super::{Conn, Tx, json_ids};
use crate::error::Result;

/// Somebody whom a remote status names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMention {
    /// Its place among the mentions of the status.
    pub position: i64,
    /// The actor, or its page.
    pub href: Option<String>,
    /// Where there is no address: the handle.
    pub name: String,
    pub domain: String,
}

/// Keeps one to be looked up.
pub fn insert(tx: &Tx<'_>, status_id: i64, mention: &UnknownMention) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR REPLACE INTO unknown_mention (status_id, position, href, name, domain)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute((status_id, mention.position, &mention.href, &mention.name, &mention.domain))?;
    Ok(())
}

/// The first ones of a status.
pub fn list(conn: &Conn, status_id: i64, limit: i64) -> Result<Vec<UnknownMention>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT position, href, name, domain FROM unknown_mention WHERE status_id = ?
         ORDER BY position LIMIT ?",
    )?;
    let rows = statement.query_map([status_id, limit], |row| {
        Ok(UnknownMention {
            position: row.get(0)?,
            href: row.get(1)?,
            name: row.get(2)?,
            domain: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those of these statuses that name somebody unknown, a few.
pub fn list_statuses(conn: &Conn, statuses: &[i64], limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT j.value FROM json_each(?) j WHERE EXISTS
           (SELECT 1 FROM unknown_mention u WHERE u.status_id = j.value) LIMIT ?",
    )?;
    let rows = statement.query_map((json_ids(statuses), limit), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One was looked up.
pub fn remove(tx: &Tx<'_>, status_id: i64, position: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM unknown_mention WHERE status_id = ? AND position = ?")?
        .execute([status_id, position])?;
    Ok(())
}

/// A newer version names others.
pub fn clear(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM unknown_mention WHERE status_id = ?")?
        .execute([status_id])?;
    Ok(())
}
