//! The tags that an actor features: the collection, and what is told when it changes (F-028,
//! F-196).

use serde_json::{Value, json};

use super::{HashtagDoc, hashtag_tag, with_context};

/// The `featuredTags` of an actor: a Collection of Hashtags.
pub fn featured_tags(id: &str, tags: &[HashtagDoc]) -> Value {
    with_context(json!({
        "id": id,
        "type": "Collection",
        "totalItems": tags.len(),
        "items": tags.iter().map(hashtag_tag).collect::<Vec<_>>(),
    }))
}

/// `Add` or `Remove` of one, whole, since a Hashtag has no id.
pub fn feature_tag(
    add: bool,
    id: &str,
    actor: &str,
    tag: &HashtagDoc,
    target: &str,
    to: &[String],
) -> Value {
    with_context(json!({
        "id": id,
        "type": if add { "Add" } else { "Remove" },
        "actor": actor,
        "object": hashtag_tag(tag),
        "target": target,
        "to": to,
    }))
}
