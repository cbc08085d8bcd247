//! Text in and out: entities of what people write, our HTML, the HTML of others, search words.
//!
//! Pure code: nothing here reads files, the network or the database.

mod attr;
mod chars;
mod clean;
mod count;
pub mod entity;
pub mod hashtag;
pub mod language;
mod link;
mod markup;
pub mod phrase;
mod plain;
pub mod render;
pub mod sanitize;
pub mod search;
pub mod sheet;

pub use count::count;
