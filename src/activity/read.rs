//! Accessors over a JSON value that hide the shapes one thing may come in: one or many, id or
//! object, Link, `@value`, language maps, numbers as text.

use std::collections::HashSet;

use serde_json::Value;

use super::{PUBLIC, is_public, time, urls};

/// Totals are exact in every client up to here (S-048).
const MAX_TOTAL: u64 = 1 << 53;

/// All values of a property: none for absent and `null`, else one or the array's (F-001).
pub fn many<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    match value.get(key) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
    }
}

/// The first value of a property that is not `null`.
pub fn first<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    many(value, key).iter().find(|v| !v.is_null())
}

/// The types of an object, in order (F-012).
pub fn types(value: &Value) -> impl Iterator<Item = &str> {
    many(value, "type").iter().filter_map(Value::as_str)
}

/// True if one of its types is `wanted`.
pub fn has_type(value: &Value, wanted: &str) -> bool {
    types(value).any(|t| t == wanted)
}

/// The id that a reference names: the string, the object's `id`, a Link's `href` (F-002).
/// Not checked in any way.
pub fn id_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(id) => Some(id.as_str()),
        Value::Object(map) => {
            let of = |key: &str| map.get(key).and_then(Value::as_str);
            if has_type(value, "Link") { of("href").or_else(|| of("id")) } else { of("id") }
        }
        _ => None,
    }
    .filter(|id| !id.is_empty())
}

/// The id that a reference names, if it is one that we take (F-016, F-017); every spelling of
/// Public comes out as [`PUBLIC`].
pub fn uri_of(value: &Value) -> Option<String> {
    let id = id_of(value)?;
    if is_public(id) { Some(PUBLIC.to_owned()) } else { urls::keep(id) }
}

/// The first usable id of a property.
pub fn id(value: &Value, key: &str) -> Option<String> {
    many(value, key).iter().find_map(uri_of)
}

/// All usable ids of a property, each once, in order: `to`, `cc`, `alsoKnownAs`, …
pub fn ids(value: &Value, key: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    many(value, key).iter().filter_map(uri_of).filter(|id| seen.insert(id.clone())).collect()
}

/// A string, bare or as `{"@value": …}`.
fn plain(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(map) => map.get("@value").and_then(Value::as_str),
        _ => None,
    }
}

/// The texts of `<key>Map` by language (`nameMap`, `contentMap`; F-013).
pub fn mapped<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    value
        .get(format!("{key}Map"))
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(language, text)| Some((language.as_str(), plain(text)?)))
}

/// The text of a property itself, without a look into its language map.
pub fn own_text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    many(value, key).iter().find_map(plain)
}

/// The text of a property: a string, `@value`, or the first one of its language map (F-013).
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    many(value, key).iter().find_map(plain).or_else(|| mapped(value, key).next().map(|(_, t)| t))
}

/// A count: integer, float or numeric text (F-014), clamped to 0…2^53 (S-048).
pub fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64().map(|n| n.min(MAX_TOTAL)).or_else(|| as_total(n.as_f64()?)),
        Value::String(_) => as_total(as_float(value)?),
        _ => None,
    }
}

fn as_total(number: f64) -> Option<u64> {
    // The cast saturates at both ends; not-a-number has been refused before.
    number.is_finite().then_some((number.max(0.0) as u64).min(MAX_TOTAL))
}

/// A finite number, also from text; infinity and not-a-number are refused (S-048).
pub fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) if text.len() <= 40 => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|n: &f64| n.is_finite())
}

/// The count of a property; see [`as_number`].
pub fn number(value: &Value, key: &str) -> Option<u64> {
    many(value, key).iter().find_map(as_number)
}

/// `totalItems` of a collection that is embedded under `key`.
pub fn total(value: &Value, key: &str) -> Option<u64> {
    number(first(value, key)?, "totalItems")
}

