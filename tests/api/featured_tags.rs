//! Tags on profiles: counted rightly, told to followers, read from elsewhere.

use dassie::clock::{Clock, DAY};
use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::{Instance, Options, Peer, Person, eventually};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect()
}

/// Name, count and last day of each.
fn counts(person: &Person) -> Vec<(String, String, Value)> {
    let list = person.get("/api/v1/featured_tags");
    let text = |tag: &Value, name: &str| tag[name].as_str().unwrap().to_owned();
    list.as_array()
        .unwrap()
        .iter()
        .map(|tag| (text(tag, "name"), text(tag, "statuses_count"), tag["last_status_at"].clone()))
        .collect()
}

#[test]
fn featured_tags_are_counted_as_statuses_come_change_and_go() {
    let clock = Clock::manual(1_790_000_000_000);
    let instance = Instance::with(Options { clock, configure: None });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    ann.writes("old #Cats", "public");
    ann.writes("hidden #cats", "private");
    bob.writes("not hers #cats", "public");
    let made = ann.request("POST", "/api/v1/featured_tags").form(&[("name", "#Cats")]).send().ok();
    let first = json!("2026-09-21");
    assert_eq!(
        made,
        json!({"id": made["id"], "name": "cats", "url": format!("{}/@ann/tagged/cats", instance.base),
            "statuses_count": "1", "last_status_at": first})
    );
    let again = ann.post("/api/v1/featured_tags", json!({"name": "CATS"}));
    assert_eq!(again["id"], made["id"], "again does nothing");
    instance.advance(DAY);
    let new = ann.writes("new #cats #dogs", "unlisted");
    ann.post("/api/v1/tags/dogs/feature", json!({}));
    let second = json!("2026-09-22");
    let row =
        |name: &str, count: &str, day: &Value| (name.to_owned(), count.to_owned(), day.clone());
    assert_eq!(counts(&ann), [row("cats", "2", &second), row("dogs", "1", &second)]);
    // an edit takes a tag away and brings it back
    let path = format!("/api/v1/statuses/{}", id(&new));
    let edit = |text: &str| ann.request("PUT", &path).json(&json!({"status": text})).send().ok();
    edit("new #dogs");
    assert_eq!(counts(&ann), [row("cats", "1", &first), row("dogs", "1", &second)]);
    edit("new #dogs #cats");
    assert_eq!(counts(&ann), [row("cats", "2", &second), row("dogs", "1", &second)]);
    ann.delete(&path);
    assert_eq!(counts(&ann), [row("cats", "1", &first), row("dogs", "0", &Value::Null)]);
    // the page behind the address, and what others see
    let page = instance.get("/@ann/tagged/Cats");
    assert!(page.status == 200 && page.text().contains("old"), "{}", page.text());
    assert!(!page.text().contains("hidden"));
    assert_eq!(instance.get("/@ann/tagged/nothing").status, 200);
    assert_eq!(instance.get("/@nobody/tagged/cats").status, 404);
    let open = instance.get(&format!("/api/v1/accounts/{}/featured_tags", ann.id)).ok();
    assert_eq!(names(&open), ["cats", "dogs"]);
    let collection = instance.activity(&format!("{}/collections/tags", ann.uri)).json();
    assert_eq!((&collection["type"], &collection["totalItems"]), (&json!("Collection"), &json!(2)));
    assert_eq!(collection["items"][0]["name"], "#cats");
    assert_eq!(collection["items"][0]["type"], "Hashtag");
    // in tags themselves
    assert_eq!(ann.get("/api/v1/tags/cats")["featuring"], true);
    assert_eq!(bob.get("/api/v1/tags/cats")["featuring"], false);
    assert!(instance.get("/api/v1/tags/cats").ok().get("featuring").is_none());
    assert_eq!(ann.post("/api/v1/tags/dogs/unfeature", json!({}))["featuring"], false);
    assert_eq!(ann.post("/api/v1/tags/unheard/unfeature", json!({}))["featuring"], false);
    // what one uses is suggested, until it is featured
    ann.writes("#birds #birds2 #cats", "public");
    ann.writes("#birds", "public");
    assert_eq!(names(&ann.get("/api/v1/featured_tags/suggestions")), ["birds", "birds2"]);
    // somebody else's is not there
    let path = format!("/api/v1/featured_tags/{}", id(&made));
    assert_eq!(bob.request("DELETE", &path).send().status, 404, "S-082");
    assert_eq!(ann.delete(&path), json!({}));
    assert_eq!(ann.request("DELETE", &path).send().status, 404);
    assert_eq!(ann.get("/api/v1/featured_tags"), json!([]));
}

