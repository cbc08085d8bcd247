//! Pixels: decoding and encoding still images, scaling and cropping them.

use std::io::{Cursor, Seek, Write};

use ::image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use ::image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use ::image::codecs::webp::{WebPDecoder, WebPEncoder};
use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, Limits};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::{Format, Result, check_size, refuse};

/// The longest colour profile that is looked at.
const LONGEST_PROFILE: usize = 4 << 20;

/// How a still image is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Coding {
    /// With this quality.
    Jpeg(u8),
    Png,
    /// Without loss.
    WebP,
}

/// Decodes a still image: 8 bits a channel, turned upright, in sRGB.
pub(super) fn decode(data: &[u8], format: Format, max_pixels: u64) -> Result<DynamicImage> {
    let data = Cursor::new(data);
    match format {
        Format::Jpeg => read(JpegDecoder::new(data)?, max_pixels),
        Format::Png => read(PngDecoder::with_limits(data, limits(max_pixels))?, max_pixels),
        Format::WebP => read(WebPDecoder::new(data)?, max_pixels),
        Format::Gif => read(::image::codecs::gif::GifDecoder::new(data)?, max_pixels),
        _ => refuse("The file is no image"),
    }
}

fn limits(max_pixels: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(super::MAX_SIDE);
    limits.max_image_height = Some(super::MAX_SIDE);
    limits.max_alloc = Some(max_pixels.saturating_mul(4).saturating_add(64 << 20));
    limits
}

fn read(mut decoder: impl ImageDecoder, max_pixels: u64) -> Result<DynamicImage> {
    let (width, height) = decoder.dimensions();
    check_size(width, height, max_pixels)?;
    // 16 bits a channel take twice the memory
    if decoder.total_bytes() > max_pixels.saturating_mul(4) {
        return refuse("The image has too many pixels for its depth of colours");
    }
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    decoder.set_limits(limits(max_pixels))?;
    let mut image = plain(DynamicImage::from_decoder(decoder)?);
    if let Some(profile) = profile.filter(|profile| profile.len() <= LONGEST_PROFILE) {
        to_srgb(&mut image, &profile);
    }
    image.apply_orientation(turned);
    Ok(image)
}

/// 8 bits a channel: grey, colours, or colours with transparency.
fn plain(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => image,
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma8(image.into_luma8()),
        image if image.color().has_alpha() => {
            without_idle_alpha(DynamicImage::ImageRgba8(image.into_rgba8()))
        }
        image => DynamicImage::ImageRgb8(image.into_rgb8()),
    }
}

/// Drops transparency that is nowhere used.
pub(super) fn without_idle_alpha(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageRgba8(pixels) if pixels.pixels().all(|p| p.0[3] == 255) => {
            DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(pixels).into_rgb8())
        }
        image => image,
    }
}

/// Colours as they were meant. A profile that cannot be read, or is not of red, green and blue,
/// changes nothing.
fn to_srgb(image: &mut DynamicImage, profile: &[u8]) {
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return };
    if profile.color_space != DataColorSpace::Rgb {
        return;
    }
    let (layout, channels, width) = match image {
        DynamicImage::ImageRgb8(_) => (Layout::Rgb, 3, image.width()),
        DynamicImage::ImageRgba8(_) => (Layout::Rgba, 4, image.width()),
        _ => return,
    };
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let Ok(transform) = profile.create_transform_8bit(layout, &srgb, layout, options) else {
        return;
    };
    let pixels: &mut [u8] = match image {
        DynamicImage::ImageRgb8(pixels) => pixels,
        DynamicImage::ImageRgba8(pixels) => pixels,
        _ => return,
    };
    // a row at a time: no second copy of the image
    let row = width as usize * channels;
    let mut line = vec![0; row];
    for from in pixels.chunks_exact_mut(row) {
        if transform.transform(from, &mut line).is_err() {
            return;
        }
        from.copy_from_slice(&line);
    }
}

