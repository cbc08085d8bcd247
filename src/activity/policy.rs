//! Who may favourite, answer and boost a post, as its author's server tells it, and proofs of
//! consent (checklist section S). `canQuote` is in [`super::quote`].
//! <https://docs.gotosocial.org/en/latest/federation/interaction_controls/>

use serde_json::Value;

use super::quote::Policy;
use super::{read, urls};
use crate::model::InteractionKind;

/// Most entries of one list.
const MOST: usize = 50;

/// The policy of a post; what is `None` is for whoever may read it (F-330).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub like: Option<Policy>,
    pub reply: Option<Policy>,
    pub announce: Option<Policy>,
    /// In the words of GoToSocial before 0.20 alone (F-329).
    pub old: bool,
    /// Read from other words (F-337).
    pub hint: bool,
}

/// Reads `interactionPolicy`, else the words of Pixelfed, PeerTube and Lemmy.
pub fn read(value: &Value) -> Told {
    let mut told = Told::default();
    if let Some(policy) = read::first(value, "interactionPolicy").filter(|p| p.is_object()) {
        let (mut new, mut old) = (false, false);
        let mut rule = |key: &str| {
            let rule = read::first(policy, key).filter(|rule| rule.is_object())?;
            let has = |key: &str| rule.get(key).is_some_and(|list| !list.is_null());
            let ids = |key: &str| read::ids(rule, key).into_iter().take(MOST).collect();
            if has("automaticApproval") || has("manualApproval") {
                new = true;
                return Some(Policy {
                    automatic: ids("automaticApproval"),
                    manual: ids("manualApproval"),
                });
            }
            if has("always") || has("approvalRequired") {
                old = true;
                return Some(Policy { automatic: ids("always"), manual: ids("approvalRequired") });
            }
            None
        };
        (told.like, told.reply, told.announce) =
            (rule("canLike"), rule("canReply"), rule("canAnnounce"));
        told.old = old && !new;
        if new || old {
            return told;
        }
    }
    hints(value, told)
}

/// Pixelfed's `capabilities`, which has the text `[]` for nobody, `commentsEnabled`, PeerTube's
/// `commentsPolicy` (2: no comments; comments that wait for approval wait there, unseen by us) and
/// `canReply` (F-337).
fn hints(value: &Value, mut told: Told) -> Told {
    let nobody = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::String(text) => matches!(text.trim(), "" | "[]"),
        _ => false,
    };
    if let Some(can) = value.get("capabilities").filter(|can| can.is_object()) {
        let rule = |key: &str| can.get(key).filter(|v| nobody(v)).map(|_| Policy::default());
        (told.like, told.reply, told.announce) = (rule("like"), rule("reply"), rule("announce"));
    }
    let closed = read::boolean(value, "commentsEnabled") == Some(false)
        || read::number(value, "commentsPolicy") == Some(2)
        || value.get("canReply").is_some_and(|can| !can.is_null() && nobody(can));
    if closed {
        told.reply = Some(Policy::default());
    }
    told.hint = told.like.is_some() || told.reply.is_some() || told.announce.is_some();
    told
}

/// Where an interaction says that the consent to it is found: in the new word of its kind, or in
/// `approvedBy` (F-333).
pub fn claim(value: &Value, kind: InteractionKind) -> Option<String> {
    let new = format!("{}Authorization", kind.wire().to_ascii_lowercase());
    read::id(value, &new).or_else(|| read::id(value, "approvedBy"))
}

