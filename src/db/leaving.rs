//! What an account leaves behind, removed before its row goes: in slices, and while the row must
//! still wait.

use rusqlite::params;

use super::{Conn, Tx};
use crate::error::Result;

/// What has to stay until the last delivery is signed and sent; statuses have gone by then, each
/// with its tombstone.
const KEPT: &[&str] = &["local_key", "activity_out", "status"];

/// Where rows hang on an account: table, column, and whether the table has row ids. Read from the
/// schema, so that no table can be forgotten.
fn places(conn: &Conn) -> Result<Vec<(String, String, bool)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT t.name, f.\"from\", t.wr FROM pragma_table_list AS t
         JOIN pragma_foreign_key_list(t.name) AS f
         WHERE t.schema = 'main' AND f.\"table\" = 'account' AND f.on_delete = 'CASCADE'",
    )?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? == 0)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes rows that hang on the account, about `limit` of them, table by table; how many went.
pub fn clear_slice(tx: &Tx<'_>, account: i64, limit: usize) -> Result<usize> {
    let mut all = 0;
    for (table, column, has_rows) in places(tx)? {
        if KEPT.contains(&table.as_str()) {
            continue;
        }
        let gone = if has_rows {
            let sql = format!(
                "DELETE FROM \"{table}\" WHERE rowid IN
                   (SELECT rowid FROM \"{table}\" WHERE \"{column}\" = ? LIMIT ?)"
            );
            let left = i64::try_from(limit - all).unwrap_or(i64::MAX);
            tx.sql.prepare(&sql)?.execute(params![account, left])?
        } else {
            let sql = format!("DELETE FROM \"{table}\" WHERE \"{column}\" = ?");
            tx.sql.prepare(&sql)?.execute([account])?
        };
        all += gone;
        if all >= limit {
            break;
        }
    }
    Ok(all)
}
