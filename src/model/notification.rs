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
    /// A status that one boosted was edited.
    Update = 6,
    /// A poll that one made or voted in has ended.
    Poll = 7,
    /// Somebody reported an account, and one is an admin.
    AdminReport = 11,
}

impl NotificationKind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Mention,
        Self::Follow,
        Self::FollowRequest,
        Self::Favourite,
        Self::Reblog,
        Self::Update,
        Self::Poll,
        Self::AdminReport,
    ];

    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Follow => "follow",
            Self::FollowRequest => "follow_request",
            Self::Favourite => "favourite",
            Self::Reblog => "reblog",
            Self::Update => "update",
            Self::Poll => "poll",
            Self::AdminReport => "admin.report",
        }
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
}
