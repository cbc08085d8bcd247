//! Lists of accounts that somebody reads as timelines of their own.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::Page;

/// Which replies a list shows; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i64)]
pub enum Replies {
    /// To members.
    #[default]
    List = 0,
    /// To anybody whom the owner follows.
    Followed = 1,
    /// None.
    None = 2,
}

impl Replies {
    /// From the word of the client API.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::List, Self::Followed, Self::None].into_iter().find(|one| one.as_str() == word)
    }

    /// The word of the client API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Followed => "followed",
            Self::None => "none",
        }
    }

    fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Followed,
            2 => Self::None,
            _ => Self::List,
        }
    }
}

/// A list as it is stored. Its entries are in `timeline_entry` under its id.
#[derive(Clone, Debug)]
pub struct List {
    pub id: i64,
    pub account_id: i64,
    pub title: String,
    pub replies: Replies,
    /// Its members are left out of home.
    pub exclusive: bool,
}

const COLUMNS: &str = "l.id, l.account_id, l.title, l.replies_policy, l.exclusive";

fn from_row(row: &Row<'_>) -> rusqlite::Result<List> {
    Ok(List {
        id: row.get(0)?,
        account_id: row.get(1)?,
        title: row.get(2)?,
        replies: Replies::from_number(row.get(3)?),
        exclusive: row.get(4)?,
    })
}

fn many(conn: &Conn, sql: &str, args: impl rusqlite::Params) -> Result<Vec<List>> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let rows = statement.query_map(args, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One of the owner's lists.
pub fn find(conn: &Conn, owner: i64, id: i64) -> Result<Option<List>> {
    let sql = format!("SELECT {COLUMNS} FROM list l WHERE l.id = ? AND l.account_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id, owner], from_row))
}

/// All lists of an owner, the oldest first; their number is bounded.
pub fn list(conn: &Conn, owner: i64) -> Result<Vec<List>> {
    many(
        conn,
        &format!("SELECT {COLUMNS} FROM list l WHERE l.account_id = ? ORDER BY l.id"),
        [owner],
    )
}

/// The owner's lists that `account` is in.
pub fn list_with(conn: &Conn, owner: i64, account: i64) -> Result<Vec<List>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM list l WHERE l.account_id = ? AND EXISTS (SELECT 1 FROM list_member m
           WHERE m.list_id = l.id AND m.account_id = ?) ORDER BY l.id"
    );
    many(conn, &sql, [owner, account])
}

/// Everybody's lists that `account` is in.
pub fn list_of_member(conn: &Conn, account: i64) -> Result<Vec<List>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM list_member m CROSS JOIN list l ON l.id = m.list_id
         WHERE m.account_id = ?"
    );
    many(conn, &sql, [account])
}

/// Whether `account` is in an exclusive list of `owner`.
pub fn is_exclusive(conn: &Conn, owner: i64, account: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM list_member m CROSS JOIN list l ON l.id = m.list_id
             WHERE m.account_id = ? AND l.account_id = ? AND l.exclusive = 1",
        )?
        .exists([account, owner])?)
}

/// Stores a new list and answers its id.
pub fn insert(tx: &Tx<'_>, list: &List) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO list (account_id, title, replies_policy, exclusive, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            list.account_id,
            list.title,
            list.replies as i64,
            list.exclusive,
            tx.now()
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Writes what can change.
pub fn update(tx: &Tx<'_>, list: &List) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE list SET title = ?, replies_policy = ?, exclusive = ? WHERE id = ?",
        )?
        .execute(params![list.title, list.replies as i64, list.exclusive, list.id])?;
    Ok(())
}

/// Removes a list with its members and entries.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM timeline_entry WHERE timeline = ?")?.execute([id])?;
    tx.sql.prepare_cached("DELETE FROM list WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// `(row id, account id)` of the members, newest first; paged by the row's id.
pub fn list_members(conn: &Conn, list: i64, page: &Page) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT id, account_id FROM list_member WHERE list_id = ? AND id < ? AND id > ?
         ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![list, page.below(), page.above(), super::most(page)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut found: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// Whether `account` is in the list.
pub fn has_member(conn: &Conn, list: i64, account: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM list_member WHERE list_id = ? AND account_id = ?")?
        .exists([list, account])?)
}

/// How many members a list has.
pub fn count_members(conn: &Conn, list: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM list_member WHERE list_id = ?")?
        .query_row([list], |row| row.get(0))?)
}

/// Puts an account in; false when it was there.
pub fn insert_member(tx: &Tx<'_>, list: i64, account: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("INSERT OR IGNORE INTO list_member (list_id, account_id) VALUES (?, ?)")?
        .execute([list, account])?
        > 0)
}

/// Takes an account out; false when it was not there.
pub fn remove_member(tx: &Tx<'_>, list: i64, account: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("DELETE FROM list_member WHERE list_id = ? AND account_id = ?")?
        .execute([list, account])?
        > 0)
}
