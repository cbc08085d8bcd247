//! Whose the files of the data folder are, and who may read them (S-124).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::error::{Error, Result};

/// What lies in the data folder and holds keys, or leads to those who do.
const FILES: [&str; 7] = [
    "dassie.db",
    "dassie.db-wal",
    "dassie.db-shm",
    "dassie.sock",
    "lock",
    "tls/account.json",
    "tls/certificate.pem",
];

/// Refuses a data folder into which others may put files, and files in it that belong to somebody
/// else or that others may read or write. What is not there yet is no fault.
///
/// # Errors
/// One clear sentence with the command that mends it.
pub fn check(folder: &Path) -> Result<()> {
    // SAFETY: geteuid takes nothing, touches no memory of ours and cannot fail.
    let this_user = unsafe { libc::geteuid() };
    if let Ok(meta) = fs::metadata(folder) {
        // Who is not its owner, but root is, was given it: a mounted volume, for example.
        if meta.uid() != this_user && meta.uid() != 0 {
            return Err(foreign(folder, meta.uid(), this_user));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(Error::internal(format!(
                "other users can put files into {}. Run: chmod 700 {0}",
                folder.display()
            )));
        }
    }
    for name in FILES {
        let path = folder.join(name);
        // What cannot be looked at is reported by whoever opens it.
        let Ok(meta) = fs::metadata(&path) else { continue };
        if meta.uid() != this_user {
            return Err(foreign(&path, meta.uid(), this_user));
        }
        if meta.mode() & 0o077 != 0 {
            return Err(Error::internal(format!(
                "{} can be read by other users, and private keys are behind it. Run: chmod 600 {0}",
                path.display()
            )));
        }
    }
    Ok(())
}

fn foreign(path: &Path, owner: u32, this_user: u32) -> Error {
    Error::internal(format!(
        "{} belongs to the user with id {owner}, and this is {this_user}. Run Dassie as that user, \
         or give all of the folder to this one with chown -R.",
        path.display()
    ))
}
