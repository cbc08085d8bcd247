//! A database of the first schema opens for ever: a frozen copy of it, with a few rows of
//! everything, is brought up to date and read through the API.
//!
//! `tests/fixtures/schema_v1.sql` was made once, by the code of that time, and after the first
//! release is never made again: what people have on their disks does not change either. A later schema gets a fixture
//! of its own beside it, before its release, with
//!
//! ```sh
//! DASSIE_FIXTURE=tests/fixtures/schema_v2.sql cargo test --test main upgrade::
//! ```
//!
//! which writes the file if it is not there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dassie::app::{App, Surroundings};
use dassie::clock::Clock;
use dassie::config::Config;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::api::{follow_peer, id};
use crate::oauth;
use crate::support::{Instance, Options, Peer, PeerAnswer, TempDir, eventually, texts};

const V1: &str = include_str!("fixtures/schema_v1.sql");

/// The token of the fixture's ann; its database holds the hash alone.
const TOKEN: &str = "fixture-token-of-ann-0123456789abcdefghijkl";
const HOST: &str = "social.example";

fn config(folder: &Path) -> Config {
    let mut config = Config::default();
    config.server.host = HOST.into();
    config.storage.data_dir = folder.to_owned();
    config
}

/// Puts the frozen database where the server looks for it.
fn restore(sql: &str, folder: &Path) -> PathBuf {
    let path = folder.join("dassie.db");
    std::fs::create_dir_all(folder).unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch(sql).unwrap();
    drop(database);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path
}

