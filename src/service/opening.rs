//! Why a database cannot be opened, in words of what to do about it.

use std::path::Path;

use crate::config::Size;
use crate::db;
use crate::error::Error;
use crate::media::storage;

/// With less on its disk SQLite cannot make the files that it needs beside a database, and says only
/// that reading or writing failed.
const LEAST: u64 = 128 * 1024;
/// What it, and the system, says then.
const IO_FAULTS: [&str; 3] =
    ["disk I/O error", "unable to open database file", "No space left on device"];

/// The same error, or what lies behind it. `folder`: that of the data; `backups`: where archives are.
pub fn explain(folder: &Path, backups: &Path, error: Error) -> Error {
    let free = storage::free_bytes(folder).unwrap_or(u64::MAX);
    let text = error.to_string();
    if free < LEAST && (error.is_disk_full() || IO_FAULTS.iter().any(|one| text.contains(one))) {
        return Error::internal(format!(
            "The disk of {} is full ({} free). Make room and start again.",
            folder.display(),
            Size(free).rounded()
        ));
    }
    match error.damage() {
        Some(fault) => Error::internal(format!(
            "{} is damaged: {fault}. Put back the last backup, of those in {}: dassie restore \
             ARCHIVE --force",
            db::backup::path(folder).display(),
            backups.display()
        )),
        None => error,
    }
}
