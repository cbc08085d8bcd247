//! Real films and made-up ones.

use std::io::Cursor;

use proptest::prelude::*;

use super::boxes::{Boxes, find, need, put, put_full, put_u16, put_u32};
use super::*;
use crate::media::video::{MAX_SAMPLES, Trouble};
use crate::model::MediaKind;

const PHONE: &[u8] = include_bytes!("../../../../tests/fixtures/media/phone.mov");
const FILM: &[u8] = include_bytes!("../../../../tests/fixtures/media/film.mp4");
const FRAGMENTS: &[u8] = include_bytes!("../../../../tests/fixtures/media/fragments.mp4");
const SILENT: &[u8] = include_bytes!("../../../../tests/fixtures/media/silent.mp4");
const SOUND: &[u8] = include_bytes!("../../../../tests/fixtures/media/sound.m4a");
const HEVC: &[u8] = include_bytes!("../../../../tests/fixtures/media/hevc.mp4");

fn cleaned(file: &[u8], sound_only: bool) -> Result<(Clip, Vec<u8>)> {
    let mut out = Vec::new();
    let clip = clean(&mut Cursor::new(file), &mut out, sound_only)?;
    Ok((clip, out))
}

fn refused(file: &[u8]) -> String {
    match cleaned(file, false) {
        Err(Trouble::Refused(refused)) => refused.0,
        other => panic!("{other:?}"),
    }
}

fn has(data: &[u8], what: &[u8]) -> bool {
    data.windows(what.len()).any(|part| part == what)
}

/// The kinds of all boxes, with those inside of others.
fn kinds(body: &[u8], found: &mut Vec<String>) {
    for (kind, inner) in Boxes(body).map(|each| each.unwrap()) {
        found.push(String::from_utf8_lossy(&kind).into_owned());
        if matches!(&kind, b"moov" | b"trak" | b"mdia" | b"minf" | b"dinf" | b"stbl" | b"edts") {
            kinds(inner, found);
        }
    }
}

/// The bytes of each sample of each track, as an independent walk through the tables finds them.
fn samples(file: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let moov = need(file, b"moov").unwrap();
    let tracks = track::choose(moov, false, &mut Budget::new()).unwrap();
    let each = tracks.iter().map(|track| {
        let mut all = track.samples.iter();
        let mut found = Vec::new();
        for chunk in &track.chunks {
            let mut at = usize::try_from(chunk.offset).unwrap();
            for sample in all.by_ref().take(chunk.samples as usize) {
                let end = at + sample.size as usize;
                found.push(file[at..end].to_vec());
                at = end;
            }
        }
        found
    });
    each.collect()
}

/// All samples are what they were, but for the words of the encoder before the first picture.
fn same_pictures(before: &[u8], after: &[u8]) {
    assert!(has(before, b"x264 - core") && !has(after, b"x264"));
    let (before, after) = (samples(before), samples(after));
    assert_eq!(before[0][1..], after[0][1..]);
    assert_eq!(before[1], after[1]);
    let (first, cleaned) = (&before[0][0], &after[0][0]);
    assert_eq!(first.len(), cleaned.len());
    let words = usize::try_from(u32::from_be_bytes(*first.first_chunk().unwrap())).unwrap() + 4;
    assert_eq!(first[words..], cleaned[words..]);
}

#[test]
fn s_106_a_phones_film_loses_its_place_and_keeps_its_picture() {
    let (clip, out) = cleaned(PHONE, false).unwrap();
    for gone in
        ["+52.52", "secret", "tmcd", "udta", "meta", "Lavf", "libx264", "qt  ", "DataHandler"]
    {
        assert!(has(PHONE, gone.as_bytes()) || gone == "meta", "{gone} is not even there");
        assert!(!has(&out, gone.as_bytes()), "{gone}");
    }
    // turned by a quarter
    let pictures = clip.pictures.unwrap();
    assert_eq!((pictures.width, pictures.height), (64, 96));
    assert_eq!(pictures.frame_rate, Some((15, 1)));
    assert!((clip.duration - 1.0).abs() < 0.05, "{}", clip.duration);
    let sound = clip.sound.unwrap();
    assert_eq!((sound.codec, sound.sample_rate, sound.channels), ("aac", 44_100, 1));
    same_pictures(PHONE, &out);
    let mut found = Vec::new();
    kinds(&out, &mut found);
    assert_eq!(found[..3], ["ftyp", "moov", "mvhd"], "the index comes first");
    assert_eq!(found.last().map(String::as_str), Some("mdat"));
    assert_eq!(found.iter().filter(|kind| *kind == "trak").count(), 2);
    // once more changes nothing
    assert_eq!(cleaned(&out, false).unwrap().1, out);
}

