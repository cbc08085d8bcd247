//! Key pairs of local actors and public keys of remote ones.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;

/// A local actor's key pair.
#[derive(Clone)]
pub struct LocalKey {
    pub account_id: i64,
    pub key_id: String,
    /// PKCS#8 DER; never leaves the process (S-040).
    pub pkcs8: Vec<u8>,
    pub public_pem: String,
}

/// The Ed25519 pair of a local actor.
#[derive(Clone)]
pub struct LocalEd25519 {
    pub account_id: i64,
    pub key_id: String,
    /// PKCS#8 DER; never leaves the process (S-040).
    pub pkcs8: Vec<u8>,
    pub public: [u8; 32],
}

/// A remote actor's public key, as `signature::key::PublicKey` writes it.
pub struct RemoteKey {
    pub account_id: i64,
    pub public: Vec<u8>,
    pub fetched_at: i64,
}

/// The key pair of a local account.
pub fn find_local(conn: &Conn, account_id: i64) -> Result<Option<LocalKey>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT account_id, key_id, pkcs8, public_pem FROM local_key WHERE account_id = ?",
            )?
            .query_row([account_id], |row| {
                Ok(LocalKey {
                    account_id: row.get(0)?,
                    key_id: row.get(1)?,
                    pkcs8: row.get(2)?,
                    public_pem: row.get(3)?,
                })
            }),
    )
}

/// Stores a new key pair.
pub fn insert_local(tx: &Tx<'_>, key: &LocalKey) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO local_key (account_id, key_id, pkcs8, public_pem) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![key.account_id, key.key_id, key.pkcs8, key.public_pem])?;
    Ok(())
}

/// Puts a new pair in the place of the account's (F-353).
pub fn replace_local(tx: &Tx<'_>, key: &LocalKey) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE local_key SET key_id = ?, pkcs8 = ?, public_pem = ? WHERE account_id = ?",
        )?
        .execute(params![key.key_id, key.pkcs8, key.public_pem, key.account_id])?;
    Ok(())
}

/// The Ed25519 pair of a local account.
pub fn find_ed25519(conn: &Conn, account_id: i64) -> Result<Option<LocalEd25519>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT account_id, key_id, pkcs8, public FROM local_ed25519 WHERE account_id = ?",
            )?
            .query_row([account_id], |row| {
                Ok(LocalEd25519 {
                    account_id: row.get(0)?,
                    key_id: row.get(1)?,
                    pkcs8: row.get(2)?,
                    public: row.get(3)?,
                })
            }),
    )
}

/// Stores an Ed25519 pair, in the place of an earlier one.
pub fn put_ed25519(tx: &Tx<'_>, key: &LocalEd25519) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR REPLACE INTO local_ed25519 (account_id, key_id, pkcs8, public)
             VALUES (?, ?, ?, ?)",
        )?
        .execute(params![key.account_id, key.key_id, key.pkcs8, key.public])?;
    Ok(())
}

/// Local accounts that have an RSA pair alone: those of an older version.
pub fn list_without_ed25519(conn: &Conn) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT account_id FROM local_key k WHERE account_id > 0
           AND NOT EXISTS (SELECT 1 FROM local_ed25519 e WHERE e.account_id = k.account_id)",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a replaced pair for one activity: it is signed with that.
pub fn insert_old(tx: &Tx<'_>, activity: i64, key: &LocalKey, expires_at: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO old_key (activity_id, account_id, key_id, pkcs8, expires_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![activity, key.account_id, key.key_id, key.pkcs8, expires_at])?;
    Ok(())
}

/// The replaced pair that an activity is signed with: `(key id, PKCS#8)`.
pub fn find_old(conn: &Conn, activity: i64) -> Result<Option<(String, Vec<u8>)>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT key_id, pkcs8 FROM old_key WHERE activity_id = ? AND expires_at > ?",
            )?
            .query_row([activity, conn.now()], |row| Ok((row.get(0)?, row.get(1)?))),
    )
}

/// Removes replaced pairs whose time is over; how many went.
pub fn expire_old(tx: &Tx<'_>, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM old_key WHERE activity_id IN
               (SELECT activity_id FROM old_key WHERE expires_at <= ? LIMIT ?)",
        )?
        .execute([tx.settled(), limit])?)
}

/// The public key under `key_id`.
pub fn find_remote(conn: &Conn, key_id: &str) -> Result<Option<RemoteKey>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT account_id, public, fetched_at FROM remote_key WHERE key_id = ?",
            )?
            .query_row([key_id], |row| {
                Ok(RemoteKey {
                    account_id: row.get(0)?,
                    public: row.get(1)?,
                    fetched_at: row.get(2)?,
                })
            }),
    )
}

/// Replaces all keys of a remote account with those of its own document (F-105). A key id that
/// another account holds stays with that one.
pub fn replace_remote(tx: &Tx<'_>, account_id: i64, keys: &[(String, Vec<u8>)]) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM remote_key WHERE account_id = ?")?.execute([account_id])?;
    let mut insert = tx.sql.prepare_cached(
        "INSERT OR IGNORE INTO remote_key (key_id, account_id, public, fetched_at)
         VALUES (?, ?, ?, ?)",
    )?;
    for (key_id, public) in keys {
        insert.execute(params![key_id, account_id, public, tx.now()])?;
    }
    Ok(())
}
