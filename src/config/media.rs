//! `[media]`: programs of this machine.

use std::path::PathBuf;

/// Programs of this machine that help with files which Dassie does not decode itself.
#[derive(Clone, Debug)]
pub struct Media {
    /// Makes stills of videos and converts HEVC.
    pub ffmpeg: Program,
    /// Reads HEIC and AVIF: libheif's heif-dec or heif-convert.
    pub heif_convert: Program,
    /// How long converting a video may take.
    pub max_convert_seconds: usize,
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
        Self { ffmpeg: Program::Search, heif_convert: Program::Search, max_convert_seconds: 600 }
    }
}
