//! Which files of uploads there should be: to compare with what lies in the folder.

use rusqlite::params;

use super::Conn;
use crate::error::Result;
use crate::model::Store;

/// The files of an upload that is ready: its key and the endings of its names.
#[derive(Clone, Debug)]
pub struct Kept {
    pub key: String,
    /// Whose it is.
    pub username: String,
    pub ready: bool,
    pub store: Store,
    pub names: Vec<String>,
}

/// Uploads whose keys begin with this byte, in the order of their keys, above `after`.
pub fn list_uploads(conn: &Conn, first: u8, after: &str, limit: i64) -> Result<Vec<Kept>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT u.key, u.state, u.extension, u.preview_extension, u.store, a.username FROM upload u
           CROSS JOIN account a ON a.id = u.account_id
         WHERE u.key > ? AND u.key >= ? AND u.key <= ? ORDER BY u.key LIMIT ?",
    )?;
    // a key is hexadecimal: no letter of it comes after g
    let (low, high) = (format!("{first:02x}"), format!("{first:02x}g"));
    let rows = statement.query_map(params![after, low, high, limit], |row| {
        let (key, state): (String, i64) = (row.get(0)?, row.get(1)?);
        let endings: [Option<String>; 2] = [row.get(2)?, row.get(3)?];
        let names = endings.into_iter().flatten().filter(|ending| !ending.is_empty());
        let names = names.map(|ending| format!("{key}.{ending}")).collect();
        let (store, username) = (Store::from_number(row.get(4)?), row.get(5)?);
        Ok(Kept { key, username, ready: state == 1, store, names })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
