//! Notifications.

use rusqlite::{Row, ToSql, params};

use super::{Conn, Tx, optional, visible};
use crate::error::{Error, Result};
use crate::model::{Notification, NotificationKind, Page};

pub(super) const COLUMNS: &str =
    "n.id, n.account_id, n.kind, n.from_account_id, n.status_id, n.created_at, n.group_key";

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        id: row.get(0)?,
        account_id: row.get(1)?,
        kind: NotificationKind::from_number(row.get(2)?).unwrap_or(NotificationKind::Mention),
        from_account_id: row.get(3)?,
        status_id: row.get(4)?,
        created_at: row.get(5)?,
        group_key: row.get(6)?,
    })
}

/// One that is to be stored.
#[derive(Clone, Debug)]
pub struct New {
    pub account_id: i64,
    pub kind: NotificationKind,
    pub from_account_id: i64,
    pub status_id: Option<i64>,
    /// Held back by the account's policy.
    pub filtered: bool,
    pub group_key: Option<String>,
}

/// Stores one; `None` when the same was told before.
pub fn insert(tx: &Tx<'_>, new: &New) -> Result<Option<i64>> {
    let changed = tx
        .sql
        .prepare_cached(
            "INSERT OR IGNORE INTO notification (account_id, kind, from_account_id, status_id,
               created_at, filtered, group_key) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.account_id,
            new.kind as i64,
            new.from_account_id,
            new.status_id,
            tx.now(),
            new.filtered,
            new.group_key,
        ])?;
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

/// The same, if it is among those that the account is shown.
pub fn find_shown(conn: &Conn, account: i64, id: i64) -> Result<Option<Notification>> {
    let only = Page { max_id: Some(id + 1), since_id: Some(id - 1), ..Page::newest(1) };
    Ok(list(conn, account, &Wanted::default(), &only)?.pop())
}

/// Dismisses one; false when there was none.
pub fn delete(tx: &Tx<'_>, account: i64, id: i64) -> Result<bool> {
    Ok(tx
        .sql
        .prepare_cached("DELETE FROM notification WHERE id = ? AND account_id = ?")?
        .execute([id, account])?
        > 0)
}

/// Dismisses those of `ids` that are the account's own.
pub fn delete_many(tx: &Tx<'_>, account: i64, ids: &[i64]) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM notification
             WHERE id IN (SELECT value FROM json_each(?)) AND account_id = ?",
        )?
        .execute(params![super::json_ids(ids), account])?;
    Ok(())
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
    /// Empty: all kinds that Mastodon has.
    pub kinds: Vec<NotificationKind>,
    /// By one account alone, held back or not.
    pub from: Option<i64>,
    /// Those that the policy holds back as well.
    pub include_filtered: bool,
}

impl Wanted {
    /// The rule for a notification `n` of `:viewer`: who is blocked or muted is not heard, and a
    /// status must be there to read. Also binds `:now`, and what [`Wanted::bind`] adds.
    pub(super) fn condition(&self) -> String {
        let mut condition = format!(
            "{} AND (n.status_id IS NULL
               OR EXISTS (SELECT 1 FROM status s WHERE s.id = n.status_id AND {}))",
            self.by("n"),
            visible::readable("s"),
        );
        if self.kinds.is_empty() {
            condition.push_str(" AND n.kind NOT BETWEEN 13 AND 15");
        } else {
            condition.push_str(" AND n.kind IN (SELECT value FROM json_each(:kinds))");
        }
        if self.from.is_none() && !self.include_filtered {
            condition.push_str(" AND n.filtered = 0");
        }
        condition
    }

    /// The part of the rule that can differ within a group: by whom it is.
    pub(super) fn by(&self, n: &str) -> String {
        let heard = visible::heard_account(&format!("{n}.from_account_id"));
        match self.from {
            // the plus keeps SQLite on the index that gives the order
            Some(_) => format!("+{n}.from_account_id = :from AND {heard}"),
            None => heard,
        }
    }

    /// The kinds as [`Wanted::condition`] binds them.
    pub(super) fn kinds(&self) -> String {
        super::json_ids(&self.kinds.iter().map(|kind| *kind as i64).collect::<Vec<_>>())
    }

    /// Adds the values of the optional parameters.
    pub(super) fn bind<'a>(&'a self, kinds: &'a dyn ToSql, args: &mut Vec<(&str, &'a dyn ToSql)>) {
        if !self.kinds.is_empty() {
            args.push((":kinds", kinds));
        }
        if let Some(from) = &self.from {
            args.push((":from", from));
        }
    }
}

/// A page of the account's notifications, without those from accounts it does not want to hear.
pub fn list(conn: &Conn, account: i64, wanted: &Wanted, page: &Page) -> Result<Vec<Notification>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notification n WHERE n.account_id = :viewer
         AND n.id < :below AND n.id > :above AND {} ORDER BY n.id {} LIMIT :limit",
        wanted.condition(),
        page.order()
    );
    let (below, above, now) = (page.below(), page.above(), conn.now());
    let (limit, kinds) = (super::most(page), wanted.kinds());
    let mut args: Vec<(&str, &dyn ToSql)> = vec![
        (":viewer", &account),
        (":below", &below),
        (":above", &above),
        (":now", &now),
        (":limit", &limit),
    ];
    wanted.bind(&kinds, &mut args);
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], from_row)?;
    let mut found: Vec<Notification> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
