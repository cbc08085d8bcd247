//! The documents that we send, as JSON values with sorted keys. The `@context` is added last, by
//! [`with_context`], from the terms that the document really uses (F-005).

mod activities;
mod actor;
mod collections;
mod context;
mod featured;
mod interactions;
mod note;
mod quotes;

pub use activities::{
    accept, add, announce, block, create, delete, delete_actor, emoji_react, flag, follow,
    follow_public, like, move_actor, react, reject, remove, undo, undo_of, update, update_actor,
    vote,
};
pub use actor::{ActorDoc, ImageDoc, actor, instance_actor};
pub use collections::{
    collection, collection_page, inline_collection, ordered_collection, tombstone, unordered_page,
};
pub use context::{with_context, without_context};
pub use featured::{feature_tag, featured_tags};
pub use interactions::{
    PolicyDoc, RuleDoc, answer_interaction, approved, delete_interaction_authorization,
    interaction_authorization, interaction_request,
};
pub use note::{AttachmentDoc, NoteDoc, PollDoc, QuoteDoc, RepliesDoc, note};
pub use quotes::{accept_quote, delete_authorization, quote_authorization, quote_request};

use serde_json::{Map, Value, json};

use super::PUBLIC;
use crate::clock;
use crate::model::Visibility;

/// A custom emoji that is used in a text (F-292).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmojiDoc {
    /// Empty: another server's, whose id is not known.
    pub id: String,
    /// Without colons.
    pub shortcode: String,
    pub url: String,
    pub media_type: String,
    pub updated_ms: i64,
}

/// A hashtag: its page and its name without `#`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashtagDoc {
    pub href: String,
    pub name: String,
}

/// A mention: the actor's id and `user@host`, with the host for local users too (F-284).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MentionDoc {
    pub href: String,
    /// Without the leading `@`.
    pub handle: String,
}

/// Who a post of this visibility is addressed to: `to` and `cc` (F-217). The same lists stand on
/// the activity and on its object. A direct post goes to the mentioned alone.
pub fn addressing(
    visibility: Visibility,
    followers_uri: &str,
    mentions: &[String],
) -> (Vec<String>, Vec<String>) {
    let (public, followers) = (PUBLIC.to_owned(), followers_uri.to_owned());
    let (to, mut cc) = match visibility {
        Visibility::Public => (vec![public], vec![followers]),
        Visibility::Unlisted => (vec![followers], vec![public]),
        Visibility::Private => (vec![followers], Vec::new()),
        Visibility::Direct => (Vec::new(), Vec::new()),
    };
    for id in mentions {
        if !to.contains(id) && !cc.contains(id) {
            cc.push(id.clone());
        }
    }
    if visibility == Visibility::Direct { (cc, to) } else { (to, cc) }
}

/// A date in the wire's form (F-011).
fn time(ms: i64) -> Value {
    Value::String(clock::wire_time(ms))
}

/// An object out of `json!({…})`, open for more members.
fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Adds a member if there is a value: what is not set is absent, not `null` (F-026).
fn put<T: Into<Value>>(map: &mut Map<String, Value>, key: &str, value: Option<T>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}

/// A custom emoji as the document under its id (F-244).
pub fn emoji(emoji: &EmojiDoc) -> Value {
    with_context(emoji_tag(emoji))
}

fn emoji_tag(emoji: &EmojiDoc) -> Value {
    let mut tag = map(json!({
        "type": "Emoji",
        "name": format!(":{}:", emoji.shortcode),
        "updated": time(emoji.updated_ms),
        "icon": {"type": "Image", "mediaType": emoji.media_type, "url": emoji.url},
    }));
    put(&mut tag, "id", Some(emoji.id.as_str()).filter(|id| !id.is_empty()));
    Value::Object(tag)
}

fn hashtag_tag(tag: &HashtagDoc) -> Value {
    json!({"type": "Hashtag", "href": tag.href, "name": format!("#{}", tag.name)})
}

fn mention_tag(mention: &MentionDoc) -> Value {
    json!({"type": "Mention", "href": mention.href, "name": format!("@{}", mention.handle)})
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
