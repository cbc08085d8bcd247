//! What groups send: Lemmy's and Mbin's communities, and the whole blog of WordPress.

use serde_json::{Value, json};

use super::harness::{World, actor_of};
use crate::support::eventually;

pub const VECTORS: &[&str] = &[
    "lemmy/announce_create_page.json",
    "lemmy/announce_delete.json",
    "lemmy/announce_like.json",
    "lemmy/announce_lock.json",
    "lemmy/announce_undo_delete.json",
    "lemmy/block_user.json",
    "lemmy/create_comment_mention.json",
    "lemmy/delete_user.json",
    "lemmy/flag_post_only.json",
    "lemmy/group.json",
    "lemmy/private_message.json",
    "mbin/flag_post_first.json",
    "wordpress/actor_blog_group.json",
    "wordpress/announce_update.json",
    "wordpress/create_article.json",
];

const BIRDS: &str = "birds@lem.example";
const LENA: &str = "lena@lem.example";
const PAGE: &str = "https://lem.example/post/7";
const BLOG: &str = "wp.example@wp.example";
const AUTHOR: &str = "author@wp.example";

/// Serves what an activity holds at its own address, as its server does.
fn serve_inner(world: &World, mut object: Value) {
    object["@context"] = json!("https://www.w3.org/ns/activitystreams");
    world.serve_value(&object);
}

/// Ann follows the group, which has passed a page on.
fn with_page() -> World {
    let world = World::new();
    world.ann_follows(BIRDS);
    let activity = world.read("lemmy/announce_create_page");
    serve_inner(&world, activity["object"]["object"].clone());
    world.deliver("lemmy/announce_create_page");
    world
}

#[test]
fn f_043_lemmy_group() {
    let world = World::new();
    world.serve("lemmy/group");
    let account = world.finds(BIRDS);
    assert_eq!((&account["group"], &account["display_name"]), (&json!(true), &json!("Birds")));
    assert!(account["note"].as_str().unwrap().contains("All birds"));
}

#[test]
fn f_187_f_264_lemmy_announce_create_page() {
    let world = with_page();
    let top = world.ann.get("/api/v1/timelines/home")[0].clone();
    assert_eq!(top["account"]["username"], "birds");
    let page = &top["reblog"];
    assert_eq!(
        (&page["uri"], &page["account"]["username"]),
        (&json!(world.at(PAGE)), &json!("lena"))
    );
    let text = dassie::text::sanitize::to_plain(page["content"].as_str().unwrap());
    let link = world.at("https://photos.example/heron.html");
    assert_eq!(text.trim(), format!("Look at this heron\n\n{link}\n\nby the lake"));
    let picture = world.at("https://lem.example/pictrs/image/heron.webp");
    assert_eq!(page["media_attachments"][0]["remote_url"], picture);
    assert!(world.web.times(&world.at(PAGE)) > 0, "it was read from its own server");
}

#[test]
fn f_187_lemmy_announce_like_and_announce_lock() {
    let world = with_page();
    for name in ["lemmy/announce_like", "lemmy/announce_lock"] {
        world.unchanged(name, || world.deliver(name));
    }
}

#[test]
fn f_171_f_176_lemmy_announce_delete_and_announce_undo_delete() {
    let world = with_page();
    let page = world.web.document(&world.at(PAGE)).unwrap();
    let again = |name: &str, number: u32| {
        let mut activity = world.read(name);
        activity["id"] = json!(world.at(&format!("https://lem.example/activities/again/{number}")));
        world.deliver_value(&actor_of(&activity), &activity);
    };
    world.unchanged("its server has it still", || world.deliver("lemmy/announce_delete"));
    world.web.put(&world.at(PAGE), 410, "text/plain", "");
    again("lemmy/announce_delete", 1);
    assert_eq!(world.status(PAGE), None);
    assert_eq!(world.uris("/api/v1/timelines/home?limit=1").len(), 1, "ann's own are left");
    world.instance.advance(6 * 60 * 1000);
    world.serve_value(&page);
    world.deliver("lemmy/announce_undo_delete");
    assert_eq!(world.must(PAGE)["account"]["username"], "lena");
}

#[test]
fn f_251_f_284_lemmy_create_comment_mention() {
    let world = World::new();
    let page = world.read("lemmy/announce_create_page")["object"]["object"].clone();
    serve_inner(&world, page);
    world.deliver("lemmy/create_comment_mention");
    let comment = world.must("https://lem.example/comment/1");
    let parent = eventually("the parent is fetched", || world.status(PAGE));
    assert_eq!(world.again(&comment)["in_reply_to_id"], parent["id"]);
    assert_eq!(comment["mentions"][0]["id"], world.ann.id);
    assert_eq!(comment["language"], Value::Null, "undetermined");
    assert_eq!(world.told(), [("mention".into(), LENA.into())]);
}

