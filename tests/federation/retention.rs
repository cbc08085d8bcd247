//! What goes for its age: statuses of others that nobody here did anything with, boosts of them,
//! and accounts of strangers; and every reason for which one stays.

use dassie::activity;
use dassie::clock::{Clock, DAY};
use dassie::config::Config;
use serde_json::{Value, json};

use crate::api::{follow_peer, id};
use crate::support::{Instance, Options, Peer, Person, eventually, texts};

/// How long statuses of others stay here.
const DAYS: i64 = 60;

/// An instance whose clock stands still, with somebody, and a server of authors.
pub(super) struct Scene {
    pub(super) instance: Instance,
    pub(super) ann: Person,
    pub(super) peer: Peer,
}

impl Scene {
    pub(super) fn new(names: &[&str]) -> Self {
        Self::with(names, |config| config.federation.remote_status_days = 60)
    }

    fn with(names: &[&str], configure: fn(&mut Config)) -> Self {
        let clock = Clock::manual(Clock::system().now_ms());
        let instance = Instance::with(Options { clock, configure: Some(configure) });
        let ann = instance.person("ann");
        let scene = Self { instance, ann, peer: Peer::start(names) };
        scene.keeps_house();
        scene
    }

    /// A note as its server shows it, inside its Create.
    fn written(&self, author: &str, number: u32, extra: Value) -> Value {
        let mut create = self.peer.create(author, number, &format!("<p>note {number}</p>"), extra);
        if create["object"]["published"].is_null() {
            // in the order of their numbers, although the clock stands still
            let ms = self.instance.app.clock.now_ms() - 3_600_000 + i64::from(number) * 1000;
            create["object"]["published"] = json!(dassie::clock::wire_time(ms));
        }
        let mut note = create["object"].clone();
        note["@context"] = json!(activity::AS2);
        self.peer.serve(&format!("/notes/{number}"), note);
        create
    }

    /// A note that ann looks up: the id that it has here.
    fn note(&self, author: &str, number: u32, extra: Value) -> String {
        self.written(author, number, extra);
        self.looks_up(number)
    }

    fn looks_up(&self, number: u32) -> String {
        let uri = self.peer.at(&format!("/notes/{number}"));
        let found = self.ann.finds_status(&uri);
        id(&found.unwrap_or_else(|| panic!("{uri} is not found")))
    }

    fn sends(&self, author: &str, activity: &Value) {
        let (inbox, now) =
            (format!("{}/inbox", self.instance.base), self.instance.app.clock.now_ms());
        assert_eq!(self.peer.send_as(author, &inbox, activity, now).status, 202);
        self.instance.settle();
    }

    fn does(&self, method: &'static str, path: &str, body: Value) {
        self.ann.request(method, path).json(&body).send().ok();
    }

    fn is_here(&self, id: &str) -> bool {
        let status = self.ann.request("GET", &format!("/api/v1/statuses/{id}")).send().status;
        assert!(status == 200 || status == 404, "{status}");
        status == 200
    }

