//! Filter, its parts, what it finds, and the older form of it.

use std::collections::HashMap;

use serde::Serialize;

use crate::clock::api_time;
use crate::db::filter::{Action, Filter as Row, Keyword, Named};
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::service::filter::Hit;

/// A filter. Inside of a result it comes without its parts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Filter {
    #[serde(serialize_with = "super::id")]
    id: i64,
    title: String,
    context: Vec<String>,
    expires_at: Option<String>,
    filter_action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    keywords: Option<Vec<FilterKeyword>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statuses: Option<Vec<FilterStatus>>,
}

impl Filter {
    fn new(row: &Row) -> Self {
        Self {
            id: row.id,
            title: row.title.clone(),
            context: row.contexts.clone(),
            expires_at: row.expires_at.map(api_time),
            filter_action: row.action.as_str(),
            keywords: None,
            statuses: None,
        }
    }
}

/// A word of a filter.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FilterKeyword {
    #[serde(serialize_with = "super::id")]
    id: i64,
    keyword: String,
    whole_word: bool,
}

impl FilterKeyword {
    pub(crate) fn new(row: &Keyword) -> Self {
        Self { id: row.id, keyword: row.keyword.clone(), whole_word: row.whole_word }
    }
}

/// A status that a filter names.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FilterStatus {
    #[serde(serialize_with = "super::id")]
    id: i64,
    #[serde(serialize_with = "super::id")]
    status_id: i64,
}

impl FilterStatus {
    pub(crate) fn new(row: &Named) -> Self {
        Self { id: row.id, status_id: row.status_id }
    }
}

/// The shapes of filters with all their parts, in their order.
pub(crate) fn filters(conn: &Conn, rows: &[Row]) -> Result<Vec<Filter>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut keywords: HashMap<i64, Vec<FilterKeyword>> = HashMap::new();
    for one in db::filter::list_keywords(conn, &ids)? {
        keywords.entry(one.filter_id).or_default().push(FilterKeyword::new(&one));
    }
    let mut statuses: HashMap<i64, Vec<FilterStatus>> = HashMap::new();
    for one in db::filter::list_statuses(conn, &ids)? {
        statuses.entry(one.filter_id).or_default().push(FilterStatus::new(&one));
    }
    Ok(rows
        .iter()
        .map(|row| Filter {
            keywords: Some(keywords.remove(&row.id).unwrap_or_default()),
            statuses: Some(statuses.remove(&row.id).unwrap_or_default()),
            ..Filter::new(row)
        })
        .collect())
}

/// The shape of one filter.
pub(crate) fn filter(conn: &Conn, row: &Row) -> Result<Filter> {
    filters(conn, std::slice::from_ref(row))?.pop().ok_or(Error::NotFound)
}

/// What a filter found in a status.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FilterResult {
    filter: Filter,
    keyword_matches: Option<Vec<String>>,
    status_matches: Option<Vec<String>>,
}

impl FilterResult {
    pub(super) fn new(hit: Hit<'_>) -> Self {
        let ids: Vec<String> = hit.statuses.iter().map(i64::to_string).collect();
        Self {
            filter: Filter::new(hit.filter),
            keyword_matches: Some(hit.keywords).filter(|found| !found.is_empty()),
            status_matches: Some(ids).filter(|found| !found.is_empty()),
        }
    }
}

/// The older form: each word is a filter of its own.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct V1Filter {
    #[serde(serialize_with = "super::id")]
    id: i64,
    phrase: String,
    context: Vec<String>,
    whole_word: bool,
    expires_at: Option<String>,
    irreversible: bool,
}

impl V1Filter {
    pub(crate) fn new(filter: &Row, keyword: &Keyword) -> Self {
        Self {
            id: keyword.id,
            phrase: keyword.keyword.clone(),
            context: filter.contexts.clone(),
            whole_word: keyword.whole_word,
            expires_at: filter.expires_at.map(api_time),
            irreversible: filter.action == Action::Hide,
        }
    }
}
