//! What one keeps about others: notes, endorsements, who is familiar; and bad input to every
//! endpoint about accounts.

use serde_json::{Value, json};

use super::{follow_peer, ids};
use crate::support::{Answer, Instance, Peer, Person};

fn relation(person: &Person, other: &str) -> Value {
    person.get(&format!("/api/v1/accounts/relationships?id[]={other}"))[0].clone()
}

/// Every key that a Relationship has, always.
const KEYS: [&str; 16] = [
    "blocked_by",
    "blocking",
    "domain_blocking",
    "endorsed",
    "followed_by",
    "following",
    "id",
    "languages",
    "muting",
    "muting_expires_at",
    "muting_notifications",
    "note",
    "notifying",
    "requested",
    "requested_by",
    "showing_reblogs",
];

#[test]
fn a_note_is_for_its_writer_alone() {
    let instance = Instance::start();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    let path = format!("/api/v1/accounts/{}/note", bob.id);
    let after = ann.post(&path, json!({"comment": " met in 東京\n<b> "}));
    assert_eq!(after["note"], "met in 東京\n<b>");
    assert_eq!(relation(&ann, &bob.id)["note"], "met in 東京\n<b>");
    assert_eq!(relation(&eve, &bob.id)["note"], "");
    assert_eq!(relation(&bob, &ann.id)["note"], "");
    assert_eq!(ann.request("POST", &path).form(&[("comment", "new")]).send().ok()["note"], "new");
    let long = "字".repeat(2000);
    assert_eq!(ann.post(&path, json!({"comment": long}))["note"], long);
    let longer = ann.request("POST", &path).json(&json!({"comment": format!("{long}x")})).send();
    assert_eq!(longer.status, 422, "{}", longer.text());
    assert!(longer.text().contains("Comment is too long (maximum is 2000 characters)"));
    assert_eq!(relation(&ann, &bob.id)["note"], long);
    assert_eq!(ann.post(&path, json!({}))["note"], "", "without a comment it goes");
}

#[test]
fn one_endorses_whom_one_follows() {
    let instance = Instance::start();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    let deed = |other: &Person, deed: &str| {
        ann.request("POST", &format!("/api/v1/accounts/{}/{deed}", other.id)).send()
    };
    let refused = deed(&bob, "endorse");
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("You must be already following the person"),
        "{}",
        refused.text()
    );
    assert_eq!(deed(&ann, "endorse").status, 422, "oneself");
    for other in [&bob, &eve] {
        deed(other, "follow").ok();
    }
    assert_eq!(deed(&bob, "endorse").ok()["endorsed"], true);
    assert_eq!(deed(&bob, "pin").ok()["endorsed"], true, "again, by its older name");
    assert_eq!(deed(&eve, "pin").ok()["endorsed"], true);
    assert_eq!(relation(&ann, &bob.id)["endorsed"], true);
    assert_eq!(relation(&bob, &ann.id)["endorsed"], false);
    let both = [eve.id.clone(), bob.id.clone()];
    assert_eq!(ids(&ann.get("/api/v1/endorsements")), both);
    let open = format!("/api/v1/accounts/{}/endorsements", ann.id);
    assert_eq!(ids(&instance.get(&open).ok()), both);
    let page = instance.get(&format!("{open}?limit=1"));
    assert!(page.header("link").unwrap().contains("rel=\"next\""));
    assert_eq!(ids(&page.ok()), [eve.id.as_str()]);
    assert_eq!(bob.get("/api/v1/endorsements"), json!([]));
    // it ends by itself with the follow
    assert_eq!(deed(&eve, "unfollow").ok()["endorsed"], false);
    assert_eq!(ids(&ann.get("/api/v1/endorsements")), [bob.id.as_str()]);
    assert_eq!(deed(&bob, "unendorse").ok()["endorsed"], false);
    assert_eq!(deed(&bob, "unpin").ok()["endorsed"], false);
    assert_eq!(instance.get(&open).ok(), json!([]));
    // whom she blocks sees none
    deed(&bob, "endorse").ok();
    deed(&eve, "block").ok();
    assert_eq!(eve.get(&open), json!([]));
}

