//! FLAC files (RFC 9639): the block that describes the sound and the table of places stay; titles,
//! pictures, cue sheets, padding and what programs added go. Every frame is found and its check
//! sum compared, so that nothing stands between and behind them.

use std::io::{BufWriter, Read, Seek, Write};

use super::window::{SIZE, Window};
use super::{BUFFER, Codec, Result, Sound, copy, crc, measured, refuse, tags};

/// Kinds of metadata blocks (section 8.1).
const STREAMINFO: u8 = 0;
const SEEKTABLE: u8 = 3;
pub(super) const PICTURE: u8 = 6;
/// None.
const INVALID: u8 = 127;
/// The length of the first block.
const INFO: usize = 34;
/// The length of a point in the table of places, and how many of them are kept.
const POINT: usize = 18;
const POINTS: usize = 4_096;
/// The longest head of a frame: 4 bytes, 7 of a number, 2 and 2 of sizes, a sum.
const HEAD: usize = 16;

/// What the first block says (section 8.2).
struct Info {
    raw: [u8; INFO],
    max_block: u32,
    /// Zero: not known.
    max_frame: u32,
    rate: u32,
    channels: u32,
    bits: u32,
    /// Samples of each channel; zero: not known.
    total: u64,
}

impl Info {
    fn parse(raw: [u8; INFO]) -> Result<Self> {
        let number = |from: usize, count: usize| {
            raw[from..from + count].iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte))
        };
        let short = |from, count| u32::try_from(number(from, count)).unwrap_or(u32::MAX);
        let packed = number(10, 8);
        let part = |shift: u32, mask: u64| u32::try_from(packed >> shift & mask).unwrap_or(0);
        let info = Self {
            raw,
            max_block: short(2, 2),
            max_frame: short(7, 3),
            rate: part(44, 0xf_ffff),
            channels: part(41, 7) + 1,
            bits: part(36, 31) + 1,
            total: packed & 0xf_ffff_ffff,
        };
        if info.max_block < 16 || short(0, 2) > info.max_block || info.rate == 0 || info.bits < 4 {
            return refuse("The FLAC file is damaged");
        }
        Ok(info)
    }

    /// The block with the number of samples that there are. The sum of all samples stays only if
    /// they are as many as were said.
    fn build(&self, samples: u64) -> [u8; INFO] {
        let mut raw = self.raw;
        if samples != self.total {
            let known = if samples > 0xf_ffff_ffff { 0 } else { samples };
            let [.., high, a, b, c, d] = known.to_be_bytes();
            raw[13] = raw[13] & 0xf0 | high & 0x0f;
            raw[14..18].copy_from_slice(&[a, b, c, d]);
            raw[18..].fill(0);
        }
        raw
    }

    /// No frame is longer.
    fn longest(&self) -> u64 {
        match self.max_frame {
            0 => {
                // samples as they are, one bit more for the difference of two channels
                let bits =
                    u64::from(self.max_block) * u64::from(self.channels) * u64::from(self.bits + 1);
                bits / 8 + 64
            }
            most => u64::from(most),
        }
    }
}

/// The head of a frame (section 9.1): its samples, if it is one that fits the first block.
fn head(part: &[u8], info: &Info) -> Option<u32> {
    let &[0xff, b, c, d, ..] = part else { return None };
    // the mark, and bits that are reserved
    if b & 0xfe != 0xf8 || d & 1 != 0 {
        return None;
    }
    let mut at = 4;
    // a number as UTF-8 would write it, of up to seven bytes
    let more = match part.get(at)?.leading_ones() {
        0 => 0,
        1 => return None,
        ones => ones as usize - 1,
    };
    if more > 6 || part.get(at + 1..=at + more)?.iter().any(|byte| byte & 0xc0 != 0x80) {
        return None;
    }
    at += 1 + more;
    let mut take = |count: usize| {
        let value = part.get(at..at + count)?.iter().fold(0, |n, byte| n << 8 | u32::from(*byte));
        at += count;
        Some(value)
    };
    let samples = match c >> 4 {
        0 => return None,
        1 => 192,
        code @ 2..=5 => 144 << code,
        6 => take(1)? + 1,
        7 => take(2)? + 1,
        code => 1 << code,
    };
    let rate = match c & 15 {
        0 => info.rate,
        code @ 1..=11 => [
            88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000,
        ][usize::from(code) - 1],
        12 => take(1)? * 1000,
        13 => take(2)?,
        14 => take(2)? * 10,
        _ => return None,
    };
    let channels = match d >> 4 {
        code @ 0..=7 => u32::from(code) + 1,
        8..=10 => 2,
        _ => return None,
    };
    let bits = match d >> 1 & 7 {
        0 => info.bits,
        3 => return None,
        code => [8, 12, 0, 16, 20, 24, 32][usize::from(code) - 1],
    };
    let fits = (rate, channels, bits) == (info.rate, info.channels, info.bits);
    let sum = *part.get(at)?;
    (fits && samples <= info.max_block && crc::flac_head(&part[..at]) == sum).then_some(samples)
}

