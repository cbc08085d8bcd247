//! A file seen through a window of fixed size.

use std::io::{self, Read, Seek, SeekFrom};

/// The largest look ahead.
pub(super) const SIZE: usize = 128 * 1024;

/// Reads on from a place, with a look at what follows it.
pub(super) struct Window<'a, R> {
    input: &'a mut R,
    buffer: Box<[u8]>,
    /// What of the buffer is filled and not passed yet.
    from: usize,
    to: usize,
    /// The place in the file of what stands at `from`.
    at: u64,
    /// What stands here and behind is not looked at.
    end: u64,
}

impl<'a, R: Read + Seek> Window<'a, R> {
    /// The whole file, from its start.
    pub fn new(input: &'a mut R) -> io::Result<Self> {
        let end = input.seek(SeekFrom::End(0))?;
        input.rewind()?;
        let buffer = vec![0; SIZE].into_boxed_slice();
        Ok(Self { input, buffer, from: 0, to: 0, at: 0, end })
    }

    /// The place in the file.
    pub fn at(&self) -> u64 {
        self.at
    }

    pub fn end(&self) -> u64 {
        self.end
    }

    /// How much there is up to the end.
    pub fn left(&self) -> u64 {
        self.end.saturating_sub(self.at)
    }

    /// Lets the file end earlier.
    pub fn cut(&mut self, end: u64) {
        self.end = self.end.min(end.max(self.at));
    }

    /// The next `most` bytes ([`SIZE`] at the most), fewer only at the end.
    pub fn peek(&mut self, most: usize) -> io::Result<&[u8]> {
        let most = most.min(SIZE).min(usize::try_from(self.left()).unwrap_or(SIZE));
        if self.buffer.len() - self.from < most {
            self.buffer.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        while self.to - self.from < most {
            match self.input.read(&mut self.buffer[self.to..]) {
                // shorter than it was
                Ok(0) => {
                    self.end = self.at + (self.to - self.from) as u64;
                    break;
                }
                Ok(count) => self.to += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(&self.buffer[self.from..(self.from + most).min(self.to)])
    }

    /// Passes `count` bytes, not beyond the end.
    pub fn skip(&mut self, count: u64) -> io::Result<()> {
        let count = count.min(self.left());
        match usize::try_from(count) {
            Ok(near) if near <= self.to - self.from => {
                self.from += near;
                self.at += count;
                Ok(())
            }
            _ => self.go(self.at + count),
        }
    }

    /// Stands at another place.
    pub fn go(&mut self, place: u64) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(place))?;
        (self.from, self.to, self.at) = (0, 0, place);
        Ok(())
    }
}

impl<R: Read + Seek> Read for Window<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let part = self.peek(out.len())?;
        let count = part.len();
        out[..count].copy_from_slice(part);
        self.skip(count as u64)?;
        Ok(count)
    }
}
