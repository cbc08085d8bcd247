//! What Misskey and its kin send.

use serde_json::{Value, json};

use super::harness::{World, actor_of};
use crate::api::id;

pub const VECTORS: &[&str] = &[
    "misskey/accept_without_id.json",
    "misskey/actor.json",
    "misskey/announce_renote_home.json",
    "misskey/create_note_home_cw_empty.json",
    "misskey/create_note_poll.json",
    "misskey/create_note_quote.json",
    "misskey/create_note_reply_embedded_parent.json",
    "misskey/flag_urls_in_content.json",
    "misskey/like_reaction_custom.json",
    "misskey/like_reaction_unicode.json",
    "misskey/talk_note.json",
    "misskey/undo_like_id_only.json",
];

const NEKO: &str = "neko@mk.example";

#[test]
fn f_043_f_059_actor() {
    let world = World::new();
    world.serve("misskey/actor");
    let account = world.finds(NEKO);
    assert_eq!(account["display_name"], "ねこ");
    assert_eq!(account["uri"], world.at("https://mk.example/users/9abc12def3"));
    assert_eq!(account["fields"].as_array().unwrap().len(), 1);
    assert!(account["header"].as_str().unwrap().starts_with(&world.instance.base));
    assert!(account["note"].as_str().unwrap().contains("にゃー"));
}

