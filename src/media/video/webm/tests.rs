//! Real films and made-up ones.

use std::io::Cursor;

use proptest::prelude::*;

use super::element::{put, put_id, put_number};
use super::*;
use crate::media::video::Trouble;
use crate::model::MediaKind;

const FILM: &[u8] = include_bytes!("../../../../tests/fixtures/media/film.webm");
const VORBIS: &[u8] = include_bytes!("../../../../tests/fixtures/media/vorbis.webm");
const LIVE: &[u8] = include_bytes!("../../../../tests/fixtures/media/live.webm");
const SOUND: &[u8] = include_bytes!("../../../../tests/fixtures/media/sound.webm");
const OTHER: &[u8] = include_bytes!("../../../../tests/fixtures/media/other.mkv");

fn cleaned(file: &[u8]) -> Result<(Clip, Vec<u8>)> {
    let mut out = Vec::new();
    let clip = clean(&mut Cursor::new(file), &mut out)?;
    Ok((clip, out))
}

fn refused(file: &[u8]) -> String {
    match cleaned(file) {
        Err(Trouble::Refused(refused)) => refused.0,
        other => panic!("{other:?}"),
    }
}

fn has(data: &[u8], what: &[u8]) -> bool {
    data.windows(what.len()).any(|part| part == what)
}

