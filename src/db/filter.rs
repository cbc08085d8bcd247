//! Filters: words and statuses that somebody does not want to come upon.

use rusqlite::{Row, params};

use super::account::{list_from, list_to};
use super::{Conn, Tx, json_ids, optional};
use crate::error::Result;

/// What shall happen to what a filter finds; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i64)]
pub enum Action {
    #[default]
    Warn = 0,
    Hide = 1,
    Blur = 2,
}

impl Action {
    /// From the word of the client API.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Warn, Self::Hide, Self::Blur].into_iter().find(|one| one.as_str() == word)
    }

    /// The word of the client API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Hide => "hide",
            Self::Blur => "blur",
        }
    }

    fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Hide,
            2 => Self::Blur,
            _ => Self::Warn,
        }
    }
}

/// A filter without its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub id: i64,
    pub account_id: i64,
    pub title: String,
    /// Where it counts: home, notifications, public, thread, account.
    pub contexts: Vec<String>,
    pub action: Action,
    pub expires_at: Option<i64>,
}

/// A word or phrase of a filter.
#[derive(Clone, Debug)]
pub struct Keyword {
    pub id: i64,
    pub filter_id: i64,
    pub keyword: String,
    pub whole_word: bool,
}

/// A status that a filter names.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    pub id: i64,
    pub filter_id: i64,
    pub status_id: i64,
}

const FILTER: &str = "f.id, f.account_id, f.title, f.contexts, f.action, f.expires_at";

fn filter(row: &Row<'_>) -> rusqlite::Result<Filter> {
    Ok(Filter {
        id: row.get(0)?,
        account_id: row.get(1)?,
        title: row.get(2)?,
        contexts: list_from(row, 3)?,
        action: Action::from_number(row.get(4)?),
        expires_at: row.get(5)?,
    })
}

fn keyword(row: &Row<'_>) -> rusqlite::Result<Keyword> {
    Ok(Keyword {
        id: row.get(0)?,
        filter_id: row.get(1)?,
        keyword: row.get(2)?,
        whole_word: row.get(3)?,
    })
}

fn named(row: &Row<'_>) -> rusqlite::Result<Named> {
    Ok(Named { id: row.get(0)?, filter_id: row.get(1)?, status_id: row.get(2)? })
}

/// All filters of an account, the oldest first; their number is bounded.
pub fn list(conn: &Conn, account: i64) -> Result<Vec<Filter>> {
    let sql = format!("SELECT {FILTER} FROM filter f WHERE f.account_id = ? ORDER BY f.id");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([account], filter)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One of the account's filters.
pub fn find(conn: &Conn, account: i64, id: i64) -> Result<Option<Filter>> {
    let sql = format!("SELECT {FILTER} FROM filter f WHERE f.id = ? AND f.account_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id, account], filter))
}

/// Stores a new filter and answers its id.
pub fn insert(tx: &Tx<'_>, filter: &Filter) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO filter (account_id, title, contexts, action, expires_at, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            filter.account_id,
            filter.title,
            list_to(&filter.contexts).unwrap_or_else(|| "[]".to_owned()),
            filter.action as i64,
            filter.expires_at,
            tx.now(),
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Writes what can change.
pub fn update(tx: &Tx<'_>, filter: &Filter) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE filter SET title = ?, contexts = ?, action = ?, expires_at = ? WHERE id = ?",
        )?
        .execute(params![
            filter.title,
            list_to(&filter.contexts).unwrap_or_else(|| "[]".to_owned()),
            filter.action as i64,
            filter.expires_at,
            filter.id,
        ])?;
    Ok(())
}

/// Removes a filter with all that hangs on it.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM filter WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// The words of each of `filters`, each filter's in the order in which they were added.
pub fn list_keywords(conn: &Conn, filters: &[i64]) -> Result<Vec<Keyword>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT k.id, k.filter_id, k.keyword, k.whole_word FROM json_each(?) j
         CROSS JOIN filter_keyword k ON k.filter_id = j.value",
    )?;
    let rows = statement.query_map([json_ids(filters)], keyword)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A word of one of the account's filters.
pub fn find_keyword(conn: &Conn, account: i64, id: i64) -> Result<Option<Keyword>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT k.id, k.filter_id, k.keyword, k.whole_word FROM filter_keyword k
                 CROSS JOIN filter f ON f.id = k.filter_id WHERE k.id = ? AND f.account_id = ?",
            )?
            .query_row([id, account], keyword),
    )
}

/// Adds a word and answers its id.
pub fn insert_keyword(tx: &Tx<'_>, filter: i64, word: &str, whole_word: bool) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO filter_keyword (filter_id, keyword, whole_word) VALUES (?, ?, ?)",
        )?
        .execute(params![filter, word, whole_word])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Changes a word.
pub fn update_keyword(tx: &Tx<'_>, keyword: &Keyword) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE filter_keyword SET keyword = ?, whole_word = ? WHERE id = ?")?
        .execute(params![keyword.keyword, keyword.whole_word, keyword.id])?;
    Ok(())
}

/// Removes a word.
pub fn delete_keyword(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM filter_keyword WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// The statuses that each of `filters` names.
pub fn list_statuses(conn: &Conn, filters: &[i64]) -> Result<Vec<Named>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT n.id, n.filter_id, n.status_id FROM json_each(?) j
         CROSS JOIN filter_status n ON n.filter_id = j.value",
    )?;
    let rows = statement.query_map([json_ids(filters)], named)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A status named by one of the account's filters, by the id of the naming.
pub fn find_status(conn: &Conn, account: i64, id: i64) -> Result<Option<Named>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT n.id, n.filter_id, n.status_id FROM filter_status n
                 CROSS JOIN filter f ON f.id = n.filter_id WHERE n.id = ? AND f.account_id = ?",
            )?
            .query_row([id, account], named),
    )
}

/// Names a status; `None` when it was named already.
pub fn insert_status(tx: &Tx<'_>, filter: i64, status: i64) -> Result<Option<i64>> {
    let added = tx
        .sql
        .prepare_cached("INSERT OR IGNORE INTO filter_status (filter_id, status_id) VALUES (?, ?)")?
        .execute([filter, status])?;
    Ok((added > 0).then(|| tx.sql.last_insert_rowid()))
}

/// Takes a naming back.
pub fn delete_status(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM filter_status WHERE id = ?")?.execute([id])?;
    Ok(())
}
