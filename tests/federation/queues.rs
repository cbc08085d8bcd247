//! What keeps the queues moving: no server, no activity and no amount of waiting holds up the rest.

use dassie::clock::{DAY, HOUR};
use dassie::db::{self, Lane};
use serde_json::{Value, json};

use super::deliveries::{counts, follow, id, kinds, posts, progress, still};
use crate::support::{Instance, Options, Peer, PeerAnswer, eventually};

/// How often the first row was tried.
fn attempts(instance: &Instance) -> i64 {
    let rows = instance.app.db.read(|conn| db::delivery::list(conn, 9)).unwrap();
    rows.first().map_or(0, |row| row.attempts)
}

#[test]
fn f_208_f_211_a_refused_activity_makes_room_for_those_behind_it() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    let says = |body: &[u8], word: &str| String::from_utf8_lossy(body).contains(word);
    peer.refuse(move |heard| says(&heard.body, "indigestible").then_some(400));
    let refused = ann.writes("indigestible", "public");
    // alone it is tried again and again
    for tried in 1..=9 {
        eventually(&format!("try {tried}"), || (attempts(&instance) >= tried).then_some(()));
        instance.advance(2 * HOUR);
    }
    assert_eq!(counts(&progress(&ann, &refused)), [1, 0, 1, 0]);
    let fine = ann.writes("fine", "public");
    instance.advance(3 * HOUR);
    eventually("the other arrives", || (counts(&progress(&ann, &fine))[1] == 1).then_some(()));
    assert_eq!(counts(&progress(&ann, &refused)), [1, 0, 0, 1]);
    assert_eq!(progress(&ann, &refused)["hosts"][0]["last_error"], "the inbox answered 400");
    // one that is refused while others wait is tried for a while, too
    ann.writes("indigestible again", "public");
    let last = ann.writes("fine again", "public");
    let before = posts(&peer);
    for _ in 0..20 {
        if counts(&progress(&ann, &last))[1] == 1 {
            break;
        }
        let tried = attempts(&instance);
        instance.advance(2 * HOUR);
        eventually("a try", || {
            let arrived = counts(&progress(&ann, &last))[1] == 1;
            (arrived || attempts(&instance) > tried).then_some(())
        });
    }
    eventually("the last arrives", || (counts(&progress(&ann, &last))[1] == 1).then_some(()));
    assert!(posts(&peer) - before >= 8, "{}", posts(&peer) - before);
    assert_eq!(kinds(&peer), ["Create", "Create"]);
}

#[test]
fn f_215_what_waits_for_a_dead_server_does_not_pile_up() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Status(503));
    let old: Vec<Value> = (0..5).map(|n| ann.writes(&format!("old {n}"), "public")).collect();
    let name = peer.host.clone();
    let host = || instance.app.db.read(|conn| db::host::find(conn, &name)).unwrap().unwrap();
    for day in 0..7 {
        eventually(&format!("it fails on day {day}"), || {
            let tried = instance.app.db.read(|conn| db::delivery::list(conn, 1)).unwrap();
            tried.first().filter(|row| row.due > instance.app.clock.now_ms()).map(|_| ())
        });
        if host().unavailable {
            break;
        }
        instance.advance(DAY);
    }
    assert!(host().unavailable);
    let young = ann.writes("young", "public");
    let tried = posts(&peer);
    instance.advance(5 * DAY);
    for status in &old {
        eventually("it is given up", || (counts(&progress(&ann, status))[3] == 1).then_some(()));
    }
    assert_eq!(counts(&progress(&ann, &young)), [1, 0, 1, 0]);
    assert_eq!((posts(&peer), host().dropped), (tried, 5), "without a request");
}

