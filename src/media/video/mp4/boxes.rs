//! The boxes of ISO/IEC 14496-12 section 4.2 (atoms, in QuickTime): a length, four letters, a body
//! of bytes or of more boxes.

use std::io::{Read, Seek};
use std::ops::Range;

use crate::media::video::bytes::{Bytes, Source};
use crate::media::video::{Result, damaged};

/// Most boxes that lie beside each other in the file itself.
const MOST: usize = 200_000;

/// The four letters of a box.
pub type Kind = [u8; 4];

/// The boxes inside of a body, in order. Each lies in what its parent has left, so that none
/// overlaps another, and they become smaller the deeper they lie.
pub struct Boxes<'a>(pub &'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<(Kind, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        // QuickTime ends some lists with four zero bytes
        if self.0.len() < 8 {
            return None;
        }
        let taken = self.one();
        if taken.is_err() {
            self.0 = &[];
        }
        Some(taken)
    }
}

impl<'a> Boxes<'a> {
    fn one(&mut self) -> Result<(Kind, &'a [u8])> {
        let whole = self.0;
        let mut bytes = Bytes(whole);
        let short = bytes.u32()?;
        let kind = bytes.array()?;
        let size = match short {
            0 => whole.len() as u64,
            1 => bytes.u64()?,
            size => u64::from(size),
        };
        let head = whole.len() - bytes.0.len();
        let end = usize::try_from(size).ok().filter(|end| *end >= head && *end <= whole.len());
        let Some(end) = end else { return damaged() };
        self.0 = &whole[end..];
        Ok((kind, &whole[head..end]))
    }
}

/// The first box of a kind.
pub fn find<'a>(body: &'a [u8], kind: &Kind) -> Result<Option<&'a [u8]>> {
    for each in Boxes(body) {
        let (found, inner) = each?;
        if found == *kind {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

/// The first box of a kind, which has to be there.
pub fn need<'a>(body: &'a [u8], kind: &Kind) -> Result<&'a [u8]> {
    find(body, kind)?.map_or_else(damaged, Ok)
}

/// Calls `each` with the kind and the place of the body of every box of a file.
pub fn walk<R: Read + Seek>(
    source: &mut Source<'_, R>,
    mut each: impl FnMut(&mut Source<'_, R>, Kind, u64, Range<u64>) -> Result<()>,
) -> Result<()> {
    let length = source.length();
    let mut at = 0;
    for _ in 0..MOST {
        if length - at < 8 {
            return Ok(());
        }
        source.seek(at)?;
        let mut head = [0; 8];
        source.read(&mut head)?;
        let mut bytes = Bytes(&head);
        let (short, kind) = (bytes.u32()?, bytes.array()?);
        let size = match short {
            0 => length - at,
            1 => {
                let mut long = [0; 8];
                source.read(&mut long)?;
                u64::from_be_bytes(long)
            }
            size => u64::from(size),
        };
        let body = source.at();
        // samples that lie beyond the end are refused when they are looked for
        let end = at.saturating_add(size).min(length);
        if end < body {
            return damaged();
        }
        each(source, kind, at, body..end)?;
        at = end;
    }
    damaged()
}

/// Writes a box: its length is known once its body is written.
pub fn put(out: &mut Vec<u8>, kind: &Kind, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(kind);
    body(out);
    let size = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

/// Writes a box that begins with a version and flags.
pub fn put_full(
    out: &mut Vec<u8>,
    kind: &Kind,
    version: u8,
    flags: u32,
    body: impl FnOnce(&mut Vec<u8>),
) {
    put(out, kind, |out| {
        put_u32(out, u32::from(version) << 24 | flags);
        body(out);
    });
}

pub fn put_u16(out: &mut Vec<u8>, n: u16) {
    out.extend_from_slice(&n.to_be_bytes());
}

pub fn put_u32(out: &mut Vec<u8>, n: u32) {
    out.extend_from_slice(&n.to_be_bytes());
}

pub fn put_u64(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(&n.to_be_bytes());
}
