//! Pictures that sounds carry.

use super::*;
use crate::media::sound::cover;

const FRONT: &[u8] = b"\x89PNG\r\n\x1a\n the front \xff\0\xff";
const BACK: &[u8] = b"\x89PNG\r\n\x1a\n the back";

fn found(file: &[u8]) -> Option<Vec<u8>> {
    cover(&mut Cursor::new(file))
}

/// A frame of ID3v2.3 or 2.4, whose lengths are the same for short ones.
fn frame(name: &[u8], flags: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 128);
    joined(&[name, &u32::try_from(body.len()).unwrap().to_be_bytes(), &[0, flags], body])
}

/// The body of a picture's frame.
fn apic(kind: u8, picture: &[u8]) -> Vec<u8> {
    joined(&[b"\0image/png\0", &[kind], b"words\0", picture])
}

fn tag(version: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let mut tag = id3(body);
    (tag[3], tag[5]) = (version, flags);
    tag
}

/// What players that know no tags are spared.
fn harmless(body: &[u8]) -> Vec<u8> {
    body.iter().flat_map(|b| if *b == 0xff { vec![0xff, 0] } else { vec![*b] }).collect()
}

/// A picture as FLAC writes it.
fn block(kind: u32, picture: &[u8]) -> Vec<u8> {
    let length = u32::try_from(picture.len()).unwrap().to_be_bytes();
    let size = [0; 16];
    joined(&[&kind.to_be_bytes(), b"\0\0\0\x09image/png\0\0\0\x02ab", &size, &length, picture])
}

#[test]
fn pictures_of_real_files_are_found() {
    for file in [VBR, MPEG2, VORBIS, OPUS, FLAC] {
        let picture = found(file).unwrap();
        assert_eq!(crate::media::image::sniff(&picture), crate::media::image::sniff(FRONT));
        assert!(picture.ends_with(b"IEND\xae\x42\x60\x82"));
    }
    for file in [MPEG25, PCM, PIPE, &left(VBR), &left(VORBIS), &left(FLAC), b"", b"ID3"] {
        assert_eq!(found(file), None);
    }
}

#[test]
fn id3_in_its_versions() {
    let front = apic(3, FRONT);
    // the last one has an end that is not like the start
    let words = frame(b"TIT2", 0, b"\0Title");
    let plain = joined(&[&words, &frame(b"APIC", 0, &front)]);
    assert_eq!(found(&tag(3, 0, &plain)).as_deref(), Some(FRONT));
    assert_eq!(found(&tag(4, 0, &plain)).as_deref(), Some(FRONT));
    assert_eq!(found(&tag(3, 0x80, &harmless(&plain))).as_deref(), Some(FRONT));
    let each = joined(&[&words, &frame(b"APIC", 2, &harmless(&front))]);
    assert_eq!(found(&tag(4, 0, &each)).as_deref(), Some(FRONT));
    let sized = joined(&[&words, &frame(b"APIC", 3, &joined(&[&[0; 4], &harmless(&front)]))]);
    assert_eq!(found(&tag(4, 0x80, &sized)).as_deref(), Some(FRONT));
    // a longer head
    let three = joined(&[&[0, 0, 0, 6, 1, 2, 3, 4, 5, 6], plain.as_slice()]);
    assert_eq!(found(&tag(3, 0x40, &three)).as_deref(), Some(FRONT));
    let four = joined(&[&[0, 0, 0, 6, 1, 0], plain.as_slice()]);
    assert_eq!(found(&tag(4, 0x40, &four)).as_deref(), Some(FRONT));
    // the oldest
    let old = joined(&[b"\0PNG\x03words\0", FRONT]);
    let length = u8::try_from(old.len()).unwrap();
    let two = joined(&[b"TT2\0\0\x02\0a", b"PIC\0\0", &[length], &old]);
    assert_eq!(found(&tag(2, 0, &two)).as_deref(), Some(FRONT));
    // words of two bytes a letter
    let wide = joined(&[b"\x01image/png\0\x03\xff\xfew\0\0\x01\0\0", FRONT]);
    assert_eq!(found(&tag(3, 0, &frame(b"APIC", 0, &wide))).as_deref(), Some(FRONT));
    // packed ones are not read
    assert_eq!(found(&tag(3, 0, &frame(b"APIC", 0x80, &front))), None);
    assert_eq!(found(&tag(4, 0, &frame(b"APIC", 8, &front))), None);
}

