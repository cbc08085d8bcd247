//! Tags that accounts show on their profiles. How often an account used one of its own is kept
//! by triggers.

use rusqlite::{Row, params};

use super::{Conn, Tx, json_ids, optional};
use crate::error::Result;

/// A tag on a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeaturedTag {
    pub id: i64,
    pub tag_id: i64,
    pub name: String,
    /// Of the account's statuses with it, those that anybody may read.
    pub statuses_count: i64,
    pub last_status_at: Option<i64>,
}

const COLUMNS: &str = "f.id, f.tag_id, t.name, f.statuses_count, f.last_status_at
  FROM featured_tag f CROSS JOIN tag t ON t.id = f.tag_id";

fn from_row(row: &Row<'_>) -> rusqlite::Result<FeaturedTag> {
    Ok(FeaturedTag {
        id: row.get(0)?,
        tag_id: row.get(1)?,
        name: row.get(2)?,
        statuses_count: row.get(3)?,
        last_status_at: row.get(4)?,
    })
}

/// The tags of an account, the most used first.
pub fn list(conn: &Conn, account: i64) -> Result<Vec<FeaturedTag>> {
    let sql = format!("SELECT {COLUMNS} WHERE f.account_id = ? ORDER BY f.id");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([account], from_row)?;
    let mut found: Vec<FeaturedTag> = rows.collect::<rusqlite::Result<_>>()?;
    // a handful of rows; an index for their order would cost more
    found.sort_by_key(|tag| std::cmp::Reverse(tag.statuses_count));
    Ok(found)
}

/// One of an account's own.
pub fn find(conn: &Conn, account: i64, id: i64) -> Result<Option<FeaturedTag>> {
    let sql = format!("SELECT {COLUMNS} WHERE f.id = ? AND f.account_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id, account], from_row))
}

/// By the tag.
pub fn find_by_tag(conn: &Conn, account: i64, tag: i64) -> Result<Option<FeaturedTag>> {
    let sql = format!("SELECT {COLUMNS} WHERE f.account_id = ? AND f.tag_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([account, tag], from_row))
}

/// How many an account has.
pub fn count(conn: &Conn, account: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM featured_tag WHERE account_id = ?")?
        .query_row([account], |row| row.get(0))?)
}

/// Adds one, counting what the account wrote with it so far; false when it was there.
pub fn insert(tx: &Tx<'_>, account: i64, tag: i64) -> Result<bool> {
    // from the account's side, once: a popular tag has statuses of everybody
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO featured_tag
               (account_id, tag_id, created_at, statuses_count, last_status_at)
             SELECT ?1, ?2, ?3, count(*), max(s.created_at)
             FROM status s CROSS JOIN status_tag st ON st.tag_id = ?2 AND st.status_id = s.id
             WHERE s.account_id = ?1 AND s.visibility < 2",
        )?
        .execute([account, tag, tx.now()])?
        > 0)
}

/// Takes one away; false when it was not there.
pub fn remove(tx: &Tx<'_>, account: i64, tag: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("DELETE FROM featured_tag WHERE account_id = ? AND tag_id = ?")?
        .execute([account, tag])?
        > 0)
}

/// Takes away all but those of `tags`.
pub fn keep_only(tx: &Tx<'_>, account: i64, tags: &[i64]) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM featured_tag WHERE account_id = ?
               AND tag_id NOT IN (SELECT value FROM json_each(?))",
        )?
        .execute(params![account, json_ids(tags)])?;
    Ok(())
}

/// Which of `tags` the account features.
pub fn list_featuring(conn: &Conn, account: i64, tags: &[i64]) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT tag_id FROM featured_tag
         WHERE account_id = ? AND tag_id IN (SELECT value FROM json_each(?))",
    )?;
    let rows = statement.query_map(params![account, json_ids(tags)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// `(tag, name, uses)` of the tags that an account used in its newest 1000 statuses and does not
/// feature, in no order.
pub fn list_used(conn: &Conn, account: i64) -> Result<Vec<(i64, String, i64)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT t.id, t.name, count(*) FROM
           (SELECT id FROM status WHERE account_id = ?1 AND visibility < 2 AND reblog_of_id IS NULL
            ORDER BY id DESC LIMIT 1000) newest
         CROSS JOIN status_tag st ON st.status_id = newest.id
         CROSS JOIN tag t ON t.id = st.tag_id
         WHERE NOT EXISTS (SELECT 1 FROM featured_tag f
           WHERE f.account_id = ?1 AND f.tag_id = st.tag_id)
         GROUP BY t.id",
    )?;
    let rows = statement.query_map([account], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
