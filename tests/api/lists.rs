//! Lists: members, timelines, and what they take out of home.

use serde_json::{Value, json};

use super::{follow_peer, id, ids};
use crate::support::{Instance, Peer, Person, eventually, texts};

fn follow(reader: &Person, author: &Person) {
    reader.post(&format!("/api/v1/accounts/{}/follow", author.id), json!({}));
}

fn make(person: &Person, more: Value) -> String {
    let mut fields = json!({"title": "a list"});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    id(&person.post("/api/v1/lists", fields))
}

fn add(person: &Person, list: &str, members: &[&Person]) {
    let members: Vec<&str> = members.iter().map(|one| one.id.as_str()).collect();
    person.post(&format!("/api/v1/lists/{list}/accounts"), json!({"account_ids": members}));
}

fn shows(person: &Person, list: &str) -> Vec<String> {
    texts(&person.get(&format!("/api/v1/timelines/list/{list}?limit=40")))
}

fn reply(author: &Person, to: &Value, text: &str) {
    author.post("/api/v1/statuses", json!({"status": text, "in_reply_to_id": id(to)}));
}

#[test]
fn a_list_is_made_changed_and_removed() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let made = ann.post("/api/v1/lists", json!({"title": "friends"}));
    let list = id(&made);
    let expected =
        json!({"id": list, "title": "friends", "replies_policy": "list", "exclusive": false});
    assert_eq!(made, expected);
    assert_eq!(ann.get(&format!("/api/v1/lists/{list}")), expected);
    let changed = ann
        .request("PUT", &format!("/api/v1/lists/{list}"))
        .form(&[("replies_policy", "none"), ("exclusive", "true")])
        .send()
        .ok();
    assert_eq!(changed["title"], "friends");
    assert_eq!((&changed["replies_policy"], &changed["exclusive"]), (&json!("none"), &json!(true)));
    assert_eq!(ids(&ann.get("/api/v1/lists")), std::slice::from_ref(&list));
    // S-082: nobody else's
    for (method, path) in [
        ("GET", format!("/api/v1/lists/{list}")),
        ("PUT", format!("/api/v1/lists/{list}")),
        ("DELETE", format!("/api/v1/lists/{list}")),
        ("GET", format!("/api/v1/lists/{list}/accounts")),
        ("POST", format!("/api/v1/lists/{list}/accounts")),
        ("DELETE", format!("/api/v1/lists/{list}/accounts")),
        ("GET", format!("/api/v1/timelines/list/{list}")),
    ] {
        assert_eq!(bob.request(method, &path).send().status, 404, "{method} {path}");
    }
    for (fields, word) in [
        (json!({}), "Title"),
        (json!({"title": " "}), "Title"),
        (json!({"title": "x".repeat(257)}), "Title"),
        (json!({"title": "x", "replies_policy": "some"}), "replies_policy"),
        (json!({"title": "x", "exclusive": "perhaps"}), "exclusive"),
    ] {
        let answer = ann.request("POST", "/api/v1/lists").json(&fields).send();
        assert_eq!(answer.status, 422, "S-051 {fields:.40}");
        assert!(answer.text().contains(word), "{}", answer.text());
    }
    assert_eq!(ann.delete(&format!("/api/v1/lists/{list}")), json!({}));
    assert_eq!(ann.get("/api/v1/lists"), json!([]));
    for _ in 0..50 {
        make(&ann, json!({}));
    }
    let more = ann.request("POST", "/api/v1/lists").json(&json!({"title": "x"})).send();
    assert_eq!(more.status, 422);
}

#[test]
fn members_are_those_whom_one_follows() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    follow(&ann, &bob);
    let list = make(&ann, json!({}));
    let path = format!("/api/v1/lists/{list}/accounts");
    let answer = |members: &[&str]| {
        ann.request("POST", &path).json(&json!({"account_ids": members})).send().status
    };
    assert_eq!(answer(&[&bob.id, &carl.id]), 404, "carl is not followed");
    assert_eq!(ann.get(&path), json!([]), "all or none");
    assert_eq!(answer(&["5"]), 404);
    assert_eq!(answer(&[&bob.id]), 200);
    assert_eq!(answer(&[&bob.id]), 422, "twice");
    add(&ann, &list, &[&ann]);
    assert_eq!(ids(&ann.get(&path)), [ann.id.clone(), bob.id.clone()]);
    assert_eq!(ids(&ann.get(&format!("{path}?limit=0"))).len(), 2);
    assert_eq!(ids(&ann.get(&format!("{path}?limit=1"))), std::slice::from_ref(&ann.id));
    assert_eq!(
        ids(&ann.get(&format!("/api/v1/accounts/{}/lists", bob.id))),
        std::slice::from_ref(&list)
    );
    assert_eq!(ann.get(&format!("/api/v1/accounts/{}/lists", carl.id)), json!([]));
    // whoever is no longer followed is no longer in it
    ann.post(&format!("/api/v1/accounts/{}/unfollow", bob.id), json!({}));
    assert_eq!(ids(&ann.get(&path)), std::slice::from_ref(&ann.id));
    follow(&ann, &bob);
    assert_eq!(ids(&ann.get(&path)), std::slice::from_ref(&ann.id), "nor again by a new follow");
    add(&ann, &list, &[&bob]);
    ann.post(&format!("/api/v1/accounts/{}/block", bob.id), json!({}));
    assert_eq!(ids(&ann.get(&path)), std::slice::from_ref(&ann.id));
}

