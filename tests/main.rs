//! All integration tests in one binary: linking is the slow part.

mod support;

mod architecture;
mod durability;
mod federation;
mod hostile;
