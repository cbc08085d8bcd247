//! What is held back, from whom, and how it comes through after all.

use dassie::clock::{Clock, DAY};
use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::{Instance, Options, Peer, Person, Socket};

fn standing() -> Instance {
    let clock = Clock::manual(Clock::system().now_ms());
    Instance::with(Options { clock, configure: None })
}

fn chooses(person: &Person, what: &str, choice: &str) {
    let body = json!({ what: choice });
    person.request("PATCH", "/api/v2/notifications/policy").json(&body).send().ok();
}

fn kinds(person: &Person, query: &str) -> Vec<String> {
    let list = person.get(&format!("/api/v1/notifications{query}"));
    list.as_array().unwrap().iter().map(|n| n["type"].as_str().unwrap().to_owned()).collect()
}

fn requests(person: &Person) -> Vec<Value> {
    person.get("/api/v1/notifications/requests").as_array().unwrap().clone()
}

#[test]
fn a_policy_is_shown_and_changed_in_both_its_shapes() {
    let instance = standing();
    let ann = instance.person("ann");
    let policy = "/api/v2/notifications/policy";
    assert_eq!(
        ann.get(policy),
        json!({
            "for_not_following": "accept", "for_not_followers": "accept",
            "for_new_accounts": "accept", "for_private_mentions": "filter",
            "for_limited_accounts": "filter",
            "summary": {"pending_requests_count": 0, "pending_notifications_count": 0},
        })
    );
    let change = json!({"for_not_following": "drop", "for_private_mentions": "accept"});
    let after = ann.request("PUT", policy).json(&change).send().ok();
    assert_eq!(
        (&after["for_not_following"], &after["for_private_mentions"]),
        (&json!("drop"), &json!("accept"))
    );
    assert_eq!(after["for_limited_accounts"], "filter", "what is not named stays");
    assert_eq!(ann.get(policy), after);
    let old = ann.get("/api/v1/notifications/policy");
    assert_eq!(
        (&old["filter_not_following"], &old["filter_private_mentions"]),
        (&json!(true), &json!(false))
    );
    for method in ["PATCH", "PUT"] {
        let form = [("filter_new_accounts", "true"), ("filter_not_following", "0")];
        let old = ann.request(method, "/api/v1/notifications/policy").form(&form).send().ok();
        assert_eq!(old["filter_new_accounts"], true, "{method}");
        assert_eq!(old["filter_not_following"], false, "{method}");
    }
    assert_eq!(ann.get(policy)["for_new_accounts"], "filter");
    for bad in [json!({"for_new_accounts": "perhaps"}), json!({"for_new_accounts": ["drop"]})] {
        let answer = ann.request("PATCH", policy).json(&bad).send();
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains("for_new_accounts"), "{}", answer.text());
    }
    let answer = ann
        .request("PATCH", "/api/v1/notifications/policy")
        .json(&json!({"filter_new_accounts": "x"}))
        .send();
    assert_eq!(answer.status, 422);
}

#[test]
fn each_sort_is_filtered_or_dropped_as_chosen() {
    for (choice, told) in [("accept", vec!["mention"]), ("filter", vec![]), ("drop", vec![])] {
        let instance = standing();
        let (ann, bob) = (instance.person("ann"), instance.person("bob"));
        for (what, visibility) in [
            ("for_not_following", "public"),
            ("for_not_followers", "public"),
            ("for_new_accounts", "public"),
            ("for_private_mentions", "direct"),
        ] {
            chooses(&ann, "for_private_mentions", "accept");
            chooses(&ann, what, choice);
            bob.writes("hey @ann", visibility);
            assert_eq!(kinds(&ann, ""), told, "{what} {choice}");
            let held = if choice == "filter" { 1 } else { 0 };
            assert_eq!(requests(&ann).len(), held, "{what} {choice}");
            let all = kinds(&ann, "?include_filtered=true");
            assert_eq!(all.len(), held + told.len(), "{what} {choice}");
            chooses(&ann, what, "accept");
            if let Some(request) = requests(&ann).first() {
                ann.post(
                    &format!("/api/v1/notifications/requests/{}/dismiss", id(request)),
                    json!({}),
                );
            }
            ann.post("/api/v1/notifications/clear", json!({}));
        }
    }
}

