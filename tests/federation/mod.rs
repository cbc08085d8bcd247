//! Servers that speak with each other: two and three instances on loopback, and scripted peers.

mod basics;
mod forwarding;
mod groups;
mod fetching;
mod deliveries;
mod hostile;
mod key_changes;
mod keys;
mod media;
mod mentions;
mod objects;
mod leaving;
mod media;
mod moving;
mod profiles;
mod quotes;
mod reactions;
mod relays;
mod relays_out;
mod vectors;
mod reading;
mod served;
mod static_actors;
mod threads;
mod severed;
