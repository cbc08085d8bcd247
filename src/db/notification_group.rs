//! Notifications as groups: favourites or boosts of one status, or follows, of some hours.

use std::cmp::Reverse;

use rusqlite::{ToSql, named_params, params};

use super::notification::{COLUMNS, Wanted, from_row};
use super::{Conn, Tx, json_ids, optional, visible};
use crate::error::{Error, Result};
use crate::model::{Notification, NotificationKind, Page};

/// How many of its accounts a group names, as in Mastodon.
const SAMPLES: usize = 8;

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

/// The groups of `keys`: what is not above the range, and the oldest that is not below it. Each
/// group is walked once, however much is asked of it.
pub fn list_groups(
    conn: &Conn,
    account: i64,
    keys: &[String],
    (from, to): (i64, i64),
) -> Result<Vec<Group>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT k.key, o.id, o.created_at, o.from_account_id FROM json_each(:keys) k
         CROSS JOIN notification o INDEXED BY notification_group
           ON o.account_id = :viewer AND o.group_key = k.value AND o.id <= :to AND {}",
        visible::heard_account("o.from_account_id")
    );
    let text = serde_json::to_string(keys).map_err(Error::internal)?;
    let empty = |key: &String| Group {
        key: key.clone(),
        newest: 0,
        newest_at: 0,
        oldest: 0,
        count: 0,
        accounts: Vec::new(),
    };
    let mut groups: Vec<Group> = keys.iter().map(empty).collect();
    let mut newest: Vec<Vec<(i64, i64)>> = vec![Vec::new(); keys.len()];
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! {
        ":viewer": account, ":keys": text, ":to": to, ":now": conn.now(),
    })?;
    while let Some(row) = rows.next()? {
        let at = usize::from(row.get::<_, u16>(0)?);
        let (Some(group), Some(newest)) = (groups.get_mut(at), newest.get_mut(at)) else {
            continue;
        };
        let id: i64 = row.get(1)?;
        group.count += 1;
        if id > group.newest {
            (group.newest, group.newest_at) = (id, row.get(2)?);
        }
        if id >= from && (group.oldest == 0 || id < group.oldest) {
            group.oldest = id;
        }
        newest.push((id, row.get(3)?));
        // a group may have thousands
        if newest.len() >= 8 * SAMPLES {
            keep_newest(newest);
        }
    }
    for (group, mut newest) in groups.iter_mut().zip(newest) {
        keep_newest(&mut newest);
        group.accounts = newest.into_iter().map(|(_, account)| account).collect();
    }
    Ok(groups)
}

fn keep_newest(found: &mut Vec<(i64, i64)>) {
    found.sort_unstable_by_key(|(id, _)| Reverse(*id));
    found.truncate(SAMPLES);
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
