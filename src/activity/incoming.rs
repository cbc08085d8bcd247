//! Activities that arrive at an inbox or stand in an outbox.

use serde_json::Value;

use crate::error::Result;

use super::tag::{self, Emoji, Tags};
use super::{collection, read, refuse, urls};

/// Most objects of one activity (F-194: a Flag; votes need fewer than a poll has options).
const MAX_OBJECTS: usize = 100;
/// Most activities in one delivered collection (F-144).
const MAX_BATCH: usize = 20;
/// Longest reaction, in characters (F-179).
const MAX_REACTION: usize = 256;
/// JSON-LD keywords that would give a document another meaning than it has here (S-037).
const RESTRUCTURING: [&str; 3] = ["@graph", "@included", "@reverse"];

macro_rules! kinds {
    ($($name:ident),*) => {
        /// What an activity does. All that has no handler is [`Kind::Unknown`] (F-143).
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($name,)*
            /// Its name, cut to 64 characters, for the counter.
            Unknown(String),
        }

        impl Kind {
            /// The AS2 name.
            pub fn as_str(&self) -> &str {
                match self { $(Self::$name => stringify!($name),)* Self::Unknown(name) => name }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds!(
    Create,
    Update,
    Delete,
    Follow,
    Accept,
    Reject,
    Undo,
    Announce,
    Like,
    Dislike,
    EmojiReact,
    Block,
    Flag,
    Move,
    Add,
    Remove,
    QuoteRequest,
    ReplyRequest,
    LikeRequest,
    AnnounceRequest,
    FeatureRequest
);

impl Kind {
    /// The first type that we know (F-012), `Unknown` otherwise and for documents with `@graph`
    /// and its kind, whatever else they say (S-037).
    pub fn of(value: &Value) -> Self {
        if let Some(word) = RESTRUCTURING.iter().find(|word| value.get(**word).is_some()) {
            return Self::Unknown((*word).to_owned());
        }
        read::types(value).find_map(Self::from_name).unwrap_or_else(|| {
            Self::Unknown(read::clip(read::types(value).next().unwrap_or_default(), 64))
        })
    }
}

/// A thing that an activity names (F-002).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ObjectRef {
    /// A usable id; Public in its one spelling.
    Id(String),
    /// A copy: a hint until its origin is checked (F-140).
    Embedded(Value),
    /// Nothing that can be used.
    #[default]
    None,
}

impl ObjectRef {
    /// Reads a reference.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Embedded(value.clone()),
            other => read::uri_of(other).map_or(Self::None, Self::Id),
        }
    }

    /// The id, if it is one that we take; an anonymous copy has none.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Embedded(value) => read::id_of(value).filter(|id| urls::is_web(id)),
            Self::None => None,
        }
    }

    /// The copy that came along.
    pub fn embedded(&self) -> Option<&Value> {
        match self {
            Self::Embedded(value) => Some(value),
            _ => None,
        }
    }
}

/// A reaction in a Like or EmojiReact (F-178, F-179).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Unicode emoji, or `:shortcode:` without a host (F-180).
    pub content: String,
    /// The custom emoji; its home is the host of its id, else that of the actor (F-180).
    pub emoji: Option<Emoji>,
}

/// An activity. Nothing in it is verified but its own shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Only if it is on the actor's host: another's id would mark another's activity as seen.
    pub id: Option<String>,
    pub kind: Kind,
    /// The actor's id (F-134).
    pub actor: String,
    /// The first object.
    pub object: ObjectRef,
    /// The objects after the first: votes of GoToSocial, a Flag (F-194, F-306).
    pub more: Vec<ObjectRef>,
    pub target: Option<String>,
    /// The quoting post of a QuoteRequest (F-322).
    pub instrument: ObjectRef,
    /// The stamp in an Accept (F-158).
    pub result: Option<String>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub published_ms: Option<i64>,
    /// Reaction, or the text of a Flag; raw.
    pub content: Option<String>,
    /// The whole document.
    pub raw: Value,
}

impl Activity {
    /// Reads an activity as it comes to an inbox: it must name the AS2 context (F-004).
    ///
    /// # Errors
    /// Without the context, or as [`Activity::parse_embedded`].
    pub fn parse(value: Value) -> Result<Self> {
        if !read::has_context(&value) {
            return Err(refuse("The activity has no ActivityStreams context"));
        }
        Self::parse_embedded(value)
    }

