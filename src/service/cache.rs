//! What goes from the cache of files of elsewhere, and when: least recently viewed first, what
//! somebody here favourited or bookmarked last. Always a little at a time. A row goes before its
//! file, and the file's name stands in `media_trash` in between: a kill at any moment leaves
//! nothing behind.

use std::sync::PoisonError;

use crate::clock::DAY;
use crate::db::cache_expiry::{self, Victim};
use crate::db::{self, Conn, Db, Lane, Tx};
use crate::error::{Error, Result};
use crate::media::Media;
use crate::media::room;
use crate::media::storage::{Name, Storage};
use crate::model::{CacheClass, CacheKey};

/// How many files one slice removes.
pub const SLICE: i64 = 100;
/// What is kept expires after so many times the days of the rest.
pub const KEPT_TIMES: i64 = 4;

/// What went, or would go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    pub files: i64,
    pub bytes: i64,
}

impl Gone {
    fn of(victims: &[Victim]) -> Self {
        let files = i64::try_from(victims.len()).unwrap_or(i64::MAX);
        Self { files, bytes: victims.iter().map(|one| one.bytes).sum() }
    }
}

/// Whether a file that comes in now is to go last: see `cached_file.kept`. Later on triggers see to
/// it.
pub fn is_kept(conn: &Conn, class: CacheClass, owner: i64) -> Result<bool> {
    match class {
        CacheClass::Original | CacheClass::Preview => cache_expiry::is_kept(conn, owner),
        _ => Ok(false),
    }
}

/// What is needed least, up to a slice: until it is `bytes` or somewhat more.
pub fn least_needed(conn: &Conn, bytes: i64) -> Result<Vec<Victim>> {
    let mut found = Vec::new();
    let mut sum = 0;
    for kept in [false, true] {
        let left = SLICE - Gone::of(&found).files;
        for one in cache_expiry::list_old(conn, kept, i64::MAX, left)? {
            if sum >= bytes {
                return Ok(found);
            }
            sum += one.bytes;
            found.push(one);
        }
    }
    Ok(found)
}

/// A slice of what nobody looked at for `days`; kept ones after four times as long.
pub fn too_old(conn: &Conn, days: i64) -> Result<Vec<Victim>> {
    let age = days.saturating_mul(DAY);
    let before = |times: i64| conn.settled().saturating_sub(age.saturating_mul(times));
    let found = cache_expiry::list_old(conn, false, before(1), SLICE)?;
    if !found.is_empty() {
        return Ok(found);
    }
    cache_expiry::list_old(conn, true, before(KEPT_TIMES), SLICE)
}

/// Removes what `pick` finds: the rows, then the files, then the notes that they are to go.
pub fn remove(
    db: &Db,
    cache: &Storage,
    lane: Lane,
    pick: impl FnOnce(&Conn) -> Result<Vec<Victim>> + Send + 'static,
) -> Result<Gone> {
    let victims = db.write(lane, move |tx| {
        let victims = pick(tx)?;
        victims.iter().try_for_each(|one| db::cached_file::delete(tx, &one.key).map(drop))?;
        Ok(victims)
    });
    let victims = victims.wait()?;
    let gone = Gone::of(&victims);
    if victims.is_empty() {
        return Ok(gone);
    }
    for one in &victims {
        if let Some(name) = Name::parse(&one.name) {
            cache.remove(&name)?;
        }
    }
    let cache = cache.clone();
    let settled =
        db.write(lane, move |tx| victims.iter().try_for_each(|one| settle(tx, &cache, &one.name)));
    settled.wait()?;
    Ok(gone)
}

/// A file of the cache was removed. If it was fetched again in the same moment, its row is there
/// and the file is not: then that goes as well, and the next view fetches it.
pub fn settle(tx: &Tx<'_>, cache: &Storage, name: &str) -> Result<()> {
    db::upload::settle(tx, name)?;
    let (Some(key), Some(name)) = (key_of(name), Name::parse(name)) else { return Ok(()) };
    if db::cached_file::find(tx, &key)?.is_some_and(|row| row.name() == name.as_str())
        && cache.open_file(&name)?.is_none()
    {
        db::cached_file::delete(tx, &key)?;
        db::upload::settle(tx, name.as_str())?;
    }
    Ok(())
}

/// Removes a slice of the files that nothing needs any more; true when there may be more.
pub fn sweep(db: &Db, media: &Media) -> Result<bool> {
    let _only = media.trash.write().unwrap_or_else(PoisonError::into_inner);
    let names = sweep_files(db, media)?;
    if names.is_empty() {
        return Ok(false);
    }
    let cache = media.cache.clone();
    db.write(Lane::Background, move |tx| settle_all(tx, &cache, &names)).wait()?;
    Ok(true)
}

/// The files of a slice, whose names stay in the list until [`settle_all`]. Until then the caller
/// holds `media.trash`, so that none of them is put there again in between.
pub fn sweep_files(db: &Db, media: &Media) -> Result<Vec<(String, bool)>> {
    let names = db.read(|conn| db::upload::list_trash(conn, SLICE))?;
    for (name, cached) in &names {
        let store = if *cached { &media.cache } else { &media.storage };
        if let Some(name) = Name::parse(name) {
            store.remove(&name)?;
        }
    }
    Ok(names)
}

/// They are gone.
pub fn settle_all(tx: &Tx<'_>, cache: &Storage, names: &[(String, bool)]) -> Result<()> {
    names.iter().try_for_each(|(name, cached)| {
        if *cached { settle(tx, cache, name) } else { db::upload::settle(tx, name) }
    })
}

/// The key that a name begins with.
pub fn key_of(name: &str) -> Option<CacheKey> {
    let number = u128::from_str_radix(name.get(..32)?, 16).ok()?;
    Some(CacheKey(number.to_be_bytes()))
}

/// Makes the cache smaller by `bytes`, one slice of it. Where the disk is so full that not even
/// that can be written down, files go before their rows: what is lost is fetched again.
pub fn shrink(db: &Db, cache: &Storage, lane: Lane, bytes: u64) -> Result<Gone> {
    let wanted = i64::try_from(bytes).unwrap_or(i64::MAX);
    let gone = remove(db, cache, lane, move |conn| least_needed(conn, wanted));
    if !gone.as_ref().is_err_and(Error::is_disk_full) {
        return gone;
    }
    let victims = db.read(|conn| least_needed(conn, wanted))?;
    for name in victims.iter().filter_map(|one| Name::parse(&one.name)) {
        cache.remove(&name)?;
    }
    remove(db, cache, lane, move |conn| least_needed(conn, wanted))
}

/// Who makes room for new files of elsewhere.
pub struct Keeper {
    db: Db,
    cache: Storage,
    rouse: Box<dyn Fn() + Send + Sync>,
}

impl Keeper {
    /// `rouse` lets the worker look.
    pub fn new(db: Db, cache: Storage, rouse: impl Fn() + Send + Sync + 'static) -> Self {
        Self { db, cache, rouse: Box::new(rouse) }
    }
}

impl room::Keeper for Keeper {
    fn used(&self) -> Result<u64> {
        Ok(u64::try_from(self.db.read(cache_expiry::used)?).unwrap_or(0))
    }

    fn evict(&self, bytes: u64) -> Result<u64> {
        // somebody waits for the file that needs the room
        let gone = shrink(&self.db, &self.cache, Lane::Interactive, bytes)?;
        Ok(u64::try_from(gone.bytes).unwrap_or(0))
    }

    fn press(&self) {
        (self.rouse)();
    }
}
