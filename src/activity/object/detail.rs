//! What some types of posts tell beside text and files: time and place, books, translations.

use serde_json::Value;

use super::super::read;
use super::{MAX_NAME, MAX_SUMMARY, ObjectKind};

/// Most translations of one post that are looked at (F-272).
const MAX_TRANSLATIONS: usize = 20;
/// Longest quotation from a book, in characters.
const MAX_QUOTATION: usize = 10_000;

/// When and where an Event is (F-266); times as written, with their zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventInfo {
    pub start: Option<String>,
    pub end: Option<String>,
    /// Name and address on one line.
    pub location: Option<String>,
}

/// What a post about a book says of it (F-268).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// The book's page.
    pub link: Option<String>,
    /// Words out of the book; plain text or HTML.
    pub quotation: Option<String>,
    /// Where they stand there: `p. 12` or `50%`.
    pub position: Option<String>,
}

/// A post in one of several languages, where it prefers none (F-272).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    pub language: String,
    pub content: String,
    pub name: Option<String>,
    pub summary: Option<String>,
}

/// Time and place of an Event.
pub(super) fn event(value: &Value) -> EventInfo {
    let time = |key: &str| read::text(value, key).map(|t| read::clip(t, 64));
    EventInfo { start: time("startTime"), end: time("endTime"), location: place(value) }
}

/// The `location`, name and address on one line; Pixelfed's has a country beside its name.
pub(super) fn place(value: &Value) -> Option<String> {
    let place = read::first(value, "location")?;
    let mut parts = Vec::new();
    parts.extend(place.as_str().or_else(|| read::text(place, "name")));
    if let Some(address) = read::first(place, "address") {
        parts.extend(address.as_str());
        for key in ["streetAddress", "postalCode", "addressLocality", "addressCountry"] {
            parts.extend(read::text(address, key));
        }
    }
    parts.extend(read::text(place, "country"));
    parts.retain(|part| !part.trim().is_empty());
    (!parts.is_empty()).then(|| read::clip(&parts.join(", "), MAX_NAME))
}

/// What BookWyrm's types tell of a book. `quote` is text there and no address (F-268).
pub(super) fn book(value: &Value, kind: ObjectKind) -> Option<Book> {
    let about = ["Review", "Rating", "Comment", "Quotation"].contains(&kind.as_str());
    if !about {
        return None;
    }
    let quotation = (kind == ObjectKind::Quotation)
        .then(|| read::text(value, "quote").map(|text| read::clip(text, MAX_QUOTATION)))
        .flatten();
    let number = read::number(value, "position").filter(|_| quotation.is_some());
    let position = number.map(|n| match read::text(value, "positionMode") {
        Some("PCT") => format!("{n}%"),
        _ => format!("p. {n}"),
    });
    Some(Book { link: read::id(value, "inReplyToBook"), quotation, position })
}

/// The languages to choose from when there is no `content` but in `contentMap`.
pub(super) fn translations(value: &Value) -> Vec<Translation> {
    if read::own_text(value, "content").is_some() {
        return Vec::new();
    }
    let in_map = |key: &str, language: &str| {
        read::mapped(value, key).find(|(l, _)| *l == language).map(|(_, text)| text)
    };
    read::mapped(value, "content")
        .take(MAX_TRANSLATIONS)
        .filter_map(|(key, content)| {
            Some(Translation {
                language: read::language_tag(key)?,
                content: content.to_owned(),
                name: in_map("name", key).map(|name| read::clip(name, MAX_NAME)),
                summary: in_map("summary", key).map(|text| read::clip(text, MAX_SUMMARY)),
            })
        })
        .collect()
}

/// Stars as a number from 0 to 5, in halves.
pub(super) fn rating(value: &Value) -> Option<f64> {
    value.get("rating").and_then(read::as_float).filter(|stars| (0.0..=5.0).contains(stars))
}
