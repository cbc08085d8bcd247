//! What stands between the scans of a JPEG file (ITU-T T.81, section B).

use std::ops::Range;
use std::rc::Rc;

use super::codes::Table;

/// Most scans: programs make about ten, and each is gone through as a whole.
const MOST_SCANS: usize = 100;

/// A file that was looked through, none of its bits read yet.
pub(super) struct File {
    pub(super) is_progressive: bool,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) parts: Vec<Part>,
    pub(super) scans: Vec<Scan>,
    /// Segments with how the numbers of blocks are to be multiplied, each with its marker; and what
    /// Adobe's programs say of the colours.
    pub(super) tables: Vec<Range<usize>>,
    pub(super) adobe: Option<Range<usize>>,
    /// Pieces of 8x8 pixels, one behind and one below the other, that all parts begin together at.
    pub(super) across: usize,
    pub(super) down: usize,
}

/// One of the colours that a picture is made of.
pub(super) struct Part {
    pub(super) id: u8,
    /// How many of its blocks make a piece.
    pub(super) wide: usize,
    pub(super) high: usize,
    /// Which of the tables.
    pub(super) table: u8,
    /// Blocks that it needs itself, without those that fill up the last pieces.
    pub(super) blocks: (usize, usize),
}

/// Where codes for some parts begin, and what they are of.
pub(super) struct Scan {
    pub(super) at: usize,
    pub(super) parts: Vec<ScanPart>,
    /// The first and the last number of a block.
    pub(super) first: usize,
    pub(super) last: usize,
    /// How many bits were left out before, and how many are now.
    pub(super) high: u32,
    pub(super) low: u32,
    /// How many pieces come before a restart; 0: there is none.
    pub(super) interval: u32,
}

pub(super) struct ScanPart {
    pub(super) part: usize,
    pub(super) dc: Option<Rc<Table>>,
    pub(super) ac: Option<Rc<Table>>,
}

/// What was defined so far.
#[derive(Default)]
struct Reading {
    file: Option<File>,
    dc: [Option<Rc<Table>>; 4],
    ac: [Option<Rc<Table>>; 4],
    tables: Vec<Range<usize>>,
    adobe: Option<Range<usize>>,
    interval: u32,
}

/// Looks a file through. What is broken behind the first scan ends it there; `None`: there is
/// nothing before either, or it is coded in a way that few programs know.
pub(super) fn read(data: &[u8]) -> Option<File> {
    let mut reading = Reading::default();
    let mut at = 2;
    while let Some((marker, body)) = segment(data, at) {
        at = body.end;
        let content = &data[body.clone()];
        let fine = match marker {
            0xc0..=0xc2 if reading.file.is_none() => {
                reading.file = frame(content, marker == 0xc2);
                reading.file.is_some()
            }
            0xc4 => reading.codes(content).is_some(),
            // other kinds of frames, or a second one
            0xc0..=0xcf => false,
            0xdb => {
                reading.tables.push(body.start - 4..body.end);
                true
            }
            0xdd => {
                reading.interval =
                    content.first_chunk().map_or(0, |n| u16::from_be_bytes(*n).into());
                true
            }
            0xee if content.starts_with(b"Adobe") => {
                reading.adobe = Some(body.start - 4..body.end);
                true
            }
            0xda => {
                let found = reading.scan(content, body.end);
                at = end_of_scan(data, at);
                found.is_some()
            }
            0xd9 => false,
            _ => true,
        };
        if !fine {
            break;
        }
    }
    let mut file = reading.file.filter(|file| !file.scans.is_empty())?;
    (file.tables, file.adobe) = (reading.tables, reading.adobe);
    Some(file)
}

/// The next marker that has something behind it, and where that is.
fn segment(data: &[u8], mut at: usize) -> Option<(u8, Range<usize>)> {
    loop {
        match data.get(at..at + 2)? {
            [0xff, 0xff] => at += 1,
            [0xff, 0xd9] => return Some((0xd9, at + 2..at + 2)),
            [0xff, 0x01 | 0xd0..=0xd8] => at += 2,
            [0xff, marker @ 0xc0..=0xfe] => {
                let length: &[u8; 2] = data.get(at + 2..)?.first_chunk()?;
                let body = at + 4..at + 2 + usize::from(u16::from_be_bytes(*length));
                return (body.start <= body.end && body.end <= data.len())
                    .then_some((*marker, body));
            }
            // something that nobody knows lies in between
            _ => at += 1,
        }
    }
}

