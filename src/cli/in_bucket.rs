//! Archives of backups in the bucket of `[s3]`: put there, and fetched to be restored or tried.

use std::fs::{self, DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::app;
use crate::client::Client;
use crate::clock::Clock;
use crate::config::{Config, Size};
use crate::error::{Error, Result};
use crate::media::storage::{self, s3::Bucket};
use crate::service::backup::Made;
use crate::service::restore::FETCHED;

/// What an archive in the bucket is named by: `s3:dassie-social.example-….tar.gz`.
const SCHEME: &str = "s3:";

/// The name of an archive in the bucket, if it is one.
pub(super) fn name(typed: &Path) -> Option<&str> {
    typed.to_str()?.strip_prefix(SCHEME)
}

fn open(config: &Config) -> Result<Bucket> {
    let client = Client::new(app::client_settings(config, None)?)?;
    Bucket::open(&config.s3, client, Clock::system())
        .ok_or_else(|| Error::invalid("there is no bucket in the settings"))
}

/// Puts it into the bucket, and leaves it nowhere else.
pub(super) fn send(config: &Config, made: &Made) -> Result<String> {
    let bucket = open(config)?;
    let sent = bucket.put_backup(&made.path, &made.name);
    let _ = fs::remove_file(&made.path);
    sent.map_err(|fault| Error::invalid(format!("{}: {fault}", bucket.name())))?;
    Ok(format!("{}/{}backups/{}", bucket.name(), config.s3.prefix, made.name))
}

/// An archive that was fetched, until this goes.
pub(super) struct Fetched {
    folder: PathBuf,
    pub(super) path: PathBuf,
}

impl Drop for Fetched {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Fetches an archive into a data folder, of whose disk so much has to stay free.
///
/// # Errors
/// When there is none of this name, no room, or the bucket does not hand it out; nothing is left of
/// it then.
pub(super) fn fetch(config: &Config, name: &str, into: &Path, spare: Size) -> Result<Fetched> {
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(Error::invalid(format!(
            "{SCHEME}{name} is no name of a backup. It is what stands behind backups/ in the bucket"
        )));
    }
    let bucket = open(config)?;
    let about =
        |fault: &dyn std::fmt::Display| Error::invalid(format!("{}: {fault}", bucket.name()));
    let none = || about(&format!("there is no {}backups/{name}", config.s3.prefix));
    let bytes = bucket.backup_size(name).map_err(|fault| about(&fault))?.ok_or_else(none)?;
    let free = storage::free_bytes(into)?;
    if free < bytes.saturating_add(spare.0) {
        return Err(Error::invalid(format!(
            "{name} takes {}, and {} are free in {}",
            Size(bytes).rounded(),
            Size(free).rounded(),
            into.display()
        )));
    }
    let folder = into.join(FETCHED);
    let path = folder.join(name);
    let fetched = Fetched { folder, path };
    // of one that was killed
    let _ = fs::remove_dir_all(&fetched.folder);
    let cannot = |e: std::io::Error| {
        Error::internal(format!("{} cannot be written: {e}", fetched.path.display()))
    };
    DirBuilder::new().mode(0o700).create(&fetched.folder).map_err(cannot)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fetched.path);
    let mut file = file.map_err(cannot)?;
    let copied = bucket.copy_backup(name, bytes, &mut file);
    copied.map_err(|fault| about(&fault))?.ok_or_else(none)?;
    Ok(fetched)
}
