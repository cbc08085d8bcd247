//! Backups: one archive with the database as it was at one moment, the settings file and, if
//! wanted, the uploads of the data folder. It is made beside the running server, under a temporary
//! name, and is there whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use crate::clock;
use crate::config::{Config, Size};
use crate::crypto::age::Work;
use crate::db::{self, Conn, Tx, backup as copies};
use crate::error::{Error, Result};
use crate::media::archive::{FORMAT, Manifest, Writer};
use crate::media::storage::{self, Name, Storage};

/// Why the last one failed.
const FAILED: &str = "backup_failed";
/// Held while a backup is made.
const LOCK: &str = ".lock";
/// What is not whole begins with this, and is removed by the next backup.
const PARTIAL: &str = ".partial-";
/// How names of files end that are no archives of ours.
const FOREIGN: [&str; 10] = ["zip", "tar", "gz", "bz2", "xz", "zst", "7z", "rar", "db", "gpg"];
/// The largest settings file that is taken along.
const LARGEST_SETTINGS: u64 = 1 << 20;

/// What is wanted.
pub struct Order<'a> {
    pub config: &'a Config,
    /// A file that is made, or a folder that it is made in.
    pub to: PathBuf,
    pub uploads: bool,
    /// What it is encrypted with, and how hard that is to guess.
    pub passphrase: Option<(&'a str, Work)>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub path: PathBuf,
    pub name: String,
    pub at: i64,
    pub bytes: u64,
    /// How many uploads are in it.
    pub uploads: u64,
}

/// How it stands with backups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the last one was made, and its name.
    pub made_at: Option<i64>,
    pub name: Option<String>,
    /// Why the one after it failed.
    pub failed: Option<String>,
    /// What of the database was found damaged then.
    pub damaged: Option<String>,
}

/// A file that goes unless it is kept.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Makes an archive. Takes long, and packs at low priority: the thread that calls this has that from
/// then on.
/// `step` is told how many bytes are done, and of how many; an error ends the work.
///
/// # Errors
/// A sentence when there is no room, no database, or the archive cannot be written, and
/// [`Error::damaged`] when the database is: nothing is left of it then.
pub fn make(order: &Order<'_>, step: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<Made> {
    let config = order.config;
    let data = &config.storage.data_dir;
    let (folder, named) = target(&order.to)?;
    refuse_served(&folder, config)?;
    refuse_missing(&folder)?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed(&folder))?;
    let _lock = lock(&folder)?;
    clear(&folder);
    let media = data.join("media");
    let uploads = if order.uploads { measure(&media)? } else { Found::default() };
    let database = db_bytes(data);
    check_room(&folder, database, uploads.bytes)?;

    let random = storage::new_key();
    let copy = Partial(folder.join(format!("{PARTIAL}{random}.db")));
    let all = |database: u64| database.saturating_mul(2).saturating_add(uploads.bytes);
    let facts = copies::copy(data, &copy.0, true, &mut |done, of| step(done, all(of)))?;
    // the copy rested by itself, and a passphrase is quick
    step_back();
    // one that cannot be restored must not push out those that can
    copies::check_copy(&copy.0)?;
    let bytes = fs::metadata(&copy.0).map_err(failed(&copy.0))?.len();
    let name = name(&facts.host, order.now, order.passphrase.is_some());
    let path = named.unwrap_or_else(|| folder.join(&name));
    if path.exists() {
        return Err(Error::invalid(format!("{} is there already", path.display())));
    }

    let partial = Partial(folder.join(format!("{PARTIAL}{random}")));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial.0);
    let manifest = Manifest {
        format: FORMAT,
        dassie: env!("CARGO_PKG_VERSION").to_owned(),
        schema: facts.schema,
        host: facts.host,
        account_domain: facts.account_domain,
        made_at: order.now,
        made: clock::wire_time(order.now),
        database: bytes,
        uploads: order.uploads,
    };
    let mut archive = Writer::new(file.map_err(failed(&partial.0))?, order.passphrase, &manifest)?;
    if let Some(text) = settings(config) {
        archive.add_settings(&text)?;
    }
    let mut done = bytes;
    let mut count = |more: u64| {
        done += more;
        step(done, all(bytes))
    };
    let mut from = File::open(&copy.0).map_err(failed(&copy.0))?;
    archive.add_database(bytes, &mut from, &mut count)?;
    // its room may be needed for the rest
    drop((from, copy));
    let mut packed = 0;
    if order.uploads && uploads.files > 0 {
        let store = Storage::open(&media)?;
        for first in 0..=u8::MAX {
            for name in store.list_shard(first)?.keys().filter_map(|name| Name::parse(name)) {
                // what is deleted meanwhile is wanted by nobody
                let Some((mut file, size)) = store.open_file(&name)? else { continue };
                archive.add_upload(&name, size, &mut file, &mut count)?;
                packed += 1;
            }
        }
    }
    archive.finish()?;
    let bytes = fs::metadata(&partial.0).map_err(failed(&partial.0))?.len();
    fs::rename(&partial.0, &path).map_err(failed(&path))?;
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed(&folder))?;
    let name = path.file_name().map_or(name, |name| name.to_string_lossy().into_owned());
    Ok(Made { path, name, at: order.now, bytes, uploads: packed })
}