#[test]
fn f_058_actor_whose_posts_need_a_sign_in() {
    let world = World::new();
    world.deliver("mastodon/create_note_reply");
    // in the same place, by somebody who shows her posts to nobody who is not signed in
    let mut reply = world.read("misskey/create_note_poll");
    reply["object"]["inReplyTo"] = world.post["uri"].clone();
    world.deliver_value(&actor_of(&reply), &reply);
    let path = format!("/api/v1/statuses/{}/context", id(&world.post));
    let uris = |context: &Value| -> Vec<String> {
        let below = context["descendants"].as_array().unwrap();
        below.iter().map(|s| s["uri"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(uris(&world.ann.get(&path)).len(), 2);
    let seen = uris(&world.instance.get(&path).ok());
    assert_eq!(seen, [world.at("https://masto.example/users/maria/statuses/114005")]);
    let hidden = id(&world.must("https://mk.example/notes/9q4"));
    let answer = world.instance.get(&format!("/api/v1/statuses/{hidden}"));
    assert!(matches!(answer.status, 401 | 404), "{}", answer.status);
}

#[test]
fn f_317_f_319_create_note_quote() {
    let world = World::new();
    world.deliver("misskey/create_note_quote");
    let status = world.must("https://mk.example/notes/9q1");
    assert_eq!(status["quote"]["state"], "accepted");
    assert_eq!(status["quote"]["quoted_status"]["id"], world.post["id"]);
    assert_eq!(world.again(&world.post)["quotes_count"], 1);
}

#[test]
fn f_261_create_note_home_cw_empty() {
    let world = World::new();
    world.ann_follows(NEKO);
    world.deliver("misskey/create_note_home_cw_empty");
    let status = world.must("https://mk.example/notes/9q2");
    assert_eq!(status["visibility"], "unlisted");
    assert_eq!(status["sensitive"], true);
    // clients hide a text that has a warning: an empty string would be none
    let label = status["spoiler_text"].as_str().unwrap();
    let is_blank = |c: char| c.is_whitespace() || c == '\u{200b}';
    assert!(!label.is_empty() && label.chars().all(is_blank), "{label:?}");
}

#[test]
fn f_255_f_284_create_note_reply_embedded_parent() {
    let world = World::new();
    world.ann_follows(NEKO);
    let mut parent = world.read("misskey/create_note_reply_embedded_parent");
    let mut parent = parent["object"]["inReplyTo"].take();
    parent["@context"] = json!("https://www.w3.org/ns/activitystreams");
    parent["content"] = json!("<p>as its server has it</p>");
    world.serve_value(&parent);
    world.deliver("misskey/create_note_reply_embedded_parent");
    let status = world.must("https://mk.example/notes/9q3");
    let above = world.must("https://mk.example/notes/9q0");
    assert_eq!(status["in_reply_to_id"], above["id"]);
    assert!(above["content"].as_str().unwrap().contains("as its server has it"));
    // `@neko` is she herself, nobody here
    for mention in status["mentions"].as_array().unwrap() {
        assert_eq!(mention["acct"], world.handle(NEKO));
    }
    assert_eq!(world.told(), []);
}

#[test]
fn f_304_create_note_poll() {
    let world = World::new();
    world.ann_follows(NEKO);
    world.deliver("misskey/create_note_poll");
    // the clock of this world is before its end no more
    let poll = world.must("https://mk.example/notes/9q4")["poll"].clone();
    assert_eq!(poll["multiple"], true);
    let options: Vec<_> = poll["options"].as_array().unwrap().iter().collect();
    assert_eq!(options.len(), 2);
    assert_eq!((&options[0]["title"], &options[0]["votes_count"]), (&json!("赤"), &json!(1)));
    assert_eq!((&options[1]["title"], &options[1]["votes_count"]), (&json!("青"), &json!(0)));
    assert_eq!(poll["expires_at"], "2026-03-10T00:00:00.000Z");
    assert_eq!(poll["expired"], true);
}

#[test]
fn f_178_f_176_reactions_are_favourites_too() {
    let world = World::new();
    world.deliver("misskey/like_reaction_unicode");
    assert_eq!(world.again(&world.post)["favourites_count"], 1);
    // by the id of the Like alone
    world.deliver("misskey/undo_like_id_only");
    assert_eq!(world.again(&world.post)["favourites_count"], 0);
    let world = World::new();
    world.deliver("misskey/like_reaction_custom");
    assert_eq!(world.again(&world.post)["favourites_count"], 1);
}

#[test]
fn f_178_f_315_like_reaction_unicode_and_its_undo() {
    let world = World::new();
    world.deliver("misskey/like_reaction_unicode");
    let reaction = world.reactions(&world.post)[0].clone();
    assert_eq!((&reaction["name"], &reaction["count"]), (&json!("🎉"), &json!(1)));
    world.deliver("misskey/undo_like_id_only");
    assert_eq!(world.reactions(&world.post), [Value::Null; 0]);
}

#[test]
fn f_178_f_290_like_reaction_custom() {
    let world = World::new();
    world.deliver("misskey/like_reaction_custom");
    let reaction = world.reactions(&world.post)[0].clone();
    assert!(reaction["name"].as_str().unwrap().starts_with("blobcat"), "{reaction}");
    assert_eq!(reaction["count"], 1);
    assert!(reaction["url"].is_string());
}

#[test]
fn f_132_f_156_accept_without_id() {
    let world = World::new();
    let neko = id(&world.finds(NEKO));
    world.asks_to_follow(&neko);
    world.deliver("misskey/accept_without_id");
    assert_eq!(world.relation(&neko)["following"], true);
}

#[test]
fn f_194_flag_urls_in_content() {
    let world = World::new();
    world.deliver("misskey/flag_urls_in_content");
    let reports = world.ann.get("/api/v1/admin/reports");
    assert_eq!(reports.as_array().unwrap().len(), 1);
    assert_eq!(reports[0]["target_account"]["id"], world.ann.id);
    assert_eq!(reports[0]["statuses"][0]["id"], world.post["id"]);
    assert!(reports[0]["comment"].as_str().unwrap().contains("spam"));
}

#[test]
fn f_185_announce_renote_home() {
    let world = World::new();
    world.deliver("misskey/announce_renote_home");
    assert_eq!(world.again(&world.post)["reblogs_count"], 1);
    let neko = id(&world.known(NEKO).unwrap());
    let boosts = world.ann.get(&format!("/api/v1/accounts/{neko}/statuses"));
    assert_eq!(boosts[0]["reblog"]["id"], world.post["id"]);
    assert_eq!(boosts[0]["visibility"], "unlisted");
}

#[test]
fn f_202_talk_note() {
    let world = World::new();
    // letters of people whom nobody follows wait among the requests
    world.ann_follows(NEKO);
    world.deliver("misskey/talk_note");
    let status = world.must("https://mk.example/notes/9t1");
    assert_eq!(status["visibility"], "direct");
    assert_eq!(world.status_for(&world.bob, "https://mk.example/notes/9t1"), None);
    let conversations = world.ann.get("/api/v1/conversations");
    assert_eq!(conversations[0]["last_status"]["id"], status["id"]);
}
