//! Announcements, who read them, and reactions to them.

use rusqlite::{Row, params};

use super::{Conn, Tx, json_ids, optional};
use crate::error::{Error, Result};
use crate::model::Announcement;

/// How many are told at the most; nobody reads more.
const MOST: i64 = 50;

const COLUMNS: &str = "a.id, a.text, a.content, a.starts_at, a.ends_at, a.all_day, a.mentions,
  a.statuses, a.tags, a.created_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Announcement> {
    Ok(Announcement {
        id: row.get(0)?,
        text: row.get(1)?,
        content: row.get(2)?,
        starts_at: row.get(3)?,
        ends_at: row.get(4)?,
        all_day: row.get(5)?,
        mentions: super::account::list_from(row, 6)?,
        statuses: super::account::list_from(row, 7)?,
        tags: super::account::list_from(row, 8)?,
        created_at: row.get(9)?,
    })
}

/// Stores one and answers its id.
pub fn insert(tx: &Tx<'_>, one: &Announcement) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO announcement (text, content, starts_at, ends_at, all_day, mentions,
               statuses, tags, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            one.text,
            one.content,
            one.starts_at,
            one.ends_at,
            one.all_day,
            json_ids(&one.mentions),
            json_ids(&one.statuses),
            serde_json::to_string(&one.tags).unwrap_or_default(),
            tx.now(),
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// By id; absent is 404.
pub fn get(conn: &Conn, id: i64) -> Result<Announcement> {
    let sql = format!("SELECT {COLUMNS} FROM announcement a WHERE a.id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))?.ok_or(Error::NotFound)
}

/// The newest ones that are not over, each with whether `account` has read it.
pub fn list(conn: &Conn, account: i64) -> Result<Vec<(Announcement, bool)>> {
    let sql = format!(
        "SELECT {COLUMNS}, EXISTS (SELECT 1 FROM announcement_read r
             WHERE r.announcement_id = a.id AND r.account_id = ?)
         FROM announcement a WHERE a.id > 0 AND (a.ends_at IS NULL OR a.ends_at > ?)
         ORDER BY a.id DESC LIMIT ?"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![account, conn.now(), MOST], |row| Ok((from_row(row)?, row.get(10)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All of them, also those that are over, newest first.
pub fn list_all(conn: &Conn) -> Result<Vec<Announcement>> {
    let sql =
        format!("SELECT {COLUMNS} FROM announcement a WHERE a.id > 0 ORDER BY a.id DESC LIMIT 500");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes one; false when there was none.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<bool> {
    Ok(tx.sql.prepare_cached("DELETE FROM announcement WHERE id = ?")?.execute([id])? > 0)
}

/// The account has read it.
pub fn dismiss(tx: &Tx<'_>, id: i64, account: i64) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT OR IGNORE INTO announcement_read VALUES (?, ?)")?
        .execute([id, account])?;
    Ok(())
}

/// A reaction by one name, as one account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    pub announcement_id: i64,
    pub name: String,
    pub count: i64,
    /// The account is among those who reacted so.
    pub me: bool,
}

/// The reactions to some announcements, in the order in which their names were used first.
pub fn list_reactions(conn: &Conn, ids: &[i64], account: i64) -> Result<Vec<Reaction>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT announcement_id, name, count(*), max(account_id = ?2), min(id)
         FROM announcement_reaction
         WHERE announcement_id IN (SELECT value FROM json_each(?1)) GROUP BY announcement_id, name",
    )?;
    let rows = statement.query_map(params![json_ids(ids), account], |row| {
        let first: i64 = row.get(4)?;
        let reaction = Reaction {
            announcement_id: row.get(0)?,
            name: row.get(1)?,
            count: row.get(2)?,
            me: row.get(3)?,
        };
        Ok((first, reaction))
    })?;
    let mut found: Vec<(i64, Reaction)> = rows.collect::<rusqlite::Result<_>>()?;
    found.sort_by_key(|(first, _)| *first);
    Ok(found.into_iter().map(|(_, reaction)| reaction).collect())
}

/// How often a name was used for an announcement.
pub fn count_reactions(conn: &Conn, id: i64, name: &str) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM announcement_reaction WHERE announcement_id = ? AND name = ?",
        )?
        .query_row(params![id, name], |row| row.get(0))?)
}

/// How many different names were used for an announcement.
pub fn count_names(conn: &Conn, id: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(DISTINCT name) FROM announcement_reaction WHERE announcement_id = ?",
        )?
        .query_row([id], |row| row.get(0))?)
}

/// Adds a reaction; false when it was there.
pub fn insert_reaction(tx: &Tx<'_>, id: i64, account: i64, name: &str) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO announcement_reaction (announcement_id, account_id, name)
             VALUES (?, ?, ?)",
        )?
        .execute(params![id, account, name])?
        > 0)
}

/// Takes a reaction back; false when there was none.
pub fn delete_reaction(tx: &Tx<'_>, id: i64, account: i64, name: &str) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM announcement_reaction
             WHERE announcement_id = ? AND name = ? AND account_id = ?",
        )?
        .execute(params![id, name, account])?
        > 0)
}
