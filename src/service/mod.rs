//! The use cases: all rules in one place, for the client API, the inbox, the CLI and the workers
//! alike. What reads takes a `Conn`, what changes takes a `Tx`; nothing here waits for a network.

pub mod access;
pub mod account;
pub mod account_note;
pub mod around;
pub mod bookmark;
pub mod card;
pub mod conversation;
pub mod delivery;
pub mod document;
pub mod domain;
pub mod edit;
pub mod endorsement;
pub mod featured_tag;
pub mod filter;
pub mod list;
pub mod media;
pub mod notification;
pub mod notification_policy;
pub mod pin;
pub mod plan;
pub mod poll;
pub mod profile;
pub mod quote;
pub mod quote_consent;
pub mod relationship;
pub mod remote;
pub mod scheduled_status;
pub mod search;
pub mod second_factor;
pub mod status;
pub mod tag;
pub mod thread_mute;
pub mod timeline;
pub mod trend;
pub mod visibility;
