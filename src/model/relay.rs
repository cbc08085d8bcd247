//! Relays: servers that pass on the public statuses of many others.

use serde::{Deserialize, Serialize};

/// How a relay is spoken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum RelayStyle {
    /// It is asked by a Follow of Public and passes activities on as they are (F-343).
    Mastodon = 0,
    /// It is asked by a Follow of its actor, follows back, and boosts (F-344).
    LitePub = 1,
}

impl RelayStyle {
    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        if number == 1 { Self::LitePub } else { Self::Mastodon }
    }

    /// As it is typed and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mastodon => "mastodon",
            Self::LitePub => "litepub",
        }
    }

    /// Reads [`RelayStyle::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mastodon, Self::LitePub].into_iter().find(|style| style.as_str() == text)
    }
}

/// What a relay said to being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum RelayState {
    Asked = 0,
    Accepted = 1,
    Rejected = 2,
}

impl RelayState {
    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Accepted,
            2 => Self::Rejected,
            _ => Self::Asked,
        }
    }

    /// As it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// Which statuses are taken by their attachments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayMedia {
    /// With or without.
    #[default]
    Any,
    /// Those with attachments.
    Only,
    /// Those without.
    None,
}

impl RelayMedia {
    /// As it is typed and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Only => "only",
            Self::None => "none",
        }
    }

    /// Reads [`RelayMedia::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Any, Self::Only, Self::None].into_iter().find(|media| media.as_str() == text)
    }
}

/// What is taken from a relay (F-347).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RelayFilter {
    /// How many statuses a minute are fetched for it at the most.
    pub rate: u32,
    /// Primary language tags; `und` stands for what is in none that can be told. Empty: all.
    pub languages: Vec<String>,
    pub media: RelayMedia,
    /// Take those with a warning or sensitive attachments.
    pub sensitive: bool,
    /// Take only what has one of these hashtags, folded. Empty: all.
    pub tags: Vec<String>,
    /// Take answers to statuses that are not here.
    pub replies: bool,
    /// Days after which its statuses go; `None`: as the settings file says.
    pub days: Option<u32>,
}

impl Default for RelayFilter {
    fn default() -> Self {
        Self {
            rate: 120,
            languages: Vec::new(),
            media: RelayMedia::Any,
            sensitive: true,
            tags: Vec::new(),
            replies: false,
            days: None,
        }
    }
}

/// What a relay brought, and what that cost, since it was added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RelayCounts {
    /// Activities that it delivered.
    pub received: u64,
    /// Statuses that were stored, changed or removed because of it.
    pub taken: u64,
    /// Named by it and here already, or named before.
    pub known: u64,
    /// Left out by its filters, by a blocked server, or for what they are.
    pub filtered: u64,
    /// Left out since its budget was spent or too much waited.
    pub over_budget: u64,
    /// Their origin did not show them, or showed something else.
    pub failed: u64,
    /// Requests made because of it.
    pub fetches: u64,
    /// Bytes that it sent, and that those requests brought.
    pub bytes: u64,
    /// Processor time, in microseconds.
    pub cpu_us: u64,
}

impl RelayCounts {
    /// Adds what was counted beside it.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.taken += other.taken;
        self.known += other.known;
        self.filtered += other.filtered;
        self.over_budget += other.over_budget;
        self.failed += other.failed;
        self.fetches += other.fetches;
        self.bytes += other.bytes;
        self.cpu_us += other.cpu_us;
    }
}

/// A relay that the operator subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    pub id: i64,
    pub account_id: i64,
    pub inbox: String,
    pub style: RelayStyle,
    pub state: RelayState,
    /// The id of our Follow.
    pub follow_uri: String,
    pub follows_back: bool,
    /// Own public statuses go to it.
    pub sends: bool,
    pub filter: RelayFilter,
    pub counts: RelayCounts,
    pub created_at: i64,
    pub last_seen_at: Option<i64>,
}
