//! HEIF, the container of HEIC and AVIF pictures (ISO/IEC 23008-12, AV1 Image File Format). What
//! is read here is what has to be known before a program of the host decodes one: its size
//! (S-107), how it is turned, and its colours. Pixels are left to that program.

pub mod dress;
mod read;

use std::fs::File;
use std::path::Path;

pub use read::Picture;

use super::image::Refused;

/// Which of the two: by the coding of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HEVC.
    Heic,
    /// AV1.
    Avif,
}

impl Kind {
    /// The media types that clients know it by.
    pub fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Heic => &["image/heic", "image/heif"],
            Self::Avif => &["image/avif"],
        }
    }
}

/// Brands of pictures that are coded in HEVC, and in AV1.
const HEIC: [&[u8]; 4] = [b"heic", b"heix", b"heim", b"heis"];
const AVIF: [&[u8]; 2] = [b"avif", b"avis"];
/// The brand of pictures in whatever coding: Apple and Samsung may name it first.
const ANY: &[u8] = b"mif1";

/// Whether a file is such a picture, by its first bytes (S-105): a box `ftyp` with one of the
/// brands as its own, or with the general one as its own and one of them beside it.
pub fn sniff(head: &[u8]) -> Option<Kind> {
    let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?) as usize;
    if head.get(4..8)? != b"ftyp" || !(16..=1024).contains(&size) {
        return None;
    }
    let own = head.get(8..12)?;
    let of = |brand: &[u8]| match brand {
        brand if HEIC.contains(&brand) => Some(Kind::Heic),
        brand if AVIF.contains(&brand) => Some(Kind::Avif),
        _ => None,
    };
    let beside = head.get(16..size.min(head.len())).unwrap_or_default();
    of(own).or_else(|| if own == ANY { beside.chunks_exact(4).find_map(of) } else { None })
}

/// Reads what there is to know of the picture in a file.
///
/// # Errors
/// A sentence, when the file is damaged or its picture is larger than the limits.
pub fn read(path: &Path, max_pixels: u64) -> Result<Picture, Refused> {
    let mut file = File::open(path)?;
    let picture = read::picture(&mut file)?;
    picture.check(max_pixels)?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ftyp(own: &[u8; 4], beside: &[&[u8; 4]]) -> Vec<u8> {
        let size = u32::try_from(16 + beside.len() * 4).unwrap();
        let mut out = size.to_be_bytes().to_vec();
        out.extend_from_slice(b"ftyp");
        out.extend_from_slice(own);
        out.extend_from_slice(&[0; 4]);
        beside.iter().for_each(|brand| out.extend_from_slice(*brand));
        out
    }

    #[test]
    fn s_105_pictures_are_known_by_their_brands() {
        for (own, beside, kind) in [
            (b"heic", vec![b"mif1", b"MiHE"], Some(Kind::Heic)),
            (b"heix", vec![], Some(Kind::Heic)),
            (b"avif", vec![b"mif1", b"miaf"], Some(Kind::Avif)),
            (b"avis", vec![b"avif"], Some(Kind::Avif)),
            (b"mif1", vec![b"miaf", b"heic"], Some(Kind::Heic)),
            (b"mif1", vec![b"avif"], Some(Kind::Avif)),
            (b"mif1", vec![b"miaf"], None),
            (b"isom", vec![b"heic"], None),
            (b"qt  ", vec![], None),
        ] {
            assert_eq!(sniff(&ftyp(own, &beside)), kind, "{own:?} {beside:?}");
        }
        let whole = ftyp(b"mif1", &[b"heic"]);
        for end in 0..whole.len() {
            assert_eq!(sniff(&whole[..end]), None, "{end}");
        }
        let mut lying = whole;
        lying[3] = 12;
        assert_eq!(sniff(&lying), None);
    }
}
