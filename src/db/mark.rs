//! What accounts did with statuses: the reader's own marks on a page of them, and who else had to
//! do with one.

use std::collections::HashSet;

use rusqlite::params;

use super::{Conn, json_ids};
use crate::error::Result;
use crate::model::Status;

/// What a reader did with some statuses.
#[derive(Debug, Default)]
pub struct Marks {
    pub favourited: HashSet<i64>,
    pub reblogged: HashSet<i64>,
    pub bookmarked: HashSet<i64>,
    /// One's own only.
    pub pinned: HashSet<i64>,
    /// In conversations that are muted.
    pub muted: HashSet<i64>,
}

/// What the viewer did with each of these statuses.
pub fn list_marks(conn: &Conn, viewer: i64, statuses: &[&Status]) -> Result<Marks> {
    let column = |of: &[i64], sql: &str| -> Result<HashSet<i64>> {
        if of.is_empty() {
            return Ok(HashSet::new());
        }
        let mut statement = conn.sql.prepare_cached(sql)?;
        let rows = statement.query_map(params![json_ids(of), viewer], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let ids: Vec<i64> = statuses.iter().map(|one| one.id).collect();
    let own = statuses.iter().filter(|one| one.account_id == viewer);
    let own: Vec<i64> = own.map(|one| one.id).collect();
    let threads: Vec<i64> = statuses.iter().map(|one| one.thread_id).collect();
    let quiet = column(
        &threads,
        "SELECT thread_id FROM thread_mute
         WHERE thread_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
    )?;
    let muted = statuses.iter().filter(|one| quiet.contains(&one.thread_id));
    Ok(Marks {
        favourited: column(
            &ids,
            "SELECT status_id FROM favourite
             WHERE status_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
        )?,
        reblogged: column(
            &ids,
            "SELECT reblog_of_id FROM status
             WHERE reblog_of_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
        )?,
        bookmarked: column(
            &ids,
            "SELECT status_id FROM bookmark
             WHERE status_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
        )?,
        pinned: column(
            &own,
            "SELECT status_id FROM pin
             WHERE status_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
        )?,
        muted: muted.map(|one| one.id).collect(),
    })
}

/// Remote authors whose servers hold this status by what they did with it: repliers, boosters,
/// favouriters (F-220, F-221). At most `limit` of each.
pub fn list_interactors(conn: &Conn, status_id: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT account_id FROM (SELECT account_id FROM status WHERE in_reply_to_id = ?1 LIMIT ?2)
         UNION SELECT account_id FROM (SELECT account_id FROM status WHERE reblog_of_id = ?1 LIMIT ?2)
         UNION SELECT account_id FROM (SELECT account_id FROM favourite WHERE status_id = ?1 LIMIT ?2)",
    )?;
    let rows = statement.query_map([status_id, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
