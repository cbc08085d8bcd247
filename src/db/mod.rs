//! The store: one SQLite file, one writer thread, a few readers. All SQL is in this folder,
//! one file a table family, and only this folder knows rusqlite.
//!
//! Reading: `db.read(|conn| …)` on a thread that may block. Writing: `db.write(lane, |tx| …)`;
//! the answer comes after the commit, so what is acknowledged is on disk.

pub mod account;
pub mod account_note;
pub mod activity;
pub mod admin;
pub mod announcement;
pub mod applicant;
pub mod backfill;
pub mod backup;
pub mod bookmark;
pub mod cache_expiry;
pub mod cache_usage;
pub mod cached_file;
pub mod cached_source;
pub mod card;
mod checkpoint;
pub mod conversation;
pub mod crowd;
pub mod delivery;
pub mod domain;
pub mod domain_list;
pub mod emoji;
pub mod endorsement;
mod erased;
pub mod familiar;
pub mod favourite;
pub mod featured_tag;
pub mod filter;
pub mod follow;
pub mod followers_sync;
pub mod hidden_domain;
pub mod host;
pub mod import;
pub mod imported;
pub mod interaction;
pub mod invite;
pub mod job;
pub mod key;
pub mod leaving;
pub mod list;
pub mod mail_token;
pub mod mark;
pub mod marker;
mod memo;
pub mod meta;
mod migrate;
pub mod moderation;
pub mod moving;
pub mod notification;
pub mod notification_group;
pub mod notification_policy;
pub mod notification_request;
pub mod oauth;
pub mod object;
mod open;
pub mod origin_count;
pub mod pin;
pub mod plan;
pub mod poll;
pub mod privacy;
pub mod profile;
pub mod push;
pub mod quote;
pub mod reaction;
pub mod relay;
pub mod report;
mod rest;
pub mod retention;
mod rights;
pub mod scheduled_status;
pub mod search;
pub mod second_factor;
pub mod seen;
pub mod session;
pub mod severance;
pub mod sheet;
pub mod shelf;
pub mod space;
pub mod status;
pub mod status_delivery;
pub mod status_edit;
pub mod strangers;
pub mod suggestion;
pub mod tag;
pub mod tagged;
pub mod thread_mute;
pub mod timeline;
pub mod trend;
pub mod unknown_mention;
pub mod upgrade;
pub mod upload;
pub mod user;
pub mod visible;
mod writer;

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::id;
use crate::model::Event;
use memo::Memo;

pub use erased::Erased;
pub use rights::check as check_rights;
pub use writer::{Lane, Written};

/// How many readers there are: one less than the blocking pool has threads, since each keeps some
/// megabytes, and a thread is left for what reads nothing.
const READERS: usize = 3;

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    readers: Arc<Readers>,
    writer: writer::Writer,
}

/// The connections that read.
struct Readers {
    idle: Mutex<Vec<Conn>>,
    back: Condvar,
    /// How often one was taken since the start.
    uses: AtomicU64,
    /// Nobody has asked for anything for a while: see [`rest`].
    resting: AtomicBool,
    memo: Arc<Memo>,
}

impl Readers {
    /// One was taken; true if that ends a rest. Then the writer has to watch for the next one.
    fn used(&self) -> bool {
        // in one order with what the writer does before it rests
        self.uses.fetch_add(1, Ordering::SeqCst);
        self.resting.load(Ordering::SeqCst) && self.resting.swap(false, Ordering::SeqCst)
    }
}

/// A connection as the layers above see it: something to hand to the functions of this folder.
pub struct Conn {
    sql: Connection,
    clock: Clock,
    /// Of a reader only: the writer sees rows that nobody else may see yet.
    memo: Option<Recall>,
}

/// What is remembered of accounts, and how old that was when the snapshot was begun.
struct Recall {
    memo: Arc<Memo>,
    age: Cell<u64>,
}

/// What is damaged in the database of a data folder, if anything is. Reads all of it.
pub fn check(folder: &Path) -> Result<Option<String>> {
    open::check(folder)
}

/// A write transaction: reads as [`Conn`] does, mints ids, remembers what to tell after the commit.
pub struct Tx<'a> {
    conn: &'a Conn,
    now: i64,
    last_id: &'a Cell<i64>,
    events: RefCell<Vec<Event>>,
}

/// What is called with the events of a batch, after its commit, on the writer's thread.
pub type AfterCommit = Box<dyn Fn(Vec<Event>) + Send>;

