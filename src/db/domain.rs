//! The administrator's blocks of domains, and the list of allowed ones.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::{Error, Result};
use crate::model::{DomainAllow, DomainBlock, Page, Severity};

const COLUMNS: &str = "id, domain, severity, reject_media, reject_reports, public_comment,
  private_comment, obfuscate, created_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<DomainBlock> {
    Ok(DomainBlock {
        id: row.get(0)?,
        domain: row.get(1)?,
        severity: Severity::from_number(row.get(2)?),
        reject_media: row.get(3)?,
        reject_reports: row.get(4)?,
        public_comment: row.get(5)?,
        private_comment: row.get(6)?,
        obfuscate: row.get(7)?,
        created_at: row.get(8)?,
    })
}

/// A domain and those above it: with its port, without it, then suffix by suffix.
fn and_above(domain: &str) -> impl Iterator<Item = &str> {
    let name = domain.rsplit_once(':').map_or(domain, |(name, _)| name);
    let suffixes =
        std::iter::successors(Some(name), |rest| rest.split_once('.').map(|(_, above)| above));
    std::iter::once(domain).filter(move |domain| *domain != name).chain(suffixes)
}

/// What the blocks of a domain and of those above it say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// 0: nothing, 1: silence, 2: suspend.
    pub severity: i64,
    pub reject_media: bool,
    pub reject_reports: bool,
}

/// The limits of a domain (F-338); in allowlist mode one that is not allowed is suspended (F-339).
/// Each inbox
/// request asks: a look-up for each part of the name, and no list to be taken apart.
pub fn limits(conn: &Conn, domain: &str) -> Result<Limits> {
    let mut limits = Limits::default();
    let mut find = conn.sql.prepare_cached(
        "SELECT severity, reject_media, reject_reports FROM domain_block WHERE domain = ?",
    )?;
    for name in and_above(domain) {
        let found: Option<(i64, bool, bool)> =
            optional(find.query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))?;
        if let Some((severity, media, reports)) = found {
            limits.severity = limits.severity.max(severity);
            limits.reject_media |= media;
            limits.reject_reports |= reports;
        }
    }
    if super::meta::get(conn, "allowlist")?.as_deref() == Some("1") && !is_allowed(conn, domain)? {
        limits.severity = 2;
    }
    Ok(limits)
}

