//! MP3 files: MPEG 1, 2 and 2.5, layer III. They have no container, so the frames are all that is
//! kept; whatever stands in front of, between and behind them is left out. The first frame, if it
//! tells of the others, is made anew (see [`super::xing`]).

use std::io::{BufWriter, Read, Seek, Write};

use super::window::Window;
use super::xing::{self, Tally};
use super::{BUFFER, Codec, Result, Sound, measured, refuse, tags};

/// Bytes that are no frames, beyond as many as the frames have, before the search ends.
const JUNK: u64 = 64 * 1024;
/// The longest frame: 320 kbit/s at 32 kHz, or 160 kbit/s at 8 kHz, with its padding.
const FRAME: usize = 1_441;
/// kbit/s by the index in the head of a frame, from one on.
const BITRATES: [[u32; 14]; 2] = [
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// What the four bytes in front of a frame say (ISO 11172-3, 2.4.1.3; ISO 13818-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// MPEG 1, neither 2 nor 2.5.
    pub first: bool,
    pub sample_rate: u32,
    pub mono: bool,
    /// A check sum of two bytes follows.
    pub summed: bool,
    /// Bytes, these four among them.
    pub length: usize,
}

impl Head {
    pub fn parse(head: &[u8]) -> Option<Self> {
        let &[0xff, b, c, d, ..] = head else { return None };
        // the rest of the mark, layer III, and no emphasis that there is not
        if b & 0xe6 != 0xe2 || d & 3 == 2 {
            return None;
        }
        let version = b >> 3 & 3;
        let first = version == 3;
        let rates = [44_100, 48_000, 32_000];
        let rate = rates.get(usize::from(c >> 2 & 3))?;
        let sample_rate = match version {
            0 => rate / 4,
            1 => return None,
            2 => rate / 2,
            _ => *rate,
        };
        // zero would be the free format, fifteen is none
        let index = usize::from(c >> 4).checked_sub(1)?;
        let bitrate = BITRATES[usize::from(!first)].get(index)? * 1000;
        let padding = u32::from(c >> 1 & 1);
        let factor = if first { 144 } else { 72 };
        Some(Self {
            first,
            sample_rate,
            mono: d >> 6 == 3,
            summed: b & 1 == 0,
            length: (factor * bitrate / sample_rate + padding) as usize,
        })
    }

    /// Samples of each channel in one frame.
    pub fn samples(&self) -> u64 {
        if self.first { 1152 } else { 576 }
    }

    /// Bytes between the head and the sound.
    pub fn side(&self) -> usize {
        match (self.first, self.mono) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        }
    }

    /// Whether both can be of one sound.
    fn like(&self, other: &Self) -> bool {
        (self.first, self.sample_rate, self.mono) == (other.first, other.sample_rate, other.mono)
    }
}

/// Whether frames begin here.
pub(super) fn begins<R: Read + Seek>(window: &mut Window<'_, R>) -> std::io::Result<bool> {
    let part = window.peek(2 * FRAME + 4)?;
    Ok(Head::parse(part).is_some_and(|head| follows(part, &head)))
}

/// Whether the frame that begins here is whole and others like it follow, up to the third or to
/// the end: a mark of eleven bits is found by chance all too soon.
fn follows(part: &[u8], head: &Head) -> bool {
    let Some(second) = part.get(head.length..) else { return false };
    if second.len() < 4 {
        return true;
    }
    let Some(next) = Head::parse(second).filter(|next| next.like(head)) else { return false };
    match second.get(next.length..) {
        Some(third) if third.len() >= 4 => Head::parse(third).is_some_and(|h| h.like(head)),
        _ => true,
    }
}

/// Shows each whole frame to `each`, in their order.
fn walk<R: Read + Seek>(
    window: &mut Window<'_, R>,
    mut each: impl FnMut(&Head, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut first = None;
    let mut joined = false;
    let (mut kept, mut junk) = (0_u64, 0_u64);
    loop {
        let part = window.peek(if joined { FRAME } else { 2 * FRAME + 4 })?;
        if part.len() < 4 {
            break;
        }
        let head = Head::parse(part).filter(|head| first.is_none_or(|first| head.like(&first)));
        if let Some(head) = head
            && (joined || follows(part, &head))
        {
            // a part of one is only at the end
            let Some(frame) = part.get(..head.length) else { break };
            each(&head, frame)?;
            first.get_or_insert(head);
            joined = true;
            kept += head.length as u64;
            window.skip(head.length as u64)?;
            continue;
        }
        joined = false;
        if let Some(length) = tags::inside(part).filter(|length| *length <= window.left()) {
            window.skip(length)?;
            continue;
        }
        junk += 1;
        if junk > kept + JUNK {
            break;
        }
        window.skip(1)?;
    }
    if kept == 0 {
        return refuse("The file is no MP3 sound, or one of a kind that is not supported");
    }
    if junk > kept {
        return refuse("The MP3 file is damaged: most of it is no sound");
    }
    Ok(())
}

/// Puts a file together anew of its frames. What they hold is not looked into.
///
/// # Errors
/// What has no frames of one kind (free format, layers I and II among it), is mostly something
/// else, or is longer than `max_seconds`.
pub fn clean(
    input: &mut (impl Read + Seek),
    output: &mut impl Write,
    max_seconds: u32,
) -> Result<Sound> {
    let mut window = Window::new(input)?;
    tags::skip_id3v2(&mut window)?;
    let start = window.at();
    let end = tags::end(&mut window)?;
    window.cut(end);

    // what comes first tells how much follows, so all is read twice
    let mut tally = Tally::default();
    let mut kind = None;
    let mut told: Option<xing::Info> = None;
    walk(&mut window, |head, frame| {
        match xing::Info::find(head, frame) {
            Some(found) if kind.is_none() => told = told.take().or(Some(found)),
            Some(_) => {}
            None => {
                kind.get_or_insert(*head);
                tally.add(frame);
            }
        }
        Ok(())
    })?;
    let Some(kind) = kind else { return refuse("The file holds no sound") };
    let mut samples = tally.frames * kind.samples();
    if let Some(told) = &mut told {
        samples -= told.silence(samples);
    }
    let channels = if kind.mono { 1 } else { 2 };
    let sound =
        measured(Codec::Mp3, samples, kind.sample_rate, channels, tally.bytes, max_seconds)?;

    let mut out = BufWriter::with_capacity(BUFFER, output);
    if let Some(told) = &told {
        out.write_all(&told.build(&tally))?;
    }
    window.go(start)?;
    walk(&mut window, |head, frame| {
        if xing::Info::find(head, frame).is_none() {
            out.write_all(frame)?;
        }
        Ok(())
    })?;
    out.flush()?;
    Ok(sound)
}
