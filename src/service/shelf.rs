//! Whether the folders hold what the database says: files that no row names, after a crash or when
//! the database was restored from a backup, and rows whose file is lost. One shard of one folder at
//! a time.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::cache::key_of;
use crate::db::{self, Conn, Db, Lane, cache_expiry, cached_file, shelf};
use crate::error::Result;
use crate::media::Media;
use crate::media::storage::{Found, Name};
use crate::model::{CacheKey, Store};

/// All steps: the shards of the cache, then those of the uploads.
pub const STEPS: u32 = 512;
/// A younger file may be on its way to its row.
const LEFT_ALONE: Duration = Duration::from_secs(24 * 3600);
/// Rows that are read at once, and names that are told.
const ROWS: i64 = 500;
const NAMES: usize = 20;

/// What a look at the folders found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    pub files: u64,
    pub bytes: u64,
    /// Files that nothing needs.
    pub orphans: u64,
    pub orphan_bytes: u64,
    /// Cached files that are gone or of another size: they are fetched again.
    pub lost: u64,
    /// Uploads that are gone: nobody can bring them back but a backup.
    pub lost_uploads: u64,
    /// Some of those: what is wrong, and where the file is or should be, below the data folder.
    pub names: Vec<String>,
    /// Files of uploads that lie in the bucket, which is not looked at.
    pub in_bucket: u64,
}

impl Findings {
    /// Adds what another step found.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.orphans += other.orphans;
        self.orphan_bytes += other.orphan_bytes;
        self.lost += other.lost;
        self.lost_uploads += other.lost_uploads;
        self.in_bucket += other.in_bucket;
        self.names.extend(other.names);
        self.names.truncate(NAMES);
    }

    /// A file of the cache or an upload, by its name.
    fn tell(&mut self, what: &str, folder: &str, name: &str) {
        if self.names.len() < NAMES {
            let (first, second) = (name.get(..2).unwrap_or(""), name.get(2..4).unwrap_or(""));
            self.names.push(format!("{what}: {folder}/{first}/{second}/{name}"));
        }
    }

    fn orphan(&mut self, folder: &str, name: &str, file: &Found) {
        self.orphans += 1;
        self.orphan_bytes += file.bytes;
        self.tell("not needed", folder, name);
    }
}

/// Looks at one shard, `step` of [`STEPS`]; with `repair` what nothing needs goes, and rows whose
/// file is lost. Uploads without their file are left as they are: a backup may have it.
pub fn check(db: &Db, media: &Media, step: u32, repair: bool) -> Result<Findings> {
    let first = u8::try_from(step % 256).unwrap_or(0);
    if step < 256 {
        check_cache(db, media, first, repair)
    } else {
        check_uploads(db, media, first, repair)
    }
}

fn is_old(file: &Found) -> bool {
    SystemTime::now().duration_since(file.modified).is_ok_and(|age| age >= LEFT_ALONE)
}

fn count(files: &BTreeMap<String, Found>) -> Findings {
    Findings {
        files: files.len() as u64,
        bytes: files.values().map(|file| file.bytes).sum(),
        ..Findings::default()
    }
}

fn check_cache(db: &Db, media: &Media, first: u8, repair: bool) -> Result<Findings> {
    // the folder first: what comes in meanwhile is found by its row, and looked at once more
    let mut files = media.cache.list_shard(first)?;
    let mut found = count(&files);
    let mut lost = Vec::new();
    let mut after = CacheKey([0; 16]);
    after.0[0] = first;
    loop {
        let rows = db.read(|conn| cache_expiry::list_shard(conn, first, &after, ROWS))?;
        let Some(last) = rows.last() else { break };
        after = last.key;
        for row in rows {
            let bytes = u64::try_from(row.bytes).unwrap_or(0);
            if files.remove(&row.name).is_some_and(|file| file.bytes == bytes) {
                continue;
            }
            let Some(name) = Name::parse(&row.name) else { continue };
            let there = media.cache.open_file(&name)?.is_some_and(|(_, size)| size == bytes);
            if !there && db.read(|conn| cached_file::find(conn, &row.key))?.is_some() {
                found.lost += 1;
                found.tell("lost or damaged", "cache", &row.name);
                lost.push((row.key, row.fetched_at));
            }
        }
    }
    let mut orphans = Vec::new();
    for (name, file) in files.into_iter().filter(|(_, file)| is_old(file)) {
        if db.read(|conn| is_needed(conn, &name))? {
            continue;
        }
        found.orphan("cache", &name, &file);
        orphans.push((name, i64::try_from(file.bytes).unwrap_or(i64::MAX)));
    }
    if repair && !(lost.is_empty() && orphans.is_empty()) {
        db.write(Lane::Background, move |tx| {
            for (key, fetched_at) in lost {
                // unless it was fetched again meanwhile
                let same =
                    cached_file::find(tx, &key)?.is_some_and(|row| row.fetched_at == fetched_at);
                if same {
                    cached_file::delete(tx, &key)?;
                }
            }
            for (name, bytes) in orphans {
                if !is_needed(tx, &name)? {
                    cache_expiry::discard(tx, &name, bytes)?;
                }
            }
            db::upload::sweep_soon(tx)
        })
        .wait()?;
    }
    Ok(found)
}

/// Whether a file of the cache has a row, or is about to have one or to go.
fn is_needed(conn: &Conn, name: &str) -> Result<bool> {
    let row = match key_of(name) {
        Some(key) => cached_file::find(conn, &key)?,
        None => None,
    };
    Ok(row.is_some_and(|row| row.name() == name) || cache_expiry::is_trash(conn, name)?)
}

fn check_uploads(db: &Db, media: &Media, first: u8, repair: bool) -> Result<Findings> {
    let mut files = media.storage.list_shard(first)?;
    let mut found = count(&files);
    let mut after = String::new();
    loop {
        let rows = db.read(|conn| shelf::list_uploads(conn, first, &after, ROWS))?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.key);
        for row in rows {
            if row.store == Store::Bucket {
                found.in_bucket += row.names.len() as u64;
                continue;
            }
            for name in row.names.iter().filter_map(|name| Name::parse(name)) {
                let missing = files.remove(name.as_str()).is_none()
                    && media.storage.open_file(&name)?.is_none();
                if missing && row.ready {
                    found.lost_uploads += 1;
                    let what = format!("lost upload of {}", row.username);
                    found.tell(&what, "media", name.as_str());
                }
            }
        }
    }
    let mut orphans = Vec::new();
    for (name, file) in files.into_iter().filter(|(_, file)| is_old(file)) {
        if db.read(|conn| is_upload(conn, &name))? {
            continue;
        }
        found.orphan("media", &name, &file);
        orphans.push(name);
    }
    if repair && !orphans.is_empty() {
        db.write(Lane::Background, move |tx| {
            for name in orphans {
                if !is_upload(tx, &name)? {
                    db::upload::discard(tx, &name, false, tx.now())?;
                }
            }
            db::upload::sweep_soon(tx)
        })
        .wait()?;
    }
    Ok(found)
}

/// Whether a file may belong to an upload: one with its key is reason enough to leave it alone,
/// unless that lies in the bucket. What is being moved stands among what may go.
fn is_upload(conn: &Conn, name: &str) -> Result<bool> {
    let key = name.split('.').next().unwrap_or_default();
    let on_disk = db::object::find_store(conn, key)? == Some(Store::Disk);
    Ok(on_disk || cache_expiry::is_trash(conn, name)?)
}
