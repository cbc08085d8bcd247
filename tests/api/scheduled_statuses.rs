//! Statuses that wait for their time, and those that are written into the past.

use dassie::clock::{Clock, DAY, HOUR, MINUTE, wire_time};
use serde_json::{Value, json};

use super::admin::admin;
use super::{id, ids, token};
use crate::support::{Answer, Instance, Options, Peer, Person, eventually};

fn instance() -> (Instance, Clock) {
    let clock = Clock::manual(Clock::system().now_ms());
    (Instance::with(Options { clock: clock.clone(), configure: None }), clock)
}

fn post(person: &Person, body: &Value) -> Answer {
    person.request("POST", "/api/v1/statuses").json(body).send()
}

fn why(answer: &Answer) -> String {
    assert_eq!(answer.status, 422, "{}", answer.text());
    answer.json()["error"].as_str().unwrap().replace("Validation failed: ", "")
}

#[test]
fn a_scheduled_status_comes_at_its_time_once_and_whole() {
    let (instance, clock) = instance();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let parent = id(&bob.writes("a question", "public"));
    let due = clock.now_ms() + 10 * MINUTE;
    let kept = ann.post(
        "/api/v1/statuses",
        json!({"status": "an **answer** @bob #tag", "scheduled_at": wire_time(due),
            "in_reply_to_id": parent, "spoiler_text": "cw", "language": "de",
            "visibility": "unlisted", "content_type": "text/markdown",
            "poll": {"options": ["a", "b"], "expires_in": 600}}),
    );
    assert_eq!(kept["params"]["text"], "an **answer** @bob #tag");
    assert_eq!(kept["params"]["poll"]["options"], json!(["a", "b"]));
    assert_eq!(kept["params"]["visibility"], "unlisted");
    assert_eq!(kept["media_attachments"], json!([]));
    assert!(kept["scheduled_at"].as_str().unwrap().ends_with(".000Z"));
    let path = format!("/api/v1/scheduled_statuses/{}", id(&kept));
    assert_eq!(ann.get(&path), kept);
    instance.advance(9 * MINUTE);
    assert!(bob.notifications().is_empty(), "not before its time");
    instance.advance(2 * MINUTE);
    let told = ("mention".to_owned(), "ann".to_owned());
    eventually("it is published", || bob.notifications().contains(&told).then_some(()));
    let status = bob.get("/api/v1/notifications")[0]["status"].clone();
    assert_eq!(status["in_reply_to_id"], parent);
    assert!(status["content"].as_str().unwrap().contains("<strong>answer</strong>"));
    assert_eq!((&status["spoiler_text"], &status["language"]), (&json!("cw"), &json!("de")));
    assert_eq!(status["visibility"], "unlisted");
    assert_eq!(status["application"]["name"], "Test");
    assert_eq!(status["poll"]["options"][1]["title"], "b");
    assert_eq!(ann.request("GET", &path).send().status, 404, "its row went with it");
    assert_eq!(ann.get("/api/v1/scheduled_statuses"), json!([]));
    let mine = ann.get(&format!("/api/v1/accounts/{}/statuses", ann.id));
    assert_eq!(mine.as_array().unwrap().len(), 1);
}

