//! Who may read what, in any small world: a model of it, held against every route that answers.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::{id, scopes};
use crate::support::{Instance, Person};

const NAMES: [&str; 4] = ["ann", "bob", "cat", "dan"];
const VISIBILITIES: [&str; 4] = ["public", "unlisted", "private", "direct"];

/// What happens, in this order.
#[derive(Clone, Debug)]
enum Deed {
    Follow(usize, usize),
    Block(usize, usize),
    /// Who, with which visibility, naming whom.
    Write(usize, usize, Option<usize>),
    /// A boost of the status at that place among those written, if it can be.
    Boost(usize, usize),
    Quote(usize, usize),
    Unfollow(usize, usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = || 0..NAMES.len();
    prop_oneof![
        3 => (who(), who()).prop_map(|(a, b)| Deed::Follow(a, b)),
        1 => (who(), who()).prop_map(|(a, b)| Deed::Block(a, b)),
        6 => (who(), 0..4_usize, prop::option::of(who())).prop_map(|(a, v, b)| Deed::Write(a, v, b)),
        2 => (who(), 0..8_usize).prop_map(|(a, s)| Deed::Boost(a, s)),
        1 => (who(), 0..8_usize).prop_map(|(a, s)| Deed::Quote(a, s)),
        1 => (who(), who()).prop_map(|(a, b)| Deed::Unfollow(a, b)),
    ]
}

/// A status as the model knows it.
struct Known {
    id: String,
    word: String,
    author: usize,
    visibility: usize,
    named: Option<usize>,
}

#[derive(Default)]
struct Model {
    follows: Vec<(usize, usize)>,
    blocks: Vec<(usize, usize)>,
    statuses: Vec<Known>,
}

impl Model {
    /// The rule, as a person would say it.
    fn may(&self, reader: Option<usize>, status: &Known) -> bool {
        let Some(reader) = reader else { return status.visibility < 2 };
        if reader == status.author {
            return true;
        }
        if self.blocks.contains(&(status.author, reader)) {
            return false;
        }
        let follows = self.follows.contains(&(reader, status.author));
        status.visibility < 2 || status.named == Some(reader) || status.visibility == 2 && follows
    }
}

/// Does it in the instance and in the model.
fn act(people: &[Person], model: &mut Model, deed: &Deed, case: usize) {
    let at = |a: usize, verb: &str| format!("/api/v1/accounts/{}/{verb}", people[a].id);
    match *deed {
        Deed::Follow(a, b) if a != b => {
            if people[a].request("POST", &at(b, "follow")).send().status == 200 {
                model.follows.push((a, b));
            }
        }
        Deed::Unfollow(a, b) if a != b => {
            people[a].request("POST", &at(b, "unfollow")).send();
            model.follows.retain(|pair| *pair != (a, b));
        }
        Deed::Block(a, b) if a != b => {
            people[a].request("POST", &at(b, "block")).send().ok();
            model.blocks.push((a, b));
            // a block ends what was between them
            model.follows.retain(|pair| *pair != (a, b) && *pair != (b, a));
        }
        Deed::Write(a, visibility, named) => {
            let word = format!("xq{case}x{}qx", model.statuses.len());
            let name = named.map_or(String::new(), |b| format!("@{}", NAMES[b]));
            let body = json!({
                "status": format!("{word} {name} #tag"), "visibility": VISIBILITIES[visibility],
            });
            // whom one has blocked, or who has blocked one, is named all the same, and not told
            let id = id(&people[a].post("/api/v1/statuses", body));
            model.statuses.push(Known { id, word, author: a, visibility, named });
        }
        Deed::Boost(a, place) => {
            if let Some(status) = model.statuses.get(place) {
                let path = format!("/api/v1/statuses/{}/reblog", status.id);
                let done = people[a].request("POST", &path).send().status == 200;
                assert!(!done || model.may(Some(a), status), "boosted unseen");
            }
        }
        Deed::Quote(a, place) => {
            if let Some(status) = model.statuses.get(place) {
                let body = json!({"status": "look", "quoted_status_id": status.id});
                let done = people[a].request("POST", "/api/v1/statuses").json(&body).send();
                assert!(done.status != 200 || model.may(Some(a), status), "quoted unseen");
            }
        }
        Deed::Follow(..) | Deed::Unfollow(..) | Deed::Block(..) => {}
    }
}

/// Every GET route, for everybody, with all ids there are.
fn look_everywhere(
    instance: &Instance,
    people: &[Person],
    model: &Model,
) -> Result<(), TestCaseError> {
    let readers = || std::iter::once(None).chain((0..people.len()).map(Some));
    for route in scopes::table().iter().filter(|route| route.method == "GET") {
        if route.path.contains("/streaming") || route.path.contains("/admin/") {
            continue;
        }
        let paths: Vec<String> = if route.path.contains("/accounts/{id}") {
            people.iter().map(|person| route.path.replace("{id}", &person.id)).collect()
        } else if route.path.contains("/statuses/{id}") || route.path.contains("/polls/{id}") {
            model.statuses.iter().map(|status| route.path.replace("{id}", &status.id)).collect()
        } else {
            vec![route.path.replace("{id}", "1").replace("{tag}", "tag")]
        };
        for path in paths {
            let query = match path.as_str() {
                "/api/v2/search" => "?q=tag&limit=40".to_owned(),
                "/api/v1/statuses" => {
                    let ids = model.statuses.iter().map(|status| format!("&id[]={}", status.id));
                    format!("?limit=40{}", ids.collect::<String>())
                }
                _ => "?limit=40&id[]=1".to_owned(),
            };
            for reader in readers() {
                let address = format!("{path}{query}");
                let answer = match reader {
                    Some(reader) => people[reader].request("GET", &address).send(),
                    None => instance.get(&address),
                };
                let text = answer.text();
                for status in &model.statuses {
                    prop_assert!(
                        !text.contains(&status.word) || model.may(reader, status),
                        "{} shows {} of {} to {:?}",
                        address,
                        VISIBILITIES[status.visibility],
                        NAMES[status.author],
                        reader.map(|reader| NAMES[reader])
                    );
                }
            }
        }
    }
    // and what one may read is there when it is asked for
    for status in &model.statuses {
        for reader in readers() {
            let path = format!("/api/v1/statuses/{}", status.id);
            let answer = match reader {
                Some(reader) => people[reader].request("GET", &path).send(),
                None => instance.get(&path),
            };
            let expected = if model.may(reader, status) { 200 } else { 404 };
            prop_assert_eq!(answer.status, expected, "{} for {:?}", path, reader);
        }
    }
    Ok(())
}

#[test]
fn s_087_in_any_world_every_route_keeps_to_who_may_read_what() {
    let config = Config { cases: 5, failure_persistence: None, ..Config::default() };
    let case = std::cell::Cell::new(0);
    let run = |deeds: Vec<Deed>| {
        case.set(case.get() + 1);
        let instance = Instance::start();
        let people = NAMES.map(|name| instance.person(name));
        let mut model = Model::default();
        for deed in &deeds {
            act(&people, &mut model, deed, case.get());
        }
        look_everywhere(&instance, &people, &model)
    };
    TestRunner::new(config).run(&prop::collection::vec(deed(), 12..26), run).unwrap();
}
