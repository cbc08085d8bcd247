//! Programs of the host that help with files which Dassie does not decode itself: `ffmpeg` for
//! stills of videos and HEVC, and libheif's `heif-dec` or `heif-convert` for HEIC and AVIF. Without
//! them those kinds are neither offered nor taken, and all else works. Each runs within limits
//! (`run`), on files whose kind we know by their first bytes, and what it makes is treated like
//! anything that somebody sent.

mod ffmpeg;
mod heif;
mod picture;
mod run;
mod upload;

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use ffmpeg::{Container, Conversion, Video};
pub(super) use picture::{Prepared, prepare};
pub use run::{End, Limits, Ran, run};

use super::format::{self, Format};
use super::heif::Kind;
use super::{Media, image};
use crate::config;
use crate::error::Result;
use crate::model::MediaKind;
use ffmpeg::Ffmpeg;

/// What asking a program what it can do may take.
const QUESTION: Limits =
    Limits { memory: 1 << 30, cpu: 10, file: 1 << 20, patience: Duration::from_secs(20) };

/// What there is on this machine, looked up once; once more later, if programs could not be tried
/// out on a full disk.
#[derive(Debug)]
pub(super) struct Shelf {
    settings: config::Media,
    found: Mutex<Option<Arc<Tools>>>,
}

impl Shelf {
    pub(super) fn new(settings: config::Media) -> Self {
        Self { settings, found: Mutex::default() }
    }
}

/// The programs, and what each was seen to do.
#[derive(Debug, Default)]
pub(super) struct Tools {
    ffmpeg: Option<Ffmpeg>,
    /// Those that read a picture of each kind when they were tried, the better first.
    heic: Vec<Reader>,
    avif: Vec<Reader>,
    /// The disk was too full to try them all.
    untried: bool,
}

/// A program that makes ordinary pictures of HEIC or AVIF.
#[derive(Clone, Debug)]
enum Reader {
    HeifConvert(PathBuf),
    Ffmpeg(PathBuf),
}

impl Tools {
    fn readers(&self, kind: Kind) -> &[Reader] {
        match kind {
            Kind::Heic => &self.heic,
            Kind::Avif => &self.avif,
        }
    }

    fn look(media: &Media, settings: &config::Media) -> Self {
        let ffmpeg = find("media.ffmpeg", &settings.ffmpeg, &["ffmpeg"]);
        let heif =
            find("media.heif_convert", &settings.heif_convert, &["heif-dec", "heif-convert"]);
        let ffmpeg = ffmpeg.and_then(|path| Ffmpeg::ask(path, &media.stopping));
        // libheif puts tiles together and turns; of ffmpeg only the newest do
        let all: Vec<Reader> = heif
            .into_iter()
            .map(Reader::HeifConvert)
            .chain(ffmpeg.iter().map(|ffmpeg| Reader::Ffmpeg(ffmpeg.path.clone())))
            .collect();
        let mut untried = false;
        let mut able = |kind| {
            let mut able: Vec<Reader> = Vec::new();
            for one in &all {
                match picture::try_out(media, one, kind) {
                    Ok(true) => able.push(one.clone()),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::debug!(%error, "a program could not be tried out");
                        untried = true;
                    }
                }
            }
            able
        };
        let (heic, avif) = (able(Kind::Heic), able(Kind::Avif));
        Self { ffmpeg, heic, avif, untried }
    }

    /// One line for the log.
    fn describe(&self) -> String {
        let name = |readers: &[Reader]| match readers.first() {
            Some(Reader::HeifConvert(path) | Reader::Ffmpeg(path)) => path.display().to_string(),
            None => "no program (they are refused)".to_owned(),
        };
        let ffmpeg = self.ffmpeg.as_ref().map_or_else(
            || "no ffmpeg: videos have no stills, and HEVC is refused".to_owned(),
            Ffmpeg::describe,
        );
        let later = if self.untried {
            ". The disk is too full to try all programs out: that is done when there is room"
        } else {
            ""
        };
        format!("{ffmpeg}; HEIC by {}, AVIF by {}{later}", name(&self.heic), name(&self.avif))
    }
}

