//! What one keeps for oneself about others.

use rusqlite::params;

use super::Tx;
use crate::error::Result;

/// Sets the note; an empty one takes it away.
pub fn set(tx: &Tx<'_>, account: i64, target: i64, comment: &str) -> Result<()> {
    if comment.is_empty() {
        tx.sql
            .prepare_cached("DELETE FROM account_note WHERE account_id = ? AND target_id = ?")?
            .execute([account, target])?;
    } else {
        tx.sql
            .prepare_cached(
                "INSERT INTO account_note (account_id, target_id, comment) VALUES (?, ?, ?)
                 ON CONFLICT (account_id, target_id) DO UPDATE SET comment = excluded.comment",
            )?
            .execute(params![account, target, comment])?;
    }
    Ok(())
}
