//! How far somebody has read: one row a timeline.

use rusqlite::params;

use super::{Conn, Tx};
use crate::error::Result;

/// How far somebody has read in one timeline.
#[derive(Clone, Debug)]
pub struct Marker {
    pub timeline: String,
    pub last_read_id: i64,
    /// Counts the changes.
    pub version: i64,
    pub updated_at: i64,
}

/// The account's markers; there are two at the most.
pub fn list(conn: &Conn, account: i64) -> Result<Vec<Marker>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT timeline, last_read_id, version, updated_at FROM marker WHERE account_id = ?",
    )?;
    let rows = statement.query_map([account], |row| {
        Ok(Marker {
            timeline: row.get(0)?,
            last_read_id: row.get(1)?,
            version: row.get(2)?,
            updated_at: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Sets a marker and counts its version up.
pub fn set(tx: &Tx<'_>, account: i64, timeline: &str, last_read_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO marker (account_id, timeline, last_read_id, version, updated_at)
             VALUES (?, ?, ?, 1, ?)
             ON CONFLICT DO UPDATE SET last_read_id = excluded.last_read_id,
               version = version + 1, updated_at = excluded.updated_at",
        )?
        .execute(params![account, timeline, last_read_id, tx.now()])?;
    Ok(())
}
