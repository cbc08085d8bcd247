//! Writing a WebM file: what it is, its tracks, an index, and the blocks, with all lengths known.

use std::io::{Read, Seek, Write};

use super::element::{id, put, put_id, put_length, put_number};
use super::{Block, Cluster, Film, KEY};
use crate::media::video::Result;
use crate::media::video::bytes::Source;

/// The index has a place for each so many seconds at the most.
const APART: u64 = 1;

/// Writes the file.
pub fn write<R: Read + Seek>(
    source: &mut Source<'_, R>,
    film: &Film,
    duration: u64,
    output: &mut impl Write,
) -> Result<()> {
    let mut head = header();
    let mut first = info(film, duration);
    tracks(film, &mut first);
    // the index points behind itself: its places have a fixed length
    let length = cues(film, 0).len() as u64;
    let index = cues(film, first.len() as u64 + length);
    let clusters: u64 = film.each().map(|(cluster, blocks)| whole(cluster, blocks)).sum();
    put_id(&mut head, id::SEGMENT);
    put_length(&mut head, first.len() as u64 + length + clusters);
    for part in [head, first, index] {
        output.write_all(&part)?;
    }
    for (cluster, blocks) in film.each() {
        if blocks.is_empty() {
            continue;
        }
        let mut head = Vec::new();
        put_id(&mut head, id::CLUSTER);
        put_length(&mut head, body(cluster, blocks));
        put_number(&mut head, id::TIMESTAMP, cluster.time);
        output.write_all(&head)?;
        for block in blocks {
            output.write_all(&block_head(block))?;
            source.seek(block.at)?;
            source.copy(u64::from(block.size), output)?;
        }
    }
    Ok(())
}

fn header() -> Vec<u8> {
    let mut body = Vec::new();
    // version of EBML, the longest ids and lengths
    for (id, n) in [(0x4286, 1), (0x42f7, 1), (0x42f2, 4), (0x42f3, 8)] {
        put_number(&mut body, id, n);
    }
    put(&mut body, id::DOC_TYPE, b"webm");
    // version of Matroska, and which one a reader has to know
    put_number(&mut body, 0x4287, 4);
    put_number(&mut body, 0x4285, 2);
    let mut out = Vec::new();
    put(&mut out, id::EBML, &body);
    out
}

fn info(film: &Film, duration: u64) -> Vec<u8> {
    let mut body = Vec::new();
    put_number(&mut body, id::TIMESTAMP_SCALE, film.scale);
    // both have to be there; what was there before is nobody's business
    put(&mut body, id::MUXING_APP, b"Dassie");
    put(&mut body, id::WRITING_APP, b"Dassie");
    #[allow(clippy::cast_precision_loss)]
    put(&mut body, id::DURATION, &(duration as f64).to_be_bytes());
    let mut out = Vec::new();
    put(&mut out, id::INFO, &body);
    out
}

fn tracks(film: &Film, out: &mut Vec<u8>) {
    let mut all = Vec::new();
    for (number, track) in (1_u64..).zip(&film.tracks) {
        let mut body = Vec::new();
        put_number(&mut body, id::TRACK_NUMBER, number);
        put_number(&mut body, id::TRACK_UID, number);
        put_number(&mut body, id::TRACK_TYPE, if track.has_pictures() { 1 } else { 2 });
        body.extend_from_slice(&track.body);
        put(&mut all, id::TRACK_ENTRY, &body);
    }
    put(out, id::TRACKS, &all);
}

/// The index, when the first cluster lies so many bytes behind the begin of the segment.
fn cues(film: &Film, mut at: u64) -> Vec<u8> {
    let main = place(film, film.has_pictures());
    let apart = APART * super::SECOND / film.scale.max(1);
    let (mut body, mut next) = (Vec::new(), 0);
    for (cluster, blocks) in film.each() {
        let key = blocks.iter().find(|block| block.track == main && block.flags & KEY != 0);
        if let Some(block) = key {
            let time = cluster.time.saturating_add_signed(i64::from(block.time));
            if time >= next {
                let mut position = Vec::new();
                put_number(&mut position, id::CUE_TRACK, u64::from(main));
                put(&mut position, id::CUE_CLUSTER, &at.to_be_bytes());
                let mut point = Vec::new();
                put_number(&mut point, id::CUE_TIME, time);
                put(&mut point, id::CUE_POSITIONS, &position);
                put(&mut body, id::CUE_POINT, &point);
                next = time.saturating_add(apart);
            }
        }
        at += whole(cluster, blocks);
    }
    let mut out = Vec::new();
    put(&mut out, id::CUES, &body);
    out
}

/// The number of the first track with pictures, or without.
fn place(film: &Film, pictures: bool) -> u8 {
    let place = film.tracks.iter().position(|track| track.has_pictures() == pictures);
    u8::try_from(place.unwrap_or(0) + 1).unwrap_or(1)
}

fn block_head(block: &Block) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    put_id(&mut out, id::SIMPLE_BLOCK);
    put_length(&mut out, u64::from(block.size) + 4);
    out.push(0x80 | block.track);
    out.extend_from_slice(&block.time.to_be_bytes());
    out.push(block.flags);
    out
}

/// The bytes in a cluster.
fn body(cluster: &Cluster, blocks: &[Block]) -> u64 {
    let mut time = Vec::new();
    put_number(&mut time, id::TIMESTAMP, cluster.time);
    let blocks = blocks.iter().map(|b| block_head(b).len() as u64 + u64::from(b.size));
    time.len() as u64 + blocks.sum::<u64>()
}

/// The bytes that a cluster takes; one without blocks is not written.
fn whole(cluster: &Cluster, blocks: &[Block]) -> u64 {
    if blocks.is_empty() {
        return 0;
    }
    let body = body(cluster, blocks);
    let mut head = Vec::new();
    put_id(&mut head, id::CLUSTER);
    put_length(&mut head, body);
    head.len() as u64 + body
}
