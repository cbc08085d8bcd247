//! Copies of the database: made beside whoever works with it, looked at before they are used, and
//! made fit to go on from.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, params};

use super::{meta, migrate, open, optional};
use crate::clock::DAY;
use crate::error::{Error, Result};
use crate::id;
use crate::model::JobKind;

/// Pages that are copied at once: half a megabyte.
const PIECE: i32 = 128;
/// After so many pages the disk has to have them, lest a commit of somebody else waits for all.
const AT_ONCE: i32 = 1024;
const LONGEST_REST: Duration = Duration::from_millis(50);
/// How far ids jump where nobody knows which were given out: as far as a clock may be wrong.
const JUMP_MS: i64 = DAY;
/// The same for the small ids, which count.
const JUMP: i64 = 1_000_000;
/// Where it is kept when the last backup was made, and its name.
pub const MADE_AT: &str = "backup_at";
pub const MADE: &str = "backup_name";
/// What was found damaged when the last one was made.
pub const DAMAGED: &str = "database_damaged";
/// The names of those in the bucket, the oldest first, one a line.
pub const OBJECTS: &str = "backup_objects";

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The version of its schema.
    pub schema: i64,
    pub host: String,
    pub account_domain: String,
}

/// What was done so that nothing happens twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Deliveries that were waiting and are not sent.
    pub deliveries: i64,
    /// Scheduled statuses whose time has passed, left to their authors.
    pub scheduled: i64,
}

/// The version that this program makes of every database.
pub fn newest_schema() -> i64 {
    migrate::newest()
}

/// Whether the data folder has a database.
pub fn is_there(folder: &Path) -> bool {
    folder.join(open::FILE).exists()
}

/// Where the database of a data folder lies.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(open::FILE)
}

