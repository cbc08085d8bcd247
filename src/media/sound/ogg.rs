//! Ogg files (RFC 3533) with Vorbis or Opus sound. The pages of the one sound are kept, with
//! their numbers and check sums made anew; its comments, which hold titles and pictures, are
//! replaced by empty ones, and whatever else is in the file is left out. Videos are refused, and
//! so are several recordings one behind the other.

use std::io::{BufWriter, Read, Seek, Write};

use super::page::{BEGINS, CONTINUED, ENDS, Held, PAGE, Pages, page};
use super::window::Window;
use super::{BUFFER, Codec, Result, Sound, measured, refuse, tags};

/// The longest packet with the books of codes of Vorbis; real ones have some kilobytes.
const SETUP: usize = 256 * 1024;
/// No packet of Opus is longer: 120 ms (RFC 6716, section 3.4), in samples at 48 kHz.
const OPUS_PACKET: u64 = 5_760;

/// What the first packet of a sound says.
struct Head {
    packet: Vec<u8>,
    opus: bool,
    sample_rate: u32,
    channels: u32,
    /// Samples at the start that are not heard.
    skipped: u64,
    /// Most samples of a packet.
    most: u64,
}

impl Head {
    /// Reads a first packet. `None`: of something else.
    fn parse(packet: &[u8]) -> Result<Option<Self>> {
        if let Some(rest) = packet.strip_prefix(b"\x01vorbis") {
            // Vorbis I, section 4.2.2
            let Some(rest) = rest.first_chunk::<23>() else { return damaged() };
            let blocks = (rest[21] & 15, rest[21] >> 4);
            let fine = rest[..4] == [0; 4] && rest[22] & 1 == 1;
            if !fine || blocks.0 < 6 || blocks.1 > 13 || blocks.0 > blocks.1 {
                return damaged();
            }
            return Ok(Some(Self {
                packet: packet[..30].to_vec(),
                opus: false,
                sample_rate: u32::from_le_bytes([rest[5], rest[6], rest[7], rest[8]]),
                channels: u32::from(rest[4]),
                skipped: 0,
                most: 1 << (blocks.1 - 1),
            }));
        }
        if let Some(rest) = packet.strip_prefix(b"OpusHead") {
            // RFC 7845, section 5.1
            let Some(start) = rest.first_chunk::<11>() else { return damaged() };
            let table = if start[10] == 0 { 0 } else { 2 + usize::from(start[1]) };
            let Some(packet) = packet.get(..19 + table).filter(|_| start[0] >> 4 == 0) else {
                return damaged();
            };
            return Ok(Some(Self {
                packet: packet.to_vec(),
                opus: true,
                sample_rate: 48_000,
                channels: u32::from(start[1]),
                skipped: u64::from(u16::from_le_bytes([start[2], start[3]])),
                most: OPUS_PACKET,
            }));
        }
        const VIDEO: [&[u8]; 4] = [b"\x80theora", b"BBCD\0", b"OVP80", b"\x01video"];
        if VIDEO.iter().any(|mark| packet.starts_with(mark)) {
            return refuse(
                "The Ogg file holds a video; only Vorbis and Opus sound is taken in Ogg",
            );
        }
        Ok(None)
    }

    /// Beginnings of the packets that follow the first, up to the sound.
    fn marks(&self) -> &'static [&'static [u8]] {
        if self.opus { &[b"OpusTags"] } else { &[b"\x03vorbis", b"\x05vorbis"] }
    }

    /// Comments that say nothing: no name of a program, no entries.
    fn comments(&self) -> Vec<u8> {
        let mut out = self.marks()[0].to_vec();
        out.extend_from_slice(&[0; 8]);
        if !self.opus {
            out.push(1);
        }
        out
    }

    /// Samples of the packet that begins so: at the most, for Vorbis.
    fn samples(&self, packet: &[u8]) -> u64 {
        let Some(first) = packet.first().filter(|_| self.opus) else { return self.most };
        // RFC 6716, section 3.1
        let code = first >> 3;
        let frame = match code {
            0..=11 => [480, 960, 1920, 2880][usize::from(code & 3)],
            12..=15 => [480, 960][usize::from(code & 1)],
            _ => [120, 240, 480, 960][usize::from(code & 3)],
        };
        let count = match first & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => packet.get(1).map_or(0, |byte| u64::from(byte & 63)),
        };
        (frame * count).min(self.most)
    }
}

