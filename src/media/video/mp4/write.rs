//! Writing a film: the index first, so that playing can begin before all of it has arrived, then
//! the samples of its tracks and nothing else. Times of making and changing are zero, names of
//! programs are empty.

use std::io::{Read, Seek, Write};
use std::ops::Range;

use super::boxes::{put, put_full, put_u16, put_u32, put_u64};
use super::nal;
use super::table::{Chunk, Sample};
use super::track::{Track, Use};
use crate::media::video::Result;
use crate::media::video::bytes::Source;

/// Where each chunk of each track will lie.
type Places = Vec<Vec<u64>>;

/// Chunks in the order in which they lie in the file that came.
struct Piece {
    offset: u64,
    bytes: u64,
    track: usize,
    chunk: usize,
    samples: Range<usize>,
}

/// Writes the file; how many bytes it has.
pub fn write<R: Read + Seek>(
    source: &mut Source<'_, R>,
    tracks: &[Track],
    film_scale: u32,
    output: &mut impl Write,
) -> Result<u64> {
    let pieces = pieces(tracks);
    let data: u64 = pieces.iter().map(|piece| piece.bytes).sum();
    let mut head = Vec::new();
    brands(&mut head, tracks);
    let mut places: Places = tracks.iter().map(|track| vec![0; track.chunks.len()]).collect();
    // with places of the same width, of which only the length counts
    let long = data > u64::from(u32::MAX / 2);
    let index = index(tracks, film_scale, &places, long).len() as u64;
    let data_head = if long { 16 } else { 8 };
    let mut at = head.len() as u64 + index + data_head;
    let whole = at + data;
    for piece in &pieces {
        places[piece.track][piece.chunk] = at;
        at += piece.bytes;
    }
    head.extend_from_slice(&self::index(tracks, film_scale, &places, long));
    if long {
        put_u32(&mut head, 1);
        head.extend_from_slice(b"mdat");
        put_u64(&mut head, data + data_head);
    } else {
        put_u32(&mut head, u32::try_from(data + data_head).unwrap_or(u32::MAX));
        head.extend_from_slice(b"mdat");
    }
    output.write_all(&head)?;
    for piece in &pieces {
        source.seek(piece.offset)?;
        let track = &tracks[piece.track];
        let entry = track.entries.get(track.chunks[piece.chunk].entry as usize - 1);
        let Some(width) = entry.and_then(|entry| entry.units) else {
            source.copy(piece.bytes, output)?;
            continue;
        };
        for sample in &track.samples[piece.samples.clone()] {
            nal::copy(source, u64::from(sample.size), width, output)?;
        }
    }
    Ok(whole)
}

fn pieces(tracks: &[Track]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (number, track) in tracks.iter().enumerate() {
        let mut first = 0;
        for (chunk, Chunk { offset, samples: count, .. }) in track.chunks.iter().enumerate() {
            let samples = first..(first + *count as usize).min(track.samples.len());
            first = samples.end;
            let each = track.samples[samples.clone()].iter();
            let bytes = each.map(|sample| u64::from(sample.size)).sum();
            pieces.push(Piece { offset: *offset, bytes, track: number, chunk, samples });
        }
    }
    pieces.sort_by_key(|piece| piece.offset);
    pieces
}

fn brands(out: &mut Vec<u8>, tracks: &[Track]) {
    let has_pictures = tracks.iter().any(|track| track.purpose == Use::Pictures);
    put(out, b"ftyp", |out| {
        let all: &[&[u8; 4]] = if has_pictures {
            &[b"isom", b"\0\0\x02\0", b"isom", b"iso2", b"mp41"]
        } else {
            &[b"M4A ", b"\0\0\x02\0", b"M4A ", b"isom", b"iso2"]
        };
        all.iter().for_each(|brand| out.extend_from_slice(*brand));
    });
}

/// A duration that is not known is written as all ones.
fn short(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// No turning: 1 on the diagonal, in 1/65536 and, at its end, 1/2³⁰.
const STRAIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn index(tracks: &[Track], film_scale: u32, places: &Places, long: bool) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, b"moov", |out| {
        put_full(out, b"mvhd", 0, 0, |out| {
            put_u64(out, 0);
            put_u32(out, film_scale);
            put_u32(out, short(duration(tracks, film_scale)));
            put_u32(out, 0x1_0000);
            put_u16(out, 0x100);
            out.extend_from_slice(&[0; 10]);
            STRAIGHT.iter().for_each(|n| put_u32(out, *n));
            out.extend_from_slice(&[0; 24]);
            put_u32(out, short(tracks.len() as u64 + 1));
        });
        for (number, (track, places)) in tracks.iter().zip(places).enumerate() {
            put(out, b"trak", |out| trak(out, number, track, film_scale, places, long));
        }
    });
    out
}

/// How long the film is, in its own units.
pub fn duration(tracks: &[Track], film_scale: u32) -> u64 {
    tracks.iter().map(|track| track.shown(film_scale)).max().unwrap_or(0)
}

