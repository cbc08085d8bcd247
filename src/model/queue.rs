//! Rows of the durable queues.

/// One activity that one inbox shall get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: i64,
    pub activity_id: i64,
    pub inbox: String,
    pub host: String,
    pub due: i64,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub created_at: i64,
}

/// What a job is about; stored as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum JobKind {
    /// An accepted activity: `{"signer", "inbox_owner", "body"}`.
    Inbox = 0,
    /// Fetch a status by its URI, for a thread or a boost: the URI.
    FetchStatus = 1,
    /// Remove an account with all that it wrote, in slices: its id.
    RemoveAccount = 3,
    /// Tell the tallies of a poll of ours: its status's id.
    PollTally = 10,
    /// A poll ends: its status's id.
    PollEnd = 11,
    /// Decode an upload: its id.
    ProcessUpload = 20,
    /// Remove files that nothing needs any more.
    SweepMedia = 21,
    /// The time of a scheduled status has come: its id.
    PublishScheduled = 25,
    /// Find what a status quotes, and whether its author agrees: the quoting status's id.
    VerifyQuote = 26,
    /// Look what is behind a link: the id of its card.
    FetchCard = 30,
    /// Whether a page that a profile names links back: `[account id, address]`.
    CheckLink = 45,
    /// Whether an account that another says it moved to says so too: `[old URI, new URI]`.
    CheckMove = 46,
    /// Read the tags that a remote account features: its id.
    FetchFeaturedTags = 47,
    /// A notification goes to a push service: `[subscription, notification, queued at]`.
    Push = 40,
    /// A hidden domain: what ties the account to it ends, in slices: `[account, domain]`.
    HideDomain = 41,
    /// Lines of an imported file that are about one server: `[import, host]`.
    Import = 42,
    /// What an imported file does not name goes, in slices: `[import, row it is below]`.
    ImportClear = 43,
    /// What a block of a domain does to its accounts, in slices: the domain and the last account.
    DomainLimits = 50,
    /// Remove what a suspended remote account wrote, in slices: its id.
    PurgeAccount = 51,
    /// Whether a remote author agreed to a reply of another: the reply's id.
    VerifyApproval = 63,
}

impl JobKind {
    /// All of them.
    #[rustfmt::skip] // one a line
    pub const ALL: &[Self] = &[
        Self::Inbox,
        Self::FetchStatus,
        Self::RemoveAccount,
        Self::PollTally,
        Self::PollEnd,
        Self::ProcessUpload,
        Self::SweepMedia,
        Self::PublishScheduled,
        Self::VerifyQuote,
        Self::FetchCard,
        Self::CheckLink,
        Self::CheckMove,
        Self::FetchFeaturedTags,
        Self::Push,
        Self::HideDomain,
        Self::Import,
        Self::ImportClear,
        Self::DomainLimits,
        Self::PurgeAccount,
        Self::VerifyApproval,
    ];

    /// From the stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| *kind as i64 == number)
    }
}

/// Something to do, kept until it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: i64,
    pub kind: JobKind,
    pub lane: String,
    pub payload: Vec<u8>,
    pub attempts: i64,
}
