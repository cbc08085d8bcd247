//! Pictures of each kind that is taken, as large as it is taken.

use std::io::{Cursor, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageBuffer, ImageFormat, Rgb, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::Res;
use crate::text::Rng;

const LARGE: (u32, u32) = (7_296, 5_472);
/// As large as what takes four bytes a pixel may be.
const CLEAR: (u32, u32) = (6_000, 4_950);

/// A kind: its name, how many MB its upload may take, and how a file of it is made.
pub struct Kind {
    pub name: &'static str,
    pub most: f64,
    pub make: fn() -> Res<Vec<u8>>,
}

const fn large(name: &'static str, make: fn() -> Res<Vec<u8>>) -> Kind {
    Kind { name, most: 200.0, make }
}

pub const KINDS: &[Kind] = &[
    Kind { name: "photo of 8 megapixels", most: 64.0, make: || photo(3_264, 2_448) },
    large("photo of 40 megapixels", || photo(LARGE.0, LARGE.1)),
    large("progressive JPEG of 40 megapixels, 4:2:0", || {
        progressive(ColorType::Rgb, 3, SamplingFactor::F_2_2)
    }),
    large("progressive JPEG of 40 megapixels, 4:4:4", || {
        progressive(ColorType::Rgb, 3, SamplingFactor::F_1_1)
    }),
    large("progressive JPEG of 40 megapixels, grey", || {
        progressive(ColorType::Luma, 1, SamplingFactor::F_1_1)
    }),
    large("progressive JPEG of 40 megapixels, CMYK", || {
        progressive(ColorType::Cmyk, 4, SamplingFactor::F_1_1)
    }),
    large("PNG of 40 megapixels", || {
        let image = RgbImage::from_fn(LARGE.0, LARGE.1, |x, y| Rgb([patch(x, y), 90, patch(y, x)]));
        coded(|out| image.write_to(out, ImageFormat::Png))
    }),
    large("PNG of 40 megapixels, 16 bits", || {
        let image = ImageBuffer::<Rgb<u16>, Vec<u16>>::from_fn(LARGE.0, LARGE.1, |x, y| {
            Rgb([u16::from(patch(x, y)) * 257, 20_000, 9_000])
        });
        coded(|out| image.write_to(out, ImageFormat::Png))
    }),
    large("PNG of 40 megapixels, interlaced", interlaced),
    large("lossy WebP of 40 megapixels", || {
        Ok(include_bytes!("../../tests/fixtures/flat_40mp.webp").to_vec())
    }),
    large("clear lossy WebP of 30 megapixels", || {
        Ok(include_bytes!("../../tests/fixtures/flat_clear_30mp.webp").to_vec())
    }),
    large("clear lossless WebP of 30 megapixels", || {
        let image = RgbaImage::from_fn(CLEAR.0, CLEAR.1, |x, y| {
            image::Rgba([patch(x, y), 90, 30, patch(y, x)])
        });
        coded(|out| image.write_to(out, ImageFormat::WebP))
    }),
    large("still GIF of 30 megapixels", || Ok(gif(6_000, 4_950))),
];

/// Large areas of one brightness.
fn patch(x: u32, y: u32) -> u8 {
    u8::try_from((x / 97 * 31 + y / 131 * 17) % 256).unwrap_or(0)
}

fn coded(write: impl FnOnce(&mut Cursor<Vec<u8>>) -> image::ImageResult<()>) -> Res<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    write(&mut out)?;
    Ok(out.into_inner())
}

/// A photo as cameras make it: soft areas, edges and noise.
fn photo(width: u32, height: u32) -> Res<Vec<u8>> {
    let mut rng = Rng::new(8);
    let image = RgbImage::from_fn(width, height, |x, y| {
        let noise = rng.below(12) as u32;
        let edge = if (x / 97 + y / 131) % 2 == 0 { 60 } else { 0 };
        let byte = |n: u32| u8::try_from(n % 256).unwrap_or(0);
        Rgb([
            byte(x * 180 / width + edge + noise),
            byte(y * 180 / height + noise),
            byte((x + y) * 90 / (width + height) + edge + noise),
        ])
    });
    coded(|out| image.write_with_encoder(JpegEncoder::new_with_quality(out, 88)))
}

