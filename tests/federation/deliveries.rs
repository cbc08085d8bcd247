//! What leaves: to whom, in which order, and what becomes of it when nobody takes it.

use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use dassie::control::{self, Command, Reply};
use dassie::db;
use serde_json::{Value, json};

use crate::support::{Instance, Options, Peer, PeerAnswer, Person, eventually};

/// An instance whose clock the test turns.
pub(super) fn still() -> Instance {
    Instance::with(Options { clock: Clock::manual(Clock::system().now_ms()), configure: None })
}

/// `name` of the peer follows `person`.
pub(super) fn follow(instance: &Instance, peer: &Peer, name: &str, person: &Person) {
    let uri = peer.uri(name);
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": format!("{uri}#follow/{}", person.name), "type": "Follow", "actor": uri,
        "object": person.uri,
    });
    let now = instance.app.clock.now_ms();
    assert_eq!(peer.send_as(name, &format!("{}/inbox", instance.base), &follow, now).status, 202);
    eventually("the follow is taken", || {
        let account = instance.app.db.read(|conn| db::account::find_by_uri(conn, &uri)).unwrap()?;
        let target: i64 = person.id.parse().unwrap();
        instance.app.db.read(|conn| db::follow::find(conn, account.id, target)).unwrap()
    });
}

/// The types of what arrived, but for Accepts.
pub(super) fn kinds(peer: &Peer) -> Vec<String> {
    let of = |activity: &Value| activity["type"].as_str().unwrap_or_default().to_owned();
    peer.received().iter().map(of).filter(|kind| kind != "Accept").collect()
}

pub(super) fn posts(peer: &Peer) -> usize {
    peer.asked().iter().filter(|path| path.ends_with("inbox")).count()
}

pub(super) fn id(status: &Value) -> String {
    status["id"].as_str().unwrap().to_owned()
}

pub(super) fn progress(person: &Person, status: &Value) -> Value {
    person.get(&format!("/api/v1/statuses/{}/deliveries", id(status)))
}

pub(super) fn counts(progress: &Value) -> [i64; 4] {
    ["total", "delivered", "waiting", "failed"].map(|key| progress[key].as_i64().unwrap())
}

#[test]
fn f_204_f_206_fifty_followers_on_one_host_are_one_request() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let names: Vec<String> = (0..50).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let peer = Peer::start(&names);
    for name in &names {
        follow(&instance, &peer, name, &ann);
    }
    instance.settle();
    let before = posts(&peer);
    ann.writes("to all of you", "private");
    instance.settle();
    assert_eq!((posts(&peer) - before, kinds(&peer)), (1, vec!["Create".to_owned()]));
}

#[test]
fn f_204_shared_inboxes_can_be_left_alone() {
    let configure = |config: &mut dassie::config::Config| {
        config.federation.never_shared_inbox = true;
    };
    let instance = Instance::with(Options { clock: Clock::default(), configure: Some(configure) });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "noa"]);
    follow(&instance, &peer, "mia", &ann);
    follow(&instance, &peer, "noa", &ann);
    instance.settle();
    ann.writes("to each of you", "public");
    instance.settle();
    assert_eq!(kinds(&peer), ["Create", "Create"]);
    let asked = peer.asked();
    assert!(!asked.contains(&"/inbox".to_owned()), "{asked:?}");
}

#[test]
fn f_208_f_212_what_waits_for_an_inbox_stays_in_order() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Status(503));
    let status = ann.writes("one", "public");
    let path = format!("/api/v1/statuses/{}", id(&status));
    ann.request("PUT", &path).json(&json!({"status": "two"})).send().ok();
    ann.delete(&path);
    eventually("it was tried", || (posts(&peer) >= 2).then_some(()));
    let tried = posts(&peer);
    peer.answer(PeerAnswer::Status(202));
    instance.advance(HOUR);
    instance.settle();
    assert_eq!(kinds(&peer), ["Create", "Update", "Delete"]);
    assert_eq!(posts(&peer), tried + 3, "what waits behind was not tried before");
}

