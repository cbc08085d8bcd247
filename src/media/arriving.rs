//! Files of elsewhere on their way: one download for all who ask. It writes into a temporary file
//! and says how far it is; whoever watches reads what is there already. A slow reader holds
//! nobody up, and what nobody waits for any more is given up while little of it has come.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::model::CacheKey;

/// Why a file is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Its server says that it is not there.
    Gone,
    /// It is nothing that we pass on, or lies where we may not ask.
    Refused,
    /// Larger than the limit.
    TooLarge,
    /// The disk is too full to keep it.
    NoRoom,
    /// Something that may pass: no answer, a busy server.
    Passing,
}

/// How a download ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All bytes are there.
    Whole,
    /// It lay in the cache already.
    Kept,
    Failed(Failure),
}

/// What a file is that is not kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// By its first bytes.
    pub ending: &'static str,
    /// Its bytes, where its server tells.
    pub size: Option<u64>,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Known once the first bytes were looked at; nobody gets a byte before.
    pub ending: Option<&'static str>,
    /// What its server says that it has in all.
    pub length: Option<u64>,
    /// Bytes that can be read.
    pub bytes: u64,
    pub end: Option<End>,
    /// It lies in its place, or never will.
    pub settled: bool,
}

/// So many wait for a download that was given up.
const GIVEN_UP: usize = usize::MAX;

/// A file on its way.
pub struct Arriving {
    pub key: CacheKey,
    progress: watch::Sender<Progress>,
    file: OnceLock<File>,
    viewers: AtomicUsize,
    /// Somebody would rather have a smaller version of it.
    small_wanted: AtomicBool,
    settled: Mutex<bool>,
    changed: Condvar,
}

impl Arriving {
    /// One that somebody waits for.
    fn new(key: CacheKey) -> Self {
        Self {
            key,
            progress: watch::Sender::new(Progress::default()),
            file: OnceLock::new(),
            viewers: AtomicUsize::new(1),
            small_wanted: AtomicBool::new(false),
            settled: Mutex::new(false),
            changed: Condvar::new(),
        }
    }

    /// The first bytes are in this file, and it is of this kind.
    pub fn begin(&self, file: File, ending: &'static str, length: Option<u64>) {
        let _ = self.file.set(file);
        self.progress.send_modify(|progress| {
            progress.ending = Some(ending);
            progress.length = length;
        });
    }

    /// So many bytes can be read now.
    pub fn grow(&self, bytes: u64) {
        self.progress.send_modify(|progress| progress.bytes = bytes);
    }

    /// Nothing more comes; only the first word on that counts.
    pub fn end(&self, end: End) {
        self.progress.send_if_modified(|progress| {
            let first = progress.end.is_none();
            progress.end = progress.end.or(Some(end));
            first
        });
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// What was written so far, for reading at any place.
    pub fn file(&self) -> Option<&File> {
        self.file.get()
    }

    /// Gives it up, unless somebody waits for it: whoever comes from now on begins anew, and does
    /// not hear of a failure that was none.
    pub fn give_up(&self) -> bool {
        let given_up =
            self.viewers.compare_exchange(0, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst);
        given_up.is_ok() || given_up == Err(GIVEN_UP)
    }

    /// One more waits for it; false: it was given up.
    fn enter(&self) -> bool {
        let more = |viewers: usize| viewers.checked_add(1);
        self.viewers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok()
    }

    /// A smaller version shall be made of it when it is there.
    pub fn want_small(&self) {
        self.small_wanted.store(true, Ordering::Relaxed);
    }

    /// Whether anybody asked for that.
    pub fn is_small_wanted(&self) -> bool {
        self.small_wanted.load(Ordering::Relaxed)
    }

    /// Blocks until the file is kept, or will not be; at most `at_most`, since what it waits for
    /// may wait for a thread itself.
    pub fn wait(&self, at_most: Duration) {
        let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_timeout_while(settled, at_most, |settled| !*settled));
    }

    fn settle(&self) {
        *self.settled.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
        self.progress.send_modify(|progress| progress.settled = true);
    }
}

/// Somebody who waits for a file or reads it.
pub struct Viewer {
    pub arriving: Arc<Arriving>,
    progress: watch::Receiver<Progress>,
}

