//! What time others say it is. Every answer has a date, so that a wrong clock is found without
//! asking anybody (S-130, S-133). One server's word counts once, and no few decide.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::clock::Clock;

/// How many servers are remembered, the last ones, and how many must agree.
const MOST: usize = 15;
const LEAST: usize = 3;

/// The last servers that said a time, and how far it was from ours.
#[derive(Debug, Default)]
pub(super) struct Dates(Mutex<VecDeque<(String, i64)>>);

impl Dates {
    /// A server wrote this in `Date` just now (RFC 9110 section 6.6.1).
    pub(super) fn hear(&self, host: &str, date: &str) {
        let Ok(theirs) = chrono::DateTime::parse_from_rfc2822(date.trim()) else { return };
        let away = theirs.timestamp_millis().saturating_sub(Clock::system().now_ms());
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.retain(|(known, _)| known != host);
        heard.push_back((host.to_owned(), away));
        if heard.len() > MOST {
            heard.pop_front();
        }
    }

    /// Our own clock jumped.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many milliseconds theirs is ahead of ours, as the one in the middle says.
    pub(super) fn ahead(&self) -> Option<i64> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<i64> = heard.iter().map(|(_, away)| *away).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().filter(|_| all.len() >= LEAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_130_the_one_in_the_middle_counts_and_nobody_twice() {
        let dates = Dates::default();
        let at = |away_ms: i64| {
            let time = chrono::DateTime::from_timestamp_millis(Clock::system().now_ms() + away_ms);
            time.unwrap().to_rfc2822()
        };
        for _ in 0..9 {
            dates.hear("a.example", &at(7_200_000));
        }
        dates.hear("b.example", "soon");
        assert_eq!(dates.ahead(), None, "one server, however often");
        dates.hear("b.example", &at(0));
        dates.hear("c.example", &at(-1000));
        let ahead = dates.ahead().unwrap();
        assert!((-2000..=2000).contains(&ahead), "a liar is not believed: {ahead}");
        for n in 0..100 {
            dates.hear(&format!("{n}.example"), &at(3_600_000));
        }
        let ahead = dates.ahead().unwrap();
        assert!((3_597_000..=3_601_000).contains(&ahead), "{ahead}");
        assert_eq!(dates.0.lock().unwrap().len(), MOST);
        dates.forget();
        assert_eq!(dates.ahead(), None);
    }
}
