//! What goes from the cache, in which order, and when.

use std::sync::atomic::{AtomicU32, Ordering};

use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use dassie::config::Size;
use dassie::db::{self, Lane};
use dassie::model::CachedFile;
use proptest::prelude::*;
use serde_json::json;

use crate::api::{follow_peer, id};
use crate::support::cached::{count, is_there, put, try_put};
use crate::support::{Instance, Options, Peer, eventually};

/// 2026-01-01.
const START: i64 = 1_767_225_600_000;

fn small() -> Instance {
    Instance::with(Options {
        clock: Clock::manual(START),
        configure: Some(|config| {
            config.media.cache_max_size = Size(100_000);
            config.media.min_free_disk = Size(1000);
        }),
    })
}

fn used(instance: &Instance) -> u64 {
    instance.app.media.room.used().unwrap()
}

fn url(n: impl std::fmt::Display) -> String {
    format!("https://a.example/{n}.jpg")
}

#[test]
fn s_113_a_full_cache_loses_what_was_not_looked_at_for_longest() {
    let instance = small();
    let app = &instance.app;
    // a new one every hour: each but the first few needs the room of an older one
    let mut files: Vec<CachedFile> = Vec::new();
    for n in 0..30 {
        files.push(put(app, n, &url(n), 10_000, 0));
        assert!(used(&instance) <= 100_000);
        instance.advance(HOUR);
    }
    eventually("it is below its limit with some room to spare", || {
        (used(&instance) <= 95_000 && !app.media.room.is_pressed()).then_some(())
    });
    // what a reservation and its row count twice for a moment may have cost one more
    let first = files.iter().position(|file| is_there(app, file).0).unwrap();
    assert!((21..=22).contains(&first), "{first}");
    for (n, file) in files.iter().enumerate() {
        assert_eq!(is_there(app, file), (n >= first, n >= first), "{n}");
    }
    // one that is looked at stays, and the next one goes in its place
    let (oldest, next) = (&files[first], &files[first + 1]);
    let (key, now) = (oldest.key, app.clock.now_ms());
    app.db
        .write(Lane::Interactive, move |tx| db::cached_file::touch(tx, &key, now))
        .wait()
        .unwrap();
    put(app, 99, &url("more"), 30_000, 0);
    assert_eq!(is_there(app, oldest), (true, true));
    assert_eq!(is_there(app, next), (false, false));
}

#[test]
fn s_113_there_is_a_pause_between_a_full_cache_and_the_next_loss() {
    let instance = small();
    let app = &instance.app;
    for n in 0..97 {
        put(app, n, &url(n), 1000, 0);
    }
    instance.advance(MINUTE);
    assert!(!app.media.room.is_pressed(), "97 % is not nearly full");
    assert_eq!(count(app), 97);
    for n in 97..99 {
        put(app, n, &url(n), 1000, 0);
    }
    eventually("it shrinks to 95 %", || {
        (used(&instance) <= 95_000 && !app.media.room.is_pressed()).then_some(())
    });
    let left = used(&instance);
    assert!(left >= 93_000, "{left}");
    for n in 99..102 {
        put(app, n, &url(n), 1000, 0);
    }
    assert!(!app.media.room.is_pressed());
    assert_eq!(used(&instance), left + 3000);
}

#[test]
fn s_113_what_has_no_room_is_refused_and_takes_nothing_along() {
    let instance = small();
    let app = &instance.app;
    for n in 0..9 {
        put(app, n, &url(n), 10_000, 0);
    }
    let refused = app.media.room.reserve(100_001).err().unwrap();
    assert_eq!((refused.status(), refused.retry_after().is_some()), (503, true));
    assert_eq!(count(app), 9, "nothing goes for what does not fit anyway");
    // what is reserved is as good as there
    let first = app.media.room.reserve(60_000).unwrap();
    assert!(used(&instance) + first.bytes() <= 100_000);
    assert!(app.media.room.reserve(60_000).is_err());
    drop(first);
    let mut second = app.media.room.reserve(60_000).unwrap();
    second.grow(40_000).unwrap();
    assert!(second.grow(1).is_err());
    assert_eq!((second.bytes(), used(&instance)), (100_000, 0));
}