#[test]
fn f_209_s_018_a_server_with_many_inboxes_hides_nobody() {
    let configure = |config: &mut dassie::config::Config| {
        config.federation.never_shared_inbox = true;
    };
    let instance = Instance::with(Options { configure: Some(configure), ..Options::default() });
    let ann = instance.person("ann");
    let (slow, good) = (Peer::start(&["a", "b", "c"]), Peer::start(&["mia"]));
    for name in ["a", "b", "c"] {
        follow(&instance, &slow, name, &ann);
    }
    follow(&instance, &good, "mia", &ann);
    instance.settle();
    slow.answer(PeerAnswer::Hang);
    ann.writes("hello", "public");
    eventually("the others have it", || (kinds(&good) == ["Create"]).then_some(()));
    eventually("one request hangs", || (slow.hanging() == 1).then_some(()));
    // and one that makes a look's worth of inboxes wait before all others
    let me: i64 = ann.id.parse().unwrap();
    let seen = instance.app.db.write(Lane::Background, move |tx| {
        let activity = db::delivery::insert_activity(tx, me, b"{}")?;
        for number in 0..600 {
            let inbox = format!("http://many.example/{number}/inbox");
            db::delivery::insert(tx, activity, &inbox, "many.example")?;
        }
        db::delivery::insert(tx, activity, "http://last.example/inbox", "last.example")?;
        let due = db::delivery::list_due(tx, false, 500)?;
        let hosts: Vec<String> = due.into_iter().map(|(row, _)| row.host).collect();
        for row in db::delivery::list_of_activity(tx, activity, 1000)? {
            db::delivery::remove(tx, row.id)?;
        }
        Ok(hosts)
    });
    let seen = seen.wait().unwrap();
    assert_eq!(seen.iter().filter(|host| *host == "many.example").count(), 1);
    assert!(seen.contains(&"last.example".to_owned()), "{seen:?}");
    assert_eq!(slow.hanging(), 1, "never two at once");
}

#[test]
fn f_210_who_takes_it_and_says_too_much_has_taken_it() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Talkative);
    let status = ann.writes("hello", "public");
    instance.settle();
    assert_eq!((kinds(&peer).len(), counts(&progress(&ann, &status))), (1, [1, 1, 0, 0]));
}

#[test]
fn f_203_f_218_it_goes_to_whom_it_names_once_and_to_no_collection() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let (fan, named) = (Peer::start(&["mia", "noa"]), Peer::start(&["ole"]));
    follow(&instance, &fan, "mia", &ann);
    ann.finds(&format!("ole@{}", named.host));
    instance.settle();
    let before = (fan.asked().len(), named.asked().len());
    // a follower twice, herself, somebody of here, a stranger
    let text = format!("@mia@{0} @noa@{0} @ann @bob @ole@{1} hi", fan.host, named.host);
    let status = ann.writes(&text, "public");
    instance.settle();
    assert_eq!(counts(&progress(&ann, &status)), [2, 2, 0, 0], "a request a server, none for us");
    assert_eq!(bob.notifications(), [("mention".to_owned(), "ann".to_owned())]);
    assert!(ann.notifications().iter().all(|(kind, _)| kind == "follow"));
    let new = |peer: &Peer, from: usize| -> Vec<String> {
        let paths = peer.asked()[from..].to_vec();
        // noa was not known: looked up, as anybody is
        paths.into_iter().filter(|path| path.contains("inbox") || path.contains("follow")).collect()
    };
    assert_eq!(new(&fan, before.0), ["/inbox"]);
    assert_eq!(new(&named, before.1), ["/inbox"]);
    for peer in [&fan, &named] {
        let create = peer.received().pop().unwrap();
        for part in [&create, &create["object"]] {
            assert!(part.get("bto").is_none() && part.get("bcc").is_none(), "{part}");
            assert_eq!(part["to"], json!(["https://www.w3.org/ns/activitystreams#Public"]));
        }
    }
    // of GoToSocial's further visibilities none is offered, and none is taken for a wider one
    for visibility in ["mutuals_only", "local"] {
        let body = json!({"status": "for a few", "visibility": visibility});
        let answer = ann.request("POST", "/api/v1/statuses").json(&body).send();
        assert_eq!(answer.status, 422, "{visibility}");
    }
    instance.settle();
    assert_eq!(kinds(&named).len(), 1);
}

