//! ZIP archives (APPNOTE 6.3): the table at the end is read first, and the counts and sizes in it
//! are checked before anything is unpacked. Only what emojis need: stored and deflated files below
//! 4 GiB, without a password.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::{MOST_BYTES, MOST_FILES, refuse, too_large, too_many};
use crate::error::{Error, Result};

/// The end of the table, with the longest comment behind it.
const END: u64 = 22 + 65_535;
/// The longest table.
const LONGEST_TABLE: usize = 8 * 1024 * 1024;

/// One file.
#[derive(Debug)]
struct Entry {
    name: String,
    is_locked: bool,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    at: u64,
}

/// An archive whose table was read.
#[derive(Debug)]
pub(super) struct Archive {
    file: BufReader<File>,
    entries: Vec<Entry>,
}

fn damaged<T>() -> Result<T> {
    refuse("the archive is damaged")
}

fn unreadable(e: std::io::Error) -> Error {
    Error::invalid(format!("the archive cannot be read: {e}"))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Where the table lies: its place, its length and how many files it names.
fn find_table(tail: &[u8]) -> Option<(u32, u32, u16)> {
    let at = tail.windows(4).rposition(|part| part == b"PK\x05\x06")?;
    let end = &tail[at..];
    Some((long(end, 16)?, long(end, 12)?, short(end, 10)?))
}

/// One entry of the table, and how long it is.
fn read_entry(table: &[u8]) -> Option<(Option<Entry>, usize)> {
    if table.get(..4)? != b"PK\x01\x02" {
        return None;
    }
    let (name, extra, comment) = (short(table, 28)?, short(table, 30)?, short(table, 32)?);
    let end = 46 + usize::from(name);
    let length = end + usize::from(extra) + usize::from(comment);
    let name = table.get(46..end)?;
    table.get(..length)?;
    let entry = Entry {
        name: String::from_utf8_lossy(name).replace('\\', "/"),
        is_locked: short(table, 8)? & 1 == 1,
        method: short(table, 10)?,
        crc: long(table, 16)?,
        packed: u64::from(long(table, 20)?),
        size: u64::from(long(table, 24)?),
        at: u64::from(long(table, 42)?),
    };
    Some((Some(entry).filter(|entry| !entry.name.ends_with('/')), length))
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(length.saturating_sub(END))).map_err(unreadable)?;
        file.by_ref().take(END).read_to_end(&mut tail).map_err(unreadable)?;
        let Some((at, size, count)) = find_table(&tail) else { return damaged() };
        if at == u32::MAX || size == u32::MAX || count == u16::MAX {
            return refuse("the archive is of the kind for more than 4 GiB (ZIP64)");
        }
        if usize::from(count) > MOST_FILES || size as usize > LONGEST_TABLE {
            return too_many();
        }
        let mut table = Vec::new();
        file.seek(SeekFrom::Start(u64::from(at))).map_err(unreadable)?;
        file.by_ref().take(u64::from(size)).read_to_end(&mut table).map_err(unreadable)?;
        let (mut rest, mut entries, mut all) = (&table[..], Vec::new(), 0_u64);
        for _ in 0..count {
            let Some((entry, length)) = read_entry(rest) else { return damaged() };
            rest = &rest[length..];
            if let Some(entry) = entry {
                all += entry.size;
                entries.push(entry);
            }
        }
        if all > MOST_BYTES {
            return refuse(format!("the archive unpacks to more than {} MiB", MOST_BYTES >> 20));
        }
        Ok(Self { file, entries })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    pub(super) fn visit(
        &mut self,
        wants: &dyn Fn(&str) -> bool,
        largest: u64,
        each: &mut dyn FnMut(&str, Result<Vec<u8>>) -> Result<()>,
    ) -> Result<()> {
        for entry in self.entries.iter().filter(|entry| wants(&entry.name)) {
            each(&entry.name, read(&mut self.file, entry, largest))?;
        }
        Ok(())
    }
}

