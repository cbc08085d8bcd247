//! What an idle server holds on to: page caches, compiled statements, what was made of accounts and
//! what the allocator keeps for later go back to the system once nobody has asked for anything for
//! a while.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::memo::Memo;
use super::{Conn, Readers, lock};

/// How long nothing must happen, and how often it is looked whether that is so.
pub(super) const QUIET: Duration = Duration::from_secs(5);

/// Watches for quiet; lives on the writer's thread, which has nothing to do then.
pub(super) struct Rest {
    readers: Arc<Readers>,
    /// What had happened at the last look.
    seen: u64,
    rested: bool,
}

impl Rest {
    pub(super) fn new(readers: Arc<Readers>) -> Self {
        Self { readers, seen: 0, rested: false }
    }

    /// What has to be told of commits.
    pub(super) fn memo(&self) -> Arc<Memo> {
        Arc::clone(&self.readers.memo)
    }

    /// One look, after [`QUIET`] without a write; `commits` as the writer counts them.
    pub(super) fn look(&mut self, writer: &Conn, commits: u64) {
        let happened = commits + self.readers.uses.load(Ordering::Relaxed);
        if happened != self.seen {
            self.seen = happened;
            self.rested = false;
        } else if !self.rested {
            self.rested = true;
            // held for some microseconds; who comes meanwhile waits as for any reader
            for reader in lock(&self.readers.idle).iter() {
                forget(reader);
            }
            forget(writer);
            self.readers.memo.clear();
            give_back();
        }
    }
}

/// Gives back what a connection can do without.
fn forget(conn: &Conn) {
    conn.sql.flush_prepared_statement_cache();
    if let Err(error) = conn.sql.execute_batch("PRAGMA shrink_memory") {
        tracing::debug!(%error, "a connection kept its memory");
    }
}

/// Hands free memory of the allocator to the system.
fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes a plain number, may be called at any time by any thread, and moves
    // nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::sync::{Condvar, Mutex};

    use super::super::open;
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn it_rests_once_after_quiet_and_whoever_comes_then_is_served() {
        let folder = std::env::temp_dir().join(format!("dassie-rest-{}", std::process::id()));
        let clock = Clock::manual(0);
        let path = open::prepare_folder(&folder).unwrap();
        let writer = open::writer(&path, clock.clone()).unwrap();
        writer.sql.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (7)").unwrap();
        let reader = || open::reader(&path, clock.clone()).unwrap();
        let count = |conn: &Conn| -> i64 {
            let mut statement = conn.sql.prepare_cached("SELECT x FROM t").unwrap();
            statement.query_row([], |row| row.get(0)).unwrap()
        };
        let readers = Arc::new(Readers {
            idle: Mutex::new(vec![reader(), reader()]),
            back: Condvar::new(),
            uses: AtomicU64::new(0),
            memo: Arc::default(),
        });
        let mut rest = Rest::new(Arc::clone(&readers));
        // one is out, in the middle of a snapshot
        let out = lock(&readers.idle).pop().unwrap();
        readers.uses.fetch_add(1, Ordering::Relaxed);
        out.sql.execute_batch("BEGIN").unwrap();
        assert_eq!(count(&out), 7);
        let mut look = |commits| {
            rest.look(&writer, commits);
            rest.rested
        };
        assert!(!look(0), "somebody read since");
        assert!(look(0) && look(0), "and nobody since then");
        assert!(!look(1), "something was committed");
        assert!(look(1));
        assert_eq!(count(&out), 7);
        out.sql.execute_batch("COMMIT").unwrap();
        lock(&readers.idle).push(out);
        for reader in lock(&readers.idle).iter() {
            assert_eq!(count(reader), 7);
        }
        readers.uses.fetch_add(1, Ordering::Relaxed);
        assert!(!look(1));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
