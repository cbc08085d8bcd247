//! What other servers send and are asked for, and what goes for its age.

use dassie::control::{self, Command, RelayChange};
use dassie::db;
use serde_json::{Value, json};

use crate::api::id;
use crate::support::{Instance, Peer, Person, Relay};

/// What other servers send.
pub(super) fn receive_everything(instance: &Instance, ann: &Person, peer: &Peer, status: &Value) {
    let inbox = format!("{}/inbox", instance.base);
    let (uri, context) = (peer.uri("mia"), "https://www.w3.org/ns/activitystreams");
    let send = |number: &str, kind: &str, object: Value| {
        let activity = json!({
            "@context": context, "id": peer.at(&format!("/activities/{number}")), "type": kind,
            "actor": uri, "object": object, "to": [format!("{context}#Public")], "cc": [ann.uri],
        });
        let answer = peer.send("mia", &inbox, &activity);
        assert!(answer.status < 500, "{kind}: {}", answer.text());
        instance.settle();
        activity
    };
    let mut note = peer.create("mia", 1, "<p>hello #tag</p>", json!({
        "cc": [ann.uri, format!("{uri}/followers")], "inReplyTo": status["uri"],
        "published": "2024-01-01T00:00:00Z", "url": peer.at("/@mia/1"),
        "likes": {"totalItems": 3}, "shares": {"totalItems": 2},
        "tag": [{"type": "Hashtag", "name": "#tag"}, {"type": "Mention", "href": ann.uri, "name": "@ann"},
                {"type": "Mention", "href": peer.uri("unknown"), "name": format!("@nobody@{}", peer.host)},
                {"type": "Mention", "name": format!("@neither@{}", peer.host)},
                {"type": "Emoji", "name": ":x:", "icon": {"type": "Image", "url": peer.at("/x.png")}}],
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": peer.at("/a.png"), "name": "alt"}],
    }));
    assert_eq!(peer.send("mia", &inbox, &note).status, 202);
    instance.settle();
    // an answer to what has to be fetched first, and whose own parent is nowhere
    let parent =
        peer.create("mia", 3, "<p>parent</p>", json!({"inReplyTo": peer.at("/notes/nowhere")}));
    peer.serve("/notes/3", parent["object"].clone());
    let child = peer.create(
        "mia",
        4,
        "<p>child</p>",
        json!({"inReplyTo": peer.at("/notes/3"), "cc": [ann.uri]}),
    );
    assert_eq!(peer.send("mia", &inbox, &child).status, 202);
    instance.settle();
    let like = send("like", "Like", status["uri"].clone());
    send("unlike", "Undo", like);
    let boost = send("boost", "Announce", status["uri"].clone());
    send("unboost", "Undo", boost);
    send("boost3", "Announce", json!(peer.at("/notes/3")));
    let follow = send("follow", "Follow", json!(ann.uri));
    let asker = id(&ann.finds(&format!("mia@{}", peer.host)));
    ann.request("POST", &format!("/api/v1/follow_requests/{asker}/authorize")).send();
    send("unfollow", "Undo", follow.clone());
    send("follow2", "Follow", json!(ann.uri));
    ann.request("POST", &format!("/api/v1/follow_requests/{asker}/reject")).send();
    note["object"]["content"] = json!("<p>edited #tag</p>");
    note["object"]["updated"] = json!("2024-02-01T00:00:00Z");
    send("update", "Update", note["object"].clone());
    receive_quotes(instance, peer, status);
    let block = send("block", "Block", json!(ann.uri));
    send("unblock", "Undo", block);
    send("accept", "Accept", json!({"type": "Follow", "actor": ann.uri, "object": uri}));
    send("reject", "Reject", json!({"type": "Follow", "actor": ann.uri, "object": uri}));
    send("delete", "Delete", json!({"type": "Tombstone", "id": peer.at("/notes/1")}));
    send("flag", "Flag", json!([ann.uri]));
    let tag = json!({"type": "Hashtag", "name": "#tag", "href": peer.at("/tags/tag")});
    for (number, kind) in ["Add", "Remove"].into_iter().enumerate() {
        let activity = json!({
            "@context": context, "id": peer.at(&format!("/tags/{number}")), "type": kind,
            "actor": uri, "object": tag, "target": peer.at("/users/mia/featured"),
        });
        assert_eq!(peer.send("mia", &inbox, &activity).status, 202);
        instance.settle();
    }
    let actor = json!({
        "id": uri, "type": "Person", "preferredUsername": "mia", "name": "New", "inbox": format!("{uri}/inbox"),
        "movedTo": peer.uri("nora"), "attachment": [{"type": "PropertyValue", "name": "a",
            "value": format!("<a href=\"{0}\">{0}</a>", peer.at("/x"))}],
    });
    send("profile", "Update", actor);
    send("goodbye", "Delete", json!(uri));
}