#[test]
fn films_keep_all_their_samples_and_times() {
    let (clip, out) = cleaned(FILM, false).unwrap();
    assert_eq!(clip.kind(), MediaKind::Video);
    same_pictures(FILM, &out);
    assert!(!has(&out, b"secret") && !has(&out, b"+52.52"));
    let table = |file: &[u8]| {
        let moov = need(file, b"moov").unwrap().to_vec();
        let tracks = track::choose(&moov, false, &mut Budget::new()).unwrap();
        tracks.into_iter().map(|track| (track.samples, track.edits)).collect::<Vec<_>>()
    };
    assert_eq!(table(FILM), table(&out));
    // the times of making it are zero
    let mvhd = need(need(&out, b"moov").unwrap(), b"mvhd").unwrap();
    assert_eq!(mvhd[4..12], [0; 8]);
    assert_eq!(cleaned(SILENT, false).unwrap().0.kind(), MediaKind::Gifv);
}

#[test]
fn fragments_become_one_film() {
    let (clip, out) = cleaned(FRAGMENTS, false).unwrap();
    assert!((0.95..1.2).contains(&clip.duration), "{}", clip.duration);
    let tracks = samples(&out);
    assert_eq!(tracks.iter().map(Vec::len).collect::<Vec<_>>(), [15, 45]);
    // playing may begin at every fifth picture
    let moov = need(&out, b"moov").unwrap();
    let film = track::choose(moov, false, &mut Budget::new()).unwrap();
    let keys = film[0].samples.iter().enumerate().filter(|(_, sample)| sample.sync);
    assert_eq!(keys.map(|(at, _)| at).collect::<Vec<_>>(), [0, 5, 10]);
    assert!(!has(&out, b"moof") && !has(&out, b"mvex") && !has(&out, b"secret"));
    assert!(tracks[0][1..].iter().chain(&tracks[1]).all(|sample| has(FRAGMENTS, sample)));
    assert_eq!(cleaned(&out, false).unwrap().1, out);
}

#[test]
fn sound_alone_is_a_sound() {
    for sound_only in [true, false] {
        let Ok((clip, out)) = cleaned(SOUND, sound_only) else {
            assert!(!sound_only);
            continue;
        };
        assert_eq!((clip.format, clip.kind()), (Format::M4a, MediaKind::Audio));
        assert!(out[4..].starts_with(b"ftypM4A "));
        assert!(!has(&out, b"secret") && !has(&out, b"JFIF") && !has(&out, b"ilst"));
    }
}

#[test]
fn a_song_has_a_cover() {
    let cover = super::cover(&mut Cursor::new(SOUND)).unwrap();
    assert!(cover.starts_with(&[0xff, 0xd8, 0xff]) && cover.ends_with(&[0xff, 0xd9]));
    assert_eq!(super::cover(&mut Cursor::new(FILM)), None);
    let at = SOUND.windows(4).position(|part| part == b"covr").unwrap();
    for cut in (at - 300..SOUND.len()).step_by(7) {
        let _ = super::cover(&mut Cursor::new(&SOUND[..cut]));
    }
}

#[test]
fn what_browsers_do_not_play_wants_a_converter() {
    let Err(Trouble::Converter(what, seconds)) = cleaned(HEVC, false) else { panic!("taken") };
    assert_eq!(what, "HEVC");
    assert!((0.9..1.1).contains(&seconds), "{seconds}");
}

/// What a made-up film is like.
struct Shape {
    samples: Vec<u32>,
    count: u32,
    uniform: u32,
    offset: u32,
    flags: u32,
    kind: &'static [u8; 4],
    delta: u32,
    sides: (u16, u16),
    chunks: u32,
}

