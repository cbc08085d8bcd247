//! The one table of the kinds of files that are taken or passed on: how each is known by its first
//! bytes (S-105), what it is called, and how it is served (S-109). All of them are shown by a browser
//! and none is run: no SVG, no HTML, no PDF. Files of elsewhere are kept as they were sent, and what
//! their server calls them does not matter.

mod sniff;

use crate::model::MediaKind;
use sniff::contains;

pub use sniff::{HEAD, sniff};

/// The kinds of files that are known. Those in [`Format::TAKEN`] may be uploaded, and the pictures
/// that a program of the host reads; all may come from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    Gif,
    WebP,
    Avif,
    Heic,
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

    /// All that a file here can be.
    const ALL: &[Self] = &[
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::WebP,
        Self::Avif,
        Self::Heic,
        Self::Mp4,
        Self::Mov,
        Self::M4a,
        Self::WebM,
        Self::WebA,
        Self::Mp3,
        Self::Ogg,
        Self::Flac,
        Self::Wav,
    ];

    /// That whose files have this ending.
    pub fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL.iter().find(|format| format.extension() == ending).copied()
    }

    /// The media type that it is served with.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
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
            Self::Avif => "avif",
            Self::Heic => "heic",
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
            Self::Jpeg | Self::Png | Self::Gif | Self::WebP | Self::Avif | Self::Heic => {
                MediaKind::Image
            }
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

    /// Whether an image that begins so may move: those that surely do not need no still version.
    /// Of a GIF this says nothing before it was looked through.
    pub fn may_move(self, head: &[u8]) -> bool {
        match self {
            Self::Gif | Self::Avif => true,
            // what moves says so before its first pixels, which may lie behind a colour profile
            Self::Png => contains(head, b"acTL") || !contains(head, b"IDAT"),
            // RIFF, size, WEBP, then the extended header with its flags
            Self::WebP => {
                head.get(12..16) == Some(b"VP8X") && head.get(20).is_some_and(|f| f & 2 != 0)
            }
            _ => false,
        }
    }
}

/// Further ways in which servers write an ending or a media type.
const SPELLINGS: &[(&str, Format)] = &[
    ("jpeg", Format::Jpeg),
    ("jpe", Format::Jpeg),
    ("jfif", Format::Jpeg),
    ("apng", Format::Png),
    ("heif", Format::Heic),
    ("m4v", Format::Mp4),
    ("oga", Format::Ogg),
    ("opus", Format::Ogg),
    ("image/jpg", Format::Jpeg),
    ("image/pjpeg", Format::Jpeg),
    ("image/apng", Format::Png),
    ("image/heif", Format::Heic),
    ("video/x-m4v", Format::Mp4),
];

/// The ending that an address gets before anything is known of its file: by what its server calls
/// it, else by where it is. Empty where neither is in the table; nothing is decided by it.
pub fn likely_ending(declared: Option<&str>, url: &str) -> &'static str {
    let known = |text: &str| {
        let text = text.to_ascii_lowercase();
        let is = |format: &&Format| {
            format.extension() == text
                || format.media_type() == text
                || format.aliases().contains(&text.as_str())
        };
        let format = Format::ALL.iter().find(is).copied();
        format.or_else(|| SPELLINGS.iter().find(|one| one.0 == text).map(|one| one.1))
    };
    let declared = declared.and_then(|kind| known(kind.split(';').next()?.trim()));
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let format = declared.or_else(|| known(name.rsplit_once('.')?.1));
    format.map_or("", Format::extension)
}

/// The media types that are taken, with their other names, for clients to know.
pub fn media_types() -> Vec<&'static str> {
    let each = Format::TAKEN.iter();
    each.flat_map(|f| std::iter::once(f.media_type()).chain(f.aliases().iter().copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn s_109_each_ending_has_one_type() {
        for format in Format::ALL {
            assert_eq!(Format::of_ending(format.extension()), Some(*format));
        }
        for ending in ["html", "svg", "jpeg", "", "js", "xml"] {
            assert_eq!(Format::of_ending(ending), None, "{ending}");
        }
    }

    #[test]
    fn endings_come_from_the_table_alone() {
        for (declared, url, ending) in [
            (Some("image/jpeg"), "https://a.example/x", "jpg"),
            (Some("IMAGE/JPEG; a=b"), "https://a.example/x.png", "jpg"),
            (Some("audio/x-wav"), "https://a.example/x", "wav"),
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
        assert!(!Format::Jpeg.may_move(b""));
        assert!(Format::WebP.may_move(b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x12\0"));
        assert!(!Format::WebP.may_move(b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x10\0"));
        assert!(Format::Png.may_move(b"\x89PNG\r\n\x1a\n....IHDR.....acTL"));
        assert!(!Format::Png.may_move(b"\x89PNG\r\n\x1a\n....IHDR.....IDAT"));
        // so far nobody knows
        assert!(Format::Png.may_move(b"\x89PNG\r\n\x1a\n....IHDR.....iCCP"));
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(head: Vec<u8>) {
            for format in Format::ALL {
                let _ = format.may_move(&head);
            }
        }

        #[test]
        fn any_address_has_an_ending_of_the_table_or_none(url: String, kind: Option<String>) {
            let ending = likely_ending(kind.as_deref(), &url);
            prop_assert!(ending.is_empty() || Format::of_ending(ending).is_some());
        }
    }
}
