//! Real files of each kind, and files made of their parts.

mod cover;
mod flac;
mod mp3;
mod ogg;
mod wav;

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use proptest::prelude::*;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/media/", $name))
    };
}

pub(super) const VBR: &[u8] = fixture!("sound-vbr.mp3");
pub(super) const MPEG2: &[u8] = fixture!("sound-mpeg2.mp3");
pub(super) const MPEG25: &[u8] = fixture!("sound-mpeg25.mp3");
pub(super) const VORBIS: &[u8] = fixture!("sound-vorbis.ogg");
pub(super) const OPUS: &[u8] = fixture!("sound-opus.ogg");
pub(super) const FLAC: &[u8] = fixture!("sound-tone.flac");
pub(super) const PCM: &[u8] = fixture!("sound-pcm.wav");
pub(super) const FLOAT: &[u8] = fixture!("sound-float.wav");
pub(super) const PCM_24: &[u8] = fixture!("sound-24.wav");
pub(super) const PIPE: &[u8] = fixture!("sound-pipe.wav");

/// All that are taken, with their kind, seconds, channels and rate.
const TAKEN: [(&[u8], Kind, f64, u32, u32); 10] = [
    (VBR, Kind::Mp3, 1.0, 2, 44_100),
    (MPEG2, Kind::Mp3, 1.0, 2, 24_000),
    (MPEG25, Kind::Mp3, 1.152, 1, 8_000),
    (VORBIS, Kind::Ogg, 1.0, 2, 44_100),
    (OPUS, Kind::Ogg, 1.0, 2, 48_000),
    (FLAC, Kind::Flac, 1.0, 1, 16_000),
    (PCM, Kind::Wav, 0.5, 1, 8_000),
    (FLOAT, Kind::Wav, 0.25, 1, 8_000),
    (PCM_24, Kind::Wav, 0.25, 2, 8_000),
    (PIPE, Kind::Wav, 0.25, 1, 8_000),
];
/// Words that none may keep. LAME's own frames hold its name, which stays.
const WORDS: [&[u8]; 18] = [
    b"Secret",
    b"Title",
    b"ID3",
    b"TAG",
    b"APETAG",
    b"PNG",
    b"METADATA",
    b"libFLAC",
    b"Xiph",
    b"libopus",
    b"opusenc",
    b"Lavf",
    b"LIST",
    b"INFO",
    b"bext",
    b"<script>",
    b"VBRI",
    b"LYRICS",
];

pub(super) fn cleaned(data: &[u8]) -> Result<(Kind, Sound, Vec<u8>)> {
    let mut out = Vec::new();
    let (kind, sound) = clean(&mut Cursor::new(data), &mut out, 3600)?;
    Ok((kind, sound, out))
}

/// What is left of a file that is taken.
pub(super) fn left(data: &[u8]) -> Vec<u8> {
    cleaned(data).unwrap().2
}

/// The sentence of a refusal.
pub(super) fn refusal(data: &[u8]) -> String {
    cleaned(data).unwrap_err().0
}

pub(super) fn has(data: &[u8], what: &[u8]) -> bool {
    data.windows(what.len()).any(|part| part == what)
}

pub(super) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// An ID3v2.4 tag with a body.
pub(super) fn id3(body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let size = [21, 14, 7, 0].map(|shift| u8::try_from(length >> shift & 127).unwrap());
    joined(&[b"ID3\x04\0\0", &size, body])
}

/// An ID3v1 tag.
pub(super) fn id3v1() -> Vec<u8> {
    let mut tag = b"TAGSecretTitle".to_vec();
    tag.resize(128, 0);
    tag
}

/// An APEv2 tag with head and foot.
pub(super) fn ape(more: &[u8]) -> Vec<u8> {
    let item = joined(&[b"\x0b\0\0\0\0\0\0\0Title\0SecretTitle", more]);
    let size = u32::try_from(item.len() + 32).unwrap().to_le_bytes();
    let frame = |flags: u8| {
        joined(&[b"APETAGEX\xd0\x07\0\0", &size, b"\x01\0\0\0", &[0, 0, 0, flags], &[0; 8]])
    };
    joined(&[&frame(0xa0), &item, &frame(0x80)])
}

#[test]
fn s_105_s_106_real_files_keep_their_sound_and_lose_their_words() {
    for (file, kind, seconds, channels, rate) in TAKEN {
        let (found, sound, out) = cleaned(file).unwrap();
        assert_eq!((found, sound.channels, sound.sample_rate), (kind, channels, rate));
        let codec = match kind {
            Kind::Mp3 => "mp3",
            Kind::Ogg if file == OPUS => "opus",
            Kind::Ogg => "vorbis",
            Kind::Flac => "flac",
            Kind::Wav => "pcm",
        };
        assert_eq!(sound.codec.name(), codec);
        assert!((sound.duration - seconds).abs() < 0.000_1, "{kind:?}: {}", sound.duration);
        assert!(sound.bitrate > 8_000 && sound.bitrate < 400_000, "{kind:?}: {}", sound.bitrate);
        assert!(has(file, b"Secret"), "{kind:?}: the test is none");
        for word in WORDS {
            assert!(!has(&out, word), "{kind:?}: {}", String::from_utf8_lossy(word));
        }
        assert!(out.len() < file.len());
        // what is clean stays as it is
        let (_, again, same) = cleaned(&out).unwrap();
        assert!(again == sound && same == out, "{kind:?}");
    }
}

