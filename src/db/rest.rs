//! What an idle server holds on to: page caches, compiled statements, what was made of accounts and
//! what the allocator keeps for later go back to the system once nobody has asked for anything for
//! a while. Then nothing looks any more, until somebody reads or writes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::memo::Memo;
use super::{Conn, Readers, lock};
use crate::memory;

/// How long nothing must happen, and how often it is looked whether that is so.
const QUIET: Duration = Duration::from_secs(5);

/// Watches for quiet; lives on the writer's thread, which has nothing to do then.
pub(super) struct Rest {
    readers: Arc<Readers>,
    /// What had happened at the last look.
    seen: u64,
    /// The pause between two looks.
    pub(super) quiet: Duration,
}

impl Rest {
    pub(super) fn new(readers: Arc<Readers>) -> Self {
        Self { readers, seen: 0, quiet: QUIET }
    }

    /// What has to be told of commits.
    pub(super) fn memo(&self) -> Arc<Memo> {
        Arc::clone(&self.readers.memo)
    }

    /// Whether there is nothing to look at until somebody comes.
    pub(super) fn is_on(&self) -> bool {
        self.readers.resting.load(Ordering::SeqCst)
    }

    /// Somebody writes.
    pub(super) fn end(&self) {
        if self.is_on() {
            self.readers.resting.store(false, Ordering::SeqCst);
        }
    }

    /// One look, after [`QUIET`] without a write; `commits` as the writer counts them.
    pub(super) fn look(&mut self, writer: &Conn, commits: u64) {
        let readers = &*self.readers;
        let happened = || commits + readers.uses.load(Ordering::SeqCst);
        let now = happened();
        if now != self.seen {
            self.seen = now;
            return;
        }
        // who comes from here on either sees that and ends it, or is counted
        readers.resting.store(true, Ordering::SeqCst);
        if happened() != self.seen {
            return self.end();
        }
        // held for some microseconds; who comes meanwhile waits as for any reader
        for reader in lock(&readers.idle).iter() {
            forget(reader);
        }
        forget(writer);
        readers.memo.clear();
        memory::give_back();
    }
}

/// Gives back what a connection can do without.
fn forget(conn: &Conn) {
    conn.sql.flush_prepared_statement_cache();
    if let Err(error) = conn.sql.execute_batch("PRAGMA shrink_memory") {
        tracing::debug!(%error, "a connection kept its memory");
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, AtomicU64};
    use std::sync::{Condvar, Mutex};
    use std::time::Instant;

    use super::super::checkpoint::Checkpointer;
    use super::super::open;
    use super::super::writer::{Lane, Writer};
    use super::*;
    use crate::clock::Clock;

    fn readers(path: &Path, clock: &Clock) -> Arc<Readers> {
        let reader = || open::reader(path, clock.clone()).unwrap();
        Arc::new(Readers {
            idle: Mutex::new(vec![reader(), reader()]),
            back: Condvar::new(),
            uses: AtomicU64::new(0),
            resting: AtomicBool::new(false),
            memo: Arc::default(),
        })
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("dassie-{name}-{}", std::process::id()))
    }

    #[test]
    fn it_rests_after_quiet_and_whoever_comes_then_is_served() {
        let folder = folder("rest");
        let clock = Clock::manual(0);
        let path = open::prepare_folder(&folder).unwrap();
        let writer = open::writer(&path, clock.clone()).unwrap();
        writer.sql.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (7)").unwrap();
        let count = |conn: &Conn| -> i64 {
            let mut statement = conn.sql.prepare_cached("SELECT x FROM t").unwrap();
            statement.query_row([], |row| row.get(0)).unwrap()
        };
        let readers = readers(&path, &clock);
        let mut rest = Rest::new(Arc::clone(&readers));
        // one is out, in the middle of a snapshot
        let out = lock(&readers.idle).pop().unwrap();
        assert!(!readers.used());
        out.sql.execute_batch("BEGIN").unwrap();
        assert_eq!(count(&out), 7);
        let mut look = |commits| {
            rest.look(&writer, commits);
            rest.is_on()
        };
        assert!(!look(0), "somebody read since");
        assert!(look(0), "and nobody since then");
        assert!(readers.used() && !readers.used(), "one who reads ends it");
        assert!(!look(0) && look(0));
        rest.end();
        assert!(!rest.is_on(), "and one who writes");
        let mut look = |commits| {
            rest.look(&writer, commits);
            rest.is_on()
        };
        assert!(!look(1), "something was committed");
        assert!(look(1));
        assert_eq!(count(&out), 7);
        out.sql.execute_batch("COMMIT").unwrap();
        lock(&readers.idle).push(out);
        for reader in lock(&readers.idle).iter() {
            assert_eq!(count(reader), 7);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn whoever_comes_rouses_the_writer_which_rests_again() {
        const PAUSE: Duration = Duration::from_millis(1);
        let folder = folder("rouse");
        let clock = Clock::manual(0);
        let path = open::prepare_folder(&folder).unwrap();
        let mut conn = open::writer(&path, clock.clone()).unwrap();
        super::super::migrate::run(&mut conn.sql).unwrap();
        let readers = readers(&path, &clock);
        let memo = Arc::clone(&readers.memo);
        memo.put(memo.age(), &[(7, Arc::new(7_i64))]);
        let rest = Rest { quiet: PAUSE, ..Rest::new(Arc::clone(&readers)) };
        let other = open::reader(&path, clock.clone()).unwrap();
        let checkpointer = Checkpointer::start(other).unwrap();
        let writer = Writer::start(conn, checkpointer, Box::new(|_| ()), rest).unwrap();
        // what is kept goes when it rests, so that a rest can be told from the one before
        let keep = || memo.put(memo.age(), &[(7, Arc::new(7_i64))]);
        let is_kept = || !memo.get::<i64>(&[7]).is_empty();
        let until_it_rested = || {
            let begun = Instant::now();
            while is_kept() {
                assert!(begun.elapsed() < Duration::from_secs(20), "it does not rest");
                std::thread::yield_now();
            }
        };
        until_it_rested();
        for round in 0..200 {
            keep();
            if round % 3 == 0 {
                writer.submit(Lane::Background, |_| Ok(())).wait().unwrap();
            } else {
                assert!(readers.used());
                writer.rouse();
            }
            until_it_rested();
        }
        keep();
        let begun = Instant::now();
        while begun.elapsed() < 20 * PAUSE {
            std::thread::yield_now();
        }
        assert!(is_kept(), "nobody came, so it does not look again");
        writer.close();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
