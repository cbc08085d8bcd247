//! Comparing followers between two servers
//! (<https://codeberg.org/fediverse/fep/src/branch/main/fep/8fcf/fep-8fcf.md>, F-229): the header
//! `Collection-Synchronization`, the digest in it, and the partial collection behind it.

use serde_json::Value;

use super::collection::is_collection;
use super::{read, urls};
use crate::crypto;

/// The longest header that is read.
const LONGEST: usize = 8 * 1024;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The whole collection of followers.
    pub collection: String,
    /// Of the followers on the reader's server.
    pub digest: String,
    /// Where they are listed.
    pub url: String,
}

impl Header {
    /// Reads `collectionId="…", digest="…", url="…"` in any order; `None` when a part is missing,
    /// twice there, or no address.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (mut collection, mut digest, mut url) = (None, None, None);
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = after.trim_start().strip_prefix('"')?.split_once('"')?;
            let slot = match name.trim() {
                "collectionId" => Some(&mut collection),
                "digest" => Some(&mut digest),
                "url" => Some(&mut url),
                _ => None,
            };
            if let Some(slot) = slot
                && slot.replace(value.to_owned()).is_some()
            {
                return None;
            }
            rest = after.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(rest) => rest.trim_start(),
                None if rest.is_empty() => rest,
                None => return None,
            };
        }
        let (collection, digest, url) = (collection?, digest?, url?);
        let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        (is_digest && urls::is_web(&url) && urls::is_web(&collection)).then(|| Self {
            collection,
            digest: digest.to_ascii_lowercase(),
            url,
        })
    }

    /// As it is sent.
    pub fn to_text(&self) -> String {
        format!(
            "collectionId=\"{}\", digest=\"{}\", url=\"{}\"",
            self.collection, self.digest, self.url
        )
    }
}

/// The SHA-256 of each id, all of them by exclusive or, in hexadecimal.
pub fn digest<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut sum = [0_u8; 32];
    for id in ids {
        for (byte, other) in sum.iter_mut().zip(crypto::sha256(id.as_bytes())) {
            *byte ^= other;
        }
    }
    crypto::hex(&sum)
}

/// The ids of a partial collection or of one page of it, and the next page; `None` when it is no
/// collection or says nothing of its items: nothing may be concluded from that.
pub fn items(value: &Value) -> Option<(Vec<String>, Option<String>)> {
    if !is_collection(value) {
        return None;
    }
    let mut lists = 0;
    let mut ids = Vec::new();
    let first = read::first(value, "first").filter(|first| first.is_object());
    for part in [Some(value), first].into_iter().flatten() {
        for key in ["orderedItems", "items"] {
            if part.get(key).is_some() {
                lists += 1;
                for item in read::many(part, key) {
                    // an item that cannot be read is one that is missing
                    ids.push(read::uri_of(item)?);
                }
            }
        }
    }
    let next = match first {
        Some(first) => read::id(first, "next"),
        None if lists == 0 => read::id(value, "first"),
        None => read::id(value, "next"),
    };
    (lists > 0 || next.is_some()).then_some((ids, next))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn f_229_the_digest_of_the_vector() {
        let vector = include_str!("../../tests/vectors/http/followers_sync_digest.json");
        let vector: Value = serde_json::from_str(vector).unwrap();
        let ids = read::ids(&vector, "followers");
        let sum = digest(ids.iter().map(String::as_str));
        assert_eq!(sum, vector["digest_hex"]);
        let turned = digest(ids.iter().rev().map(String::as_str));
        assert_eq!(sum, turned, "in any order");
        assert_eq!(digest([]), "0".repeat(64));
        let header = Header::parse(vector["header"].as_str().unwrap()).unwrap();
        assert_eq!(header.digest, sum);
        assert_eq!(header.to_text(), vector["header"]);
    }

    #[test]
    fn f_229_headers_that_cannot_be_meant() {
        let zero = "0".repeat(64);
        let good = format!(
            "collectionId=\"https://a.example/f\",digest=\"{zero}\" , url=\"https://a.example/s\""
        );
        assert!(Header::parse(&good).is_some());
        assert!(Header::parse(&format!("{good}, more=\"x\"")).is_some());
        for bad in [
            String::new(),
            "x".into(),
            good.replace(&zero, "00"),
            good.replace(&zero, &"g".repeat(64)),
            good.replace("https://a.example/s", "file:///x"),
            good.replace("collectionId", "collection"),
            format!("{good}, url=\"https://a.example/t\""),
            format!("{good} x"),
            format!("{good}, x=\"{}\"", "x".repeat(LONGEST)),
        ] {
            assert_eq!(Header::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn f_229_collections_that_say_nothing_prove_nothing() {
        let of = |value: Value| items(&value);
        let ids = vec!["https://a.example/1".to_owned()];
        assert_eq!(
            of(json!({"type": "OrderedCollection", "orderedItems": ids})),
            Some((ids.clone(), None))
        );
        assert_eq!(of(json!({"type": "Collection", "items": []})), Some((vec![], None)));
        let paged = json!({"type": "Collection", "first": {
            "type": "CollectionPage", "items": ids, "next": "https://a.example/2"}});
        assert_eq!(of(paged), Some((ids, Some("https://a.example/2".into()))));
        let first = json!({"type": "Collection", "first": "https://a.example/p"});
        assert_eq!(of(first), Some((vec![], Some("https://a.example/p".into()))));
        for nothing in [
            json!({"type": "Collection", "totalItems": 0}),
            json!({"type": "Note", "items": []}),
            json!({"type": "Collection", "items": [5]}),
            json!([]),
        ] {
            assert_eq!(of(nothing.clone()), None, "{nothing}");
        }
    }

    proptest::proptest! {
        #[test]
        fn s_049_any_header_is_read_or_refused(text in "[ -~]{0,200}") {
            let _ = Header::parse(&text);
        }
    }
}
