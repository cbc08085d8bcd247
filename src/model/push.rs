//! Web Push subscriptions: where an app wants to be told of notifications, and of which.

use std::collections::BTreeSet;

/// Whose doings a subscription tells of; stored as the client API's word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PushPolicy {
    #[default]
    All,
    /// Those whom the account follows.
    Followed,
    /// Those who follow the account.
    Follower,
    None,
}

impl PushPolicy {
    const ALL: [Self; 4] = [Self::All, Self::Followed, Self::Follower, Self::None];

    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Followed => "followed",
            Self::Follower => "follower",
            Self::None => "none",
        }
    }

    /// Reads the client API's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}

/// A subscription as it is stored; one a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSubscription {
    pub id: i64,
    pub token_id: i64,
    pub account_id: i64,
    pub endpoint: String,
    /// The app's public key, an uncompressed point of P-256.
    pub p256dh: Vec<u8>,
    pub auth: Vec<u8>,
    /// RFC 8291, else the older draft.
    pub standard: bool,
    /// The kinds of notifications that are wanted.
    pub alerts: BTreeSet<String>,
    pub policy: PushPolicy,
}

impl PushSubscription {
    /// Every kind that a client may ask for.
    #[rustfmt::skip] // one a line
    pub const ALERTS: &[&str] = &[
        "mention",
        "status",
        "reblog",
        "follow",
        "follow_request",
        "favourite",
        "poll",
        "update",
        "quote",
        "quoted_update",
        "admin.sign_up",
        "admin.report",
        "pleroma:emoji_reaction",
        "pending.favourite",
        "pending.reply",
        "pending.reblog",
    ];
}