#[test]
fn s_029_addresses_on_another_host_are_not_the_owners() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (peer, victim) = (Peer::start(&["mia"]), Peer::start(&["vera"]));
    let mut actor = peer.document("/users/mia");
    for (key, path) in [
        ("followers", "/users/vera/followers"),
        ("following", "/users/vera/following"),
        ("outbox", "/users/vera/outbox"),
        ("featured", "/featured"),
        ("featuredTags", "/tags"),
    ] {
        actor[key] = json!(victim.at(path));
    }
    actor["endpoints"] = json!({"sharedInbox": victim.at("/inbox")});
    peer.serve("/users/mia", actor);
    // her posts claim collections and permissions of others as well
    let mut create = peer.create("mia", 1, "<p>look</p>", json!({"cc": [ann.uri]}));
    for key in ["replies", "context", "likes", "shares"] {
        create["object"][key] = json!(victim.at(&format!("/{key}")));
    }
    create["object"]["quoteAuthorization"] = json!(victim.at("/stamp"));
    create["object"]["approvedBy"] = json!(victim.at("/approved"));
    create["object"]["inReplyTo"] = ann.writes("mine", "public")["uri"].clone();
    follow(&instance, &peer, "mia", &ann);
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &create).status, 202);
    instance.settle();
    let mia = ann.finds(&format!("mia@{}", peer.host));
    let mia = mia["id"].as_str().unwrap();
    ann.post(&format!("/api/v1/accounts/{mia}/follow"), json!({}));
    ann.get(&format!("/api/v1/accounts/{mia}/statuses?pinned=true"));
    let uri = peer.at("/notes/1");
    let there = instance.app.db.read(|conn| db::status::find_by_uri(conn, &uri)).unwrap().unwrap();
    ann.get(&format!("/api/v1/statuses/{}/context", there.id));
    ann.writes("for my followers", "private");
    instance.settle();
    assert_eq!(victim.asked(), [""; 0]);
    // what is hers reaches her where she is
    assert!(peer.asked().contains(&"/users/mia/inbox".to_owned()));
    // and without an inbox on her own host nothing goes anywhere
    let mut actor = peer.document("/users/mia");
    actor["inbox"] = json!(victim.at("/inbox"));
    peer.serve("/users/mia", actor.clone());
    let update = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "type": "Update",
        "id": peer.at("/updates/1"), "actor": peer.uri("mia"), "object": actor,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &update).status, 202);
    instance.settle();
    let status = ann.writes("still for them", "private");
    instance.settle();
    assert_eq!(victim.asked(), [""; 0]);
    assert!(!id(&status).is_empty());
}

#[test]
fn f_216_what_is_withdrawn_waits_no_more() {
    let instance = still();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let mut actor = peer.document("/users/mia");
    actor.as_object_mut().unwrap().remove("endpoints");
    peer.serve("/users/mia", actor);
    follow(&instance, &peer, "mia", &ann);
    instance.settle();
    peer.answer(PeerAnswer::Status(503));
    let status = ann.writes("for my friends", "private");
    eventually("it was tried", || (attempts(&instance) > 0).then_some(()));
    let uri = peer.uri("mia");
    let mia = instance.app.db.read(|conn| db::account::find_by_uri(conn, &uri)).unwrap().unwrap();
    ann.post(&format!("/api/v1/accounts/{}/block", mia.id), json!({}));
    let seen = progress(&ann, &status);
    assert_eq!((counts(&seen), &seen["hosts"][0]["state"]), ([1, 0, 0, 1], &json!("failed")));
}

#[test]
fn s_022_who_is_heard_of_is_not_forgotten() {
    let instance = still();
    let write = |f: fn(&db::Tx<'_>) -> dassie::error::Result<()>| {
        instance.app.db.write(Lane::Background, f).wait().unwrap();
    };
    write(|tx| {
        for name in ["daily.example", "silent.example"] {
            db::host::succeeded(tx, name)?;
        }
        Ok(())
    });
    instance.advance(2 * DAY);
    write(|tx| {
        db::host::succeeded(tx, "daily.example")?;
        assert_eq!(db::host::expire(tx, 0, 1, 100)?, 1);
        Ok(())
    });
    let there =
        |name: &str| instance.app.db.read(|conn| db::host::find(conn, name)).unwrap().is_some();
    assert_eq!((there("daily.example"), there("silent.example")), (true, false));
}
