//! WebM files (RFC 9559, as the WebM project restricts it): walked through once to see what there
//! is, then written anew: the tracks that are kept, an index, and their blocks. Titles, dates,
//! programs, tags, attachments, chapters, additions to blocks and empty space are not carried
//! over. What a recorder left open, clusters and segments without a length, gets one, and a
//! duration and an index that it had not.

mod element;
#[cfg(test)]
mod tests;
mod track;
mod write;

use std::io::{Read, Seek, Write};

use element::{find, id, number, read_head};
use track::{Codec, Track};

use super::bytes::Source;
use super::{Clip, MAX_SAMPLES, Pictures, Result, damaged, refuse};
use crate::media::format::Format;

/// The longest description of tracks, and the longest element that is read whole beside it.
const LONGEST_TRACKS: usize = 1 << 20;
const LONGEST: usize = 64 * 1024;
/// Most clusters.
const MOST_CLUSTERS: usize = 200_000;
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// A block, where its data lies, and what is written before it.
#[derive(Clone, Copy, Debug)]
struct Block {
    at: u64,
    size: u32,
    /// After the begin of its cluster.
    time: i16,
    /// The number of its track, from 1 on.
    track: u8,
    flags: u8,
}

/// Playing may begin at this block.
const KEY: u8 = 0x80;

/// Blocks with a begin, in units of the file.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    time: u64,
    blocks: usize,
}

/// What is in a file.
#[derive(Default)]
struct Film {
    /// Nanoseconds of its unit.
    scale: u64,
    /// Seconds, as it says itself.
    stated: f64,
    tracks: Vec<Track>,
    clusters: Vec<Cluster>,
    blocks: Vec<Block>,
}

/// Reads a file and writes it anew.
///
/// # Errors
/// When it is damaged, encrypted, beyond the limits, or made for other players.
pub fn clean<R: Read + Seek>(input: &mut R, output: &mut impl Write) -> Result<Clip> {
    let mut source = Source::new(input)?;
    let (what, size) = read_head(&mut source)?;
    let Some(size) = size.filter(|_| what == id::EBML) else { return damaged() };
    let head = source.load(size, LONGEST)?;
    if find(&head, id::DOC_TYPE)?.map(<[u8]>::trim_ascii_end) != Some(b"webm") {
        return refuse("The file is Matroska, but not WebM");
    }
    let mut film = Film::read(&mut source)?;
    // pictures come first: a track of sound without any is none
    if film.tracks.len() == 2 && !film.blocks.iter().any(|block| block.track == 2) {
        film.tracks.truncate(1);
    }
    let (clip, duration) = film.clip()?;
    write::write(&mut source, &film, duration, output)?;
    Ok(clip)
}

impl Film {
    fn read<R: Read + Seek>(source: &mut Source<'_, R>) -> Result<Self> {
        let mut film = Self { scale: 1_000_000, ..Self::default() };
        // what is in segments and clusters is read as if it stood beside them: where they end
        // does not matter then, and what has no length needs none
        while source.at() + 2 <= source.length() {
            let Ok((what, size)) = read_head(source) else { break };
            if matches!(what, id::SEGMENT | id::CLUSTER) {
                if what == id::CLUSTER {
                    if film.clusters.len() >= MOST_CLUSTERS {
                        return refuse("The video is cut into too many parts");
                    }
                    film.clusters.push(Cluster { time: 0, blocks: 0 });
                }
                continue;
            }
            let Some(size) = size else { return damaged() };
            let end = source.at().saturating_add(size);
            // a recording that was cut off is played up to there
            if end > source.length() {
                break;
            }
            film.take(source, what, size)?;
            // another file behind it is not looked at
            if what == id::EBML {
                break;
            }
            source.seek(end)?;
        }
        Ok(film)
    }

    fn take<R: Read + Seek>(
        &mut self,
        source: &mut Source<'_, R>,
        what: u32,
        size: u64,
    ) -> Result<()> {
        match what {
            id::INFO => {
                let info = source.load(size, LONGEST)?;
                if let Some(scale) = find(&info, id::TIMESTAMP_SCALE)? {
                    self.scale = number(scale)?;
                }
                if self.scale == 0 || self.scale > SECOND {
                    return damaged();
                }
                let units = find(&info, id::DURATION)?.map(element::float).transpose()?;
                #[allow(clippy::cast_precision_loss)] // at most 10⁹
                let stated = units.unwrap_or(0.0) * self.scale as f64 / SECOND as f64;
                self.stated = if stated.is_finite() { stated.max(0.0) } else { 0.0 };
            }
            id::TRACKS if self.tracks.is_empty() => {
                let tracks = track::choose(&source.load(size, LONGEST_TRACKS)?);
                self.tracks = tracks.map_err(|trouble| trouble.lasting(self.stated))?;
            }
            id::TIMESTAMP => {
                let time = number(&source.load(size, 8)?)?;
                if let Some(cluster) = self.clusters.last_mut() {
                    cluster.time = time;
                }
            }
            id::SIMPLE_BLOCK => self.block(source, size, None)?,
            id::BLOCK_GROUP => self.group(source, size)?,
            _ => {}
        }
        Ok(())
    }

