//! Archives of accounts, as Mastodon writes them (`BackupService`) and others after it: a zip, a
//! tar.gz of old versions, or one that was unpacked. Nothing in it is believed: a file is opened by
//! a name that the archive itself lists, links lead nowhere, and what is large is read piece by
//! piece.

mod items;
mod tar;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub use items::{Item, Items};

use super::pack::walk;
use super::zip::{self, Limits};
use crate::crypto;
use crate::error::{Error, Result};

/// Most files of an archive, and the longest table of a zip: both are held in memory.
#[derive(Clone, Copy, Debug)]
struct Most {
    files: usize,
    table: u64,
}

/// For a command, which is a process of its own.
const LARGE: Most = Most { files: 500_000, table: 128 << 20 };
/// For the server, which shall stay small.
const SMALL: Most = Most { files: 50_000, table: 8 << 20 };
/// How deep its folders lie in one another: `media_attachments/files/1/2/3/4/5/6/original`.
const DEEPEST: usize = 14;
/// The largest file that is read as a whole.
pub const LARGEST_INDEX: u64 = 1024 * 1024;

/// An opened archive.
#[derive(Debug)]
pub struct Archive {
    source: Source,
    /// Its files by their names below the folder of the outbox.
    files: HashMap<String, Place>,
    outbox: String,
}

#[derive(Debug)]
enum Source {
    Folder(PathBuf),
    Zip(Box<zip::Archive>),
    Tar(tar::Unpacked),
}

/// Where a file is: what stands in the way of a name depends on the source.
#[derive(Clone, Debug)]
enum Place {
    File(String),
    Entry(usize),
    Span(u64, u64),
}

fn refuse<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Error::invalid(sentence.into()))
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Error {
    move |e| Error::invalid(format!("{} cannot be read: {e}", path.display()))
}

impl Archive {
    /// Opens an archive and lists its files.
    ///
    /// # Errors
    /// A sentence for the operator: what is none, damaged, or too large.
    pub fn open(path: &Path) -> Result<Self> {
        let about = fs::metadata(path).map_err(unreadable(path))?;
        let (source, names) = if about.is_dir() {
            let mut names = Vec::new();
            walk(path, "", DEEPEST, LARGE.files, &mut names)?;
            let names = names.into_iter().map(|name| (name.clone(), Place::File(name)));
            (Source::Folder(path.to_owned()), names.collect::<Vec<_>>())
        } else {
            Self::open_file(path, LARGE)?
        };
        Self::of(path, source, names)
    }