#[test]
fn s_105_other_kinds_are_refused_with_a_sentence() {
    let files: [(&[u8], &str); 9] = [
        (fixture!("sound-free.mp3"), "The file is no sound that is supported"),
        (fixture!("sound-speex.ogg"), "The Ogg file is of a kind that is not supported"),
        (
            fixture!("sound-theora.ogg"),
            "The Ogg file holds a video; only Vorbis and Opus sound is taken in Ogg",
        ),
        (b"", "The file is no sound that is supported"),
        (b"<html><script>alert(1)</script>", "The file is no sound that is supported"),
        (b"RIFF\0\0\0\0WEBPVP8L", "The file is no sound that is supported"),
        (b"\xff\xfbyes", "The file is no sound that is supported"),
        (b"OggS", "The file is no sound that is supported"),
        (
            b"RF64\xff\xff\xff\xffWAVE",
            "WAV files in the form for very large ones (RF64) are not supported",
        ),
    ];
    for (file, sentence) in files {
        assert_eq!(refusal(file), sentence);
    }
}

#[test]
fn s_107_what_is_too_long_is_refused() {
    for (file, kind, seconds, ..) in TAKEN {
        let mut out = Vec::new();
        let refused = clean(&mut Cursor::new(file), &mut out, 0).unwrap_err();
        assert_eq!(refused.0, "The sound is longer than 0 seconds", "{kind:?}");
        if seconds <= 1.0 {
            assert!(clean(&mut Cursor::new(file), &mut out, 1).is_ok(), "{kind:?}");
        }
    }
    let refused = measured(Codec::Opus, 48_000 * 601, 48_000, 2, 1, 600).unwrap_err();
    assert_eq!(refused.0, "The sound is longer than 10 minutes");
}

#[test]
fn s_106_tags_in_front_and_behind_do_not_matter() {
    for (file, kind, ..) in TAKEN {
        // one whose length is not known would be longer
        if file == PIPE {
            continue;
        }
        let plain = left(file);
        // one with a foot
        let (mut footed, mut foot) = (id3(b"SecretTitle"), id3(b"SecretTitle")[..10].to_vec());
        footed[5] = 0x10;
        foot[..3].copy_from_slice(b"3DI");
        let (front, behind) = (joined(&[&footed, &foot]), joined(&[&ape(b""), &id3v1()]));
        let tagged = joined(&[&front, &id3(&[0; 300]), &plain, &front, &behind]);
        assert!(left(&tagged) == plain, "{kind:?}");
    }
}

#[test]
fn truncated_files_are_cleaned_or_refused() {
    for (file, kind, ..) in TAKEN {
        for end in (0..file.len()).step_by(97) {
            if let Ok((_, sound, out)) = cleaned(&file[..end]) {
                let (_, again, same) = cleaned(&out).unwrap();
                assert!(again == sound && same == out, "{kind:?} up to {end}");
                assert!(!has(&out, b"Secret"), "{kind:?} up to {end}");
            }
        }
    }
}

/// Reads a few bytes at a time, and remembers how many were asked for at most.
struct Slow<R> {
    inner: R,
    step: usize,
    most: usize,
    sum: u64,
}

impl<R: Read> Read for Slow<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.most = self.most.max(out.len());
        let count = out.len().min(self.step);
        let count = self.inner.read(&mut out[..count])?;
        self.sum += count as u64;
        Ok(count)
    }
}

impl<R: Seek> Seek for Slow<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[test]
fn pieces_of_any_size_do() {
    for (file, kind, ..) in TAKEN {
        let mut input = Slow { inner: Cursor::new(file), step: 7, most: 0, sum: 0 };
        let mut out = Vec::new();
        clean(&mut input, &mut out, 3600).unwrap();
        assert!(out == left(file), "{kind:?}");
    }
}

/// A file that is made while it is read: a head, and then as many bytes as it shall have.
struct Endless {
    head: Vec<u8>,
    length: u64,
    at: u64,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length - self.at.min(self.length)).unwrap();
        let count = out.len().min(left);
        for byte in &mut out[..count] {
            let at = usize::try_from(self.at).unwrap();
            *byte = self.head.get(at).copied().unwrap_or(at as u8);
            self.at += 1;
        }
        Ok(count)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => self.length.strict_add_signed(by),
            SeekFrom::Current(by) => self.at.strict_add_signed(by),
        };
        Ok(self.at)
    }
}

#[test]
fn a_file_that_ends_before_its_end_ends_the_work() {
    /// Says that there is more than there is.
    struct Boast(Cursor<&'static [u8]>);

    impl Read for Boast {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.0.read(out)
        }
    }

    impl Seek for Boast {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            let more = if matches!(to, SeekFrom::End(_)) { 300_000 } else { 0 };
            Ok(self.0.seek(to)? + more)
        }
    }

    for (file, ..) in TAKEN {
        let mut out = Vec::new();
        if clean(&mut Boast(Cursor::new(file)), &mut out, 3600).is_ok() {
            assert!(!has(&out, b"Secret"));
        }
        let _ = super::cover(&mut Boast(Cursor::new(file)));
    }
}

