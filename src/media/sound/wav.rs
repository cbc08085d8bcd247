//! WAV files: a list of chunks, of which the format, the count of samples and the samples are
//! kept. Lengths that the file states are compared with what there is; many writers do not know
//! them when they begin and never come back.

use std::io::{BufWriter, Read, Seek, Write};

use super::window::{SIZE, Window};
use super::{BUFFER, Codec, Result, Sound, copy, measured, refuse, tags};

/// Whole numbers, and numbers with a point.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
/// What it is stands further behind, in a GUID that ends so (`ksmedia.h`).
const EXTENSIBLE: u16 = 0xfffe;
const GUID: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
/// A chain of chunks behind the samples is followed so far.
const CHAIN: u32 = 16;
/// So many times at the most is looked whether one begins.
const CHAINS: u32 = 64;
/// Chunks that stand behind samples whose length nobody wrote.
const BEHIND: [&[u8; 4]; 16] = [
    b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"axml", b"_PMX", b"cue ", b"smpl", b"inst",
    b"acid", b"JUNK", b"PEAK", b"afsp", b"DISP", b"cart",
];

/// How samples are written.
struct Format {
    code: u16,
    channels: u16,
    sample_rate: u32,
    bits: u16,
    /// Bits that mean something, and which channel stands where.
    extension: Option<(u16, u32)>,
}

impl Format {
    fn parse(body: &[u8]) -> Result<Self> {
        let short =
            |at: usize| body.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
        let long = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
        if body.len() < 16 {
            return refuse("The WAV file is damaged");
        }
        let mut format = Self {
            code: short(0),
            channels: short(2),
            sample_rate: long(4),
            bits: short(14),
            extension: None,
        };
        if format.code == EXTENSIBLE && body.get(26..40) == Some(&GUID) {
            format.code = short(24);
            format.extension = Some((short(18).min(format.bits), long(20)));
        }
        let known = match format.code {
            PCM => [8, 16, 24, 32].contains(&format.bits),
            FLOAT => [32, 64].contains(&format.bits),
            _ => false,
        };
        if !known {
            return refuse("The WAV file is coded in a way that is not supported");
        }
        if short(12) != format.frame() {
            return refuse("The WAV file is damaged");
        }
        Ok(format)
    }

    /// Bytes of one sample of all channels.
    fn frame(&self) -> u16 {
        self.channels.saturating_mul(self.bits / 8)
    }

    fn build(&self) -> Vec<u8> {
        let code = if self.extension.is_some() { EXTENSIBLE } else { self.code };
        let mut out = Vec::with_capacity(40);
        out.extend_from_slice(&code.to_le_bytes());
        out.extend_from_slice(&self.channels.to_le_bytes());
        out.extend_from_slice(&self.sample_rate.to_le_bytes());
        let rate = self.sample_rate.saturating_mul(u32::from(self.frame()));
        out.extend_from_slice(&rate.to_le_bytes());
        out.extend_from_slice(&self.frame().to_le_bytes());
        out.extend_from_slice(&self.bits.to_le_bytes());
        if let Some((bits, places)) = self.extension {
            out.extend_from_slice(&22_u16.to_le_bytes());
            out.extend_from_slice(&bits.to_le_bytes());
            out.extend_from_slice(&places.to_le_bytes());
            out.extend_from_slice(&self.code.to_le_bytes());
            out.extend_from_slice(&GUID);
        } else if self.code != PCM {
            out.extend_from_slice(&[0, 0]);
        }
        out
    }
}

/// The name and the length in front of a chunk.
fn chunk(head: &[u8]) -> Option<([u8; 4], u32)> {
    let (name, rest) = head.split_first_chunk()?;
    Some((*name, u32::from_le_bytes(*rest.first_chunk()?)))
}

fn is_name(part: &[u8]) -> bool {
    part.len() >= 4 && part[..4].iter().all(|b| (b' '..=b'~').contains(b))
}

