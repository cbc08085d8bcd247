//! Counting what may not happen too often, in bounded memory (S-022).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;

/// How many keys are remembered at the most.
const MOST: usize = 10_000;

/// What is counted: a person's requests by all apps together, or those without a person; and the
/// files that a person uploads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    Account(i64),
    Address(IpAddr),
    Uploads(i64),
}

/// Counts events by key within windows of time.
pub struct Throttle<K> {
    clock: Clock,
    counts: Mutex<Counts<K>>,
}

/// Two generations: when the younger is full it becomes the older, whose keys are forgotten.
/// So memory is bounded and each event costs the same, however many keys somebody makes up.
struct Counts<K> {
    young: HashMap<K, Count>,
    old: HashMap<K, Count>,
}

#[derive(Clone, Copy)]
struct Count {
    events: u32,
    /// By the steady time: a clock that jumps ends nothing, and keeps nothing for years.
    until: i64,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// Nothing counted yet.
    pub fn new(clock: Clock) -> Self {
        let counts = Counts { young: HashMap::new(), old: HashMap::new() };
        Self { clock, counts: Mutex::new(counts) }
    }

    /// Counts an event that is remembered for `window_ms`; how many there are in it now.
    pub fn count(&self, key: &K, window_ms: i64) -> u32 {
        self.take(key, window_ms).0
    }

    /// The same, with the time of day at which the window ends.
    pub fn take(&self, key: &K, window_ms: i64) -> (u32, i64) {
        let now = self.clock.steady_ms();
        let mut counts = self.lock();
        let known = counts.young.get(key).or_else(|| counts.old.get(key)).copied();
        let mut count = known
            .filter(|count| count.until > now)
            .unwrap_or(Count { events: 0, until: now + window_ms });
        count.events = count.events.saturating_add(1);
        if counts.young.len() >= MOST / 2 && !counts.young.contains_key(key) {
            counts.old = std::mem::take(&mut counts.young);
        }
        counts.young.insert(key.clone(), count);
        (count.events, self.clock.now_ms() + count.until - now)
    }

    /// How many events are in the window, and how many seconds it lasts.
    pub fn look(&self, key: &K) -> (u32, u32) {
        let now = self.clock.steady_ms();
        let counts = self.lock();
        match counts.young.get(key).or_else(|| counts.old.get(key)) {
            Some(count) if count.until > now => {
                (count.events, u32::try_from((count.until - now) / 1000 + 1).unwrap_or(u32::MAX))
            }
            _ => (0, 0),
        }
    }

    /// Forgets a key.
    pub fn forget(&self, key: &K) {
        let mut counts = self.lock();
        counts.young.remove(key);
        counts.old.remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Counts<K>> {
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
        let counts = throttle.lock();
        assert!(counts.young.len() + counts.old.len() <= MOST);
    }

    #[test]
    fn s_130_a_clock_that_jumps_ends_no_window_and_makes_none_longer() {
        let clock = Clock::manual(0);
        let throttle = Throttle::new(clock.clone());
        throttle.count(&1, 1000);
        clock.jump(crate::clock::DAY);
        assert_eq!(throttle.take(&1, 1000), (2, crate::clock::DAY + 1000));
        clock.jump(-crate::clock::DAY);
        assert_eq!(throttle.look(&1), (2, 2));
        clock.advance(1000);
        assert_eq!(throttle.look(&1).0, 0);
    }
}
