//! The picture that a sound carries, for its preview: ID3's `APIC` and `PIC` (in MP3 and WAV
//! files), FLAC's block, and the same in the comments of Ogg. Its bytes are handed out as they
//! are; what they hold is for those to say who decode images.

use std::io::{Cursor, Read, Seek};

use base64::engine::general_purpose::STANDARD;

use super::window::Window;
use super::{Kind, flac, kind, ogg, tags};
use crate::media::image;

/// The largest picture.
const MOST: u64 = 4 << 20;
/// The longest text that is read beside a picture.
const TEXT: u64 = 64 * 1024;
/// So many entries of a tag are looked at, and so many pictures.
const ENTRIES: u32 = 10_000;
const PICTURES: u32 = 8;
/// The kind of picture that is wanted above all: the front of the cover.
const FRONT: u32 = 3;

/// What was found so far.
#[derive(Default)]
struct Found {
    picture: Option<Vec<u8>>,
    front: bool,
    seen: u32,
}

impl Found {
    /// Takes a picture, if none that is wanted more is there and it may be one.
    fn offer(&mut self, kind: u32, picture: Vec<u8>) {
        self.seen += 1;
        let better = self.picture.is_none() || kind == FRONT;
        if !self.front && better && image::sniff(&picture).is_some() {
            self.front = kind == FRONT;
            self.picture = Some(picture);
        }
    }

    fn done(&self) -> bool {
        self.front || self.seen >= PICTURES
    }
}

/// The picture of a sound, 4 MB at the most: of its cover's front if it has one.
pub fn cover(input: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let kind = kind(input).ok()??;
    let mut window = Window::new(input).ok()?;
    let mut found = Found::default();
    // files of all kinds may have such tags in front
    while let Some(length) = tags::id3v2(window.peek(10).ok()?)
        && !found.done()
    {
        let end = window.at() + length;
        id3(&mut (&mut window).take(length), &mut found);
        let rest = end - window.at();
        window.skip(rest).ok()?;
    }
    tags::skip_id3v2(&mut window).ok()?;
    match kind {
        Kind::Mp3 => {}
        Kind::Flac => {
            // what is damaged ends the search
            let _ = flac::blocks(&mut window, |kind, length, window| {
                if kind == flac::PICTURE && !found.done() {
                    block(&mut window.take(length), &mut found);
                }
                Ok(())
            });
        }
        Kind::Ogg => {
            let (mut comments, is_opus) = ogg::Comments::open(&mut window).ok()?;
            self::comments(&mut comments, if is_opus { 8 } else { 7 }, &mut found);
        }
        Kind::Wav => chunks(&mut window, &mut found),
    }
    found.picture
}

/// The next `N` bytes.
fn bytes<const N: usize>(from: &mut impl Read) -> Option<[u8; N]> {
    let mut out = [0; N];
    from.read_exact(&mut out).ok()?;
    Some(out)
}

fn number(from: &mut impl Read) -> Option<u32> {
    bytes(from).map(u32::from_be_bytes)
}

/// All of `length` bytes, which were compared with a limit.
fn take(from: &mut impl Read, length: u64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    from.take(length).read_to_end(&mut out).ok()?;
    (out.len() as u64 == length).then_some(out)
}

fn pass(from: &mut impl Read, length: u64) -> Option<()> {
    let passed = std::io::copy(&mut from.take(length), &mut std::io::sink()).ok()?;
    (passed == length).then_some(())
}

/// A picture as FLAC writes it (RFC 9639, section 8.8).
fn block(from: &mut impl Read, found: &mut Found) -> Option<()> {
    let kind = number(from)?;
    for _ in 0..2 {
        // its media type and its description
        let length = u64::from(number(from)?);
        if length > TEXT {
            return None;
        }
        pass(from, length)?;
    }
    // its size, which may be wrong
    let _: [u8; 16] = bytes(from)?;
    let length = u64::from(number(from)?);
    if length > MOST {
        found.seen += 1;
        return None;
    }
    found.offer(kind, take(from, length)?);
    Some(())
}

/// The pictures in the comments of Vorbis and Opus, behind a mark.
fn comments(from: &mut impl Read, mark: u64, found: &mut Found) -> Option<()> {
    const KEY: &[u8] = b"METADATA_BLOCK_PICTURE=";
    pass(from, mark)?;
    let length = |from: &mut _| bytes(from).map(u32::from_le_bytes).map(u64::from);
    let vendor = length(from)?;
    pass(from, vendor)?;
    let count = u32::from_le_bytes(bytes(from)?);
    for _ in 0..count.min(ENTRIES) {
        let length = length(from)?;
        let key = take(from, length.min(KEY.len() as u64))?;
        let mut rest = from.take(length - key.len() as u64);
        if key.eq_ignore_ascii_case(KEY) {
            block(&mut base64::read::DecoderReader::new(&mut rest, &STANDARD), found);
            if found.done() {
                return Some(());
            }
        }
        let left = rest.limit();
        pass(&mut rest, left)?;
    }
    Some(())
}

