//! Conversations that a reader wants to hear nothing of.

use rusqlite::params;

use super::{Conn, Tx};
use crate::error::Result;

/// Mutes a conversation; again changes nothing.
pub fn insert(tx: &Tx<'_>, account_id: i64, thread_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR IGNORE INTO thread_mute (account_id, thread_id, created_at) VALUES (?, ?, ?)",
        )?
        .execute(params![account_id, thread_id, tx.now()])?;
    Ok(())
}

/// Takes the mute back.
pub fn remove(tx: &Tx<'_>, account_id: i64, thread_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM thread_mute WHERE account_id = ? AND thread_id = ?")?
        .execute([account_id, thread_id])?;
    Ok(())
}

/// Whether the account muted the conversation.
pub fn contains(conn: &Conn, account_id: i64, thread_id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM thread_mute WHERE account_id = ? AND thread_id = ?")?
        .exists([account_id, thread_id])?)
}

/// Two conversations turned out to be one: who muted `from` muted `to`.
pub fn merge(tx: &Tx<'_>, from: i64, to: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE OR REPLACE thread_mute SET thread_id = ?
             WHERE account_id IN (SELECT account_id FROM user) AND thread_id = ?",
        )?
        .execute([to, from])?;
    Ok(())
}
