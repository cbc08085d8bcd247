//! List.

use serde::Serialize;

use crate::db::list::List as Row;

/// A list of accounts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct List {
    #[serde(serialize_with = "super::id")]
    id: i64,
    title: String,
    replies_policy: &'static str,
    exclusive: bool,
}

impl List {
    pub(crate) fn new(row: &Row) -> Self {
        Self {
            id: row.id,
            title: row.title.clone(),
            replies_policy: row.replies.as_str(),
            exclusive: row.exclusive,
        }
    }
}
