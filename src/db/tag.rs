//! Tags that somebody follows, and how much tags were used lately.

use rusqlite::params;

use super::{Conn, Tx, json_ids};
use crate::clock::DAY;
use crate::error::Result;
use crate::id;
use crate::model::Page;

/// Follows a tag; false when it was followed.
pub fn follow(tx: &Tx<'_>, account: i64, tag: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO followed_tag (account_id, tag_id, created_at) VALUES (?, ?, ?)",
        )?
        .execute(params![account, tag, tx.now()])?
        > 0)
}

/// Ends it; false when it was not followed.
pub fn unfollow(tx: &Tx<'_>, account: i64, tag: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("DELETE FROM followed_tag WHERE account_id = ? AND tag_id = ?")?
        .execute([account, tag])?
        > 0)
}

/// How many tags an account follows.
pub fn count_followed(conn: &Conn, account: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM followed_tag WHERE account_id = ?")?
        .query_row([account], |row| row.get(0))?)
}

/// `(row id, tag id, name)` of the tags that an account follows, newest first; paged by the row.
pub fn list_followed(conn: &Conn, account: i64, page: &Page) -> Result<Vec<(i64, i64, String)>> {
    let sql = format!(
        "SELECT f.id, t.id, t.name FROM followed_tag f CROSS JOIN tag t ON t.id = f.tag_id
         WHERE f.account_id = ? AND f.id < ? AND f.id > ? ORDER BY f.id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![account, page.below(), page.above(), super::most(page)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let mut found: Vec<(i64, i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// Which of `tags` the account follows.
pub fn list_following(conn: &Conn, account: i64, tags: &[i64]) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT tag_id FROM followed_tag
         WHERE account_id = ? AND tag_id IN (SELECT value FROM json_each(?))",
    )?;
    let rows = statement.query_map(params![account, json_ids(tags)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Accounts that follow any tag of a status, each once.
pub fn list_followers_of_status(conn: &Conn, status: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT DISTINCT f.account_id FROM status_tag st
         CROSS JOIN followed_tag f ON f.tag_id = st.tag_id WHERE st.status_id = ?",
    )?;
    let rows = statement.query_map([status], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How much a tag was used on one day.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    pub tag: i64,
    /// Days since 1970.
    pub day: i64,
    pub uses: i64,
    pub accounts: i64,
}

/// What was seen here of `tags` in public since the day `since`.
pub fn list_uses(conn: &Conn, tags: &[i64], since: i64) -> Result<Vec<Use>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT st.tag_id, (st.status_id >> 16) / ?3 AS day, count(*), count(DISTINCT s.account_id)
         FROM json_each(?1) j CROSS JOIN status_tag st
           ON st.tag_id = j.value AND st.status_id >= ?2
         CROSS JOIN status s ON s.id = st.status_id AND s.visibility = 0 AND s.held = 0
         GROUP BY st.tag_id, day",
    )?;
    let rows =
        statement.query_map(params![json_ids(tags), id::from_ms(since * DAY), DAY], |row| {
            Ok(Use { tag: row.get(0)?, day: row.get(1)?, uses: row.get(2)?, accounts: row.get(3)? })
        })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
