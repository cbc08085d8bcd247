//! What becomes of an upload: pictures are decoded and written anew ([`super::image`]), what is
//! played is put together anew of its known parts ([`super::video`]).
//!
//! Runs in a process of its own: see [`super::child`].

use std::fs::File;
use std::io::{BufWriter, Read, Write};

use serde::{Deserialize, Serialize};

use super::format::{self, Format};
use super::image::{self, Made, Order, Outcome, Purpose, Written};
use super::sound;
use super::video::bytes::PIECE;
use super::video::{self, Clip, Track, Trouble};
use crate::model::{MediaKind, Sound};

/// What there is to play.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Play {
    pub kind: MediaKind,
    /// Seconds.
    pub duration: f64,
    /// Pictures a second, such as `30000/1001`.
    pub frame_rate: Option<String>,
    /// Bits a second, of the whole file.
    pub bitrate: u64,
    pub sound: Option<Sound>,
}

/// Carries an order out.
pub fn make(order: &Order) -> Outcome {
    match attempt(order) {
        Ok(made) => Outcome::Made(made),
        Err(Trouble::Refused(refused)) => Outcome::Refused(refused.0),
        Err(Trouble::Converter(codec, seconds)) => {
            let sentence = format!(
                "The file is coded as {codec}, which most browsers do not play. Send it with \
                 H.264, VP9 or AV1, and with AAC, MP3, Opus or Vorbis"
            );
            Outcome::Converter { sentence, codec, seconds }
        }
    }
}

fn attempt(order: &Order) -> video::Result<Made> {
    let mut head = Vec::new();
    File::open(&order.input)?.take(format::HEAD as u64).read_to_end(&mut head)?;
    match format::sniff(&head).filter(|format| !format.is_image()) {
        Some(_) if order.purpose != Purpose::Attachment => video::refuse("The file is no image"),
        Some(format) => play(order, format),
        None => image::make(order).map_err(Trouble::Refused),
    }
}

/// Writes a file anew that is played.
fn play(order: &Order, format: Format) -> video::Result<Made> {
    let mut input = File::open(&order.input)?;
    let mut output = BufWriter::with_capacity(PIECE, File::create(order.full())?);
    let clip = match format {
        Format::Mp4 | Format::Mov => video::mp4::clean(&mut input, &mut output, false),
        Format::M4a => video::mp4::clean(&mut input, &mut output, true),
        Format::WebM => video::webm::clean(&mut input, &mut output),
        Format::Mp3 | Format::Ogg | Format::Flac | Format::Wav => song(&mut input, &mut output),
        _ => video::refuse("The file is of a kind that is not supported"),
    }?;
    output.flush()?;
    let bytes = output.get_ref().metadata()?.len();
    let mut made = made(&clip, bytes);
    // the picture of a song
    let cover = match clip.format {
        Format::M4a => video::mp4::cover(&mut input),
        Format::Mp3 | Format::Ogg | Format::Flac | Format::Wav => sound::cover(&mut input),
        _ => None,
    };
    // one that cannot be decoded is no reason to refuse what can be heard
    if let Some((small, blurhash)) = cover.and_then(|data| image::preview(order, data).ok()) {
        (made.small, made.blurhash) = (Some(small), blurhash);
    }
    Ok(made)
}

/// Writes a sound anew, of whichever kind: tags in front hide what is behind them.
fn song(input: &mut File, output: &mut impl Write) -> video::Result<Clip> {
    let (kind, sound) =
        sound::clean(input, output, video::MAX_SECONDS as u32).map_err(Trouble::Refused)?;
    let format = match kind {
        sound::Kind::Mp3 => Format::Mp3,
        sound::Kind::Ogg => Format::Ogg,
        sound::Kind::Flac => Format::Flac,
        sound::Kind::Wav => Format::Wav,
    };
    let track = Track {
        codec: sound.codec.name(),
        sample_rate: sound.sample_rate,
        channels: u16::try_from(sound.channels).unwrap_or(u16::MAX),
    };
    Ok(Clip { format, duration: sound.duration, pictures: None, sound: Some(track) })
}

fn made(clip: &Clip, bytes: u64) -> Made {
    let sides = clip.pictures.as_ref().map_or((0, 0), |p| (p.width, p.height));
    let full = Written {
        extension: clip.format.extension().to_owned(),
        media_type: clip.format.media_type().to_owned(),
        width: sides.0,
        height: sides.1,
        bytes,
    };
    let rate = clip.pictures.as_ref().and_then(|pictures| pictures.frame_rate);
    let play = Play {
        kind: clip.kind(),
        duration: clip.duration,
        frame_rate: rate.map(|(count, ticks)| format!("{count}/{ticks}")),
        bitrate: bitrate(bytes, clip.duration),
        sound: clip.sound.as_ref().map(|sound| Sound {
            codec: sound.codec.to_owned(),
            sample_rate: sound.sample_rate,
            channels: sound.channels,
        }),
    };
    Made { full, small: None, blurhash: None, play: Some(Box::new(play)) }
}

/// Bits a second of a file that is played for so long.
pub fn bitrate(bytes: u64, seconds: f64) -> u64 {
    #[allow(clippy::cast_precision_loss)]
    let bits = bytes as f64 * 8.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // never below 0
    if seconds > 0.0 { (bits / seconds) as u64 } else { 0 }
}
