//! Our posts (F-281 to F-303).

use serde_json::{Map, Value, json};

use super::{
    EmojiDoc, HashtagDoc, MentionDoc, emoji_tag, hashtag_tag, map, mention_tag, put, time,
};
use crate::activity::AS2;
use crate::model::InteractionKind;

/// A medium of a post (F-293).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttachmentDoc {
    pub url: String,
    pub media_type: String,
    pub alt: Option<String>,
    pub blurhash: Option<String>,
    /// Both −1…1.
    pub focus: Option<(f64, f64)>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_s: Option<f64>,
    /// A still or cover.
    pub preview_url: Option<String>,
}

/// A poll of ours (F-303).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollDoc {
    pub multiple: bool,
    /// Names and tallies, in order.
    pub options: Vec<(String, u64)>,
    pub end_ms: Option<i64>,
    /// When it ended, once it has.
    pub closed_ms: Option<i64>,
    pub voters: u64,
}

/// The post that is quoted (F-324).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuoteDoc {
    pub uri: String,
    /// The stamp of its author, once we have it.
    pub authorization: Option<String>,
}

/// `replies`: a Collection with its first page embedded (F-241).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepliesDoc {
    pub id: String,
    /// Ids of the author's own public replies, a few.
    pub items: Vec<String>,
    /// The page with the others.
    pub next: Option<String>,
}

/// All that goes into the document of a local post.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NoteDoc {
    pub id: String,
    pub attributed_to: String,
    /// From [`super::addressing`].
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub published_ms: i64,
    /// Only of an edited post.
    pub updated_ms: Option<i64>,
    pub url: String,
    /// HTML.
    pub content: String,
    /// BCP 47; makes the `contentMap` (F-281).
    pub language: Option<String>,
    /// The content warning; plain text.
    pub summary: Option<String>,
    pub sensitive: bool,
    pub in_reply_to: Option<String>,
    pub conversation: Option<String>,
    /// A collection of the thread (F-243).
    pub context: Option<String>,
    pub mentions: Vec<MentionDoc>,
    pub hashtags: Vec<HashtagDoc>,
    pub emojis: Vec<EmojiDoc>,
    pub attachments: Vec<AttachmentDoc>,
    /// Makes it a Question.
    pub poll: Option<PollDoc>,
    pub quote: Option<QuoteDoc>,
    /// Who may quote it (F-325): actors or collections.
    pub can_quote: Option<String>,
    /// Who may do what else with it (F-336).
    pub policy: Option<super::PolicyDoc>,
    /// The proof that whom it answers agreed (F-333).
    pub approval: Option<String>,
    /// As it was written, and in what.
    pub source: Option<(String, &'static str)>,
    pub replies: Option<RepliesDoc>,
    /// Collection id and total (F-242).
    pub likes: Option<(String, u64)>,
    /// Collection id and total (F-242).
    pub shares: Option<(String, u64)>,
}

/// A local post without a context; see [`super::with_context`].
pub fn note(doc: &NoteDoc) -> Value {
    let attachments: Vec<_> = doc.attachments.iter().map(attachment).collect();
    let mut out = map(json!({
        "id": doc.id,
        "type": if doc.poll.is_some() { "Question" } else { "Note" },
        "attributedTo": doc.attributed_to,
        "to": doc.to,
        "cc": doc.cc,
        "published": time(doc.published_ms),
        "url": doc.url,
        "content": doc.content,
        "summary": doc.summary,
        "sensitive": doc.sensitive,
        "inReplyTo": doc.in_reply_to,
        "attachment": attachments,
        "tag": tags(doc),
    }));
    put(&mut out, "updated", doc.updated_ms.map(time));
    put(&mut out, "conversation", doc.conversation.as_deref());
    put(&mut out, "context", doc.context.as_deref());
    let content_map = doc.language.as_ref().map(|language| json!({ language: doc.content }));
    put(&mut out, "contentMap", content_map);
    put(&mut out, "replies", doc.replies.as_ref().map(replies));
    put(&mut out, "likes", doc.likes.as_ref().map(counted));
    put(&mut out, "shares", doc.shares.as_ref().map(counted));
    if let Some(poll) = &doc.poll {
        out.extend(question(poll));
    }
    if let Some(quote) = &doc.quote {
        for key in ["quote", "quoteUri", "quoteUrl", "_misskey_quote"] {
            put(&mut out, key, Some(quote.uri.as_str()));
        }
        put(&mut out, "quoteAuthorization", quote.authorization.as_deref());
    }
    let mut policy = doc.policy.as_ref().map(super::interactions::policy).unwrap_or_default();
    put(&mut policy, "canQuote", doc.can_quote.as_ref().map(|w| json!({"automaticApproval": [w]})));
    put(&mut out, "interactionPolicy", Some(policy).filter(|policy| !policy.is_empty()));
    if let Some(proof) = &doc.approval {
        super::interactions::put_proof(&mut out, InteractionKind::Reply, proof);
    }
    let source = |(text, kind): &(String, &str)| json!({"content": text, "mediaType": kind});
    put(&mut out, "source", doc.source.as_ref().map(source));
    Value::Object(out)
}

fn tags(doc: &NoteDoc) -> Vec<Value> {
    // FEP-e232: a Link to the quoted post for those who know no other way (F-324).
    let quote = doc.quote.iter().map(|quote| {
        json!({
            "type": "Link",
            "mediaType": format!("application/ld+json; profile=\"{AS2}\""),
            "rel": "https://misskey-hub.net/ns#_misskey_quote",
            "href": quote.uri,
            "name": format!("RE: {}", quote.uri),
        })
    });
    doc.mentions
        .iter()
        .map(mention_tag)
        .chain(doc.hashtags.iter().map(hashtag_tag))
        .chain(doc.emojis.iter().map(emoji_tag))
        .chain(quote)
        .collect()
}

/// `Document` with the description in `name`: what every server reads (F-293).
fn attachment(doc: &AttachmentDoc) -> Value {
    let mut out = map(json!({
        "type": "Document",
        "mediaType": doc.media_type,
        "url": doc.url,
        "name": doc.alt,
    }));
    put(&mut out, "blurhash", doc.blurhash.as_deref());
    put(&mut out, "focalPoint", doc.focus.map(|(x, y)| json!([x, y])));
    put(&mut out, "width", doc.width);
    put(&mut out, "height", doc.height);
    put(&mut out, "duration", doc.duration_s.map(|s| format!("PT{s:.3}S")));
    put(&mut out, "icon", doc.preview_url.as_ref().map(|url| json!({"type": "Image", "url": url})));
    Value::Object(out)
}

fn replies(doc: &RepliesDoc) -> Value {
    let mut first = map(json!({"type": "CollectionPage", "partOf": doc.id, "items": doc.items}));
    put(&mut first, "next", doc.next.as_deref());
    json!({"id": doc.id, "type": "Collection", "first": first})
}

fn counted((id, total): &(String, u64)) -> Value {
    json!({"id": id, "type": "Collection", "totalItems": total})
}

fn question(poll: &PollDoc) -> Map<String, Value> {
    let options: Vec<_> = poll
        .options
        .iter()
        .map(|(name, votes)| {
            json!({"type": "Note", "name": name,
                "replies": {"type": "Collection", "totalItems": votes}})
        })
        .collect();
    let key = if poll.multiple { "anyOf" } else { "oneOf" };
    let mut out = map(json!({ key: options, "votersCount": poll.voters }));
    put(&mut out, "endTime", poll.end_ms.map(time));
    put(&mut out, "closed", poll.closed_ms.map(time));
    out
}
