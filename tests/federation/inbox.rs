//! What arrives: once, in order, from whom it says, and no more of it than is good.

use dassie::clock::{Clock, HOUR};
use dassie::control::{self, Command};
use dassie::db;
use serde_json::{Value, json};

use crate::api::admin::admin;
use crate::api::follow_peer;
use crate::support::{Answer, Instance, Options, Peer, Person, Request, eventually};

const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";

fn shared(instance: &Instance) -> String {
    format!("{}/inbox", instance.base)
}

fn like(peer: &Peer, name: &str, number: u32, status: &Value) -> Value {
    json!({
        "@context": CONTEXT, "id": peer.at(&format!("/likes/{number}")), "type": "Like",
        "actor": peer.uri(name), "object": status["uri"],
    })
}

fn favourites(person: &Person, status: &Value) -> i64 {
    let path = format!("/api/v1/statuses/{}", status["id"].as_str().unwrap());
    person.get(&path)["favourites_count"].as_i64().unwrap()
}

fn followers(person: &Person) -> i64 {
    person.get("/api/v1/accounts/verify_credentials")["followers_count"].as_i64().unwrap()
}

#[test]
fn f_126_f_131_the_same_in_both_inboxes_counts_once_but_reaches_both() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let status = ann.writes("mine", "public");
    let activity = like(&peer, "mia", 1, &status);
    let personal = format!("{}/inbox", ann.uri);
    for inbox in [&shared(&instance), &personal, &shared(&instance), &personal] {
        assert_eq!(peer.send("mia", inbox, &activity).status, 202);
    }
    instance.settle();
    assert_eq!(favourites(&ann, &status), 1);
    assert_eq!(ann.notifications().len(), 1);
    // what names nobody is for whoever owns the inbox, each of them, once
    let followers_only = json!({"to": [format!("{}/followers", peer.uri("mia"))], "cc": []});
    let create = peer.create("mia", 1, "<p>psst</p>", followers_only);
    for inbox in [shared(&instance), personal, format!("{}/inbox", bob.uri)] {
        assert_eq!(peer.send("mia", &inbox, &create).status, 202);
        instance.settle();
    }
    let uri = peer.at("/notes/1");
    for person in [&ann, &bob] {
        assert!(person.finds_status(&uri).is_some(), "{} has it", person.name);
    }
    assert!(instance.person("eve").finds_status(&uri).is_none());
}

#[test]
fn f_132_f_134_an_undo_without_an_id_by_an_actor_that_is_an_object() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let uri = peer.uri("mia");
    let follow = |number: u32| {
        json!({"@context": CONTEXT, "id": peer.at(&format!("/follows/{number}")), "type": "Follow",
               "actor": uri, "object": ann.uri})
    };
    let inbox = shared(&instance);
    assert_eq!(peer.send("mia", &inbox, &follow(1)).status, 202);
    instance.settle();
    assert_eq!(followers(&ann), 1);
    let undo = json!({
        "@context": CONTEXT, "type": "Undo",
        "actor": {"id": uri, "type": "Person", "name": "somebody else", "inbox": "http://127.0.0.1:1/"},
        "object": {"type": "Follow", "actor": uri, "object": ann.uri},
    });
    assert_eq!(peer.send("mia", &inbox, &undo).status, 202);
    instance.settle();
    assert_eq!(followers(&ann), 0);
    // F-140: of the embedded actor nothing but its id counts
    let mia = ann.finds(&format!("mia@{}", peer.host));
    assert_eq!(mia["display_name"], "mia");
    // a repeat of it does not end a later follow
    assert_eq!(peer.send("mia", &inbox, &follow(2)).status, 202);
    assert_eq!(peer.send("mia", &inbox, &undo).status, 202);
    instance.settle();
    assert_eq!(followers(&ann), 1);
}