fn damaged<T>() -> Result<T> {
    refuse("The Ogg file is damaged")
}

/// Finds the first sound among the streams that begin in front of all else: its number and head.
/// The window stands behind the beginnings then.
fn begin<R: Read + Seek>(window: &mut Window<'_, R>) -> Result<(u32, Head)> {
    let mut found = None;
    while let Some(page) = page(window)?.filter(|page| page.flags & BEGINS != 0) {
        if let Some(head) = Head::parse(page.body)?
            && found.is_none()
        {
            // one packet, whole
            if page.lacing.iter().position(|part| *part < 255) != Some(page.lacing.len() - 1) {
                return damaged();
            }
            found = Some((page.serial, head));
        }
        let length = page.length();
        window.skip(length)?;
    }
    match found {
        Some(found) => Ok(found),
        None => refuse("The Ogg file is of a kind that is not supported"),
    }
}

/// What is counted of the sound.
#[derive(Default)]
struct Tally {
    /// Samples of all packets, at the most.
    samples: u64,
    bytes: u64,
    /// The first granule, less what came before it; the last.
    start: Option<u64>,
    end: u64,
}

impl Tally {
    fn add(
        &mut self,
        head: &Head,
        flags: u8,
        granule: i64,
        lacing: &[u8],
        body: &[u8],
    ) -> Result<()> {
        let mut inside = flags & CONTINUED != 0;
        let mut at = 0;
        for part in lacing {
            if !inside && *part > 0 {
                self.samples += head.samples(&body[at..at + usize::from(*part)]);
            }
            inside = *part == 255;
            at += usize::from(*part);
        }
        self.bytes += body.len() as u64;
        // -1: no packet ends on the page
        if granule != -1 {
            let Ok(granule) = u64::try_from(granule) else { return damaged() };
            self.start.get_or_insert(granule.saturating_sub(self.samples));
            self.end = self.end.max(granule);
        }
        Ok(())
    }

    /// Samples that are heard.
    fn heard(&self, head: &Head) -> u64 {
        let stated = self.end.saturating_sub(self.start.unwrap_or(0));
        stated.min(self.samples).saturating_sub(head.skipped)
    }
}