/// Puts a file together anew.
///
/// # Errors
/// What is no WAV file, has compressed samples, more than 4 GB of them or none, is damaged, or is
/// longer than `max_seconds`.
pub fn clean(
    input: &mut (impl Read + Seek),
    output: &mut impl Write,
    max_seconds: u32,
) -> Result<Sound> {
    let mut window = Window::new(input)?;
    tags::skip_id3v2(&mut window)?;
    match window.peek(12)? {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'] => {}
        [b'R', b'F', b'6', b'4', ..] => {
            return refuse("WAV files in the form for very large ones (RF64) are not supported");
        }
        _ => return refuse("The file is no WAV sound, or one of a kind that is not supported"),
    }
    window.skip(12)?;
    let (format, end) = find(&mut window)?;
    let frame = u64::from(format.frame()).max(1);
    let samples = (end - window.at()) / frame;
    let length = samples * frame;
    let channels = u32::from(format.channels);
    let sound = measured(Codec::Pcm, samples, format.sample_rate, channels, length, max_seconds)?;

    let body = format.build();
    let mut head = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
    head.extend_from_slice(&u32::try_from(body.len()).unwrap_or(0).to_le_bytes());
    head.extend_from_slice(&body);
    if format.code != PCM {
        head.extend_from_slice(b"fact\x04\0\0\0");
        head.extend_from_slice(&u32::try_from(samples).unwrap_or(u32::MAX).to_le_bytes());
    }
    head.extend_from_slice(b"data");
    let whole = u32::try_from(head.len() as u64 + 4 + length + length % 2 - 8);
    let (Ok(data), Ok(whole)) = (u32::try_from(length), whole) else {
        return refuse("The WAV file is larger than 4 GB");
    };
    head.extend_from_slice(&data.to_le_bytes());
    head[4..8].copy_from_slice(&whole.to_le_bytes());

    let mut out = BufWriter::with_capacity(BUFFER, output);
    out.write_all(&head)?;
    let end = window.at() + length;
    copy(&mut window, end, &mut out)?;
    if length % 2 == 1 {
        out.write_all(&[0])?;
    }
    out.flush()?;
    Ok(sound)
}

/// Goes to the first sample; the format, and the place behind the last sample.
fn find<R: Read + Seek>(window: &mut Window<'_, R>) -> Result<(Format, u64)> {
    let mut format = None;
    loop {
        let Some((name, length)) = chunk(window.peek(8)?) else {
            return refuse("The file holds no sound");
        };
        window.skip(8)?;
        let length = u64::from(length);
        match (&name, format.take()) {
            (b"data", Some(format)) => {
                let end = last(window, length)?;
                return Ok((format, end));
            }
            (b"fmt ", None) => {
                let body = window.peek(usize::try_from(length.min(40)).unwrap_or(40))?;
                format = Some(Format::parse(body)?);
            }
            (_, old) => format = old,
        }
        if length > window.left() {
            return refuse("The WAV file is damaged");
        }
        window.skip(length)?;
        // a length that is odd is followed by a zero, which some writers forget
        if length % 2 == 1 {
            let next = window.peek(5)?;
            let forgotten = is_name(next) && !is_name(next.get(1..).unwrap_or_default());
            window.skip(u64::from(!forgotten))?;
        }
    }
}

/// Where the samples end that begin here and are said to have `length` bytes.
fn last<R: Read + Seek>(window: &mut Window<'_, R>, length: u64) -> Result<u64> {
    let start = window.at();
    let end = start + length;
    if length > 0 && end <= window.end() {
        return Ok(end);
    }
    if length == 0 && is_name(window.peek(4)?) && whole_chain(window, start)? {
        return refuse("The file holds no sound");
    }
    // the length was not known: what is known to stand behind samples is looked for
    let tail = tags::end(window)?;
    window.cut(tail);
    let mut tries = 0;
    while window.left() >= 8 {
        let part = window.peek(SIZE)?;
        let places = part.len().saturating_sub(7);
        let is_behind = |name: &[u8]| BEHIND.iter().any(|known| *known == name);
        let found = part.windows(4).take(places).position(|name| {
            // most bytes are ruled out by the first look
            (name[0].is_ascii_alphabetic() || name[0] == b'_') && is_behind(name)
        });
        if let Some(found) = found {
            window.skip(found as u64)?;
            let here = window.at();
            tries += 1;
            if tries > CHAINS {
                return refuse("The WAV file is damaged");
            }
            if whole_chain(window, here)? {
                window.go(start)?;
                return Ok(here);
            }
            window.go(here + 1)?;
        } else {
            window.skip(places as u64)?;
        }
    }
    let end = window.end();
    window.go(start)?;
    Ok(end)
}

/// Whether chunk follows chunk from here exactly to the end. The window stands where it stood.
fn whole_chain<R: Read + Seek>(window: &mut Window<'_, R>, from: u64) -> Result<bool> {
    window.go(from)?;
    let mut fits = false;
    for _ in 0..CHAIN {
        let head = window.peek(8)?;
        let Some((_, length)) = chunk(head).filter(|_| is_name(head)) else { break };
        let length = 8 + u64::from(length);
        // the zero behind an odd one may be missing at the end
        if window.left() == length || window.left() == length + length % 2 {
            fits = true;
            break;
        }
        if length > window.left() {
            break;
        }
        window.skip(length + length % 2)?;
    }
    window.go(from)?;
    Ok(fits)
}
