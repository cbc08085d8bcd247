//! What `ffmpeg` is asked to do. Its arguments are fixed (S-108): the container is the one that
//! the first bytes say, never one that it finds out itself, so that no playlist is followed; it
//! opens files and nothing else, with one thread for each thing that it does.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::run::{End, Limits, Ran, run};
use super::{ask, words};
use crate::error::{Error, Result};
use crate::media::storage;

/// Most pixels of a still, as those of previews.
const STILL: u32 = 640 * 360;
/// Most pixels of a converted video.
const VIDEO: u32 = 1920 * 1080;
/// Bits a second of its sound.
const SOUND: f64 = 128_000.0;
/// Least and most bits a second of its picture.
const BITS: (f64, f64) = (200_000.0, 8_000_000.0);
/// The share of the limit that is planned for: containers and rough rates need the rest.
const PLANNED: f64 = 0.9;
/// What making a still may use.
const FOR_STILL: Limits =
    Limits { memory: 640 << 20, cpu: 20, file: 8 << 20, patience: Duration::from_secs(30) };
/// Memory for a conversion: a 4K video takes 330 MB, one with ten bits a colour more.
const FOR_VIDEO: u64 = 1 << 30;

/// How pictures are scaled for JPEG, which has a matrix and a range of colours of its own.
pub(super) const COLOURS: &str =
    "out_color_matrix=bt601:out_range=full:flags=accurate_rnd+bicubic,format=yuvj420p";

/// How a video is packed, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// MP4 and QuickTime.
    Mp4,
    /// WebM and Matroska.
    WebM,
}

impl Container {
    /// What a file is, by its first bytes (S-105).
    pub fn sniff(head: &[u8]) -> Option<Self> {
        match head {
            [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Self::WebM),
            [_, _, _, _, kind @ ..] => {
                let known: [&[u8]; 5] = [b"ftyp", b"moov", b"mdat", b"wide", b"free"];
                known.iter().any(|known| kind.starts_with(known)).then_some(Self::Mp4)
            }
            _ => None,
        }
    }

    /// What ffmpeg calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "mov",
            Self::WebM => "matroska",
        }
    }

    /// Whether a file is packed so.
    fn fits(self, path: &Path) -> Result<bool> {
        let mut head = [0; 16];
        let mut file = File::open(path).map_err(Error::internal)?;
        let read = file.read(&mut head).map_err(Error::internal)?;
        Ok(Self::sniff(&head[..read]) == Some(self))
    }
}

/// A video to be converted.
#[derive(Clone, Copy, Debug)]
pub struct Video<'a> {
    pub input: &'a Path,
    pub container: Container,
    pub output: &'a Path,
    /// Its length, in seconds.
    pub duration: f64,
    /// The largest file that may come of it.
    pub max_bytes: u64,
}

/// What came of a conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversion {
    Done,
    /// A sentence for the one who uploaded it.
    Refused(String),
}

/// An ffmpeg and what it can do.
#[derive(Clone, Debug)]
pub(super) struct Ffmpeg {
    pub(super) path: PathBuf,
    version: String,
    reads_hevc: bool,
    reads_av1: bool,
    /// Of those that need no special hardware.
    h264: Option<&'static str>,
}

impl Ffmpeg {
    /// Asks a program what it can do; `None`: it is no ffmpeg.
    pub(super) fn ask(path: PathBuf, stopping: &AtomicBool) -> Option<Self> {
        let decoders = ask(&path, &words(["-decoders"]), stopping)?;
        let encoders = ask(&path, &words(["-hide_banner", "-encoders"]), stopping)?;
        // the banner of each run says it
        let version = String::from_utf8_lossy(&decoders.complaints);
        let version = version.strip_prefix("ffmpeg version ")?;
        let version = version.split_whitespace().next()?;
        let plain = |c: char| c.is_ascii_graphic();
        let version = version.chars().filter(|c| plain(*c)).take(40).collect();
        let decodes = |name| lists(&decoders, name);
        let h264 = ["libx264", "libopenh264"].into_iter().find(|name| lists(&encoders, name));
        Some(Self {
            reads_hevc: decodes("hevc"),
            reads_av1: ["libdav1d", "libaom-av1", "libgav1"].into_iter().any(decodes),
            h264,
            path,
            version,
        })
    }

    /// For the log.
    pub(super) fn describe(&self) -> String {
        let hevc = match (self.reads_hevc, self.h264) {
            (true, Some(encoder)) => format!("HEVC becomes H.264 ({encoder})"),
            (true, None) => "HEVC is refused (no encoder for H.264)".to_owned(),
            (false, _) => "HEVC is refused (no decoder)".to_owned(),
        };
        let av1 = if self.reads_av1 { "" } else { ", AV1 has no stills" };
        format!("ffmpeg {} at {}: {hevc}{av1}", self.version, self.path.display())
    }

    pub(super) fn converts(&self) -> bool {
        self.reads_hevc && self.h264.is_some()
    }

    /// See [`crate::media::Media::still`].
    pub(super) fn still(
        &self,
        input: &Path,
        container: Container,
        output: &Path,
        stopping: &AtomicBool,
    ) -> Result<Option<()>> {
        if !container.fits(input)? {
            return Ok(None);
        }
        let mut arguments = begin(container.name());
        // what is decoded at the most: a second of usual videos, more of slow ones
        arguments.extend(words(["-t", "8"]));
        arguments.extend(file("-i", input));
        // V leaves out covers
        arguments.extend(words(["-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1"]));
        // pixels need not be square; JPEG has colours of its own
        let factor = format!("min(1,sqrt({STILL}/(iw*sar*ih)))");
        let scale = format!(
            "scale=w='max(1,trunc(iw*sar*{factor}))':h='max(1,trunc(ih*{factor}))':\
             {COLOURS},setsar=1,thumbnail=n=30"
        );
        arguments.extend(words(["-frames:v", "1", "-vf", scale.as_str()]));
        arguments.extend(jpeg(output));
        match self.make(&arguments, FOR_STILL, output, stopping)? {
            End::Fine => Ok(Some(())),
            _ => Ok(None),
        }
    }

