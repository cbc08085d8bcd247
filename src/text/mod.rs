//! Text in and out: entities of what people write, our HTML, the HTML of others, search words.
//!
//! Pure code: nothing here reads files, the network or the database.

mod attr;
pub mod blocklist;
mod chars;
pub mod charset;
mod clean;
mod count;
pub mod emoji;
pub mod entity;
pub mod hashtag;
pub mod language;
pub mod language_names;
mod link;
pub mod markdown;
mod markup;
pub mod operators;
pub mod phrase;
mod plain;
pub mod policy;
pub mod preview;
pub mod qr;
pub mod reason;
pub mod rel_me;
pub mod render;
pub mod sanitize;
pub mod search;
pub mod sheet;
pub mod words;

pub use count::count;
