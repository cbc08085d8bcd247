//! Domain blocks of a person: what ends, what is hidden, and what the lists say.

use serde_json::{Value, json};

use super::{follow_peer, id, write_many};
use crate::support::{Instance, Peer, Person, Request, eventually};

const PATH: &str = "/api/v1/domain_blocks";

/// A follow of somebody on the peer, accepted at once.
fn followed_by(instance: &Instance, person: &Person, peer: &Peer, name: &str) {
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at(&format!("/f/{name}")),
        "type": "Follow", "actor": peer.uri(name), "object": person.uri,
    });
    assert_eq!(peer.send(name, &format!("{}/inbox", instance.base), &follow).status, 202);
    eventually("the follower is there", || {
        let followers = person.get(&format!("/api/v1/accounts/{}/followers", person.id));
        let is_there = |one: &Value| one["username"] == name;
        followers.as_array().unwrap().iter().any(is_there).then_some(())
    });
}

#[test]
fn a_domain_is_blocked_listed_and_unblocked() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    assert_eq!(ann.get(PATH), json!([]));
    assert_eq!(ann.post(PATH, json!({"domain": "Bücher.Example."})), json!({}));
    assert_eq!(ann.post(PATH, json!({"domain": "a.example"})), json!({}));
    assert_eq!(ann.post(PATH, json!({"domain": "A.example"})), json!({}), "again does nothing");
    assert_eq!(ann.get(PATH), json!(["a.example", "xn--bcher-kva.example"]), "newest first");
    assert_eq!(bob.get(PATH), json!([]), "nobody else's");
    // in the query, as clients send it, and in a form
    ann.delete(&format!("{PATH}?domain=a.example"));
    ann.request("DELETE", PATH).form(&[("domain", "bücher.example")]).send().ok();
    ann.delete(&format!("{PATH}?domain=never.example"));
    assert_eq!(ann.get(PATH), json!([]));
    for domain in ["", " ", "a b", "*", "x@y", "http://", &instance.host, "a*b"] {
        for method in ["POST", "DELETE"] {
            let answer = ann.request(method, PATH).json(&json!({"domain": domain})).send();
            assert_eq!(answer.status, 422, "{method} {domain:?}: {}", answer.text());
            assert!(answer.json()["error"].as_str().unwrap().contains("domain"));
        }
    }
    assert_eq!(ann.request("POST", PATH).json(&json!({})).send().status, 422);
    assert_eq!(ann.request("POST", PATH).json(&json!({"domain": [1]})).send().status, 422);
    assert_eq!(ann.request("GET", &format!("{PATH}/preview")).send().status, 422);
}

#[test]
fn domains_come_in_pages() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for number in 0..7 {
        ann.post(PATH, json!({"domain": format!("d{number}.example")}));
    }
    let mut seen = Vec::new();
    let mut next = format!("{}{PATH}?limit=3", instance.base);
    loop {
        let request = Request::new("GET", &next);
        let answer = request.header("authorization", format!("Bearer {}", ann.token)).send();
        let page = answer.json();
        seen.extend(page.as_array().unwrap().iter().map(|d| d.as_str().unwrap().to_owned()));
        let link = answer.header("link").unwrap_or_default().to_owned();
        match link.split(", ").find_map(|part| part.strip_suffix(">; rel=\"next\"")) {
            Some(address) => next = address.trim_start_matches('<').to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, (0..7).rev().map(|n| format!("d{n}.example")).collect::<Vec<_>>());
    assert_eq!(ann.get(&format!("{PATH}?limit=99999")).as_array().unwrap().len(), 7);
}

