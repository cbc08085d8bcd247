//! The use cases: all rules in one place, for the client API, the inbox, the CLI and the workers
//! alike. What reads takes a `Conn`, what changes takes a `Tx`; nothing here waits for a network.

pub mod account;
pub mod announcement;
pub mod bookmark;
pub mod conversation;
pub mod delivery;
pub mod document;
pub mod domain;
pub mod edit;
pub mod emoji;
pub mod filter;
pub mod list;
pub mod moderation;
pub mod notification;
pub mod pin;
pub mod poll;
pub mod relationship;
pub mod remote;
pub mod report;
pub mod status;
pub mod tag;
pub mod thread_mute;
pub mod timeline;
pub mod visibility;
