//! The first frame of many MP3 files, which is silent and tells how many follow, where each
//! hundredth of them begins, and how much silence the encoder added ("Xing", "Info", LAME's
//! extension, and Fraunhofer's "VBRI"). It is made anew: its numbers are counted, of the old one
//! stay those that no one can count, and its words go. Shapes: LAME's `VbrTag.c`.

use super::crc;
use super::mp3::Head;

/// Places in the file that are remembered to point at.
const PLACES: usize = 1_024;
/// Bytes of Xing's part with everything in it, and of LAME's behind it.
const XING: usize = 120;
const LAME: usize = 36;
/// What every extension is said to come from, so that readers believe its numbers.
const ENCODER: &[u8; 9] = b"LAME3.100";

/// What is counted of the frames behind the first.
#[derive(Default)]
pub(super) struct Tally {
    pub frames: u64,
    pub bytes: u64,
    sum: u16,
    /// Where each frame begins whose number is a multiple of `stride`.
    places: Vec<u64>,
    stride: u64,
}

impl Tally {
    pub fn add(&mut self, frame: &[u8]) {
        self.stride = self.stride.max(1);
        if self.frames.is_multiple_of(self.stride) {
            if self.places.len() == PLACES {
                let mut keep = false;
                self.places.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.stride *= 2;
            }
            if self.frames.is_multiple_of(self.stride) {
                self.places.push(self.bytes);
            }
        }
        self.frames += 1;
        self.bytes += frame.len() as u64;
        self.sum = crc::lame(self.sum, frame);
    }

    /// Where the hundredths begin, in 256ths of the file whose first frame has `length` bytes.
    fn contents(&self, length: usize) -> [u8; 100] {
        let whole = (self.bytes + length as u64).max(1);
        std::array::from_fn(|hundredth| {
            let frame = hundredth as u64 * self.frames / 100;
            let place = usize::try_from(frame / self.stride.max(1)).unwrap_or(usize::MAX);
            let at = self.places.get(place).map_or(0, |at| at + length as u64);
            u8::try_from(at * 256 / whole).unwrap_or(u8::MAX)
        })
    }
}

/// What is kept of such a frame.
pub(super) struct Info {
    head: Head,
    /// The four bytes in front of it.
    raw: [u8; 4],
    name: [u8; 4],
    quality: u32,
    /// LAME's part, from its first byte to its last sum.
    extension: Option<[u8; LAME]>,
}

impl Info {
    /// Reads a frame, if it is one.
    pub fn find(head: &Head, frame: &[u8]) -> Option<Self> {
        let raw = *frame.first_chunk()?;
        let side = 4 + head.side();
        // one without room for the numbers tells nothing
        if frame.len() < side + 16 {
            return None;
        }
        // some encoders put it behind the frame's sum
        for at in [side, side + if head.summed { 2 } else { 0 }] {
            if let Some((name, rest)) = frame.get(at..)?.split_first_chunk::<4>()
                && (name == b"Xing" || name == b"Info")
            {
                let (quality, extension) = Self::read(rest);
                return Some(Self { head: *head, raw, name: *name, quality, extension });
            }
        }
        let name = *b"Xing";
        (frame.get(36..40)? == b"VBRI").then_some(Self {
            head: *head,
            raw,
            name,
            quality: 0,
            extension: None,
        })
    }

    /// The quality and LAME's part.
    fn read(rest: &[u8]) -> (u32, Option<[u8; LAME]>) {
        let number = |at: usize| rest.get(at..).and_then(|part| part.first_chunk::<4>());
        let flags = number(0).map_or(0, |b| u32::from_be_bytes(*b));
        let mut at = 4;
        for (flag, length) in [(1, 4), (2, 4), (4, 100)] {
            at += if flags & flag == 0 { 0 } else { length };
        }
        let mut quality = 0;
        if flags & 8 != 0 {
            quality = number(at).map_or(0, |b| u32::from_be_bytes(*b));
            at += 4;
        }
        let part = rest.get(at..).and_then(|part| part.first_chunk::<LAME>());
        // the names that readers know; others have other things there
        let known = |part: &&[u8; LAME]| {
            [b"LAME", b"Lavf", b"Lavc"].iter().any(|name| part.starts_with(*name))
        };
        (quality, part.filter(known).copied())
    }

    /// Samples of silence that the encoder says it added, of `samples` in all. What cannot be is
    /// forgotten.
    pub fn silence(&mut self, samples: u64) -> u64 {
        let Some(part) = &mut self.extension else { return 0 };
        let [.., a, b, c] = *part.first_chunk::<24>().unwrap_or(&[0; 24]);
        let number = u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c);
        let silence = (number >> 12) + (number & 0xfff);
        if silence >= samples {
            part[21..24].fill(0);
            return 0;
        }
        silence
    }

    /// The frame as it is written.
    pub fn build(&self, tally: &Tally) -> Vec<u8> {
        let length = self.head.length;
        let mut out = self.raw.to_vec();
        // no sum follows
        out[1] |= 1;
        out.resize(4 + self.head.side(), 0);
        let whole = out.len() + XING <= length;
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes();
        let bytes = number(tally.bytes + length as u64);
        out.extend_from_slice(&self.name);
        // how many frames, how many bytes, where, how good
        out.extend_from_slice(&number(if whole { 15 } else { 3 }));
        out.extend_from_slice(&number(tally.frames));
        out.extend_from_slice(&bytes);
        if whole {
            out.extend_from_slice(&tally.contents(length));
            out.extend_from_slice(&self.quality.to_be_bytes());
        }
        if let Some(old) = &self.extension
            && out.len() + LAME <= length
        {
            out.extend_from_slice(ENCODER);
            out.extend_from_slice(&old[9..28]);
            out.extend_from_slice(&bytes);
            out.extend_from_slice(&tally.sum.to_be_bytes());
            let sum = crc::lame(0, &out);
            out.extend_from_slice(&sum.to_be_bytes());
        }
        out.resize(length, 0);
        out
    }
}
