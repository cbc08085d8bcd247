//! The one table of the kinds of files that are taken: how each is known by its first bytes
//! (S-105), what it is called, and how it is served (S-109).

use crate::model::MediaKind;

/// How many bytes at the start of a file say what it is: an MP3 is one if a second frame follows
/// the first, which has up to 1,732 bytes.
pub const HEAD: usize = 2048;

/// The kinds of files that are known. Those in [`Format::TAKEN`] may be uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    Gif,
    WebP,
    Mp4,
    /// QuickTime; what comes of it is an [`Format::Mp4`].
    Mov,
    M4a,
    WebM,
    /// A WebM file without pictures; only told apart once it was read.
    WebA,
    Mp3,
    Ogg,
    Flac,
    Wav,
}

impl Format {
    /// Those that may be uploaded.
    pub const TAKEN: &[Self] = &[
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::WebP,
        Self::Mp4,
        Self::Mov,
        Self::M4a,
        Self::WebM,
        Self::Mp3,
        Self::Ogg,
        Self::Flac,
        Self::Wav,
    ];

    /// Those of avatars, headers and previews.
    pub const PICTURES: &[Self] = &[Self::Jpeg, Self::Png, Self::Gif, Self::WebP];

    /// All that a file in the store can be.
    const STORED: &[Self] = &[
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::WebP,
        Self::Mp4,
        Self::M4a,
        Self::WebM,
        Self::WebA,
        Self::Mp3,
        Self::Ogg,
        Self::Flac,
        Self::Wav,
    ];

    /// The media type that it is served with.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
            Self::M4a => "audio/mp4",
            Self::WebM => "video/webm",
            Self::WebA => "audio/webm",
            Self::Mp3 => "audio/mpeg",
            Self::Ogg => "audio/ogg",
            Self::Flac => "audio/flac",
            Self::Wav => "audio/wav",
        }
    }

    /// Other names that clients have for it: one that finds the name of its file in the list of
    /// what is taken sends it as it is.
    const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::M4a => &["audio/m4a", "audio/x-m4a"],
            Self::WebM => &["audio/webm"],
            Self::Mp3 => &["audio/mp3"],
            Self::Ogg => &["audio/vorbis", "audio/opus"],
            Self::Flac => &["audio/x-flac"],
            Self::Wav => &["audio/wave", "audio/x-wav", "audio/x-pn-wave", "audio/vnd.wave"],
            _ => &[],
        }
    }

    /// The ending of a stored file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::M4a => "m4a",
            Self::WebM => "webm",
            Self::WebA => "weba",
            Self::Mp3 => "mp3",
            Self::Ogg => "ogg",
            Self::Flac => "flac",
            Self::Wav => "wav",
        }
    }

    /// What clients show it as, as far as its first bytes tell.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Jpeg | Self::Png | Self::Gif | Self::WebP => MediaKind::Image,
            Self::Mp4 | Self::Mov | Self::WebM => MediaKind::Video,
            Self::M4a | Self::WebA | Self::Mp3 | Self::Ogg | Self::Flac | Self::Wav => {
                MediaKind::Audio
            }
        }
    }

    /// Whether it is a picture, moving or not, without sound.
    pub fn is_image(self) -> bool {
        self.kind() == MediaKind::Image
    }
}

/// The media types that are taken, with their other names, for clients to know.
pub fn media_types() -> Vec<&'static str> {
    let each = Format::TAKEN.iter();
    each.flat_map(|f| std::iter::once(f.media_type()).chain(f.aliases().iter().copied())).collect()
}

/// The media type of a stored file with this ending.
pub fn media_type_of(extension: &str) -> Option<&'static str> {
    let mut all = Format::STORED.iter();
    all.find(|format| format.extension() == extension).map(|format| format.media_type())
}

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
/// here counts. Brands of pictures (heic, heix, mif1, avif, avis …) would be looked at first: the
/// same file may also say that it is fit for players of films.
fn by_brands(head: &[u8]) -> Option<Format> {
    let size = head.first_chunk::<4>().map_or(0, |size| u32::from_be_bytes(*size));
    let size = usize::try_from(size).unwrap_or(usize::MAX).min(head.len());
    let brands = head.get(8..size).unwrap_or_default();
    let each = || brands.chunks_exact(4).enumerate().filter(|(at, _)| *at != 1).map(|(_, b)| b);
    let is_picture =
        |b: &[u8]| matches!(b, [b'h', b'e', ..] | b"mif1" | b"msf1" | b"avif" | b"avis");
    if each().any(is_picture) {
        return None;
    }
    each().find_map(|brand| match brand {
        b"qt  " => Some(Format::Mov),
        b"M4A " | b"M4B " => Some(Format::M4a),
        b"isom" | b"mp41" | b"mp42" | b"avc1" | b"M4V " | b"M4VH" | b"M4VP" | b"dash" | b"MSNV"
        | b"mmp4" | b"XAVC" | b"av01" | b"f4v " => Some(Format::Mp4),
        [b'i', b's', b'o', b'2'..=b'9' | b'a'..=b'c'] | [b'3', b'g', b'p' | b'2' | b'g', _] => {
            Some(Format::Mp4)
        }
        _ => None,
    })
}

/// The DocType of an EBML header (RFC 8794 section 11.2.4), which is `matroska` in other files.
fn is_webm(head: &[u8]) -> bool {
    let head = &head[..head.len().min(64)];
    head.windows(7).any(|part| part == b"\x42\x82\x84webm")
        || head.windows(14).any(|part| part == b"\x42\x82\x01\0\0\0\0\0\0\x04webm")
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
            (&[b"heic", none, b"mif1", b"isom"], None),
            (&[b"avif", none, b"mif1", b"iso8"], None),
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

    #[test]
    fn s_109_what_is_stored_has_one_type() {
        for format in Format::STORED {
            assert_eq!(media_type_of(format.extension()), Some(format.media_type()));
        }
        for ending in ["html", "svg", "mov", "", "js", "xml"] {
            assert_eq!(media_type_of(ending), None, "{ending}");
        }
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
