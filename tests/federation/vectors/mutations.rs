//! Activities of known people, bent in every way: whatever arrives is taken or refused, is worked
//! off, and leaves nothing that is tried for ever (S-045, S-136).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::harness::{CONTEXT, World, actor_of, index};

/// How many are sent; each costs a signature and a few milliseconds.
const SENT: usize = 500;
/// How many are sent between two looks at the queue.
const BATCH: usize = 50;

/// Small and repeatable: a failure names its seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).unwrap()
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// The addresses of all values inside, as JSON pointers.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                out.push(format!("{at}/{key}"));
                places(inner, &format!("{at}/{key}"), out);
            }
        }
        Value::Array(list) => {
            for (n, inner) in list.iter().enumerate() {
                out.push(format!("{at}/{n}"));
                places(inner, &format!("{at}/{n}"), out);
            }
        }
        _ => {}
    }
}

const KINDS: &[&str] = &[
    "Create",
    "Update",
    "Delete",
    "Follow",
    "Accept",
    "Reject",
    "Undo",
    "Announce",
    "Like",
    "Dislike",
    "EmojiReact",
    "Block",
    "Flag",
    "Move",
    "Add",
    "Remove",
    "QuoteRequest",
    "ReplyRequest",
    "LikeRequest",
    "AnnounceRequest",
    "FeatureRequest",
    "View",
    "Note",
    "Question",
    "Article",
    "Video",
    "Tombstone",
    "Person",
    "Collection",
    "OrderedCollection",
    "Mention",
    "Hashtag",
    "Emoji",
    "Link",
    "Document",
];

fn odd(dice: &mut Dice, whole: &Value, ours: &[String]) -> Value {
    match dice.below(22) {
        0 => json!(null),
        1 => json!(true),
        2 => json!(-1),
        3 => json!(1e300),
        4 => json!(u64::MAX),
        5 => json!(""),
        6 => json!("\u{0}\u{202e}<script>\u{fffd}"),
        7 => json!("x".repeat(5000)),
        8 => json!([]),
        9 => json!({}),
        10 => json!([null, [], {}, 5]),
        11 => json!("as:Public"),
        12 => json!("https://[::1/"),
        13 => json!("javascript:alert(1)"),
        14 => json!("9999-12-31T23:59:60.999999999+23:59"),
        15 => json!({"@value": "x", "@language": "en"}),
        16 => json!({"type": dice.of(KINDS), "id": null}),
        17 => whole.clone(),
        18 | 19 => json!(dice.of(KINDS)),
        _ => json!(dice.of(ours)),
    }
}

/// Bends one thing in it.
fn bend(dice: &mut Dice, value: &mut Value, ours: &[String]) {
    let mut all = Vec::new();
    places(value, "", &mut all);
    // the signer stays: whose it is not is refused at once
    all.retain(|place| place != "/actor" && place != "/@context");
    if all.is_empty() {
        return;
    }
    let (place, other) = (dice.of(&all).clone(), dice.of(&all).clone());
    let (whole, copy) = (value.clone(), value.pointer(&other).cloned().unwrap_or_default());
    match dice.below(6) {
        0 => {
            let (parent, key) = place.rsplit_once('/').unwrap();
            if let Some(Value::Object(map)) = value.pointer_mut(parent) {
                map.remove(&key.replace("~1", "/").replace("~0", "~"));
            }
        }
        1 => *value.pointer_mut(&place).unwrap() = copy,
        2 => {
            let here = value.pointer_mut(&place).unwrap();
            *here = json!([here.take(), copy]);
        }
        3 => {
            let here = value.pointer_mut(&place).unwrap();
            *here = json!({"type": dice.of(KINDS), "id": here.clone(), "object": here.take(),
                           "actor": whole["actor"]});
        }
        _ => *value.pointer_mut(&place).unwrap() = odd(dice, &whole, ours),
    }
}

