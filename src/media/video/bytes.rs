//! Numbers out of bytes that somebody sent, and pieces of a file copied to another.

use std::io::{BufReader, Read, Seek, SeekFrom, Write};

use super::{Result, damaged};

/// How much is held of a file at once.
pub const PIECE: usize = 128 * 1024;

/// Reads big-endian numbers from a start on; whatever is beyond the end is a damaged file.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some((head, rest)) = self.0.split_at_checked(count) else { return damaged() };
        self.0 = rest;
        Ok(head)
    }

    /// The next bytes, as many as `N`.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((head, rest)) = self.0.split_first_chunk::<N>() else { return damaged() };
        self.0 = rest;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }
}

/// A file that is read at places that mostly follow each other.
pub struct Source<'a, R: Read + Seek> {
    reader: BufReader<&'a mut R>,
    at: u64,
    length: u64,
}

impl<'a, R: Read + Seek> Source<'a, R> {
    /// The file from its start on.
    pub fn new(file: &'a mut R) -> Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { reader: BufReader::with_capacity(PIECE, file), at: 0, length })
    }

    /// Bytes of the whole file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The place of the next byte.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Goes to a place.
    pub fn seek(&mut self, to: u64) -> Result<()> {
        let far = i128::from(to) - i128::from(self.at);
        match i64::try_from(far) {
            Ok(far) => self.reader.seek_relative(far)?,
            Err(_) => return damaged(),
        }
        self.at = to;
        Ok(())
    }

    /// Fills a buffer.
    pub fn read(&mut self, into: &mut [u8]) -> Result<()> {
        self.reader.read_exact(into)?;
        self.at += into.len() as u64;
        Ok(())
    }

    /// The next bytes, `most` at the most: more of them are a damaged file.
    pub fn load(&mut self, count: u64, most: usize) -> Result<Vec<u8>> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let left = self.length.saturating_sub(self.at);
        if count > most || count as u64 > left {
            return damaged();
        }
        let mut data = vec![0; count];
        self.read(&mut data)?;
        Ok(data)
    }

    /// Copies the next bytes as they are.
    pub fn copy(&mut self, count: u64, output: &mut impl Write) -> Result<()> {
        let copied = std::io::copy(&mut (&mut self.reader).take(count), output)?;
        self.at += copied;
        if copied < count {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        Ok(())
    }
}
