//! Looking for statuses: a query with its operators made into conditions on rows.

use crate::db::search::Statuses;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::Page;
use crate::site::Site;
use crate::text::operators::{Query, Scope};

use super::account;

/// Ids of the statuses that a query finds and `viewer` may read, newest first. `author`: only
/// those of this account. Without any condition there is nothing to look for.
pub fn statuses(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    query: &Query,
    author: Option<i64>,
    page: &Page,
    offset: i64,
) -> Result<Vec<i64>> {
    if query.impossible || (query.words.is_none() && !query.operators) {
        return Ok(Vec::new());
    }
    let accounts = |handles: &[String]| -> Result<Vec<i64>> {
        let mut ids = Vec::new();
        for handle in handles {
            let found = match handle.as_str() {
                "me" => Some(viewer),
                handle => account::find_by_handle(conn, site, handle)?.map(|found| found.id),
            };
            ids.extend(found);
        }
        Ok(ids)
    };
    let mut from = accounts(&query.from)?;
    if from.is_empty() && !query.from.is_empty() {
        // of people whom nobody here knows there is nothing
        return Ok(Vec::new());
    }
    if let Some(author) = author {
        if !from.is_empty() && !from.contains(&author) {
            return Ok(Vec::new());
        }
        from = vec![author];
    }
    let what = Statuses {
        words: query.words.clone(),
        without: query.without.clone(),
        not_from: accounts(&query.not_from)?,
        from,
        languages: query.languages.clone(),
        not_languages: query.not_languages.clone(),
        media: query.media,
        poll: query.poll,
        link: query.link,
        embed: query.embed,
        reply: query.reply,
        sensitive: query.sensitive,
        since: query.since,
        until: query.until,
        library: query.scope == Scope::Library,
        public: query.scope == Scope::Public,
    };
    db::search::find_statuses(conn, viewer, &what, page, offset)
}