/// A boolean; `"true"` and `"false"` count, `null` does not.
pub fn boolean(value: &Value, key: &str) -> Option<bool> {
    match first(value, key)? {
        Value::Bool(b) => Some(*b),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A date in milliseconds since 1970 (F-010).
pub fn time_ms(value: &Value, key: &str) -> Option<i64> {
    many(value, key).iter().find_map(plain).and_then(time::parse)
}

/// True if the document names the AS2 context, at any place of the list (F-004).
pub fn has_context(value: &Value) -> bool {
    many(value, "@context").iter().filter_map(Value::as_str).any(|c| {
        let c = c.trim_end_matches('#');
        c == super::AS2 || c == "http://www.w3.org/ns/activitystreams"
    })
}

/// At most `max` characters.
pub fn clip(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}

/// A language tag that looks like BCP 47 and says something; `und` and nonsense do not (F-272).
pub fn language_tag(tag: &str) -> Option<String> {
    let mut parts = tag.split(['-', '_']);
    let main = parts.next()?;
    let good = tag.len() <= 35
        && (2..=3).contains(&main.len())
        && main.bytes().all(|b| b.is_ascii_alphabetic())
        && !main.eq_ignore_ascii_case("und")
        && parts
            .all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    good.then(|| tag.replace('_', "-"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn f_001_one_many_null_and_absent() {
        let one = json!({"tag": {"type": "x"}, "to": "https://a.example/1", "n": null});
        assert_eq!(many(&one, "tag").len(), 1);
        assert_eq!(ids(&one, "to"), ["https://a.example/1"]);
        assert!(many(&one, "n").is_empty() && many(&one, "zip").is_empty());
        let two = json!({"to": ["https://a.example/1", null, 5, {"id": "https://a.example/2"},
            "https://a.example/1", "as:Public", "bear:?u=x", ""]});
        assert_eq!(ids(&two, "to"), ["https://a.example/1", "https://a.example/2", PUBLIC]);
    }

    #[test]
    fn f_002_references_are_ids_objects_or_links() {
        assert_eq!(id_of(&json!("https://a.example/1")), Some("https://a.example/1"));
        assert_eq!(
            id_of(&json!({"id": "https://a.example/1", "x": 1})),
            Some("https://a.example/1")
        );
        assert_eq!(
            id_of(&json!({"type": "Link", "href": "https://a.example/1"})),
            Some("https://a.example/1")
        );
        for none in [json!(null), json!(5), json!({"id": null}), json!({"@id": "x"}), json!("")] {
            assert_eq!(id_of(&none), None);
        }
    }

    #[test]
    fn f_012_types_may_be_many() {
        let v = json!({"type": ["Odd", 5, "Note"]});
        assert!(has_type(&v, "Note") && !has_type(&v, "Create"));
    }

    #[test]
    fn f_013_texts_come_in_three_shapes() {
        assert_eq!(text(&json!({"name": "a"}), "name"), Some("a"));
        assert_eq!(text(&json!({"name": {"@value": "a", "@language": "en"}}), "name"), Some("a"));
        assert_eq!(text(&json!({"nameMap": {"de": "b"}}), "name"), Some("b"));
        assert_eq!(text(&json!({"name": null, "nameMap": {"de": "b"}}), "name"), Some("b"));
        assert_eq!(text(&json!({"name": "", "nameMap": {"de": "b"}}), "name"), Some(""));
        assert_eq!(text(&json!({"name": 5}), "name"), None);
    }

    #[test]
    fn f_014_numbers_are_lenient() {
        for (v, wanted) in [
            (json!(3), Some(3)),
            (json!(3.0), Some(3)),
            (json!("5"), Some(5)),
            (json!(-1), Some(0)),
            (json!(-1.5), Some(0)),
            (json!(1e300), Some(1 << 53)),
            (json!(u64::MAX), Some(1 << 53)),
            (json!("nan"), None),
            (json!("inf"), None),
            (json!("x"), None),
            (json!(null), None),
        ] {
            assert_eq!(number(&json!({"n": v}), "n"), wanted, "{v}");
        }
    }

    #[test]
    fn f_004_the_context_is_found_anywhere_in_the_list() {
        let as2 = "https://www.w3.org/ns/activitystreams";
        assert!(has_context(&json!({"@context": as2})));
        assert!(has_context(&json!({"@context": ["https://w3id.org/security/v1", as2, {}]})));
        assert!(!has_context(&json!({"@context": {"as": as2}})));
        assert!(!has_context(&json!({"id": "x"})));
    }

    #[test]
    fn f_272_language_tags() {
        assert_eq!(language_tag("en").as_deref(), Some("en"));
        assert_eq!(language_tag("zh-Hant_TW").as_deref(), Some("zh-Hant-TW"));
        for bad in ["", "und", "x", "english language", "e1", "en-", "<b>"] {
            assert_eq!(language_tag(bad), None, "{bad}");
        }
    }
}
