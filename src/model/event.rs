//! What the rest of the program is told after a commit.

/// Something that is now true in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// There are new rows in `delivery`.
    DeliveryQueued,
    /// There are new rows in `job`.
    JobQueued,
    /// Tokens of this account ended, or the account itself: caches forget them (S-078).
    TokensEnded { account_id: i64 },
    /// A profile changed.
    AccountChanged { account_id: i64 },
    /// A status or boost is new: written here or sent to us, never one that was fetched.
    StatusArrived { id: i64 },
    /// A status or boost was put into somebody's timeline; `plain`: it is no boost and has no emojis
    /// of its own.
    TimelineGrew { id: i64, author_id: i64, plain: bool },
    /// A status has another text, or others of its details.
    StatusUpdated { id: i64 },
    /// A status or boost is gone.
    StatusDeleted(Box<Gone>),
    /// A local account was told something.
    NotificationCreated { account_id: i64, id: i64 },
    /// An account changed its filters.
    FiltersChanged { account_id: i64 },
    /// A direct conversation has a newer status or was marked, for the account that keeps it.
    ConversationChanged { account_id: i64, id: i64 },
    /// What was held back is among the account's notifications now.
    NotificationsMerged { account_id: i64 },
    /// An announcement is new or has another text.
    AnnouncementPublished { id: i64 },
    /// An announcement has one reaction more or less by this name.
    AnnouncementReacted { id: i64, name: String },
    /// An announcement is gone.
    AnnouncementDeleted { id: i64 },
}

/// A deleted status, as far as somebody may have it on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    pub id: i64,
    pub author_id: i64,
    /// `(timeline, status)`: where it and its boosts stood.
    pub entries: Vec<(i64, i64)>,
    pub place: Place,
}

/// Which shared timelines a status belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// It stands in the public timelines.
    pub public: bool,
    pub local: bool,
    /// It has attachments.
    pub media: bool,
    /// The tags under which everybody finds it.
    pub tags: Vec<String>,
}
