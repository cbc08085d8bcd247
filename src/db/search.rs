//! Full text search. Words come prepared from `text::search`; nothing here knows languages.

use rusqlite::params;

use super::{Conn, Tx};
use crate::error::Result;

/// Puts an account's words into the index, in place of the old ones.
pub fn index_account(tx: &Tx<'_>, id: i64, words: &str) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM account_search WHERE rowid = ?")?.execute([id])?;
    tx.sql
        .prepare_cached("INSERT INTO account_search (rowid, words) VALUES (?, ?)")?
        .execute(params![id, words])?;
    Ok(())
}

/// Puts a status's words into the index, in place of the old ones.
pub fn index_status(tx: &Tx<'_>, id: i64, words: &str) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM status_search WHERE rowid = ?")?.execute([id])?;
    tx.sql
        .prepare_cached("INSERT INTO status_search (rowid, words) VALUES (?, ?)")?
        .execute(params![id, words])?;
    Ok(())
}

/// Whether a status is in the index.
pub fn has_status(conn: &Conn, id: i64) -> Result<bool> {
    Ok(conn.sql.prepare_cached("SELECT 1 FROM status_search WHERE rowid = ?")?.exists([id])?)
}

/// Accounts that match an FTS5 expression: those the viewer follows first, then the most
/// followed. `following`: only those.
pub fn find_accounts(
    conn: &Conn,
    viewer: i64,
    expression: &str,
    following: bool,
    offset: i64,
    limit: i64,
) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT a.id, EXISTS (SELECT 1 FROM follow f WHERE f.account_id = ?1
             AND f.target_id = a.id AND f.accepted = 1) AS known
         FROM (SELECT rowid FROM account_search WHERE account_search MATCH ?2 LIMIT 1000) m
         CROSS JOIN account a ON a.id = m.rowid
         WHERE a.suspended_at IS NULL AND a.id > 1 AND (?3 = 0 OR known)
           AND NOT EXISTS (SELECT 1 FROM block b WHERE b.account_id = a.id AND b.target_id = ?1)
         ORDER BY known DESC, a.followers_count DESC, a.id LIMIT ?4 OFFSET ?5",
    )?;
    let rows = statement
        .query_map(params![viewer, expression, following, limit, offset], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Tags that begin with `prefix`, the shortest first.
pub fn find_tags(conn: &Conn, prefix: &str, offset: i64, limit: i64) -> Result<Vec<(i64, String)>> {
    // a range instead of LIKE: the index on the name serves it
    let mut statement = conn.sql.prepare_cached(
        "SELECT id, name FROM tag WHERE name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3 OFFSET ?4",
    )?;
    let end = format!("{prefix}\u{10FFFF}");
    let rows = statement
        .query_map(params![prefix, end, limit, offset], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Statuses that match an FTS5 expression and that `viewer` may read, newest first.
pub fn find_statuses(
    conn: &Conn,
    viewer: i64,
    expression: &str,
    author: Option<i64>,
    page: &crate::model::Page,
    offset: i64,
) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT s.id FROM status_search m CROSS JOIN status s ON s.id = m.rowid
         WHERE m.words MATCH :words AND m.rowid < :below AND m.rowid > :above
           AND (:author = 0 OR s.account_id = :author)
           AND {} AND {} ORDER BY m.rowid DESC LIMIT :limit OFFSET :offset",
        super::visible::readable("s"),
        super::visible::found("s")
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        rusqlite::named_params! {
            ":words": expression,
            ":below": page.below(),
            ":above": page.above(),
            ":author": author.unwrap_or(0),
            ":viewer": viewer,
            ":now": conn.now(),
            ":limit": i64::try_from(page.limit).unwrap_or(40),
            ":offset": offset,
        },
        |row| row.get(0),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