#[test]
fn f_207_the_author_sees_how_many_servers_wait() {
    let instance = still();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let (good, down, full) = (Peer::start(&["mia"]), Peer::start(&["noa"]), Peer::start(&["ole"]));
    follow(&instance, &good, "mia", &ann);
    follow(&instance, &down, "noa", &ann);
    follow(&instance, &full, "ole", &ann);
    instance.settle();
    down.answer(PeerAnswer::Status(503));
    full.answer(PeerAnswer::Status(413));
    let status = ann.writes("are you there?", "public");
    let seen = eventually("all were tried", || {
        let seen = progress(&ann, &status);
        let tried = seen["hosts"].as_array().unwrap().iter().all(|h| h["attempts"] == 1);
        (counts(&seen) == [3, 1, 1, 1] && tried).then_some(seen)
    });
    let host =
        |name: &str| seen["hosts"].as_array().unwrap().iter().find(|h| h["host"] == name).cloned();
    let waiting = host(&down.host).unwrap();
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&json!("waiting"), &json!(1)));
    assert_eq!(waiting["last_error"], "the inbox answered 503");
    assert!(waiting["next_try"].is_string());
    assert_eq!(host(&full.host).unwrap()["state"], "failed");
    assert_eq!(host(&good.host), None, "who has it is only counted");
    // to everybody else there is no such page
    let path = format!("/api/v1/statuses/{}/deliveries", id(&status));
    assert_eq!(bob.request("GET", &path).send().status, 404);
    assert_eq!(instance.get(&path).status, 401);
    // and at last
    down.answer(PeerAnswer::Status(202));
    instance.advance(HOUR);
    eventually("it arrives", || (counts(&progress(&ann, &status)) == [3, 2, 0, 1]).then_some(()));
    // an edit is counted anew
    full.answer(PeerAnswer::Status(202));
    let edit = ann.request("PUT", &format!("/api/v1/statuses/{}", id(&status)));
    edit.json(&json!({"status": "you are"})).send().ok();
    eventually("all have it", || (counts(&progress(&ann, &status)) == [3, 3, 0, 0]).then_some(()));
    assert_eq!(progress(&ann, &status)["hosts"], json!([]));
    // what never went anywhere
    assert_eq!(counts(&progress(&bob, &bob.writes("to myself", "public"))), [0, 0, 0, 0]);
}

#[test]
fn f_213_whoever_is_gone_with_the_inbox_is_forgotten() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "noa"]);
    follow(&instance, &peer, "mia", &ann);
    follow(&instance, &peer, "noa", &ann);
    instance.settle();
    // noa is still there
    peer.serve("/users/mia", json!(410));
    peer.answer(PeerAnswer::Status(410));
    ann.writes("anybody?", "public");
    instance.settle();
    let me = ann.get("/api/v1/accounts/verify_credentials");
    assert_eq!(me["followers_count"], 1);
    let followers = ann.get(&format!("/api/v1/accounts/{}/followers", ann.id));
    assert_eq!(followers[0]["username"], "noa");
    assert_eq!(followers.as_array().unwrap().len(), 1);
    peer.answer(PeerAnswer::Status(202));
    ann.writes("still here", "public");
    instance.settle();
    assert_eq!(kinds(&peer), ["Create"]);
}

#[test]
fn f_214_f_215_a_server_that_fails_for_days_is_probed_once_a_week() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Status(503));
    let status = ann.writes("one", "public");
    let row = || instance.app.db.read(|conn| db::delivery::list(conn, 9)).unwrap();
    let host = || {
        let reply = control::execute(&instance.app, Command::HostList { limit: 9 }).unwrap();
        let Reply::Hosts { list, .. } = reply else { panic!("{reply:?}") };
        list.first().cloned()
    };
    for day in 0..7 {
        eventually(&format!("it fails on day {day}"), || {
            let now = instance.app.clock.now_ms();
            row().first().filter(|row| row.attempts > 0 && row.due > now).map(|_| ())
        });
        if host().is_some_and(|host| host.unavailable) {
            break;
        }
        instance.advance(DAY);
    }
    let dead = host().unwrap();
    assert!(dead.unavailable && dead.waiting == 1, "{dead:?}");
    assert_eq!(dead.last_error.as_deref(), Some("the inbox answered 503"));
    let now = instance.app.clock.now_ms();
    assert!(dead.next_try.unwrap() - now > 6 * DAY, "{dead:?}");
    // what comes later waits behind, untried
    ann.writes("two", "public");
    instance.advance(DAY);
    let tried = posts(&peer);
    // after ten days it is given up, which is counted; what is younger waits on
    instance.advance(6 * DAY);
    eventually("the first is given up", || {
        (counts(&progress(&ann, &status))[3] == 1).then_some(())
    });
    assert_eq!(posts(&peer), tried + 1, "one probe");
    let dead = host().unwrap();
    assert_eq!((dead.waiting, dead.dropped), (1, 1), "{dead:?}");
    // an operator knows better
    peer.answer(PeerAnswer::Status(202));
    let retry = Command::HostRetry { host: peer.host.clone() };
    control::execute(&instance.app, retry).unwrap();
    instance.settle();
    assert_eq!((kinds(&peer), host()), (vec!["Create".to_owned()], None));
    let strange = Command::HostRetry { host: "nowhere.example".into() };
    assert!(control::execute(&instance.app, strange).is_err());
}

