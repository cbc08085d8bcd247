//! What a file is, by its first bytes (S-105).

use super::Format;
use crate::media::heif;

/// How many bytes at the start of a file say what it is: an MP3 is one if a second frame follows
/// the first, which has up to 1,732 bytes.
pub const HEAD: usize = 2048;

/// What a file is, by its first [`HEAD`] bytes; its name and what the client says do not matter
/// (S-105).
pub fn sniff(head: &[u8]) -> Option<Format> {
    match head {
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::WebP),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Format::Wav),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => by_brands(head),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => is_webm(head).then_some(Format::WebM),
        [b'f', b'L', b'a', b'C', ..] => Some(Format::Flac),
        [b'O', b'g', b'g', b'S', ..] => is_sound(head).then_some(Format::Ogg),
        [b'I', b'D', b'3', 2..=4, _, flags, ..] if flags & 0x0f == 0 => Some(Format::Mp3),
        _ => is_mp3(head).then_some(Format::Mp3),
    }
}

/// ISO/IEC 14496-12 section 4.3: the brands say what the file is; the first of them that is known
/// here counts. Brands of pictures (heic, heix, mif1, avif, avis …) are looked at first: the same
/// file may also say that it is fit for players of films.
fn by_brands(head: &[u8]) -> Option<Format> {
    let size = head.first_chunk::<4>().map_or(0, |size| u32::from_be_bytes(*size));
    let size = usize::try_from(size).unwrap_or(usize::MAX).min(head.len());
    let brands = head.get(8..size).unwrap_or_default();
    let each = || brands.chunks_exact(4).enumerate().filter(|(at, _)| *at != 1).map(|(_, b)| b);
    let is_picture =
        |b: &[u8]| matches!(b, [b'h', b'e', ..] | b"mif1" | b"msf1" | b"avif" | b"avis");
    if each().any(is_picture) {
        return heif::sniff(head).map(|kind| match kind {
            heif::Kind::Heic => Format::Heic,
            heif::Kind::Avif => Format::Avif,
        });
    }
    each().find_map(|brand| match brand {
        b"qt  " => Some(Format::Mov),
        b"M4A " | b"M4B " => Some(Format::M4a),
        b"dash" | b"MSNV" | b"mmp4" | b"XAVC" | b"av01" | b"f4v " => Some(Format::Mp4),
        [b'i', b's', b'o', _] | [b'm', b'p', b'4', _] | [b'a', b'v', b'c', _] => Some(Format::Mp4),
        [b'M', b'4', b'V', _] | [b'3', b'g', _, _] => Some(Format::Mp4),
        _ => None,
    })
}

/// Whether these bytes stand somewhere in `head`.
pub(super) fn contains(head: &[u8], word: &[u8]) -> bool {
    head.windows(word.len()).any(|part| part == word)
}

/// The DocType of an EBML header (RFC 8794 section 11.2.4), which is `matroska` in other files.
fn is_webm(head: &[u8]) -> bool {
    let head = &head[..head.len().min(64)];
    contains(head, b"\x42\x82\x84webm") || contains(head, b"\x42\x82\x01\0\0\0\0\0\0\x04webm")
}

/// The first packet of an Ogg stream says what it is (RFC 3533): Vorbis or Opus, not Theora.
fn is_sound(head: &[u8]) -> bool {
    let packet = head.get(26).and_then(|segments| head.get(27 + usize::from(*segments)..));
    packet
        .is_some_and(|packet| packet.starts_with(b"\x01vorbis") || packet.starts_with(b"OpusHead"))
}

/// Whether two frames of MPEG layer III follow each other: eleven set bits alone are in any file.
fn is_mp3(head: &[u8]) -> bool {
    let second = mp3_frame(head).and_then(|length| head.get(length..));
    second.is_some_and(|second| mp3_frame(second).is_some())
}