/// Where the next marker is that does not belong to the bits.
fn end_of_scan(data: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(next) = data.get(at..).and_then(|rest| rest.iter().position(|b| *b == 0xff)) {
        at += next;
        match data.get(at + 1) {
            Some(0 | 0xd0..=0xd7) => at += 2,
            Some(0xff) => at += 1,
            _ => return at,
        }
    }
    data.len()
}

/// Section B.2.2.
fn frame(content: &[u8], is_progressive: bool) -> Option<File> {
    let (head, rest) = content.split_first_chunk::<6>()?;
    let [8, h1, h2, w1, w2, count @ 1..=4] = *head else { return None };
    let (height, width) =
        (u16::from_be_bytes([h1, h2]).into(), u16::from_be_bytes([w1, w2]).into());
    let mut parts = Vec::new();
    for part in rest.get(..usize::from(count) * 3)?.chunks_exact(3) {
        // alone, a part has no share
        let share = if count == 1 { 0x11 } else { part[1] };
        let (wide, high) = (usize::from(share >> 4), usize::from(share & 15));
        if !(1..=4).contains(&wide) || !(1..=4).contains(&high) {
            return None;
        }
        parts.push(Part { id: part[0], wide, high, table: part[2], blocks: (0, 0) });
    }
    let wide = parts.iter().map(|part| part.wide).max()?;
    let high = parts.iter().map(|part| part.high).max()?;
    for part in &mut parts {
        let blocks = |side: usize, own: usize, most: usize| (side * own).div_ceil(most).div_ceil(8);
        part.blocks = (blocks(width, part.wide, wide), blocks(height, part.high, high));
    }
    let (across, down) = (width.div_ceil(8 * wide), height.div_ceil(8 * high));
    let (scans, tables, adobe) = (Vec::new(), Vec::new(), None);
    Some(File { is_progressive, width, height, parts, scans, tables, adobe, across, down })
}

impl Reading {
    /// Section B.2.4.2.
    fn codes(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((what, rest)) = content.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let count = counts.iter().map(|n| usize::from(*n)).sum();
            let (values, rest) = rest.split_at_checked(count)?;
            let slots = if what >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *slots.get_mut(usize::from(what & 15))? = Some(Rc::new(Table::new(counts, values)?));
            content = rest;
        }
        Some(())
    }

    /// Section B.2.3; `at` is where its bits begin.
    fn scan(&mut self, content: &[u8], at: usize) -> Option<()> {
        let file = self.file.as_mut().filter(|file| file.scans.len() < MOST_SCANS)?;
        let (count, rest) = content.split_first()?;
        let (parts, rest) = rest.split_at_checked(usize::from(*count) * 2)?;
        let [first, last, bits, ..] = *rest else { return None };
        let mut scan = Scan {
            at,
            parts: Vec::new(),
            first: usize::from(first),
            last: usize::from(last),
            high: u32::from(bits >> 4),
            low: u32::from(bits & 15),
            interval: self.interval,
        };
        if !file.is_progressive {
            (scan.first, scan.last, scan.high, scan.low) = (0, 63, 0, 0);
        }
        let is_possible = scan.last < 64
            && scan.first <= scan.last
            && scan.low < 14
            && (!file.is_progressive || (scan.first == 0) == (scan.last == 0))
            && (scan.first == 0 || *count == 1);
        if !is_possible {
            return None;
        }
        for one in parts.chunks_exact(2) {
            let part = file.parts.iter().position(|part| part.id == one[0])?;
            if scan.parts.iter().any(|other| other.part == part) {
                return None;
            }
            let table =
                |slots: &[Option<Rc<Table>>; 4], slot: u8| slots.get(usize::from(slot))?.clone();
            let (dc, ac) = (table(&self.dc, one[1] >> 4), table(&self.ac, one[1] & 15));
            let needs_dc = scan.first == 0 && scan.high == 0;
            if needs_dc && dc.is_none() || scan.last > 0 && ac.is_none() {
                return None;
            }
            scan.parts.push(ScanPart { part, dc, ac });
        }
        (!scan.parts.is_empty()).then(|| file.scans.push(scan))
    }
}