#[test]
fn a_block_ends_follows_both_ways_and_hides_what_is_there() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "nora"]);
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    followed_by(&instance, &ann, &peer, "nora");
    followed_by(&instance, &ann, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    let named = json!({
        "cc": [ann.uri, format!("{}/followers", peer.uri("mia"))],
        "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}],
    });
    assert_eq!(peer.send("mia", &inbox, &peer.create("mia", 1, "<p>hi</p>", named)).status, 202);
    eventually("it is at home", || (ann.home() == ["hi"]).then_some(()));
    assert_eq!(ann.notifications().len(), 3);
    let preview = ann.get(&format!("{PATH}/preview?domain={}", peer.host));
    assert_eq!(preview, json!({"following_count": 1, "followers_count": 2}));
    let (me, mia_id) = (ann.id.parse().unwrap(), mia.parse().unwrap());
    let permit =
        move |tx: &dassie::db::Tx<'_>| dassie::db::notification_policy::permit(tx, me, mia_id);
    instance.app.db.write(dassie::db::Lane::Interactive, permit).wait().unwrap();

    ann.post(PATH, json!({"domain": peer.host}));
    assert!(ann.home().is_empty());
    let told = ann.notifications();
    assert!(told.iter().all(|(kind, _)| kind == "severed_relationships"), "{told:?}");
    let relation = ann.get(&format!("/api/v1/accounts/relationships?id[]={mia}"));
    assert_eq!(relation[0]["domain_blocking"], true);
    assert_eq!(relation[0]["following"], false);
    assert_eq!(relation[0]["followed_by"], false);
    let counts = |kind: &str| peer.received().iter().filter(|a| a["type"] == kind).count();
    eventually("the peer is told", || ((counts("Undo"), counts("Reject")) == (1, 2)).then_some(()));
    // no follow as long as it is hidden, either way
    let follow = ann.request("POST", &format!("/api/v1/accounts/{mia}/follow")).send();
    assert_eq!(follow.status, 403);
    let again = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/f/again"),
        "type": "Follow", "actor": peer.uri("nora"), "object": ann.uri,
    });
    assert_eq!(peer.send("nora", &inbox, &again).status, 202);
    eventually("it is refused", || (counts("Reject") == 3).then_some(()));
    assert_eq!(ann.notifications(), told);
    // nor is somebody of it heard later on, whose request was accepted before
    let read = |conn: &dassie::db::Conn| dassie::db::notification_policy::permits(conn, me, mia_id);
    assert!(!instance.app.db.read(read).unwrap());
    // shown again, what was there is not lost
    ann.delete(&format!("{PATH}?domain={}", peer.host));
    let relation = ann.get(&format!("/api/v1/accounts/relationships?id[]={mia}"));
    assert_eq!(relation[0]["domain_blocking"], false);
    ann.request("POST", &format!("/api/v1/accounts/{mia}/follow")).send().ok();
}

#[test]
fn what_others_boosted_of_the_domain_leaves_home_and_lists() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let create = peer.create("mia", 1, "<p>from afar</p>", json!({}));
    let mut note = create["object"].clone();
    note["@context"] = create["@context"].clone();
    peer.serve("/notes/1", note);
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({}));
    let list = id(&ann.post("/api/v1/lists", json!({"title": "l"})));
    ann.post(&format!("/api/v1/lists/{list}/accounts"), json!({"account_ids": [bob.id]}));
    let there = id(&bob.finds_status(&peer.at("/notes/1")).unwrap());
    bob.post(&format!("/api/v1/statuses/{there}/reblog"), json!({}));
    write_many(&instance, &bob, vec!["here".into()]);
    let entries = |timeline: i64| {
        let page = dassie::model::Page::newest(10);
        let viewer = bob.id.parse().unwrap();
        instance
            .app
            .db
            .read(move |conn| dassie::db::timeline::list(conn, timeline, viewer, &page))
            .unwrap()
            .len()
    };
    let (home, list): (i64, i64) = (ann.id.parse().unwrap(), list.parse().unwrap());
    assert_eq!((entries(home), entries(list)), (2, 2));
    ann.post(PATH, json!({"domain": peer.host}));
    assert_eq!((entries(home), entries(list)), (1, 1), "the rows themselves are gone");
}

#[test]
fn many_follows_end_in_slices() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let me: i64 = ann.id.parse().unwrap();
    for number in 0..120 {
        let account = 1000 + number;
        sql.execute(
            "INSERT INTO account (id, username, domain, uri, created_at) VALUES (?, ?, 'big.example', ?, 0)",
            rusqlite::params![account, format!("p{number}"), format!("https://big.example/{number}")],
        )
        .unwrap();
        sql.execute(
            "INSERT INTO follow (account_id, target_id, accepted, uri, created_at) VALUES (?, ?, 1, ?, 0)",
            rusqlite::params![me, account, format!("u{number}")],
        )
        .unwrap();
    }
    drop(sql);
    let preview = ann.get(&format!("{PATH}/preview?domain=big.example"));
    assert_eq!(preview["following_count"], 120);
    ann.post(PATH, json!({"domain": "big.example"}));
    instance.settle();
    let preview = ann.get(&format!("{PATH}/preview?domain=big.example"));
    assert_eq!(preview["following_count"], 0);
}