#[test]
fn f_214_a_server_with_many_inboxes_rests_as_a_whole() {
    let configure = |config: &mut dassie::config::Config| {
        config.federation.never_shared_inbox = true;
    };
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: Some(configure) });
    let ann = instance.person("ann");
    let names: Vec<String> = (0..30).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let peer = Peer::start(&names);
    for name in &names {
        follow(&instance, &peer, name, &ann);
    }
    instance.settle();
    let before = posts(&peer);
    peer.answer(PeerAnswer::Status(503));
    ann.writes("hello", "public");
    let due = || {
        let due = |conn: &db::Conn| db::delivery::list_due(conn, true, 99);
        instance.app.db.read(due).unwrap().len()
    };
    eventually("it rests", || (posts(&peer) - before >= 10 && due() == 0).then_some(()));
    assert_eq!(posts(&peer) - before, 10, "ten failures, then none of the others is tried");
    instance.advance(MINUTE);
    eventually("one is tried", || (posts(&peer) - before >= 11 && due() == 0).then_some(()));
    assert_eq!(posts(&peer) - before, 11);
    peer.answer(PeerAnswer::Status(202));
    instance.advance(2 * MINUTE);
    instance.settle();
    assert_eq!(kinds(&peer).len(), 30);
}

#[test]
fn f_216_nothing_more_goes_to_whom_the_author_blocks() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    // alone behind its inbox
    let mut actor = peer.document("/users/mia");
    actor.as_object_mut().unwrap().remove("endpoints");
    peer.serve("/users/mia", actor);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Status(503));
    let status = ann.writes("for my friends", "private");
    eventually("it was tried", || {
        progress(&ann, &status)["hosts"][0]["attempts"].as_i64().filter(|tried| *tried > 0)
    });
    let uri = peer.uri("mia");
    let mia = instance.app.db.read(|conn| db::account::find_by_uri(conn, &uri)).unwrap().unwrap();
    // before anything more is sent: a second failure would put it off for longer
    peer.answer(PeerAnswer::Status(202));
    ann.post(&format!("/api/v1/accounts/{}/block", mia.id), json!({}));
    instance.advance(HOUR);
    instance.settle();
    assert_eq!(kinds(&peer), ["Reject", "Block"]);
    // nor what names it
    ann.writes(&format!("@mia@{} hello", peer.host), "public");
    instance.settle();
    assert_eq!(kinds(&peer), ["Reject", "Block"]);
}

#[test]
fn f_216_a_server_that_is_blocked_later_gets_nothing_that_waits() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Status(503));
    let status = ann.writes("hello", "public");
    eventually("it was tried", || {
        progress(&ann, &status)["hosts"][0]["attempts"].as_i64().filter(|tried| *tried > 0)
    });
    let block = Command::DomainBlock {
        domain: peer.host.clone(),
        severity: "suspend".into(),
        comment: None,
    };
    control::execute(&instance.app, block).unwrap();
    let before = posts(&peer);
    peer.answer(PeerAnswer::Status(202));
    instance.advance(HOUR);
    eventually("it is dropped", || (counts(&progress(&ann, &status))[3] == 1).then_some(()));
    assert_eq!((posts(&peer), counts(&progress(&ann, &status))), (before, [1, 0, 0, 1]));
}

#[test]
fn f_211_retry_after_is_kept_up_to_six_hours() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Busy(7200));
    let status = ann.writes("hello", "public");
    let next = || {
        let seen = progress(&ann, &status);
        let next = seen["hosts"][0]["next_try"].as_str()?.to_owned();
        (seen["hosts"][0]["attempts"] == 1).then_some(next)
    };
    let next = eventually("it was tried", next);
    let due = dassie::clock::api_time(instance.app.clock.now_ms() + 2 * HOUR);
    assert_eq!(next, due);
}

