//! What lies in the cache folder.

use rusqlite::{Row, named_params, params};

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::{CacheClass, CacheKey, CachedFile};

const COLUMNS: &str = "key, class, owner, host, extension, bytes, kept, fetched_at, viewed_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<CachedFile> {
    Ok(CachedFile {
        key: CacheKey(row.get(0)?),
        class: CacheClass::from_number(row.get(1)?).unwrap_or(CacheClass::Original),
        owner: row.get(2)?,
        host: row.get(3)?,
        extension: row.get(4)?,
        bytes: row.get(5)?,
        kept: row.get(6)?,
        fetched_at: row.get(7)?,
        viewed_at: row.get(8)?,
    })
}

/// The file with this key, if it is here.
pub fn find(conn: &Conn, key: &CacheKey) -> Result<Option<CachedFile>> {
    let sql = format!("SELECT {COLUMNS} FROM cached_file WHERE key = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([key.0], from_row))
}

/// Notes a file that is in its place; one that was there before is replaced.
pub fn insert(tx: &Tx<'_>, file: &CachedFile) -> Result<()> {
    delete(tx, &file.key)?;
    tx.sql
        .prepare_cached(
            "INSERT INTO cached_file (key, class, owner, host, extension, bytes, kept, fetched_at,
               viewed_at)
             VALUES (:key, :class, :owner, :host, :extension, :bytes, :kept, :fetched, :viewed)",
        )?
        .execute(named_params! {
            ":key": file.key.0,
            ":class": file.class as i64,
            ":owner": file.owner,
            ":host": file.host,
            ":extension": file.extension,
            ":bytes": file.bytes,
            ":kept": file.kept,
            ":fetched": file.fetched_at,
            ":viewed": file.viewed_at,
        })?;
    // what was to go under this name stays
    super::upload::settle(tx, &file.name())
}

/// Forgets a file; it is removed from the disk soon. False when it was not here.
pub fn delete(tx: &Tx<'_>, key: &CacheKey) -> Result<bool> {
    let gone = tx.sql.prepare_cached("DELETE FROM cached_file WHERE key = ?")?.execute([key.0])?;
    Ok(gone > 0)
}

/// It was looked at.
pub fn touch(tx: &Tx<'_>, key: &CacheKey, time: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE cached_file SET viewed_at = ?2 WHERE key = ?1 AND viewed_at < ?2")?
        .execute(params![key.0, time])?;
    Ok(())
}

/// How many files are here, and their bytes.
pub fn total(conn: &Conn) -> Result<(i64, i64)> {
    Ok(conn
        .sql
        .prepare_cached("SELECT files, bytes FROM cache_total WHERE id = 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}
