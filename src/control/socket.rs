//! Where the socket is, and how it is reached when its path is too long for the system.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The socket's name inside the data folder.
const FILE: &str = "dassie.sock";

/// The longest path of a socket: `sun_path` of the smallest system, without its final zero.
const LONGEST: usize = 103;

/// The socket of a data folder.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Calls `f` with a path of the socket that is short enough: its own, or one through an open
/// descriptor of the folder.
pub(super) fn with_path<T>(
    folder: &Path,
    f: impl FnOnce(PathBuf) -> io::Result<T>,
) -> io::Result<T> {
    let path = path(folder);
    if path.as_os_str().as_bytes().len() <= LONGEST {
        return f(path);
    }
    if !cfg!(target_os = "linux") {
        return Err(io::Error::new(
            io::ErrorKind::InvalidFilename,
            format!(
                "the path is longer than {LONGEST} bytes. Choose a storage.data_dir with a \
                 shorter path"
            ),
        ));
    }
    let folder = File::open(folder)?;
    f(PathBuf::from(format!("/proc/self/fd/{}/{FILE}", folder.as_raw_fd())))
}