/// The length of the frame that begins here (ISO/IEC 11172-3 section 2.4.1.3).
fn mp3_frame(data: &[u8]) -> Option<usize> {
    const FIRST: [usize; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const LATER: [usize; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let &[0xff, second, third, ..] = data else { return None };
    // layer III of MPEG 1, 2 and 2.5
    let version = match second & 0xfe {
        0xfa => 1,
        0xf2 => 2,
        0xe2 => 4,
        _ => return None,
    };
    let rate = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3))? / version;
    let index = usize::from(third >> 4).checked_sub(1)?;
    let (kilobits, samples) =
        if version == 1 { (FIRST.get(index)?, 144) } else { (LATER.get(index)?, 72) };
    Some(samples * kilobits * 1000 / rate + usize::from(third >> 1 & 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ftyp(brands: &[&[u8; 4]]) -> Vec<u8> {
        let mut out = u32::try_from(8 + brands.len() * 4).unwrap().to_be_bytes().to_vec();
        out.extend_from_slice(b"ftyp");
        brands.iter().for_each(|brand| out.extend_from_slice(*brand));
        out.extend_from_slice(b"\0\0\0\x08free");
        out
    }

    #[test]
    fn s_105_the_bytes_say_what_a_file_is() {
        let none = b"\0\0\0\0";
        for (brands, format) in [
            (&[b"isom", none, b"mp41"][..], Some(Format::Mp4)),
            (&[b"mp42", none, b"isom"], Some(Format::Mp4)),
            (&[b"qt  ", none, b"qt  "], Some(Format::Mov)),
            (&[b"M4A ", none, b"mp42"], Some(Format::M4a)),
            (&[b"3gp4", none], Some(Format::Mp4)),
            (&[b"zzzz", none, b"iso5"], Some(Format::Mp4)),
            (&[b"heic", none, b"mif1", b"isom"], Some(Format::Heic)),
            (&[b"mif1", none, b"miaf", b"heic"], Some(Format::Heic)),
            (&[b"avif", none, b"mif1", b"iso8"], Some(Format::Avif)),
            // pictures in another coding, and films of pictures
            (&[b"mif1", none, b"miaf"], None),
            (&[b"hevc", none, b"msf1"], None),
            (&[b"isom", none, b"heic"], None),
            (&[b"zzzz", b"isom"], None),
            (&[b"M4P ", none], None),
            (&[], None),
        ] {
            assert_eq!(sniff(&ftyp(brands)), format, "{brands:?}");
        }
        // the length of the box ends the list of brands
        assert_eq!(sniff(b"\0\0\0\x0cftypzzzz\0\0\0\0isom"), None);
        let ebml = |doc: &[u8]| [b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82", doc].concat();
        assert_eq!(sniff(&ebml(b"\x84webm")), Some(Format::WebM));
        assert_eq!(sniff(&ebml(b"\x88matroska")), None);
        let ogg = |packet: &[u8]| [b"OggS\0\x02".as_slice(), &[0; 20], &[1, 30], packet].concat();
        assert_eq!(sniff(&ogg(b"\x01vorbis")), Some(Format::Ogg));
        assert_eq!(sniff(&ogg(b"OpusHead")), Some(Format::Ogg));
        assert_eq!(sniff(&ogg(b"\x80theora")), None);
        assert_eq!(sniff(b"fLaC\0\0\0\x22"), Some(Format::Flac));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), Some(Format::Wav));
        assert_eq!(sniff(b"RIFF\0\0\0\0AVI LIST"), None);
        assert_eq!(sniff(b"ID3\x04\0\0\0\0\0\x10"), Some(Format::Mp3));
        for no in ["#EXTM3U\nhttp://127.0.0.1/", "<svg/>", "<html>", "%PDF-1.7", "PK\x03\x04", ""] {
            assert_eq!(sniff(no.as_bytes()), None, "{no}");
        }
    }

    #[test]
    fn s_105_one_frame_is_no_mp3() {
        // 128 kbit/s at 44.1 kHz: 417 bytes
        let mut file = vec![0xff, 0xfb, 0x90, 0x64];
        file.resize(417, 0);
        assert_eq!(sniff(&file), None);
        file.extend_from_slice(&[0xff, 0xfb, 0x90, 0x64]);
        assert_eq!(sniff(&file), Some(Format::Mp3));
        file[417] = 0;
        assert_eq!(sniff(&file), None);
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(head in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = sniff(&head);
            let _ = sniff(&[b"\0\0\0\x40ftyp".as_slice(), &head].concat());
            let _ = sniff(&[b"OggS".as_slice(), &head].concat());
            let _ = sniff(&[b"\xff\xfb".as_slice(), &head].concat());
        }
    }
}
