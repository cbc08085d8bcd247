//! Editing, earlier versions, and who is told.

use dassie::clock::Clock;
use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::{Instance, Options, Peer, Person, eventually};

fn edit(person: &Person, status: &str, body: Value) -> Value {
    person.request("PUT", &format!("/api/v1/statuses/{status}")).json(&body).send().ok()
}

fn history(person: &Person, status: &str) -> Vec<String> {
    let versions = person.get(&format!("/api/v1/statuses/{status}/history"));
    let text = |version: &Value| version["content"].as_str().unwrap().to_owned();
    versions.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn f_310_f_311_an_edit_keeps_what_was_and_tells_whom_it_concerns() {
    let instance = Instance::start();
    let people = ["ann", "bob", "carl"].map(|name| instance.person(name));
    let [ann, bob, carl] = &people;
    let written = ann.writes("first #one @bob", "unlisted");
    let status = id(&written);
    carl.post(&format!("/api/v1/statuses/{status}/reblog"), json!({}));
    ann.post("/api/v1/notifications/clear", json!({}));
    let body = json!({
        "status": "second #two @carl wombat", "spoiler_text": "careful", "language": "de",
        "visibility": "public",
    });
    let edited = edit(ann, &status, body.clone());
    assert_eq!(edited["id"], written["id"]);
    assert_eq!(edited["visibility"], "unlisted", "never changes");
    assert_eq!((&edited["spoiler_text"], &edited["language"]), (&json!("careful"), &json!("de")));
    assert_eq!(edited["sensitive"], true);
    assert!(edited["edited_at"].is_string());
    assert_eq!(edited["tags"][0]["name"], "two");
    assert_eq!(edited["mentions"].as_array().unwrap().len(), 1);
    assert_eq!(edited["mentions"][0]["acct"], "carl");
    let source = ann.get(&format!("/api/v1/statuses/{status}/source"));
    assert_eq!(source["text"], "second #two @carl wombat");
    let versions = bob.get(&format!("/api/v1/statuses/{status}/history"));
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert!(versions[0]["content"].as_str().unwrap().contains("first"));
    assert_eq!(versions[0]["created_at"], written["created_at"]);
    assert_eq!(versions[1]["content"], edited["content"]);
    assert_eq!(versions[1]["created_at"], edited["edited_at"]);
    assert_eq!(versions[1]["account"]["acct"], "ann");
    let kinds = |person: &Person| -> Vec<String> {
        person.notifications().into_iter().map(|(kind, _)| kind).collect()
    };
    assert_eq!(kinds(carl), ["update", "mention"]);
    assert_eq!(kinds(bob), ["mention"], "of the first version");
    let found = ann.get("/api/v2/search?type=statuses&q=wombat");
    assert_eq!(id(&found["statuses"][0]), status);
    // the same again is no edit
    assert_eq!(edit(ann, &status, body)["edited_at"], edited["edited_at"]);
    assert_eq!(history(ann, &status).len(), 2);
    // again: told of the newest version, mentioned once
    edit(ann, &status, json!({"status": "third @carl"}));
    assert_eq!(kinds(carl), ["update", "mention"]);
    // not one's own, not there, not a text
    let put = |person: &Person, body: Value| {
        person.request("PUT", &format!("/api/v1/statuses/{status}")).json(&body).send().status
    };
    assert_eq!(put(bob, json!({"status": "mine now"})), 404);
    assert_eq!(put(ann, json!({"status": " "})), 422);
    assert_eq!(put(ann, json!({"status": "x", "media_ids": ["1"]})), 422);
    assert_eq!(history(ann, &status).len(), 3);
}

#[test]
fn a_warning_before_nothing_is_the_text() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let body = json!({"status": " ", "spoiler_text": "only this"});
    let written = ann.post("/api/v1/statuses", body);
    assert_eq!(written["content"], "<p>only this</p>");
    assert_eq!((&written["spoiler_text"], &written["sensitive"]), (&json!(""), &json!(true)));
    let edited = edit(&ann, &id(&written), json!({"spoiler_text": "and this"}));
    assert_eq!(
        (&edited["content"], &edited["spoiler_text"]),
        (&json!("<p>and this</p>"), &json!(""))
    );
}

#[test]
fn f_310_fifty_versions_are_kept() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let status = id(&ann.writes("0", "public"));
    for n in 1..=53 {
        edit(&ann, &status, json!({"status": n.to_string()}));
    }
    let versions = history(&ann, &status);
    assert_eq!(versions.len(), 51);
    assert_eq!((versions[0].as_str(), versions[50].as_str()), ("<p>3</p>", "<p>53</p>"));
}

#[test]
fn f_166_f_221_an_edit_goes_to_those_who_have_the_status() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    ann.finds(&format!("mia@{}", peer.host));
    let status = ann.writes("nobody there yet", "public");
    instance.settle();
    assert!(peer.received().iter().all(|a| a["type"] != "Create"));
    let like = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/likes/1"),
        "type": "Like", "actor": peer.uri("mia"), "object": status["uri"],
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &like).status, 202);
    instance.settle();
    // two within a second are two on the wire
    edit(&ann, &id(&status), json!({"status": "two"}));
    edit(&ann, &id(&status), json!({"status": "three"}));
    instance.settle();
    let updates: Vec<Value> =
        peer.received().into_iter().filter(|a| a["type"] == "Update").collect();
    assert_eq!(updates.len(), 2);
    let uri = status["uri"].as_str().unwrap();
    for update in &updates {
        assert!(update["id"].as_str().unwrap().starts_with(&format!("{uri}#updates/")));
        assert_eq!(update["object"]["id"], uri);
        assert_eq!(update["object"]["published"], updates[0]["object"]["published"]);
    }
    assert_ne!(updates[0]["id"], updates[1]["id"]);
    let times: Vec<&str> =
        updates.iter().map(|u| u["object"]["updated"].as_str().unwrap()).collect();
    assert!(times[0] < times[1], "{times:?}");
}

#[test]
fn f_310_f_311_edits_of_others_are_kept_and_told() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    let create = peer.create("mia", 1, "<p>one</p>", json!({"published": "2024-01-01T00:00:00Z"}));
    assert_eq!(peer.send("mia", &inbox, &create).status, 202);
    let uri = peer.at("/notes/1");
    let status = id(&eventually("it arrives", || ann.finds_status(&uri)));
    ann.post(&format!("/api/v1/statuses/{status}/reblog"), json!({}));
    let mut note = create["object"].clone();
    note["content"] = json!("<p>two</p>");
    note["updated"] = json!("2024-02-01T00:00:00Z");
    note["cc"] = json!([bob.uri]);
    note["tag"] = json!([{"type": "Mention", "href": bob.uri, "name": "@bob"}]);
    let update = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/updates/1"),
        "type": "Update", "actor": peer.uri("mia"), "object": note,
    });
    assert_eq!(peer.send("mia", &inbox, &update).status, 202);
    eventually("it changes", || {
        (history(&ann, &status) == ["<p>one</p>", "<p>two</p>"]).then_some(())
    });
    let from = format!("mia@{}", peer.host);
    assert_eq!(ann.notifications()[0], ("update".to_owned(), from.clone()));
    assert_eq!(bob.notifications(), [("mention".to_owned(), from)]);
}
