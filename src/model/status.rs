//! A status or a boost of one, with what hangs on it.

use serde::{Deserialize, Serialize};

use super::{ContentType, Held, InteractionPolicy, QuotePolicy, Visibility};

/// A status as it is stored. A boost is one with `reblog_of_id` and nothing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub id: i64,
    pub uri: String,
    pub url: Option<String>,
    pub account_id: i64,
    pub local: bool,
    pub created_at: i64,
    pub edited_at: Option<i64>,
    pub visibility: Visibility,
    pub in_reply_to_id: Option<i64>,
    pub in_reply_to_account_id: Option<i64>,
    /// The parent's URI while it is not here.
    pub in_reply_to_uri: Option<String>,
    pub reply_to_other: bool,
    pub reblog_of_id: Option<i64>,
    pub thread_id: i64,
    pub spoiler_text: String,
    /// HTML.
    pub content: String,
    /// As written; local ones only.
    pub text: Option<String>,
    pub language: Option<String>,
    pub sensitive: bool,
    pub application_id: Option<i64>,
    pub emojis: Vec<Emoji>,
    pub poll: Option<Poll>,
    pub replies_count: i64,
    pub reblogs_count: i64,
    pub favourites_count: i64,
    /// How `text` was written.
    pub content_type: ContentType,
    pub quote_policy: QuotePolicy,
    pub quotes_count: i64,
    /// Who may do what with it; `None`: whoever may read it.
    pub policy: Option<Box<InteractionPolicy>>,
    /// Whether it waits for consent.
    pub held: Held,
    /// Where that consent is found.
    pub approval: Option<String>,
}

impl Status {
    /// Where a browser finds it.
    pub fn page(&self) -> &str {
        self.url.as_deref().unwrap_or(&self.uri)
    }

    /// All that its author wrote: text, warning, choices.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let choices =
            self.poll.iter().flat_map(|poll| &poll.options).map(|(name, _)| name.as_str());
        [self.text.as_deref().unwrap_or(&self.content), &self.spoiler_text]
            .into_iter()
            .chain(choices)
    }
}

/// A custom emoji as it is used in one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emoji {
    pub shortcode: String,
    pub url: String,
    pub static_url: String,
}

/// A poll as its author's server told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    pub multiple: bool,
    /// Milliseconds since 1970; `None`: it does not end.
    pub end: Option<i64>,
    pub voters: Option<i64>,
    pub options: Vec<(String, i64)>,
    /// Tallies are shown only after the end.
    #[serde(default)]
    pub hide_totals: bool,
}

impl Poll {
    /// Whether it takes no more votes.
    pub fn is_over(&self, now: i64) -> bool {
        self.end.is_some_and(|end| end <= now)
    }
}

/// A version of a status.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// When it was written.
    pub created_at: i64,
    pub spoiler_text: String,
    /// HTML.
    pub content: String,
    pub sensitive: bool,
    pub emojis: Vec<Emoji>,
    pub poll: Option<Poll>,
    pub media: Vec<super::Attachment>,
}

/// What kind of thing is attached; stored as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i64)]
pub enum MediaKind {
    Unknown = 0,
    Image = 1,
    Gifv = 2,
    Video = 3,
    Audio = 4,
}

impl MediaKind {
    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Image,
            2 => Self::Gifv,
            3 => Self::Video,
            4 => Self::Audio,
            _ => Self::Unknown,
        }
    }
}

/// An attachment of a remote status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    pub id: i64,
    pub status_id: i64,
    pub kind: MediaKind,
    pub remote_url: String,
    pub preview_remote_url: Option<String>,
    pub media_type: Option<String>,
    pub description: Option<String>,
    pub blurhash: Option<String>,
    pub focus: Option<(f64, f64)>,
    pub width: Option<i64>,
    pub height: Option<i64>,
    /// Seconds.
    pub duration: Option<f64>,
    /// It could not be had lately, and is shown as a link (F-300).
    #[serde(skip)]
    pub unavailable: bool,
}
