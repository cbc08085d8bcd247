//! Emojis under statuses.

use std::collections::HashMap;

use rusqlite::{Row, params};

use super::{Conn, Tx, json_ids, optional, visible};
use crate::error::Result;
use crate::model::{Reaction, ReactionCount};

const COLUMNS: &str = "r.id, r.status_id, r.account_id, r.name, r.url, r.uri, r.is_like";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Reaction> {
    Ok(Reaction {
        id: row.get(0)?,
        status_id: row.get(1)?,
        account_id: row.get(2)?,
        name: row.get(3)?,
        url: row.get(4)?,
        uri: row.get(5)?,
        is_like: row.get(6)?,
    })
}

/// Stores one; false when the account reacted so before.
pub fn insert(tx: &Tx<'_>, new: &Reaction) -> Result<bool> {
    let changed = tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO reaction
               (status_id, account_id, name, url, uri, is_like, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.status_id,
            new.account_id,
            new.name,
            new.url,
            new.uri,
            new.is_like,
            tx.now()
        ])?;
    Ok(changed > 0)
}

/// Removes one.
pub fn remove(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM reaction WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Removes up to `limit` of an account's; how many went.
pub fn remove_of_account(tx: &Tx<'_>, account: i64, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM reaction WHERE id IN
               (SELECT id FROM reaction WHERE account_id = ? LIMIT ?)",
        )?
        .execute([account, limit])?)
}

/// By the id of its activity (an Undo may name nothing else, F-173).
pub fn find_by_uri(conn: &Conn, uri: &str) -> Result<Option<Reaction>> {
    one(conn, "r.uri = ?", params![uri])
}

/// By account, status and name.
pub fn find(conn: &Conn, account: i64, status: i64, name: &str) -> Result<Option<Reaction>> {
    one(conn, "r.status_id = ? AND r.account_id = ? AND r.name = ?", params![status, account, name])
}

/// Whether somebody reacted to a status by this name.
pub fn is_used(conn: &Conn, status: i64, name: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM reaction INDEXED BY reaction_status WHERE status_id = ? AND name = ?",
        )?
        .exists(params![status, name])?)
}

/// The picture that a name has under a status, if somebody used it there.
pub fn find_named(conn: &Conn, status: i64, name: &str) -> Result<Option<Reaction>> {
    one(conn, "r.status_id = ? AND r.name = ? AND r.url IS NOT NULL", params![status, name])
}

fn one(conn: &Conn, condition: &str, args: impl rusqlite::Params) -> Result<Option<Reaction>> {
    let sql = format!("SELECT {COLUMNS} FROM reaction r WHERE {condition} LIMIT 1");
    optional(conn.sql.prepare_cached(&sql)?.query_row(args, from_row))
}

/// All of one account to one status, the oldest first.
pub fn list_of(conn: &Conn, account: i64, status: i64) -> Result<Vec<Reaction>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM reaction r WHERE r.status_id = ? AND r.account_id = ? LIMIT 100"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([status, account], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many there are under a status, counted up to `limit`, and by how many different names.
pub fn count(conn: &Conn, status: i64, limit: i64) -> Result<(i64, i64)> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*), count(DISTINCT name) FROM
               (SELECT name FROM reaction WHERE status_id = ? LIMIT ?)",
        )?
        .query_row([status, limit], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// The reactions to some statuses by name, in the order in which their names were used first.
/// Those of suspended accounts are not there.
pub fn list_counts(
    conn: &Conn,
    ids: &[i64],
    viewer: i64,
) -> Result<HashMap<i64, Vec<ReactionCount>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut statement = conn.sql.prepare_cached(
        "SELECT r.status_id, r.name, max(r.url), count(*), max(r.account_id = ?2), min(r.id)
         FROM reaction r
         WHERE r.status_id IN (SELECT value FROM json_each(?1))
           AND NOT EXISTS (SELECT 1 FROM account a
             WHERE a.id = r.account_id AND a.suspended_at IS NOT NULL)
         GROUP BY r.status_id, r.name",
    )?;
    let rows = statement.query_map(params![json_ids(ids), viewer], |row| {
        let first: i64 = row.get(5)?;
        let one = ReactionCount {
            status_id: row.get(0)?,
            name: row.get(1)?,
            url: row.get(2)?,
            count: row.get(3)?,
            me: row.get(4)?,
        };
        Ok((first, one))
    })?;
    let mut found: Vec<(i64, ReactionCount)> = rows.collect::<rusqlite::Result<_>>()?;
    found.sort_by_key(|(first, _)| *first);
    let mut lists: HashMap<i64, Vec<ReactionCount>> = HashMap::new();
    for (_, one) in found {
        lists.entry(one.status_id).or_default().push(one);
    }
    Ok(lists)
}

/// Who reacted to a status, the oldest first: without those who block `viewer`, and whom it does
/// not want to see.
pub fn list(conn: &Conn, viewer: i64, status: i64, limit: i64) -> Result<Vec<Reaction>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM reaction r WHERE r.status_id = :of AND {}
           AND NOT EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = r.account_id AND b.target_id = :viewer)
         ORDER BY r.id LIMIT :limit",
        visible::wanted_account("r.account_id"),
    );
    let args = rusqlite::named_params! {
        ":of": status, ":viewer": viewer, ":now": conn.now(), ":limit": limit,
    };
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(args, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest reaction behind each of some notifications, by the notification's id.
pub fn list_of_notifications(conn: &Conn, ids: &[i64]) -> Result<HashMap<i64, Reaction>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT {COLUMNS}, n.id FROM json_each(?) j
         CROSS JOIN notification n ON n.id = j.value
         CROSS JOIN reaction r
           ON r.status_id = n.status_id AND r.account_id = n.from_account_id"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(ids)], |row| Ok((row.get(7)?, from_row(row)?)))?;
    let mut newest: HashMap<i64, Reaction> = HashMap::new();
    for row in rows {
        let (notification, reaction) = row?;
        match newest.get(&notification) {
            Some(have) if have.id > reaction.id => {}
            _ => {
                newest.insert(notification, reaction);
            }
        }
    }
    Ok(newest)
}
