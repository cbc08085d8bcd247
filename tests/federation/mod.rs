//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod groups;
mod hostile;
mod media;
mod mentions;
mod objects;
mod profiles;
mod quotes;
mod vectors;