/// Whether a document proves that `author` agreed to this interaction: the right type, all three
/// parties, on the author's host (F-334, S-042). The oldest form is the Accept itself.
pub fn is_proof(
    value: &Value,
    kind: InteractionKind,
    author: &str,
    target: &str,
    interaction: &str,
) -> bool {
    // told under either name, and never two ways
    let says = |keys: [&str; 2], wanted: &str| {
        let mut told = keys.iter().filter(|key| !read::many(value, key).is_empty()).peekable();
        told.peek().is_some()
            && told.all(|key| {
                read::many(value, key).len() == 1 && read::id(value, key).as_deref() == Some(wanted)
            })
    };
    let on_host = read::id_of(value).is_some_and(|id| urls::same_host(id, author));
    let concerns = says(["interactingObject", "object"], interaction);
    let is = |suffix: &str| read::has_type(value, &format!("{}{suffix}", kind.wire()));
    if is("Authorization") || is("Approval") {
        return on_host
            && concerns
            && says(["attributedTo", "actor"], author)
            && says(["interactionTarget", "target"], target);
    }
    let no_target = read::many(value, "target").is_empty();
    read::has_type(value, "Accept")
        && on_host
        && concerns
        && says(["actor", "attributedTo"], author)
        && (no_target || says(["target", "interactionTarget"], target))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";
    const ME: &str = "https://a.example/me";

    fn of(policy: Value) -> Told {
        read(&json!({"interactionPolicy": policy}))
    }

    #[test]
    fn f_329_both_spellings_one_or_many() {
        let new =
            of(json!({"canReply": {"automaticApproval": "as:Public", "manualApproval": [ME]}}));
        let wanted = Policy { automatic: vec![PUBLIC.into()], manual: vec![ME.into()] };
        assert_eq!((new.reply, new.like, new.old), (Some(wanted.clone()), None, false));
        let old = of(json!({"canReply": {"always": [PUBLIC], "approvalRequired": ME}}));
        assert_eq!((old.reply, old.old), (Some(wanted.clone()), true));
        // who tells both knows the new ones
        let both = of(json!({"canReply": {"always": [PUBLIC], "approvalRequired": ME,
            "automaticApproval": PUBLIC, "manualApproval": ME}}));
        assert_eq!((both.reply, both.old), (Some(wanted), false));
    }

    #[test]
    fn f_330_what_is_missing_is_open() {
        for policy in [
            json!(null),
            json!({}),
            json!("x"),
            json!([]),
            json!({"canReply": null}),
            json!({"canReply": {}}),
            json!({"canLike": {"always": null}}),
            json!({"canLike": PUBLIC}),
        ] {
            assert_eq!(of(policy.clone()), Told::default(), "{policy}");
        }
        let nobody = of(json!({"canAnnounce": {"always": []}}));
        assert_eq!(nobody.announce, Some(Policy::default()));
    }

    #[test]
    fn f_337_the_words_of_others_are_hints() {
        let closed = [
            json!({"commentsEnabled": false}),
            json!({"commentsPolicy": 2}),
            json!({"capabilities": {"announce": PUBLIC, "like": PUBLIC, "reply": "[]"}}),
            json!({"capabilities": {"reply": null}}),
            json!({"canReply": "[]"}),
        ];
        for value in closed {
            let told = read(&value);
            assert!(told.hint && told.reply == Some(Policy::default()), "{value}");
            assert!(told.like.is_none() && told.announce.is_none(), "{value}");
        }
        let open = [
            json!({"commentsEnabled": true, "commentsPolicy": 1}),
            json!({"commentsPolicy": 3, "canReply": null}),
            json!({"capabilities": {"announce": PUBLIC, "like": PUBLIC, "reply": PUBLIC}}),
            json!({"capabilities": "[]"}),
        ];
        for value in open {
            assert_eq!(read(&value), Told::default(), "{value}");
        }
    }

    #[test]
    fn f_334_s_042_a_proof_must_fit_in_every_field() {
        let (author, target, reply) = (ME, "https://a.example/1", "https://b.example/2");
        let good = json!({"id": "https://a.example/x", "type": "ReplyAuthorization",
            "attributedTo": author, "interactionTarget": target, "interactingObject": reply});
        let old = json!({"id": "https://a.example/x", "type": "ReplyApproval",
            "attributedTo": author, "target": target, "object": {"id": reply, "type": "Note"}});
        let oldest = json!({"id": "https://a.example/x", "type": "Accept", "actor": author,
            "object": reply});
        let fits = |value: &Value| is_proof(value, InteractionKind::Reply, author, target, reply);
        for value in [&good, &old, &oldest] {
            assert!(fits(value), "{value}");
            assert!(
                !is_proof(value, InteractionKind::Reblog, author, target, reply)
                    || value == &oldest
            );
        }
        for (key, value) in [
            ("id", json!("https://b.example/x")),
            ("type", json!("LikeAuthorization")),
            ("attributedTo", json!("https://a.example/other")),
            ("interactionTarget", json!("https://a.example/other")),
            ("interactingObject", json!("https://b.example/other")),
            ("interactingObject", json!([reply, "https://b.example/other"])),
            ("interactingObject", json!(null)),
            ("object", json!("https://b.example/other")),
            ("target", json!("https://a.example/other")),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            assert!(!fits(&bad), "{bad}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(json!(PUBLIC)),
            Just(json!("[]")),
            Just(json!(ME)),
            ".{0,8}".prop_map(Value::from),
        ];
        let key = prop::sample::select(vec![
            "interactionPolicy",
            "canLike",
            "canReply",
            "canAnnounce",
            "always",
            "approvalRequired",
            "automaticApproval",
            "manualApproval",
            "capabilities",
            "like",
            "reply",
            "id",
            "type",
            "object",
            "commentsEnabled",
            "commentsPolicy",
        ]);
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..6)
                    .prop_map(|m| m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn s_045_any_document_is_read(value in any_json()) {
            let told = read(&value);
            for rule in [told.like, told.reply, told.announce].into_iter().flatten() {
                prop_assert!(rule.automatic.len() <= MOST && rule.manual.len() <= MOST);
            }
            is_proof(&value, InteractionKind::Reply, ME, ME, ME);
            claim(&value, InteractionKind::Reblog);
        }
    }
}