/// Removes the oldest archives of this host in a folder, so that `keep` stay. To be called after one
/// was made, which is the newest and so never goes.
pub fn expire(folder: &Path, made: &Made, host: &str, keep: usize) -> usize {
    let begin = prefix(host);
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_ours(name, &begin) && *name != made.name)
        .collect();
    names.sort_unstable();
    let gone = names.len().saturating_sub(keep.saturating_sub(1));
    names.iter().take(gone).filter(|name| fs::remove_file(folder.join(name)).is_ok()).count()
}

/// The newest archive that the server made of this host in a folder.
pub fn newest(folder: &Path, host: &str) -> Option<String> {
    let begin = prefix(host);
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_ours(name, &begin))
        .max()
}

/// Notes that a backup was made. Of those in the bucket, what is to be removed so that `keep` stay.
pub fn note(tx: &Tx<'_>, at: i64, name: &str, object: bool, keep: usize) -> Result<Vec<String>> {
    db::meta::set(tx, copies::MADE_AT, &at.to_string())?;
    db::meta::set(tx, copies::MADE, name)?;
    db::meta::set(tx, FAILED, "")?;
    db::meta::set(tx, copies::DAMAGED, "")?;
    if !object {
        return Ok(Vec::new());
    }
    let objects = db::meta::get(tx, copies::OBJECTS)?.unwrap_or_default();
    let mut objects: Vec<String> = objects.lines().map(str::to_owned).collect();
    objects.push(name.to_owned());
    let old = objects.drain(..objects.len().saturating_sub(keep.max(1))).collect();
    db::meta::set(tx, copies::OBJECTS, &objects.join("\n"))?;
    Ok(old)
}

/// Notes that one failed.
pub fn note_failure(tx: &Tx<'_>, why: &str) -> Result<()> {
    db::meta::set(tx, FAILED, &format!("{} {why}", clock::wire_time(tx.now())))
}

/// Notes that the database was found damaged: the administrators are told until a backup succeeds.
pub fn note_damage(tx: &Tx<'_>, fault: &str) -> Result<()> {
    db::meta::set(tx, copies::DAMAGED, fault)
}

/// How it stands.
pub fn standing(conn: &Conn) -> Result<Standing> {
    let get = |key| Ok::<_, Error>(db::meta::get(conn, key)?.filter(|text| !text.is_empty()));
    Ok(Standing {
        made_at: get(copies::MADE_AT)?.and_then(|text| text.parse().ok()),
        name: get(copies::MADE)?,
        failed: get(FAILED)?,
        damaged: get(copies::DAMAGED)?,
    })
}

/// The folder that it is made in, and the name if one was chosen.
fn target(to: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    let is_file = to.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        [".tar.gz", ".tgz", ".age"].iter().any(|end| name.ends_with(end))
    });
    let end = to.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    if !is_file && !to.is_dir() && end.is_some_and(|end| FOREIGN.contains(&end.as_str())) {
        return Err(Error::invalid(format!(
            "{} is no name of a backup: a file's ends in .tar.gz or .age, and a folder's in nothing \
             like it",
            to.display()
        )));
    }
    let folder = match to.parent() {
        Some(above) if is_file && above.as_os_str().is_empty() => PathBuf::from("."),
        Some(above) if is_file => above.to_owned(),
        _ => to.to_owned(),
    };
    Ok((folder, is_file.then(|| to.to_owned())))
}

/// One folder is made where there is none, and not those above it: a disk that is not mounted would
/// have its backups on the one that is to be saved.
fn refuse_missing(folder: &Path) -> Result<()> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    match folder.parent() {
        Some(above) if !folder.exists() && !above.exists() => Err(Error::invalid(format!(
            "there is no {}. If its disk is to be mounted, do that first; else make that folder",
            above.display()
        ))),
        _ => Ok(()),
    }
}

