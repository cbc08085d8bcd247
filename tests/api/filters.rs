//! Filters: kept in both forms, and told with every status.

use std::collections::BTreeSet;

use dassie::clock::{Clock, HOUR};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{follow_peer, id, ids};
use crate::support::{Instance, Options, Peer, Person, eventually};

fn make(person: &Person, words: &[&str]) -> Value {
    let words: Vec<Value> = words.iter().map(|word| json!({"keyword": word})).collect();
    let fields = json!({"title": "f", "context": ["home"], "keywords_attributes": words});
    person.post("/api/v2/filters", fields)
}

/// The words that are found in a status.
fn found(status: &Value) -> Vec<String> {
    let results = status["filtered"].as_array().unwrap_or_else(|| panic!("none: {status}"));
    let words = |result: &Value| result["keyword_matches"].as_array().cloned().unwrap_or_default();
    results.iter().flat_map(words).map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_filter_is_made_changed_and_removed_with_its_words() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let form = [
        ("title", "noise"),
        ("context[]", "home"),
        ("context[]", "thread"),
        ("filter_action", "blur"),
        ("expires_in", "3600"),
        ("keywords_attributes[][keyword]", "one"),
        ("keywords_attributes[][whole_word]", "false"),
        ("keywords_attributes[][keyword]", "two"),
    ];
    let made = ann.request("POST", "/api/v2/filters").form(&form).send().ok();
    assert_eq!(made["context"], json!(["home", "thread"]));
    assert_eq!((&made["title"], &made["filter_action"]), (&json!("noise"), &json!("blur")));
    assert!(made["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(made["statuses"], json!([]));
    let words = &made["keywords"];
    assert_eq!((&words[0]["keyword"], &words[0]["whole_word"]), (&json!("one"), &json!(false)));
    assert_eq!((&words[1]["keyword"], &words[1]["whole_word"]), (&json!("two"), &json!(true)));
    let path = format!("/api/v2/filters/{}", id(&made));
    assert_eq!(ann.get(&path), made);
    assert_eq!(ann.get("/api/v2/filters"), json!([made]));
    let changed = ann.request("PUT", &path).json(&json!({
        "title": "noises", "expires_in": null, "filter_action": "hide", "keywords_attributes": [
            {"id": words[0]["id"], "_destroy": true},
            {"id": words[1]["id"], "keyword": "zwei"},
            {"keyword": "three", "whole_word": false},
        ],
    }));
    let changed = changed.send().ok();
    assert_eq!(changed["expires_at"], Value::Null);
    assert_eq!(changed["filter_action"], "hide");
    assert_eq!(changed["context"], json!(["home", "thread"]), "what is not named stays");
    let named: Vec<&Value> =
        changed["keywords"].as_array().unwrap().iter().map(|word| &word["keyword"]).collect();
    assert_eq!(named, ["zwei", "three"]);
    // words by themselves
    let word = ann.post(&format!("{path}/keywords"), json!({"keyword": "four"}));
    let word_path = format!("/api/v2/filters/keywords/{}", id(&word));
    let after = ann.request("PUT", &word_path).json(&json!({"whole_word": false})).send().ok();
    assert_eq!(after, json!({"id": word["id"], "keyword": "four", "whole_word": false}));
    assert_eq!(ann.get(&word_path), after);
    assert_eq!(ids(&ann.get(&format!("{path}/keywords"))).len(), 3);
    // statuses
    let status = bob.writes("x", "public");
    let name = ann.post(&format!("{path}/statuses"), json!({"status_id": id(&status)}));
    let name_path = format!("/api/v2/filters/statuses/{}", id(&name));
    assert_eq!(name["status_id"], status["id"]);
    assert_eq!(ann.get(&name_path), name);
    assert_eq!(ann.get(&format!("{path}/statuses")), json!([name]));
    let hidden = bob.writes("y", "direct");
    for (status, code) in [(id(&status), 422), (id(&hidden), 404), ("5".to_owned(), 404)] {
        let body = json!({"status_id": status});
        let answer = ann.request("POST", &format!("{path}/statuses")).json(&body).send();
        assert_eq!(answer.status, code, "{}", answer.text());
    }
    // S-082: nobody else's
    for (method, path) in [
        ("GET", path.clone()),
        ("PUT", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/keywords")),
        ("POST", format!("{path}/keywords")),
        ("GET", word_path.clone()),
        ("PUT", word_path.clone()),
        ("DELETE", word_path.clone()),
        ("GET", format!("{path}/statuses")),
        ("GET", name_path.clone()),
        ("DELETE", name_path.clone()),
        ("GET", format!("/api/v1/filters/{}", id(&word))),
        ("PUT", format!("/api/v1/filters/{}", id(&word))),
        ("DELETE", format!("/api/v1/filters/{}", id(&word))),
    ] {
        let answer = bob.request(method, &path).json(&json!({"keyword": "x"})).send();
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
    }
    let other = make(&bob, &["x"]);
    let body = json!({"keywords_attributes": [{"id": word["id"], "keyword": "mine"}]});
    let answer = bob.request("PUT", &format!("/api/v2/filters/{}", id(&other))).json(&body).send();
    assert_eq!(answer.status, 404);
    for path in [word_path, name_path, path] {
        assert_eq!(ann.delete(&path), json!({}));
        assert_eq!(ann.request("GET", &path).send().status, 404);
    }
}

#[test]
fn s_051_what_a_filter_is_made_of_has_caps() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (context, long) = (json!(["home"]), "x".repeat(513));
    let many: Vec<Value> = (0..101).map(|n| json!({"keyword": format!("w{n}")})).collect();
    for (fields, word) in [
        (json!({"context": context}), "Title"),
        (json!({"title": "x".repeat(257), "context": context}), "Title"),
        (json!({"title": "x"}), "Context"),
        (json!({"title": "x", "context": ["nowhere"]}), "Context"),
        (json!({"title": "x", "context": context, "filter_action": "burn"}), "filter_action"),
        (json!({"title": "x", "context": context, "expires_in": "soon"}), "expires_in"),
        (
            json!({"title": "x", "context": context, "keywords_attributes": [{"keyword": long}]}),
            "Keyword",
        ),
        (json!({"title": "x", "context": context, "keywords_attributes": [{}]}), "Keyword"),
        (
            json!({"title": "x", "context": context, "keywords_attributes": "x"}),
            "keywords_attributes",
        ),
        (json!({"title": "x", "context": context, "keywords_attributes": many}), "Keywords"),
    ] {
        let answer = ann.request("POST", "/api/v2/filters").json(&fields).send();
        assert_eq!(answer.status, 422, "{word}: {}", answer.text());
        assert!(answer.text().contains(word), "{}", answer.text());
    }
    assert_eq!(ann.get("/api/v2/filters"), json!([]), "all or nothing");
    for _ in 0..100 {
        make(&ann, &[]);
    }
    let body = json!({"title": "x", "context": context});
    assert_eq!(ann.request("POST", "/api/v2/filters").json(&body).send().status, 422);
}

#[test]
fn older_clients_see_each_word_as_a_filter() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let fields = json!({"phrase": "noise", "context": ["home"], "irreversible": true});
    let made = ann.post("/api/v1/filters", fields);
    assert_eq!(made["phrase"], "noise");
    assert_eq!((&made["whole_word"], &made["irreversible"]), (&json!(true), &json!(true)));
    let path = format!("/api/v1/filters/{}", id(&made));
    assert_eq!(ann.get(&path), made);
    let new = &ann.get("/api/v2/filters")[0];
    assert_eq!((&new["title"], &new["filter_action"]), (&json!("noise"), &json!("hide")));
    let change = json!({"phrase": "loud", "context": ["public"], "irreversible": false});
    let changed = ann.request("PUT", &path).json(&change).send().ok();
    assert_eq!((&changed["phrase"], &changed["context"]), (&json!("loud"), &json!(["public"])));
    // with a second word the filter is no longer this one's to change, but for its own word
    ann.post(&format!("/api/v2/filters/{}/keywords", id(new)), json!({"keyword": "second"}));
    assert_eq!(ann.get("/api/v1/filters").as_array().unwrap().len(), 2);
    let refused = ann.request("PUT", &path).json(&json!({"context": ["home"]})).send();
    assert_eq!(refused.status, 422);
    ann.request("PUT", &path).json(&json!({"phrase": "noise"})).send().ok();
    for filter in ids(&ann.get("/api/v1/filters")) {
        assert_eq!(ann.delete(&format!("/api/v1/filters/{filter}")), json!({}));
    }
    assert_eq!(ann.get("/api/v2/filters"), json!([]));
    assert_eq!(
        ann.request("POST", "/api/v1/filters").json(&json!({"context": ["home"]})).send().status,
        422
    );
}

#[test]
fn each_status_tells_what_found_it() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({}));
    let filter = make(&ann, &["Cat", "天氣", "warned"]);
    let status = carl.writes("a CAT and a cat; <b>今天天氣很好</b>", "public");
    let path = format!("/api/v1/statuses/{}", id(&status));
    let seen = ann.get(&path);
    assert_eq!(found(&seen), ["CAT", "天氣"]);
    let result = &seen["filtered"][0];
    assert_eq!(result["status_matches"], Value::Null);
    assert_eq!(result["filter"]["id"], filter["id"]);
    assert_eq!(result["filter"]["context"], json!(["home"]));
    assert!(result["filter"].get("keywords").is_none());
    assert_eq!(bob.get(&path)["filtered"], json!([]), "they are ann's filters");
    assert!(instance.get(&path).ok().get("filtered").is_none());
    assert_eq!(
        found(&ann.get(&format!("/api/v1/statuses/{}", id(&carl.writes("cats", "public"))))),
        [""; 0]
    );
    let warned = json!({"status": "x", "spoiler_text": "Warned"});
    let warned = carl.post("/api/v1/statuses", warned);
    assert_eq!(found(&ann.get(&format!("/api/v1/statuses/{}", id(&warned)))), ["Warned"]);
    // a boost and what it boosts; home leaves nothing out
    bob.post(&format!("{path}/reblog"), json!({}));
    let home = ann.get("/api/v1/timelines/home");
    assert_eq!(found(&home[0]), ["CAT", "天氣"]);
    assert_eq!(found(&home[0]["reblog"]), ["CAT", "天氣"]);
    // a status by itself
    let plain = bob.writes("plain", "public");
    let named = format!("/api/v2/filters/{}/statuses", id(&filter));
    ann.post(&named, json!({"status_id": id(&plain)}));
    let home = ann.get("/api/v1/timelines/home");
    assert_eq!(home[0]["filtered"][0]["status_matches"], json!([plain["id"]]));
    assert_eq!(home[0]["filtered"][0]["keyword_matches"], Value::Null);
    // notifications are there and tell it as well
    carl.writes("@ann cat", "public");
    let told = ann.get("/api/v1/notifications");
    assert_eq!(found(&told[0]["status"]), ["cat"]);
}

