//! Arbitrary JSON, text and bytes against every parser (S-045).

use proptest::prelude::*;
use serde_json::{Value, json};

use super::actor::{self, Actor};
use super::collection::Collection;
use super::incoming::{Activity, split};
use super::object::Object;
use super::{json as reader, read};

/// Calls all that reads a document; the results do not matter.
pub(super) fn try_everything(value: &Value) {
    let _ = (Actor::parse(value), Actor::parse_embedded(value));
    let _ = (Object::parse(value), Collection::parse(value));
    if let Ok(mut object) = Object::parse_embedded(value) {
        let _ = (object.content_warning(), object.edited_ms(), object.published_or(0));
        object.prefer(&["de".to_owned(), "zh-TW".to_owned(), String::new()]);
        let _ = object.recipients().count();
    }
    let _ = (split(value.clone()), actor::key_document(value, "https://a.example/k"));
    let _ = Activity::parse(value.clone());
    if let Ok(a) = Activity::parse_embedded(value.clone()) {
        let _ = (a.dedup_key(), a.reaction(), a.object_id(), a.objects().count());
    }
    let _ = super::build::with_context(value.clone());
}

/// JSON whose keys and texts are those that the parsers look at, so that they go deep.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "https://a.example/1",
        "https://b.example/u",
        "as:Public",
        "Note",
        "Person",
        "Create",
        "Question",
        "Mention",
        "Hashtag",
        "Emoji",
        "Image",
        "Link",
        "Video",
        "Event",
        "Page",
        "Collection",
        "Tombstone",
        "PropertyValue",
        "2026-01-02T03:04:05Z",
        "PT5S",
        ":x:",
        "#é",
        "image/png",
        "\u{200b}",
        "\u{0}",
        "https://www.w3.org/ns/activitystreams",
        "@a@b",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "@context",
        "id",
        "type",
        "actor",
        "object",
        "attributedTo",
        "to",
        "cc",
        "tag",
        "name",
        "content",
        "contentMap",
        "summary",
        "url",
        "href",
        "icon",
        "image",
        "attachment",
        "published",
        "updated",
        "inReplyTo",
        "quote",
        "quoteUrl",
        "oneOf",
        "anyOf",
        "closed",
        "replies",
        "totalItems",
        "first",
        "items",
        "orderedItems",
        "next",
        "publicKey",
        "owner",
        "publicKeyPem",
        "preferredUsername",
        "webfinger",
        "endpoints",
        "sharedInbox",
        "inbox",
        "mediaType",
        "rel",
        "focalPoint",
        "blurhash",
        "duration",
        "width",
        "0",
        "1",
        "location",
        "address",
        "country",
        "inReplyToBook",
        "position",
        "positionMode",
        "rating",
        "track",
        "album",
        "de",
        "language",
        "mediaType",
        "conversation",
        "context",
        "likes",
        "value",
        "@value",
    ]);
    leaf.prop_recursive(5, 80, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..10).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn s_045_arbitrary_json_never_panics(value in any_json()) {
        try_everything(&value);
        // Past the first checks, so that all the rest is reached.
        for kind in ["Note", "Question", "Video", "Event", "Page", "Audio", "Quotation", "Person", "Like", "Collection"] {
            let mut value = value.clone();
            if let Some(map) = value.as_object_mut() {
                map.insert("type".into(), json!(kind));
                for (key, id) in [("id", "1"), ("actor", "u"), ("attributedTo", "u")] {
                    map.insert(key.into(), json!(format!("https://a.example/{id}")));
                }
                map.insert("preferredUsername".into(), json!("u"));
            }
            try_everything(&value);
        }
    }

    #[test]
    fn s_045_arbitrary_texts_never_panic(text in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = (super::time::parse(&text), super::time::duration(&text), super::urls::host(&text));
        let _ = (super::tag::shortcode(&text), super::media::is_blurhash(&text));
        let _ = (super::urls::keep_file(&text), read::language_tag(&text), read::clip(&text, 3));
        let _ = reader::parse(&bytes);
    }

    #[test]
    fn s_044_what_is_read_is_what_was_written(value in any_json()) {
        let text = serde_json::to_vec(&value).unwrap_or_default();
        prop_assert_eq!(reader::parse(&text).ok(), serde_json::from_slice(&text).ok());
    }
}
