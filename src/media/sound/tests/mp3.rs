//! MP3 files.

use super::*;
use crate::media::sound::{crc, mp3};

/// A silent frame of 417 bytes: MPEG 1, 128 kbit/s, 44.1 kHz, two channels.
fn frame(number: u8) -> Vec<u8> {
    let mut frame = b"\xff\xfb\x90\x64".to_vec();
    frame.resize(416, 0);
    frame.push(number);
    frame
}

fn frames(count: u8) -> Vec<u8> {
    (0..count).flat_map(frame).collect()
}

/// A first frame that tells of others: wrongly.
fn info(extension: &[u8]) -> Vec<u8> {
    let mut out = frame(0)[..36].to_vec();
    out.extend_from_slice(b"Info\0\0\0\x0f\0\0\0\x63\0\0\0\x63");
    out.extend_from_slice(&[0; 100]);
    out.extend_from_slice(b"\0\0\0\x32");
    out.extend_from_slice(extension);
    out.resize(417, 0);
    out
}

fn number(data: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(*data[at..].first_chunk().unwrap())
}

#[test]
fn s_106_the_frames_are_copied_as_they_are() {
    // the first tells of the others; its words begin behind 36 and 21 bytes
    for (file, name, head, length) in [(VBR, b"Xing", 36, 208), (MPEG2, b"Info", 21, 192)] {
        let out = left(file);
        assert_eq!(&out[head..head + 4], name);
        assert!(has(file, &out[length..]), "the frames are others");
        assert_eq!(number(&out, head + 12) as usize, out.len());
        assert_eq!(&out[head + 120..head + 129], b"LAME3.100");
        // sums and lengths that are counted are what LAME counted
        let old = file.windows(4).position(|part| part == name).unwrap();
        assert_eq!(file[old + 8..old + 16], out[head + 8..head + 16]);
        assert_eq!(file[old + 129..old + 154], out[head + 129..head + 154]);
        let sum = crc::lame(0, &out[..head + 154]);
        assert_eq!(out[head + 154..head + 156], sum.to_be_bytes());
        assert_eq!(
            crc::lame(0, &file[old - head..old + 154]).to_be_bytes(),
            file[old + 154..old + 156]
        );
    }
    assert!(MPEG25[..MPEG25.len() - 128].ends_with(&left(MPEG25)));
}

#[test]
fn s_106_a_hundredth_leads_to_its_frame() {
    let out = left(&joined(&[&info(b""), &frames(200)]));
    let contents = &out[52..152];
    for (hundredth, place) in contents.iter().enumerate() {
        let place = usize::from(*place) * out.len() / 256;
        let frame = 417 * (1 + 2 * hundredth);
        assert!(place <= frame && frame - place <= out.len() / 256 + 1, "{hundredth}: {place}");
    }
    // many frames: only some places are remembered
    let many = left(&joined(&[&info(b""), &(0..50).flat_map(|_| frames(200)).collect::<Vec<_>>()]));
    assert_eq!(number(&many, 44), 10_000);
    let half = usize::from(many[52 + 50]);
    assert!((127..=128).contains(&half), "{half}");
}

#[test]
fn s_106_numbers_of_the_first_frame_are_made_true() {
    let mut extension = *b"Lavf59.37\0\0\0\0\0\0\0\0\0\0\0\0\x24\x04\x38\0\0\0\0\0\0\0\0\0\0\0\0";
    let (_, sound, out) = cleaned(&joined(&[&info(&extension), &frames(10)])).unwrap();
    assert_eq!((number(&out, 44), number(&out, 48), out.len()), (10, 11 * 417, 11 * 417));
    assert_eq!(&out[156..165], b"LAME3.100");
    // the quality, and 576 and 1080 samples of silence
    assert_eq!(number(&out, 152), 0x32);
    assert_eq!(out[36 + 120 + 21..36 + 120 + 24], [0x24, 0x04, 0x38]);
    assert!((sound.duration - f64::from(10 * 1152 - 576 - 1080) / 44_100.0).abs() < 1e-9);
    assert_eq!(sound.bitrate, 8 * 417 * 10 * 44_100 / (10 * 1152 - 576 - 1080));
    // with a sum in front of it, which would not be right any more
    let mut summed = info(&extension);
    summed[1] = 0xfa;
    assert!(left(&joined(&[&summed, &frames(10)])) == out);
    summed.splice(36..36, [1, 2]);
    summed.truncate(417);
    assert!(left(&joined(&[&summed, &frames(10)])) == out);
    // more silence than sound
    extension[21..24].fill(0xff);
    let (_, sound, out) = cleaned(&joined(&[&info(&extension), &frames(6)])).unwrap();
    assert_eq!(out[36 + 120 + 21..36 + 120 + 24], [0, 0, 0]);
    assert!((sound.duration - f64::from(6 * 1152) / 44_100.0).abs() < 1e-9);
    // a program that readers do not know has other things there
    let out = left(&joined(&[&info(b"SecretEncoder with much to say......"), &frames(6)]));
    assert!(!has(&out, b"Secret") && !has(&out, b"LAME"));
}

