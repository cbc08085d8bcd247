//! Which cached files were looked at: kept in memory and written down in batches, so that looking
//! at a picture is no write. A crash may forget some of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::HOUR;
use crate::model::{CacheKey, CachedFile};

/// How many are gathered before they are written.
const BATCH: usize = 2_000;

/// Files with the hour at which they were looked at.
#[derive(Default)]
pub struct Viewed {
    noted: Mutex<HashMap<CacheKey, i64>>,
}

impl Viewed {
    /// A file is looked at. Answers what to write down once that is many.
    pub fn note(&self, file: &CachedFile, now: i64) -> Vec<(CacheKey, i64)> {
        let hour = now - now.rem_euclid(HOUR);
        if file.viewed_at >= hour {
            return Vec::new();
        }
        let mut noted = self.lock();
        noted.insert(file.key, hour);
        if noted.len() < BATCH { Vec::new() } else { noted.drain().collect() }
    }

    /// All that is to be written down.
    pub fn take(&self) -> Vec<(CacheKey, i64)> {
        self.lock().drain().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CacheKey, i64>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
