//! `[backup]`: archives of everything that cannot be fetched again.

use std::path::PathBuf;

use super::{Secret, Span};

/// When archives are made, where they go and what is in them.
#[derive(Clone, Debug)]
pub struct Backup {
    /// The time between two that the server makes by itself; `None`: it makes none.
    pub every: Option<Span>,
    /// How many are kept.
    pub keep: usize,
    pub to: BackupTo,
    /// See [`super::Config::backup_dir`].
    pub folder: Option<PathBuf>,
    /// Uploads are in them.
    pub media: bool,
    /// What they are encrypted with, if with anything.
    pub passphrase: Secret,
    /// The database is copied before an upgrade.
    pub before_upgrade: bool,
}

/// Where archives go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackupTo {
    #[default]
    Folder,
    /// The bucket of `[s3]`.
    S3,
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            every: None,
            keep: 7,
            to: BackupTo::Folder,
            folder: None,
            media: false,
            passphrase: Secret::default(),
            before_upgrade: true,
        }
    }
}
