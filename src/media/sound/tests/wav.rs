//! WAV files.

use super::*;

fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = joined(&[name, &u32::try_from(body.len()).unwrap().to_le_bytes(), body]);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn riff(chunks: &[&[u8]]) -> Vec<u8> {
    let body = chunks.concat();
    let size = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
    joined(&[b"RIFF", &size, b"WAVE", &body])
}

/// The format of whole numbers.
fn format(code: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let frame = channels * bits.div_ceil(8);
    let parts: [&[u8]; 6] = [
        &code.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(frame)).to_le_bytes(),
        &frame.to_le_bytes(),
        &bits.to_le_bytes(),
    ];
    parts.concat()
}

/// A second of numbers.
fn numbers() -> Vec<u8> {
    (0..8_000).map(|n: u32| (n % 251) as u8).collect()
}

#[test]
fn s_106_three_chunks_are_left() {
    let (samples, shape) = (numbers(), chunk(b"fmt ", &format(1, 1, 8_000, 8)));
    let plain = riff(&[&shape, &chunk(b"data", &samples)]);
    assert!(left(&plain) == plain);
    let rich = riff(&[
        &chunk(b"JUNK", b"Secret"),
        &chunk(b"bext", b"Secret!"),
        &shape,
        &chunk(b"iXML", b"<Secret/>"),
        &chunk(b"fact", &[1, 2, 3, 4]),
        &chunk(b"data", &samples),
        &chunk(b"LIST", b"INFOINAM\x06\0\0\0Secret"),
        &chunk(b"data", b"Secret of another"),
        &chunk(b"id3 ", &id3(b"Secret")),
    ]);
    assert!(left(&joined(&[&rich, b"<script>"])) == plain);
    // more in the format than is needed
    let long = chunk(b"fmt ", &joined(&[&format(1, 1, 8_000, 8), b"\x06\0Secret"]));
    assert!(left(&riff(&[&long, &chunk(b"data", &samples)])) == plain);
    // a zero that was forgotten behind an odd length
    let mut odd = chunk(b"bext", b"Secret!");
    odd.pop();
    assert!(left(&riff(&[&odd, &shape, &chunk(b"data", &samples)])) == plain);
    // an odd number of samples is followed by one
    let odd = riff(&[&shape, &chunk(b"data", &samples[..7_999])]);
    let out = left(&odd);
    assert_eq!((out.len() % 2, &out[40..44]), (0, &7_999_u32.to_le_bytes()[..]));
    assert!(out == odd);
}

#[test]
fn s_106_real_files_keep_their_samples() {
    for (file, head) in [(PCM, 44), (FLOAT, 80), (PCM_24, 68), (PIPE, 44)] {
        let out = left(file);
        let at = out.windows(4).position(|part| part == b"data").unwrap();
        assert_eq!(at + 8, head);
        assert!(file.ends_with(&out[head..]) || has(file, &out[head..]));
        assert_eq!(number(&out, 4), out.len() - 8);
        assert_eq!(number(&out, at + 4), out.len() - head);
    }
    // the number of samples of those that are no whole numbers
    let out = left(FLOAT);
    assert_eq!((&out[60..64], number(&out, 68)), (&b"fact"[..], 2_000));
}

fn number(data: &[u8], at: usize) -> usize {
    u32::from_le_bytes(*data[at..].first_chunk().unwrap()) as usize
}

#[test]
fn s_107_lengths_that_lie_are_seen_through() {
    let (samples, shape) = (numbers(), chunk(b"fmt ", &format(1, 1, 8_000, 8)));
    let plain = riff(&[&shape, &chunk(b"data", &samples)]);
    for lie in [0, u32::MAX, 9_000] {
        let mut file = plain.clone();
        file[40..44].copy_from_slice(&lie.to_le_bytes());
        assert!(left(&file) == plain, "{lie}");
        // what stands behind is not taken for sound
        for tail in [
            chunk(b"LIST", b"INFOINAM\x06\0\0\0Secret"),
            joined(&[
                &chunk(b"LIST", b"odd"),
                &chunk(b"own ", b"Secret"),
                &chunk(b"id3 ", &id3(b"x")),
            ]),
            joined(&[&ape(b""), &id3v1()]),
        ] {
            let file = joined(&[&file, &tail]);
            // as long as it says with it
            if (lie as usize) > samples.len() + tail.len() || lie == 0 {
                assert!(left(&file) == plain, "{lie}");
            }
        }
        // a name among the samples ends nothing
        file[1_000..1_004].copy_from_slice(b"LIST");
        assert!(left(&file)[44..] == file[44..]);
    }
    // no samples, and something behind
    let none = riff(&[&shape, &chunk(b"data", b""), &chunk(b"LIST", b"INFOSecret")]);
    assert_eq!(refusal(&none), "The file holds no sound");
    let none = riff(&[&shape, &chunk(b"data", b""), &chunk(b"own ", b"Secret")]);
    assert_eq!(refusal(&none), "The file holds no sound");
    assert_eq!(refusal(&riff(&[&shape, &chunk(b"data", b"")])), "The file holds no sound");
    assert_eq!(refusal(&riff(&[&shape])), "The file holds no sound");
    assert_eq!(refusal(&riff(&[&chunk(b"data", &samples), &shape])), "The file holds no sound");
    // others that are too long
    let mut file = riff(&[&chunk(b"bext", b"abcd"), &shape, &chunk(b"data", &samples)]);
    file[19] = 0x7f;
    assert_eq!(refusal(&file), "The WAV file is damaged");
}

#[test]
fn s_105_forms_of_samples() {
    let sound =
        |shape: &[u8]| cleaned(&riff(&[&chunk(b"fmt ", shape), &chunk(b"data", &numbers())]));
    for (code, bits) in [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)] {
        let (_, sound, _) = sound(&format(code, 2, 8_000, bits)).unwrap();
        assert_eq!(sound.bitrate, 16_000 * u32::from(bits));
    }
    for (code, bits) in [(1, 12), (1, 64), (3, 16), (6, 8), (7, 8), (2, 4), (0x55, 0), (0xfffe, 16)]
    {
        let refused = sound(&format(code, 1, 8_000, bits)).unwrap_err();
        assert_eq!(refused.0, "The WAV file is coded in a way that is not supported");
    }
    // channels, rates
    let impossible = "The sound has an impossible number of channels or samples";
    for (channels, rate) in [(0, 8_000), (9, 8_000), (1, 0), (1, 999), (1, 1_000_000)] {
        assert_eq!(sound(&format(1, channels, rate, 8)).unwrap_err().0, impossible);
    }
    // six channels, with their places; the rest of the format is made anew
    let guid = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";
    let mut shape = joined(&[&format(0xfffe, 6, 8_000, 16), b"\x16\0\x10\0\x3f\0\0\0", guid]);
    shape[8..12].fill(9);
    let (_, six, out) = sound(&shape).unwrap();
    assert_eq!(six.channels, 6);
    shape[8..12].copy_from_slice(&96_000_u32.to_le_bytes());
    assert_eq!(out[20..60], shape[..]);
    // more bits that mean something than there are
    shape[18] = 99;
    assert_eq!(sound(&shape).unwrap().2, out);
    shape[30] = 7;
    assert!(sound(&shape).is_err());
    // a frame of another length than its samples make
    let mut shape = format(1, 1, 8_000, 16);
    shape[12] = 1;
    assert_eq!(sound(&shape).unwrap_err().0, "The WAV file is damaged");
    assert_eq!(sound(&shape[..14]).unwrap_err().0, "The WAV file is damaged");
}
