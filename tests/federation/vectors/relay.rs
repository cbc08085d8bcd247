//! Relays, known and unknown.

use serde_json::{Value, json};

use super::harness::{PUBLIC, World, actor_of};
use crate::support::eventually;

pub const VECTORS: &[&str] = &[
    "relay/accept.json",
    "relay/follow_mastodon_style_out.json",
    "relay/forwarded_create_ld_signed.json",
    "relay/litepub_announce.json",
    "relay/litepub_follow_back.json",
    "relay/undo_follow_out.json",
];

const RELAY: &str = "https://relay.example/actor";

/// A world that has met the relay, and in which the post that it passes on is at its origin.
fn world() -> World {
    let world = World::new();
    world.finds("relay@relay.example");
    let mut note = world.read("relay/forwarded_create_ld_signed")["object"].clone();
    note["@context"] = "https://www.w3.org/ns/activitystreams".into();
    world.serve_value(&note);
    world
}

#[test]
fn f_348_f_147_forwarded_create_of_an_unknown_relay() {
    let world = world();
    let post = world.at("https://masto.example/users/maria/statuses/115000");
    world.unchanged("an unknown relay", || {
        let activity = world.read("relay/forwarded_create_ld_signed");
        world.deliver_value(RELAY, &activity);
    });
    assert_eq!(world.status(&post), None);
    assert_eq!(world.web.times(&post), 0, "and nothing is fetched for it");
    assert_eq!(world.web.times(&world.at("https://masto.example/users/maria")), 0);
}

#[test]
fn f_346_f_348_litepub_announce_of_an_unknown_relay() {
    let world = world();
    world.unchanged("an unknown relay", || world.deliver("relay/litepub_announce"));
    assert_eq!(world.web.times(&world.at("https://akko.example/objects/b22b")), 0);
}

#[test]
fn f_154_f_344_litepub_follow_back_of_an_unknown_relay() {
    let world = world();
    world.unchanged("an unknown relay", || world.deliver("relay/litepub_follow_back"));
    assert_eq!(world.sent("Accept"), [Value::Null; 0]);
}

#[test]
fn f_343_f_348_accept_of_a_relay_that_nobody_asked() {
    let world = world();
    world.unchanged("an unknown relay", || world.deliver("relay/accept"));
    // and it may pass on nothing afterwards
    world.unchanged("still unknown", || {
        let activity = world.read("relay/forwarded_create_ld_signed");
        assert_ne!(actor_of(&activity), world.at(RELAY));
        world.deliver_value(RELAY, &activity);
    });
}

/// Carries out a command of the operator's. Written as it travels to a running server.
fn command(world: &World, command: Value) {
    let command = serde_json::from_value(command).unwrap();
    dassie::control::execute(&world.instance.app, command).unwrap();
    world.settle();
}

/// A world that asked to be a subscriber of the relay; and the Follow.
fn asking(style: Option<&str>) -> (World, Value) {
    let world = world();
    let mut actor = world.person(RELAY, "relay", "Application");
    actor["inbox"] = world.at("https://relay.example/inbox").into();
    world.serve_value(&actor);
    let path = if style.is_some() { "actor" } else { "inbox" };
    let address = world.at(&format!("https://relay.example/{path}"));
    command(&world, json!({"relay_add": {"address": address, "style": style, "change": {}}}));
    let follow = eventually("the relay is asked", || world.sent("Follow").pop());
    (world, follow)
}

/// A world that the relay has accepted.
fn subscribed(style: Option<&str>) -> World {
    let (world, follow) = asking(style);
    let mut accept = world.read("relay/accept");
    accept["object"]["id"] = follow["id"].clone();
    accept["object"]["object"] = follow["object"].clone();
    world.deliver_value(RELAY, &accept);
    world
}

#[test]
fn f_343_f_349_follow_and_undo_follow_of_mastodons_style() {
    let (world, follow) = asking(None);
    let wanted = world.read("relay/follow_mastodon_style_out");
    for part in ["type", "actor", "object"] {
        assert_eq!(follow[part], wanted[part], "{part}");
    }
    // ours is a list, as F-005 wants it
    assert_eq!(follow["@context"][0], wanted["@context"]);
    assert!(world.web.received(&world.at("https://relay.example/inbox")).contains(&follow));
    let mut accept = world.read("relay/accept");
    accept["object"]["id"] = follow["id"].clone();
    world.deliver_value(RELAY, &accept);
    command(&world, json!({"relay_remove": {"relay": world.at(RELAY)}}));
    let undo = eventually("the relay is told", || world.sent("Undo").pop());
    let wanted = world.read("relay/undo_follow_out");
    assert_eq!(undo["actor"], wanted["actor"]);
    assert_eq!(undo["object"]["id"], follow["id"]);
    for part in ["type", "actor", "object"] {
        assert_eq!(undo["object"][part], wanted["object"][part], "{part}");
    }
}

#[test]
fn f_343_f_346_accept_and_forwarded_create() {
    let world = subscribed(None);
    let mut forged = world.read("relay/forwarded_create_ld_signed");
    forged["object"]["content"] = json!("<p>as the relay would have it</p>");
    world.deliver_value(RELAY, &forged);
    let post = world.at("https://masto.example/users/maria/statuses/115000");
    let status = eventually("it is fetched", || world.status(&post));
    assert_eq!(world.web.times(&post), 1);
    assert!(status["content"].as_str().unwrap().contains("relayed"));
    assert!(!world.ann.home().contains(&"relayed".to_owned()), "never in home");
}

#[test]
fn f_344_f_346_litepub_follow_back_and_announce() {
    let world = subscribed(Some("litepub"));
    world.deliver("relay/litepub_follow_back");
    let accept = eventually("it is accepted", || world.sent("Accept").pop());
    assert_eq!(accept["object"]["id"], world.read("relay/litepub_follow_back")["id"]);
    let uri = world.object_id("relay/litepub_announce");
    world.serve_value(&json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": uri, "type": "Note",
        "attributedTo": world.at("https://akko.example/users/akko"), "content": "<p>passed on</p>",
        "to": [PUBLIC], "published": "2026-05-07T11:59:00Z",
    }));
    world.deliver("relay/litepub_announce");
    eventually("it is fetched", || world.status(&uri));
    let public = world.ann.get("/api/v1/timelines/public?remote=true");
    let shown = public.as_array().unwrap().iter().find(|s| s["uri"] == uri.as_str()).unwrap();
    assert_eq!(shown["reblog"], Value::Null);
    assert!(!public.to_string().contains("relay.example"), "the relay boosts nothing");
    assert!(!world.ann.home().contains(&"passed on".to_owned()), "never in home");
}
