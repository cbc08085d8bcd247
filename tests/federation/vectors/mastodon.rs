//! Statuses as Mastodon sends them.

use serde_json::{Value, json};

use super::harness::World;
use crate::api::id;
use crate::support::eventually;

pub const VECTORS: &[&str] = &[
    "mastodon/announce.json",
    "mastodon/create_note_direct.json",
    "mastodon/create_note_followers_only.json",
    "mastodon/create_note_public_media.json",
    "mastodon/create_note_reply.json",
    "mastodon/create_note_unlisted_cw.json",
    "mastodon/create_question.json",
    "mastodon/delete_note.json",
    "mastodon/flag.json",
    "mastodon/like.json",
    "mastodon/undo_announce.json",
    "mastodon/undo_like.json",
    "mastodon/update_note_edit.json",
    "mastodon/update_question_tally.json",
    "mastodon/vote.json",
];

const MARIA: &str = "maria@masto.example";

#[test]
fn f_257_f_293_create_note_public_media() {
    let world = World::new();
    world.deliver("mastodon/create_note_public_media");
    let status = world.must("https://masto.example/users/maria/statuses/114001");
    assert_eq!(status["visibility"], "public");
    assert_eq!(status["created_at"], "2026-05-04T09:12:33.000Z");
    assert_eq!(status["url"], world.at("https://masto.example/@maria/114001"));
    assert_eq!(status["language"], "en");
    let media = status["media_attachments"].as_array().unwrap();
    assert_eq!(media.len(), 1);
    assert_eq!(media[0]["type"], "image");
    assert_eq!(media[0]["description"], "A robin with a red breast on a snowy fence");
    assert_eq!(media[0]["blurhash"], "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH");
    assert_eq!(media[0]["meta"]["focus"], json!({"x": -0.2, "y": 0.43}));
    assert_eq!(status["mentions"].as_array().unwrap().len(), 1);
    assert_eq!(status["mentions"][0]["id"], world.ann.id);
    assert_eq!(status["tags"].as_array().unwrap().len(), 1);
    assert_eq!(status["tags"][0]["name"].as_str().unwrap().to_lowercase(), "birds");
    assert_eq!(status["emojis"].as_array().unwrap().len(), 1);
    assert_eq!(status["emojis"][0]["shortcode"], "sun");
    assert_eq!(world.told(), [("mention".into(), MARIA.into())]);
    // the same again changes nothing (F-131)
    world.unchanged("twice", || world.deliver("mastodon/create_note_public_media"));
}

#[test]
fn f_230_f_260_create_note_unlisted_cw() {
    let world = World::new();
    world.deliver("mastodon/create_note_unlisted_cw");
    let uri = "https://masto.example/users/maria/statuses/114002";
    assert_eq!(world.status(uri), None, "nobody here has to do with it (F-135)");
    let world = World::new();
    world.ann_follows(MARIA);
    world.deliver("mastodon/create_note_unlisted_cw");
    let status = world.must(uri);
    assert_eq!(status["visibility"], "unlisted");
    assert_eq!(status["spoiler_text"], "food");
    assert_eq!(status["sensitive"], true);
    assert_eq!(world.ann.home()[0], "Hello world");
    assert_eq!(world.told(), []);
}

#[test]
fn f_230_f_231_create_note_followers_only() {
    let world = World::new();
    world.ann_follows(MARIA);
    world.deliver("mastodon/create_note_followers_only");
    let uri = "https://masto.example/users/maria/statuses/114003";
    let status = world.must(uri);
    assert_eq!(status["visibility"], "private");
    assert_eq!(world.ann.home()[0], "Hello world");
    assert_eq!(world.status_for(&world.bob, uri), None, "bob does not follow her");
    let path = format!("/api/v1/statuses/{}", id(&status));
    assert_eq!(world.bob.request("GET", &path).send().status, 404);
    assert_eq!(world.instance.get(&path).status, 404);
    // asking is not following
    let maria = id(&status["account"]);
    world.bob.post(&format!("/api/v1/accounts/{maria}/follow"), json!({}));
    assert_eq!(world.bob.request("GET", &path).send().status, 404);
}