/// Where a path leads: links are followed as far as it is there, and what is not there yet has none.
fn real(path: &Path) -> PathBuf {
    let mut real = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::ParentDir => drop(real.pop()),
            other => real.push(other),
        }
        if let Ok(there) = real.canonicalize() {
            real = there;
        }
    }
    real
}

/// S-125: nothing that holds keys lies where files are shown from.
fn refuse_served(folder: &Path, config: &Config) -> Result<()> {
    let folder = real(folder);
    let served = [config.storage.data_dir.join("media"), config.cache_dir()];
    match served.iter().find(|served| folder.starts_with(real(served))) {
        Some(served) => Err(Error::invalid(format!(
            "{} is below {}, whose files are shown to everybody. Choose another folder",
            folder.display(),
            served.display()
        ))),
        None => Ok(()),
    }
}

/// One backup at a time in a folder.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    let file = file.map_err(failed(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::invalid(format!("another backup is being made in {}", folder.display())))
        }
        Err(TryLockError::Error(e)) => Err(failed(&path)(e)),
    }
}

/// Removes what killed backups left.
fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[derive(Default)]
struct Found {
    files: u64,
    bytes: u64,
}

fn measure(media: &Path) -> Result<Found> {
    let mut found = Found::default();
    if !media.exists() {
        return Ok(found);
    }
    let store = Storage::open(media)?;
    for first in 0..=u8::MAX {
        for file in store.list_shard(first)?.values() {
            found.files += 1;
            found.bytes += file.bytes;
        }
    }
    Ok(found)
}

fn db_bytes(data: &Path) -> u64 {
    ["dassie.db", "dassie.db-wal"]
        .iter()
        .filter_map(|name| fs::metadata(data.join(name)).ok())
        .map(|about| about.len())
        .sum()
}

/// A copy of the database, and it packed or the uploads, whichever comes second: never both copies.
fn check_room(folder: &Path, database: u64, uploads: u64) -> Result<()> {
    let packed = database / 2;
    let need = (database + packed).max(packed + uploads).saturating_add(1 << 20);
    let free = storage::free_bytes(folder)?;
    if free >= need {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "a backup needs up to {} in {}, and {} are free. Choose a folder on another disk, or make \
         room",
        Size(need).rounded(),
        folder.display(),
        Size(free).rounded()
    )))
}

/// The settings, if they can be read and are not something else.
fn settings(config: &Config) -> Option<Vec<u8>> {
    let file = config.file.as_deref()?;
    let about = fs::metadata(file).ok()?;
    if !about.is_file() || about.len() > LARGEST_SETTINGS {
        return None;
    }
    fs::read(file).ok()
}

/// `dassie-social.example-20260102T030405Z.tar.gz`.
fn name(host: &str, now: i64, encrypted: bool) -> String {
    let end = if encrypted { ".tar.gz.age" } else { ".tar.gz" };
    format!("{}{}{end}", prefix(host), stamp(now))
}

fn prefix(host: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    format!("dassie-{}-", host.chars().map(plain).collect::<String>())
}

/// A time as names have it: `20260102T030405Z`.
pub fn stamp(now: i64) -> String {
    clock::wire_time(now).replace(['-', ':'], "")
}

/// Whether the server made this file, with a name that begins so.
fn is_ours(name: &str, begin: &str) -> bool {
    let Some(rest) = name.strip_prefix(begin) else { return false };
    let end = rest.strip_suffix(".age").unwrap_or(rest);
    let time = end.strip_suffix(".tar.gz").unwrap_or_default();
    time.len() == 16 && time.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'T' | b'Z'))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.display().to_string();
    move |e| match e.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::disk_full(),
        _ => Error::internal(format!("{path}: {e}")),
    }
}

/// Others go before this thread from now on.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    // SAFETY: takes plain numbers and touches no memory of ours; on Linux 0 is the calling thread. A
    // refusal leaves things as they are.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_archives_of_this_host_are_ours() {
        let begin = prefix("social.example");
        let own = name("social.example", 1_767_323_045_678, true);
        assert_eq!(own, "dassie-social.example-20260102T030405Z.tar.gz.age");
        assert!(is_ours(&own, &begin) && is_ours(&name("social.example", 0, false), &begin));
        for other in [
            "dassie-other.example-20260102T030405Z.tar.gz",
            "dassie-social.example-20260102T030405Z.tar",
            "dassie-social.example-before the move.tar.gz",
            ".partial-1",
        ] {
            assert!(!is_ours(other, &begin), "{other}");
        }
    }
}
