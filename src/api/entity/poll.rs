//! Poll.

use serde::Serialize;

use super::Emoji;
use crate::clock::api_time;
use crate::model;

/// A poll as its author's server told it last.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Poll {
    /// A poll has no row of its own: it goes by its status.
    #[serde(serialize_with = "super::id")]
    id: i64,
    expires_at: Option<String>,
    expired: bool,
    multiple: bool,
    votes_count: i64,
    voters_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_votes: Option<[i64; 0]>,
    options: Vec<Choice>,
    emojis: Vec<Emoji>,
}

#[derive(Clone, Debug, Serialize)]
struct Choice {
    title: String,
    votes_count: i64,
}

impl Poll {
    /// The poll of a status; `person` reads it.
    pub(crate) fn new(status: &model::Status, person: bool, now: i64) -> Option<Self> {
        let poll = status.poll.as_ref()?;
        Some(Self {
            id: status.id,
            expires_at: poll.end.map(api_time),
            expired: poll.end.is_some_and(|end| end <= now),
            multiple: poll.multiple,
            votes_count: poll.options.iter().map(|(_, votes)| votes).sum(),
            voters_count: poll.voters,
            voted: person.then_some(false),
            own_votes: person.then_some([]),
            options: poll
                .options
                .iter()
                .map(|(title, votes)| Choice { title: title.clone(), votes_count: *votes })
                .collect(),
            emojis: super::emojis(status.emojis.clone()),
        })
    }
}
