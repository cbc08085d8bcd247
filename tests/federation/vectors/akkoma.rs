//! What Pleroma and Akkoma send.

use serde_json::{Value, json};

use super::harness::World;

pub const VECTORS: &[&str] = &[
    "akkoma/actor.json",
    "akkoma/chat_message.json",
    "akkoma/create_note.json",
    "akkoma/delete_id_only.json",
    "akkoma/emojireact_custom.json",
    "akkoma/emojireact_foreign_emoji.json",
    "akkoma/emojireact_unicode.json",
    "akkoma/follow_state.json",
    "akkoma/local_only_scope.json",
    "akkoma/quote_uri.json",
    "akkoma/undo_id_only.json",
];

const AKKO: &str = "akko@akko.example";

#[test]
fn f_004_f_015_f_043_actor() {
    let world = World::new();
    world.serve("akkoma/actor");
    let account = world.finds(AKKO);
    assert_eq!(account["display_name"], "Akko :mouse:");
    // an emoji without an id is one all the same
    assert_eq!(account["emojis"].as_array().unwrap().len(), 1);
    assert_eq!(account["emojis"][0]["shortcode"], "mouse");
    world.settle();
    let schemas = world.web.asked().into_iter().filter(|asked| asked.url.contains("schema"));
    assert_eq!(schemas.count(), 0, "a context is never fetched");
}

#[test]
fn f_001_f_261_f_169_create_note_and_delete_id_only() {
    let world = World::new();
    world.deliver("akkoma/create_note");
    let uri = "https://akko.example/objects/1a522f2e";
    let status = world.must(uri);
    assert_eq!(status["visibility"], "public");
    assert_eq!(status["in_reply_to_id"], world.post["id"]);
    assert_eq!((&status["sensitive"], &status["spoiler_text"]), (&json!(false), &json!("")));
    assert_eq!(world.told(), [("mention".into(), AKKO.into())]);
    world.deliver("akkoma/delete_id_only");
    assert_eq!(world.status(uri), None);
    assert_eq!(world.told(), []);
    assert_eq!(world.again(&world.post)["replies_count"], 0);
}

#[test]
fn f_179_f_173_emojireact_unicode_and_undo_id_only() {
    let world = World::new();
    world.deliver("akkoma/emojireact_unicode");
    let reaction = world.reactions(&world.post)[0].clone();
    assert_eq!((&reaction["name"], &reaction["count"]), (&json!("🧡"), &json!(1)));
    assert_eq!(world.again(&world.post)["favourites_count"], 0);
    world.unchanged("the same once more", || world.deliver("akkoma/emojireact_unicode"));
    world.deliver("akkoma/undo_id_only");
    assert_eq!(world.reactions(&world.post), [Value::Null; 0]);
}

#[test]
fn f_179_f_180_emojireact_custom_and_foreign_emoji() {
    let world = World::new();
    world.deliver("akkoma/emojireact_custom");
    world.deliver("akkoma/emojireact_foreign_emoji");
    let reactions = world.reactions(&world.post);
    assert_eq!(reactions.len(), 2, "{reactions:?}");
    let named = |name: &str| {
        let is_it = |r: &&Value| r["name"].as_str().unwrap().split('@').next() == Some(name);
        reactions.iter().find(is_it).unwrap_or_else(|| panic!("no {name}: {reactions:?}"))
    };
    assert_eq!(named("mouse")["count"], 1);
    assert_eq!(named("hug")["count"], 1);
    assert_eq!(world.again(&world.post)["favourites_count"], 0);
}

#[test]
fn f_179_an_emojireact_is_no_favourite() {
    let world = World::new();
    for name in ["unicode", "custom", "foreign_emoji"] {
        world.deliver(&format!("akkoma/emojireact_{name}"));
    }
    assert_eq!(world.again(&world.post)["favourites_count"], 0);
    assert!(!world.was_told("favourite", AKKO));
}

#[test]
fn f_317_f_319_quote_uri() {
    let world = World::new();
    world.deliver("akkoma/quote_uri");
    let status = world.must("https://akko.example/objects/q1");
    assert_eq!(status["quote"]["state"], "accepted");
    assert_eq!(status["quote"]["quoted_status"]["id"], world.post["id"]);
    assert_eq!(status["edited_at"], Value::Null, "updated when it was published");
}

#[test]
fn f_151_follow_state() {
    let world = World::new();
    world.deliver("akkoma/follow_state");
    assert!(world.is_followed_by("akko"));
    assert_eq!(world.told(), [("follow".into(), AKKO.into())]);
    let accept = world.sent("Accept").pop().unwrap();
    assert_eq!(accept["object"]["id"], world.at("https://akko.example/activities/f1"));
}

#[test]
fn f_202_chat_message() {
    let world = World::new();
    world.deliver("akkoma/chat_message");
    let uri = "https://akko.example/objects/c1";
    let status = world.must(uri);
    assert_eq!(status["visibility"], "direct");
    assert!(status["content"].as_str().unwrap().contains("Hi!"));
    assert_eq!(world.status_for(&world.bob, uri), None);
}

#[test]
fn f_230_f_232_local_only_scope() {
    let uri = "https://akko.example/objects/l1";
    // everybody's inbox: nobody here is named
    let world = World::new();
    world.deliver("akkoma/local_only_scope");
    assert_eq!(world.status(uri), None);
    // ann's own: a letter to her, and to nobody else
    let world = World::new();
    world.deliver_to_ann("akkoma/local_only_scope");
    assert_eq!(world.must(uri)["visibility"], "direct");
    assert_eq!(world.status_for(&world.bob, uri), None);
    let anonymous = world.instance.get("/api/v1/timelines/public").ok();
    assert!(!anonymous.to_string().contains("akko.example/objects"), "{anonymous}");
}
