//! Boosts, and groups that pass on what their members do.

use serde_json::{Value, json};

use super::objects::Reader;
use crate::support::{Peer, eventually};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Ann follows a group on the peer, which is that of Lemmy's kind.
fn reader() -> Reader {
    let reader = Reader::at_a_standstill();
    let group = reader.peer.document("/users/sam");
    let mut group = group.as_object().unwrap().clone();
    let uri = reader.peer.uri("birds");
    for (key, value) in [
        ("id", json!(uri)),
        ("type", json!("Group")),
        ("preferredUsername", json!("birds")),
        ("inbox", json!(format!("{uri}/inbox"))),
        ("followers", json!(format!("{uri}/followers"))),
    ] {
        group.insert(key.into(), value);
    }
    let mut key = group["publicKey"].clone();
    key["id"] = json!(format!("{uri}#main-key"));
    key["owner"] = json!(uri);
    group.insert("publicKey".into(), key);
    group.remove("following");
    reader.peer.serve("/users/birds", Value::Object(group));
    reader.follow("birds");
    reader
}

/// A page of sam's, as its server serves it.
fn page(peer: &Peer, number: u32, content: &str, extra: Value) -> Value {
    let mut page = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": peer.at(&format!("/post/{number}")), "type": "Page", "name": format!("Page {number}"),
        "attributedTo": peer.uri("sam"), "content": content, "to": [PUBLIC, peer.uri("birds")],
        "audience": peer.uri("birds"), "published": dassie::clock::api_time(
            dassie::clock::Clock::system().now_ms() - 60_000),
    });
    page.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    peer.serve(&format!("/post/{number}"), page.clone());
    page
}

/// The group passes an activity of sam's on.
fn passes_on(reader: &Reader, number: u32, kind: &str, object: Value) {
    let inner = json!({"id": reader.peer.at(&format!("/inner/{number}")), "type": kind,
        "actor": reader.peer.uri("sam"), "object": object, "to": [PUBLIC]});
    reader.send("birds", json!({"id": reader.peer.at(&format!("/outer/{number}")),
        "type": "Announce", "to": [PUBLIC], "cc": [format!("{}/followers", reader.peer.uri("birds"))],
        "object": inner}));
}

fn status(reader: &Reader, uri: &str) -> Option<dassie::model::Status> {
    reader.instance.app.db.read(|conn| dassie::db::status::find_by_uri(conn, uri)).unwrap()
}

#[test]
fn f_187_what_a_group_passes_on_is_read_from_its_origin_and_boosted() {
    let reader = reader();
    let mut told = page(&reader.peer, 1, "<p>true</p>", json!({}));
    // the copy that comes along says something else
    told["content"] = json!("<p>forged</p>");
    passes_on(&reader, 1, "Create", told.clone());
    let top = reader.top();
    assert_eq!(top["account"]["username"], "birds");
    assert_eq!(top["reblog"]["account"]["username"], "sam");
    assert!(top["reblog"]["content"].as_str().unwrap().contains("true"), "{top}");
    // Lemmy announces the page itself as well, and may repeat itself
    reader.send(
        "birds",
        json!({"id": reader.peer.at("/outer/2"), "type": "Announce", "to": [PUBLIC],
        "object": reader.peer.at("/post/1")}),
    );
    passes_on(&reader, 3, "Create", told);
    assert_eq!(reader.ann.home().len(), 1);
    assert_eq!(reader.ann.get("/api/v1/timelines/home")[0]["reblog"]["reblogs_count"], 1);
}

#[test]
fn f_187_answers_stay_in_their_thread() {
    let reader = reader();
    page(&reader.peer, 1, "<p>page</p>", json!({}));
    passes_on(&reader, 1, "Create", json!(reader.peer.at("/post/1")));
    let comment = |number: u32, parent: &str| {
        page(
            &reader.peer,
            number,
            "<p>comment</p>",
            json!({"type": "Note", "name": null, "inReplyTo": reader.peer.at(parent)}),
        )
    };
    passes_on(&reader, 2, "Create", comment(2, "/post/1"));
    // to something that is not here: not even asked for
    passes_on(&reader, 3, "Create", comment(3, "/post/99"));
    assert_eq!(reader.ann.home().len(), 1, "comments are no news");
    let id = reader.top()["reblog"]["id"].as_str().unwrap().to_owned();
    let thread = reader.ann.get(&format!("/api/v1/statuses/{id}/context"));
    assert_eq!(thread["descendants"].as_array().unwrap().len(), 1);
    assert!(!reader.peer.asked().contains(&"/post/3".to_owned()));
}

