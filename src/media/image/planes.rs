//! Lossy WebP pictures. Their decoder leaves planes of brightness, of two colours, and of what
//! shows through. A large picture is written from them row by row; where it is needed as a whole, it
//! is put together from its last row to its first while they are given back.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Cursor, Write};
use std::sync::Arc;

use ::image::codecs::jpeg::JpegEncoder;
use ::image::codecs::webp::WebPDecoder;
use ::image::{DynamicImage, GenericImageView, ImageDecoder, Rgb, RgbImage, RgbaImage};
use image_webp::vp8::{Frame, Vp8Decoder};
use moxcms::Transform8BitExecutor;

use super::shrink::Shrink;
use super::webp::{self, Lossy};
use super::{Made, Order, PREVIEW_PIXELS, Refused, Result, Written, pixels, preview_of, rows};

/// So many rows lie between two looks at what can be given back.
const STEP: usize = 128;
/// So many rows are looked at together while a JPEG file is written.
const BAND: u32 = 16;

fn damaged() -> Refused {
    Refused("The WebP file is damaged".to_owned())
}

/// A decoded picture.
pub(super) struct Planes {
    frame: Frame,
    /// One byte a pixel; `None`: nothing shows through.
    alpha: Option<Vec<u8>>,
    width: usize,
    height: usize,
}

impl Planes {
    /// Decodes a picture, which must have the size that the file told.
    pub(super) fn decode(lossy: Lossy<'_>, size: (u32, u32)) -> Result<Self> {
        let data = lossy.picture;
        // behind the frame's tag and its start code; looked at before anything is allocated
        let side =
            |at: usize| Some(u32::from(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?])));
        let stated = side(6).zip(side(8)).map(|(w, h)| (w & 0x3fff, h & 0x3fff));
        if stated != Some(size) {
            return Err(damaged());
        }
        let (width, height) = (size.0 as usize, size.1 as usize);
        // first, since it takes more memory for a while
        let alpha = lossy.alpha.map(|alpha| show_through(alpha, size)).transpose()?;
        let frame = Vp8Decoder::decode_frame(Cursor::new(data))
            .map_err(|_| Refused("The file is damaged or is no image".to_owned()))?;
        // planes are made of blocks of 16 and 8
        let (across, down) = (width.div_ceil(16), height.div_ceil(16));
        let is_whole = frame.ybuf.len() >= across * down * 256
            && frame.ubuf.len().min(frame.vbuf.len()) >= across * down * 64;
        if (u32::from(frame.width), u32::from(frame.height)) != size || !is_whole {
            return Err(damaged());
        }
        Ok(Self { frame, alpha, width, height })
    }

    /// Channels of a pixel.
    fn channels(&self) -> usize {
        if self.alpha.is_some() { 4 } else { 3 }
    }

    /// Writes a row to `line`, which is as long as one. Rows below may have been given back.
    fn row(&self, y: usize, line: &mut [u8]) {
        let stride = self.width.div_ceil(16) * 16;
        let (half, rows) = (stride / 2, self.height.div_ceil(2));
        let columns = self.width.div_ceil(2);
        // half a row of colour lies between two of brightness: the nearer one counts three times
        let near = y / 2;
        let far =
            if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(rows - 1) };
        let of = |plane: &[u8]| -> Vec<u16> {
            let (a, b) = (near * half, far * half);
            let pairs = plane[a..a + columns].iter().zip(&plane[b..b + columns]);
            pairs.map(|(near, far)| 3 * u16::from(*near) + u16::from(*far)).collect()
        };
        let (u, v) = (of(&self.frame.ubuf), of(&self.frame.vbuf));
        let bright = &self.frame.ybuf[y * stride..y * stride + self.width];
        let channels = self.channels();
        for (x, (pixel, bright)) in line.chunks_exact_mut(channels).zip(bright).enumerate() {
            let near = x / 2;
            let far = if x.is_multiple_of(2) {
                near.saturating_sub(1)
            } else {
                (near + 1).min(columns - 1)
            };
            let mixed = |line: &[u16]| i32::from((3 * line[near] + line[far] + 8) / 16);
            convert(pixel, i32::from(*bright), mixed(&u), mixed(&v));
        }
        if let Some(alpha) = &self.alpha {
            let alpha = &alpha[y * self.width..(y + 1) * self.width];
            line.chunks_exact_mut(4).zip(alpha).for_each(|(pixel, alpha)| pixel[3] = *alpha);
        }
    }

    /// The picture as a whole.
    pub(super) fn into_image(mut self) -> Result<DynamicImage> {
        self.drop_idle_alpha();
        let length = self.width * self.channels();
        let mut pixels = vec![0; length * self.height];
        let stride = self.width.div_ceil(16) * 16;
        for y in (0..self.height).rev() {
            self.row(y, &mut pixels[y * length..(y + 1) * length]);
            if y % STEP == 0 {
                let frame = &mut self.frame;
                frame.ybuf.truncate(y * stride);
                frame.ybuf.shrink_to_fit();
                for plane in [&mut frame.ubuf, &mut frame.vbuf] {
                    // one row above is still needed for the next
                    plane.truncate((y / 2 + 1) * stride / 2);
                    plane.shrink_to_fit();
                }
                if let Some(alpha) = &mut self.alpha {
                    alpha.truncate(y * self.width);
                    alpha.shrink_to_fit();
                }
            }
        }
        let size = (self.frame.width.into(), self.frame.height.into());
        let image = if self.alpha.is_some() {
            RgbaImage::from_raw(size.0, size.1, pixels).map(DynamicImage::ImageRgba8)
        } else {
            RgbImage::from_raw(size.0, size.1, pixels).map(DynamicImage::ImageRgb8)
        };
        image.ok_or_else(damaged)
    }

    fn drop_idle_alpha(&mut self) {
        self.alpha.take_if(|alpha| alpha.iter().all(|alpha| *alpha == 255));
    }
}

