//! How much lies in the cache and among the uploads, and whose it is: for the operator to read.

use rusqlite::params;

use super::{Conn, cache_expiry};
use crate::error::Result;
use crate::model::{CacheClass, MediaKind, UploadPurpose};

/// How many files, and their bytes.
pub type Sum = (i64, i64);

/// What one account here uploaded, of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Uploaded {
    pub purpose: UploadPurpose,
    pub kind: MediaKind,
    pub sum: Sum,
}

fn sum(conn: &Conn, rest: &str, args: impl rusqlite::Params) -> Result<Sum> {
    let sql = format!("SELECT count(*), ifnull(sum(bytes), 0) FROM cached_file WHERE {rest}");
    Ok(conn.sql.prepare_cached(&sql)?.query_row(args, |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Bytes of removed files that are still in the folder.
pub fn trash(conn: &Conn) -> Result<i64> {
    Ok(cache_expiry::used(conn)? - super::cached_file::total(conn)?.1)
}

/// What one account uploaded.
pub fn uploads(conn: &Conn, account: i64) -> Result<Vec<Uploaded>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT purpose, kind, count(*), sum(bytes) FROM upload INDEXED BY upload_usage
         WHERE account_id = ? GROUP BY purpose, kind",
    )?;
    let rows = statement.query_map([account], |row| {
        let purpose = match row.get(0)? {
            1 => UploadPurpose::Avatar,
            2 => UploadPurpose::Header,
            _ => UploadPurpose::Attachment,
        };
        let kind = MediaKind::from_number(row.get(1)?);
        Ok(Uploaded { purpose, kind, sum: (row.get(2)?, row.get(3)?) })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Cached files of one class.
pub fn of_class(conn: &Conn, class: CacheClass) -> Result<Sum> {
    sum(conn, "class = ?", [class as i64])
}

/// Those that go last.
pub fn kept(conn: &Conn) -> Result<Sum> {
    sum(conn, "kept = 1", [])
}

/// Those of a server.
pub fn of_host(conn: &Conn, host: &str) -> Result<Sum> {
    sum(conn, "host = ?", [host])
}

/// Those that nobody looked at since `before`, of what is kept or of the rest.
pub fn old(conn: &Conn, kept: bool, before: i64) -> Result<Sum> {
    sum(conn, "kept = ? AND viewed_at < ?", params![kept, before])
}

/// Those that would go for `bytes`, in the order in which they would.
pub fn least_needed(conn: &Conn, bytes: i64) -> Result<Sum> {
    let mut found = (0, 0);
    let mut statement = conn
        .sql
        .prepare_cached("SELECT bytes FROM cached_file WHERE kept = ? ORDER BY viewed_at")?;
    for kept in [false, true] {
        let mut rows = statement.query([kept])?;
        while found.1 < bytes
            && let Some(row) = rows.next()?
        {
            found = (found.0 + 1, found.1 + row.get::<_, i64>(0)?);
        }
    }
    Ok(found)
}

/// The servers with the most bytes.
pub fn hosts(conn: &Conn, limit: i64) -> Result<Vec<(String, Sum)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT host, count(*), sum(bytes) AS size FROM cached_file INDEXED BY cached_file_host
         GROUP BY host ORDER BY size DESC LIMIT ?",
    )?;
    let rows = statement.query_map([limit], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The accounts with the most bytes, as `name@domain`: their pictures, and what is attached to what
/// they wrote.
pub fn accounts(conn: &Conn, limit: i64) -> Result<Vec<(String, Sum)>> {
    let mut statement = conn.sql.prepare_cached(
        "WITH one(account, bytes) AS (
           SELECT owner, bytes FROM cached_file WHERE class IN (2, 3, 4, 5)
           UNION ALL
           SELECT s.account_id, c.bytes FROM cached_file c CROSS JOIN media m ON m.id = c.owner
             CROSS JOIN status s ON s.id = m.status_id WHERE c.class IN (0, 1)),
         most(account, files, size) AS (
           SELECT account, count(*), sum(bytes) FROM one GROUP BY account
           ORDER BY sum(bytes) DESC LIMIT ?)
         SELECT a.username || ifnull('@' || a.domain, ''), files, size
         FROM most CROSS JOIN account a ON a.id = most.account",
    )?;
    let rows = statement.query_map([limit], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let mut found: Vec<(String, Sum)> = rows.collect::<rusqlite::Result<_>>()?;
    found.sort_by_key(|(_, (_, bytes))| std::cmp::Reverse(*bytes));
    Ok(found)
}

/// When the file that was not looked at for longest was, and the one looked at last.
pub fn views(conn: &Conn) -> Result<Option<(i64, i64)>> {
    let mut found: Option<(i64, i64)> = None;
    for kept in [false, true] {
        for order in ["ASC", "DESC"] {
            let sql = format!(
                "SELECT viewed_at FROM cached_file WHERE kept = ? ORDER BY viewed_at {order} LIMIT 1"
            );
            let time: Option<i64> = super::optional(
                conn.sql.prepare_cached(&sql)?.query_row([kept], |row| row.get(0)),
            )?;
            let Some(time) = time else { continue };
            let (oldest, newest) = found.unwrap_or((time, time));
            found = Some((oldest.min(time), newest.max(time)));
        }
    }
    Ok(found)
}
