//! Lists come in pages: whole, in order, both ways, with links that clients can follow.

use dassie::clock::Clock;
use serde_json::{Value, json};

use super::{follow_peer, id, ids, write_many};
use crate::support::{Instance, Options, Peer, Person};

/// An instance whose clock stands still: everything happens in one millisecond.
fn standing() -> Instance {
    let clock = Clock::manual(Clock::system().now_ms());
    Instance::with(Options { clock, configure: None })
}

/// `next` and `prev` of a `Link` header.
fn links(header: Option<&str>) -> (Option<String>, Option<String>) {
    let find = |rel: &str| {
        header?.split(", ").find_map(|part| {
            let (address, what) = part.split_once("; ")?;
            (what == format!("rel=\"{rel}\"")).then(|| address.trim_matches(['<', '>']).to_owned())
        })
    };
    (find("next"), find("prev"))
}

/// Follows the links through a list, down to its end and up again, and answers the ids on the
/// way down.
#[track_caller]
fn walk(instance: &Instance, person: &Person, path: &str) -> Vec<String> {
    let get = |path: &str| {
        let answer = person.request("GET", path).send();
        let links = links(answer.header("link"));
        let list = answer.ok();
        (ids(&list), links)
    };
    let local = |address: String| {
        address.strip_prefix(&instance.base).unwrap_or_else(|| panic!("{address}")).to_owned()
    };
    let mut down: Vec<String> = Vec::new();
    let (mut up, mut last) = (None, 0);
    let mut at = path.to_owned();
    for _ in 0..2000 {
        let (page, (next, prev)) = get(&at);
        if page.is_empty() {
            assert_eq!((next, prev), (None, None), "an empty page leads nowhere");
            break;
        }
        last = page.len();
        down.extend(page);
        up = prev;
        let Some(next) = next else { break };
        at = local(next);
    }
    // from the last page back to the first: what stands above it, the nearest page first
    let mut climbed: Vec<String> = Vec::new();
    while let Some(address) = up {
        let (page, (_, prev)) = get(&local(address));
        assert_eq!(page.is_empty(), prev.is_none(), "{path}");
        climbed.splice(0..0, page);
        up = prev;
    }
    assert_eq!(climbed, down[..down.len() - last], "the way up passes all of the way down: {path}");
    let mut unique = down.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), down.len(), "nothing comes twice: {path}");
    down
}

#[test]
fn every_list_is_walked_both_ways_without_gap_or_repeat() {
    let instance = standing();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let others: Vec<Person> = (0..7).map(|i| instance.person(&format!("p{i}"))).collect();
    let mut written: Vec<String> = Vec::new();
    for number in 0..11 {
        written.push(id(&ann.writes(&format!("number {number} #tag"), "public")));
    }
    written.reverse();
    let mut people: Vec<String> = Vec::new();
    for other in &others {
        other.post(&format!("/api/v1/statuses/{}/favourite", written[0]), json!({}));
        other.post(&format!("/api/v1/statuses/{}/reblog", written[0]), json!({}));
        other.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
        ann.post(&format!("/api/v1/accounts/{}/follow", other.id), json!({}));
        bob.post(&format!("/api/v1/accounts/{}/block", other.id), json!({}));
        bob.post(&format!("/api/v1/accounts/{}/mute", other.id), json!({}));
        people.push(other.id.clone());
    }
    people.reverse();
    // favourited in another order than written
    let mut liked: Vec<String> = Vec::new();
    for index in [3, 0, 7, 5, 1, 9, 2] {
        bob.post(&format!("/api/v1/statuses/{}/favourite", written[index]), json!({}));
        liked.insert(0, written[index].clone());
    }
    // ids and ends of each list, in pages of several sizes
    let account = format!("/api/v1/accounts/{}", ann.id);
    let status = format!("/api/v1/statuses/{}", written[0]);
    let mut likers = vec![bob.id.clone()];
    likers.extend(people.clone());
    let lists: Vec<(&Person, String, &Vec<String>)> = vec![
        (&bob, format!("{account}/statuses?"), &written),
        (&bob, format!("{account}/statuses?exclude_replies=true&exclude_reblogs=true&"), &written),
        (&ann, "/api/v1/timelines/public?local=true&".into(), &written),
        (&ann, "/api/v1/timelines/public?".into(), &written),
        (&ann, "/api/v1/timelines/tag/tag?".into(), &written),
        (&bob, "/api/v1/favourites?".into(), &liked),
        (&ann, format!("{account}/followers?"), &people),
        // whom one blocks or mutes is not shown to one
        (&others[0], format!("{account}/following?"), &people),
        (&bob, "/api/v1/blocks?".into(), &people),
        (&bob, "/api/v1/mutes?".into(), &people),
        (&ann, format!("{status}/favourited_by?"), &likers),
        (&ann, format!("{status}/reblogged_by?"), &people),
    ];
    for (person, path, expected) in lists {
        for limit in [1, 3, 7, 40] {
            let seen = walk(&instance, person, &format!("{path}limit={limit}"));
            assert_eq!(&seen, expected, "{path} in pages of {limit}");
        }
    }
    // home: own statuses, and the boosts of `written[0]` are no news there
    for limit in [1, 4, 40] {
        assert_eq!(
            walk(&instance, &ann, &format!("/api/v1/timelines/home?limit={limit}")),
            written
        );
    }
    // notifications: three of each of the seven and seven favourites by bob
    let whole = ids(&ann.get("/api/v1/notifications?limit=80"));
    assert_eq!(whole.len(), 28);
    assert!(
        whole
            .windows(2)
            .all(|pair| { pair[0].parse::<i64>().unwrap() > pair[1].parse::<i64>().unwrap() })
    );
    for limit in [1, 5, 27, 80] {
        assert_eq!(walk(&instance, &ann, &format!("/api/v1/notifications?limit={limit}")), whole);
    }
    let follows = "/api/v1/notifications?types[]=follow&limit=2";
    assert_eq!(walk(&instance, &ann, follows).len(), 7);
}

