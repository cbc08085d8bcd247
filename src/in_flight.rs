//! How much of one kind is under way at once, in all and for one key: what strangers can start is
//! bounded here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

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

/// So many are under way at once, and some more wait a while for their turn.
#[derive(Clone)]
pub struct Queue {
    running: InFlight,
    /// Those under way among them.
    all: InFlight,
    ended: Arc<Notify>,
}

impl Queue {
    /// What may be under way, and what may be here in all.
    pub fn new(running: InFlight, all: InFlight) -> Self {
        Self { running, all, ended: Arc::default() }
    }

    /// A turn, once there is room for one more of this key; taken until the answer is dropped.
    /// `None`: too many wait already, or it was not its turn in that time.
    pub async fn enter(&self, key: &str, patience: Duration) -> Option<Turn> {
        let place = self.all.enter(key)?;
        let turn = async {
            loop {
                let ended = self.ended.notified();
                let mut ended = std::pin::pin!(ended);
                // what ends between the look and the wait is heard of
                ended.as_mut().enable();
                if let Some(entry) = self.running.enter(key) {
                    return entry;
                }
                ended.await;
            }
        };
        let entry = tokio::time::timeout(patience, turn).await.ok()?;
        Some(Turn { entry: Some(entry), ended: Arc::clone(&self.ended), _place: place })
    }
}

/// A turn in a [`Queue`].
pub struct Turn {
    entry: Option<Entry>,
    ended: Arc<Notify>,
    _place: Entry,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.entry = None;
        self.ended.notify_waiters();
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

    #[actix_web::test]
    async fn who_waits_has_its_turn_when_another_one_ends() {
        let queue = Queue::new(InFlight::new(3, 2), InFlight::new(9, 3));
        let no_time = Duration::from_millis(5);
        let first = queue.enter("a", no_time).await.unwrap();
        let second = queue.enter("a", no_time).await.unwrap();
        assert!(queue.enter("a", no_time).await.is_none(), "two of one key");
        let third = queue.enter("b", no_time).await.unwrap();
        assert!(queue.enter("c", no_time).await.is_none(), "three in all");
        let waits = queue.clone();
        let waiting = actix_web::rt::spawn(async move {
            waits.enter("a", Duration::from_secs(60)).await.is_some()
        });
        while lock(&queue.all.counts).get("a") != Some(&3) {
            tokio::task::yield_now().await;
        }
        assert!(queue.enter("a", Duration::from_secs(60)).await.is_none(), "one waits");
        drop(first);
        assert!(waiting.await.unwrap());
        drop((second, third));
        assert!(lock(&queue.all.counts).is_empty() && lock(&queue.running.counts).is_empty());
    }
}