#[test]
fn s_108_no_file_is_read_over_and_over() {
    let tags = id3(b"").repeat(200_000);
    let wav = |chunk: &[u8]| joined(&[b"RIFF\0\0\0\0WAVE", &chunk.repeat(200_000)]);
    let (fmt, rest) =
        (&PCM[12..36], [b"LIST\0\0\0\x7f".repeat(2_000), vec![0; 2_000_000]].concat());
    let length = joined(&[b"RIFF\0\0\0\0WAVE", fmt, b"data\0\0\0\0", &rest]);
    let files = [
        joined(&[&tags, VBR]),
        joined(&[b"fLaC", &b"\x01\0\0\0".repeat(300_000)]),
        wav(b"abcd\0\0\0\0"),
        wav(b"id3 \x0a\0\0\0ID3\x03\0\0\0\0\0\0"),
        length,
        joined(&[&left(VBR), &b"\xff\xfb\x90\x64".repeat(100_000), &left(VBR)]),
        VORBIS.repeat(100),
        b"OggS\0\x02".repeat(200_000),
    ];
    for (number, file) in files.iter().enumerate() {
        let most = 4 * file.len() as u64 + 256 * window::SIZE as u64;
        let mut input = Slow { inner: Cursor::new(file), step: usize::MAX, most: 0, sum: 0 };
        let _ = clean(&mut input, &mut Vec::new(), 3600);
        assert!(input.sum <= most, "{number}: {} of {}", input.sum, file.len());
        input.sum = 0;
        let _ = super::cover(&mut input);
        assert!(input.sum <= most, "{number}: {} of {}", input.sum, file.len());
    }
}

/// Counts what is written, and how much of it at once.
#[derive(Default)]
struct Count {
    bytes: u64,
    most: usize,
}

impl Write for Count {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.bytes += data.len() as u64;
        self.most = self.most.max(data.len());
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn large_files_pass_in_pieces() {
    const LENGTH: u64 = 40 << 20;
    let mut head = left(PCM)[..44].to_vec();
    head[40..44].copy_from_slice(&u32::try_from(LENGTH - 44).unwrap().to_le_bytes());
    let inner = Endless { head, length: LENGTH, at: 0 };
    let mut input = Slow { inner, step: usize::MAX, most: 0, sum: 0 };
    let mut output = Count::default();
    let (_, sound) = clean(&mut input, &mut output, 3600).unwrap();
    assert_eq!(output.bytes, LENGTH);
    assert!(sound.duration > 2_600.0);
    assert!(input.most <= window::SIZE && output.most <= window::SIZE);
}

/// A file with some bytes changed, taken out or put in.
fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..4_u8, prop::collection::vec(any::<u8>(), 0..9));
    (0..TAKEN.len(), prop::collection::vec(change, 1..6)).prop_map(|(file, changes)| {
        let mut file = TAKEN[file].0.to_vec();
        for (at, how, bytes) in changes {
            // the beginning is where the lengths are
            let at = at.index(if how % 2 == 0 { file.len().min(300) } else { file.len() });
            match how {
                0 | 1 => {
                    for (old, new) in file[at..].iter_mut().zip(bytes) {
                        *old = new;
                    }
                }
                2 => drop(file.splice(at..at, bytes)),
                _ => {
                    let end = file.len().min(at + 40 * bytes.len());
                    file.drain(at..end);
                }
            }
            if file.is_empty() {
                file.push(0);
            }
        }
        file
    })
}

/// What must hold whatever comes in.
fn no_harm(file: &[u8]) {
    let _ = super::cover(&mut Cursor::new(file));
    let Ok((kind, sound, out)) = cleaned(file) else { return };
    assert!(sound.duration > 0.0 && sound.duration <= 3600.0);
    assert!(out.len() <= file.len() + 1024, "{kind:?} grows");
    let stays = cleaned(&out).is_ok_and(|(_, again, same)| again == sound && same == out);
    // the last frame may hold what is taken for a tag, now that nothing follows it
    let shrinks = kind == Kind::Mp3 && cleaned(&out).map_or(0, |(.., same)| same.len()) < out.len();
    assert!(stays || shrinks, "{kind:?}: what is clean changes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spoiled_files_do_no_harm(file in spoiled()) {
        no_harm(&file);
    }

    #[test]
    fn spoiled_pages_with_right_sums_do_no_harm(mut file in spoiled()) {
        ogg::mend(&mut file);
        no_harm(&file);
    }

    #[test]
    fn any_bytes_do_no_harm(
        mark in prop::sample::select(vec![&b"ID3\x03\0\0"[..], b"fLaC\0\0\0\x22", b"OggS\0\x02", b"RIFFxxxxWAVEfmt ", b"\xff\xfb\x90\x64", b""]),
        tail in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        no_harm(&joined(&[mark, &tail]));
    }
}
