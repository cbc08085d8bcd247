//! PNG files row by row: a screenshot of 40 megapixels goes through without ever being in memory
//! as a whole, and one that is there is written without a copy of what was compressed.

use std::fs::File;
use std::io::{BufWriter, Cursor, Write};

use ::image::DynamicImage;
use ::image::metadata::Orientation;
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Limits, Transformations};

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

/// Carries an order out for a still PNG. `None`: it has to be in memory as a whole, since it is
/// interlaced or lies on its side.
pub(super) fn attach(order: &Order, data: &[u8]) -> Result<Option<Made>> {
    let mut reader = open(data)?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    check_size(width, height, order.max_pixels)?;
    let turned = info.exif_metadata.as_ref().and_then(|exif| Orientation::from_exif_chunk(exif));
    if info.interlaced || turned.is_some_and(|turned| turned != Orientation::NoTransforms) {
        return Ok(None);
    }
    let profile = info.icc_profile.as_ref().map(|profile| profile.to_vec());
    let (color, _) = reader.output_color_type();
    let from = color.samples();
    // transparency that is nowhere used is dropped
    let is_clear = matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba)
        && !is_opaque(open(data)?, from)?;
    let to = match (color, is_clear) {
        (_, true) => 4,
        (ColorType::Grayscale | ColorType::GrayscaleAlpha, false) => 1,
        _ => 3,
    };
    let colours = profile.and_then(|profile| pixels::converter(&profile, to));
    let mut shrink = Shrink::new(width, height, to, super::PREVIEW_PIXELS);
    let mut out = BufWriter::new(File::create(order.full())?);
    {
        let mut file = begin(&mut out, width, height, to)?;
        let mut writer = file.stream_writer_with_size(PIECE)?;
        let (mut line, mut converted) = (Vec::new(), vec![0; width as usize * to]);
        let mut count = 0;
        while let Some(row) = reader.next_row()? {
            arrange(row.data(), from, to, &mut line);
            let mut row = &line;
            if let Some(colours) = &colours
                && colours.transform(&line, &mut converted).is_ok()
            {
                row = &converted;
            }
            shrink.push(row);
            writer.write_all(row)?;
            count += 1;
        }
        if count != height {
            return super::refuse("The PNG file ends too early");
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
    preview_of(order, full, &small).map(Some)
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
