//! Entries of an outbox that somebody took along: the activities of Mastodon's `outbox.json`
//! (`BackupService`), of which addresses of files are paths in the archive, and the same of others,
//! who leave the addresses as they were or the activities away.

use serde_json::Value;

use super::object::{Object, ObjectKind};
use super::{json, read};
use crate::text::reason::Reason;

/// What paths in the archive stand behind while they are read as addresses.
const HERE: &str = "https://archive.invalid/";
/// Most tags that are looked at.
const MOST_TAGS: usize = 200;

/// An entry that can be taken in.
#[derive(Clone, Debug)]
pub enum Entry {
    Post(Box<Post>),
    Boost(Boost),
}

/// A post.
#[derive(Clone, Debug)]
pub struct Post {
    pub object: Object,
    /// The files of its attachments, in their order.
    pub files: Vec<FileRef>,
    /// Where its hashtags led, with their names.
    pub tag_links: Vec<(String, String)>,
}

/// A file of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// Where the archive has it, if it does; folders may stand in front.
    pub path: String,
    /// Where it was on the web, if that is told.
    pub link: Option<String>,
}

/// A boost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boost {
    pub id: String,
    pub actor: String,
    /// The address of what was boosted.
    pub of: String,
    pub published_ms: Option<i64>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
}

impl Entry {
    /// Reads one entry.
    ///
    /// # Errors
    /// Why it is none, for the summary of an import.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut value = json::parse(bytes).map_err(|e| e.to_string())?;
        let activity = &mut value;
        if read::has_type(activity, "Announce") {
            return boost(activity).map(Self::Boost);
        }
        if !read::has_type(activity, "Create") {
            return post(activity).map(|post| Self::Post(Box::new(post)));
        }
        // some address the activity alone
        let around: Vec<(&str, Option<Value>)> =
            ["to", "cc"].map(|key| (key, activity.get(key).cloned())).to_vec();
        let Some(object) = activity.get_mut("object").filter(|object| object.is_object()) else {
            return Err(Reason::entry_address.plain().to_owned());
        };
        let is_addressed = object.get("to").is_some() || object.get("cc").is_some();
        if let Some(object) = object.as_object_mut().filter(|_| !is_addressed) {
            for (key, list) in around {
                object.extend(list.map(|list| (key.to_owned(), list)));
            }
        }
        post(object).map(|post| Self::Post(Box::new(post)))
    }

    /// Its address.
    pub fn id(&self) -> &str {
        match self {
            Self::Post(post) => &post.object.id,
            Self::Boost(boost) => &boost.id,
        }
    }

    /// Who wrote or boosted it.
    pub fn actor(&self) -> &str {
        match self {
            Self::Post(post) => &post.object.attributed_to,
            Self::Boost(boost) => &boost.actor,
        }
    }

    /// The files of its attachments.
    pub fn files(&self) -> &[FileRef] {
        match self {
            Self::Post(post) => &post.files,
            Self::Boost(_) => &[],
        }
    }

    /// When it was written, in milliseconds since 1970.
    pub fn published_ms(&self) -> Option<i64> {
        match self {
            Self::Post(post) => post.object.published_ms,
            Self::Boost(boost) => boost.published_ms,
        }
    }
}

fn boost(value: &Value) -> Result<Boost, String> {
    let id = read::uri_of(value);
    let (actor, of) = (read::id(value, "actor"), read::id(value, "object"));
    let (Some(id), Some(actor), Some(of)) = (id, actor, of) else {
        return Err(Reason::entry_boost.plain().to_owned());
    };
    Ok(Boost {
        id,
        actor,
        of,
        published_ms: read::time_ms(value, "published"),
        to: read::ids(value, "to"),
        cc: read::ids(value, "cc"),
    })
}

fn post(value: &mut Value) -> Result<Post, String> {
    if ObjectKind::of(value).is_none() {
        return Err(Reason::entry_other.plain().to_owned());
    }
    if let Some(attachments) = value.get_mut("attachment") {
        each(attachments, &mut |attachment| {
            for key in ["url", "href"] {
                if let Some(url) = attachment.get_mut(key) {
                    each(url, &mut |url| match url {
                        Value::Object(link) => {
                            if let Some(href) = link.get_mut("href") {
                                make_absolute(href);
                            }
                        }
                        url => make_absolute(url),
                    });
                }
            }
        });
    }
    let object = Object::parse_embedded(value).map_err(|e| e.to_string())?;
    let files = object.attachments.iter().map(|attachment| file(&attachment.url)).collect();
    Ok(Post { files, tag_links: tag_links(value), object })
}

