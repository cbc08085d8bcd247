//! Whatever a client asks for while things arrive, it gets exactly that part of what arrived:
//! nothing is lost, nothing comes twice.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::{id, ids};
use crate::support::{Instance, Person};

/// A row of numbers that is the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// A reader, somebody whom it follows and has in a list, and one whom it does not follow.
struct World {
    instance: Instance,
    ann: Person,
    bob: Person,
    list: String,
}

impl World {
    fn new() -> Self {
        let instance = Instance::start();
        let (ann, bob) = (instance.person("ann"), instance.person("bob"));
        ann.follows("bob");
        let list = id(&ann.post("/api/v1/lists", json!({"title": "l"})));
        ann.post(&format!("/api/v1/lists/{list}/accounts"), json!({"account_ids": [bob.id]}));
        Self { instance, ann, bob, list }
    }

    /// One more of everything.
    fn arrive(&self) -> String {
        arrive(&self.ann, &self.bob)
    }

    /// The lists in which each arrival is one more entry, paged by the ids that they show.
    fn lists(&self) -> Vec<(String, bool)> {
        vec![
            ("/api/v1/timelines/home".into(), true),
            ("/api/v1/timelines/public".into(), true),
            ("/api/v1/timelines/tag/tag".into(), true),
            (format!("/api/v1/timelines/list/{}", self.list), true),
            (format!("/api/v1/accounts/{}/statuses", self.bob.id), true),
            ("/api/v1/notifications".into(), false),
            ("/api/v2/notifications".into(), false),
        ]
    }
}

fn arrive(ann: &Person, bob: &Person) -> String {
    let status = id(&bob.writes("hello @ann #tag", "public"));
    ann.post(&format!("/api/v1/statuses/{status}/bookmark"), json!({}));
    status
}

/// The ids of an answer, newest first.
fn shown(answer: &Value) -> Vec<i64> {
    let texts: Vec<String> = match answer.get("notification_groups") {
        Some(groups) => groups
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["page_max_id"].as_str().unwrap().to_owned())
            .collect(),
        None => ids(answer),
    };
    texts.iter().map(|id| id.parse().unwrap()).collect()
}

/// Mastodon's definition of a page, over everything that there is, oldest first.
fn page_of(
    all: &[i64],
    max: Option<i64>,
    since: Option<i64>,
    min: Option<i64>,
    limit: usize,
) -> Vec<i64> {
    let above = since.max(min).unwrap_or(0);
    let fits: Vec<i64> =
        all.iter().copied().filter(|id| *id > above && max.is_none_or(|max| *id < max)).collect();
    let cut = match min {
        Some(_) => &fits[..limit.min(fits.len())],
        None => &fits[fits.len().saturating_sub(limit)..],
    };
    cut.iter().rev().copied().collect()
}

#[test]
fn every_mix_of_cuts_answers_the_part_it_names() {
    let world = World::new();
    let mut dice = Dice(7);
    let mut written: Vec<i64> = Vec::new();
    for round in 0..30 {
        for _ in 0..=dice.roll(2) {
            written.push(world.arrive().parse().unwrap());
        }
        let told: Vec<i64> =
            shown(&world.ann.get("/api/v1/notifications?limit=80&types[]=mention"));
        let told: Vec<i64> = told.into_iter().rev().collect();
        assert_eq!(told.len(), written.len());
        for (path, of_statuses) in world.lists() {
            let all = if of_statuses { &written } else { &told };
            let mut pick = |one_in: usize| {
                (dice.roll(one_in) == 0)
                    .then(|| all[dice.roll(all.len())] + dice.roll(3) as i64 - 1)
            };
            let (max, since, min) = (pick(2), pick(3), pick(2));
            let limit = 1 + dice.roll(8);
            let mut query = format!("?limit={limit}");
            for (name, value) in [("max_id", max), ("since_id", since), ("min_id", min)] {
                if let Some(value) = value {
                    query.push_str(&format!("&{name}={value}"));
                }
            }
            let answer = shown(&world.ann.get(&format!("{path}{query}")));
            assert_eq!(
                answer,
                page_of(all, max, since, min, limit),
                "round {round}: {path}{query}"
            );
        }
    }
}

#[test]
fn who_climbs_and_who_descends_while_things_arrive_meets_each_once() {
    let world = World::new();
    for _ in 0..15 {
        world.arrive();
    }
    let done = AtomicBool::new(false);
    let (ann, bob) = (world.ann.clone(), world.bob.clone());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let written: Vec<i64> = (0..45).map(|_| arrive(&ann, &bob).parse().unwrap()).collect();
            done.store(true, Ordering::SeqCst);
            written
        });
        let mut dice = Dice(11);
        // of each list: what was met, from the top at the start on upwards, and downwards
        let mut walks: Vec<(String, Vec<i64>, Vec<i64>)> = world
            .lists()
            .into_iter()
            .map(|(path, _)| {
                let start = shown(&world.ann.get(&format!("{path}?limit=1")));
                (path, start.clone(), start)
            })
            .collect();
        let mut ended = false;
        loop {
            let mut is_quiet = true;
            for (path, up, down) in &mut walks {
                let limit = 1 + dice.roll(6);
                let top = up.last().unwrap();
                let above = shown(&world.ann.get(&format!("{path}?min_id={top}&limit={limit}")));
                is_quiet &= above.is_empty();
                up.extend(above.into_iter().rev());
                let bottom = down.last().unwrap();
                down.extend(shown(
                    &world.ann.get(&format!("{path}?max_id={bottom}&limit={limit}")),
                ));
            }
            if ended && is_quiet {
                break;
            }
            ended = done.load(Ordering::SeqCst);
        }
        let written = writer.join().unwrap();
        for (path, up, down) in walks {
            let mut met: Vec<i64> = down.into_iter().rev().chain(up.into_iter().skip(1)).collect();
            assert!(met.windows(2).all(|pair| pair[0] < pair[1]), "{path}: in order, once each");
            assert_eq!(met.len(), 60, "{path}: nothing is lost");
            if path.contains("timelines") {
                assert_eq!(met.split_off(15), written, "{path}");
            }
        }
    });
    // bookmarks are paged by their links alone
    let mut met: Vec<String> = Vec::new();
    let mut at = "/api/v1/bookmarks?limit=7".to_owned();
    loop {
        let answer = world.ann.request("GET", &at).send();
        let link = answer.header("link").map(str::to_owned);
        met.extend(ids(&answer.ok()));
        if met.len() % 3 == 1 && met.len() < 40 {
            world.arrive();
        }
        let Some((next, _)) = link.as_deref().and_then(|link| link.split_once(">; rel=\"next\""))
        else {
            break;
        };
        let next = next.trim_start_matches('<');
        at = next.strip_prefix(&world.instance.base).unwrap().to_owned();
    }
    let count = met.len();
    met.sort();
    met.dedup();
    assert_eq!((met.len(), count), (60, 60));
}
