//! What we know of other servers: whether they answer.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::clock::DAY;
use crate::error::Result;

/// A server is given up after failing on this many different days (F-214).
const UNAVAILABLE_AFTER_DAYS: i64 = 7;

/// What is known of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Failures in a row.
    pub failures: i64,
    /// Different days on which it failed, in a row.
    pub failing_days: i64,
    /// Nothing is delivered to it until it speaks to us or a weekly probe succeeds.
    pub unavailable: bool,
}

/// What is known of `name`; nothing yet is the default.
pub fn get(conn: &Conn, name: &str) -> Result<Host> {
    Ok(optional(
        conn.sql
            .prepare_cached("SELECT failures, failing_days, unavailable FROM host WHERE name = ?")?
            .query_row([name], |row| {
                Ok(Host {
                    failures: row.get(0)?,
                    failing_days: row.get(1)?,
                    unavailable: row.get(2)?,
                })
            }),
    )?
    .unwrap_or_default())
}

/// It did not answer, or badly. True when this made it unavailable.
pub fn failed(tx: &Tx<'_>, name: &str) -> Result<bool> {
    let today = tx.now() / DAY;
    let unavailable: bool = tx
        .sql
        .prepare_cached(
            "INSERT INTO host (name, failures, failing_days, last_failing_day, updated_at)
             VALUES (?1, 1, 1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET failures = failures + 1,
               failing_days = failing_days + (last_failing_day IS NOT ?2),
               last_failing_day = ?2, updated_at = ?3,
               unavailable = failing_days + (last_failing_day IS NOT ?2) >= ?4
             RETURNING unavailable",
        )?
        .query_row(params![name, today, tx.now(), UNAVAILABLE_AFTER_DAYS], |row| row.get(0))?;
    Ok(unavailable)
}

/// It answered, or spoke to us: all is forgiven. True when it had been failing.
pub fn succeeded(tx: &Tx<'_>, name: &str) -> Result<bool> {
    let changed = tx
        .sql
        .prepare_cached(
            "UPDATE host SET failures = 0, failing_days = 0, last_failing_day = NULL,
               unavailable = 0, updated_at = ? WHERE name = ? AND failures > 0",
        )?
        .execute(params![tx.now(), name])?;
    Ok(changed > 0)
}

/// Servers that lately failed, as the delivery lanes want to know them.
pub fn list_failing(conn: &Conn) -> Result<Vec<String>> {
    let mut statement =
        conn.sql.prepare_cached("SELECT name FROM host WHERE failures > 0 LIMIT 10000")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
