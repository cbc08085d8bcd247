//! Is all well? One list of checks, for `dassie doctor`, `dassie status` and the messages to the
//! administrator. `local` looks at this process, its disk and its database and is cheap enough for
//! every few minutes; `outside` asks the network, and only somebody who types `doctor` has it
//! asked (S-133).

mod local;
mod outside;

use serde::{Deserialize, Serialize};

pub use crate::text::words::{Lang, Word};
pub use local::{Facts, bucket, database_bytes, facts, free_disk, local};
pub use outside::{PROBE, outside};

use crate::text::words;

/// Of these the administrator is told in their own client. Whatever is told once must be looked at
/// each time, or it would never be taken back.
pub const TROUBLES: &[Word] = &[
    Word::disk_full,
    Word::cache_none,
    Word::deliveries_stuck,
    Word::jobs_stuck,
    Word::clock_off,
    Word::clock_back,
    Word::database_damaged,
    Word::certificate_none,
    Word::certificate_ends,
    Word::backup_late,
    Word::backup_never,
];

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ok,
    /// It works, and could be better.
    Warn,
    /// Something does not work, or soon will not.
    Bad,
}

/// What one check found. It is put into words where it is read: the server and who looks may have
/// different languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub level: Level,
    pub what: Word,
    pub values: Vec<String>,
}

impl Finding {
    pub fn ok(what: Word, values: &[&dyn ToString]) -> Self {
        Self::new(Level::Ok, what, values)
    }

    pub fn warn(what: Word, values: &[&dyn ToString]) -> Self {
        Self::new(Level::Warn, what, values)
    }

    pub fn bad(what: Word, values: &[&dyn ToString]) -> Self {
        Self::new(Level::Bad, what, values)
    }

    fn new(level: Level, what: Word, values: &[&dyn ToString]) -> Self {
        Self { level, what, values: values.iter().map(|value| value.to_string()).collect() }
    }

    /// What is, in a sentence.
    pub fn text(&self, lang: Lang) -> String {
        words::say(lang, self.what, &self.values)
    }

    /// What to do about it.
    pub fn advice(&self, lang: Lang) -> Option<String> {
        words::advice(lang, self.what, &self.values)
    }
}
