//! Reading an archive from its start to its end, and finding out whether it is whole.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;

use super::write::Step;
use super::{DATABASE, END, End, Entry, FORMAT, MANIFEST, Manifest, SETTINGS};
use crate::crypto::Hasher;
use crate::crypto::age::{Opener, is_age};
use crate::error::{Error, Result};
use crate::media::storage::Name;

/// The largest file that is read into memory: the manifest, the settings, the end.
const LARGEST_TEXT: u64 = 1 << 20;
const BUFFER: usize = 64 * 1024;

/// Whether a passphrase is needed.
///
/// # Errors
/// When it cannot be read.
pub fn is_encrypted(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    open(path)?
        .take(64)
        .read_to_end(&mut head)
        .map_err(|e| Error::invalid(format!("{} cannot be read: {e}", path.display())))?;
    Ok(is_age(&head))
}

fn open(path: &Path) -> Result<File> {
    File::open(path)
        .map_err(|e| Error::invalid(format!("{} cannot be opened: {e}", path.display())))
}

/// Goes through an archive: `each` gets its files in order, the manifest first. `step` is told how
/// many bytes more of the archive were read.
///
/// # Errors
/// What `each` and `step` answer, and a sentence for what is no archive, a newer one, encrypted with
/// another passphrase, damaged, or not whole: so nothing may be used before this answers.
pub fn read(
    path: &Path,
    passphrase: Option<&str>,
    each: &mut dyn FnMut(Entry<'_>) -> Result<()>,
    step: Step<'_>,
) -> Result<()> {
    let why = RefCell::new(None);
    let done = read_all(path, passphrase, each, Counted { file: open(path)?, step, why: &why });
    match why.take() {
        Some(why) => Err(why),
        None => done.map_err(|fault| match fault {
            Fault::Own(error) => error,
            Fault::Broken => {
                // what is encrypted in the format of age is no other program's tar.gz
                let is_ours = is_encrypted(path).unwrap_or(false);
                let what = if is_ours { "or cut off" } else { "or no backup of Dassie" };
                Error::invalid(format!("{}: it is damaged, {what}", path.display()))
            }
            Fault::Archive(sentence) => Error::invalid(format!("{}: {sentence}", path.display())),
        }),
    }
}

/// Why an archive is not taken.
enum Fault {
    /// Its own fault, to be told with its name.
    Archive(String),
    /// It cannot be unpacked.
    Broken,
    /// Another.
    Own(Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Archive("it is cut off".to_owned()),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                Self::Broken
            }
            _ => Self::Archive(format!("it cannot be read: {error}")),
        }
    }
}

fn fault<T>(sentence: impl Into<String>) -> std::result::Result<T, Fault> {
    Err(Fault::Archive(sentence.into()))
}

fn read_all(
    path: &Path,
    passphrase: Option<&str>,
    each: &mut dyn FnMut(Entry<'_>) -> Result<()>,
    file: Counted<'_>,
) -> std::result::Result<(), Fault> {
    let file = BufReader::with_capacity(BUFFER, file);
    let plain: Box<dyn Read + '_> = match (is_encrypted(path).map_err(Fault::Own)?, passphrase) {
        (false, _) => Box::new(file),
        (true, None) => return fault("it is encrypted, and needs its passphrase"),
        (true, Some(passphrase)) => match Opener::new(file, passphrase) {
            Ok(opener) => Box::new(opener),
            Err(error) => return fault(error.to_string()),
        },
    };
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::with_capacity(BUFFER, plain)));
    let (mut files, mut sums, mut end) = (0, Hasher::default(), None);
    // raw: entries that are about others are none of ours, and could be of any length
    for entry in tar.entries()?.raw(true) {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if end.is_some() || entry.header().entry_type() != tar::EntryType::Regular {
            return fault("it has something in it that is not of a backup");
        }
        let mut hash = Hasher::default();
        let mut from = Hashed { from: &mut entry, hash: &mut hash };
        if (files == 0) != (name == MANIFEST) {
            return fault("it is no backup of Dassie");
        }
        let piece = match name.as_str() {
            MANIFEST => Entry::Manifest(manifest(&text(&mut from)?)?),
            SETTINGS => Entry::Settings(text(&mut from)?),
            DATABASE => Entry::Database(&mut from),
            END => {
                end = Some(text(&mut from)?);
                continue;
            }
            other => match upload(other) {
                Some(name) => Entry::Upload(name, &mut from),
                None => return fault("it has something in it that is not of a backup"),
            },
        };
        each(piece).map_err(Fault::Own)?;
        // what nobody wanted counts as well
        io::copy(&mut Hashed { from: &mut entry, hash: &mut hash }, &mut io::sink())?;
        sums.update(format!("{}  {name}\n", hash.finish()).as_bytes());
        files += 1;
    }
    let Some(end) = end else { return fault("it is cut off") };
    let wanted = End { files, sha256: sums.finish() };
    if serde_json::from_slice::<End>(&end).ok() != Some(wanted) {
        return fault("it is damaged: its files are not those that it should have");
    }
    // the checksums of the packing, and the last seal
    let behind = io::copy(&mut tar.into_inner().take(LARGEST_TEXT), &mut io::sink())?;
    if behind == LARGEST_TEXT { fault("it is damaged") } else { Ok(()) }
}

fn manifest(text: &[u8]) -> std::result::Result<Manifest, Fault> {
    // the form comes first: a newer one may say other things
    let form = serde_json::from_slice::<serde_json::Value>(text).ok();
    let form = form.as_ref().and_then(|value| value.get("format")?.as_u64());
    match form {
        Some(form) if form > u64::from(FORMAT) => {
            fault("it was made by a newer Dassie. Install that version, or a newer one")
        }
        _ => serde_json::from_slice(text)
            .or_else(|_| fault("it is damaged: its manifest cannot be read")),
    }
}

fn text(from: &mut dyn Read) -> std::result::Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    from.take(LARGEST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_TEXT { fault("it is damaged") } else { Ok(bytes) }
}

fn upload(path: &str) -> Option<Name> {
    let mut parts = path.strip_prefix("media/")?.splitn(3, '/');
    Name::from_address(parts.next()?, parts.next()?, parts.next()?)
}

/// The file, as it is read.
struct Counted<'a> {
    file: File,
    step: Step<'a>,
    why: &'a RefCell<Option<Error>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        if let Err(why) = (self.step)(count as u64) {
            *self.why.borrow_mut() = Some(why);
            return Err(io::Error::other("stopped"));
        }
        Ok(count)
    }
}

/// A file of the archive, as it is read.
struct Hashed<'a, 'b> {
    from: &'a mut dyn Read,
    hash: &'b mut Hasher,
}

impl Read for Hashed<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(out)?;
        self.hash.update(&out[..count]);
        Ok(count)
    }
}
