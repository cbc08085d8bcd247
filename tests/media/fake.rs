//! A program of the host that does what the test says.

use std::path::{Path, PathBuf};

use dassie::config::{self, Config, Program};
use dassie::media::Media;
use image::ImageFormat;

use crate::support::TempDir;
use crate::support::picture::{coded, corners};

/// A file that is kept for tests.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/media").join(name)
}

/// Makes a program in a folder that does what these lines for a shell say: `$out` is its output,
/// `$here` the folder, in which `probe` and `picture` are pictures of 64 x 64 and 128 x 128.
pub fn program(folder: &Path, behaviour: &str) -> Program {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("tool");
    if !path.exists() {
        std::os::unix::fs::symlink(fixture("fake-tool"), &path).unwrap();
        std::fs::write(folder.join("probe"), coded(&corners(64, 64), ImageFormat::Jpeg)).unwrap();
        let picture = coded(&corners(128, 128), ImageFormat::Jpeg);
        std::fs::write(folder.join("picture"), picture).unwrap();
    }
    std::fs::write(folder.join("behaviour"), behaviour).unwrap();
    Program::At(path)
}

/// Media with such a program.
pub struct Bench {
    pub media: Media,
    pub folder: TempDir,
}

impl Bench {
    /// With a program that does the work of ffmpeg and heif-convert.
    pub fn new(behaviour: &str) -> Self {
        let folder = TempDir::new();
        let program = program(&folder.path().join("tool"), behaviour);
        Self::open(
            folder,
            config::Media {
                ffmpeg: program.clone(),
                heif_convert: program,
                max_convert_seconds: 1,
                ..config::Media::default()
            },
        )
    }

    /// With these programs, and all the time that a busy machine needs.
    pub fn with(ffmpeg: Program, heif_convert: Program) -> Self {
        let settings = config::Media { ffmpeg, heif_convert, ..config::Media::default() };
        Self::open(TempDir::new(), settings)
    }

    fn open(folder: TempDir, settings: config::Media) -> Self {
        let mut config = Config::default();
        config.media = settings;
        config.storage.data_dir = folder.path().join("data");
        let media = Media::open(&config, env!("CARGO_BIN_EXE_dassie").into()).unwrap();
        Self { media, folder }
    }

    /// What the program does from now on.
    pub fn does(&self, behaviour: &str) {
        program(&self.tool(), behaviour);
    }

    pub fn tool(&self) -> PathBuf {
        self.folder.path().join("tool")
    }

    /// A temporary file that work could write.
    pub fn output(&self) -> PathBuf {
        self.folder.path().join("data/media/tmp/0123456789abcdef0123456789abcdef")
    }

    /// The arguments of each run, but for those that ask what the program can do.
    pub fn runs(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(self.tool().join("arguments")).unwrap_or_default();
        let runs = text.split("run\n").skip(1);
        let runs = runs.map(|run| run.lines().map(str::to_owned).collect::<Vec<_>>());
        runs.filter(|run| !run.iter().any(|a| a.ends_with("coders") || a.contains(".probe.")))
            .collect()
    }

    /// What is left in the folder of temporary files.
    pub fn left(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("data/media/tmp")).unwrap().count()
    }
}
