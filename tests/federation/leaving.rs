//! Accounts that are deleted: here, with all they left, and on every server that knows them.

use std::path::Path;

use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use dassie::control::{self, Command, Secret};
use dassie::db::{self, Lane};
use rusqlite::types::ValueRef;
use serde_json::json;

use crate::support::{Instance, Options, Peer, PeerAnswer, Person, eventually};

const PASSWORD: &str = "a long password";

/// Somebody who can show a password.
fn person(instance: &Instance, name: &str) -> Person {
    let person = instance.person(name);
    let id: i64 = person.id.parse().unwrap();
    let hash = dassie::crypto::hash_password(PASSWORD).unwrap();
    let write =
        instance.app.db.write(Lane::Interactive, move |tx| db::user::set_password(tx, id, &hash));
    write.wait().unwrap();
    person
}

fn sql(instance: &Instance) -> rusqlite::Connection {
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    sql
}

fn count(instance: &Instance, query: &str) -> i64 {
    sql(instance).query_row(query, [], |row| row.get(0)).unwrap()
}

/// Where a word is still to be read, table and column.
fn traces(instance: &Instance, word: &str) -> Vec<String> {
    let sql = sql(instance);
    let mut tables = sql.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let mut found = Vec::new();
    for table in tables {
        // words that belong to nobody: hashtags, and the index for search, which forgets its words
        // as it is rewritten and finds nothing by them (below)
        if table == "tag" || table.ends_with("_search_data") {
            continue;
        }
        let Ok(mut query) = sql.prepare(&format!("SELECT * FROM \"{table}\"")) else { continue };
        let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
        let mut rows = query.query([]).unwrap();
        while let Ok(Some(row)) = rows.next() {
            for (at, column) in columns.iter().enumerate() {
                let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = row.get_ref(at).unwrap()
                else {
                    continue;
                };
                if String::from_utf8_lossy(bytes).contains(word) {
                    found.push(format!("{table}.{column}"));
                }
            }
        }
    }
    found
}

fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |path: std::path::PathBuf| if path.is_dir() { files(&path) } else { 1 };
    entries.flatten().map(|entry| count(entry.path())).sum()
}