impl Db {
    /// Opens or creates the database in `folder` and brings its schema up to date.
    ///
    /// # Errors
    /// One clear sentence when the folder cannot be written, the file is no Dassie database
    /// or it is of a newer version; nothing is changed then.
    pub fn open(folder: &Path, clock: Clock, after_commit: AfterCommit) -> Result<Self> {
        let path = open::prepare_folder(folder)?;
        let mut writer = open::writer(&path, clock.clone())?;
        migrate::run(&mut writer.sql)?;
        meta::resume_clock(&writer)?;
        let memo = Arc::new(Memo::default());
        memo.watch(&mut writer.sql)?;
        let mut readers = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let mut reader = open::reader(&path, clock.clone())?;
            reader.memo = Some(Recall { memo: Arc::clone(&memo), age: Cell::new(0) });
            readers.push(reader);
        }
        let readers = Arc::new(Readers {
            idle: Mutex::new(readers),
            back: Condvar::new(),
            uses: AtomicU64::new(0),
            resting: AtomicBool::new(false),
            memo,
        });
        let rest = rest::Rest::new(Arc::clone(&readers));
        let checkpointer = checkpoint::Checkpointer::start(open::reader(&path, clock)?)?;
        let writer = writer::Writer::start(writer, checkpointer, after_commit, rest)?;
        Ok(Self { inner: Arc::new(Inner { readers, writer }) })
    }

    /// Runs `f` on a reader, in one snapshot. Blocks while all readers are out.
    pub fn read<T>(&self, f: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        self.read_on(self.take_reader(), f)
    }

    /// The same if a reader is free this moment; else gives `f` back.
    pub fn try_read<T, F>(&self, f: F) -> std::result::Result<Result<T>, F>
    where
        F: FnOnce(&Conn) -> Result<T>,
    {
        let free = lock(&self.inner.readers.idle).pop();
        match free {
            Some(reader) => Ok(self.read_on(reader, f)),
            None => Err(f),
        }
    }

    /// Compiled anew for each closure, so what surrounds that is elsewhere.
    fn read_on<T>(&self, reader: Conn, f: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        let snapshot = Snapshot::begin(&self.inner, reader)?;
        let result = f(snapshot.conn()?);
        snapshot.end()?;
        result
    }

    /// How often something was committed since the start. Counted before the writes are answered:
    /// what was read at one count and is used at the same one is as new as anybody can know.
    pub fn commits(&self) -> u64 {
        self.inner.writer.commits()
    }

    /// Queues `f` for the writer. It runs in a savepoint of its own: an error or a panic undoes
    /// it alone. The returned [`Written`] is a future; [`Written::wait`] blocks instead.
    pub fn write<T, F>(&self, lane: Lane, f: F) -> Written<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.inner.writer.submit(lane, f)
    }

    /// Lets what is queued finish, checkpoints the log and ends the writer. Later writes fail.
    pub fn close(&self) {
        self.inner.writer.close();
    }

    /// Makes the next `count` commits fail: how tests see what a full disk does.
    pub fn fail_commits(&self, count: u32) {
        self.inner.writer.fail_commits(count);
    }

    fn take_reader(&self) -> Conn {
        let Readers { idle, back, .. } = &*self.inner.readers;
        let mut readers = lock(idle);
        loop {
            if let Some(conn) = readers.pop() {
                return conn;
            }
            readers = back.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A reader in a snapshot; goes back even when the closure that reads panics.
struct Snapshot<'a> {
    readers: &'a Readers,
    /// `None` only while it is dropped.
    reader: Option<Conn>,
}

impl<'a> Snapshot<'a> {
    fn begin(inner: &'a Inner, reader: Conn) -> Result<Self> {
        let snapshot = Self { readers: &inner.readers, reader: Some(reader) };
        if inner.readers.used() {
            inner.writer.rouse();
        }
        if let Some(recall) = &snapshot.conn()?.memo {
            recall.age.set(recall.memo.age());
        }
        snapshot.conn()?.sql.prepare_cached("BEGIN")?.execute([])?;
        Ok(snapshot)
    }

    fn conn(&self) -> Result<&Conn> {
        self.reader.as_ref().ok_or_else(|| Error::internal("no reader"))
    }

    fn end(self) -> Result<()> {
        self.conn()?.sql.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.reader.take() {
            if !conn.sql.is_autocommit() {
                // a panic left the snapshot open
                let _ = conn.sql.execute_batch("ROLLBACK");
            }
            lock(&self.readers.idle).push(conn);
            self.readers.back.notify_one();
        }
    }
}

impl Conn {
    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The time by which what is old goes: see [`Clock::settled_ms`].
    pub fn settled(&self) -> i64 {
        self.clock.settled_ms()
    }
}

impl Deref for Tx<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl Tx<'_> {
    /// The time of this transaction: one for all that it writes.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// A new id of arrival: strictly greater than every one minted before, in commit order,
    /// also when the clock steps back.
    pub fn mint_id(&self) -> i64 {
        let next = id::from_ms(self.now).max(self.last_id.get() + 1);
        self.last_id.set(next);
        next
    }

    /// Tells `event` once this transaction is committed, never otherwise.
    pub fn after_commit(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        // a full disk is said as such: it may pass, and is nobody's secret
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::disk_full(),
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::damaged(error)
            }
            _ => Self::Internal(format!("database: {error}")),
        }
    }
}

/// A mutex held for plain data: a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `Some(row)` or `None`; other errors stay errors.
fn optional<T>(result: rusqlite::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A page's limit as SQLite takes it.
fn most(page: &crate::model::Page) -> i64 {
    i64::try_from(page.limit).unwrap_or(40)
}

/// Ids as a JSON array: one bound parameter for `IN (SELECT value FROM json_each(?))`.
fn json_ids(ids: &[i64]) -> String {
    let mut text = String::with_capacity(ids.len() * 20 + 2);
    text.push('[');
    for (i, id) in ids.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        text.push_str(&id.to_string());
    }
    text.push(']');
    text
}
