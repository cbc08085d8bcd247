//! Small pictures that are kept as they were drawn, without anything else that was in the file:
//! custom emojis, whose pixels are few and whose animations are to stay (S-106, S-116).

use super::{FRAME, Format, MAX_FRAMES, Refused, Result, gif, refuse, sniff, webp};

/// Most pixels of one.
pub(super) const MOST_PIXELS: u64 = 1024 * 1024;
/// What makes the picture of a PNG file, moving ones with it.
const PARTS: [&[u8; 4]; 11] = [
    b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"acTL", b"fcTL", b"fdAT", b"IDAT",
    b"IEND",
];

/// The file put together again of the parts that make its picture.
///
/// # Errors
/// What is no PNG, GIF or WebP picture, or a damaged one.
pub fn strip(data: &[u8]) -> std::result::Result<Vec<u8>, Refused> {
    match sniff(data) {
        Some(Format::Png) => png(data),
        Some(Format::Gif) => Ok(gif::remux(data, MOST_PIXELS * FRAME)?.bytes),
        Some(Format::WebP) => match webp::remux(data, MOST_PIXELS * FRAME)? {
            Some(moving) => Ok(moving.bytes),
            None => webp::still(data),
        },
        _ => refuse("The file is no PNG, GIF or WebP picture"),
    }
}

fn png(data: &[u8]) -> Result<Vec<u8>> {
    let (head, mut rest) = data.split_at(8);
    let mut out = head.to_vec();
    let (mut frames, mut has_pixels) = (0, false);
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let name = after.first_chunk::<4>();
        // with its name and its check sum
        let Some(end) = length.checked_add(12).filter(|end| *end <= rest.len()) else { break };
        let (chunk, next) = rest.split_at(end);
        rest = next;
        let Some(name) = name.filter(|name| PARTS.contains(name)) else { continue };
        if (out.len() == 8) != (name == b"IHDR") {
            break;
        }
        out.extend_from_slice(chunk);
        has_pixels |= name == b"IDAT";
        frames += u32::from(name == b"fcTL");
        if frames > MAX_FRAMES {
            return refuse(format!("The moving image has more than {MAX_FRAMES} frames"));
        }
        if name == b"IEND" && has_pixels {
            return Ok(out);
        }
    }
    refuse("The PNG file is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{ImageFormat, Rgba, RgbaImage};
    use proptest::prelude::*;

    fn coded(format: ImageFormat) -> Vec<u8> {
        let mut out = std::io::Cursor::new(Vec::new());
        RgbaImage::from_pixel(3, 2, Rgba([9, 8, 7, 100])).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// A PNG file with a text, a place and something behind its end.
    fn png_file() -> Vec<u8> {
        let plain = coded(ImageFormat::Png);
        let mut out = plain[..33].to_vec();
        for name in [b"tEXt", b"eXIf"] {
            out.extend_from_slice(&[0, 0, 0, 6]);
            out.extend_from_slice(name);
            out.extend_from_slice(b"secret\0\0\0\0");
        }
        out.extend_from_slice(&plain[33..]);
        out.extend_from_slice(b"<script>");
        out
    }

    #[test]
    fn s_116_only_the_picture_is_left() {
        let mut webp = coded(ImageFormat::WebP);
        webp.extend_from_slice(b"EXIF\x06\0\0\0secret");
        let size = u32::try_from(webp.len() - 8).unwrap().to_le_bytes();
        webp[4..8].copy_from_slice(&size);
        for (data, format) in [(png_file(), ImageFormat::Png), (webp, ImageFormat::WebP)] {
            let stripped = strip(&data).unwrap();
            let has = |what: &[u8]| stripped.windows(what.len()).any(|part| part == what);
            assert!(!has(b"secret") && !has(b"script"), "{format:?}");
            let image = ::image::load_from_memory_with_format(&stripped, format).unwrap();
            assert_eq!(image.to_rgba8().get_pixel(2, 1), &Rgba([9, 8, 7, 100]));
            assert_eq!(strip(&stripped).unwrap(), stripped);
        }
        for no in [&b"<svg/>"[..], b"", &coded(ImageFormat::Png)[..40], b"\x89PNG\r\n\x1a\n"] {
            assert!(strip(no).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(tail in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
            let file = png_file();
            let mut file = file[..cut.min(file.len())].to_vec();
            file.extend(tail);
            let _ = strip(&file);
        }
    }
}