    /// Reads an activity inside another one or a collection.
    ///
    /// # Errors
    /// When it is no object or has no usable actor.
    pub fn parse_embedded(value: Value) -> Result<Self> {
        if !value.is_object() {
            return Err(refuse("This is not an activity"));
        }
        let actor = read::many(&value, "actor")
            .iter()
            .find_map(|actor| read::id_of(actor).and_then(urls::keep))
            .ok_or_else(|| refuse("The activity has no usable actor"))?;
        let kind = Kind::of(&value);
        let mut objects = read::many(&value, "object").iter().take(MAX_OBJECTS).map(ObjectRef::of);
        let object = objects.next().unwrap_or_default();
        let more = objects.filter(|o| *o != ObjectRef::None).collect();
        let id = value.get("id").and_then(Value::as_str).and_then(urls::keep);
        Ok(Self {
            id: id.filter(|id| urls::same_host(id, &actor)),
            kind,
            actor,
            object,
            more,
            target: read::id(&value, "target"),
            instrument: read::first(&value, "instrument").map(ObjectRef::of).unwrap_or_default(),
            result: read::id(&value, "result"),
            to: read::ids(&value, "to"),
            cc: read::ids(&value, "cc"),
            published_ms: read::time_ms(&value, "published"),
            content: read::text(&value, "content").map(str::to_owned),
            raw: value,
        })
    }

    /// All objects, in order.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectRef> {
        std::iter::once(&self.object).filter(|o| **o != ObjectRef::None).chain(&self.more)
    }

    /// The id of the first object.
    pub fn object_id(&self) -> Option<&str> {
        self.object.id()
    }

    /// What a repeat is recognised by: the id, else type, actor and object (F-132), and the
    /// time, so that the second of two honest Undos without an id is not lost.
    pub fn dedup_key(&self) -> String {
        if let Some(id) = &self.id {
            return id.clone();
        }
        let objects: Vec<_> = self.objects().map(object_key).collect();
        let time = self.published_ms.map(|ms| format!("|{ms}")).unwrap_or_default();
        format!("{}|{}|{}{time}", self.kind.as_str(), self.actor, objects.join(" "))
    }

    /// The reaction of a Like or EmojiReact; `None` in a Like: a plain favourite (F-178).
    pub fn reaction(&self) -> Option<Reaction> {
        if !matches!(self.kind, Kind::Like | Kind::EmojiReact) {
            return None;
        }
        let text = ["content", "_misskey_reaction"]
            .iter()
            .find_map(|key| read::text(&self.raw, key).map(str::trim).filter(|t| !t.is_empty()))?;
        if text.chars().count() > MAX_REACTION || text.chars().any(char::is_control) {
            return None;
        }
        let emojis = Tags::parse(&self.raw).emojis;
        let custom = tag::shortcode(text)
            .filter(|name| text.starts_with(':') || emojis.iter().any(|e| e.shortcode == *name));
        Some(match custom {
            Some(name) => Reaction {
                content: format!(":{name}:"),
                emoji: emojis.into_iter().find(|e| e.shortcode == name),
            },
            None => Reaction { content: text.to_owned(), emoji: None },
        })
    }
}

/// The id of an object; of one without an id its own type, actor and object.
fn object_key(object: &ObjectRef) -> String {
    match (object.id(), object) {
        (Some(id), _) => id.to_owned(),
        (None, ObjectRef::Embedded(value)) => {
            let part =
                |key: &str| read::first(value, key).and_then(read::id_of).unwrap_or_default();
            let kind = read::types(value).next().unwrap_or_default();
            read::clip(&format!("({kind} {} {})", part("actor"), part("object")), 1024)
        }
        _ => String::new(),
    }
}

