//! What blogs, forums, calendars and shelves send: WriteFreely, Ghost, NeoDB, BookWyrm, Mobilizon,
//! NodeBB and Discourse.

use serde_json::{Value, json};

use super::harness::World;

pub const VECTORS: &[&str] = &[
    "bookwyrm/actor.json",
    "bookwyrm/quotation.json",
    "bookwyrm/review.json",
    "discourse/note_with_name.json",
    "ghost/create_article.json",
    "mobilizon/event.json",
    "neodb/article_review.json",
    "neodb/create_note_mark.json",
    "nodebb/article.json",
    "writefreely/create_article.json",
    "writefreely/delete.json",
];

fn text(status: &Value) -> String {
    dassie::text::sanitize::to_plain(status["content"].as_str().unwrap())
}

/// A vector at its own address, found by ann.
#[track_caller]
fn found(world: &World, name: &str) -> Value {
    world.serve(name);
    let uri = world.object_id(name);
    world.ann.finds_status(&uri).unwrap_or_else(|| panic!("{uri} is not found"))
}

#[test]
fn f_263_f_164_f_169_writefreely_create_article_and_delete() {
    let world = World::new();
    world.ann_follows("blog@wf.example");
    world.deliver("writefreely/create_article");
    let uri = "https://wf.example/api/posts/abc123";
    let article = world.must(uri);
    assert_eq!(text(&article), "A title\n\nFirst.\n\nSecond.");
    assert_eq!((&article["visibility"], &article["language"]), (&json!("public"), &json!("en")));
    assert_eq!(article["url"], world.at("https://wf.example/blog/a-title"));
    assert_eq!(article["tags"][0]["name"], "tea");
    assert_eq!(article["media_attachments"][0]["description"], Value::Null);
    world.deliver("writefreely/delete");
    assert_eq!(world.status(uri), None);
}

#[test]
fn f_003_f_263_ghost_create_article() {
    let world = World::new();
    world.ann_follows("index@ghost.example");
    world.deliver("ghost/create_article");
    let article = world.must(&world.object_id("ghost/create_article"));
    assert_eq!(article["visibility"], "public");
    assert_eq!(text(&article).trim(), "Post title\n\nPost content");
    assert!(!article["content"].as_str().unwrap().contains("iframe"), "{article}");
    let picture = world.at("https://ghost.example/content/images/f.jpg");
    assert_eq!(article["media_attachments"][0]["remote_url"], picture);
    assert_eq!(article["url"], world.at("https://ghost.example/post-title/"));
}

#[test]
fn f_269_neodb_create_note_mark() {
    let world = World::new();
    world.ann_follows("nora@neo.example");
    world.deliver("neodb/create_note_mark");
    let note = world.must(&world.object_id("neodb/create_note_mark"));
    assert!(text(&note).contains("watched A Film 🌕🌕🌕🌗🌑"), "{note}");
    assert_eq!(note["edited_at"], Value::Null, "within a second it is no edit");
    let tags = note["tags"].as_array().unwrap();
    assert_eq!((tags.len(), &tags[0]["name"]), (1, &json!("film")));
}

#[test]
fn f_260_neodb_article_review() {
    let world = World::new();
    let review = found(&world, "neodb/article_review");
    assert_eq!(text(&review).trim(), "On A Film\n\nLong review");
    assert_eq!((&review["spoiler_text"], &review["sensitive"]), (&json!(""), &json!(false)));
}

#[test]
fn f_101_bookwyrm_actor() {
    let world = World::new();
    world.serve("bookwyrm/actor");
    // the key that the document names, byte by byte
    world.ann_follows("lib@bw.example");
    assert_eq!(
        world.web.document(&world.at("https://bw.example/user/lib")).unwrap()["publicKey"]["id"],
        world.at("https://bw.example/user/lib/#main-key")
    );
}

#[test]
fn f_268_bookwyrm_review_and_quotation() {
    let world = World::new();
    world.ann_follows("lib@bw.example");
    world.deliver("bookwyrm/review");
    let review = world.must("https://bw.example/user/lib/review/2");
    let book = world.at("https://bw.example/book/1");
    let wanted =
        format!("What a cracking read\n\n★★★★½ 4.5/5\n\nThis is an enjoyable book.\n\n{book}");
    assert_eq!(text(&review), wanted);
    assert_eq!(
        (&review["visibility"], &review["spoiler_text"]),
        (&json!("private"), &json!("Spoilers ahead!"))
    );
    assert_eq!(world.status_for(&world.bob, "https://bw.example/user/lib/review/2"), None);
    world.deliver("bookwyrm/quotation");
    let quotation = world.must("https://bw.example/user/lib/quotation/13");
    assert_eq!(quotation["quote"], Value::Null, "it quotes a book");
    assert_eq!(text(&quotation), format!("To be or not to be\n\n— 50%\n\nI like this\n\n{book}"));
}

#[test]
fn f_266_mobilizon_event() {
    let world = World::new();
    let event = found(&world, "mobilizon/event");
    assert_eq!(event["account"]["username"], "dance_club");
    let page = world.at("https://mob.example/events/b81c");
    let wanted = format!(
        "Dance class\n\n🗓 2026-12-11 19:00 UTC\n\
         📍 The Centre, Main street, EX6, Exeter, United Kingdom\n\nCome along\n\n{page}"
    );
    assert_eq!(text(&event), wanted);
    assert_eq!(event["media_attachments"][0]["description"], "Banner");
}

#[test]
fn f_260_nodebb_article() {
    let world = World::new();
    let article = found(&world, "nodebb/article");
    assert_eq!(text(&article).trim(), "Welcome to the forum\n\nWelcome\n\ntext");
    assert_eq!((&article["spoiler_text"], &article["edited_at"]), (&json!(""), &Value::Null));
}

#[test]
fn f_262_discourse_note_with_name() {
    let world = World::new();
    let note = found(&world, "discourse/note_with_name");
    assert_eq!(text(&note).trim(), "Our next meeting\n\nLast Meeting");
    assert_eq!(note["poll"], Value::Null);
    assert_eq!(note["url"], world.at("https://forum.example/t/our-next-meeting/4079/1"));
}
