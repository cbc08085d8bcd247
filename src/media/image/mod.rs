//! What becomes of an uploaded image: it is known by its first bytes (S-105), decoded within
//! limits that hold before anything is allocated (S-107), turned as its camera meant, its colours
//! brought to sRGB, and written anew without anything else that was in the file (S-106). Moving
//! images are taken apart and put together again of their known parts.
//!
//! Runs in a process of its own: see [`super::child`].

mod emoji;
mod gif;
mod jpeg;
mod moving;
mod pixels;
mod planes;
mod rows;
mod scans;
mod shrink;
mod strip;
mod turned;
mod webp;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use ::image::DynamicImage;
use ::image::metadata::Orientation;
use serde::{Deserialize, Serialize};

use super::clip::Play;
pub use super::format::Format;
use moving::Moving;
use pixels::Coding;

/// Longest side.
pub const MAX_SIDE: u32 = 16_384;
/// Most frames of a moving image.
pub const MAX_FRAMES: u32 = 500;
/// A moving image may have so many times the pixels of a still one, over all frames.
const MOVING: u64 = 10;
/// And each of its frames this part of them: several are in memory at once.
const FRAME: u64 = 4;
/// A larger image without loss becomes PNG, which needs no second image to be written.
const MAX_LOSSLESS_WEBP: u64 = 4_000_000;
/// Bytes that the pixels of any image may take.
const SMALL: u64 = 26_000_000;
/// An original up to this size is its own preview.
const OWN_PREVIEW: u64 = 300_000;
/// Pixels of a preview, as in Mastodon.
const PREVIEW_PIXELS: u64 = 640 * 360;
/// Sides of avatars and headers.
const AVATAR: (u32, u32) = (400, 400);
const HEADER: (u32, u32) = (1500, 500);

/// What a picture is that is decoded here, by its first bytes; `None`: it is something else, known
/// or not (S-105).
pub fn sniff(head: &[u8]) -> Option<Format> {
    super::format::sniff(head).filter(|format| Format::PICTURES.contains(format))
}

/// What the image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Of a status: the whole image, and a preview of a large one.
    Attachment,
    /// A square.
    Avatar,
    /// A banner.
    Header,
    /// A preview that the author chose.
    Preview,
    /// A custom emoji: kept as it was drawn, with a still version of one that moves (S-116).
    Emoji,
}

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub input: PathBuf,
    /// What the outputs are called: this path with `.full` and `.small` behind.
    pub output: PathBuf,
    pub purpose: Purpose,
    pub max_pixels: u64,
}

impl Order {
    /// Where the main file is written.
    pub fn full(&self) -> PathBuf {
        suffixed(&self.output, ".full")
    }

    /// Where the preview, or the still version of an avatar, is written.
    pub fn small(&self) -> PathBuf {
        suffixed(&self.output, ".small")
    }
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    Made(Made),
    /// A sentence for the one who uploaded it.
    Refused(String),
    /// It has to be coded anew before browsers play it; a sentence for where nothing can do so,
    /// how it is coded, such as [`super::video::HEVC`], and for how many seconds it is played, as
    /// the file says.
    Converter {
        sentence: String,
        codec: String,
        seconds: f64,
    },
}

/// One written file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The ending of its name.
    pub extension: String,
    pub media_type: String,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
}

/// What was made of an upload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    pub full: Written,
    /// `None`: the main file will do.
    pub small: Option<Written>,
    pub blurhash: Option<String>,
    /// Of what is played: how long it is, and what of; `None`: a picture.
    pub play: Option<Box<Play>>,
}

/// Why a file is not taken, as a sentence.
#[derive(Debug)]
pub struct Refused(pub String);

impl From<::image::ImageError> for Refused {
    fn from(error: ::image::ImageError) -> Self {
        use ::image::ImageError::{IoError, Limits, Unsupported};
        Self(match error {
            Limits(_) => "The image is too large".to_owned(),
            Unsupported(_) => "The image is of a kind that is not supported".to_owned(),
            IoError(error) if is_full(&error) => return error.into(),
            _ => "The file is damaged or is no image".to_owned(),
        })
    }
}

impl From<std::io::Error> for Refused {
    fn from(error: std::io::Error) -> Self {
        if is_full(&error) {
            return Self(crate::error::Error::disk_full().public());
        }
        Self("The file could not be processed".to_owned())
    }
}

/// The disk has no room: no fault of the file.
fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

type Result<T> = std::result::Result<T, Refused>;

fn refuse<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Refused(sentence.into()))
}

/// Refuses what is larger than the limits, before a byte is allocated for it.
pub(super) fn check_size(width: u32, height: u32, max_pixels: u64) -> Result<()> {
    if width == 0 || height == 0 {
        return refuse("The image has no pixels");
    }
    if width > MAX_SIDE || height > MAX_SIDE {
        return refuse(format!("The image is wider or higher than {MAX_SIDE} pixels"));
    }
    if u64::from(width) * u64::from(height) > max_pixels {
        return refuse(format!("The image has more than {max_pixels} pixels"));
    }
    Ok(())
}

/// Bytes that pixels may take in memory: those of a photo with as many as an image may have, and as
/// much as small ones of any kind need.
pub(super) fn memory(max_pixels: u64) -> u64 {
    max_pixels.saturating_mul(3).max(SMALL)
}

