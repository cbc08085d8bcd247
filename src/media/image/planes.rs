//! Lossy WebP pictures without transparency. Their decoder leaves three planes, which are brought
//! to red, green and blue from the last row to the first while they are given back: both together
//! would take half as much again as the image itself.

use std::io::Cursor;

use ::image::{DynamicImage, RgbImage};
use image_webp::vp8::{Frame, Vp8Decoder};

use super::{Refused, Result, refuse};

/// So many rows lie between two looks at what can be given back.
const STEP: usize = 128;

/// Decodes the content of a `VP8 ` chunk, which must have the size that the file told.
pub(super) fn decode(data: &[u8], size: (u32, u32)) -> Result<DynamicImage> {
    // behind the frame's tag and its start code; looked at before anything is allocated
    let side =
        |at: usize| Some(u32::from(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?])));
    let stated = side(6).zip(side(8)).map(|(w, h)| (w & 0x3fff, h & 0x3fff));
    if stated != Some(size) {
        return refuse("The WebP file is damaged");
    }
    let frame = Vp8Decoder::decode_frame(Cursor::new(data))
        .map_err(|_| Refused("The file is damaged or is no image".to_owned()))?;
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    if (u32::from(frame.width), u32::from(frame.height)) != size {
        return refuse("The WebP file is damaged");
    }
    let Some(pixels) = colours(frame, width, height) else {
        return refuse("The WebP file is damaged");
    };
    match RgbImage::from_raw(size.0, size.1, pixels) {
        Some(image) => Ok(DynamicImage::ImageRgb8(image)),
        None => refuse("The image is too large"),
    }
}

/// All pixels; `None` for planes that are not as large as they should be.
fn colours(mut frame: Frame, width: usize, height: usize) -> Option<Vec<u8>> {
    // planes are made of blocks of 16 and 8
    let stride = width.div_ceil(16) * 16;
    let (half, rows) = (stride / 2, height.div_ceil(2));
    let columns = width.div_ceil(2);
    let mut pixels = vec![0; width * height * 3];
    for y in (0..height).rev() {
        // half a row of colour lies between two of brightness: the nearer one counts three times
        let near = y / 2;
        let far = if y % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(rows - 1) };
        let part = |plane: &'_ [u8], row: usize| -> Option<(usize, usize)> {
            let at = row * half;
            (at + columns <= plane.len()).then_some((at, at + columns))
        };
        let of = |plane: &[u8]| -> Option<Vec<u16>> {
            let (a, b) = (part(plane, near)?, part(plane, far)?);
            let pairs = plane[a.0..a.1].iter().zip(&plane[b.0..b.1]);
            Some(pairs.map(|(near, far)| 3 * u16::from(*near) + u16::from(*far)).collect())
        };
        let (u, v) = (of(&frame.ubuf)?, of(&frame.vbuf)?);
        let bright = frame.ybuf.get(y * stride..y * stride + width)?;
        let line = &mut pixels[y * width * 3..(y + 1) * width * 3];
        for (x, (pixel, bright)) in line.chunks_exact_mut(3).zip(bright).enumerate() {
            let near = x / 2;
            let far = if x % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(columns - 1) };
            let mixed = |line: &[u16]| i32::from((3 * line[near] + line[far] + 8) / 16);
            convert(pixel, i32::from(*bright), mixed(&u), mixed(&v));
        }
        if y % STEP == 0 {
            // one row above is still needed for the next
            frame.ybuf.truncate(y * stride);
            frame.ybuf.shrink_to_fit();
            for plane in [&mut frame.ubuf, &mut frame.vbuf] {
                plane.truncate((y / 2 + 1) * half);
                plane.shrink_to_fit();
            }
        }
    }
    Some(pixels)
}

/// One pixel (BT.601 with the range of video, in the fixed point numbers of libwebp).
fn convert(pixel: &mut [u8], y: i32, u: i32, v: i32) {
    let clip = |n: i32| u8::try_from((n >> 6).clamp(0, 255)).unwrap_or(255);
    let y = (y * 19_077) >> 8;
    pixel[0] = clip(y + ((v * 26_149) >> 8) - 14_234);
    pixel[1] = clip(y - ((u * 6_419) >> 8) - ((v * 13_320) >> 8) + 8_708);
    pixel[2] = clip(y + ((u * 33_050) >> 8) - 17_685);
}
