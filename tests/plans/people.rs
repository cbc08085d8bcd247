//! What people do, to somebody here and to somebody elsewhere.

use dassie::archive::{ArchiveCommand, ArchiveOut, EntryLine, Marks};
use dassie::control::{self, Command};
use dassie::db;
use dassie::service::archive::Terms;
use serde_json::{Value, json};

use super::files::upload_everything;
use super::reading::read_by_rules;
use crate::api::id;
use crate::support::{Instance, Peer, Person, eventually};

/// What a person does, to somebody here and to somebody elsewhere.
pub(super) fn do_everything(instance: &Instance, person: &Person, other: &str, status: &str) {
    let post = |path: String, body: Value| {
        let answer = person.request("POST", &path).json(&body).send();
        assert!(answer.status < 500, "{path}: {}", answer.text());
        answer
    };
    for deed in [
        "favourite",
        "reblog",
        "unreblog",
        "unfavourite",
        "reblog",
        "favourite",
        "bookmark",
        "unbookmark",
        "bookmark",
        "pin",
        "unpin",
        "mute",
        "unmute",
    ] {
        post(format!("/api/v1/statuses/{status}/{deed}"), json!({}));
    }
    for method in ["PUT", "PUT", "DELETE", "PUT"] {
        let path = format!("/api/v1/pleroma/statuses/{status}/reactions/%F0%9F%A7%A1");
        person.request(method, &path).json(&json!({})).send().ok();
    }
    let reply = post(
        "/api/v1/statuses".into(),
        json!({"status": "a reply #tag 天氣 https://a.example", "in_reply_to_id": status, "spoiler_text": "cw"}),
    );
    let draft = json!({"status": "@ann @bob once", "visibility": "direct"});
    for _ in 0..2 {
        let once =
            person.request("POST", "/api/v1/statuses").header("idempotency-key", "k").json(&draft);
        once.send().ok();
    }
    read_by_rules(person, other, status);
    post_in_other_ways(person, status);
    for deed in [
        ("follow", json!({"reblogs": false, "languages": ["en"]})),
        ("follow", json!({"reblogs": true, "notify": true, "languages": []})),
        ("mute", json!({"duration": 60})),
        ("unmute", json!({})),
        ("remove_from_followers", json!({})),
        ("block", json!({})),
        ("follow", json!({})),
        ("unblock", json!({})),
        ("follow", json!({})),
        ("note", json!({"comment": "x"})),
        ("note", json!({})),
        ("endorse", json!({})),
        ("unendorse", json!({})),
        ("unfollow", json!({})),
    ] {
        post(format!("/api/v1/accounts/{other}/{}", deed.0), deed.1);
    }
    upload_everything(person);
    let tag = post("/api/v1/featured_tags".into(), json!({"name": "tag"})).json();
    post("/api/v1/tags/other/feature".into(), json!({}));
    post("/api/v1/tags/other/unfeature".into(), json!({}));
    person.get("/api/v1/featured_tags/suggestions");
    person.delete(&format!("/api/v1/featured_tags/{}", id(&tag)));
    let alias = json!({"also_known_as_uris": [format!("{}/users/ann", instance.base)]});
    post("/api/v1/accounts/alias".into(), alias);
    let page = instance.base.replace("127.0.0.1", "localhost");
    let fields = json!({"fields_attributes": [{"name": "a", "value": page}]});
    person.request("PATCH", "/api/v1/profile").json(&fields).send().ok();
    person.request("PATCH", "/api/v1/profile").json(&json!({"fields_attributes": []})).send().ok();
    let profile = json!({"display_name": "A", "note": "#me @bob", "locked": true, "source": {"privacy": "public"}});
    person.request("PATCH", "/api/v1/accounts/update_credentials").json(&profile).send().ok();
    if reply.status == 200 {
        person.delete(&format!("/api/v1/statuses/{}", id(&reply.json())));
    }
    let told = person.get("/api/v1/notifications");
    if let Some(first) = told.get(0) {
        post(format!("/api/v1/notifications/{}/dismiss", id(first)), json!({}));
    }
    instance.settle();
}

