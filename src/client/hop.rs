//! What one request and its connection know of each other. ureq calls our resolver and our
//! connector on the thread that sends, but hands them the URL only; this is the rest.

use std::cell::RefCell;
use std::net::SocketAddr;

/// One exchange of request and answer.
#[derive(Debug, Default)]
pub(super) struct Hop {
    /// The checked addresses: all that may be connected to (S-002).
    pub(super) addresses: Vec<SocketAddr>,
    /// Bytes that came in, still compressed, with the response header.
    pub(super) received: u64,
    /// True once a new connection was asked for; otherwise the pool had one.
    pub(super) dialled: bool,
}

thread_local! {
    static HOP: RefCell<Option<Hop>> = const { RefCell::new(None) };
}

/// Lives as long as the exchange; its end takes the addresses away from this thread.
pub(super) struct Guard(());

/// Makes `addresses` the only ones that this thread may connect to.
pub(super) fn begin(addresses: Vec<SocketAddr>) -> Guard {
    HOP.set(Some(Hop { addresses, ..Hop::default() }));
    Guard(())
}

impl Drop for Guard {
    fn drop(&mut self) {
        HOP.set(None);
    }
}

/// Looks at or changes the hop of this thread; `None` outside of an exchange.
pub(super) fn with<T>(f: impl FnOnce(&mut Hop) -> T) -> Option<T> {
    HOP.with_borrow_mut(|hop| hop.as_mut().map(f))
}
