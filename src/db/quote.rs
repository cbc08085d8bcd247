//! Which status quotes which, and who agreed to it.

use std::collections::HashSet;

use rusqlite::{Row, named_params, params};

use super::{Conn, Tx, json_ids, optional, visible};
use crate::error::Result;
use crate::model::{Page, Quote, QuotePolicy, QuoteState};

const COLUMNS: &str = "status_id, account_id, quoted_id, quoted_uri, quoted_account_id, state,
  legacy, authorization_uri, request_uri, depth";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Quote> {
    Ok(Quote {
        status_id: row.get(0)?,
        account_id: row.get(1)?,
        quoted_id: row.get(2)?,
        quoted_uri: row.get(3)?,
        quoted_account_id: row.get(4)?,
        state: QuoteState::from_number(row.get(5)?),
        legacy: row.get(6)?,
        authorization_uri: row.get(7)?,
        request_uri: row.get(8)?,
        depth: row.get(9)?,
    })
}

fn one(conn: &Conn, condition: &str, args: impl rusqlite::Params) -> Result<Option<Quote>> {
    let sql = format!("SELECT {COLUMNS} FROM quote WHERE {condition}");
    optional(conn.sql.prepare_cached(&sql)?.query_row(args, from_row))
}

/// What these statuses quote.
pub fn list(conn: &Conn, status_ids: &[i64]) -> Result<Vec<Quote>> {
    let sql =
        format!("SELECT {COLUMNS} FROM quote WHERE status_id IN (SELECT value FROM json_each(?))");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(status_ids)], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What a status quotes.
pub fn find(conn: &Conn, status_id: i64) -> Result<Option<Quote>> {
    one(conn, "status_id = ?", [status_id])
}

/// The quote that this request asks for.
pub fn find_by_request(conn: &Conn, uri: &str) -> Result<Option<Quote>> {
    one(conn, "request_uri = ?", [uri])
}

/// The quotes that this stamp allows: one, unless somebody claims another's.
pub fn list_by_authorization(conn: &Conn, uri: &str) -> Result<Vec<Quote>> {
    let sql = format!("SELECT {COLUMNS} FROM quote WHERE authorization_uri = ? LIMIT 20");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([uri], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Stores what a status quotes, in the place of what it quoted before.
pub fn put(tx: &Tx<'_>, quote: &Quote) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM quote WHERE status_id = ?")?.execute([quote.status_id])?;
    tx.sql
        .prepare_cached(
            "INSERT INTO quote (status_id, account_id, quoted_id, quoted_uri, quoted_account_id,
               state, legacy, authorization_uri, request_uri, depth)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            quote.status_id,
            quote.account_id,
            quote.quoted_id,
            quote.quoted_uri,
            quote.quoted_account_id,
            quote.state as i64,
            quote.legacy,
            quote.authorization_uri,
            quote.request_uri,
            quote.depth,
        ])?;
    Ok(())
}

/// Statuses that wait for the quoted one at this address, with the longest way that led to them.
pub fn list_orphans(conn: &Conn, uri: &str) -> Result<Vec<Quote>> {
    let sql =
        format!("SELECT {COLUMNS} FROM quote WHERE quoted_uri = ? AND quoted_id IS NULL LIMIT 100");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([uri], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Sets who may quote a status.
pub fn set_policy(tx: &Tx<'_>, status_id: i64, policy: QuotePolicy) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE status SET quote_policy = ? WHERE id = ?")?
        .execute([policy.number(), status_id])?;
    Ok(())
}

/// A quote as one viewer may know of it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub status_id: i64,
    pub quoted_id: Option<i64>,
    pub state: QuoteState,
    pub legacy: bool,
    /// The viewer may read what is quoted, and is no stranger to an author who is limited.
    pub readable: bool,
    pub blocked: bool,
    pub hidden_domain: bool,
    pub muted: bool,
}

/// What each of `ids` quotes, for `viewer`.
pub fn list_seen(conn: &Conn, viewer: i64, ids: &[i64]) -> Result<Vec<Seen>> {
    let sql = format!(
        "SELECT q.status_id, q.quoted_id, q.state, q.legacy, s.id IS NOT NULL AND {} AND {},
           EXISTS (SELECT 1 FROM block b
             WHERE b.account_id = :viewer AND b.target_id = s.account_id),
           EXISTS (SELECT 1 FROM account_domain_block d WHERE d.account_id = :viewer
             AND d.domain = (SELECT a.domain FROM account a WHERE a.id = s.account_id)),
           EXISTS (SELECT 1 FROM mute m WHERE m.account_id = :viewer
             AND m.target_id = s.account_id AND (m.expires_at IS NULL OR m.expires_at > :now))
         FROM quote q LEFT JOIN status s ON s.id = q.quoted_id
         WHERE q.status_id IN (SELECT value FROM json_each(:ids))",
        visible::readable("s"),
        visible::open_to("s")
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let args = named_params! {":ids": json_ids(ids), ":viewer": viewer, ":now": conn.now()};
    let rows = statement.query_map(args, |row| {
        Ok(Seen {
            status_id: row.get(0)?,
            quoted_id: row.get(1)?,
            state: QuoteState::from_number(row.get(2)?),
            legacy: row.get(3)?,
            readable: row.get::<_, Option<bool>>(4)?.unwrap_or(false),
            blocked: row.get(5)?,
            hidden_domain: row.get(6)?,
            muted: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The ids of the statuses that quote one with its author's consent, and that `viewer` may read
/// and wants to see.
pub fn list_quoting(conn: &Conn, viewer: i64, quoted_id: i64, page: &Page) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT q.status_id FROM quote q CROSS JOIN status s ON s.id = q.status_id
         WHERE q.quoted_id = :id AND q.state = 1 AND q.status_id < :below AND q.status_id > :above
         AND {} AND {} ORDER BY q.status_id {} LIMIT :limit",
        visible::readable("s"),
        visible::wanted("s"),
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":id": quoted_id,
            ":viewer": viewer,
            ":now": conn.now(),
            ":below": page.below(),
            ":above": page.above(),
            ":limit": super::most(page),
        },
        |row| row.get(0),
    )?;
    let mut found: Vec<i64> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// Authors whose statuses quote one with consent: local ones hear of its edits, the servers of
/// the others have it.
pub fn list_quoters(conn: &Conn, quoted_id: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT account_id FROM quote WHERE quoted_id = ? AND state = 1 LIMIT 1000",
    )?;
    let rows = statement.query_map([quoted_id], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Which of `authors` the viewer follows, and which of them follow the viewer.
pub fn list_ties(
    conn: &Conn,
    viewer: i64,
    authors: &[i64],
) -> Result<(HashSet<i64>, HashSet<i64>)> {
    let column = |sql: &str| -> Result<HashSet<i64>> {
        let mut statement = conn.sql.prepare_cached(sql)?;
        let rows = statement.query_map(params![json_ids(authors), viewer], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    Ok((
        column(
            "SELECT target_id FROM follow WHERE account_id = ?2 AND accepted = 1
             AND target_id IN (SELECT value FROM json_each(?1))",
        )?,
        column(
            "SELECT account_id FROM follow WHERE target_id = ?2 AND accepted = 1
             AND account_id IN (SELECT value FROM json_each(?1))",
        )?,
    ))
}
