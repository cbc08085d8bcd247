//! Import: how a file that is being taken in stands.

use serde::Serialize;

use crate::clock::api_time;
use crate::model::{self, SheetRow};

/// An import, to its owner.
#[derive(Debug, Serialize)]
pub(crate) struct Import {
    #[serde(serialize_with = "super::id")]
    id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    mode: &'static str,
    /// `in_progress` or `finished`.
    state: &'static str,
    total_items: i64,
    imported_items: i64,
    failed_items: i64,
    created_at: String,
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<Vec<Failure>>,
}

/// A line that came to nothing.
#[derive(Debug, Serialize)]
struct Failure {
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<String>,
    item: String,
    error: String,
}

impl Import {
    /// The shape.
    pub(crate) fn new(stored: &model::Import) -> Self {
        Self {
            id: stored.id,
            kind: stored.sheet.as_str(),
            mode: if stored.overwrite { "overwrite" } else { "merge" },
            state: if stored.finished_at.is_some() { "finished" } else { "in_progress" },
            total_items: stored.total,
            imported_items: stored.done,
            failed_items: stored.failed,
            created_at: api_time(stored.created_at),
            finished_at: stored.finished_at.map(api_time),
            failures: None,
        }
    }

    /// The same with what failed.
    pub(crate) fn with_failures(
        stored: &model::Import,
        rows: Vec<(i64, SheetRow, String)>,
    ) -> Self {
        let failures = rows
            .into_iter()
            .map(|(_, row, error)| Failure { list: row.list, item: row.what, error })
            .collect();
        Self { failures: Some(failures), ..Self::new(stored) }
    }
}