/// One or many.
fn each(value: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(change),
        one => change(one),
    }
}

fn make_absolute(url: &mut Value) {
    if let Value::String(text) = url
        && !text.contains("://")
    {
        *text = format!("{HERE}{}", text.trim_start_matches('/'));
    }
}

fn file(url: &str) -> FileRef {
    let here = url.strip_prefix(HERE);
    let path = here.map_or_else(
        || url::Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default(),
        str::to_owned,
    );
    FileRef { path, link: here.is_none().then(|| url.to_owned()) }
}

fn tag_links(value: &Value) -> Vec<(String, String)> {
    read::many(value, "tag")
        .iter()
        .take(MOST_TAGS)
        .filter(|tag| read::has_type(tag, "Hashtag"))
        .filter_map(|tag| {
            let name = read::text(tag, "name")?.trim_start_matches('#').to_owned();
            Some((tag.get("href")?.as_str()?.to_owned(), name))
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn note(extra: Value) -> Value {
        let mut note = json!({"id": "https://a.example/1", "type": "Note", "content": "x",
            "attributedTo": "https://a.example/u"});
        note.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        note
    }

    fn parse(value: &Value) -> Result<Entry, String> {
        Entry::parse(value.to_string().as_bytes())
    }

    #[test]
    fn paths_of_the_archive_are_told_from_addresses() {
        let document =
            |url: Value| json!({"type": "Document", "mediaType": "image/png", "url": url});
        let object = note(json!({"attachment": [
            document(json!("/media_attachments/files/1/a.png")),
            document(json!("media_attachments/files/1/b.png")),
            document(json!("https://files.example/c/media_attachments/d.png?x=1")),
            document(json!([{"type": "Link", "href": "/e/f.png", "mediaType": "image/png"}])),
        ]}));
        let entry =
            parse(&json!({"type": "Create", "object": object, "to": crate::activity::PUBLIC}))
                .unwrap();
        let paths: Vec<_> = entry.files().iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "media_attachments/files/1/a.png",
                "media_attachments/files/1/b.png",
                "/c/media_attachments/d.png",
                "e/f.png",
            ]
        );
        let links: Vec<_> = entry.files().iter().map(|file| file.link.is_some()).collect();
        assert_eq!(links, [false, false, true, false]);
        // the activity's recipients are those of a post that names none
        let Entry::Post(post) = entry else { panic!() };
        assert_eq!(post.object.to, [crate::activity::PUBLIC]);
    }

    #[test]
    fn what_is_no_entry_says_why() {
        for (value, why) in [
            (json!({"type": "Create", "object": "https://a.example/1"}), "only the address"),
            (json!({"type": "Announce", "object": "https://a.example/1"}), "without an address"),
            (json!({"type": "Delete", "object": "https://a.example/1"}), "no post"),
            (note(json!({"attributedTo": "https://b.example/u"})), "no author on its own host"),
            (json!([]), "no post"),
            (json!("https://a.example/1"), "no post"),
        ] {
            let told = parse(&value).unwrap_err();
            assert!(told.contains(why), "{value}: {told}");
        }
        assert!(parse(&note(json!({}))).is_ok(), "a post without its activity is one");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "(\\PC|/|#|https://a.example/){0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let key = prop::sample::select(vec![
                "type",
                "url",
                "href",
                "attachment",
                "tag",
                "object",
                "to",
                "id",
                "name",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..4).prop_map(|pairs| {
                    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn wrong_types_do_no_harm(
            key in prop::sample::select(vec!["type", "attachment", "tag", "object", "published",
                "to", "content", "contentMap", "oneOf", "inReplyTo", "actor", "summary"]),
            odd in any_json(),
            kind in prop::sample::select(vec!["Create", "Announce", "Note"]),
        ) {
            let mut object = note(json!({}));
            object[key] = odd.clone();
            let mut activity = json!({"type": kind, "id": "https://a.example/2", "object": object,
                "actor": "https://a.example/u"});
            let _ = parse(&activity);
            activity[key] = odd.clone();
            let _ = parse(&activity);
            let _ = parse(&odd);
        }
    }
}
