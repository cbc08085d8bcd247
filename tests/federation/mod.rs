//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod hostile;
mod leaving;
mod media;
mod moving;
mod profiles;
mod quotes;
