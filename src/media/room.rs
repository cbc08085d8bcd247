//! How much of the disk files of elsewhere may take: never more than the limit of the cache, and
//! never what must stay free. Whoever is about to fetch something reserves its place first; if
//! there is none, what is needed least makes room before a byte is written.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::storage::{self, Storage};
use crate::error::{Error, Result};

/// Above this part of the limit the cache begins to shrink, in thousandths, and to here: so that a
/// full one does not lose a file for every one that comes.
const HIGH: u64 = 980;
const LOW: u64 = 950;
/// How many slices one reservation may have removed.
const SLICES: usize = 50;

/// Who knows what lies in the cache, and can make it less.
pub trait Keeper: Send + Sync {
    /// Bytes that lie there, among them those that are about to be removed.
    fn used(&self) -> Result<u64>;

    /// Removes a slice of what is needed least, `bytes` of it or somewhat more; answers how much
    /// went, 0 when there is nothing left.
    fn evict(&self, bytes: u64) -> Result<u64>;

    /// The cache is nearly full, or the disk is: somebody should look soon.
    fn press(&self);
}

/// The room for files of elsewhere. Cheap to clone; all clones are the same room.
#[derive(Clone)]
pub struct Room(Arc<Inner>);

struct Inner {
    /// The most that the cache takes, and what stays free.
    most: u64,
    floor: u64,
    cache: Storage,
    keeper: OnceLock<Box<dyn Keeper>>,
    /// What is reserved. A number of its own, not behind the lock: a reservation may end on the
    /// thread that somebody who makes room waits for.
    reserved: AtomicU64,
    /// Held while room is made, so that two do not take the same.
    making: Mutex<()>,
    pressed: AtomicBool,
    /// For tests: a disk of this size, with nothing on it but the cache. 0: the real one.
    pretended: AtomicU64,
}

/// A place for a file that is being fetched, until this is dropped: after its row is written.
pub struct Reservation {
    room: Room,
    bytes: u64,
}

impl Room {
    pub(super) fn new(cache: &Storage, most: u64, floor: u64) -> Self {
        Self(Arc::new(Inner {
            most,
            floor,
            cache: cache.clone(),
            keeper: OnceLock::new(),
            reserved: AtomicU64::new(0),
            making: Mutex::new(()),
            pressed: AtomicBool::new(false),
            pretended: AtomicU64::new(0),
        }))
    }

    /// Says who makes room; once, at the start.
    pub fn kept_by(&self, keeper: Box<dyn Keeper>) {
        let _ = self.0.keeper.set(keeper);
    }

    /// The most that the cache takes, in bytes.
    pub fn most(&self) -> u64 {
        self.0.most
    }

    /// A place for `bytes`, if need be after others went. Blocks while they are removed: for the
    /// media lane.
    ///
    /// # Errors
    /// 503 when there is no room even without them: the cache is small for it, or the disk is full.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation> {
        let mut place = Reservation { room: self.clone(), bytes: 0 };
        place.grow(bytes)?;
        Ok(place)
    }

    /// How much must go for `more` bytes beside what is used and reserved.
    fn lacking(&self, used: u64, reserved: u64, more: u64) -> Result<u64> {
        let wanted = used.saturating_add(reserved).saturating_add(more);
        let over = wanted.saturating_sub(self.0.most);
        let floor = self.0.floor.saturating_add(reserved).saturating_add(more);
        Ok(over.max(floor.saturating_sub(self.free()?)))
    }

    /// Bytes that are free on the disk of the cache.
    pub fn free(&self) -> Result<u64> {
        match self.0.pretended.load(Ordering::Relaxed) {
            0 => self.0.cache.free_bytes(),
            size => Ok(size.saturating_sub(self.used()?)),
        }
    }

    /// Bytes that the cache takes.
    pub fn used(&self) -> Result<u64> {
        self.keeper()?.used()
    }

    /// How much the cache should shrink at this moment: what stands above the limits, or once it
    /// was nearly full, above what it should be then. Looks at the disk always, and at the
    /// database only when somebody said that the cache is nearly full.
    pub fn excess(&self) -> Result<u64> {
        let (floor, free) = (self.0.floor, self.free()?);
        // somewhat more than is lacking, so that the next file does not find the same again
        let low = if free < floor { floor.saturating_add(floor / 10) - free } else { 0 };
        if !self.is_pressed() {
            return Ok(low);
        }
        let wanted = self.used()?.saturating_add(self.reserved());
        let over = wanted.saturating_sub(part(self.0.most, LOW));
        if over == 0 {
            self.0.pressed.store(false, Ordering::Relaxed);
        }
        Ok(low.max(over))
    }

    /// Whether less is free than should be.
    pub fn is_low(&self) -> Result<bool> {
        Ok(self.free()? < self.0.floor)
    }

    /// Somebody should look soon whether the cache has to shrink.
    pub fn press(&self) {
        if !self.0.pressed.swap(true, Ordering::Relaxed)
            && let Some(keeper) = self.0.keeper.get()
        {
            keeper.press();
        }
    }

    /// Whether somebody said so.
    pub fn is_pressed(&self) -> bool {
        self.0.pressed.load(Ordering::Relaxed)
    }

    /// Makes as if the disk had this size and nothing on it but the cache; 0: as it is. How tests
    /// see what a full disk does.
    pub fn pretend(&self, size: u64) {
        self.0.pretended.store(size, Ordering::Relaxed);
    }

    fn keeper(&self) -> Result<&dyn Keeper> {
        let keeper =
            self.0.keeper.get().ok_or_else(|| Error::internal("nobody keeps the cache"))?;
        Ok(keeper.as_ref())
    }

    fn reserved(&self) -> u64 {
        self.0.reserved.load(Ordering::SeqCst)
    }
}

impl Reservation {
    /// Room for `more` bytes beside those it has: the file is larger than it seemed.
    ///
    /// # Errors
    /// As [`Room::reserve`]; what it has stays.
    pub fn grow(&mut self, more: u64) -> Result<()> {
        let room = self.room.clone();
        let keeper = room.keeper()?;
        let _alone = room.0.making.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..SLICES {
            // before what is used: a row is written before its reservation ends
            let reserved = room.reserved();
            let used = keeper.used()?;
            let lacking = room.lacking(used, reserved, more)?;
            if lacking == 0 {
                room.0.reserved.fetch_add(more, Ordering::SeqCst);
                self.bytes += more;
                if used.saturating_add(reserved).saturating_add(more) > part(room.0.most, HIGH) {
                    room.press();
                }
                return Ok(());
            }
            // when even all of it would not do, nothing goes for nothing
            if lacking > used || keeper.evict(lacking)? == 0 {
                break;
            }
        }
        room.press();
        if room.is_low()? { Err(storage::disk_full()) } else { Err(no_room()) }
    }

    /// How much it is.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.room.0.reserved.fetch_sub(self.bytes, Ordering::SeqCst);
    }
}

fn part(most: u64, thousandths: u64) -> u64 {
    most / 1000 * thousandths
}

fn no_room() -> Error {
    Error::Unavailable { message: "There is no room for this file".into(), retry_after: 60 }
}
