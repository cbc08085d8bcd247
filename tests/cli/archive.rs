//! `dassie account import-archive`, `remove-imported` and `export`, with and without a server.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use image::ImageFormat;
use serde_json::{Value, json};

use super::{Place, Serving, api};
use crate::support::account_archive::{OLD, archive, life, note, zipped};
use crate::support::eventually;
use crate::support::picture::{coded, corners};

fn put(place: &Place, name: &str, bytes: &[u8]) -> String {
    let path = place.folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn get(place: &Place, token: &str, path: &str) -> Value {
    api(place, token, "GET", path).send().ok()
}

/// The posts on a profile by their texts, without what is of this server.
fn profile(place: &Place, token: &str) -> Vec<Value> {
    let me = get(place, token, "/api/v1/accounts/verify_credentials");
    let path = format!("/api/v1/accounts/{}/statuses?limit=40", me["id"].as_str().unwrap());
    get(place, token, &path).as_array().unwrap().clone()
}

fn text_of(status: &Value) -> &str {
    status["content"].as_str().unwrap()
}

#[test]
fn an_archive_becomes_posts_at_their_place_and_goes_again() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann"]).trim().to_owned();
    let file = put(&place, "archive.zip", &zipped(&life()));
    let import = ["account", "import-archive", "ann", &file];
    let wrong = place.refuses(&["account", "import-archive", "nobody", &file]);
    assert!(wrong.contains("there is no account nobody"), "{wrong}");
    let dry = place.does(&[&import[..], &["--dry-run"]].concat());
    assert!(dry.starts_with("Would take: 6 posts, 1 file\n"), "{dry}");
    assert!(profile(&place, &token).is_empty());

    let out = place.does(&import);
    assert!(out.starts_with("Took: 7 posts, 1 file\n"), "{out}");
    for line in [
        "Left out: 1 (posts of somebody else)",
        "Left out: 1 (messages to single people (--with-direct takes them))",
        "Left out: 1 (boosts of posts that this server does not know)",
        "Left out: 1 (posts without a date)",
        "Files left out: 1 (files that the archive does not have)\n  media_attachments/files/1/original/gone.png",
        "Left out: 1 favourite ",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    let posts = profile(&place, &token);
    let dates: Vec<&str> = posts.iter().map(|s| &s["created_at"].as_str().unwrap()[..10]).collect();
    assert_eq!(dates[..3], ["2023-05-10", "2023-05-07", "2023-05-06"]);
    assert_eq!(posts.len(), 7);
    let boost = &posts[0];
    let [first, second, third, poll, picture, friends] =
        [6, 5, 4, 3, 2, 1].map(|at: usize| &posts[at]);
    let base = place.base();
    assert_eq!(
        first["uri"],
        format!("{base}/users/ann/statuses/{}", first["id"].as_str().unwrap())
    );
    assert!(text_of(first).contains(&format!("href=\"{base}/tags/")), "{}", text_of(first));
    assert!(!text_of(first).contains("script") && text_of(first).contains("今天天氣很好"));
    assert_eq!((&first["language"], &first["tags"][0]["name"]), (&json!("zh"), &json!("春天")));
    let tag = first["tags"][0]["url"].as_str().unwrap();
    assert!(text_of(first).contains(&format!("href=\"{tag}\"")), "{tag}");
    assert_eq!(first["edited_at"], "2023-06-01T00:00:00.000Z");
    assert_eq!(boost["reblog"]["id"], first["id"]);
    assert_eq!(second["in_reply_to_id"], first["id"]);
    assert_eq!(
        (&second["spoiler_text"], &second["visibility"]),
        (&json!("long"), &json!("unlisted"))
    );
    assert_eq!((&second["sensitive"], &third["in_reply_to_id"]), (&json!(true), &Value::Null));
    assert_eq!(poll["poll"]["options"][0], json!({"title": "tea", "votes_count": 2}));
    assert_eq!((&poll["poll"]["expired"], &poll["poll"]["votes_count"]), (&json!(true), &json!(3)));
    let media = &picture["media_attachments"];
    assert_eq!(media.as_array().unwrap().len(), 1);
    assert_eq!(media[0]["description"], "two colours");
    assert_eq!(media[0]["meta"]["focus"], json!({"x": 0.5, "y": -0.5}));
    assert!(media[0]["blurhash"].is_string());
    assert_eq!(
        crate::support::Request::new("GET", media[0]["url"].as_str().unwrap()).send().status,
        200
    );
    assert_eq!(friends["visibility"], "private");
    // nobody is told, nothing waits to be sent, words are found, the old address leads here
    assert_eq!(get(&place, &token, "/api/v1/timelines/home"), json!([]));
    assert_eq!(get(&place, &token, "/api/v1/notifications"), json!([]));
    assert!(place.does(&["delivery", "list"]).contains("Nothing waits"));
    let found = get(&place, &token, "/api/v2/search?type=statuses&q=%E5%A4%A9%E6%B0%A3");
    assert_eq!(found["statuses"][0]["id"], first["id"]);
    let old = format!("/api/v2/search?type=statuses&resolve=false&q={OLD}/statuses/1");
    assert_eq!(get(&place, &token, &old)["statuses"][0]["id"], first["id"]);
    let source = format!("/api/v1/statuses/{}/source", second["id"].as_str().unwrap());
    assert_eq!(get(&place, &token, &source)["text"], "and on");

    // again: all of it is known, and what was deleted here stays deleted
    let gone = friends["id"].as_str().unwrap();
    api(&place, &token, "DELETE", &format!("/api/v1/statuses/{gone}")).send().ok();
    serving.stop();
    let again = place.does(&import);
    assert!(again.starts_with("Took: 0 posts, 0 files\nHere already: 7\n"), "{again}");
    let more = place.does(&[&import[..], &["--with-direct", "--visibility", "private"]].concat());
    assert!(more.starts_with("Took: 1 post, 0 files\nHere already: 7\n"), "{more}");

    let remove = ["account", "remove-imported", "ann"];
    assert!(place.refuses(&remove).contains("--yes"));
    assert_eq!(place.does(&[&remove[..], &["--dry-run"]].concat()), "Would remove 7 posts\n");
    assert_eq!(place.does(&[&remove[..], &["--yes"]].concat()), "Removed 7 posts\n");
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    assert!(profile(&place, &token).is_empty());
    let narrow = ["--visibility", "private", "--since", "2023-05-06", "--without-media"];
    let some = place.does(&[&import[..], &narrow].concat());
    assert!(some.starts_with("Took: 2 posts, 0 files\n"), "{some}");
    assert!(some.contains("Left out: 4 (posts older than --since)"), "{some}");
    assert!(profile(&place, &token).iter().all(|post| post["visibility"] == "private"));
    serving.stop();
    let left = fs::read_dir(place.data().join("media/tmp")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn an_import_that_was_cut_off_goes_on() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann"]).trim().to_owned();
    // the newest first, as some write it: answers come before what they answer
    let mut items: Vec<Value> = (1..=400)
        .map(|number| {
            let parent = (number > 1).then(|| format!("{OLD}/statuses/{}", number - 1));
            note(number, &format!("<p>post {number}</p>"), json!({"inReplyTo": parent}))
        })
        .collect();
    items.reverse();
    let whole = archive(&items, &[]);
    let file = put(&place, "archive.zip", &whole);
    // a file that ends early is refused before anything of it is taken
    let outbox = json!({"orderedItems": items}).to_string();
    let short = put(&place, "short.json", &outbox.as_bytes()[..outbox.len() / 2]);
    let refused = place.refuses(&["account", "import-archive", "ann", &short]);
    assert!(refused.contains("ends early"), "{refused}");
    let count = || {
        let me = get(&place, &token, "/api/v1/accounts/verify_credentials");
        me["statuses_count"].as_i64().unwrap()
    };
    let mut import = place.command(&["account", "import-archive", "ann", &file]);
    let mut killed = import.stdout(std::process::Stdio::null()).spawn().unwrap();
    eventually("some are there", || (count() > 0).then_some(()));
    killed.kill().unwrap();
    killed.wait().unwrap();
    serving.stop();
    let out = place.does(&["account", "import-archive", "ann", &file]);
    let number = |line: &str| {
        let rest = out.lines().find_map(|found| found.strip_prefix(line));
        rest.map_or(0, |rest| rest.split(' ').next().unwrap().parse::<i64>().unwrap())
    };
    assert!(number("Here already: ") > 0, "{out}");
    assert_eq!(number("Took: ") + number("Here already: "), 400, "{out}");
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    assert_eq!(count(), 400);
    // each hangs on the one before
    let posts = profile(&place, &token);
    assert!(posts.iter().all(|post| post["in_reply_to_id"].is_string() || text_of(post).ends_with("post 1</p>")));
    serving.stop();
}

#[test]
fn an_account_goes_out_and_in_again() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann"]).trim().to_owned();
    let file = put(&place, "archive.zip", &zipped(&life()));
    place.does(&["account", "import-archive", "ann", &file, "--with-direct"]);
    let first = profile(&place, &token).pop().unwrap();
    for deed in ["favourite", "bookmark"] {
        let path = format!("/api/v1/statuses/{}/{deed}", first["id"].as_str().unwrap());
        api(&place, &token, "POST", &path).send().ok();
    }
    let out = place.folder.path().join("out.zip");
    let export = ["account", "export", "ann", "--to", out.to_str().unwrap()];
    let said = place.does(&export);
    assert!(said.starts_with("Wrote 8 posts and 1 file to "), "{said}");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let posts = profile(&place, &token);
    // where it came from it is all here
    let back = ["account", "import-archive", "ann", out.to_str().unwrap(), "--with-direct"];
    let said = place.does(&back);
    assert!(said.starts_with("Took: 0 posts, 0 files\nHere already: 8\n"), "{said}");
    serving.stop();

    let other = Place::new();
    let mut serving = Serving::start(&other, &["serve", "--dev"]);
    other.creates("ann");
    let other_token = other.does(&["token", "create", "--account", "ann"]).trim().to_owned();
    let import = ["account", "import-archive", "ann", out.to_str().unwrap(), "--with-direct"];
    let said = other.does(&import);
    assert!(said.starts_with("Took: 8 posts, 1 file\n"), "{said}");
    assert!(said.contains("1 favourite") && said.contains("Being looked up: 1 bookmark"), "{said}");
    let again = profile(&other, &other_token);
    let shown = |posts: &[Value], base: &str| -> Vec<Value> {
        let place_of: BTreeMap<&str, usize> =
            posts.iter().enumerate().map(|(at, post)| (post["id"].as_str().unwrap(), at)).collect();
        let keep = |post: &Value| {
            let mut kept = serde_json::Map::new();
            for key in [
                "created_at",
                "edited_at",
                "visibility",
                "language",
                "spoiler_text",
                "sensitive",
                "tags",
                "content",
            ] {
                kept.insert(key.into(), post[key].to_string().replace(base, "").into());
            }
            for key in [
                "/poll/options",
                "/poll/expired",
                "/media_attachments/0/description",
                "/media_attachments/0/meta/focus",
            ] {
                kept.insert(key.into(), post.pointer(key).cloned().into());
            }
            for key in ["/in_reply_to_id", "/reblog/id"] {
                let of = post.pointer(key).and_then(Value::as_str);
                kept.insert(key.into(), of.and_then(|of| place_of.get(of).copied()).into());
            }
            Value::Object(kept)
        };
        posts.iter().map(keep).collect()
    };
    assert_eq!(shown(&again, &other.base()), shown(&posts, &place.base()));
    serving.stop();
}

#[test]
fn s_107_hostile_archives_are_refused_or_left_out() {
    let place = Place::real("a.example");
    place.creates("ann");
    for (bytes, why) in [
        (b"<html>".to_vec(), "is no zip, no tar.gz and no folder"),
        (b"PK\x03\x04".to_vec(), "the archive is damaged"),
        (b"{\"orderedItems\": 5}".to_vec(), "does not say whose it is"),
        (b"[{\"type\": \"Create\"".to_vec(), "ends early"),
    ] {
        let file = put(&place, "odd", &bytes);
        let refused = place.refuses(&["account", "import-archive", "ann", &file]);
        assert!(refused.contains(why), "{why}: {refused}");
    }
    let folder = place.folder.path().join("folder");
    fs::create_dir(&folder).unwrap();
    put(&place, "folder/secret.png", &coded(&corners(9, 9), ImageFormat::Png));
    let attached = |url: &str| json!({"attachment": [{"type": "Document", "mediaType": "image/png", "url": url}]});
    let items = [
        note(1, &"x".repeat(1 << 20), json!({})),
        note(2, "<p>up</p>", attached("/../secret.png")),
        note(3, "<p>down</p>", attached("/a/link.png")),
        note(4, "", attached("/gone.png")),
        note(5, "<p>no picture</p>", attached("/a/text.png")),
        note(6, "<p>elsewhere</p>", attached("https://files.example/a/b.png")),
        note(7, "<p>odd</p>", json!({"tag": 5, "attachment": {"url": {"href": 9}}, "cc": {}})),
        note(8, "<p>old</p>", json!({"published": "1969-01-01T00:00:00Z"})),
        note(9, "<p>ahead</p>", json!({"published": "2199-01-01T00:00:00Z"})),
        json!({"type": "Delete"}),
        json!(7),
    ];
    let inner = place.folder.path().join("folder/in");
    fs::create_dir_all(inner.join("a")).unwrap();
    fs::write(inner.join("outbox.json"), json!({"orderedItems": items}).to_string()).unwrap();
    fs::write(inner.join("actor.json"), json!({"id": OLD}).to_string()).unwrap();
    fs::write(inner.join("a/text.png"), "no picture").unwrap();
    std::os::unix::fs::symlink("../../secret.png", inner.join("a/link.png")).unwrap();
    let out = place.does(&["account", "import-archive", "ann", inner.to_str().unwrap()]);
    assert!(out.starts_with("Took: 5 posts, 0 files\n"), "{out}");
    for line in [
        "Left out: 1 (entries that are too large)",
        "Left out: 1 (posts without text, of files that are not to be had)",
        "Left out: 1 (posts from before 1970)",
        "Left out: 1 (posts with a date in the future)",
        "Left out: 2 (what is no post)",
        "Files left out: 4 (files that the archive does not have)",
        "  a/text.png",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    let mut count = 0;
    for entry in fs::read_dir(place.data().join("media")).unwrap() {
        let entry = entry.unwrap();
        count += usize::from(entry.file_name() != "tmp" && entry.path().is_dir());
    }
    assert_eq!(count, 0, "no file came in");
}
