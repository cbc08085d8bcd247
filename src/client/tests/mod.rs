//! The whole client against small servers on loopback sockets.

mod caps;
mod redirect;
mod rules;
mod server;
