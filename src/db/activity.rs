//! How much people here did, week by week.

use rusqlite::params;

use super::Conn;
use crate::clock::DAY;
use crate::error::Result;
use crate::id;

/// `(week, how many)` since a week. Weeks are counted from the Monday before 1970.
type Weeks = Vec<(i64, i64)>;

/// The week of a time. 1970 began on a Thursday.
pub fn week_of(ms: i64) -> i64 {
    (ms / DAY + 3) / 7
}

/// When a week begins, in milliseconds.
pub fn begin_of(week: i64) -> i64 {
    (week * 7 - 3) * DAY
}

/// Statuses that were written here.
pub fn statuses(conn: &Conn, since: i64) -> Result<Weeks> {
    weeks(
        conn,
        "SELECT ((s.id >> 16) / ?2 + 3) / 7 AS week, count(*)
         FROM user u CROSS JOIN status s ON s.account_id = u.account_id AND s.id >= ?1
         WHERE s.reblog_of_id IS NULL GROUP BY week",
        id::from_ms(begin_of(since)),
    )
}

/// People who signed in, or whose program got a new token.
pub fn logins(conn: &Conn, since: i64) -> Result<Weeks> {
    weeks(
        conn,
        "SELECT (t.created_at / ?2 + 3) / 7 AS week, count(DISTINCT t.account_id)
         FROM user u CROSS JOIN token t ON t.account_id = u.account_id
         WHERE t.created_at >= ?1 GROUP BY week",
        begin_of(since),
    )
}

/// New accounts.
pub fn registrations(conn: &Conn, since: i64) -> Result<Weeks> {
    weeks(
        conn,
        "SELECT (u.created_at / ?2 + 3) / 7 AS week, count(*) FROM user u
         WHERE u.created_at >= ?1 GROUP BY week",
        begin_of(since),
    )
}

fn weeks(conn: &Conn, sql: &str, since: i64) -> Result<Weeks> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let rows = statement.query_map(params![since, DAY], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        // 2026-01-05 was a Monday
        let monday = 1_767_571_200_000;
        assert_eq!(begin_of(week_of(monday)), monday);
        assert_eq!(begin_of(week_of(monday + 7 * DAY - 1)), monday);
        assert_eq!(begin_of(week_of(monday - 1)), monday - 7 * DAY);
    }
}
