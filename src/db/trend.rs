//! What is much talked about: reckoned from the newest public statuses, kept as ranked lists.

use rusqlite::{ToSql, named_params, params};

use super::{Conn, Tx, json_ids, visible};
use crate::clock::DAY;
use crate::error::Result;
use crate::id;

/// What a list is of; stored as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Kind {
    Tags = 0,
    Statuses = 1,
    Cards = 2,
}

/// How many of the newest public statuses are looked at, however many there are.
const WINDOW: i64 = 20_000;

/// A status that people did something with.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub id: i64,
    pub created_at: i64,
    pub marks: i64,
}

/// The newest public statuses since a time, as a part of a query.
const NEWEST: &str = "(SELECT id, account_id, created_at, sensitive, spoiler_text,
    favourites_count + reblogs_count AS marks
  FROM status INDEXED BY status_public
  WHERE visibility = 0 AND reblog_of_id IS NULL AND reply_to_other = 0 AND id > :since
    AND held = 0
  ORDER BY id DESC LIMIT :window) n";

/// Their authors `a`: of limited and suspended ones nothing counts. Joined last: most statuses have
/// no tag and no card, and their authors lie all over the file.
const AUTHORS: &str = "CROSS JOIN account a
    ON a.id = n.account_id AND a.silenced_at IS NULL AND a.suspended_at IS NULL";

/// What is shown as a trend itself is by those who want to be found, and whose media
/// are not marked.
const SHOWN: &str = "a.discoverable = 1 AND a.sensitized_at IS NULL";

/// Tags that at least `people` different accounts used since a time, the most used first.
pub fn count_tags(conn: &Conn, since: i64, people: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT st.tag_id FROM {NEWEST} CROSS JOIN status_tag st ON st.status_id = n.id {AUTHORS}
         GROUP BY st.tag_id HAVING count(DISTINCT n.account_id) >= :people
         ORDER BY count(DISTINCT n.account_id) DESC, count(*) DESC, st.tag_id DESC LIMIT :limit"
    );
    count(conn, &sql, since, people, limit)
}

/// Cards of links that at least `people` different accounts shared who want to be found.
pub fn count_cards(conn: &Conn, since: i64, people: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT sc.card_id FROM {NEWEST} CROSS JOIN status_card sc ON sc.status_id = n.id
         {AUTHORS} AND {SHOWN}
         GROUP BY sc.card_id HAVING count(DISTINCT n.account_id) >= :people
         ORDER BY count(DISTINCT n.account_id) DESC, count(*) DESC, sc.card_id DESC LIMIT :limit"
    );
    count(conn, &sql, since, people, limit)
}

fn count(conn: &Conn, sql: &str, since: i64, people: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let rows = statement.query_map(
        named_params! {
            ":since": id::from_ms(since), ":window": WINDOW, ":people": people, ":limit": limit,
        },
        |row| row.get(0),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Statuses since a time that were favourited or boosted at least `marks` times, without a
/// warning, by authors who want to be found.
pub fn count_statuses(conn: &Conn, since: i64, marks: i64, limit: i64) -> Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT n.id, n.created_at, n.marks FROM {NEWEST} {AUTHORS} AND {SHOWN}
         WHERE n.marks >= :marks AND n.sensitive = 0 AND n.spoiler_text = ''
         ORDER BY n.marks DESC, n.id DESC LIMIT :limit"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":since": id::from_ms(since), ":window": WINDOW, ":marks": marks, ":limit": limit,
        },
        |row| Ok(Candidate { id: row.get(0)?, created_at: row.get(1)?, marks: row.get(2)? }),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Puts a list in place of the one before.
pub fn replace(tx: &Tx<'_>, kind: Kind, ids: &[i64]) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM trend WHERE kind = ?")?.execute([kind as i64])?;
    let mut insert =
        tx.sql.prepare_cached("INSERT INTO trend (kind, place, ref_id) VALUES (?, ?, ?)")?;
    for (place, id) in (0_i64..).zip(ids) {
        insert.execute(params![kind as i64, place, id])?;
    }
    Ok(())
}

/// `(id, name)` of the tags, in their order.
pub fn list_tags(conn: &Conn, offset: i64, limit: i64) -> Result<Vec<(i64, String)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT t.id, t.name FROM trend r CROSS JOIN tag t ON t.id = r.ref_id
         WHERE r.kind = 0 ORDER BY r.place LIMIT ? OFFSET ?",
    )?;
    let rows = statement.query_map([limit, offset], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ids of the statuses that `viewer` may and wants to see, in their order. Nobody in particular
/// sees local ones.
pub fn list_statuses(conn: &Conn, viewer: i64, offset: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT s.id FROM trend r CROSS JOIN status s ON s.id = r.ref_id
         CROSS JOIN account a ON a.id = s.account_id AND a.discoverable = 1
         WHERE r.kind = 1 AND s.visibility = 0 AND (:viewer <> 0 OR s.local = 1) AND {} AND {}
         ORDER BY r.place LIMIT :limit OFFSET :offset",
        visible::readable("s"),
        visible::found("s")
    );
    let now = conn.now();
    let args: [(&str, &dyn ToSql); 4] =
        [(":viewer", &viewer), (":now", &now), (":limit", &limit), (":offset", &offset)];
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ids of the cards that there is something to show of, in their order.
pub fn list_cards(conn: &Conn, offset: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT c.id FROM trend r CROSS JOIN card c ON c.id = r.ref_id
         WHERE r.kind = 2 AND c.state = 1 ORDER BY r.place LIMIT ? OFFSET ?",
    )?;
    let rows = statement.query_map([limit, offset], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// `(card, day, uses, accounts)` of what was shared in public since a day (days since 1970).
pub fn list_card_uses(conn: &Conn, cards: &[i64], since: i64) -> Result<Vec<(i64, i64, i64, i64)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT sc.card_id, (sc.status_id >> 16) / ?3 AS day, count(*),
           count(DISTINCT s.account_id)
         FROM json_each(?1) j CROSS JOIN status_card sc
           ON sc.card_id = j.value AND sc.status_id >= ?2
         CROSS JOIN status s ON s.id = sc.status_id AND s.visibility = 0 AND s.held = 0
         GROUP BY sc.card_id, day",
    )?;
    let rows = statement
        .query_map(params![json_ids(cards), id::from_ms(since * DAY), DAY], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
