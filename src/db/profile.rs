//! What a local person wrote into the fields of the profile, and when their links were checked.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::{Error, Result};

/// The fields as they were written: names and values.
pub fn fields_source(conn: &Conn, account_id: i64) -> Result<Vec<(String, String)>> {
    let text: Option<Option<String>> = optional(
        conn.sql
            .prepare_cached("SELECT fields_source FROM user WHERE account_id = ?")?
            .query_row([account_id], |row| row.get(0)),
    )?;
    Ok(text.flatten().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Sets them.
pub fn set_fields_source(tx: &Tx<'_>, account_id: i64, fields: &[(String, String)]) -> Result<()> {
    let text = if fields.is_empty() {
        None
    } else {
        Some(serde_json::to_string(fields).map_err(Error::internal)?)
    };
    tx.sql
        .prepare_cached("UPDATE user SET fields_source = ? WHERE account_id = ?")?
        .execute(params![text, account_id])?;
    Ok(())
}

/// People with fields whose links were last queued before `before`, and notes that they are
/// now.
pub fn take_unchecked(tx: &Tx<'_>, before: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = tx.sql.prepare_cached(
        "UPDATE user SET links_checked_at = ?1 WHERE account_id IN
           (SELECT account_id FROM user
            WHERE fields_source IS NOT NULL AND links_checked_at < ?2 LIMIT ?3)
         RETURNING account_id",
    )?;
    let rows = statement.query_map([tx.now(), before, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes that an account's links are queued.
pub fn set_checked(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE user SET links_checked_at = ? WHERE account_id = ?")?
        .execute([tx.now(), account_id])?;
    Ok(())
}
