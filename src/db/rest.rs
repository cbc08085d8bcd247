//! What an idle server holds on to: page caches, compiled statements and what the allocator keeps
//! for later go back to the system once nobody has asked for anything for a while.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

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
