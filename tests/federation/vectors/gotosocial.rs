//! What GoToSocial sends: one value instead of a list, keys with an address of their own,
//! interaction policies.

use serde_json::{Value, json};

use super::harness::{World, actor_of};
use super::web::ACTIVITY;
use crate::api::id;
use crate::support::eventually;

pub const VECTORS: &[&str] = &[
    "gotosocial/accept_reply_with_result.json",
    "gotosocial/actor.json",
    "gotosocial/announce_approved_by.json",
    "gotosocial/create_note_policy_followers_reply.json",
    "gotosocial/create_note_policy_old_names.json",
    "gotosocial/create_note_single_values.json",
    "gotosocial/create_vote_multi.json",
    "gotosocial/featured_ids.json",
    "gotosocial/flag.json",
    "gotosocial/main_key_stub.json",
    "gotosocial/move.json",
    "gotosocial/outbox_page.json",
    "gotosocial/reject_reply.json",
    "gotosocial/reply_approval.json",
    "gotosocial/reply_request.json",
];

const SLOTH: &str = "sloth@gts.example";
const URI: &str = "https://gts.example/users/sloth";

/// A world in which sloth's key has its address.
fn world() -> World {
    let world = World::new();
    let stub = world.text("gotosocial/main_key_stub");
    let address = world.at("https://gts.example/users/sloth/main-key");
    world.web.put(&address, 200, ACTIVITY, stub);
    world
}

#[test]
fn f_001_f_044_f_101_actor_and_main_key_stub() {
    let world = world();
    world.serve("gotosocial/actor");
    // the first that comes is a signature: its key leads to the stub, that to its owner
    world.deliver("gotosocial/create_vote_multi");
    let owner = world.at(URI);
    let fetches = world.web.asked().into_iter().filter(|asked| asked.url == owner);
    let fetches: Vec<_> = fetches.collect();
    assert!(!fetches.is_empty());
    assert!(fetches.iter().all(|asked| asked.headers.contains("\nsignature: ")), "unsigned");
    let account = world.known(SLOTH).unwrap();
    assert_eq!(account["display_name"], "sloth");
    assert_eq!(account["locked"], true);
    assert_eq!(account["fields"].as_array().unwrap().len(), 1);
    assert_eq!(account["fields"][0]["value"], "120");
    assert!(account["note"].as_str().unwrap().contains("slow"), "the stub says nothing of that");
    // no shared inbox
    let asked = world.asks_to_follow(&id(&account));
    let inbox = world.at("https://gts.example/users/sloth/inbox");
    assert_eq!(world.web.received(&inbox), [asked]);
}

#[test]
fn f_001_f_294_create_note_single_values() {
    let world = world();
    world.ann_follows(SLOTH);
    world.deliver("gotosocial/create_note_single_values");
    let status = world.must("https://gts.example/users/sloth/statuses/01G1");
    assert_eq!(status["visibility"], "public");
    let media = status["media_attachments"].as_array().unwrap();
    assert_eq!(media.len(), 1);
    assert_eq!(media[0]["description"], "50s style text saying: Welcome On Board");
    assert_eq!(media[0]["meta"]["focus"], json!({"x": -0.5, "y": 0.5}));
    assert_eq!(status["tags"].as_array().unwrap().len(), 1);
    assert_eq!(status["tags"][0]["name"], "welcome");
}

#[test]
fn f_306_create_vote_multi() {
    let world = world();
    world.deliver("gotosocial/create_vote_multi");
    let poll = &world.again(&world.poll)["poll"];
    let counts: Vec<_> = (0..3).map(|i| poll["options"][i]["votes_count"].as_u64()).collect();
    assert_eq!(counts, [Some(1), Some(0), Some(1)]);
    assert_eq!(poll["voters_count"], 1);
    world.unchanged("once more", || world.deliver("gotosocial/create_vote_multi"));
}

