//! Which post a post quotes: five ways to say it (F-317).

use serde_json::Value;

use super::{read, tag, urls};

const MISSKEY_REL: &str = "https://misskey-hub.net/ns#_misskey_quote";
const FEP_REL: &str = "https://w3id.org/fep/044f#quote";

/// A quote as the quoting post tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRef {
    /// The quoted post; none when it is said to be deleted.
    pub id: Option<String>,
    /// True without a `quote` key: shown per config, needs no consent (F-319).
    pub legacy: bool,
    /// `quoteAuthorization`: the stamp to be fetched and checked (F-320).
    pub authorization: Option<String>,
    /// `quote` was a Tombstone (F-318).
    pub deleted: bool,
}

/// Finds the quote of a post. A `quote` that is text (BookWyrm's Quotation) is none.
pub fn find(value: &Value) -> Option<QuoteRef> {
    let authorization = read::id(value, "quoteAuthorization");
    for quoted in read::many(value, "quote") {
        if read::has_type(quoted, "Tombstone") {
            return Some(QuoteRef { id: None, legacy: false, authorization, deleted: true });
        }
        if let Some(id) = post_id(quoted) {
            return Some(QuoteRef { id: Some(id), legacy: false, authorization, deleted: false });
        }
    }
    let by_key = ["_misskey_quote", "quoteUrl", "quoteUri", "quoteURL"]
        .iter()
        .find_map(|key| read::many(value, key).iter().find_map(post_id));
    let id = by_key.or_else(|| tag::entries(value).find_map(by_tag))?;
    Some(QuoteRef { id: Some(id), legacy: true, authorization, deleted: false })
}

/// Who may quote a post, as its author's server tells it: ids of actors and collections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub automatic: Vec<String>,
    pub manual: Vec<String>,
}

/// Reads `interactionPolicy.canQuote`, in its old spelling too (F-329).
pub fn policy(value: &Value) -> Policy {
    let Some(told) =
        read::first(value, "interactionPolicy").and_then(|policy| read::first(policy, "canQuote"))
    else {
        return Policy::default();
    };
    let either = |new: &str, old: &str| {
        let ids = read::ids(told, new);
        if ids.is_empty() { read::ids(told, old) } else { ids }
    };
    Policy {
        automatic: either("automaticApproval", "always"),
        manual: either("manualApproval", "approvalRequired"),
    }
}

fn post_id(value: &Value) -> Option<String> {
    read::id_of(value).and_then(urls::keep)
}

/// FEP-e232: a Link tag with an ActivityPub media type and a quote relation.
fn by_tag(tag: &Value) -> Option<String> {
    if !read::has_type(tag, "Link") {
        return None;
    }
    let mut media_type = read::text(tag, "mediaType")?.split(';').map(str::trim);
    let essence = media_type.next()?.to_ascii_lowercase();
    let activity = essence == "application/activity+json"
        || (essence == "application/ld+json" && media_type.any(|p| p.contains(super::AS2)));
    let quotes = read::many(tag, "rel")
        .iter()
        .filter_map(Value::as_str)
        .flat_map(str::split_whitespace)
        .any(|rel| rel == MISSKEY_REL || rel == FEP_REL);
    if activity && quotes { tag.get("href")?.as_str().and_then(urls::keep) } else { None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(value: Value) -> Option<String> {
        find(&value).and_then(|q| q.id)
    }

    #[test]
    fn f_317_the_first_hit_wins() {
        let (a, b) = ("https://a.example/1", "https://b.example/1");
        let all = json!({"quote": a, "_misskey_quote": b, "quoteUrl": b});
        assert_eq!(id(all.clone()).as_deref(), Some(a));
        assert!(!find(&all).unwrap().legacy);
        for key in ["_misskey_quote", "quoteUrl", "quoteUri", "quoteURL"] {
            let v = json!({ key: a, "quote": null });
            assert_eq!(id(v.clone()).as_deref(), Some(a), "{key}");
            assert!(find(&v).unwrap().legacy);
        }
        assert_eq!(id(json!({"quote": [a, b]})).as_deref(), Some(a));
        assert_eq!(id(json!({"quote": {"id": a, "type": "Note"}})).as_deref(), Some(a));
        assert_eq!(id(json!({"quote": "To be or not to be"})), None);
    }

    #[test]
    fn f_317_fep_e232_needs_type_and_relation() {
        let of = |media: &str, rel: Value| {
            id(json!({"tag": {"type": "Link", "mediaType": media, "rel": rel,
                "href": "https://a.example/1"}}))
        };
        let ld = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";
        assert!(of(ld, json!(MISSKEY_REL)).is_some());
        assert!(of("application/activity+json", json!(["x", FEP_REL])).is_some());
        assert!(of(ld, json!("payment")).is_none());
        assert!(of("text/html", json!(FEP_REL)).is_none());
        assert!(of("application/ld+json", json!(FEP_REL)).is_none());
    }

    #[test]
    fn f_329_both_spellings_of_a_policy_are_read() {
        let (public, me) = ("https://www.w3.org/ns/activitystreams#Public", "https://a.example/me");
        let told = |policy: Value| super::policy(&json!({"interactionPolicy": policy}));
        let new =
            told(json!({"canQuote": {"automaticApproval": "as:Public", "manualApproval": [me]}}));
        assert_eq!((new.automatic, new.manual), (vec![public.to_owned()], vec![me.to_owned()]));
        let old = told(json!({"canQuote": {"always": [public], "approvalRequired": []}}));
        assert_eq!(old.automatic, [public]);
        assert_eq!(told(json!({"canReply": {"always": [public]}})), Policy::default());
        assert_eq!(told(json!("x")), Policy::default());
    }

    #[test]
    fn f_318_a_tombstone_is_a_deleted_quote() {
        let q = find(&json!({"quote": {"type": "Tombstone"}, "quoteUrl": "https://a.example/1"}));
        assert!(q.is_some_and(|q| q.deleted && q.id.is_none()));
    }
}