impl Default for Shape {
    fn default() -> Self {
        let samples = vec![3, 4];
        Self {
            samples,
            count: 2,
            uniform: 0,
            offset: 8,
            flags: 1,
            kind: b"vp09",
            delta: 10,
            sides: (4, 2),
            chunks: 1,
        }
    }
}

/// A small film: `mdat` first, `moov` behind it.
fn film(shape: &Shape) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, b"mdat", |out| out.extend_from_slice(b"abcdefghidden"));
    put(&mut out, b"moov", |out| {
        put_full(out, b"mvhd", 0, 0, |out| {
            [1, 2, 100, 20, 0x1_0000].iter().for_each(|n| put_u32(out, *n));
            out.extend_from_slice(&[0; 76]);
        });
        put(out, b"udta", |out| out.extend_from_slice(b"secret"));
        put(out, b"trak", |out| {
            put_full(out, b"tkhd", 0, 1, |out| {
                [1, 2, 7, 0, 20].iter().for_each(|n| put_u32(out, *n));
                out.extend_from_slice(&[0; 60]);
            });
            put(out, b"mdia", |out| {
                put_full(out, b"mdhd", 0, 0, |out| {
                    [1, 2, 100, 20, 0].iter().for_each(|n| put_u32(out, *n));
                });
                put_full(out, b"hdlr", 0, 0, |out| out.extend_from_slice(b"\0\0\0\0videsecret"));
                put(out, b"minf", |out| minf(out, shape));
            });
        });
    });
    out
}

fn minf(out: &mut Vec<u8>, shape: &Shape) {
    put(out, b"dinf", |out| {
        put_full(out, b"dref", 0, 0, |out| {
            put_u32(out, 1);
            put_full(out, b"url ", 0, shape.flags, |_| {});
        });
    });
    put(out, b"stbl", |out| {
        put_full(out, b"stsd", 0, 0, |out| {
            put_u32(out, 1);
            put(out, shape.kind, |out| {
                out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
                out.extend_from_slice(&[0; 16]);
                put_u16(out, shape.sides.0);
                put_u16(out, shape.sides.1);
                out.extend_from_slice(&[0; 50]);
                put(out, b"vpcC", |out| out.extend_from_slice(&[1, 0, 0, 0, 0, 10, 0x82]));
            });
        });
        put_full(out, b"stts", 0, 0, |out| {
            [1, shape.count, shape.delta].iter().for_each(|n| put_u32(out, *n));
        });
        put_full(out, b"stsc", 0, 0, |out| {
            let each = shape.count / shape.chunks;
            [1, 1, each, 1].iter().for_each(|n| put_u32(out, *n));
        });
        put_full(out, b"stsz", 0, 0, |out| {
            put_u32(out, shape.uniform);
            put_u32(out, shape.count);
            shape.samples.iter().for_each(|n| put_u32(out, *n));
        });
        put_full(out, b"stco", 0, 0, |out| {
            put_u32(out, shape.chunks);
            (0..shape.chunks.min(500)).for_each(|_| put_u32(out, shape.offset));
        });
    });
}

#[test]
fn s_106_only_bytes_of_samples_are_carried_over() {
    let mut file = film(&Shape::default());
    file.extend_from_slice(b"\0\0\0\x0ffree<script>PK\x03\x04");
    let (clip, out) = cleaned(&file, false).unwrap();
    assert_eq!(clip.pictures.map(|p| (p.width, p.height)), Some((4, 2)));
    assert!(out.ends_with(b"\0\0\0\x0fmdatabcdefg"));
    assert!(!has(&out, b"hidden") && !has(&out, b"secret") && !has(&out, b"script"));
}

#[test]
fn s_108_what_lies_elsewhere_is_not_looked_for() {
    assert!(refused(&film(&Shape { flags: 0, ..Shape::default() })).contains("not in this file"));
}