/// Schedules, the past, quotes and Markdown.
pub(super) fn post_in_other_ways(person: &Person, status: &str) {
    let post = |body: Value| {
        let answer = person.request("POST", "/api/v1/statuses").json(&body).send();
        assert!(answer.status < 500, "{}", answer.text());
        answer
    };
    let later = dassie::clock::wire_time(dassie::clock::Clock::system().now_ms() + 3_600_000);
    for _ in 0..2 {
        let request = person.request("POST", "/api/v1/statuses").header("idempotency-key", "later");
        request.json(&json!({"status": "later @ann", "scheduled_at": later})).send().ok();
    }
    let all = person.get("/api/v1/scheduled_statuses");
    let path = format!("/api/v1/scheduled_statuses/{}", id(&all[0]));
    person.request("PUT", &path).json(&json!({"scheduled_at": later})).send().ok();
    person.delete(&path);
    post(json!({"status": "long ago", "scheduled_at": "2019-01-01T00:00:00Z"}));
    let own = person.writes("*quotable*", "public");
    post(
        json!({"status": "**look**", "content_type": "text/markdown", "quoted_status_id": status}),
    );
    let quoting = post(json!({"status": "own", "quoted_status_id": id(&own)})).json();
    let path = format!("/api/v1/statuses/{}", id(&own));
    let followers = json!({"quote_approval_policy": "followers"});
    person.request("PUT", &format!("{path}/interaction_policy")).json(&followers).send().ok();
    person.get(&path);
    person.get(&format!("{path}/quotes?min_id=3"));
    person.request("PUT", &path).json(&json!({"status": "edited"})).send().ok();
    let revoke = format!("{path}/quotes/{}/revoke", id(&quoting));
    person.request("POST", &revoke).send().ok();
}

/// Files of all kinds, merged and overwriting, with lines that fail.
pub(super) fn import_everything(instance: &Instance, person: &Person, peer: &Peer) {
    let accounts = format!("nora@{0}\nbob\nghost\nnobody@{0}\n", peer.host);
    let lists = format!("l,nora@{}\nm,bob\n", peer.host);
    let bookmarks = format!("{}\n", peer.at("/notes/3"));
    for (kind, data) in [
        ("following", &accounts),
        ("lists", &lists),
        ("mutes", &accounts),
        ("blocks", &accounts),
        ("domain_blocks", &"a.example\nb.example\n".to_owned()),
        ("bookmarks", &bookmarks),
    ] {
        for mode in ["merge", "overwrite", "overwrite"] {
            let form = [("type", kind), ("mode", mode), ("data", data.as_str())];
            let begun = person.request("POST", "/api/v1/import").form(&form).send();
            assert_eq!(begun.status, 202, "{}", begun.text());
            let path = format!("/api/v1/import/{}", id(&begun.json()));
            eventually("it ends", || (person.get(&path)["state"] == "finished").then_some(()));
        }
        person.request("GET", &format!("/api/v1/exports/{kind}.csv")).send();
    }
    take_archive_in(instance);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = format!("x@{dead}");
    let form = [("type", "following"), ("data", file.as_str())];
    assert_eq!(person.request("POST", "/api/v1/import").form(&form).send().status, 202);
    instance.app.db.read(|conn| db::import::list_failures(conn, &[1, 2, 3], 5)).unwrap();
    let given_up = instance.app.db.write(db::Lane::Background, move |tx| {
        db::import::tried(tx, 1, 1)?;
        db::import::expire(tx, tx.now() + 1, 10)?;
        db::import::expire(tx, 0, 10)
    });
    given_up.wait().unwrap();
    person.request("POST", "/api/v1/accounts/1/unblock").send();
}

/// Posts out of an archive: in, out, and removed again.
fn take_archive_in(instance: &Instance) {
    let account = || "bob".to_owned();
    let execute = |command| control::execute(&instance.app, command).unwrap();
    let terms = Terms { actor: "https://old.example/u".into(), ..Terms::default() };
    let entry = |number: u32| {
        let id = format!("https://old.example/{number}");
        let note = json!({"type": "Note", "id": id, "attributedTo": terms.actor,
            "content": "<p>old #tag</p>", "published": "2020-01-01T00:00:00Z",
            "inReplyTo": "https://old.example/1", "to": "as:Public",
            "tag": {"type": "Hashtag", "name": "#tag", "href": "https://old.example/tags/tag"}});
        EntryLine { document: note.to_string(), uploads: Vec::new() }
    };
    for dry_run in [true, false, false] {
        let terms = Terms { dry_run, ..terms.clone() };
        let entries = vec![entry(2), entry(1)];
        let take = ArchiveCommand::Take { account: account(), terms, entries };
        execute(Command::Archive(take));
    }
    let uris = vec!["https://old.example/1".to_owned()];
    execute(Command::Archive(ArchiveCommand::Known { account: account(), uris }));
    execute(Command::ArchiveOut(ArchiveOut::Actor { account: account() }));
    execute(Command::ArchiveOut(ArchiveOut::Posts { account: account(), after: 0 }));
    for kind in [Marks::Favourites, Marks::Bookmarks] {
        let marks = ArchiveOut::Marks { account: account(), kind, below: None };
        execute(Command::ArchiveOut(marks));
    }
    let remove = ArchiveCommand::Remove { account: account(), dry_run: false };
    execute(Command::Archive(remove));
}