#[test]
fn s_102_f_227_a_deleted_account_leaves_nothing_but_its_mark() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let (ann, bob) = (person(&instance, "Ann"), instance.person("bob"));
    let peer = Peer::start(&["mia", "nora"]);
    // mia follows ann; nora is only known
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &follow).status, 202);
    let stranger = Peer::start(&["zoe"]);
    bob.finds(&format!("nora@{}", peer.host));
    bob.finds(&format!("zoe@{}", stranger.host));
    // everything that somebody can write, with a word that is nowhere else
    let word = "zebrafish";
    let picture = ann.picture();
    ann.request("PUT", &format!("/api/v1/media/{picture}"))
        .json(&json!({"description": format!("a {word}")}))
        .send()
        .ok();
    let profile = json!({
        "display_name": word, "note": format!("{word} and #{word}"), "discoverable": true,
        "fields_attributes": [{"name": word, "value": word}], "attribution_domains": ["zebrafish.example"],
    });
    ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&profile).send().ok();
    let status = ann.post(
        "/api/v1/statuses",
        json!({"status": format!("{word} #{word} @bob"), "media_ids": [picture], "spoiler_text": word}),
    );
    let id = status["id"].as_str().unwrap().to_owned();
    let edit = json!({"status": format!("{word} once more @bob")});
    ann.request("PUT", &format!("/api/v1/statuses/{id}")).json(&edit).send().ok();
    ann.post("/api/v1/statuses", json!({"status": word, "visibility": "private"}));
    ann.post("/api/v1/statuses", json!({"status": format!("@bob {word}"), "visibility": "direct"}));
    let later = dassie::clock::wire_time(instance.app.clock.now_ms() + DAY);
    ann.post("/api/v1/statuses", json!({"status": word, "scheduled_at": later}));
    ann.post(
        "/api/v1/statuses",
        json!({"status": "?", "poll": {"options": [word, "b"], "expires_in": 3600}}),
    );
    ann.post("/api/v1/lists", json!({"title": word}));
    ann.post(&format!("/api/v1/accounts/{}/note", bob.id), json!({"comment": word}));
    ann.post(
        "/api/v2/filters",
        json!({"title": word, "context": ["home"], "keywords_attributes": [{"keyword": word}]}),
    );
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({}));
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    bob.post(&format!("/api/v1/statuses/{id}/favourite"), json!({}));
    ann.post("/api/v1/reports", json!({"account_id": bob.id, "comment": word}));
    instance.settle();
    assert!(traces(&instance, word).len() > 12, "{:?}", traces(&instance, word));
    assert!(files(&instance.folder.path().join("data/media")) > 0);
    // a wrong password is none
    let delete = |password: &str| {
        let path = "/api/v1/accounts/delete";
        ann.request("POST", path).json(&json!({"password": password})).send()
    };
    assert_eq!(delete("wrong").status, 403);
    assert_eq!(ann.get("/api/v1/accounts/verify_credentials")["display_name"], word);
    peer.answer(PeerAnswer::Status(503));
    let answer = delete(PASSWORD);
    assert_eq!((answer.status, answer.json()), (202, json!({"message": "accepted"})));
    // gone at once for everybody
    let path = "/api/v1/accounts/verify_credentials";
    assert_eq!(ann.request("GET", path).send().status, 401);
    assert!(bob.home().iter().all(|text| !text.contains(word)));
    let actor = instance.activity(&ann.uri);
    assert_eq!((actor.status, actor.json()["type"].clone()), (410, json!("Tombstone")));
    for page in ["/@Ann", "/@ann", "/@ANN"] {
        assert_eq!(instance.get(page).status, 410, "{page}");
    }
    let finger = format!("/.well-known/webfinger?resource=acct:ann@{}", instance.host);
    assert_eq!(instance.get(&finger).status, 410);
    for address in [&ann.uri, &ann.uri.to_lowercase(), &format!("{}/@Ann", instance.base)] {
        let finger = format!("/.well-known/webfinger?resource={address}");
        assert_eq!(instance.get(&finger).status, 410, "F-063: {address}");
    }
    // while one server does not take it the key is there, and nothing of the person
    let key = "SELECT count(*) FROM local_key";
    let keys = count(&instance, key);
    eventually("the rest goes", || {
        instance.advance(MINUTE);
        traces(&instance, word).is_empty().then_some(())
    });
    assert_eq!(count(&instance, key), keys, "it signs what still waits");
    assert_eq!(count(&instance, "SELECT count(*) FROM user"), 1);
    let told = |peer: &Peer| {
        let all = peer.received().into_iter();
        all.filter(|one| one["type"] == "Delete" && one["object"] == ann.uri.as_str()).count()
    };
    assert_eq!((told(&peer), told(&stranger)), (0, 1));
    peer.answer(PeerAnswer::Status(202));
    eventually("all of it goes", || {
        instance.advance(HOUR);
        (count(&instance, key) == keys - 1).then_some(())
    });
    assert_eq!((told(&peer), told(&stranger)), (1, 1), "once each");
    assert_eq!(traces(&instance, word), [""; 0]);
    let left = traces(&instance, "/users/Ann");
    assert!(left.iter().all(|place| place == "tombstone.uri"), "{left:?}");
    eventually("its files go", || {
        instance.advance(HOUR);
        (files(&instance.folder.path().join("data/media")) == 0).then_some(())
    });
    let found = bob.get(&format!("/api/v2/search?q={word}"));
    assert_eq!(found["statuses"], json!([]), "{found}");
    assert_eq!(found["accounts"], json!([]), "{found}");
    // F-040: a tombstone for ever, and nobody takes the name again
    assert_eq!(instance.activity(&ann.uri).status, 410);
    for name in ["Ann", "ann", "ANN"] {
        let create = Command::AccountCreate {
            username: name.into(),
            email: format!("{name}@c.example"),
            password: Secret("a long password".into()),
            admin: false,
        };
        let refused = control::execute(&instance.app, create).unwrap_err().to_string();
        assert!(refused.contains("deleted account"), "{refused}");
    }
}

#[test]
fn f_170_f_227_a_deletion_reaches_all_who_know_it() {
    let (a, b, c) = (Instance::start(), Instance::start(), Instance::start());
    let (ann, bob, carl) = (person(&a, "ann"), b.person("bob"), c.person("carl"));
    bob.follows(&ann.handle());
    let old = bob.get(&format!("/api/v1/accounts/lookup?acct={}", ann.handle()));
    // carl only saw one status; ann knows his server
    let status = ann.writes("seen by chance", "public");
    carl.finds_status(status["uri"].as_str().unwrap()).unwrap();
    ann.finds(&carl.handle());
    eventually("it is in bob's home", || (bob.home().len() == 1).then_some(()));
    ann.request("POST", "/api/v1/accounts/delete").json(&json!({"password": PASSWORD})).send();
    for (instance, person) in [(&b, &bob), (&c, &carl)] {
        eventually("nothing of her is left", || {
            let sql = sql(instance);
            let left: i64 = sql
                .query_row("SELECT count(*) FROM account WHERE uri = ?", [&ann.uri], |row| {
                    row.get(0)
                })
                .unwrap();
            (left == 0).then_some(())
        });
        assert_eq!(person.home(), [""; 0]);
        let found = person.finds_status(status["uri"].as_str().unwrap());
        assert!(found.is_none(), "{found:?}");
    }
    let path = format!("/api/v1/accounts/{}", old["id"].as_str().unwrap());
    assert_eq!(bob.request("GET", &path).send().status, 404);
    assert_eq!(bob.get("/api/v1/accounts/verify_credentials")["following_count"], 0);
}