/// The pictures of an ID3v2 tag (2.2, 2.3 and 2.4, each as its document has it).
fn id3(from: &mut impl Read, found: &mut Found) -> Option<()> {
    let [_, _, _, version, _, flags, ..] = bytes::<10>(from)?;
    // all of it was made harmless to old players: from 2.4 on each frame says so itself
    let mut plain = Harmless { from, on: flags & 0x80 != 0 && version < 4, zero: false };
    let from = &mut plain;
    if flags & 0x40 != 0 && version >= 3 {
        // a longer head, which counts itself from 2.4 on only
        let length = bytes(from)?;
        let length = match version {
            3 => u32::from_be_bytes(length),
            _ => tags::synchsafe(length)?.checked_sub(4)?,
        };
        pass(from, u64::from(length))?;
    }
    for _ in 0..ENTRIES {
        let (is_picture, length, marks) = if version < 3 {
            let [a, b, c, x, y, z] = bytes(from)?;
            ([a, b, c] == *b"PIC", u32::from_be_bytes([0, x, y, z]), 0)
        } else {
            let [a, b, c, d, w, x, y, z, _, marks] = bytes(from)?;
            let length = [w, x, y, z];
            let length = match version {
                3 => u32::from_be_bytes(length),
                // some wrote 2.4 as if it were 2.3
                _ => tags::synchsafe(length).unwrap_or(u32::from_be_bytes(length)),
            };
            // nothing but padding follows
            if a == 0 {
                return None;
            }
            let marks = if version == 3 { u8::from(marks & 0xe0 != 0) * 0x0c } else { marks };
            ([a, b, c, d] == *b"APIC", length, marks)
        };
        // neither packed nor encrypted, nor of a group
        if is_picture && marks & 0x4c == 0 && u64::from(length) <= MOST + TEXT {
            let mut body = take(from, u64::from(length))?;
            if marks & 1 != 0 && body.len() >= 4 {
                body.drain(..4);
            }
            if marks & 2 != 0 || (version == 4 && flags & 0x80 != 0) {
                let mut out = Vec::with_capacity(body.len());
                let mut source = Cursor::new(body);
                Harmless { from: &mut source, on: true, zero: false }.read_to_end(&mut out).ok()?;
                body = out;
            }
            if let Some((kind, picture)) = picture(body, version) {
                found.offer(kind, picture);
            }
        } else {
            pass(from, u64::from(length))?;
        }
        if found.done() {
            break;
        }
    }
    Some(())
}

/// A frame's picture without the words in front of it.
fn picture(mut body: Vec<u8>, version: u8) -> Option<(u32, Vec<u8>)> {
    let wide = matches!(body.first()?, 1 | 2);
    let kind_at = match version {
        0..=2 => 4,
        _ => 2 + body.get(1..)?.iter().position(|byte| *byte == 0)?,
    };
    let kind = u32::from(*body.get(kind_at)?);
    let text = body.get(kind_at + 1..)?;
    let words = if wide {
        2 + 2 * text.chunks_exact(2).position(|pair| pair == [0, 0])?
    } else {
        1 + text.iter().position(|byte| *byte == 0)?
    };
    body.drain(..kind_at + 1 + words);
    (body.len() as u64 <= MOST).then_some((kind, body))
}

/// Undoes what keeps players that know no tags from taking their bytes for sound: a zero was put
/// behind each 0xff (ID3v2.4, section 6.1).
struct Harmless<'a, R> {
    from: &'a mut R,
    on: bool,
    /// A zero that follows is left out.
    zero: bool,
}

impl<R: Read> Read for Harmless<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.from.read(out)?;
            if !self.on || count == 0 {
                return Ok(count);
            }
            let mut kept = 0;
            for at in 0..count {
                let byte = out[at];
                if !(self.zero && byte == 0) {
                    out[kept] = byte;
                    kept += 1;
                }
                self.zero = byte == 0xff;
            }
            // what is left of it may be nothing, which would be the end
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

/// The ID3 tags among the chunks of a WAV file.
fn chunks<R: Read + Seek>(window: &mut Window<'_, R>, found: &mut Found) {
    if window.skip(12).is_err() {
        return;
    }
    for _ in 0..ENTRIES {
        let Ok(&[a, b, c, d, w, x, y, z]) = window.peek(8) else { return };
        let length = u64::from(u32::from_le_bytes([w, x, y, z]));
        let next = window.at() + 8 + length + length % 2;
        if window.skip(8).is_err() {
            return;
        }
        if matches!(&[a, b, c, d], b"id3 " | b"ID3 ")
            && window.peek(10).is_ok_and(|head| tags::id3v2(head).is_some())
        {
            id3(&mut (&mut *window).take(length), found);
        }
        let rest = next.saturating_sub(window.at());
        if found.done() || window.skip(rest).is_err() {
            return;
        }
    }
}
