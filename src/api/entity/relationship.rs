//! Relationship: what the reader and an account are to each other.

use serde::Serialize;

use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;

/// All keys are always there: clients fail without any one of them.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Relationship {
    #[serde(serialize_with = "super::id")]
    id: i64,
    following: bool,
    showing_reblogs: bool,
    notifying: bool,
    languages: Option<Vec<String>>,
    followed_by: bool,
    blocking: bool,
    blocked_by: bool,
    muting: bool,
    muting_notifications: bool,
    muting_expires_at: Option<String>,
    requested: bool,
    requested_by: bool,
    domain_blocking: bool,
    endorsed: bool,
    note: String,
}

/// One for each of `ids`, in their order; a fixed number of queries.
pub(crate) fn relationships(conn: &Conn, viewer: i64, ids: &[i64]) -> Result<Vec<Relationship>> {
    let all = db::follow::relations(conn, viewer, ids)?;
    let shape = |id: i64| {
        let follow = all.follows.iter().find(|follow| follow.target_id == id);
        let back = all.followed_by.iter().find(|follow| follow.account_id == id);
        let mute = all.muting.iter().find(|(target, _, _)| *target == id);
        Relationship {
            id,
            following: follow.is_some_and(|follow| follow.accepted),
            showing_reblogs: follow.is_some_and(|follow| follow.reblogs),
            notifying: follow.is_some_and(|follow| follow.notify),
            languages: follow
                .map(|follow| follow.languages.clone())
                .filter(|languages| !languages.is_empty()),
            followed_by: back.is_some_and(|follow| follow.accepted),
            blocking: all.blocking.contains(&id),
            blocked_by: all.blocked_by.contains(&id),
            muting: mute.is_some(),
            muting_notifications: mute.is_some_and(|(_, notifications, _)| *notifications),
            muting_expires_at: mute.and_then(|(_, _, expires_at)| expires_at.map(api_time)),
            requested: follow.is_some_and(|follow| !follow.accepted),
            requested_by: back.is_some_and(|follow| !follow.accepted),
            domain_blocking: all.domain_blocking.contains(&id),
            endorsed: all.endorsed.contains(&id),
            note: all
                .notes
                .iter()
                .find(|(target, _)| *target == id)
                .map(|(_, note)| note.clone())
                .unwrap_or_default(),
        }
    };
    Ok(ids.iter().map(|id| shape(*id)).collect())
}

/// The one with `id`.
pub(crate) fn relationship(conn: &Conn, viewer: i64, id: i64) -> Result<Option<Relationship>> {
    Ok(relationships(conn, viewer, &[id])?.pop())
}
