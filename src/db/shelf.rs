//! Which files of uploads there should be: to compare with what lies in the folder.

use rusqlite::params;

use super::Conn;
use crate::error::Result;
use crate::model::Store;

/// The files of an upload that is ready: its key and the endings of its names.
#[derive(Clone, Debug)]
pub struct Kept {
    pub key: String,
    pub ready: bool,
    pub store: Store,
    pub names: Vec<String>,
}

/// Uploads whose keys begin with this byte, in the order of their keys, above `after`.
pub fn list_uploads(conn: &Conn, first: u8, after: &str, limit: i64) -> Result<Vec<Kept>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT key, state, extension, preview_extension, store FROM upload
         WHERE key > ? AND key >= ? AND key <= ? ORDER BY key LIMIT ?",
    )?;
    // a key is hexadecimal: no letter of it comes after g
    let (low, high) = (format!("{first:02x}"), format!("{first:02x}g"));
    let rows = statement.query_map(params![after, low, high, limit], |row| {
        let (key, state): (String, i64) = (row.get(0)?, row.get(1)?);
        let endings: [Option<String>; 2] = [row.get(2)?, row.get(3)?];
        let names = endings.into_iter().flatten().filter(|ending| !ending.is_empty());
        let names = names.map(|ending| format!("{key}.{ending}")).collect();
        Ok(Kept { key, ready: state == 1, store: Store::from_number(row.get(4)?), names })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
