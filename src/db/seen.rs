//! What had its effect already, and what is gone for good.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;

/// Remembers `hash` until `expires_at`; false when it was known already (F-131).
pub fn insert(tx: &Tx<'_>, hash: &[u8; 16], expires_at: i64) -> Result<bool> {
    let known: Option<i64> = optional(
        tx.sql
            .prepare_cached("SELECT expires_at FROM seen WHERE hash = ?")?
            .query_row([&hash[..]], |row| row.get(0)),
    )?;
    if known.is_some_and(|until| until > tx.now()) {
        return Ok(false);
    }
    tx.sql
        .prepare_cached("INSERT OR REPLACE INTO seen (hash, expires_at) VALUES (?, ?)")?
        .execute(params![&hash[..], expires_at])?;
    Ok(true)
}

/// Whether `hash` is remembered.
pub fn contains(conn: &Conn, hash: &[u8; 16]) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM seen WHERE hash = ? AND expires_at > ?")?
        .exists(params![&hash[..], conn.now()])?)
}

/// Forgets `hash`.
pub fn remove(tx: &Tx<'_>, hash: &[u8; 16]) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM seen WHERE hash = ?")?.execute([&hash[..]])?;
    Ok(())
}

/// Leaves a tombstone, so that a late Create does not revive the object (F-169).
pub fn bury(tx: &Tx<'_>, uri: &str, local: bool) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR IGNORE INTO tombstone (uri, local, deleted_at) VALUES (?, ?, ?)",
        )?
        .execute(params![uri, local, tx.now()])?;
    Ok(())
}

/// Takes away the tombstone of something remote: its origin has it again (F-176).
pub fn unbury(tx: &Tx<'_>, uri: &str) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM tombstone WHERE uri = ? AND local = 0")?.execute([uri])?;
    Ok(())
}

/// When the object was deleted, if it was.
pub fn buried_at(conn: &Conn, uri: &str) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached("SELECT deleted_at FROM tombstone WHERE uri = ?")?
            .query_row([uri], |row| row.get(0)),
    )
}

/// Removes what has expired, `limit` rows of each table at the most; how many went.
pub fn expire(tx: &Tx<'_>, limit: i64, tombstones_before: i64) -> Result<usize> {
    let now = tx.settled();
    let mut gone = 0;
    for sql in [
        "DELETE FROM seen WHERE hash IN (SELECT hash FROM seen WHERE expires_at < ? LIMIT ?)",
        "DELETE FROM idempotency WHERE (account_id, key) IN
           (SELECT account_id, key FROM idempotency WHERE expires_at < ? LIMIT ?)",
        "DELETE FROM authorization_code WHERE hash IN
           (SELECT hash FROM authorization_code WHERE expires_at < ? LIMIT ?)",
        "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE expires_at < ? LIMIT ?)",
    ] {
        gone += tx.sql.prepare_cached(sql)?.execute(params![now, limit])?;
    }
    gone += tx
        .sql
        .prepare_cached(
            "DELETE FROM tombstone WHERE uri IN
               (SELECT uri FROM tombstone WHERE local = 0 AND deleted_at < ? LIMIT ?)",
        )?
        .execute(params![tombstones_before, limit])?;
    Ok(gone)
}

/// The status that this key made, if it made one (S: `Idempotency-Key`).
pub fn idempotent(conn: &Conn, account_id: i64, key: &str) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT status_id FROM idempotency WHERE account_id = ? AND key = ? AND expires_at > ?",
            )?
            .query_row(params![account_id, key, conn.now()], |row| row.get(0)),
    )
}

/// Remembers which status the key made.
pub fn remember(tx: &Tx<'_>, account_id: i64, key: &str, status_id: i64, until: i64) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)")?
        .execute(params![account_id, key, status_id, until])?;
    Ok(())
}
