//! One process at a time works with a data folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::db;
use crate::error::{Error, Result};

/// The name of the lock inside the data folder. The file stays; what counts is who holds it.
const FILE: &str = "lock";

/// The right to work with a data folder. The kernel ends it with the process, however that dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `folder`, which is made if it is not there. `None`: another process
    /// holds it.
    ///
    /// # Errors
    /// One clear sentence when the folder cannot be made or written, or is not for us alone.
    pub fn take(folder: &Path) -> Result<Option<Self>> {
        // before this leaves a file of the wrong user in it
        db::check_rights(folder)?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|e| refuse("cannot make the data folder", folder, &e))?;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(folder.join(FILE))
            .map_err(|e| refuse("cannot write in the data folder", folder, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(refuse("cannot lock the data folder", folder, &e)),
        }
    }
}

/// Whether a process works with `folder`, found out without leaving a trace there. A file that
/// cannot be opened says no: taking the lock will tell why.
pub fn is_taken(folder: &Path) -> bool {
    let file = OpenOptions::new().append(true).open(folder.join(FILE));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

fn refuse(what: &str, folder: &Path, error: &io::Error) -> Error {
    Error::internal(format!(
        "{what} {}: {error}. Set storage.data_dir to a folder that this user may write.",
        folder.display()
    ))
}
