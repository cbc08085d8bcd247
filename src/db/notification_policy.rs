//! What an account wants to be told by whom, and whom it always hears.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::{Choice, NotificationKind, NotificationPolicy};

/// The account's policy, if it chose one.
pub fn find(conn: &Conn, account: i64) -> Result<Option<NotificationPolicy>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT for_not_following, for_not_followers, for_new_accounts,
                   for_private_mentions, for_limited_accounts
                 FROM notification_policy WHERE account_id = ?",
            )?
            .query_row([account], |row| {
                Ok(NotificationPolicy {
                    for_not_following: Choice::from_number(row.get(0)?),
                    for_not_followers: Choice::from_number(row.get(1)?),
                    for_new_accounts: Choice::from_number(row.get(2)?),
                    for_private_mentions: Choice::from_number(row.get(3)?),
                    for_limited_accounts: Choice::from_number(row.get(4)?),
                })
            }),
    )
}

/// Stores the account's policy.
pub fn set(tx: &Tx<'_>, account: i64, policy: &NotificationPolicy) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR REPLACE INTO notification_policy (account_id, for_not_following,
               for_not_followers, for_new_accounts, for_private_mentions, for_limited_accounts)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            account,
            policy.for_not_following as i64,
            policy.for_not_followers as i64,
            policy.for_new_accounts as i64,
            policy.for_private_mentions as i64,
            policy.for_limited_accounts as i64,
        ])?;
    Ok(())
}

/// Whether the account accepted a request of `from`.
pub fn permits(conn: &Conn, account: i64, from: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM notification_permission WHERE account_id = ? AND from_account_id = ?",
        )?
        .exists([account, from])?)
}

/// From now on the account hears `from`, whatever its policy says.
pub fn permit(tx: &Tx<'_>, account: i64, from: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR IGNORE INTO notification_permission (account_id, from_account_id)
             VALUES (?, ?)",
        )?
        .execute([account, from])?;
    Ok(())
}

/// Takes that back.
pub fn forbid(tx: &Tx<'_>, account: i64, from: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM notification_permission WHERE account_id = ? AND from_account_id = ?",
        )?
        .execute([account, from])?;
    Ok(())
}

/// Takes that back of all accounts of a domain.
pub fn forbid_domain(tx: &Tx<'_>, account: i64, domain: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM notification_permission WHERE account_id = ? AND EXISTS (
               SELECT 1 FROM account a WHERE a.id = from_account_id AND a.domain = ?)",
        )?
        .execute(params![account, domain])?;
    Ok(())
}

/// Whether `follower` has followed `target` since before `since`.
pub fn followed_before(conn: &Conn, follower: i64, target: i64, since: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM follow WHERE account_id = ? AND target_id = ? AND accepted = 1
             AND created_at <= ?",
        )?
        .exists([follower, target, since])?)
}

/// Whether `most` mentions or more by accounts of a domain reached the account since `since`, as far
/// as its newest notifications tell, so many times three. Most accounts do not have as many in that
/// time: one look at the index is enough for them.
pub fn is_flooded(conn: &Conn, account: i64, domain: &str, since: i64, most: i64) -> Result<bool> {
    let mention = NotificationKind::Mention as i64;
    let count: i64 = conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM (SELECT from_account_id, kind, created_at FROM notification
               WHERE account_id = ?1 ORDER BY id DESC LIMIT ?2) n
             CROSS JOIN account a ON a.id = n.from_account_id
             WHERE (SELECT created_at FROM notification WHERE account_id = ?1
                 ORDER BY id DESC LIMIT 1 OFFSET ?3) > ?4
               AND n.kind = ?5 AND n.created_at > ?4 AND a.domain = ?6",
        )?
        .query_row(params![account, most * 3, most - 1, since, mention, domain], |row| {
            row.get(0)
        })?;
    Ok(count >= most)
}

/// Whether `from` writes in a thread where `account` turned to it before, in private: looks up
/// from the status `parent`, at most 100 steps.
pub fn asked_before(conn: &Conn, account: i64, from: i64, parent: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "WITH RECURSIVE up(id, depth) AS (
               SELECT ?3, 0
               UNION
               SELECT p.in_reply_to_id, up.depth + 1 FROM up JOIN status p ON p.id = up.id
                 WHERE p.in_reply_to_id IS NOT NULL AND up.depth < 100)
             SELECT 1 FROM up CROSS JOIN status s ON s.id = up.id
               CROSS JOIN mention m ON m.status_id = s.id
             WHERE s.account_id = ?1 AND s.visibility = 3 AND m.account_id = ?2 AND m.silent = 0",
        )?
        .exists([account, from, parent])?)
}
