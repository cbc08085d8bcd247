//! What attackers send: refused as the index says, and nothing of what is here is different
//! afterwards.

use serde_json::{Value, json};

use super::harness::{PUBLIC, World, attacker, raw};
use super::web::ACTIVITY;
use crate::api::id;

pub const VECTORS: &[&str] = &[
    "hostile/accept_unsolicited.json",
    "hostile/actor_mismatch.json",
    "hostile/boost_of_private.json",
    "hostile/collection_next_loop.json",
    "hostile/context_remap.json",
    "hostile/control_chars_actor.json",
    "hostile/cross_origin_object.json",
    "hostile/deep_json.json",
    "hostile/delete_foreign_post.json",
    "hostile/duplicate_keys.json",
    "hostile/fetched_id_other_host.json",
    "hostile/graph_restructure.json",
    "hostile/key_owner_one_way.json",
    "hostile/mention_flood.json",
    "hostile/move_other_actor.json",
    "hostile/move_without_alias.json",
    "hostile/poll_bomb_small.json",
    "hostile/quote_stamp_wrong_fields.json",
    "hostile/ssrf_urls.json",
    "hostile/update_foreign_actor_same_host.json",
    "hostile/xss_note.json",
];

pub const MALLORY: &str = "https://mallory.example/users/mallory";
const EVE: &str = "https://masto.example/users/eve";
const MARIA: &str = "maria@masto.example";

/// A world with something to lose: ann and maria follow each other, maria's post is here with
/// ann's favourite, and everybody is known.
fn world() -> World {
    let world = World::new();
    world.ann_follows(MARIA);
    world.deliver("mastodon/follow");
    world.deliver("mastodon/create_note_public_media");
    let post = world.must("https://masto.example/users/maria/statuses/114001");
    world.ann.post(&format!("/api/v1/statuses/{}/favourite", id(&post)), json!({}));
    world.finds("eve@masto.example");
    world.finds("mallory@mallory.example");
    world.settle();
    world
}

/// Sends a vector as it stands; it is answered so and changes nothing.
#[track_caller]
fn has_no_effect(world: &World, name: &str, signer: &str, status: u16) {
    world.unchanged(name, || {
        let answer = world.send(signer, &world.inbox(), world.text(name).as_bytes());
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    });
}

#[test]
fn s_024_s_030_s_037_forged_activities() {
    let world = world();
    has_no_effect(&world, "hostile/actor_mismatch", MALLORY, 401);
    has_no_effect(&world, "hostile/context_remap", MALLORY, 401);
    has_no_effect(&world, "hostile/duplicate_keys", MALLORY, 400);
    has_no_effect(&world, "hostile/deep_json", MALLORY, 400);
    let asked = world.web.asked().len();
    has_no_effect(&world, "hostile/cross_origin_object", MALLORY, 202);
    has_no_effect(&world, "hostile/graph_restructure", MALLORY, 202);
    assert!(world.web.asked().len() - asked <= 1, "the object's id at most");
    has_no_effect(&world, "hostile/accept_unsolicited", MALLORY, 202);
    has_no_effect(&world, "hostile/boost_of_private", MALLORY, 202);
    has_no_effect(&world, "hostile/delete_foreign_post", EVE, 202);
    has_no_effect(&world, "hostile/update_foreign_actor_same_host", EVE, 202);
    // her own signature under maria's name is none of maria's
    world.unchanged("another's key id", || {
        let key = world.at("https://masto.example/users/eve#main-key");
        let text = world.text("mastodon/undo_follow");
        let answer = world.send_with_key(&key, &world.inbox(), text.as_bytes());
        assert_eq!(answer.status, 401, "{}", answer.text());
    });
    // and all of it is kept: the honest still act as before
    world.deliver("mastodon/like");
    assert_eq!(world.again(&world.post)["favourites_count"], 1);
}

#[test]
fn f_189_f_191_moves() {
    let world = world();
    let maria = id(&world.known(MARIA).unwrap());
    has_no_effect(&world, "hostile/move_without_alias", MALLORY, 202);
    has_no_effect(&world, "hostile/move_other_actor", MALLORY, 202);
    assert_eq!(world.relation(&maria)["following"], true);
}

