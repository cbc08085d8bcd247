//! Looking up names within a deadline, although getaddrinfo knows none.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Turns a host name into addresses. Called once per hop; what it answers is checked, and
/// only what it answered is connected to (S-002).
pub trait Resolve: Send + Sync {
    /// All addresses of `host`, before `deadline`.
    fn resolve(&self, host: &str, deadline: Instant) -> io::Result<Vec<IpAddr>>;
}

/// Look-ups that may be under way at once. One whose deadline has passed still counts until
/// the system gives up on it, so that dead name servers cannot pile up threads.
const MAX_LOOKUPS: usize = 12;

/// glibc's resolver keeps its answers on the stack.
const STACK: usize = 256 * 1024;

/// The system's resolver (`/etc/hosts`, `nsswitch`, DNS), each look-up on a helper thread.
#[derive(Debug)]
pub struct SystemResolver {
    slots: Arc<Slots>,
}

#[derive(Debug)]
struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One look-up's place; given back when the thread ends, however it ends.
struct Slot(Arc<Slots>);

impl Slots {
    fn take(self: &Arc<Self>, deadline: Instant) -> io::Result<Slot> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "too many look-ups at once"));
            }
            free = self
                .freed
                .wait_timeout(free, left)
                .map_or_else(|e| e.into_inner().0, |(free, _)| free);
        }
        *free -= 1;
        Ok(Slot(self.clone()))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

impl SystemResolver {
    /// A resolver with all its places free. No thread runs until something is looked up.
    pub fn new() -> Self {
        Self { slots: Arc::new(Slots { free: Mutex::new(MAX_LOOKUPS), freed: Condvar::new() }) }
    }

    /// Runs `look_up` on a helper thread and waits for it until `deadline`.
    fn bounded(
        &self,
        deadline: Instant,
        look_up: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static,
    ) -> io::Result<Vec<IpAddr>> {
        let slot = self.slots.take(deadline)?;
        let (answer, answered) = sync_channel(1);
        std::thread::Builder::new().name("dns".to_owned()).stack_size(STACK).spawn(move || {
            let result = look_up();
            // first, so that a place is free when the caller goes on
            drop(slot);
            // nobody may be waiting any more
            let _ = answer.send(result);
        })?;
        let left = deadline.saturating_duration_since(Instant::now());
        answered.recv_timeout(left).unwrap_or_else(|e| {
            Err(match e {
                RecvTimeoutError::Timeout => io::ErrorKind::TimedOut.into(),
                RecvTimeoutError::Disconnected => io::Error::other("the look-up failed"),
            })
        })
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, deadline: Instant) -> io::Result<Vec<IpAddr>> {
        let host = host.to_owned();
        self.bounded(deadline, move || {
            Ok((host.as_str(), 0).to_socket_addrs()?.map(|a| a.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    fn soon(ms: u64) -> Instant {
        Instant::now() + Duration::from_millis(ms)
    }

    #[test]
    fn names_of_the_system_are_found() {
        let found = SystemResolver::new().resolve("localhost", soon(5_000)).expect("localhost");
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    }

    #[test]
    fn s_013_a_hanging_look_up_ends_at_its_deadline_and_keeps_its_place() {
        let resolver = SystemResolver::new();
        let mut hold = Vec::new();
        for _ in 0..MAX_LOOKUPS {
            let (release, wait) = channel::<()>();
            hold.push(release);
            let late = resolver.bounded(soon(5), move || {
                let _ = wait.recv();
                Ok(vec![])
            });
            assert_eq!(late.map_err(|e| e.kind()), Err(io::ErrorKind::TimedOut));
        }
        let full = resolver.bounded(soon(5), || Ok(vec![]));
        assert_eq!(full.map_err(|e| e.kind()), Err(io::ErrorKind::TimedOut));
        drop(hold);
        assert!(resolver.bounded(soon(5_000), || Ok(vec![])).is_ok());
    }
}
