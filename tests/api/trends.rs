//! What is much talked about: tags, statuses and links; and how busy the server was.

use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use serde_json::{Value, json};

use super::{admin::admin, id, ids, shape::is_documented};
use crate::support::{Instance, Options, Person, Website, eventually, texts, with_websites};

const MONDAY: i64 = 1_767_571_200_000;

fn start() -> Instance {
    let clock = Clock::manual(MONDAY + 3 * DAY + 12 * HOUR);
    Instance::with(Options { clock, configure: Some(with_websites) })
}

fn makes_findable(people: &[&Person]) {
    for person in people {
        let body = json!({"discoverable": true});
        person.request("PATCH", "/api/v1/accounts/update_credentials").json(&body).send().ok();
    }
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn tags_of_several_people_are_trends_with_their_history() {
    let instance = start();
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| instance.person(name));
    assert_eq!(ann.get("/api/v1/trends/tags"), json!([]));
    for person in [&ann, &bob, &eve] {
        person.writes("#天氣 today", "public");
    }
    ann.writes("#天氣 again", "public");
    for person in [&ann, &bob] {
        person.writes("#rust", "public");
        person.writes("#hidden", "unlisted");
    }
    ann.writes("#habit", "public");
    ann.writes("#habit", "public");
    instance.advance(HOUR + 1);
    let found = eventually("there are trends", || {
        let found = ann.get("/api/v1/trends/tags");
        (found != json!([])).then_some(found)
    });
    assert_eq!(names(&found), ["天氣", "rust"]);
    let history = found[0]["history"].as_array().unwrap();
    assert_eq!(history.len(), 7);
    let today = ((MONDAY + 3 * DAY) / 1000).to_string();
    assert_eq!(history[0], json!({"day": today, "uses": "4", "accounts": "3"}));
    assert_eq!((&history[6]["uses"], &history[6]["accounts"]), (&json!("0"), &json!("0")));
    assert_eq!(found[0]["following"], false);
    assert_eq!(ann.get("/api/v1/tags/%E5%A4%A9%E6%B0%A3")["history"], found[0]["history"]);
    assert_eq!(
        ann.get("/api/v2/search?type=hashtags&q=%E5%A4%A9%E6%B0%A3")["hashtags"][0]["history"],
        found[0]["history"]
    );
    // the old name, nobody in particular, pages
    assert_eq!(ann.get("/api/v1/trends"), found);
    let open = instance.get("/api/v1/trends/tags").ok();
    is_documented(&[
        ("GET", "/api/v1/trends/tags", 200, &found),
        ("GET", "/api/v1/trends", 200, &found),
    ]);
    assert_eq!((names(&open), &open[0]["following"]), (names(&found), &Value::Null));
    let answer = ann.request("GET", "/api/v1/trends/tags?limit=1&offset=1").send();
    let link = answer.header("link").unwrap().to_owned();
    assert!(
        link.contains("offset=2>; rel=\"next\"") && link.contains("offset=0>; rel=\"prev\""),
        "{link}"
    );
    assert_eq!(names(&answer.ok()), ["rust"]);
    assert_eq!(ann.get("/api/v1/trends/tags?offset=9999"), json!([]));
    for (bad, status) in [
        ("limit=x", 422),
        ("offset=x", 422),
        ("limit=-5&offset=-5", 200),
        ("limit=99999999999", 200),
    ] {
        let answer = ann.request("GET", &format!("/api/v1/trends/tags?{bad}")).send();
        assert_eq!(answer.status, status, "{bad}");
    }
    // old news is no news
    instance.advance(3 * DAY);
    eventually("trends end", || (ann.get("/api/v1/trends/tags") == json!([])).then_some(()));
}

