//! Direct conversations.

use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::{Instance, Peer, Person, eventually, texts};

/// The newest text of each conversation, whether it is unread, and who takes part.
fn shows(person: &Person) -> Vec<(String, bool, Vec<String>)> {
    let list = person.get("/api/v1/conversations");
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let accounts = one["accounts"].as_array().unwrap();
            let mut names: Vec<String> =
                accounts.iter().map(|a| a["username"].as_str().unwrap().to_owned()).collect();
            names.sort();
            let text = texts(&json!([one["last_status"]])).remove(0);
            (text, one["unread"].as_bool().unwrap(), names)
        })
        .collect()
}

/// Strangers' private mentions would be held back.
fn hear_all(people: &[&Person]) {
    for person in people {
        let policy = json!({"for_private_mentions": "accept"});
        person.request("PATCH", "/api/v2/notifications/policy").json(&policy).send().ok();
    }
}

fn answers(person: &Person, to: &Value, text: &str) -> Value {
    let fields = json!({"status": text, "in_reply_to_id": id(to), "visibility": "direct"});
    person.post("/api/v1/statuses", fields)
}

fn row(text: &str, unread: bool, names: &[&str]) -> (String, bool, Vec<String>) {
    (text.to_owned(), unread, names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn each_participant_keeps_a_conversation_by_its_newest_status() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    hear_all(&[&ann, &bob, &carl]);
    let first = ann.writes("@bob @carl one", "direct");
    ann.writes("@bob not direct", "private");
    assert_eq!(shows(&ann), [row("@bob @carl one", false, &["bob", "carl"])]);
    assert_eq!(shows(&bob), [row("@bob @carl one", true, &["ann", "carl"])]);
    answers(&bob, &first, "@ann @carl two");
    assert_eq!(shows(&ann), [row("@ann @carl two", true, &["bob", "carl"])]);
    assert_eq!(shows(&bob), [row("@ann @carl two", false, &["ann", "carl"])]);
    carl.writes("@ann other", "direct");
    ann.writes("a note", "direct");
    let all = ["a note", "@ann other", "@ann @carl two"];
    let seen: Vec<String> = shows(&ann).into_iter().map(|row| row.0).collect();
    assert_eq!(seen, all);
    assert_eq!(shows(&ann)[0].2, ["ann"], "a note to oneself");
    // read, unread, and only one's own (S-082)
    let list = ann.get("/api/v1/conversations");
    let path = format!("/api/v1/conversations/{}", id(&list[2]));
    assert_eq!(ann.post(&format!("{path}/read"), json!({}))["unread"], false);
    assert!(!shows(&ann)[2].1);
    assert_eq!(ann.post(&format!("{path}/unread"), json!({}))["unread"], true);
    for (method, rest) in [("POST", "/read"), ("POST", "/unread"), ("DELETE", "")] {
        let answer = bob.request(method, &format!("{path}{rest}")).send();
        assert_eq!(answer.status, 404, "{method} {rest}");
    }
    // paged by the newest statuses
    let page = ann.request("GET", "/api/v1/conversations?limit=1").send();
    let last = id(&list[0]["last_status"]);
    assert!(page.header("link").unwrap().contains(&format!("max_id={last}>")));
    let rest = ann.get(&format!("/api/v1/conversations?limit=1&max_id={last}"));
    assert_eq!(id(&rest[0]), id(&list[1]));
    assert_eq!(ann.delete(&path), json!({}));
    assert_eq!(shows(&ann).len(), 2);
    assert_eq!(shows(&bob).len(), 1, "the others keep theirs");
    // it returns with the next word
    answers(&carl, &first, "@ann @bob three");
    assert_eq!(shows(&ann)[0], row("@ann @bob three", true, &["bob", "carl"]));
}

#[test]
fn a_conversation_steps_back_when_its_newest_status_goes() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    hear_all(&[&ann, &bob]);
    let first = ann.writes("@bob one", "direct");
    let second = answers(&bob, &first, "@ann two");
    bob.delete(&format!("/api/v1/statuses/{}", id(&second)));
    assert_eq!(shows(&ann)[0].0, "@bob one");
    ann.delete(&format!("/api/v1/statuses/{}", id(&first)));
    assert_eq!(shows(&ann), []);
    assert_eq!(shows(&bob), []);
}

#[test]
fn conversations_come_from_elsewhere_and_not_from_whom_one_hides() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let send = |number: u32, text: &str| {
        let note = peer.create(
            "mia",
            number,
            &format!("<p>{text}</p>"),
            json!({
                "to": [ann.uri], "cc": [],
                "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}],
            }),
        );
        assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
        instance.settle();
    };
    send(1, "hello");
    eventually("it arrives", || (!shows(&ann).is_empty()).then_some(()));
    assert_eq!(shows(&ann), [row("hello", true, &["mia"])]);
    ann.post(&format!("/api/v1/accounts/{}/block", bob.id), json!({}));
    bob.writes("@ann psst", "direct");
    assert_eq!(shows(&ann).len(), 1);
    ann.post(&format!("/api/v1/accounts/{}/unblock", bob.id), json!({}));
    assert_eq!(shows(&ann).len(), 1, "nor later");
}
