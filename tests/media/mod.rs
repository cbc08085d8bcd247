//! Files: what is uploaded, what of elsewhere is shown and for how long, the folders, a full disk,
//! programs of the host.

mod cache;
mod cache_hostile;
mod cache_lost;
mod cache_small;
mod expiry;
pub mod fake;
pub(crate) mod full;
mod kept;
mod passing;
mod prefetch;
pub mod real_tools;
mod shelves;
mod tools;
