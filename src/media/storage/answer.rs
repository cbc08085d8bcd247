//! What a bucket answers, as it arrives: how much there is before any of it goes on, and never
//! more than was said.

use std::io::{self, Write};

use tokio::sync::oneshot;

use super::pipe::Inlet;
use super::s3::{Found, Result};
use crate::client::{Head, Part, Sink};

/// The code of an error, which is XML; nothing that could not be one.
pub(super) fn code(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..4096).unwrap_or(body));
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    let proper = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    proper.then(|| code.to_owned())
}

/// What the store has of it, by status and headers.
fn bytes(head: &Head<'_>) -> Option<Found> {
    let Part { from, length, size } = head.part()?;
    Some(Found::Bytes { from, length, size, part: head.answer.status == 206 })
}

/// An object on its way to somebody.
pub(super) struct Reading {
    pub(super) told: Option<oneshot::Sender<Result<Found>>>,
    to: Inlet,
    /// What a refusal says.
    pub(super) problem: Vec<u8>,
    left: u64,
}

impl Reading {
    pub(super) fn new(told: oneshot::Sender<Result<Found>>, to: Inlet) -> Self {
        Self { told: Some(told), to, problem: Vec::new(), left: 0 }
    }
}

impl Sink for Reading {
    fn begin(&mut self, head: &Head<'_>) -> io::Result<()> {
        if !matches!(head.answer.status, 200 | 206) {
            return Ok(());
        }
        let Some(found) = bytes(head) else {
            return Err(io::Error::other("the store does not tell what it sends"));
        };
        if let Found::Bytes { length, .. } = found {
            self.left = length;
        }
        match self.told.take().map(|told| told.send(Ok(found))) {
            Some(Ok(())) => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for Reading {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.told.is_some() {
            // cut by the client at 4 KiB
            self.problem.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        // more than it said is nobody's
        let fits = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        if fits < bytes.len() {
            return Err(io::Error::other("the store sends more than it said"));
        }
        self.left -= fits as u64;
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// An object on its way to the disk.
pub(super) struct Copying<'a> {
    to: &'a mut dyn Write,
    pub(super) length: Option<u64>,
    pub(super) bytes: u64,
    pub(super) problem: Vec<u8>,
}

impl<'a> Copying<'a> {
    pub(super) fn new(to: &'a mut dyn Write) -> Self {
        Self { to, length: None, bytes: 0, problem: Vec::new() }
    }
}

impl Sink for Copying<'_> {
    fn begin(&mut self, head: &Head<'_>) -> io::Result<()> {
        if head.answer.status == 200 {
            self.length = head.length;
        }
        Ok(())
    }
}

impl Write for Copying<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(length) = self.length else {
            self.problem.extend_from_slice(bytes.get(..4096).unwrap_or(bytes));
            if self.problem.len() > 8192 {
                return Err(io::Error::other("the store does not tell what it sends"));
            }
            return Ok(bytes.len());
        };
        self.bytes += bytes.len() as u64;
        if self.bytes > length {
            return Err(io::Error::other("the store sends more than it said"));
        }
        self.to.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_is_taken_for_a_code() {
        let of = |text: &str| code(text.as_bytes());
        assert_eq!(of("<Error><Code>NoSuchKey</Code></Error>").as_deref(), Some("NoSuchKey"));
        for text in ["", "<Code>", "<Code>a b</Code>", "<Code>\u{1b}[2J</Code>", "</Code><Code>"] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of(&format!("<Code>{}</Code>", "a".repeat(65))), None);
    }
}
