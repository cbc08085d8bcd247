//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod deliveries;
mod hostile;
mod media;
mod profiles;
mod quotes;
mod severed;