#[test]
fn statuses_that_people_liked_are_trends_for_those_who_may_see_them() {
    let instance = start();
    let [ann, bob, eve, dan] = ["ann", "bob", "eve", "dan"].map(|name| instance.person(name));
    makes_findable(&[&ann, &bob]);
    let liked = |author: &Person, text: &str, visibility: &str| {
        let status = id(&author.writes(text, visibility));
        for person in [&bob, &eve] {
            person.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
        }
        status
    };
    liked(&ann, "liked", "public");
    liked(&ann, "unlisted", "unlisted");
    liked(&dan, "not findable", "public");
    let gone = liked(&ann, "deleted", "public");
    let more = liked(&bob, "liked more", "public");
    ann.post(&format!("/api/v1/statuses/{more}/reblog"), json!({}));
    let warned = ann.post("/api/v1/statuses", json!({"status": "warned", "spoiler_text": "cw"}));
    for person in [&bob, &eve, &dan] {
        person.post(&format!("/api/v1/statuses/{}/favourite", id(&warned)), json!({}));
    }
    ann.writes("unnoticed", "public");
    instance.advance(HOUR + 1);
    let path = "/api/v1/trends/statuses";
    eventually("there are trends", || (ids(&eve.get(path)).len() == 3).then_some(()));
    ann.delete(&format!("/api/v1/statuses/{gone}"));
    assert_eq!(texts(&eve.get(path)), ["liked more", "liked"]);
    assert_eq!(texts(&instance.get(path).ok()), ["liked more", "liked"]);
    is_documented(&[("GET", path, 200, &eve.get(path))]);
    assert_eq!(eve.get(path)[0]["favourited"], true);
    assert_eq!(texts(&eve.get(&format!("{path}?offset=1"))), ["liked"]);
    eve.post(&format!("/api/v1/accounts/{}/mute", bob.id), json!({}));
    assert_eq!(texts(&eve.get(path)), ["liked"]);
    ann.post(&format!("/api/v1/accounts/{}/block", eve.id), json!({}));
    assert_eq!(eve.get(path), json!([]));
    let body = json!({"discoverable": false});
    ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&body).send().ok();
    assert_eq!(texts(&dan.get(path)), ["liked more"], "who does not want to be found is not shown");
}

#[test]
fn links_that_several_people_shared_are_trends() {
    let instance = start();
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| instance.person(name));
    makes_findable(&[&ann, &bob]);
    let web = Website::start();
    let (both, alone) =
        (web.page("/both", "<title>Both</title>"), web.page("/alone", "<title>A</title>"));
    for person in [&ann, &bob, &eve] {
        person.writes(&both, "public");
    }
    ann.writes(&alone, "public");
    eve.writes(&alone, "public");
    instance.settle();
    instance.advance(HOUR + 1);
    let path = "/api/v1/trends/links";
    let found = eventually("there are trends", || {
        let found = instance.get(path).ok();
        (found != json!([])).then_some(found)
    });
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!((&found[0]["title"], &found[0]["url"]), (&json!("Both"), &json!(both)));
    assert_eq!(found[0]["history"][0]["uses"], "3");
    assert_eq!(found[0]["history"][0]["accounts"], "3");
    assert_eq!(found[0]["history"].as_array().unwrap().len(), 7);
    assert_eq!(ann.get(path), found);
    is_documented(&[("GET", path, 200, &found)]);
}

#[test]
fn what_limited_people_share_is_no_trend() {
    let instance = start();
    let [ann, bob, eve, loud] = ["ann", "bob", "eve", "loud"].map(|name| instance.person(name));
    makes_findable(&[&ann, &bob, &eve, &loud]);
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let limit = "UPDATE account SET silenced_at = 1 WHERE id = ?";
    assert_eq!(sql.execute(limit, [&loud.id]).unwrap(), 1);
    let web = Website::start();
    let (spam, fine) =
        (web.page("/spam", "<title>S</title>"), web.page("/fine", "<title>F</title>"));
    for person in [&ann, &loud] {
        person.writes(&format!("#spam {spam}"), "public");
    }
    for person in [&ann, &bob] {
        person.writes(&format!("#fine {fine}"), "public");
    }
    let status = id(&loud.writes("loud", "public"));
    for person in [&ann, &bob, &eve] {
        person.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
    }
    instance.settle();
    instance.advance(HOUR + 1);
    let tags = eventually("there are trends", || {
        let found = ann.get("/api/v1/trends/tags");
        (found != json!([])).then_some(found)
    });
    assert_eq!(names(&tags), ["fine"]);
    let links = ann.get("/api/v1/trends/links");
    assert_eq!((links[0]["title"].as_str(), links.as_array().unwrap().len()), (Some("F"), 1));
    assert_eq!(loud.get("/api/v1/trends/statuses"), json!([]), "not even for oneself");
}

