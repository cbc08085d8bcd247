//! Asking servers on the web that know nothing of the fediverse. Blocking, through `client`
//! with its address filter and caps, so it runs on a lane.

pub mod acme;
pub mod blocklist;
pub mod cached_file;
pub mod card;
mod download;
pub mod emojis;
pub mod passing;
pub mod smaller;
pub mod translate;
