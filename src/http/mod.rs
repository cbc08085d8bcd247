//! What all HTTP handlers share: answers, bodies, parameters, the client's address.

pub mod body;
pub mod file;
pub mod files;
pub mod handler;
pub mod large;
pub mod params;
pub mod peer;
pub mod respond;

pub use files::Form;
pub use large::{receive, receive_or_read};
pub use params::Params;
pub use respond::{JSON, encode, encoded, json};