#[test]
fn f_187_votes_and_moderation_have_no_effect() {
    let reader = reader();
    page(&reader.peer, 1, "<p>page</p>", json!({}));
    passes_on(&reader, 1, "Create", json!(reader.peer.at("/post/1")));
    let mine = reader.ann.writes("mine", "public");
    let before = (reader.ann.notifications(), reader.peer.asked().len());
    let target = [reader.peer.at("/post/1"), mine["uri"].as_str().unwrap().to_owned()];
    let kinds = ["Like", "Dislike", "Lock", "Add", "Remove", "Block", "Announce", "Follow", "Flag"];
    for (number, (kind, uri)) in
        kinds.iter().flat_map(|kind| target.iter().map(move |uri| (kind, uri))).enumerate()
    {
        passes_on(&reader, 100 + number as u32, kind, json!(uri));
    }
    passes_on(
        &reader,
        200,
        "Undo",
        json!({"type": "Like", "actor": reader.peer.uri("sam"),
        "id": reader.peer.at("/likes/1"), "object": target[0]}),
    );
    // only we change and delete what is ours
    for (number, kind) in [(201, "Update"), (202, "Delete")] {
        passes_on(&reader, number, kind, mine["uri"].clone());
    }
    assert_eq!((reader.ann.notifications(), reader.peer.asked().len()), before);
    let shown = reader.ann.get(&format!("/api/v1/statuses/{}", mine["id"].as_str().unwrap()));
    assert_eq!((&shown["favourites_count"], &shown["content"]), (&json!(0), &mine["content"]));
    assert_eq!(status(&reader, &target[0]).unwrap().favourites_count, 0);
}

#[test]
fn f_171_s_030_a_deletion_passed_on_counts_when_the_origin_agrees() {
    let reader = reader();
    page(&reader.peer, 1, "<p>page</p>", json!({}));
    let uri = reader.peer.at("/post/1");
    passes_on(&reader, 1, "Create", json!(uri));
    passes_on(&reader, 2, "Delete", json!(uri));
    assert!(status(&reader, &uri).is_some(), "its server has it still");
    reader.peer.serve(
        "/post/1",
        json!({"@context": "https://www.w3.org/ns/activitystreams",
        "id": uri, "type": "Tombstone"}),
    );
    passes_on(&reader, 3, "Delete", json!(uri));
    assert!(status(&reader, &uri).is_none());
    assert!(reader.ann.home().is_empty());
    // what is not open is absent for whoever asks: that proves nothing
    let followers = format!("{}/followers", reader.peer.uri("rae"));
    let private =
        reader.peer.create("rae", 7, "<p>private</p>", json!({"to": [followers], "cc": []}));
    reader.send("rae", private);
    passes_on(&reader, 4, "Delete", json!(reader.peer.at("/notes/7")));
    assert!(status(&reader, &reader.peer.at("/notes/7")).is_some());
}

#[test]
fn f_176_a_deletion_taken_back_is_a_look_at_the_origin() {
    let reader = reader();
    let told = page(&reader.peer, 1, "<p>page</p>", json!({}));
    let uri = reader.peer.at("/post/1");
    passes_on(&reader, 1, "Create", json!(uri));
    reader.peer.serve("/post/1", json!(410));
    passes_on(&reader, 2, "Delete", json!(uri));
    assert!(status(&reader, &uri).is_none());
    let delete = json!({"type": "Delete", "id": reader.peer.at("/inner/2"),
        "actor": reader.peer.uri("sam"), "object": uri});
    reader.instance.advance(6 * 60 * 1000);
    passes_on(&reader, 3, "Undo", delete.clone());
    assert!(status(&reader, &uri).is_none(), "it is gone there still");
    reader.peer.serve("/post/1", told);
    reader.instance.advance(6 * 60 * 1000);
    passes_on(&reader, 4, "Undo", delete.clone());
    assert!(status(&reader, &uri).is_some());
    assert_eq!(reader.top()["reblog"]["uri"], uri);
    // the same by the author, without a group; of what never was here nothing comes
    reader.send("sam", json!({"type": "Delete", "id": reader.peer.at("/d/1"), "object": uri}));
    assert!(status(&reader, &uri).is_none());
    reader.send("sam", json!({"type": "Undo", "id": reader.peer.at("/u/1"), "object": delete}));
    assert!(status(&reader, &uri).is_some());
    page(&reader.peer, 2, "<p>never here</p>", json!({}));
    reader.send(
        "sam",
        json!({"type": "Undo", "id": reader.peer.at("/u/2"), "object":
        {"type": "Delete", "actor": reader.peer.uri("sam"), "object": reader.peer.at("/post/2")}}),
    );
    assert!(status(&reader, &reader.peer.at("/post/2")).is_none());
}

#[test]
fn f_187_an_update_passed_on_brings_the_new_version() {
    let reader = reader();
    page(&reader.peer, 1, "<p>one</p>", json!({}));
    let uri = reader.peer.at("/post/1");
    passes_on(&reader, 1, "Create", json!(uri));
    let mut told = page(
        &reader.peer,
        1,
        "<p>two</p>",
        json!({
        "updated": dassie::clock::api_time(dassie::clock::Clock::system().now_ms())}),
    );
    told["content"] = json!("<p>forged</p>");
    passes_on(&reader, 2, "Update", told);
    let top = reader.top();
    assert!(top["reblog"]["content"].as_str().unwrap().contains("two"), "{top}");
    assert_eq!(reader.ann.home().len(), 1);
    // of what is not here: only while it is new
    page(&reader.peer, 2, "<p>old</p>", json!({"published": "2020-01-01T00:00:00Z"}));
    passes_on(&reader, 3, "Update", json!(reader.peer.at("/post/2")));
    assert!(status(&reader, &reader.peer.at("/post/2")).is_none());
    page(&reader.peer, 3, "<p>new</p>", json!({}));
    passes_on(&reader, 4, "Update", json!(reader.peer.at("/post/3")));
    assert_eq!(reader.ann.home().len(), 2);
}

