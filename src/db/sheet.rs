//! What an account takes along when it moves: all of a kind at once, the oldest first.

use rusqlite::{Row, named_params, params};

use super::{Conn, visible};
use crate::error::Result;
use crate::model::{Sheet, SheetRow};

/// How many lines a file has at the most.
const MOST: i64 = 100_000;

/// The lines of an account's file; `domain` is this server's, for handles of people here.
pub fn list(conn: &Conn, account: i64, sheet: Sheet, domain: &str) -> Result<Vec<SheetRow>> {
    let handle = "a.username || '@' || ifnull(a.domain, :domain)";
    let sql = match sheet {
        Sheet::Following => format!(
            "SELECT {handle}, NULL, f.reblogs, f.notify, f.languages, NULL FROM follow f
             CROSS JOIN account a ON a.id = f.target_id
             WHERE f.account_id = :viewer AND f.accepted = 1 ORDER BY f.id LIMIT :most"
        ),
        Sheet::Followers => format!(
            "SELECT {handle}, NULL, NULL, NULL, NULL, NULL FROM follow f
             CROSS JOIN account a ON a.id = f.account_id
             WHERE f.target_id = :viewer AND f.accepted = 1 ORDER BY f.id LIMIT :most"
        ),
        Sheet::Blocks => format!(
            "SELECT {handle}, NULL, NULL, NULL, NULL, NULL FROM block b
             CROSS JOIN account a ON a.id = b.target_id
             WHERE b.account_id = :viewer ORDER BY b.id LIMIT :most"
        ),
        Sheet::Mutes => format!(
            "SELECT {handle}, NULL, NULL, NULL, NULL, m.hide_notifications FROM mute m
             CROSS JOIN account a ON a.id = m.target_id
             WHERE m.account_id = :viewer AND (m.expires_at IS NULL OR m.expires_at > :now)
             ORDER BY m.id LIMIT :most"
        ),
        Sheet::Lists => format!(
            "SELECT {handle}, l.title, NULL, NULL, NULL, NULL FROM list l
             CROSS JOIN list_member m ON m.list_id = l.id
             CROSS JOIN account a ON a.id = m.account_id
             WHERE l.account_id = :viewer ORDER BY l.id, m.id LIMIT :most"
        ),
        Sheet::DomainBlocks => "SELECT domain, NULL, NULL, NULL, NULL, NULL
             FROM account_domain_block WHERE account_id = :viewer ORDER BY id LIMIT :most"
            .to_owned(),
        Sheet::Bookmarks => format!(
            "SELECT s.uri, NULL, NULL, NULL, NULL, NULL FROM bookmark b
             CROSS JOIN status s ON s.id = b.status_id
             WHERE b.account_id = :viewer AND {} ORDER BY b.id LIMIT :most",
            visible::readable("s")
        ),
    };
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let mut args = named_params! { ":viewer": account, ":most": MOST }.to_vec();
    let now = conn.now();
    if sql.contains(":domain") {
        args.push((":domain", &domain));
    }
    if sql.contains(":now") {
        args.push((":now", &now));
    }
    let rows = statement.query_map(&args[..], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SheetRow> {
    let languages: Option<String> = row.get(4)?;
    Ok(SheetRow {
        what: row.get(0)?,
        list: row.get(1)?,
        reblogs: row.get(2)?,
        notify: row.get(3)?,
        languages: languages.and_then(|text| serde_json::from_str(&text).ok()),
        hide_notifications: row.get(5)?,
    })
}

/// Lists, blocks, mutes, and the bytes of uploads.
pub fn counts(conn: &Conn, account: i64) -> Result<(i64, i64, i64, i64)> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT (SELECT count(*) FROM list WHERE account_id = ?1),
               (SELECT count(*) FROM block WHERE account_id = ?1),
               (SELECT count(*) FROM mute WHERE account_id = ?1),
               (SELECT coalesce(sum(bytes), 0) FROM upload WHERE account_id = ?1)",
        )?
        .query_row(params![account], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?)
}