impl Viewer {
    /// One who is counted already.
    fn new(arriving: &Arc<Arriving>) -> Self {
        Self { progress: arriving.progress.subscribe(), arriving: Arc::clone(arriving) }
    }

    /// Waits until `enough` says so, or nothing more comes.
    pub async fn until(&mut self, enough: impl Fn(&Progress) -> bool) -> Progress {
        let done = |progress: &Progress| progress.end.is_some() || enough(progress);
        let found = self.progress.wait_for(done).await.map(|progress| *progress);
        // the sender lives in what we hold
        found.unwrap_or_else(|_| self.arriving.progress())
    }
}

impl Viewer {
    /// Waits until the file lies in its place, or never will.
    pub async fn settled(&mut self) {
        let _ = self.progress.wait_for(|progress| progress.settled).await;
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.arriving.viewers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// All that are on their way. Cheap to clone.
#[derive(Clone, Default)]
pub struct Arrivals {
    under_way: Arc<Mutex<HashMap<CacheKey, Arc<Arriving>>>>,
}

impl Arrivals {
    /// A place among those who wait for a file; with [`Duty`] for whoever is the first, to fetch
    /// it.
    pub fn join(&self, key: CacheKey) -> (Viewer, Option<Duty>) {
        let mut under_way = self.lock();
        if let Some(there) = under_way.get(&key).filter(|there| there.enter()) {
            return (Viewer::new(there), None);
        }
        let arriving = Arc::new(Arriving::new(key));
        under_way.insert(key, Arc::clone(&arriving));
        let viewer = Viewer::new(&arriving);
        (viewer, Some(Duty { arrivals: self.clone(), arriving }))
    }

    /// How many are under way.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CacheKey, Arc<Arriving>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the one who fetches a file. However that ends, and be it by a panic, those who wait hear
/// of it.
pub struct Duty {
    arrivals: Arrivals,
    pub arriving: Arc<Arriving>,
}

impl Drop for Duty {
    fn drop(&mut self) {
        self.arriving.end(End::Failed(Failure::Passing));
        let mut under_way = self.arrivals.lock();
        let of_key = under_way.get(&self.arriving.key);
        // or it was given up, and somebody began anew
        if of_key.is_some_and(|there| Arc::ptr_eq(there, &self.arriving)) {
            under_way.remove(&self.arriving.key);
        }
        drop(under_way);
        self.arriving.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fetches_and_the_others_hear_of_its_end() {
        let arrivals = Arrivals::default();
        let key = CacheKey([1; 16]);
        let (first, duty) = arrivals.join(key);
        let duty = duty.unwrap();
        let (second, none) = arrivals.join(key);
        assert!(none.is_none() && !duty.arriving.give_up());
        drop(first);
        assert!(!duty.arriving.give_up());
        duty.arriving.end(End::Whole);
        assert_eq!(arrivals.count(), 1);
        drop(duty);
        assert_eq!(second.arriving.progress().end, Some(End::Whole));
        second.arriving.wait(Duration::from_secs(60));
        assert_eq!(arrivals.count(), 0);
        let (third, duty) = arrivals.join(key);
        drop(duty.unwrap());
        assert_eq!(third.arriving.progress().end, Some(End::Failed(Failure::Passing)));
    }

    #[test]
    fn whoever_comes_after_it_was_given_up_begins_anew() {
        let arrivals = Arrivals::default();
        let key = CacheKey([1; 16]);
        let (first, duty) = arrivals.join(key);
        let given_up = duty.unwrap();
        drop(first);
        assert!(given_up.arriving.give_up() && given_up.arriving.give_up());
        let (second, duty) = arrivals.join(key);
        let duty = duty.expect("somebody has to fetch it");
        // the end of the first is not that of the second
        drop(given_up);
        assert_eq!((second.arriving.progress().end, arrivals.count()), (None, 1));
        let (third, none) = arrivals.join(key);
        assert!(none.is_none());
        duty.arriving.end(End::Whole);
        drop(duty);
        assert_eq!(third.arriving.progress().end, Some(End::Whole));
        assert_eq!(arrivals.count(), 0);
    }
}
