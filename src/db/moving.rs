//! What people here have to do with an account that moves, leaves or changes.

use rusqlite::params;

use super::{Conn, optional};
use crate::error::Result;

/// The accounts of the people here above `after`, in order.
pub fn people_after(conn: &Conn, after: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT account_id FROM user WHERE account_id > ? ORDER BY account_id LIMIT ?",
    )?;
    let rows = statement.query_map([after, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether anybody here follows the account or asked to, blocks or mutes it, noted something
/// about it or has it in a list.
pub fn concerns_anybody(conn: &Conn, account: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM user u CROSS JOIN follow f
                 ON f.account_id = u.account_id AND f.target_id = ?1)
               OR EXISTS (SELECT 1 FROM block WHERE target_id = ?1)
               OR EXISTS (SELECT 1 FROM mute WHERE target_id = ?1)
               OR EXISTS (SELECT 1 FROM account_note WHERE target_id = ?1)
               OR EXISTS (SELECT 1 FROM list_member WHERE account_id = ?1)",
        )?
        .query_row([account], |row| row.get(0))?)
}

/// What `account` noted about `target`.
pub fn note(conn: &Conn, account: i64, target: i64) -> Result<Option<String>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT comment FROM account_note WHERE account_id = ? AND target_id = ?",
            )?
            .query_row([account, target], |row| row.get(0)),
    )
}

/// The mute that holds now: whether of notifications too, and until when.
pub fn mute(conn: &Conn, account: i64, target: i64) -> Result<Option<(bool, Option<i64>)>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT hide_notifications, expires_at FROM mute
                 WHERE account_id = ? AND target_id = ? AND (expires_at IS NULL OR expires_at > ?)",
            )?
            .query_row(params![account, target, conn.now()], |row| Ok((row.get(0)?, row.get(1)?))),
    )
}

/// The inboxes of those whom the account follows or asked to, each once.
pub fn list_followed_inboxes(conn: &Conn, account: i64) -> Result<Vec<String>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT DISTINCT ifnull(a.shared_inbox, a.inbox) FROM follow f
         CROSS JOIN account a ON a.id = f.target_id
         WHERE f.account_id = ? AND a.domain IS NOT NULL AND a.inbox IS NOT NULL
           AND a.suspended_at IS NULL",
    )?;
    let rows = statement.query_map([account], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The inboxes of those who lately spoke to the account, out of its newest `limit` notifications.
pub fn list_repliers_inboxes(conn: &Conn, account: i64, limit: i64) -> Result<Vec<String>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT DISTINCT ifnull(a.shared_inbox, a.inbox)
         FROM (SELECT from_account_id, kind FROM notification WHERE account_id = ?1
               ORDER BY id DESC LIMIT ?2) n
         CROSS JOIN account a ON a.id = n.from_account_id
         WHERE n.kind = ?3 AND a.domain IS NOT NULL AND a.inbox IS NOT NULL
           AND a.suspended_at IS NULL",
    )?;
    let mention = crate::model::NotificationKind::Mention as i64;
    let rows = statement.query_map([account, limit, mention], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Of the servers whose names come after `after`, in order: the name and one inbox, the shared
/// one where there is one.
pub fn list_servers_after(
    conn: &Conn,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Option<String>)>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = conn.sql.prepare_cached(
        "WITH RECURSIVE server(name) AS (
           SELECT min(domain) FROM account WHERE domain IS NOT NULL AND domain > ?1
           UNION ALL
           SELECT (SELECT min(a.domain) FROM account a
                   WHERE a.domain IS NOT NULL AND a.domain > server.name)
             FROM server WHERE server.name IS NOT NULL
           LIMIT ?2)
         SELECT name, ifnull(
             (SELECT a.shared_inbox FROM account a WHERE a.domain = server.name
                AND a.shared_inbox IS NOT NULL AND a.suspended_at IS NULL LIMIT 1),
             (SELECT a.inbox FROM account a WHERE a.domain = server.name
                AND a.inbox IS NOT NULL AND a.suspended_at IS NULL LIMIT 1))
         FROM server WHERE name IS NOT NULL",
    )?;
    let rows = statement.query_map(params![after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