#[test]
fn s_106_fraunhofers_first_frame_becomes_one_that_all_know() {
    let mut first = frame(0);
    first[36..60].copy_from_slice(b"VBRI\0\x01\0\0\0\x64\0\0\0\x63\0\0\0\x63\0\0\0\0\0\0");
    let out = left(&joined(&[&first, &frames(9)]));
    assert_eq!(&out[36..40], b"Xing");
    assert_eq!((number(&out, 44), out.len()), (9, 10 * 417));
    assert!(!has(&out, b"VBRI") && out.ends_with(&frames(9)));
}

#[test]
fn s_106_what_is_no_frame_is_left_out() {
    let lyrics = b"LYRICSBEGININD0000200ETT00011SecretTitle";
    let size = format!("{:06}", lyrics.len());
    let behind = joined(&[lyrics, size.as_bytes(), b"LYRICS200", &id3v1()]);
    let old = joined(&[b"LYRICSBEGIN", &b"Secret words".repeat(20), b"LYRICSEND", &id3v1()]);
    let enhanced = joined(&[b"TAG+Secret", &[0; 217], &id3v1()]);
    let plain = frames(20);
    let ape = ape(&frames(5));
    let mut foot = id3(&frames(5));
    foot[5] = 0x10;
    foot.extend_from_slice(&joined(&[b"3DI", &foot[3..10]]));
    for tail in [&behind, &old, &enhanced, &ape, &foot, &joined(&[&foot, &ape, &behind])] {
        assert!(left(&joined(&[&plain, tail])) == plain);
        // the rest of a frame is not made whole with it
        assert!(left(&joined(&[&plain, &frame(9)[..300], tail])) == plain);
    }
    // between them, also what would pass for a frame
    let fake = b"<script>\xff\xfb\x90\x64alert(1)</script>";
    let middle = joined(&[&frames(9), fake, &id3(&frames(5)), &ape, &frames(9)]);
    assert!(left(&middle) == joined(&[&frames(9), &frames(9)]));
    // a part of a frame at the end
    assert!(left(&joined(&[&plain, &frame(1)[..400]])) == plain);
    // a second recording of the same kind: its own first frame goes
    let both = joined(&[&info(b""), &frames(5), &info(b""), &frames(5)]);
    let out = left(&both);
    assert_eq!((number(&out, 44), out.len()), (10, 11 * 417));
}

#[test]
fn s_105_what_is_mostly_something_else_is_refused() {
    let page = [b'<'; 5_000];
    let mostly = "The MP3 file is damaged: most of it is no sound";
    assert_eq!(refusal(&joined(&[&frames(10), &page])), mostly);
    assert!(cleaned(&joined(&[&frames(20), &page])).is_ok());
    let none = "The file is no MP3 sound, or one of a kind that is not supported";
    assert_eq!(refusal(&joined(&[&id3(b""), &page, &page])), none);
    assert_eq!(refusal(&joined(&[&id3(b""), &[0; 200_000], &frames(200)])), none);
    assert_eq!(refusal(&info(b"")), "The file holds no sound");
    // another rate in between is another sound
    let mut other = frame(0);
    other[2] = 0x94;
    let other = [&other[..384]; 4].concat();
    assert!(left(&joined(&[&frames(9), &other, &frames(9)])) == joined(&[&frames(9), &frames(9)]));
}

#[test]
fn s_105_heads_of_frames() {
    let length = |head: [u8; 4]| mp3::Head::parse(&head).map(|head| head.length);
    assert_eq!(length([0xff, 0xfb, 0x90, 0x64]), Some(417));
    assert_eq!(length([0xff, 0xfb, 0x92, 0x64]), Some(418));
    assert_eq!(length([0xff, 0xfb, 0xe8, 0x64]), Some(1_440));
    assert_eq!(length([0xff, 0xf3, 0x88, 0xc4]), Some(288));
    assert_eq!(length([0xff, 0xe3, 0xea, 0xc4]), Some(1_441));
    for none in [
        // free format, no rate, no sampling rate, layers II and I, no version, no emphasis, no mark
        [0xff, 0xfb, 0x00, 0x64],
        [0xff, 0xfb, 0xf0, 0x64],
        [0xff, 0xfb, 0x9c, 0x64],
        [0xff, 0xfd, 0x90, 0x64],
        [0xff, 0xff, 0x90, 0x64],
        [0xff, 0xeb, 0x90, 0x64],
        [0xff, 0xfb, 0x90, 0x66],
        [0xff, 0xdb, 0x90, 0x64],
    ] {
        assert_eq!(length(none), None, "{none:?}");
    }
}
