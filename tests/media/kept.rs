//! What goes last from the cache, beside what is favourited or bookmarked.

use dassie::db;
use dassie::model::{CacheClass, CachedFile};
use serde_json::{Value, json};

use super::cache::World;
use crate::api::id;
use crate::support::cached::put;
use crate::support::eventually;

/// Mia writes to ann alone, with a picture.
fn mia_writes(world: &World, number: u32, answers: Option<&str>) -> Value {
    let mut extra = json!({
        "to": [world.ann.uri], "cc": [],
        "tag": [{"type": "Mention", "href": world.ann.uri}],
        "attachment": [{
            "type": "Document", "mediaType": "image/png",
            "url": world.files.at(&format!("/{number}.png")),
        }],
    });
    if let Some(uri) = answers {
        extra["inReplyTo"] = json!(uri);
    }
    let activity = world.peer.create("mia", number, "<p>for you</p>", extra);
    let inbox = format!("{}/inbox", world.instance.base);
    let now = world.instance.app.clock.now_ms();
    assert_eq!(world.peer.send_as("mia", &inbox, &activity, now).status, 202);
    let uri = world.peer.at(&format!("/notes/{number}"));
    eventually("it is here", || world.ann.finds_status(&uri))
}

fn attached(status: &Value) -> i64 {
    id(&status["media_attachments"][0]).parse().unwrap()
}

#[test]
fn what_is_attached_to_a_conversation_goes_last_once_somebody_here_writes_in_it() {
    let world = World::new();
    let app = &world.instance.app;
    let first = mia_writes(&world, 1, None);
    let media = attached(&first);
    let file = put(app, media, "https://a.example/1.png", 1000, 0);
    let kept = |file: &CachedFile| {
        let row = app.db.read(|conn| db::cached_file::find(conn, &file.key)).unwrap().unwrap();
        let class = CacheClass::Original;
        let owner = file.owner;
        let would =
            app.db.read(|conn| dassie::service::cache::is_kept(conn, class, owner)).unwrap();
        assert_eq!(row.kept, would, "a file that comes in later is treated alike");
        row.kept
    };
    assert!(!kept(&file), "a stranger's picture, which nobody answered");
    let answer = world.ann.post(
        "/api/v1/statuses",
        json!({
            "status": format!("@mia@{} thanks", world.peer.host), "visibility": "direct",
            "in_reply_to_id": first["id"],
        }),
    );
    assert!(kept(&file));
    let second = mia_writes(&world, 2, Some(answer["uri"].as_str().unwrap()));
    let later = put(app, attached(&second), "https://a.example/2.png", 1000, 0);
    assert!(kept(&later));
    // letting go of it otherwise changes nothing
    let path = format!("/api/v1/statuses/{}", id(&first));
    for word in ["favourite", "unfavourite", "bookmark", "unbookmark"] {
        world.ann.post(&format!("{path}/{word}"), json!({}));
        assert!(kept(&file), "{word}");
    }
    world.ann.post(&format!("{path}/bookmark"), json!({}));
    world.ann.request("DELETE", &format!("/api/v1/statuses/{}", id(&answer))).send().ok();
    assert!(kept(&file), "it is bookmarked");
    assert!(!kept(&later), "she writes there no more");
    world.ann.post(&format!("{path}/unbookmark"), json!({}));
    assert!(!kept(&file));
}

#[test]
fn a_public_thread_is_no_conversation() {
    let world = World::new();
    let app = &world.instance.app;
    let extra = json!({"attachment": [{
        "type": "Document", "mediaType": "image/png", "url": world.files.at("/1.png"),
    }]});
    let status = world.writes(1, extra);
    let file = put(app, attached(&status), "https://a.example/1.png", 1000, 0);
    for visibility in ["public", "direct"] {
        world.ann.post(
            "/api/v1/statuses",
            json!({
                "status": format!("@mia@{} look", world.peer.host), "visibility": visibility,
                "in_reply_to_id": status["id"],
            }),
        );
    }
    let row = app.db.read(|conn| db::cached_file::find(conn, &file.key)).unwrap().unwrap();
    assert!(!row.kept);
}
