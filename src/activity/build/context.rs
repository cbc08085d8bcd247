//! The `@context` of our documents (F-005, F-006).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::activity::{AS2, SECURITY};

/// FEP-2c59, for `webfinger` (F-032).
const WEBFINGER: &str = "https://purl.archive.org/socialweb/webfinger";

/// How a term is defined.
#[derive(Clone, Copy)]
enum Form {
    /// `"term": "iri"`.
    Plain,
    /// The value is an id: `{"@id": …, "@type": "@id"}`.
    Id,
    /// An ordered list (F-006: `focalPoint`).
    List,
    /// A set of plain values.
    Set,
    /// A set of ids or objects.
    IdSet,
}

/// Our extension terms and type names with the IRIs that Mastodon uses (F-006).
const TERMS: [(&str, &str, Form); 49] = [
    ("Emoji", "toot:Emoji", Form::Plain),
    ("EmojiReact", "http://litepub.social/ns#EmojiReact", Form::Plain),
    ("Hashtag", "as:Hashtag", Form::Plain),
    ("PropertyValue", "schema:PropertyValue", Form::Plain),
    ("QuoteAuthorization", "https://w3id.org/fep/044f#QuoteAuthorization", Form::Plain),
    ("QuoteRequest", "https://w3id.org/fep/044f#QuoteRequest", Form::Plain),
    ("_misskey_quote", "https://misskey-hub.net/ns#_misskey_quote", Form::Plain),
    ("_misskey_reaction", "https://misskey-hub.net/ns#_misskey_reaction", Form::Plain),
    ("alsoKnownAs", "as:alsoKnownAs", Form::Id),
    ("attributionDomains", "toot:attributionDomains", Form::Set),
    ("automaticApproval", "gts:automaticApproval", Form::Id),
    ("blurhash", "toot:blurhash", Form::Plain),
    ("canFeature", "https://w3id.org/fep/7aa9#canFeature", Form::Id),
    ("canQuote", "gts:canQuote", Form::Id),
    ("conversation", "ostatus:conversation", Form::Plain),
    ("discoverable", "toot:discoverable", Form::Plain),
    ("featured", "toot:featured", Form::Id),
    ("featuredTags", "toot:featuredTags", Form::Id),
    ("focalPoint", "toot:focalPoint", Form::List),
    ("indexable", "toot:indexable", Form::Plain),
    ("interactingObject", "gts:interactingObject", Form::Id),
    ("interactionPolicy", "gts:interactionPolicy", Form::Id),
    ("interactionTarget", "gts:interactionTarget", Form::Id),
    ("manualApproval", "gts:manualApproval", Form::Id),
    ("manuallyApprovesFollowers", "as:manuallyApprovesFollowers", Form::Plain),
    ("memorial", "toot:memorial", Form::Plain),
    ("movedTo", "as:movedTo", Form::Id),
    ("quote", "https://w3id.org/fep/044f#quote", Form::Id),
    ("quoteAuthorization", "https://w3id.org/fep/044f#quoteAuthorization", Form::Id),
    ("quoteUri", "http://fedibird.com/ns#quoteUri", Form::Plain),
    ("quoteUrl", "as:quoteUrl", Form::Plain),
    ("sensitive", "as:sensitive", Form::Plain),
    ("suspended", "toot:suspended", Form::Plain),
    ("value", "schema:value", Form::Plain),
    ("votersCount", "toot:votersCount", Form::Plain),
    ("atomUri", "ostatus:atomUri", Form::Plain),
    ("AnnounceAuthorization", "gts:AnnounceAuthorization", Form::Plain),
    ("AnnounceRequest", "gts:AnnounceRequest", Form::Plain),
    ("LikeAuthorization", "gts:LikeAuthorization", Form::Plain),
    ("LikeRequest", "gts:LikeRequest", Form::Plain),
    ("ReplyAuthorization", "gts:ReplyAuthorization", Form::Plain),
    ("ReplyRequest", "gts:ReplyRequest", Form::Plain),
    ("announceAuthorization", "gts:announceAuthorization", Form::Id),
    ("likeAuthorization", "gts:likeAuthorization", Form::Id),
    ("replyAuthorization", "gts:replyAuthorization", Form::Id),
    ("approvedBy", "gts:approvedBy", Form::Id),
    ("canAnnounce", "gts:canAnnounce", Form::Id),
    ("canLike", "gts:canLike", Form::Id),
    ("canReply", "gts:canReply", Form::Id),
];

/// Those of keys and of what software can do.
const KEY_TERMS: [(&str, &str, Form); 2] = [
    ("assertionMethod", "https://w3id.org/security#assertionMethod", Form::IdSet),
    ("implements", "https://w3id.org/fep/844e#implements", Form::IdSet),
];

/// FEP-521a, for `assertionMethod`.
const MULTIKEY: &str = "https://w3id.org/security/multikey/v1";

/// The prefixes in [`TERMS`]; `http://schema.org#` is wrong and must stay so (F-006).
const PREFIXES: [(&str, &str); 4] = [
    ("gts", "https://gotosocial.org/ns#"),
    ("ostatus", "http://ostatus.org#"),
    ("schema", "http://schema.org#"),
    ("toot", "http://joinmastodon.org/ns#"),
];

/// Puts the `@context` into a document: AS2 first, the security vocabulary if there is a key,
/// and one object with the extension terms that the document uses, if any (F-005).
pub fn with_context(document: Value) -> Value {
    let mut used = BTreeSet::new();
    collect(&document, &mut used);
    let mut context = vec![json!(AS2)];
    if used.contains("publicKey") {
        context.push(json!(SECURITY));
    }
    if used.contains("Multikey") {
        context.push(json!(MULTIKEY));
    }
    if used.contains("webfinger") {
        context.push(json!(WEBFINGER));
    }
    let mut terms = Map::new();
    for (term, iri, form) in TERMS.iter().chain(&KEY_TERMS).filter(|(term, ..)| used.contains(term))
    {
        let definition = match form {
            Form::Plain => json!(iri),
            Form::Id => json!({"@id": iri, "@type": "@id"}),
            Form::List => json!({"@container": "@list", "@id": iri}),
            Form::IdSet => json!({"@container": "@set", "@id": iri, "@type": "@id"}),
            Form::Set => json!({"@container": "@set", "@id": iri}),
        };
        terms.insert((*term).to_owned(), definition);
        let prefix = iri.split(':').next().unwrap_or_default();
        if let Some((name, base)) = PREFIXES.iter().find(|(name, _)| *name == prefix) {
            terms.insert((*name).to_owned(), json!(base));
        }
    }
    if !terms.is_empty() {
        context.push(Value::Object(terms));
    }
    match document {
        Value::Object(mut map) => {
            map.insert("@context".to_owned(), Value::Array(context));
            Value::Object(map)
        }
        other => other,
    }
}

/// A document without its `@context`, to be embedded in another.
pub fn without_context(mut document: Value) -> Value {
    if let Some(map) = document.as_object_mut() {
        map.remove("@context");
    }
    document
}

/// The names of all members and types of a document.
fn collect<'a>(value: &'a Value, used: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, used)),
        Value::Object(map) => {
            for (key, value) in map {
                used.insert(key);
                if key == "type" {
                    used.extend(value.as_str());
                }
                // The keys of language maps are languages.
                if !key.ends_with("Map") {
                    collect(value, used);
                }
            }
        }
        _ => {}
    }
}
