//! What relays brought since it was last written down, and how much of this minute's budget each
//! has spent. A restart forgets the budgets, and the counts of some moments.

use std::collections::HashMap;
use std::sync::Mutex;

use super::lock;
use crate::clock::{Clock, MINUTE};
use crate::model::RelayCounts;
use crate::throttle::Throttle;

/// Counts by relay: never more entries than there are relays.
pub struct Relays {
    counts: Mutex<HashMap<i64, RelayCounts>>,
    spent: Throttle<i64>,
}

impl Relays {
    /// Nothing counted yet.
    pub fn new(clock: Clock) -> Self {
        Self { counts: Mutex::default(), spent: Throttle::new(clock) }
    }

    /// Adds to the counts of a relay.
    pub fn count(&self, relay: i64, counted: &RelayCounts) {
        lock(&self.counts).entry(relay).or_default().add(counted);
    }

    /// The counts that are not written down yet; the caller does.
    pub fn take(&self, relay: i64) -> RelayCounts {
        lock(&self.counts).remove(&relay).unwrap_or_default()
    }

    /// The same of all relays.
    pub fn take_all(&self) -> Vec<(i64, RelayCounts)> {
        std::mem::take(&mut *lock(&self.counts)).into_iter().collect()
    }

    /// Spends one of the `rate` statuses that the relay may bring this minute (F-347); false when
    /// none is left.
    pub fn spend(&self, relay: i64, rate: u32) -> bool {
        self.spent.look(&relay).0 < rate && self.spent.count(&relay, MINUTE) <= rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_347_a_budget_is_of_a_minute_and_of_one_relay() {
        let clock = Clock::manual(0);
        let relays = Relays::new(clock.clone());
        assert!(relays.spend(1, 2) && relays.spend(1, 2) && !relays.spend(1, 2));
        assert!(relays.spend(2, 2), "another has its own");
        assert!(!relays.spend(3, 0), "nothing at all");
        clock.advance(MINUTE);
        assert!(relays.spend(1, 2));
    }

    #[test]
    fn counts_are_taken_once() {
        let relays = Relays::new(Clock::manual(0));
        let one = RelayCounts { received: 1, bytes: 10, ..RelayCounts::default() };
        relays.count(1, &one);
        relays.count(1, &one);
        let taken = relays.take(1);
        assert_eq!((taken.received, taken.bytes), (2, 20));
        assert!(relays.take(1) == RelayCounts::default() && relays.take_all().is_empty());
    }
}
