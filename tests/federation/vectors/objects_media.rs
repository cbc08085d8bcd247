//! What PeerTube and Pixelfed send.

use dassie::model::CacheClass;
use serde_json::json;

use super::harness::World;
use crate::api::id;

pub const VECTORS: &[&str] = &[
    "peertube/announce_video.json",
    "peertube/approve_reply.json",
    "peertube/channel_group.json",
    "peertube/create_comment.json",
    "peertube/create_video.json",
    "peertube/dislike.json",
    "peertube/flag.json",
    "peertube/view.json",
    "pixelfed/actor.json",
    "pixelfed/create_note_album_place.json",
    "pixelfed/create_reply_broken_tag.json",
    "pixelfed/like.json",
    "pixelfed/story.json",
];

const VERA: &str = "vera@tube.example";
const CHANNEL: &str = "vera_channel@tube.example";
const PIA: &str = "pia@pix.example";

#[test]
fn f_048_peertube_channel_group() {
    let world = World::new();
    world.serve("peertube/channel_group");
    let account = world.finds(CHANNEL);
    assert_eq!(account["group"], true);
    assert_eq!(account["display_name"], "Vera films");
    for (field, class, picture) in [
        ("avatar", CacheClass::Avatar, "https://tube.example/lazy-static/avatars/l.jpg"),
        ("header", CacheClass::Header, "https://tube.example/lazy-static/banners/b.jpg"),
    ] {
        let ours = world.instance.cached(class, &account["id"], &world.at(picture));
        assert_eq!(account[field], ours);
    }
}

#[test]
fn f_265_f_188_peertube_create_video_and_announce_video() {
    let world = World::new();
    let (vera, channel) = (world.ann_follows(VERA), world.ann_follows(CHANNEL));
    world.deliver("peertube/create_video");
    let video = world.must(&world.object_id("peertube/create_video"));
    assert_eq!(video["account"]["id"], vera);
    let text = dassie::text::sanitize::to_plain(video["content"].as_str().unwrap());
    assert!(text.starts_with("A walk in the dunes\n\nA **long** walk."), "{text}");
    assert!(text.contains("<script>alert(1)</script>"), "it is text: {text}");
    assert!(!video["content"].as_str().unwrap().contains("<script"), "{video}");
    let page = "https://tube.example/videos/watch/11111111-2222-4333-8444-555555555555";
    assert_eq!(video["url"], world.at(page));
    let file = &video["media_attachments"][0];
    let hls = world.at("https://tube.example/static/streaming-playlists/hls/x/480.mp4");
    assert_eq!((&file["type"], &file["remote_url"]), (&json!("video"), &json!(hls)));
    let still = world.at("https://tube.example/lazy-static/previews/p.jpg");
    assert_eq!(file["preview_remote_url"], still);
    assert_eq!(video["language"], "en");
    assert_eq!(video["tags"][0]["name"], "dunes");

    world.deliver("peertube/announce_video");
    assert_eq!(
        world.uris("/api/v1/timelines/home").iter().filter(|u| *u == &video["uri"]).count(),
        1
    );
    let home = world.ann.get("/api/v1/timelines/home");
    assert!(home.as_array().unwrap().iter().all(|s| s["reblog"].is_null()), "{home}");
    let boosts = world.ann.get(&format!("/api/v1/accounts/{channel}/statuses"));
    assert_eq!(boosts[0]["reblog"]["id"], video["id"]);
    assert_eq!(world.again(&video)["reblogs_count"], 1);
}

#[test]
fn f_273_peertube_create_comment() {
    let world = World::new();
    world.deliver("peertube/create_comment");
    let comment = world.must(&world.object_id("peertube/create_comment"));
    assert_eq!(comment["in_reply_to_id"], world.post["id"]);
    let content = comment["content"].as_str().unwrap();
    assert!(content.contains("thanks &lt;b&gt;x&lt;/b&gt;"), "{content}");
    assert_eq!(comment["mentions"][0]["id"], world.ann.id);
    assert_eq!(world.told(), [("mention".into(), VERA.into())]);
}

#[test]
fn f_181_f_201_peertube_view_dislike_and_approve_reply() {
    let world = World::new();
    world.finds(VERA);
    for name in ["peertube/view", "peertube/dislike", "peertube/approve_reply"] {
        world.unchanged(name, || world.deliver(name));
    }
}

#[test]
fn f_194_peertube_flag() {
    let world = World::new();
    world.deliver("peertube/flag");
    let reports = world.ann.get("/api/v1/admin/reports");
    assert_eq!(reports.as_array().unwrap().len(), 1);
    assert_eq!(reports[0]["target_account"]["id"], world.ann.id);
    assert_eq!(reports[0]["statuses"][0]["id"], world.post["id"]);
    assert_eq!(reports[0]["comment"], "spam");
}

#[test]
fn f_044_pixelfed_actor() {
    let world = World::new();
    world.serve("pixelfed/actor");
    let account = world.finds(PIA);
    assert_eq!(account["uri"], world.at("https://pix.example/users/pia"));
    assert_eq!((&account["note"], &account["display_name"]), (&json!(""), &json!("Pia")));
}

#[test]
fn f_298_pixelfed_create_note_album_place() {
    let world = World::new();
    world.ann_follows(PIA);
    world.deliver("pixelfed/create_note_album_place");
    let album = world.must("https://pix.example/p/pia/1");
    let files = album["media_attachments"].as_array().unwrap();
    let named: Vec<&str> = files.iter().map(|f| f["description"].as_str().unwrap()).collect();
    assert_eq!(named, ["photo 1", "photo 2", "photo 3", "photo 4", "photo 5", "photo 6"]);
    let text = dassie::text::sanitize::to_plain(album["content"].as_str().unwrap());
    assert!(text.starts_with("sunset") && text.contains("Lisbon, Portugal"), "{text}");
}

#[test]
fn f_286_f_126_pixelfed_create_reply_broken_tag() {
    let world = World::new();
    world.deliver("pixelfed/create_reply_broken_tag");
    let reply = world.must("https://pix.example/p/pia/2");
    assert_eq!(reply["in_reply_to_id"], world.post["id"]);
    let mut named: Vec<String> = reply["mentions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["username"].as_str().unwrap().to_owned())
        .collect();
    named.sort();
    assert_eq!(named, ["ann", "maria"]);
    assert_eq!(reply["tags"][0]["name"], "sun");
    assert_eq!(world.told(), [("mention".into(), PIA.into())]);
}

#[test]
fn f_270_pixelfed_story() {
    let world = World::new();
    let pia = world.ann_follows(PIA);
    world.unchanged("a story", || world.deliver("pixelfed/story"));
    assert_eq!(world.uris(&format!("/api/v1/accounts/{pia}/statuses")), [] as [String; 0]);
}

#[test]
fn f_177_pixelfed_like() {
    let world = World::new();
    world.deliver("pixelfed/like");
    assert_eq!(world.again(&world.post)["favourites_count"], 1);
    assert_eq!(world.told(), [("favourite".into(), PIA.into())]);
    let who = world.ann.get(&format!("/api/v1/statuses/{}/favourited_by", id(&world.post)));
    assert_eq!(who[0]["username"], "pia");
}
