//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod blocks;
mod deliveries;
mod domain_lists;
mod hostile;
mod inbox;
mod media;
mod profiles;
mod quotes;
mod severed;