#[test]
fn s_031_exceptions_are_those_of_mastodon() {
    let instance = standing();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let mentions = |who: &Person| {
        who.writes("hey @ann", "public");
        let told = kinds(&ann, "");
        ann.post("/api/v1/notifications/clear", json!({}));
        !told.is_empty()
    };
    // who follows for three days is a follower, who is here for thirty is not new
    chooses(&ann, "for_not_followers", "filter");
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    assert!(!mentions(&bob));
    instance.advance(3 * DAY + 1000);
    assert!(mentions(&bob));
    chooses(&ann, "for_not_followers", "accept");
    chooses(&ann, "for_new_accounts", "drop");
    assert!(!mentions(&bob));
    instance.advance(30 * DAY);
    assert!(mentions(&bob));
    chooses(&ann, "for_new_accounts", "accept");
    // a private answer to one's own private question is none out of nowhere
    chooses(&ann, "for_not_following", "accept");
    let asked = ann.writes("@bob what do you think?", "direct");
    let deep = bob.post(
        "/api/v1/statuses",
        json!({"status": "@ann this", "visibility": "direct", "in_reply_to_id": id(&asked)}),
    );
    assert_eq!(kinds(&ann, ""), ["mention"]);
    ann.post("/api/v1/notifications/clear", json!({}));
    bob.post(
        "/api/v1/statuses",
        json!({"status": "@ann and that", "visibility": "direct", "in_reply_to_id": id(&deep)}),
    );
    assert_eq!(kinds(&ann, ""), ["mention"], "further down as well");
    ann.post("/api/v1/notifications/clear", json!({}));
    let own = bob.writes("mine", "direct");
    bob.post(
        "/api/v1/statuses",
        json!({"status": "@ann look", "visibility": "direct", "in_reply_to_id": id(&own)}),
    );
    assert_eq!(kinds(&ann, ""), [""; 0]);
    ann.post("/api/v1/notifications/clear", json!({}));
    // whom one follows is heard
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({}));
    chooses(&ann, "for_not_following", "drop");
    bob.writes("psst @ann", "direct");
    assert_eq!(kinds(&ann, ""), ["mention"]);
    // what one asked for comes whatever the policy says
    chooses(&ann, "for_not_followers", "drop");
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({"notify": true}));
    bob.writes("news", "public");
    assert!(kinds(&ann, "").contains(&"status".to_owned()));
}

#[test]
fn the_people_who_run_the_server_reach_everybody() {
    let instance = standing();
    let (ann, root) = (instance.person("ann"), instance.person("root"));
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute("UPDATE user SET admin = 1 WHERE account_id = ?", [&root.id]).unwrap();
    root.writes("@ann a word", "direct");
    assert_eq!(kinds(&ann, ""), ["mention"]);
    chooses(&ann, "for_not_following", "drop");
    root.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    assert_eq!(kinds(&ann, ""), ["mention"], "but with mentions only");
}

#[test]
fn s_031_who_comes_from_a_limited_server_is_held_back() {
    let instance = standing();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "nora"]);
    follow_peer(&instance, &ann, &peer, "nora");
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let limit = "INSERT INTO domain_block (domain, severity, created_at) VALUES (?, 1, 0)";
    sql.execute(limit, [peer.host.clone()]).unwrap();
    for (number, name) in [(1, "mia"), (2, "nora")] {
        let note = peer.create(
            name,
            number,
            "<p>hey</p>",
            json!({
                "cc": [ann.uri],
                "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}],
            }),
        );
        assert_eq!(peer.send(name, &format!("{}/inbox", instance.base), &note).status, 202);
        instance.settle();
    }
    let told = ann.notifications();
    assert_eq!(told, [("mention".to_owned(), format!("nora@{}", peer.host))]);
    let held = requests(&ann);
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["account"]["username"], "mia");
}