/// The program that a setting names, or the first of these names that is in PATH.
fn find(setting: &str, program: &config::Program, names: &[&str]) -> Option<PathBuf> {
    let is_program = |path: &Path| {
        path.metadata()
            .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    match program {
        config::Program::Never => None,
        config::Program::At(path) => {
            let path = std::path::absolute(path).ok().filter(|path| is_program(path));
            if path.is_none() {
                tracing::warn!("{setting} names no program; it is as if it were \"none\"");
            }
            path
        }
        config::Program::Search => {
            let folders = std::env::var_os("PATH").unwrap_or_default();
            let folders: Vec<PathBuf> =
                std::env::split_paths(&folders).filter(|folder| folder.is_absolute()).collect();
            names
                .iter()
                .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
                .find(|path| is_program(path))
        }
    }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.into_iter().map(OsString::from).collect()
}

/// What a program answers to a question about itself; `None`: it fails.
fn ask(program: &Path, question: &[OsString], stopping: &AtomicBool) -> Option<Ran> {
    run(program, question, QUESTION, stopping).ok().filter(|ran| ran.end == End::Fine)
}

impl Media {
    /// What there is on this machine. The first time it is looked up, which takes some tenths of
    /// a second and says in the log what was found.
    pub(super) fn tools(&self) -> Arc<Tools> {
        // held meanwhile, so that the programs are tried once and not by all who ask
        let mut found = self.tools.found.lock().unwrap_or_else(PoisonError::into_inner);
        let look = || {
            let tools = Tools::look(self, &self.tools.settings);
            tracing::info!("{}", tools.describe());
            Arc::new(tools)
        };
        Arc::clone(found.get_or_insert_with(look))
    }

    /// Looks the programs up, so that nobody has to wait for that later.
    pub fn look_for_tools(&self) {
        self.tools();
    }

    /// Whether programs could not be tried out since the disk was full.
    pub fn has_untried_tools(&self) -> bool {
        // nobody waits for those who look just now
        let found = self.tools.found.try_lock().ok();
        found.is_some_and(|found| found.as_ref().is_some_and(|tools| tools.untried))
    }

    /// Looks them up once more. Until that is done those that were found are used: for the lane
    /// that decodes.
    pub fn look_for_tools_again(&self) {
        let tools = Tools::look(self, &self.tools.settings);
        if tools.untried {
            return;
        }
        tracing::info!("{}", tools.describe());
        let tools = Arc::new(tools);
        *self.tools.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(tools);
    }

    /// The media types that may be uploaded here, for clients to know. May wait for the programs
    /// to be looked up: not for the thread that serves connections.
    pub fn accepted_types(&self) -> Vec<&'static str> {
        format::media_types().into_iter().chain(self.heif_types()).collect()
    }

    fn heif_types(&self) -> impl Iterator<Item = &'static str> {
        let kinds = [Kind::Heic, Kind::Avif].into_iter().filter(|kind| self.reads(*kind));
        kinds.flat_map(Kind::media_types).copied()
    }

    /// Whether pictures of this kind can be decoded here.
    pub fn reads(&self, kind: Kind) -> bool {
        !self.tools().readers(kind).is_empty()
    }

    /// What an upload is by its first bytes, where these kinds are taken, and with them the
    /// pictures that a program reads (S-105).
    ///
    /// # Errors
    /// A sentence that says what may be sent, for what is not taken here.
    pub fn check_kind(
        &self,
        head: &[u8],
        taken: &[Format],
    ) -> std::result::Result<MediaKind, String> {
        if let Some(format) = format::sniff(head).filter(|format| taken.contains(format)) {
            return Ok(format.kind());
        }
        let kind = super::heif::sniff(head);
        if kind.is_some_and(|kind| self.reads(kind)) {
            return Ok(MediaKind::Image);
        }
        let what = match kind {
            Some(Kind::Heic) => "File is a HEIC picture, which this server cannot read",
            Some(Kind::Avif) => "File is an AVIF picture, which this server cannot read",
            None => "File has contents that are not supported",
        };
        let types = taken.iter().map(|format| format.media_type()).chain(self.heif_types());
        Err(format!("{what}; send one of {}", types.collect::<Vec<_>>().join(", ")))
    }

    /// Makes a JPEG picture of the first second of a video, of at most 640 x 360 pixels, at
    /// `output`, which must not exist: what is most like the rest of that second, so that a black
    /// beginning is passed over. Upright, as players show it. `None`: there is no ffmpeg, it
    /// cannot decode this video, or the file is not what `container` says. Like all that ffmpeg
    /// makes, the file is to be decoded and written anew before anybody sees it. Takes up to 30
    /// seconds and 640 MB of addresses: for the lane that decodes.
    ///
    /// # Errors
    /// When the server stops meanwhile, or the disk is full.
    pub fn still(&self, input: &Path, container: Container, output: &Path) -> Result<Option<()>> {
        match &self.tools().ffmpeg {
            Some(ffmpeg) => ffmpeg.still(input, container, output, &self.stopping),
            None => Ok(None),
        }
    }

    /// The preview of a video: [`Media::still`], decoded and written anew by our own process, with
    /// its blurhash. It lies where [`image::Order::full`] says for an order with this `output`,
    /// which is to be no other order's. `None`: there is none to be had.
    ///
    /// # Errors
    /// As [`Media::still`].
    pub fn still_preview(
        &self,
        input: &Path,
        container: Container,
        output: &Path,
        max_pixels: u64,
    ) -> Result<Option<image::Made>> {
        let still = Scratch::new(output, "still");
        if self.still(input, container, &still.stem)?.is_none() {
            return Ok(None);
        }
        let order = image::Order {
            input: still.stem.clone(),
            output: output.to_owned(),
            purpose: image::Purpose::Preview,
            max_pixels,
        };
        match super::child::run(&self.program, &order, &self.stopping)? {
            image::Outcome::Made(made) => Ok(Some(made)),
            _ => Ok(None),
        }
    }

    /// Whether videos in HEVC can be made into H.264 here.
    pub fn converts_video(&self) -> bool {
        self.tools().ffmpeg.as_ref().is_some_and(Ffmpeg::converts)
    }

    /// Makes an H.264 and AAC video in MP4 of one in HEVC, of at most 1920 x 1080 pixels, at
    /// `video.output`, which must not exist and is no more there when it was refused. It is to be
    /// treated like a file that somebody sent: checked and cleaned. Takes up to
    /// `media.max_convert_seconds`: for the lane that decodes.
    ///
    /// # Errors
    /// When the server stops meanwhile, or the disk is full. What is wrong with the video, or
    /// that nothing converts it here, is a [`Conversion::Refused`].
    pub fn convert_video(&self, video: &Video<'_>) -> Result<Conversion> {
        let seconds = self.tools.settings.max_convert_seconds as u64;
        match self.tools().ffmpeg.as_ref().filter(|ffmpeg| ffmpeg.converts()) {
            Some(ffmpeg) => ffmpeg.convert(video, seconds, &self.stopping),
            None => Ok(Conversion::Refused(
                "The video is in HEVC, which this server cannot convert; send it in H.264 \
                 (\"most compatible\" in the settings of a telephone's camera)"
                    .to_owned(),
            )),
        }
    }
}

/// Files that belong to one piece of work: all whose names begin with this path. Removed with the
/// value, and before, should the last try have been cut off.
struct Scratch {
    stem: PathBuf,
}

impl Scratch {
    fn new(output: &Path, what: &str) -> Self {
        let mut stem = output.as_os_str().to_owned();
        stem.push(".");
        stem.push(what);
        let scratch = Self { stem: PathBuf::from(stem) };
        scratch.clear();
        scratch
    }

    /// The path with something behind it.
    fn with(&self, ending: &str) -> PathBuf {
        let mut path = self.stem.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    }

    /// The files that are there.
    fn list(&self) -> Vec<PathBuf> {
        let (Some(folder), Some(name)) = (self.stem.parent(), self.stem.file_name()) else {
            return Vec::new();
        };
        let ours = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|of| of.as_encoded_bytes().starts_with(name.as_encoded_bytes()))
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(ours).collect()
    }

    fn clear(&self) {
        for path in self.list() {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.clear();
    }
}
