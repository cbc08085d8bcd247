//! Where files are kept: on the local disk, below `media` in the data folder, and those of
//! elsewhere below `cache`. A file is written
//! under a temporary name in the same file system, synced, and then renamed to where it belongs:
//! it is there whole or not at all (S-112). Names are made of 128 random bits by us, and one that
//! comes in an address is taken apart and checked before it becomes a path (S-111).
//!
//! Uploads may lie in a bucket instead (`s3`); what is received and made waits here all the same.

mod answer;
pub mod pipe;
pub mod s3;

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::format::{self, Format};
use crate::crypto;
use crate::error::{Error, Result};
use crate::model::Store;
use s3::Bucket;

/// Characters of a key: 128 bits in hexadecimal.
const KEY: usize = 32;
/// Longest ending of a name.
const ENDING: usize = 24;

/// 128 random bits that the names of one upload's files begin with.
pub fn new_key() -> String {
    crypto::hex(&crypto::random_bytes::<16>())
}

/// The name of a stored file: a key, a dot and an ending such as `jpg` or `small.jpg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// From what we made ourselves, or what comes in an address; `None`: no name of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, ending) = text.split_once('.')?;
        let is_key =
            key.len() == KEY && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z'))
        };
        let fits = is_key && ending.len() <= ENDING && ending.split('.').all(is_part);
        fits.then(|| Self(text.to_owned()))
    }

    /// From an address `/media/ab/cd/name`, whose folders must be those of the name.
    pub fn from_address(first: &str, second: &str, name: &str) -> Option<Self> {
        Self::parse(name).filter(|name| name.shard() == (first, second))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two folders that it lies in.
    fn shard(&self) -> (&str, &str) {
        // a key has 32 characters
        (&self.0[..2], &self.0[2..4])
    }

    /// The media type, from our own table (S-109).
    pub fn media_type(&self) -> Option<&'static str> {
        let ending = self.0.rsplit('.').next()?;
        Format::of_ending(ending).map(Format::media_type)
    }
}

/// A file that lies in its folder.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub bytes: u64,
    pub modified: SystemTime,
}

/// The files of this server.
#[derive(Clone)]
pub struct Storage {
    root: PathBuf,
    /// Where uploads lie as well, if anywhere.
    bucket: Option<Arc<Bucket>>,
    /// Where new ones go.
    home: Store,
}

impl Storage {
    /// Makes the folders (0700) unless they are there.
    pub fn open(root: &Path) -> Result<Self> {
        make_folder(&root.join("tmp"))
            .and_then(|()| root.canonicalize())
            .map(|root| Self { root, bucket: None, home: Store::Disk })
            .map_err(|e| {
                Error::internal(format!(
                    "cannot make the media folder {}: {e}. Set storage.data_dir to a folder that \
                     this user may write.",
                    root.display()
                ))
            })
    }

    /// With a bucket for what lies there; `home` is where new files go.
    #[must_use]
    pub fn with_bucket(self, bucket: Option<Bucket>, home: Store) -> Self {
        Self { bucket: bucket.map(Arc::new), home, ..self }
    }

    /// Where new files go.
    pub fn home(&self) -> Store {
        self.home
    }

    /// The bucket.
    ///
    /// # Errors
    /// 503 when the settings name none.
    pub fn bucket(&self) -> Result<&Bucket> {
        self.bucket.as_deref().ok_or_else(|| Error::Unavailable {
            message: "The store of uploaded files is not configured".into(),
            retry_after: 3600,
        })
    }

    /// Takes a temporary file into one of the stores: it is there whole, or not at all.
    pub fn keep_in(&self, store: Store, from: &Path, name: &Name) -> Result<()> {
        match store {
            Store::Disk => self.keep(from, name),
            Store::Bucket => {
                self.bucket()?.put(from, name)?;
                remove(from)
            }
        }
    }

