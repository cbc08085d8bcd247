//! What links in letters carry, by its hash.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;

/// A link that was sent.
#[derive(Clone, Debug)]
pub struct MailToken {
    /// What it is for: see `service::letter`.
    pub kind: i64,
    /// An account, or an applicant.
    pub subject_id: i64,
    /// Where it was sent.
    pub email: String,
}

/// Stores one, in the place of an older one of its kind.
pub fn set(tx: &Tx<'_>, hash: &[u8; 32], token: &MailToken, expires_at: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO mail_token (kind, subject_id, hash, email, expires_at)
             VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (kind, subject_id) DO UPDATE SET hash = excluded.hash,
               email = excluded.email, expires_at = excluded.expires_at",
        )?
        .execute(params![token.kind, token.subject_id, &hash[..], token.email, expires_at])?;
    Ok(())
}

/// The one with this hash, while it is good.
pub fn find(conn: &Conn, hash: &[u8; 32]) -> Result<Option<MailToken>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT kind, subject_id, email FROM mail_token WHERE hash = ? AND expires_at > ?",
            )?
            .query_row(params![&hash[..], conn.now()], |row| {
                Ok(MailToken { kind: row.get(0)?, subject_id: row.get(1)?, email: row.get(2)? })
            }),
    )
}

/// It was used.
pub fn remove(tx: &Tx<'_>, hash: &[u8; 32]) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM mail_token WHERE hash = ?")?.execute([&hash[..]])?;
    Ok(())
}

/// Removes those that ended before `before`.
pub fn expire(tx: &Tx<'_>, before: i64, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM mail_token WHERE hash IN
               (SELECT hash FROM mail_token WHERE expires_at < ? LIMIT ?)",
        )?
        .execute([before, limit])?)
}