    /// Opens one that somebody sent: less of it is held in memory.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn open_received(path: &Path) -> Result<Self> {
        let (source, names) = Self::open_file(path, SMALL)?;
        Self::of(path, source, names)
    }

    /// Whether it seems to be one: of a zip the table is read, of all else the first bytes.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn check_received(path: &Path) -> Result<()> {
        match beginning(path)? {
            (4, [0x1f, 0x8b, ..]) => Ok(()),
            _ => Self::open_received(path).map(drop),
        }
    }

    fn of(path: &Path, source: Source, names: Vec<(String, Place)>) -> Result<Self> {
        // the one that is least deep: anything else of this name is an attachment
        let outboxes = names.iter().map(|(name, _)| name).filter(|name| is_outbox(name));
        let Some(outbox) = outboxes.min_by_key(|name| (name.matches('/').count(), name.len()))
        else {
            return refuse(format!(
                "{} is no archive of an account: it has no outbox.json",
                path.display()
            ));
        };
        let base = outbox.rfind('/').map_or(0, |at| at + 1);
        let (folder, outbox) = outbox.split_at(base);
        let (folder, outbox) = (folder.to_owned(), outbox.to_owned());
        let files = names
            .into_iter()
            .filter_map(|(name, place)| Some((name.strip_prefix(&folder)?.to_owned(), place)));
        Ok(Self { source, files: files.collect(), outbox })
    }

    fn open_file(path: &Path, most: Most) -> Result<(Source, Vec<(String, Place)>)> {
        match beginning(path)? {
            (4, [b'P', b'K', 3 | 5, 4 | 6]) => {
                // files are read one at a time, each within a limit of its own
                let Most { files, table } = most;
                let archive = zip::Archive::open(path, Limits { files, table, bytes: u64::MAX })?;
                let names = archive.entries().iter().enumerate();
                let names = names.map(|(at, entry)| (plain(&entry.name), Place::Entry(at)));
                let names = names.collect();
                Ok((Source::Zip(Box::new(archive)), names))
            }
            (4, [0x1f, 0x8b, ..]) => {
                let (unpacked, spans) = tar::unpack(path, most.files)?;
                let names = spans.into_iter().map(|(name, (at, size))| {
                    let place = Place::Span(at, size);
                    (plain(&name), place)
                });
                Ok((Source::Tar(unpacked), names.collect()))
            }
            (1.., [b'{' | b'[' | b' ' | b'\n' | 0xef, ..]) => {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                // the file alone, whatever lies beside it
                let named = vec![("outbox.json".to_owned(), Place::File(name.to_owned()))];
                Ok((Source::Folder(folder), named))
            }
            _ => refuse(format!("{} is no zip, no tar.gz and no folder", path.display())),
        }
    }

    /// The file of the posts.
    pub fn outbox(&self) -> &str {
        &self.outbox
    }

    /// The name of the file that an attachment's path means, if the archive has it. Paths of the
    /// storage may stand in front of those of the archive.
    pub fn find(&self, path: &str) -> Option<&str> {
        let mut rest = path.trim_start_matches('/');
        loop {
            if let Some((name, _)) = self.files.get_key_value(rest) {
                return Some(name);
            }
            // a name without a folder could be any file
            rest = rest.split_once('/').map(|(_, rest)| rest).filter(|rest| rest.contains('/'))?;
        }
    }

    /// A small file as a whole; `None`: it is not there.
    ///
    /// # Errors
    /// When it is too large or damaged.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some((size, file)) = self.stream(name)? else { return Ok(None) };
        if size > LARGEST_INDEX {
            return refuse(format!("{name} is larger than {} MiB", LARGEST_INDEX >> 20));
        }
        let mut bytes = Vec::new();
        file.take(LARGEST_INDEX)
            .read_to_end(&mut bytes)
            .map_err(|e| Error::invalid(format!("{name} cannot be read: {e}")))?;
        Ok(Some(bytes))
    }

    /// A file with its size, to be read piece by piece; `None`: it is not there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn stream(&self, name: &str) -> Result<Option<(u64, Box<dyn Read>)>> {
        let Some(place) = self.files.get(name).cloned() else { return Ok(None) };
        match (&self.source, place) {
            (Source::Folder(folder), Place::File(name)) => {
                let path = folder.join(name);
                let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK;
                let open = OpenOptions::new().read(true).custom_flags(flags).open(&path);
                let file = open.map_err(unreadable(&path))?;
                let about = file.metadata().map_err(unreadable(&path))?;
                Ok(about.is_file().then(|| (about.len(), Box::new(file) as Box<dyn Read>)))
            }
            (Source::Zip(archive), Place::Entry(at)) => {
                let size = archive.entries().get(at).map_or(0, |entry| entry.size);
                Ok(archive.reader(at)?.map(|file| (size, file)))
            }
            (Source::Tar(unpacked), Place::Span(at, size)) => {
                Ok(Some((size, Box::new(unpacked.part(at, size)))))
            }
            _ => Ok(None),
        }
    }

    /// The entries of a collection in one of its files, one after the other; `None`: there is no
    /// such file.
    ///
    /// # Errors
    /// When it cannot be opened, or is no collection.
    pub fn items(&self, name: &str) -> Result<Option<Items<Box<dyn Read>>>> {
        match self.stream(name)? {
            Some((_, file)) => Items::open(file).map(Some),
            None => Ok(None),
        }
    }
}

/// The first bytes of a file, and how many there are.
fn beginning(path: &Path) -> Result<(usize, [u8; 4])> {
    let mut head = [0; 4];
    let open = File::open(path);
    let count = open.and_then(|mut file| file.read(&mut head)).map_err(unreadable(path))?;
    Ok((count, head))
}

fn is_outbox(name: &str) -> bool {
    name == "outbox.json" || name.ends_with("/outbox.json")
}

/// A name as attachments write it.
fn plain(name: &str) -> String {
    name.trim_start_matches("./").trim_start_matches('/').to_owned()
}

/// A file without a name, in this folder or where temporary files are: gone with the process,
/// however that ends.
pub(super) fn nameless(folder: &Path) -> Result<File> {
    let name = format!(".dassie-{}", crypto::code128());
    let make = |folder: &Path| {
        let path = folder.join(&name);
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path).map(|()| file)
    };
    make(folder)
        .or_else(|_| make(&std::env::temp_dir()))
        .map_err(|e| Error::invalid(format!("{} cannot be written: {e}", folder.display())))
}

#[cfg(test)]
mod tests;