/// The same in several scans, of so many channels.
fn progressive(colours: ColorType, channels: u32, sampling: SamplingFactor) -> Res<Vec<u8>> {
    let mut rng = Rng::new(8);
    let (width, height) = LARGE;
    let mut pixels = Vec::with_capacity((width * height * channels) as usize);
    for y in 0..height {
        for x in 0..width {
            let noise = rng.below(12) as u8;
            for channel in 0..channels {
                pixels.push(patch(x + channel * 40, y) / 2 + noise);
            }
        }
    }
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 75);
    encoder.set_progressive(true);
    encoder.set_sampling_factor(sampling);
    encoder.encode(&pixels, u16::try_from(width)?, u16::try_from(height)?, colours)?;
    Ok(out)
}

/// A PNG file in seven passes.
fn interlaced() -> Res<Vec<u8>> {
    const PASSES: [(usize, usize, usize, usize); 7] = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];
    let mut data = ZlibEncoder::new(Vec::new(), Compression::fast());
    for (left, top, across, down) in PASSES {
        for y in (top as u32..LARGE.1).step_by(down) {
            let mut row = vec![0];
            for x in (left as u32..LARGE.0).step_by(across) {
                row.extend_from_slice(&[patch(x, y), 90, patch(y, x)]);
            }
            data.write_all(&row)?;
        }
    }
    let mut head = [LARGE.0.to_be_bytes(), LARGE.1.to_be_bytes()].concat();
    head.extend_from_slice(&[8, 2, 0, 0, 1]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [(b"IHDR", head), (b"IDAT", data.finish()?), (b"IEND", Vec::new())] {
        out.extend_from_slice(&u32::try_from(body.len())?.to_be_bytes());
        let part = [&name[..], &body].concat();
        let mut sum = Crc::new();
        sum.update(&part);
        out.extend_from_slice(&part);
        out.extend_from_slice(&sum.sum().to_be_bytes());
    }
    Ok(out)
}

/// A GIF file of one colour: each code stands for one pixel more than the one before it.
fn gif(width: u16, height: u16) -> Vec<u8> {
    let (mut bytes, mut bits, mut filled) = (Vec::new(), 0_u32, 0);
    let mut put = |code: u32, length: u32| {
        bits |= code << filled;
        filled += length;
        while filled >= 8 {
            bytes.push(bits.to_le_bytes()[0]);
            bits >>= 8;
            filled -= 8;
        }
    };
    let mut left = u32::from(width) * u32::from(height);
    // 4 begins anew, 5 ends, 6 is the first code that is not in the table from the start
    let (mut length, mut next, mut run) = (3, 6, 1);
    put(4, length);
    while left > 0 {
        if next > 4_000 {
            put(4, length);
            (length, next, run) = (3, 6, 1);
        }
        run = run.min(left);
        put(if run == 1 { 0 } else { run + 4 }, length);
        left -= run;
        // the decoder's table grows by one for each code but the first
        if run > 1 {
            next += 1;
        }
        if next == 1 << length && length < 12 {
            length += 1;
        }
        run += 1;
    }
    put(5, length);
    put(0, 8);
    let mut out = b"GIF89a".to_vec();
    out.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    out.extend_from_slice(&[0x80, 0, 0, 90, 9, 200, 0, 0, 0, 0x2c, 0, 0, 0, 0]);
    out.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    out.extend_from_slice(&[0, 2]);
    for block in bytes.chunks(255) {
        out.push(u8::try_from(block.len()).unwrap_or(255));
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&[0, 0x3b]);
    out
}
