//! Backups by the server itself, and what a restored database does and does not do.

use std::fs;
use std::path::{Path, PathBuf};

use dassie::app::{App, Surroundings};
use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use dassie::config::{BackupTo, Config, Span};
use dassie::db::{self, Lane};
use dassie::id;
use dassie::service::{backup, restore};
use serde_json::json;

use crate::api::follow_peer;
use crate::health;
use crate::support::s3::{Mood, ObjectStore, with_bucket};
use crate::support::{Instance, Options, Peer, PeerAnswer, TempDir, damage, eventually, texts};

fn daily(config: &mut Config) {
    config.backup.every = Some(Span::hours(24));
    config.backup.keep = 2;
}

fn archives(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

fn now() -> Clock {
    Clock::manual(Clock::system().now_ms())
}

/// How the backups of an instance stand.
fn standing(instance: &Instance) -> backup::Standing {
    instance.app.db.read(backup::standing).unwrap()
}

/// Waits for another backup than that of then; when it was made.
fn one_more(instance: &Instance, before: Option<i64>) -> i64 {
    eventually("a backup is made", || standing(instance).made_at.filter(|at| Some(*at) != before))
}

/// Waits until the worker has seen what the clock says: at the start, when it began.
fn looked(instance: &Instance) {
    eventually("the worker looked", || (!instance.app.wake.is_rung()).then_some(()));
}

/// An archive of the instance as it is.
fn archive(instance: &Instance) -> PathBuf {
    let order = backup::Order {
        config: &instance.app.config,
        to: instance.folder.path().join("out"),
        uploads: false,
        passphrase: None,
        now: instance.app.clock.now_ms(),
    };
    backup::make(&order, &mut |_, _| Ok(())).unwrap().path
}

fn restored(archive: &Path, into: &Path, now: i64, keep_waiting: bool) -> restore::Restored {
    let order = restore::Order {
        archive,
        passphrase: None,
        into,
        force: false,
        host: None,
        keep_waiting,
        now,
    };
    restore::restore(&order, &mut |_, _| Ok(())).unwrap()
}

fn open(instance: &Instance, data: &Path, clock: Clock) -> App {
    let mut config = instance.app.config.clone();
    config.storage.data_dir = data.to_owned();
    App::open(config, Surroundings { clock, ..Surroundings::default() }).unwrap()
}

#[test]
fn the_server_makes_one_a_day_and_keeps_the_last() {
    let instance = Instance::with(Options { clock: now(), configure: Some(daily) });
    let folder = instance.app.config.backup_dir();
    instance.advance(0);
    looked(&instance);
    assert_eq!(archives(&folder).len(), 0);
    instance.advance(11 * MINUTE);
    let mut last = one_more(&instance, None);
    assert_eq!(last, instance.app.clock.now_ms());
    fs::write(folder.join("dassie-mine.tar.gz"), "by hand").unwrap();
    for _ in 0..3 {
        instance.advance(23 * HOUR);
        looked(&instance);
        assert_eq!(standing(&instance).made_at, Some(last), "it is not time yet");
        instance.advance(HOUR);
        last = one_more(&instance, Some(last));
    }
    let names = archives(&folder);
    assert_eq!(names.len(), 3, "two, and what is not ours: {names:?}");
    assert!(names.contains(&standing(&instance).name.unwrap()));
    // one that fails is told, and takes none away
    let lost = folder.with_extension("lost");
    fs::rename(&folder, &lost).unwrap();
    fs::write(&folder, "no folder").unwrap();
    instance.advance(DAY);
    let why = eventually("it fails", || standing(&instance).failed);
    assert!(why.contains("backups"), "{why}");
    assert_eq!(archives(&lost), names);
    fs::remove_file(&folder).unwrap();
    fs::rename(&lost, &folder).unwrap();
    instance.advance(2 * HOUR);
    one_more(&instance, Some(last));
    assert_eq!(standing(&instance).failed, None);
}

#[test]
fn a_damaged_database_pushes_out_no_backup_and_the_administrators_are_told() {
    let instance = Instance::with(Options { clock: now(), configure: Some(daily) });
    let ann = health::admin(&instance, "ann");
    let folder = instance.app.config.backup_dir();
    instance.advance(0);
    looked(&instance);
    let mut last = None;
    for _ in 0..2 {
        instance.advance(DAY);
        last = Some(one_more(&instance, last));
    }
    let good = archives(&folder);
    assert_eq!(good.len(), 2);
    let database = instance.folder.path().join("data/dassie.db");
    let lost = damage(&database);
    instance.advance(DAY);
    let fault = eventually("it is found", || standing(&instance).damaged);
    assert!(fault.contains("page"), "{fault}");
    assert!(standing(&instance).failed.unwrap().contains("the database is damaged"));
    assert_eq!(archives(&folder), good, "those that can be restored stay");
    let told = eventually("it is told", || {
        instance.advance(5 * MINUTE);
        Some(health::told(&instance, &ann)).filter(|list| !list.is_empty())
    });
    let words = texts(&json!(told)).concat();
    assert!(words.contains("is damaged") && words.contains("dassie restore ARCHIVE"), "{words}");

    lost.put_back();
    eventually("a backup is made", || {
        instance.advance(HOUR);
        standing(&instance).damaged.is_none().then_some(())
    });
    eventually("it is taken back", || {
        instance.advance(5 * MINUTE);
        health::told(&instance, &ann).is_empty().then_some(())
    });
}

#[test]
fn backups_go_into_the_bucket_and_old_ones_out_of_it() {
    fn configure(config: &mut Config) {
        daily(config);
        with_bucket(config);
        config.backup.to = BackupTo::S3;
        config.backup.keep = 1;
        config.backup.passphrase = "a good passphrase".to_owned().into();
    }
    let store = ObjectStore::start();
    let instance = Instance::with(Options { clock: now(), configure: Some(configure) });
    instance.advance(0);
    looked(&instance);
    let mut last = None;
    for _ in 0..2 {
        instance.advance(DAY);
        last = Some(one_more(&instance, last));
    }
    eventually("the first is gone", || (store.paths().len() == 1).then_some(()));
    let name = standing(&instance).name.unwrap();
    assert!(name.ends_with(".tar.gz.age"), "{name}");
    assert!(store.paths().iter().all(|path| path.contains("/backups/dassie-")));
    assert!(store.paths().iter().any(|path| path.ends_with(&name)));
    store.mood(Mood::Refuses(403, "AccessDenied"));
    instance.advance(DAY);
    let why = eventually("it fails", || standing(&instance).failed);
    assert!(why.contains("s3.access_key may not do this"), "{why}");
    assert!(archives(&instance.app.config.backup_dir()).is_empty(), "nothing stays behind");
}

#[test]
fn f_354_no_id_is_given_out_twice_even_if_the_clock_stands_still() {
    let clock = now();
    let instance = Instance::with(Options { clock: clock.clone(), configure: None });
    let ann = instance.person("ann");
    ann.writes("before", "public");
    let list = || -> i64 {
        let made = ann.post("/api/v1/lists", json!({"title": "a list"}));
        made["id"].as_str().unwrap().parse().unwrap()
    };
    let taken = list();
    let archive = archive(&instance);
    let then = clock.now_ms();
    instance.advance(HOUR);
    let lost = ann.writes("lost", "public");
    let lost: i64 = lost["id"].as_str().unwrap().parse().unwrap();
    let lost_list = list();
    assert!(id::to_ms(lost) >= then + HOUR && lost_list > taken);

    let folder = TempDir::new();
    // a clock that lags behind by an hour
    restored(&archive, folder.path(), then, false);
    let app = open(&instance, folder.path(), Clock::manual(then));
    let next = app.db.write(Lane::Interactive, |tx| Ok(tx.mint_id())).wait().unwrap();
    assert!(next > lost, "{next} {lost}");
    app.close();
    let sql = rusqlite::Connection::open(folder.path().join("dassie.db")).unwrap();
    let last: i64 = sql
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'list'", [], |row| row.get(0))
        .unwrap();
    assert!(last >= lost_list);
    // one of before the backup would be worse
    let again = TempDir::new();
    let order = restore::Order {
        archive: &archive,
        passphrase: None,
        into: again.path(),
        force: false,
        host: None,
        keep_waiting: false,
        now: then - 1,
    };
    let refused = restore::restore(&order, &mut |_, _| Ok(())).unwrap_err().to_string();
    assert!(refused.contains("Set the clock first"), "{refused}");
    let other = restore::Order { host: Some("other.example"), now: then, ..order };
    let refused = restore::restore(&other, &mut |_, _| Ok(())).unwrap_err().to_string();
    assert!(refused.contains("server.host of the settings is other.example"), "{refused}");
    assert!(!db::backup::is_there(again.path()));
}

#[test]
fn what_was_waiting_is_sent_only_if_somebody_asks() {
    let clock = now();
    let instance = Instance::with(Options { clock: clock.clone(), configure: None });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    instance.settle();
    peer.answer(PeerAnswer::Status(503));
    ann.writes(&format!("@mia@{} hello", peer.host), "direct");
    let soon = dassie::clock::api_time(clock.now_ms() + HOUR);
    ann.post("/api/v1/statuses", json!({"status": "later", "scheduled_at": soon}));
    let waiting = || instance.app.db.read(db::delivery::count).unwrap();
    eventually("it waits", || (waiting() == 1).then_some(()));
    let archive = archive(&instance);
    let late = clock.now_ms() + 2 * HOUR;
    for (keep_waiting, wanted) in [(false, 0), (true, 1)] {
        let folder = TempDir::new();
        let done = restored(&archive, folder.path(), late, keep_waiting);
        assert_eq!(done.settled.deliveries, 1 - wanted);
        assert_eq!(done.settled.scheduled, 1 - wanted);
        let sql = rusqlite::Connection::open(folder.path().join("dassie.db")).unwrap();
        let count = |query: &str| -> i64 { sql.query_row(query, [], |row| row.get(0)).unwrap() };
        assert_eq!(count("SELECT count(*) FROM delivery"), wanted);
        assert_eq!(count("SELECT count(*) FROM job WHERE kind = 25"), wanted);
        // the post is its author's again
        assert_eq!(count("SELECT count(*) FROM scheduled_status WHERE failed IS NULL"), wanted);
    }
}

#[test]
fn a_restore_that_was_cut_off_is_finished_at_the_next_start() {
    let instance = Instance::start();
    instance.person("ann");
    let archive = archive(&instance);
    let folder = TempDir::new();
    let now = Clock::system().now_ms();
    restored(&archive, folder.path(), now, false);
    // as a kill leaves it: the new one is whole, and an old one with its log is in its place
    let ready = folder.path().join("restoring");
    fs::create_dir(&ready).unwrap();
    fs::rename(folder.path().join("dassie.db"), ready.join("dassie.db")).unwrap();
    fs::write(folder.path().join("dassie.db"), "an old one").unwrap();
    fs::write(folder.path().join("dassie.db-wal"), "its log").unwrap();
    // and one that was cut off earlier
    fs::create_dir(folder.path().join("restoring.partial")).unwrap();
    let app = open(&instance, folder.path(), Clock::system());
    assert_eq!(app.db.read(db::account::list_local).unwrap().len(), 1);
    app.close();
    assert!(!ready.exists() && !folder.path().join("restoring.partial").exists());
    let aside = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let aside =
        aside.into_iter().find(|path| path.display().to_string().contains("before-restore"));
    assert_eq!(fs::read(aside.unwrap().join("dassie.db-wal")).unwrap(), b"its log");
}

/// What docs/operations.md says of replication: a program of its own that copies the database by
/// SQLite's ways, again and again, is always left with one that is sound.
#[test]
fn copies_by_sqlite_itself_are_sound_while_people_write() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let source = instance.folder.path().join("data/dassie.db");
    let target = instance.folder.path().join("replica.db");
    for round in 0..10 {
        for n in 0..5 {
            ann.writes(&format!("{round} {n}"), "public");
        }
        let from = rusqlite::Connection::open(&source).unwrap();
        let mut to = rusqlite::Connection::open(&target).unwrap();
        let copy = rusqlite::backup::Backup::new(&from, &mut to).unwrap();
        copy.run_to_completion(50, std::time::Duration::from_millis(1), None).unwrap();
        drop(copy);
        let ask = |sql: &str| -> String { to.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(ask("PRAGMA integrity_check"), "ok");
        assert_eq!(ask("SELECT CAST(count(*) AS TEXT) FROM status"), ((round + 1) * 5).to_string());
    }
}
