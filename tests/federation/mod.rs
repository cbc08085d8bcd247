//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod hostile;
mod media;
mod policies;
mod profiles;
mod quotes;
