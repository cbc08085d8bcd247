//! Reports about accounts.

use rusqlite::{Row, ToSql, params};

use super::{Conn, Tx, json_ids, optional};
use crate::error::{Error, Result};
use crate::model::{Category, Page, Report};

const COLUMNS: &str = "r.id, r.account_id, r.target_id, r.category, r.comment, r.status_ids,
  r.rule_ids, r.forwarded, r.assigned_id, r.action_taken_at, r.action_taken_by_id, r.created_at,
  r.updated_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Report> {
    let category: String = row.get(3)?;
    Ok(Report {
        id: row.get(0)?,
        account_id: row.get(1)?,
        target_id: row.get(2)?,
        category: Category::parse(&category).unwrap_or_default(),
        comment: row.get(4)?,
        status_ids: super::account::list_from(row, 5)?,
        rule_ids: super::account::list_from(row, 6)?,
        forwarded: row.get(7)?,
        assigned_id: row.get(8)?,
        action_taken_at: row.get(9)?,
        action_taken_by_id: row.get(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
    })
}

/// Stores a report and answers its id.
pub fn insert(tx: &Tx<'_>, report: &Report) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO report (account_id, target_id, category, comment, status_ids, rule_ids,
               forwarded, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?8, ?8)",
        )?
        .execute(params![
            report.account_id,
            report.target_id,
            report.category.as_str(),
            report.comment,
            json_ids(&report.status_ids),
            json_ids(&report.rule_ids),
            report.forwarded,
            tx.now(),
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// By id.
pub fn find(conn: &Conn, id: i64) -> Result<Option<Report>> {
    let sql = format!("SELECT {COLUMNS} FROM report r WHERE r.id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))
}

/// By id; absent is 404.
pub fn get(conn: &Conn, id: i64) -> Result<Report> {
    find(conn, id)?.ok_or(Error::NotFound)
}

/// Whether any report waits.
pub fn is_any_open(conn: &Conn) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM report INDEXED BY report_open WHERE action_taken_at IS NULL LIMIT 1",
        )?
        .exists([])?)
}

/// Which reports are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Those that something was done about; `None`: all.
    pub resolved: Option<bool>,
    pub by: Option<i64>,
    pub about: Option<i64>,
}

/// A page of reports, newest first.
pub fn list(conn: &Conn, wanted: Wanted, page: &Page) -> Result<Vec<Report>> {
    let mut condition = String::from("r.id < :below AND r.id > :above");
    let (below, above, limit) = (page.below(), page.above(), super::most(page));
    let mut args: Vec<(&str, &dyn ToSql)> =
        vec![(":below", &below), (":above", &above), (":limit", &limit)];
    match wanted.resolved {
        Some(true) => condition.push_str(" AND r.action_taken_at IS NOT NULL"),
        Some(false) => condition.push_str(" AND r.action_taken_at IS NULL"),
        None => {}
    }
    if let Some(by) = &wanted.by {
        condition.push_str(" AND r.account_id = :by");
        args.push((":by", by));
    }
    if let Some(about) = &wanted.about {
        condition.push_str(" AND r.target_id = :about");
        args.push((":about", about));
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM report r WHERE {condition} ORDER BY r.id {} LIMIT :limit",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], from_row)?;
    let mut found: Vec<Report> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// How many reports from elsewhere wait for an answer: all, those by accounts of a domain, and those
/// of these about one account that came after `since`; among the newest 10,000.
pub fn count_waiting(conn: &Conn, domain: &str, about: i64, since: i64) -> Result<(i64, i64, i64)> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*), coalesce(sum(a.domain = ?3), 0),
               coalesce(sum(a.domain = ?3 AND r.target_id = ?1 AND r.created_at > ?2), 0)
             FROM report r INDEXED BY report_open CROSS JOIN account a ON a.id = r.account_id
             WHERE r.action_taken_at IS NULL AND a.domain IS NOT NULL
               AND r.id > (SELECT max(id) FROM report) - 10000",
        )?
        .query_row(params![about, since, domain], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?)
}

/// Whether a status that is not for everybody went to somebody of the domain: one whom it names,
/// or a follower of its author.
pub fn reached(conn: &Conn, status: i64, author: i64, domain: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM mention m CROSS JOIN account a ON a.id = m.account_id
               WHERE m.status_id = ?1 AND a.domain = ?3
             UNION ALL
             SELECT 1 FROM follow f CROSS JOIN account a ON a.id = f.account_id
               WHERE f.target_id = ?2 AND f.accepted = 1 AND a.domain = ?3
                 AND EXISTS (SELECT 1 FROM status s WHERE s.id = ?1 AND s.visibility = 2)
             LIMIT 1",
        )?
        .exists(params![status, author, domain])?)
}

/// `(notification, report)` of those of the notifications that are about one.
pub fn list_of_notifications(conn: &Conn, ids: &[i64]) -> Result<Vec<(i64, Report)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS}, n.id FROM notification n CROSS JOIN report r ON r.id = n.report_id
         WHERE n.id IN (SELECT value FROM json_each(?))"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(ids)], |row| Ok((row.get(13)?, from_row(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes what an admin can change: category, rules, who cares for it, what was done.
pub fn update(tx: &Tx<'_>, report: &Report) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE report SET category = ?, rule_ids = ?, assigned_id = ?, action_taken_at = ?,
               action_taken_by_id = ?, updated_at = ? WHERE id = ?",
        )?
        .execute(params![
            report.category.as_str(),
            json_ids(&report.rule_ids),
            report.assigned_id,
            report.action_taken_at,
            report.action_taken_by_id,
            tx.now(),
            report.id,
        ])?;
    Ok(())
}

/// Tells an admin of a report; the notification's id.
pub fn insert_notification(
    tx: &Tx<'_>,
    account: i64,
    kind: i64,
    from: i64,
    report: i64,
) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO notification (account_id, kind, from_account_id, report_id, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![account, kind, from, report, tx.now()])?;
    Ok(tx.sql.last_insert_rowid())
}
