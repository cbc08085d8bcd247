//! Restoring an archive: everything is unpacked beside what is there and looked at, and only then
//! takes its place, by renaming.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::clock;
use crate::config::Size;
use crate::db::backup::{self as copies, Settled};
use crate::error::{Error, Result};
use crate::media::archive::{self, Entry, Manifest};
use crate::media::storage;

use super::backup::stamp;

/// Where things are unpacked, inside the data folder.
const PARTIAL: &str = "restoring.partial";
/// The same when all of it is good and takes its place.
const READY: &str = "restoring";
/// Where one is only tried.
const TRIAL: &str = "restoring.trial";
/// Where one is that was fetched to be restored or tried.
pub const FETCHED: &str = "restoring.fetched";
const DATABASE: &str = "dassie.db";
const MEDIA: &str = "media";
const SETTINGS: &str = "dassie.toml";

/// What is wanted.
pub struct Order<'a> {
    pub archive: &'a Path,
    pub passphrase: Option<&'a str>,
    /// The data folder, whose lock the caller holds.
    pub into: &'a Path,
    /// What is there may be put aside.
    pub force: bool,
    /// The host of the settings, where there are any.
    pub host: Option<&'a str>,
    /// What was waiting to be sent is sent.
    pub keep_waiting: bool,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    pub manifest: Manifest,
    pub settled: Settled,
    pub uploads: u64,
    /// Where the settings file of the archive is now.
    pub settings: Option<PathBuf>,
    /// Where what was there before is now.
    pub aside: Option<PathBuf>,
}

