//! How many accepted activities wait, without a count for each that comes: counting walks over all
//! of them, and a flood would pay for its own length.

use std::sync::Mutex;

use super::lock;
use crate::error::Result;

/// So many may come before it is counted again: what was worked off meanwhile counts no longer.
const AGAIN: i64 = 256;

/// The last count, and what came since.
#[derive(Debug, Default)]
pub struct Backlog(Mutex<Option<(i64, i64)>>);

impl Backlog {
    /// One more comes; true when `most` may be waiting then. `count` is asked now and then, and
    /// always before the answer is yes.
    pub fn is_full(&self, most: i64, count: impl FnOnce() -> Result<i64>) -> Result<bool> {
        {
            let mut known = lock(&self.0);
            if let Some((counted, since)) = known.as_mut()
                && *since < AGAIN
                && *counted + *since < most
            {
                *since += 1;
                return Ok(false);
            }
        }
        let counted = count()?;
        *lock(&self.0) = Some((counted, 1));
        Ok(counted >= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_counted_now_and_then_and_always_before_anything_is_refused() {
        let (backlog, mut counts) = (Backlog::default(), 0);
        let mut ask = |most, waiting| {
            let full = backlog.is_full(most, || {
                counts += 1;
                Ok(waiting)
            });
            (full.unwrap(), counts)
        };
        assert_eq!(ask(1000, 0), (false, 1));
        for _ in 1..AGAIN {
            assert_eq!(ask(1000, 0), (false, 1));
        }
        assert_eq!(ask(1000, 990), (false, 2), "so many came that it is counted again");
        for _ in 0..9 {
            assert_eq!(ask(1000, 999), (false, 2));
        }
        assert_eq!(ask(1000, 1000), (true, 3));
        assert_eq!(ask(1000, 1000), (true, 4), "a refusal is never a guess");
        assert_eq!(ask(1000, 3), (false, 5), "nor does one last");
        assert_eq!(ask(4, 5), (true, 6), "another limit");
    }
}
