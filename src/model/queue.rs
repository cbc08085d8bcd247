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

/// How the newest version of a local status fared: so many inboxes in all, so many that took it or
/// never will; the others wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusDelivery {
    pub activity_id: i64,
    pub total: i64,
    pub delivered: i64,
    pub failed: i64,
}

/// A server that never gets a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryFailure {
    pub host: String,
    pub attempts: i64,
    pub error: String,
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
    /// Read a remote account anew from its server: its id.
    RefreshAccount = 75,
    /// Read what a remote account's profile shows, its pins and recent statuses: its id.
    FetchProfile = 76,
    /// Read what answers a remote status, since somebody opened it: `[status, reader]`.
    FetchThread = 77,
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
    /// Look up whom a remote status names: its id.
    FindMentions = 60,
    /// Fetch a status that a relay named: `[relay, URI]`.
    RelayFetch = 80,
    /// See at its origin whether a status or account was changed or deleted: its URI.
    CheckOrigin = 81,
    /// An account moved: what people here have to do with it goes over to the new one, in slices:
    /// `[old account, new account, last person]`.
    MoveFollowers = 70,
    /// A changed profile is told to other servers, once for all changes of a minute: its id.
    TellProfile = 71,
    /// All servers that we know are told of a deletion, in slices: `[account, last server]`.
    TellDeletion = 72,
    /// Compare the followers here of a remote account with what its server says:
    /// `[account, address]`.
    SyncFollowers = 73,
    /// Who is gone with an inbox that answered 410: `[inbox, host, account it is above]`.
    ConfirmGone = 85,
    /// Read a list of blocked domains that somebody else keeps: its id. Always the same row.
    RefreshDomainList = 86,
    /// Remove objects of the bucket that nothing needs any more.
    SweepObjects = 95,
    /// Whether a remote author agreed to a reply of another: the reply's id.
    VerifyApproval = 63,
    /// Make a smaller or still version of a cached image: `[class, owner, its address elsewhere]`.
    MakeSmall = 90,
    /// Bring in the archive that was received for an account: its id.
    BringIn = 110,
    /// Remove again what was brought in: the account's id.
    TakeBack = 111,
    /// Write an account as an archive, for its owner to download: its id.
    CopyAccount = 112,
    /// A letter goes by mail: `[what, whom]`, see `service::letter`.
    Letter = 100,
    /// Make the still versions of emojis that nobody looked at yet, one after the other.
    EmojiStills = 99,
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
        Self::SweepObjects,
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
        Self::FindMentions,
        Self::RelayFetch,
        Self::CheckOrigin,
        Self::MoveFollowers,
        Self::TellProfile,
        Self::TellDeletion,
        Self::SyncFollowers,
        Self::RefreshAccount,
        Self::FetchProfile,
        Self::FetchThread,
        Self::ConfirmGone,
        Self::RefreshDomainList,
        Self::VerifyApproval,
        Self::MakeSmall,
        Self::EmojiStills,
        Self::BringIn,
        Self::TakeBack,
        Self::CopyAccount,
        Self::Letter,
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

/// Something that was given up after several tries (F-145).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadJob {
    pub id: i64,
    /// `None`: of a newer version.
    pub kind: Option<JobKind>,
    /// The server that it was about, usually.
    pub lane: String,
    pub attempts: i64,
    pub reason: String,
    pub created_at: i64,
}
