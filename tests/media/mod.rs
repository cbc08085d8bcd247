//! Files: what is uploaded, what of elsewhere is shown and for how long, the folders, a full disk.

mod cache;
mod cache_hostile;
mod cache_small;
mod expiry;
mod full;
mod prefetch;
mod shelves;