#[test]
fn f_230_f_234_lemmy_private_message() {
    let world = World::new();
    // a stranger's letter would wait among the requests
    world.ann_follows(LENA);
    world.deliver("lemmy/private_message");
    let message = world.must("https://lem.example/private_message/1");
    assert_eq!(message["visibility"], "direct");
    assert_eq!(world.status_for(&world.bob, "https://lem.example/private_message/1"), None);
    let talks = world.ann.get("/api/v1/conversations");
    assert_eq!(talks[0]["last_status"]["id"], message["id"]);
    assert_eq!(world.told(), [], "nobody is named");
}

#[test]
fn f_193_lemmy_block_user() {
    let world = World::new();
    world.ann_follows(LENA);
    world.unchanged("a ban elsewhere", || world.deliver("lemmy/block_user"));
}

#[test]
fn f_170_lemmy_delete_user() {
    let world = World::new();
    world.finds(LENA);
    world.deliver("lemmy/private_message");
    assert!(world.known(LENA).is_some());
    world.deliver("lemmy/delete_user");
    eventually("lena is gone", || {
        world.instance.advance(1000);
        (world.known(LENA).is_none()).then_some(())
    });
    assert_eq!(world.status("https://lem.example/private_message/1"), None);
}

#[test]
fn f_194_lemmy_flag_post_only_and_mbin_flag_post_first() {
    for (name, comment) in
        [("lemmy/flag_post_only", "report this post"), ("mbin/flag_post_first", "bad")]
    {
        let world = World::new();
        world.deliver(name);
        let reports = world.ann.get("/api/v1/admin/reports");
        assert_eq!(reports.as_array().unwrap().len(), 1, "{name}");
        assert_eq!(reports[0]["target_account"]["id"], world.ann.id, "{name}");
        assert_eq!(reports[0]["statuses"][0]["id"], world.post["id"], "{name}");
        assert_eq!(reports[0]["comment"], comment, "{name}");
    }
}

#[test]
fn f_009_wordpress_actor_blog_group() {
    let world = World::new();
    world.serve("wordpress/actor_blog_group");
    let account = world.finds(BLOG);
    assert_eq!((&account["username"], &account["group"]), (&json!("wp.example"), &json!(true)));
    assert_eq!(account["uri"], world.at("https://wp.example/?author=0"));
    assert_eq!(account["fields"].as_array().unwrap().len(), 1, "{}", account["fields"]);
}

#[test]
fn f_008_f_278_wordpress_create_article() {
    let world = World::new();
    world.ann_follows(AUTHOR);
    world.deliver("wordpress/create_article");
    let article = world.must("https://wp.example/?p=27948");
    assert_eq!(article["url"], world.at("https://wp.example/2026/03/a-fan-expansion/"));
    let content = article["content"].as_str().unwrap();
    assert!(content.contains("A fan expansion") && content.contains("got a printer"), "{content}");
    assert!(!content.contains("<img") && !content.contains("figure"), "{content}");
    assert_eq!((&article["spoiler_text"], &article["sensitive"]), (&json!(""), &json!(false)));
    let files = article["media_attachments"].as_array().unwrap();
    let at = |url: &str| json!(world.at(url));
    assert_eq!(files[0]["remote_url"], at("https://i0.wp.example/s.png?fit=980%2C980&ssl=1"));
    assert_eq!(files[1]["remote_url"], at("https://i0.wp.example/s.png"));
    assert_eq!(files[1]["description"], "A fleet");
}

#[test]
fn f_187_wordpress_announce_update() {
    let world = World::new();
    world.ann_follows(AUTHOR);
    world.ann_follows(BLOG);
    let announce = world.read("wordpress/announce_update");
    let mut old = announce["object"]["object"].clone();
    serve_inner(&world, old.clone());
    old["content"] = json!("<p>old</p>");
    old.as_object_mut().unwrap().remove("updated");
    world.deliver_value(
        &world.at("https://wp.example/?author=1"),
        &json!({"@context": "https://www.w3.org/ns/activitystreams", "type": "Create",
            "id": world.at("https://wp.example/?p=1#create"), "actor": old["attributedTo"],
            "to": old["to"], "cc": [], "object": old}),
    );
    let uri = "https://wp.example/?p=1";
    assert!(world.must(uri)["content"].as_str().unwrap().contains("old"));
    world.deliver("wordpress/announce_update");
    let article = world.must(uri);
    assert!(article["content"].as_str().unwrap().contains("new"), "{article}");
    assert_ne!(article["edited_at"], Value::Null);
}
