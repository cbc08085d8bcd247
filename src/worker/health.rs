//! Looks every few minutes whether all is well, tells the administrators what is not, and takes it
//! back when it is. A trouble is told when it was seen twice in a row, and taken back when it was
//! not for three times: what comes and goes tells nobody a dozen times.

use std::collections::HashMap;
use std::time::Instant;

use crate::app::App;
use crate::clock::MINUTE;
use crate::db::{Lane, Tx};
use crate::error::Result;
use crate::health::{self, Finding, Lang, Level, TROUBLES, Word};
use crate::service::trouble::{self, Message};
use crate::text::words;

/// The pause between two looks.
const EVERY: i64 = 5 * MINUTE;
/// After so many looks a trouble is one, and after so many it is none any more.
const TELL: u8 = 2;
const CLEAR: u8 = 3;
/// The clock jumped when it went so much more or less than the time that passed.
const JUMP: i64 = MINUTE;

/// Where this stands.
#[derive(Default)]
pub(super) struct Health {
    next: i64,
    /// How often in a row something was seen, or was told and not seen.
    seen: HashMap<Word, u8>,
    calm: HashMap<Word, u8>,
    last: Option<(i64, Instant)>,
}

impl Health {
    /// When there is something to do again.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Looks, if it is time.
    pub(super) fn keep(&mut self, app: &App, now: i64) -> Result<()> {
        // a clock that was put back must not end this for hours
        if now < self.next && now > self.next - 2 * EVERY {
            return Ok(());
        }
        let is_first = self.next == 0;
        self.next = now + EVERY;
        if app.clock.is_system() {
            self.watch_clock(app, now, Instant::now());
        }
        // at the start much is late that is done in a moment
        if is_first {
            return Ok(());
        }
        let found = health::local(app)?;
        let told = app.db.read(|conn| {
            TROUBLES
                .iter()
                .map(|word| trouble::is_told(conn, word.name()))
                .collect::<Result<Vec<_>>>()
        })?;
        let is_bad = |word| found.iter().find(|one| one.what == word && one.level == Level::Bad);
        let is_full = is_bad(Word::disk_full).is_some();
        for (word, told) in TROUBLES.iter().zip(told) {
            let bad = is_bad(*word);
            match (self.decide(*word, bad.is_some(), told), bad) {
                // of one cause one message
                (Act::Tell, _) if is_full && *word == Word::cache_none => {}
                (Act::Tell, Some(bad)) => {
                    let text = message(bad, Lang::of(&app.config.instance.default_language));
                    if self.seen.get(word) == Some(&TELL) {
                        tracing::warn!(%text, "something is wrong with this server");
                    }
                    tell(app, *word, text)?;
                }
                (Act::Clear, _) => clear(app, *word)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// What to do about something that was seen, or not.
    fn decide(&mut self, word: Word, bad: bool, told: bool) -> Act {
        let (up, down) =
            if bad { (&mut self.seen, &mut self.calm) } else { (&mut self.calm, &mut self.seen) };
        down.remove(&word);
        let times = up.entry(word).or_default();
        *times = times.saturating_add(1);
        match (bad, told) {
            (true, false) if *times >= TELL => Act::Tell,
            (false, true) if *times >= CLEAR => Act::Clear,
            _ => Act::Wait,
        }
    }

    /// Tells when the clock was put forward or back (S-130). What waits for a time keeps it.
    fn watch_clock(&mut self, app: &App, now: i64, instant: Instant) {
        if let Some(ms) = self.last.and_then(|last| jump(last, (now, instant))) {
            tracing::warn!(seconds = ms / 1000, "the clock of this machine jumped");
            app.client.forget_clocks();
        }
        self.last = Some((now, instant));
    }
}

/// By how many milliseconds the clock went too far, if it jumped.
fn jump(before: (i64, Instant), after: (i64, Instant)) -> Option<i64> {
    let passed = after.1.saturating_duration_since(before.1).as_millis();
    let jump = after.0 - before.0 - i64::try_from(passed).unwrap_or(i64::MAX);
    (jump.abs() > JUMP).then_some(jump)
}

/// What becomes of a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Wait,
    Tell,
    Clear,
}

fn tell(app: &App, word: Word, text: String) -> Result<()> {
    let site = app.site.clone();
    let write = move |tx: &Tx<'_>| {
        trouble::tell(tx, &site, word.name(), Message { text: &text, ..Message::default() })
    };
    app.db.write(Lane::Background, write).wait().map(drop)
}

fn clear(app: &App, word: Word) -> Result<()> {
    tracing::info!(what = word.name(), "all is well again");
    let site = app.site.clone();
    app.db.write(Lane::Background, move |tx| trouble::clear(tx, &site, word.name())).wait()
}

fn message(bad: &Finding, lang: Lang) -> String {
    let advice = bad.advice(lang).unwrap_or_default();
    format!("{}\n\n{advice}\n\n{}", bad.text(lang), words::say(lang, Word::message_end, &[]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_comes_and_goes_is_told_to_nobody() {
        let mut health = Health::default();
        let word = Word::disk_full;
        let mut look = |bad, told| health.decide(word, bad, told);
        for _ in 0..5 {
            assert_eq!((look(true, false), look(false, false)), (Act::Wait, Act::Wait));
        }
        assert_eq!((look(true, false), look(true, false)), (Act::Wait, Act::Tell));
        assert_eq!((look(true, false), look(true, true)), (Act::Tell, Act::Wait), "it failed once");
        for _ in 0..5 {
            assert_eq!((look(false, true), look(false, true)), (Act::Wait, Act::Wait));
            assert_eq!(look(true, true), Act::Wait);
        }
        look(false, true);
        look(false, true);
        assert_eq!((look(false, true), look(false, false)), (Act::Clear, Act::Wait));
    }

    #[test]
    fn s_130_a_clock_that_jumps_is_noticed_and_one_that_runs_is_not() {
        let start = Instant::now();
        let later = start + Duration::from_millis(300_000);
        for (now, found) in [
            (300_000, None),
            (330_000, None),
            (3_900_000, Some(3_600_000)),
            (-3_300_000, Some(-3_600_000)),
        ] {
            assert_eq!(jump((0, start), (now, later)), found);
        }
    }
}
