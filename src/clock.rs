//! The one clock: real time in service, a hand in tests. It tells three times: that of the day, the
//! steady one, which only ever passes, and the settled one, which does not follow a sudden jump ahead
//! before the clock has kept its new time for a while (S-130).

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds of one minute, hour and day.
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A clock that is ahead of what passed by more than this is wrong, or the server stood still.
const SUDDEN: i64 = 3 * DAY;
/// It is believed once it has kept its new time for so long.
const BELIEVED: i64 = DAY;
/// A clock that is behind what passed by more than this was set back.
const SET_BACK: i64 = MINUTE;

/// Tells the time of day; cheap to clone, all clones agree.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// In tests. `None`: the system's.
    hand: Option<Arc<Hand>>,
    watch: Arc<Mutex<Watch>>,
}

/// Milliseconds that a test sets.
#[derive(Debug)]
struct Hand {
    wall: AtomicI64,
    steady: AtomicI64,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still at `now_ms` until told otherwise.
    pub fn manual(now_ms: i64) -> Self {
        let hand = Hand { wall: AtomicI64::new(now_ms), steady: AtomicI64::new(0) };
        Self { hand: Some(Arc::new(hand)), watch: Arc::default() }
    }

    /// Milliseconds since 1970 (UTC).
    pub fn now_ms(&self) -> i64 {
        match &self.hand {
            Some(hand) => hand.wall.load(Ordering::SeqCst),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
        }
    }

    /// Milliseconds that passed since some moment of this process, whatever is done to the clock: for
    /// what ends after a while and is kept in memory only.
    pub fn steady_ms(&self) -> i64 {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.hand {
            Some(hand) => hand.steady.load(Ordering::SeqCst),
            None => i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// The time of day by which what is old is removed or given up: a clock that is wrong for an
    /// hour must not take with it what cannot be had again. Where it is behind, this is behind too.
    pub fn settled_ms(&self) -> i64 {
        self.look(|watch, wall, steady| watch.read(wall, steady))
    }

    /// By how much the time of day is ahead of the settled one.
    pub fn ahead_ms(&self) -> i64 {
        self.look(|watch, wall, steady| wall - watch.read(wall, steady))
    }

    /// Whether it was set back since the last call: what was planned by the time before it is far
    /// away now.
    pub fn take_set_back(&self) -> bool {
        self.look(|watch, wall, steady| {
            watch.read(wall, steady);
            std::mem::take(&mut watch.set_back)
        })
    }

    /// Goes on from what a process before noted: the time of day and the settled one.
    pub fn resume(&self, wall_ms: i64, settled_ms: i64) {
        self.look(|watch, _, steady| {
            watch.last.get_or_insert(Reading { steady, wall: wall_ms, settled: settled_ms });
        });
    }

    fn look<T>(&self, look: impl FnOnce(&mut Watch, i64, i64) -> T) -> T {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut watch, self.now_ms(), self.steady_ms())
    }

    /// Lets `ms` pass on a manual clock; nothing on the system's.
    pub fn advance(&self, ms: i64) {
        if let Some(hand) = &self.hand {
            hand.wall.fetch_add(ms, Ordering::SeqCst);
            hand.steady.fetch_add(ms.max(0), Ordering::SeqCst);
        }
    }

    /// Sets a manual clock ahead or back, while no time passes.
    pub fn jump(&self, ms: i64) {
        if let Some(hand) = &self.hand {
            hand.wall.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// True for the system's clock: workers may then sleep until the next due time.
    pub fn is_system(&self) -> bool {
        self.hand.is_none()
    }
}

/// The time of day, held against what passed.
#[derive(Debug, Default)]
struct Watch {
    last: Option<Reading>,
    /// The steady time at which it was found to be ahead.
    ahead_since: Option<i64>,
    set_back: bool,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    steady: i64,
    wall: i64,
    settled: i64,
}

impl Watch {
    /// The settled time.
    fn read(&mut self, wall: i64, steady: i64) -> i64 {
        let last = *self.last.get_or_insert(Reading { steady, wall, settled: wall });
        let passed = steady - last.steady;
        self.set_back |= wall < last.wall + passed - SET_BACK;
        let expected = last.settled + passed;
        let mut settled = wall;
        if wall <= expected + SUDDEN {
            self.ahead_since = None;
        } else if steady - *self.ahead_since.get_or_insert(steady) < BELIEVED {
            settled = expected;
        } else {
            self.ahead_since = None;
        }
        self.last = Some(Reading { steady, wall, settled });
        settled
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
        assert_eq!((other.now_ms(), other.steady_ms()), (15, 10));
        clock.jump(-10);
        assert_eq!((other.now_ms(), other.steady_ms()), (5, 10));
    }

    #[test]
    fn s_130_a_jump_ahead_is_believed_after_a_day() {
        let clock = Clock::manual(DAY);
        assert_eq!(clock.settled_ms(), DAY);
        // time that passes is no jump, however long nobody looked, and a small one is none either
        clock.advance(400 * DAY);
        clock.jump(SUDDEN);
        assert_eq!(clock.settled_ms(), 401 * DAY + SUDDEN);
        let before = clock.settled_ms();
        clock.jump(365 * DAY);
        for hour in 1..=24 {
            assert_eq!(clock.settled_ms(), before + (hour - 1) * HOUR);
            assert_eq!(clock.ahead_ms(), 365 * DAY);
            clock.advance(HOUR);
        }
        assert_eq!((clock.settled_ms(), clock.ahead_ms()), (before + 366 * DAY, 0));
        assert!(!clock.take_set_back());
    }

    #[test]
    fn s_130_a_jump_that_is_taken_back_was_none() {
        let clock = Clock::manual(400 * DAY);
        clock.settled_ms();
        clock.jump(365 * DAY);
        clock.settled_ms();
        clock.advance(HOUR);
        clock.jump(-365 * DAY);
        assert_eq!(clock.settled_ms(), 400 * DAY + HOUR);
        assert!(clock.take_set_back() && !clock.take_set_back());
        // the next one is doubted as long as the first was
        clock.jump(365 * DAY);
        clock.settled_ms();
        clock.advance(23 * HOUR);
        assert_eq!(clock.ahead_ms(), 365 * DAY);
    }

    #[test]
    fn s_130_what_was_noted_counts_after_a_start() {
        let clock = Clock::manual(400 * DAY);
        clock.resume(390 * DAY, 390 * DAY);
        assert_eq!((clock.settled_ms(), clock.take_set_back()), (390 * DAY, false));
        let clock = Clock::manual(400 * DAY);
        clock.resume(500 * DAY, 399 * DAY);
        assert_eq!((clock.settled_ms(), clock.take_set_back()), (400 * DAY, true));
    }
}
