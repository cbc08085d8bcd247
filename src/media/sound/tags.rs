//! Tags that programs put in front of a sound and behind it, whatever its format: ID3, APE and
//! Lyrics3. Their lengths are known, so they are passed and never read.

use std::io::{self, Read, Seek};

use super::window::Window;

/// The longest text of Lyrics3 of the first version.
const LYRICS: usize = 5_100 + 20;
/// So many tags behind each other are looked for at the end.
const MOST: u32 = 32;

/// A length of four times seven bits.
pub(super) fn synchsafe(bytes: [u8; 4]) -> Option<u32> {
    bytes.iter().all(|b| *b < 0x80).then(|| bytes.iter().fold(0, |n, b| n << 7 | u32::from(*b)))
}

/// How long the ID3v2 tag is that begins here, with its head and foot (ID3v2.4, section 3.1).
pub(super) fn id3v2(head: &[u8]) -> Option<u64> {
    match *head {
        [b'I', b'D', b'3', major, minor, flags, a, b, c, d, ..] if major < 255 && minor < 255 => {
            let foot = if flags & 0x10 == 0 { 0 } else { 10 };
            Some(10 + u64::from(synchsafe([a, b, c, d])?) + foot)
        }
        _ => None,
    }
}

/// Passes the ID3v2 tags that stand here; whether there was one.
pub(super) fn skip_id3v2<R: Read + Seek>(window: &mut Window<'_, R>) -> io::Result<bool> {
    let mut found = false;
    while let Some(length) = id3v2(window.peek(10)?) {
        found = true;
        window.skip(length)?;
    }
    Ok(found)
}

/// How long the tag is that begins in the middle of a file, between two that were joined.
pub(super) fn inside(head: &[u8]) -> Option<u64> {
    match head {
        [b'I', b'D', b'3', ..] => id3v2(head),
        [b'T', b'A', b'G', ..] => Some(128),
        [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', ..] => {
            // with a head of 32 bytes; the size counts the foot
            Some(32 + u64::from(ape_size(head)?))
        }
        _ => None,
    }
}

fn ape_size(part: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*part.get(12..16)?.first_chunk()?))
}

/// Where the file ends without the tags behind it. The window stands where it stood.
pub(super) fn end<R: Read + Seek>(window: &mut Window<'_, R>) -> io::Result<u64> {
    let start = window.at();
    let mut end = window.end();
    for _ in 0..MOST {
        let from = end.saturating_sub(LYRICS as u64).max(start);
        window.go(from)?;
        let part = window.peek(usize::try_from(end - from).unwrap_or(LYRICS))?;
        match behind(part).filter(|length| *length > 0 && *length <= end - start) {
            Some(length) => end -= length,
            None => break,
        }
    }
    window.go(start)?;
    Ok(end)
}

/// How long the tag is that ends with this part of a file.
fn behind(part: &[u8]) -> Option<u64> {
    let last = |count: usize| part.len().checked_sub(count).and_then(|at| part.get(at..));
    if last(128).is_some_and(|tag| tag.starts_with(b"TAG")) {
        // ID3v1 with the longer one in front of it
        let extended = last(128 + 227).is_some_and(|tag| tag.starts_with(b"TAG+"));
        return Some(if extended { 128 + 227 } else { 128 });
    }
    if let Some(foot) = last(32).filter(|foot| foot.starts_with(b"APETAGEX")) {
        let head = if foot[23] & 0x80 == 0 { 0 } else { 32 };
        return Some(u64::from(ape_size(foot)?).max(32) + head);
    }
    if let Some([b'3', b'D', b'I', _, _, _, a, b, c, d]) = last(10) {
        return Some(20 + u64::from(synchsafe([*a, *b, *c, *d])?));
    }
    if part.ends_with(b"LYRICS200") {
        let digits = last(15)?.get(..6)?;
        let size = std::str::from_utf8(digits).ok()?.parse::<u32>().ok()?;
        return Some(15 + u64::from(size));
    }
    if part.ends_with(b"LYRICSEND") {
        let begins = part.windows(11).rposition(|word| word == b"LYRICSBEGIN")?;
        return Some((part.len() - begins) as u64);
    }
    None
}
