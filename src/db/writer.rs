//! The one writer: a thread that takes closures, groups what is waiting into one commit
//! (`synchronous=FULL`), and answers each caller only after it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::hooks::Wal;
use tokio::sync::oneshot;

use super::checkpoint::Checkpointer;
use super::rest::Rest;
use super::{AfterCommit, Conn, Erased, Tx, lock};
use crate::error::{Error, Result, guarded};
use crate::model::Event;

/// How long one batch may collect background closures before it commits.
const SLICE: Duration = Duration::from_millis(20);
/// While many write, a commit waits for more of the background's: it costs as much as a dozen small
/// writes. Many is what the last commit took, and that it was a moment ago.
const COMPANY: Duration = Duration::from_millis(2);
const MANY: usize = 3;
const MOMENT: Duration = Duration::from_millis(10);
/// How long nothing must have been refused for want of room.
const ROOM_AGAIN: Duration = Duration::from_secs(30);
/// How many closures one commit takes at the most.
const BATCH: usize = 128;
/// How many closures may wait in one lane; more is answered 503.
const WAITING: usize = 1024;

/// Which queue a write waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A person waits for it.
    Interactive,
    /// Inbox and maintenance: after the interactive ones, in slices of at most 20 ms.
    Background,
}

/// The answer to a write: await it, or [`Written::wait`] for it on a thread that may block.
pub struct Written<T> {
    answer: oneshot::Receiver<Result<Erased>>,
    of: PhantomData<fn() -> T>,
}

impl<T: 'static> Written<T> {
    /// Blocks until the commit (or the failure) of the write.
    pub fn wait(self) -> Result<T> {
        self.answer.blocking_recv().unwrap_or_else(|_| Err(stopping()))?.take()
    }
}

impl<T: 'static> Future for Written<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(Pin::new(&mut self.answer).poll(cx));
        Poll::Ready(answer.unwrap_or_else(|_| Err(stopping())).and_then(Erased::take))
    }
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queues: Mutex<Queues>,
    wake: Condvar,
    fail_commits: AtomicU32,
    commits: AtomicU64,
    /// Of SQLite's log, after the last commit.
    log_pages: AtomicUsize,
}

#[derive(Default)]
struct Queues {
    interactive: VecDeque<Task>,
    background: VecDeque<Task>,
    closing: bool,
}

/// What a write does.
type Work = Box<dyn FnOnce(&Tx<'_>) -> Result<Erased> + Send>;

/// A closure with the place where its answer goes.
struct Task {
    work: Option<Work>,
    result: Option<Result<Erased>>,
    answer: oneshot::Sender<Result<Erased>>,
}

impl Task {
    /// Runs it; true when its changes shall stay.
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = guarded(|| work(tx));
        let ok = result.is_ok();
        self.result = Some(result);
        ok
    }

    /// Why they shall not.
    fn error(&self) -> Option<Error> {
        self.result.as_ref()?.as_ref().err().map(Error::again)
    }

    /// Tells the caller, once the batch is committed or has failed.
    fn finish(self, commit: &Result<()>) {
        let result = match (self.result, commit) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.again()),
            (None, Ok(())) => Err(Error::internal("a write was not run")),
        };
        // a caller that went away does not mind
        let _ = self.answer.send(result);
    }
}

