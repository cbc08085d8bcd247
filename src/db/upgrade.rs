//! What an upgrade changes can be taken back: before it the database is copied, and the copy put in
//! its place again if the older program is wanted (S-134).

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::backup::{self, cannot_write, open_there, sync_folder};
use super::{migrate, open};
use crate::error::{Error, Result};

/// The folder of the copies inside the data folder.
const FOLDER: &str = "before-upgrade";
/// There while an upgrade is not finished: its beginning was copied.
const UNFINISHED: &str = "unfinished";
/// A copy in the making.
const PARTIAL: &str = "partial.db";
/// How many copies are kept.
const KEPT: usize = 2;

/// An upgrade that is about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The versions of the schema, before and after.
    pub from: i64,
    pub to: i64,
    /// What a copy takes.
    pub bytes: u64,
}

/// A copy of before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub path: PathBuf,
    /// The version of its schema.
    pub schema: i64,
    /// When it was made, as it stands in its name.
    pub made: String,
}

/// Whether opening the database will change its schema, and nothing was copied yet.
///
/// # Errors
/// When it cannot be read.
pub fn pending(folder: &Path) -> Result<Option<Pending>> {
    let path = folder.join(open::FILE);
    let about = match fs::metadata(&path) {
        Ok(about) if about.len() > 0 => about,
        _ => return Ok(None),
    };
    // another program's is refused by whoever opens it
    let Ok(sql) = open_there(&path) else { return Ok(None) };
    let from: i64 = sql.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let to = migrate::newest();
    if from == 0 || from >= to || is_begun(folder, from) {
        return Ok(None);
    }
    let log = fs::metadata(folder.join(format!("{}-wal", open::FILE))).map_or(0, |log| log.len());
    Ok(Some(Pending { from, to, bytes: about.len() + log }))
}

/// Whether an upgrade was cut off after some of its steps: what was before it is copied already.
fn is_begun(folder: &Path, version: i64) -> bool {
    let unfinished = folder.join(FOLDER).join(UNFINISHED).exists();
    unfinished && list(folder).last().is_some_and(|copy| copy.schema < version)
}

/// Copies the database before an upgrade, at the time `now` as names have it.
///
/// # Errors
/// When it cannot be written; the upgrade should not begin then.
pub fn keep(
    folder: &Path,
    pending: Pending,
    now: &str,
    step: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<()> {
    let copies = folder.join(FOLDER);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&copies)
        .map_err(|e| cannot_write(&copies, &e))?;
    let partial = copies.join(PARTIAL);
    let _ = fs::remove_file(&partial);
    let kept = backup::copy(folder, &partial, false, step).and_then(|_| {
        let name = copies.join(format!("v{}-{now}.db", pending.from));
        fs::rename(&partial, &name).map_err(|e| cannot_write(&name, &e))?;
        fs::write(copies.join(UNFINISHED), b"").map_err(|e| cannot_write(&copies, &e))?;
        sync_folder(&copies)
    });
    if let Err(error) = kept {
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    let list = list(folder);
    for old in list.iter().take(list.len().saturating_sub(KEPT)) {
        let _ = fs::remove_file(&old.path);
    }
    Ok(())
}

/// The upgrade is done.
pub fn finished(folder: &Path) {
    // mostly there was none
    let _ = fs::remove_file(folder.join(FOLDER).join(UNFINISHED));
}

/// The copies, the oldest first.
pub fn list(folder: &Path) -> Vec<Copy> {
    let entries = fs::read_dir(folder.join(FOLDER)).into_iter().flatten().flatten();
    let mut copies: Vec<Copy> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (schema, made) = name.strip_prefix('v')?.strip_suffix(".db")?.split_once('-')?;
            let (schema, made) = (schema.parse().ok()?, made.to_owned());
            Some(Copy { path: entry.path(), schema, made })
        })
        .collect();
    copies.sort_by(|a, b| (&a.made, a.schema).cmp(&(&b.made, b.schema)));
    copies
}

/// Puts a copy in the place of the database, which stays beside it under the name that is answered.
///
/// # Errors
/// When the copy is damaged or nothing can be renamed; the database is as it was then.
pub fn put_back(folder: &Path, copy: &Copy, now: i64, name: &str) -> Result<PathBuf> {
    backup::inspect(&copy.path)?;
    let current = folder.join(open::FILE);
    // what the log holds belongs to the database that goes
    let sql = open_there(&current)?;
    sql.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    sql.close().map_err(|(_, error)| error)?;
    // whoever closes it last removes its log, which would be taken for that of the one that comes back
    if folder.join(format!("{}-wal", open::FILE)).exists() {
        return Err(Error::invalid(format!(
            "another program has {} open. Stop it first",
            current.display()
        )));
    }
    backup::settle(&copy.path, Some(&current), now, false)?;
    let aside = folder.join(FOLDER).join(format!("rolled-back-{name}.db"));
    let rename = |from: &Path, to: &Path| fs::rename(from, to).map_err(|e| cannot_write(to, &e));
    // a link first: at no moment there is no database
    fs::hard_link(&current, &aside)
        .map_err(|e| Error::internal(format!("{} cannot be made: {e}", aside.display())))?;
    rename(&copy.path, &current)?;
    finished(folder);
    sync_folder(folder)?;
    Ok(aside)
}
