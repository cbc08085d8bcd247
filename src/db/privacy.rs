//! What authors of other servers want to be hidden from readers who did not sign in (F-058,
//! S-104). The predicate over many statuses is in [`super::visible`].

use rusqlite::params;

use super::{Conn, Tx};
use crate::error::Result;
use crate::model::Status;

/// Such wishes; by default there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    pub everything: bool,
    pub public: bool,
    pub unlisted: bool,
    /// Written before this time.
    pub before: Option<i64>,
    /// Older than so many milliseconds.
    pub older_than: Option<i64>,
}

/// Sets the wishes of an account.
pub fn set(tx: &Tx<'_>, account_id: i64, hidden: &Hidden) -> Result<()> {
    if *hidden == Hidden::default() {
        tx.sql.prepare_cached("DELETE FROM privacy WHERE account_id = ?")?.execute([account_id])?;
        return Ok(());
    }
    tx.sql.prepare_cached("INSERT OR REPLACE INTO privacy VALUES (?, ?, ?, ?, ?, ?)")?.execute(
        params![
            account_id,
            hidden.everything,
            hidden.public,
            hidden.unlisted,
            hidden.before,
            hidden.older_than,
        ],
    )?;
    Ok(())
}

/// Whether the author of a status hides it from readers who did not sign in: the twin of the
/// anonymous part of [`super::visible::readable`].
pub fn hides(conn: &Conn, status: &Status) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(&format!(
            "SELECT 1 FROM privacy vp WHERE vp.account_id = ?1 AND {}",
            condition("?2", "?3", "?4")
        ))?
        .exists(params![
            status.account_id,
            status.visibility as i64,
            status.created_at,
            conn.now()
        ])?)
}

/// The wishes in the row `vp` against a status.
pub(super) fn condition(visibility: &str, created_at: &str, now: &str) -> String {
    format!(
        "(vp.everything = 1 OR (vp.public = 1 AND {visibility} = 0)
          OR (vp.unlisted = 1 AND {visibility} = 1)
          OR {created_at} < vp.before OR {created_at} <= {now} - vp.older_than)"
    )
}
