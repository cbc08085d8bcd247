//! Whom an account might want to follow.

use rusqlite::{named_params, params};

use super::{Conn, Tx, json_ids, visible};
use crate::error::Result;

/// `(account, how many friends follow it)` of those whom the newest `depth` follows of `account`
/// follow, as far as this server knows, at most `limit`.
pub fn list_of_friends(
    conn: &Conn,
    account: i64,
    depth: i64,
    limit: i64,
) -> Result<Vec<(i64, i64)>> {
    pairs(
        conn,
        "SELECT target_id, count(*) FROM (
           SELECT g.target_id FROM (SELECT target_id FROM follow
               WHERE account_id = ?1 AND accepted = 1 ORDER BY id DESC LIMIT ?2) f
             CROSS JOIN follow g ON g.account_id = f.target_id AND g.accepted = 1
           LIMIT ?3)
         GROUP BY target_id",
        params![account, depth, limit],
    )
}

/// `(account, how often)` of those whose statuses `account` lately favourited, answered or
/// boosted: of `depth` each.
pub fn list_interactions(conn: &Conn, account: i64, depth: i64) -> Result<Vec<(i64, i64)>> {
    pairs(
        conn,
        "SELECT author, count(*) FROM (
           SELECT s.account_id AS author FROM (SELECT status_id FROM favourite
               WHERE account_id = ?1 ORDER BY id DESC LIMIT ?2) f
             CROSS JOIN status s ON s.id = f.status_id
           UNION ALL
           SELECT ifnull(b.account_id, o.in_reply_to_account_id) FROM (
               SELECT reblog_of_id, in_reply_to_account_id FROM status
               WHERE account_id = ?1 ORDER BY id DESC LIMIT ?2) o
             LEFT JOIN status b ON b.id = o.reblog_of_id)
         WHERE author IS NOT NULL GROUP BY author",
        params![account, depth],
    )
}

fn pairs(conn: &Conn, sql: &str, args: impl rusqlite::Params) -> Result<Vec<(i64, i64)>> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let rows = statement.query_map(args, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those of `ids` that want to be found and that `viewer` could follow and does not: not itself,
/// nobody followed or asked, blocked either way, muted, of a hidden domain or dismissed.
pub fn retain(conn: &Conn, viewer: i64, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT a.id FROM account a WHERE a.id IN (SELECT value FROM json_each(:ids))
           AND a.discoverable = 1 AND a.suspended_at IS NULL AND a.moved_to_uri IS NULL
           AND a.id <> :viewer
           AND NOT EXISTS (SELECT 1 FROM follow f
             WHERE f.account_id = :viewer AND f.target_id = a.id)
           AND a.silenced_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = a.id AND b.target_id = :viewer)
           AND NOT EXISTS (SELECT 1 FROM suggestion_dismissal d
             WHERE d.account_id = :viewer AND d.target_id = a.id)
           AND {}",
        visible::wanted_account("a.id")
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let args = named_params! { ":ids": json_ids(ids), ":viewer": viewer, ":now": conn.now() };
    let rows = statement.query_map(args, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Remembers that `account` does not want to be shown `target`.
pub fn dismiss(tx: &Tx<'_>, account: i64, target: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR IGNORE INTO suggestion_dismissal (account_id, target_id) VALUES (?, ?)",
        )?
        .execute([account, target])?;
    Ok(())
}

/// Those of `ids` that `viewer` (0: nobody) does not keep out of its sight.
pub fn wanted(conn: &Conn, viewer: i64, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT a.id FROM account a WHERE a.id IN (SELECT value FROM json_each(:ids)) AND {}
           AND a.silenced_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = a.id AND b.target_id = :viewer)",
        visible::wanted_account("a.id")
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let args = named_params! { ":ids": json_ids(ids), ":viewer": viewer, ":now": conn.now() };
    let rows = statement.query_map(args, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