#[test]
fn f_194_flag() {
    let world = world();
    world.deliver("gotosocial/flag");
    let reports = world.ann.get("/api/v1/admin/reports");
    assert_eq!(reports.as_array().unwrap().len(), 1);
    assert_eq!(reports[0]["target_account"]["id"], world.ann.id);
    assert_eq!(reports[0]["statuses"][0]["id"], world.post["id"]);
    assert_eq!(reports[0]["comment"], "please look");
}

#[test]
fn f_189_a_move_to_somebody_who_knows_nothing_of_it() {
    let world = world();
    let sloth = world.ann_follows(SLOTH);
    let target = world.person("https://masto.example/users/oldsloth", "oldsloth", "Person");
    world.serve_value(&target);
    world.finds("oldsloth@masto.example");
    world.unchanged("no alias", || world.deliver("gotosocial/move"));
    assert_eq!(world.relation(&sloth)["following"], true);
}

#[test]
fn f_189_move() {
    let world = world();
    let sloth = world.ann_follows(SLOTH);
    let mut target = world.person("https://masto.example/users/oldsloth", "oldsloth", "Person");
    target["alsoKnownAs"] = json!([world.at(URI)]);
    world.serve_value(&target);
    world.deliver("gotosocial/move");
    let follow = eventually("the new account is asked", || {
        world.sent("Follow").into_iter().find(|follow| follow["object"] == target["id"])
    });
    assert_eq!(follow["actor"], world.ann.uri);
    assert_eq!(world.relation(&sloth)["following"], false);
}

#[test]
fn f_183_announce_approved_by() {
    let world = world();
    // anybody may boost it: whose consent the boost names does not matter
    world.deliver("gotosocial/announce_approved_by");
    assert_eq!(world.again(&world.post)["reblogs_count"], 1);
    // and our own address was not asked for over the network
    assert!(!world.web.asked().iter().any(|asked| asked.url.contains("/approvals/")));
}

#[test]
fn f_329_f_331_f_332_create_note_policy_followers_reply() {
    let world = world();
    world.ann_follows(SLOTH);
    world.deliver("gotosocial/create_note_policy_followers_reply");
    let status = id(&world.must("https://gts.example/users/sloth/statuses/01G2"));
    world.ann.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
    let path = format!("/api/v1/statuses/{status}/reblog");
    let answer = world.ann.request("POST", &path).json(&json!({})).send();
    assert!(matches!(answer.status, 403 | 422), "{}: {}", answer.status, answer.text());
    // to the author, and to nobody else for now
    world.deliver("mastodon/follow");
    let body = json!({"status": "may I?", "in_reply_to_id": status});
    world.ann.post("/api/v1/statuses", body);
    world.settle();
    assert!(!reply_at(&world, "https://gts.example/users/sloth/inbox").is_empty());
    assert_eq!(reply_at(&world, "https://masto.example/inbox"), [Value::Null; 0]);
}

/// What came to an inbox about ann's reply, plain or as a request.
fn reply_at(world: &World, inbox: &str) -> Vec<Value> {
    let received = world.web.received(&world.at(inbox)).into_iter();
    received.filter(|a| a.to_string().contains("may I?")).collect()
}

#[test]
fn f_329_f_332_create_note_policy_old_names() {
    let world = world();
    world.ann_follows(SLOTH);
    world.deliver("mastodon/follow");
    world.deliver("gotosocial/create_note_policy_old_names");
    let status = id(&world.must("https://gts.example/users/sloth/statuses/01G3"));
    world.ann.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
    world.ann.post(&format!("/api/v1/statuses/{status}/reblog"), json!({}));
    let body = json!({"status": "may I?", "in_reply_to_id": status});
    world.ann.post("/api/v1/statuses", body);
    world.settle();
    assert!(!reply_at(&world, "https://gts.example/users/sloth/inbox").is_empty());
    assert_eq!(reply_at(&world, "https://masto.example/inbox"), [Value::Null; 0]);
}

