//! What of the cache goes first, and what is about to be removed from its folder.

use rusqlite::{Row, params};

use super::{Conn, Tx};
use crate::error::Result;
use crate::model::CacheKey;

/// A file of the cache that may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim {
    pub key: CacheKey,
    /// Its name in the folder.
    pub name: String,
    pub bytes: i64,
    pub fetched_at: i64,
}

const COLUMNS: &str = "c.key, c.extension, c.bytes, c.fetched_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Victim> {
    let (key, extension) = (CacheKey(row.get(0)?), row.get::<_, String>(1)?);
    let name = format!("{}.{extension}", key.hex());
    Ok(Victim { key, name, bytes: row.get(2)?, fetched_at: row.get(3)? })
}

fn list(conn: &Conn, rest: &str, args: impl rusqlite::Params) -> Result<Vec<Victim>> {
    let sql = format!("SELECT {COLUMNS} FROM {rest}");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(args, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Bytes that the folder takes: of files that have a row, and of those about to be removed.
pub fn used(conn: &Conn) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT (SELECT bytes FROM cache_total WHERE id = 1)
               + (SELECT bytes FROM cache_trash WHERE id = 1)",
        )?
        .query_row([], |row| row.get(0))?)
}

/// Those not looked at since `before`, the longest first; of what is kept, or of the rest.
pub fn list_old(conn: &Conn, kept: bool, before: i64, limit: i64) -> Result<Vec<Victim>> {
    let rest = "cached_file c INDEXED BY cached_file_order
        WHERE c.kept = ? AND c.viewed_at < ? ORDER BY c.viewed_at LIMIT ?";
    list(conn, rest, params![kept, before, limit])
}

/// Those of one server.
pub fn list_of_host(conn: &Conn, host: &str, limit: i64) -> Result<Vec<Victim>> {
    list(conn, "cached_file c WHERE c.host = ? LIMIT ?", params![host, limit])
}

/// Pictures of an account: avatar and header, still ones too.
pub fn list_of_account(conn: &Conn, account: i64) -> Result<Vec<Victim>> {
    list(conn, "cached_file c WHERE c.class IN (2, 3, 4, 5) AND c.owner = ?", [account])
}

/// What is attached to a status.
pub fn list_of_status(conn: &Conn, status: i64) -> Result<Vec<Victim>> {
    let rest = "media m CROSS JOIN cached_file c ON c.class IN (0, 1) AND c.owner = m.id
        WHERE m.status_id = ?";
    list(conn, rest, [status])
}

/// What is attached to statuses of an account.
pub fn list_of_author(conn: &Conn, account: i64, limit: i64) -> Result<Vec<Victim>> {
    let rest = "status s CROSS JOIN media m ON m.status_id = s.id
        CROSS JOIN cached_file c ON c.class IN (0, 1) AND c.owner = m.id
        WHERE s.account_id = ? LIMIT ?";
    list(conn, rest, [account, limit])
}

/// Files whose keys begin with this byte, in the order of their keys, above `after`.
pub fn list_shard(conn: &Conn, first: u8, after: &CacheKey, limit: i64) -> Result<Vec<Victim>> {
    let mut last = [0xff; 16];
    last[0] = first;
    let rest = "cached_file c WHERE c.key > ? AND c.key <= ? ORDER BY c.key LIMIT ?";
    list(conn, rest, params![after.0, last, limit])
}

/// Why the files of a status `s` go last: somebody here favourited or bookmarked it, or it is of a
/// direct conversation in which somebody here writes.
const KEPT: &str = "EXISTS (SELECT 1 FROM bookmark b WHERE b.status_id = s.id)
  OR EXISTS (SELECT 1 FROM user u CROSS JOIN favourite f
    ON f.account_id = u.account_id AND f.status_id = s.id)
  OR (s.visibility = 3 AND EXISTS (SELECT 1 FROM status x INDEXED BY status_thread_local
    WHERE x.thread_id = s.thread_id AND x.local = 1))";

/// Whether what this attachment belongs to goes last.
pub fn is_kept(conn: &Conn, media: i64) -> Result<bool> {
    let sql = format!(
        "SELECT {KEPT} FROM media m CROSS JOIN status s ON s.id = m.status_id WHERE m.id = ?"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let found = statement.query_map([media], |row| row.get(0))?.next().transpose()?;
    Ok(found.unwrap_or(false))
}

/// Somebody here lets go of a status: a trigger knows of favourites and bookmarks, this of the rest
/// of the reasons.
pub fn let_go(tx: &Tx<'_>, status: i64) -> Result<()> {
    let sql = format!(
        "UPDATE cached_file SET kept = 1 WHERE kept = 0 AND class IN (0, 1) AND owner IN
           (SELECT m.id FROM status s CROSS JOIN media m ON m.status_id = s.id
            WHERE s.id = ? AND ({KEPT}))"
    );
    tx.sql.prepare_cached(&sql)?.execute([status])?;
    Ok(())
}

/// What is attached to a direct conversation goes last from now on, or not any more, as [`KEPT`]
/// says of each.
pub fn keep_conversation(tx: &Tx<'_>, thread: i64) -> Result<()> {
    let sql = format!(
        "UPDATE cached_file SET kept = 1 - kept
         WHERE class IN (0, 1) AND owner IN
             (SELECT m.id FROM status s CROSS JOIN media m ON m.status_id = s.id
              WHERE s.thread_id = ? AND s.visibility = 3)
           AND kept <> (SELECT {KEPT} FROM media m CROSS JOIN status s ON s.id = m.status_id
             WHERE m.id = cached_file.owner)"
    );
    tx.sql.prepare_cached(&sql)?.execute([thread])?;
    Ok(())
}

/// Whether a file of the cache is about to be removed, or to be put in place.
pub fn is_trash(conn: &Conn, name: &str) -> Result<bool> {
    Ok(conn.sql.prepare_cached("SELECT 1 FROM media_trash WHERE name = ?")?.exists([name])?)
}

/// A file lies in the cache folder that nothing needs.
pub fn discard(tx: &Tx<'_>, name: &str, bytes: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT OR IGNORE INTO media_trash (name, due, cached, bytes) VALUES (?, ?, 1, ?)",
        )?
        .execute(params![name, tx.now(), bytes])?;
    Ok(())
}