#[test]
fn filters_look_at_poll_options_and_descriptions_until_they_end() {
    let instance = Instance::with(Options {
        clock: Clock::manual(Clock::system().now_ms()),
        ..Options::default()
    });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let note = peer.create("mia", 1, "<p>look</p>", json!({
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": peer.at("/a.png"), "name": "a spider"}],
    }));
    let mut poll = peer.create(
        "mia",
        2,
        "<p>choose</p>",
        json!({
            "oneOf": [{"type": "Note", "name": "a snake", "replies": {"totalItems": 1}},
                      {"type": "Note", "name": "none", "replies": {"totalItems": 0}}],
        }),
    );
    poll["object"]["type"] = json!("Question");
    for activity in [note, poll] {
        assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &activity).status, 202);
        instance.settle();
    }
    eventually("both arrive", || (ann.home().len() == 2).then_some(()));
    let words = json!([{"keyword": "spider"}, {"keyword": "snake"}]);
    let fields = json!({"title": "f", "context": ["home"], "expires_in": 3600, "keywords_attributes": words});
    ann.post("/api/v2/filters", fields);
    let all = || -> Vec<Vec<String>> {
        ann.get("/api/v1/timelines/home").as_array().unwrap().iter().map(found).collect()
    };
    assert_eq!(all(), [["snake"], ["spider"]]);
    instance.advance(HOUR + 1);
    assert_eq!(all(), [[""; 0]; 2]);
    assert_eq!(ann.get("/api/v2/filters").as_array().unwrap().len(), 1, "it is still kept");
}