#[test]
fn s_045_s_136_f_145_bent_activities_never_break_anything() {
    let world = World::with(|config| config.limits.inbox_requests_per_server = 0);
    world.ann_follows("maria@masto.example");
    world.deliver("mastodon/follow");
    world.deliver("mastodon/create_note_public_media");
    let mut seeds: Vec<Value> = Vec::new();
    for entry in index() {
        let file = entry["file"].as_str().unwrap();
        let Some(name) = file.strip_suffix(".json") else { continue };
        if ["hostile/", "http/", "static-actor/"].iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        let value = world.read(name);
        if value["actor"].is_string() || value["attributedTo"].is_string() {
            seeds.push(world.activity(name));
        }
    }
    // of those whose key is not to be had nothing is taken at all
    let mut known: HashMap<String, bool> = HashMap::new();
    seeds.retain(|activity| {
        let signer = actor_of(activity);
        *known.entry(signer.clone()).or_insert_with(|| {
            let probe = json!({"@context": CONTEXT, "id": format!("{signer}#probe"),
                               "type": "Dislike", "actor": signer, "object": world.ann.uri});
            let probe = probe.to_string();
            world.send(&signer, &world.inbox(), probe.as_bytes()).status == 202
        })
    });
    assert!(seeds.len() > 60, "{} activities", seeds.len());
    let uri = |status: &Value| status["uri"].as_str().unwrap().to_owned();
    let ours = [
        world.ann.uri.clone(),
        uri(&world.post),
        uri(&world.poll),
        uri(&world.private),
        world.at("https://masto.example/users/maria"),
        world.at("https://masto.example/users/maria/statuses/114001"),
        world.at("https://masto.example/users/eve"),
        format!("{}/inbox", world.instance.base),
    ];
    let seed = std::env::var("DASSIE_BENT_SEED").ok().and_then(|s| s.parse().ok());
    let mut dice = Dice(seed.unwrap_or(0x5eed_0b5e_55ed_1234));
    let maria = world.at("https://masto.example/users/maria");
    let mut taken = 0;
    for number in 0..SENT {
        let mut activity = dice.of(&seeds).clone();
        // half of them by maria, with whom ann has to do
        if dice.below(2) == 0 {
            let author = actor_of(&activity);
            let text = activity.to_string().replace(&author, &maria);
            activity = serde_json::from_str(&text).unwrap();
        }
        let signer = actor_of(&activity);
        for _ in 0..=dice.below(4) {
            bend(&mut dice, &mut activity, &ours);
        }
        let goes = activity["object"] == json!(signer) || activity["object"]["id"] == json!(signer);
        if goes && activity["type"] == "Delete" {
            continue;
        }
        if activity["id"].is_string() && dice.below(3) > 0 {
            activity["id"] = json!(format!("{signer}#bent/{number}"));
        }
        let inbox = match dice.below(2) {
            0 => world.inbox(),
            _ => format!("{}/inbox", world.ann.uri),
        };
        let answer = world.send(&signer, &inbox, activity.to_string().as_bytes());
        // F-109: who bent their own key away or deleted themselves is asked to come later
        let is_key = answer.status == 503 && answer.text().contains("key of the signature");
        assert!(answer.status < 500 || is_key, "{}: {activity}", answer.text());
        taken += usize::from(answer.status == 202);
        if number % BATCH == BATCH - 1 {
            world.settle();
        }
    }
    assert!(taken > SENT / 2, "{taken} of {SENT} were taken");
    // what could not be read is tried again a few times, and that is all
    let path = world.instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    for _ in 0..8 {
        world.settle();
        world.instance.advance(3 * 3_600_000);
    }
    world.settle();
    let mut left = sql
        .prepare(
            "SELECT kind, lane, attempts, dead, ifnull(last_error, '') FROM job
             WHERE attempts > 0 OR dead = 1",
        )
        .unwrap();
    let left: Vec<(i64, String, i64, bool, String)> = left
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let is_theirs = |error: &str| error.contains("http://") || error.contains("could not");
    for (kind, lane, attempts, dead, error) in left {
        assert!(dead && attempts <= 5, "a job of {lane} is tried for ever: {kind} {error}");
        assert!(is_theirs(&error), "a fault of ours in a job of {lane}: {kind} {error}");
    }
    // and everything that people read is still there
    world.ann.get("/api/v1/timelines/home?limit=40");
    world.ann.get("/api/v1/notifications?limit=40");
    world.ann.get("/api/v1/timelines/public?limit=40");
    assert_eq!(world.again(&world.post)["content"], world.post["content"]);
}
