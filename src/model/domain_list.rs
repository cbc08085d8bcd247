//! Lists of blocked domains that somebody else keeps.

use super::Severity;

/// A list that is read daily.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainList {
    pub id: i64,
    pub url: String,
    /// No block that it causes is more severe.
    pub severity_max: Severity,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub checked_at: Option<i64>,
    /// Why it could not be read last.
    pub error: Option<String>,
    pub created_at: i64,
}
