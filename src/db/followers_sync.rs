//! Followers by the server that they live on.

use rusqlite::params;

use super::Conn;
use crate::error::Result;

/// The accepted followers of an account whose ids begin with `origin` (`https://host/`), at most
/// `limit`.
pub fn list_uris_on(conn: &Conn, account: i64, origin: &str, limit: i64) -> Result<Vec<String>> {
    // what sorts behind all that begins so
    let end = format!("{}0", origin.trim_end_matches('/'));
    let mut statement = conn.sql.prepare_cached(
        "SELECT a.uri FROM account a CROSS JOIN follow f
           ON f.account_id = a.id AND f.target_id = ?1 AND f.accepted = 1
         WHERE a.uri >= ?2 AND a.uri < ?3 AND a.domain IS NOT NULL LIMIT ?4",
    )?;
    let rows = statement.query_map(params![account, origin, end, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The accepted followers here: id, actor, and since when.
pub fn list_here(conn: &Conn, target: i64) -> Result<Vec<(i64, String, i64)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT a.id, a.uri, f.created_at FROM user u
         CROSS JOIN follow f ON f.account_id = u.account_id AND f.target_id = ?
         CROSS JOIN account a ON a.id = u.account_id
         WHERE f.accepted = 1",
    )?;
    let rows = statement.query_map([target], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
