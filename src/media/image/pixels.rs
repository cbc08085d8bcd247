//! Pixels: decoding and encoding still images, scaling and cropping them.

use std::io::{Cursor, Seek, Write};

use std::sync::Arc;

use ::image::codecs::jpeg::JpegEncoder;
use ::image::codecs::webp::{WebPDecoder, WebPEncoder};
use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, Limits, RgbImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

use super::planes::Planes;
use super::turned::Turned;
use super::{Format, Result, check_size, jpeg, refuse, rows, webp};

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

/// A still image with 8 bits a channel in sRGB, and how it is to be turned to stand upright. Large
/// ones are turned while they are written: turning them here would need a second image.
pub(super) struct Decoded {
    pub(super) image: DynamicImage,
    pub(super) turned: Orientation,
}

/// Decodes a still image, and gives its file back as soon as it can.
pub(super) fn decode(data: Vec<u8>, format: Format, max_pixels: u64) -> Result<Decoded> {
    match format {
        Format::Jpeg => {
            let (image, about) = jpeg::decode(data, max_pixels)?;
            Ok(finish(image, about.profile.as_deref(), about.turned))
        }
        Format::Png => {
            let rows::Whole { image, turned, profile } = rows::decode(&data, max_pixels)?;
            Ok(finish(image, profile.as_deref(), turned))
        }
        Format::WebP => {
            let About { size, turned, profile } = about_webp(&data, max_pixels)?;
            if let Some(lossy) = webp::lossy(&data) {
                afford(size, if lossy.alpha.is_some() { 13 } else { 9 }, max_pixels)?;
                let planes = Planes::decode(lossy, size)?;
                drop(data);
                return Ok(finish(planes.into_image()?, profile.as_deref(), turned));
            }
            afford(size, 8, max_pixels)?;
            // without a copy that lacks the transparency
            let data = match webp::direct_lossless(&data) {
                Some(direct) => {
                    drop(data);
                    direct
                }
                None => Cursor::new(data),
            };
            let decoder = WebPDecoder::new(data)?;
            if decoder.dimensions() != size {
                return refuse("The WebP file is damaged");
            }
            let image = plain(DynamicImage::from_decoder(decoder)?);
            Ok(finish(image, profile.as_deref(), turned))
        }
        Format::Gif => {
            let decoder = ::image::codecs::gif::GifDecoder::new(Cursor::new(data))?;
            let size = decoder.dimensions();
            check_size(size.0, size.1, max_pixels)?;
            afford(size, 8, max_pixels)?;
            let image = plain(DynamicImage::from_decoder(decoder)?);
            Ok(finish(image, None, Orientation::NoTransforms))
        }
        _ => refuse("The file is no image"),
    }
}

/// What a WebP file says beside its pixels.
pub(super) struct About {
    pub(super) size: (u32, u32),
    pub(super) turned: Orientation,
    pub(super) profile: Option<Vec<u8>>,
}

/// Reads that; refuses what is too large.
pub(super) fn about_webp(data: &[u8], max_pixels: u64) -> Result<About> {
    let mut decoder = WebPDecoder::new(Cursor::new(data))?;
    let size = decoder.dimensions();
    check_size(size.0, size.1, max_pixels)?;
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(About { size, turned, profile: decoder.icc_profile().ok().flatten() })
}

/// Refuses a picture that takes so many halves of a byte for each pixel, where that is more than a
/// photo of `max_pixels` takes: three bytes for each (S-107). A small one is no matter.
pub(super) fn afford((width, height): (u32, u32), halves: u64, max_pixels: u64) -> Result<()> {
    let most = super::memory(max_pixels) * 2 / halves;
    if u64::from(width) * u64::from(height) > most {
        return refuse(format!(
            "An image of this kind may have {most} pixels here; send a smaller one, or JPEG"
        ));
    }
    Ok(())
}

fn finish(mut image: DynamicImage, profile: Option<&[u8]>, turned: Orientation) -> Decoded {
    if let Some(profile) = profile {
        to_srgb(&mut image, profile);
    }
    Decoded { image, turned }
}

