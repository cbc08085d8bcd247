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
    /// A domain block came or went.
    DomainBlocksChanged,
}
