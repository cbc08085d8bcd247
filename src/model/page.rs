//! Paging by id, as the client API defines it.

/// Which part of a list is wanted. Answers are newest first, whichever way they were cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only ids below this one.
    pub max_id: Option<i64>,
    /// Only ids above this one, the newest of them.
    pub since_id: Option<i64>,
    /// Only ids above this one, the nearest to it.
    pub min_id: Option<i64>,
    pub limit: usize,
}

impl Page {
    /// The newest `limit`.
    pub fn newest(limit: usize) -> Self {
        Self { max_id: None, since_id: None, min_id: None, limit }
    }

    /// Ids must be below this.
    pub fn below(&self) -> i64 {
        self.max_id.unwrap_or(i64::MAX)
    }

    /// Ids must be above this.
    pub fn above(&self) -> i64 {
        self.min_id.max(self.since_id).unwrap_or(-1)
    }

    /// The rows nearest to `min_id` are wanted, so the query runs upwards.
    pub fn ascending(&self) -> bool {
        self.min_id.is_some()
    }

    /// `ASC` or `DESC`, for the query.
    pub fn order(&self) -> &'static str {
        if self.ascending() { "ASC" } else { "DESC" }
    }
}
