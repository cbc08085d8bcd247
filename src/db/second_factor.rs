//! Second factors and the codes for those who lost theirs.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;

/// A person's second factor.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    pub secret: Vec<u8>,
    /// The token that was offered it; 0: our own page.
    pub offered_to: i64,
    /// `None`: offered, not yet confirmed by a code.
    pub enabled_at: Option<i64>,
    /// The newest step whose code was used.
    pub last_step: i64,
}

/// The second factor of an account.
pub fn find(conn: &Conn, account_id: i64) -> Result<Option<SecondFactor>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT secret, offered_to, enabled_at, last_step FROM second_factor WHERE account_id = ?",
            )?
            .query_row([account_id], |row| {
                Ok(SecondFactor {
                    secret: row.get(0)?,
                    offered_to: row.get(1)?,
                    enabled_at: row.get(2)?,
                    last_step: row.get(3)?,
                })
            }),
    )
}

/// Offers a secret; what was offered before is forgotten.
pub fn offer(tx: &Tx<'_>, account_id: i64, secret: &[u8], offered_to: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR REPLACE INTO second_factor (account_id, secret, offered_to, created_at)
             VALUES (?, ?, ?, ?)",
        )?
        .execute(params![account_id, secret, offered_to, tx.now()])?;
    Ok(())
}

/// From now on it is asked for.
pub fn enable(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE second_factor SET enabled_at = ? WHERE account_id = ?")?
        .execute([tx.now(), account_id])?;
    Ok(())
}

/// The code of this step was used.
pub fn set_last_step(tx: &Tx<'_>, account_id: i64, step: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE second_factor SET last_step = ? WHERE account_id = ?")?
        .execute([step, account_id])?;
    Ok(())
}

/// Takes it away, recovery codes too.
pub fn delete(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    for sql in [
        "DELETE FROM second_factor WHERE account_id = ?",
        "DELETE FROM recovery_code WHERE account_id = ?",
    ] {
        tx.sql.prepare_cached(sql)?.execute([account_id])?;
    }
    Ok(())
}

/// Stores a recovery code by its hash.
pub fn insert_recovery(tx: &Tx<'_>, account_id: i64, hash: &[u8; 32]) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT INTO recovery_code (account_id, hash) VALUES (?, ?)")?
        .execute(params![account_id, &hash[..]])?;
    Ok(())
}

/// Uses a recovery code up; false when there is none such.
pub fn use_recovery(tx: &Tx<'_>, account_id: i64, hash: &[u8; 32]) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("DELETE FROM recovery_code WHERE account_id = ? AND hash = ?")?
        .execute(params![account_id, &hash[..]])?
        > 0)
}

/// How many recovery codes are left.
pub fn count_recovery(conn: &Conn, account_id: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM recovery_code WHERE account_id = ?")?
        .query_row([account_id], |row| row.get(0))?)
}
