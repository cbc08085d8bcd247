//! Uploads whose files lie in a bucket, those that are to be moved, and the names of objects that
//! are to be removed.

use rusqlite::params;

use super::{Conn, Tx, job, optional};
use crate::clock::HOUR;
use crate::error::Result;
use crate::model::{JobKind, Store};

/// The queue of objects to be removed.
const SWEEP: &str = "media:objects";

/// Where the files under a key lie; `None`: no upload has it.
pub fn find_store(conn: &Conn, key: &str) -> Result<Option<Store>> {
    let number: Option<i64> = optional(
        conn.sql
            .prepare_cached("SELECT store FROM upload WHERE key = ?")?
            .query_row([key], |row| row.get(0)),
    )?;
    Ok(number.map(Store::from_number))
}

/// The same for an upload that is ready: what belongs to it goes where it lies.
pub fn find_ready_store(conn: &Conn, key: &str) -> Result<Option<Store>> {
    let number: Option<i64> = optional(
        conn.sql
            .prepare_cached("SELECT store FROM upload WHERE key = ? AND state = 1")?
            .query_row([key], |row| row.get(0)),
    )?;
    Ok(number.map(Store::from_number))
}

/// Writes where the files of an upload lie, or will.
pub fn set_store(tx: &Tx<'_>, key: &str, store: Store) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE upload SET store = ? WHERE key = ?")?
        .execute(params![store as i64, key])?;
    Ok(())
}

/// The next upload after this id whose files lie there.
pub fn next_in(conn: &Conn, store: Store, after: i64) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT id FROM upload INDEXED BY upload_store
                 WHERE store = ? AND id > ? AND state = 1 ORDER BY id LIMIT 1",
            )?
            .query_row([store as i64, after], |row| row.get(0)),
    )
}

/// How many uploads after this id have their files there, and how many bytes.
pub fn count_in(conn: &Conn, store: Store, after: i64) -> Result<(i64, i64)> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM upload INDEXED BY upload_store
             WHERE store = ? AND id > ? AND state = 1",
        )?
        .query_row([store as i64, after], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// An object is about to be put there: if nothing comes of it, it goes in an hour.
pub fn intend(tx: &Tx<'_>, name: &str) -> Result<()> {
    discard(tx, name, tx.now() + HOUR)
}

/// Whether an object was put there, or was to be, and nobody said yet that it is needed.
pub fn is_intended(conn: &Conn, name: &str) -> Result<bool> {
    Ok(conn.sql.prepare_cached("SELECT 1 FROM object_trash WHERE name = ?")?.exists([name])?)
}

/// An object is not needed any more.
pub fn discard(tx: &Tx<'_>, name: &str, due: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO object_trash (name, due) VALUES (?, ?)
             ON CONFLICT (name) DO UPDATE SET due = excluded.due",
        )?
        .execute(params![name, due])?;
    Ok(())
}

/// An object is needed, or is gone: nothing is to be done about it.
pub fn settle(tx: &Tx<'_>, name: &str) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM object_trash WHERE name = ?")?.execute([name])?;
    Ok(())
}

/// Names of objects that can go.
pub fn list_trash(conn: &Conn, limit: i64) -> Result<Vec<String>> {
    let mut statement = conn
        .sql
        .prepare_cached("SELECT name FROM object_trash WHERE due <= ? ORDER BY due LIMIT ?")?;
    let rows = statement.query_map([conn.now(), limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether this object can still go.
pub fn is_trash(conn: &Conn, name: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM object_trash WHERE name = ? AND due <= ?")?
        .exists(params![name, conn.now()])?)
}

/// Rings for the objects that can go, if there are any.
pub fn sweep_soon(tx: &Tx<'_>) -> Result<()> {
    let any = tx
        .sql
        .prepare_cached("SELECT 1 FROM object_trash WHERE due <= ? LIMIT 1")?
        .exists([tx.now()])?;
    if any && !job::waits(tx, JobKind::SweepObjects, SWEEP)? {
        job::insert(tx, JobKind::SweepObjects, SWEEP, b"")?;
    }
    Ok(())
}