    /// A block with words about it: one that needs no other is one to begin at.
    fn group<R: Read + Seek>(&mut self, source: &mut Source<'_, R>, size: u64) -> Result<()> {
        let end = source.at() + size;
        let (mut block, mut key) = (None, true);
        while source.at() + 2 <= end {
            let (what, Some(size)) = read_head(source)? else { return damaged() };
            let next = source.at().saturating_add(size);
            if next > end {
                return damaged();
            }
            match what {
                id::BLOCK => block = Some((source.at(), size)),
                id::REFERENCE => key = false,
                _ => {}
            }
            source.seek(next)?;
        }
        let Some((at, size)) = block else { return Ok(()) };
        source.seek(at)?;
        self.block(source, size, Some(key))
    }

    /// Takes a block in; `key`: whether playing may begin here, where it does not say so itself.
    fn block<R: Read + Seek>(
        &mut self,
        source: &mut Source<'_, R>,
        size: u64,
        key: Option<bool>,
    ) -> Result<()> {
        if size < 4 {
            return damaged();
        }
        let mut head = [0; 5];
        source.read(&mut head[..4])?;
        let (number, used) = match head[0] {
            first @ 0x80.. => (u64::from(first & 0x7f), 4),
            first @ 0x40..0x80 if size > 4 => {
                source.read(&mut head[4..])?;
                (u64::from(first & 0x3f) << 8 | u64::from(head[1]), 5)
            }
            // nobody has so many tracks
            _ => return Ok(()),
        };
        let place = self.tracks.iter().position(|track| track.number == number);
        let (Some(place), Some(cluster)) = (place, self.clusters.last_mut()) else {
            return Ok(());
        };
        if self.blocks.len() >= MAX_SAMPLES {
            return refuse(format!("The video has more than {MAX_SAMPLES} pictures and sounds"));
        }
        let Ok(data) = u32::try_from(size - used as u64) else { return damaged() };
        let flags = head[used - 1];
        let key = key.unwrap_or(flags & KEY != 0);
        self.blocks.push(Block {
            at: source.at(),
            size: data,
            time: i16::from_be_bytes([head[used - 3], head[used - 2]]),
            track: u8::try_from(place + 1).unwrap_or(1),
            // whether it is shown, and how it is laced
            flags: flags & 0x0e | if key { KEY } else { 0 },
        });
        cluster.blocks += 1;
        Ok(())
    }

    /// The blocks of each cluster.
    fn each(&self) -> impl Iterator<Item = (&Cluster, &[Block])> {
        let mut rest = self.blocks.as_slice();
        self.clusters.iter().map(move |cluster| {
            let (these, others) = rest.split_at(cluster.blocks);
            rest = others;
            (cluster, these)
        })
    }

    /// What is in it, and how long it is in its own units.
    fn clip(&self) -> Result<(Clip, u64)> {
        let mut counts = [0_u64; 2];
        let mut last = [(u64::MAX, 0_u64); 2];
        for (cluster, blocks) in self.each() {
            for block in blocks {
                let place = usize::from(block.track - 1).min(1);
                let time = cluster.time.saturating_add_signed(i64::from(block.time));
                counts[place] += 1;
                last[place] = (last[place].0.min(time), last[place].1.max(time));
            }
        }
        let mut clip = Clip { format: Format::WebA, duration: 0.0, pictures: None, sound: None };
        let mut end = 0_u64;
        for (place, track) in self.tracks.iter().enumerate() {
            let (count, (first, last)) = (counts[place], last[place]);
            if count == 0 {
                continue;
            }
            let ticks = last - first;
            // the last one is there for as long as the others
            let one = track.each.map_or(ticks / count.max(2), |each| each / self.scale);
            end = end.max(last.saturating_add(one));
            match &track.codec {
                Codec::Pictures { shown, coded } => {
                    let nanoseconds = ticks.saturating_mul(self.scale);
                    Pictures::new(coded.0, coded.1, 1, 1, 1)?;
                    let pictures = Pictures::new(shown.0, shown.1, count - 1, nanoseconds, SECOND)?;
                    clip.pictures = Some(pictures);
                    clip.format = Format::WebM;
                }
                Codec::Sound(sound) => clip.sound = Some(sound.clone()),
            }
        }
        if clip.pictures.is_none() && (clip.sound.is_none() || self.has_pictures()) {
            return refuse("The video is empty");
        }
        #[allow(clippy::cast_precision_loss)]
        let seconds = end as f64 * self.scale as f64 / SECOND as f64;
        clip.duration = seconds;
        Ok((clip.check()?, end))
    }

    fn has_pictures(&self) -> bool {
        self.tracks.iter().any(Track::has_pictures)
    }
}
