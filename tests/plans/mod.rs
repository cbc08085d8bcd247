//! No query reads a whole table that grows: everything that the main flows run is explained.

mod files;
mod people;
mod reading;
mod servers;

use std::collections::BTreeSet;

use dassie::config::RegistrationMode;
use dassie::control::{self, Command, Secret};
use dassie::db;
use rusqlite::config::DbConfig;
use serde_json::json;

use crate::api::{follow_peer, id, sign_up, token};
use crate::oauth;
use crate::support::{Instance, Peer, PeerAnswer, PushKeys, Request, Socket, eventually};
use files::{keep_files, look_at_files, uploads_in_a_bucket};
use people::{ask_for_consent, do_everything, import_everything};
use reading::{be_told, read_everything};
use servers::{read_elsewhere, receive_everything, relay_everything};

/// What may be read as a whole, and why. `(part of the statement, part of the step, reason)`.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("user", "SCAN user", "the people of this server: a handful of rows"),
    ("FROM invite WHERE ?1 IS NULL", "SCAN invite", "invitations: 1000 at the most"),
    ("applicant WHERE confirmed = 1 AND approved", "SCAN applicant", "100 at the most"),
    ("FROM (SELECT 1 FROM applicant LIMIT", "SCAN applicant", "100 at the most"),
    ("user u", "SCAN u", "the same: local followers are found from the people's side"),
    ("report INDEXED BY report_open", "SCAN report", "the first that waits, if any does"),
    ("count(*) FROM delivery", "SCAN delivery", "`dassie delivery list`, by hand"),
    ("FROM (SELECT 1 FROM delivery LIMIT", "SCAN delivery", "counts up to a limit only"),
    ("FROM pragma_table_list", "SCAN t VIRTUAL", "the schema: as many rows as there are tables"),
    ("FROM pragma_table_list", "SCAN f VIRTUAL", "the same: what hangs on an account"),
    ("FROM relay ORDER BY id", "SCAN relay", "the relays of this server: a handful, by hand"),
    ("FROM delivery d ORDER BY d.id LIMIT", "SCAN d", "the same, in the order of the index"),
    ("FROM (SELECT * FROM delivery ORDER BY id LIMIT", "SCAN delivery", "so many of the oldest"),
    ("FROM (SELECT * FROM delivery ORDER BY id LIMIT", "SCAN d", "the same"),
    ("FROM job INDEXED BY job_due WHERE dead = 0 LIMIT", "SCAN job", "counts up to a limit only"),
    ("UPDATE delivery SET first = 1 WHERE NOT EXISTS", "SCAN delivery", "the schema's own, once"),
    ("UPDATE host SET failing_since = updated_at", "SCAN host", "the schema's own, once"),
    (
        "cached_file INDEXED BY cached_file_host",
        "SCAN cached_file",
        "`dassie media usage`, by hand",
    ),
    ("SELECT name FROM host INDEXED BY host_updated", "SCAN host", "50,000 rows, once an hour"),
];

/// Orders that are made by sorting, and why. `(part of the statement, reason)`.
const SORTED: &[(&str, &str)] = &[
    ("WITH RECURSIVE", "a thread: as many rows as are shown, 2000 at the most"),
    ("json_each(:authors)", "home behind the kept entries: one window of time of the authors"),
    (
        "INDEXED BY status_public",
        "trends, once an hour: what came out of the newest 20,000 statuses",
    ),
    ("known DESC, a.followers_count", "search for accounts: the 1000 that match at the most"),
    (
        "UNION SELECT account_id FROM (SELECT",
        "whom a deletion is told: 1000 of each kind at the most",
    ),
    (
        "AS size FROM cached_file",
        "`dassie media usage`, by hand: as many rows as there are servers",
    ),
    ("one(account, bytes)", "the same: as many rows as there are authors"),
    ("ORDER BY (username = ?1) DESC", "accounts whose handles differ by case: one or two"),
];

/// What stands in the table, or is named so in a statement.
fn table_of<'a>(
    statement: &'a str,
    name: &'a str,
    tables: &'a BTreeSet<String>,
) -> Option<&'a str> {
    if tables.contains(name) {
        return Some(name);
    }
    let words: Vec<&str> = statement
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(2).find(|pair| pair[1] == name && tables.contains(pair[0])).map(|pair| pair[0])
}