/// Carries an order out for a lossy picture that stands upright.
pub(super) fn attach(order: &Order, mut planes: Planes, profile: Option<&[u8]>) -> Result<Made> {
    planes.drop_idle_alpha();
    let (width, height) = (planes.frame.width.into(), planes.frame.height.into());
    let colours = profile.and_then(|profile| pixels::converter(profile, planes.channels()));
    if planes.alpha.is_some() {
        let length = planes.width * 4;
        let mut y = 0;
        return rows::write(order, (width, height, 4), colours, |line| {
            line.resize(length, 0);
            planes.row(y, line);
            y += 1;
            Ok(true)
        });
    }
    let mut out = BufWriter::new(File::create(order.full())?);
    let view = View { planes: &planes, colours, band: RefCell::default() };
    JpegEncoder::new_with_quality(&mut out, 90).encode_image(&view)?;
    out.flush()?;
    let full = Written {
        extension: "jpg".to_owned(),
        media_type: "image/jpeg".to_owned(),
        width,
        height,
        bytes: out.get_ref().metadata()?.len(),
    };
    let mut shrink = Shrink::new(width, height, 3, PREVIEW_PIXELS);
    for y in (0..height).step_by(BAND as usize) {
        view.read(y).chunks_exact(planes.width * 3).for_each(|row| shrink.push(row));
    }
    let Some(small) = shrink.finish() else { return Err(damaged()) };
    preview_of(order, full, &small)
}

/// A picture without transparency as it is written: from above, some rows at a time.
struct View<'a> {
    planes: &'a Planes,
    colours: Option<Arc<Transform8BitExecutor>>,
    /// Its first row, and its pixels.
    band: RefCell<(u32, Vec<u8>)>,
}

impl View<'_> {
    /// The rows from here on, a band of them or up to the last.
    fn read(&self, top: u32) -> Vec<u8> {
        let length = self.planes.width * 3;
        let (top, end) = (top as usize, ((top + BAND) as usize).min(self.planes.height));
        let mut band = vec![0; end.saturating_sub(top) * length];
        let mut converted = vec![0; length];
        for (y, line) in (top..end).zip(band.chunks_exact_mut(length)) {
            self.planes.row(y, line);
            if let Some(colours) = &self.colours
                && colours.transform(line, &mut converted).is_ok()
            {
                line.copy_from_slice(&converted);
            }
        }
        band
    }
}

impl GenericImageView for View<'_> {
    type Pixel = Rgb<u8>;

    fn dimensions(&self) -> (u32, u32) {
        (self.planes.frame.width.into(), self.planes.frame.height.into())
    }

    fn get_pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let mut band = self.band.borrow_mut();
        let top = y - y % BAND;
        if band.0 != top || band.1.is_empty() {
            *band = (top, self.read(top));
        }
        let at = ((y - top) as usize * self.planes.width + x as usize) * 3;
        Rgb([band.1[at], band.1[at + 1], band.1[at + 2]])
    }
}