    /// Those of the statuses that are here, by name.
    fn here<'a>(&self, all: &[(&'a str, String)]) -> Vec<&'a str> {
        all.iter().filter(|(_, id)| self.is_here(id)).map(|(name, _)| *name).collect()
    }

    pub(super) fn sql(&self) -> rusqlite::Connection {
        let path = self.instance.folder.path().join("data/dassie.db");
        rusqlite::Connection::open(path).unwrap()
    }

    /// Waits until the work of this hour is done as far as rows are removed.
    fn keeps_house(&self) {
        let done = format!("- {}", self.instance.app.clock.now_ms());
        eventually("house is kept", || {
            // the end of an earlier hour's work may have been under way when the clock moved
            self.instance.app.wake.rouse();
            let sql = "SELECT value FROM meta WHERE key = 'retention.tags'";
            let at: Option<String> = self.sql().query_row(sql, [], |row| row.get(0)).ok();
            (at? == done).then_some(())
        });
    }

    /// Days go by, at the end of which house is kept.
    pub(super) fn passes(&self, days: i64) {
        self.instance.settle();
        self.instance.advance(days * DAY);
        self.keeps_house();
    }

    pub(super) fn count(&self, sql: &str) -> i64 {
        self.sql().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn what_somebody_here_did_something_with_stays() {
    let scene = Scene::new(&["mia", "nora"]);
    let later = dassie::clock::api_time(scene.instance.app.clock.now_ms() + 100 * DAY);
    let on = |deed: &str| {
        let deed = deed.to_owned();
        move |scene: &Scene, id: &str, _: &Value| {
            scene.does("POST", &format!("/api/v1/statuses/{id}/{deed}"), json!({}));
        }
    };
    type Deed = Box<dyn Fn(&Scene, &str, &Value)>;
    let deeds: Vec<(&str, Deed)> = vec![
        ("nothing", Box::new(|_, _, _| ())),
        ("favourited", Box::new(on("favourite"))),
        ("bookmarked", Box::new(on("bookmark"))),
        ("boosted", Box::new(on("reblog"))),
        (
            "answered",
            Box::new(|scene, id, _| {
                scene.does(
                    "POST",
                    "/api/v1/statuses",
                    json!({"status": "well", "in_reply_to_id": id}),
                );
            }),
        ),
        (
            "to be answered",
            Box::new(move |scene, id, _| {
                let body = json!({"status": "well", "in_reply_to_id": id, "scheduled_at": later});
                scene.does("POST", "/api/v1/statuses", body);
            }),
        ),
        (
            "reacted to",
            Box::new(|scene, id, _| {
                let path = format!("/api/v1/pleroma/statuses/{id}/reactions/%F0%9F%8E%89");
                scene.does("PUT", &path, json!({}));
            }),
        ),
        (
            "voted in",
            Box::new(|scene, _, status| {
                let path = format!("/api/v1/polls/{}/votes", id(&status["poll"]));
                scene.does("POST", &path, json!({"choices": [0]}));
            }),
        ),
        (
            "filtered",
            Box::new(|scene, status, _| {
                let body = json!({"title": "x", "context": ["home"], "filter_action": "warn"});
                let filter = id(&scene.ann.post("/api/v2/filters", body));
                let path = format!("/api/v2/filters/{filter}/statuses");
                scene.does("POST", &path, json!({"status_id": status}));
            }),
        ),
        (
            "reported",
            Box::new(|scene, id, status| {
                let body = json!({"account_id": status["account"]["id"], "status_ids": [id]});
                scene.does("POST", "/api/v1/reports", body);
            }),
        ),
    ];
    let choice = |name: &str| json!({"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 0}});
    let mut all = Vec::new();
    for (number, (name, deed)) in (1..).zip(&deeds) {
        let extra = match *name {
            "voted in" => json!({"type": "Question", "oneOf": [choice("tea"), choice("milk")]}),
            _ => json!({}),
        };
        let note = scene.note("mia", number, extra);
        let status = scene.ann.get(&format!("/api/v1/statuses/{note}"));
        deed(&scene, &note, &status);
        all.push((*name, note));
    }
    // somebody's status that names ann comes by itself
    let named = json!({
        "cc": [scene.ann.uri], "tag": [{"type": "Mention", "href": scene.ann.uri, "name": "@ann"}],
    });
    let create = scene.written("nora", 50, named);
    scene.sends("nora", &create);
    all.push(("that names her", scene.looks_up(50)));
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    scene.passes(DAYS - 1);
    assert_eq!(scene.here(&all), names, "nothing goes before its time");
    scene.passes(2);
    assert_eq!(scene.here(&all), names[1..]);
    // nor later, when they are looked at again
    scene.passes(30);
    assert_eq!(scene.here(&all), names[1..]);
    assert_eq!(scene.count("SELECT count(*) FROM tombstone"), 0, "nobody deleted anything");
    let told = scene.peer.received().iter().filter(|a| a["type"] == "Delete").count();
    assert_eq!(told, 0);
}

#[test]
fn one_reason_is_enough() {
    let scene = Scene::new(&["mia", "nora"]);
    let own = id(&scene.ann.writes("mine", "public"));
    let ann: i64 = scene.ann.id.parse().unwrap();
    let mia: i64 = id(&scene.ann.finds(&format!("mia@{}", scene.peer.host))).parse().unwrap();
    let reasons = [
        ("none", "SELECT 1".to_owned()),
        ("told", "INSERT INTO notification (account_id, kind, from_account_id, status_id, created_at) VALUES ({ann}, 0, {mia}, {id}, 1)".into()),
        ("conversation", "INSERT INTO conversation (account_id, thread_id, last_status_id) VALUES ({ann}, {id}, {id})".into()),
        ("addressed", "INSERT INTO mention (status_id, account_id, silent) VALUES ({id}, {ann}, 1)".into()),
        ("consent", "INSERT INTO interaction (kind, target_id, owner_id, account_id, uri, state, created_at) VALUES (0, {id}, {mia}, {ann}, 'x', 0, 1)".into()),
        ("home", "INSERT INTO timeline_entry VALUES ({ann}, {id}, {mia}, NULL)".into()),
        ("quoted", format!("INSERT INTO quote (status_id, account_id, quoted_id, quoted_uri, state) VALUES ({own}, {{ann}}, {{id}}, 'x', 1)")),
        ("planned quote", "INSERT INTO scheduled_status (account_id, due, params, created_at) VALUES ({ann}, 9000000000000, json_object('quoted_status_id', {id}), 1)".into()),
        ("pinned by a stranger", "INSERT INTO pin (account_id, status_id, created_at) VALUES ({mia}, {id}, 1)".into()),
        ("told to others", "INSERT INTO mention (status_id, account_id) VALUES ({id}, {mia})".into()),
    ];
    let mut all = Vec::new();
    for (number, (name, reason)) in (1..).zip(&reasons) {
        let note = scene.note("mia", number, json!({}));
        let reason = reason
            .replace("{ann}", &ann.to_string())
            .replace("{mia}", &mia.to_string())
            .replace("{id}", &note);
        scene.sql().execute_batch(&reason).unwrap();
        all.push((*name, note));
    }
    scene.passes(DAYS + 1);
    let stay = ["told", "conversation", "addressed", "consent", "home", "quoted", "planned quote"];
    assert_eq!(scene.here(&all), stay);
}

#[test]
fn of_somebody_who_is_followed_the_newest_stay_and_what_stands_at_home() {
    let scene = Scene::new(&["mia"]);
    let mia = follow_peer(&scene.instance, &scene.ann, &scene.peer, "mia");
    let inbox = format!("{}/inbox", scene.instance.base);
    for number in 1..=44 {
        let create = scene.written("mia", number, json!({}));
        assert_eq!(scene.peer.send("mia", &inbox, &create).status, 202);
    }
    scene.instance.settle();
    scene.passes(DAYS + 1);
    assert_eq!(scene.count("SELECT count(*) FROM status"), 44, "all stand at home");
    scene.sql().execute_batch("DELETE FROM timeline_entry").unwrap();
    scene.passes(1);
    let shown = texts(&scene.ann.get(&format!("/api/v1/accounts/{mia}/statuses?limit=40")));
    assert_eq!((shown.len(), &*shown[0], &*shown[39]), (40, "note 44", "note 5"));
    assert_eq!(scene.count("SELECT count(*) FROM status"), 40);
    // a pin stays with those who are followed
    let pinned = scene.looks_up(5);
    let pin =
        format!("INSERT INTO pin (account_id, status_id, created_at) VALUES ({mia}, {pinned}, 1)");
    scene.sql().execute_batch(&pin).unwrap();
    for number in 51..=52 {
        let create = scene.written("mia", number, json!({}));
        scene.sends("mia", &create);
    }
    scene.sql().execute_batch("DELETE FROM timeline_entry").unwrap();
    scene.passes(DAYS + 1);
    assert_eq!(scene.count("SELECT count(*) FROM status"), 41);
    assert!(scene.is_here(&pinned));
    scene.does("POST", &format!("/api/v1/accounts/{mia}/unfollow"), json!({}));
    scene.passes(1);
    assert_eq!(scene.count("SELECT count(*) FROM status"), 0, "then she is a stranger");
}

#[test]
fn boosts_go_as_well_and_what_they_boosted_with_the_last_of_them() {
    let scene = Scene::new(&["mia", "nora"]);
    let mia = follow_peer(&scene.instance, &scene.ann, &scene.peer, "mia");
    let boost = |number: u32, object: &str| {
        let boost = json!({
            "@context": activity::AS2, "id": scene.peer.at(&format!("/boosts/{number}")),
            "type": "Announce", "actor": scene.peer.uri("mia"), "object": object,
            "to": [activity::PUBLIC],
        });
        scene.sends("mia", &boost);
    };
    let note = scene.note("nora", 1, json!({}));
    boost(1, &scene.peer.at("/notes/1"));
    let mine = scene.ann.writes("mine", "public");
    boost(2, mine["uri"].as_str().unwrap());
    scene.passes(DAYS + 1);
    assert!(scene.is_here(&note) && scene.ann.home().contains(&"note 1".to_owned()));
    scene.does("POST", &format!("/api/v1/accounts/{mia}/unfollow"), json!({}));
    scene.does("POST", "/api/v1/notifications/clear", json!({}));
    scene.passes(1);
    assert!(!scene.is_here(&note));
    let mine = scene.ann.get(&format!("/api/v1/statuses/{}", id(&mine)));
    assert_eq!(mine["reblogs_count"], 1, "a boost of what was written here is no old news");
    assert_eq!(scene.count("SELECT count(*) FROM status WHERE local = 0"), 1);
}

#[test]
fn no_thread_is_torn() {
    let scene = Scene::new(&["mia", "nora"]);
    let answer = |number: u32, to: u32| {
        let to = scene.peer.at(&format!("/notes/{to}"));
        scene.note(
            if number.is_multiple_of(2) { "mia" } else { "nora" },
            number,
            json!({"inReplyTo": to}),
        )
    };
    // ann takes part in the first one, marks an answer in the second one
    let first = [scene.note("mia", 10, json!({})), answer(11, 10), answer(12, 10), answer(13, 12)];
    let body = json!({"status": "well", "in_reply_to_id": first[1]});
    scene.does("POST", "/api/v1/statuses", body);
    let second = [scene.note("mia", 20, json!({})), answer(21, 20), answer(22, 21), answer(23, 20)];
    scene.does("POST", &format!("/api/v1/statuses/{}/favourite", second[2]), json!({}));
    let third = [scene.note("mia", 30, json!({})), answer(31, 30), answer(32, 31)];
    scene.passes(DAYS + 1);
    let here = |ids: &[String]| -> Vec<bool> { ids.iter().map(|id| scene.is_here(id)).collect() };
    assert_eq!(here(&first), [true; 4]);
    assert_eq!(here(&second), [true, true, true, false]);
    assert_eq!(here(&third), [false; 3], "from the end to the beginning in one go");
    let context = scene.ann.get(&format!("/api/v1/statuses/{}/context", second[2]));
    assert_eq!(texts(&context["ancestors"]), ["note 20", "note 21"]);
    assert_eq!(scene.ann.get(&format!("/api/v1/statuses/{}", second[0]))["replies_count"], 1);
    // unmarked, it goes with all that led to it
    scene.does("POST", &format!("/api/v1/statuses/{}/unfavourite", second[2]), json!({}));
    scene.passes(1);
    assert_eq!(here(&second), [false; 4]);
}

#[test]
fn an_answer_to_what_a_relay_brought_finds_it_when_it_comes_again() {
    let scene = Scene::new(&["mia", "nora"]);
    let root = scene.note("mia", 1, json!({}));
    let to = json!({"inReplyTo": scene.peer.at("/notes/1")});
    let answer = scene.note("nora", 2, to);
    scene.does("POST", &format!("/api/v1/statuses/{answer}/bookmark"), json!({}));
    // as if both had come by a relay
    let relayed = "INSERT INTO relayed_status (status_id, relay_id) SELECT id, 7 FROM status";
    scene.sql().execute_batch(relayed).unwrap();
    scene.passes(8);
    assert!(!scene.is_here(&root) && scene.is_here(&answer));
    let path = format!("/api/v1/statuses/{answer}");
    assert_eq!(scene.ann.get(&path)["in_reply_to_id"], Value::Null);
    let again = scene.looks_up(1);
    assert_eq!(scene.ann.get(&path)["in_reply_to_id"], json!(again));
    assert_eq!(scene.ann.get(&format!("/api/v1/statuses/{again}"))["replies_count"], 1);
    let context = scene.ann.get(&format!("{path}/context"));
    assert_eq!(texts(&context["ancestors"]), ["note 1"]);
}

#[test]
fn what_went_is_fetched_again_and_stays_as_long_as_what_is_new() {
    let scene = Scene::new(&["mia"]);
    let published = dassie::clock::wire_time(scene.instance.app.clock.now_ms() - 700 * DAY);
    let old = json!({"published": published, "tag": [{"type": "Hashtag", "name": "#gone"}],
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": scene.peer.at("/a.png")}]});
    let note = scene.note("mia", 1, old.clone());
    scene.passes(DAYS - 1);
    assert!(scene.is_here(&note), "old as it is, it came lately");
    scene.passes(2);
    assert!(!scene.is_here(&note));
    for table in ["status", "media", "status_tag", "tag", "late_status"] {
        assert_eq!(scene.count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let again = scene.looks_up(1);
    let shown = scene.ann.get(&format!("/api/v1/statuses/{again}"));
    assert_eq!(
        (&shown["tags"][0]["name"], texts(&json!([shown]))),
        (&json!("gone"), vec!["note 1".to_owned()])
    );
    scene.passes(DAYS - 1);
    assert!(scene.is_here(&again));
    // and what is sent again is taken again
    let named = json!({
        "cc": [scene.ann.uri], "tag": [{"type": "Mention", "href": scene.ann.uri, "name": "@ann"}],
    });
    let create = scene.written("mia", 2, named);
    scene.sends("mia", &create);
    scene.does("POST", "/api/v1/notifications/clear", json!({}));
    scene.sql().execute_batch("DELETE FROM mention; DELETE FROM timeline_entry").unwrap();
    scene.passes(DAYS + 1);
    assert_eq!(scene.count("SELECT count(*) FROM status"), 0);
    scene.sends("mia", &create);
    assert_eq!(scene.ann.notifications().len(), 1);
}

#[test]
fn nothing_goes_where_the_days_are_none() {
    let scene = Scene::with(&["mia"], |config| config.federation.remote_status_days = 0);
    let note = scene.note("mia", 1, json!({}));
    scene.passes(3000);
    assert!(scene.is_here(&note));
}

#[test]
fn strangers_go_with_their_keys_unless_something_here_refers_to_them() {
    type Deed = fn(&Scene, &str);
    let deeds: [(&str, Deed); 13] = [
        ("nobody", |_, _| ()),
        ("followed", |scene, id| {
            scene.does("POST", &format!("/api/v1/accounts/{id}/follow"), json!({}));
        }),
        ("blocked", |scene, id| {
            scene.does("POST", &format!("/api/v1/accounts/{id}/block"), json!({}));
        }),
        ("muted", |scene, id| {
            scene.does("POST", &format!("/api/v1/accounts/{id}/mute"), json!({}));
        }),
        ("noted", |scene, id| {
            scene.does("POST", &format!("/api/v1/accounts/{id}/note"), json!({"comment": "x"}));
        }),
        ("author", |scene, id| {
            let note = scene.note("author", 1, json!({}));
            assert_eq!(scene.ann.get(&format!("/api/v1/statuses/{note}"))["account"]["id"], id);
        }),
        ("reported", |scene, id| {
            scene.does("POST", "/api/v1/reports", json!({"account_id": id}));
        }),
        ("dismissed", |scene, id| {
            scene.does("DELETE", &format!("/api/v1/suggestions/{id}"), json!({}));
        }),
        ("marking", |scene, _| {
            let own = scene.ann.writes("mine", "public");
            let like = json!({
                "@context": activity::AS2, "id": scene.peer.at("/likes/1"), "type": "Like",
                "actor": scene.peer.uri("marking"), "object": own["uri"],
            });
            scene.sends("marking", &like);
            scene.does("POST", "/api/v1/notifications/clear", json!({}));
        }),
        ("following", |scene, _| {
            let follow = json!({
                "@context": activity::AS2, "id": scene.peer.at("/follows/1"), "type": "Follow",
                "actor": scene.peer.uri("following"), "object": scene.ann.uri,
            });
            scene.sends("following", &follow);
            scene.does("POST", "/api/v1/notifications/clear", json!({}));
        }),
        ("suspended", |scene, id| {
            let sql = format!("UPDATE account SET suspended_at = 1 WHERE id = {id}");
            scene.sql().execute_batch(&sql).unwrap();
        }),
        ("silenced", |scene, id| {
            let sql = format!("UPDATE account SET silenced_at = 1 WHERE id = {id}");
            scene.sql().execute_batch(&sql).unwrap();
        }),
        ("named", |scene, id| {
            let note = scene.note("author", 2, json!({}));
            let sql = format!("INSERT INTO mention (status_id, account_id) VALUES ({note}, {id})");
            scene.sql().execute_batch(&sql).unwrap();
        }),
    ];
    let names: Vec<&str> = deeds.iter().map(|(name, _)| *name).collect();
    let scene = Scene::new(&names);
    for (name, deed) in deeds {
        let account = id(&scene.ann.finds(&format!("{name}@{}", scene.peer.host)));
        deed(&scene, &account);
    }
    let here = || -> Vec<String> {
        let sql = scene.sql();
        let mut query = sql
            .prepare("SELECT username FROM account WHERE domain IS NOT NULL ORDER BY id")
            .unwrap();
        let names = query.query_map([], |row| row.get(0)).unwrap();
        names.collect::<Result<_, _>>().unwrap()
    };
    scene.passes(6);
    assert_eq!(here(), names, "who was read lately stays");
    scene.passes(2);
    assert_eq!(here(), names[1..]);
    assert_eq!(scene.count("SELECT count(*) FROM remote_key"), 12);
    scene.passes(30);
    assert_eq!(here(), names[1..]);
    // the author of nothing any more, and who was named in it
    scene.passes(DAYS);
    scene.passes(1);
    let gone = ["nobody", "author", "named"];
    let stay: Vec<&str> = names.iter().copied().filter(|name| !gone.contains(name)).collect();
    assert_eq!(here(), stay);
    // who comes again is a new account
    scene.ann.finds(&format!("nobody@{}", scene.peer.host));
    assert_eq!(here().last().map(String::as_str), Some("nobody"));
}
