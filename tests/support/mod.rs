//! Starting instances in this process, talking to them as clients do, and waiting for things
//! that happen on other threads.

pub mod account_archive;
pub mod acme;
pub mod cached;
mod damage;
pub mod files;
pub mod hostile;
mod http;
mod instance;
pub mod old_statuses;
mod peer;
pub mod picture;
mod push;
pub mod relay;
pub mod s3;
pub mod secured;
pub mod smtp;
mod stream;
mod temp;
mod website;

use std::time::{Duration, Instant};

pub use damage::damage;
pub use files::FileHost;
pub use http::{Answer, Request};
pub use instance::{Instance, Options, Person, texts};
pub use peer::{Heard, Peer, PeerAnswer};
pub use push::{PushKeys, PushService, Pushed};
pub use relay::Relay;
pub use stream::{Events, Socket};
pub use temp::TempDir;
pub use website::{Website, with_websites};

/// How long something that happens on another thread may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks until there is something, and fails the test when there is nothing for too long.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
