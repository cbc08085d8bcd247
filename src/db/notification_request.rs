//! Whose mentions are held back: one row an account. A trigger takes a row away with the last of
//! its notifications.

use rusqlite::{Row, params};

use super::{Conn, Tx, json_ids, most};
use crate::error::Result;
use crate::model::{NotificationRequest, Page};

/// More are not counted, as in Mastodon.
const MOST: i64 = 100;

const COLUMNS: &str =
    "r.id, r.from_account_id, r.last_status_id, r.notifications_count, r.created_at, r.updated_at";

/// Of accounts that are still there to be heard.
const SHOWN: &str = "NOT EXISTS (SELECT 1 FROM account a
    WHERE a.id = r.from_account_id AND a.suspended_at IS NOT NULL)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<NotificationRequest> {
    Ok(NotificationRequest {
        id: row.get(0)?,
        from_account_id: row.get(1)?,
        last_status_id: row.get(2)?,
        notifications_count: row.get(3)?,
        created_at: row.get(4)?,
        updated_at: row.get(5)?,
    })
}

/// One more is held back.
pub fn add(tx: &Tx<'_>, account: i64, from: i64, status: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO notification_request (account_id, from_account_id, last_status_id,
               notifications_count, created_at, updated_at) VALUES (?1, ?2, ?3, 1, ?4, ?4)
             ON CONFLICT DO UPDATE SET last_status_id = excluded.last_status_id,
               notifications_count = notifications_count + 1, updated_at = excluded.updated_at",
        )?
        .execute(params![account, from, status, tx.now()])?;
    Ok(())
}

/// A page of the account's requests, the newest first.
pub fn list(conn: &Conn, account: i64, page: &Page) -> Result<Vec<NotificationRequest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notification_request r
         WHERE r.account_id = ? AND r.id < ? AND r.id > ? AND {SHOWN} ORDER BY r.id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows =
        statement.query_map(params![account, page.below(), page.above(), most(page)], from_row)?;
    let mut found: Vec<NotificationRequest> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// Those of `ids` that are the account's own.
pub fn list_by_ids(conn: &Conn, account: i64, ids: &[i64]) -> Result<Vec<NotificationRequest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notification_request r
         WHERE r.id IN (SELECT value FROM json_each(?)) AND r.account_id = ? AND {SHOWN}"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(params![json_ids(ids), account], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many requests and how many notifications wait, of 100 requests at the most.
pub fn summary(conn: &Conn, account: i64) -> Result<(i64, i64)> {
    let sql = format!(
        "SELECT count(*), ifnull(sum(c), 0) FROM (SELECT r.notifications_count AS c
           FROM notification_request r WHERE r.account_id = ? AND {SHOWN} LIMIT ?)"
    );
    Ok(conn
        .sql
        .prepare_cached(&sql)?
        .query_row([account, MOST], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// What was held back of `from` is as if it never had been; conversations that were kept out with
/// it come in. Answers the rows of those.
pub fn release(tx: &Tx<'_>, account: i64, from: i64) -> Result<Vec<i64>> {
    let came = {
        let mut statement = tx.sql.prepare_cached(
            "INSERT INTO conversation (account_id, thread_id, last_status_id, unread)
             SELECT n.account_id, s.thread_id, max(s.id), 1 FROM notification n
               CROSS JOIN status s ON s.id = n.status_id
             WHERE n.account_id = ? AND n.from_account_id = ? AND n.filtered = 1
               AND n.kind = 0 AND s.visibility = 3 GROUP BY s.thread_id
             ON CONFLICT DO UPDATE
             SET last_status_id = excluded.last_status_id, unread = excluded.unread
             WHERE last_status_id IS NULL OR last_status_id < excluded.last_status_id
             RETURNING id",
        )?;
        let rows = statement.query_map([account, from], |row| row.get(0))?;
        rows.collect::<rusqlite::Result<Vec<i64>>>()?
    };
    tx.sql
        .prepare_cached(
            "UPDATE notification SET filtered = 0
             WHERE account_id = ? AND from_account_id = ? AND filtered = 1",
        )?
        .execute([account, from])?;
    tx.sql
        .prepare_cached(
            "DELETE FROM notification_request WHERE account_id = ? AND from_account_id = ?",
        )?
        .execute([account, from])?;
    Ok(came)
}

/// What was held back of `from` goes, and with it the request.
pub fn drop_held(tx: &Tx<'_>, account: i64, from: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM notification
             WHERE account_id = ? AND from_account_id = ? AND filtered = 1",
        )?
        .execute([account, from])?;
    Ok(())
}