#[test]
fn links_name_the_ends_of_the_page_and_keep_what_was_asked() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let mut written: Vec<String> =
        (0..5).map(|n| id(&ann.writes(&format!("{n} #x"), "public"))).collect();
    written.reverse();
    let base = &instance.base;
    let cases = [
        ("/api/v1/timelines/home", "limit=2"),
        ("/api/v1/timelines/public", "local=true&limit=2"),
        ("/api/v1/timelines/tag/x", "limit=2&any%5B%5D=y"),
        (&format!("/api/v1/accounts/{}/statuses", ann.id), "exclude_replies=1&limit=2"),
    ];
    for (path, query) in cases {
        let answer = ann.request("GET", &format!("{path}?{query}&max_id={}", written[0])).send();
        assert_eq!(
            answer.header("link").unwrap(),
            format!(
                "<{base}{path}?{query}&max_id={}>; rel=\"next\", \
                 <{base}{path}?{query}&min_id={}>; rel=\"prev\"",
                written[2], written[1]
            )
        );
        assert_eq!(ids(&answer.ok()), written[1..3]);
        let none = ann.request("GET", &format!("{path}?{query}&max_id=1")).send();
        assert_eq!(none.header("link"), None);
        assert_eq!(none.ok(), json!([]));
    }
}

/// `@idotj/mastodon-embed-timeline` reads on as long as the last `Link` that it saw has a `next`.
#[test]
fn the_last_page_says_that_it_is_the_last() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    bob.follows("ann");
    let written: Vec<String> =
        (0..3).map(|n| id(&ann.writes(&format!("{n} #x"), "public"))).collect();
    for status in &written {
        bob.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
        bob.post(&format!("/api/v1/statuses/{status}/bookmark"), json!({}));
    }
    for (person, path) in [
        (&bob, "/api/v1/timelines/home"),
        (&bob, "/api/v1/timelines/public"),
        (&bob, "/api/v1/timelines/tag/x"),
        (&bob, &format!("/api/v1/accounts/{}/statuses", ann.id)),
        (&bob, "/api/v1/favourites"),
        (&bob, "/api/v1/bookmarks"),
        (&ann, "/api/v1/notifications?types[]=favourite"),
        (&ann, "/api/v2/notifications?types[]=favourite"),
    ] {
        let mark = if path.contains('?') { '&' } else { '?' };
        let ask = |query: &str| {
            let answer = person.request("GET", &format!("{path}{mark}{query}")).send();
            links(answer.header("link"))
        };
        let (next, prev) = ask("limit=4");
        assert!(next.is_none() && prev.is_some(), "{path}");
        // a full page may not be the last; what web pages show knows
        let is_exact = ["public", "tag/", "accounts/"].iter().any(|part| path.contains(part));
        assert_eq!(ask("limit=3").0.is_none(), is_exact, "{path}");
        assert!(ask("limit=2").0.is_some(), "{path}");
        let (next, prev) = ask("limit=2&min_id=1");
        assert!(next.is_some() && prev.is_some(), "{path}");
        assert!(ask("limit=4&since_id=1").0.is_some(), "{path}: there may be more below");
    }
}

