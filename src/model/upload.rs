//! Uploads of local accounts, and what hangs on a status: such an upload, or a remote file.

use serde::{Deserialize, Serialize};

use super::{Media, MediaKind};

/// How far an upload is; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i64)]
pub enum UploadState {
    #[default]
    Processing = 0,
    Ready = 1,
    Failed = 2,
}

impl UploadState {
    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Ready,
            2 => Self::Failed,
            _ => Self::Processing,
        }
    }
}

/// Where the files of an upload lie; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i64)]
pub enum Store {
    /// In the data folder.
    #[default]
    Disk = 0,
    /// In a bucket of an object storage.
    Bucket = 1,
}

impl Store {
    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        if number == 1 { Self::Bucket } else { Self::Disk }
    }
}

/// What an upload is for; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i64)]
pub enum UploadPurpose {
    #[default]
    Attachment = 0,
    Avatar = 1,
    Header = 2,
}

/// The sound of what is played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sound {
    /// Such as `aac`.
    pub codec: String,
    /// Hertz.
    pub sample_rate: u32,
    pub channels: u16,
}

/// A file of a local account, before and after it is attached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    pub id: i64,
    pub account_id: i64,
    pub status_id: Option<i64>,
    pub kind: MediaKind,
    pub media_type: String,
    /// 128 random bits that the names of its files begin with.
    pub key: String,
    /// The ending of the file's name; empty while it is processed.
    pub extension: String,
    /// The ending of its preview's name; `None`: the file is its own preview.
    pub preview_extension: Option<String>,
    pub state: UploadState,
    pub description: Option<String>,
    pub blurhash: Option<String>,
    pub focus: Option<(f64, f64)>,
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub preview_width: Option<i64>,
    pub preview_height: Option<i64>,
    /// Seconds.
    pub duration: Option<f64>,
    /// Pictures a second of a video, as a fraction such as `30000/1001`.
    pub frame_rate: Option<String>,
    /// Bits a second of what is played.
    pub bitrate: Option<i64>,
    pub sound: Option<Sound>,
    /// Why it failed.
    pub error: Option<String>,
    /// Where its files lie. Not a part of what the history of a status keeps: files move.
    #[serde(skip)]
    pub store: Store,
}

impl Upload {
    /// The name of its file.
    pub fn file(&self) -> String {
        format!("{}.{}", self.key, self.extension)
    }

    /// The names of all its files.
    pub fn files(&self) -> Vec<String> {
        let mut names = vec![self.file()];
        names.extend(self.preview_extension.as_ref().and_then(|_| self.preview()));
        names
    }

    /// The name of its preview's file; `None`: it is played, and has no picture.
    pub fn preview(&self) -> Option<String> {
        match &self.preview_extension {
            Some(extension) => Some(format!("{}.{extension}", self.key)),
            None => (self.kind == MediaKind::Image).then(|| self.file()),
        }
    }
}

/// Something attached to a status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Attachment {
    Remote(Media),
    Upload(Upload),
}

impl Attachment {
    /// Its own id.
    pub fn id(&self) -> i64 {
        match self {
            Self::Remote(media) => media.id,
            Self::Upload(upload) => upload.id,
        }
    }

    /// The status that it hangs on.
    pub fn status_id(&self) -> i64 {
        match self {
            Self::Remote(media) => media.status_id,
            Self::Upload(upload) => upload.status_id.unwrap_or(0),
        }
    }

    /// What it shows, in words.
    pub fn description(&self) -> Option<&str> {
        match self {
            Self::Remote(media) => media.description.as_deref(),
            Self::Upload(upload) => upload.description.as_deref(),
        }
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> MediaKind {
        match self {
            Self::Remote(media) => media.kind,
            Self::Upload(upload) => upload.kind,
        }
    }
}