#[test]
fn f_136_of_a_suspended_actor_only_what_ends_things_is_processed() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let inbox = shared(&instance);
    for number in [1, 2] {
        peer.send("mia", &inbox, &peer.create("mia", number, "<p>hi</p>", json!({})));
    }
    instance.settle();
    let status = ann.writes("mine", "public");
    let id = ann.finds(&format!("mia@{}", peer.host))["id"].as_str().unwrap().to_owned();
    boss.post(&format!("/api/v1/admin/accounts/{id}/action"), json!({"type": "suspend"}));
    let knows = |number: u32| {
        let uri = peer.at(&format!("/notes/{number}"));
        instance.app.db.read(|conn| db::status::find_by_uri(conn, &uri)).unwrap().is_some()
    };
    assert!(knows(1) && knows(2));
    let delete = json!({
        "@context": CONTEXT, "id": peer.at("/deletes/1"), "type": "Delete",
        "actor": peer.uri("mia"), "object": peer.at("/notes/1"),
    });
    for activity in [
        peer.create("mia", 3, "<p>again</p>", json!({"cc": [ann.uri]})),
        like(&peer, "mia", 1, &status),
        delete,
    ] {
        assert_eq!(peer.send("mia", &inbox, &activity).status, 202);
    }
    instance.settle();
    assert_eq!((knows(1), knows(2), knows(3)), (false, true, false));
    assert_eq!(favourites(&ann, &status), 0);
}

#[test]
fn f_138_f_140_an_id_alone_is_fetched_from_the_actors_server_and_from_no_other() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (peer, other) = (Peer::start(&["mia"]), Peer::start(&["eve"]));
    follow_peer(&instance, &ann, &peer, "mia");
    for (host, name, number) in [(&peer, "mia", 1), (&other, "eve", 2)] {
        let mut note = host.create(name, number, "<p>fetched</p>", json!({}))["object"].clone();
        note["@context"] = json!(CONTEXT);
        host.serve(&format!("/notes/{number}"), note);
    }
    for (number, object) in [(1, peer.at("/notes/1")), (2, other.at("/notes/2"))] {
        let create = json!({
            "@context": CONTEXT, "id": peer.at(&format!("/creates/{number}")), "type": "Create",
            "actor": peer.uri("mia"), "to": [format!("{CONTEXT}#Public")], "object": object,
        });
        assert_eq!(peer.send("mia", &shared(&instance), &create).status, 202);
    }
    instance.settle();
    assert_eq!(ann.home(), ["fetched"]);
    assert_eq!(other.asked(), [""; 0]);
}

#[test]
fn f_144_a_delivered_collection_is_taken_apart() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "noa"]);
    let status = ann.writes("mine", "public");
    let inbox = shared(&instance);
    let tag = json!([{"type": "Mention", "href": ann.uri, "name": "@ann"}]);
    let named = |number: u32| {
        peer.create("mia", number, "<p>hello</p>", json!({"cc": [ann.uri], "tag": tag}))
    };
    let list = json!({
        "@context": CONTEXT, "type": "OrderedCollection",
        "orderedItems": [like(&peer, "mia", 1, &status), named(1), named(2)],
    });
    assert_eq!(peer.send("mia", &inbox, &list).status, 202);
    instance.settle();
    assert_eq!((favourites(&ann, &status), ann.notifications().len()), (1, 3));
    // each is checked like one of its own: another's is refused, and with it the delivery
    let mixed = json!([named(3), like(&peer, "noa", 2, &status)]);
    assert_eq!(peer.send("mia", &inbox, &mixed).status, 401);
    let many: Vec<Value> = (10..31).map(named).collect();
    assert_eq!(peer.send("mia", &inbox, &json!(many)).status, 400);
    assert_eq!(peer.send("mia", &inbox, &json!([])).status, 202);
    instance.settle();
    assert_eq!((favourites(&ann, &status), ann.notifications().len()), (1, 3));
}

