//! Follows that blocks took away, for those who lost them.

use rusqlite::{Row, params};

use super::follow::Follow;
use super::{Conn, Tx, json_ids, optional};
use crate::error::{Error, Result};
use crate::model::{NotificationKind, Page, Severance, SeveranceKind, SheetRow};

const COLUMNS: &str = "e.id, e.kind, e.target_name, e.followers, e.following, e.created_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Severance> {
    Ok(Severance {
        id: row.get(0)?,
        kind: SeveranceKind::from_number(row.get(1)?),
        target_name: row.get(2)?,
        followers: row.get(3)?,
        following: row.get(4)?,
        created_at: row.get(5)?,
    })
}

/// The account's newest event of this kind about this name, if it is not older than `since`.
pub fn find_recent(
    conn: &Conn,
    account: i64,
    kind: SeveranceKind,
    name: &str,
    since: i64,
) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT id FROM severance WHERE account_id = ? AND target_name = ? AND kind = ?
                 AND created_at >= ? ORDER BY id DESC LIMIT 1",
            )?
            .query_row(params![account, name, kind as i64, since], |row| row.get(0)),
    )
}

/// A new event, with nobody in it yet.
pub fn insert(tx: &Tx<'_>, account: i64, kind: SeveranceKind, name: &str) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO severance (account_id, kind, target_name, created_at) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![account, kind as i64, name, tx.now()])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Tells the account of an event; the notification's id. It comes from the account itself, as in
/// Mastodon: nobody else can be named.
pub fn insert_notification(tx: &Tx<'_>, account: i64, event: i64) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO notification (account_id, kind, from_account_id, severance_id, created_at)
             VALUES (?1, ?2, ?1, ?3, ?4)",
        )?
        .execute(params![
            account,
            NotificationKind::SeveredRelationships as i64,
            event,
            tx.now()
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Adds a follow that ends to an event.
pub fn add(tx: &Tx<'_>, event: i64, other: i64, following: bool, follow: &Follow) -> Result<()> {
    let new = tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO severed (severance_id, following, account_id, reblogs, notify)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![event, following, other, follow.reblogs, follow.notify])?;
    if new > 0 {
        tx.sql
            .prepare_cached(
                "UPDATE severance SET followers = followers + ?2, following = following + ?3
                 WHERE id = ?1",
            )?
            .execute(params![event, !following, following])?;
    }
    Ok(())
}

/// A page of the account's events, newest first.
pub fn list(conn: &Conn, account: i64, page: &Page) -> Result<Vec<Severance>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM severance e WHERE e.account_id = ? AND e.id < ? AND e.id > ?
         ORDER BY e.id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![account, page.below(), page.above(), super::most(page)], from_row)?;
    let mut found: Vec<Severance> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// The events that some notifications are about, with the notification's id.
pub fn list_of_notifications(conn: &Conn, ids: &[i64]) -> Result<Vec<(i64, Severance)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS}, n.id FROM notification n CROSS JOIN severance e ON e.id = n.severance_id
         WHERE n.id IN (SELECT value FROM json_each(?))"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(ids)], |row| Ok((row.get(6)?, from_row(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whom one event of the account took away, as lines of a file.
///
/// # Errors
/// 404 for another's event.
pub fn list_severed(
    conn: &Conn,
    account: i64,
    event: i64,
    following: bool,
) -> Result<Vec<SheetRow>> {
    let own = conn
        .sql
        .prepare_cached("SELECT 1 FROM severance WHERE id = ? AND account_id = ?")?
        .exists([event, account])?;
    if !own {
        return Err(Error::NotFound);
    }
    let mut statement = conn.sql.prepare_cached(
        "SELECT a.username || '@' || a.domain, s.reblogs, s.notify FROM severed s
         CROSS JOIN account a ON a.id = s.account_id
         WHERE s.severance_id = ? AND s.following = ? AND a.domain IS NOT NULL
         ORDER BY s.account_id LIMIT 100000",
    )?;
    let rows = statement.query_map(params![event, following], |row| {
        Ok(SheetRow {
            what: row.get(0)?,
            list: None,
            reblogs: following.then_some(row.get(1)?),
            notify: following.then_some(row.get(2)?),
            languages: None,
            hide_notifications: None,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
