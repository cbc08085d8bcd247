//! The only door for JSON from other servers: one streaming pass with all caps of S-044.

use std::cell::Cell;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};

/// What a document may hold at most (S-044).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the whole body.
    pub bytes: usize,
    /// Arrays and objects inside one another, the outermost one counted.
    pub depth: usize,
    /// Values of every sort, the outermost one counted.
    pub nodes: usize,
    /// Bytes of one string or key.
    pub string: usize,
}

impl Limits {
    /// Activities, actors, posts: what one of them needs is a few hundred nodes.
    pub const DOCUMENT: Self =
        Self { bytes: 1 << 20, depth: 32, nodes: 10_000, string: 512 * 1024 };
    /// Collections and their pages: up to some hundred posts in full. The byte cap is the same,
    /// so that the memory stays bounded; an array of 100 000 elements is refused here too.
    pub const COLLECTION: Self = Self { nodes: 60_000, ..Self::DOCUMENT };
}

/// Keys whose repetition could make two parsers see two different activities (S-036).
const UNIQUE: [&str; 4] = ["id", "type", "actor", "object"];

/// Reads one activity, actor or post.
///
/// # Errors
/// [`Error::TooLarge`] above 1 MiB (F-128), [`Error::BadRequest`] for all else: broken JSON, a
/// cap of S-044, a repeated `id`, `type`, `actor` or `object` in one object (S-036).
pub fn parse(bytes: &[u8]) -> Result<Value> {
    parse_within(bytes, Limits::DOCUMENT)
}

/// Reads a collection or a page of one; as [`parse`] with a wider node cap.
///
/// # Errors
/// As [`parse`].
pub fn parse_collection(bytes: &[u8]) -> Result<Value> {
    parse_within(bytes, Limits::COLLECTION)
}

/// Reads JSON within `limits`; stops at the first thing that breaks one.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(bytes: &[u8], limits: Limits) -> Result<Value> {
    if bytes.len() > limits.bytes {
        return Err(Error::TooLarge { limit: limits.bytes });
    }
    // Files written by hand (static servers) may start with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let guard = Guard { limits, nodes: Cell::new(0), reason: Cell::new(None) };
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let value = Node { guard: &guard, depth: 0 }.deserialize(&mut source);
    value
        .and_then(|value| source.end().map(|()| value))
        .map_err(|_| super::refuse(guard.reason.get().unwrap_or("The document is not valid JSON")))
}

/// Counts over one whole document.
struct Guard {
    limits: Limits,
    nodes: Cell<usize>,
    reason: Cell<Option<&'static str>>,
}

impl Guard {
    fn refuse<E: serde::de::Error>(&self, why: &'static str) -> E {
        self.reason.set(Some(why));
        E::custom(why)
    }

    fn count<E: serde::de::Error>(&self) -> std::result::Result<(), E> {
        let nodes = self.nodes.get() + 1;
        self.nodes.set(nodes);
        if nodes > self.limits.nodes {
            return Err(self.refuse("The document has too many values"));
        }
        Ok(())
    }

    fn string<E: serde::de::Error>(&self, text: &str) -> std::result::Result<(), E> {
        if text.len() > self.limits.string {
            return Err(self.refuse("The document has a string that is too long"));
        }
        Ok(())
    }
}

/// Reads one value; `depth` is the number of arrays and objects around it.
struct Node<'g> {
    guard: &'g Guard,
    depth: usize,
}

impl<'g> Node<'g> {
    /// The seed for what lies inside this array or object.
    fn inside<E: serde::de::Error>(&self) -> std::result::Result<Node<'g>, E> {
        let depth = self.depth + 1;
        if depth > self.guard.limits.depth {
            return Err(self.guard.refuse("The document is nested too deeply"));
        }
        Ok(Node { guard: self.guard, depth })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(
        self,
        source: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        self.guard.count()?;
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<Value, E> {
        // Infinity cannot be written in JSON; `1e400` ends here or in serde_json (S-048).
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| self.guard.refuse("The document has a number out of range"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> std::result::Result<Value, E> {
        self.guard.string(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> std::result::Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = source.next_element_seed(self.inside()?)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> std::result::Result<Value, A::Error> {
        // Asked here too, so that an empty object counts as a level like any other.
        self.inside::<A::Error>()?;
        let mut map = Map::new();
        while let Some(key) = source.next_key::<String>()? {
            self.guard.string::<A::Error>(&key)?;
            if UNIQUE.contains(&key.as_str()) && map.contains_key(&key) {
                return Err(self.guard.refuse("The document has a repeated key"));
            }
            let value = source.next_value_seed(self.inside()?)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reason(bytes: &[u8]) -> String {
        match parse(bytes) {
            Err(Error::BadRequest(why)) => why.into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn s_044_depth_32_is_the_last() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(nested(32).as_bytes()).is_ok());
        assert_eq!(reason(nested(33).as_bytes()), "The document is nested too deeply");
        assert_eq!(
            reason("{\"a\":".repeat(200_000).as_bytes()),
            "The document is nested too deeply"
        );
    }

    #[test]
    fn s_044_nodes_strings_and_bytes_are_capped() {
        let array = |n: usize| format!("[{}0]", "0,".repeat(n));
        assert!(parse(array(9_998).as_bytes()).is_ok());
        assert_eq!(reason(array(9_999).as_bytes()), "The document has too many values");
        assert!(parse_collection(array(9_999).as_bytes()).is_ok());
        assert!(parse_collection(array(100_000).as_bytes()).is_err());
        let string = |n: usize| format!("\"{}\"", "x".repeat(n));
        assert!(parse(string(512 * 1024).as_bytes()).is_ok());
        assert_eq!(
            reason(string(512 * 1024 + 1).as_bytes()),
            "The document has a string that is too long"
        );
        assert!(matches!(parse(&vec![b' '; (1 << 20) + 1]), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn s_036_repeated_keys_are_refused_at_every_level() {
        for body in [
            r#"{"actor":"a","actor":"b"}"#,
            r#"{"actor":"a","\u0061ctor":"b"}"#,
            r#"{"object":{"id":"a","x":1,"id":"a"}}"#,
            r#"[{"type":"a","type":"b"}]"#,
        ] {
            assert_eq!(reason(body.as_bytes()), "The document has a repeated key", "{body}");
        }
        assert!(parse(br#"{"id":"a","object":{"id":"b"},"x":1,"x":2}"#).is_ok());
    }

    #[test]
    fn s_048_broken_json_and_wild_numbers_are_refused() {
        for body in ["", "{", "{} {}", "nul", "1e400", "NaN", "\"\\ud800\"", "{\"a\":1,}"] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(parse(b"\xff\xfe").is_err());
        assert!(parse(b"\xef\xbb\xbf{}").is_ok());
    }
}
