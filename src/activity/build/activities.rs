//! Our activities. Each has a unique, stable id, given by the caller (F-228), and its context.

use serde_json::{Map, Value, json};

use super::actor::{ActorDoc, bare};
use super::note::{NoteDoc, note};
use super::{EmojiDoc, emoji_tag, map, put, time, with_context, without_context};
use crate::activity::read;

/// An activity of three parts, addressed to one actor if `to` is given.
fn simple(kind: &str, id: &str, actor: &str, object: Value, to: Option<&str>) -> Value {
    let mut out = map(json!({"id": id, "type": kind, "actor": actor, "object": object}));
    put(&mut out, "to", to.map(|to| json!([to])));
    with_context(Value::Object(out))
}

/// The Create of a post; its id is the post's with `/activity`, its recipients and its time
/// those of the post (F-217).
pub fn create(doc: &NoteDoc) -> Value {
    with_context(json!({
        "id": format!("{}/activity", doc.id),
        "type": "Create",
        "actor": doc.attributed_to,
        "published": time(doc.published_ms),
        "to": doc.to,
        "cc": doc.cc,
        "object": note(doc),
    }))
}

/// The Update of a post: an edit when `updated_ms` is set, else new tallies or counts (F-166).
pub fn update(activity_id: &str, doc: &NoteDoc, now_ms: i64) -> Value {
    with_context(json!({
        "id": activity_id,
        "type": "Update",
        "actor": doc.attributed_to,
        "published": time(now_ms),
        "to": doc.to,
        "cc": doc.cc,
        "object": note(doc),
    }))
}

/// The Update of a profile, to everybody (F-226).
pub fn update_actor(activity_id: &str, doc: &ActorDoc, now_ms: i64) -> Value {
    with_context(json!({
        "id": activity_id,
        "type": "Update",
        "actor": doc.id,
        "published": time(now_ms),
        "to": [crate::activity::PUBLIC],
        "cc": [doc.followers],
        "object": bare(doc),
    }))
}

/// The Delete of a post, with a Tombstone (F-220).
pub fn delete(
    actor: &str,
    object_id: &str,
    to: &[String],
    cc: &[String],
    activity_id: &str,
) -> Value {
    with_context(json!({
        "id": activity_id,
        "type": "Delete",
        "actor": actor,
        "to": to,
        "cc": cc,
        "object": {"id": object_id, "type": "Tombstone"},
    }))
}

/// The Delete of a local actor, to everybody (F-227).
pub fn delete_actor(actor: &str, activity_id: &str) -> Value {
    simple("Delete", activity_id, actor, json!(actor), Some(crate::activity::PUBLIC))
}

/// A request to follow `object`.
pub fn follow(id: &str, actor: &str, object: &str) -> Value {
    simple("Follow", id, actor, json!(object), Some(object))
}

/// A request to a relay of Mastodon's kind: a Follow of everybody (F-343).
pub fn follow_public(id: &str, actor: &str) -> Value {
    simple("Follow", id, actor, json!(crate::activity::PUBLIC), None)
}

/// The Accept of a Follow (or other request), with the whole of it inside (F-151).
pub fn accept(id: &str, actor: &str, request: &Value) -> Value {
    answer("Accept", id, actor, request)
}

/// The Reject of a Follow or other request, with the whole of it inside.
pub fn reject(id: &str, actor: &str, request: &Value) -> Value {
    answer("Reject", id, actor, request)
}

fn answer(kind: &str, id: &str, actor: &str, request: &Value) -> Value {
    let to = read::id(request, "actor");
    simple(kind, id, actor, without_context(request.clone()), to.as_deref())
}

/// A favourite of `object`, told to its author (F-223).
pub fn like(id: &str, actor: &str, object: &str, author: &str) -> Value {
    simple("Like", id, actor, json!(object), Some(author))
}

/// A reaction: a Like with `content`, as most read it (F-316).
pub fn react(
    id: &str,
    actor: &str,
    object: &str,
    author: &str,
    content: &str,
    emoji: Option<&EmojiDoc>,
) -> Value {
    let mut out = reaction("Like", id, actor, object, author, content, emoji);
    put(&mut out, "_misskey_reaction", Some(json!(content)));
    with_context(Value::Object(out))
}

