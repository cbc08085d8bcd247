//! Lists of blocked domains that somebody else keeps, and what each of them blocks here.

use std::collections::HashMap;

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::{DomainList, Severity};

const COLUMNS: &str = "id, url, severity_max, etag, last_modified, checked_at, error, created_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<DomainList> {
    Ok(DomainList {
        id: row.get(0)?,
        url: row.get(1)?,
        severity_max: Severity::from_number(row.get(2)?),
        etag: row.get(3)?,
        last_modified: row.get(4)?,
        checked_at: row.get(5)?,
        error: row.get(6)?,
        created_at: row.get(7)?,
    })
}

/// Subscribes to a list.
pub fn insert(tx: &Tx<'_>, url: &str, severity_max: Severity) -> Result<i64> {
    tx.sql
        .prepare_cached("INSERT INTO domain_list (url, severity_max, created_at) VALUES (?, ?, ?)")?
        .execute(params![url, severity_max as i64, tx.now()])?;
    Ok(tx.sql.last_insert_rowid())
}

/// All lists: a handful.
pub fn list(conn: &Conn) -> Result<Vec<DomainList>> {
    let sql = format!("SELECT {COLUMNS} FROM domain_list ORDER BY id LIMIT 1000");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// By id.
pub fn find(conn: &Conn, id: i64) -> Result<Option<DomainList>> {
    let sql = format!("SELECT {COLUMNS} FROM domain_list WHERE id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))
}

/// By address.
pub fn find_by_url(conn: &Conn, url: &str) -> Result<Option<DomainList>> {
    let sql = format!("SELECT {COLUMNS} FROM domain_list WHERE url = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([url], from_row))
}

/// Ends a subscription; its entries go too.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM domain_list WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// It was read now.
pub fn checked(tx: &Tx<'_>, id: i64, etag: Option<&str>, modified: Option<&str>) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE domain_list SET etag = ?, last_modified = ?, checked_at = ?, error = NULL
             WHERE id = ?",
        )?
        .execute(params![etag, modified, tx.now(), id])?;
    Ok(())
}

/// It could not be read.
pub fn failed(tx: &Tx<'_>, id: i64, error: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE domain_list SET error = ? WHERE id = ?")?
        .execute(params![error, id])?;
    Ok(())
}

/// What a list names, each with whether its block is the lists' alone.
pub fn entries(conn: &Conn, list: i64) -> Result<HashMap<String, bool>> {
    let mut statement =
        conn.sql.prepare_cached("SELECT domain, added FROM domain_list_entry WHERE list_id = ?")?;
    let rows = statement.query_map([list], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many domains a list names, and how many of them are blocked by lists alone.
pub fn counts(conn: &Conn, list: i64) -> Result<(i64, i64)> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*), ifnull(sum(added), 0) FROM domain_list_entry WHERE list_id = ?",
        )?
        .query_row([list], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Notes that a list names a domain.
pub fn put_entry(tx: &Tx<'_>, list: i64, domain: &str, added: bool) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR REPLACE INTO domain_list_entry (list_id, domain, added) VALUES (?, ?, ?)",
        )?
        .execute(params![list, domain, added])?;
    Ok(())
}

/// The list names the domain no longer.
pub fn delete_entry(tx: &Tx<'_>, list: i64, domain: &str) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM domain_list_entry WHERE list_id = ? AND domain = ?")?
        .execute(params![list, domain])?;
    Ok(())
}

/// Whether the domain's block is there because of lists alone.
pub fn is_added(conn: &Conn, domain: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM domain_list_entry WHERE domain = ? AND added = 1")?
        .exists([domain])?)
}

/// What is done about the domain was decided here: no list touches it any more.
pub fn disown(tx: &Tx<'_>, domain: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE domain_list_entry SET added = 0 WHERE domain = ?")?
        .execute([domain])?;
    Ok(())
}

/// Handles that people here follow on these domains, and that follow people here; so many at the
/// most.
pub fn list_ties(
    conn: &Conn,
    domains: &[String],
    limit: i64,
) -> Result<(Vec<String>, Vec<String>)> {
    let domains = serde_json::to_string(domains).unwrap_or_default();
    let ask = |sql: &str| -> Result<Vec<String>> {
        let mut statement = conn.sql.prepare_cached(sql)?;
        let rows = statement.query_map(params![domains, limit], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    Ok((
        ask("SELECT DISTINCT a.username || '@' || a.domain FROM user u
             CROSS JOIN follow f ON f.account_id = u.account_id
             CROSS JOIN account a ON a.id = f.target_id
             WHERE a.domain IN (SELECT value FROM json_each(?)) LIMIT ?")?,
        ask("SELECT DISTINCT a.username || '@' || a.domain FROM user u
             CROSS JOIN follow f ON f.target_id = u.account_id
             CROSS JOIN account a ON a.id = f.account_id
             WHERE a.domain IN (SELECT value FROM json_each(?)) LIMIT ?")?,
    ))
}