#[test]
fn f_230_f_234_create_note_direct() {
    let world = World::new();
    // from somebody whom she does not follow it would wait among the requests
    world.ann_follows(MARIA);
    world.deliver("mastodon/create_note_direct");
    let uri = "https://masto.example/users/maria/statuses/114004";
    let status = world.must(uri);
    assert_eq!(status["visibility"], "direct");
    assert_eq!(world.status_for(&world.bob, uri), None);
    let path = format!("/api/v1/statuses/{}", id(&status));
    assert_eq!(world.bob.request("GET", &path).send().status, 404);
    assert_eq!(world.told(), [("mention".into(), MARIA.into())]);
    let conversations = world.ann.get("/api/v1/conversations");
    assert_eq!(conversations.as_array().unwrap().len(), 1);
    assert_eq!(conversations[0]["last_status"]["id"], status["id"]);
    assert_eq!(conversations[0]["unread"], true);
    assert_eq!(world.bob.get("/api/v1/conversations"), json!([]));
}

#[test]
fn f_135_f_219_create_note_reply() {
    let world = World::new();
    world.deliver("mastodon/create_note_reply");
    let status = world.must("https://masto.example/users/maria/statuses/114005");
    assert_eq!(status["in_reply_to_id"], world.post["id"]);
    assert_eq!(status["in_reply_to_account_id"], world.ann.id);
    assert_eq!(world.told(), [("mention".into(), MARIA.into())]);
    let context = world.ann.get(&format!("/api/v1/statuses/{}/context", id(&world.post)));
    assert_eq!(context["descendants"][0]["id"], status["id"]);
    assert_eq!(world.again(&world.post)["replies_count"], 1);
}

#[test]
fn f_303_f_166_f_168_create_question_and_its_tally() {
    let world = World::new();
    world.ann_follows(MARIA);
    world.deliver("mastodon/create_question");
    let uri = "https://masto.example/users/maria/statuses/114006";
    let votes = |status: &Value| -> Vec<(String, u64)> {
        let options = status["poll"]["options"].as_array().unwrap().iter();
        let pair = |o: &Value| {
            (o["title"].as_str().unwrap().to_owned(), o["votes_count"].as_u64().unwrap())
        };
        options.map(pair).collect()
    };
    let status = world.must(uri);
    assert_eq!(votes(&status), [("Tea".into(), 3), ("Coffee".into(), 2)]);
    assert_eq!(status["poll"]["multiple"], false);
    assert_eq!(status["poll"]["expired"], false);
    assert_eq!(status["poll"]["voters_count"], 5);
    assert_eq!(status["poll"]["expires_at"], "2026-05-11T09:12:33.000Z");
    // its server tells of the end when that has come
    world.instance.advance(4 * 86_400_000);
    world.deliver("mastodon/update_question_tally");
    let status = world.must(uri);
    assert_eq!(votes(&status), [("Tea".into(), 6), ("Coffee".into(), 3)]);
    assert_eq!(status["poll"]["expired"], true);
    assert_eq!(status["edited_at"], Value::Null, "a tally is no edit");
    let history = world.ann.get(&format!("/api/v1/statuses/{}/history", id(&status)));
    assert_eq!(history.as_array().unwrap().len(), 1);
}

#[test]
fn f_163_f_306_vote() {
    let world = World::new();
    world.deliver("mastodon/vote");
    let poll = &world.again(&world.poll)["poll"];
    let counts: Vec<_> = (0..3).map(|i| poll["options"][i]["votes_count"].as_u64()).collect();
    assert_eq!(counts, [Some(0), Some(1), Some(0)]);
    assert_eq!(poll["voters_count"], 1);
    assert_eq!(world.status("https://masto.example/users/maria#votes/77"), None);
    assert_eq!(world.again(&world.poll)["replies_count"], 0);
    assert_eq!(world.told(), []);
    world.unchanged("once more", || world.deliver("mastodon/vote"));
}