/// Puts a file together anew.
///
/// # Errors
/// What is no Ogg file, holds no Vorbis or Opus sound or a video, is damaged or several recordings
/// behind each other, or is longer than `max_seconds`.
pub fn clean(
    input: &mut (impl Read + Seek),
    output: &mut impl Write,
    max_seconds: u32,
) -> Result<Sound> {
    let mut window = Window::new(input)?;
    tags::skip_id3v2(&mut window)?;
    let (serial, head) = begin(&mut window)?;
    let out = BufWriter::with_capacity(BUFFER, output);
    let mut pages = Pages { out, serial };
    let first = pages.put_packets(BEGINS, 0, &[&head.packet])?;

    // the packets up to the sound; of the comments only the mark is looked at
    let mut packets = head.marks().iter();
    let mut mark = packets.next();
    let mut packet = Vec::new();
    let mut tally = Tally::default();
    let mut held = Held::default();
    // what is added to the number of a page
    let mut shift = 0;
    let mut ended = false;
    while let Some(page) = page(&mut window)? {
        if page.flags & BEGINS != 0 {
            return refuse("The Ogg file holds several recordings one behind the other");
        }
        let length = page.length();
        if page.serial != serial {
            window.skip(length)?;
            continue;
        }
        if ended {
            return damaged();
        }
        ended = page.flags & ENDS != 0;
        let (mut lacing, mut body) = (page.lacing, page.body);
        let mut flags = page.flags & CONTINUED;
        if mark.is_some() && (flags != 0) == packet.is_empty() {
            return damaged();
        }
        while let Some(expected) = mark
            && let Some((part, rest)) = lacing.split_first()
        {
            let (piece, after) = body.split_at(usize::from(*part));
            (lacing, body, flags) = (rest, after, 0);
            if expected[0] == 5 {
                packet.extend_from_slice(piece);
                if packet.len() > SETUP {
                    return damaged();
                }
            } else if packet.is_empty() {
                packet.extend_from_slice(piece);
            }
            if *part == 255 {
                continue;
            }
            if !packet.starts_with(expected) {
                return damaged();
            }
            mark = packets.next();
            if mark.is_none() {
                let comments = head.comments();
                let both = [comments.as_slice(), packet.as_slice()];
                let next = pages.put_packets(0, first, &both[..if head.opus { 1 } else { 2 }])?;
                // a page that the sound shares with them becomes the next one
                let shared = u32::from(lacing.is_empty());
                shift = next.wrapping_sub(page.number.wrapping_add(shared));
            }
            packet.clear();
        }
        if mark.is_none() && !(lacing.is_empty() && page.lacing.len() != lacing.len()) {
            held.put(&mut pages, 0)?;
            tally.add(&head, flags, page.granule, lacing, body)?;
            let number = page.number.wrapping_add(shift);
            held.hold(flags, page.granule, number, lacing, body);
        }
        window.skip(length)?;
    }
    // what is no page is a part of one, or behind the end
    if mark.is_some() || (!ended && window.left() > PAGE as u64) {
        return damaged();
    }
    held.put(&mut pages, ENDS)?;
    let (rate, channels) = (head.sample_rate, head.channels);
    let codec = if head.opus { Codec::Opus } else { Codec::Vorbis };
    let told = |samples| measured(codec, samples, rate, channels, tally.bytes, max_seconds);
    if head.opus {
        // what is stated may be less than what is there, but not by more than a second
        told(tally.samples.saturating_sub(48_000 + head.skipped).max(1))?;
    }
    let sound = told(tally.heard(&head))?;
    pages.out.flush()?;
    Ok(sound)
}

/// The comments of the first sound, as they are read. Pages of other streams are passed.
pub(super) struct Comments<'w, 'a, R> {
    window: &'w mut Window<'a, R>,
    serial: u32,
    /// What of the page at hand is not read yet.
    piece: Vec<u8>,
    at: usize,
    last: bool,
}

impl<'w, 'a, R: Read + Seek> Comments<'w, 'a, R> {
    /// Goes to the comments of a file; whether they are those of Opus.
    pub fn open(window: &'w mut Window<'a, R>) -> Result<(Self, bool)> {
        let (serial, head) = begin(window)?;
        Ok((Self { window, serial, piece: Vec::new(), at: 0, last: false }, head.opus))
    }

    fn next(&mut self) -> Result<bool> {
        self.at = 0;
        self.piece.clear();
        while !self.last
            && let Some(page) = page(self.window)?
        {
            if page.serial == self.serial {
                let end = page.lacing.iter().position(|part| *part < 255);
                let count = end.map_or(page.lacing.len(), |end| end + 1);
                let length = page.lacing[..count].iter().map(|part| usize::from(*part)).sum();
                self.piece.extend_from_slice(page.body.get(..length).unwrap_or_default());
                self.last = end.is_some();
            }
            let length = page.length();
            self.window.skip(length)?;
            if !self.piece.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<R: Read + Seek> Read for Comments<'_, '_, R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.piece.len() && !self.next().unwrap_or(false) {
            return Ok(0);
        }
        let part = self.piece.get(self.at..).unwrap_or_default();
        let count = part.len().min(out.len());
        out[..count].copy_from_slice(&part[..count]);
        self.at += count;
        Ok(count)
    }
}
