//! Notifications in groups: what is one, what a page says of it, and how one walks through them.

use dassie::clock::{Clock, HOUR};
use serde_json::{Value, json};

use super::{id, ids};
use crate::support::{Instance, Options, Person};

fn standing() -> Instance {
    let clock = Clock::manual(Clock::system().now_ms());
    Instance::with(Options { clock, configure: None })
}

fn people(instance: &Instance, count: usize) -> Vec<Person> {
    (0..count).map(|n| instance.person(&format!("p{n}"))).collect()
}

fn favourites(person: &Person, status: &str) {
    person.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
}

fn reblogs(person: &Person, status: &str) {
    person.post(&format!("/api/v1/statuses/{status}/reblog"), json!({}));
}

fn groups(person: &Person, query: &str) -> Vec<Value> {
    let all = person.get(&format!("/api/v2/notifications{query}"));
    all["notification_groups"].as_array().unwrap().clone()
}

/// Kind and count of each group.
fn counts(groups: &[Value]) -> Vec<(&str, i64)> {
    let one = |g: &'_ Value| g["notifications_count"].as_i64().unwrap();
    groups.iter().map(|g| (g["type"].as_str().unwrap(), one(g))).collect()
}

#[test]
fn what_many_do_with_one_status_is_one_group() {
    let instance = standing();
    let ann = instance.person("ann");
    let others = people(&instance, 10);
    let (one, two) = (id(&ann.writes("one", "public")), id(&ann.writes("two", "public")));
    for other in &others {
        favourites(other, &one);
    }
    reblogs(&others[0], &one);
    favourites(&others[1], &two);
    for other in &others[..3] {
        other.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    }
    others[4].writes("hey @ann", "public");
    others[5].writes("hey @ann", "public");
    let all = ann.get("/api/v2/notifications");
    let list = all["notification_groups"].as_array().unwrap();
    assert_eq!(
        counts(list),
        [
            ("mention", 1),
            ("mention", 1),
            ("follow", 3),
            ("favourite", 1),
            ("reblog", 1),
            ("favourite", 10)
        ]
    );
    let (mention, many) = (&list[0], &list[5]);
    let told = ann.get("/api/v1/notifications?limit=80&types[]=favourite");
    let told: Vec<&Value> =
        told.as_array().unwrap().iter().filter(|n| n["status"]["id"] == one.as_str()).collect();
    // one's own id is a number, those of the page are texts
    assert_eq!(many["most_recent_notification_id"].as_i64().unwrap().to_string(), id(told[0]));
    assert_eq!(many["page_max_id"], told[0]["id"]);
    assert_eq!(many["page_min_id"], told[9]["id"]);
    assert_eq!(many["latest_page_notification_at"], told[0]["created_at"]);
    assert_eq!(many["status_id"], one.as_str());
    assert_eq!(many["group_key"], told[9]["group_key"]);
    let samples: Vec<&str> = many["sample_account_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i.as_str().unwrap())
        .collect();
    let newest: Vec<&str> = others.iter().rev().take(8).map(|p| p.id.as_str()).collect();
    assert_eq!(samples, newest);
    assert_eq!(
        mention["group_key"],
        format!("ungrouped-{}", mention["page_max_id"].as_str().unwrap())
    );
    // accounts and statuses once each
    let mut accounts = ids(&all["accounts"]);
    accounts.sort();
    let mut unique = accounts.clone();
    unique.dedup();
    assert_eq!(accounts, unique);
    assert_eq!(accounts.len(), 10);
    assert_eq!(all["statuses"].as_array().unwrap().len(), 4);
    assert!(all.get("partial_accounts").is_none());
    // in short but for the newest of each
    let short = ann.get("/api/v2/notifications?expand_accounts=partial_avatars");
    let (full, partial) = (ids(&short["accounts"]), ids(&short["partial_accounts"]));
    assert!(full.iter().all(|id| !partial.contains(id)));
    assert_eq!(full.len() + partial.len(), 10);
    assert!(short["partial_accounts"][0]["avatar"].is_string());
    assert!(short["partial_accounts"][0]["note"].is_null());
    let answer = ann.request("GET", "/api/v2/notifications?expand_accounts=some").send();
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("expand_accounts"));
    // kinds: left out, chosen, and not grouped
    assert_eq!(counts(&groups(&ann, "?types[]=favourite")), [("favourite", 1), ("favourite", 10)]);
    assert_eq!(groups(&ann, "?exclude_types[]=favourite").len(), 4);
    assert_eq!(groups(&ann, "?types[]=nothing").len(), 0);
    assert_eq!(groups(&ann, "?types[]=favourite&grouped_types[]=reblog").len(), 11);
    let of_one = format!("?account_id={}", others[1].id);
    assert_eq!(counts(&groups(&ann, &of_one)).len(), 3, "follow and two favourites");
}