#[test]
fn a_scheduled_status_is_checked_when_it_is_accepted() {
    let (instance, clock) = instance();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let secret = id(&bob.writes("x", "private"));
    let at = |ms: i64| wire_time(clock.now_ms() + ms);
    let with = |extra: Value| {
        let mut body = json!({"status": "x", "scheduled_at": at(HOUR)});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        post(&ann, &body)
    };
    let soon = "Scheduled at The scheduled date must be in the future";
    assert_eq!(why(&with(json!({"scheduled_at": at(4 * MINUTE)}))), soon);
    assert_eq!(
        why(&with(json!({"scheduled_at": "soon"}))),
        "scheduled_at is not a time (RFC 3339)"
    );
    assert_eq!(why(&with(json!({"scheduled_at": {"a": 1}}))), "scheduled_at must be a text");
    assert_eq!(why(&with(json!({"status": " "}))), "Text can't be blank");
    assert!(why(&with(json!({"status": "x".repeat(5001)}))).contains("character limit"));
    assert!(why(&with(json!({"content_type": "text/html"}))).starts_with("content_type is not"));
    assert!(why(&with(json!({"poll": {"options": ["a"], "expires_in": 600}}))).contains("Choices"));
    assert_eq!(with(json!({"in_reply_to_id": secret})).status, 404);
    assert_eq!(with(json!({"in_reply_to_id": "5"})).status, 404);
    assert_eq!(ann.get("/api/v1/scheduled_statuses"), json!([]), "nothing of it was kept");
    // the same key, one status
    let body = json!({"status": "once", "scheduled_at": at(HOUR)});
    let keyed = || {
        ann.request("POST", "/api/v1/statuses")
            .header("idempotency-key", "k")
            .json(&body)
            .send()
            .ok()
    };
    assert_eq!(keyed(), keyed());
    // 25 a day
    for _ in 0..24 {
        assert_eq!(with(json!({"scheduled_at": at(3 * DAY)})).status, 200);
    }
    assert_eq!(with(json!({"scheduled_at": at(3 * DAY)})).status, 200);
    assert!(why(&with(json!({"scheduled_at": at(3 * DAY)}))).contains("25 scheduled posts"));
    let other = with(json!({"scheduled_at": at(4 * DAY)})).ok();
    let path = format!("/api/v1/scheduled_statuses/{}", id(&other));
    let put =
        |person: &Person, path: &str, body: Value| person.request("PUT", path).json(&body).send();
    assert!(why(&put(&ann, &path, json!({"scheduled_at": at(3 * DAY)}))).contains("25 scheduled"));
    assert_eq!(why(&put(&ann, &path, json!({"scheduled_at": at(MINUTE)}))), soon);
    let moved = put(&ann, &path, json!({"scheduled_at": at(5 * DAY)})).ok();
    assert_ne!(moved["scheduled_at"], other["scheduled_at"]);
    assert_eq!(put(&ann, &path, json!({})).ok(), moved, "nothing to change");
    // another's is nobody's
    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(bob.request(method, &path).send().status, 404, "{method}");
        let none = "/api/v1/scheduled_statuses/999";
        assert_eq!(ann.request(method, none).send().status, 404, "{method}");
    }
    // pages
    let all = ids(&ann.get("/api/v1/scheduled_statuses?limit=40"));
    assert_eq!(all.len(), 27);
    let first = ann.request("GET", "/api/v1/scheduled_statuses?limit=10").send();
    assert!(first.header("link").unwrap_or_default().contains("max_id="), "{:?}", first.headers);
    assert_eq!(ids(&first.json()), all[..10]);
    let next = ann.get(&format!("/api/v1/scheduled_statuses?limit=10&max_id={}", all[9]));
    assert_eq!(ids(&next), all[10..20]);
    let back = ann.get(&format!("/api/v1/scheduled_statuses?limit=5&min_id={}", all[9]));
    assert_eq!(ids(&back), all[4..9]);
    assert_eq!(ann.delete(&path), json!({}));
    assert_eq!(ann.request("DELETE", &path).send().status, 404);
}

#[test]
fn what_was_taken_back_or_moved_does_not_come() {
    let (instance, clock) = instance();
    let ann = instance.person("ann");
    let due = wire_time(clock.now_ms() + 10 * MINUTE);
    let schedule = |text: &str| {
        id(&ann.post("/api/v1/statuses", json!({"status": text, "scheduled_at": due})))
    };
    let (gone, moved) = (schedule("gone"), schedule("moved"));
    schedule("stays");
    ann.delete(&format!("/api/v1/scheduled_statuses/{gone}"));
    let later = json!({"scheduled_at": wire_time(clock.now_ms() + 30 * MINUTE)});
    let path = format!("/api/v1/scheduled_statuses/{moved}");
    ann.request("PUT", &path).json(&later).send().ok();
    instance.advance(15 * MINUTE);
    eventually("its time comes", || (ann.home() == ["stays"]).then_some(()));
    // asked again after its time, with the key of the first time
    let keyed = |at: i64| {
        let body = json!({"status": "keyed", "scheduled_at": wire_time(at)});
        ann.request("POST", "/api/v1/statuses").header("idempotency-key", "k").json(&body).send()
    };
    let at = clock.now_ms() + 6 * MINUTE;
    keyed(at).ok();
    instance.advance(7 * MINUTE);
    eventually("its time comes", || (ann.home() == ["keyed", "stays"]).then_some(()));
    assert!(keyed(at).ok()["content"].is_string());
    ann.delete(&format!("/api/v1/statuses/{}", id(&keyed(at).ok())));
    instance.advance(20 * MINUTE);
    eventually("the other's as well", || (ann.home() == ["moved", "stays"]).then_some(()));
    instance.settle();
}