#[test]
fn s_027_fetched_id_other_host() {
    let world = world();
    let forged = world.text("hostile/fetched_id_other_host");
    let address = world.at("https://mallory.example/users/x");
    world.web.put(&address, 200, ACTIVITY, forged);
    world.unchanged("a document under another's id", || {
        let query: String = form_urlencoded::byte_serialize(address.as_bytes()).collect();
        let found = world.ann.get(&format!("/api/v2/search?resolve=true&q={query}"));
        assert!(!found.to_string().contains("mallory.example"), "{found}");
    });
    assert_eq!(world.web.times(&address), 1, "it was read, and not believed");
    // her key is the one that it was
    world.deliver("mastodon/like");
    assert_eq!(world.again(&world.post)["favourites_count"], 1);
}

#[test]
fn s_025_f_102_key_owner_one_way() {
    let world = world();
    let mut key = world.read("hostile/key_owner_one_way");
    // one that she has, so that nothing but the owner's silence is in the way
    key["publicKeyPem"] = json!(attacker().1);
    world.serve_value(&key);
    let key_id = key["id"].as_str().unwrap();
    world.unchanged("a key that names maria its owner", || {
        let text = world.text("mastodon/like");
        let answer = world.send_with_key(key_id, &world.inbox(), text.as_bytes());
        assert_eq!(answer.status, 401, "{}", answer.text());
    });
    assert_eq!(world.web.times(key_id), 1);
}

#[test]
fn s_117_s_119_f_275_xss_note() {
    let world = world();
    world.deliver_to_ann("hostile/xss_note");
    let status = world.must("https://mallory.example/n/5");
    let content = status["content"].as_str().unwrap();
    for evil in
        ["script", "onerror", "onclick", "svg", "iframe", "style", "<img", "<math", "href=\"j"]
    {
        assert!(!content.to_lowercase().contains(evil), "{evil} in {content}");
    }
    assert_eq!(content.matches("<a ").count(), 1, "{content}");
    assert!(content.contains(&format!("href=\"{}", world.at("https://ok.example"))), "{content}");
    assert!(content.contains("rel=\"nofollow noopener noreferrer\""), "{content}");
    assert_eq!(status["url"], status["uri"]);
    assert_eq!(status["emojis"], json!([]));
    let warning = status["spoiler_text"].as_str().unwrap();
    assert!(!warning.contains('<'), "{warning}");
    for media in status["media_attachments"].as_array().unwrap() {
        assert_eq!(media["blurhash"], Value::Null);
        assert_ne!(media["type"], "image", "an SVG is no image: {media}");
    }
    let page = format!("/@mallory@mallory.example:{}/{}", world.web.port, id(&status));
    let answer = world.instance.get(&page);
    assert!(!answer.text().contains("<script>1"), "{page}");
}

#[test]
fn s_004_s_006_s_009_ssrf_urls() {
    let world = world();
    let asked = world.web.asked().len();
    let looked_up = world.web.looked_up();
    world.deliver_to_ann("hostile/ssrf_urls");
    let status = world.must("https://mallory.example/n/6");
    for media in status["media_attachments"].as_array().unwrap() {
        let url = media["remote_url"].as_str().unwrap();
        assert!(url.starts_with("http") && !url.contains('@'), "{url}");
        // a client that shows it asks us, and we ask nobody
        for place in ["url", "preview_url"] {
            let Some(path) =
                media[place].as_str().and_then(|u| u.strip_prefix(&world.instance.base))
            else {
                continue;
            };
            let answer = world.instance.get(path);
            assert!(answer.status >= 300, "{path}: {}", answer.status);
        }
    }
    // in this world that name leads where it may; wherever it leads otherwise is not asked
    let mut also = world.web.asked().split_off(asked);
    also.retain(|one| !one.url.starts_with("http://rebind.mallory.example:"));
    assert!(also.is_empty(), "nothing was asked for: {also:?}");
    let new: Vec<String> =
        world.web.looked_up().into_iter().filter(|name| !looked_up.contains(name)).collect();
    for name in &new {
        // where they lead is what the address filter judges (S-004)
        let names = ["rebind.mallory.example", "localhost"];
        assert!(names.contains(&name.as_str()), "{name} was looked up");
    }
}

#[test]
fn s_052_f_304_poll_bomb_small() {
    let world = world();
    world.deliver_to_ann("hostile/poll_bomb_small");
    let sent = serde_json::from_str::<Value>(&raw("hostile/poll_bomb_small")).unwrap();
    let sent = sent["oneOf"].as_array().unwrap().len();
    let poll = world.must("https://mallory.example/n/8")["poll"].clone();
    let options = poll["options"].as_array().unwrap();
    assert!(options.len() <= 100 && options.len() < sent, "{} of {sent}", options.len());
    assert!(options.iter().all(|option| option["votes_count"] == 0));
    assert_eq!(poll["votes_count"], 0);
}

