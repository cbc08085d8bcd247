//! Actors, follows, pins and what else Mastodon sends about people.

use serde_json::{Value, json};

use super::harness::{World, actor_of};
use crate::api::id;
use crate::support::eventually;

pub const VECTORS: &[&str] = &[
    "mastodon/accept_follow.json",
    "mastodon/actor.json",
    "mastodon/add_pin.json",
    "mastodon/block.json",
    "mastodon/delete_actor.json",
    "mastodon/featured.json",
    "mastodon/follow.json",
    "mastodon/followers_hidden.json",
    "mastodon/instance_actor.json",
    "mastodon/move.json",
    "mastodon/outbox_page.json",
    "mastodon/reject_follow.json",
    "mastodon/remove_pin.json",
    "mastodon/undo_follow.json",
    "mastodon/update_actor.json",
    "mastodon/webfinger.json",
];

const MARIA: &str = "maria@masto.example";
const URI: &str = "https://masto.example/users/maria";

#[test]
fn f_043_f_066_actor_and_webfinger() {
    let world = World::new();
    world.serve("mastodon/actor");
    world.serve_webfinger(MARIA, "mastodon/webfinger");
    let account = world.finds(MARIA);
    assert_eq!(account["acct"], world.handle(MARIA));
    assert_eq!(account["uri"], world.at(URI));
    assert_eq!(account["url"], world.at("https://masto.example/@maria"));
    assert_eq!(account["display_name"], "Maria :sun:");
    let fields = account["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 2);
    assert_eq!(fields[1], json!({"name": "Pronouns", "value": "she/her", "verified_at": null}));
    assert_eq!(account["emojis"].as_array().unwrap().len(), 1);
    assert_eq!(account["emojis"][0]["shortcode"], "sun");
    assert_eq!((&account["locked"], &account["bot"]), (&json!(false), &json!(false)));
    assert_eq!(account["discoverable"], true);
}

#[test]
fn f_038_f_119_instance_actor() {
    let world = World::with(|config| config.federation.require_signed_fetch = true);
    world.serve("mastodon/instance_actor");
    let post = world.post["uri"].as_str().unwrap();
    assert_eq!(world.instance.activity(post).status, 401);
    let answer = world.get_signed("https://masto.example/actor", post);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let account = world.finds("masto.example@masto.example");
    assert_eq!(account["bot"], true, "an Application");
    assert_eq!(account["locked"], true);
}

#[test]
fn f_151_f_152_f_173_follow_and_undo_follow() {
    let world = World::new();
    world.deliver("mastodon/follow");
    assert!(world.is_followed_by("maria"));
    assert_eq!(world.told(), [("follow".into(), MARIA.into())]);
    let accept = world.sent("Accept").pop().unwrap();
    let follow = world.read("mastodon/follow");
    assert_eq!(accept["actor"], world.ann.uri);
    for part in ["id", "type", "actor", "object"] {
        assert_eq!(accept["object"][part], follow[part], "the whole Follow comes back");
    }
    // again under a new id: accepted again, told once
    let mut again = follow.clone();
    again["id"] = json!(world.at("https://masto.example/another-follow"));
    world.deliver_value(&actor_of(&again), &again);
    assert_eq!(world.sent("Accept").len(), 2);
    assert_eq!(world.sent("Accept")[1]["object"]["id"], again["id"]);
    assert_eq!(world.told().len(), 1);
    world.deliver("mastodon/undo_follow");
    assert!(!world.is_followed_by("maria"));
}

#[test]
fn f_156_accept_follow() {
    let world = World::new();
    let maria = id(&world.finds(MARIA));
    world.unchanged("nobody asked", || world.deliver("mastodon/accept_follow"));
    assert_eq!(world.relation(&maria)["following"], false);
    let world = World::new();
    let maria = id(&world.finds(MARIA));
    world.asks_to_follow(&maria);
    assert_eq!(world.relation(&maria)["requested"], true);
    world.deliver("mastodon/accept_follow");
    assert_eq!(world.relation(&maria)["following"], true);
    assert_eq!(world.relation(&maria)["requested"], false);
}

#[test]
fn f_157_reject_follow() {
    // what waits
    let world = World::new();
    let maria = id(&world.finds(MARIA));
    world.asks_to_follow(&maria);
    world.deliver("mastodon/reject_follow");
    assert_eq!(world.relation(&maria)["requested"], false);
    assert_eq!(world.relation(&maria)["following"], false);
    // what was accepted before
    let world = World::new();
    let maria = world.ann_follows(MARIA);
    world.deliver("mastodon/reject_follow");
    assert_eq!(world.relation(&maria)["following"], false);
}

#[test]
fn f_192_block() {
    let world = World::new();
    let maria = world.ann_follows(MARIA);
    world.deliver("mastodon/follow");
    let before = world.told();
    world.deliver("mastodon/block");
    let relation = world.relation(&maria);
    assert_eq!(relation["following"], false);
    assert_eq!(relation["followed_by"], false);
    let new: Vec<_> = world.told().into_iter().filter(|told| !before.contains(told)).collect();
    assert_eq!(new, [], "nobody is told of a block");
    // and she is not asked again
    let path = format!("/api/v1/accounts/{maria}/follow");
    assert!(world.ann.request("POST", &path).send().status >= 400);
}

#[test]
fn f_196_add_pin_and_remove_pin() {
    let world = World::new();
    // it is not here, and fetched for the pin of somebody whom ann follows
    let maria = world.ann_follows(MARIA);
    let mut note = world.read("mastodon/featured")["orderedItems"][0].clone();
    note["@context"] = json!("https://www.w3.org/ns/activitystreams");
    world.serve_value(&note);
    let pins = || world.uris(&format!("/api/v1/accounts/{maria}/statuses?pinned=true"));
    assert_eq!(pins(), [""; 0]);
    world.deliver("mastodon/add_pin");
    assert_eq!(pins(), [world.at("https://masto.example/users/maria/statuses/114002")]);
    world.deliver("mastodon/remove_pin");
    assert_eq!(pins(), [""; 0]);
}

#[test]
fn f_165_update_actor() {
    let world = World::new();
    // of somebody who is not here: no key is fetched (F-110)
    world.deliver("mastodon/update_actor");
    assert_eq!(world.web.times(&world.at(URI)), 0);
    let world = World::new();
    let before = world.finds(MARIA);
    assert_eq!(before["locked"], false);
    world.deliver("mastodon/update_actor");
    let account = world.known(MARIA).unwrap();
    assert_eq!(account["id"], before["id"]);
    assert_eq!(account["display_name"], "Maria renamed");
    assert_eq!(account["locked"], true);
    assert_eq!((&account["note"], &account["fields"]), (&json!(""), &json!([])));
}

#[test]
fn f_110_f_170_delete_actor() {
    let world = World::new();
    world.unchanged("nobody known", || world.deliver("mastodon/delete_actor"));
    assert!(world.web.asked().is_empty(), "no key is fetched for it");
    let world = World::new();
    world.ann_follows(MARIA);
    world.deliver("mastodon/follow");
    world.deliver("mastodon/create_note_public_media");
    world.deliver("mastodon/like");
    world.deliver("mastodon/announce");
    world.deliver("mastodon/delete_actor");
    assert_eq!(world.known(MARIA), None);
    // what she did goes in slices
    world.instance.advance(60_000);
    world.settle();
    assert_eq!(world.status("https://masto.example/users/maria/statuses/114001"), None);
    let post = world.again(&world.post);
    assert_eq!((&post["favourites_count"], &post["reblogs_count"]), (&json!(0), &json!(0)));
    assert_eq!(world.told(), []);
    assert!(!world.is_followed_by("maria"));
    let me = world.ann.get("/api/v1/accounts/verify_credentials");
    assert_eq!((&me["followers_count"], &me["following_count"]), (&json!(0), &json!(0)));
    // the tombstone holds: her server still serves her, and she does not come back
    world.unchanged("late", || {
        let mut late = world.read("mastodon/create_note_direct");
        late["id"] = json!(world.at("https://masto.example/late"));
        let body = late.to_string();
        let answer = world.send(URI, &world.inbox(), body.as_bytes());
        assert!(matches!(answer.status, 202 | 401 | 410), "{}", answer.status);
    });
}

#[test]
fn f_189_a_move_to_somebody_who_knows_nothing_of_it() {
    let world = World::new();
    let maria = world.ann_follows(MARIA);
    let target = world.person("https://newhome.example/users/maria", "maria", "Person");
    world.serve_value(&target);
    world.finds("maria@newhome.example");
    world.unchanged("no alias", || world.deliver("mastodon/move"));
    assert_eq!(world.relation(&maria)["following"], true);
}

#[test]
fn f_189_move_takes_the_followers_along() {
    let world = World::new();
    let maria = world.ann_follows(MARIA);
    let mut target = world.person("https://newhome.example/users/maria", "maria", "Person");
    target["alsoKnownAs"] = json!([world.at(URI)]);
    world.serve_value(&target);
    world.deliver("mastodon/move");
    let follow = eventually("the new account is asked", || {
        world.sent("Follow").into_iter().find(|follow| follow["object"] == target["id"])
    });
    assert_eq!(follow["actor"], world.ann.uri);
    assert_eq!(world.relation(&maria)["following"], false);
    let old = world.known(MARIA).unwrap();
    assert_eq!(old["moved"]["uri"], target["id"]);
}

#[test]
fn f_247_f_250_f_256_featured_outbox_and_followers() {
    let world = World::new();
    world.serve("mastodon/featured");
    let page = world.read("mastodon/outbox_page");
    world.serve("mastodon/outbox_page");
    world.serve("mastodon/followers_hidden");
    let outbox = world.at("https://masto.example/users/maria/outbox");
    world.serve_value(&json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": outbox,
        "type": "OrderedCollection", "totalItems": 2, "first": page["id"],
    }));
    let mut boosted = world.read("mastodon/featured")["orderedItems"][0].clone();
    boosted["@context"] = json!("https://www.w3.org/ns/activitystreams");
    boosted["id"] = json!(world.at("https://other.example/notes/9"));
    boosted["attributedTo"] = json!(world.at("https://other.example/users/oto"));
    world.serve_value(&boosted);
    let maria = world.ann_follows(MARIA);
    world.ann.get(&format!("/api/v1/accounts/{maria}"));
    let list = |query: &str| world.uris(&format!("/api/v1/accounts/{maria}/statuses{query}"));
    let pin = world.at("https://masto.example/users/maria/statuses/114002");
    eventually("the pin is read", || list("?pinned=true").contains(&pin).then_some(()));
    let own = world.at("https://masto.example/users/maria/statuses/114030");
    eventually("the outbox is read", || list("").contains(&own).then_some(()));
    assert_eq!(world.web.times(&own), 0, "what is of the same host is used as it is");
    let boosts = world.ann.get(&format!("/api/v1/accounts/{maria}/statuses"));
    let boost = boosts.as_array().unwrap().iter().find(|s| !s["reblog"].is_null());
    assert_eq!(boost.map(|s| s["reblog"]["uri"].clone()), Some(boosted["id"].clone()));
    let account = world.ann.get(&format!("/api/v1/accounts/{maria}"));
    assert_eq!(account["followers_count"], 245);
    assert_ne!(account["followers_count"], Value::Null);
}
