//! `[media]`: files of elsewhere, the room of all files, and programs of this machine.

use std::path::PathBuf;

use super::Size;

/// Files of elsewhere, how much of the disk all files may take, and programs of this machine that
/// help with files which Dassie does not decode itself.
#[derive(Clone, Debug)]
pub struct Media {
    /// What nobody looked at for so many days goes.
    pub cache_days: usize,
    /// The cache never takes more than this.
    pub cache_max_size: Size,
    /// So much of the disk stays free: neither the cache nor uploads go below it.
    pub min_free_disk: Size,
    /// Where the cache is; see [`super::Config::cache_dir`].
    pub cache_dir: Option<PathBuf>,
    /// What is fetched before anybody looks.
    pub prefetch: Prefetch,
    /// How much of that a day.
    pub prefetch_daily: Size,
    /// Makes stills of videos and converts HEVC.
    pub ffmpeg: Program,
    /// Reads HEIC and AVIF: libheif's heif-dec or heif-convert.
    pub heif_convert: Program,
    /// How long converting a video may take.
    pub max_convert_seconds: usize,
    /// The largest archive of an account that is received in a browser.
    pub max_archive_size: Size,
}

/// Which attachments are fetched before anybody looks at them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefetch {
    #[default]
    None,
    /// Those of what comes into a home timeline.
    Home,
}

/// Where a program is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// In PATH, if at all.
    #[default]
    Search,
    /// It is not to be used.
    Never,
    At(PathBuf),
}

impl Default for Media {
    fn default() -> Self {
        Self {
            cache_days: 30,
            cache_max_size: Size::megabytes(2000),
            min_free_disk: Size::megabytes(500),
            cache_dir: None,
            prefetch: Prefetch::None,
            prefetch_daily: Size::megabytes(200),
            ffmpeg: Program::Search,
            heif_convert: Program::Search,
            max_convert_seconds: 300,
            max_archive_size: Size::megabytes(2000),
        }
    }
}
