//! Poll.

use std::collections::HashMap;

use serde::Serialize;

use super::Emoji;
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model;
use crate::site::Site;

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
    own_votes: Option<Vec<i64>>,
    options: Vec<Choice>,
    emojis: Vec<Emoji>,
}

#[derive(Clone, Debug, Serialize)]
struct Choice {
    title: String,
    /// `null` while its author hides it.
    votes_count: Option<i64>,
}

/// The poll of a status.
pub(crate) fn poll(conn: &Conn, site: &Site, viewer: i64, status: &model::Status) -> Result<Poll> {
    let votes = if viewer == 0 {
        HashMap::new()
    } else {
        db::poll::list_own_votes(conn, viewer, &[status.id])?
    };
    Poll::new(site, status, viewer, votes.get(&status.id), conn.now()).ok_or(Error::NotFound)
}

impl Poll {
    /// The poll of a status. `viewer` reads it (0: nobody) and chose `votes`.
    pub(crate) fn new(
        site: &Site,
        status: &model::Status,
        viewer: i64,
        votes: Option<&Vec<i64>>,
        now: i64,
    ) -> Option<Self> {
        let poll = status.poll.as_ref()?;
        let person = viewer != 0;
        let expired = poll.is_over(now);
        Some(Self {
            id: status.id,
            expires_at: poll.end.map(api_time),
            expired,
            multiple: poll.multiple,
            votes_count: poll.options.iter().map(|(_, votes)| votes).sum(),
            voters_count: poll.voters,
            voted: person.then(|| votes.is_some() || status.account_id == viewer),
            own_votes: person.then(|| votes.cloned().unwrap_or_default()),
            options: poll
                .options
                .iter()
                .map(|(title, votes)| Choice {
                    title: title.clone(),
                    votes_count: (expired || !poll.hide_totals).then_some(*votes),
                })
                .collect(),
            emojis: super::emojis(site, status.emojis.clone()),
        })
    }
}
