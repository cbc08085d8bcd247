//! ZIP archives (APPNOTE 6.3): the table at the end is read first, and the counts and sizes in it
//! are checked before anything is unpacked. Stored and deflated files without a password; archives
//! may be larger than 4 GiB (ZIP64), the files in them may not when they are written here.

mod write;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use flate2::Crc;
use flate2::read::DeflateDecoder;

pub use write::{Part, Writer};

use crate::error::{Error, Result};

/// The end of the table, with the longest comment behind it and what ZIP64 puts before it.
const END: u64 = 20 + 22 + 65_535;
/// What stands for a number that is told elsewhere.
const LARGE: u64 = u32::MAX as u64;

/// What an archive may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub files: usize,
    /// Bytes of the table.
    pub table: u64,
    /// Bytes of all files, unpacked.
    pub bytes: u64,
}

/// One file.
#[derive(Debug)]
pub(super) struct Entry {
    pub name: String,
    pub size: u64,
    is_locked: bool,
    method: u16,
    crc: u32,
    packed: u64,
    at: u64,
}

/// An archive whose table was read.
#[derive(Debug)]
pub(super) struct Archive {
    file: Arc<File>,
    entries: Vec<Entry>,
}

/// A part of a file, read from its own place whoever else reads the file.
pub(super) struct Span {
    pub file: Arc<File>,
    pub at: u64,
    pub left: u64,
}

impl Read for Span {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let count = self.file.read_at(&mut into[..most], self.at)?;
        self.at = self.at.saturating_add(count as u64);
        self.left -= count as u64;
        Ok(count)
    }
}

/// Reads so many bytes from there on, or as many as there are.
fn read_part(file: &Arc<File>, at: u64, length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut span = Span { file: Arc::clone(file), at, left: length };
    span.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn refuse<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Error::invalid(sentence.into()))
}

fn damaged<T>() -> Result<T> {
    refuse("the archive is damaged")
}

fn unreadable(e: io::Error) -> Error {
    Error::invalid(format!("the archive cannot be read: {e}"))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)))
}