#[test]
fn f_222_f_223_f_228_each_activity_goes_to_whom_it_concerns() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (author, fan) = (Peer::start(&["mia"]), Peer::start(&["noa"]));
    follow(&instance, &fan, "noa", &ann);
    instance.settle();
    let mut note = author.create("mia", 1, "<p>hello</p>", json!({}))["object"].clone();
    note["@context"] = json!("https://www.w3.org/ns/activitystreams");
    author.serve("/notes/1", note);
    let there = ann.finds_status(&author.at("/notes/1")).unwrap();
    let path = format!("/api/v1/statuses/{}", id(&there));
    for deed in ["favourite", "reblog", "unreblog", "unfavourite"] {
        ann.post(&format!("{path}/{deed}"), json!({}));
    }
    instance.settle();
    assert_eq!(kinds(&author), ["Like", "Announce", "Undo", "Undo"]);
    assert_eq!(kinds(&fan), ["Announce", "Undo"], "a Like is its author's alone");
    let received = author.received();
    let announce = received.iter().find(|a| a["type"] == "Announce").unwrap();
    assert!(announce["cc"].as_array().unwrap().contains(&json!(author.uri("mia"))), "{announce}");
    let mut ids: Vec<&str> = received.iter().map(|a| a["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), received.len(), "each has an id of its own");
    for activity in received.iter().chain(&fan.received()) {
        // F-203, S-100
        assert!(activity.get("bto").is_none() && activity.get("bcc").is_none(), "{activity}");
    }
}

#[test]
fn f_220_f_221_whoever_answered_hears_of_edits_and_of_the_end() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let status = ann.writes("who is there?", "public");
    let reply =
        peer.create("mia", 1, "<p>me</p>", json!({"inReplyTo": status["uri"], "cc": [ann.uri]}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &reply).status, 202);
    instance.settle();
    let path = format!("/api/v1/statuses/{}", id(&status));
    ann.request("PUT", &path).json(&json!({"status": "who?"})).send().ok();
    ann.delete(&path);
    instance.settle();
    assert_eq!(kinds(&peer), ["Update", "Delete"]);
    let delete = peer.received().pop().unwrap();
    assert_eq!(
        (&delete["object"]["type"], &delete["object"]["id"]),
        (&json!("Tombstone"), &status["uri"])
    );
    assert_eq!(delete["to"][0], "https://www.w3.org/ns/activitystreams#Public");
}

#[test]
fn f_225_a_new_follower_gets_no_old_posts() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.writes("long ago", "public");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    assert_eq!(kinds(&peer), [""; 0]);
}

#[test]
fn f_205_who_is_not_named_any_more_hears_of_it_alone() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "noa"]);
    for name in ["mia", "noa"] {
        ann.finds(&format!("{name}@{}", peer.host));
    }
    let text = format!("@mia@{0} @noa@{0} a secret", peer.host);
    let status = ann.writes(&text, "direct");
    instance.settle();
    let inboxes = |peer: &Peer| -> Vec<String> {
        peer.asked().into_iter().filter(|path| path.ends_with("inbox")).collect()
    };
    assert_eq!(inboxes(&peer), ["/inbox"]);
    let edit = ann.request("PUT", &format!("/api/v1/statuses/{}", id(&status)));
    edit.json(&json!({"status": format!("@mia@{} a secret", peer.host)})).send().ok();
    instance.settle();
    let mut later = inboxes(&peer)[1..].to_vec();
    later.sort();
    assert_eq!(later, ["/inbox", "/users/noa/inbox"]);
}

#[test]
fn s_022_servers_that_nobody_hears_of_are_forgotten() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Status(503));
    ann.writes("one", "public");
    let now = instance.app.clock.now_ms();
    let kept = instance.app.db.write(dassie::db::Lane::Background, move |tx| {
        for number in 0..30 {
            db::host::succeeded(tx, &format!("h{number:02}.example"))?;
        }
        // none is old; ten are more than there may be, and somebody waits for the peer
        let gone =
            (db::host::expire(tx, now - DAY, 25, 100)?, db::host::expire(tx, now + 1, 25, 3)?);
        Ok((gone, db::host::find(tx, "h00.example")?, db::host::find(tx, "h29.example")?))
    });
    let (gone, first, last) = kept.wait().unwrap();
    assert_eq!(gone, (6, 3));
    assert!(first.is_none() && last.is_some());
    let name = peer.host.clone();
    assert!(instance.app.db.read(|conn| db::host::find(conn, &name)).unwrap().is_some());
}
