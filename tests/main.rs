//! All integration tests in one binary: linking is the slow part.
#![allow(clippy::unwrap_used)]

mod support;

mod architecture;
mod durability;
mod federation;
mod hostile;