#[test]
fn f_145_s_046_what_cannot_succeed_ends_and_can_be_looked_at() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    peer.serve("/notes/1", json!(503));
    let create = json!({
        "@context": CONTEXT, "id": peer.at("/creates/1"), "type": "Create",
        "actor": peer.uri("mia"), "to": [format!("{CONTEXT}#Public")], "object": peer.at("/notes/1"),
    });
    assert_eq!(peer.send("mia", &shared(&instance), &create).status, 202);
    let attempts = |at_least: i64| {
        let path = instance.folder.path().join("data/dassie.db");
        let sql = rusqlite::Connection::open(path).unwrap();
        eventually(&format!("try {at_least}"), || {
            sql.query_row("SELECT attempts, dead FROM job", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
            })
            .ok()
            .filter(|(attempts, _)| *attempts >= at_least)
        })
    };
    for attempt in 1..=5 {
        let (_, dead) = attempts(attempt);
        assert_eq!(dead, attempt == 5, "try {attempt}");
        instance.advance(20 * HOUR);
    }
    instance.settle();
    let asked = peer.asked().iter().filter(|path| *path == "/notes/1").count();
    assert!(asked <= 5, "{asked}");
    let command = Command::JobList { limit: 9 };
    let control::Reply::Jobs(jobs) = control::execute(&instance.app, command).unwrap() else {
        panic!("no jobs")
    };
    assert_eq!((jobs.len(), jobs[0].attempts), (1, 5));
    assert!(jobs[0].reason.contains("/notes/1"), "{:?}", jobs[0]);
    // what it was about is of no use any more, and may be large
    let sql = rusqlite::Connection::open(instance.folder.path().join("data/dassie.db")).unwrap();
    let kept: i64 = sql.query_row("SELECT length(payload) FROM job", [], |r| r.get(0)).unwrap();
    assert_eq!(kept, 0);
    // and holds up nothing that comes behind it
    peer.send("mia", &shared(&instance), &peer.create("mia", 2, "<p>next</p>", json!({})));
    let now = instance.app.clock.now_ms();
    let next = peer.create("mia", 3, "<p>next</p>", json!({}));
    peer.send_as("mia", &shared(&instance), &next, now);
    eventually("the next one arrives", || ann.home().contains(&"next".to_owned()).then_some(()));
}

#[test]
fn s_054_whoever_sends_too_much_is_told_to_wait() {
    let configure = |config: &mut dassie::config::Config| {
        config.limits.inbox_requests_per_address = 10;
        config.limits.inbox_requests_per_server = 20;
    };
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: Some(configure) });
    let ann = instance.person("ann");
    let (peer, other) = (Peer::start(&["mia"]), Peer::start(&["noa"]));
    let status = ann.writes("mine", "public");
    // by address, whatever it is
    let post = |from: &str| -> Answer {
        Request::new("POST", shared(&instance))
            .header("x-forwarded-for", from)
            .body(b"{}", "application/activity+json")
            .send()
    };
    let answers: Vec<u16> = (0..12).map(|_| post("192.0.2.1").status).collect();
    assert_eq!(answers, [400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 429, 429]);
    let refused = post("192.0.2.1");
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=301).contains(&wait), "{wait}");
    assert_eq!(post("192.0.2.2").status, 400);
    assert_eq!(post("2001:db8:1:2::1").status, 400);
    // by server, when it signed; what is forged in its name takes nothing from it
    let now = || instance.app.clock.now_ms();
    for number in 0..30 {
        let forged = like(&peer, "mia", number, &status);
        let key_id = format!("{}#main-key", peer.uri("ghost"));
        let answer =
            other.send_with_key_id(&key_id, &shared(&instance), forged.to_string().as_bytes());
        assert!(matches!(answer.status, 401 | 503), "{}", answer.status);
    }
    let answers: Vec<u16> = (0..22)
        .map(|number| {
            let activity = like(&peer, "mia", number, &status);
            peer.send_as("mia", &shared(&instance), &activity, now()).status
        })
        .collect();
    assert_eq!(answers.iter().filter(|status| **status == 202).count(), 20, "{answers:?}");
    assert_eq!(answers[20..], [429, 429]);
    let activity = like(&other, "noa", 1, &status);
    assert_eq!(other.send_as("noa", &shared(&instance), &activity, now()).status, 202);
    // after a while it may again
    instance.advance(6 * 60_000);
    assert_eq!(post("192.0.2.1").status, 400);
    let activity = like(&peer, "mia", 99, &status);
    assert_eq!(peer.send_as("mia", &shared(&instance), &activity, now()).status, 202);
}

