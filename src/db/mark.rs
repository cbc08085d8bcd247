//! What accounts did with statuses: the reader's own marks on a page of them, and who else had to
//! do with one.

use rusqlite::params;

use super::{Conn, json_ids};
use crate::error::Result;

/// What a reader did with some statuses.
#[derive(Debug, Default)]
pub struct Marks {
    pub favourited: Vec<i64>,
    pub reblogged: Vec<i64>,
    pub bookmarked: Vec<i64>,
    /// One's own only.
    pub pinned: Vec<i64>,
    /// In conversations that are muted.
    pub muted: Vec<i64>,
}

/// What the viewer did with each of `ids`.
pub fn list_marks(conn: &Conn, viewer: i64, ids: &[i64]) -> Result<Marks> {
    let ids = json_ids(ids);
    let column = |sql: &str| -> Result<Vec<i64>> {
        let mut statement = conn.sql.prepare_cached(sql)?;
        let rows = statement.query_map(params![ids, viewer], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    Ok(Marks {
        favourited: column(
            "SELECT status_id FROM favourite
             WHERE status_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
        )?,
        reblogged: column(
            "SELECT reblog_of_id FROM status
             WHERE reblog_of_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
        )?,
        bookmarked: column(
            "SELECT status_id FROM bookmark
             WHERE status_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
        )?,
        pinned: column(
            "SELECT status_id FROM pin
             WHERE status_id IN (SELECT value FROM json_each(?1)) AND account_id = ?2",
        )?,
        muted: column(
            "SELECT s.id FROM status s WHERE s.id IN (SELECT value FROM json_each(?1))
             AND EXISTS (SELECT 1 FROM thread_mute t
               WHERE t.account_id = ?2 AND t.thread_id = s.thread_id)",
        )?,
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
