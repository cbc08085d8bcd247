//! Custom emojis: what was drawn is kept, once every frame of it was seen to be a picture, and one
//! that moves gets a still version (S-106, S-107, S-116).

use std::fs;
use std::io::Cursor;

use ::image::codecs::png::PngDecoder;
use ::image::metadata::Orientation;
use ::image::{AnimationDecoder, DynamicImage, Frames};

use super::strip::{MOST_PIXELS, strip};
use super::{Coding, FRAME, Format, MOVING, Made, Order, Result, Written};
use super::{gif, pixels, refuse, sniff, webp, write};

/// Most pixels of a still version: it is shown as high as a line of text.
const STILL_PIXELS: u64 = 200 * 200;

/// Carries the order out.
pub(super) fn make(order: &Order, data: &[u8]) -> Result<Made> {
    let bytes = strip(data)?;
    let Some(format) = sniff(&bytes) else { return refuse("The file is no picture") };
    let (first, frames) = look(format, &bytes)?;
    fs::write(order.full(), &bytes)?;
    let (extension, media_type) = match format {
        Format::Gif => ("gif", "image/gif"),
        Format::WebP => ("webp", "image/webp"),
        _ => ("png", "image/png"),
    };
    let full = Written {
        extension: extension.to_owned(),
        media_type: media_type.to_owned(),
        width: first.width(),
        height: first.height(),
        bytes: bytes.len() as u64,
    };
    let mut small = None;
    if frames > 1 {
        let still = pixels::fit(&first, STILL_PIXELS).unwrap_or(first);
        small = Some(write(&order.small(), &still, Orientation::NoTransforms, Coding::Png)?);
    }
    Ok(Made { full, small, blurhash: None, play: None })
}

/// The picture that stands for all, and how many frames there are. All are decoded.
fn look(format: Format, bytes: &[u8]) -> Result<(DynamicImage, u32)> {
    let moving = match format {
        Format::Gif => Some(gif::remux(bytes, MOST_PIXELS * FRAME)?),
        Format::WebP => webp::remux(bytes, MOST_PIXELS * FRAME)?,
        _ => None,
    };
    if let Some(moving) = moving {
        let (first, frames) = count(moving.decode(format)?)?;
        return match first {
            Some(first) => Ok((first, frames)),
            None => refuse("The image has no frames"),
        };
    }
    // of a moving PNG, what programs show that know of no frames
    let still = pixels::decode(bytes.to_vec(), format, MOST_PIXELS)?.image;
    let mut frames = 1;
    if format == Format::Png {
        let decoder = PngDecoder::with_limits(Cursor::new(bytes), pixels::limits(MOST_PIXELS))?;
        if decoder.is_apng()? {
            frames = count(decoder.apng()?.into_frames())?.1;
        }
    }
    Ok((still, frames))
}

/// Decodes frames one after the other, up to what a moving image may have.
fn count(all: Frames<'_>) -> Result<(Option<DynamicImage>, u32)> {
    let (mut first, mut frames, mut pixels) = (None, 0, 0);
    for frame in all {
        let image = frame?.into_buffer();
        frames += 1;
        pixels += u64::from(image.width()) * u64::from(image.height());
        if pixels > MOST_PIXELS * FRAME * MOVING {
            return refuse("The moving image has too many pixels in all its frames");
        }
        first.get_or_insert(DynamicImage::ImageRgba8(image));
    }
    Ok((first, frames))
}
