//! Bombs, made here instead of stored: whatever their size, they cost little and leave little.

use std::time::Instant;

use serde_json::{Value, json};

use super::harness::{PUBLIC, World};
use super::hostile::MALLORY;
use crate::api::id;

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

/// Everything that leads on to more, on one server that never ends; each is looked at as an app does.
#[test]
fn s_140_whatever_leads_on_without_end_ends() {
    let world = World::new();
    let at = |path: &str| world.at(&format!("https://mallory.example{path}"));
    let person =
        |name: &str| world.person(&format!("https://mallory.example/users/{name}"), name, "Person");
    const LONG: u32 = 60;
    for n in 0..LONG {
        // aliases of aliases
        let mut one = person(&format!("alias{n}"));
        one["alsoKnownAs"] = json!([at(&format!("/users/alias{}", n + 1)), at("/users/alias0")]);
        world.serve_value(&one);
        // a house that is left for the next, which says that it is the same person
        let mut one = person(&format!("moved{n}"));
        one["movedTo"] = json!(at(&format!("/users/moved{}", (n + 1) % 3)));
        one["alsoKnownAs"] =
            json!((0..3).map(|n| at(&format!("/users/moved{n}"))).collect::<Vec<_>>());
        world.serve_value(&one);
        // pins of which each is a list of pins, and answers that all have answers
        let next = n + 1;
        world.serve_value(&json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": "OrderedCollection",
            "id": at(&format!("/pins/{n}")),
            "orderedItems": (0..50).map(|k| at(&format!("/pins/{}", next + k))).collect::<Vec<_>>(),
            "first": at(&format!("/pins/{next}")), "next": at(&format!("/pins/{next}")),
        }));
        world.serve_value(&json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": at(&format!("/tree/{n}")),
            "type": "Note", "attributedTo": at("/users/pinner"), "content": "x", "to": [PUBLIC],
            "inReplyTo": (n > 0).then(|| at(&format!("/tree/{}", n - 1))),
            "quote": at(&format!("/tree/{}", (n + 1) % LONG)),
            "replies": {
                "type": "Collection", "id": at(&format!("/tree/{n}/replies")),
                "items": [at(&format!("/tree/{}", n + 1)), at(&format!("/tree/{n}"))],
                "next": at(&format!("/tree/{n}/replies")),
            },
        }));
    }
    let mut pinner = person("pinner");
    pinner["featured"] = json!(at("/pins/0"));
    pinner["outbox"] = json!(at("/pins/0"));
    pinner["featuredTags"] = json!(at("/pins/0"));
    world.serve_value(&pinner);
    // a handle that is another's, which is the first one's
    for (name, other) in [("ring", "round"), ("round", "ring")] {
        let handle = world.handle(&format!("{name}@mallory.example"));
        let resource: String =
            form_urlencoded::byte_serialize(format!("acct:{handle}").as_bytes()).collect();
        let document = json!({
            "subject": format!("acct:{}", world.handle(&format!("{other}@mallory.example"))),
            "links": [{"rel": "self", "type": "application/activity+json",
                       "href": at(&format!("/users/{other}"))}],
        });
        let path = format!("/.well-known/webfinger?resource={resource}");
        world.web.put(&at(&path), 200, "application/jrd+json", document.to_string());
        world.serve_value(&person(name));
    }
    let asked = |look: &dyn Fn()| {
        let before = world.web.asked().len();
        look();
        world.settle();
        world.web.asked().len() - before
    };
    let profile = |name: &str| {
        let account = id(&world.finds(&format!("{name}@mallory.example")));
        for path in ["", "/statuses", "/statuses?pinned=true", "/featured_tags"] {
            world.ann.get(&format!("/api/v1/accounts/{account}{path}"));
            world.settle();
        }
        let path = format!("/api/v1/accounts/{account}/follow");
        assert!(world.ann.request("POST", &path).json(&json!({})).send().status < 500);
    };
    let search = |text: &str| {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let path = format!("/api/v2/search?resolve=true&q={text}");
        assert!(world.ann.request("GET", &path).send().status < 500);
    };
    let moves = || {
        let activity = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": "Move",
            "id": at("/moves/1"), "actor": at("/users/moved0"), "object": at("/users/moved0"),
            "target": at("/users/moved1"),
        });
        let answer =
            world.send(&at("/users/moved0"), &world.inbox(), activity.to_string().as_bytes());
        assert_eq!(answer.status, 202);
    };
    let open = || {
        search(&at("/tree/0"));
        let status = id(&world.must("https://mallory.example/tree/0"));
        world.ann.get(&format!("/api/v1/statuses/{status}/context"));
    };
    let looks: [(&str, &dyn Fn(), usize); 6] = [
        ("aliases", &|| profile("alias0"), 15),
        ("moves", &|| profile("moved0"), 25),
        ("a move", &moves, 15),
        ("handles", &|| search(&world.handle("@ring@mallory.example")), 10),
        ("pins", &|| profile("pinner"), 110),
        ("a thread", &open, 130),
    ];
    for (what, look, most) in looks {
        // who has moved already does not do so again: that asks nobody
        let (times, again) = (asked(look), asked(look));
        assert!(times > 0 || what == "a move", "{what}");
        // what is asked for a moment later counts for the second look
        assert!(times <= most && again <= most, "{what}: {times} and {again} requests");
    }
    assert_eq!(world.instance.get("/api/v2/instance").status, 200);
}
