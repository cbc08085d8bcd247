//! The one clock: real time in service, a hand in tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds of one minute, hour and day.
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Tells the time of day; cheap to clone, all clones agree.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// In tests: the time in milliseconds. `None`: the system's.
    hand: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still at `now_ms` until told otherwise.
    pub fn manual(now_ms: i64) -> Self {
        Self { hand: Some(Arc::new(AtomicI64::new(now_ms))) }
    }

    /// Milliseconds since 1970 (UTC).
    pub fn now_ms(&self) -> i64 {
        match &self.hand {
            Some(hand) => hand.load(Ordering::SeqCst),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
        }
    }

    /// Turns a manual clock by `ms` (backwards too); nothing on the system's.
    pub fn advance(&self, ms: i64) {
        if let Some(hand) = &self.hand {
            hand.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// True for the system's clock: workers may then sleep until the next due time.
    pub fn is_system(&self) -> bool {
        self.hand.is_none()
    }
}

/// `2026-01-02T03:04:05.678Z`: the client API's form, always three fractional digits.
pub fn api_time(ms: i64) -> String {
    format_ms(ms, true)
}

/// `2026-01-02T03:04:05Z`: the wire's form, seconds precision (F-011).
pub fn wire_time(ms: i64) -> String {
    format_ms(ms, false)
}

/// `2026-01-02`.
pub fn date(ms: i64) -> String {
    let mut text = format_ms(ms, false);
    text.truncate(10);
    text
}

fn format_ms(ms: i64, fraction: bool) -> String {
    // Civil date from days (H. Hinnant's algorithm): ten times cheaper than a format string,
    // and every status has two of these.
    let ms = ms.clamp(-62_135_596_800_000, 253_402_300_799_999);
    let days = ms.div_euclid(DAY);
    let in_day = ms.rem_euclid(DAY);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (in_day / HOUR, in_day / MINUTE % 60, in_day / 1000 % 60);
    let mut text = String::with_capacity(24);
    let parts = [(year, 4, '-'), (month, 2, '-'), (day, 2, 'T'), (h, 2, ':'), (m, 2, ':')];
    for (number, width, end) in parts {
        push_digits(&mut text, number, width);
        text.push(end);
    }
    push_digits(&mut text, s, 2);
    if fraction {
        text.push('.');
        push_digits(&mut text, in_day % 1000, 3);
    }
    text.push('Z');
    text
}

/// The last `width` digits of a number that is not negative.
fn push_digits(text: &mut String, number: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}

/// Processor time that this thread has used, in microseconds; 0 where the system does not tell.
pub fn thread_cpu_us() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes into the struct that it is given, and nowhere else.
    if unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) } != 0 {
        return 0;
    }
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000
        + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_both_forms() {
        assert_eq!(api_time(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert_eq!(wire_time(1_767_323_045_678), "2026-01-02T03:04:05Z");
        assert_eq!(api_time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(wire_time(951_782_399_000), "2000-02-28T23:59:59Z");
        assert_eq!(wire_time(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(date(-1), "1969-12-31");
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(5);
        let other = clock.clone();
        clock.advance(10);
        assert_eq!(other.now_ms(), 15);
    }
}
