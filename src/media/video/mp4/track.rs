//! A track of a film: what it shows, how it is turned, when it begins, and which of all tracks
//! are kept (ISO/IEC 14496-12 section 8.3).

use super::boxes::{Boxes, find, need};
use super::entry::{self, Codec, Entry};
use super::table::{self, Budget, Chunk, Sample};
use crate::media::video::bytes::Bytes;
use crate::media::video::{Result, Trouble, damaged, refuse};

/// Most tracks, and most parts that one track is cut into.
const MOST_TRACKS: usize = 64;
const MOST_EDITS: u32 = 4096;

/// What a track is for; all others (texts, places, times, chapters) are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Pictures,
    Sound,
}

/// A part of a track that is played: for how long, in units of the film, and from which of its
/// own units on; −1 is a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    pub duration: u64,
    pub start: i64,
    pub rate: u32,
}

/// A track that is kept.
#[derive(Clone, Debug)]
pub struct Track {
    pub id: u32,
    pub purpose: Use,
    /// Units of a second.
    pub scale: u32,
    pub language: u16,
    /// How it is turned, and its sides in 1/65536 of a pixel.
    pub matrix: [u8; 36],
    pub width: u32,
    pub height: u32,
    pub volume: u16,
    pub edits: Vec<Edit>,
    pub entries: Vec<Entry>,
    pub samples: Vec<Sample>,
    pub chunks: Vec<Chunk>,
}

impl Track {
    /// How long all of it takes, in its own units.
    pub fn ticks(&self) -> u64 {
        self.samples.iter().map(|sample| u64::from(sample.delta)).sum()
    }

    /// How long it is played, in units of the film.
    pub fn shown(&self, film_scale: u32) -> u64 {
        if self.edits.is_empty() {
            let ticks = u128::from(self.ticks()) * u128::from(film_scale);
            return u64::try_from(ticks / u128::from(self.scale)).unwrap_or(u64::MAX);
        }
        self.edits.iter().fold(0, |sum, edit| sum.saturating_add(edit.duration))
    }

    /// Whether it is turned by a quarter.
    pub fn is_turned(&self) -> bool {
        let part = |at: usize| &self.matrix[at * 4..at * 4 + 4] != [0; 4].as_slice();
        !part(0) && part(1) && part(3) && !part(4)
    }
}

/// What a track is, before its tables are read.
struct Candidate<'a> {
    trak: &'a [u8],
    purpose: Use,
    enabled: bool,
    entries: Result<Vec<Entry>>,
}

/// The tracks of a film that are kept: its pictures and its sound, one of each.
///
/// # Errors
/// When there is nothing that can be played, or something that must be coded anew first.
pub fn choose(moov: &[u8], sound_only: bool, budget: &mut Budget) -> Result<Vec<Track>> {
    let mut candidates = Vec::new();
    let traks = Boxes(moov).filter(|each| !matches!(each, Ok((kind, _)) if kind != b"trak"));
    for (number, each) in traks.enumerate() {
        if number >= MOST_TRACKS {
            return refuse(format!("The video has more than {MOST_TRACKS} tracks"));
        }
        let (_, trak) = each?;
        candidates.extend(candidate(trak)?);
    }
    let mut tracks = Vec::new();
    for purpose in [Use::Pictures, Use::Sound] {
        if purpose == Use::Pictures && sound_only {
            continue;
        }
        let mut these: Vec<_> = candidates.extract_if(.., |c| c.purpose == purpose).collect();
        // one that is switched on before those that are not, and one that plays before all
        these.sort_by_key(|c| (c.entries.is_err(), !c.enabled));
        let Some(best) = these.into_iter().next() else { continue };
        let entries = best.entries?;
        tracks.push(read(best.trak, best.purpose, entries, budget)?);
    }
    if tracks.is_empty() {
        return refuse("The file has neither pictures nor sound");
    }
    Ok(tracks)
}

fn candidate(trak: &[u8]) -> Result<Option<Candidate<'_>>> {
    let mdia = need(trak, b"mdia")?;
    let purpose = match need(mdia, b"hdlr")?.get(8..12) {
        Some(b"vide") => Use::Pictures,
        Some(b"soun") => Use::Sound,
        _ => return Ok(None),
    };
    let enabled = need(trak, b"tkhd")?.get(3).is_some_and(|flags| flags & 1 == 1);
    let minf = need(mdia, b"minf")?;
    let outside = outside(minf)?;
    let stbl = need(minf, b"stbl")?;
    let entries = entry::read(need(stbl, b"stsd")?, purpose);
    if let Ok(entries) = &entries
        && entries.iter().any(|entry| outside.get(entry.reference).copied().unwrap_or(true))
    {
        return refuse("The video is not in this file, which only says where it lies");
    }
    Ok(Some(Candidate { trak, purpose, enabled, entries }))
}