#[test]
fn familiar_followers_are_those_whom_one_follows() {
    let instance = Instance::start();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    let (fay, gus) = (instance.person("fay"), instance.person("gus"));
    let peer = Peer::start(&["mia"]);
    for follower in [&bob, &eve] {
        follow_peer(&instance, follower, &peer, "mia");
    }
    let mia = follow_peer(&instance, &gus, &peer, "mia");
    for (a, b) in [(&ann, &bob), (&ann, &gus), (&bob, &fay), (&fay, &ann)] {
        a.post(&format!("/api/v1/accounts/{}/follow", b.id), json!({}));
    }
    let path = format!(
        "/api/v1/accounts/familiar_followers?id[]={mia}&id[]={}&id[]={}&id[]=5&id[]={mia}",
        fay.id, eve.id
    );
    let found = ann.get(&path);
    let of = |index: usize| {
        let mut names: Vec<String> = ids(&found[index]["accounts"]);
        names.sort();
        (found[index]["id"].as_str().unwrap().to_owned(), names)
    };
    let mut both = vec![bob.id.clone(), gus.id.clone()];
    both.sort();
    assert_eq!(of(0), (mia, both));
    assert_eq!(of(1), (fay.id.clone(), vec![bob.id.clone()]));
    assert_eq!(of(2), (eve.id.clone(), vec![]));
    assert_eq!(found.as_array().unwrap().len(), 3);
    assert_eq!(ann.get("/api/v1/accounts/familiar_followers"), json!([]));
}

#[test]
fn whom_one_asked_is_listed_until_they_answer() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let locked = json!({"locked": true});
    bob.request("PATCH", "/api/v1/accounts/update_credentials").json(&locked).send().ok();
    let relation = ann.post(
        &format!("/api/v1/accounts/{}/follow", bob.id),
        json!({"reblogs": false, "notify": true, "languages": ["de", "en"]}),
    );
    assert_eq!((&relation["requested"], &relation["following"]), (&json!(true), &json!(false)));
    assert_eq!(ids(&ann.get("/api/v1/follow_requests/outgoing")), [bob.id.as_str()]);
    assert_eq!(bob.get("/api/v1/follow_requests/outgoing"), json!([]));
    assert_eq!(
        bob.get("/api/v1/accounts/verify_credentials")["source"]["follow_requests_count"],
        1
    );
    bob.post(&format!("/api/v1/follow_requests/{}/authorize", ann.id), json!({}));
    assert_eq!(ann.get("/api/v1/follow_requests/outgoing"), json!([]));
}

#[test]
fn a_relationship_has_all_its_keys_whatever_it_is() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    let check = |relation: &Value| {
        let found: Vec<&str> = relation.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, KEYS);
        for (key, value) in relation.as_object().unwrap() {
            match key.as_str() {
                "id" | "note" => assert!(value.is_string(), "{key}"),
                "languages" => assert!(value.is_null() || value.is_array(), "{key}"),
                "muting_expires_at" => assert!(value.is_null() || value.is_string(), "{key}"),
                _ => assert!(value.is_boolean(), "{key}: {value}"),
            }
        }
    };
    for other in [&ann.id, &bob.id, &mia] {
        check(&relation(&ann, other));
        for (deed, body) in [
            ("follow", json!({"languages": ["en"]})),
            ("note", json!({"comment": "x"})),
            ("endorse", json!({})),
            ("mute", json!({"duration": 60})),
            ("unmute", json!({})),
            ("block", json!({})),
            ("unblock", json!({})),
            ("unfollow", json!({})),
            ("remove_from_followers", json!({})),
        ] {
            let path = format!("/api/v1/accounts/{other}/{deed}");
            let answer = ann.request("POST", &path).json(&body).send();
            if answer.status == 200 {
                check(&answer.json());
            } else {
                assert!(*other == ann.id, "{path}: {}", answer.text());
            }
        }
    }
}