    /// See [`crate::media::Media::convert_video`].
    pub(super) fn convert(
        &self,
        video: &Video<'_>,
        seconds: u64,
        stopping: &AtomicBool,
    ) -> Result<Conversion> {
        let encoder = self.h264.unwrap_or("libx264");
        if !video.container.fits(video.input)? {
            return Ok(Conversion::Refused("The file is damaged or is no video".to_owned()));
        }
        // as many bits as the limit has room for
        #[allow(clippy::cast_precision_loss)] // far below what is exact
        let room = video.max_bytes as f64 * 8.0 * PLANNED / video.duration.max(1.0) - SOUND;
        let Some(room) = Some(room).filter(|room| *room >= BITS.0) else {
            return Ok(Conversion::Refused("The video is too long for its size".to_owned()));
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within BITS
        let rate = room.min(BITS.1) as u64;
        let (rate, buffer) = (rate.to_string(), (rate * 2).to_string());
        let mut arguments = begin(video.container.name());
        arguments.extend(file("-i", video.input));
        arguments.extend(words(["-map", "0:V:0", "-map", "0:a:0?", "-sn", "-dn"]));
        arguments.extend(words(["-map_metadata", "-1", "-map_chapters", "-1"]));
        // even sides, as H.264 wants them
        let factor = format!("min(1,sqrt({VIDEO}/(iw*ih)))");
        let scale = format!(
            "scale=w='max(2,trunc(iw*{factor}/2)*2)':h='max(2,trunc(ih*{factor}/2)*2)',\
             format=yuv420p"
        );
        arguments.extend(words(["-vf", scale.as_str(), "-c:v", encoder]));
        arguments.extend(match encoder {
            "libx264" => words(["-preset", "veryfast", "-crf", "23", "-maxrate", rate.as_str()]),
            _ => words(["-b:v", rate.as_str(), "-maxrate", rate.as_str(), "-g", "120"]),
        });
        arguments.extend(words(["-bufsize", buffer.as_str(), "-threads", "1"]));
        arguments.extend(words(["-c:a", "aac", "-b:a", "128k", "-ac", "2"]));
        // the index before the pictures, so that players begin at once
        arguments.extend(words(["-movflags", "+faststart", "-f", "mp4"]));
        arguments.extend(file("-y", video.output));
        let limits = Limits {
            memory: FOR_VIDEO,
            cpu: seconds,
            file: video.max_bytes,
            patience: Duration::from_secs(seconds),
        };
        Ok(match self.make(&arguments, limits, video.output, stopping)? {
            End::Fine => Conversion::Done,
            End::TooLong => Conversion::Refused(
                "Converting the video took too long; send a shorter one, or H.264".to_owned(),
            ),
            End::Failed => Conversion::Refused(
                "The video could not be converted; send a shorter one, or H.264".to_owned(),
            ),
        })
    }

    /// Runs it. What it made stays only if it ended well and made something.
    fn make(
        &self,
        arguments: &[OsString],
        limits: Limits,
        output: &Path,
        stopping: &AtomicBool,
    ) -> Result<End> {
        let ran = run(&self.path, arguments, limits, stopping);
        if matches!(&ran, Ok(ran) if ran.end == End::Fine)
            && output.metadata().is_ok_and(|about| about.is_file() && about.len() > 0)
        {
            return Ok(End::Fine);
        }
        let _ = std::fs::remove_file(output);
        let ran = ran?;
        complain("ffmpeg", &ran)?;
        Ok(if ran.end == End::TooLong { End::TooLong } else { End::Failed })
    }
}

/// Says in the log why a program failed.
///
/// # Errors
/// When the disk is full: that is no fault of the file.
pub(super) fn complain(program: &str, ran: &Ran) -> Result<()> {
    let words = String::from_utf8_lossy(&ran.complaints);
    let words: String = words.chars().filter(|c| !c.is_control()).take(300).collect();
    tracing::debug!(program, end = ?ran.end, words, "a program of the host failed");
    if words.contains("No space left on device") {
        return Err(storage::disk_full());
    }
    Ok(())
}

/// Whether a list of coders has this one, and for pictures.
fn lists(ran: &Ran, name: &str) -> bool {
    let text = String::from_utf8_lossy(&ran.output);
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next().is_some_and(|flags| flags.starts_with('V')) && words.next() == Some(name)
    })
}

/// What every run begins with, up to the file.
pub(super) fn begin(container: &str) -> Vec<OsString> {
    words([
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-filter_threads",
        "1",
        "-threads",
        "1",
        "-protocol_whitelist",
        "file",
        "-f",
        container,
    ])
}

/// An option with a file, which is nothing else, whatever its name looks like.
pub(super) fn file(option: &str, path: &Path) -> [OsString; 2] {
    let mut name = OsString::from("file:");
    name.push(path);
    [OsString::from(option), name]
}

/// How a JPEG file is written.
pub(super) fn jpeg(output: &Path) -> Vec<OsString> {
    let mut arguments = words(["-threads", "1", "-c:v", "mjpeg", "-qmin", "1", "-q:v", "2"]);
    arguments.extend(words(["-f", "mjpeg"]));
    arguments.extend(file("-y", output));
    arguments
}
