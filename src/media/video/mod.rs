//! Video files, and sounds in the same containers: read piece by piece, and written anew of the
//! parts that are known, without anything else that was in the file (S-106, S-108). Pictures and
//! sounds themselves are not decoded here, but carried over as they are: no byte of a stream is
//! interpreted in this process.
//!
//! What a browser cannot play would have to be coded anew: that is [`Trouble::Converter`].

pub mod bytes;
pub mod mp4;
pub mod webm;

use std::io;

use super::format::Format;
use super::image::Refused;
use crate::model::MediaKind;

/// Longest file in seconds, and most single pictures and pieces of sound in it: what their table
/// takes of memory (16 bytes each) and of time is bounded by it.
pub const MAX_SECONDS: f64 = 12.0 * 3600.0;
pub const MAX_SAMPLES: usize = 1_000_000;
/// Most pixels and most pictures a second, as in Mastodon.
pub const MAX_PIXELS: u64 = 3840 * 2160;
pub const MAX_FRAME_RATE: u64 = 120;
/// What is longer than this, and silent, is a film and no moving picture. Seconds.
const LONGEST_GIFV: f64 = 60.0;

/// What ffmpeg makes H.264 of, where it is there.
pub const HEVC: &str = "HEVC";

/// Why a file is not taken as it is.
#[derive(Debug)]
pub enum Trouble {
    Refused(Refused),
    /// What is in the file has to be coded anew before browsers play it; here what that is, such
    /// as [`HEVC`], and for how many seconds it is played, as the file says.
    Converter(String, f64),
}

pub type Result<T> = std::result::Result<T, Trouble>;

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::Refused(Refused("The file ends too early".to_owned()));
        }
        Self::Refused(error.into())
    }
}

impl Trouble {
    /// The same, once it is known how long the file is.
    fn lasting(self, seconds: f64) -> Self {
        match self {
            Self::Converter(what, _) => Self::Converter(what, seconds),
            refused @ Self::Refused(_) => refused,
        }
    }
}

/// Says that something has to be coded anew.
fn converter<T>(what: impl Into<String>) -> Result<T> {
    Err(Trouble::Converter(what.into(), 0.0))
}

/// Refuses with a sentence.
pub fn refuse<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Trouble::Refused(Refused(sentence.into())))
}

/// Refuses what is not built as its kind says.
pub fn damaged<T>() -> Result<T> {
    refuse("The file is damaged or is no video")
}

/// The pictures of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Pictures {
    /// As they are shown, upright.
    pub width: u32,
    pub height: u32,
    /// Pictures a second, as a fraction; `None`: there is one picture.
    pub frame_rate: Option<(u64, u64)>,
}

/// The sound of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Such as `aac`.
    pub codec: &'static str,
    /// Hertz.
    pub sample_rate: u32,
    pub channels: u16,
}

/// What was kept of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// What was written.
    pub format: Format,
    /// Seconds.
    pub duration: f64,
    pub pictures: Option<Pictures>,
    pub sound: Option<Track>,
}

impl Clip {
    /// Refuses what nobody could play, or is too long.
    fn check(self) -> Result<Self> {
        if self.duration > MAX_SECONDS {
            return refuse("The file is longer than twelve hours");
        }
        Ok(self)
    }

    /// What clients show it as. Mastodon makes a `gifv` of whatever has no sound, and clients play
    /// that again and again, without a button to stop it: right for short ones only.
    pub fn kind(&self) -> MediaKind {
        match (&self.pictures, &self.sound) {
            (None, _) => MediaKind::Audio,
            (Some(_), None) if self.duration <= LONGEST_GIFV => MediaKind::Gifv,
            (Some(_), _) => MediaKind::Video,
        }
    }
}

impl Pictures {
    /// Pictures of this size, so many of them within `ticks` of which a second has `scale`.
    ///
    /// # Errors
    /// When they have no pixels, too many, or there are too many within a second.
    fn new(width: u32, height: u32, count: u64, ticks: u64, scale: u64) -> Result<Self> {
        if width == 0 || height == 0 {
            return refuse("The video has no pixels");
        }
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return refuse(format!(
                "The video has {width}x{height} pixels: more than {MAX_PIXELS} are not taken"
            ));
        }
        let (rate, ticks) = (u128::from(count) * u128::from(scale), u128::from(ticks));
        if count > 1 && rate > ticks * u128::from(MAX_FRAME_RATE) {
            return refuse(format!("The video has more than {MAX_FRAME_RATE} pictures a second"));
        }
        let common = gcd(rate, ticks).max(1);
        let part = |n: u128| u64::try_from(n / common).unwrap_or(u64::MAX);
        let frame_rate = (count > 1).then(|| (part(rate), part(ticks)));
        Ok(Self { width, height, frame_rate })
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
