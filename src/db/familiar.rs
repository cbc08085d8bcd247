//! Whom one follows, as others are concerned: who of them follows somebody, and who of the lists
//! of followers one may see.

use rusqlite::params;

use super::follow::Side;
use super::{Conn, json_ids, most};
use crate::error::Result;
use crate::model::Page;

/// How many rows of familiar followers are read at the most.
const MOST: i64 = 2000;

/// `(target, follower)`: who of those whom `viewer` follows follows which of `targets`.
pub fn list(conn: &Conn, viewer: i64, targets: &[i64]) -> Result<Vec<(i64, i64)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT j.value, mine.target_id FROM follow mine CROSS JOIN json_each(?2) j
         CROSS JOIN follow theirs ON theirs.account_id = mine.target_id
           AND theirs.target_id = j.value AND theirs.accepted = 1
         WHERE mine.account_id = ?1 AND mine.accepted = 1 LIMIT ?3",
    )?;
    let rows = statement.query_map(params![viewer, json_ids(targets), MOST], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Followers or followed ones of `account` as `viewer` sees them: without those who block the
/// viewer, and without those whom the viewer blocks, mutes or hides with their server. Rows and
/// order as in [`super::follow::list`].
pub fn list_side(
    conn: &Conn,
    viewer: i64,
    account: i64,
    side: Side,
    page: &Page,
) -> Result<Vec<(i64, i64)>> {
    let (own, other) = match side {
        Side::Followers => ("target_id", "account_id"),
        Side::Following => ("account_id", "target_id"),
        Side::Requests | Side::Asked => return super::follow::list(conn, account, side, page),
    };
    let sql = format!(
        "SELECT f.id, f.{other} FROM follow f
         WHERE f.{own} = ?1 AND f.accepted = 1 AND f.id < ?2 AND f.id > ?3
           AND NOT EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = f.{other} AND b.target_id = ?5)
           AND NOT EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = ?5 AND b.target_id = f.{other})
           AND NOT EXISTS (SELECT 1 FROM mute m
             WHERE m.account_id = ?5 AND m.target_id = f.{other}
               AND (m.expires_at IS NULL OR m.expires_at > ?6))
           AND NOT EXISTS (SELECT 1 FROM account_domain_block d
             CROSS JOIN account a ON a.id = f.{other}
             WHERE d.account_id = ?5 AND d.domain = a.domain)
         ORDER BY f.id {} LIMIT ?4",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![account, page.below(), page.above(), most(page), viewer, conn.now()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut found: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
