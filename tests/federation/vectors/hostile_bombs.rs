//! Bombs, made here instead of stored: whatever their size, they cost little and leave little.

use std::time::Instant;

use serde_json::{Value, json};

use super::harness::{PUBLIC, World};
use super::hostile::MALLORY;

/// A note of mallory's inside its Create.
fn note(world: &World, number: u32, extra: Value) -> Value {
    let id = world.at(&format!("https://mallory.example/b/{number}"));
    let mut note = json!({
        "id": id, "type": "Note", "attributedTo": world.at(MALLORY), "content": "x",
        "to": [PUBLIC],
    });
    note.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{id}/activity"),
        "type": "Create", "actor": world.at(MALLORY), "to": [PUBLIC], "object": note,
    })
}

/// Sends to ann's inbox; answers the status.
fn send(world: &World, body: &[u8]) -> u16 {
    let since = Instant::now();
    let answer = world.send(MALLORY, &format!("{}/inbox", world.ann.uri), body);
    world.settle();
    assert!(since.elapsed().as_secs() < 15, "it took {:?}", since.elapsed());
    assert!(answer.status < 500, "{}: {}", answer.status, answer.text());
    answer.status
}

#[test]
fn s_044_f_128_large_and_deep_bodies() {
    let world = World::new();
    world.finds("mallory@mallory.example");
    let filler = "x".repeat(2 * 1024 * 1024);
    world.unchanged("too large", || {
        let body = note(&world, 1, json!({"content": filler})).to_string();
        assert_eq!(send(&world, body.as_bytes()), 413);
    });
    world.unchanged("brackets", || {
        assert_eq!(send(&world, "[".repeat(1_000_000).as_bytes()), 400);
        assert_eq!(send(&world, r#"{"a":"#.repeat(150_000).as_bytes()), 400);
    });
    world.unchanged("a hundred thousand keys", || {
        let mut keys: serde_json::Map<String, Value> = Default::default();
        for number in 0..100_000 {
            keys.insert(format!("k{number}"), json!(0));
        }
        let mut activity = note(&world, 2, json!({}));
        activity["object"] = Value::Object(keys);
        let status = send(&world, activity.to_string().as_bytes());
        assert!(matches!(status, 202 | 400 | 413), "{status}");
    });
    world.unchanged("a hundred thousand activities", || {
        let list = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": "Collection",
            "items": vec![json!({"type": "Like"}); 40_000],
        });
        let status = send(&world, list.to_string().as_bytes());
        assert!(matches!(status, 202 | 400 | 401 | 413), "{status}");
    });
}

#[test]
fn s_052_f_304_a_poll_of_a_hundred_thousand_options() {
    let world = World::new();
    world.finds("mallory@mallory.example");
    for (number, count) in [(10, 100_000), (11, 20_000), (12, 2_000)] {
        let option = |n: u32| json!({"type": "Note", "name": format!("o{n}")});
        let options: Vec<Value> = (0..count).map(option).collect();
        let activity = note(&world, number, json!({"type": "Question", "oneOf": options}));
        let status = send(&world, activity.to_string().as_bytes());
        assert!(matches!(status, 202 | 400 | 413), "{count}: {status}");
        let uri = activity["object"]["id"].as_str().unwrap();
        if let Some(shown) = world.status(uri) {
            assert!(shown["poll"]["options"].as_array().unwrap().len() <= 100);
        }
    }
}

#[test]
fn s_047_s_048_f_271_deep_and_long_html() {
    let world = World::new();
    world.finds("mallory@mallory.example");
    for (number, content) in [
        (20, "<b>".repeat(60_000)),
        (21, "<blockquote>".repeat(40_000) + "x"),
        (22, "<p>word ".repeat(100_000)),
        (23, "&amp;".repeat(150_000)),
        (24, "<a href=\"https://x.example/\">".repeat(20_000)),
        (25, "@a@b.example #tag https://l.example ".repeat(15_000)),
        (26, "<".repeat(300_000)),
        (27, "\u{202e}\u{200b}".repeat(60_000)),
    ] {
        let activity = note(&world, number, json!({"content": content}));
        let status = send(&world, activity.to_string().as_bytes());
        assert!(matches!(status, 202 | 400), "{number}: {status}");
        let Some(shown) = world.status(activity["object"]["id"].as_str().unwrap()) else {
            assert_eq!(status, 400, "{number}");
            continue;
        };
        let length = shown["content"].as_str().unwrap().len();
        assert!(length <= 200_000, "{number}: {length}");
    }
}

#[test]
fn s_140_f_251_an_endless_thread() {
    let world = World::new();
    world.finds("mallory@mallory.example");
    // every one of them answers the next, each on a host of its own
    let address = |n: u32| world.at(&format!("https://t{n}.mallory.example/notes/{n}"));
    let author = |n: u32| format!("https://t{n}.mallory.example/u");
    for n in 0..100 {
        world.serve_value(&world.person(&author(n), "u", "Person"));
        world.serve_value(&json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": address(n), "type": "Note",
            "attributedTo": world.at(&author(n)), "content": "up", "to": [PUBLIC],
            "inReplyTo": address(n + 1),
        }));
    }
    let before = world.web.asked().len();
    let first = note(&world, 30, json!({"inReplyTo": address(0)}));
    assert_eq!(send(&world, first.to_string().as_bytes()), 202);
    let asked = world.web.asked();
    let notes = asked[before..].iter().filter(|a| a.url.contains("/notes/")).count();
    assert!(notes <= 41, "{notes} ancestors");
    // the note, its author and the author's WebFinger
    assert!(asked.len() - before <= 41 * 3, "{}", asked.len() - before);
}

#[test]
fn s_021_a_domain_with_endless_sub_domains() {
    let world = World::new();
    let likes = |n: u32| {
        let actor = world.at(&format!("https://w{n}.mallory.example/u"));
        world.serve_value(&world.person(&actor, "u", "Person"));
        let like = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{actor}/like"),
            "type": "Like", "actor": actor, "object": world.post["uri"],
        });
        world.send(&actor, &world.inbox(), like.to_string().as_bytes()).status
    };
    for n in 0..30 {
        let status = likes(n);
        assert!(status < 500 || status == 503, "{status}");
    }
    world.settle();
    let count = world.again(&world.post)["favourites_count"].as_u64().unwrap();
    assert!(count <= 10, "{count} of one domain");
    // an honest server is not in their way
    world.deliver("mastodon/like");
    assert_eq!(world.again(&world.post)["favourites_count"].as_u64().unwrap(), count + 1);
}
