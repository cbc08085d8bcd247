//! Browsers that are signed in, by the hash of their cookie.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::SessionLine;

/// A new session; `pending` while the second factor is still to come.
pub struct NewSession<'a> {
    pub hash: &'a [u8; 32],
    pub account_id: i64,
    pub expires_at: i64,
    pub pending: bool,
    /// What the browser calls itself.
    pub agent: &'a str,
}

/// Stores a session.
pub fn insert(tx: &Tx<'_>, new: &NewSession<'_>) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO session (hash, account_id, created_at, expires_at, pending, agent)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            &new.hash[..],
            new.account_id,
            tx.now(),
            new.expires_at,
            new.pending,
            new.agent,
        ])?;
    Ok(())
}

/// Whose session this is: of those signed in, or of those whose second factor is still to come.
pub fn find(conn: &Conn, hash: &[u8; 32], pending: bool) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT account_id FROM session WHERE hash = ? AND expires_at > ? AND pending = ?",
            )?
            .query_row(params![&hash[..], conn.now(), pending], |row| row.get(0)),
    )
}

/// The browser signed out.
pub fn delete(tx: &Tx<'_>, hash: &[u8; 32]) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM session WHERE hash = ?")?.execute([&hash[..]])?;
    Ok(())
}

/// Ends a session, if it is this account's.
pub fn delete_own(tx: &Tx<'_>, account_id: i64, hash: &[u8]) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM session WHERE hash = ? AND account_id = ?")?
        .execute(params![hash, account_id])?;
    Ok(())
}

/// Ends all sessions of an account, or all but one.
pub fn delete_all(tx: &Tx<'_>, account_id: i64, except: Option<&[u8; 32]>) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM session WHERE account_id = ? AND hash <> ?")?
        .execute(params![account_id, except.map_or(&[][..], |hash| &hash[..])])?;
    Ok(())
}

/// An account's sessions, as many as a page shows.
pub fn list(conn: &Conn, account_id: i64, limit: usize) -> Result<Vec<SessionLine>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT hash, created_at, expires_at, agent FROM session
         WHERE account_id = ? AND expires_at > ? AND pending = 0 LIMIT ?",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![account_id, conn.now(), limit], |row| {
        Ok(SessionLine {
            hash: row.get(0)?,
            created_at: row.get(1)?,
            expires_at: row.get(2)?,
            agent: row.get(3)?,
        })
    })?;
    let mut found: Vec<SessionLine> = rows.collect::<rusqlite::Result<_>>()?;
    found.sort_by_key(|line| std::cmp::Reverse(line.created_at));
    Ok(found)
}