impl Writer {
    pub(super) fn start(
        mut conn: Conn,
        checkpointer: Checkpointer,
        after_commit: AfterCommit,
        rest: Rest,
    ) -> Result<Self> {
        let shared = Arc::new(Shared {
            queues: Mutex::new(Queues::default()),
            wake: Condvar::new(),
            fail_commits: AtomicU32::new(0),
            commits: AtomicU64::new(0),
            log_pages: AtomicUsize::new(0),
        });
        let hook = Arc::clone(&shared);
        conn.sql.commit_hook(Some(move || {
            hook.fail_commits
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                .is_ok()
        }))?;
        let hook = Arc::clone(&shared);
        // takes the place of `wal_autocheckpoint`
        conn.sql.wal_hook(Some(move |_: &mut Wal, pages| {
            hook.log_pages.store(usize::try_from(pages).unwrap_or(0), Ordering::SeqCst);
            Ok(())
        }))?;
        let last_id = super::meta::greatest_id(&conn)?;
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || run(&conn, &for_thread, checkpointer, &after_commit, last_id, rest))
            .map_err(|e| Error::internal(format!("cannot start the writer thread: {e}")))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    pub(super) fn submit<T, F>(&self, lane: Lane, f: F) -> Written<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let answer = self.queue(lane, Box::new(move |tx| f(tx).map(Erased::new)));
        Written { answer, of: PhantomData }
    }

    fn queue(&self, lane: Lane, work: Work) -> oneshot::Receiver<Result<Erased>> {
        let (answer, receiver) = oneshot::channel();
        let task = Task { work: Some(work), result: None, answer };
        let mut queues = lock(&self.shared.queues);
        let closing = queues.closing;
        let queue = match lane {
            Lane::Interactive => &mut queues.interactive,
            Lane::Background => &mut queues.background,
        };
        if closing || queue.len() >= WAITING {
            let _ = task.answer.send(Err(if closing { stopping() } else { busy() }));
        } else {
            queue.push_back(task);
            self.shared.wake.notify_one();
        }
        receiver
    }

    /// Somebody came after a rest.
    pub(super) fn rouse(&self) {
        // the writer looks whether it rests while it has this, so it cannot miss the bell
        drop(lock(&self.shared.queues));
        self.shared.wake.notify_one();
    }

    pub(super) fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::SeqCst)
    }

    pub(super) fn fail_commits(&self, count: u32) {
        self.shared.fail_commits.store(count, Ordering::SeqCst);
    }

    pub(super) fn close(&self) {
        lock(&self.shared.queues).closing = true;
        self.shared.wake.notify_one();
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

fn stopping() -> Error {
    Error::Unavailable { message: "The server is stopping".into(), retry_after: 5 }
}

fn busy() -> Error {
    Error::Unavailable { message: "The server is busy".into(), retry_after: 5 }
}

impl Shared {
    /// What the writer does next. Waits for a task, but not for long unless there is nothing to look at.
    fn next(&self, rest: &Rest) -> Next {
        let mut queues = lock(&self.queues);
        loop {
            if let Some(task) = queues.interactive.pop_front() {
                return Next::Batch(task, Lane::Interactive);
            }
            if let Some(task) = queues.background.pop_front() {
                return Next::Batch(task, Lane::Background);
            }
            if queues.closing {
                return Next::End;
            }
            if rest.is_on() {
                queues = self.wake.wait(queues).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (held, waited) =
                self.wake.wait_timeout(queues, rest.quiet).unwrap_or_else(PoisonError::into_inner);
            queues = held;
            if waited.timed_out() && queues.interactive.is_empty() && queues.background.is_empty() {
                return Next::Look;
            }
        }
    }

    /// A further task for a batch, for which it may have to be waited.
    fn another(&self, batch: &mut Batch) -> Option<Task> {
        let mut queues = lock(&self.queues);
        loop {
            // the last place is kept for the background, so that a flood of interactive writes
            // never starves it
            if batch.taken + 1 < BATCH
                && let Some(task) = queues.interactive.pop_front()
            {
                batch.taken += 1;
                // somebody waits for it
                batch.company = None;
                return Some(task);
            }
            if batch.taken >= BATCH || batch.since.elapsed() >= SLICE {
                return None;
            }
            if let Some(task) = queues.background.pop_front() {
                batch.taken += 1;
                return Some(task);
            }
            let left = batch.company?.checked_sub(batch.since.elapsed())?;
            if queues.closing {
                return None;
            }
            queues = self.wake.wait_timeout(queues, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// What one commit takes.
struct Batch {
    since: Instant,
    taken: usize,
    /// So long after it began, more of the background is waited for.
    company: Option<Duration>,
}

/// See [`Shared::next`].
enum Next {
    /// A batch that begins with this task.
    Batch(Task, Lane),
    /// Nothing came for a while.
    Look,
    End,
}

fn run(
    conn: &Conn,
    shared: &Shared,
    checkpointer: Checkpointer,
    after_commit: &AfterCommit,
    last_id: i64,
    mut rest: Rest,
) {
    let memo = rest.memo();
    let last_id = Cell::new(last_id);
    let (mut full, mut last) = (None, None::<(usize, Instant)>);
    loop {
        let (first, lane) = match shared.next(&rest) {
            Next::Batch(first, lane) => (first, lane),
            Next::Look => {
                rest.look(conn, shared.commits.load(Ordering::SeqCst));
                continue;
            }
            Next::End => break,
        };
        rest.end();
        let many = last.is_some_and(|(n, ended)| n >= MANY && ended.elapsed() < MOMENT);
        let company = (many && lane == Lane::Background).then_some(COMPANY);
        let mut batch = Batch { since: Instant::now(), taken: 1, company };
        let mut events = Vec::new();
        let mut done = Vec::new();
        let mut commit = conn.sql.execute_batch("BEGIN IMMEDIATE").map_err(Error::from);
        let mut next = Some(first);
        while let Some(mut task) = next {
            if commit.is_ok() {
                commit = run_one(conn, &mut task, &last_id, &mut events);
            }
            done.push(task);
            next = shared.another(&mut batch);
        }
        let commit = commit.and_then(|()| Ok(conn.sql.execute_batch("COMMIT")?));
        if commit.is_err() && !conn.sql.is_autocommit() {
            let _ = conn.sql.execute_batch("ROLLBACK");
        }
        // also after a failure: it may have reached the disk all the same
        memo.settle();
        shared.commits.fetch_add(1, Ordering::SeqCst);
        if commit.is_ok() && !events.is_empty() {
            let told: Result<()> = guarded(|| {
                after_commit(events);
                Ok(())
            });
            if let Err(error) = told {
                tracing::error!(%error, "what was committed could not be told");
            }
        }
        let is_full = |error: &Error| error.is_disk_full();
        let refused = done.iter().any(|task| task.error().as_ref().is_some_and(is_full));
        full = match &commit {
            Err(error) if !error.is_disk_full() => {
                tracing::error!(%error, writes = done.len(), "commit failed");
                full
            }
            commit => tell_of_room(full, commit.is_err() || refused),
        };
        for task in done {
            task.finish(&commit);
        }
        checkpointer.look(conn, shared.log_pages.load(Ordering::SeqCst));
        last = Some((batch.taken, Instant::now()));
    }
    drop(checkpointer);
    // nothing is lost without this, it only makes the next start quicker; no ANALYZE: statistics
    // of a young database lead the planner astray in a grown one
    // somebody who copies the database from another process is not waited for
    let _ = conn.sql.execute_batch("PRAGMA busy_timeout=200; PRAGMA wal_checkpoint(TRUNCATE);");
}

/// Tells the administrator once that nothing can be written, and once that it can again: some time
/// after the last refusal, since what changes nothing is never refused. Answers when that was.
fn tell_of_room(refused: Option<Instant>, is_full: bool) -> Option<Instant> {
    match (refused, is_full) {
        (None, true) => tracing::error!(
            "the disk is full: nothing can be written to the database until there is room"
        ),
        (Some(since), false) if since.elapsed() > ROOM_AGAIN => {
            tracing::info!("the database can be written to again");
            return None;
        }
        _ => {}
    }
    if is_full { Some(Instant::now()) } else { refused }
}

/// One closure in its savepoint. An error here is the connection's, not the closure's.
fn run_one(
    conn: &Conn,
    task: &mut Task,
    last_id: &Cell<i64>,
    events: &mut Vec<Event>,
) -> Result<()> {
    let tx = Tx { conn, now: conn.now(), last_id, events: RefCell::new(Vec::new()) };
    conn.sql.prepare_cached("SAVEPOINT task")?.execute([])?;
    if task.run(&tx) {
        conn.sql.prepare_cached("RELEASE task")?.execute([])?;
        events.append(&mut tx.events.into_inner());
    } else if conn.sql.is_autocommit() {
        // SQLite undid the whole batch by itself, as it may when the disk is full
        let why = || Error::internal("the transaction was undone");
        return Err(task.error().unwrap_or_else(why));
    } else {
        conn.sql.execute_batch("ROLLBACK TO task; RELEASE task")?;
    }
    Ok(())
}