/// Ann's reply to sloth's note, which waits for his word; and a vector that speaks of it.
fn pending(world: &World) -> (Value, impl Fn(&str) -> Value) {
    world.ann_follows(SLOTH);
    world.deliver("mastodon/follow");
    world.deliver("gotosocial/create_note_policy_followers_reply");
    let status = id(&world.must("https://gts.example/users/sloth/statuses/01G2"));
    let body = json!({"status": "may I?", "in_reply_to_id": status});
    let reply = world.ann.post("/api/v1/statuses", body);
    world.settle();
    let (post, ours) = (world.post["uri"].clone(), reply["uri"].clone());
    let texts = move |text: String| -> Value {
        let text = text.replace(post.as_str().unwrap(), ours.as_str().unwrap());
        serde_json::from_str(&text).unwrap()
    };
    let names = [
        "gotosocial/accept_reply_with_result",
        "gotosocial/reply_approval",
        "gotosocial/reject_reply",
    ];
    let vectors: Vec<(&str, Value)> =
        names.into_iter().map(|name| (name, texts(world.text(name)))).collect();
    let find = move |name: &str| vectors.iter().find(|(n, _)| *n == name).unwrap().1.clone();
    (reply, find)
}

#[test]
fn f_333_f_334_accept_reply_with_result_and_reply_approval() {
    let world = world();
    let (_, vector) = pending(&world);
    world.serve_value(&vector("gotosocial/reply_approval"));
    let accept = vector("gotosocial/accept_reply_with_result");
    world.deliver_value(&actor_of(&accept), &accept);
    let sent = eventually("it goes to everybody", || {
        reply_at(&world, "https://masto.example/inbox").pop()
    });
    assert_eq!(sent["object"]["approvedBy"], accept["result"]);
}

#[test]
fn f_335_reject_reply() {
    let world = world();
    let (_, vector) = pending(&world);
    let reject = vector("gotosocial/reject_reply");
    world.deliver_value(&actor_of(&reject), &reject);
    // an Accept that comes after it brings nothing back
    world.serve_value(&vector("gotosocial/reply_approval"));
    world.instance.advance(60 * 60_000);
    world.settle();
    assert_eq!(reply_at(&world, "https://masto.example/inbox"), [Value::Null; 0]);
}

#[test]
fn f_200_f_333_reply_request() {
    let world = world();
    world.deliver("gotosocial/reply_request");
    let accept = world.sent("Accept").pop().unwrap();
    let request = world.read("gotosocial/reply_request");
    assert!(accept.to_string().contains(request["id"].as_str().unwrap()), "{accept}");
    assert!(accept["result"].as_str().unwrap().starts_with(&world.instance.base), "{accept}");
}

#[test]
fn f_247_f_250_f_256_featured_ids_and_outbox_page() {
    let world = world();
    let page = world.read("gotosocial/outbox_page");
    world.serve("gotosocial/outbox_page");
    world.serve("gotosocial/featured_ids");
    let outbox = world.at("https://gts.example/users/sloth/outbox");
    world.serve_value(&json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": outbox,
        "type": "OrderedCollection", "totalItems": 1, "first": page["id"],
    }));
    let mut note = world.read("gotosocial/create_note_single_values")["object"].clone();
    note["@context"] = json!("https://www.w3.org/ns/activitystreams");
    world.serve_value(&note);
    let pinned = note["id"].as_str().unwrap().to_owned();
    let by_id = world.at("https://gts.example/users/sloth/statuses/01FJ");
    note["id"] = json!(by_id);
    world.serve_value(&note);
    let sloth = world.ann_follows(SLOTH);
    world.ann.get(&format!("/api/v1/accounts/{sloth}"));
    let list = |query: &str| world.uris(&format!("/api/v1/accounts/{sloth}/statuses{query}"));
    eventually("the pin is read", || list("?pinned=true").contains(&pinned).then_some(()));
    eventually("the outbox is read", || list("").contains(&by_id).then_some(()));
    assert_eq!(world.web.times(&by_id), 1);
}