/// Carries an order out.
pub fn make(order: &Order) -> Result<Made> {
    let data = fs::read(&order.input)?;
    let Some(format) = sniff(&data) else {
        return refuse("The file is no image that is supported");
    };
    if order.purpose == Purpose::Emoji {
        return emoji::make(order, &data);
    }
    let moving = match format {
        Format::Gif => Some(gif::remux(&data, order.max_pixels)?),
        Format::WebP => webp::remux(&data, order.max_pixels)?,
        _ => None,
    };
    let Some(moving) = moving else { return still(order, format, data) };
    drop(data);
    match order.purpose {
        Purpose::Attachment => moving::keep(order, format, moving),
        Purpose::Avatar | Purpose::Header if moving.frames > 1 => {
            moving::crop(order, format, &moving)
        }
        _ => still(order, format, moving.bytes),
    }
}

/// A still image: decoded, turned, written anew. Where memory allows one image only, it is turned
/// while it is written.
fn still(order: &Order, format: Format, data: Vec<u8>) -> Result<Made> {
    if order.purpose == Purpose::Attachment
        && let Some(made) = by_rows(order, format, &data)?
    {
        return Ok(made);
    }
    let is_lossless = format == Format::WebP && webp::is_lossless(&data);
    let pixels::Decoded { image, turned } = pixels::decode(data, format, order.max_pixels)?;
    let pixels = u64::from(image.width()) * u64::from(image.height());
    let coding = match format {
        Format::Jpeg => Coding::Jpeg(90),
        Format::WebP if !is_lossless && !image.color().has_alpha() => Coding::Jpeg(90),
        Format::WebP if pixels <= MAX_LOSSLESS_WEBP => Coding::WebP,
        _ => Coding::Png,
    };
    let around = |(width, height)| {
        if turned::is_quarter(turned) { (height, width) } else { (width, height) }
    };
    let mut image = match order.purpose {
        Purpose::Attachment => {
            let full = write(&order.full(), &image, turned, coding)?;
            return with_preview(order, full, &image, turned);
        }
        Purpose::Avatar => {
            let (width, height) = around(AVATAR);
            pixels::cover(&image, width, height)
        }
        Purpose::Header => {
            let (width, height) = around(HEADER);
            pixels::cover(&image, width, height)
        }
        Purpose::Preview | Purpose::Emoji => pixels::fit(&image, PREVIEW_PIXELS).unwrap_or(image),
    };
    image.apply_orientation(turned);
    let full = write(&order.full(), &image, Orientation::NoTransforms, coding)?;
    Ok(Made { full, small: None, blurhash: pixels::blurhash(&image), play: None })
}

/// A still image whose rows can be written as they come; `None`: it has to be in memory as a whole.
fn by_rows(order: &Order, format: Format, data: &[u8]) -> Result<Option<Made>> {
    match format {
        Format::Png => rows::attach(order, data),
        Format::WebP => {
            let Some(lossy) = webp::lossy(data) else { return Ok(None) };
            let about = pixels::about_webp(data, order.max_pixels)?;
            if about.turned != Orientation::NoTransforms {
                return Ok(None);
            }
            if lossy.alpha.is_some() {
                pixels::afford(about.size, 8, order.max_pixels)?;
            }
            let planes = planes::Planes::decode(lossy, about.size)?;
            planes::attach(order, planes, about.profile.as_deref()).map(Some)
        }
        _ => Ok(None),
    }
}

/// Adds a preview where the file is too large for one.
fn with_preview(
    order: &Order,
    full: Written,
    image: &DynamicImage,
    turned: Orientation,
) -> Result<Made> {
    let mut small = pixels::fit(image, PREVIEW_PIXELS).unwrap_or_else(|| image.clone());
    small.apply_orientation(turned);
    preview_of(order, full, &small)
}

/// The same, of an image that has the size of a preview.
fn preview_of(order: &Order, full: Written, image: &DynamicImage) -> Result<Made> {
    let blurhash = pixels::blurhash(image);
    let mut small = None;
    if full.bytes > OWN_PREVIEW {
        let coding = if image.color().has_alpha() { Coding::Png } else { Coding::Jpeg(80) };
        let mut written = write(&order.small(), image, Orientation::NoTransforms, coding)?;
        written.extension = format!("small.{}", written.extension);
        small = Some(written);
    }
    Ok(Made { full, small, blurhash, play: None })
}

/// Makes the preview of an upload that is no picture itself, of one that it came with; with its
/// blurred colours.
pub fn preview(order: &Order, data: Vec<u8>) -> Result<(Written, Option<String>)> {
    let Some(format) = sniff(&data) else { return refuse("The picture is of an unknown kind") };
    let pixels::Decoded { image, turned } = pixels::decode(data, format, order.max_pixels)?;
    let mut image = pixels::fit(&image, PREVIEW_PIXELS).unwrap_or(image);
    image.apply_orientation(turned);
    let coding = if image.color().has_alpha() { Coding::Png } else { Coding::Jpeg(80) };
    let mut written = write(&order.small(), &image, Orientation::NoTransforms, coding)?;
    written.extension = format!("small.{}", written.extension);
    Ok((written, pixels::blurhash(&image)))
}

fn write(
    path: &Path,
    image: &DynamicImage,
    turned: Orientation,
    coding: Coding,
) -> Result<Written> {
    let mut out = BufWriter::new(File::create(path)?);
    pixels::encode(image, turned, coding, &mut out)?;
    out.flush()?;
    let (extension, media_type) = match coding {
        Coding::Jpeg(_) => ("jpg", "image/jpeg"),
        Coding::Png => ("png", "image/png"),
        Coding::WebP => ("webp", "image/webp"),
    };
    let (width, height) = turned::Turn::new(turned, image.width(), image.height()).size();
    Ok(Written {
        extension: extension.to_owned(),
        media_type: media_type.to_owned(),
        width,
        height,
        bytes: out.get_ref().metadata()?.len(),
    })
}