/// What was delivered as single activities: an array or a collection gives its items, each
/// carrying the outer context, and each to be checked like one that came alone (F-144).
///
/// # Errors
/// With more than 20 items.
pub fn split(value: Value) -> Result<Vec<Value>> {
    let (items, context) = match value {
        Value::Array(items) => (items, None),
        value if collection::is_collection(&value) && value.get("actor").is_none() => {
            let lists = ["orderedItems", "items"];
            let items = lists.iter().flat_map(|key| read::many(&value, key)).cloned().collect();
            (items, value.get("@context").cloned())
        }
        single => return Ok(vec![single]),
    };
    if items.len() > MAX_BATCH {
        return Err(refuse("Too many activities in one delivery"));
    }
    let with_context = |mut item: Value| {
        if let (Some(map), Some(context)) = (item.as_object_mut(), &context) {
            map.entry("@context").or_insert_with(|| context.clone());
        }
        item
    };
    Ok(items.into_iter().map(with_context).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    const AS2: &str = "https://www.w3.org/ns/activitystreams";

    fn activity(extra: Value) -> Result<Activity> {
        let mut v = json!({"@context": AS2, "id": "https://a.example/act", "type": "Like",
            "actor": "https://a.example/u", "object": "https://b.example/1"});
        v.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Activity::parse(v)
    }

    #[test]
    fn f_004_an_activity_needs_the_context() {
        assert!(activity(json!({"@context": null})).is_err());
        assert!(activity(json!({"@context": [{"x": "y"}, AS2]})).is_ok());
    }

    #[test]
    fn f_134_the_actor_is_an_id_or_an_object() {
        for actor in
            [json!("https://a.example/u"), json!({"id": "https://a.example/u", "inbox": 5})]
        {
            assert_eq!(activity(json!({"actor": actor})).unwrap().actor, "https://a.example/u");
        }
        for none in [json!(null), json!("acct:a@b"), json!({}), json!("as:Public")] {
            assert!(activity(json!({"actor": none})).is_err());
        }
    }

    #[test]
    fn f_132_dedup_without_an_id() {
        let of = |v: Value| activity(v).unwrap().dedup_key();
        assert_eq!(of(json!({})), "https://a.example/act");
        let plain = of(json!({"id": null}));
        assert_eq!(plain, "Like|https://a.example/u|https://b.example/1");
        assert_eq!(plain, of(json!({"id": null, "object": {"id": "https://b.example/1"}})));
        let undo = |object: &str| {
            of(json!({"id": null, "type": "Undo", "object":
            {"type": "Follow", "actor": "https://a.example/u", "object": object}}))
        };
        assert_ne!(undo("https://b.example/1"), undo("https://b.example/2"));
        assert_eq!(of(json!({"id": "https://b.example/act"})), plain, "another host's id");
    }

    #[test]
    fn f_143_unknown_types_are_named() {
        let kind = activity(json!({"type": "View"})).unwrap().kind;
        assert_eq!(kind, Kind::Unknown("View".into()));
        assert_eq!(activity(json!({"type": ["X", "Create"]})).unwrap().kind, Kind::Create);
        assert_eq!(activity(json!({"type": null})).unwrap().kind, Kind::Unknown(String::new()));
    }

    #[test]
    fn s_037_restructured_documents_mean_nothing() {
        for word in RESTRUCTURING {
            let a = activity(json!({ word: [], "type": "Announce" })).unwrap();
            assert_eq!(a.kind, Kind::Unknown(word.into()));
        }
        let aliases = json!({"@id": "https://a.example/x", "@type": "Delete"});
        assert_eq!(activity(aliases).unwrap().kind, Kind::Like);
    }

    #[test]
    fn f_194_f_306_objects_may_be_many() {
        let a = activity(
            json!({"object": ["https://b.example/1", null, {"id": "https://b.example/2"}]}),
        );
        let ids: Vec<_> = a.unwrap().objects().filter_map(|o| o.id().map(str::to_owned)).collect();
        assert_eq!(ids, ["https://b.example/1", "https://b.example/2"]);
        let many: Vec<_> = (0..500).map(|n| format!("https://b.example/{n}")).collect();
        assert_eq!(activity(json!({"object": many})).unwrap().objects().count(), MAX_OBJECTS);
        assert_eq!(activity(json!({"object": null})).unwrap().object_id(), None);
    }

    #[test]
    fn f_178_f_180_reactions() {
        let of = |v: Value| activity(v).unwrap().reaction();
        let tag = json!([{"type": "Emoji", "name": "hug", "icon": "https://a.example/h.png"}]);
        assert_eq!(of(json!({})), None);
        assert_eq!(of(json!({"content": ""})), None);
        assert_eq!(of(json!({"content": "🎉"})).unwrap().content, "🎉");
        assert_eq!(of(json!({"_misskey_reaction": "🎉"})).unwrap().content, "🎉");
        for content in [":hug:", "hug", ":hug@other.example:"] {
            let r = of(json!({"content": content, "tag": tag.clone()})).unwrap();
            assert_eq!((r.content.as_str(), r.emoji.is_some()), (":hug:", true), "{content}");
        }
        assert_eq!(of(json!({"content": "x".repeat(257)})), None);
        assert_eq!(of(json!({"type": "Flag", "content": "spam"})), None);
    }

    #[test]
    fn f_144_collections_are_split() {
        let item = json!({"type": "Like", "actor": "https://a.example/u"});
        let list = json!({"@context": AS2, "type": "OrderedCollection", "orderedItems": [item.clone(), item.clone()]});
        let items = split(list).unwrap();
        assert_eq!(items.len(), 2);
        assert!(items.into_iter().all(|i| Activity::parse(i).is_ok()));
        assert_eq!(split(json!([item.clone()])).unwrap().len(), 1);
        assert_eq!(split(item.clone()).unwrap(), vec![item.clone()]);
        assert!(split(Value::Array(vec![item; 21])).is_err());
    }
}
