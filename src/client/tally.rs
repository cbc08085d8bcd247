//! What the requests of one thread came to, for those who answer for the cost of a piece of work.
//! All requests are blocking, so that the thread that asks is the one that waits.

use std::cell::Cell;

/// How many requests were made, and how many bytes came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub requests: u64,
    pub bytes: u64,
}

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { requests: 0, bytes: 0 }) };
}

/// What this thread asked for since this was called before.
pub fn take() -> Tally {
    TALLY.take()
}

pub(super) fn count(bytes: usize) {
    let before = TALLY.get();
    TALLY.set(Tally {
        requests: before.requests + 1,
        bytes: before.bytes + u64::try_from(bytes).unwrap_or(0),
    });
}