/// Quotes that other servers send, ask for and end.
pub(super) fn receive_quotes(instance: &Instance, peer: &Peer, status: &Value) {
    let inbox = format!("{}/inbox", instance.base);
    let quoted = peer.create("mia", 21, "<p>quoted</p>", json!({}));
    peer.serve("/notes/21", quoted["object"].clone());
    let quote = json!({"quote": peer.at("/notes/21"), "quoteAuthorization": peer.at("/stamps/1")});
    let quoting = peer.create("mia", 22, "<p>quoting</p>", quote);
    let asking = peer.create("mia", 23, "<p>asking</p>", json!({"quote": status["uri"]}));
    let request = json!({
        "@context": asking["@context"], "id": peer.at("/requests/1"), "type": "QuoteRequest",
        "actor": peer.uri("mia"), "object": status["uri"], "instrument": asking["object"],
    });
    let accept = json!({
        "@context": asking["@context"], "id": peer.at("/accepts/1"), "type": "Accept",
        "actor": peer.uri("mia"), "object": peer.at("/requests/2"), "result": peer.at("/stamps/2"),
    });
    let mut delete = accept.clone();
    delete["id"] = json!(peer.at("/deletes/1"));
    delete["type"] = json!("Delete");
    delete["object"] = json!(peer.at("/stamps/1"));
    for activity in [quoting, quoted, request, accept, delete] {
        assert_eq!(peer.send("mia", &inbox, &activity).status, 202);
        instance.settle();
    }
}

/// Profiles, threads and polls of other servers that somebody looks at, and what others read here.
pub(super) fn read_elsewhere(instance: &Instance, ann: &Person, peer: &Peer, status: &Value) {
    let served = |number: u32, more: Value| {
        let mut note = peer.create("max", number, "<p>read</p>", more)["object"].clone();
        note["@context"] = json!("https://www.w3.org/ns/activitystreams");
        peer.serve(&format!("/notes/{number}"), note);
        peer.at(&format!("/notes/{number}"))
    };
    let mut actor = peer.document("/users/mia");
    actor["id"] = json!(peer.uri("max"));
    actor["preferredUsername"] = json!("max");
    for key in ["inbox", "outbox", "followers", "following", "featured"] {
        actor[key] = json!(format!("{}/{key}", peer.uri("max")));
    }
    actor["publicKey"]["id"] = json!(format!("{}#main-key", peer.uri("max")));
    actor["publicKey"]["owner"] = actor["id"].clone();
    actor["_misskey_requireSigninToViewContents"] = json!(true);
    peer.serve("/users/max", actor);
    let list = |items: Value| json!({"type": "OrderedCollection", "totalItems": 3, "items": items});
    let poll = json!({"type": "Question", "oneOf": [{"type": "Note", "name": "a"}]});
    let first = served(40, json!({"replies": peer.at("/notes/40/replies")}));
    let second = served(41, json!({"inReplyTo": first}));
    let third = served(42, poll);
    peer.serve("/notes/40/replies", list(json!([second])));
    let boost = json!({"id": peer.at("/boosts/40"), "type": "Announce", "to": "as:Public", "object": third});
    peer.serve("/users/max/outbox", list(json!([first, boost])));
    peer.serve("/users/max/featured", list(json!([first, third])));
    peer.serve("/users/max/followers", list(json!([])));
    let account = id(&ann.finds(&format!("max@{}", peer.host)));
    ann.get(&format!("/api/v1/accounts/{account}"));
    instance.app.db.write(db::Lane::Background, |_| Ok(())).wait().unwrap();
    instance.settle();
    let opened = id(&ann.finds_status(&first).unwrap());
    ann.get(&format!("/api/v1/statuses/{opened}/context"));
    instance.settle();
    ann.get(&format!("/api/v1_alpha/async_refreshes/thread-{opened}"));
    ann.get(&format!("/api/v1/polls/{}", id(&ann.finds_status(&third).unwrap())));
    let uri = status["uri"].as_str().unwrap();
    for path in [
        "",
        "/replies?page=true",
        "/replies?page=true&only_other_accounts=true",
        "/context?page=true",
    ] {
        instance.activity(&format!("{uri}{path}"));
    }
    let stale = account.parse().unwrap();
    let noted = instance.app.db.write(db::Lane::Background, move |tx| {
        dassie::service::backfill::denied(tx, stale)?;
        dassie::service::backfill::profile_failed(tx, stale)?;
        db::backfill::expire_threads(tx, 0, 10)
    });
    noted.wait().unwrap();
}