#[test]
fn what_nobody_looked_at_for_days_goes_and_what_is_kept_after_four_times_as_long() {
    let instance = Instance::with(Options { clock: Clock::manual(START), ..Options::default() });
    let app = &instance.app;
    let files: Vec<_> = (0..5).map(|n| put(app, n, &url(n), 1000, 0)).collect();
    let days = [29, 31, 31, 119, 121].into_iter().enumerate();
    let rows: Vec<_> = days
        .zip(&files)
        .map(|((n, days), file)| CachedFile {
            kept: n > 1,
            viewed_at: START - days * DAY,
            ..file.clone()
        })
        .collect();
    app.db
        .write(Lane::Interactive, move |tx| {
            rows.iter().try_for_each(|row| db::cached_file::insert(tx, row))
        })
        .wait()
        .unwrap();
    instance.advance(HOUR + MINUTE);
    eventually("two go", || (count(app) == 3).then_some(()));
    let there: Vec<_> = files.iter().map(|file| is_there(app, file).0).collect();
    assert_eq!(there, [true, false, true, true, false]);
}

#[test]
fn what_is_favourited_or_bookmarked_goes_last() {
    let instance = Instance::with(Options {
        configure: Some(|config| {
            config.media.cache_max_size = Size(100_000);
            config.media.min_free_disk = Size(1000);
        }),
        ..Options::default()
    });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let picture = json!({
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": peer.at("/a.png")}],
    });
    let note = peer.create("mia", 1, "<p>look</p>", picture);
    let inbox = format!("{}/inbox", instance.base);
    assert_eq!(peer.send("mia", &inbox, &note).status, 202);
    let status = eventually("it is there", || ann.finds_status(&peer.at("/notes/1")));
    let media: i64 = id(&status["media_attachments"][0]).parse().unwrap();
    let app = &instance.app;
    // the author's picture may be on its way, with all the room that it could take
    let file = eventually("there is room", || try_put(app, media, &url("kept"), 10_000, DAY).ok());
    let kept = || {
        let row = app.db.read(|conn| db::cached_file::find(conn, &file.key)).unwrap().unwrap();
        let class = dassie::model::CacheClass::Preview;
        let would =
            app.db.read(|conn| dassie::service::cache::is_kept(conn, class, media)).unwrap();
        assert_eq!(row.kept, would, "a file that comes in later is treated alike");
        row.kept
    };
    let path = format!("/api/v1/statuses/{}", id(&status));
    let deed = |person: &crate::support::Person, word: &str| {
        person.post(&format!("{path}/{word}"), json!({}));
    };
    assert!(!kept());
    // two people, two ways: the last one who lets go decides
    for (person, word, expected) in [
        (&ann, "favourite", true),
        (&ann, "unfavourite", false),
        (&ann, "bookmark", true),
        (&bob, "favourite", true),
        (&ann, "unbookmark", true),
        (&bob, "unfavourite", false),
        (&bob, "bookmark", true),
        (&ann, "favourite", true),
        (&ann, "unfavourite", true),
    ] {
        deed(person, word);
        assert_eq!(kept(), expected, "{} {word}", person.name);
    }
    // although it was not looked at for longest
    for n in 0..40 {
        put(app, n, &url(n), 10_000, 0);
    }
    assert_eq!(is_there(app, &file), (true, true));
    put(app, 99, &url("all"), 100_000, 0);
    assert_eq!(is_there(app, &file), (false, false));
    // with the status its files go
    let file = put(app, media, &url("kept"), 1000, 0);
    let gone: i64 = id(&status).parse().unwrap();
    app.db.write(Lane::Interactive, move |tx| db::status::delete(tx, gone)).wait().unwrap();
    eventually("its file goes", || (is_there(app, &file) == (false, false)).then_some(()));
}

#[test]
fn s_113_the_cache_gives_way_to_what_must_stay_free() {
    let instance = Instance::with(Options {
        clock: Clock::manual(START),
        configure: Some(|config| {
            config.media.cache_max_size = Size(1_000_000);
            config.media.min_free_disk = Size(100_000);
        }),
    });
    let app = &instance.app;
    let room = &app.media.room;
    room.pretend(300_000);
    for n in 0..50 {
        instance.advance(HOUR);
        put(app, n, &url(n), 10_000, 0);
        assert!(room.free().unwrap() >= 100_000);
    }
    assert_eq!(count(app), 20, "as many as leave so much free");
    // somebody else fills the disk
    room.pretend(150_000);
    instance.advance(MINUTE);
    eventually("it shrinks", || (room.free().unwrap() >= 100_000).then_some(()));
    assert!(count(app) > 0);
    room.pretend(50_000);
    instance.advance(MINUTE);
    eventually("down to nothing", || (count(app) == 0).then_some(()));
    let refused = try_put(app, 99, &url(99), 1000, 0).unwrap_err();
    assert!(refused.is_disk_full(), "{refused}");
    room.pretend(0);
    put(app, 99, &url(99), 1000, 0);
}