fn longest(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Where the table lies.
struct Table {
    at: u64,
    length: u64,
    count: u64,
}

/// From the end of the file; `Err`: where the end of ZIP64's kind lies.
fn find_table(tail: &[u8]) -> Option<std::result::Result<Table, u64>> {
    let at = tail.windows(4).rposition(|part| part == b"PK\x05\x06")?;
    let end = tail.get(at..)?;
    let table =
        Table { at: long(end, 16)?, length: long(end, 12)?, count: u64::from(short(end, 10)?) };
    let is_large = table.at == LARGE || table.length == LARGE || table.count == 0xffff;
    let before = at.checked_sub(20).and_then(|from| tail.get(from..at));
    let locator = before.filter(|part| part.starts_with(b"PK\x06\x07") && is_large);
    Some(match locator.and_then(|part| longest(part, 8)) {
        Some(place) => Err(place),
        None => Ok(table),
    })
}

/// The end of ZIP64's kind.
fn read_large_end(end: &[u8]) -> Option<Table> {
    end.starts_with(b"PK\x06\x06").then_some(())?;
    Some(Table { at: longest(end, 48)?, length: longest(end, 40)?, count: longest(end, 32)? })
}

/// One entry of the table, and how long it is.
fn read_entry(table: &[u8]) -> Option<(Option<Entry>, usize)> {
    if table.get(..4)? != b"PK\x01\x02" {
        return None;
    }
    let (name, extra, comment) = (short(table, 28)?, short(table, 30)?, short(table, 32)?);
    let end = 46 + usize::from(name);
    let length = end + usize::from(extra) + usize::from(comment);
    table.get(..length)?;
    let mut entry = Entry {
        name: String::from_utf8_lossy(table.get(46..end)?).replace('\\', "/"),
        is_locked: short(table, 8)? & 1 == 1,
        method: short(table, 10)?,
        crc: u32::try_from(long(table, 16)?).ok()?,
        packed: long(table, 20)?,
        size: long(table, 24)?,
        at: long(table, 42)?,
    };
    read_large(&mut entry, table.get(end..end + usize::from(extra))?)?;
    Some((Some(entry).filter(|entry| !entry.name.ends_with('/')), length))
}

/// The numbers of ZIP64, in this order, each where the usual place has no room for it.
fn read_large(entry: &mut Entry, mut extra: &[u8]) -> Option<()> {
    while extra.len() >= 4 {
        let (kind, length) = (short(extra, 0)?, usize::from(short(extra, 2)?));
        let part = extra.get(4..4 + length)?;
        if kind == 1 {
            let mut at = 0;
            for number in [&mut entry.size, &mut entry.packed, &mut entry.at] {
                if *number == LARGE {
                    *number = longest(part, at)?;
                    at += 8;
                }
            }
        }
        extra = extra.get(4 + length..)?;
    }
    Some(())
}

impl Archive {
    pub(super) fn open(path: &Path, limits: Limits) -> Result<Self> {
        let file = Arc::new(File::open(path).map_err(unreadable)?);
        let length = file.metadata().map_err(unreadable)?.len();
        let tail = read_part(&file, length.saturating_sub(END), END)?;
        let about = match find_table(&tail) {
            Some(Ok(table)) => Some(table),
            Some(Err(place)) => read_large_end(&read_part(&file, place, 56)?),
            None => None,
        };
        let Some(about) = about else { return damaged() };
        if about.count > limits.files as u64 || about.length > limits.table {
            return refuse(format!("the archive has more than {} files", limits.files));
        }
        let table = read_part(&file, about.at, about.length)?;
        let (mut rest, mut entries, mut all) = (&table[..], Vec::new(), 0_u64);
        for _ in 0..about.count {
            let Some((entry, length)) = read_entry(rest) else { return damaged() };
            rest = rest.get(length..).unwrap_or_default();
            if let Some(entry) = entry {
                all = all.saturating_add(entry.size);
                entries.push(entry);
            }
        }
        if all > limits.bytes {
            let most = limits.bytes >> 20;
            return refuse(format!("the archive unpacks to more than {most} MiB"));
        }
        Ok(Self { file, entries })
    }

    /// The files, in the order of the table.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Unpacks the file at this place of the table while it is read: reading fails where it is not
    /// what the table says. `None`: there is none.
    pub(super) fn reader(&self, at: usize) -> Result<Option<Box<dyn Read>>> {
        let Some(entry) = self.entries.get(at) else { return Ok(None) };
        if entry.is_locked {
            return refuse("it has a password");
        }
        let head = read_part(&self.file, entry.at, 30)?;
        let behind = short(&head, 26).zip(short(&head, 28));
        let begin = behind.and_then(|(name, extra)| {
            entry.at.checked_add(30 + u64::from(name) + u64::from(extra))
        });
        let Some(at) = begin.filter(|_| head.starts_with(b"PK\x03\x04")) else {
            return damaged();
        };
        let packed = Span { file: Arc::clone(&self.file), at, left: entry.packed };
        let source: Box<dyn Read> = match entry.method {
            0 => Box::new(packed),
            8 => Box::new(DeflateDecoder::new(BufReader::new(packed))),
            _ => return refuse("it is packed in a way that is not known here"),
        };
        let (left, wanted) = (entry.size, entry.crc);
        Ok(Some(Box::new(Checked { source, crc: Crc::new(), left, wanted })))
    }
}

/// A file that is unpacked: as long as the table says, and with its checksum.
struct Checked {
    source: Box<dyn Read>,
    crc: Crc,
    left: u64,
    wanted: u32,
}

impl Read for Checked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is damaged");
        if into.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).clamp(1, into.len());
        let count = self.source.read(&mut into[..most]).map_err(|_| damaged())?;
        self.crc.update(&into[..count]);
        match self.left.checked_sub(count as u64) {
            Some(left) if count > 0 => self.left = left,
            Some(0) if self.crc.sum() == self.wanted => {}
            _ => return Err(damaged()),
        }
        Ok(count)
    }
}
