//! Suggestion.

use serde::Serialize;

use super::Account;
use crate::service::suggestion::Source;

/// An account, and why one might want to follow it.
#[derive(Debug, Serialize)]
pub(crate) struct Suggestion {
    /// The older word: all that is suggested here comes from what one did.
    source: &'static str,
    sources: Vec<&'static str>,
    pub(crate) account: Account,
}

impl Suggestion {
    /// The shape.
    pub(crate) fn new(account: Account, sources: &[Source]) -> Self {
        let sources = sources
            .iter()
            .map(|source| match source {
                Source::FriendsOfFriends => "friends_of_friends",
                Source::Interactions => "most_interactions",
            })
            .collect();
        Self { source: "past_interactions", sources, account }
    }
}
