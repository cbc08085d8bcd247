//! Votes. The tallies of a poll are in `status.poll`; who voted is here.

use std::collections::HashMap;

use rusqlite::params;

use super::{Conn, Tx, json_ids};
use crate::error::{Error, Result};
use crate::model::Poll;

/// Stores a vote; false when the account chose this before.
pub fn insert_vote(
    tx: &Tx<'_>,
    status_id: i64,
    account_id: i64,
    choice: i64,
    uri: Option<&str>,
) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO poll_vote (status_id, account_id, choice, uri, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![status_id, account_id, choice, uri, tx.now()])?
        > 0)
}

/// Whether the account voted at all.
pub fn has_voted(conn: &Conn, status_id: i64, account_id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM poll_vote WHERE status_id = ? AND account_id = ?")?
        .exists([status_id, account_id])?)
}

/// What the viewer chose in each of the polls.
pub fn list_own_votes(
    conn: &Conn,
    viewer: i64,
    status_ids: &[i64],
) -> Result<HashMap<i64, Vec<i64>>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT status_id, choice FROM poll_vote
         WHERE status_id IN (SELECT value FROM json_each(?)) AND account_id = ?",
    )?;
    let rows = statement
        .query_map(params![json_ids(status_ids), viewer], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
    for row in rows {
        let (status, choice) = row?;
        found.entry(status).or_default().push(choice);
    }
    Ok(found)
}

/// Accounts that voted, each once.
pub fn list_voters(conn: &Conn, status_id: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn
        .sql
        .prepare_cached("SELECT DISTINCT account_id FROM poll_vote WHERE status_id = ? LIMIT ?")?;
    let rows = statement.query_map([status_id, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Local accounts that voted.
pub fn list_local_voters(conn: &Conn, status_id: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT u.account_id FROM user u WHERE EXISTS (SELECT 1 FROM poll_vote v
           WHERE v.status_id = ? AND v.account_id = u.account_id)",
    )?;
    let rows = statement.query_map([status_id], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes the tallies.
pub fn update(tx: &Tx<'_>, status_id: i64, poll: &Poll) -> Result<()> {
    let text = serde_json::to_string(poll).map_err(Error::internal)?;
    tx.sql
        .prepare_cached("UPDATE status SET poll = ? WHERE id = ?")?
        .execute(params![text, status_id])?;
    Ok(())
}

/// Forgets all votes: the choices are others now (F-168).
pub fn clear_votes(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM poll_vote WHERE status_id = ?")?.execute([status_id])?;
    Ok(())
}