/// A reaction as Pleroma and its kind know it (F-316).
pub fn emoji_react(
    id: &str,
    actor: &str,
    object: &str,
    author: &str,
    content: &str,
    emoji: Option<&EmojiDoc>,
) -> Value {
    let out = reaction("EmojiReact", id, actor, object, author, content, emoji);
    with_context(Value::Object(out))
}

fn reaction(
    kind: &str,
    id: &str,
    actor: &str,
    object: &str,
    author: &str,
    content: &str,
    emoji: Option<&EmojiDoc>,
) -> Map<String, Value> {
    let mut out = map(json!({
        "id": id,
        "type": kind,
        "actor": actor,
        "object": object,
        "to": [author],
        "content": content,
    }));
    put(&mut out, "tag", emoji.map(|emoji| json!([emoji_tag(emoji)])));
    out
}

/// A boost; `cc` includes the author of the post (F-222).
pub fn announce(
    id: &str,
    actor: &str,
    object: &str,
    published_ms: i64,
    to: &[String],
    cc: &[String],
) -> Value {
    with_context(json!({
        "id": id,
        "type": "Announce",
        "actor": actor,
        "published": time(published_ms),
        "to": to,
        "cc": cc,
        "object": object,
    }))
}

/// The Undo of something, with the given recipients.
pub fn undo(id: &str, actor: &str, object: Value, to: &[String], cc: &[String]) -> Value {
    let mut out = map(json!({
        "id": id,
        "type": "Undo",
        "actor": actor,
        "object": without_context(object),
    }));
    put(&mut out, "to", (!to.is_empty()).then(|| json!(to)));
    put(&mut out, "cc", (!cc.is_empty()).then(|| json!(cc)));
    with_context(Value::Object(out))
}

/// The Undo of one of our own activities: the same actor and recipients, the whole of it inside
/// (F-314).
pub fn undo_of(id: &str, activity: &Value) -> Value {
    let actor = read::id(activity, "actor").unwrap_or_default();
    let (to, cc) = (read::ids(activity, "to"), read::ids(activity, "cc"));
    undo(id, &actor, activity.clone(), &to, &cc)
}

/// A block, told to the blocked.
pub fn block(id: &str, actor: &str, object: &str) -> Value {
    simple("Block", id, actor, json!(object), Some(object))
}

/// A report, by the instance actor: the account first, then its posts (F-224).
pub fn flag(id: &str, actor: &str, account: &str, posts: &[String], text: &str) -> Value {
    let objects: Vec<_> =
        std::iter::once(account).chain(posts.iter().map(String::as_str)).collect();
    with_context(json!({
        "id": id,
        "type": "Flag",
        "actor": actor,
        "to": [account],
        "content": text,
        "object": objects,
    }))
}

/// The Move of an account, told to its followers (F-189).
pub fn move_actor(id: &str, actor: &str, target: &str, followers: &str) -> Value {
    with_context(json!({
        "id": id,
        "type": "Move",
        "actor": actor,
        "object": actor,
        "target": target,
        "to": [followers],
    }))
}

/// A pin: `object` goes into the collection `target` (F-196).
pub fn add(id: &str, actor: &str, object: &str, target: &str, to: &[String]) -> Value {
    pin("Add", id, actor, object, target, to)
}

/// The end of a pin.
pub fn remove(id: &str, actor: &str, object: &str, target: &str, to: &[String]) -> Value {
    pin("Remove", id, actor, object, target, to)
}

fn pin(kind: &str, id: &str, actor: &str, object: &str, target: &str, to: &[String]) -> Value {
    with_context(json!({
        "id": id,
        "type": kind,
        "actor": actor,
        "object": object,
        "target": target,
        "to": to,
    }))
}

/// One vote in a remote poll: a Note with a name and no content, for its author only (F-305).
pub fn vote(vote_id: &str, actor: &str, poll: &str, poll_author: &str, option: &str) -> Value {
    with_context(json!({
        "id": format!("{vote_id}/activity"),
        "type": "Create",
        "actor": actor,
        "to": [poll_author],
        "object": {
            "id": vote_id,
            "type": "Note",
            "attributedTo": actor,
            "to": [poll_author],
            "inReplyTo": poll,
            "name": option,
        },
    }))
}