fn version(path: &Path) -> i64 {
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// The schema as text, statement by statement, in an order of its own.
fn schema(path: &Path) -> Vec<String> {
    let sql = rusqlite::Connection::open(path).unwrap();
    let mut query = sql
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '%_search_%' ORDER BY type, name")
        .unwrap();
    query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_database_of_the_first_schema_opens_and_reads() {
    let folder = TempDir::new();
    let data = folder.path().join("data");
    let path = restore(V1, &data);
    assert_eq!(version(&path), 1, "the fixture is of the first version");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let app = App::open(config(&data), Surroundings::default()).unwrap();
    // nothing of the frozen world answers any more: its deliveries wait for ever
    let server = dassie::server::start(app, listener).unwrap();
    let get = |path: &str| -> Value {
        crate::support::Request::new("GET", format!("http://{address}{path}"))
            .header("host", HOST)
            .header("authorization", format!("Bearer {TOKEN}"))
            .send()
            .ok()
    };
    let me = get("/api/v1/accounts/verify_credentials");
    assert_eq!((&me["username"], &me["display_name"]), (&json!("ann"), &json!("Ann")));
    assert_eq!(me["url"], format!("https://{HOST}/@ann"));
    assert_eq!(me["followers_count"], 2);
    let own = get(&format!("/api/v1/accounts/{}/statuses?exclude_reblogs=true", id(&me)));
    assert_eq!(
        texts(&own),
        ["@nora are you there?", "for @bob", "for followers", "a quiet one", "hello #tag 天氣"]
    );
    let first = &own[4];
    assert_eq!((&first["favourites_count"], &first["reblogs_count"]), (&json!(2), &json!(1)));
    assert_eq!(first["uri"], format!("https://{HOST}/users/ann/statuses/{}", id(first)));
    let context = get(&format!("/api/v1/statuses/{}/context", id(first)));
    assert_eq!(texts(&context["descendants"]), ["an answer from afar"]);
    let answer = &context["descendants"][0];
    assert_eq!(answer["media_attachments"][0]["description"], "a picture");
    assert_eq!(answer["tags"][0]["name"], "far");
    assert_eq!(answer["spoiler_text"], "careful");
    assert_eq!(answer["account"]["acct"], "mia@peer.example");
    let home = texts(&get("/api/v1/timelines/home"));
    assert!(home.contains(&"from afar".to_owned()), "{home:?}");
    let told: Vec<Value> = get("/api/v1/notifications")
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["type"].clone())
        .collect();
    for kind in ["mention", "follow", "favourite", "reblog"] {
        assert!(told.contains(&json!(kind)), "{kind} in {told:?}");
    }
    assert_eq!(get("/api/v1/blocks")[0]["acct"], "eve");
    assert_eq!(get("/api/v1/mutes")[0]["acct"], "max");
    assert_eq!(
        texts(&get("/api/v2/search?type=statuses&q=%E5%A4%A9%E6%B0%A3")["statuses"]),
        ["hello #tag 天氣"]
    );
    assert_eq!(get("/api/v2/search?type=hashtags&q=far")["hashtags"][0]["name"], "far");
    assert_eq!(
        get("/api/v2/search?type=accounts&q=mia")["accounts"][0]["acct"],
        "mia@peer.example"
    );
    assert_eq!(texts(&get("/api/v1/timelines/tag/tag")), ["hello #tag 天氣"]);
    // and it goes on from there
    let posted = crate::support::Request::new("POST", format!("http://{address}/api/v1/statuses"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {TOKEN}"))
        .json(&json!({"status": "still here"}))
        .send()
        .ok();
    assert!(id(&posted).parse::<i64>().unwrap() > id(first).parse::<i64>().unwrap());
    server.stop();

    // a database that grew up is like one that is made today
    let new = folder.path().join("new");
    App::open(config(&new), Surroundings::default()).unwrap().close();
    let fresh = new.join("dassie.db");
    assert_eq!(version(&path), version(&fresh));
    assert_eq!(schema(&path), schema(&fresh));
    let sql = rusqlite::Connection::open(&path).unwrap();
    let fine: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(fine, "ok");
    let broken: i64 = sql
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(broken, 0);
}

#[test]
fn s_134_the_database_is_copied_before_an_upgrade_and_can_be_put_back() {
    let folder = TempDir::new();
    let path = restore(V1, folder.path());
    let upgrade = || {
        App::open(config(folder.path()), Surroundings::default()).unwrap().close();
        assert!(version(&path) > 1);
    };
    let texts = || -> Vec<String> {
        let sql = rusqlite::Connection::open(&path).unwrap();
        let mut query = sql.prepare("SELECT ifnull(text, '') FROM status ORDER BY id").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let before = texts();
    let list = || dassie::db::upgrade::list(folder.path());
    upgrade();
    assert_eq!(list().len(), 1);
    assert_eq!((list()[0].schema, version(&list()[0].path)), (1, 1));
    // nothing is copied where nothing is upgraded
    upgrade();
    assert_eq!(list().len(), 1);
    let later = Clock::system().now_ms();
    let put_back = |n: usize| {
        let copy = list().pop().unwrap();
        dassie::db::upgrade::put_back(folder.path(), &copy, later, &n.to_string()).unwrap()
    };
    let aside = put_back(0);
    assert_eq!((version(&path), texts()), (1, before.clone()));
    assert!(version(&aside) > 1);
    // an id of the time that is lost is not given out again, whoever goes on from here
    let sql = rusqlite::Connection::open(&path).unwrap();
    let lists: i64 = sql
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'follow'", [], |row| row.get(0))
        .unwrap();
    assert!(lists > 1_000_000);
    drop(sql);
    // the last two are kept, and one that was cut off is not copied in the middle
    for made in ["20200101T000000Z", "20200102T000000Z", "20200103T000000Z"] {
        std::fs::copy(&path, folder.path().join(format!("before-upgrade/v1-{made}.db"))).unwrap();
    }
    upgrade();
    let made: Vec<String> = list().into_iter().map(|copy| copy.made).collect();
    assert_eq!((made.len(), made[0].as_str()), (2, "20200103T000000Z"));
    // somebody else who has it open would take the old log for the new one
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN; SELECT count(*) FROM status").unwrap();
    let copy = list().pop().unwrap();
    let refused = dassie::db::upgrade::put_back(folder.path(), &copy, later, "open").unwrap_err();
    assert!(refused.to_string().contains("Stop it first"), "{refused}");
    assert!(version(&path) > 1);
    drop(other);
    put_back(1);

    // cut off after two steps: it goes on, and what was before them is copied already
    let unfinished = folder.path().join("before-upgrade/unfinished");
    let sql = rusqlite::Connection::open(&path).unwrap();
    for (version, step) in [
        (2, include_str!("../assets/migrations/0002_client_api.sql")),
        (3, include_str!("../assets/migrations/0003_client_api.sql")),
    ] {
        sql.execute_batch(&format!("BEGIN; {step}; PRAGMA user_version={version}; COMMIT"))
            .unwrap();
    }
    drop(sql);
    std::fs::write(&unfinished, "").unwrap();
    upgrade();
    assert_eq!((list().len(), unfinished.exists()), (1, false));
    assert_eq!(texts(), before);
    let new = folder.path().join("new");
    App::open(config(&new), Surroundings::default()).unwrap().close();
    assert_eq!(schema(&path), schema(&new.join("dassie.db")));
    // one that was cut off before its first step, long ago, is none
    put_back(2);
    std::fs::copy(&path, folder.path().join("before-upgrade/v1-20200104T000000Z.db")).unwrap();
    std::fs::write(&unfinished, "").unwrap();
    upgrade();
    assert_eq!(list().len(), 2);
}

#[test]
fn every_table_of_the_first_schema_has_rows_in_the_fixture() {
    let folder = TempDir::new();
    let path = restore(V1, folder.path());
    let sql = rusqlite::Connection::open(path).unwrap();
    let mut query = sql
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%_search_%'",
        )
        .unwrap();
    let tables: Vec<String> =
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert!(tables.len() > 25, "{tables:?}");
    for table in tables {
        let rows: i64 =
            sql.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(rows > 0, "{table} is empty");
    }
}

// ---- making a fixture ------------------------------------------------------------------------

#[test]
fn a_fixture_is_written_where_one_is_asked_for() {
    let Some(path) = std::env::var_os("DASSIE_FIXTURE") else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(!path.exists(), "{} is frozen", path.display());
    let (instance, peer) = populate();
    let database = instance.folder.path().join("data/dassie.db");
    let text = dump(&database)
        .replace(&instance.base, &format!("https://{HOST}"))
        .replace(&instance.host, HOST)
        .replace(&format!("http://{}", peer.host), "https://peer.example")
        .replace(&peer.host, "peer.example");
    std::fs::write(path, text).unwrap();
}

/// A small world in which every table has rows.
fn populate() -> (Instance, Peer) {
    let clock = Clock::manual(Clock::system().now_ms());
    let mut instance = Instance::with(Options { clock, configure: None });
    let [ann, bob, eve, max] = ["ann", "bob", "eve", "max"].map(|name| instance.person(name));
    let profile = json!({"display_name": "Ann", "note": "about #me"});
    ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&profile).send().ok();
    let peer = Peer::start(&["mia", "nora"]);
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    peer.send("mia", &inbox, &follow);
    let first = ann.writes("hello #tag 天氣", "public");
    ann.writes("a quiet one", "unlisted");
    ann.writes("for followers", "private");
    let last = ann.request("POST", "/api/v1/statuses").header("idempotency-key", "fixture");
    last.json(&json!({"status": "for @bob", "visibility": "direct"})).send().ok();
    let gone = ann.writes("gone", "public");
    ann.delete(&format!("/api/v1/statuses/{}", id(&gone)));
    bob.writes("hey @ann", "public");
    for deed in ["favourite", "reblog"] {
        bob.post(&format!("/api/v1/statuses/{}/{deed}", id(&first)), json!({}));
    }
    let like = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/likes/1"),
        "type": "Like", "actor": peer.uri("mia"), "object": first["uri"],
    });
    peer.send("mia", &inbox, &like);
    let answer = peer.create("mia", 1, "<p>an answer from afar</p>", json!({
        "inReplyTo": first["uri"], "summary": "careful", "cc": [ann.uri],
        "tag": [{"type": "Hashtag", "name": "#far", "href": peer.at("/tags/far")},
                {"type": "Mention", "href": ann.uri, "name": "@ann"}],
        "attachment": [{"type": "Document", "mediaType": "image/png", "name": "a picture", "url": peer.at("/a.png")}],
    }));
    peer.send("mia", &inbox, &answer);
    peer.send("mia", &inbox, &peer.create("mia", 2, "<p>from afar</p>", json!({})));
    instance.settle();
    ann.post(&format!("/api/v1/accounts/{}/block", eve.id), json!({}));
    ann.post(&format!("/api/v1/accounts/{}/mute", max.id), json!({}));
    assert!(!mia.is_empty());
    oauth::leftovers(&instance);
    // what waits for a server that is down
    peer.answer(PeerAnswer::Status(503));
    ann.writes(&format!("@nora@{} are you there?", peer.host), "direct");
    eventually("it fails", || {
        let list = instance.app.db.read(|conn| dassie::db::delivery::list(conn, 10)).unwrap();
        list.iter().any(|delivery| delivery.attempts > 0).then_some(())
    });
    let hash = dassie::crypto::token_hash(TOKEN);
    let account: i64 = ann.id.parse().unwrap();
    instance.stop();
    let sql = rusqlite::Connection::open(instance.folder.path().join("data/dassie.db")).unwrap();
    sql.execute("UPDATE token SET hash = ? WHERE account_id = ?", rusqlite::params![hash, account])
        .unwrap();
    sql.execute("UPDATE meta SET value = 'real' WHERE key = 'kind'", []).unwrap();
    sql.execute_batch(
        "INSERT INTO account_domain_block (account_id, domain, created_at)
           SELECT account_id, 'hidden.example', 1 FROM user LIMIT 1;
         INSERT INTO domain_block (domain, severity, private_comment, created_at)
            VALUES ('blocked.example', 2, 'a reason', 1);
         INSERT INTO job (kind, lane, payload, due, dead, created_at)
           VALUES (0, 'peer.example', x'7b7d', 1, 1, 9000000000000);
         UPDATE delivery SET due = 9000000000000;
         UPDATE seen SET expires_at = 9000000000000;
         UPDATE session SET expires_at = 9000000000000;
         UPDATE authorization_code SET expires_at = 9000000000000;
         UPDATE idempotency SET expires_at = 9000000000000;
         INSERT INTO host (name, updated_at) VALUES ('other.example', 1);
         PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
    (instance, peer)
}

/// A database as SQL text: schema and rows. What FTS5 keeps in tables of its own is made anew
/// from the words, which it does not keep: so those tables are copied as they are.
fn dump(path: &Path) -> String {
    let sql = rusqlite::Connection::open(path).unwrap();
    let number =
        |pragma: &str| -> i64 { sql.pragma_query_value(None, pragma, |row| row.get(0)).unwrap() };
    let mut out = format!(
        "PRAGMA auto_vacuum = {};\nPRAGMA application_id = {};\nPRAGMA foreign_keys = OFF;\nBEGIN;\n",
        number("auto_vacuum"),
        number("application_id")
    );
    let list = |condition: &str| -> Vec<(String, String)> {
        let mut query = sql
            .prepare(&format!("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND {condition} ORDER BY rowid"))
            .unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    // the tables behind a virtual table come with it
    let own = "name NOT LIKE 'sqlite_%' AND name NOT LIKE '%\\_search\\_%' ESCAPE '\\'";
    for (_, statement) in list(&format!("type = 'table' AND {own}")) {
        let _ = writeln!(out, "{statement};");
    }
    let behind = "type = 'table' AND name LIKE '%\\_search\\_%' ESCAPE '\\'";
    for (table, _) in list(behind) {
        let _ = writeln!(out, "DELETE FROM {table};");
    }
    let mut tables: Vec<String> =
        list(&format!("type = 'table' AND {own} AND sql NOT LIKE 'CREATE VIRTUAL%'"))
            .into_iter()
            .chain(list(behind))
            .map(|(name, _)| name)
            .collect();
    tables.push("sqlite_sequence".into());
    for table in tables {
        let mut query = sql.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..columns)
                .map(|i| match row.get_ref(i).unwrap() {
                    ValueRef::Null => "NULL".into(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => format!("{number:?}"),
                    ValueRef::Text(text) => {
                        format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''"))
                    }
                    ValueRef::Blob(bytes) => {
                        // bodies of activities are texts, in which addresses change
                        match std::str::from_utf8(bytes) {
                            Ok(text) if text.starts_with('{') => {
                                format!("CAST('{}' AS BLOB)", text.replace('\'', "''"))
                            }
                            _ => {
                                bytes.iter().fold("x'".to_owned(), |mut hex, byte| {
                                    let _ = write!(hex, "{byte:02x}");
                                    hex
                                }) + "'"
                            }
                        }
                    }
                })
                .collect();
            let _ = writeln!(out, "INSERT INTO {table} VALUES ({});", values.join(", "));
        }
    }
    for (_, statement) in list(&format!("type <> 'table' AND {own}")) {
        let _ = writeln!(out, "{statement};");
    }
    let _ = writeln!(out, "COMMIT;\nPRAGMA user_version = {};", number("user_version"));
    out
}
