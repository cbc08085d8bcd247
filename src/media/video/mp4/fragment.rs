//! Fragments, which recorders write who do not know yet how long a film will be (ISO/IEC 14496-12
//! section 8.8): their samples are added to those of the film's own table.

use std::ops::Range;

use super::boxes::{Boxes, find, need};
use super::table::{Budget, Chunk, Sample};
use super::track::Track;
use crate::media::video::bytes::Bytes;
use crate::media::video::{Result, damaged};

/// What samples are like that do not say it (`trex`).
#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    entry: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

/// A kept track while its fragments are read.
struct Growing {
    usual: Usual,
    /// Where the next sample begins, in units of the track, once one fragment was read; and where
    /// the first began.
    next: Option<u64>,
    first: u64,
}

/// The fragments of a film.
pub struct Fragments {
    growing: Vec<Growing>,
}

impl Fragments {
    /// `None`: the film has none.
    pub fn new(moov: &[u8], tracks: &[Track]) -> Result<Option<Self>> {
        let Some(mvex) = find(moov, b"mvex")? else { return Ok(None) };
        let mut growing: Vec<Growing> = tracks
            .iter()
            .map(|_| Growing { usual: Usual::default(), next: None, first: 0 })
            .collect();
        for each in Boxes(mvex) {
            let (kind, body) = each?;
            if &kind != b"trex" {
                continue;
            }
            let mut bytes = Bytes(body);
            let (_, id) = (bytes.u32()?, bytes.u32()?);
            let usual = Usual {
                entry: bytes.u32()?,
                duration: bytes.u32()?,
                size: bytes.u32()?,
                flags: bytes.u32()?,
            };
            for (track, grown) in tracks.iter().zip(&mut growing) {
                if track.id == id {
                    grown.usual = usual;
                }
            }
        }
        Ok(Some(Self { growing }))
    }

    /// Adds what the fragment tells whose `moof` is at `at` in the file.
    pub fn add(
        &mut self,
        moof: &[u8],
        at: u64,
        tracks: &mut [Track],
        budget: &mut Budget,
    ) -> Result<()> {
        // where the data begins for those who do not say it
        let mut data = at;
        for each in Boxes(moof) {
            let (kind, traf) = each?;
            if &kind != b"traf" {
                continue;
            }
            let id = Bytes(need(traf, b"tfhd")?.get(4..).unwrap_or_default()).u32()?;
            let known = tracks.iter().position(|track| track.id == id);
            let mut nowhere = Growing { usual: Usual::default(), next: None, first: 0 };
            let grown = match known {
                Some(number) => &mut self.growing[number],
                None => &mut nowhere,
            };
            let track = known.map(|number| &mut tracks[number]);
            data = fragment(traf, at, data, grown, track, budget)?;
        }
        Ok(())
    }

    /// Tracks that begin later than others do so in what is written: a pause before them.
    pub fn finish(self, tracks: &mut [Track], film_scale: u32) {
        let begin = |track: &Track, grown: &Growing| {
            u128::from(grown.first) * u128::from(film_scale) / u128::from(track.scale)
        };
        let pairs = || tracks.iter().zip(&self.growing);
        let earliest = pairs().map(|(track, grown)| begin(track, grown)).min().unwrap_or(0);
        let later: Vec<u64> = pairs()
            .map(|(track, grown)| u64::try_from(begin(track, grown) - earliest).unwrap_or(0))
            .collect();
        for (track, pause) in tracks.iter_mut().zip(later) {
            let whole = track.ticks();
            for edit in &mut track.edits {
                // to the end, wherever that will be
                if edit.duration == 0 && edit.start >= 0 {
                    let rest = whole.saturating_sub(edit.start.unsigned_abs());
                    let rest = u128::from(rest) * u128::from(film_scale) / u128::from(track.scale);
                    edit.duration = u64::try_from(rest).unwrap_or(u64::MAX);
                }
            }
            if pause > 0 {
                if track.edits.is_empty() {
                    let duration = track.shown(film_scale);
                    track.edits.push(super::track::Edit { duration, start: 0, rate: 1 << 16 });
                }
                let pause = super::track::Edit { duration: pause, start: -1, rate: 1 << 16 };
                track.edits.insert(0, pause);
            }
        }
    }
}

