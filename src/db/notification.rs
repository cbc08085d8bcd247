//! Notifications.

use rusqlite::{Row, ToSql, params};

use super::{Conn, Tx, optional, visible};
use crate::error::{Error, Result};
use crate::model::{Notification, NotificationKind, Page};

const COLUMNS: &str = "n.id, n.account_id, n.kind, n.from_account_id, n.status_id, n.created_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        id: row.get(0)?,
        account_id: row.get(1)?,
        kind: NotificationKind::from_number(row.get(2)?).unwrap_or(NotificationKind::Mention),
        from_account_id: row.get(3)?,
        status_id: row.get(4)?,
        created_at: row.get(5)?,
    })
}

/// Stores one; `None` when the same was told before.
pub fn insert(
    tx: &Tx<'_>,
    account: i64,
    kind: NotificationKind,
    from: i64,
    status: Option<i64>,
) -> Result<Option<i64>> {
    let changed = tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO notification (account_id, kind, from_account_id, status_id, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![account, kind as i64, from, status, tx.now()])?;
    Ok((changed > 0).then(|| tx.sql.last_insert_rowid()))
}

/// Takes back what an Undo makes untrue.
pub fn delete_matching(
    tx: &Tx<'_>,
    account: i64,
    kind: NotificationKind,
    from: i64,
    status: Option<i64>,
) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM notification WHERE account_id = ? AND kind = ? AND from_account_id = ?
             AND ifnull(status_id, 0) = ?",
        )?
        .execute(params![account, kind as i64, from, status.unwrap_or(0)])?;
    Ok(())
}

/// One of the account's own; another's is absent (S-082).
pub fn get(conn: &Conn, account: i64, id: i64) -> Result<Notification> {
    let sql = format!("SELECT {COLUMNS} FROM notification n WHERE n.id = ? AND n.account_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id, account], from_row))?
        .ok_or(Error::NotFound)
}

/// Dismisses one; false when there was none.
pub fn delete(tx: &Tx<'_>, account: i64, id: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("DELETE FROM notification WHERE id = ? AND account_id = ?")?
        .execute([id, account])?
        > 0)
}

/// Dismisses all that one account caused (a block).
pub fn delete_from(tx: &Tx<'_>, account: i64, from: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM notification WHERE from_account_id = ? AND account_id = ?")?
        .execute([from, account])?;
    Ok(())
}

/// Dismisses all.
pub fn clear(tx: &Tx<'_>, account: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM notification WHERE account_id = ?")?.execute([account])?;
    Ok(())
}

/// What of an account's notifications is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Empty: all kinds.
    pub kinds: Vec<NotificationKind>,
    pub from: Option<i64>,
}

/// A page of the account's notifications, without those from accounts it does not want to hear.
pub fn list(conn: &Conn, account: i64, wanted: &Wanted, page: &Page) -> Result<Vec<Notification>> {
    let kinds: Vec<i64> = wanted.kinds.iter().map(|kind| *kind as i64).collect();
    let mut condition = String::new();
    if !kinds.is_empty() {
        condition.push_str(" AND n.kind IN (SELECT value FROM json_each(:kinds))");
    }
    if wanted.from.is_some() {
        condition.push_str(" AND +n.from_account_id = :from");
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM notification n WHERE n.account_id = :viewer
         AND n.id < :below AND n.id > :above{condition}
         AND {}
         AND (n.status_id IS NULL OR EXISTS (SELECT 1 FROM status s WHERE s.id = n.status_id AND {}))
         ORDER BY n.id {} LIMIT :limit",
        visible::heard_account("n.from_account_id"),
        visible::readable("s"),
        page.order()
    );
    let (below, above, now) = (page.below(), page.above(), conn.now());
    let limit = i64::try_from(page.limit).unwrap_or(40);
    let kinds = super::json_ids(&kinds);
    let mut args: Vec<(&str, &dyn ToSql)> = vec![
        (":viewer", &account),
        (":below", &below),
        (":above", &above),
        (":now", &now),
        (":limit", &limit),
    ];
    if condition.contains(":kinds") {
        args.push((":kinds", &kinds));
    }
    if let Some(from) = &wanted.from {
        args.push((":from", from));
    }
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], from_row)?;
    let mut found: Vec<Notification> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
