//! What the administrator tells everybody here, and the emojis of this server.

/// An announcement as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    pub id: i64,
    /// As it was written.
    pub text: String,
    /// HTML.
    pub content: String,
    /// When it is about something with a beginning and an end.
    pub starts_at: Option<i64>,
    /// Nobody is shown it any more after this.
    pub ends_at: Option<i64>,
    /// Of these times only the days count.
    pub all_day: bool,
    /// Accounts that it names.
    pub mentions: Vec<i64>,
    /// Local statuses that it links to.
    pub statuses: Vec<i64>,
    pub tags: Vec<String>,
    pub created_at: i64,
}

/// An emoji of this server, without its picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomEmoji {
    pub id: i64,
    pub shortcode: String,
    pub category: Option<String>,
    /// What its address is made of.
    pub key: String,
    pub media_type: String,
    /// It has a still version.
    pub moving: bool,
    /// Pickers show it.
    pub visible: bool,
    /// It is not used in new texts.
    pub disabled: bool,
    pub updated_at: i64,
}