/// What is seen of each pixel, of an `ALPH` chunk (RFC 9649, section 2.7.1.2).
fn show_through(chunk: &[u8], size: (u32, u32)) -> Result<Vec<u8>> {
    let (width, height) = (size.0 as usize, size.1 as usize);
    let count = width * height;
    let (about, data) = chunk.split_first().ok_or_else(damaged)?;
    let mut alpha = match about & 3 {
        0 => data.get(..count).ok_or_else(damaged)?.to_vec(),
        1 => {
            let decoder = WebPDecoder::new(webp::packed_alpha(data, size))?;
            if decoder.dimensions() != size || decoder.total_bytes() != count as u64 * 4 {
                return Err(damaged());
            }
            let mut coloured = vec![0; count * 4];
            decoder.read_image(&mut coloured)?;
            // it is packed as the green of a picture
            for at in 0..count {
                coloured[at] = coloured[at * 4 + 1];
            }
            coloured.truncate(count);
            coloured.shrink_to_fit();
            coloured
        }
        _ => return Err(damaged()),
    };
    let filter = about >> 2 & 3;
    for at in (1..count).filter(|_| filter != 0) {
        let (x, y) = (at % width, at / width);
        let guess = match (filter, x, y) {
            (_, _, 0) => alpha[at - 1],
            (_, 0, _) | (2, _, _) => alpha[at - width],
            (1, _, _) => alpha[at - 1],
            _ => {
                let near = i16::from(alpha[at - 1]) + i16::from(alpha[at - width]);
                let slope = near - i16::from(alpha[at - width - 1]);
                u8::try_from(slope.clamp(0, 255)).unwrap_or(255)
            }
        };
        alpha[at] = alpha[at].wrapping_add(guess);
    }
    Ok(alpha)
}

/// One pixel (BT.601 with the range of video, in the fixed point numbers of libwebp).
fn convert(pixel: &mut [u8], y: i32, u: i32, v: i32) {
    let clip = |n: i32| u8::try_from((n >> 6).clamp(0, 255)).unwrap_or(255);
    let y = (y * 19_077) >> 8;
    pixel[0] = clip(y + ((v * 26_149) >> 8) - 14_234);
    pixel[1] = clip(y - ((u * 6_419) >> 8) - ((v * 13_320) >> 8) + 8_708);
    pixel[2] = clip(y + ((u * 33_050) >> 8) - 17_685);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLEAR: &[u8] = include_bytes!("../../../tests/fixtures/clear.webp");

    #[test]
    fn what_shows_through_is_as_others_see_it() {
        let planes = Planes::decode(webp::lossy(CLEAR).unwrap(), (61, 43)).unwrap();
        let seen = planes.into_image().unwrap().into_rgba8();
        let others = ::image::load_from_memory(CLEAR).unwrap().into_rgba8();
        for (x, y, pixel) in seen.enumerate_pixels() {
            let other = others.get_pixel(x, y);
            assert_eq!(pixel[3], other[3], "{x} {y}");
            let near = pixel.0.iter().zip(other.0).all(|(a, b)| a.abs_diff(b) < 3);
            assert!(near, "{x} {y}: {pixel:?} {other:?}");
        }
    }

    proptest! {
        #[test]
        fn filters_are_undone(
            width in 1..20_usize, height in 1..20_usize, filter in 0..4_u8, bytes: [u8; 400],
        ) {
            let chunk = [&[filter << 2][..], &bytes[..width * height]].concat();
            let alpha = show_through(&chunk, (width as u32, height as u32)).unwrap();
            for (at, (alpha_at, byte)) in alpha.iter().zip(bytes).enumerate() {
                let (x, y) = (at % width, at / width);
                let left = || i32::from(alpha[at - 1]);
                let up = || i32::from(alpha[at - width]);
                let guess = match filter {
                    0 => 0,
                    _ if x == 0 && y == 0 => 0,
                    _ if y == 0 => left(),
                    _ if x == 0 || filter == 2 => up(),
                    1 => left(),
                    _ => (left() + up() - i32::from(alpha[at - width - 1])).clamp(0, 255),
                };
                prop_assert_eq!(i32::from(*alpha_at), (guess + i32::from(byte)) & 255);
            }
        }

        #[test]
        fn any_bytes_do_no_harm(at: prop::sample::Index, tail in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut file = CLEAR.to_vec();
            let at = at.index(file.len());
            file[at..].iter_mut().zip(&tail).for_each(|(old, new)| *old = *new);
            if let Some(lossy) = webp::lossy(&file)
                && let Ok(planes) = Planes::decode(lossy, (61, 43))
            {
                planes.into_image().unwrap();
            }
        }
    }
}