#[test]
fn a_request_waits_until_it_is_accepted() {
    let instance = standing();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    chooses(&ann, "for_not_following", "filter");
    let mut socket = Socket::open(
        &instance.host,
        "?stream=user",
        &[("Authorization", &format!("Bearer {}", ann.token))],
    )
    .unwrap();
    socket.says(json!({"type": "subscribe", "stream": "direct"}));
    let mine = id(&ann.writes("mine", "unlisted"));
    assert_eq!(socket.event().0, "user update");
    bob.post(&format!("/api/v1/statuses/{mine}/favourite"), json!({}));
    assert_eq!(requests(&ann).len(), 0, "only what was said makes a request");
    bob.writes("one @ann", "public");
    let second = id(&bob.writes("two @ann", "direct"));
    eve.writes("three @ann", "public");
    socket.is_quiet();
    assert_eq!(kinds(&ann, ""), [""; 0]);
    assert_eq!(ann.get("/api/v2/notifications")["notification_groups"], json!([]));
    assert_eq!(ann.get("/api/v1/conversations"), json!([]));
    assert_eq!(
        ann.get("/api/v2/notifications/policy")["summary"],
        json!({"pending_requests_count": 2, "pending_notifications_count": 3})
    );
    let list = requests(&ann);
    assert_eq!(list.len(), 2);
    let request = &list[1];
    assert_eq!(request["account"]["username"], "bob");
    assert_eq!(request["notifications_count"], "2");
    assert_eq!(request["last_status"]["id"], second.as_str());
    let path = format!("/api/v1/notifications/requests/{}", id(request));
    assert_eq!(&ann.get(&path), request);
    // what is behind it can be looked at
    assert_eq!(
        kinds(&ann, &format!("?account_id={}", bob.id)),
        ["mention", "mention", "favourite"]
    );
    assert_eq!(kinds(&ann, "?include_filtered=true").len(), 4);
    // nobody else's (S-082)
    for (method, rest) in [("GET", ""), ("POST", "/accept"), ("POST", "/dismiss")] {
        assert_eq!(eve.request(method, &format!("{path}{rest}")).send().status, 404, "{rest}");
    }
    eve.post("/api/v1/notifications/requests/accept", json!({"id": [id(request)]}));
    eve.post("/api/v1/notifications/requests/dismiss", json!({"id": [id(request)]}));
    assert_eq!(requests(&ann), list);
    assert_eq!(ann.post(&format!("{path}/accept"), json!({})), json!({}));
    assert_eq!(socket.event().0, "direct conversation");
    assert_eq!(socket.event(), ("user notifications_merged".to_owned(), json!("1")));
    assert_eq!(ann.get("/api/v1/notifications/requests/merged"), json!({"merged": true}));
    assert_eq!(kinds(&ann, ""), ["mention", "mention", "favourite"]);
    assert_eq!(ann.get("/api/v1/conversations")[0]["last_status"]["id"], second.as_str());
    assert_eq!(ann.request("GET", &path).send().status, 404);
    // from now on
    bob.writes("four @ann", "direct");
    let came: Vec<String> = (0..2).map(|_| socket.event().0).collect();
    assert!(came.contains(&"user notification".to_owned()), "{came:?}");
    assert_eq!(kinds(&ann, "").len(), 4);
    // a block takes the permission back
    ann.post(&format!("/api/v1/accounts/{}/block", bob.id), json!({}));
    ann.post(&format!("/api/v1/accounts/{}/unblock", bob.id), json!({}));
    bob.writes("five @ann", "public");
    assert_eq!(kinds(&ann, ""), [""; 0]);
    assert_eq!(requests(&ann).len(), 2);
}

