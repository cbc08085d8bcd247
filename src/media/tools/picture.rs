//! HEIC and AVIF uploads: made into JPEG, or PNG where something shows through, by a program of
//! the host. Whether the whole picture came out is seen by its size: old ffmpeg makes one tile of
//! a telephone's photo and calls that a success.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ffmpeg::{COLOURS, begin, complain, file, jpeg};
use super::run::{End, Limits, run};
use super::{Reader, Scratch, heif, words};
use crate::error::{Error, Result};
use crate::media::heif::dress::dress;
use crate::media::heif::{self as container, Kind, Picture};
use crate::media::image::{Order, Refused};
use crate::media::{Media, storage};

/// Pictures to try programs out with.
const HEIC: &[u8] = include_bytes!("../../../assets/probe.heic");
const AVIF: &[u8] = include_bytes!("../../../assets/probe.avif");
/// Memory of a program before it has a picture, with all its libraries, and then for each pixel:
/// the planes as they are decoded and as they are written, of up to 16 bits.
const BASE: u64 = 384 << 20;
const PER_PIXEL: u64 = 12;
/// Most bytes of a converted picture for each pixel.
const WRITTEN: u64 = 4;

/// With less than this free a disk is too full to try a program out.
const LEAST: u64 = 1 << 20;

/// A file that our own decoder is given.
pub(in crate::media) enum Prepared {
    /// It is none of these: as it was sent.
    AsItIs,
    /// What was made of it. Gone with the value.
    Converted(Converted),
    /// A sentence for the one who sent it.
    Refused(String),
}

/// A converted picture.
pub(in crate::media) struct Converted {
    pub(in crate::media) path: PathBuf,
    _files: Scratch,
}

/// Makes an ordinary picture of the file of an order, where it is HEIC or AVIF.
///
/// # Errors
/// When the server stops meanwhile, or the disk is full.
pub(in crate::media) fn prepare(media: &Media, order: &Order) -> Result<Prepared> {
    let mut head = Vec::new();
    let input = File::open(&order.input).map_err(Error::internal)?;
    input.take(64).read_to_end(&mut head).map_err(Error::internal)?;
    let Some(kind) = container::sniff(&head) else { return Ok(Prepared::AsItIs) };
    let picture = match container::read(&order.input, order.max_pixels) {
        Ok(picture) => picture,
        Err(Refused(sentence)) => return Ok(Prepared::Refused(sentence)),
    };
    let mut why = "The image could not be decoded";
    let tools = media.tools();
    for reader in tools.readers(kind) {
        let files = Scratch::new(&order.output, "heif");
        match convert(media, reader, &order.input, &picture, order.max_pixels, &files)? {
            Ok(path) => return Ok(Prepared::Converted(Converted { path, _files: files })),
            Err(sentence) => why = sentence,
        }
    }
    Ok(Prepared::Refused(why.to_owned()))
}

/// Has one program convert a picture; the path of what our own decoder may have, or a sentence.
fn convert(
    media: &Media,
    reader: &Reader,
    input: &Path,
    picture: &Picture,
    max_pixels: u64,
    files: &Scratch,
) -> Result<std::result::Result<PathBuf, &'static str>> {
    let limits = Limits {
        memory: BASE.saturating_add(max_pixels.saturating_mul(PER_PIXEL)),
        cpu: 30,
        file: max_pixels.saturating_mul(WRITTEN).saturating_add(1 << 20),
        patience: Duration::from_secs(40),
    };
    let output = files.with(if picture.has_alpha { ".png" } else { ".jpg" });
    let (program, arguments) = match reader {
        Reader::HeifConvert(path) => (path, heif::arguments(input, &output)),
        Reader::Ffmpeg(_) if picture.has_alpha => {
            return Ok(Err("Pictures of this kind must not be transparent here; send PNG or WebP"));
        }
        Reader::Ffmpeg(_) if picture.cropped.is_some() => {
            return Ok(Err(
                "The image is cropped in a way that this server cannot read; send JPEG",
            ));
        }
        Reader::Ffmpeg(path) => {
            let mut arguments = words(["-noautorotate"]);
            arguments.extend(begin("mov"));
            arguments.extend(file("-i", input));
            // tiles are put together and turned by those that can; others fail
            let (option, from) =
                if picture.tiled { ("-filter_complex", "[0:g:0]") } else { ("-vf", "") };
            let filter = format!("{from}scale={COLOURS}");
            arguments.extend(words([option, filter.as_str()]));
            arguments.extend(words(["-frames:v", "1", "-map_metadata", "-1"]));
            arguments.extend(jpeg(&output));
            (path, arguments)
        }
    };
    let ran = run(program, &arguments, limits, &media.stopping)?;
    if ran.end != End::Fine {
        complain("converter of pictures", &ran)?;
        return Ok(Err("The image could not be decoded"));
    }
    // libheif has turned it; ffmpeg turns what it put together, and was told not to turn others
    let upright = matches!(reader, Reader::HeifConvert(_)) || picture.tiled;
    let expected = if upright { picture.shown() } else { (picture.width, picture.height) };
    let ready = files.with(".ready");
    for made in candidates(files, &output) {
        match dress(&made, &ready, picture, upright) {
            Ok(size) if size == expected => return Ok(Ok(ready)),
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::StorageFull => {
                return Err(storage::disk_full());
            }
            Err(error) => tracing::debug!(%error, "what a converter made is no picture"),
        }
        let _ = std::fs::remove_file(&ready);
    }
    Ok(Err("The image consists of parts that this server cannot put together; send JPEG"))
}

/// What was made: the file that was asked for, or, of a file with several pictures, numbered ones.
fn candidates(files: &Scratch, output: &Path) -> Vec<PathBuf> {
    if output.exists() {
        return vec![output.to_owned()];
    }
    let mut all = files.list();
    all.retain(|path| path.extension() == output.extension());
    all.sort();
    all.truncate(16);
    all
}

/// Whether a program makes a picture of a small one of this kind.
///
/// # Errors
/// When the disk is too full to see it, or the server stops.
pub(super) fn try_out(media: &Media, reader: &Reader, kind: Kind) -> Result<bool> {
    let sample = match kind {
        Kind::Heic => HEIC,
        Kind::Avif => AVIF,
    };
    let files = Scratch::new(&media.storage.temporary(&storage::new_key()), "probe");
    let input = files.with(".in");
    std::fs::write(&input, sample).map_err(|e| match e.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => storage::disk_full(),
        _ => Error::internal(e),
    })?;
    let Ok(picture) = container::read(&input, 64 * 64) else { return Ok(false) };
    match convert(media, reader, &input, &picture, 64 * 64, &files) {
        // not every program says why it failed
        Ok(Err(_)) if media.storage.free_bytes()? < LEAST => Err(storage::disk_full()),
        Ok(made) => Ok(made.is_ok()),
        Err(error) if error.is_disk_full() => Err(error),
        Err(_) => Ok(false),
    }
}
