//! MP4, QuickTime and M4A files (ISO/IEC 14496-12): the index is read whole, within limits, and
//! written anew of the parts that are known; the samples that it names are copied. What it does
//! not name is not carried over: places and names (`udta`, `meta`, `uuid`), tracks of places,
//! times and texts, free space, what lies between samples, what lies behind the end.

mod boxes;
mod cover;
mod entry;
mod fragment;
mod nal;
mod table;
#[cfg(test)]
mod tests;
mod track;
mod write;

use std::io::{Read, Seek, Write};

use boxes::need;
pub use cover::cover;
use entry::Codec;
use fragment::Fragments;
use table::Budget;
use track::{Track, Use};

use super::bytes::{Bytes, Source};
use super::{Clip, Pictures, Result, damaged, refuse};
use crate::media::format::Format;

/// The longest index, and the longest of one fragment. A million samples take less.
const LONGEST_INDEX: usize = 24 << 20;
const LONGEST_FRAGMENT: usize = 1 << 20;

/// Reads a file and writes it anew. With `sound_only` pictures are left out: they are covers.
///
/// # Errors
/// When it is damaged, encrypted, not all there, beyond the limits, or made for other players.
pub fn clean<R: Read + Seek>(
    input: &mut R,
    output: &mut impl Write,
    sound_only: bool,
) -> Result<Clip> {
    let mut source = Source::new(input)?;
    let mut budget = Budget::new();
    let mut film: Option<Film> = None;
    boxes::walk(&mut source, |source, kind, at, body| {
        match (&kind, &mut film) {
            (b"moov", None) => {
                let moov = source.load(body.end - body.start, LONGEST_INDEX)?;
                film = Some(Film::read(&moov, sound_only, &mut budget)?);
            }
            (b"moof", Some(Film { fragments: Some(fragments), tracks, .. })) => {
                let moof = source.load(body.end - body.start, LONGEST_FRAGMENT)?;
                fragments.add(&moof, at, tracks, &mut budget)?;
            }
            (b"moof", _) => return damaged(),
            _ => {}
        }
        Ok(())
    })?;
    let Some(mut film) = film else { return refuse("The file has no index: it is not whole") };
    if let Some(fragments) = film.fragments.take() {
        fragments.finish(&mut film.tracks, film.scale);
    }
    // some programs write a track of sound although there is none
    film.tracks.retain(|track| !track.samples.is_empty());
    if film.tracks.is_empty() {
        return refuse("The video is empty");
    }
    let clip = film.clip()?;
    let mut all = 0_u64;
    for track in &film.tracks {
        all = all.saturating_add(track.check(source.length())?);
    }
    // no sample lies where another lies: a small file does not become a large one
    if all > source.length() {
        return damaged();
    }
    write::write(&mut source, &film.tracks, film.scale, output)?;
    Ok(clip)
}

/// Units as seconds.
fn seconds(units: u64, scale: u32) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let units = units as f64;
    units / f64::from(scale)
}

/// The index of a file.
struct Film {
    /// Units of a second.
    scale: u32,
    tracks: Vec<Track>,
    fragments: Option<Fragments>,
}

impl Film {
    fn read(moov: &[u8], sound_only: bool, budget: &mut Budget) -> Result<Self> {
        let mut mvhd = Bytes(need(moov, b"mvhd")?);
        let wide = mvhd.u32()? >> 24 == 1;
        mvhd.take(if wide { 16 } else { 8 })?;
        let scale = mvhd.u32()?;
        if scale == 0 {
            return damaged();
        }
        let length = if wide { mvhd.u64()? } else { u64::from(mvhd.u32()?) };
        let tracks = track::choose(moov, sound_only, budget);
        let tracks = tracks.map_err(|trouble| trouble.lasting(seconds(length, scale)))?;
        let fragments = Fragments::new(moov, &tracks)?;
        Ok(Self { scale, tracks, fragments })
    }

    fn clip(&self) -> Result<Clip> {
        let duration = seconds(write::duration(&self.tracks, self.scale), self.scale);
        let mut clip = Clip { format: Format::M4a, duration, pictures: None, sound: None };
        for track in &self.tracks {
            match (track.purpose, track.entries.first().map(|entry| &entry.codec)) {
                (Use::Pictures, _) => {
                    let (mut width, mut height) = track.sides();
                    if track.is_turned() {
                        (width, height) = (height, width);
                    }
                    let (count, ticks) = (track.samples.len() as u64, track.ticks());
                    let scale = u64::from(track.scale);
                    clip.pictures = Some(Pictures::new(width, height, count, ticks, scale)?);
                    clip.format = Format::Mp4;
                }
                (Use::Sound, Some(Codec::Sound(sound))) => clip.sound = Some(sound.clone()),
                (Use::Sound, _) => return damaged(),
            }
        }
        clip.check()
    }
}