/// Writes an image.
pub(super) fn encode<W: Write + Seek>(
    image: &DynamicImage,
    coding: Coding,
    out: &mut W,
) -> Result<()> {
    match coding {
        Coding::Jpeg(quality) => JpegEncoder::new_with_quality(out, quality).encode_image(image)?,
        Coding::Png => image.write_with_encoder(PngEncoder::new_with_quality(
            out,
            CompressionType::Default,
            FilterType::Adaptive,
        ))?,
        Coding::WebP => image.write_with_encoder(WebPEncoder::new_lossless(out))?,
    }
    Ok(())
}

/// The image with at most so many pixels; `None`: it has no more.
pub(super) fn fit(image: &DynamicImage, pixels: u64) -> Option<DynamicImage> {
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    #[allow(clippy::cast_precision_loss)]
    let factor = (pixels as f64 / (width * height)).sqrt();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 1 and MAX_SIDE
    let side = |n: f64| (n * factor).round().max(1.0) as u32;
    (factor < 1.0).then(|| image.thumbnail_exact(side(width), side(height)))
}

/// The middle of the image in the proportions of `width` to `height`, and no larger than that.
/// A large one is made small before it is cropped: no second copy of it.
pub(super) fn cover(image: &DynamicImage, width: u32, height: u32) -> DynamicImage {
    let factor = (f64::from(width) / f64::from(image.width()))
        .max(f64::from(height) / f64::from(image.height()));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 1 and MAX_SIDE
    let side = |n: u32| (f64::from(n) * factor).round().max(1.0) as u32;
    let shrunk =
        (factor < 1.0).then(|| image.thumbnail_exact(side(image.width()), side(image.height())));
    let image = shrunk.as_ref().unwrap_or(image);
    let (w, h) = (u64::from(image.width()), u64::from(image.height()));
    let (to_w, to_h) = (u64::from(width), u64::from(height));
    let (crop_w, crop_h) = if w * to_h > h * to_w {
        ((h * to_w / to_h).max(1), h)
    } else {
        (w, (w * to_h / to_w).max(1))
    };
    let side = |n: u64| u32::try_from(n).unwrap_or(1);
    image.crop_imm(side((w - crop_w) / 2), side((h - crop_h) / 2), side(crop_w), side(crop_h))
}

/// The blurred colours, made of a few pixels (S-115).
pub(super) fn blurhash(image: &DynamicImage) -> Option<String> {
    let small = fit(image, 64 * 64);
    let small = small.as_ref().unwrap_or(image).to_rgba8();
    blurhash::encode(4, 4, small.width(), small.height(), &small).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_have_the_proportions_and_are_never_larger() {
        let size = |w, h, to_w, to_h| {
            let made = cover(&DynamicImage::new_rgb8(w, h), to_w, to_h);
            (made.width(), made.height())
        };
        assert_eq!(size(1000, 800, 400, 400), (400, 400));
        assert_eq!(size(100, 80, 400, 400), (80, 80));
        assert_eq!(size(401, 400, 400, 400), (400, 400));
        assert_eq!(size(3000, 400, 400, 400), (400, 400));
        assert_eq!(size(1000, 800, 1500, 500), (1000, 333));
        assert_eq!(size(4000, 3000, 1500, 500), (1500, 500));
        assert_eq!(size(9000, 1, 400, 400), (1, 1));
        assert_eq!(size(1, 9000, 1500, 500), (1, 1));
    }

    #[test]
    fn previews_keep_their_proportions() {
        let made = fit(&DynamicImage::new_rgb8(4000, 2000), 640 * 360).unwrap();
        assert!(
            made.width() * made.height() <= 640 * 361
                && made.width().abs_diff(2 * made.height()) < 3
        );
        assert!(fit(&DynamicImage::new_rgb8(640, 360), 640 * 360).is_none());
        assert_eq!(fit(&DynamicImage::new_rgb8(16_000, 1), 100).unwrap().height(), 1);
    }
}
