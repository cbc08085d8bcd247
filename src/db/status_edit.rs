//! Earlier versions of statuses.

use rusqlite::params;

use super::account::{list_from, list_to};
use super::{Conn, Tx};
use crate::error::Result;
use crate::model::{Revision, Status};

/// How many earlier versions are kept (F-310).
const MOST: i64 = 50;

/// Keeps a status as it is now, before it becomes another.
pub fn insert(tx: &Tx<'_>, status: &Status) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO status_edit
               (status_id, created_at, spoiler_text, content, text, sensitive, emojis, poll, media)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            status.id,
            status.edited_at.unwrap_or(status.created_at),
            status.spoiler_text,
            status.content,
            status.text,
            status.sensitive,
            list_to(&status.emojis),
            status.poll.as_ref().and_then(|poll| serde_json::to_string(poll).ok()),
            list_to(&super::upload::list_attachments(tx, &[status.id])?),
        ])?;
    tx.sql
        .prepare_cached(
            "DELETE FROM status_edit WHERE status_id = ?1 AND id <=
               (SELECT id FROM status_edit WHERE status_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute([status.id, MOST])?;
    Ok(())
}

/// The earlier versions of a status, the oldest first.
pub fn list(conn: &Conn, status_id: i64) -> Result<Vec<Revision>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT created_at, spoiler_text, content, sensitive, emojis, poll, media FROM status_edit
         WHERE status_id = ? ORDER BY id LIMIT ?",
    )?;
    let rows = statement.query_map([status_id, MOST], |row| {
        let poll: Option<String> = row.get(5)?;
        Ok(Revision {
            created_at: row.get(0)?,
            spoiler_text: row.get(1)?,
            content: row.get(2)?,
            sensitive: row.get(3)?,
            emojis: list_from(row, 4)?,
            poll: poll.and_then(|text| serde_json::from_str(&text).ok()),
            media: list_from(row, 6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
