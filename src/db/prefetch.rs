//! Whether a status in a home timeline shows pictures that are not here yet.

use rusqlite::params;

use super::Conn;
use crate::error::Result;

/// Whether an avatar or, with `media`, an attachment of a status or of what it boosts is not here,
/// or there are emojis, of which a row does not tell.
pub fn is_lacking(conn: &Conn, status_id: i64, media: bool) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM status s CROSS JOIN account a ON a.id = s.account_id
             WHERE s.id IN (?1, (SELECT reblog_of_id FROM status WHERE id = ?1))
               AND a.domain IS NOT NULL
               AND (a.emojis IS NOT NULL OR s.emojis IS NOT NULL
                 OR (a.avatar_url IS NOT NULL AND NOT EXISTS
                   (SELECT 1 FROM cached_file c WHERE c.class = 2 AND c.owner = a.id))
                 OR (?2 AND EXISTS (SELECT 1 FROM media m WHERE m.status_id = s.id AND NOT EXISTS
                   (SELECT 1 FROM cached_file c WHERE c.class IN (0, 1) AND c.owner = m.id))))",
        )?
        .exists(params![status_id, media])?)
}
