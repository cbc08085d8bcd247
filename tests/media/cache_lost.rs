//! Files of elsewhere that are lost, cut short, left behind, or not wanted any more.

use std::fs::{File, FileTimes};
use std::io::Write;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, SystemTime};

use dassie::clock::{HOUR, MINUTE};
use dassie::db;
use dassie::media::storage::{Name, new_key};
use dassie::model::CacheClass;
use dassie::service;
use serde_json::json;

use super::cache::{World, at, begin, fetch, png};
use crate::support::cached::{count, is_there, put};
use crate::support::eventually;
use crate::support::files::head;

#[test]
fn f_300_a_file_that_was_cut_short_on_the_disk_is_fetched_again() {
    let world = World::new();
    let app = &world.instance.app;
    let url = world.files.file("/a.png", "image/png", &png());
    let media = world.shows(1, "image/png", &url);
    assert_eq!(fetch(&media["url"]).status, 200);
    world.quiet();
    let key = app.site.cache_key(CacheClass::Original, at(&media["id"]).parse().unwrap(), &url);
    let row = app.db.read(|conn| db::cached_file::find(conn, &key)).unwrap().unwrap();
    let path = app.media.cache.path(&Name::parse(&row.name()).unwrap());
    File::options().write(true).open(path).unwrap().set_len(20).unwrap();
    for _ in 0..2 {
        assert_eq!(fetch(&media["url"]).body, png());
        world.quiet();
    }
    assert_eq!(world.files.times("/a.png"), 2);
}

#[test]
fn what_nobody_shows_any_more_when_it_is_here_does_not_stay() {
    let world = World::new();
    let app = &world.instance.app;
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let url = world.files.script("/a.png", move |_, out| {
        let _ = out.write_all(head(200, "image/png", Some(png().len())).as_bytes());
        let _ = out.write_all(&png()[..100]);
        let _ = gate.lock().unwrap().recv();
        let _ = out.write_all(&png()[100..]);
    });
    let media = world.shows(1, "image/png", &url);
    let (stream, _) = begin(at(&media["url"]), "");
    let delete = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "type": "Delete",
        "id": world.peer.at("/deletes/1"), "actor": world.peer.uri("mia"),
        "object": world.peer.at("/notes/1"),
    });
    let inbox = format!("{}/inbox", world.instance.base);
    let now = app.clock.now_ms();
    assert_eq!(world.peer.send_as("mia", &inbox, &delete, now).status, 202);
    world.instance.settle();
    drop(release);
    world.quiet();
    drop(stream);
    assert_eq!(app.db.read(db::cached_file::total).unwrap(), (0, 0));
    eventually("its file goes", || {
        world.instance.advance(MINUTE);
        (count(app) == 0 && app.media.room.used().unwrap() == 0).then_some(())
    });
}

#[test]
fn what_a_crash_left_of_a_download_goes_after_some_hours() {
    let world = World::new();
    let cache = &world.instance.app.media.cache;
    let plant = |hours: u64| {
        let path = cache.temporary(&new_key());
        let file = File::create(&path).unwrap();
        let time = SystemTime::now() - Duration::from_secs(hours * 3600);
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
        path
    };
    let (old, young) = (plant(7), plant(5));
    eventually("the old one goes", || {
        world.instance.advance(HOUR);
        (!old.exists()).then_some(())
    });
    assert!(young.exists());
}

#[test]
fn s_135_what_was_fetched_again_while_it_was_removed_is_not_said_to_be_here() {
    let world = World::new();
    let app = &world.instance.app;
    let file = put(app, 1, "https://a.example/1.jpg", 1000, 0);
    // the row is new, and the file went with the old one
    let name = Name::parse(&file.name()).unwrap();
    app.media.cache.remove(&name).unwrap();
    let cache = app.media.cache.clone();
    let settle = move |tx: &db::Tx<'_>| service::cache::settle(tx, &cache, name.as_str());
    app.db.write(db::Lane::Interactive, settle).wait().unwrap();
    assert_eq!(is_there(app, &file), (false, false));
    assert_eq!(app.media.room.used().unwrap(), 0);
}
