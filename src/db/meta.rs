//! Facts about the database itself.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;

/// The value under `key`.
pub fn get(conn: &Conn, key: &str) -> Result<Option<String>> {
    optional(
        conn.sql
            .prepare_cached("SELECT value FROM meta WHERE key = ?")?
            .query_row([key], |row| row.get(0)),
    )
}

/// Sets the value under `key`.
pub fn set(tx: &Tx<'_>, key: &str, value: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?, ?)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![key, value])?;
    Ok(())
}

/// Forgets the value under `key`.
pub fn remove(tx: &Tx<'_>, key: &str) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM meta WHERE key = ?")?.execute([key])?;
    Ok(())
}

/// `(key, value)` of all keys that begin with `start`, which ends with a colon.
pub fn list_under(conn: &Conn, start: &str) -> Result<Vec<(String, String)>> {
    let mut statement =
        conn.sql.prepare_cached("SELECT key, value FROM meta WHERE key > ? AND key < ?")?;
    let end = start.replace(':', ";");
    let rows = statement.query_map([start, &end], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The time of day and the settled one, as they were when they were last noted.
const CLOCK: &str = "clock";

/// Notes what time it is, for the next start.
pub fn note_clock(tx: &Tx<'_>) -> Result<()> {
    set(tx, CLOCK, &format!("{} {}", tx.now(), tx.settled()))
}

/// Lets the clock go on from there.
pub(super) fn resume_clock(conn: &Conn) -> Result<()> {
    let noted = get(conn, CLOCK)?.unwrap_or_default();
    let times = noted
        .split_once(' ')
        .and_then(|(wall, settled)| Some((wall.parse().ok()?, settled.parse().ok()?)));
    if let Some((wall, settled)) = times {
        conn.clock.resume(wall, settled);
    }
    Ok(())
}

/// Below this no snowflake is minted any more: after a restore some were given out that no row tells
/// of (F-354).
pub(super) const ID_FLOOR: &str = "id_floor";

/// The greatest snowflake in use: the next ones begin above it.
pub fn greatest_id(conn: &Conn) -> Result<i64> {
    Ok(newest_id(conn)?.max(id_floor(conn)?))
}

/// The same, 0 where no restore was.
pub fn id_floor(conn: &Conn) -> Result<i64> {
    Ok(get(conn, ID_FLOOR)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// The greatest snowflake of anything that is here.
pub fn newest_id(conn: &Conn) -> Result<i64> {
    Ok(conn.sql.query_row(
        "SELECT max(ifnull((SELECT max(id) FROM status), 0), ifnull((SELECT max(id) FROM account), 0),
           ifnull((SELECT max(id) FROM applicant), 0),
           ifnull((SELECT max(id) FROM media), 0), ifnull((SELECT max(id) FROM upload), 0))",
        [],
        |row| row.get(0),
    )?)
}