/// Passes the mark and the blocks in front of the frames; `each` gets the kind of a block, its
/// length, and the window, which stands at it.
pub(super) fn blocks<R: Read + Seek>(
    window: &mut Window<'_, R>,
    mut each: impl FnMut(u8, u64, &mut Window<'_, R>) -> Result<()>,
) -> Result<()> {
    if window.peek(4)? != b"fLaC" {
        return refuse("The file is no FLAC sound");
    }
    window.skip(4)?;
    loop {
        let &[kind, a, b, c] = window.peek(4)? else {
            return refuse("The FLAC file ends too early");
        };
        window.skip(4)?;
        let length = u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c);
        if length > window.left() || kind & 0x7f == INVALID {
            return refuse("The FLAC file is damaged");
        }
        let end = window.at() + length;
        each(kind & 0x7f, length, window)?;
        let passed = end.saturating_sub(window.at());
        window.skip(passed)?;
        if kind & 0x80 != 0 {
            return Ok(());
        }
    }
}

/// Puts a file together anew.
///
/// # Errors
/// What is no FLAC file, is damaged, or is longer than `max_seconds`. A part of a frame at the end
/// is left out.
pub fn clean(
    input: &mut (impl Read + Seek),
    output: &mut impl Write,
    max_seconds: u32,
) -> Result<Sound> {
    let mut window = Window::new(input)?;
    tags::skip_id3v2(&mut window)?;
    let (mut info, mut points) = (None, Vec::new());
    blocks(&mut window, |kind, length, window| {
        match (kind, info.is_some()) {
            (STREAMINFO, false) => {
                let Some(raw) = window.peek(INFO)?.first_chunk().filter(|_| length == INFO as u64)
                else {
                    return refuse("The FLAC file is damaged");
                };
                info = Some(Info::parse(*raw)?);
            }
            (_, false) => return refuse("The FLAC file is damaged"),
            (SEEKTABLE, true) if points.is_empty() && length <= (POINT * POINTS) as u64 => {
                points = window.peek(usize::try_from(length).unwrap_or(0))?.to_vec();
            }
            _ => {}
        }
        Ok(())
    })?;
    let Some(info) = info else { return refuse("The FLAC file is damaged") };
    let end = tags::end(&mut window)?;
    window.cut(end);
    let start = window.at();
    let (samples, end) = scan(&mut window, &info)?;
    let sound = measured(Codec::Flac, samples, info.rate, info.channels, end - start, max_seconds)?;

    let points = places(&points, samples, end - start);
    let mut out = BufWriter::with_capacity(BUFFER, output);
    out.write_all(b"fLaC")?;
    // the last block has a bit of its own
    let last = if points.is_empty() { 0x80 } else { 0 };
    out.write_all(&[STREAMINFO | last, 0, 0, INFO as u8])?;
    out.write_all(&info.build(samples))?;
    if !points.is_empty() {
        let [_, a, b, c] = u32::try_from(points.len()).unwrap_or(0).to_be_bytes();
        out.write_all(&[SEEKTABLE | 0x80, a, b, c])?;
        out.write_all(&points)?;
    }
    window.go(start)?;
    copy(&mut window, end, &mut out)?;
    out.flush()?;
    Ok(sound)
}

/// The points that are ones, if they lead into the sound and in its order (section 8.5).
fn places(table: &[u8], samples: u64, bytes: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(table.len());
    let mut before = None;
    for point in table.chunks_exact(POINT) {
        let number = |at: usize| point[at..at + 8].iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let place = (number(0), number(8));
        // room for points to come
        if place.0 == u64::MAX {
            continue;
        }
        let ordered =
            before.is_none_or(|before: (u64, u64)| before.0 < place.0 && before.1 <= place.1);
        if !ordered || place.0 >= samples || place.1 >= bytes {
            return Vec::new();
        }
        before = Some(place);
        out.extend_from_slice(point);
    }
    out
}

/// Finds the frames from here on: their samples, and where the last whole one ends. A frame does
/// not say how long it is: it ends where its sum comes out and another begins.
fn scan<R: Read + Seek>(window: &mut Window<'_, R>, info: &Info) -> Result<(u64, u64)> {
    let Some(first) = head(window.peek(HEAD)?, info) else {
        return refuse("The FLAC file is damaged: no sound follows its description");
    };
    let (mut began, mut block) = (window.at(), u64::from(first));
    let (mut samples, mut sum) = (0, 0);
    loop {
        let left = window.left();
        let here = window.at();
        let piece = window.peek(SIZE)?;
        let whole = piece.len() as u64 == left;
        let length = if whole { piece.len() } else { piece.len().saturating_sub(HEAD) };
        for at in 0..length {
            let place = here + at as u64;
            if sum == 0
                && place > began
                && piece[at] == 0xff
                && let Some(next) = head(&piece[at..], info)
            {
                samples += block;
                (began, block) = (place, u64::from(next));
            }
            sum = crc::flac(sum, piece[at]);
        }
        window.skip(length as u64)?;
        let ended = window.at();
        let last = whole || length == 0;
        if last && sum == 0 && ended > began {
            return Ok((samples + block, ended));
        }
        // the last frame may be cut, and anything may be stuck to it
        let is_long = ended - began > info.longest();
        if is_long && (info.total == 0 || samples + block < info.total) {
            return refuse("The FLAC file is damaged");
        }
        if last || is_long {
            return Ok((samples, began));
        }
    }
}
