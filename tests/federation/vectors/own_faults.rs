//! A fault of our own, which some address brings about whenever it is asked: it ends what ran into
//! it, and nothing else.

use dassie::clock::{DAY, HOUR, MINUTE};
use dassie::db;
use serde_json::json;

use super::harness::{PUBLIC, World};
use super::hostile::MALLORY;

const POISON: &str = "https://poison.example/users/pia";

/// A note of mallory's that answers something on the server that cannot be asked.
fn answer(world: &World, number: u32) -> serde_json::Value {
    let note = world.at(&format!("https://mallory.example/o/{number}"));
    json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{note}/activity"),
        "type": "Create", "actor": world.at(MALLORY), "to": [PUBLIC],
        "object": {
            "id": note, "type": "Note", "attributedTo": world.at(MALLORY), "to": [PUBLIC],
            "content": "x", "inReplyTo": world.at(&format!("https://poison.example/notes/{number}")),
        },
    })
}

#[test]
fn s_136_what_makes_the_program_panic_is_tried_three_times() {
    let world = World::new();
    let app = &world.instance.app;
    world.ann_follows("mallory@mallory.example");
    let pass = |ms: i64| {
        world.instance.advance(ms);
        world.settle();
    };
    world.web.panic_at("poison.example");
    world.deliver_value(MALLORY, &answer(&world, 1));
    assert_eq!(world.web.panics(), 1);
    world.must("https://mallory.example/o/1");
    for _ in 0..6 {
        pass(5 * MINUTE);
    }
    pass(DAY);
    assert_eq!(world.web.panics(), 3);
    let dead = app.db.read(|conn| db::job::list_dead(conn, 10)).unwrap();
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!((dead[0].attempts, dead[0].lane.contains("poison.example")), (3, true));
    assert!(dead[0].reason.contains("panicked"), "{dead:?}");
    // what comes after it does not mind
    world.deliver_value(MALLORY, &answer(&world, 2));
    world.must("https://mallory.example/o/2");
}

#[test]
fn s_136_a_delivery_that_makes_the_program_panic_ends_and_others_arrive() {
    let world = World::new();
    let app = &world.instance.app;
    world.serve_value(&world.person(POISON, "pia", "Person"));
    for who in [POISON, MALLORY] {
        let follow = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": "Follow",
            "id": world.at(&format!("{who}/follow")), "actor": world.at(who),
            "object": world.ann.uri,
        });
        world.deliver_value(who, &follow);
    }
    assert!(world.is_followed_by("pia") && world.is_followed_by("mallory"));
    world.web.panic_at("poison.example");
    world.ann.writes("to both", "public");
    world.settle();
    let waits = || app.db.read(db::delivery::count).unwrap();
    assert_eq!((world.web.panics(), waits()), (1, 1));
    assert_eq!(world.sent("Create").len(), 1);
    for _ in 0..4 {
        world.instance.advance(HOUR);
        world.settle();
    }
    assert_eq!((world.web.panics(), waits()), (3, 0));
    // the worker goes on
    world.ann.writes("again", "public");
    world.settle();
    assert_eq!(world.sent("Create").len(), 2);
}
