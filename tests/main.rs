//! All integration tests in one binary: linking is the slow part.
#![allow(clippy::unwrap_used)]

mod support;

mod api;
mod architecture;
mod cli;
mod durability;
mod federation;
mod federation_media;
mod federation_profiles;
mod federation_quotes;
mod hostile;
mod oauth;
mod pages;
mod plans;
mod upgrade;
mod visibility;
