//! Polls: making, voting here and elsewhere, tallies and the end.

use dassie::clock::{Clock, MINUTE};
use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::{Instance, Options, Peer, Person, eventually};

fn poll(person: &Person, poll: Value) -> Value {
    person.post("/api/v1/statuses", json!({"status": "which?", "poll": poll}))
}

fn vote(person: &Person, status: &str, choices: Value) -> crate::support::Answer {
    let body = json!({"choices": choices});
    person.request("POST", &format!("/api/v1/polls/{status}/votes")).json(&body).send()
}

fn tallies(poll: &Value) -> Vec<Value> {
    poll["options"].as_array().unwrap().iter().map(|o| o["votes_count"].clone()).collect()
}

#[test]
fn a_poll_is_made_voted_in_and_counted_once() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let status = poll(&ann, json!({"options": ["tea", "coffee"], "expires_in": 600}));
    let shown = &status["poll"];
    assert_eq!(shown["id"], status["id"]);
    assert_eq!((&shown["expired"], &shown["multiple"]), (&json!(false), &json!(false)));
    assert_eq!((&shown["voted"], &shown["own_votes"]), (&json!(true), &json!([])));
    assert_eq!(shown["options"][1], json!({"title": "coffee", "votes_count": 0}));
    let status = id(&status);
    let voted = vote(&bob, &status, json!(["1"])).ok();
    assert_eq!((&voted["voted"], &voted["own_votes"]), (&json!(true), &json!([1])));
    assert_eq!((&voted["votes_count"], &voted["voters_count"]), (&json!(1), &json!(1)));
    let why = |person: &Person, choices: Value| {
        let answer = vote(person, &status, choices);
        (answer.status, answer.json()["error"].as_str().unwrap().to_owned())
    };
    let no = |text: &str| (422, format!("Validation failed: {text}"));
    assert_eq!(why(&bob, json!([0])), no("You have already voted on this poll"));
    assert_eq!(why(&carl, json!([0, 1])), no("You have already voted on this poll"));
    assert_eq!(why(&carl, json!([2])), no("The chosen vote option does not exist"));
    assert_eq!(why(&carl, json!([-1])), no("The chosen vote option does not exist"));
    assert_eq!(why(&carl, json!([])), no("choices can't be blank"));
    assert_eq!(why(&ann, json!([0])), no("You cannot vote in your own polls"));
    let seen = instance.get(&format!("/api/v1/polls/{status}")).ok();
    assert_eq!(tallies(&seen), [0, 1]);
    assert!(seen.get("voted").is_none());
    let plain = id(&ann.writes("no poll", "public"));
    assert_eq!(instance.get(&format!("/api/v1/polls/{plain}")).status, 404);
    let secret = ann.post(
        "/api/v1/statuses",
        json!({"status": "s", "visibility": "direct", "poll": {"options": ["a", "b"], "expires_in": 600}}),
    );
    assert_eq!(vote(&bob, &id(&secret), json!([0])).status, 404);
    // several choices, hidden until the end
    let many = poll(
        &ann,
        json!({"options": ["a", "b", "c"], "expires_in": "600", "multiple": "true", "hide_totals": true}),
    );
    let many = id(&many);
    let voted = vote(&bob, &many, json!([0, 2])).ok();
    assert_eq!(voted["own_votes"], json!([0, 2]));
    assert_eq!(tallies(&voted), [Value::Null, Value::Null, Value::Null]);
    assert_eq!((&voted["votes_count"], &voted["voters_count"]), (&json!(2), &json!(1)));
    // the same choices keep their votes through an edit, others do not
    let edit = |options: Value| {
        let body = json!({"status": "which one?", "poll": {"options": options, "expires_in": 600}});
        ann.request("PUT", &format!("/api/v1/statuses/{status}")).json(&body).send().ok()
    };
    assert_eq!(tallies(&edit(json!(["tea", "coffee"]))["poll"]), [0, 1]);
    assert_eq!(tallies(&edit(json!(["tea", "water"]))["poll"]), [0, 0]);
    assert_eq!(vote(&bob, &status, json!([0])).status, 200);
    let deleted = ann.delete(&format!("/api/v1/statuses/{status}"));
    assert_eq!(deleted["poll"]["options"][1]["title"], "water");
}