#[test]
fn how_much_a_tag_is_used_is_counted_once_in_five_minutes() {
    let instance = start();
    let [ann, bob] = ["ann", "bob"].map(|name| instance.person(name));
    for person in [&ann, &bob] {
        person.writes("#rust", "public");
    }
    instance.advance(HOUR + 1);
    let uses = || ann.get("/api/v1/trends/tags")[0]["history"][0]["uses"].clone();
    eventually("there are trends", || (uses() == "2").then_some(()));
    ann.writes("#rust again", "public");
    // by itself it is counted at once
    assert_eq!(ann.get("/api/v1/tags/rust")["history"][0]["uses"], "3");
    instance.advance(5 * MINUTE - 1);
    assert_eq!(uses(), "2");
    instance.advance(1);
    assert_eq!(uses(), "3");
}

#[test]
fn trends_can_be_turned_off() {
    let instance = Instance::with(Options {
        clock: Clock::manual(MONDAY),
        configure: Some(|config| config.trends.enabled = false),
    });
    let [ann, bob] = ["ann", "bob"].map(|name| instance.person(name));
    for person in [&ann, &bob] {
        person.writes("#rust", "public");
    }
    instance.advance(HOUR + 1);
    for path in ["trends", "trends/tags", "trends/statuses", "trends/links"] {
        assert_eq!(ann.get(&format!("/api/v1/{path}")), json!([]), "{path}");
    }
}

#[test]
fn the_server_tells_how_busy_it_was() {
    let instance = start();
    let [ann, bob] = ["ann", "bob"].map(|name| instance.person(name));
    let status = id(&ann.writes("one", "public"));
    bob.post(&format!("/api/v1/statuses/{status}/reblog"), json!({}));
    instance.advance(7 * DAY);
    ann.writes("two", "public");
    ann.writes("three", "direct");
    let weeks = instance.get("/api/v1/instance/activity").ok();
    let languages = instance.get("/api/v1/instance/languages").ok();
    assert!(
        languages
            .as_array()
            .unwrap()
            .contains(&json!({"code": "zh-TW", "name": "Chinese (Taiwan)"}))
    );
    is_documented(&[
        ("GET", "/api/v1/instance/activity", 200, &weeks),
        ("GET", "/api/v1/instance/languages", 200, &languages),
    ]);
    let weeks = weeks.as_array().unwrap();
    assert_eq!(weeks.len(), 12);
    let week = |back: i64| ((MONDAY + (7 - 7 * back) * DAY) / 1000).to_string();
    assert_eq!(
        weeks[0],
        json!({"week": week(0), "statuses": "2", "logins": "0", "registrations": "0"})
    );
    assert_eq!(
        weeks[1],
        json!({"week": week(1), "statuses": "1", "logins": "2", "registrations": "2"})
    );
    assert_eq!(
        weeks[11],
        json!({"week": week(11), "statuses": "0", "logins": "0", "registrations": "0"})
    );
}

#[test]
fn f_340_those_who_are_limited_make_no_trends() {
    let instance = start();
    let boss = admin(&instance, "boss");
    let [ann, bob, eve, spam] = ["ann", "bob", "eve", "spam"].map(|name| instance.person(name));
    makes_findable(&[&ann, &bob, &eve, &spam]);
    let site = Website::start();
    site.page("/good", "<title>Good</title>");
    site.page("/bad", "<title>Bad</title>");
    for (person, tag, page) in [
        (&ann, "good", "/good"),
        (&bob, "good", "/good"),
        (&eve, "bad", "/bad"),
        (&spam, "bad", "/bad"),
    ] {
        person.writes(&format!("#{tag} {}", site.at(page)), "public");
    }
    let limit = format!("/api/v1/admin/accounts/{}/action", spam.id);
    boss.post(&limit, json!({"type": "silence"}));
    instance.settle();
    instance.advance(HOUR + 1);
    let found = eventually("there are trends", || {
        let found = ann.get("/api/v1/trends/tags");
        (found != json!([])).then_some(found)
    });
    assert_eq!(names(&found), ["good"]);
    let links = ann.get("/api/v1/trends/links");
    let titles: Vec<&Value> = links.as_array().unwrap().iter().map(|l| &l["title"]).collect();
    assert_eq!(titles, ["Good"]);
}
