//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod actors;
mod basics;
mod followers_sync;
mod hostile;
mod leaving;
mod media;
mod moving;
mod profiles;
mod quotes;
