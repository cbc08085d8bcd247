//! Follows and follow requests.

use rusqlite::{Row, params};

use super::account::list_to;
use super::{Conn, Tx, json_ids, optional};
use crate::error::Result;
use crate::model::Page;

/// A follow as it is stored; not `accepted` it is a request.
#[derive(Clone, Debug)]
pub struct Follow {
    pub id: i64,
    pub account_id: i64,
    pub target_id: i64,
    pub accepted: bool,
    /// The Follow activity's id.
    pub uri: String,
    /// Boosts are wanted in home.
    pub reblogs: bool,
    pub notify: bool,
    /// Empty: all.
    pub languages: Vec<String>,
}

const COLUMNS: &str = "id, account_id, target_id, accepted, uri, reblogs, notify, languages";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Follow> {
    Ok(Follow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        target_id: row.get(2)?,
        accepted: row.get(3)?,
        uri: row.get(4)?,
        reblogs: row.get(5)?,
        notify: row.get(6)?,
        languages: super::account::list_from(row, 7)?,
    })
}

/// The follow or request of `account` to `target`.
pub fn find(conn: &Conn, account: i64, target: i64) -> Result<Option<Follow>> {
    let sql = format!("SELECT {COLUMNS} FROM follow WHERE account_id = ? AND target_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([account, target], from_row))
}

/// By the id of the Follow activity.
pub fn find_by_uri(conn: &Conn, uri: &str) -> Result<Option<Follow>> {
    let sql = format!("SELECT {COLUMNS} FROM follow WHERE uri = ? LIMIT 1");
    optional(conn.sql.prepare_cached(&sql)?.query_row([uri], from_row))
}

/// Whether `account` follows `target` and was accepted (S-034).
pub fn is_following(conn: &Conn, account: i64, target: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM follow WHERE account_id = ? AND target_id = ? AND accepted = 1",
        )?
        .exists([account, target])?)
}

/// Stores a follow, or the new URI and choices of one that is there.
pub fn upsert(tx: &Tx<'_>, follow: &Follow) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO follow (account_id, target_id, accepted, uri, reblogs, notify, languages, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (account_id, target_id) DO UPDATE SET uri = excluded.uri,
               accepted = max(accepted, excluded.accepted), reblogs = excluded.reblogs,
               notify = excluded.notify, languages = excluded.languages",
        )?
        .execute(params![
            follow.account_id,
            follow.target_id,
            follow.accepted,
            follow.uri,
            follow.reblogs,
            follow.notify,
            list_to(&follow.languages),
            tx.now(),
        ])?;
    Ok(())
}

/// A request becomes a follow; false when there was no request.
pub fn accept(tx: &Tx<'_>, account: i64, target: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached(
            "UPDATE follow SET accepted = 1 WHERE account_id = ? AND target_id = ? AND accepted = 0",
        )?
        .execute([account, target])?
        > 0)
}

/// Removes a follow or request and answers what it was.
pub fn remove(tx: &Tx<'_>, account: i64, target: i64) -> Result<Option<Follow>> {
    let sql =
        format!("DELETE FROM follow WHERE account_id = ? AND target_id = ? RETURNING {COLUMNS}");
    optional(tx.sql.prepare_cached(&sql)?.query_row([account, target], from_row))
}

/// Local followers of an account, for their home timelines.
pub fn list_local_followers(conn: &Conn, target: i64) -> Result<Vec<Follow>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT f.id, f.account_id, f.target_id, f.accepted, f.uri, f.reblogs, f.notify, f.languages
         FROM user u CROSS JOIN follow f ON f.account_id = u.account_id AND f.target_id = ?
         WHERE f.accepted = 1",
    )?;
    let rows = statement.query_map([target], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The inboxes behind the remote followers of an account, each once (F-204).
pub fn list_follower_inboxes(conn: &Conn, target: i64) -> Result<Vec<String>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT DISTINCT ifnull(a.shared_inbox, a.inbox) FROM follow f
         CROSS JOIN account a ON a.id = f.account_id
         WHERE f.target_id = ? AND f.accepted = 1 AND a.domain IS NOT NULL
           AND a.inbox IS NOT NULL AND a.suspended_at IS NULL",
    )?;
    let rows = statement.query_map([target], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether any local account follows `target`.
pub fn has_local_follower(conn: &Conn, target: i64) -> Result<bool> {
    Ok(!list_local_followers(conn, target)?.is_empty())
}

/// Which side of a follow a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those who follow the account.
    Followers,
    /// Those whom the account follows.
    Following,
    /// Those who asked to follow the account.
    Requests,
    /// Those whom the account asked, and who have not answered.
    Asked,
}

