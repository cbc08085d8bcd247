//! What an account is told about.

/// The kinds; stored as their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i64)]
pub enum NotificationKind {
    Mention = 0,
    Follow = 1,
    FollowRequest = 2,
    Favourite = 3,
    Reblog = 4,
    /// Somebody of whom one wants to hear everything wrote something.
    Status = 5,
    /// A status that one boosted was edited.
    Update = 6,
    /// A poll that one made or voted in has ended.
    Poll = 7,
    /// A status of one's own is quoted.
    Quote = 8,
    /// A status that one quoted was edited.
    QuotedUpdate = 9,
    /// Somebody has an account here now, and one is an admin.
    AdminSignUp = 10,
    /// Somebody reported an account, and one is an admin.
    AdminReport = 11,
    /// Somebody reacted to a status of one's own with an emoji.
    Reaction = 12,
    /// A block took follows away.
    SeveredRelationships = 16,
    /// Somebody wants to favourite a status of one's own.
    PendingFavourite = 13,
    /// Somebody wants to answer one.
    PendingReply = 14,
    /// Somebody wants to boost one.
    PendingReblog = 15,
}

impl NotificationKind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Mention,
        Self::Follow,
        Self::FollowRequest,
        Self::Favourite,
        Self::Reblog,
        Self::Status,
        Self::Update,
        Self::Poll,
        Self::Quote,
        Self::QuotedUpdate,
        Self::AdminSignUp,
        Self::AdminReport,
        Self::Reaction,
        Self::SeveredRelationships,
        Self::PendingFavourite,
        Self::PendingReply,
        Self::PendingReblog,
    ];

    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Follow => "follow",
            Self::FollowRequest => "follow_request",
            Self::Favourite => "favourite",
            Self::Reblog => "reblog",
            Self::Status => "status",
            Self::Update => "update",
            Self::Poll => "poll",
            Self::Quote => "quote",
            Self::QuotedUpdate => "quoted_update",
            Self::AdminSignUp => "admin.sign_up",
            Self::AdminReport => "admin.report",
            // Akkoma's word, which those clients know that know reactions
            Self::Reaction => "pleroma:emoji_reaction",
            Self::SeveredRelationships => "severed_relationships",
            Self::PendingFavourite => "pending.favourite",
            Self::PendingReply => "pending.reply",
            Self::PendingReblog => "pending.reblog",
        }
    }

    /// Those of which several are shown as one.
    pub const GROUPED: &[Self] = &[Self::Favourite, Self::Follow, Self::Reblog];

    /// Whether the account's policy may hold it back; the others one asked for.
    pub fn is_filterable(self) -> bool {
        matches!(
            self,
            Self::Mention
                | Self::Follow
                | Self::FollowRequest
                | Self::Favourite
                | Self::Reblog
                | Self::Quote
                | Self::Reaction
        )
    }

    /// Whether Mastodon's clients do not know it: it is told to those alone that name it.
    pub fn is_foreign(self) -> bool {
        matches!(self, Self::PendingFavourite | Self::PendingReply | Self::PendingReblog)
    }

    /// Whether it is shown among the notification requests while it is held back.
    pub fn is_requested(self) -> bool {
        matches!(self, Self::Mention | Self::Quote)
    }

    /// Reads the client API's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// From the stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| *kind as i64 == number)
    }
}

/// A notification as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub id: i64,
    pub account_id: i64,
    pub kind: NotificationKind,
    pub from_account_id: i64,
    pub status_id: Option<i64>,
    pub created_at: i64,
    /// Which others it is one group with.
    pub group_key: Option<String>,
}

impl Notification {
    /// The key of its group, or one of its own.
    pub fn key(&self) -> String {
        match &self.group_key {
            Some(key) => key.clone(),
            None => format!("ungrouped-{}", self.id),
        }
    }
}

/// What becomes of notifications of some sort; stored as its number, the stricter the higher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i64)]
pub enum Choice {
    #[default]
    Accept = 0,
    /// Held back, shown among the requests.
    Filter = 1,
    Drop = 2,
}

impl Choice {
    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Filter => "filter",
            Self::Drop => "drop",
        }
    }

    /// Reads the client API's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Accept, Self::Filter, Self::Drop].into_iter().find(|one| one.as_str() == word)
    }

    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Filter,
            2 => Self::Drop,
            _ => Self::Accept,
        }
    }
}

/// What an account wants to be told by whom; how it is before anything was chosen is as in
/// Mastodon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationPolicy {
    pub for_not_following: Choice,
    pub for_not_followers: Choice,
    pub for_new_accounts: Choice,
    pub for_private_mentions: Choice,
    pub for_limited_accounts: Choice,
}

impl Default for NotificationPolicy {
    fn default() -> Self {
        Self {
            for_not_following: Choice::Accept,
            for_not_followers: Choice::Accept,
            for_new_accounts: Choice::Accept,
            for_private_mentions: Choice::Filter,
            for_limited_accounts: Choice::Filter,
        }
    }
}

/// Somebody whose mentions are held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRequest {
    pub id: i64,
    pub from_account_id: i64,
    pub last_status_id: Option<i64>,
    pub notifications_count: i64,
    pub created_at: i64,
    pub updated_at: i64,
}
