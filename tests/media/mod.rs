//! Files: what is uploaded, and what of elsewhere is shown.

mod cache;
mod cache_hostile;
mod cache_small;