#[test]
fn s_135_a_kill_between_row_and_file_leaves_nothing_behind() {
    let mut instance = small();
    let file = put(&instance.app, 1, &url(1), 1000, 0);
    let key = file.key;
    let write = instance.app.db.write(Lane::Interactive, move |tx| {
        assert!(db::cached_file::delete(tx, &key)?);
        // what would ring for the sweep does not come to it
        Ok(())
    });
    write.wait().unwrap();
    assert_eq!(is_there(&instance.app, &file), (false, true));
    assert_eq!(used(&instance), 1000, "it takes its place until it is gone");
    instance.start_again();
    eventually("the file goes", || (count(&instance.app) == 0).then_some(()));
    eventually("and is not counted", || (used(&instance) == 0).then_some(()));
}

#[test]
fn limits_that_were_crossed_before_the_start_are_kept_again_after_it() {
    let mut instance = Instance::start();
    for n in 0..60 {
        put(&instance.app, n, &url(n), 10_000, 1000 - n);
    }
    instance.start_with(|config| config.media.cache_max_size = Size(100_000));
    instance.app.media.room.press();
    eventually("it shrinks", || (used(&instance) == 90_000).then_some(()));
    assert_eq!(count(&instance.app), 9);
}

/// One thing that happens to the cache.
#[derive(Clone, Debug)]
enum Deed {
    /// A file of so many bytes comes in.
    Put(u64),
    View(usize),
    Keep(usize, bool),
    /// Somebody reserves so much and gives up.
    Hold(u64),
    Hours(i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        5 => (1_u64..30_000).prop_map(Deed::Put),
        2 => any::<usize>().prop_map(Deed::View),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(n, on)| Deed::Keep(n, on)),
        1 => (1_u64..120_000).prop_map(Deed::Hold),
        2 => (1_i64..60).prop_map(Deed::Hours),
    ]
}

/// All rows, what goes first in front.
fn rows(instance: &Instance) -> Vec<CachedFile> {
    let all = instance.app.db.read(|conn| {
        let mut all = Vec::new();
        for kept in [false, true] {
            for one in db::cache_expiry::list_old(conn, kept, i64::MAX, 10_000)? {
                all.extend(db::cached_file::find(conn, &one.key)?);
            }
        }
        Ok(all)
    });
    all.unwrap()
}

/// The limit is never crossed, what is here is what the rows say, and what went is what was needed
/// least.
fn check(instance: &Instance, deeds: &[Deed]) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let app = &instance.app;
    let place = |file: &CachedFile| (file.kept, file.viewed_at);
    for deed in deeds {
        let before = rows(instance);
        let pick = |n: usize| before.get(n % before.len().max(1)).cloned();
        let now = app.clock.now_ms();
        match *deed {
            Deed::Put(bytes) => {
                let n = NEXT.fetch_add(1, Ordering::Relaxed);
                put(app, 0, &url(n), bytes, 0);
            }
            Deed::Hold(bytes) => drop(app.media.room.reserve(bytes)),
            Deed::Hours(hours) => instance.advance(hours * HOUR),
            Deed::View(n) => {
                let Some(file) = pick(n) else { continue };
                let touch = move |tx: &db::Tx<'_>| db::cached_file::touch(tx, &file.key, now);
                app.db.write(Lane::Interactive, touch).wait().unwrap();
                continue;
            }
            Deed::Keep(n, kept) => {
                let Some(file) = pick(n) else { continue };
                let row = CachedFile { kept, ..file };
                let there = move |tx: &db::Tx<'_>| match db::cached_file::find(tx, &row.key)? {
                    Some(_) => db::cached_file::insert(tx, &row),
                    None => Ok(()),
                };
                app.db.write(Lane::Interactive, there).wait().unwrap();
                continue;
            }
        }
        let after = rows(instance);
        let limit = app.clock.now_ms() - 30 * DAY;
        let last_gone = before
            .iter()
            .filter(|file| !after.contains(file) && file.viewed_at >= limit)
            .map(place)
            .max();
        let first_left = after.iter().filter(|file| before.contains(file)).map(place).min();
        if let (Some(gone), Some(left)) = (last_gone, first_left) {
            assert!(gone <= left, "{gone:?} went before {left:?}");
        }
        assert!(used(instance) <= 100_000);
    }
    instance.advance(MINUTE);
    eventually("rows, files and sums agree", || {
        let rows = rows(instance);
        let bytes: i64 = rows.iter().map(|file| file.bytes).sum();
        (rows.len() == count(app) && u64::try_from(bytes).unwrap() == used(instance)).then_some(())
    });
}

#[test]
fn s_113_no_trace_of_views_crosses_the_limit() {
    let instance = small();
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) };
    proptest!(config, |(deeds in prop::collection::vec(deed(), 1..60))| {
        check(&instance, &deeds);
    });
}
