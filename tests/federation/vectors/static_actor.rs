//! Actors that are files on a web server.

use serde_json::{Value, json};

use super::harness::World;
use super::web::ACTIVITY;
use crate::api::id;
use crate::support::eventually;

pub const VECTORS: &[&str] = &[
    "static-actor/actor.json",
    "static-actor/followers.json",
    "static-actor/outbox_page.json",
    "static-actor/webfinger.json",
];

const JUSTINE: &str = "justine@static.example";
const URI: &str = "https://static.example/justine";

/// A server whose answers are files: the same to every question.
fn world(content_type: &str) -> World {
    let world = World::new();
    world.serve_webfinger(JUSTINE, "static-actor/webfinger");
    world.serve_webfinger("other@static.example", "static-actor/webfinger");
    world.web.put(&world.at(URI), 200, content_type, world.text("static-actor/actor"));
    world
}

fn search(world: &World, handle: &str) -> Value {
    let handle = world.handle(handle);
    world.ann.get(&format!("/api/v2/search?resolve=true&type=accounts&q={handle}"))["accounts"]
        .clone()
}

#[test]
fn f_066_f_067_webfinger() {
    let world = world(ACTIVITY);
    // the file answers for justine whoever is asked for: nobody gets another's name
    for account in search(&world, "other@static.example").as_array().unwrap() {
        assert_eq!(account["acct"], world.handle(JUSTINE));
    }
    assert_eq!(world.known("other@static.example"), None);
    let account = world.finds(JUSTINE);
    assert_eq!(account["acct"], world.handle(JUSTINE));
}

#[test]
fn f_046_s_026_actor() {
    let world = world(ACTIVITY);
    let account = world.finds(JUSTINE);
    assert_eq!(account["uri"], world.at(URI));
    assert_eq!(account["display_name"], "Justine");
    assert_eq!(account["url"], world.at("https://justine.example"));
    // it has no key: nothing that is signed in its name is taken
    world.unchanged("signed by nobody", || {
        let like = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": world.at("https://static.example/likes/1"), "type": "Like",
            "actor": world.at(URI), "object": world.post["uri"],
        });
        let answer = world.send(URI, &world.inbox(), like.to_string().as_bytes());
        assert_eq!(answer.status, 401, "{}", answer.text());
    });
}

#[test]
fn s_026_an_actor_of_another_type_is_refused() {
    for kind in ["application/octet-stream", "application/json", "text/html", "text/plain"] {
        let world = world(kind);
        world.unchanged(kind, || assert_eq!(search(&world, JUSTINE), json!([]), "{kind}"));
    }
}

#[test]
fn f_247_followers() {
    let world = world(ACTIVITY);
    world.serve("static-actor/followers");
    let justine = id(&world.finds(JUSTINE));
    let list = world.ann.get(&format!("/api/v1/accounts/{justine}/followers"));
    assert_eq!(list, json!([]), "a number is nobody");
    world.settle();
    assert_eq!(world.web.times(&world.at("https://static.example/follower_accts")), 0);
}

#[test]
fn f_247_f_256_outbox_page() {
    let world = world(ACTIVITY);
    world.serve("static-actor/outbox_page");
    world.serve_value(&json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": world.at("https://static.example/outbox"), "type": "OrderedCollection",
        "totalItems": 1_000_000, "first": world.at("https://static.example/toots"),
    }));
    let justine = id(&world.finds(JUSTINE));
    world.ann.get(&format!("/api/v1/accounts/{justine}"));
    let path = format!("/api/v1/accounts/{justine}/statuses");
    let post = world.at("https://static.example/posts/1");
    eventually("the outbox is read", || world.uris(&path).contains(&post).then_some(()));
}