#[test]
fn bad_input_to_accounts_is_refused_as_mastodon_does() {
    let instance = Instance::start();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    eve.post(&format!("/api/v1/accounts/{}/block", ann.id), json!({}));
    let refused = |answer: &Answer, status: u16, what: &str, error: &str| {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        let text = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(text.contains(error), "{what}: {error} is not in {text}");
    };
    // an account that is not there, whatever is asked of it
    let deeds = [
        "follow",
        "unfollow",
        "remove_from_followers",
        "block",
        "unblock",
        "mute",
        "unmute",
        "note",
        "endorse",
        "unendorse",
        "pin",
        "unpin",
    ];
    let reads =
        ["", "/statuses", "/followers", "/following", "/featured_tags", "/endorsements", "/lists"];
    for id in ["5", "0", "-1", "1", "abc", "99999999999999999999", "%20", "1%00"] {
        for deed in deeds {
            let path = format!("/api/v1/accounts/{id}/{deed}");
            refused(&ann.request("POST", &path).send(), 404, &path, "Record not found");
        }
        for read in reads {
            let path = format!("/api/v1/accounts/{id}{read}");
            refused(&ann.request("GET", &path).send(), 404, &path, "Record not found");
        }
        for deed in ["authorize", "reject"] {
            let path = format!("/api/v1/follow_requests/{id}/{deed}");
            refused(&ann.request("POST", &path).send(), 404, &path, "Record not found");
        }
    }
    // oneself, and who blocks one
    for deed in ["follow", "block", "mute"] {
        let path = format!("/api/v1/accounts/{}/{deed}", ann.id);
        refused(&ann.request("POST", &path).send(), 403, &path, "This action is not allowed");
    }
    let path = format!("/api/v1/accounts/{}/follow", eve.id);
    refused(&ann.request("POST", &path).send(), 403, &path, "This action is not allowed");
    // fields of a wrong kind
    for (deed, body, field) in [
        ("follow", json!({"reblogs": {}}), "reblogs"),
        ("follow", json!({"notify": "perhaps"}), "notify"),
        ("follow", json!({"languages": ["!!"]}), "languages"),
        ("follow", json!({"languages": [{}]}), "languages"),
        ("mute", json!({"duration": "soon"}), "duration"),
        ("mute", json!({"duration": [1]}), "duration"),
        ("mute", json!({"duration": 1.5}), "duration"),
        ("mute", json!({"notifications": []}), "notifications"),
        ("note", json!({"comment": ["x"]}), "comment"),
        ("note", json!({"comment": {"a": "b"}}), "comment"),
        ("note", json!({"comment": 5}), "comment"),
    ] {
        let path = format!("/api/v1/accounts/{}/{deed}", bob.id);
        refused(&ann.request("POST", &path).json(&body).send(), 422, &body.to_string(), field);
    }
    for (path, field) in [
        (format!("/api/v1/accounts/{}/followers?limit=many", bob.id), "limit"),
        (format!("/api/v1/accounts/{}/endorsements?limit=x", bob.id), "limit"),
        ("/api/v1/endorsements?max_id[a]=b".into(), "max_id"),
        ("/api/v1/accounts?id[a][b]=c".into(), "id"),
        ("/api/v1/accounts/relationships?id[a][b]=c".into(), "id"),
        ("/api/v1/accounts/familiar_followers?id[a][b]=c".into(), "id"),
        ("/api/v1/accounts/lookup?acct[]=a".into(), "acct"),
        ("/api/v1/accounts/search?q=a&following=perhaps".into(), "following"),
    ] {
        refused(&ann.request("GET", &path).send(), 422, &path, field);
    }
    // absurd numbers are cut to what is served
    for path in [
        format!("/api/v1/accounts/{}/followers?limit=999999999&max_id=-5", bob.id),
        format!("/api/v1/accounts/{}/endorsements?limit=0", bob.id),
        "/api/v1/endorsements?limit=-3&since_id=99999999999999999999".into(),
        "/api/v1/follow_requests/outgoing?limit=99999".into(),
        "/api/v1/accounts/search?q=zz&limit=9999&offset=-4".into(),
    ] {
        assert_eq!(ann.get(&path), json!([]), "{path}");
    }
    let many: String = (1..500).map(|id| format!("id[]={id}&")).collect();
    for path in [
        "/api/v1/accounts",
        "/api/v1/accounts/relationships",
        "/api/v1/accounts/familiar_followers",
    ] {
        assert_eq!(ann.get(&format!("{path}?{many}")), json!([]), "{path}");
    }
    // for ever, or as far as time goes
    for duration in [json!(0), json!("0"), json!(-5), json!(i64::MAX), json!("")] {
        let path = format!("/api/v1/accounts/{}/mute", bob.id);
        assert_eq!(ann.post(&path, json!({"duration": duration}))["muting"], true, "{duration}");
        ann.get("/api/v1/mutes");
    }
    let relation = relation(&ann, &bob.id);
    for name in ["following", "requested", "endorsed", "blocking"] {
        assert_eq!(relation[name], false, "{name}");
    }
    assert_eq!(relation["note"], "");
}

#[test]
fn whom_one_does_not_want_to_see_is_not_among_those_who_liked_or_boosted() {
    let instance = Instance::start();
    let [ann, bob, eve, dan, joe] =
        ["ann", "bob", "eve", "dan", "joe"].map(|name| instance.person(name));
    let status = super::id(&ann.writes("hello", "public"));
    for person in [&bob, &eve, &dan] {
        person.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
        person.post(&format!("/api/v1/statuses/{status}/reblog"), json!({}));
    }
    joe.post(&format!("/api/v1/accounts/{}/block", bob.id), json!({}));
    eve.post(&format!("/api/v1/accounts/{}/block", joe.id), json!({}));
    for list in ["favourited_by", "reblogged_by"] {
        let path = format!("/api/v1/statuses/{status}/{list}");
        assert_eq!(ids(&joe.get(&path)), [dan.id.as_str()], "{list}");
        assert_eq!(ids(&ann.get(&path)).len(), 3, "{list}");
    }
    joe.post(&format!("/api/v1/accounts/{}/mute", dan.id), json!({}));
    assert_eq!(joe.get(&format!("/api/v1/statuses/{status}/favourited_by")), json!([]));
}
