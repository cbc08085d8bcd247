//! Our actors (checklist section B).

use serde_json::{Map, Value, json};

use super::{EmojiDoc, HashtagDoc, emoji_tag, hashtag_tag, map, put, time, with_context};
use crate::model::ActorKind;

/// An avatar or header (F-026).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageDoc {
    pub url: String,
    pub media_type: String,
    pub alt: Option<String>,
}

impl ImageDoc {
    pub(super) fn value(&self) -> Value {
        let mut image =
            map(json!({"type": "Image", "mediaType": self.media_type, "url": self.url}));
        put(&mut image, "name", self.alt.as_deref());
        Value::Object(image)
    }
}

/// All that goes into the document of a local actor.
#[derive(Clone, Debug, PartialEq)]
pub struct ActorDoc {
    pub id: String,
    /// Person, Service for bots, Application for the instance (F-020).
    pub kind: ActorKind,
    pub username: String,
    /// Plain text; empty: the user name (F-025).
    pub name: String,
    /// HTML.
    pub summary: String,
    /// The profile page.
    pub url: String,
    pub published_ms: i64,
    pub inbox: String,
    pub outbox: String,
    pub followers: String,
    pub following: String,
    pub shared_inbox: String,
    pub featured: Option<String>,
    pub featured_tags: Option<String>,
    pub key_id: String,
    /// The id and the multibase text of the Ed25519 key (F-036).
    pub ed25519: Option<(String, String)>,
    /// SPKI; the newline at the end is added when missing (F-022).
    pub public_key_pem: String,
    pub locked: bool,
    pub discoverable: bool,
    pub indexable: bool,
    pub icon: Option<ImageDoc>,
    pub image: Option<ImageDoc>,
    /// Names, and values as HTML, in order (F-029).
    pub fields: Vec<(String, String)>,
    pub emojis: Vec<EmojiDoc>,
    pub hashtags: Vec<HashtagDoc>,
    pub also_known_as: Vec<String>,
    pub moved_to: Option<String>,
    /// `user@host` (F-032).
    pub webfinger: Option<String>,
    pub attribution_domains: Vec<String>,
    pub suspended: bool,
}

impl Default for ActorDoc {
    fn default() -> Self {
        let text = String::new;
        Self {
            id: text(),
            kind: ActorKind::Person,
            username: text(),
            name: text(),
            summary: text(),
            url: text(),
            published_ms: 0,
            inbox: text(),
            outbox: text(),
            followers: text(),
            following: text(),
            shared_inbox: text(),
            featured: None,
            featured_tags: None,
            key_id: text(),
            public_key_pem: text(),
            ed25519: None,
            locked: false,
            discoverable: false,
            indexable: false,
            icon: None,
            image: None,
            fields: Vec::new(),
            emojis: Vec::new(),
            hashtags: Vec::new(),
            also_known_as: Vec::new(),
            moved_to: None,
            webfinger: None,
            attribution_domains: Vec::new(),
            suspended: false,
        }
    }
}

/// The document of a local actor, with its context (F-021 to F-034).
pub fn actor(doc: &ActorDoc) -> Value {
    with_context(Value::Object(bare(doc)))
}

/// The actor without a context, for `Update`.
pub(super) fn bare(doc: &ActorDoc) -> Map<String, Value> {
    let name = if doc.name.is_empty() { &doc.username } else { &doc.name };
    let mut out = base(doc);
    out.extend(map(json!({
        "name": name,
        "summary": doc.summary,
        "published": time(doc.published_ms),
        "followers": doc.followers,
        "following": doc.following,
        "discoverable": doc.discoverable,
        "indexable": doc.indexable,
    })));
    put(&mut out, "featured", doc.featured.as_deref());
    put(&mut out, "featuredTags", doc.featured_tags.as_deref());
    put(&mut out, "icon", doc.icon.as_ref().map(ImageDoc::value));
    put(&mut out, "image", doc.image.as_ref().map(ImageDoc::value));
    put(&mut out, "webfinger", doc.webfinger.as_deref());
    put(&mut out, "movedTo", doc.moved_to.as_deref());
    let fields = doc
        .fields
        .iter()
        .map(|(name, value)| json!({"type": "PropertyValue", "name": name, "value": value}));
    let tags = doc.emojis.iter().map(emoji_tag).chain(doc.hashtags.iter().map(hashtag_tag));
    put(&mut out, "attachment", filled(fields.collect()));
    put(&mut out, "tag", filled(tags.collect()));
    put(&mut out, "alsoKnownAs", filled(texts(&doc.also_known_as)));
    put(&mut out, "attributionDomains", filled(texts(&doc.attribution_domains)));
    put(&mut out, "suspended", doc.suspended.then_some(true));
    // nobody may put the account into a collection but itself (F-035)
    let policy = json!({"canFeature": {"automaticApproval": [doc.id]}});
    put(&mut out, "interactionPolicy", Some(policy));
    out
}

fn texts(list: &[String]) -> Vec<Value> {
    list.iter().map(|text| json!(text)).collect()
}

fn filled(list: Vec<Value>) -> Option<Vec<Value>> {
    (!list.is_empty()).then_some(list)
}

/// What every actor has, the instance too.
fn base(doc: &ActorDoc) -> Map<String, Value> {
    let pem = doc.public_key_pem.trim_end();
    let mut out = map(json!({
        "id": doc.id,
        "type": doc.kind.as_str(),
        "preferredUsername": doc.username,
        "url": doc.url,
        "inbox": doc.inbox,
        "outbox": doc.outbox,
        "endpoints": {"sharedInbox": doc.shared_inbox},
        "manuallyApprovesFollowers": doc.locked,
        "publicKey": {"id": doc.key_id, "owner": doc.id, "publicKeyPem": format!("{pem}\n")},
    }));
    if let Some((id, multibase)) = &doc.ed25519 {
        out.insert(
            "assertionMethod".to_owned(),
            json!([{"id": id, "type": "Multikey", "controller": doc.id,
                "publicKeyMultibase": multibase}]),
        );
        out.insert("generator".to_owned(), generator());
    }
    out
}

/// What software this is able to do (F-037): <https://w3id.org/fep/844e>
fn generator() -> Value {
    json!({
        "type": "Application",
        "implements": [
            {"href": crate::activity::RFC9421, "name": "RFC-9421: HTTP Message Signatures"},
            {"href": crate::activity::RFC9421_ED25519,
             "name": "RFC-9421 signatures using the Ed25519 algorithm"},
        ],
    })
}

/// The instance's own actor (F-038): an Application that nobody follows. Of `doc` the ids, the
/// user name, the page, the key and the webfinger address are used.
pub fn instance_actor(doc: &ActorDoc) -> Value {
    let doc = ActorDoc { kind: ActorKind::Application, locked: true, ..doc.clone() };
    let mut out = base(&doc);
    put(&mut out, "webfinger", doc.webfinger.as_deref());
    with_context(Value::Object(out))
}