#[test]
fn the_front_is_taken_before_others() {
    let both = joined(&[&frame(b"APIC", 0, &apic(4, BACK)), &frame(b"APIC", 0, &apic(3, FRONT))]);
    assert_eq!(found(&tag(3, 0, &both)).as_deref(), Some(FRONT));
    let both = joined(&[&frame(b"APIC", 0, &apic(3, FRONT)), &frame(b"APIC", 0, &apic(4, BACK))]);
    assert_eq!(found(&tag(3, 0, &both)).as_deref(), Some(FRONT));
    let twice = joined(&[&frame(b"APIC", 0, &apic(3, FRONT)), &frame(b"APIC", 0, &apic(3, BACK))]);
    assert_eq!(found(&tag(3, 0, &twice)).as_deref(), Some(FRONT));
    let back = frame(b"APIC", 0, &apic(4, BACK));
    let other = frame(b"APIC", 0, &apic(3, b"<svg>"));
    // what no decoder knows is none
    assert_eq!(found(&tag(3, 0, &joined(&[&other, &back]))).as_deref(), Some(BACK));
    assert_eq!(found(&tag(3, 0, &other)), None);
    // a second tag, and one in a chunk
    assert_eq!(found(&joined(&[&tag(3, 0, &other), &tag(4, 0, &back)])).as_deref(), Some(BACK));
    let chunk = tag(3, 0, &back);
    let length = u32::try_from(chunk.len()).unwrap().to_le_bytes();
    let file = joined(&[&left(PCM), b"id3 ", &length, &chunk]);
    assert_eq!(found(&file).as_deref(), Some(BACK));
}

#[test]
fn s_107_pictures_that_are_too_large_are_passed() {
    let large = joined(&[b"\x89PNG\r\n\x1a\n", &vec![0; (4 << 20) + 1]]);
    let part = |kind: u8, body: &[u8]| {
        joined(&[&[kind], &u32::try_from(body.len()).unwrap().to_be_bytes()[1..], body])
    };
    let flac = |blocks: &[&[u8]]| joined(&[&FLAC[..42], &blocks.concat(), &[0x81, 0, 0, 0]]);
    let (much, back) = (block(3, &large), block(4, BACK));
    assert_eq!(found(&flac(&[&part(6, &much), &part(6, &back)])).as_deref(), Some(BACK));
    assert_eq!(found(&flac(&[&part(6, &much)])), None);
    assert_eq!(found(&flac(&[&part(6, &block(3, &large[..4 << 20]))])).unwrap().len(), 4 << 20);
    // words that are longer than any
    let mut words = block(3, FRONT);
    words.splice(21..21, [b'w'; 70_000]);
    words[17..21].copy_from_slice(&70_002_u32.to_be_bytes());
    assert_eq!(found(&flac(&[&part(6, &words), &part(6, &back)])).as_deref(), Some(BACK));
    // lengths that lie
    let mut lie = back.clone();
    lie[4..8].fill(0xff);
    assert_eq!(found(&flac(&[&part(6, &lie)])), None);
    let mut lie = back;
    let at = lie.len() - BACK.len() - 4;
    lie[at..at + 4].copy_from_slice(&1_000_u32.to_be_bytes());
    assert_eq!(found(&flac(&[&part(6, &lie)])), None);
    // and of frames
    let part = |body: &[u8]| {
        let length = [21, 14, 7, 0].map(|s| u8::try_from(body.len() >> s & 127).unwrap());
        joined(&[b"APIC", &length, b"\0\0", body])
    };
    let back = frame(b"APIC", 0, &apic(4, BACK));
    for much in [apic(3, &large), apic(3, &[large.as_slice(), &[0; 100_000]].concat())] {
        assert_eq!(found(&tag(4, 0, &joined(&[&part(&much), &back]))).as_deref(), Some(BACK));
    }
    assert!(found(&tag(4, 0, &part(&apic(3, &large[..4 << 20])))).is_some());
}
