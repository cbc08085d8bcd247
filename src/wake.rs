//! A bell for the worker: rung when there may be something to do.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Rung from any thread; one thread waits.
#[derive(Debug, Default)]
pub struct Wake {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rung: bool,
    closed: bool,
}

impl Wake {
    /// There may be something to do.
    pub fn rouse(&self) {
        self.lock().rung = true;
        self.changed.notify_all();
    }

    /// The waiting thread shall end.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Whether it was rung and nobody has come yet.
    pub fn is_rung(&self) -> bool {
        self.lock().rung
    }

    /// Whether [`Wake::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Waits until rung, at most `at_most` (`None`: as long as it takes). False: closed.
    pub fn wait(&self, at_most: Option<Duration>) -> bool {
        let state = self.lock();
        let quiet = |state: &mut State| !state.rung && !state.closed;
        let mut state = match at_most {
            Some(time) => {
                self.changed
                    .wait_timeout_while(state, time, quiet)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self.changed.wait_while(state, quiet).unwrap_or_else(PoisonError::into_inner),
        };
        state.rung = false;
        !state.closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
