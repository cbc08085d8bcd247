//! What files of elsewhere may be, by their first bytes (S-105), and what they are served as
//! (S-109). They are kept as they were sent, so that only kinds are in the table which a browser
//! shows and never runs: no SVG, no HTML, no PDF. What their server calls them does not matter.

/// By how many bytes a file is known.
pub const HEAD: usize = 64;

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Image,
    Video,
    Audio,
}

/// The ending that names of such files have, what they are served as, and what they are.
const KINDS: &[(&str, &str, Family)] = &[
    ("jpg", "image/jpeg", Family::Image),
    ("png", "image/png", Family::Image),
    ("gif", "image/gif", Family::Image),
    ("webp", "image/webp", Family::Image),
    ("avif", "image/avif", Family::Image),
    ("heic", "image/heic", Family::Image),
    ("mp4", "video/mp4", Family::Video),
    ("mov", "video/quicktime", Family::Video),
    ("webm", "video/webm", Family::Video),
    ("mp3", "audio/mpeg", Family::Audio),
    ("ogg", "audio/ogg", Family::Audio),
    ("flac", "audio/flac", Family::Audio),
    ("wav", "audio/wav", Family::Audio),
    ("m4a", "audio/mp4", Family::Audio),
];

/// Other ways to write an ending or a media type.
const SPELLINGS: &[(&str, &str)] = &[
    ("jpeg", "jpg"),
    ("jpe", "jpg"),
    ("jfif", "jpg"),
    ("apng", "png"),
    ("heif", "heic"),
    ("m4v", "mp4"),
    ("oga", "ogg"),
    ("opus", "ogg"),
    ("image/jpg", "jpg"),
    ("image/pjpeg", "jpg"),
    ("image/apng", "png"),
    ("image/heif", "heic"),
    ("video/x-m4v", "mp4"),
    ("audio/mp3", "mp3"),
    ("audio/opus", "ogg"),
    ("audio/x-flac", "flac"),
    ("audio/x-wav", "wav"),
    ("audio/wave", "wav"),
    ("audio/x-m4a", "m4a"),
    ("audio/m4a", "m4a"),
];

/// What files with this ending are served as.
pub fn media_type(ending: &str) -> Option<&'static str> {
    KINDS.iter().find(|kind| kind.0 == ending).map(|kind| kind.1)
}

/// What a file with this ending is.
pub fn family(ending: &str) -> Option<Family> {
    KINDS.iter().find(|kind| kind.0 == ending).map(|kind| kind.2)
}

/// The ending that an address gets before anything is known of its file: by what its server calls
/// it, else by where it is. Empty where neither is in the table; nothing is decided by it.
pub fn likely_ending(declared: Option<&str>, url: &str) -> &'static str {
    let known = |text: &str| {
        let text = text.to_ascii_lowercase();
        let kind = KINDS.iter().find(|kind| kind.0 == text || kind.1 == text).map(|kind| kind.0);
        kind.or_else(|| SPELLINGS.iter().find(|one| one.0 == text).map(|one| one.1))
    };
    let declared = declared.and_then(|kind| known(kind.split(';').next()?.trim()));
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    declared.or_else(|| known(name.rsplit_once('.')?.1)).unwrap_or_default()
}

/// The ending of a file that begins so; `None`: nothing that is kept or passed on.
pub fn sniff(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xff, 0xd8, 0xff, ..] => Some("jpg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("webp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("wav"),
        [b'f', b'L', b'a', b'C', ..] => Some("flac"),
        [b'I', b'D', b'3', 2..=4, ..] => Some("mp3"),
        [b'O', b'g', b'g', b'S', 0, ..] => ogg(head),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => contains(head, b"webm").then_some("webm"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => boxes(head),
        // sync, MPEG audio layer III, with a bit rate and a sample rate that there are
        [0xff, a, b, ..]
            if a & 0xe6 == 0xe2 && a & 0x18 != 0x08 && b >> 4 != 15 && b & 0x0c != 0x0c =>
        {
            Some("mp3")
        }
        _ => None,
    }
}

fn contains(head: &[u8], word: &[u8]) -> bool {
    head.windows(word.len()).any(|part| part == word)
}

/// The first page of an Ogg file names its codec; only sound is taken.
fn ogg(head: &[u8]) -> Option<&'static str> {
    let codecs: [&[u8]; 4] = [b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   "];
    codecs.iter().any(|codec| contains(head, codec)).then_some("ogg")
}

/// ISO base media files, by their main brand and those that they are compatible with (ISO/IEC
/// 14496-12, section 4.3).
fn boxes(head: &[u8]) -> Option<&'static str> {
    let size = u32::from_be_bytes(*head.first_chunk()?) as usize;
    let brands = head.get(8..size.min(head.len()))?;
    match brands.first_chunk::<4>()? {
        b"avif" | b"avis" => Some("avif"),
        b"mif1" | b"msf1" if contains(brands, b"avif") || contains(brands, b"avis") => Some("avif"),
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" => {
            Some("heic")
        }
        b"qt  " => Some("mov"),
        b"M4A " | b"M4B " | b"M4P " => Some("m4a"),
        [b'i', b's', b'o', _] | [b'm', b'p', b'4', _] | [b'a', b'v', b'c', _] => Some("mp4"),
        [b'M', b'4', b'V', _] | [b'3', b'g', _, _] | b"mmp4" | b"MSNV" | b"dash" | b"f4v " => {
            Some("mp4")
        }
        _ => None,
    }
}

