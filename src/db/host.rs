//! What we know of other servers: whether they answer.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::clock::DAY;
use crate::error::Result;
use crate::model::SignatureForm;

/// A server is given up after failing on this many different days (F-214).
const UNAVAILABLE_AFTER_DAYS: i64 = 7;

/// How long the form of signature that a server took is remembered (F-087).
const SIGNATURE: i64 = 7 * DAY;

/// What is known of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Failures in a row.
    pub failures: i64,
    /// Different days on which it failed, in a row.
    pub failing_days: i64,
    /// Nothing is delivered to it until it speaks to us or a weekly probe succeeds.
    pub unavailable: bool,
}

/// What is known of `name`; nothing yet is the default.
pub fn get(conn: &Conn, name: &str) -> Result<Host> {
    Ok(optional(
        conn.sql
            .prepare_cached("SELECT failures, failing_days, unavailable FROM host WHERE name = ?")?
            .query_row([name], |row| {
                Ok(Host {
                    failures: row.get(0)?,
                    failing_days: row.get(1)?,
                    unavailable: row.get(2)?,
                })
            }),
    )?
    .unwrap_or_default())
}

/// What a failure made of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Failures in a row.
    pub failures: i64,
    pub unavailable: bool,
}

/// It did not answer, or badly.
pub fn failed(tx: &Tx<'_>, name: &str, error: &str) -> Result<Failing> {
    let today = tx.now() / DAY;
    Ok(tx
        .sql
        .prepare_cached(
            "INSERT INTO host (name, failures, failing_days, last_failing_day, updated_at,
               failing_since, last_error) VALUES (?1, 1, 1, ?2, ?3, ?3, ?5)
             ON CONFLICT (name) DO UPDATE SET failures = failures + 1,
               failing_days = failing_days + (last_failing_day IS NOT ?2),
               last_failing_day = ?2, updated_at = ?3,
               failing_since = ifnull(failing_since, ?3), last_error = ?5,
               unavailable = failing_days + (last_failing_day IS NOT ?2) >= ?4
             RETURNING failures, unavailable",
        )?
        .query_row(params![name, today, tx.now(), UNAVAILABLE_AFTER_DAYS, error], |row| {
            Ok(Failing { failures: row.get(0)?, unavailable: row.get(1)? })
        })?)
}

/// It answered, or spoke to us: all is forgiven. True when it had been failing. That it was heard
/// of is noted once a day: who was not for long is forgotten first ([`expire`]).
pub fn succeeded(tx: &Tx<'_>, name: &str) -> Result<bool> {
    let known: Option<(i64, i64)> = optional(
        tx.sql
            .prepare_cached("SELECT failures, updated_at FROM host WHERE name = ?")?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?))),
    )?;
    match known {
        Some((0, noted)) => {
            if noted < tx.now() - DAY {
                tx.sql
                    .prepare_cached("UPDATE host SET updated_at = ? WHERE name = ?")?
                    .execute(params![tx.now(), name])?;
            }
            Ok(false)
        }
        Some(_) => {
            tx.sql
                .prepare_cached(
                    "UPDATE host SET failures = 0, failing_days = 0, last_failing_day = NULL,
                       unavailable = 0, failing_since = NULL, last_error = NULL, updated_at = ?
                     WHERE name = ?",
                )?
                .execute(params![tx.now(), name])?;
            Ok(true)
        }
        None => {
            tx.sql
                .prepare_cached("INSERT INTO host (name, updated_at) VALUES (?, ?)")?
                .execute(params![name, tx.now()])?;
            Ok(false)
        }
    }
}

/// Counts a delivery that was given up (F-215).
pub fn count_dropped(tx: &Tx<'_>, name: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO host (name, dropped, updated_at) VALUES (?1, 1, ?2)
             ON CONFLICT (name) DO UPDATE SET dropped = dropped + 1",
        )?
        .execute(params![name, tx.now()])?;
    Ok(())
}

/// A server that does not answer, or did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Troubled {
    pub name: String,
    pub failures: i64,
    pub unavailable: bool,
    pub failing_since: Option<i64>,
    pub last_error: Option<String>,
    pub dropped: i64,
}

fn troubled(row: &rusqlite::Row<'_>) -> rusqlite::Result<Troubled> {
    Ok(Troubled {
        name: row.get(0)?,
        failures: row.get(1)?,
        unavailable: row.get(2)?,
        failing_since: row.get(3)?,
        last_error: row.get(4)?,
        dropped: row.get(5)?,
    })
}

/// The servers that fail, those that do so longest first.
pub fn list_failing(conn: &Conn, limit: i64) -> Result<Vec<Troubled>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT name, failures, unavailable, failing_since, last_error, dropped FROM host
         WHERE failing_since IS NOT NULL ORDER BY failing_since LIMIT ?",
    )?;
    let rows = statement.query_map([limit], troubled)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many servers fail.
