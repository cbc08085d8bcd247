//! Files that could not be had lately, and servers that did not answer: they are not asked for
//! again before a while, which grows with each failure. In memory only, and bounded.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::arriving::Failure;
use crate::clock::{Clock, DAY, HOUR, MINUTE};
use crate::model::CacheKey;

/// How many are remembered at the most.
const MOST: usize = 10_000;
/// Pauses after the first failure, and the longest: of what may pass, and of what hardly will.
const PASSING: (i64, i64) = (MINUTE / 2, HOUR);
const LASTING: (i64, i64) = (HOUR, DAY);
/// A server that did not answer is left alone for so long, times four at each further failure.
const SERVER: (i64, i64) = (MINUTE / 4, HOUR);

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    File(CacheKey),
    Server(String),
}

#[derive(Clone, Copy)]
struct Failed {
    why: Failure,
    times: u32,
    until: i64,
}

/// What failed lately.
pub struct Failures {
    clock: Clock,
    /// Two generations: when the younger is full, the older is forgotten.
    known: Mutex<(HashMap<What, Failed>, HashMap<What, Failed>)>,
}

impl Failures {
    /// Nothing has failed yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::default() }
    }

    /// It failed; for how many milliseconds it is left alone.
    pub fn note(&self, what: What, why: Failure) -> i64 {
        let now = self.clock.steady_ms();
        let mut known = self.lock();
        let before = known.0.get(&what).or_else(|| known.1.get(&what)).copied();
        // one that was long ago says nothing any more
        let times = before.filter(|one| one.until + DAY > now).map_or(0, |one| one.times) + 1;
        let (first, longest) = match (&what, why) {
            (What::Server(_), _) => SERVER,
            (_, Failure::Passing | Failure::NoRoom) => PASSING,
            _ => LASTING,
        };
        let pause = first.saturating_mul(4_i64.saturating_pow(times - 1)).min(longest);
        if known.0.len() >= MOST / 2 && !known.0.contains_key(&what) {
            known.1 = std::mem::take(&mut known.0);
        }
        known.0.insert(what, Failed { why, times, until: now + pause });
        pause
    }

    /// Why it is left alone, and for how many seconds; `None`: it may be tried.
    pub fn look(&self, what: &What) -> Option<(Failure, u32)> {
        let now = self.clock.steady_ms();
        let known = self.lock();
        let failed = known.0.get(what).or_else(|| known.1.get(what))?;
        let left = failed.until - now;
        (left > 0).then(|| (failed.why, u32::try_from(left / 1000 + 1).unwrap_or(u32::MAX)))
    }

    /// It is there again.
    pub fn forget(&self, what: &What) {
        let mut known = self.lock();
        known.0.remove(what);
        known.1.remove(what);
    }

    fn lock(&self) -> MutexGuard<'_, (HashMap<What, Failed>, HashMap<What, Failed>)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_memory_is_bounded() {
        let clock = Clock::manual(0);
        let failures = Failures::new(clock.clone());
        let file = || What::File(CacheKey([7; 16]));
        assert_eq!(failures.look(&file()), None);
        assert_eq!(failures.note(file(), Failure::Passing), MINUTE / 2);
        assert_eq!(failures.look(&file()), Some((Failure::Passing, 31)));
        clock.advance(MINUTE / 2);
        assert_eq!(failures.look(&file()), None);
        assert_eq!(failures.note(file(), Failure::Passing), 2 * MINUTE);
        for _ in 0..40 {
            assert!(failures.note(file(), Failure::Gone) <= DAY);
        }
        failures.forget(&file());
        assert_eq!(failures.note(file(), Failure::Gone), HOUR);
        for number in 0..20_000 {
            failures.note(What::Server(number.to_string()), Failure::Passing);
        }
        let known = failures.lock();
        assert!(known.0.len() + known.1.len() <= MOST);
    }
}
