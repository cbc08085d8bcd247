//! JPEG files, decoded straight into the one buffer that their pixels need: those of several scans
//! are made into ones of one scan before.

use ::image::metadata::Orientation;
use ::image::{DynamicImage, GrayImage, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{Refused, Result, check_size, refuse, scans};

/// What a file says beside its pixels.
pub(super) struct About {
    pub(super) turned: Orientation,
    pub(super) profile: Option<Vec<u8>>,
}

fn damaged() -> Refused {
    Refused("The file is damaged or is no image".to_owned())
}

/// Grey, or colours: what is meant for print is brought to red, green and blue.
pub(super) fn decode(mut data: Vec<u8>, max_pixels: u64) -> Result<(DynamicImage, About)> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut head = JpegDecoder::new_with_options(ZCursor::new(data.as_slice()), options);
    head.decode_headers().map_err(|_| damaged())?;
    let (width, height) = head.dimensions().ok_or_else(damaged)?;
    let side = |n: usize| u32::try_from(n).map_err(|_| damaged());
    let (width, height) = (side(width)?, side(height)?);
    check_size(width, height, max_pixels)?;
    let exif = head.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let about =
        About { turned: exif.unwrap_or(Orientation::NoTransforms), profile: head.icc_profile() };
    let is_grey = head.input_colorspace() == Some(ColorSpace::Luma);
    drop(head);
    if let Some(joined) = scans::join(&data, (width, height))? {
        data = joined;
    }
    let space = if is_grey { ColorSpace::Luma } else { ColorSpace::RGB };
    let options = options.jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data.as_slice()), options);
    let channels = if is_grey { 1 } else { 3 };
    let mut pixels = vec![0; width as usize * height as usize * channels];
    decoder.decode_into(&mut pixels).map_err(|_| damaged())?;
    let image = if is_grey {
        GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
    };
    match image {
        Some(image) => Ok((image, about)),
        None => refuse("The image is too large"),
    }
}
