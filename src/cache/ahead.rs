//! Statuses that came into timelines and whose pictures should be here before anybody looks. Kept
//! in memory only: what is forgotten is fetched by whoever looks first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use super::lock;
use crate::clock::HOUR;

/// How many statuses may wait; the rest is left to those who look.
const WAITING: usize = 200;
/// How many are worked off at once: a server that hangs holds up one of them.
const AT_WORK: usize = 4;
/// An author whose files were just looked after is not looked after again for each status.
const AGAIN: i64 = HOUR;
/// How many such authors are remembered; full, it starts anew.
const AUTHORS: usize = 4096;

/// What waits, and who is at it.
#[derive(Debug, Default)]
pub struct Ahead(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<i64>,
    at_work: usize,
    /// Authors and when their files were looked after, in milliseconds.
    authors: HashMap<i64, i64>,
}

impl Ahead {
    /// A status came into a timeline; `only_author`: it shows no files but its author's. True when
    /// nothing waited before: somebody has to be told.
    pub fn add(&self, status: i64, only_author: Option<i64>, now: i64) -> bool {
        let mut state = self.lock();
        if state.waiting.len() >= WAITING {
            return false;
        }
        if let Some(author) = only_author {
            let last = state.authors.get(&author);
            if last.is_some_and(|last| (0..AGAIN).contains(&(now - last))) {
                return false;
            }
            if state.authors.len() >= AUTHORS {
                state.authors.clear();
            }
            state.authors.insert(author, now);
        }
        let is_first = state.waiting.is_empty();
        state.waiting.push_back(status);
        is_first
    }

    /// Whether something waits that nobody is at.
    pub fn needs_work(&self) -> bool {
        let state = self.lock();
        !state.waiting.is_empty() && state.at_work < AT_WORK
    }

    /// A place for one who works it off, if there is something to do.
    pub fn begin(&self) -> bool {
        let mut state = self.lock();
        let free = !state.waiting.is_empty() && state.at_work < AT_WORK;
        state.at_work += usize::from(free);
        free
    }

    /// The next status for one who began; `None` ends it.
    pub fn next(&self) -> Option<i64> {
        let mut state = self.lock();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.at_work = state.at_work.saturating_sub(1);
        }
        next
    }

    /// One who began stops before all is done.
    pub fn leave(&self) {
        let mut state = self.lock();
        state.at_work = state.at_work.saturating_sub(1);
    }

    /// How many statuses wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_is_looked_after_once_an_hour_and_what_waits_is_bounded() {
        let ahead = Ahead::default();
        assert!(ahead.add(1, Some(7), 0));
        assert!(!ahead.add(2, Some(7), HOUR - 1));
        assert!(!ahead.add(3, Some(8), 0));
        assert!(!ahead.add(4, None, 0));
        assert!(!ahead.add(5, Some(7), HOUR));
        assert_eq!(ahead.waiting(), 4);
        for id in 0..1000 {
            ahead.add(id, None, 0);
        }
        assert_eq!(ahead.waiting(), WAITING);
        for id in 0..3 * i64::try_from(AUTHORS).unwrap() {
            ahead.next();
            ahead.add(id, Some(100 + id), 0);
        }
        assert!(ahead.lock().authors.len() <= AUTHORS);
    }

    #[test]
    fn so_many_work_it_off_and_the_last_one_leaves_nothing_behind() {
        let ahead = Ahead::default();
        assert!(!ahead.begin(), "there is nothing to do");
        ahead.add(1, None, 0);
        ahead.add(2, None, 0);
        for _ in 0..AT_WORK {
            assert!(ahead.needs_work() && ahead.begin());
        }
        assert!(!ahead.needs_work() && !ahead.begin());
        assert_eq!([ahead.next(), ahead.next(), ahead.next()], [Some(1), Some(2), None]);
        ahead.leave();
        assert!(ahead.add(3, None, 0));
        assert!(ahead.begin() && ahead.begin() && !ahead.begin());
    }
}
