//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod forwarding;
mod hostile;
mod media;
mod profiles;
mod quotes;
mod relays;
mod relays_out;