#[test]
fn a_list_shows_its_members_as_they_write_and_what_they_wrote() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let peer = Peer::start(&["mia"]);
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    follow(&ann, &bob);
    follow(&ann, &carl);
    bob.writes("before", "private");
    bob.writes("secret", "direct");
    let list = make(&ann, json!({}));
    add(&ann, &list, &[&bob]);
    ann.post(&format!("/api/v1/lists/{list}/accounts"), json!({"account_ids": [mia]}));
    assert_eq!(shows(&ann, &list), ["before"]);
    let one = carl.writes("by carl", "public");
    bob.writes("after", "public");
    bob.post(&format!("/api/v1/statuses/{}/reblog", id(&one)), json!({}));
    let note = peer.create("mia", 1, "<p>from afar</p>", json!({}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    eventually("it arrives", || (shows(&ann, &list).len() == 4).then_some(()));
    assert_eq!(shows(&ann, &list), ["from afar", "by carl", "after", "before"]);
    let page = ann.request("GET", &format!("/api/v1/timelines/list/{list}?limit=2")).send();
    assert!(page.header("link").unwrap().contains("max_id="), "{:?}", page.headers);
    // a mute empties it, and its end fills it again; the member stays
    ann.post(&format!("/api/v1/accounts/{}/mute", bob.id), json!({}));
    assert_eq!(shows(&ann, &list), ["from afar"]);
    ann.post(&format!("/api/v1/accounts/{}/unmute", bob.id), json!({}));
    assert_eq!(shows(&ann, &list), ["from afar", "by carl", "after", "before"]);
    // what others boosted of somebody who is blocked goes, too
    ann.post(&format!("/api/v1/accounts/{}/block", carl.id), json!({}));
    assert_eq!(shows(&ann, &list), ["from afar", "after", "before"]);
    ann.request("DELETE", &format!("/api/v1/lists/{list}/accounts"))
        .json(&json!({"account_ids": [bob.id]}))
        .send()
        .ok();
    assert_eq!(shows(&ann, &list), ["from afar"]);
    bob.writes("no more", "public");
    assert_eq!(shows(&ann, &list), ["from afar"]);
    assert!(ann.home().contains(&"no more".to_owned()));
}

#[test]
fn a_list_shows_the_replies_that_its_policy_names() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let (dora, eve) = (instance.person("dora"), instance.person("eve"));
    for friend in [&bob, &carl, &dora] {
        follow(&ann, friend);
    }
    let lists: Vec<String> = ["list", "followed", "none"]
        .into_iter()
        .map(|policy| make(&ann, json!({"replies_policy": policy})))
        .collect();
    for list in &lists {
        add(&ann, list, &[&bob, &carl]);
    }
    let of = |person: &Person| person.writes("x", "unlisted");
    let own = of(&bob);
    for (parent, text) in [
        (&own, "to himself"),
        (&of(&ann), "to the owner"),
        (&of(&carl), "to a member"),
        (&of(&dora), "to a friend"),
        (&of(&eve), "to a stranger"),
    ] {
        reply(&bob, parent, text);
    }
    let seen = |list: &String| -> Vec<String> {
        shows(&ann, list).into_iter().filter(|text| text != "x").rev().collect()
    };
    assert_eq!(seen(&lists[0]), ["to himself", "to the owner", "to a member"]);
    assert_eq!(seen(&lists[1]), ["to himself", "to the owner", "to a member", "to a friend"]);
    assert_eq!(seen(&lists[2]), ["to himself", "to the owner"]);
}

#[test]
fn an_exclusive_list_takes_its_members_out_of_home() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    follow(&ann, &bob);
    follow(&ann, &carl);
    bob.writes("early", "public");
    carl.writes("by carl", "public");
    ann.writes("own", "public");
    let list = make(&ann, json!({"exclusive": true}));
    add(&ann, &list, &[&bob, &ann]);
    assert_eq!(ann.home(), ["own", "by carl"]);
    bob.writes("late", "public");
    assert_eq!(ann.home(), ["own", "by carl"]);
    assert_eq!(shows(&ann, &list), ["late", "own", "early"]);
    // neither do they come from behind the kept entries, nor with the end of a mute
    let below = ids(&ann.get("/api/v1/timelines/home")).pop().unwrap();
    let older = ann.get(&format!("/api/v1/timelines/home?max_id={below}"));
    assert_eq!(texts(&older), [""; 0]);
    ann.post(&format!("/api/v1/accounts/{}/mute", bob.id), json!({}));
    ann.post(&format!("/api/v1/accounts/{}/unmute", bob.id), json!({}));
    assert_eq!(ann.home(), ["own", "by carl"]);
    // nor by a tag
    ann.post("/api/v1/tags/cats/follow", json!({}));
    bob.writes("a #cats", "public");
    assert_eq!(ann.home(), ["own", "by carl"]);
    let path = format!("/api/v1/lists/{list}");
    ann.request("PUT", &path).json(&json!({"exclusive": false})).send().ok();
    assert_eq!(ann.home(), ["a #cats", "late", "own", "by carl", "early"]);
    ann.request("PUT", &path).json(&json!({"exclusive": true})).send().ok();
    assert_eq!(ann.home(), ["own", "by carl"]);
    ann.delete(&path);
    assert_eq!(ann.home(), ["a #cats", "late", "own", "by carl", "early"]);
}