fn is_allowed(conn: &Conn, domain: &str) -> Result<bool> {
    let mut find = conn.sql.prepare_cached("SELECT 1 FROM domain_allow WHERE domain = ?")?;
    for name in and_above(domain) {
        if find.exists([name])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The widest block that suspends a domain; `None`: it is only not allowed.
pub fn suspended_by(conn: &Conn, domain: &str) -> Result<Option<String>> {
    let mut find =
        conn.sql.prepare_cached("SELECT 1 FROM domain_block WHERE domain = ? AND severity = 2")?;
    let mut widest = None;
    for name in and_above(domain) {
        if find.exists([name])? {
            widest = Some(name.to_owned());
        }
    }
    Ok(widest)
}

/// The block of exactly this domain.
pub fn find_block(conn: &Conn, domain: &str) -> Result<Option<DomainBlock>> {
    let sql = format!("SELECT {COLUMNS} FROM domain_block WHERE domain = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([domain], from_row))
}

/// By id; absent is 404.
pub fn get_block(conn: &Conn, id: i64) -> Result<DomainBlock> {
    let sql = format!("SELECT {COLUMNS} FROM domain_block WHERE id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))?.ok_or(Error::NotFound)
}

/// A page of the blocks, newest first.
pub fn list_blocks(conn: &Conn, page: &Page) -> Result<Vec<DomainBlock>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM domain_block WHERE id < ? AND id > ? ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows =
        statement.query_map(params![page.below(), page.above(), super::most(page)], from_row)?;
    let mut found: Vec<DomainBlock> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// Stores a block and answers its id.
pub fn insert_block(tx: &Tx<'_>, block: &DomainBlock) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO domain_block (domain, severity, reject_media, reject_reports,
               public_comment, private_comment, obfuscate, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            block.domain,
            block.severity as i64,
            block.reject_media,
            block.reject_reports,
            block.public_comment,
            block.private_comment,
            block.obfuscate,
            tx.now(),
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Writes everything of a block but its domain.
pub fn update_block(tx: &Tx<'_>, block: &DomainBlock) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE domain_block SET severity = ?, reject_media = ?, reject_reports = ?,
               public_comment = ?, private_comment = ?, obfuscate = ? WHERE id = ?",
        )?
        .execute(params![
            block.severity as i64,
            block.reject_media,
            block.reject_reports,
            block.public_comment,
            block.private_comment,
            block.obfuscate,
            block.id,
        ])?;
    Ok(())
}

/// Takes a block back.
pub fn delete_block(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM domain_block WHERE id = ?")?.execute([id])?;
    Ok(())
}

fn allow_from_row(row: &Row<'_>) -> rusqlite::Result<DomainAllow> {
    Ok(DomainAllow { id: row.get(0)?, domain: row.get(1)?, created_at: row.get(2)? })
}

/// By id; absent is 404.
pub fn get_allow(conn: &Conn, id: i64) -> Result<DomainAllow> {
    optional(
        conn.sql
            .prepare_cached("SELECT id, domain, created_at FROM domain_allow WHERE id = ?")?
            .query_row([id], allow_from_row),
    )?
    .ok_or(Error::NotFound)
}

/// Allows a domain, once; the row that is there then.
pub fn insert_allow(tx: &Tx<'_>, domain: &str) -> Result<DomainAllow> {
    tx.sql
        .prepare_cached("INSERT OR IGNORE INTO domain_allow (domain, created_at) VALUES (?, ?)")?
        .execute(params![domain, tx.now()])?;
    Ok(tx
        .sql
        .prepare_cached("SELECT id, domain, created_at FROM domain_allow WHERE domain = ?")?
        .query_row([domain], allow_from_row)?)
}

/// Whether exactly this domain is allowed.
pub fn allows(conn: &Conn, domain: &str) -> Result<bool> {
    Ok(conn.sql.prepare_cached("SELECT 1 FROM domain_allow WHERE domain = ?")?.exists([domain])?)
}

/// Allows a domain no longer.
pub fn delete_allow(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM domain_allow WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// A page of the allowed domains, newest first.
pub fn list_allows(conn: &Conn, page: &Page) -> Result<Vec<DomainAllow>> {
    let sql = format!(
        "SELECT id, domain, created_at FROM domain_allow WHERE id < ? AND id > ?
         ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![page.below(), page.above(), super::most(page)], allow_from_row)?;
    let mut found: Vec<DomainAllow> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// The known domains that are this one or below it.
pub fn list_below(conn: &Conn, domain: &str) -> Result<Vec<String>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT DISTINCT domain FROM account WHERE domain IS NOT NULL AND (domain = ?1
           OR substr(domain, -length(?1) - 1) = '.' || ?1
           OR substr(domain, 1, length(?1) + 1) = ?1 || ':')",
    )?;
    let rows = statement.query_map([domain], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ids above `after` of the accounts of exactly this domain, the lowest first, each with what
/// a block of its domain did to it.
pub fn list_accounts(
    conn: &Conn,
    domain: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Severity)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT id, limited_by_domain FROM account WHERE domain = ? AND id > ? ORDER BY id LIMIT ?",
    )?;
    let rows = statement.query_map(params![domain, after, limit], |row| {
        Ok((row.get(0)?, Severity::from_number(row.get(1)?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes what a block of its domain did to an account.
pub fn set_limited_by_domain(tx: &Tx<'_>, account: i64, severity: Severity) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE account SET limited_by_domain = ? WHERE id = ?")?
        .execute(params![severity as i64, account])?;
    Ok(())
}

/// Takes the pictures out of an account and the media out of what it wrote.
pub fn forget_media(tx: &Tx<'_>, account: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM media WHERE status_id IN (SELECT id FROM status WHERE account_id = ?)",
        )?
        .execute([account])?;
    tx.sql
        .prepare_cached("UPDATE account SET avatar_url = NULL, header_url = NULL WHERE id = ?")?
        .execute([account])?;
    Ok(())
}
