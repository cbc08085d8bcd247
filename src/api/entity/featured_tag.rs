//! FeaturedTag.

use serde::Serialize;

use crate::clock::date;
use crate::db;
use crate::model;
use crate::site::Site;

/// A tag on a profile.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FeaturedTag {
    #[serde(serialize_with = "super::id")]
    id: i64,
    name: String,
    url: String,
    /// A text, as in Mastodon.
    statuses_count: String,
    last_status_at: Option<String>,
}

/// The shapes of what an account features, in their order. The address is a page with what it
/// wrote with the tag; of a remote account there is only the one of the tag.
pub(crate) fn featured_tags(
    site: &Site,
    account: &model::Account,
    tags: Vec<db::featured_tag::FeaturedTag>,
) -> Vec<FeaturedTag> {
    tags.into_iter()
        .map(|tag| FeaturedTag {
            id: tag.id,
            url: if account.is_local() {
                site.tagged(&account.username, &tag.name)
            } else {
                site.tag(&tag.name)
            },
            name: tag.name,
            statuses_count: tag.statuses_count.to_string(),
            last_status_at: tag.last_status_at.map(date),
        })
        .collect()
}
