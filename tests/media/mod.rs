//! Files: the cache of other servers' files within its limits, the folders, a full disk.

mod expiry;
mod full;
mod prefetch;
mod shelves;
