//! FLAC files.

use super::*;
use crate::media::sound::crc;

/// The blocks of a file: the kind of each, where its body begins, and its length; and where the
/// sound begins.
fn blocks(file: &[u8]) -> (Vec<(u8, usize, usize)>, usize) {
    let (mut at, mut found) = (4, Vec::new());
    loop {
        let length = u32::from_be_bytes([0, file[at + 1], file[at + 2], file[at + 3]]) as usize;
        found.push((file[at] & 127, at + 4, length));
        at += 4 + length;
        if file[found.last().unwrap().1 - 4] & 128 != 0 {
            return (found, at);
        }
    }
}

fn total(file: &[u8]) -> u64 {
    u64::from_be_bytes(*file[18..].first_chunk().unwrap()) & 0xf_ffff_ffff
}

#[test]
fn s_106_two_blocks_and_the_sound_are_left() {
    let kinds = |file: &[u8]| blocks(file).0.into_iter().map(|(kind, ..)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(FLAC), [0, 3, 4, 6, 1]);
    let out = left(FLAC);
    assert_eq!(kinds(&out), [0, 3]);
    assert_eq!(out[8..42], FLAC[8..42]);
    assert_eq!(out[blocks(&out).1..], FLAC[blocks(FLAC).1..]);
    // a table that leads somewhere else goes too
    let (_, table, length) = blocks(FLAC).0[1];
    let last = length - 18;
    for (from, bytes) in [(0, &[1][..]), (6, &[0x3e]), (8, &[1]), (last, &[1]), (last + 8, &[1])] {
        let mut file = FLAC.to_vec();
        file[table + from..table + from + bytes.len()].copy_from_slice(bytes);
        assert_eq!(kinds(&left(&file)), [0], "{from}");
    }
    // a point to come is none
    let mut file = FLAC.to_vec();
    file[table + last..table + last + 8].fill(0xff);
    assert_eq!(blocks(&left(&file)).0[1].2, last);
}

#[test]
fn s_106_a_frame_that_is_cut_or_has_something_stuck_to_it_goes() {
    let plain = left(FLAC);
    assert_eq!(total(&plain), 16_000);
    let stuck = joined(&[&plain, b"<html><script>alert(1)</script>"]);
    for file in [&stuck, &plain[..plain.len() - 1].to_vec()] {
        let (_, sound, out) = cleaned(file).unwrap();
        // fifteen of sixteen frames
        assert_eq!(total(&out), 15 * 1_024);
        assert!((sound.duration - 0.96).abs() < 1e-9);
        assert_eq!(out[26..42], [0; 16], "the sum of samples is of others");
        assert!(!has(&out, b"script") && plain.len() - out.len() < 1_000);
    }
    // much of it, more than a frame can have
    let stuck = joined(&[&plain, &[b'<'; 500_000]]);
    assert_eq!(total(&left(&stuck)), 15 * 1_024);
    // the same in the middle is no end
    let at = blocks(&plain).1 + 2_000;
    let hole = joined(&[&plain[..at], &[b'<'; 500_000], &plain[at..]]);
    let mut hole = hole;
    hole[18..26].copy_from_slice(&joined(&[&plain[18..24], &[0xff, 0xff]]));
    assert_eq!(refusal(&hole), "The FLAC file is damaged");
}

#[test]
fn s_106_a_number_of_samples_that_was_not_known_is_counted() {
    let mut file = FLAC.to_vec();
    file[21] &= 0xf0;
    file[22..26].fill(0);
    let (_, sound, out) = cleaned(&file).unwrap();
    assert_eq!(total(&out), 16_000);
    assert!((sound.duration - 1.0).abs() < 1e-9);
}

#[test]
fn s_107_lengths_that_lie_are_refused() {
    let damaged = "The FLAC file is damaged";
    let (_, start) = blocks(FLAC);
    // longer than the file, the first block not first, of another length, of no kind
    for (at, bytes) in [(43, &[0xff, 0xff, 0xff][..]), (4, &[4]), (7, &[33]), (42, &[127])] {
        let mut file = FLAC.to_vec();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(refusal(&file), damaged, "{at}");
    }
    let none = "The FLAC file is damaged: no sound follows its description";
    assert_eq!(refusal(&FLAC[..start]), none);
    assert_eq!(refusal(&joined(&[&FLAC[..start], b"<html>"])), none);
    assert_eq!(refusal(&FLAC[..60]), damaged);
    assert_eq!(refusal(&left(FLAC)[..start.min(100)]), damaged);
    // a first frame that is not whole
    assert_eq!(refusal(&FLAC[..start + 300]), "The file holds no sound");
    // a first block of another length
    let mut file = joined(&[&FLAC[..42], &[0], &FLAC[42..]]);
    file[7] = 35;
    assert_eq!(refusal(&file), damaged);
    // a frame with a bit turned over
    let mut file = FLAC.to_vec();
    file[start + 2_000] ^= 1;
    assert_eq!(refusal(&file), damaged);
    // of two channels, and of as many bits as no sample has
    for (byte, bits) in [(3, 0x10), (3, 0x06)] {
        let mut file = FLAC.to_vec();
        file[start + byte] ^= bits;
        let sum = (5..16).find(|at| crc::flac_head(&FLAC[start..start + at]) == FLAC[start + at]);
        let sum = sum.unwrap();
        file[start + sum] = crc::flac_head(&file[start..start + sum]);
        assert_eq!(refusal(&file), none);
    }
    // its head spoiled
    let mut file = FLAC.to_vec();
    file[start + 4] ^= 1;
    assert_eq!(refusal(&file), none);
}
