//! The elements of EBML (RFC 8794): an id, a length, a body of a number, of bytes or of more
//! elements.

use std::io::{Read, Seek};

use crate::media::video::bytes::{Bytes, Source};
use crate::media::video::{Result, damaged};

/// Ids of Matroska (RFC 9559 section 5.1) that are looked at.
pub mod id {
    pub const EBML: u32 = 0x1a45_dfa3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const INFO: u32 = 0x1549_a966;
    pub const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
    pub const DURATION: u32 = 0x4489;
    pub const MUXING_APP: u32 = 0x4d80;
    pub const WRITING_APP: u32 = 0x5741;
    pub const TRACKS: u32 = 0x1654_ae6b;
    pub const TRACK_ENTRY: u32 = 0xae;
    pub const TRACK_NUMBER: u32 = 0xd7;
    pub const TRACK_UID: u32 = 0x73c5;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const CODEC_ID: u32 = 0x86;
    pub const CODEC_PRIVATE: u32 = 0x63a2;
    pub const CODEC_DELAY: u32 = 0x56aa;
    pub const SEEK_PRE_ROLL: u32 = 0x56bb;
    pub const DEFAULT_DURATION: u32 = 0x23_e383;
    pub const CONTENT_ENCODINGS: u32 = 0x6d80;
    pub const CONTENT_ENCODING: u32 = 0x6240;
    pub const CONTENT_ENCRYPTION: u32 = 0x5035;
    pub const VIDEO: u32 = 0xe0;
    pub const PIXEL_WIDTH: u32 = 0xb0;
    pub const PIXEL_HEIGHT: u32 = 0xba;
    pub const DISPLAY_WIDTH: u32 = 0x54b0;
    pub const DISPLAY_HEIGHT: u32 = 0x54ba;
    pub const DISPLAY_UNIT: u32 = 0x54b2;
    pub const COLOUR: u32 = 0x55b0;
    pub const MASTERING: u32 = 0x55d0;
    pub const PROJECTION: u32 = 0x7670;
    pub const POSE_ROLL: u32 = 0x7675;
    pub const AUDIO: u32 = 0xe1;
    pub const SAMPLING: u32 = 0xb5;
    pub const CHANNELS: u32 = 0x9f;
    pub const CLUSTER: u32 = 0x1f43_b675;
    pub const TIMESTAMP: u32 = 0xe7;
    pub const SIMPLE_BLOCK: u32 = 0xa3;
    pub const BLOCK_GROUP: u32 = 0xa0;
    pub const BLOCK: u32 = 0xa1;
    pub const REFERENCE: u32 = 0xfb;
    pub const CUES: u32 = 0x1c53_bb6b;
    pub const CUE_POINT: u32 = 0xbb;
    pub const CUE_TIME: u32 = 0xb3;
    pub const CUE_POSITIONS: u32 = 0xb7;
    pub const CUE_TRACK: u32 = 0xf7;
    pub const CUE_CLUSTER: u32 = 0xf1;
}

/// How many bytes a number of variable length has, by its first one: as many as it has zero bits
/// in front, and one.
fn width(first: u8, most: u32) -> Result<usize> {
    let width = first.leading_zeros() + 1;
    if width > most { damaged() } else { Ok(width as usize) }
}

/// The value of a length, without its mark; `None`: not known, which all ones say.
fn length(bytes: &[u8]) -> Option<u64> {
    let bits = u32::try_from(bytes.len() * 7).unwrap_or(0);
    let all = bytes.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let value = all & ((1 << bits) - 1);
    (value != (1 << bits) - 1).then_some(value)
}

/// An element's id and length, read from a file.
pub fn read_head<R: Read + Seek>(source: &mut Source<'_, R>) -> Result<(u32, Option<u64>)> {
    let mut bytes = [0; 8];
    source.read(&mut bytes[..1])?;
    let count = width(bytes[0], 4)?;
    source.read(&mut bytes[1..count])?;
    let id = bytes[..count].iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    source.read(&mut bytes[..1])?;
    let count = width(bytes[0], 8)?;
    source.read(&mut bytes[1..count])?;
    Ok((id, length(&bytes[..count])))
}

/// The elements inside of a body; each lies in what its parent has left.
pub struct Elements<'a>(pub &'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Result<(u32, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let taken = self.one();
        if taken.is_err() {
            self.0 = &[];
        }
        Some(taken)
    }
}

impl<'a> Elements<'a> {
    fn one(&mut self) -> Result<(u32, &'a [u8])> {
        let mut bytes = Bytes(self.0);
        let first = bytes.0.first().copied().unwrap_or(0);
        let id = bytes.take(width(first, 4)?)?;
        let id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
        let first = bytes.0.first().copied().unwrap_or(0);
        let Some(size) = length(bytes.take(width(first, 8)?)?) else { return damaged() };
        let body = bytes.take(usize::try_from(size).unwrap_or(usize::MAX))?;
        self.0 = bytes.0;
        Ok((id, body))
    }
}

/// The first element with this id.
pub fn find(body: &[u8], id: u32) -> Result<Option<&[u8]>> {
    for each in Elements(body) {
        let (found, inner) = each?;
        if found == id {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

/// A number of up to eight bytes.
pub fn number(body: &[u8]) -> Result<u64> {
    if body.len() > 8 {
        return damaged();
    }
    Ok(body.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

/// A number with a fraction, of four or eight bytes.
pub fn float(body: &[u8]) -> Result<f64> {
    match body.len() {
        0 => Ok(0.0),
        4 => Ok(f64::from(f32::from_bits(u32::try_from(number(body)?).unwrap_or(0)))),
        8 => Ok(f64::from_bits(number(body)?)),
        _ => damaged(),
    }
}

/// Writes an id.
pub fn put_id(out: &mut Vec<u8>, id: u32) {
    let skip = (id.leading_zeros() / 8) as usize;
    out.extend_from_slice(&id.to_be_bytes()[skip..]);
}

/// Writes a length, in as few bytes as it takes.
pub fn put_length(out: &mut Vec<u8>, length: u64) {
    let count = (1..8).find(|count| length < (1_u64 << (7 * count)) - 1).unwrap_or(8);
    let marked = length | 1 << (7 * count);
    out.extend_from_slice(&marked.to_be_bytes()[8 - count..]);
}

/// Writes an element.
pub fn put(out: &mut Vec<u8>, id: u32, body: &[u8]) {
    put_id(out, id);
    put_length(out, body.len() as u64);
    out.extend_from_slice(body);
}

/// Writes an element that is a number.
pub fn put_number(out: &mut Vec<u8>, id: u32, n: u64) {
    let skip = ((n | 1).leading_zeros() / 8) as usize;
    put(out, id, &n.to_be_bytes()[skip..]);
}