/// Which of the data references, from 1 on, are other files (8.7.2): such are never opened.
fn outside(minf: &[u8]) -> Result<Vec<bool>> {
    let mut found = vec![true];
    let Some(dinf) = find(minf, b"dinf")? else { return Ok(vec![true, false]) };
    let mut dref = Bytes(need(dinf, b"dref")?);
    let (_, count) = (dref.u32()?, dref.u32()?);
    for each in Boxes(dref.0).take(count.min(16) as usize) {
        let (_, body) = each?;
        found.push(body.get(3).is_none_or(|flags| flags & 1 == 0));
    }
    Ok(found)
}

fn read(trak: &[u8], purpose: Use, entries: Vec<Entry>, budget: &mut Budget) -> Result<Track> {
    let mut tkhd = Bytes(need(trak, b"tkhd")?);
    let wide = tkhd.u32()? >> 24 == 1;
    // when it was made and changed
    tkhd.take(if wide { 16 } else { 8 })?;
    let id = tkhd.u32()?;
    // the duration between reserved ones, the layer and the group
    tkhd.take(if wide { 24 } else { 20 })?;
    let volume = tkhd.u16()?;
    tkhd.u16()?;
    let matrix = tkhd.array()?;
    let (width, height) = (tkhd.u32()?, tkhd.u32()?);
    let mdia = need(trak, b"mdia")?;
    let mut mdhd = Bytes(need(mdia, b"mdhd")?);
    let wide = mdhd.u32()? >> 24 == 1;
    mdhd.take(if wide { 16 } else { 8 })?;
    let scale = mdhd.u32()?;
    mdhd.take(if wide { 8 } else { 4 })?;
    let language = mdhd.u16()?;
    if scale == 0 {
        return damaged();
    }
    let stbl = need(need(mdia, b"minf")?, b"stbl")?;
    let (samples, chunks) = table::read(stbl, budget)?;
    if chunks.iter().any(|chunk| chunk.entry == 0 || chunk.entry as usize > entries.len()) {
        return damaged();
    }
    let edits = edits(trak)?;
    Ok(Track {
        id,
        purpose,
        scale,
        language,
        matrix,
        width,
        height,
        volume,
        edits,
        entries,
        samples,
        chunks,
    })
}

/// The list of edits (8.6.6).
fn edits(trak: &[u8]) -> Result<Vec<Edit>> {
    let Some(edts) = find(trak, b"edts")? else { return Ok(Vec::new()) };
    let Some(elst) = find(edts, b"elst")? else { return Ok(Vec::new()) };
    let mut bytes = Bytes(elst);
    let wide = bytes.u32()? >> 24 == 1;
    let count = bytes.u32()?;
    if count > MOST_EDITS {
        return refuse(format!("The video is cut into more than {MOST_EDITS} parts"));
    }
    let mut edits = Vec::new();
    for _ in 0..count {
        let (duration, start) = if wide {
            (bytes.u64()?, bytes.i64()?)
        } else {
            (u64::from(bytes.u32()?), i64::from(bytes.i32()?))
        };
        edits.push(Edit { duration, start, rate: bytes.u32()? });
    }
    Ok(edits)
}

impl Track {
    /// The sides as they are shown, before it is turned.
    pub fn sides(&self) -> (u32, u32) {
        let coded = self.entries.first().map_or((0, 0), |entry| match entry.codec {
            Codec::Pictures { width, height } => (u32::from(width), u32::from(height)),
            Codec::Sound(_) => (0, 0),
        });
        match (self.width >> 16, self.height >> 16) {
            (0, _) | (_, 0) => coded,
            shown => shown,
        }
    }

    /// Refuses samples that lie outside of a file of this length; how many bytes they all have.
    pub fn check(&self, length: u64) -> Result<u64> {
        let mut samples = self.samples.iter();
        let mut all = 0_u64;
        for chunk in &self.chunks {
            let these = samples.by_ref().take(chunk.samples as usize);
            let bytes: u64 = these.map(|sample| u64::from(sample.size)).sum();
            all = all.saturating_add(bytes);
            if chunk.offset.checked_add(bytes).is_none_or(|end| end > length) {
                return Err(Trouble::from(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)));
            }
        }
        Ok(all)
    }
}
