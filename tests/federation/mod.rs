//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod hostile;
mod key_changes;
mod keys;
mod media;
mod profiles;
mod quotes;
mod reactions;
