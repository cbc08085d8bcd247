//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod fetching;
mod hostile;
mod media;
mod profiles;
mod quotes;
mod reading;
mod served;
mod static_actors;
mod threads;
