//! Pages of Ogg files (RFC 3533): read with their check sums compared, and written with new ones.

use std::io::{BufWriter, Read, Seek, Write};

use super::window::Window;
use super::{Result, crc, refuse};

/// Flags of a page (RFC 3533, section 6).
pub(super) const CONTINUED: u8 = 1;
pub(super) const BEGINS: u8 = 2;
pub(super) const ENDS: u8 = 4;
/// The longest page.
pub(super) const PAGE: usize = 27 + 255 + 255 * 255;

/// A page that was found whole.
pub(super) struct Page<'w> {
    pub flags: u8,
    pub granule: i64,
    pub serial: u32,
    pub number: u32,
    /// Lengths of the parts of packets: one below 255 ends a packet.
    pub lacing: &'w [u8],
    pub body: &'w [u8],
}

impl Page<'_> {
    pub fn length(&self) -> u64 {
        (27 + self.lacing.len() + self.body.len()) as u64
    }
}

/// The page that stands here, which is not passed. `None`: no page, or only a part of one.
pub(super) fn page<'w, R: Read + Seek>(window: &'w mut Window<'_, R>) -> Result<Option<Page<'w>>> {
    let all = window.peek(PAGE)?;
    let Some((head, rest)) = all.split_first_chunk::<27>() else { return Ok(None) };
    if !head.starts_with(b"OggS\0") {
        return Ok(None);
    }
    let Some((lacing, rest)) = rest.split_at_checked(usize::from(head[26])) else {
        return Ok(None);
    };
    let length = lacing.iter().map(|part| usize::from(*part)).sum();
    let Some(body) = rest.get(..length) else { return Ok(None) };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let sum = crc::ogg(crc::ogg(0, &head[..22]), &[0; 4]);
    let sum = crc::ogg(crc::ogg(crc::ogg(sum, &head[26..]), lacing), body);
    if sum != word(22) {
        return refuse("The Ogg file is damaged");
    }
    let granule = u64::from(word(6)) | u64::from(word(10)) << 32;
    Ok(Some(Page {
        flags: head[5],
        granule: granule.cast_signed(),
        serial: word(14),
        number: word(18),
        lacing,
        body,
    }))
}

/// Writes the pages of one stream.
pub(super) struct Pages<'a, W: Write> {
    pub out: BufWriter<&'a mut W>,
    pub serial: u32,
}

impl<W: Write> Pages<'_, W> {
    fn put(
        &mut self,
        flags: u8,
        granule: i64,
        number: u32,
        lacing: &[u8],
        body: &[u8],
    ) -> Result<()> {
        let mut head = *b"OggS\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        head[5] = flags;
        head[6..14].copy_from_slice(&granule.to_le_bytes());
        head[14..18].copy_from_slice(&self.serial.to_le_bytes());
        head[18..22].copy_from_slice(&number.to_le_bytes());
        head[26] = u8::try_from(lacing.len()).unwrap_or(u8::MAX);
        let sum = crc::ogg(crc::ogg(crc::ogg(0, &head), lacing), body);
        head[22..26].copy_from_slice(&sum.to_le_bytes());
        for part in [&head, lacing, body] {
            self.out.write_all(part)?;
        }
        Ok(())
    }

    /// Writes packets in front of the sound on pages of their own; the number of the next page.
    pub fn put_packets(&mut self, flags: u8, mut number: u32, packets: &[&[u8]]) -> Result<u32> {
        let mut lacing = Vec::new();
        for packet in packets {
            lacing.resize(lacing.len() + packet.len() / 255, 255);
            lacing.push((packet.len() % 255) as u8);
        }
        let body = packets.concat();
        let mut rest = body.as_slice();
        let mut continued = 0;
        for part in lacing.chunks(255) {
            let length = part.iter().map(|part| usize::from(*part)).sum();
            let (body, after) = rest.split_at(length);
            // no packet ends here
            let granule = if part.iter().all(|part| *part == 255) { -1 } else { 0 };
            self.put(flags | continued, granule, number, part, body)?;
            continued = if part.last() == Some(&255) { CONTINUED } else { 0 };
            number = number.wrapping_add(1);
            rest = after;
        }
        Ok(number)
    }
}

/// A page that waits for the next: the last one has a flag.
#[derive(Default)]
pub(super) struct Held {
    waits: bool,
    flags: u8,
    granule: i64,
    number: u32,
    lacing: Vec<u8>,
    body: Vec<u8>,
}

impl Held {
    pub fn put<W: Write>(&mut self, pages: &mut Pages<'_, W>, flag: u8) -> Result<()> {
        if !std::mem::take(&mut self.waits) {
            return Ok(());
        }
        pages.put(self.flags | flag, self.granule, self.number, &self.lacing, &self.body)
    }

    pub fn hold(&mut self, flags: u8, granule: i64, number: u32, lacing: &[u8], body: &[u8]) {
        (self.waits, self.flags, self.granule, self.number) = (true, flags, granule, number);
        self.lacing.clear();
        self.lacing.extend_from_slice(lacing);
        self.body.clear();
        self.body.extend_from_slice(body);
    }
}