/// Whether an image that begins so may move: those that surely do not need no still version.
/// Of a GIF this says nothing before it was looked through.
pub fn may_move(ending: &str, head: &[u8]) -> bool {
    match ending {
        "gif" | "avif" => true,
        "png" => contains(head, b"acTL"),
        // RIFF, size, WEBP, then the extended header with its flags
        "webp" => head.get(12..16) == Some(b"VP8X") && head.get(20).is_some_and(|f| f & 2 != 0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn s_105_files_are_what_their_first_bytes_say() {
        let ftyp = |brands: &str| {
            let size = u32::try_from(8 + brands.len()).unwrap();
            [&size.to_be_bytes()[..], b"ftyp", brands.as_bytes()].concat()
        };
        for (head, ending) in [
            (b"\xff\xd8\xff\xe0....".to_vec(), "jpg"),
            (b"\x89PNG\r\n\x1a\n".to_vec(), "png"),
            (b"GIF89a".to_vec(), "gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ".to_vec(), "webp"),
            (b"RIFF\0\0\0\0WAVEfmt ".to_vec(), "wav"),
            (b"fLaC\0\0".to_vec(), "flac"),
            (b"ID3\x04\0\0".to_vec(), "mp3"),
            (b"\xff\xfb\x90\x64".to_vec(), "mp3"),
            (b"OggS\0\x02.........OpusHead".to_vec(), "ogg"),
            (b"\x1a\x45\xdf\xa3....B\x82\x84webm".to_vec(), "webm"),
            (ftyp("avif\0\0\0\0mif1"), "avif"),
            (ftyp("mif1\0\0\0\0mif1avif"), "avif"),
            (ftyp("mif1\0\0\0\0mif1heic"), "heic"),
            (ftyp("heic\0\0\0\0"), "heic"),
            (ftyp("isom\0\0\0\0"), "mp4"),
            (ftyp("mp42\0\0\0\0"), "mp4"),
            (ftyp("qt  \0\0\0\0"), "mov"),
            (ftyp("M4A \0\0\0\0"), "m4a"),
        ] {
            assert_eq!(sniff(&head), Some(ending), "{ending}");
            assert!(media_type(ending).is_some() && family(ending).is_some(), "{ending}");
        }
        for other in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..],
            b"<!doctype html><script>1</script>",
            b"<?xml version='1.0'?>",
            b"%PDF-1.7",
            b"PK\x03\x04",
            b"#!/bin/sh",
            b"#EXTM3U\nhttp://127.0.0.1/",
            b"\x7fELF",
            b"OggS\0\x02.........\x80theora",
            b"\x1a\x45\xdf\xa3....B\x82\x88matroska",
            b"\xff\xf1\x50\x80",
            b"\xff\xff\xff\xff",
            b"",
            b"\xff",
        ] {
            assert_eq!(sniff(other), None, "{other:?}");
        }
        assert_eq!(sniff(&ftyp("jp2 \0\0\0\0")), None);
    }

    #[test]
    fn endings_come_from_the_table_alone() {
        for (declared, url, ending) in [
            (Some("image/jpeg"), "https://a.example/x", "jpg"),
            (Some("IMAGE/JPEG; a=b"), "https://a.example/x.png", "jpg"),
            (Some("text/html"), "https://a.example/x.PNG?y=z.exe", "png"),
            (None, "https://a.example/x.jpeg#a.gif", "jpg"),
            (None, "https://a.example/x.svg", ""),
            (None, "https://a.example/", ""),
            (None, "https://jpg", ""),
            (None, "", ""),
        ] {
            assert_eq!(likely_ending(declared, url), ending, "{declared:?} {url}");
        }
    }

    #[test]
    fn still_images_are_told_from_moving_ones() {
        assert!(!may_move("jpg", b""));
        assert!(may_move("webp", b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x12\0"));
        assert!(!may_move("webp", b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x10\0"));
        assert!(may_move("png", b"\x89PNG\r\n\x1a\n....IHDR.....acTL"));
        assert!(!may_move("png", b"\x89PNG\r\n\x1a\n....IHDR.....IDAT"));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(head: Vec<u8>, brand in prop::collection::vec(any::<u8>(), 0..40)) {
            sniff(&head);
            let file = [&head[..head.len().min(4)], b"ftyp", &brand].concat();
            if let Some(ending) = sniff(&file) {
                may_move(ending, &file);
            }
        }

        #[test]
        fn any_address_has_an_ending_of_the_table_or_none(url: String, kind: Option<String>) {
            let ending = likely_ending(kind.as_deref(), &url);
            prop_assert!(ending.is_empty() || media_type(ending).is_some());
        }
    }
}