    /// A file to write an upload into; gone with the value unless [`Incoming::keep`] is called.
    pub fn begin(&self) -> Result<Incoming> {
        let key = new_key();
        let path = self.temporary(&key);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed("cannot begin an upload"))?;
        Ok(Incoming { key, path: Some(path), file, bytes: 0 })
    }

    /// Where the upload with this key waits to be decoded.
    pub fn temporary(&self, key: &str) -> PathBuf {
        self.root.join("tmp").join(key)
    }

    /// Opens a temporary file that is whole, with its size; `None`: it is not there.
    pub fn open_temporary(&self, key: &str) -> Result<Option<(File, u64)>> {
        open(&self.temporary(key))
    }

    /// Writes more into a temporary file.
    ///
    /// # Errors
    /// 422 for a key that is none of ours, or of no such file.
    pub fn append(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let path = self.known_temporary(key)?;
        let open = OpenOptions::new().append(true).custom_flags(libc::O_NOFOLLOW).open(path);
        let mut file = open.map_err(failed("cannot go on with an upload"))?;
        file.write_all(bytes).map_err(failed("cannot write an upload"))
    }

    /// How many bytes a temporary file has.
    ///
    /// # Errors
    /// As [`Storage::append`].
    pub fn temporary_size(&self, key: &str) -> Result<u64> {
        let about = fs::symlink_metadata(self.known_temporary(key)?);
        about.map(|about| about.len()).map_err(failed("cannot look at an upload"))
    }

    fn known_temporary(&self, key: &str) -> Result<PathBuf> {
        let is_key = key.len() == KEY && key.bytes().all(|b| b.is_ascii_hexdigit());
        let path = Some(self.temporary(key)).filter(|path| is_key && path.exists());
        path.ok_or_else(|| Error::invalid("there is no such upload"))
    }

    /// Takes a temporary file into the store.
    pub fn keep(&self, from: &Path, name: &Name) -> Result<()> {
        let to = self.path(name);
        let take = || {
            File::open(from)?.sync_all()?;
            let folder = to.parent().unwrap_or(&self.root);
            make_folder(folder)?;
            fs::rename(from, &to)?;
            // new folders have to be found after a power cut as well
            let mut folders = folder.ancestors().take_while(|one| one.starts_with(&self.root));
            folders.try_for_each(|one| File::open(one)?.sync_all())
        };
        take().map_err(failed("cannot keep a file"))
    }

    /// Opens a stored file with its size; `None`: it is not there.
    pub fn open_file(&self, name: &Name) -> Result<Option<(File, u64)>> {
        open(&self.path(name))
    }

    /// Where a stored file is, for the process that decodes it.
    pub fn locate(&self, name: &Name) -> PathBuf {
        self.path(name)
    }

    /// Removes a stored file; one that is not there is no fault.
    pub fn remove(&self, name: &Name) -> Result<()> {
        remove(&self.path(name))
    }

    /// Removes a temporary file.
    pub fn remove_temporary(&self, key: &str) -> Result<()> {
        remove(&self.temporary(key))
    }

    /// The keys of temporary files that nothing has touched for `age`.
    pub fn list_temporary(&self, age: Duration, limit: usize) -> Result<Vec<String>> {
        let before = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        let entries = fs::read_dir(self.root.join("tmp")).map_err(failed("cannot list files"))?;
        let old = entries.flatten().filter(|entry| {
            entry.metadata().and_then(|about| about.modified()).is_ok_and(|time| time < before)
        });
        Ok(old.filter_map(|entry| entry.file_name().into_string().ok()).take(limit).collect())
    }

    /// Files of ours whose names begin with this byte.
    pub fn list_shard(&self, first: u8) -> Result<BTreeMap<String, Found>> {
        let mut found = BTreeMap::new();
        let folders = match fs::read_dir(self.root.join(format!("{first:02x}"))) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(found),
            folders => folders.map_err(failed("cannot list files"))?,
        };
        for folder in folders.flatten() {
            let Ok(files) = fs::read_dir(folder.path()) else { continue };
            for file in files.flatten() {
                let Ok(name) = file.file_name().into_string() else { continue };
                let Some(name) = Name::parse(&name) else { continue };
                // one that goes at this moment is not there
                let Ok(about) = file.metadata() else { continue };
                let is_ours = about.is_file() && file.path() == self.path(&name);
                if let (true, Ok(modified)) = (is_ours, about.modified()) {
                    found.insert(name.0, Found { bytes: about.len(), modified });
                }
            }
        }
        Ok(found)
    }

    /// Free bytes of the file system, as far as this user may fill them.
    pub fn free_bytes(&self) -> Result<u64> {
        free_bytes(&self.root)
    }

    /// Where a file lies on the disk.
    pub fn path(&self, name: &Name) -> PathBuf {
        let (first, second) = name.shard();
        self.root.join(first).join(second).join(name.as_str())
    }
}