pub(super) fn limits(max_pixels: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(super::MAX_SIDE);
    limits.max_image_height = Some(super::MAX_SIDE);
    limits.max_alloc = Some(max_pixels.saturating_mul(4).saturating_add(64 << 20));
    limits
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

/// Drops transparency that is nowhere used; in place, since it may be a large image.
pub(super) fn without_idle_alpha(image: DynamicImage) -> DynamicImage {
    let DynamicImage::ImageRgba8(pixels) = image else { return image };
    if pixels.as_raw().chunks_exact(4).any(|pixel| pixel[3] != 255) {
        return DynamicImage::ImageRgba8(pixels);
    }
    let (width, height) = pixels.dimensions();
    let mut raw = pixels.into_raw();
    let count = raw.len() / 4;
    for at in 1..count {
        raw.copy_within(4 * at..4 * at + 3, 3 * at);
    }
    raw.truncate(3 * count);
    raw.shrink_to_fit();
    RgbImage::from_raw(width, height, raw).unwrap_or_default().into()
}

/// What brings rows of 3 or 4 channels from a profile to sRGB. `None` for a profile that cannot be
/// read or is not of red, green and blue: the colours stay as they are.
pub(super) fn converter(profile: &[u8], channels: usize) -> Option<Arc<Transform8BitExecutor>> {
    let layout = match channels {
        3 => Layout::Rgb,
        4 => Layout::Rgba,
        _ => return None,
    };
    if profile.len() > LONGEST_PROFILE {
        return None;
    }
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    if profile.color_space != DataColorSpace::Rgb {
        return None;
    }
    let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
    profile.create_transform_8bit(layout, &srgb, layout, options).ok()
}

/// Colours as they were meant.
fn to_srgb(image: &mut DynamicImage, profile: &[u8]) {
    let (channels, width) = (usize::from(image.color().channel_count()), image.width());
    let Some(transform) = converter(profile, channels) else { return };
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

/// Writes an image, turned on the way.
pub(super) fn encode<W: Write + Seek>(
    image: &DynamicImage,
    turned: Orientation,
    coding: Coding,
    out: &mut W,
) -> Result<()> {
    match (coding, image) {
        (Coding::WebP, _) => {
            let mut image = image.clone();
            image.apply_orientation(turned);
            image.write_with_encoder(WebPEncoder::new_lossless(out))?;
        }
        (Coding::Jpeg(quality), DynamicImage::ImageLuma8(pixels)) => {
            let view = Turned::new(pixels, turned);
            JpegEncoder::new_with_quality(out, quality).encode_image(&view)?;
        }
        (Coding::Jpeg(quality), DynamicImage::ImageRgb8(pixels)) => {
            let view = Turned::new(pixels, turned);
            JpegEncoder::new_with_quality(out, quality).encode_image(&view)?;
        }
        (Coding::Jpeg(quality), image) => {
            let pixels = image.to_rgb8();
            let view = Turned::new(&pixels, turned);
            JpegEncoder::new_with_quality(out, quality).encode_image(&view)?;
        }
        (Coding::Png, image) => rows::write_png(image, turned, out)?,
    }
    Ok(())
}

/// Width and height of an image with at most so many pixels; `None`: it has no more.
pub(super) fn fitting(width: u32, height: u32, pixels: u64) -> Option<(u32, u32)> {
    let (w, h) = (f64::from(width), f64::from(height));
    #[allow(clippy::cast_precision_loss)]
    let factor = (pixels as f64 / (w * h)).sqrt();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 1 and MAX_SIDE
    let side = |n: f64| (n * factor).round().max(1.0) as u32;
    (factor < 1.0).then(|| (side(w), side(h)))
}

/// The image with at most so many pixels; `None`: it has no more.
pub(super) fn fit(image: &DynamicImage, pixels: u64) -> Option<DynamicImage> {
    let (width, height) = fitting(image.width(), image.height(), pixels)?;
    Some(image.thumbnail_exact(width, height))
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
