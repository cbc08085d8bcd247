//! What the address of a cached file belongs to: where the file is elsewhere, and whose it is.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;

/// Where a file is elsewhere, and whose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub url: Option<String>,
    /// The smaller version that its server gives.
    pub preview: Option<String>,
    /// The domain of the account; `None`: nobody's, or one's of this server.
    pub domain: Option<String>,
    /// Who has it is suspended.
    pub suspended: bool,
}

/// An attachment of a remote status.
pub fn find_media(conn: &Conn, id: i64) -> Result<Option<Source>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT m.remote_url, m.preview_remote_url, a.domain, a.suspended_at IS NOT NULL
                 FROM media m JOIN status s ON s.id = m.status_id
                   JOIN account a ON a.id = s.account_id WHERE m.id = ?",
            )?
            .query_row([id], |row| {
                Ok(Source {
                    url: row.get(0)?,
                    preview: row.get(1)?,
                    domain: row.get(2)?,
                    suspended: row.get(3)?,
                })
            }),
    )
}

/// The avatar or the header of a remote account.
pub fn find_picture(conn: &Conn, account: i64, header: bool) -> Result<Option<Source>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT iif(?2, header_url, avatar_url), domain, suspended_at IS NOT NULL
                 FROM account WHERE id = ?1 AND domain IS NOT NULL",
            )?
            .query_row(params![account, header], |row| {
                Ok(Source {
                    url: row.get(0)?,
                    preview: None,
                    domain: row.get(1)?,
                    suspended: row.get(2)?,
                })
            }),
    )
}

/// The picture of the page behind a link.
pub fn find_card(conn: &Conn, id: i64) -> Result<Option<Source>> {
    optional(
        conn.sql
            .prepare_cached("SELECT image FROM card WHERE id = ?")?
            .query_row([id], |row| Ok(Source { url: row.get(0)?, ..Source::default() })),
    )
}

/// An attachment cannot be had before this time: it is shown as a link (F-300).
pub fn set_unavailable(tx: &Tx<'_>, media: i64, until: Option<i64>) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE media SET unavailable_until = ?2 WHERE id = ?1 AND unavailable_until IS NOT ?2",
        )?
        .execute(params![media, until])?;
    Ok(())
}
