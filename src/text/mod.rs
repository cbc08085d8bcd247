//! Text in and out: entities of what people write, our HTML, the HTML of others, search words.
//!
//! Pure code: nothing here reads files, the network or the database.

mod attr;
mod chars;
mod clean;
mod count;
pub mod emoji;
pub mod entity;
pub mod hashtag;
pub mod language;
mod link;
mod markup;
pub mod phrase;
mod plain;
pub mod policy;
pub mod render;
pub mod sanitize;
pub mod search;

pub use count::count;
