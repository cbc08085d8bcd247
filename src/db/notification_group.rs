//! Notifications as groups: favourites or boosts of one status, or follows, of some hours.

use rusqlite::{ToSql, params};

use super::notification::{COLUMNS, Wanted, from_row};
use super::{Conn, Tx, json_ids, optional, visible};
use crate::error::{Error, Result};
use crate::model::{Notification, NotificationKind, Page};

/// How many of its accounts a group names, as in Mastodon.
const SAMPLES: i64 = 8;

/// The newest key of a group that begins with `prefix` and goes on with digits.
pub fn newest_key(conn: &Conn, account: i64, prefix: &str) -> Result<Option<String>> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT max(group_key) FROM notification
             WHERE account_id = ?1 AND group_key >= ?2 AND group_key < ?2 || ':'",
        )?
        .query_row(params![account, prefix], |row| row.get(0))?)
}

/// A page of groups: of each the notification that is met first, from the newest on, or with
/// `min_id` from the oldest on. Kinds that are not among `grouped` are groups of one.
pub fn list(
    conn: &Conn,
    account: i64,
    wanted: &Wanted,
    grouped: &[NotificationKind],
    page: &Page,
) -> Result<Vec<Notification>> {
    let nearer = if page.ascending() {
        "o.id < n.id AND o.id > :above"
    } else {
        "o.id > n.id AND o.id < :below"
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM notification n WHERE n.account_id = :viewer
         AND n.id < :below AND n.id > :above AND {}
         AND (n.group_key IS NULL OR n.kind NOT IN (SELECT value FROM json_each(:grouped))
           OR NOT EXISTS (SELECT 1 FROM notification o INDEXED BY notification_group
             WHERE o.account_id = :viewer AND o.group_key = n.group_key AND {nearer} AND {}))
         ORDER BY n.id {} LIMIT :limit",
        wanted.condition(),
        wanted.by("o"),
        page.order()
    );
    let grouped = json_ids(&grouped.iter().map(|kind| *kind as i64).collect::<Vec<_>>());
    let (below, above, now) = (page.below(), page.above(), conn.now());
    let (limit, kinds) = (super::most(page), wanted.kinds());
    let mut args: Vec<(&str, &dyn ToSql)> = vec![
        (":viewer", &account),
        (":below", &below),
        (":above", &above),
        (":now", &now),
        (":limit", &limit),
        (":grouped", &grouped),
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

/// A group, as far as it lies in some range of ids.
#[derive(Clone, Debug)]
pub struct Group {
    pub key: String,
    pub newest: i64,
    pub newest_at: i64,
    /// The oldest of those within the range.
    pub oldest: i64,
    pub count: i64,
    /// Who caused the newest of them, that first.
    pub accounts: Vec<i64>,
}

/// The groups of `keys`: what is not above the range, and the oldest that is not below it.
pub fn list_groups(
    conn: &Conn,
    account: i64,
    keys: &[String],
    (from, to): (i64, i64),
) -> Result<Vec<Group>> {
    let of = |what: &str, rest: &str| {
        format!(
            "(SELECT {what} FROM notification o INDEXED BY notification_group
              WHERE o.account_id = :viewer AND o.group_key = k.value AND o.id <= :to AND {} {rest})",
            visible::heard_account("o.from_account_id")
        )
    };
    let sql = format!(
        "SELECT k.value, {}, {}, {}, {},
           (SELECT json_group_array(x) FROM {}) FROM json_each(:keys) k",
        of("o.id", "ORDER BY o.id DESC LIMIT 1"),
        of("o.created_at", "ORDER BY o.id DESC LIMIT 1"),
        of("o.id", "AND o.id >= :from ORDER BY o.id LIMIT 1"),
        of("count(*)", ""),
        of("o.from_account_id AS x", "ORDER BY o.id DESC LIMIT :samples"),
    );
    let keys = serde_json::to_string(keys).map_err(Error::internal)?;
    let now = conn.now();
    let args: [(&str, &dyn ToSql); 6] = [
        (":viewer", &account),
        (":keys", &keys),
        (":from", &from),
        (":to", &to),
        (":now", &now),
        (":samples", &SAMPLES),
    ];
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], |row| {
        let accounts: String = row.get(5)?;
        Ok(Group {
            key: row.get(0)?,
            newest: row.get::<_, Option<i64>>(1)?.unwrap_or(0),
            newest_at: row.get::<_, Option<i64>>(2)?.unwrap_or(0),
            oldest: row.get::<_, Option<i64>>(3)?.unwrap_or(0),
            count: row.get(4)?,
            accounts: serde_json::from_str(&accounts).unwrap_or_default(),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest of a group of the account's own, if it is one to show.
pub fn find(conn: &Conn, account: i64, key: &str) -> Result<Option<Notification>> {
    let wanted = Wanted { include_filtered: true, ..Wanted::default() };
    let (own, id) = match ungrouped(key) {
        Some(id) => ("n.id = :id", Some(id)),
        None => ("n.group_key = :key", None),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM notification n WHERE n.account_id = :viewer AND {own} AND {}
         ORDER BY n.id DESC LIMIT 1",
        wanted.condition()
    );
    let now = conn.now();
    let mut args: Vec<(&str, &dyn ToSql)> = vec![(":viewer", &account), (":now", &now)];
    match &id {
        Some(id) => args.push((":id", id)),
        None => args.push((":key", &key)),
    }
    optional(conn.sql.prepare_cached(&sql)?.query_row(&args[..], from_row))
}

/// `ungrouped-<id>` names one that is in no group.
fn ungrouped(key: &str) -> Option<i64> {
    key.strip_prefix("ungrouped-").map(|id| crate::id::parse(id).unwrap_or(0))
}

/// Dismisses a group.
pub fn delete(tx: &Tx<'_>, account: i64, key: &str) -> Result<()> {
    match ungrouped(key) {
        Some(id) => drop(super::notification::delete(tx, account, id)?),
        None => {
            tx.sql
                .prepare_cached("DELETE FROM notification WHERE account_id = ? AND group_key = ?")?
                .execute(params![account, key])?;
        }
    }
    Ok(())
}

/// `(notification, account)` of those who are in a group, newest first; paged by the former.
pub fn list_accounts(conn: &Conn, account: i64, key: &str, page: &Page) -> Result<Vec<(i64, i64)>> {
    let id = ungrouped(key);
    let own = if id.is_some() { "o.id = :id" } else { "o.group_key = :key" };
    let sql = format!(
        "SELECT o.id, o.from_account_id FROM notification o WHERE o.account_id = :viewer AND {own}
         AND o.id < :below AND o.id > :above AND {} ORDER BY o.id {} LIMIT :limit",
        visible::heard_account("o.from_account_id"),
        page.order()
    );
    let (below, above, now, limit) = (page.below(), page.above(), conn.now(), super::most(page));
    let mut args: Vec<(&str, &dyn ToSql)> = vec![
        (":viewer", &account),
        (":below", &below),
        (":above", &above),
        (":now", &now),
        (":limit", &limit),
    ];
    match &id {
        Some(id) => args.push((":id", id)),
        None => args.push((":key", &key)),
    }
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut found: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