/// Whether a word stands in a text, told in the plainest way: every place is tried.
fn stands(word: &str, whole: bool, text: &str) -> bool {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<char>>();
    let (word, text) = (lower(word), lower(text));
    let continues =
        |c: char| (c.is_alphanumeric() || c == '_') && !('\u{2e80}'..='\u{9fff}').contains(&c);
    (0..=text.len().saturating_sub(word.len())).any(|from| {
        let to = from + word.len();
        let inside =
            |at: usize| at > 0 && at < text.len() && continues(text[at - 1]) && continues(text[at]);
        to <= text.len() && text[from..to] == word && !(whole && (inside(from) || inside(to)))
    })
}

/// A filter's id, its words and whether each is whole, its action, and the seconds until it ends.
type Made = (String, Vec<(&'static str, bool)>, &'static str, Option<i64>);

#[test]
fn any_filters_find_what_a_plain_search_finds() {
    let instance =
        Instance::with(Options { clock: Clock::manual(1_790_000_000_000), ..Options::default() });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let part = || {
        prop::sample::select(vec![
            "cat", "Cats", "天氣", "今天", "b c", "x_y", "é", "!", " ", ", ", "",
        ])
    };
    let text = prop::collection::vec(part(), 1..7).prop_map(|parts| parts.concat());
    let word = prop::sample::select(vec![
        "cat",
        "CAT",
        "cats",
        "天",
        "今天天氣",
        "c cat",
        "x_y",
        "É",
        "y",
    ]);
    let contexts = prop::sample::subsequence(
        vec!["home", "notifications", "public", "thread", "account"],
        1..5,
    );
    let action = prop::sample::select(vec!["warn", "hide", "blur"]);
    let filter = (
        prop::collection::vec((word, any::<bool>()), 1..4),
        contexts,
        action,
        prop::option::of(60..600_i64),
    );
    let world =
        (prop::collection::vec(filter, 1..4), prop::collection::vec(text, 1..5), 0..900_i64);
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    let run = |(filters, texts, later): (Vec<_>, Vec<String>, i64)| {
        let mut made: Vec<Made> = Vec::new();
        for (words, contexts, action, ends) in filters {
            let words: Vec<(&'static str, bool)> = words;
            let keywords: Vec<Value> = words
                .iter()
                .map(|(word, whole)| json!({"keyword": word, "whole_word": whole}))
                .collect();
            let fields = json!({
                "title": "f", "context": contexts, "filter_action": action, "expires_in": ends,
                "keywords_attributes": keywords,
            });
            made.push((id(&ann.post("/api/v2/filters", fields)), words, action, ends));
        }
        let statuses: Vec<(String, String)> = texts
            .into_iter()
            .map(|text| format!("z {text} z"))
            .map(|text| (id(&bob.writes(&text, "public")), text))
            .collect();
        instance.advance(later * 1000);
        for (status, text) in &statuses {
            let shown = ann.get(&format!("/api/v1/statuses/{status}"));
            let told: BTreeSet<(String, String)> = shown["filtered"]
                .as_array()
                .unwrap()
                .iter()
                .map(|hit| {
                    (
                        id(&hit["filter"]),
                        hit["filter"]["filter_action"].as_str().unwrap().to_owned(),
                    )
                })
                .collect();
            let expected: BTreeSet<(String, String)> = made
                .iter()
                .filter(|(_, words, _, ends)| {
                    ends.is_none_or(|ends| ends > later)
                        && words.iter().any(|(word, whole)| stands(word, *whole, text))
                })
                .map(|(id, _, action, _)| (id.clone(), (*action).to_owned()))
                .collect();
            prop_assert_eq!(told, expected, "{:?}, {} s later, by {:?}", text, later, &made);
            // nobody else is told of it
            prop_assert_eq!(
                &bob.get(&format!("/api/v1/statuses/{status}"))["filtered"],
                &json!([])
            );
        }
        for (id, ..) in &made {
            ann.delete(&format!("/api/v2/filters/{id}"));
        }
        Ok(())
    };
    TestRunner::new(config).run(&world, run).unwrap();
}