#[test]
fn s_061_a_link_carries_nothing_that_ends_it() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.writes("x", "public");
    let answer = ann
        .request("GET", "/api/v1/timelines/home?a=%0d%0aX-Evil:%201&b=%3E%3B%20rel%3D%22next%22")
        .send();
    assert_eq!(answer.header("x-evil"), None);
    let link = answer.header("link").unwrap();
    assert_eq!((link.matches('<').count(), link.matches('>').count()), (1, 1), "{link}");
    let secret = ann.request("GET", "/api/v1/timelines/home?access_token=hunter2").send();
    assert!(!secret.header("link").unwrap().contains("hunter2"));
}

#[test]
fn since_id_takes_the_newest_and_min_id_the_nearest() {
    let instance = standing();
    let ann = instance.person("ann");
    let mut all: Vec<String> = (0..8).map(|n| id(&ann.writes(&n.to_string(), "public"))).collect();
    all.reverse();
    for path in [
        "/api/v1/timelines/home",
        "/api/v1/timelines/public",
        &format!("/api/v1/accounts/{}/statuses", ann.id),
    ] {
        let get = |query: String| ids(&ann.get(&format!("{path}?{query}")));
        assert_eq!(get(format!("limit=2&since_id={}", all[6])), all[0..2]);
        assert_eq!(get(format!("limit=2&min_id={}", all[6])), all[4..6]);
        assert_eq!(get(format!("limit=40&since_id={}", all[3])), all[0..3]);
        assert_eq!(get(format!("min_id={}", all[3])), all[0..3]);
        assert_eq!(get(format!("max_id={}&since_id={}", all[1], all[4])), all[2..4]);
        assert_eq!(get(format!("limit=1&max_id={}&min_id={}", all[1], all[4])), all[3..4]);
        assert_eq!(get(format!("min_id={}", all[0])), all[0..0]);
        assert_eq!(get("max_id=".into()), all, "an empty id is none");
    }
}

#[test]
fn limits_are_kept_within_their_bounds() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    write_many(&instance, &ann, (0..60).map(|n| format!("number {n}")).collect());
    let count =
        |query: &str| ann.get(&format!("/api/v1/timelines/home{query}")).as_array().unwrap().len();
    assert_eq!(count(""), 20);
    assert_eq!(count("?limit=7"), 7);
    assert_eq!(count("?limit=1000"), 40);
    for strange in ["?limit=0", "?limit=-5"] {
        let answer = ann.request("GET", &format!("/api/v1/timelines/home{strange}")).send();
        assert!(matches!(answer.status, 200 | 422), "{strange}: {}", answer.text());
        if answer.status == 200 {
            assert!(answer.ok().as_array().unwrap().len() <= 20, "{strange}");
        }
    }
}

#[test]
fn home_goes_on_beyond_what_is_kept_without_a_gap() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({}));
    let mut expected: Vec<String> = (0..900).map(|n| format!("number {n}")).collect();
    write_many(&instance, &bob, expected.clone());
    expected.reverse();
    let reader: i64 = ann.id.parse().unwrap();
    let kept = instance
        .app
        .db
        .write(dassie::db::Lane::Interactive, move |tx| {
            dassie::db::timeline::trim(tx, reader)?;
            let page = dassie::model::Page::newest(2000);
            Ok(dassie::db::timeline::list(tx, reader, reader, &page)?.len())
        })
        .wait()
        .unwrap();
    assert_eq!(kept, 800, "the timeline is bounded");
    let seen = walk(&instance, &ann, "/api/v1/timelines/home?limit=40");
    assert_eq!(seen.len(), 900);
    // a page that begins in what is kept and ends behind it
    let across = ann.get(&format!("/api/v1/timelines/home?limit=40&max_id={}", seen[784]));
    assert_eq!(ids(&across), seen[785..825]);
    let texts: Vec<String> = seen
        .chunks(40)
        .flat_map(|page| {
            let below: i64 = page[0].parse::<i64>().unwrap() + 1;
            let list: Value = ann.get(&format!("/api/v1/timelines/home?limit=40&max_id={below}"));
            crate::support::texts(&list)
        })
        .collect();
    assert_eq!(texts, expected);
}

