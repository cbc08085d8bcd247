//! RelationshipSeveranceEvent.

use std::collections::HashMap;

use serde::Serialize;

use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model;

/// Follows that a block took away.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Severance {
    #[serde(serialize_with = "super::id")]
    id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The lists stay, whatever becomes of the block.
    purged: bool,
    target_name: String,
    followers_count: i64,
    following_count: i64,
    created_at: String,
}

impl From<model::Severance> for Severance {
    fn from(event: model::Severance) -> Self {
        Self {
            id: event.id,
            kind: event.kind.as_str(),
            purged: false,
            target_name: event.target_name,
            followers_count: event.followers,
            following_count: event.following,
            created_at: api_time(event.created_at),
        }
    }
}

/// The events that some notifications are about, by the notification's id.
pub(super) fn severances_of(
    conn: &Conn,
    page: &[model::Notification],
) -> Result<HashMap<i64, Severance>> {
    let ids: Vec<i64> = page
        .iter()
        .filter(|one| one.kind == model::NotificationKind::SeveredRelationships)
        .map(|one| one.id)
        .collect();
    let found = db::severance::list_of_notifications(conn, &ids)?;
    Ok(found.into_iter().map(|(id, event)| (id, event.into())).collect())
}