/// Restores. `step` is told how many bytes of the archive were read, and of how many; an error ends
/// the work.
///
/// # Errors
/// A sentence for whatever speaks against it, with everything as it was.
pub fn restore(
    order: &Order<'_>,
    step: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Restored> {
    let into = order.into;
    go_on(into, order.now)?;
    if copies::is_there(into) && !order.force {
        return Err(Error::invalid(format!(
            "{} has a database already. Add --force to put it aside, or choose another folder \
             with --into",
            into.display()
        )));
    }
    let partial = Unpacked(into.join(PARTIAL));
    make_folder(&partial.0)?;
    let (manifest, uploads) = unpack(order, &partial.0, true, step)?;
    let database = partial.0.join(DATABASE);
    look(order, &partial.0, &manifest)?;
    let current = into.join(DATABASE);
    let old = current.exists().then_some(current.as_path());
    copies::came_from(&database, manifest.made_at)?;
    let settled = copies::settle(&database, old, order.now, order.keep_waiting)?;
    // from here on it cannot go back any more, only be finished
    let ready = into.join(READY);
    fs::rename(&partial.0, &ready).map_err(failed(&ready))?;
    let aside = take_place(into, order.now)?;
    let settings = into.join(SETTINGS);
    let settings = settings.exists().then_some(settings);
    Ok(Restored { manifest, settled, uploads, settings, aside })
}

/// Unpacks the archive below `folder` and looks at everything, as a restore would, and throws it
/// away again. Uploads are read and kept nowhere.
///
/// # Errors
/// A sentence for whatever would speak against restoring it.
pub fn try_out(
    archive: &Path,
    passphrase: Option<&str>,
    folder: &Path,
    now: i64,
) -> Result<Manifest> {
    let order = Order {
        archive,
        passphrase,
        into: folder,
        force: false,
        host: None,
        keep_waiting: false,
        now,
    };
    let trial = Unpacked(folder.join(TRIAL));
    // of one that was killed
    let _ = fs::remove_dir_all(&trial.0);
    make_folder(&trial.0)?;
    let (manifest, _) = unpack(&order, &trial.0, false, &mut |_, _| Ok(()))?;
    look(&order, &trial.0, &manifest)?;
    Ok(manifest)
}

/// Looks through the database that was unpacked.
fn look(order: &Order<'_>, unpacked: &Path, manifest: &Manifest) -> Result<()> {
    let facts = copies::inspect(&unpacked.join(DATABASE)).map_err(|e| about(order, &e))?;
    if facts.schema != manifest.schema || facts.host != manifest.host {
        return refuse(order, "its database is not the one that it tells of");
    }
    Ok(())
}

/// Goes with all that is in it.
struct Unpacked(PathBuf);

impl Drop for Unpacked {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Unpacks the archive, and answers when it was found whole.
fn unpack(
    order: &Order<'_>,
    to: &Path,
    with_uploads: bool,
    step: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<(Manifest, u64)> {
    let all = fs::metadata(order.archive).map_or(0, |about| about.len());
    let (mut manifest, mut uploads, mut read) = (None, 0, 0);
    archive::read(
        order.archive,
        order.passphrase,
        &mut |entry| match entry {
            Entry::Manifest(found) => {
                judge(order, &found, to)?;
                manifest = Some(found);
                Ok(())
            }
            Entry::Settings(text) => write(order, &to.join(SETTINGS), &mut text.as_slice()),
            Entry::Database(from) => write(order, &to.join(DATABASE), from),
            Entry::Upload(_, from) if !with_uploads => {
                uploads += 1;
                match std::io::copy(from, &mut std::io::sink()) {
                    Ok(_) => Ok(()),
                    Err(_) => refuse(order, "it is damaged or cut off"),
                }
            }
            Entry::Upload(name, from) => {
                let (first, second) = (&name.as_str()[..2], &name.as_str()[2..4]);
                let folder = to.join(MEDIA).join(first).join(second);
                make_folder(&folder)?;
                uploads += 1;
                write(order, &folder.join(name.as_str()), from)
            }
        },
        &mut |more| {
            read += more;
            step(read, all)
        },
    )?;
    match manifest {
        Some(manifest) if to.join(DATABASE).exists() => Ok((manifest, uploads)),
        _ => refuse(order, "it has no database in it"),
    }
}

/// What speaks against it before anything is unpacked.
fn judge(order: &Order<'_>, manifest: &Manifest, to: &Path) -> Result<()> {
    if manifest.schema > copies::newest_schema() {
        return refuse(
            order,
            format!(
                "it was made by Dassie {}, whose database this program (Dassie {}) does not know. \
                 Install that version or a newer one",
                manifest.dassie,
                env!("CARGO_PKG_VERSION")
            ),
        );
    }
    if let Some(host) = order.host.filter(|host| *host != manifest.host) {
        return refuse(
            order,
            format!("it is of {}, and server.host of the settings is {host}", manifest.host),
        );
    }
    // ids are made of the time: with one of before the backup some would be given out again
    if order.now < manifest.made_at {
        return refuse(
            order,
            format!(
                "it was made at {}, and the clock of this machine says {}. Set the clock first",
                manifest.made,
                clock::wire_time(order.now)
            ),
        );
    }
    let free = storage::free_bytes(to)?;
    if free < manifest.database {
        return refuse(
            order,
            format!(
                "its database takes {}, and {} are free",
                Size(manifest.database).rounded(),
                Size(free).rounded()
            ),
        );
    }
    Ok(())
}

/// What was unpacked takes its place, and what is there is put aside; answers where. Killed at any
/// moment it goes on where it was when it is called again: what is still below [`READY`] is new, and
/// what has the same name outside is old. The database comes last.
fn take_place(into: &Path, now: i64) -> Result<Option<PathBuf>> {
    let ready = into.join(READY);
    let aside = into.join(format!("before-restore-{}", stamp(now)));
    let rename = |from: &Path, to: &Path| fs::rename(from, to).map_err(failed(to));
    for name in [MEDIA, SETTINGS, DATABASE] {
        if !ready.join(name).exists() {
            continue;
        }
        // a log of the old one would be taken for the new one's
        let logs: &[&str] =
            if name == DATABASE { &["dassie.db-wal", "dassie.db-shm"] } else { &[] };
        for old in logs.iter().chain(&[name]).filter(|old| into.join(old).exists()) {
            make_folder(&aside)?;
            rename(&into.join(old), &aside.join(old))?;
        }
        sync(into)?;
        rename(&ready.join(name), &into.join(name))?;
    }
    fs::remove_dir(&ready).map_err(failed(&ready))?;
    sync(into)?;
    Ok(aside.exists().then_some(aside))
}

/// Finishes a restore that was cut off while it took its place, and removes what one that was cut
/// off before left; to be called before a database is opened, by whoever holds the folder's lock.
///
/// # Errors
/// When nothing can be renamed.
pub fn finish(into: &Path, now: i64) -> Result<()> {
    let _ = fs::remove_dir_all(into.join(FETCHED));
    go_on(into, now)
}

fn go_on(into: &Path, now: i64) -> Result<()> {
    // mostly there is none
    let _ = fs::remove_dir_all(into.join(PARTIAL));
    if into.join(READY).exists() {
        take_place(into, now)?;
        tracing::warn!("a restore that was cut off is finished");
    }
    Ok(())
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
}

/// Writes a file of the archive; which of the two failed makes a difference.
fn write(order: &Order<'_>, to: &Path, from: &mut dyn Read) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    // a name that comes twice is there already
    let mut file = file.map_err(failed(to))?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return file.sync_all().map_err(failed(to)),
            Ok(count) => file.write_all(&piece[..count]).map_err(failed(to))?,
            Err(_) => return refuse(order, "it is damaged or cut off"),
        }
    }
}

fn refuse<T>(order: &Order<'_>, sentence: impl std::fmt::Display) -> Result<T> {
    Err(Error::invalid(format!("{}: {sentence}", order.archive.display())))
}

fn about(order: &Order<'_>, error: &Error) -> Error {
    Error::invalid(format!("{}: {error}", order.archive.display()))
}

fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(path))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.display().to_string();
    move |e| match e.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::disk_full(),
        _ => Error::internal(format!("{path}: {e}")),
    }
}