#[test]
fn requests_go_with_what_they_stand_for() {
    let instance = standing();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    chooses(&ann, "for_not_following", "filter");
    let first = id(&bob.writes("one @ann", "public"));
    let second = id(&bob.writes("two @ann", "public"));
    eve.writes("three @ann", "public");
    bob.delete(&format!("/api/v1/statuses/{second}"));
    let list = requests(&ann);
    assert_eq!(
        (&list[1]["notifications_count"], &list[1]["last_status"]["id"]),
        (&json!("1"), &json!(first))
    );
    bob.delete(&format!("/api/v1/statuses/{first}"));
    assert_eq!(requests(&ann).len(), 1);
    // dismissed with all that was held back, in bulk as well
    bob.writes("four @ann", "public");
    let all: Vec<String> = requests(&ann).iter().map(id).collect();
    assert_eq!(all.len(), 2);
    assert_eq!(ann.post("/api/v1/notifications/requests/dismiss", json!({"id": all})), json!({}));
    assert_eq!(requests(&ann).len(), 0);
    assert_eq!(kinds(&ann, "?include_filtered=true"), [""; 0]);
    bob.writes("five @ann", "public");
    eve.writes("six @ann", "public");
    let all: Vec<String> = requests(&ann).iter().map(id).collect();
    let page = ann.get("/api/v1/notifications/requests?limit=1");
    assert_eq!(id(&page[0]), all[0]);
    let rest = ann.get(&format!("/api/v1/notifications/requests?max_id={}", all[0]));
    assert_eq!(id(&rest[0]), all[1]);
    ann.post("/api/v1/notifications/requests/accept", json!({"id": all}));
    assert_eq!(kinds(&ann, ""), ["mention", "mention"]);
    assert_eq!(requests(&ann).len(), 0);
    let many: Vec<String> = (0..101).map(|n: i32| n.to_string()).collect();
    let answer = ann
        .request("POST", "/api/v1/notifications/requests/accept")
        .json(&json!({"id": many}))
        .send();
    assert_eq!(answer.status, 422);
}

#[test]
fn a_follow_with_a_bell_tells_of_what_is_new() {
    let instance = standing();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let other = id(&carl.writes("carl's", "public"));
    let follow = |notify: bool| {
        ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({"notify": notify}));
    };
    follow(false);
    bob.writes("quiet", "public");
    assert_eq!(kinds(&ann, ""), [""; 0]);
    follow(true);
    let mut socket = Socket::open(
        &instance.host,
        "?stream=user:notification",
        &[("Authorization", &format!("Bearer {}", ann.token))],
    )
    .unwrap();
    let heard = bob.writes("loud", "private");
    let (what, told) = socket.event();
    assert_eq!(what, "user:notification notification");
    assert_eq!((&told["type"], &told["status"]["id"]), (&json!("status"), &heard["id"]));
    // neither boosts nor answers to others, nor edits
    bob.post(&format!("/api/v1/statuses/{other}/reblog"), json!({}));
    bob.post("/api/v1/statuses", json!({"status": "an answer", "in_reply_to_id": other}));
    bob.request("PUT", &format!("/api/v1/statuses/{}", id(&heard)))
        .json(&json!({"status": "louder"}))
        .send()
        .ok();
    socket.is_quiet();
    bob.post("/api/v1/statuses", json!({"status": "a thread", "in_reply_to_id": id(&heard)}));
    assert_eq!(socket.event().1["type"], "status");
    // who is kept in an exclusive list is heard as well
    let list = ann.post("/api/v1/lists", json!({"title": "l", "exclusive": true}));
    ann.post(&format!("/api/v1/lists/{}/accounts", id(&list)), json!({"account_ids": [bob.id]}));
    bob.writes("for the list", "public");
    assert_eq!(kinds(&ann, ""), ["status", "status", "status"]);
    let group = &ann.get("/api/v2/notifications?types[]=status")["notification_groups"][0];
    assert!(group["status_id"].is_string());
}
