//! What nothing refers to any more: accounts of strangers, and tags. What refers to them is read
//! from the schema, so that no table can be forgotten: a new one keeps what it names.

use std::time::{Duration, Instant};

use rusqlite::{named_params, params};

use super::retention::Look;
use super::{Conn, Tx};
use crate::error::Result;

/// Rows of these hang on an account and are no reason to keep it: they go with it.
const OWN: &[&str] = &["remote_key", "privacy"];

/// Conditions under which no row that references `table` names the one with the id `{alias}.id`, in
/// other columns than those of `but`.
pub(super) fn unreferenced(
    conn: &Conn,
    table: &str,
    alias: &str,
    but: &[(&str, &str)],
) -> Result<String> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT t.name, f.\"from\" FROM pragma_table_list AS t
         JOIN pragma_foreign_key_list(t.name) AS f
         WHERE t.schema = 'main' AND f.\"table\" = ?",
    )?;
    let rows = statement
        .query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut sql = String::from("1");
    for row in rows {
        let (table, column) = row?;
        if !OWN.contains(&table.as_str()) && !but.contains(&(table.as_str(), column.as_str())) {
            sql.push_str(&format!(
                " AND NOT EXISTS (SELECT 1 FROM \"{table}\" x WHERE x.\"{column}\" = {alias}.id)"
            ));
        }
    }
    Ok(sql)
}

/// An account `a` of elsewhere that nobody decided about. What the block of a domain did to it would
/// be done again.
pub(super) const UNDECIDED: &str = "a.domain IS NOT NULL AND a.id > 1
  AND a.suspended_at IS NULL AND a.sensitized_at IS NULL
  AND (a.silenced_at IS NULL OR a.limited_by_domain <> 0)";

/// Such a one that was not read since `:since`, and that nothing refers to.
fn stranger(conn: &Conn) -> Result<String> {
    let unreferenced = unreferenced(conn, "account", "a", &[])?;
    Ok(format!("{UNDECIDED} AND ifnull(a.fetched_at, 0) < :since AND {unreferenced}"))
}

/// Looks at up to `limit` accounts above `after` for those whom nothing here refers to.
pub fn look(conn: &Conn, after: i64, since: i64, limit: i64) -> Result<Look> {
    let sql = format!(
        "SELECT a.id, ({}) FROM account a WHERE a.id > :after ORDER BY a.id LIMIT :limit",
        stranger(conn)?
    );
    let args = named_params! {":after": after, ":since": since, ":limit": limit};
    passed(conn, &sql, args)
}

/// Removes those of `ids` that still are strangers, with their keys, until the time is over.
/// Answers how many were passed.
pub fn remove(tx: &Tx<'_>, ids: &[i64], since: i64, time: Duration) -> Result<usize> {
    let began = Instant::now();
    let sql = format!("DELETE FROM account AS a WHERE a.id = :id AND {}", stranger(tx)?);
    let mut statement = tx.sql.prepare_cached(&sql)?;
    for (passed, id) in ids.iter().enumerate() {
        if passed > 0 && began.elapsed() >= time {
            return Ok(passed);
        }
        statement.execute(named_params! {":id": id, ":since": since})?;
    }
    Ok(ids.len())
}

/// Looks at up to `limit` tags above `after` for those that nobody uses, follows or shows.
pub fn look_at_tags(conn: &Conn, after: i64, limit: i64) -> Result<Look> {
    let sql = format!(
        "SELECT t.id, {} FROM tag t WHERE t.id > ? ORDER BY t.id LIMIT ?",
        unreferenced(conn, "tag", "t", &[])?
    );
    passed(conn, &sql, params![after, limit])
}

/// Removes those of the tags that still nobody uses, until the time is over. Answers how many were
/// passed.
pub fn remove_tags(tx: &Tx<'_>, ids: &[i64], time: Duration) -> Result<usize> {
    let began = Instant::now();
    let sql =
        format!("DELETE FROM tag AS t WHERE t.id = ? AND {}", unreferenced(tx, "tag", "t", &[])?);
    let mut statement = tx.sql.prepare_cached(&sql)?;
    for (passed, id) in ids.iter().enumerate() {
        if passed > 0 && began.elapsed() >= time {
            return Ok(passed);
        }
        statement.execute([id])?;
    }
    Ok(ids.len())
}

fn passed(conn: &Conn, sql: &str, args: impl rusqlite::Params) -> Result<Look> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let mut rows = statement.query(args)?;
    let mut look = Look::default();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        look.looked += 1;
        look.at = Some(id);
        if row.get(1)? {
            look.unneeded.push(id);
        }
    }
    Ok(look)
}
