//! How much of one kind is under way at once, in all and for one key: what strangers can start is
//! bounded here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts what is under way.
#[derive(Clone)]
pub struct InFlight {
    counts: Arc<Mutex<HashMap<String, usize>>>,
    in_all: usize,
    per_key: usize,
}

impl InFlight {
    /// At most `in_all` at once, at most `per_key` of one key.
    pub fn new(in_all: usize, per_key: usize) -> Self {
        Self { counts: Arc::default(), in_all, per_key }
    }

    /// Room for one more; it is taken until the answer is dropped. `None`: there is none.
    pub fn enter(&self, key: &str) -> Option<Entry> {
        let mut counts = lock(&self.counts);
        let of_key = counts.get(key).copied().unwrap_or(0);
        if of_key >= self.per_key || counts.values().sum::<usize>() >= self.in_all {
            return None;
        }
        counts.insert(key.to_owned(), of_key + 1);
        Some(Entry { counts: Arc::clone(&self.counts), key: key.to_owned() })
    }
}

/// One that is under way.
pub struct Entry {
    counts: Arc<Mutex<HashMap<String, usize>>>,
    key: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_055_what_strangers_start_is_bounded() {
        let flights = InFlight::new(3, 2);
        let first = flights.enter("a").unwrap();
        let second = flights.enter("a");
        assert!(second.is_some() && flights.enter("a").is_none());
        let third = flights.enter("b");
        assert!(third.is_some() && flights.enter("c").is_none());
        drop(first);
        assert!(flights.enter("c").is_some());
    }
}
