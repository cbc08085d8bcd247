//! Writing to the terminal: answers to standard output, complaints to standard error.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal as _, Write};

use crate::control::Reply;
use crate::error::{Error, Result};

/// Writes an answer. A reader that has seen enough, such as `head`, is no failure.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::internal(format!("cannot write to standard output: {e}.")))
        }
        _ => Ok(()),
    }
}

/// Writes what went wrong, each line marked as ours. The operator reads it, so the cause of an
/// internal error is told.
pub(super) fn complain(what: impl fmt::Display) {
    let text = what.to_string();
    // What clients of the API expect in front helps nobody here.
    let text = text.strip_prefix("Validation failed: ").unwrap_or(&text);
    let mut err = io::stderr().lock();
    for line in text.lines() {
        // There is nowhere left to say that this failed.
        let _ = writeln!(err, "dassie: {}", printable(line));
    }
}

/// Text of strangers with nothing in it that could act on a terminal.
pub(super) fn printable(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '\u{FFFD}' } else { c }).collect()
}

/// The answer to another question: the running server is of another version.
pub(super) fn unexpected(_: &Reply) -> Result<()> {
    Err(Error::internal(
        "the running server gave an answer that does not belong to this command. Restart it \
         after an upgrade.",
    ))
}

/// How far a long work is: one line on standard error that is written anew, if people look at it.
pub(super) struct Progress {
    shown: bool,
    is_terminal: bool,
    /// What was shown of bytes.
    last: Option<u32>,
}

/// Characters of a bar.
const BAR: u32 = 30;

impl Progress {
    pub(super) fn new() -> Self {
        Self { shown: false, is_terminal: io::stderr().is_terminal(), last: None }
    }

    /// Shows a line in place of the last one.
    pub(super) fn show(&mut self, line: &str) {
        if self.is_terminal {
            self.shown = true;
            let mut err = io::stderr().lock();
            let _ = write!(err, "\r\x1b[K{}", printable(line)).and_then(|()| err.flush());
        }
    }

    /// Shows a bar: so many parts of all are done; `more` stands behind it.
    pub(super) fn part(&mut self, done: u32, all: u32, more: &str) {
        let all = all.max(1);
        let full = (u64::from(done) * u64::from(BAR) / u64::from(all)) as usize;
        let percent = u64::from(done) * 100 / u64::from(all);
        let rest = (BAR as usize).saturating_sub(full);
        self.show(&format!("[{}{}] {percent} %{more}", "#".repeat(full), " ".repeat(rest)));
    }

    /// The same for bytes.
    pub(super) fn bytes(&mut self, done: u64, all: u64, more: &str) {
        let parts = u32::try_from(done.saturating_mul(100) / all.max(1)).unwrap_or(100);
        if self.is_terminal && self.last != Some(parts) {
            self.last = Some(parts);
            self.part(parts.min(100), 100, more);
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.shown {
            self.show("");
            self.shown = false;
        }
    }
}