pub fn count_failing(conn: &Conn) -> Result<i64> {
    let mut statement =
        conn.sql.prepare_cached("SELECT count(*) FROM host WHERE failing_since IS NOT NULL")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// What there is to say of one server; `None`: nothing is known of it.
pub fn find(conn: &Conn, name: &str) -> Result<Option<Troubled>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT name, failures, unavailable, failing_since, last_error, dropped FROM host
                 WHERE name = ?",
            )?
            .query_row([name], troubled),
    )
}

/// Forgets servers of which nothing was heard since `before`, and the oldest beyond `most`
/// (S-022); none that something waits for.
pub fn expire(tx: &Tx<'_>, before: i64, most: i64, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM host WHERE name IN (
               SELECT name FROM host INDEXED BY host_updated WHERE updated_at < ?1
                 AND NOT EXISTS (SELECT 1 FROM delivery WHERE host = host.name)
               ORDER BY updated_at LIMIT ?3)
             OR name IN (
               SELECT name FROM host INDEXED BY host_updated
               WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE host = host.name)
               ORDER BY updated_at LIMIT min(?3, max(0, (SELECT count(*) FROM host) - ?2)))",
        )?
        .execute([before, most, limit])?)
}

/// Whether it reads EmojiReact.
pub fn reads_emoji_react(conn: &Conn, name: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM host WHERE name = ? AND emoji_react = 1")?
        .exists([name])?)
}

/// It showed that it reads EmojiReact.
pub fn set_emoji_react(tx: &Tx<'_>, name: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO host (name, emoji_react, updated_at) VALUES (?1, 1, ?2)
             ON CONFLICT (name) DO UPDATE SET emoji_react = 1 WHERE emoji_react = 0",
        )?
        .execute(params![name, tx.now()])?;
    Ok(())
}

/// The form of signature that it took last, or said or showed that it reads (F-087).
pub fn signature(conn: &Conn, name: &str) -> Result<Option<SignatureForm>> {
    let number: Option<i64> = optional(
        conn.sql
            .prepare_cached("SELECT signature FROM host WHERE name = ? AND signature_until > ?")?
            .query_row(params![name, conn.now()], |row| row.get(0)),
    )?;
    Ok(number.and_then(SignatureForm::from_number))
}

/// It took this form when it had refused another.
pub fn set_signature(tx: &Tx<'_>, name: &str, form: SignatureForm) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO host (name, signature, signature_until, updated_at)
             VALUES (?1, ?2, ?3 + ?4, ?3)
             ON CONFLICT (name) DO UPDATE SET signature = ?2, signature_until = ?3 + ?4",
        )?
        .execute(params![name, form as i64, tx.now(), SIGNATURE])?;
    Ok(())
}

/// It says or shows that it reads this form. What it took itself counts more while it is
/// remembered, unless this is better still; again it lasts longer, noted once a day.
pub fn learn_signature(tx: &Tx<'_>, name: &str, form: SignatureForm) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO host (name, signature, signature_until, updated_at)
             VALUES (?1, ?2, ?3 + ?4, ?3)
             ON CONFLICT (name) DO UPDATE SET signature = ?2, signature_until = ?3 + ?4
               WHERE signature_until <= ?3 OR signature = 0
                 OR (signature BETWEEN 2 AND ?2 - 1)
                 OR (signature = ?2 AND signature_until < ?3 + ?4 - ?5)",
        )?
        .execute(params![name, form as i64, tx.now(), SIGNATURE, DAY])?;
    Ok(())
}

/// It took the remembered form once more: that lasts longer, noted once a day.
pub fn keep_signature(tx: &Tx<'_>, name: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE host SET signature_until = ?2 + ?3
             WHERE name = ?1 AND signature_until > ?2 AND signature_until < ?2 + ?3 - ?4",
        )?
        .execute(params![name, tx.now(), SIGNATURE, DAY])?;
    Ok(())
}

/// Accounts behind an inbox that are tied to somebody here by a follow, above `after`, the lowest
/// ids first.
pub fn list_behind(conn: &Conn, inbox: &str, after: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT a.id FROM user u CROSS JOIN follow f ON f.target_id = u.account_id
           CROSS JOIN account a ON a.id = f.account_id
         WHERE a.id > ?2 AND (a.inbox = ?1 OR a.shared_inbox = ?1) AND a.domain IS NOT NULL
           AND a.suspended_at IS NULL
         UNION SELECT a.id FROM user u CROSS JOIN follow f ON f.account_id = u.account_id
           CROSS JOIN account a ON a.id = f.target_id
         WHERE a.id > ?2 AND (a.inbox = ?1 OR a.shared_inbox = ?1) AND a.domain IS NOT NULL
           AND a.suspended_at IS NULL
         ORDER BY 1 LIMIT ?3",
    )?;
    let rows = statement.query_map(params![inbox, after, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