/// Unpacks a file, which must be what the table says.
fn read(file: &mut BufReader<File>, entry: &Entry, largest: u64) -> Result<Vec<u8>> {
    if entry.is_locked {
        return refuse("it has a password");
    }
    if entry.size > largest || entry.packed > largest {
        return too_large(largest);
    }
    let mut head = [0; 30];
    file.seek(SeekFrom::Start(entry.at)).map_err(unreadable)?;
    if file.read_exact(&mut head).is_err() || head[..4] != *b"PK\x03\x04" {
        return damaged();
    }
    let behind = short(&head, 26).zip(short(&head, 28));
    let Some((name, extra)) = behind else { return damaged() };
    file.seek_relative(i64::from(name) + i64::from(extra)).map_err(unreadable)?;
    let packed = file.by_ref().take(entry.packed);
    let mut bytes = Vec::new();
    let done = match entry.method {
        0 => packed.take(largest + 1).read_to_end(&mut bytes),
        8 => DeflateDecoder::new(packed).take(largest + 1).read_to_end(&mut bytes),
        _ => return refuse("it is packed in a way that is not known here"),
    };
    let mut crc = Crc::new();
    crc.update(&bytes);
    if done.is_err() || bytes.len() as u64 != entry.size || crc.sum() != entry.crc {
        return refuse("it is damaged");
    }
    Ok(bytes)
}

/// Writes an archive of files that are packed already, as pictures are.
pub struct Writer<W: Write> {
    out: W,
    at: u32,
    table: Vec<u8>,
    count: u16,
}

impl<W: Write> Writer<W> {
    /// An empty archive.
    pub fn new(out: W) -> Self {
        Self { out, at: 0, table: Vec::new(), count: 0 }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When it cannot be written, or the archive would have 4 GiB.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let too_much = |_| Error::invalid("the archive is too large");
        let size = u32::try_from(bytes.len()).map_err(too_much)?;
        let length = u16::try_from(name.len()).map_err(too_much)?;
        let mut crc = Crc::new();
        crc.update(bytes);
        // version 2.0, names in UTF-8, stored, the first day that this format knows
        let mut about = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
        about.extend_from_slice(&crc.sum().to_le_bytes());
        about.extend_from_slice(&size.to_le_bytes());
        about.extend_from_slice(&size.to_le_bytes());
        about.extend_from_slice(&length.to_le_bytes());
        about.extend_from_slice(&[0, 0]);
        let head = [b"PK\x03\x04", &about[..], name.as_bytes()].concat();
        self.put(&head)?;
        self.put(bytes)?;
        let begun = self.at;
        let step = u32::try_from(head.len() + bytes.len()).map_err(too_much)?;
        self.at =
            self.at.checked_add(step).ok_or_else(|| Error::invalid("the archive is too large"))?;
        self.table.extend_from_slice(b"PK\x01\x02\x14\0");
        self.table.extend_from_slice(&about);
        // no comment, one disk, a plain file with the usual rights
        self.table.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        self.table.extend_from_slice(&begun.to_le_bytes());
        self.table.extend_from_slice(name.as_bytes());
        self.count = self.count.checked_add(1).ok_or_else(|| Error::invalid("too many files"))?;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let failed = |e| Error::invalid(format!("the archive cannot be written: {e}"));
        self.out.write_all(bytes).map_err(failed)
    }

    /// Writes the table.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend_from_slice(&self.count.to_le_bytes());
        end.extend_from_slice(&self.count.to_le_bytes());
        end.extend_from_slice(&u32::try_from(self.table.len()).unwrap_or(0).to_le_bytes());
        end.extend_from_slice(&self.at.to_le_bytes());
        end.extend_from_slice(&[0, 0]);
        let table = std::mem::take(&mut self.table);
        self.put(&table)?;
        self.put(&end)?;
        Ok(self.out)
    }
}
