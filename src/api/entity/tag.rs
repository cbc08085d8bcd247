//! Tag.

use std::collections::HashMap;

use serde::Serialize;

use super::tag_url;
use crate::clock::DAY;
use crate::db::tag::Use;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::site::Site;

/// How many days the history has.
pub(crate) const DAYS: i64 = 7;

/// A tag by itself, with what the reader has to do with it. Inside of a status it is shorter.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FullTag {
    /// 0 for one that was never used.
    #[serde(serialize_with = "super::id")]
    id: i64,
    name: String,
    url: String,
    history: Vec<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    following: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    featuring: Option<bool>,
}

/// One day of the history; numbers as texts, as in Mastodon.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Day {
    day: String,
    uses: String,
    accounts: String,
}

/// The last days, today first; `used` answers uses and accounts of a day since 1970.
pub(crate) fn history(today: i64, used: impl Fn(i64) -> (i64, i64)) -> Vec<Day> {
    (0..DAYS)
        .map(|back| {
            let day = today - back;
            let (uses, accounts) = used(day);
            Day {
                day: (day * (DAY / 1000)).to_string(),
                uses: uses.to_string(),
                accounts: accounts.to_string(),
            }
        })
        .collect()
}

/// The shapes of `(id, name)`, in their order.
pub(crate) fn tags(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    tags: &[(i64, String)],
) -> Result<Vec<FullTag>> {
    used_tags(conn, site, viewer, tags, &tag_uses(conn, tags)?)
}

/// How much `(id, name)` were used in the days of the history.
pub(crate) fn tag_uses(conn: &Conn, tags: &[(i64, String)]) -> Result<Vec<Use>> {
    let ids: Vec<i64> = tags.iter().map(|(id, _)| *id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    db::tag::list_uses(conn, &ids, conn.now() / DAY - DAYS + 1)
}

/// The same as [`tags`] where it was counted before how much they were used.
pub(crate) fn used_tags(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    tags: &[(i64, String)],
    uses: &[Use],
) -> Result<Vec<FullTag>> {
    let ids: Vec<i64> = tags.iter().map(|(id, _)| *id).collect();
    let today = conn.now() / DAY;
    let used: HashMap<(i64, i64), &Use> =
        uses.iter().map(|one| ((one.tag, one.day), one)).collect();
    let following = if viewer == 0 || ids.is_empty() {
        Vec::new()
    } else {
        db::tag::list_following(conn, viewer, &ids)?
    };
    let featuring = if viewer == 0 || ids.is_empty() {
        Vec::new()
    } else {
        db::featured_tag::list_featuring(conn, viewer, &ids)?
    };
    let history = |id: i64| {
        history(today, |day| used.get(&(id, day)).map_or((0, 0), |one| (one.uses, one.accounts)))
    };
    Ok(tags
        .iter()
        .map(|(id, name)| FullTag {
            id: *id,
            name: name.clone(),
            url: tag_url(site, name),
            history: history(*id),
            following: (viewer != 0).then(|| following.contains(id)),
            featuring: (viewer != 0).then(|| featuring.contains(id)),
        })
        .collect())
}
