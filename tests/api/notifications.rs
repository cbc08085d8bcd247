//! What a person is told, and what not.

use serde_json::{Value, json};

use super::{id, ids};
use crate::support::{Instance, Peer, Person, eventually};

fn kinds(person: &Person, query: &str) -> Vec<String> {
    let list = person.get(&format!("/api/v1/notifications{query}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|one| text(&one["type"])).collect()
}

/// Everything that makes a notification, by `from`.
fn do_everything(from: &Person, ann: &Person, status: &str) {
    from.writes("hey @ann", "public");
    from.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
    from.post(&format!("/api/v1/statuses/{status}/reblog"), json!({}));
    from.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
}

#[test]
fn a_person_is_told_of_each_kind() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let status = id(&ann.writes("mine", "public"));
    do_everything(&bob, &ann, &status);
    let list = ann.get("/api/v1/notifications");
    let seen: Vec<(&str, &str, bool)> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let status = one["status"]["content"].as_str();
            (
                one["type"].as_str().unwrap(),
                one["account"]["acct"].as_str().unwrap(),
                status.is_some(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("follow", "bob", false),
            ("reblog", "bob", true),
            ("favourite", "bob", true),
            ("mention", "bob", true)
        ]
    );
    assert_eq!(list[1]["status"]["id"], status.as_str());
    assert_eq!(list[2]["status"]["id"], status.as_str());
    // the same once more is no news
    bob.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
    assert_eq!(kinds(&ann, "").len(), 4);
    // one's own deeds neither
    ann.writes("@ann it is me", "public");
    ann.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
    assert_eq!(kinds(&ann, "").len(), 4);
    // a locked account is asked
    ann.request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"locked": true}))
        .send()
        .ok();
    carl.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    assert_eq!(kinds(&ann, "?limit=1"), ["follow_request"]);
    carl.post(&format!("/api/v1/accounts/{}/unfollow", ann.id), json!({}));
    assert!(!kinds(&ann, "").contains(&"follow_request".to_owned()), "what is taken back is gone");
    // filters
    assert_eq!(kinds(&ann, "?types[]=mention&types[]=follow"), ["follow", "mention"]);
    assert_eq!(kinds(&ann, "?exclude_types[]=mention"), ["follow", "reblog", "favourite"]);
    assert_eq!(kinds(&ann, "?types[]=poll"), [""; 0]);
    assert_eq!(kinds(&ann, &format!("?account_id={}", carl.id)), [""; 0]);
    assert_eq!(kinds(&ann, &format!("?account_id={}", bob.id)).len(), 4);
    // one by one, and all
    let all = ids(&ann.get("/api/v1/notifications"));
    assert_eq!(id(&ann.get(&format!("/api/v1/notifications/{}", all[0]))), all[0]);
    ann.post(&format!("/api/v1/notifications/{}/dismiss", all[0]), json!({}));
    assert_eq!(ids(&ann.get("/api/v1/notifications")), all[1..]);
    assert_eq!(ann.request("GET", &format!("/api/v1/notifications/{}", all[0])).send().status, 404);
    ann.post("/api/v1/notifications/clear", json!({}));
    assert_eq!(ann.get("/api/v1/notifications"), json!([]));
}

#[test]
fn f_341_who_is_blocked_or_muted_is_not_heard() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let status = id(&ann.writes("mine", "public"));
    let (blocked, muted) = (instance.person("blocked"), instance.person("muted"));
    let (quiet, late) = (instance.person("quiet"), instance.person("late"));
    ann.post(&format!("/api/v1/accounts/{}/block", blocked.id), json!({}));
    ann.post(&format!("/api/v1/accounts/{}/mute", muted.id), json!({}));
    ann.post(&format!("/api/v1/accounts/{}/mute", quiet.id), json!({"notifications": false}));
    blocked.writes("hey @ann", "public");
    for (what, path) in [
        ("favourite", format!("/api/v1/statuses/{status}/favourite")),
        ("reblog", format!("/api/v1/statuses/{status}/reblog")),
        ("follow", format!("/api/v1/accounts/{}/follow", ann.id)),
    ] {
        let answer = blocked.request("POST", &path).send();
        assert!(matches!(answer.status, 403 | 404), "{what}: {}", answer.status);
    }
    do_everything(&muted, &ann, &status);
    assert_eq!(ann.notifications(), []);
    // muted from the timelines only
    do_everything(&quiet, &ann, &status);
    let told = ann.notifications();
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told.iter().all(|(_, from)| from == "quiet"));
    assert!(!ann.home().iter().any(|text| text.contains("hey")));
    // what came before the block or mute goes
    ann.post("/api/v1/notifications/clear", json!({}));
    do_everything(&late, &ann, &status);
    assert_eq!(ann.notifications().len(), 4);
    ann.post(&format!("/api/v1/accounts/{}/mute", late.id), json!({}));
    assert_eq!(ann.notifications(), []);
    ann.post(&format!("/api/v1/accounts/{}/unmute", late.id), json!({}));
    ann.post(&format!("/api/v1/accounts/{}/block", late.id), json!({}));
    ann.post(&format!("/api/v1/accounts/{}/unblock", late.id), json!({}));
    assert_eq!(ann.notifications(), [], "a block forgets for good");
}

#[test]
fn a_mute_ends_at_its_time() {
    let clock = dassie::clock::Clock::manual(dassie::clock::Clock::system().now_ms());
    let instance =
        Instance::with(crate::support::Options { clock: clock.clone(), configure: None });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    ann.post(&format!("/api/v1/accounts/{}/mute", bob.id), json!({"duration": 60}));
    bob.writes("one @ann", "public");
    assert_eq!(ann.notifications(), []);
    assert_eq!(ann.get("/api/v1/mutes").as_array().unwrap().len(), 1);
    clock.advance(60_001);
    assert_eq!(ann.get("/api/v1/mutes"), json!([]));
    bob.writes("two @ann", "public");
    assert_eq!(ann.notifications(), [("mention".to_owned(), "bob".to_owned())]);
}

#[test]
fn f_177_a_remote_favourite_and_its_undo_are_told_and_taken_back() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let status = ann.writes("mine", "public");
    let like = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/likes/1"),
        "type": "Like", "actor": peer.uri("mia"), "object": status["uri"],
    });
    let inbox = format!("{}/inbox", instance.base);
    assert_eq!(peer.send("mia", &inbox, &like).status, 202);
    eventually("it is told", || {
        (ann.notifications() == [("favourite".to_owned(), format!("mia@{}", peer.host))])
            .then_some(())
    });
    let undo = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/undo/1"),
        "type": "Undo", "actor": peer.uri("mia"), "object": like,
    });
    assert_eq!(peer.send("mia", &inbox, &undo).status, 202);
    eventually("it is taken back", || ann.notifications().is_empty().then_some(()));
}