#[test]
fn f_186_nobody_is_brought_here_by_a_group_that_nobody_follows() {
    let reader = Reader::new();
    page(&reader.peer, 1, "<p>page</p>", json!({}));
    let asked = reader.peer.asked().len();
    for (number, object) in [
        (1, json!(reader.peer.at("/post/1"))),
        (
            2,
            json!({"type": "Create",
        "actor": reader.peer.uri("rae"), "object": reader.peer.at("/post/1")}),
        ),
    ] {
        reader.send(
            "sam",
            json!({"id": reader.peer.at(&format!("/o/{number}")), "type": "Announce",
            "to": [PUBLIC], "object": object}),
        );
    }
    assert!(status(&reader, &reader.peer.at("/post/1")).is_none());
    assert!(!reader.peer.asked()[asked..].contains(&"/post/1".to_owned()));
}

#[test]
fn f_183_f_184_f_185_boosts_in_all_their_shapes() {
    let reader = Reader::new();
    let announce = |number: u32, object: Value, extra: Value| {
        let mut activity = json!({"id": reader.peer.at(&format!("/a/{number}")), "type": "Announce",
            "to": [PUBLIC], "cc": [], "object": object});
        activity.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        reader.send("rae", activity);
    };
    // one's own may come along
    let own = reader.peer.create("rae", 1, "<p>own</p>", json!({}))["object"].clone();
    announce(1, own.clone(), json!({}));
    assert_eq!(reader.top()["reblog"]["uri"], own["id"]);
    assert!(!reader.peer.asked().contains(&"/notes/1".to_owned()));
    // another's is read from its origin, whatever comes along
    let other = page(&reader.peer, 2, "<p>true</p>", json!({"type": "Note", "name": null}));
    let mut forged = other.clone();
    forged["content"] = json!("<p>forged</p>");
    announce(2, forged, json!({"cc": [], "published": "1999-01-01T00:00:00Z"}));
    let top = reader.top();
    assert_eq!(
        dassie::text::sanitize::to_plain(top["reblog"]["content"].as_str().unwrap()),
        "true"
    );
    assert!(top["created_at"].as_str() >= top["reblog"]["created_at"].as_str(), "no boost before");
    // once, however it is told
    announce(3, other["id"].clone(), json!({}));
    announce(3, other["id"].clone(), json!({}));
    assert_eq!(reader.ann.home().len(), 2);
    // another's private one is not for boosting, one's own is for the same readers
    let followers = |name: &str| json!([format!("{}/followers", reader.peer.uri(name))]);
    page(&reader.peer, 4, "<p>private</p>", json!({"type": "Note", "to": followers("sam")}));
    announce(4, json!(reader.peer.at("/post/4")), json!({}));
    let own =
        reader.peer.create("rae", 5, "<p>mine</p>", json!({"to": followers("rae"), "cc": []}));
    announce(5, own["object"].clone(), json!({}));
    assert_eq!(reader.ann.home().len(), 3);
    assert_eq!(reader.top()["visibility"], "private", "no wider than what is boosted");
    // what is no post leaves nothing
    for (number, object) in [
        (6, json!(reader.peer.uri("sam"))),
        (7, json!({"type": "Note"})),
        (8, json!(format!("{}/users/ann/statuses/1", reader.instance.base))),
    ] {
        announce(number, object, json!({}));
    }
    assert_eq!(reader.ann.home().len(), 3);
}

#[test]
fn f_188_a_video_shows_once_for_account_and_channel() {
    let reader = Reader::new();
    reader.follow("sam");
    let video = |number: u32| {
        let create = reader.peer.create(
            "rae",
            number,
            "",
            json!({"type": "Video",
            "name": format!("Film {number}"), "url": reader.peer.at("/w/1")}),
        );
        let mut alone = create["object"].clone();
        alone["@context"] = json!("https://www.w3.org/ns/activitystreams");
        reader.peer.serve(&format!("/notes/{number}"), alone);
        create
    };
    let by_channel = |number: u32| {
        let id = reader.peer.at(&format!("/notes/{number}"));
        reader.send(
            "sam",
            json!({"id": format!("{id}/announces/1"), "type": "Announce",
            "to": [PUBLIC], "object": id}),
        );
    };
    reader.send("rae", video(1));
    by_channel(1);
    assert_eq!(reader.ann.home().len(), 1);
    assert_eq!(reader.top()["account"]["username"], "rae");
    // the other way round
    let second = video(2);
    by_channel(2);
    reader.send("rae", second);
    let home =
        eventually("the second is there", || Some(reader.ann.home()).filter(|home| home.len() > 1));
    assert_eq!(home.len(), 2, "{home:?}");
}
