//! All integration tests in one binary: linking is the slow part.
#![allow(clippy::unwrap_used)]

mod support;

mod api;
mod architecture;
mod backups;
mod cli;
mod durability;
mod faults;
mod federation;
mod health;
mod media;
mod oauth;
mod pages;
mod plans;
mod tls;
mod upgrade;
mod visibility;
mod work;