#[test]
fn a_poll_keeps_the_limits() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let limits = &instance.get("/api/v2/instance").ok()["configuration"]["polls"];
    assert_eq!(limits["max_options"], 4);
    let why = |poll: Value| {
        let body = json!({"status": "which?", "poll": poll});
        let answer = ann.request("POST", "/api/v1/statuses").json(&body).send();
        assert_eq!(answer.status, 422, "{}", answer.text());
        answer.json()["error"].as_str().unwrap().replace("Validation failed: ", "")
    };
    let of = |options: Value, time: i64| json!({"options": options, "expires_in": time});
    assert_eq!(why(of(json!(["a"]), 600)), "Choices must have more than one item");
    assert_eq!(
        why(of(json!(["a", "b", "c", "d", "e"]), 600)),
        "Choices can't contain more than 4 items"
    );
    assert_eq!(why(of(json!(["a", "a "]), 600)), "Choices contain duplicate items");
    assert_eq!(
        why(of(json!(["a", "b".repeat(51)]), 600)),
        "Choices cannot be longer than 50 characters each"
    );
    assert_eq!(why(of(json!(["a", "b"]), 299)), "Deadline is too soon");
    assert_eq!(why(of(json!(["a", "b"]), i64::MAX)), "Deadline is too far into the future");
    assert_eq!(why(json!({"options": ["a", "b"]})), "Deadline can't be blank");
}

#[test]
fn f_303_f_306_f_307_f_309_votes_come_in_and_tallies_go_out() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock: clock.clone(), configure: None });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia", "nora"]);
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    let inbox = format!("{}/inbox", instance.base);
    assert_eq!(peer.send("mia", &inbox, &follow).status, 202);
    instance.settle();
    let status = ann.post(
        "/api/v1/statuses",
        json!({"status": "which?", "poll":
            {"options": ["a", "b", "c"], "expires_in": 3600, "multiple": true}}),
    );
    let uri = status["uri"].clone();
    let sent = |kind: &str| -> Vec<Value> {
        peer.received().into_iter().filter(|a| a["type"] == kind).collect()
    };
    let question = eventually("the question arrives", || sent("Create").pop())["object"].clone();
    assert_eq!(question["type"], "Question");
    assert_eq!(question["anyOf"][1]["name"], "b");
    assert!(question["endTime"].is_string());
    let note = |by: &str, number: u32, name: &str| {
        json!({
            "id": peer.at(&format!("/votes/{by}/{number}")), "type": "Note", "name": name,
            "attributedTo": peer.uri(by), "to": [ann.uri], "inReplyTo": uri,
        })
    };
    let send = |by: &str, number: u32, object: Value| {
        let create = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/creates/{by}/{number}")), "type": "Create",
            "actor": peer.uri(by), "to": [ann.uri], "object": object,
        });
        let now = clock.now_ms();
        assert_eq!(peer.send_as(by, &inbox, &create, now).status, 202);
    };
    let path = format!("/api/v1/polls/{}", id(&status));
    let counts = |wanted: [i64; 3], voters: i64| {
        eventually("the votes count", || {
            let poll = ann.get(&path);
            (tallies(&poll) == wanted && poll["voters_count"] == voters).then_some(())
        });
    };
    send("mia", 1, json!([note("mia", 1, "a"), note("mia", 2, "b")]));
    counts([1, 1, 0], 1);
    // again, no such choice, another's vote
    send("mia", 2, note("mia", 3, "a"));
    send("mia", 3, note("mia", 4, "A"));
    send("mia", 4, note("nora", 9, "c"));
    send("nora", 1, note("nora", 1, "a"));
    counts([2, 1, 0], 2);
    vote(&bob, &id(&status), json!([2])).ok();
    counts([2, 1, 1], 3);
    assert!(sent("Update").is_empty(), "not at once");
    assert!(ann.notifications().iter().all(|(kind, _)| kind != "mention"), "votes are no posts");
    instance.advance(3 * MINUTE);
    let update = eventually("the tallies are told", || sent("Update").pop());
    assert_eq!(update["object"]["anyOf"][0]["replies"]["totalItems"], 2);
    assert_eq!(update["object"]["votersCount"], 3);
    assert!(update["object"].get("updated").is_none() && update["object"].get("closed").is_none());
    let before = sent("Update").len();
    instance.advance(60 * MINUTE);
    let last = eventually("the end is told", || {
        Some(sent("Update")).filter(|all| all.len() > before).and_then(|mut all| all.pop())
    });
    assert!(last["object"]["closed"].is_string());
    let ended = ("poll".to_owned(), "ann".to_owned());
    eventually("both are told", || {
        (ann.notifications().contains(&ended) && bob.notifications().contains(&ended)).then_some(())
    });
    assert_eq!(ann.get(&path)["expired"], true);
    send("nora", 5, note("nora", 5, "c"));
    instance.settle();
    counts([2, 1, 1], 3);
    let carl = instance.person("carl");
    assert_eq!(vote(&carl, &id(&status), json!([0])).status, 422);
}

