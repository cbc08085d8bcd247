//! Whole servers that an account does not want to hear of.

use rusqlite::params;

use super::{Conn, Tx};
use crate::error::Result;
use crate::model::Page;

/// Hides a domain; false when it was hidden.
pub fn insert(tx: &Tx<'_>, account: i64, domain: &str) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO account_domain_block (account_id, domain, created_at)
             VALUES (?, ?, ?)",
        )?
        .execute(params![account, domain, tx.now()])?
        > 0)
}

/// Shows a domain again.
pub fn remove(tx: &Tx<'_>, account: i64, domain: &str) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM account_domain_block WHERE account_id = ? AND domain = ?")?
        .execute(params![account, domain])?;
    Ok(())
}

/// `(row id, domain)` of what an account hides, newest first; paged by the row's id.
pub fn list(conn: &Conn, account: i64, page: &Page) -> Result<Vec<(i64, String)>> {
    let sql = format!(
        "SELECT id, domain FROM account_domain_block
         WHERE account_id = ? AND id < ? AND id > ? ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![account, page.below(), page.above(), super::most(page)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut found: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// How many domains an account hides.
pub fn count(conn: &Conn, account: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM account_domain_block WHERE account_id = ?")?
        .query_row([account], |row| row.get(0))?)
}

/// Accounts of the domain that `account` follows or asked to, at most `limit`.
pub fn list_followed(conn: &Conn, account: i64, domain: &str, limit: i64) -> Result<Vec<i64>> {
    accounts(
        conn,
        "SELECT a.id FROM follow f CROSS JOIN account a ON a.id = f.target_id
         WHERE f.account_id = ? AND a.domain = ? LIMIT ?",
        account,
        domain,
        limit,
    )
}

/// Accounts of the domain that follow `account` or asked to, at most `limit`.
pub fn list_followers(conn: &Conn, account: i64, domain: &str, limit: i64) -> Result<Vec<i64>> {
    accounts(
        conn,
        "SELECT a.id FROM follow f CROSS JOIN account a ON a.id = f.account_id
         WHERE f.target_id = ? AND a.domain = ? LIMIT ?",
        account,
        domain,
        limit,
    )
}

fn accounts(conn: &Conn, sql: &str, account: i64, domain: &str, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let rows = statement.query_map(params![account, domain, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many of the domain `account` follows, and how many follow it.
pub fn count_relations(conn: &Conn, account: i64, domain: &str) -> Result<(i64, i64)> {
    let count = |sql: &str| -> Result<i64> {
        Ok(conn.sql.prepare_cached(sql)?.query_row(params![account, domain], |row| row.get(0))?)
    };
    Ok((
        count(
            "SELECT count(*) FROM follow f CROSS JOIN account a ON a.id = f.target_id
             WHERE f.account_id = ? AND f.accepted = 1 AND a.domain = ?",
        )?,
        count(
            "SELECT count(*) FROM follow f CROSS JOIN account a ON a.id = f.account_id
             WHERE f.target_id = ? AND f.accepted = 1 AND a.domain = ?",
        )?,
    ))
}

/// Takes what the domain's accounts wrote, and what others boosted of them, out of a timeline.
pub fn purge_timeline(tx: &Tx<'_>, timeline: i64, domain: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM timeline_entry WHERE timeline = ?1 AND (
               EXISTS (SELECT 1 FROM account a WHERE a.id = author_id AND a.domain = ?2)
               OR (boosted_id IS NOT NULL AND EXISTS (SELECT 1 FROM status s
                 CROSS JOIN account b ON b.id = s.account_id
                 WHERE s.id = boosted_id AND b.domain = ?2)))",
        )?
        .execute(params![timeline, domain])?;
    Ok(())
}

/// Dismisses what the domain's accounts caused, at most `limit` of it.
pub fn clear_notifications(tx: &Tx<'_>, account: i64, domain: &str, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM notification WHERE id IN (SELECT n.id FROM notification n
               CROSS JOIN account a ON a.id = n.from_account_id
               WHERE n.account_id = ? AND a.domain = ? LIMIT ?)",
        )?
        .execute(params![account, domain, limit])?)
}