/// What is in each block, with its time and its track.
fn blocks(file: &[u8]) -> Vec<(u64, u8, bool, Vec<u8>)> {
    let mut file = Cursor::new(file);
    let mut source = Source::new(&mut file).unwrap();
    let (_, head) = read_head(&mut source).unwrap();
    source.seek(source.at() + head.unwrap()).unwrap();
    let film = Film::read(&mut source).unwrap();
    let mut found = Vec::new();
    for (cluster, blocks) in film.each() {
        for block in blocks {
            let at = usize::try_from(block.at).unwrap();
            let data = file.get_ref()[at..at + block.size as usize].to_vec();
            let time = cluster.time.saturating_add_signed(i64::from(block.time));
            found.push((time, block.track, block.flags & KEY != 0, data));
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn s_106_only_known_elements_are_kept() {
    for (file, codec, rate) in [(FILM, "opus", 48_000), (VORBIS, "vorbis", 44_100)] {
        assert!(has(file, b"secret") && has(file, b"Lavf"));
        let (clip, out) = cleaned(file).unwrap();
        for gone in ["secret", "Lavf", "Lavc", "ENCODER", "Xiph"] {
            assert!(!has(&out, gone.as_bytes()), "{gone}");
        }
        assert_eq!(clip.kind(), MediaKind::Video);
        let pictures = clip.pictures.unwrap();
        assert_eq!((pictures.width, pictures.height), (96, 64));
        let (count, ticks) = pictures.frame_rate.unwrap();
        assert_eq!((count + ticks / 2) / ticks, 15);
        assert!((clip.duration - 1.0).abs() < 0.1, "{}", clip.duration);
        let sound = clip.sound.unwrap();
        assert_eq!((sound.codec, sound.sample_rate, sound.channels), (codec, rate, 1));
        assert_eq!(blocks(file), blocks(&out));
        assert_eq!(cleaned(&out).unwrap().1, out);
    }
}

#[test]
fn what_a_recorder_left_open_is_closed() {
    let (clip, out) = cleaned(LIVE).unwrap();
    assert!((clip.duration - 1.0).abs() < 0.1, "{}", clip.duration);
    assert_eq!(blocks(LIVE), blocks(&out));
    // it gets a duration and an index
    assert!(has(&out, &[0x44, 0x89, 0x88]) && has(&out, &[0x1c, 0x53, 0xbb, 0x6b]));
    let (clip, out) = cleaned(SOUND).unwrap();
    assert_eq!((clip.format, clip.kind()), (Format::WebA, MediaKind::Audio));
    assert_eq!(blocks(SOUND), blocks(&out));
    // one that was cut off is played as far as it goes
    let (clip, out) = cleaned(&LIVE[..LIVE.len() - 700]).unwrap();
    assert!(clip.duration < 1.0 && blocks(&out).len() < blocks(LIVE).len());
}

#[test]
fn the_index_leads_to_the_clusters() {
    let out = cleaned(LIVE).unwrap().1;
    let mut file = Cursor::new(out.as_slice());
    let mut source = Source::new(&mut file).unwrap();
    let (_, size) = read_head(&mut source).unwrap();
    source.seek(source.at() + size.unwrap()).unwrap();
    let (what, size) = read_head(&mut source).unwrap();
    let segment = source.at();
    assert_eq!((what, size), (id::SEGMENT, Some(out.len() as u64 - segment)));
    let cues = find(&out[usize::try_from(segment).unwrap()..], id::CUES).unwrap().unwrap();
    let mut count = 0;
    for each in element::Elements(cues) {
        let positions = find(each.unwrap().1, id::CUE_POSITIONS).unwrap().unwrap();
        let place = number(find(positions, id::CUE_CLUSTER).unwrap().unwrap()).unwrap();
        source.seek(segment + place).unwrap();
        assert_eq!(read_head(&mut source).unwrap().0, id::CLUSTER);
        count += 1;
    }
    assert!(count > 0);
}

/// A film of one track with these elements in it, and these clusters behind.
fn film(entry: &[(u32, &[u8])], clusters: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = Vec::new();
    put(&mut body, id::DOC_TYPE, b"webm");
    put(&mut out, id::EBML, &body);
    put_id(&mut out, id::SEGMENT);
    out.extend_from_slice(&[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let mut track = Vec::new();
    put_number(&mut track, id::TRACK_NUMBER, 1);
    put_number(&mut track, id::TRACK_TYPE, 1);
    entry.iter().for_each(|(id, body)| put(&mut track, *id, body));
    let mut tracks = Vec::new();
    put(&mut tracks, id::TRACK_ENTRY, &track);
    put(&mut out, id::TRACKS, &tracks);
    out.extend_from_slice(clusters);
    out
}

const VP8: (u32, &[u8]) = (id::CODEC_ID, b"V_VP8");
const SMALL: (u32, &[u8]) = (id::VIDEO, &[0xb0, 0x81, 8, 0xba, 0x81, 6]);
const CLUSTER: &[u8] = b"\x1f\x43\xb6\x75\xff\xe7\x81\0\xa3\x87\x81\0\0\x80abc";

#[test]
fn made_up_films() {
    let file = film(&[VP8, SMALL], CLUSTER);
    assert_eq!(blocks(&cleaned(&file).unwrap().1), vec![(0, 1, true, b"abc".to_vec())]);
    // a block with words about it, one of another track, and additions
    let more = b"\x1f\x43\xb6\x75\xff\xe7\x81\x05\xa0\x93\xa1\x85\x81\0\x01\0x\xfb\x81\x05\x75\xa1\x85secret\xa3\x85\x82\0\0\x80s";
    let file = film(&[VP8, SMALL], &[CLUSTER, more].concat());
    let out = cleaned(&file).unwrap().1;
    assert_eq!(blocks(&out)[1..], [(6, 1, false, b"x".to_vec())]);
    assert!(!has(&out, b"secret"));
}

#[test]
fn s_105_what_is_not_webm_is_refused() {
    assert!(refused(OTHER).contains("Matroska"));
    let big: (u32, &[u8]) = (id::VIDEO, &[0xb0, 0x82, 0xff, 0xff, 0xba, 0x82, 0xff, 0xff]);
    let locked: &[u8] = &[0x62, 0x40, 0x84, 0x50, 0x35, 0x81, 0];
    for (entry, clusters, says) in [
        (&[VP8, SMALL][..], &b""[..], "empty"),
        (&[VP8, big], CLUSTER, "65535x65535"),
        (&[VP8], CLUSTER, "damaged"),
        (&[VP8, SMALL, (id::CONTENT_ENCODINGS, locked)], CLUSTER, "encrypted"),
        (&[VP8, SMALL, (id::CONTENT_ENCODINGS, b"")], CLUSTER, "packed"),
        (&[VP8, (id::VIDEO, &[0xb0, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 8])], CLUSTER, "damaged"),
    ] {
        let sentence = refused(&film(entry, clusters));
        assert!(sentence.contains(says), "{sentence}: {says}");
    }
    let file = film(&[(id::CODEC_ID, b"V_MPEG4/ISO/AVC"), SMALL], CLUSTER);
    assert!(matches!(cleaned(&file), Err(Trouble::Converter(what, _)) if what.contains("AVC")));
}

#[test]
fn s_107_endless_clusters_end() {
    let empty = b"\x1f\x43\xb6\x75\xff".repeat(300_000);
    assert!(refused(&film(&[VP8, SMALL], &empty)).contains("too many parts"));
    let blocks =
        [CLUSTER, &b"\xa3\x84\x81\0\0\0".repeat(crate::media::video::MAX_SAMPLES)].concat();
    assert!(refused(&film(&[VP8, SMALL], &blocks)).contains("more than 1000000"));
    // a length of nearly everything, and none where there must be one
    let far = b"\x15\x49\xa9\x66\x01\xff\xff\xff\xff\xff\xff\xfe";
    assert!(refused(&film(&[VP8, SMALL], far)).contains("empty"));
    let none = b"\xec\xff";
    assert!(refused(&film(&[VP8, SMALL], none)).contains("damaged"));
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(
        which in 0..6_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let made = film(&[VP8, SMALL], CLUSTER);
        let mut file = [FILM, VORBIS, LIVE, SOUND, OTHER, &made][which].to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if !whole {
            file.truncate(cut.index(file.len()));
        }
        let length = file.len();
        if let Ok((clip, out)) = cleaned(&file) {
            prop_assert!(clip.duration.is_finite() && out.len() < 2 * length + 2000);
        }
    }

    #[test]
    fn any_head_does_no_harm(
        which in 0..4_usize,
        changes in proptest::collection::vec((0..600_usize, prop::sample::select(vec![0_u8, 1, 0x7f, 0x80, 0x81, 0xff])), 1..8),
    ) {
        let mut file = [FILM, VORBIS, LIVE, SOUND][which].to_vec();
        for (at, byte) in changes {
            file[at] = byte;
        }
        let _ = cleaned(&file);
    }
}