#[test]
fn what_cannot_be_published_waits_for_its_author() {
    let (instance, clock) = instance();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let parent = id(&bob.writes("soon gone", "public"));
    let due = wire_time(clock.now_ms() + 10 * MINUTE);
    let body = json!({"status": "an answer", "scheduled_at": due, "in_reply_to_id": parent});
    let kept = id(&ann.post("/api/v1/statuses", body));
    bob.delete(&format!("/api/v1/statuses/{parent}"));
    instance.advance(11 * MINUTE);
    let path = format!("/api/v1/scheduled_statuses/{kept}");
    let failed =
        eventually("it is tried", || Some(ann.get(&path)).filter(|kept| kept["error"].is_string()));
    assert!(failed["error"].as_str().unwrap().contains("reply to does not"), "{failed}");
    instance.settle();
    assert!(ann.home().is_empty());
    // it may get another time
    let later = json!({"scheduled_at": wire_time(clock.now_ms() + HOUR)});
    let again = ann.request("PUT", &path).json(&later).send().ok();
    assert!(again.get("error").is_none(), "{again}");
    ann.delete(&path);
    instance.settle();
}

#[test]
fn whom_it_names_elsewhere_is_looked_up_at_its_time() {
    let (instance, clock) = instance();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let due = wire_time(clock.now_ms() + 10 * MINUTE);
    let text = format!("hello @mia@{} and @nobody@{}", peer.host, peer.host);
    ann.post(
        "/api/v1/statuses",
        json!({"status": text, "visibility": "direct", "scheduled_at": due}),
    );
    // nothing known of mia but her address: as after a year
    let forget = format!("DELETE FROM account WHERE uri = '{}'", peer.uri("mia"));
    let path = instance.folder.path().join("data/dassie.db");
    rusqlite::Connection::open(path).unwrap().execute_batch(&forget).unwrap();
    instance.advance(11 * MINUTE);
    let create = eventually("it arrives", || {
        peer.received().into_iter().find(|activity| activity["type"] == "Create")
    });
    assert_eq!(create["object"]["tag"][0]["href"], peer.uri("mia"));
}

#[test]
fn s_039_nothing_is_published_for_who_was_disabled_or_suspended_meanwhile() {
    let (instance, clock) = instance();
    let boss = admin(&instance, "boss");
    let bob = instance.person("bob");
    for (name, deed, lift) in [("ann", "suspend", "unsuspend"), ("eve", "disable", "enable")] {
        let mut person = instance.person(name);
        bob.follows(name);
        let due = wire_time(clock.now_ms() + 10 * MINUTE);
        let body = json!({"status": "later @bob", "scheduled_at": due});
        let kept = id(&person.post("/api/v1/statuses", body));
        let account = format!("/api/v1/admin/accounts/{}", person.id);
        boss.post(&format!("{account}/action"), json!({ "type": deed }));
        instance.advance(11 * MINUTE);
        instance.settle();
        assert!(bob.notifications().is_empty() && bob.home().is_empty(), "{deed}");
        // it waits, and may come after all
        boss.post(&format!("{account}/{lift}"), json!({}));
        person.token = token(&instance, Some(&person), "read write");
        let path = format!("/api/v1/scheduled_statuses/{kept}");
        assert!(person.get(&path)["error"].is_string(), "{deed}");
        let due = json!({"scheduled_at": wire_time(clock.now_ms() + 10 * MINUTE)});
        person.request("PUT", &path).json(&due).send().ok();
        instance.advance(11 * MINUTE);
        eventually("it is published", || (!bob.notifications().is_empty()).then_some(()));
        bob.post("/api/v1/notifications/clear", json!({}));
        let status = id(&person.get(&format!("/api/v1/accounts/{}/statuses", person.id))[0]);
        person.delete(&format!("/api/v1/statuses/{status}"));
    }
}

