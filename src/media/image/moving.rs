//! Moving images: put together anew of their known parts, looked through frame by frame, and kept,
//! or cropped where they stand for somebody.

use std::fs::{self, File};
use std::io::{BufWriter, Cursor, Write};

use ::image::codecs::{gif::GifDecoder, webp::WebPDecoder};
use ::image::metadata::Orientation;
use ::image::{AnimationDecoder, DynamicImage};

use super::pixels::{self, Coding};
use super::{AVATAR, FRAME, HEADER, MOVING, PREVIEW_PIXELS};
use super::{Format, Made, Order, Purpose, Result, Written};
use super::{check_size, preview_of, refuse, with_preview, write};

/// A moving image that was put together anew.
pub(super) struct Moving {
    pub(super) bytes: Vec<u8>,
    pub(super) frames: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Moving {
    /// Refuses what would take too long to show.
    pub(super) fn check(self, max_pixels: u64) -> Result<Self> {
        check_size(self.width, self.height, max_pixels)?;
        let max_frame = if self.frames > 1 { max_pixels / FRAME } else { max_pixels };
        if u64::from(self.width) * u64::from(self.height) > max_frame {
            return refuse(format!("The moving image is larger than {max_frame} pixels"));
        }
        let all = u64::from(self.width) * u64::from(self.height) * u64::from(self.frames);
        if all > max_pixels.saturating_mul(MOVING) {
            return refuse("The moving image has too many pixels in all its frames");
        }
        if self.frames == 0 {
            return refuse("The image has no frames");
        }
        Ok(self)
    }

    /// All frames, each as large as the whole image.
    pub(super) fn decode(&self, format: Format) -> Result<::image::Frames<'_>> {
        let data = Cursor::new(&self.bytes);
        Ok(match format {
            Format::WebP => WebPDecoder::new(data)?.into_frames(),
            _ => GifDecoder::new(data)?.into_frames(),
        })
    }
}

/// Keeps a moving image as it is, once every frame was seen to be one.
pub(super) fn keep(order: &Order, format: Format, moving: Moving) -> Result<Made> {
    fs::write(order.full(), &moving.bytes)?;
    let (extension, media_type) = match format {
        Format::WebP => ("webp", "image/webp"),
        _ => ("gif", "image/gif"),
    };
    let full = Written {
        extension: extension.to_owned(),
        media_type: media_type.to_owned(),
        width: moving.width,
        height: moving.height,
        bytes: moving.bytes.len() as u64,
    };
    if moving.frames == 1 && format == Format::Gif {
        let first = pixels::decode(moving.bytes, format, order.max_pixels)?.image;
        return with_preview(order, full, &first, Orientation::NoTransforms);
    }
    let mut first = None;
    for frame in moving.decode(format)? {
        let frame = frame?;
        if first.is_none() {
            let image = DynamicImage::ImageRgba8(frame.into_buffer());
            let image = pixels::fit(&image, PREVIEW_PIXELS).unwrap_or(image);
            first = Some(pixels::without_idle_alpha(image));
        }
    }
    let Some(first) = first else { return refuse("The image has no frames") };
    preview_of(order, full, &first)
}

/// A moving avatar or header: every frame is cropped; a still version stands beside it.
pub(super) fn crop(order: &Order, format: Format, moving: &Moving) -> Result<Made> {
    let (width, height) = if order.purpose == Purpose::Avatar { AVATAR } else { HEADER };
    let mut out = BufWriter::new(File::create(order.full())?);
    let mut first = None;
    {
        let mut encoder = ::image::codecs::gif::GifEncoder::new_with_speed(&mut out, 20);
        encoder.set_repeat(::image::codecs::gif::Repeat::Infinite)?;
        for frame in moving.decode(format)? {
            let frame = frame?;
            let delay = frame.delay();
            let image = DynamicImage::ImageRgba8(frame.into_buffer());
            let image = pixels::cover(&image, width, height).into_rgba8();
            encoder.encode_frame(::image::Frame::from_parts(image.clone(), 0, 0, delay))?;
            first.get_or_insert(DynamicImage::ImageRgba8(image));
        }
    }
    out.flush()?;
    drop(out);
    let Some(first) = first else { return refuse("The image has no frames") };
    let full = Written {
        extension: "gif".to_owned(),
        media_type: "image/gif".to_owned(),
        width: first.width(),
        height: first.height(),
        bytes: fs::metadata(order.full())?.len(),
    };
    let mut small = write(&order.small(), &first, Orientation::NoTransforms, Coding::Png)?;
    small.extension = format!("static.{}", small.extension);
    Ok(Made { full, small: Some(small), blurhash: pixels::blurhash(&first), play: None })
}