/// An upload that is being received.
pub struct Incoming {
    key: String,
    path: Option<PathBuf>,
    file: File,
    pub bytes: u64,
}

impl Incoming {
    /// Writes some more.
    pub fn write(&mut self, data: &[u8]) -> Result<()> {
        self.file.write_all(data).map_err(failed("cannot write an upload"))?;
        self.bytes += data.len() as u64;
        Ok(())
    }

    /// For reading what was written so far, while more is written.
    pub fn reader(&self) -> Result<File> {
        let path = self.path.as_deref().unwrap_or(Path::new(""));
        File::open(path).map_err(failed("cannot read a file that arrives"))
    }

    /// The first bytes of what was written, by which its kind is known.
    pub fn beginning(&self) -> Result<Vec<u8>> {
        let Some(path) = &self.path else { return Ok(Vec::new()) };
        let mut head = Vec::new();
        let most = format::HEAD as u64;
        File::open(path)
            .and_then(|file| io::Read::read_to_end(&mut io::Read::take(file, most), &mut head))
            .map_err(failed("cannot read an upload"))?;
        Ok(head)
    }

    /// All of it.
    pub fn read(&self) -> Result<Vec<u8>> {
        let Some(path) = &self.path else { return Ok(Vec::new()) };
        fs::read(path).map_err(failed("cannot read an upload"))
    }

    /// It is on the disk and stays there, and so does its name: its key is answered.
    pub fn keep(mut self) -> Result<String> {
        let folder = self.path.as_deref().and_then(Path::parent);
        let sync = || {
            self.file.sync_all()?;
            folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        sync().map_err(failed("cannot write an upload"))?;
        self.path = None;
        Ok(self.key.clone())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// Free bytes of the file system of a folder, as far as this user may fill them.
pub fn free_bytes(folder: &Path) -> Result<u64> {
    let path = CString::new(folder.as_os_str().as_bytes()).map_err(Error::internal)?;
    // SAFETY: all zeros is a statvfs; the path is a C string that outlives the call, and the
    // struct is written by the call alone.
    let (result, about) = unsafe {
        let mut about: libc::statvfs = std::mem::zeroed();
        (libc::statvfs(path.as_ptr(), &raw mut about), about)
    };
    if result != 0 {
        return Err(failed("cannot look at the disk")(io::Error::last_os_error()));
    }
    #[allow(clippy::useless_conversion)] // the width differs between systems
    Ok(u64::from(about.f_bavail).saturating_mul(u64::from(about.f_frsize)))
}

fn open(path: &Path) -> Result<Option<(File, u64)>> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)
        .and_then(|file| Ok((file.metadata()?, file)));
    match opened {
        Ok((about, file)) if about.is_file() => Ok(Some((file, about.len()))),
        Ok(_) => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) if e.raw_os_error() == Some(libc::ELOOP) => Ok(None),
        Err(e) => Err(failed("cannot open a file")(e)),
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("cannot remove a file")(e)),
        _ => Ok(()),
    }
}

/// A full disk is said as such: it may pass, and is nobody's secret.
fn failed(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |e| match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => disk_full(),
        _ => Error::internal(format!("{what}: {e}")),
    }
}

/// There is no room for more.
pub fn disk_full() -> Error {
    Error::disk_full()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_111_only_our_own_names_are_names() {
        let key = "0123456789abcdef0123456789abcdef";
        let at = |name: &str| Name::from_address("01", "23", name).is_some();
        for ending in ["jpg", "small.jpg", "static.png", "t1a2b3c4d.webp"] {
            assert!(at(&format!("{key}.{ending}")), "{ending}");
        }
        for name in [
            "",
            ".",
            "..",
            "a.jpg",
            key,
            "con.jpg",
            "0123456789abcdef0123456789ABCDEF.jpg",
            "0123456789abcdef0123456789abcde/.jpg",
            "é123456789abcdef0123456789abcdef.jpg",
        ] {
            assert!(!at(name), "{name}");
        }
        for ending in ["", ".jpg", "jpg.", "j/g", "..", "../x", "jpg\0", "JPG", &"a".repeat(99)] {
            assert!(!at(&format!("{key}.{ending}")), "{ending}");
        }
        assert!(Name::from_address("02", "23", &format!("{key}.jpg")).is_none());
    }
}
