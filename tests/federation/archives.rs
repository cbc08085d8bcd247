//! Posts that came in an archive, as others see them: in their place, and without being told.

use dassie::archive::{ArchiveCommand, ArchiveReply, EntryLine};
use dassie::control::{self, Command, Reply};
use dassie::service::archive::{Outcome, Terms};
use serde_json::{Value, json};

use super::deliveries::{follow, kinds};
use crate::api::id;
use crate::support::{Instance, Peer, Socket, eventually, texts};

const OLD: &str = "https://old.example/users/ann";
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn note(number: u32, extra: Value) -> Value {
    let mut note = json!({"type": "Note", "id": format!("{OLD}/{number}"), "attributedTo": OLD,
        "content": format!("<p>old {number}</p>"), "published": "2021-02-03T04:05:06Z",
        "to": [PUBLIC], "cc": [format!("{OLD}/followers")]});
    note.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    note
}

fn take(instance: &Instance, notes: &[Value]) -> Vec<Outcome> {
    let followers = Some(format!("{OLD}/followers"));
    let terms = Terms { actor: OLD.into(), followers, ..Terms::default() };
    let line = |note: &Value| EntryLine { document: note.to_string(), uploads: Vec::new() };
    let entries = notes.iter().map(line).collect();
    let take = ArchiveCommand::Take { account: "ann".into(), terms, entries };
    match control::execute(&instance.app, Command::Archive(take)).unwrap() {
        Reply::Archive(ArchiveReply::Taken(outcomes)) => outcomes,
        reply => panic!("{reply:?}"),
    }
}

#[test]
fn what_an_archive_brings_is_told_to_nobody_and_shown_in_its_place() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    follow(&instance, &peer, "mia", &ann);
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({"notify": true}));
    ann.writes("new", "public");
    instance.settle();
    let (told, home) = (kinds(&peer).len(), bob.home());
    let mut socket =
        Socket::open(&instance.host, &format!("?stream=user&access_token={}", bob.token), &[])
            .unwrap();
    let before = bob.notifications();
    let mention = json!({"tag": [{"type": "Mention", "href": bob.uri, "name": "@bob"}],
        "cc": [bob.uri]});
    let private = json!({"to": [format!("{OLD}/followers")], "cc": []});
    let of = [note(1, json!({})), note(2, mention), note(3, private)];
    assert!(take(&instance, &of).iter().all(|outcome| *outcome == Outcome::Taken));
    assert!(take(&instance, &of).iter().all(|outcome| *outcome == Outcome::Known));
    instance.settle();
    socket.is_quiet();
    assert_eq!((kinds(&peer).len(), bob.home(), bob.notifications()), (told, home, before));
    let list = bob.get(&format!("/api/v1/accounts/{}/statuses", ann.id));
    assert_eq!(texts(&list)[0], "new");
    let mut old = texts(&list)[1..].to_vec();
    old.sort();
    assert_eq!(old, ["old 1", "old 2", "old 3"]);
    // its own address is new, and whoever asks reads it there
    let status =
        list.as_array().unwrap().iter().find(|one| one["content"] == "<p>old 1</p>").unwrap();
    let document = instance.activity(status["uri"].as_str().unwrap()).ok();
    assert_eq!(document["published"], "2021-02-03T04:05:06Z");
    assert_eq!(document["attributedTo"], ann.uri);
    let outbox = instance.activity(&format!("{}/outbox?page=true", ann.uri)).ok();
    let public = outbox["orderedItems"].as_array().unwrap();
    assert_eq!(public.len(), 3, "what is for followers is not there: {outbox}");
}

#[test]
fn answers_find_their_posts_whichever_comes_first() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let inbox = format!("{}/inbox", instance.base);
    let answer = |number: u32, to: &str| {
        let extra = json!({"inReplyTo": to, "to": [ann.uri, PUBLIC],
            "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}]});
        let answer = peer.create("mia", number, &format!("answer {number}"), extra);
        assert_eq!(peer.send("mia", &inbox, &answer).status, 202);
        let uri = peer.at(&format!("/notes/{number}"));
        eventually("it is here", || ann.finds_status(&uri));
    };
    // one was here before the post came, one comes to the old address afterwards
    answer(1, &format!("{OLD}/1"));
    take(&instance, &[note(2, json!({"inReplyTo": format!("{OLD}/1")})), note(1, json!({}))]);
    answer(2, &format!("{OLD}/1"));
    let list = ann.get(&format!("/api/v1/accounts/{}/statuses", ann.id));
    let root = list.as_array().unwrap().iter().find(|s| s["in_reply_to_id"].is_null()).unwrap();
    let context = ann.get(&format!("/api/v1/statuses/{}/context", id(root)));
    let mut below = texts(&context["descendants"]);
    below.sort();
    assert_eq!(below, ["answer 1", "answer 2", "old 2"]);
    // somebody's favourite is a reason to tell of the removal, silence is none
    let like = json!({"@context": "https://www.w3.org/ns/activitystreams", "type": "Like",
        "id": peer.at("/likes/1"), "actor": peer.uri("mia"), "object": root["uri"]});
    assert_eq!(peer.send("mia", &inbox, &like).status, 202);
    eventually("it is counted", || {
        let now = ann.get(&format!("/api/v1/statuses/{}", id(root)));
        (now["favourites_count"] == 1).then_some(())
    });
    let before = kinds(&peer).len();
    let remove = ArchiveCommand::Remove { account: "ann".into(), dry_run: false };
    control::execute(&instance.app, Command::Archive(remove)).unwrap();
    instance.settle();
    assert_eq!(kinds(&peer)[before..], ["Delete"]);
    assert!(texts(&ann.get(&format!("/api/v1/accounts/{}/statuses", ann.id))).is_empty());
    assert_eq!(instance.activity(root["uri"].as_str().unwrap()).status, 410);
}