/// A `traf`: answers where its data ends.
fn fragment(
    traf: &[u8],
    at: u64,
    before: u64,
    grown: &mut Growing,
    mut track: Option<&mut Track>,
    budget: &mut Budget,
) -> Result<u64> {
    let mut head = Bytes(need(traf, b"tfhd")?);
    let flags = head.u32()?;
    head.u32()?;
    let mut usual = grown.usual;
    let base = if flags & 0x1 != 0 {
        head.u64()?
    } else if flags & 0x2_0000 != 0 {
        at
    } else {
        before
    };
    for (bit, value) in [
        (0x2, &mut usual.entry),
        (0x8, &mut usual.duration),
        (0x10, &mut usual.size),
        (0x20, &mut usual.flags),
    ] {
        if flags & bit != 0 {
            *value = head.u32()?;
        }
    }
    if let Some(tfdt) = find(traf, b"tfdt")? {
        let mut bytes = Bytes(tfdt);
        let wide = bytes.u32()? >> 24 == 1;
        let time = if wide { bytes.u64()? } else { u64::from(bytes.u32()?) };
        match grown.next {
            None => grown.first = time,
            // a gap: the last sample is shown until this one
            Some(next) if time > next => {
                let last = track.as_deref_mut().and_then(|track| track.samples.last_mut());
                if let Some(last) = last {
                    let gap = u32::try_from(time - next).unwrap_or(u32::MAX);
                    last.delta = last.delta.saturating_add(gap);
                }
            }
            Some(_) => {}
        }
        grown.next = Some(time);
    }
    let mut data = base;
    for each in Boxes(traf) {
        let (kind, trun) = each?;
        if &kind != b"trun" {
            continue;
        }
        let run = run(trun, base, data, usual, track.as_deref_mut(), budget)?;
        data = run.place.end;
        grown.next = Some(grown.next.unwrap_or(0).saturating_add(run.ticks));
    }
    Ok(data)
}

struct Run {
    place: Range<u64>,
    ticks: u64,
}

/// A `trun`: samples that lie one behind the other.
fn run(
    trun: &[u8],
    base: u64,
    follows: u64,
    usual: Usual,
    track: Option<&mut Track>,
    budget: &mut Budget,
) -> Result<Run> {
    let mut bytes = Bytes(trun);
    let flags = bytes.u32()?;
    let count = bytes.u32()?;
    let start = if flags & 0x1 != 0 {
        base.checked_add_signed(i64::from(bytes.i32()?))
    } else {
        Some(follows)
    };
    let Some(start) = start else { return damaged() };
    let first = if flags & 0x4 != 0 { Some(bytes.u32()?) } else { None };
    budget.take(count)?;
    let (mut end, mut ticks) = (start, 0_u64);
    let mut samples = Vec::new();
    for number in 0..count {
        let mut own = |bit: u32, usual: u32| if flags & bit != 0 { bytes.u32() } else { Ok(usual) };
        let delta = own(0x100, usual.duration)?;
        let size = own(0x200, usual.size)?;
        let about = own(0x400, first.filter(|_| number == 0).unwrap_or(usual.flags))?;
        let shift = own(0x800, 0)?.cast_signed();
        let Some(next) = end.checked_add(u64::from(size)) else { return damaged() };
        end = next;
        ticks += u64::from(delta);
        if track.is_some() {
            samples.push(Sample { size, delta, shift, sync: about & 0x1_0000 == 0 });
        }
    }
    if let Some(track) = track.filter(|_| count > 0) {
        if usual.entry == 0 || usual.entry as usize > track.entries.len() {
            return damaged();
        }
        track.samples.append(&mut samples);
        track.chunks.push(Chunk { offset: start, samples: count, entry: usual.entry });
    }
    Ok(Run { place: start..end, ticks })
}