#[test]
fn f_166_f_310_update_note_edit() {
    let world = World::new();
    // of a status that is not here and nobody wants
    world.finds(MARIA);
    world.unchanged("unknown", || world.deliver("mastodon/update_note_edit"));
    let world = World::new();
    world.deliver("mastodon/create_note_public_media");
    world.deliver("mastodon/update_note_edit");
    let status = world.must("https://masto.example/users/maria/statuses/114001");
    assert!(status["content"].as_str().unwrap().contains("edited text"));
    assert_eq!(status["edited_at"], "2026-05-04T10:00:00.000Z");
    assert_eq!(status["media_attachments"], json!([]));
    let history = world.ann.get(&format!("/api/v1/statuses/{}/history", id(&status)));
    let texts: Vec<&str> =
        history.as_array().unwrap().iter().map(|v| v["content"].as_str().unwrap()).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("nice photo") && texts[1].contains("edited text"), "{texts:?}");
}

#[test]
fn f_169_f_148_delete_note() {
    let world = World::new();
    world.deliver("mastodon/create_note_public_media");
    let uri = "https://masto.example/users/maria/statuses/114001";
    let path = format!("/api/v1/statuses/{}", id(&world.must(uri)));
    world.deliver("mastodon/delete_note");
    assert_eq!(world.status(uri), None);
    assert_eq!(world.ann.request("GET", &path).send().status, 404);
    assert_eq!(world.told(), []);
    // a late Create under another id does not bring it back
    let mut late = world.read("mastodon/create_note_public_media");
    late["id"] = json!(world.at("https://masto.example/users/maria/statuses/114001/again"));
    world.unchanged("late", || world.deliver_value(late["actor"].as_str().unwrap(), &late));
    assert_eq!(world.status(uri), None);
}

#[test]
fn f_177_f_173_like_and_undo_like() {
    let world = World::new();
    world.deliver("mastodon/like");
    assert_eq!(world.again(&world.post)["favourites_count"], 1);
    assert_eq!(world.told(), [("favourite".into(), MARIA.into())]);
    let path = format!("/api/v1/statuses/{}/favourited_by", id(&world.post));
    assert_eq!(world.ann.get(&path)[0]["username"], "maria");
    world.deliver("mastodon/undo_like");
    assert_eq!(world.again(&world.post)["favourites_count"], 0);
    assert_eq!(world.told(), []);
}

#[test]
fn f_133_f_175_undo_like_before_like() {
    let world = World::new();
    world.finds(MARIA);
    world.unchanged("the Undo, then the Like", || {
        world.deliver("mastodon/undo_like");
        world.deliver("mastodon/like");
    });
}

#[test]
fn f_183_f_174_announce_and_undo_announce() {
    let world = World::new();
    world.deliver("mastodon/announce");
    assert_eq!(world.again(&world.post)["reblogs_count"], 1);
    assert_eq!(world.told(), [("reblog".into(), MARIA.into())]);
    let path = format!("/api/v1/statuses/{}/reblogged_by", id(&world.post));
    assert_eq!(world.ann.get(&path)[0]["username"], "maria");
    let maria = id(&world.known(MARIA).unwrap());
    let boosts = world.ann.get(&format!("/api/v1/accounts/{maria}/statuses"));
    assert_eq!(boosts[0]["reblog"]["id"], world.post["id"]);
    assert_eq!(boosts[0]["visibility"], "public");
    world.deliver("mastodon/undo_announce");
    assert_eq!(world.again(&world.post)["reblogs_count"], 0);
    assert_eq!(world.told(), []);
    assert_eq!(world.ann.get(&format!("/api/v1/accounts/{maria}/statuses")), json!([]));
}

#[test]
fn f_194_s_050_flag() {
    let world = World::new();
    world.deliver("mastodon/flag");
    let reports = eventually("it is reported", || {
        Some(world.ann.get("/api/v1/admin/reports")).filter(|all| !all[0].is_null())
    });
    assert_eq!(reports.as_array().unwrap().len(), 1);
    let report = &reports[0];
    assert_eq!(report["target_account"]["id"], world.ann.id);
    assert_eq!(report["comment"], "Please look at these posts");
    assert_eq!(report["statuses"].as_array().unwrap().len(), 1);
    assert_eq!(report["statuses"][0]["id"], world.post["id"]);
    assert!(world.was_told("admin.report", "masto.example@masto.example"), "{:?}", world.told());
}