#[test]
fn f_193_a_ban_from_a_community_is_no_block() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mod"]);
    let inbox = shared(&instance);
    let follow = json!({"@context": CONTEXT, "id": peer.at("/follows/1"), "type": "Follow",
                        "actor": peer.uri("mod"), "object": ann.uri});
    peer.send("mod", &inbox, &follow);
    instance.settle();
    let mut ban = json!({
        "@context": CONTEXT, "id": peer.at("/bans/1"), "type": "Block", "actor": peer.uri("mod"),
        "object": ann.uri, "target": peer.at("/c/cats"), "summary": "spam",
    });
    assert_eq!(peer.send("mod", &inbox, &ban).status, 202);
    instance.settle();
    assert_eq!(followers(&ann), 1);
    // F-192: a block of one person by another ends follows, and nobody is told
    let before = ann.notifications();
    ban["id"] = json!(peer.at("/blocks/1"));
    ban.as_object_mut().unwrap().remove("target");
    assert_eq!(peer.send("mod", &inbox, &ban).status, 202);
    instance.settle();
    assert_eq!(followers(&ann), 0);
    assert!(ann.notifications().iter().all(|one| before.contains(one)));
    let id = ann.finds(&format!("mod@{}", peer.host))["id"].as_str().unwrap().to_owned();
    let answer = ann.request("POST", &format!("/api/v1/accounts/{id}/follow")).send();
    assert_eq!(answer.status, 403);
}

#[test]
fn s_031_new_strangers_can_be_held_back_for_all() {
    let configure = |config: &mut dassie::config::Config| {
        config.federation.hold_back_new_accounts = true;
    };
    let instance = Instance::with(Options { clock: Clock::default(), configure: Some(configure) });
    let ann = instance.person("ann");
    let peer = Peer::start(&["young", "old"]);
    let now = instance.app.clock.now_ms();
    for (name, published) in
        [("young", dassie::clock::api_time(now - HOUR)), ("old", "2020-01-01T00:00:00Z".to_owned())]
    {
        let path = format!("/users/{name}");
        let mut actor = peer.document(&path);
        actor["published"] = json!(published);
        peer.serve(&path, actor);
    }
    for (number, name) in [(1, "young"), (2, "old")] {
        let create = peer.create(
            name,
            number,
            "<p>buy this</p>",
            json!({"cc": [ann.uri], "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}]}),
        );
        assert_eq!(peer.send(name, &shared(&instance), &create).status, 202);
    }
    instance.settle();
    assert_eq!(ann.notifications(), [("mention".to_owned(), format!("old@{}", peer.host))]);
    let requests = ann.get("/api/v1/notifications/requests");
    assert_eq!(requests[0]["account"]["username"], "young");
    // whoever wants it otherwise has it so
    assert_eq!(ann.get("/api/v2/notifications/policy")["for_new_accounts"], "filter");
    let body = json!({"for_new_accounts": "accept"});
    ann.request("PATCH", "/api/v2/notifications/policy").json(&body).send().ok();
    let create = peer.create(
        "young",
        3,
        "<p>again</p>",
        json!({"cc": [ann.uri], "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}]}),
    );
    peer.send("young", &shared(&instance), &create);
    instance.settle();
    assert_eq!(ann.notifications().len(), 2);
}