/// What needs consent, of both sides: asked for, given, refused and taken back.
pub(super) fn ask_for_consent(instance: &Instance, ann: &Person, bob: &Person, peer: &Peer) {
    let inbox = format!("{}/inbox", instance.base);
    let public = "https://www.w3.org/ns/activitystreams#Public";
    let rule = json!({"automatic_approval": ["followers"], "manual_approval": ["public"]});
    let policy = json!({"can_reply": rule, "can_favourite": rule, "can_reblog": rule});
    let defaults = json!({"public": policy});
    ann.request("PATCH", "/api/v1/interaction_policies/defaults").json(&defaults).send().ok();
    ann.get("/api/v1/interaction_policies/defaults");
    let post = ann.writes("ask me", "public");
    let send = |number: u32, kind: &str, more: Value| {
        let mut activity = json!({"@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/consent/{number}")), "type": kind, "actor": peer.uri("otto"),
            "to": [public], "object": post["uri"]});
        activity.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(peer.send("otto", &inbox, &activity).status, 202);
        instance.settle();
        activity
    };
    let like = send(1, "Like", json!({}));
    let boost = send(2, "Announce", json!({}));
    let reply = peer.create("otto", 71, "x", json!({"inReplyTo": post["uri"]}));
    send(3, "ReplyRequest", json!({"instrument": reply["object"]}));
    let answer = json!({"status": "may I", "in_reply_to_id": id(&post)});
    bob.post("/api/v1/statuses", answer);
    let asked = ann.get("/api/v1/interaction_requests?limit=3");
    ann.get("/api/v1/interaction_requests?min_id=1&reblogs=false");
    ann.get("/api/v1/notifications?types[]=pending.reply");
    for (request, word) in
        asked.as_array().unwrap().iter().zip(["authorize", "reject", "authorize"])
    {
        let path = format!("/api/v1/interaction_requests/{}", id(request));
        ann.get(&path);
        ann.post(&format!("{path}/{word}"), json!({}));
        ann.request("POST", &format!("{path}/reject")).send();
    }
    send(4, "Undo", json!({"object": like}));
    send(5, "Undo", json!({"object": boost}));
    // the other way round
    let policy = json!({"canReply": {"manualApproval": public}, "canLike": {"manualApproval": public},
        "canAnnounce": {"automaticApproval": peer.uri("otto")}});
    let theirs = peer.create("otto", 72, "theirs", json!({"interactionPolicy": policy}));
    assert_eq!(peer.send("otto", &inbox, &theirs).status, 202);
    instance.settle();
    let theirs = id(&ann.finds_status(&peer.at("/notes/72")).unwrap());
    ann.post(&format!("/api/v1/statuses/{theirs}/favourite"), json!({}));
    let own = ann.post("/api/v1/statuses", json!({"status": "may I", "in_reply_to_id": theirs}));
    let proof = peer.at("/consent/proof");
    send(6, "Accept", json!({"object": own["uri"], "result": proof}));
    send(7, "Delete", json!({"object": proof}));
    let other = peer.create(
        "pia",
        73,
        "other",
        json!({"inReplyTo": peer.at("/notes/72"),
        "approvedBy": proof}),
    );
    assert_eq!(peer.send("pia", &inbox, &other).status, 202);
    instance.settle();
    ann.delete(&format!("/api/v1/statuses/{}", id(&own)));
    ann.request("PATCH", "/api/v1/interaction_policies/defaults").json(&json!({})).send().ok();
}
