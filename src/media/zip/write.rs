//! Writing ZIP archives: stored or deflated, of any size, of files below 4 GiB.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::Path;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::{LARGE, damaged, unreadable};
use crate::error::{Error, Result};
use crate::media::account_archive::nameless;

/// Writes an archive: small files at once, large ones by way of a [`Part`].
pub struct Writer<W: Write> {
    out: W,
    at: u64,
    table: Vec<u8>,
    count: u64,
}

/// What the heads of a file say, once in front of it and once in the table.
struct About<'a> {
    name: &'a str,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
}

fn too_large() -> Error {
    Error::invalid("the archive is too large")
}

fn unwritable(e: io::Error) -> Error {
    Error::invalid(format!("the archive cannot be written: {e}"))
}

impl<W: Write> Writer<W> {
    /// An empty archive.
    pub fn new(out: W) -> Self {
        Self::behind(out, 0)
    }

    /// The same, behind so many bytes of something else.
    pub(in crate::media) fn behind(out: W, at: u64) -> Self {
        Self { out, at, table: Vec::new(), count: 0 }
    }

    /// Adds a file that needs no packing, as pictures do not.
    ///
    /// # Errors
    /// When it cannot be written, or has 4 GiB.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut crc = Crc::new();
        crc.update(bytes);
        let size = bytes.len() as u64;
        self.head(&About { name, method: 0, crc: crc.sum(), packed: size, size })?;
        self.put(bytes)
    }

    /// Adds a file that was written before.
    ///
    /// # Errors
    /// When it cannot be read or written, or has 4 GiB.
    pub fn add_part(&mut self, name: &str, part: Part) -> Result<()> {
        let (mut file, about) = part.finish(name)?;
        file.rewind().map_err(unreadable)?;
        self.head(&about)?;
        let count = io::copy(&mut file, &mut self.out).map_err(unwritable)?;
        self.at += count;
        if count == about.packed { Ok(()) } else { damaged() }
    }

    fn head(&mut self, about: &About<'_>) -> Result<()> {
        let number = |n: u64| u32::try_from(n).map(u32::to_le_bytes).map_err(|_| too_large());
        let length = u16::try_from(about.name.len()).map_err(|_| too_large())?;
        // version 4.5, names in UTF-8
        let mut same = vec![45, 0, 0, 8];
        same.extend_from_slice(&about.method.to_le_bytes());
        // the first day that this format knows
        same.extend_from_slice(&[0, 0, 0x21, 0]);
        same.extend_from_slice(&about.crc.to_le_bytes());
        same.extend_from_slice(&number(about.packed)?);
        same.extend_from_slice(&number(about.size)?);
        same.extend_from_slice(&length.to_le_bytes());
        let begun = self.at;
        self.put(&[b"PK\x03\x04", &same[..], &[0, 0], about.name.as_bytes()].concat())?;
        // ZIP64 where the place has no room
        let far = begun >= LARGE;
        self.table.extend_from_slice(b"PK\x01\x02\x2d\0");
        self.table.extend_from_slice(&same);
        self.table.extend_from_slice(if far { &[12, 0] } else { &[0, 0] });
        // no comment, one disk, a plain file with the usual rights
        self.table.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        self.table.extend_from_slice(&number(begun.min(LARGE))?);
        self.table.extend_from_slice(about.name.as_bytes());
        if far {
            self.table.extend_from_slice(&[1, 0, 8, 0]);
            self.table.extend_from_slice(&begun.to_le_bytes());
        }
        self.count += 1;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(unwritable)
    }

    /// Writes the table.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        let (at, length) = (self.at, self.table.len() as u64);
        let table = std::mem::take(&mut self.table);
        self.put(&table)?;
        if at >= LARGE || length >= LARGE || self.count >= 0xffff {
            let place = self.at;
            let mut end = b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0".to_vec();
            for number in [self.count, self.count, length, at] {
                end.extend_from_slice(&number.to_le_bytes());
            }
            end.extend_from_slice(b"PK\x06\x07\0\0\0\0");
            end.extend_from_slice(&place.to_le_bytes());
            end.extend_from_slice(&[1, 0, 0, 0]);
            self.put(&end)?;
        }
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        end.extend_from_slice(&count.to_le_bytes());
        end.extend_from_slice(&count.to_le_bytes());
        for number in [length, at] {
            end.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        end.extend_from_slice(&[0, 0]);
        self.put(&end)?;
        Ok(self.out)
    }
}

/// A file of an archive that is written piece by piece, before anybody knows how long it is: into
/// one without a name, which is gone with the value.
pub struct Part {
    file: PartFile,
    crc: Crc,
    size: u64,
}

enum PartFile {
    Stored(File),
    Packed(DeflateEncoder<File>),
}

impl Part {
    /// Begins one; `packed` is for texts.
    ///
    /// # Errors
    /// When neither the folder nor that of temporary files can be written.
    pub fn begin(folder: &Path, packed: bool) -> Result<Self> {
        let file = nameless(folder)?;
        let file = match packed {
            true => PartFile::Packed(DeflateEncoder::new(file, Compression::default())),
            false => PartFile::Stored(file),
        };
        Ok(Self { file, crc: Crc::new(), size: 0 })
    }

    fn finish(self, name: &str) -> Result<(File, About<'_>)> {
        let (method, mut file) = match self.file {
            PartFile::Stored(file) => (0, file),
            PartFile::Packed(encoder) => (8, encoder.finish().map_err(unwritable)?),
        };
        let packed = file.seek(SeekFrom::End(0)).map_err(unwritable)?;
        Ok((file, About { name, method, crc: self.crc.sum(), packed, size: self.size }))
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match &mut self.file {
            PartFile::Stored(file) => file.write(bytes),
            PartFile::Packed(encoder) => encoder.write(bytes),
        }?;
        self.crc.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
