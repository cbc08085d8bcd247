//! What the origins of remote statuses count (F-313). Untrusted: kept apart from our own counts.

use super::{Conn, Tx, json_ids};
use crate::error::Result;

/// Favourites and boosts of one status, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub favourites: i64,
    pub reblogs: i64,
}

/// Writes down what the origin says; what it does not say stays.
pub fn put(
    tx: &Tx<'_>,
    status_id: i64,
    favourites: Option<i64>,
    reblogs: Option<i64>,
) -> Result<()> {
    if favourites.is_none() && reblogs.is_none() {
        return Ok(());
    }
    tx.sql
        .prepare_cached(
            "INSERT INTO origin_count (status_id, favourites, reblogs)
             VALUES (?1, coalesce(?2, 0), coalesce(?3, 0))
             ON CONFLICT DO UPDATE SET favourites = coalesce(?2, favourites),
               reblogs = coalesce(?3, reblogs)",
        )?
        .execute((status_id, favourites, reblogs))?;
    Ok(())
}

/// What is known of these statuses.
pub fn list(conn: &Conn, statuses: &[i64]) -> Result<Vec<(i64, Counts)>> {
    if statuses.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = conn.sql.prepare_cached(
        "SELECT status_id, favourites, reblogs FROM origin_count
         WHERE status_id IN (SELECT value FROM json_each(?))",
    )?;
    let rows = statement.query_map([json_ids(statuses)], |row| {
        Ok((row.get(0)?, Counts { favourites: row.get(1)?, reblogs: row.get(2)? }))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
