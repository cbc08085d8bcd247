//! Counting what may not happen too often, in bounded memory (S-022).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;

/// How many keys are remembered at the most.
const MOST: usize = 10_000;

/// Counts events by key within windows of time.
pub struct Throttle<K> {
    clock: Clock,
    counts: Mutex<HashMap<K, Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    events: u32,
    until: i64,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// Nothing counted yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, counts: Mutex::new(HashMap::new()) }
    }

    /// Counts an event that is remembered for `window_ms`; how many there are in it now.
    pub fn count(&self, key: &K, window_ms: i64) -> u32 {
        let now = self.clock.now_ms();
        let mut counts = self.lock();
        if counts.len() >= MOST && !counts.contains_key(key) {
            counts.retain(|_, count| count.until > now);
            if counts.len() >= MOST {
                // full of live ones: the soonest to end makes room
                let oldest = counts.iter().min_by_key(|(_, c)| c.until).map(|(k, _)| k.clone());
                if let Some(oldest) = oldest {
                    counts.remove(&oldest);
                }
            }
        }
        let count = counts.entry(key.clone()).or_insert(Count { events: 0, until: 0 });
        if count.until <= now {
            *count = Count { events: 0, until: now + window_ms };
        }
        count.events = count.events.saturating_add(1);
        count.events
    }

    /// How many events are in the window, and how many seconds it lasts.
    pub fn look(&self, key: &K) -> (u32, u32) {
        let now = self.clock.now_ms();
        match self.lock().get(key) {
            Some(count) if count.until > now => {
                (count.events, u32::try_from((count.until - now) / 1000 + 1).unwrap_or(u32::MAX))
            }
            _ => (0, 0),
        }
    }

    /// Forgets a key.
    pub fn forget(&self, key: &K) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_022_counts_end_with_their_window_and_memory_is_bounded() {
        let clock = Clock::manual(0);
        let throttle = Throttle::new(clock.clone());
        assert_eq!(throttle.count(&1, 1000), 1);
        assert_eq!(throttle.count(&1, 1000), 2);
        assert_eq!(throttle.look(&1).0, 2);
        clock.advance(1000);
        assert_eq!(throttle.look(&1).0, 0);
        assert_eq!(throttle.count(&1, 1000), 1);
        for key in 0..20_000 {
            throttle.count(&key, 60_000);
        }
        assert!(throttle.lock().len() <= MOST);
    }
}