#[test]
fn a_group_is_shown_paged_and_dismissed() {
    let instance = standing();
    let (ann, eve) = (instance.person("ann"), instance.person("eve"));
    let others = people(&instance, 5);
    let status = id(&ann.writes("one", "public"));
    for other in &others {
        favourites(other, &status);
    }
    others[0].writes("hey @ann", "public");
    let list = groups(&ann, "");
    let key = list[1]["group_key"].as_str().unwrap().to_owned();
    let single = list[0]["group_key"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/notifications/{key}");
    let one = ann.get(&path);
    assert_eq!(one["notification_groups"][0]["notifications_count"], 5);
    assert!(one["notification_groups"][0].get("page_max_id").is_none());
    assert_eq!(one["accounts"].as_array().unwrap().len(), 5);
    assert_eq!(
        ann.get(&format!("/api/v2/notifications/{single}"))["notification_groups"][0]["type"],
        "mention"
    );
    // everybody in it, in pages
    let page = ann.request("GET", &format!("{path}/accounts?limit=2")).send();
    let link = page.header("link").unwrap().to_owned();
    let first = ids(&page.ok());
    assert_eq!(first, [others[4].id.clone(), others[3].id.clone()]);
    let next = link.split('>').next().unwrap().trim_start_matches('<');
    let next = next.strip_prefix(&instance.base).unwrap();
    assert_eq!(ids(&ann.get(next)), [others[2].id.clone(), others[1].id.clone()]);
    assert_eq!(
        ids(&ann.get(&format!("/api/v2/notifications/{single}/accounts"))),
        [others[0].id.clone()]
    );
    // nobody else's (S-082)
    assert_eq!(eve.request("GET", &path).send().status, 404);
    assert_eq!(eve.get(&format!("{path}/accounts")), json!([]));
    eve.post(&format!("{path}/dismiss"), json!({}));
    eve.post(&format!("/api/v2/notifications/{single}/dismiss"), json!({}));
    assert_eq!(groups(&ann, "").len(), 2);
    assert_eq!(ann.post(&format!("{path}/dismiss"), json!({})), json!({}));
    assert_eq!(counts(&groups(&ann, "")), [("mention", 1)]);
    assert_eq!(ann.request("GET", &path).send().status, 404);
    ann.post(&format!("/api/v2/notifications/{single}/dismiss"), json!({}));
    assert_eq!(groups(&ann, "").len(), 0);
    favourites(&eve, &status);
    assert_eq!(groups(&ann, "").len(), 1);
    ann.post("/api/v2/notifications/clear", json!({}));
    assert_eq!(groups(&ann, "").len(), 0);
}

#[test]
fn a_group_spans_some_hours_and_old_rows_are_alone() {
    let instance = standing();
    let ann = instance.person("ann");
    let others = people(&instance, 4);
    let status = id(&ann.writes("one", "public"));
    favourites(&others[0], &status);
    instance.advance(11 * HOUR);
    favourites(&others[1], &status);
    assert_eq!(counts(&groups(&ann, "")), [("favourite", 2)]);
    instance.advance(2 * HOUR);
    favourites(&others[2], &status);
    assert_eq!(counts(&groups(&ann, "")), [("favourite", 1), ("favourite", 2)]);
    // as they were stored before there were groups
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute("UPDATE notification SET group_key = NULL", []).unwrap();
    let list = groups(&ann, "");
    assert_eq!(counts(&list), [("favourite", 1), ("favourite", 1), ("favourite", 1)]);
    assert!(list.iter().all(|g| g["group_key"].as_str().unwrap().starts_with("ungrouped-")));
}

#[test]
fn whoever_is_muted_is_not_counted_and_what_is_undone_neither() {
    let instance = standing();
    let ann = instance.person("ann");
    let others = people(&instance, 3);
    let status = id(&ann.writes("one", "public"));
    for other in &others {
        favourites(other, &status);
    }
    ann.post(&format!("/api/v1/accounts/{}/mute", others[2].id), json!({}));
    let list = groups(&ann, "");
    assert_eq!(counts(&list), [("favourite", 2)]);
    assert_eq!(list[0]["sample_account_ids"], json!([others[1].id, others[0].id]));
    others[1].post(&format!("/api/v1/statuses/{status}/unfavourite"), json!({}));
    assert_eq!(counts(&groups(&ann, "")), [("favourite", 1)]);
    ann.delete(&format!("/api/v1/statuses/{status}"));
    assert_eq!(groups(&ann, "").len(), 0);
}

#[test]
fn what_is_unread_is_counted_from_the_marker_on() {
    let instance = standing();
    let ann = instance.person("ann");
    let others = people(&instance, 5);
    let count = |path: &str| ann.get(&format!("/api/{path}"))["count"].as_i64().unwrap();
    assert_eq!(
        (count("v1/notifications/unread_count"), count("v2/notifications/unread_count")),
        (0, 0)
    );
    let status = id(&ann.writes("one", "public"));
    for other in &others {
        favourites(other, &status);
    }
    others[0].writes("hey @ann", "public");
    assert_eq!(
        (count("v1/notifications/unread_count"), count("v2/notifications/unread_count")),
        (6, 2)
    );
    assert_eq!(count("v1/notifications/unread_count?limit=4"), 4);
    assert_eq!(count("v1/notifications/unread_count?types[]=mention"), 1);
    assert_eq!(count("v2/notifications/unread_count?types[]=nothing"), 0);
    assert_eq!(count("v2/notifications/unread_count?grouped_types[]=follow"), 6);
    let all = ids(&ann.get("/api/v1/notifications"));
    ann.post("/api/v1/markers", json!({"notifications": {"last_read_id": all[2]}}));
    assert_eq!(
        (count("v1/notifications/unread_count"), count("v2/notifications/unread_count")),
        (2, 2)
    );
    ann.post("/api/v1/markers", json!({"notifications": {"last_read_id": all[0]}}));
    assert_eq!(
        (count("v1/notifications/unread_count"), count("v2/notifications/unread_count")),
        (0, 0)
    );
    // the old ways of taking them away
    ann.delete(&format!("/api/v1/notifications/{}", all[0]));
    ann.post("/api/v1/notifications/dismiss", json!({"id": all[1]}));
    assert_eq!(ids(&ann.get("/api/v1/notifications")), all[2..]);
    let many = format!("/api/v1/notifications/destroy_multiple?ids[]={}&ids[]={}", all[2], all[3]);
    let eve = instance.person("eve");
    eve.delete(&many);
    assert_eq!(ids(&ann.get("/api/v1/notifications")).len(), 4);
    ann.delete(&many);
    assert_eq!(ids(&ann.get("/api/v1/notifications")), all[4..]);
    for (method, path) in [
        ("DELETE", format!("/api/v1/notifications/{}", all[5])),
        ("POST", format!("/api/v1/notifications/{}/dismiss", all[5])),
        ("POST", format!("/api/v1/notifications/dismiss?id={}", all[5])),
    ] {
        assert_eq!(eve.request(method, &path).send().status, 404, "{path}");
    }
    assert_eq!(ann.request("POST", "/api/v1/notifications/dismiss").send().status, 422);
}

#[test]
fn pages_of_groups_pass_everything_once() {
    let instance = standing();
    let ann = instance.person("ann");
    let others = people(&instance, 4);
    let written: Vec<String> = (0..4).map(|n| id(&ann.writes(&n.to_string(), "public"))).collect();
    for other in &others {
        for status in &written {
            favourites(other, status);
            other.writes("hey @ann", "public");
        }
    }
    let whole: Vec<i64> = ids(&ann.get("/api/v1/notifications?limit=80"))
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    assert_eq!(whole.len(), 32);
    for limit in [1, 3, 7, 80] {
        // what a page covers lies between its last id and its first; together they cover all
        let mut below = i64::MAX;
        let mut seen: Vec<i64> = Vec::new();
        loop {
            let page = groups(&ann, &format!("?limit={limit}&max_id={below}"));
            if page.is_empty() {
                break;
            }
            let number =
                |g: &Value, field: &str| g[field].as_str().unwrap().parse::<i64>().unwrap();
            let low = page.iter().map(|g| number(g, "page_min_id")).min().unwrap();
            let high = page.iter().map(|g| number(g, "page_max_id")).max().unwrap();
            assert!(high < below, "nothing above the page");
            seen.extend(whole.iter().filter(|id| **id >= low && **id < below));
            below = low;
        }
        assert_eq!(seen, whole, "in pages of {limit}");
    }
    // upwards, the nearest first
    let mut above = 0;
    let mut met: Vec<i64> = Vec::new();
    loop {
        let answer =
            ann.request("GET", &format!("/api/v2/notifications?limit=3&min_id={above}")).send();
        let link = answer.header("link").map(str::to_owned);
        let page = answer.ok();
        let Some(link) = link else { break };
        let prev = link.split("min_id=").nth(1).unwrap().split('>').next().unwrap();
        let next: i64 = prev.parse().unwrap();
        assert!(next > above);
        met.extend(whole.iter().rev().filter(|id| **id > above && **id <= next));
        assert!(page["notification_groups"].as_array().unwrap().len() <= 3);
        above = next;
    }
    let mut upward: Vec<i64> = whole.clone();
    upward.reverse();
    // what is left at the end belongs to groups that were met before
    assert_eq!(met, upward[..met.len()]);
}

#[test]
fn what_makes_no_sense_is_said_or_names_nothing() {
    let instance = standing();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    bob.writes("hey @ann", "public");
    for (path, status, groups) in [
        ("?limit=many", 422, 0),
        ("?include_filtered=perhaps", 422, 0),
        ("?types[a][b]=mention", 422, 0),
        ("?expand_accounts[]=full", 422, 0),
        ("?limit=0", 200, 1),
        ("?limit=-3", 200, 1),
        ("?limit=99999999", 200, 1),
        ("?max_id=nonsense", 200, 0),
        ("?account_id=nonsense", 200, 0),
        ("?types[]=mention&exclude_types[]=mention", 200, 0),
        ("?grouped_types[]=nonsense", 200, 1),
    ] {
        let answer = ann.request("GET", &format!("/api/v2/notifications{path}")).send();
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        if status == 200 {
            let shown = answer.ok()["notification_groups"].as_array().unwrap().len();
            assert_eq!(shown, groups, "{path}");
        } else {
            assert!(answer.json()["error"].is_string(), "{path}");
        }
    }
    for key in ["ungrouped-", "ungrouped-x", "ungrouped-99999999999999999999", "favourite-1", "%00"]
    {
        let path = format!("/api/v2/notifications/{key}");
        assert_eq!(ann.request("GET", &path).send().status, 404, "{key}");
        assert_eq!(ann.get(&format!("{path}/accounts")), json!([]), "{key}");
        assert_eq!(ann.post(&format!("{path}/dismiss"), json!({})), json!({}), "{key}");
    }
    for path in ["requests/0", "requests/x", "requests/999"] {
        let path = format!("/api/v1/notifications/{path}");
        assert_eq!(ann.request("GET", &path).send().status, 404, "{path}");
        for deed in ["accept", "dismiss"] {
            assert_eq!(ann.request("POST", &format!("{path}/{deed}")).send().status, 404, "{path}");
        }
    }
    for deed in ["accept", "dismiss"] {
        let path = format!("/api/v1/notifications/requests/{deed}");
        for body in [json!({}), json!({"id": []}), json!({"id": ["x", "0"]})] {
            assert_eq!(ann.post(&path, body), json!({}));
        }
        let answer = ann.request("POST", &path).json(&json!({"id": [{"a": 1}]})).send();
        assert_eq!(answer.status, 422);
    }
    assert_eq!(groups(&ann, "").len(), 1);
}