/// `(row id, account id)` of one side, newest first; paged by the row's id.
pub fn list(conn: &Conn, account: i64, side: Side, page: &Page) -> Result<Vec<(i64, i64)>> {
    let (own, other, accepted) = match side {
        Side::Followers => ("target_id", "account_id", 1),
        Side::Following => ("account_id", "target_id", 1),
        Side::Requests => ("target_id", "account_id", 0),
        Side::Asked => ("account_id", "target_id", 0),
    };
    let sql = format!(
        "SELECT id, {other} FROM follow WHERE {own} = ? AND accepted = ? AND id < ? AND id > ?
         ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let limit = i64::try_from(page.limit).unwrap_or(40);
    let rows = statement
        .query_map(params![account, accepted, page.below(), page.above(), limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut found: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// All that `viewer` and each of `ids` are to each other, in one query a table.
#[derive(Clone, Debug, Default)]
pub struct Relations {
    pub follows: Vec<Follow>,
    pub followed_by: Vec<Follow>,
    pub blocking: Vec<i64>,
    pub blocked_by: Vec<i64>,
    /// `(target, notifications too, expires at)`.
    pub muting: Vec<(i64, bool, Option<i64>)>,
    /// Of `ids`, those whose domain the viewer hides.
    pub domain_blocking: Vec<i64>,
    /// Those whom the viewer recommends.
    pub endorsed: Vec<i64>,
    /// What the viewer noted about them.
    pub notes: Vec<(i64, String)>,
}

/// Reads [`Relations`].
pub fn relations(conn: &Conn, viewer: i64, ids: &[i64]) -> Result<Relations> {
    let ids = json_ids(ids);
    let follows = |sql: &str| -> Result<Vec<Follow>> {
        let mut statement = conn.sql.prepare_cached(sql)?;
        let rows = statement.query_map(params![viewer, ids], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let column = |sql: &str| -> Result<Vec<i64>> {
        let mut statement = conn.sql.prepare_cached(sql)?;
        let rows = statement.query_map(params![viewer, ids], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let mut muting = conn.sql.prepare_cached(
        "SELECT target_id, hide_notifications, expires_at FROM mute
         WHERE account_id = ?1 AND target_id IN (SELECT value FROM json_each(?2))
           AND (expires_at IS NULL OR expires_at > ?3)",
    )?;
    let muting = muting
        .query_map(params![viewer, ids, conn.now()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut notes = conn.sql.prepare_cached(
        "SELECT target_id, comment FROM account_note WHERE account_id = ?1
           AND target_id IN (SELECT value FROM json_each(?2))",
    )?;
    let notes = notes
        .query_map(params![viewer, ids], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Relations {
        notes,
        endorsed: column(
            "SELECT target_id FROM endorsement WHERE account_id = ?1
               AND target_id IN (SELECT value FROM json_each(?2))",
        )?,
        follows: follows(&format!(
            "SELECT {COLUMNS} FROM follow WHERE account_id = ?1
               AND target_id IN (SELECT value FROM json_each(?2))"
        ))?,
        followed_by: follows(&format!(
            "SELECT {COLUMNS} FROM follow WHERE target_id = ?1
               AND account_id IN (SELECT value FROM json_each(?2))"
        ))?,
        blocking: column(
            "SELECT target_id FROM block WHERE account_id = ?1
               AND target_id IN (SELECT value FROM json_each(?2))",
        )?,
        blocked_by: column(
            "SELECT account_id FROM block WHERE target_id = ?1
               AND account_id IN (SELECT value FROM json_each(?2))",
        )?,
        muting,
        domain_blocking: column(
            "SELECT a.id FROM account a WHERE a.id IN (SELECT value FROM json_each(?2))
               AND EXISTS (SELECT 1 FROM account_domain_block d
                 WHERE d.account_id = ?1 AND d.domain = a.domain)",
        )?,
    })
}

/// How many ask to follow an account.
pub fn count_requests(conn: &Conn, target: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM follow WHERE target_id = ? AND accepted = 0")?
        .query_row([target], |row| row.get(0))?)
}

/// People here who follow an actor whose address begins with `base`.
pub fn list_followers_below(conn: &Conn, base: &str, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT u.account_id FROM user u WHERE EXISTS (
           SELECT 1 FROM follow f CROSS JOIN account a ON a.id = f.target_id
           WHERE f.account_id = u.account_id AND f.accepted = 1
             AND substr(a.uri, 1, length(?1)) = ?1)
         LIMIT ?2",
    )?;
    let rows = statement.query_map(rusqlite::params![base, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
