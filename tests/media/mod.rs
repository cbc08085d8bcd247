//! Files of media, without a server around them.

pub mod fake;
mod real_tools;
mod tools;