#[test]
fn s_107_bombs_are_refused_before_anything_is_allocated() {
    let shape = |change: fn(&mut Shape)| {
        let mut shape = Shape::default();
        change(&mut shape);
        refused(&film(&shape))
    };
    let many = format!("more than {MAX_SAMPLES}");
    for (change, says) in [
        ((|s| s.count = u32::MAX) as fn(&mut Shape), many.as_str()),
        (|s| (s.count, s.uniform) = (u32::MAX, 1), &many),
        (|s| (s.count, s.uniform, s.delta) = (1_000_000, 1, 1), "ends too early"),
        (|s| (s.count, s.uniform, s.delta) = (200, 0, 1), "damaged"),
        (|s| s.samples = vec![u32::MAX, u32::MAX], "ends too early"),
        (|s| s.offset = u32::MAX, "ends too early"),
        (|s| s.delta = 0, "more than 120 pictures"),
        (|s| s.delta = u32::MAX, "longer than twelve hours"),
        (|s| s.sides = (60_000, 60_000), "60000x60000"),
        (|s| s.sides = (0, 5), "no pixels"),
        (|s| s.kind = b"encv", "encrypted"),
        (|s| (s.count, s.samples) = (0, Vec::new()), "damaged"),
        (|s| s.chunks = u32::MAX, "damaged"),
    ] {
        let sentence = shape(change);
        assert!(sentence.contains(says), "{sentence}: {says}");
    }
}

#[test]
fn s_107_boxes_within_boxes_end() {
    let mut deep = Vec::new();
    for _ in 0..10_000 {
        let inner = std::mem::take(&mut deep);
        put(&mut deep, b"moov", |out| out.extend_from_slice(&inner));
    }
    assert!(refused(&deep).contains("damaged"));
    // as many as there are, beside each other
    let mut wide = film(&Shape::default());
    (0..300_000).for_each(|_| put(&mut wide, b"free", |_| {}));
    assert!(refused(&wide).contains("damaged"));
    // sizes of zero, below a head, and beyond the end
    for size in [[0; 4], [0, 0, 0, 1], [0, 0, 0, 7], [0xff; 4]] {
        let mut file = film(&Shape::default());
        file.extend_from_slice(&size);
        file.extend_from_slice(b"moof\0\0\0\0\0\0\0\x01");
        assert!(cleaned(&file, false).is_err(), "{size:?}");
    }
}

/// Ten samples on the same bytes.
#[test]
fn s_107_a_small_file_does_not_become_a_large_one() {
    let ten = Shape { count: 10, chunks: 10, samples: vec![250; 10], ..Shape::default() };
    let file = film(&ten);
    assert!(file.len() < 2000);
    assert!(refused(&file).contains("damaged"));
}

#[test]
fn truncated_files_are_refused() {
    for file in [PHONE, FILM, SILENT, SOUND] {
        for cut in (0..file.len()).step_by(97) {
            assert!(cleaned(&file[..cut], false).is_err(), "{cut} of {}", file.len());
        }
    }
    // what was recorded up to there
    assert!(cleaned(&FRAGMENTS[..FRAGMENTS.len() - 200], false).is_err());
}

#[test]
fn what_is_found_in_a_made_up_film_is_found_again() {
    let out = cleaned(&film(&Shape::default()), false).unwrap().1;
    assert!(find(&out, b"ftyp").unwrap().is_some());
    assert_eq!(samples(&out), vec![vec![b"abc".to_vec(), b"defg".to_vec()]]);
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(
        which in 0..6_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let made = film(&Shape::default());
        let mut file = [PHONE, FILM, FRAGMENTS, SOUND, HEVC, &made][which].to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if !whole {
            file.truncate(cut.index(file.len()));
        }
        let length = file.len();
        if let Ok((clip, out)) = cleaned(&file, false) {
            prop_assert!(clip.duration.is_finite() && out.len() < 4 * length + 10_000_000);
        }
    }

    #[test]
    fn any_index_does_no_harm(
        which in 0..4_usize,
        words in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![0_u32, 1, 7, 8, 0x7fff_ffff, 0xffff_fff0, u32::MAX])), 1..6),
    ) {
        let made = film(&Shape::default());
        let mut file = [FILM, FRAGMENTS, PHONE, &made][which].to_vec();
        let start = file.windows(4).position(|part| part == b"moov").unwrap();
        for (at, word) in words {
            let at = start + at.index(file.len() - start - 4);
            file[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
        let _ = cleaned(&file, false);
    }
}