fn trak(
    out: &mut Vec<u8>,
    number: usize,
    track: &Track,
    film_scale: u32,
    places: &[u64],
    long: bool,
) {
    // on, and in the film
    put_full(out, b"tkhd", 0, 3, |out| {
        put_u64(out, 0);
        put_u32(out, short(number as u64 + 1));
        put_u32(out, 0);
        put_u32(out, short(track.shown(film_scale)));
        out.extend_from_slice(&[0; 12]);
        put_u16(out, track.volume);
        put_u16(out, 0);
        out.extend_from_slice(&track.matrix);
        put_u32(out, track.width);
        put_u32(out, track.height);
    });
    if !track.edits.is_empty() {
        put(out, b"edts", |out| {
            put_full(out, b"elst", 1, 0, |out| {
                put_u32(out, short(track.edits.len() as u64));
                for edit in &track.edits {
                    put_u64(out, edit.duration);
                    put_u64(out, edit.start.cast_unsigned());
                    put_u32(out, edit.rate);
                }
            });
        });
    }
    let (handler, name): (&[u8; 4], &[u8]) = match track.purpose {
        Use::Pictures => (b"vide", b"vide\0"),
        Use::Sound => (b"soun", b"soun\0"),
    };
    put(out, b"mdia", |out| {
        put_full(out, b"mdhd", 0, 0, |out| {
            put_u64(out, 0);
            put_u32(out, track.scale);
            put_u32(out, short(track.ticks()));
            put_u16(out, track.language);
            put_u16(out, 0);
        });
        put_full(out, b"hdlr", 0, 0, |out| {
            put_u32(out, 0);
            out.extend_from_slice(handler);
            out.extend_from_slice(&[0; 12]);
            out.extend_from_slice(name);
        });
        put(out, b"minf", |out| {
            match track.purpose {
                Use::Pictures => {
                    put_full(out, b"vmhd", 0, 1, |out| out.extend_from_slice(&[0; 8]));
                }
                Use::Sound => put_full(out, b"smhd", 0, 0, |out| put_u32(out, 0)),
            }
            // everything is in this file
            put(out, b"dinf", |out| {
                put_full(out, b"dref", 0, 0, |out| {
                    put_u32(out, 1);
                    put_full(out, b"url ", 0, 1, |_| {});
                });
            });
            put(out, b"stbl", |out| stbl(out, track, places, long));
        });
    });
}

/// Writes values that are the same for a while as counts and values.
fn put_runs<T: PartialEq + Copy>(
    out: &mut Vec<u8>,
    values: impl Iterator<Item = T>,
    write: impl Fn(&mut Vec<u8>, T),
) {
    let count_at = out.len();
    put_u32(out, 0);
    let (mut count, mut now): (u32, Option<(T, u32)>) = (0, None);
    let mut end = |out: &mut Vec<u8>, (value, many): (T, u32)| {
        put_u32(out, many);
        write(out, value);
        count += 1;
    };
    for value in values {
        now = match now {
            Some((same, many)) if same == value => Some((same, many + 1)),
            Some(before) => {
                end(out, before);
                Some((value, 1))
            }
            None => Some((value, 1)),
        };
    }
    if let Some(last) = now {
        end(out, last);
    }
    out[count_at..count_at + 4].copy_from_slice(&count.to_be_bytes());
}

fn stbl(out: &mut Vec<u8>, track: &Track, places: &[u64], long: bool) {
    let samples = &track.samples;
    put_full(out, b"stsd", 0, 0, |out| {
        put_u32(out, short(track.entries.len() as u64));
        track.entries.iter().for_each(|entry| out.extend_from_slice(&entry.bytes));
    });
    put_full(out, b"stts", 0, 0, |out| {
        put_runs(out, samples.iter().map(|sample| sample.delta), put_u32);
    });
    if samples.iter().any(|sample| sample.shift != 0) {
        let version = u8::from(samples.iter().any(|sample| sample.shift < 0));
        put_full(out, b"ctts", version, 0, |out| {
            let shifts = samples.iter().map(|sample| sample.shift.cast_unsigned());
            put_runs(out, shifts, put_u32);
        });
    }
    if samples.iter().any(|sample| !sample.sync) {
        put_full(out, b"stss", 0, 0, |out| {
            let numbers = || (1_u32..).zip(samples).filter(|(_, s)| s.sync).map(|(n, _)| n);
            put_u32(out, short(numbers().count() as u64));
            numbers().for_each(|number| put_u32(out, number));
        });
    }
    put_full(out, b"stsc", 0, 0, |out| {
        let count_at = out.len();
        put_u32(out, 0);
        let (mut count, mut before) = (0_u32, None);
        for (number, chunk) in (1_u32..).zip(&track.chunks) {
            let now = Some((chunk.samples, chunk.entry));
            if now != before {
                put_u32(out, number);
                put_u32(out, chunk.samples);
                put_u32(out, chunk.entry);
                (count, before) = (count + 1, now);
            }
        }
        out[count_at..count_at + 4].copy_from_slice(&count.to_be_bytes());
    });
    put_full(out, b"stsz", 0, 0, |out| sizes(out, samples));
    put_full(out, if long { b"co64" } else { b"stco" }, 0, 0, |out| {
        put_u32(out, short(places.len() as u64));
        for place in places {
            if long { put_u64(out, *place) } else { put_u32(out, short(*place)) }
        }
    });
}

fn sizes(out: &mut Vec<u8>, samples: &[Sample]) {
    let first = samples.first().map_or(0, |sample| sample.size);
    let same = first != 0 && samples.iter().all(|sample| sample.size == first);
    put_u32(out, if same { first } else { 0 });
    put_u32(out, short(samples.len() as u64));
    if !same {
        samples.iter().for_each(|sample| put_u32(out, sample.size));
    }
}
