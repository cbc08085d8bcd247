//! What Mitra, Threads, Bridgy Fed and Friendica send.

use serde_json::{Value, json};

use super::harness::{World, actor_of};
use crate::api::id;

pub const VECTORS: &[&str] = &[
    "bridgy-fed/actor.json",
    "friendica/actor.json",
    "friendica/create_note.json",
    "friendica/create_page.json",
    "friendica/delete_tombstone.json",
    "friendica/follow_post.json",
    "mitra/accept_follow_id_only.json",
    "mitra/fep_e232_quote_tag.json",
    "mitra/like_with_content_proof.json",
    "threads/actor.json",
    "threads/create_note_quote.json",
    "threads/webfinger.json",
];

#[test]
fn f_156_mitra_accept_follow_id_only() {
    let world = World::new();
    let mira = id(&world.finds("mira@mitra.example"));
    let asked = world.asks_to_follow(&mira);
    world.unchanged("another id", || {
        let mut other = world.read("mitra/accept_follow_id_only");
        other["id"] = json!(world.at("https://mitra.example/activities/accept/0"));
        world.deliver_value(&actor_of(&other), &other);
    });
    let mut accept = world.read("mitra/accept_follow_id_only");
    accept["object"] = asked["id"].clone();
    world.deliver_value(&actor_of(&accept), &accept);
    assert_eq!(world.relation(&mira)["following"], true);
}

#[test]
fn f_317_mitra_fep_e232_quote_tag() {
    let world = World::new();
    world.deliver("mitra/fep_e232_quote_tag");
    let status = world.must("https://mitra.example/objects/2");
    assert_eq!(status["quote"]["state"], "accepted");
    assert_eq!(status["quote"]["quoted_status"]["id"], world.post["id"]);
}

#[test]
fn f_149_f_178_mitra_like_with_content_proof_is_a_favourite_too() {
    let world = World::new();
    world.deliver("mitra/like_with_content_proof");
    assert_eq!(world.again(&world.post)["favourites_count"], 1);
}

#[test]
fn f_178_mitra_like_with_content_proof() {
    let world = World::new();
    world.deliver("mitra/like_with_content_proof");
    let reaction = world.reactions(&world.post)[0].clone();
    assert_eq!((&reaction["name"], &reaction["count"]), (&json!("🔥"), &json!(1)));
}

#[test]
fn f_008_f_068_threads_actor_and_webfinger() {
    let world = World::new();
    world.serve("threads/actor");
    let uri = world.at("https://threads.example/ap/users/17841400000000001/");
    // the answer names an address on another host that serves the actor under its own id
    let other = world.at("https://www.threads.example/ap/users/tess/");
    let actor = world.text("threads/actor");
    world.web.put(&other, 200, super::web::ACTIVITY, actor);
    world.serve_webfinger("tess@threads.example", "threads/webfinger");
    let account = world.finds("tess@threads.example");
    assert_eq!(account["uri"], uri, "with its slash at the end");
    assert_eq!(account["url"], world.at("https://www.threads.example/@tess"));
    assert_eq!(account["acct"], world.handle("tess@threads.example"));
    // without the way back it is believed nothing but what its own host says
    let world = World::new();
    world.serve_webfinger("tess@threads.example", "threads/webfinger");
    let forged = world.person("https://www.threads.example/ap/users/tess/", "tess", "Person");
    world.serve_value(&forged);
    let search = |handle: &str| {
        let handle = world.handle(handle);
        world.ann.get(&format!("/api/v2/search?resolve=true&type=accounts&q={handle}"))
    };
    let found = search("tess@threads.example");
    if let Some(account) = found["accounts"].get(0) {
        assert_ne!(account["acct"], world.handle("tess@threads.example"), "{account}");
    }
}

#[test]
fn f_010_f_317_threads_create_note_quote() {
    let world = World::new();
    world.deliver("threads/create_note_quote");
    let status = world.must("https://threads.example/ap/users/17841400000000001/post/1792/");
    assert_eq!(status["created_at"], "2026-04-04T04:04:04.000Z");
    assert_eq!(status["url"], world.at("https://www.threads.example/@tess/post/C5abc"));
    assert_eq!(status["quote"]["state"], "accepted");
    assert_eq!(status["quote"]["quoted_status"]["id"], world.post["id"]);
}

#[test]
fn f_049_bridgy_fed_actor() {
    let world = World::new();
    let document = world.read("bridgy-fed/actor");
    let kind = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";
    world.web.put(document["id"].as_str().unwrap(), 200, kind, document.to_string());
    let account = world.finds("site.example@bridge.example");
    assert_eq!(account["username"], "site.example");
    assert_eq!(account["uri"], world.at("https://bridge.example/ap/web/site.example"));
    assert_eq!(account["url"], world.at("https://bridge.example/r/https://site.example/"));
    assert_eq!(account["display_name"], "Ms. ☕ Baz");
    assert_eq!(account["fields"].as_array().unwrap().len(), 1);
}

const FRED: &str = "fred@fri.example";

#[test]
fn f_043_f_059_friendica_actor() {
    let world = World::new();
    world.serve("friendica/actor");
    let account = world.finds(FRED);
    assert_eq!(account["uri"], world.at("https://fri.example/profile/fred"));
    assert_eq!((&account["locked"], &account["discoverable"]), (&json!(true), &json!(true)));
    assert_eq!(account["fields"].as_array().unwrap().len(), 1);
}

#[test]
fn f_272_f_148_f_169_friendica_create_note_and_delete_tombstone() {
    let world = World::new();
    world.deliver("friendica/create_note");
    let uri = "https://fri.example/objects/4edd2508-4361";
    let status = world.must(uri);
    assert_eq!(status["in_reply_to_id"], world.post["id"]);
    assert_eq!(status["language"], Value::Null, "the map has another text");
    assert_eq!(status["visibility"], "public");
    assert_eq!(world.told(), [("mention".into(), FRED.into())]);
    world.deliver("friendica/delete_tombstone");
    assert_eq!(world.status(uri), None);
    assert_eq!(world.told(), []);
}

#[test]
fn f_264_friendica_create_page() {
    let world = World::new();
    world.ann_follows(FRED);
    world.deliver("friendica/create_page");
    let status = world.must("https://fri.example/objects/p1");
    let content = status["content"].as_str().unwrap();
    assert!(content.contains("Astronauts perform final spacewalk"), "{content}");
    assert!(content.contains("They went out."), "{content}");
    assert_eq!(status["spoiler_text"], "");
}

#[test]
fn f_264_friendica_create_page_has_its_link() {
    let world = World::new();
    world.ann_follows(FRED);
    world.deliver("friendica/create_page");
    let status = world.must("https://fri.example/objects/p1");
    let content = status["content"].as_str().unwrap();
    assert!(content.contains(&world.at("https://news.example/eva-80/")), "{content}");
}

#[test]
fn f_153_friendica_follow_post() {
    let world = World::new();
    world.finds(FRED);
    world.unchanged("a follow of a post", || world.deliver("friendica/follow_post"));
    assert!(world.sent("Accept").is_empty() && world.sent("Reject").is_empty());
}
