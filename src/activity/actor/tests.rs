//! Actors: the shapes of section C that the vectors do not show.

use super::*;
use serde_json::json;

fn with(extra: Value) -> Value {
    let mut v = json!({"@context": "https://www.w3.org/ns/activitystreams",
        "id": "https://a.example/u", "type": "Person", "preferredUsername": "u"});
    v.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    v
}

fn actor(extra: Value) -> Actor {
    Actor::parse(&with(extra)).unwrap()
}

#[test]
fn f_004_an_actor_needs_the_context_unless_embedded() {
    let bare = json!({"id": "https://a.example/u", "type": "Person", "preferredUsername": "u"});
    assert!(Actor::parse(&bare).is_err());
    assert!(Actor::parse_embedded(&bare).is_ok());
}

#[test]
fn f_043_only_five_types_are_actors() {
    for kind in ["Person", "Service", "Application", "Group", "Organization"] {
        assert_eq!(actor(json!({"type": [kind, "Odd"]})).kind.as_str(), kind);
    }
    assert!(Actor::parse(&with(json!({"type": "Note"}))).is_err());
    assert!(actor(json!({"type": "Service"})).bot && !actor(json!({})).bot);
}

#[test]
fn f_044_the_shared_inbox_has_two_places() {
    let url = Some("https://a.example/in".to_owned());
    assert_eq!(actor(json!({"endpoints": {"sharedInbox": url.clone()}})).shared_inbox, url);
    assert_eq!(actor(json!({"sharedInbox": url.clone(), "endpoints": {}})).shared_inbox, url);
    assert_eq!(actor(json!({"endpoints": null})).shared_inbox, None);
}

#[test]
fn f_047_keys_are_many_and_must_be_the_actors_own() {
    let key = |id: &str, owner: &str| json!({"id": id, "owner": owner, "publicKeyPem": "PEM"});
    let a = actor(json!({"publicKey": [
        key("https://a.example/u#1", "https://a.example/u"),
        key("https://a.example/u#2", "https://a.example/other"),
        key("https://b.example/u#3", "https://a.example/u"),
        {"id": "https://a.example/u#4", "controller": "https://a.example/u", "publicKeyPem": "P"},
        {"id": "https://a.example/u#5"}]}));
    assert!(a.key("https://a.example/u#1").is_some() && a.key("https://a.example/u#4").is_some());
    assert_eq!(a.public_keys.len(), 2);
}

#[test]
fn s_025_a_key_document_is_a_claim_on_its_own_host() {
    let doc = json!({"id": "https://a.example/k", "type": "Key", "owner": "https://a.example/u",
        "publicKeyPem": "PEM"});
    assert!(key_document(&doc, "https://a.example/k").is_some());
    assert!(key_document(&doc, "https://a.example/other").is_none());
    let forged = json!({"id": "https://b.example/k", "owner": "https://a.example/u",
        "publicKeyPem": "PEM"});
    assert!(key_document(&forged, "https://b.example/k").is_none());
}

#[test]
fn f_049_the_page_is_the_html_link() {
    let of = |url: Value| actor(json!({"url": url})).url;
    let page = Some("https://www.a.example/@u".to_owned());
    assert_eq!(of(json!("https://www.a.example/@u")), page);
    assert_eq!(of(json!(["javascript:x", "https://www.a.example/@u"])), page);
    assert_eq!(
        of(json!(["https://a.example/u", {"type": "Link", "mediaType": "text/html",
            "href": "https://www.a.example/@u"}])),
        page
    );
    assert_eq!(of(json!([null, 5, {"type": "Link"}])), None);
}

#[test]
fn f_052_collections_stay_on_the_actors_host() {
    let a = actor(json!({"followers": "https://b.example/f", "inbox": "https://b.example/i",
        "outbox": "https://A.example/o", "featured": "https://a.example:444/c"}));
    assert_eq!((a.followers, a.inbox, a.featured), (None, None, None));
    assert_eq!(a.outbox.as_deref(), Some("https://A.example/o"));
}

#[test]
fn f_053_texts_are_cut_and_names_refused() {
    let long = "é".repeat(30_000);
    let fields: Vec<_> = (0..80)
        .map(|_| json!({"type": "PropertyValue", "name": long.clone(), "value": "v"}))
        .collect();
    let a = actor(json!({"name": long.clone(), "summary": long.clone(), "attachment": fields}));
    assert_eq!((a.name.chars().count(), a.summary.chars().count()), (2048, 20_000));
    assert_eq!((a.fields.len(), a.fields[0].0.chars().count()), (50, 2047));
    assert!(Actor::parse(&with(json!({"preferredUsername": long}))).is_err());
    for bad in ["a@b", "a b", "a/b", "a\u{0}"] {
        assert!(Actor::parse(&with(json!({"preferredUsername": bad}))).is_err(), "{bad}");
    }
    let many: Vec<_> = (0..400).map(|n| format!("https://b.example/{n}")).collect();
    assert_eq!(actor(json!({"alsoKnownAs": many})).also_known_as.len(), 256);
}

#[test]
fn f_021_webfinger_stands_in_for_the_user_name() {
    let a = actor(json!({"preferredUsername": null, "webfinger": "acct:x@a.example"}));
    assert_eq!((a.preferred_username.as_str(), a.webfinger.as_deref()), ("x", Some("x@a.example")));
    assert!(Actor::parse(&with(json!({"preferredUsername": ""}))).is_err());
}

#[test]
fn f_058_privacy_flags() {
    let p = actor(json!({"_misskey_requireSigninToViewContents": true,
        "_misskey_makeNotesHiddenBefore": -7776000000_i64}))
    .privacy;
    assert!(p.sign_in_required && !p.hides_unlisted);
    assert_eq!(p.hidden_before, Some(-7_776_000_000));
    assert!(actor(json!({"hidesToPublicFromUnauthedWeb": false})).privacy.hides_unlisted);
}

#[test]
fn f_059_what_we_do_not_know_does_no_harm() {
    actor(json!({"isCat": true, "backgroundUrl": null, "vcard:bday": "x", "streams": [],
        "tag": "nope", "attachment": [[[]]], "icon": [{}], "image": null, "summary": null,
        "name": null, "publicKey": "x", "endpoints": 5}));
}
