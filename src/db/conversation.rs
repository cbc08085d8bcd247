//! Direct conversations: one row a reader and thread, with its newest status.

use rusqlite::{Row, ToSql, params};

use super::{Conn, Tx, optional, visible};
use crate::error::Result;
use crate::model::Page;

/// A conversation as one of its readers keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Conversation {
    pub id: i64,
    pub thread_id: i64,
    pub last_status_id: Option<i64>,
    pub unread: bool,
}

const COLUMNS: &str = "c.id, c.thread_id, c.last_status_id, c.unread";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: row.get(0)?,
        thread_id: row.get(1)?,
        last_status_id: row.get(2)?,
        unread: row.get(3)?,
    })
}

/// The status is the newest of its conversation for `account`; an older one changes nothing.
/// Answers the row that changed.
pub fn keep(
    tx: &Tx<'_>,
    account: i64,
    thread: i64,
    status: i64,
    unread: bool,
) -> Result<Option<i64>> {
    optional(
        tx.sql
            .prepare_cached(
                "INSERT INTO conversation (account_id, thread_id, last_status_id, unread)
                 VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
                 SET last_status_id = excluded.last_status_id, unread = excluded.unread
                 WHERE last_status_id IS NULL OR last_status_id < excluded.last_status_id
                 RETURNING id",
            )?
            .query_row(params![account, thread, status, unread], |row| row.get(0)),
    )
}

/// One of the account's conversations, if its newest status is one to show.
pub fn find(conn: &Conn, account: i64, id: i64) -> Result<Option<Conversation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM conversation c CROSS JOIN status s ON s.id = c.last_status_id
         WHERE c.id = :id AND c.account_id = :viewer AND {} AND {}",
        visible::readable("s"),
        visible::wanted("s")
    );
    let now = conn.now();
    let args: [(&str, &dyn ToSql); 3] = [(":id", &id), (":viewer", &account), (":now", &now)];
    optional(conn.sql.prepare_cached(&sql)?.query_row(&args[..], from_row))
}

/// The account's conversations, that with the newest status first; paged by that status.
pub fn list(conn: &Conn, account: i64, page: &Page) -> Result<Vec<Conversation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM conversation c CROSS JOIN status s ON s.id = c.last_status_id
         WHERE c.account_id = :viewer AND c.last_status_id < :below AND c.last_status_id > :above
           AND {} AND {} ORDER BY c.last_status_id {} LIMIT :limit",
        visible::readable("s"),
        visible::wanted("s"),
        page.order()
    );
    let (below, above, limit, now) = (page.below(), page.above(), super::most(page), conn.now());
    let args: [(&str, &dyn ToSql); 5] = [
        (":viewer", &account),
        (":below", &below),
        (":above", &above),
        (":limit", &limit),
        (":now", &now),
    ];
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], from_row)?;
    let mut found: Vec<Conversation> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// Marks it; false when it is not the account's.
pub fn set_unread(tx: &Tx<'_>, account: i64, id: i64, unread: bool) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("UPDATE conversation SET unread = ? WHERE id = ? AND account_id = ?")?
        .execute(params![unread, id, account])?
        > 0)
}

/// Removes it for this account; false when it is not the account's.
pub fn delete(tx: &Tx<'_>, account: i64, id: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("DELETE FROM conversation WHERE id = ? AND account_id = ?")?
        .execute([id, account])?
        > 0)
}

/// The status is about to go: where it was the newest, the one before it is now, or the
/// conversation goes as well. Answers `(account, row)` of those that stay.
pub fn step_back(tx: &Tx<'_>, status: i64) -> Result<Vec<(i64, i64)>> {
    let rows: Vec<(i64, i64, i64)> = {
        let mut statement = tx.sql.prepare_cached(
            "SELECT id, account_id, thread_id FROM conversation WHERE last_status_id = ?",
        )?;
        let rows =
            statement.query_map([status], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let mut stay = Vec::new();
    for (id, account, thread) in rows {
        let before: Option<i64> = tx
            .sql
            .prepare_cached(
                "SELECT max(s.id) FROM status s
                 WHERE s.thread_id = ?1 AND s.id < ?2 AND s.visibility = 3
                   AND (s.account_id = ?3 OR EXISTS (SELECT 1 FROM mention m
                     WHERE m.status_id = s.id AND m.account_id = ?3))",
            )?
            .query_row([thread, status, account], |row| row.get(0))?;
        match before {
            Some(before) => {
                tx.sql
                    .prepare_cached("UPDATE conversation SET last_status_id = ? WHERE id = ?")?
                    .execute([before, id])?;
                stay.push((account, id));
            }
            None => {
                tx.sql.prepare_cached("DELETE FROM conversation WHERE id = ?")?.execute([id])?;
            }
        }
    }
    Ok(stay)
}

/// Two threads turned out to be one. Where somebody has both, the joined one stays.
pub fn join(tx: &Tx<'_>, from: i64, to: i64) -> Result<()> {
    if from == to {
        return Ok(());
    }
    tx.sql
        .prepare_cached(
            "UPDATE OR IGNORE conversation SET thread_id = ?2
             WHERE account_id IN (SELECT account_id FROM user) AND thread_id = ?1",
        )?
        .execute([from, to])?;
    tx.sql
        .prepare_cached(
            "UPDATE conversation SET unread = max(conversation.unread, o.unread),
               last_status_id = max(ifnull(conversation.last_status_id, 0), o.last_status_id)
             FROM conversation o WHERE o.account_id = conversation.account_id AND o.thread_id = ?1
               AND o.last_status_id IS NOT NULL
               AND conversation.account_id IN (SELECT account_id FROM user)
               AND conversation.thread_id = ?2",
        )?
        .execute([from, to])?;
    tx.sql
        .prepare_cached(
            "DELETE FROM conversation
             WHERE account_id IN (SELECT account_id FROM user) AND thread_id = ?",
        )?
        .execute([from])?;
    Ok(())
}