#[test]
fn f_163_f_306_only_who_may_see_a_poll_votes() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let status = ann.post(
        "/api/v1/statuses",
        json!({"status": "which?", "visibility": "private",
            "poll": {"options": ["a", "b"], "expires_in": 3600}}),
    );
    let create = peer.create("mia", 1, "", json!({"name": "a", "inReplyTo": status["uri"]}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &create).status, 202);
    let jobs = || instance.app.db.read(|conn| dassie::db::job::count(conn, 10)).unwrap();
    eventually("it is processed", || (jobs() == 1).then_some(()));
    assert_eq!(tallies(&ann.get(&format!("/api/v1/polls/{}", id(&status)))), [0, 0]);
    assert_eq!(ann.get("/api/v1/notifications"), json!([]));
}

#[test]
fn f_305_a_vote_elsewhere_goes_to_its_author_alone() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock: clock.clone(), configure: None });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let option = |name: &str, votes: u32| {
        json!({"type": "Note", "name": name,
            "replies": {"type": "Collection", "totalItems": votes}})
    };
    let end = dassie::clock::wire_time(clock.now_ms() + 10 * MINUTE);
    let inbox = format!("{}/inbox", instance.base);
    let create = peer.create(
        "mia",
        1,
        "<p>which?</p>",
        json!({"type": "Question", "anyOf": [option("a", 3), option("b", 4)],
            "endTime": end, "votersCount": 5}),
    );
    assert_eq!(peer.send("mia", &inbox, &create).status, 202);
    let status = id(&eventually("it arrives", || ann.finds_status(&peer.at("/notes/1"))));
    let voted = vote(&ann, &status, json!([0, 1])).ok();
    assert_eq!(tallies(&voted), [4, 5]);
    assert_eq!(voted["voters_count"], 6);
    let votes = eventually("the votes arrive", || {
        let all: Vec<Value> =
            peer.received().into_iter().filter(|a| a["type"] == "Create").collect();
        (all.len() == 2).then_some(all)
    });
    for (vote, name) in votes.iter().zip(["a", "b"]) {
        let object = &vote["object"];
        assert_eq!((&object["type"], &object["name"]), (&json!("Note"), &json!(name)));
        assert_eq!(object["inReplyTo"], peer.at("/notes/1"));
        assert_eq!(object["to"], json!([peer.uri("mia")]));
        assert!(object.get("content").is_none());
    }
    // what its author tells replaces the guess; one's own votes stay
    let mut note = create["object"].clone();
    note["anyOf"] = json!([option("a", 7), option("b", 8)]);
    let update = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/updates/1"),
        "type": "Update", "actor": peer.uri("mia"), "object": note,
    });
    assert_eq!(peer.send("mia", &inbox, &update).status, 202);
    let path = format!("/api/v1/polls/{status}");
    let poll = eventually("the tallies come", || {
        Some(ann.get(&path)).filter(|poll| tallies(poll) == [7, 8])
    });
    assert_eq!(poll["own_votes"], json!([0, 1]));
    instance.advance(10 * MINUTE + 1000);
    let ended = ("poll".to_owned(), format!("mia@{}", peer.host));
    eventually("the end is told", || ann.notifications().contains(&ended).then_some(()));
}

#[test]
fn s_039_tallies_of_somebody_suspended_are_told_to_nobody() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let boss = super::admin::admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    peer.send("mia", &format!("{}/inbox", instance.base), &follow);
    instance.settle();
    let status = ann.post(
        "/api/v1/statuses",
        json!({"status": "which?", "poll": {"options": ["a", "b"], "expires_in": 3600}}),
    );
    vote(&bob, status["poll"]["id"].as_str().unwrap(), json!([0])).ok();
    let suspend = format!("/api/v1/admin/accounts/{}/action", ann.id);
    boss.post(&suspend, json!({"type": "suspend"}));
    instance.advance(4_000_000);
    instance.settle();
    let told = peer.received().into_iter().filter(|a| a["object"]["type"] == "Question");
    assert_eq!(told.map(|a| a["type"].clone()).collect::<Vec<_>>(), ["Create"]);
}