#[test]
fn a_list_goes_on_beyond_what_is_kept_by_its_own_rules() {
    let instance = Instance::start();
    let (ann, bob, carl, dora) = (
        instance.person("ann"),
        instance.person("bob"),
        instance.person("carl"),
        instance.person("dora"),
    );
    ann.follows("bob");
    ann.follows("carl");
    let list = id(&ann.post("/api/v1/lists", json!({"title": "l"})));
    let path = format!("/api/v1/lists/{list}");
    ann.post(&format!("{path}/accounts"), json!({"account_ids": [bob.id, ann.id]}));
    let by = |author: &Person, text: &str, to: Option<&str>| {
        id(&author.post("/api/v1/statuses", json!({"status": text, "in_reply_to_id": to})))
    };
    let (of_carl, of_dora) = (by(&carl, "carl's", None), by(&dora, "dora's", None));
    let of_ann = by(&ann, "ann's", None);
    let to_ann = by(&bob, "to ann", Some(&of_ann));
    let to_carl = by(&bob, "to carl", Some(&of_carl));
    let to_dora = by(&bob, "to dora", Some(&of_dora));
    let boost = id(&bob.post(&format!("/api/v1/statuses/{of_dora}/reblog"), json!({})));
    write_many(&instance, &bob, (0..820).map(|n| format!("number {n}")).collect());
    let timeline: i64 = list.parse().unwrap();
    instance
        .app
        .db
        .write(dassie::db::Lane::Interactive, move |tx| dassie::db::timeline::trim(tx, timeline))
        .wait()
        .unwrap();
    let walk = || walk(&instance, &ann, &format!("/api/v1/timelines/list/{list}?limit=40"));
    let set = |change: Value| ann.request("PUT", &path).json(&change).send().ok();
    // all of bob's, ann's own, the boost; of the answers that to a member
    let seen = walk();
    assert_eq!(seen.len(), 823);
    assert_eq!(seen[820..], [boost.clone(), to_ann.clone(), of_ann.clone()]);
    set(json!({"replies_policy": "followed"}));
    assert_eq!(walk()[820..], [boost.clone(), to_carl, to_ann.clone(), of_ann.clone()]);
    set(json!({"replies_policy": "none"}));
    // what answers the reader is none to somebody else
    assert_eq!(walk()[820..], [boost, to_ann.clone(), of_ann.clone()]);
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({"reblogs": false}));
    assert_eq!(walk()[820..], [to_ann, of_ann]);
    assert!(!walk().contains(&to_dora));
}

#[test]
fn pages_of_a_tag_are_full_whatever_is_left_out() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let mut wanted: Vec<String> = Vec::new();
    for n in 0..24 {
        let more = ["", "#b", "#c", "#b #c"][n % 4];
        let status = id(&ann.writes(&format!("{n} #a {more}"), "public"));
        if n % 4 == 1 {
            wanted.insert(0, status);
        }
    }
    for limit in [1, 2, 40] {
        let path = format!("/api/v1/timelines/tag/a?all[]=b&none[]=c&none[]=nobodys&limit={limit}");
        assert_eq!(walk(&instance, &ann, &path), wanted, "in pages of {limit}");
        let first = ann.get(&path);
        assert_eq!(first.as_array().unwrap().len(), limit.min(6));
    }
    assert_eq!(ann.get("/api/v1/timelines/tag/a?all[]=nobodys"), json!([]));
    assert_eq!(ann.get("/api/v1/timelines/tag/a?remote=true"), json!([]));
    assert_eq!(ann.get("/api/v1/timelines/tag/a?only_media=true"), json!([]));
    assert_eq!(walk(&instance, &ann, "/api/v1/timelines/tag/b?any[]=c&limit=5").len(), 18);
}
