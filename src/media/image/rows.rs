//! PNG files row by row: a screenshot of 40 megapixels goes through without ever being in memory
//! as a whole, and one that is there is written without a copy of what was compressed.

use std::fs::File;
use std::io::{BufWriter, Cursor, Write};
use std::sync::Arc;

use ::image::metadata::Orientation;
use ::image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use moxcms::Transform8BitExecutor;
use png::Transformations;
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, InterlaceInfo, Limits};

use super::shrink::Shrink;
use super::turned::Turn;
use super::{Made, Order, Refused, Result, Written, check_size, pixels, preview_of};

/// What the decoder may allocate beside a row: tables and a colour profile.
const MEMORY: usize = 32 << 20;
/// How much is gathered before it is written.
const PIECE: usize = 64 * 1024;

impl From<png::DecodingError> for Refused {
    fn from(error: png::DecodingError) -> Self {
        Self(match error {
            png::DecodingError::LimitsExceeded => "The image is too large".to_owned(),
            _ => "The file is damaged or is no image".to_owned(),
        })
    }
}

impl From<png::EncodingError> for Refused {
    fn from(error: png::EncodingError) -> Self {
        match error {
            png::EncodingError::IoError(error) => error.into(),
            _ => Self("The file could not be processed".to_owned()),
        }
    }
}

type Reader<'a> = png::Reader<Cursor<&'a [u8]>>;

/// Opens a file for its rows, which have 8 bits a channel and no palette.
fn open(data: &[u8]) -> Result<Reader<'_>> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(data), Limits { bytes: MEMORY });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    Ok(decoder.read_info()?)
}

/// What is in a file, and what becomes of it.
struct Plan<'a> {
    reader: Reader<'a>,
    width: u32,
    height: u32,
    /// Channels as they come, and as they are kept: transparency that is nowhere used is dropped.
    from: usize,
    to: usize,
    turned: Orientation,
    profile: Option<Vec<u8>>,
    is_interlaced: bool,
}

/// Looks at a file, and at all its pixels where it says that something shows through.
fn plan(data: &[u8], max_pixels: u64) -> Result<Plan<'_>> {
    let reader = open(data)?;
    let info = reader.info();
    let (width, height, is_interlaced) = (info.width, info.height, info.interlaced);
    check_size(width, height, max_pixels)?;
    let turned = info.exif_metadata.as_ref().and_then(|exif| Orientation::from_exif_chunk(exif));
    let turned = turned.unwrap_or(Orientation::NoTransforms);
    let profile = info.icc_profile.as_ref().map(|profile| profile.to_vec());
    let (color, _) = reader.output_color_type();
    let from = color.samples();
    let is_clear = matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba)
        && !is_opaque(open(data)?, from)?;
    let to = match (color, is_clear) {
        (_, true) => 4,
        (ColorType::Grayscale | ColorType::GrayscaleAlpha, false) => 1,
        _ => 3,
    };
    Ok(Plan { reader, width, height, from, to, turned, profile, is_interlaced })
}

/// Carries an order out for a still PNG. `None`: it has to be in memory as a whole, since it is
/// interlaced or lies on its side.
pub(super) fn attach(order: &Order, data: &[u8]) -> Result<Option<Made>> {
    let plan = plan(data, order.max_pixels)?;
    let Plan { mut reader, width, height, from, to, turned, profile, is_interlaced } = plan;
    if is_interlaced || turned != Orientation::NoTransforms {
        return Ok(None);
    }
    let colours = profile.and_then(|profile| pixels::converter(&profile, to));
    let made = write(order, (width, height, to), colours, |line| {
        let row = reader.next_row()?;
        if let Some(row) = &row {
            arrange(row.data(), from, to, line);
        }
        Ok(row.is_some())
    });
    made.map(Some)
}

/// Writes a picture of so many channels whose rows come one by one, and its preview; `next` tells
/// whether there was one more.
pub(super) fn write(
    order: &Order,
    (width, height, channels): (u32, u32, usize),
    colours: Option<Arc<Transform8BitExecutor>>,
    mut next: impl FnMut(&mut Vec<u8>) -> Result<bool>,
) -> Result<Made> {
    let mut shrink = Shrink::new(width, height, channels, super::PREVIEW_PIXELS);
    let mut out = BufWriter::new(File::create(order.full())?);
    {
        let mut file = begin(&mut out, width, height, channels)?;
        let mut writer = file.stream_writer_with_size(PIECE)?;
        let (mut line, mut converted) = (Vec::new(), vec![0; width as usize * channels]);
        for _ in 0..height {
            if !next(&mut line)? {
                return super::refuse("The PNG file ends too early");
            }
            let mut row = &line;
            if let Some(colours) = &colours
                && colours.transform(&line, &mut converted).is_ok()
            {
                row = &converted;
            }
            shrink.push(row);
            writer.write_all(row)?;
        }
        writer.finish()?;
        file.finish()?;
    }
    out.flush()?;
    let full = Written {
        extension: "png".to_owned(),
        media_type: "image/png".to_owned(),
        width,
        height,
        bytes: out.get_ref().metadata()?.len(),
    };
    let Some(small) = shrink.finish() else { return super::refuse("The image is too large") };
    preview_of(order, full, &small)
}

