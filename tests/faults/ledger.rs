//! What clients were told, and what they asked for without an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// The version of what was deleted.
pub const GONE: u32 = u32::MAX;

/// Versions of one status.
#[derive(Clone, Copy, Debug)]
pub struct Versions {
    /// The newest that was acknowledged.
    pub told: u32,
    /// The newest that was asked for.
    pub asked: u32,
}

/// What was acknowledged; all of it must be there after a crash.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// By id. The text of a status says its version, `… v3`.
    pub statuses: BTreeMap<i64, Versions>,
    pub favourites: BTreeSet<i64>,
    /// Uploads by id; the address and bytes of those that were looked at.
    pub uploads: BTreeMap<String, Option<(String, Vec<u8>)>>,
    /// Notes of others and follows by others that the inbox took, by URI.
    pub notes: Vec<String>,
    pub follows: Vec<String>,
    /// How much was acknowledged.
    pub told: usize,
}

/// One ledger in which several write.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap()
    }

    /// What is in it at this moment.
    pub fn copy(&self) -> Ledger {
        self.lock().clone()
    }

    pub fn told(&self) -> usize {
        self.lock().told
    }

    /// The greatest id that anybody was told so far.
    pub fn newest(&self) -> i64 {
        self.lock().statuses.keys().next_back().copied().unwrap_or(0)
    }

    /// Something was acknowledged.
    pub fn note(&self, what: impl FnOnce(&mut Ledger)) {
        let mut ledger = self.lock();
        ledger.told += 1;
        what(&mut ledger);
    }
}

/// The version that a text says it is of.
pub fn version(text: &str) -> u32 {
    let number = text.rsplit(" v").next().unwrap_or_default();
    number.trim().parse().unwrap_or_else(|_| panic!("no version in {text:?}"))
}