/// A relay of each kind, with what it passes on, and the end of what it brought.
pub(super) fn relay_everything(instance: &Instance, ann: &Person, peer: &Peer) {
    let execute = |command| control::execute(&instance.app, command).unwrap();
    let relays = [Relay::start(), Relay::start()];
    relays[0].accepts(instance, "/inbox", RelayChange::default());
    relays[1].accepts(instance, "/actor", RelayChange::default());
    let back = relays[1].own(7, "Follow", json!(format!("{}/actor", instance.base)));
    relays[1].passes_on(instance, &back);
    relays[1].passes_on(instance, &relays[1].own(8, "Undo", back));
    let root = ann.writes("for relays", "public");
    for number in [70, 71] {
        let create =
            peer.create("nora", number, "<p>relayed</p>", json!({"inReplyTo": root["uri"]}));
        let mut note = create["object"].clone();
        note["@context"] = json!("https://www.w3.org/ns/activitystreams");
        peer.serve(&format!("/notes/{number}"), note);
        for relay in &relays {
            relay.passes_on(instance, &create);
        }
    }
    let of_nora = |number: u32, kind: &str, object: &str| {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": kind, "object": object,
            "id": peer.at(&format!("/acts/{number}")), "actor": peer.uri("nora"),
        })
    };
    relays[0].passes_on(instance, &of_nora(80, "Update", &peer.at("/notes/70")));
    peer.serve("/notes/71", json!(410));
    let deleted = of_nora(81, "Delete", &peer.at("/notes/71"));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &deleted).status, 202);
    instance.settle();
    relays[0].passes_on(instance, &of_nora(82, "Delete", &peer.uri("nora")));
    ann.delete(&format!("/api/v1/statuses/{}", id(&root)));
    let expired = instance
        .app
        .db
        .write(db::Lane::Background, |tx| dassie::service::retention::expire_relayed(tx, 0));
    assert!(expired.wait().unwrap() > 0);
    let relay = || relays[0].actor();
    execute(Command::RelaySet { relay: relay(), change: RelayChange::default() });
    execute(Command::RelayList);
    execute(Command::RelayRemove { relay: relay() });
    instance.settle();
    grow_old(instance);
}

/// What retention asks and does; nothing is as old as that.
pub(super) fn grow_old(instance: &Instance) {
    use dassie::service::retention::{self, Way};
    let db = &instance.app.db;
    let age = retention::age(instance.app.clock.now_ms(), 60);
    for way in [Way::New, Way::Old, Way::Accounts, Way::Tags] {
        let at = if matches!(way, Way::New | Way::Old) { i64::MAX } else { 0 };
        db.read(|conn| retention::look(conn, way, 0, at, age)).unwrap();
        let removed = db.write(db::Lane::Background, move |tx| {
            retention::remove(tx, way, &[3], age)?;
            way.keep(tx, retention::Walk::default())
        });
        removed.wait().unwrap();
        db.read(|conn| way.go_on(conn, 0)).unwrap();
    }
    for (trace, _) in retention::TRACES.iter().copied() {
        db.read(|conn| trace.count(conn)).unwrap();
        db.read(|conn| trace.look(conn, i64::MAX, 5)).unwrap();
        let remove = move |tx: &db::Tx<'_>| trace.remove(tx, &[3], retention::TIME);
        db.write(db::Lane::Background, remove).wait().unwrap();
    }
    db.read(db::crowd::count_accounts).unwrap();
    for deeds in [false, true] {
        db.read(|conn| db::crowd::look_at_accounts(conn, (0, 0), deeds, 5)).unwrap();
        let remove =
            move |tx: &db::Tx<'_>| db::crowd::remove_accounts(tx, &[3], deeds, retention::TIME);
        db.write(db::Lane::Background, remove).wait().unwrap();
    }
    for (ledger, most, _) in retention::LEDGERS.iter().copied() {
        db.read(|conn| ledger.count(conn, most)).unwrap();
        db.write(db::Lane::Background, move |tx| ledger.remove_oldest(tx, 0)).wait().unwrap();
    }
    db.write(db::Lane::Background, db::space::merge_words).wait().unwrap();
    db.write(db::Lane::Background, |tx| db::space::vacuum(tx, retention::TIME)).wait().unwrap();
}
