//! A converted picture gets the colours and the turn that its HEIF file names, and loses those
//! that its converter wrote into it: old libheif copies EXIF, and with it a turn that it has
//! carried out already; ffmpeg carries none out and leaves profiles behind.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use moxcms::ColorProfile;

use super::Picture;

/// Most bytes of an ICC profile in one segment of a JPEG file, and most such segments.
const PROFILE_PART: usize = 65_519;
const PROFILE_PARTS: usize = 255;
/// Display P3, as H.273 numbers primaries.
const DISPLAY_P3: u16 = 12;
/// Segments or chunks that are looked at before the picture begins.
const HEADERS: usize = 1000;

/// Copies a converted picture, PNG or JPEG, into a new file as `picture` wants it, and answers its
/// width and height. `upright`: the converter has turned it.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for what is neither.
pub fn dress(from: &Path, to: &Path, picture: &Picture, upright: bool) -> io::Result<(u32, u32)> {
    let mut input = BufReader::new(File::open(from)?);
    let mut out = BufWriter::new(File::create_new(to)?);
    let mut first = [0; 2];
    input.read_exact(&mut first)?;
    out.write_all(&first)?;
    let size = match first {
        [0xff, 0xd8] => {
            let orientation = if upright { 1 } else { picture.orientation };
            jpeg(&mut input, &mut out, orientation, &profile(picture))?
        }
        [0x89, b'P'] => png(&mut input, &mut out)?,
        _ => return Err(invalid()),
    };
    io::copy(&mut input, &mut out)?;
    out.flush()?;
    Ok(size)
}

fn invalid() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// The profile of the file, or one for the primaries that it names.
fn profile(picture: &Picture) -> Vec<u8> {
    match (&picture.profile, picture.primaries) {
        (Some(profile), _) => profile.clone(),
        (None, Some(DISPLAY_P3)) => ColorProfile::new_display_p3().encode().unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Copies the segments of a JPEG file up to the one that says its size.
fn jpeg(
    input: &mut impl Read,
    out: &mut impl Write,
    orientation: u8,
    profile: &[u8],
) -> io::Result<(u32, u32)> {
    if orientation != 1 {
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0, 0]);
        segment(out, 0xe1, &exif)?;
    }
    let parts = profile.chunks(PROFILE_PART);
    let count = parts.len();
    if count <= PROFILE_PARTS {
        for (number, part) in (1_u8..).zip(parts) {
            let mut body = b"ICC_PROFILE\0".to_vec();
            body.extend_from_slice(&[number, u8::try_from(count).unwrap_or(u8::MAX)]);
            body.extend_from_slice(part);
            segment(out, 0xe2, &body)?;
        }
    }
    for _ in 0..HEADERS {
        let mut head = [0; 4];
        input.read_exact(&mut head)?;
        let [0xff, marker, high, low] = head else { return Err(invalid()) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let mut body = vec![0; length.checked_sub(2).ok_or_else(invalid)?];
        input.read_exact(&mut body)?;
        // the converter's own words about the picture: applications 0 to 15, and comments
        if matches!(marker, 0xe0..=0xef | 0xfe) {
            continue;
        }
        segment(out, marker, &body)?;
        // a frame header, of whatever coding
        if matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) {
            let [_, h1, h2, w1, w2, ..] = body[..] else { return Err(invalid()) };
            // what stands behind it is copied: no converter writes more than the picture there
            return Ok((u16::from_be_bytes([w1, w2]).into(), u16::from_be_bytes([h1, h2]).into()));
        }
    }
    Err(invalid())
}

fn segment(out: &mut impl Write, marker: u8, body: &[u8]) -> io::Result<()> {
    let length = u16::try_from(body.len() + 2).map_err(|_| invalid())?;
    out.write_all(&[0xff, marker])?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(body)
}

/// Copies the chunks of a PNG file up to its pixels, without those that EXIF is in.
fn png(input: &mut impl Read, out: &mut impl Write) -> io::Result<(u32, u32)> {
    let mut rest = [0; 6];
    input.read_exact(&mut rest)?;
    out.write_all(&rest)?;
    let mut size = None;
    for _ in 0..HEADERS {
        let mut head = [0; 8];
        input.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        let length = u64::from(u32::from_be_bytes([a, b, c, d]));
        // with its checksum
        let mut body = (&mut *input).take(length + 4);
        if &kind == b"IHDR" {
            let mut sides = [0; 8];
            body.read_exact(&mut sides)?;
            let [w1, w2, w3, w4, h @ ..] = sides;
            size = Some((u32::from_be_bytes([w1, w2, w3, w4]), u32::from_be_bytes(h)));
            out.write_all(&head)?;
            out.write_all(&sides)?;
        } else if !matches!(&kind, b"eXIf" | b"zxIf" | b"tEXt" | b"zTXt" | b"iTXt") {
            out.write_all(&head)?;
        } else {
            io::copy(&mut body, &mut io::sink())?;
            continue;
        }
        io::copy(&mut body, out)?;
        if &kind == b"IDAT" {
            return size.ok_or_else(invalid);
        }
    }
    Err(invalid())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageDecoder, ImageFormat};
    use proptest::prelude::*;

    use super::*;

    fn coded(format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(20, 10).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn dressed(data: &[u8], picture: &Picture, upright: bool) -> io::Result<Vec<u8>> {
        let folder = std::env::temp_dir();
        let name = crate::media::storage::new_key();
        let (from, to) = (folder.join(format!("{name}.a")), folder.join(format!("{name}.b")));
        std::fs::write(&from, data)?;
        let size = dress(&from, &to, picture, upright);
        let made = std::fs::read(&to);
        let _ = std::fs::remove_file(from);
        let _ = std::fs::remove_file(to);
        assert_eq!(size?, (20, 10));
        made
    }

    #[test]
    fn a_turn_is_carried_out_once() {
        // the converter left the turn of the camera in the file
        let mut turned = coded(ImageFormat::Jpeg);
        let mut exif =
            b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend_from_slice(&[8, 0, 0, 0, 0, 0, 0, 0]);
        turned.splice(2..2, exif);
        let picture =
            Picture { orientation: 6, profile: Some(vec![7; 100_000]), ..Picture::default() };
        for (upright, orientation) in [(true, 1), (false, 6)] {
            let made = dressed(&turned, &picture, upright).unwrap();
            let data = Cursor::new(made);
            let mut decoder = image::codecs::jpeg::JpegDecoder::new(data).unwrap();
            assert_eq!(decoder.icc_profile().unwrap(), picture.profile);
            assert_eq!(decoder.orientation().unwrap().to_exif(), orientation);
            DynamicImage::from_decoder(decoder).unwrap();
        }
        let mut png = coded(ImageFormat::Png);
        png.splice(33..33, *b"\0\0\0\x04eXIfabcd\0\0\0\0");
        let made = dressed(&png, &picture, true).unwrap();
        assert_eq!(made, coded(ImageFormat::Png));
    }

    proptest! {
        #[test]
        fn bent_pictures_do_no_harm(at in 2..200_usize, byte: u8, jpeg_not_png: bool) {
            let format = if jpeg_not_png { ImageFormat::Jpeg } else { ImageFormat::Png };
            let mut data = coded(format);
            let last = data.len() - 1;
            data[at.min(last)] = byte;
            let picture = Picture::default();
            let mut out = Vec::new();
            let _ = jpeg(&mut Cursor::new(&data[2..]), &mut out, 3, &profile(&picture));
            let _ = png(&mut Cursor::new(&data[2..]), &mut out);
        }
    }
}