/// Copies the database of the data folder as it is at one moment, while others write to it: they
/// never wait for this, and the log grows until it is done. With `rests` it leaves half of the time
/// to them. `step` is told how many bytes were copied, and of how many; an error ends the work.
///
/// # Errors
/// When there is no database of Dassie, or the copy cannot be written.
pub fn copy(
    folder: &Path,
    to: &Path,
    rests: bool,
    step: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Facts> {
    let source = open_there(&folder.join(open::FILE))?;
    source.execute_batch("PRAGMA cache_size=-1000; BEGIN")?;
    // the first look is what the snapshot is of; while it is held, the copy never begins anew
    let facts = facts(&source)?;
    let page: i64 = source.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let page = u64::try_from(page).unwrap_or(0);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let file = file.map_err(|e| cannot_write(to, &e))?;
    let mut target = Connection::open(to)?;
    // it counts when it is whole, and is removed otherwise
    target.execute_batch(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-1000",
    )?;
    let copying = Backup::new(&source, &mut target)?;
    let mut since = 0;
    loop {
        let begun = Instant::now();
        let result = copying.step(PIECE)?;
        since += PIECE;
        if since >= AT_ONCE {
            since = 0;
            file.sync_data().map_err(|e| cannot_write(to, &e))?;
        }
        let progress = copying.progress();
        let all = u64::try_from(progress.pagecount).unwrap_or(0) * page;
        let left = u64::try_from(progress.remaining).unwrap_or(0) * page;
        step(all - left, all)?;
        match result {
            StepResult::Done => break,
            StepResult::More if rests => std::thread::sleep(begun.elapsed().min(LONGEST_REST)),
            StepResult::More => {}
            _ => std::thread::sleep(LONGEST_REST),
        }
    }
    drop(copying);
    target.close().map_err(|(_, error)| error)?;
    file.sync_all().map_err(|e| cannot_write(to, &e))?;
    Ok(facts)
}

/// Looks at a database that is to be used: of Dassie, not newer than this program, and sound.
///
/// # Errors
/// A sentence otherwise.
pub fn inspect(path: &Path) -> Result<Facts> {
    let sql = open_there(path)?;
    let facts = facts(&sql)?;
    if facts.schema > migrate::newest() {
        return Err(Error::invalid(format!(
            "its database is of version {} and this program knows {} at the most. Install a newer \
             Dassie",
            facts.schema,
            migrate::newest()
        )));
    }
    match look_through(&sql, 1)? {
        None => Ok(facts),
        Some(fault) => Err(Error::invalid(format!("its database is damaged: {fault}"))),
    }
}

/// Looks through a copy that was just made: damage of the database went along with it.
///
/// # Errors
/// [`Error::damaged`].
pub fn check_copy(path: &Path) -> Result<()> {
    match look_through(&open_there(path)?, 3)? {
        None => Ok(()),
        Some(fault) => Err(Error::damaged(fault)),
    }
}

/// Reads every page; answers what is wrong, `most` faults of it.
/// <https://www.sqlite.org/pragma.html#pragma_quick_check>
pub(super) fn look_through(sql: &Connection, most: u8) -> Result<Option<String>> {
    let mut statement = sql.prepare(&format!("PRAGMA quick_check({most})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = match lines.collect() {
        Ok(lines) => lines,
        Err(error) => vec![error.to_string()],
    };
    Ok(Some(lines.join("; ")).filter(|text| text != "ok"))
}

/// Makes a database of before one to go on from at the time `now`: no id is given out that another
/// run of this server may have given out already (F-354), and unless `keep_waiting` says so nothing
/// is sent that may have been sent already. `old` is the database that it takes the place of.
///
/// # Errors
/// When it cannot be written; nothing is changed then.
pub fn settle(path: &Path, old: Option<&Path>, now: i64, keep_waiting: bool) -> Result<Settled> {
    let mut sql = open_there(path)?;
    sql.execute_batch("PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL")?;
    let tx = sql.transaction()?;
    // a damaged one may be what is to be replaced
    let old = old.and_then(|old| open_there(old).ok());
    let known = old.as_ref().map_or(Ok(0), greatest).unwrap_or(0);
    let floor = greatest(&tx)?.max(known).max(id::from_ms(now)) + id::from_ms(JUMP_MS);
    set(&tx, meta::ID_FLOOR, &floor.to_string())?;
    for table in counting(&tx)? {
        let known = old.as_ref().map_or(0, |old| sequence(old, &table));
        let next = sequence(&tx, &table).max(known) + JUMP;
        let set =
            tx.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", params![next, table])?;
        if set == 0 {
            tx.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
                params![table, next],
            )?;
        }
    }
    // it was looked through
    set(&tx, DAMAGED, "")?;
    let mut settled = Settled::default();
    if !keep_waiting {
        settled.deliveries = tx.query_row("SELECT count(*) FROM delivery", [], |row| row.get(0))?;
        tx.execute("DELETE FROM delivery", [])?;
        tx.execute("DELETE FROM job WHERE kind = ?", [JobKind::Push as i64])?;
        if has(&tx, "scheduled_status")? {
            settled.scheduled = i64::try_from(tx.execute(
                "UPDATE scheduled_status SET failed = 'a backup was restored, and this may have \
                 been published already' WHERE due <= ?",
                [now],
            )?)
            .unwrap_or(0);
        }
        tx.execute(
            "DELETE FROM job WHERE kind = ? AND due <= ?",
            [JobKind::PublishScheduled as i64, now],
        )?;
    }
    tx.commit()?;
    // one file, without a log beside it
    sql.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    sql.close().map_err(|(_, error)| error)?;
    Ok(settled)
}

/// Notes in a database that nobody works with that it was backed up, into the bucket or not.
pub fn note(folder: &Path, made_at: i64, name: &str, object: bool) -> Result<()> {
    let mut sql = open_there(&folder.join(open::FILE))?;
    let tx = sql.transaction()?;
    set(&tx, MADE_AT, &made_at.to_string())?;
    set(&tx, MADE, name)?;
    set(&tx, DAMAGED, "")?;
    if object {
        let before = get(&tx, OBJECTS)?.filter(|names| !names.is_empty());
        let names = before.into_iter().chain([name.to_owned()]).collect::<Vec<_>>();
        set(&tx, OBJECTS, &names.join("\n"))?;
    }
    Ok(tx.commit()?)
}

/// Notes in a database that was just unpacked how old the archive is that it came from. That may lie
/// anywhere, and the one that the database knows of is older.
pub fn came_from(path: &Path, made_at: i64) -> Result<()> {
    let mut sql = open_there(path)?;
    let tx = sql.transaction()?;
    set(&tx, MADE_AT, &made_at.to_string())?;
    set(&tx, MADE, "")?;
    Ok(tx.commit()?)
}

/// A database that is there, with nothing set up.
pub(super) fn open_there(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let unreadable = |e| open::unreadable(path, e);
    let sql = Connection::open_with_flags(path, flags).map_err(unreadable)?;
    sql.execute_batch("PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY").map_err(unreadable)?;
    let application: i64 =
        sql.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(unreadable)?;
    if application != open::APPLICATION_ID {
        return Err(Error::internal(format!("{} is no database of Dassie", path.display())));
    }
    Ok(sql)
}

fn facts(sql: &Connection) -> Result<Facts> {
    let schema = sql.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = |key| Ok::<_, Error>(get(sql, key)?.unwrap_or_default());
    Ok(Facts { schema, host: known("host")?, account_domain: known("account_domain")? })
}

fn get(sql: &Connection, key: &str) -> Result<Option<String>> {
    optional(sql.query_row("SELECT value FROM meta WHERE key = ?", [key], |row| row.get(0)))
}

fn set(sql: &Connection, key: &str, value: &str) -> Result<()> {
    sql.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )?;
    Ok(())
}

/// The greatest snowflake in a database of any version.
fn greatest(sql: &Connection) -> Result<i64> {
    let floor = get(sql, meta::ID_FLOOR)?;
    let mut greatest = floor.and_then(|text| text.parse().ok()).unwrap_or(0);
    for table in ["status", "account", "media", "upload"] {
        if has(sql, table)? {
            let id: Option<i64> =
                sql.query_row(&format!("SELECT max(id) FROM {table}"), [], |row| row.get(0))?;
            greatest = greatest.max(id.unwrap_or(0));
        }
    }
    Ok(greatest)
}

fn has(sql: &Connection, table: &str) -> Result<bool> {
    Ok(sql
        .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")?
        .exists([table])?)
}

/// The tables whose ids count.
fn counting(sql: &Connection) -> Result<Vec<String>> {
    let mut statement = sql.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// The last small id of a table.
fn sequence(sql: &Connection, table: &str) -> i64 {
    sql.query_row("SELECT max(seq) FROM sqlite_sequence WHERE name = ?", [table], |row| {
        row.get::<_, Option<i64>>(0)
    })
    .ok()
    .flatten()
    .unwrap_or(0)
}

pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::disk_full(),
        _ => Error::internal(format!("{} cannot be written: {error}", path.display())),
    }
}

/// Makes sure that the names in a folder outlast a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| cannot_write(folder, &e))
}