#[test]
fn what_is_no_tag_or_one_too_many_is_refused() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for body in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "two words"}),
        json!({"name": "123"}),
        json!({"name": ["a"]}),
        json!({"name": "x".repeat(2000)}),
    ] {
        let answer = ann.request("POST", "/api/v1/featured_tags").json(&body).send();
        assert_eq!(answer.status, 422, "{body:.60}: {}", answer.text());
        assert!(answer.text().contains("name"), "{}", answer.text());
    }
    for tag in ["a-b", "123"] {
        for deed in ["feature", "unfeature"] {
            let path = format!("/api/v1/tags/{tag}/{deed}");
            assert_eq!(ann.request("POST", &path).send().status, 404, "{path}");
        }
    }
    for id in ["7", "x", "-1", "99999999999999999999"] {
        let path = format!("/api/v1/featured_tags/{id}");
        assert_eq!(ann.request("DELETE", &path).send().status, 404, "{path}");
    }
    for number in 0..10 {
        ann.post("/api/v1/featured_tags", json!({"name": format!("tag{number}")}));
    }
    for (path, body) in [
        ("/api/v1/featured_tags", json!({"name": "more"})),
        ("/api/v1/tags/more/feature", json!({})),
    ] {
        let answer = ann.request("POST", path).json(&body).send();
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains("maximum number of hashtags"), "{}", answer.text());
    }
    assert_eq!(ann.get("/api/v1/featured_tags").as_array().unwrap().len(), 10);
}

#[test]
fn f_196_featured_tags_travel_both_ways() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let mut actor = peer.document("/users/mia");
    let (featured, tags) = (peer.at("/users/mia/featured"), peer.at("/users/mia/tags"));
    actor["featured"] = json!(featured);
    actor["featuredTags"] = json!(tags);
    peer.serve("/users/mia", actor);
    let hashtag = |name: &str| json!({"type": "Hashtag", "href": peer.at(&format!("/tags/{name}")), "name": format!("#{name}")});
    peer.serve(
        "/users/mia/tags",
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": tags, "type": "Collection",
            "totalItems": 2, "items": [hashtag("Cats"), {"type": "Note"}, hashtag("two words"), hashtag("dogs")],
        }),
    );
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    let path = format!("/api/v1/accounts/{mia}/featured_tags");
    let seen = || {
        let mut seen: Vec<String> = names(&ann.get(&path)).into_iter().map(str::to_owned).collect();
        seen.sort();
        seen
    };
    eventually("they are read", || (seen() == ["cats", "dogs"]).then_some(()));
    assert_eq!(ann.get(&path)[0]["url"], format!("{}/tags/cats", instance.base));
    let asked = || peer.asked().iter().filter(|path| *path == "/users/mia/tags").count();
    instance.settle();
    assert_eq!(asked(), 1, "once a day, whoever looks");
    // hers change
    let mut number = 0;
    let mut send = |kind: &str, name: &str, target: &str| {
        number += 1;
        let activity = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/activities/{number}")), "type": kind, "actor": peer.uri("mia"),
            "object": hashtag(name), "target": target,
        });
        assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &activity).status, 202);
        instance.settle();
    };
    send("Add", "Birds", &featured);
    assert_eq!(seen(), ["birds", "cats", "dogs"]);
    send("Remove", "cats", &tags);
    assert_eq!(seen(), ["birds", "dogs"]);
    send("Add", "fish", &peer.at("/users/other/featured"));
    assert_eq!(seen(), ["birds", "dogs"], "only her own");
    for number in 0..20 {
        send("Add", &format!("t{number}"), &featured);
    }
    assert_eq!(seen().len(), 10);
    // ours are told
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    peer.send("mia", &format!("{}/inbox", instance.base), &follow);
    eventually("the follow is accepted", || {
        peer.received().iter().any(|a| a["type"] == "Accept").then_some(())
    });
    ann.post("/api/v1/featured_tags", json!({"name": "Cats"}));
    ann.post("/api/v1/tags/cats/feature", json!({}));
    ann.post("/api/v1/tags/cats/unfeature", json!({}));
    let told = eventually("both are told", || {
        let told: Vec<Value> = peer
            .received()
            .into_iter()
            .filter(|a| a["type"] == "Add" || a["type"] == "Remove")
            .collect();
        (told.len() >= 2).then_some(told)
    });
    instance.settle();
    assert_eq!(told.len(), 2);
    for (activity, kind) in told.iter().zip(["Add", "Remove"]) {
        assert_eq!(activity["type"], kind);
        assert_eq!(activity["target"], format!("{}/collections/featured", ann.uri));
        assert_eq!(
            activity["object"],
            json!({"type": "Hashtag", "href": format!("{}/@ann/tagged/cats", instance.base), "name": "#cats"})
        );
    }
}
