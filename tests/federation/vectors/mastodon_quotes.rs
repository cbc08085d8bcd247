//! Quotes as Mastodon agrees on them (FEP-044f).

use serde_json::{Value, json};

use super::harness::{World, actor_of};
use crate::api::id;
use crate::support::eventually;

pub const VECTORS: &[&str] = &[
    "mastodon/accept_quote_request.json",
    "mastodon/create_note_quote_fep044f.json",
    "mastodon/delete_quote_authorization.json",
    "mastodon/quote_authorization.json",
    "mastodon/quote_request.json",
];

const MARIA: &str = "maria@masto.example";

/// The note of oto's that maria quotes, served at its address.
fn serve_quoted(world: &World) {
    let id = world.at("https://other.example/notes/9");
    let oto = world.at("https://other.example/users/oto");
    world.serve_value(&json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": id, "type": "Note",
        "attributedTo": oto, "content": "<p>quoted</p>",
        "to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": [format!("{oto}/followers")],
    }));
}

fn state(world: &World, uri: &str) -> (Value, bool) {
    let quote = world.must(uri)["quote"].clone();
    (quote["state"].clone(), quote["quoted_status"]["id"].is_string())
}

#[test]
fn f_320_f_321_create_note_quote_and_its_authorization() {
    let uri = "https://masto.example/users/maria/statuses/114021";
    // the stamp is not there
    let world = World::new();
    world.ann_follows(MARIA);
    serve_quoted(&world);
    world.deliver("mastodon/create_note_quote_fep044f");
    assert_eq!(state(&world, uri), (json!("pending"), false));
    // each of the four fields must fit
    for (field, other) in [
        ("type", json!("ReplyAuthorization")),
        ("attributedTo", json!(world.at("https://masto.example/users/maria"))),
        ("interactionTarget", json!(world.at("https://other.example/notes/8"))),
        ("interactingObject", json!(world.at("https://masto.example/users/maria/statuses/1"))),
    ] {
        let world = World::new();
        world.ann_follows(MARIA);
        serve_quoted(&world);
        let mut stamp = world.read("mastodon/quote_authorization");
        stamp[field] =
            if field == "type" { other } else { json!(world.at(other.as_str().unwrap())) };
        world.serve_value(&stamp);
        world.deliver("mastodon/create_note_quote_fep044f");
        assert_eq!(state(&world, uri), (json!("pending"), false), "{field}");
    }
    let world = World::new();
    world.ann_follows(MARIA);
    serve_quoted(&world);
    world.serve("mastodon/quote_authorization");
    world.deliver("mastodon/create_note_quote_fep044f");
    assert_eq!(state(&world, uri), (json!("accepted"), true));
    // the fallback of the text is not shown beside it (F-283)
    let quoting = world.must(uri);
    assert_eq!(quoting["quote"]["quoted_status"]["uri"], world.at("https://other.example/notes/9"));
}

#[test]
fn f_322_quote_request() {
    let world = World::new();
    world.deliver("mastodon/quote_request");
    let request = world.read("mastodon/quote_request");
    let accept = world.sent("Accept").pop().unwrap();
    assert_eq!(accept["object"]["id"], request["id"]);
    let stamp = accept["result"].as_str().unwrap();
    assert!(stamp.starts_with(&world.instance.base), "{stamp}");
    let document = world.instance.activity(stamp).json();
    assert_eq!(document["type"], "QuoteAuthorization");
    assert_eq!(document["interactionTarget"], world.post["uri"]);
    assert_eq!(document["interactingObject"], request["instrument"]["id"]);
    assert_eq!(world.sent("Reject"), [Value::Null; 0]);
    // nobody may
    let world = World::new();
    let path = format!("/api/v1/statuses/{}/interaction_policy", id(&world.post));
    let nobody = json!({"quote_approval_policy": "nobody"});
    world.ann.request("PUT", &path).json(&nobody).send().ok();
    world.deliver("mastodon/quote_request");
    assert_eq!(world.sent("Accept"), [Value::Null; 0]);
    assert_eq!(world.sent("Reject").len(), 1);
    assert_eq!(world.again(&world.post)["quotes_count"], 0);
}

#[test]
fn f_324_f_328_f_172_accept_quote_request_and_delete_quote_authorization() {
    let world = World::new();
    world.deliver("mastodon/create_note_public_media");
    let quoted = world.must("https://masto.example/users/maria/statuses/114001");
    let body = json!({"status": "look", "quoted_status_id": quoted["id"]});
    let quoting = world.ann.post("/api/v1/statuses", body);
    let asked = eventually("she is asked", || world.sent("QuoteRequest").pop());
    assert_eq!(asked["object"], quoted["uri"]);
    // the vectors speak of our public post and of a request with an id of its own
    let ours = |value: &Value| -> Value {
        let text = value.to_string();
        let id = format!("{}/activities/01JZQREQ000000000000000001", world.instance.base);
        let text = text.replace(&id, asked["id"].as_str().unwrap());
        let post = world.post["uri"].as_str().unwrap();
        serde_json::from_str(&text.replace(post, quoting["uri"].as_str().unwrap())).unwrap()
    };
    let gone = ours(&world.read("mastodon/delete_quote_authorization"));
    let mut stamp = gone["object"].clone();
    stamp["@context"] = json!("https://www.w3.org/ns/activitystreams");
    world.serve_value(&stamp);
    let state = || world.again(&quoting)["quote"]["state"].clone();
    assert_eq!(state(), "pending");
    let accept = ours(&world.read("mastodon/accept_quote_request"));
    // of somebody else it is nothing
    let mut forged = accept.clone();
    forged["actor"] = json!(world.at("https://other.example/users/oto"));
    forged["id"] = json!(world.at("https://other.example/accepts/1"));
    world.deliver_value(&actor_of(&forged), &forged);
    assert_eq!(state(), "pending");
    world.deliver_value(&actor_of(&accept), &accept);
    assert_eq!(state(), "accepted");
    let update = world.sent("Update").pop().unwrap();
    assert_eq!(update["object"]["id"], quoting["uri"]);
    assert_eq!(update["object"]["quoteAuthorization"], stamp["id"]);
    world.deliver_value(&actor_of(&gone), &gone);
    assert_eq!(state(), "revoked");
}
