//! Writing to the terminal: answers to standard output, complaints to standard error.

use std::fmt;
use std::io::{self, ErrorKind, Write};

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