/// A picture with all its pixels in memory, and what its file says beside them.
pub(super) struct Whole {
    pub(super) image: DynamicImage,
    pub(super) turned: Orientation,
    pub(super) profile: Option<Vec<u8>>,
}

/// Decodes a picture as a whole, with 8 bits a channel from the first.
pub(super) fn decode(data: &[u8], max_pixels: u64) -> Result<Whole> {
    let Plan { mut reader, width, height, from, to, turned, profile, .. } = plan(data, max_pixels)?;
    pixels::afford((width, height), to as u64 * 2, max_pixels)?;
    let stride = width as usize * to;
    let mut pixels = vec![0; stride * height as usize];
    let (mut line, mut count) = (Vec::new(), 0);
    while let Some(row) = reader.next_interlaced_row()? {
        arrange(row.data(), from, to, &mut line);
        match row.interlace() {
            InterlaceInfo::Adam7(place) => {
                png::expand_interlaced_row(&mut pixels, stride, &line, place, to as u8 * 8);
            }
            InterlaceInfo::Null(_) => {
                if let Some(place) = pixels.get_mut(count * stride..(count + 1) * stride)
                    && place.len() == line.len()
                {
                    place.copy_from_slice(&line);
                }
            }
        }
        count += 1;
    }
    let image = match to {
        1 => GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8),
        3 => RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8),
        _ => RgbaImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgba8),
    };
    match image {
        Some(image) => Ok(Whole { image, turned, profile }),
        None => super::refuse("The image is too large"),
    }
}

/// Whether every pixel hides what is behind it.
fn is_opaque(mut reader: Reader<'_>, channels: usize) -> Result<bool> {
    while let Some(row) = reader.next_row()? {
        if row.data().chunks_exact(channels).any(|pixel| pixel[channels - 1] != 255) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A row with other channels: grey becomes colours, idle transparency goes.
fn arrange(row: &[u8], from: usize, to: usize, line: &mut Vec<u8>) {
    line.clear();
    match (from, to) {
        (2, 4) => row.chunks_exact(2).for_each(|p| line.extend([p[0], p[0], p[0], p[1]])),
        (from, to) if from == to => line.extend_from_slice(row),
        (from, to) => row.chunks_exact(from).for_each(|p| line.extend_from_slice(&p[..to])),
    }
}

/// Begins a file of so many channels.
fn begin<W: Write>(out: W, width: u32, height: u32, channels: usize) -> Result<png::Writer<W>> {
    let mut encoder = Encoder::new(out, width, height);
    encoder.set_color(match channels {
        1 => ColorType::Grayscale,
        3 => ColorType::Rgb,
        _ => ColorType::Rgba,
    });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_filter(Filter::Adaptive);
    Ok(encoder.write_header()?)
}

/// Writes an image that is in memory, turned on the way.
pub(super) fn write_png<W: Write>(
    image: &DynamicImage,
    turned: Orientation,
    out: &mut W,
) -> Result<()> {
    let turn = Turn::new(turned, image.width(), image.height());
    let (width, height) = turn.size();
    let owned;
    let (raw, channels) = match image {
        DynamicImage::ImageLuma8(pixels) => (pixels.as_raw(), 1),
        DynamicImage::ImageRgb8(pixels) => (pixels.as_raw(), 3),
        DynamicImage::ImageRgba8(pixels) => (pixels.as_raw(), 4),
        other => {
            owned = other.to_rgba8();
            (owned.as_raw(), 4)
        }
    };
    let mut file = begin(out, width, height, channels)?;
    let mut writer = file.stream_writer_with_size(PIECE)?;
    let stride = image.width() as usize * channels;
    let mut line = Vec::with_capacity(width as usize * channels);
    for y in 0..height {
        if turned == Orientation::NoTransforms {
            let at = y as usize * stride;
            writer.write_all(&raw[at..at + stride])?;
            continue;
        }
        line.clear();
        for x in 0..width {
            let (x, y) = turn.source(x, y);
            let at = y as usize * stride + x as usize * channels;
            line.extend_from_slice(&raw[at..at + channels]);
        }
        writer.write_all(&line)?;
    }
    writer.finish()?;
    file.finish()?;
    Ok(())
}
