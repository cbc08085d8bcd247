//! What becomes of an uploaded sound: its container is taken apart and put together again of the
//! parts that are needed to hear it (S-106, S-108). Titles, names, places, pictures and whatever
//! stands behind the end are left out; the sound itself is copied as it is.
//!
//! Files are read in pieces: what is held of one is a window of 128 kB and what a limit allows,
//! however large it is. Nothing is allocated by a length that a file states before that length
//! was compared with a limit.

mod cover;
mod crc;
pub mod flac;
pub mod mp3;
pub mod ogg;
mod page;
mod tags;
pub mod wav;
mod window;
mod xing;

use std::io::{BufWriter, Read, Seek, Write};

use serde::{Deserialize, Serialize};

pub use super::image::Refused;
pub use cover::cover;
use window::Window;

/// Most channels: 7.1.
const MAX_CHANNELS: u32 = 8;
/// Sampling rates that are believed, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;
/// What is held back before it is written.
const BUFFER: usize = 64 * 1024;

/// The kinds of files that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Mp3,
    /// Vorbis or Opus.
    Ogg,
    Flac,
    Wav,
}

impl Kind {
    /// The ending of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Ogg => "ogg",
            Self::Flac => "flac",
            Self::Wav => "wav",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Ogg => "audio/ogg",
            Self::Flac => "audio/flac",
            Self::Wav => "audio/wav",
        }
    }
}

/// How a sound is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Codec {
    Mp3,
    Vorbis,
    Opus,
    Flac,
    Pcm,
}

impl Codec {
    /// As programs name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Vorbis => "vorbis",
            Self::Opus => "opus",
            Self::Flac => "flac",
            Self::Pcm => "pcm",
        }
    }
}

/// What is told of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    pub codec: Codec,
    /// Seconds.
    pub duration: f64,
    /// Bits a second, on average.
    pub bitrate: u32,
    pub channels: u32,
    /// Samples a second.
    pub sample_rate: u32,
}

type Result<T> = std::result::Result<T, Refused>;

fn refuse<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Refused(sentence.into()))
}

/// What a file is, by its first bytes (S-105), tags in front of it aside. `None`: no sound that is
/// taken.
///
/// # Errors
/// When it cannot be read.
pub fn kind(input: &mut (impl Read + Seek)) -> std::io::Result<Option<Kind>> {
    let mut window = Window::new(input)?;
    let tagged = tags::skip_id3v2(&mut window)?;
    let found = match window.peek(12)? {
        [b'f', b'L', b'a', b'C', ..] => Some(Kind::Flac),
        [b'O', b'g', b'g', b'S', 0, ..] => Some(Kind::Ogg),
        // RF64 and RIFX are known to be refused with a sentence of their own
        [b'R', b'I', b'F', b'F' | b'X', _, _, _, _, b'W', b'A', b'V', b'E']
        | [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E'] => Some(Kind::Wav),
        _ => None,
    };
    // an MP3 file has no mark of its own: a tag, or two frames one behind the other
    Ok(match found {
        None if tagged || mp3::begins(&mut window)? => Some(Kind::Mp3),
        found => found,
    })
}

/// Puts a sound together anew, whichever kind it is.
///
/// # Errors
/// What is no sound, is damaged, or is longer than `max_seconds`. `output` may hold a part then.
pub fn clean(
    input: &mut (impl Read + Seek),
    output: &mut impl Write,
    max_seconds: u32,
) -> Result<(Kind, Sound)> {
    let Some(kind) = kind(input)? else { return refuse("The file is no sound that is supported") };
    let sound = match kind {
        Kind::Mp3 => mp3::clean(input, output, max_seconds),
        Kind::Ogg => ogg::clean(input, output, max_seconds),
        Kind::Flac => flac::clean(input, output, max_seconds),
        Kind::Wav => wav::clean(input, output, max_seconds),
    }?;
    Ok((kind, sound))
}

/// Describes what was counted, or refuses what cannot be: `samples` in each of the `channels`, in
/// `bytes` of the file.
fn measured(
    codec: Codec,
    samples: u64,
    sample_rate: u32,
    channels: u32,
    bytes: u64,
    max_seconds: u32,
) -> Result<Sound> {
    if !RATES.contains(&sample_rate) || channels == 0 || channels > MAX_CHANNELS {
        return refuse("The sound has an impossible number of channels or samples");
    }
    if samples == 0 {
        return refuse("The file holds no sound");
    }
    if samples > u64::from(max_seconds) * u64::from(sample_rate) {
        return refuse(match max_seconds {
            0..120 => format!("The sound is longer than {max_seconds} seconds"),
            _ => format!("The sound is longer than {} minutes", max_seconds / 60),
        });
    }
    let duration = samples as f64 / f64::from(sample_rate);
    let bits = u128::from(bytes) * 8 * u128::from(sample_rate) / u128::from(samples);
    let bitrate = u32::try_from(bits).unwrap_or(u32::MAX);
    Ok(Sound { codec, duration, bitrate, channels, sample_rate })
}

/// Copies from where the window stands up to `end`, a place in the file.
fn copy<R: Read + Seek>(
    window: &mut Window<'_, R>,
    end: u64,
    out: &mut BufWriter<impl Write>,
) -> Result<()> {
    while window.at() < end {
        let left = usize::try_from(end - window.at()).unwrap_or(usize::MAX);
        let piece = window.peek(left.min(window::SIZE))?;
        if piece.is_empty() {
            return refuse("The file could not be read");
        }
        out.write_all(piece)?;
        let length = piece.len() as u64;
        window.skip(length)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