#[test]
fn s_020_f_285_mention_flood() {
    let world = world();
    let before = world.web.asked().len();
    world.deliver_to_ann("hostile/mention_flood");
    let asked = world.web.asked();
    let hosts: std::collections::BTreeSet<&str> =
        asked[before..].iter().map(|a| a.url.split('/').nth(2).unwrap()).collect();
    assert!(asked.len() - before <= 10, "{} look-ups", asked.len() - before);
    assert!(hosts.len() <= 10, "{hosts:?}");
    let status = world.must("https://mallory.example/n/9");
    assert!(status["mentions"].as_array().unwrap().len() <= 50);
}

#[test]
fn s_140_f_248_collection_next_loop() {
    let world = World::new();
    world.serve("hostile/collection_next_loop");
    let page = world.read("hostile/collection_next_loop")["id"].as_str().unwrap().to_owned();
    let collection = world.at("https://mallory.example/loop");
    let list = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": collection,
        "type": "Collection", "totalItems": 1, "first": page,
    });
    world.serve_value(&list);
    // every collection that she has is the loop
    let mut actor = world.person(MALLORY, "mallory", "Person");
    for name in ["outbox", "featured", "featuredTags", "followers", "following"] {
        actor[name] = json!(collection);
    }
    world.serve_value(&actor);
    let mallory = world.ann_follows("mallory@mallory.example");
    let note = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": world.at("https://mallory.example/a/77"), "type": "Create", "actor": actor["id"],
        "to": [PUBLIC], "object": {
            "id": world.at("https://mallory.example/n/77"), "type": "Note", "content": "x",
            "attributedTo": actor["id"], "to": [PUBLIC], "replies": collection,
            "context": collection,
        },
    });
    world.deliver_value(MALLORY, &note);
    let status = id(&world.must("https://mallory.example/n/77"));
    for path in [
        format!("/api/v1/accounts/{mallory}"),
        format!("/api/v1/accounts/{mallory}/statuses?pinned=true"),
        format!("/api/v1/accounts/{mallory}/featured_tags"),
        format!("/api/v1/statuses/{status}/context"),
    ] {
        world.ann.get(&path);
        world.settle();
    }
    let times = world.web.times(&page);
    assert!(times <= 6, "once for each collection that is read: {times}");
}

#[test]
fn s_042_f_321_quote_stamp_wrong_fields() {
    let world = world();
    world.ann_follows("mallory@mallory.example");
    let (mallory, oto) = (world.at(MALLORY), world.at("https://other.example/users/oto"));
    let quoted = world.at("https://other.example/notes/9");
    world.serve_value(&json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": quoted, "type": "Note",
        "attributedTo": oto, "content": "<p>quoted</p>", "to": [PUBLIC],
    }));
    world.serve("hostile/quote_stamp_wrong_fields");
    let stamp = world.read("hostile/quote_stamp_wrong_fields");
    let note = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": world.at("https://mallory.example/a/q"), "type": "Create", "actor": mallory,
        "to": [PUBLIC], "object": {
            "id": stamp["interactingObject"], "type": "Note", "content": "x",
            "attributedTo": mallory, "to": [PUBLIC], "quote": quoted,
            "quoteAuthorization": stamp["id"],
        },
    });
    world.deliver_value(MALLORY, &note);
    let status = world.must(stamp["interactingObject"].as_str().unwrap());
    assert_eq!(status["quote"]["state"], "pending");
    assert_eq!(status["quote"]["quoted_status"], Value::Null);
    assert_eq!(world.web.times(stamp["id"].as_str().unwrap()), 0, "not even asked for");
}

#[test]
fn s_049_control_chars_actor() {
    let world = world();
    world.serve("hostile/control_chars_actor");
    let uri = world.object_id("hostile/control_chars_actor");
    let query: String = form_urlencoded::byte_serialize(uri.as_bytes()).collect();
    let found = world.ann.get(&format!("/api/v2/search?resolve=true&q={query}"));
    if let Some(account) = found["accounts"].get(0) {
        let name = account["display_name"].as_str().unwrap();
        assert!(!name.contains(['\u{202e}', '\0', '\u{1b}']), "{name:?}");
        assert!(name.contains('a') && name.contains('b') && name.contains('c'), "{name:?}");
        let url = account["url"].as_str().unwrap();
        assert!(url.starts_with("http"), "{url}");
        assert_eq!(account["fields"], json!([]));
    }
}
