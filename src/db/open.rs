//! Opening connections: the pragmas of the design, and refusals in one clear sentence.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::Conn;
use crate::clock::Clock;
use crate::error::{Error, Result};

/// `DASS`: marks the file as ours.
pub(super) const APPLICATION_ID: i64 = 0x4441_5353;

/// The database's name inside the data folder.
pub(super) const FILE: &str = "dassie.db";

/// Makes the data folder (0700) and the database file (0600: keys live in it, S-124).
pub(super) fn prepare_folder(folder: &Path) -> Result<PathBuf> {
    let refuse = |what: &str, error: std::io::Error| {
        Error::internal(format!(
            "{what} {}: {error}. Set storage.data_dir to a folder that this user may write.",
            folder.display()
        ))
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| refuse("cannot make the data folder", e))?;
    let path = folder.join(FILE);
    fs::OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| refuse("cannot write in the data folder", e))?;
    super::rights::check(folder)?;
    Ok(path)
}

/// SQLite counts its memory under a lock that all connections take at every allocation; nobody
/// asks for the count.
fn stop_counting_memory() {
    static ONCE: Once = Once::new();
    // SAFETY: called once, before this program opens its first connection; the option takes one
    // int. Were SQLite in use already, it would refuse, and go on counting.
    ONCE.call_once(|| unsafe {
        ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0);
    });
}

/// The one connection that writes.
pub(super) fn writer(path: &Path, clock: Clock) -> Result<Conn> {
    stop_counting_memory();
    let sql = Connection::open(path)?;
    let application: i64 = pragma(&sql, "application_id", path)?;
    let tables: i64 = sql.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(Error::internal(format!(
            "{} is a database of another program. Choose another storage.data_dir.",
            path.display()
        )));
    }
    if tables == 0 {
        // both only take effect before the first table
        sql.execute_batch(&format!(
            "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id={APPLICATION_ID};"
        ))?;
    }
    sql.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8000;
         PRAGMA journal_size_limit=16777216; PRAGMA wal_autocheckpoint=4000;",
    )?;
    finish(sql, clock)
}

/// One of the readers.
pub(super) fn reader(path: &Path, clock: Clock) -> Result<Conn> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sql = Connection::open_with_flags(path, flags)?;
    sql.execute_batch("PRAGMA cache_size=-2000; PRAGMA query_only=ON;")?;
    finish(sql, clock)
}

fn finish(mut sql: Connection, clock: Clock) -> Result<Conn> {
    sql.execute_batch(
        "PRAGMA foreign_keys=ON; PRAGMA mmap_size=0; PRAGMA busy_timeout=5000;
         PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;",
    )?;
    // plans come from the schema alone: otherwise STAT4 makes SQLite compile a statement anew
    // whenever another value is bound to it, a fifth of the time of every list
    sql.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    sql.set_prepared_statement_cache_capacity(256);
    super::plan::watch(&mut sql);
    Ok(Conn { sql, clock, memo: None })
}

/// Looks at every page of the database for damage, beside a running server or not; answers what is
/// wrong. Reads all of it: for `dassie doctor`, in its own process.
pub(super) fn check(folder: &Path) -> Result<Option<String>> {
    let conn = reader(&folder.join(FILE), Clock::system())?;
    super::backup::look_through(&conn.sql, 3)
}

/// A number pragma; a file that is no database fails here first.
fn pragma(sql: &Connection, name: &str, path: &Path) -> Result<i64> {
    sql.pragma_query_value(None, name, |row| row.get(0)).map_err(|error| unreadable(path, error))
}

/// Of damage, with what it is; of anything else, with the name of the file.
pub(super) fn unreadable(path: &Path, error: rusqlite::Error) -> Error {
    let text = error.to_string();
    let error = Error::from(error);
    match error.damage() {
        Some(_) => error,
        None => Error::internal(format!("{} cannot be read as a database: {text}", path.display())),
    }
}
