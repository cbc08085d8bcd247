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