#[test]
fn no_query_reads_a_whole_table() {
    db::plan::record();
    let instance = sign_up::with_mode(|c| c.registrations.mode = RegistrationMode::Approval);
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia", "nora", "otto", "pia"]);
    let mut mia = peer.document("/users/mia");
    mia["featured"] = json!(peer.at("/users/mia/featured"));
    mia["featuredTags"] = json!(peer.at("/users/mia/tags"));
    peer.serve("/users/mia", mia);
    let context = "https://www.w3.org/ns/activitystreams";
    let tags = json!({"@context": context, "type": "Collection", "id": peer.at("/users/mia/tags"),
        "items": [{"type": "Hashtag", "name": "#tag"}]});
    peer.serve("/users/mia/tags", tags);
    let mut nora = peer.document("/users/nora");
    nora["alsoKnownAs"] = json!([peer.uri("mia")]);
    peer.serve("/users/nora", nora);
    follow_peer(&instance, &ann, &peer, "mia");
    let status = ann.writes("hello #tag 天氣 @bob", "public");
    let nora = id(&ann.finds(&format!("nora@{}", peer.host)));
    // whoever listens has what is below decided and rendered for it
    let mut open =
        Socket::open(&instance.host, &format!("?access_token={}", ann.token), &[]).unwrap();
    for stream in ["user", "public", "list", "direct"] {
        open.says(json!({"type": "subscribe", "stream": stream, "list": "1"}));
    }
    let keys = PushKeys::new().json();
    for policy in ["followed", "follower", "all"] {
        let to = json!({"endpoint": peer.at("/push"), "keys": keys});
        let wish = json!({"alerts": {"mention": true, "favourite": true}, "policy": policy});
        bob.post("/api/v1/push/subscription", json!({"subscription": to, "data": wish}));
        let changed = bob.request("PUT", "/api/v1/push/subscription");
        changed.json(&json!({"data": wish})).send().ok();
        ann.writes("@bob wake up", "public");
    }
    for visibility in ["unlisted", "private", "direct"] {
        ann.writes(&format!("@bob @nora@{} {visibility}", peer.host), visibility);
    }
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    bob.request("POST", &format!("/api/v1/statuses/{}/favourite", id(&status))).send().ok();
    read_everything(&instance, &ann, &id(&status), &ann.id);
    read_everything(&instance, &bob, &id(&status), &nora);
    do_everything(&instance, &bob, &ann.id, &id(&status));
    do_everything(&instance, &ann, &nora, &id(&status));
    relay_everything(&instance, &ann, &peer);
    receive_everything(&instance, &ann, &peer, &status);
    read_elsewhere(&instance, &ann, &peer, &status);
    read_everything(&instance, &ann, &id(&status), &ann.id);
    be_told(&ann, &bob, &id(&status));
    follow_peer(&instance, &ann, &peer, "otto");
    ask_for_consent(&instance, &ann, &bob, &peer);
    oauth::everything(&instance);
    sign_up::everything(&instance);
    oauth::letters::everything();
    // a server that is down
    peer.answer(PeerAnswer::Status(500));
    ann.writes(&format!("@nora@{} are you there?", peer.host), "direct");
    eventually("a delivery fails", || {
        let list = instance.app.db.read(|conn| db::delivery::list(conn, 10)).unwrap();
        list.iter().any(|delivery| delivery.attempts > 0).then_some(())
    });
    // a poll; its end stays planned, so that nothing settles after this
    let choices = json!({"options": ["a", "b"], "expires_in": 600});
    let poll = bob.post("/api/v1/statuses", json!({"status": "which?", "poll": choices}));
    ann.post(&format!("/api/v1/polls/{}/votes", id(&poll)), json!({"choices": [0]}));
    ann.post(&format!("/api/v1/statuses/{}/reblog", id(&poll)), json!({}));
    let edited = json!({"status": "which one? @ann #tag", "poll": choices});
    bob.request("PUT", &format!("/api/v1/statuses/{}", id(&poll))).json(&edited).send().ok();
    read_everything(&instance, &ann, &id(&poll), &bob.id);
    let poll_id = id(&poll);
    let (site, poll) = (instance.app.site.clone(), poll_id.parse().unwrap());
    let told = instance.app.db.write(db::Lane::Background, move |tx| {
        dassie::service::poll::tell(tx, &site, poll)?;
        dassie::service::poll::end(tx, &site, poll)
    });
    told.wait().unwrap();
    crate::api::admin::everything(&instance, &bob, &nora, &poll_id);
    let execute = |command| control::execute(&instance.app, command);
    for (host, status) in [(None, None), (Some("a.example".to_owned()), None)] {
        execute(Command::DeliveryList { limit: 10, host, status }).unwrap();
    }
    execute(Command::HostList { limit: 10 }).unwrap();
    execute(Command::Health { with_bucket: false }).unwrap();
    keep_files(&instance, &nora, &id(&status));
    execute(Command::AccountList).unwrap();
    import_everything(&instance, &ann, &peer);
    look_at_files(&instance);
    // what `serve` asks at its start
    assert!(instance.app.db.read(db::user::count).unwrap() > 1);
    let password = || Secret("a long enough one".into());
    execute(Command::AccountPassword { account: "bob".into(), password: password() }).unwrap();
    let create = |name: &str| Command::AccountCreate {
        username: name.into(),
        email: format!("{name}@c.example"),
        password: password(),
        admin: true,
    };
    execute(create("carl")).unwrap();
    execute(Command::TokenCreate {
        account: "carl".into(),
        scopes: "read".into(),
        name: "x".into(),
    })
    .unwrap();
    let (bob_handle, ann_handle) =
        (format!("bob@{}", instance.host), format!("ann@{}", instance.host));
    let alias = |add, remove| Command::AccountAlias { account: "bob".into(), add, remove };
    execute(alias(Some(ann_handle.clone()), None)).unwrap();
    let moves =
        |target| Command::AccountMove { account: "ann".into(), target, with_followers: true };
    execute(moves(Some(bob_handle))).unwrap();
    execute(moves(None)).unwrap();
    execute(alias(None, Some(ann_handle))).unwrap();
    execute(Command::AccountDelete { account: "ann".into() }).unwrap();
    uploads_in_a_bucket();
    peer.answer(PeerAnswer::Status(202));
    token(&instance, None, "read");
    Request::new("GET", format!("{}/api/v1/timelines/public", instance.base)).send().ok();

    // the schema says which tables there are
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let mut query = sql.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let mut tables: BTreeSet<String> =
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    tables.insert("sqlite_schema".into());
    let mut looked = 0;
    let mut offenders = Vec::new();
    let mut used = BTreeSet::new();
    for statement in db::plan::recorded() {
        let word = statement.split_whitespace().next().unwrap_or_default().to_uppercase();
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&word.as_str()) {
            continue;
        }
        // a migration read what it replaced, once
        if statement.contains("_before") || statement.contains("account_domain_block_new") {
            continue;
        }
        looked += 1;
        let steps = instance.app.db.read(|conn| db::plan::explain(conn, &statement)).unwrap();
        for step in steps {
            let is_sorted = step.contains("USE TEMP B-TREE FOR ORDER BY");
            let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let bad = match scanned {
                // of a virtual table: only without anything to look for
                Some(_) if step.contains("VIRTUAL TABLE INDEX") => step.ends_with("INDEX 0:"),
                Some(name) => table_of(&statement, name, &tables).is_some(),
                None => is_sorted,
            };
            if !bad {
                continue;
            }
            let reason = if is_sorted {
                SORTED.iter().position(|(part, _)| statement.contains(part)).map(|at| (1, at))
            } else {
                ALLOWED
                    .iter()
                    .position(|(part, what, _)| {
                        statement.contains(part)
                            && (step == *what || step.starts_with(&format!("{what} ")))
                    })
                    .map(|at| (0, at))
            };
            match reason {
                Some(reason) => drop(used.insert(reason)),
                None => offenders.push(format!("{step}\n    in {statement}")),
            }
        }
    }
    assert!(looked > 150, "only {looked} statements were seen");
    assert!(offenders.is_empty(), "{} of {looked}:\n{}", offenders.len(), offenders.join("\n"));
    // an exception that nothing needs any more would hide what comes later
    let all = (0..ALLOWED.len()).map(|at| (0, at)).chain((0..SORTED.len()).map(|at| (1, at)));
    let unused: Vec<_> = all.filter(|one| !used.contains(one)).collect();
    assert!(unused.is_empty(), "unused exceptions: {unused:?}");
}

#[test]
fn what_a_deletion_takes_along_is_found_by_an_index() {
    let instance = Instance::start();
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.set_db_config(DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true).unwrap();
    let text = |query: &str| -> Vec<Vec<String>> {
        let mut query = sql.prepare(query).unwrap();
        let columns = query.column_count();
        let rows = query.query_map([], |row| {
            (0..columns)
                .map(|i| row.get::<_, rusqlite::types::Value>(i))
                .map(|value| {
                    value.map(|value| match value {
                        rusqlite::types::Value::Text(text) => text,
                        other => format!("{other:?}"),
                    })
                })
                .collect::<Result<Vec<_>, _>>()
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let mut checked = 0;
    for table in text("SELECT name FROM sqlite_schema WHERE type = 'table'") {
        for key in text(&format!("PRAGMA foreign_key_list({})", table[0])) {
            let (table, column) = (&table[0], &key[3]);
            let steps =
                text(&format!("EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = 1"));
            for step in steps {
                assert!(!step[3].starts_with("SCAN"), "{table}.{column}: {}", step[3]);
            }
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}