#[test]
fn a_status_may_be_written_into_the_past_and_nobody_is_told() {
    let (instance, clock) = instance();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &follow).status, 202);
    instance.settle();
    let new = id(&ann.writes("new", "public"));
    eventually("mia gets it", || {
        peer.received().iter().any(|activity| activity["type"] == "Create").then_some(())
    });
    let past = |text: &str, at: &str, extra: Value| {
        let mut body = json!({"status": text, "scheduled_at": at, "visibility": "public"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        post(&ann, &body)
    };
    let old = past("old #tag", "2019-05-01T10:00:00Z", json!({})).ok();
    assert_eq!(old["created_at"], "2019-05-01T10:00:00.000Z");
    let older = past("older", "2018-05-01T10:00:00Z", json!({"in_reply_to_id": id(&old)})).ok();
    let twin = past("twin", "2019-05-01T10:00:00Z", json!({})).ok();
    assert_ne!(id(&twin), id(&old));
    let mine = ids(&ann.get(&format!("/api/v1/accounts/{}/statuses", ann.id)));
    assert_eq!((mine[0].clone(), mine[3].clone()), (new, id(&older)), "by its time");
    assert!(old["uri"].as_str().unwrap().ends_with(&id(&old)));
    assert_eq!(bob.home()[0], "new", "the past stands behind");
    assert!(bob.notifications().is_empty());
    instance.settle();
    let sent = peer.received().iter().filter(|activity| activity["type"] == "Create").count();
    assert_eq!(sent, 1, "nothing of the past is delivered");
    assert_eq!(instance.activity(old["uri"].as_str().unwrap()).status, 200, "but it is there");
    // it is about nobody else
    let at = "2019-05-01T10:00:00Z";
    assert!(why(&past("@bob", at, json!({}))).contains("mention somebody else"));
    let parent = id(&bob.writes("x", "public"));
    assert!(why(&past("x", at, json!({"in_reply_to_id": parent}))).contains("reply to somebody"));
    assert!(why(&past("x", at, json!({"quoted_status_id": parent}))).contains("quote somebody"));
    let poll = json!({"poll": {"options": ["a", "b"], "expires_in": 600}});
    assert!(why(&past("x", at, poll)).contains("have a poll"));
    assert!(why(&past("x", "1969-05-01T10:00:00Z", json!({}))).contains("older than 1970"));
    // a moment ago is now
    let late = past("late", &wire_time(clock.now_ms() - MINUTE), json!({})).ok();
    assert_eq!(bob.home()[0], "late", "{late}");
}

#[test]
fn where_the_past_is_closed_it_is_published_now() {
    let instance = Instance::with(Options {
        clock: Clock::system(),
        configure: Some(|config| config.instance.allow_backdating = false),
    });
    let ann = instance.person("ann");
    let body = json!({"status": "old", "scheduled_at": "2019-05-01T10:00:00Z"});
    let now = ann.post("/api/v1/statuses", body);
    assert!(now["created_at"].as_str().unwrap() > "2020");
    assert_eq!(ann.home(), ["old"]);
}

#[test]
fn s_078_what_somebody_planned_is_not_published_while_they_are_shut_out() {
    let (instance, clock) = instance();
    let boss = admin(&instance, "boss");
    let peer = Peer::start(&["mia"]);
    let people = [("ann", "suspend", "unsuspend"), ("bob", "disable", "enable")];
    for (name, out, back) in people {
        let mut person = instance.person(name);
        let follow = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/follows/{name}")), "type": "Follow",
            "actor": peer.uri("mia"), "object": person.uri,
        });
        peer.send("mia", &format!("{}/inbox", instance.base), &follow);
        instance.settle();
        let due = wire_time(clock.now_ms() + 10 * MINUTE);
        person.post("/api/v1/statuses", json!({"status": "spam", "scheduled_at": due}));
        let admin = format!("/api/v1/admin/accounts/{}", person.id);
        boss.post(&format!("{admin}/action"), json!({"type": out}));
        instance.advance(11 * MINUTE);
        instance.settle();
        let mut sent = peer.received().into_iter().filter(|a| a["type"] == "Create");
        assert!(!sent.any(|a| a["actor"] == person.uri), "{name}: {out}");
        // it is there when its author is
        boss.post(&format!("{admin}/{back}"), json!({}));
        person.token = token(&instance, Some(&person), "read write");
        let kept = person.get("/api/v1/scheduled_statuses");
        assert_eq!(kept[0]["params"]["text"], "spam");
        let path = format!("/api/v1/scheduled_statuses/{}", id(&kept[0]));
        let later = json!({"scheduled_at": wire_time(clock.now_ms() + 10 * MINUTE)});
        person.request("PUT", &path).json(&later).send().ok();
        let statuses = format!("/api/v1/accounts/{}/statuses", person.id);
        assert_eq!(person.get(&statuses), json!([]));
        instance.advance(11 * MINUTE);
        eventually("it comes now", || (person.get(&statuses) != json!([])).then_some(()));
    }
}
