//! What is fetched before anybody looks.

use std::sync::mpsc::channel;

use dassie::db::{self, Lane};
use dassie::model::{CacheClass, CachedFile};
use dassie::service::prefetch;
use serde_json::json;

use crate::api::{follow_peer, id};
use crate::support::{Instance, Options, Peer, eventually};

/// How many statuses wait to be looked after.
fn waiting(instance: &Instance) -> usize {
    instance.app.ahead.waiting()
}

/// The file as if it had been fetched.
fn have(instance: &Instance, class: CacheClass, owner: i64, url: &str) {
    let row = CachedFile {
        key: instance.app.site.cache_key(class, owner, url),
        class,
        owner,
        host: "a.example".into(),
        extension: "png".into(),
        bytes: 10,
        kept: false,
        fetched_at: 0,
        viewed_at: 0,
    };
    let write =
        instance.app.db.write(Lane::Interactive, move |tx| db::cached_file::insert(tx, &row));
    write.wait().unwrap();
}

fn attached(peer: &Peer) -> serde_json::Value {
    json!({"attachment": [
        {"type": "Document", "mediaType": "image/png", "url": peer.at("/photo.png")},
        {"type": "Document", "mediaType": "video/mp4", "url": peer.at("/film.mp4")},
    ]})
}

#[test]
fn whoever_is_in_a_home_timeline_is_fetched_ahead_and_nobody_else() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "otto"]);
    for name in ["mia", "otto"] {
        let path = format!("/users/{name}");
        let mut actor = peer.document(&path);
        actor["icon"] = json!({"type": "Image", "url": peer.at(&format!("/{name}.png"))});
        peer.serve(&path, actor);
    }
    let mia = follow_peer(&instance, &ann, &peer, "mia").parse().unwrap();
    instance.settle();
    // while others need the lane, these wait
    let (release, wait) = channel::<()>();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    let held = instance.app.lanes.media.free() - 4;
    for _ in 0..held {
        let wait = wait.clone();
        instance.app.lanes.media.run(move || wait.lock().unwrap().recv()).unwrap();
    }
    let inbox = format!("{}/inbox", instance.base);
    let arrives = |name: &str, n: u32, extra| {
        assert_eq!(peer.send(name, &inbox, &peer.create(name, n, "<p>x</p>", extra)).status, 202);
        let uri = peer.at(&format!("/notes/{n}"));
        id(&eventually("it is there", || ann.finds_status(&uri)))
    };
    // a word from a stranger is in no home
    arrives("otto", 1, json!({"to": [ann.uri], "tag": [{"type": "Mention", "href": ann.uri}]}));
    assert_eq!(waiting(&instance), 0);
    let status: i64 = arrives("mia", 2, attached(&peer)).parse().unwrap();
    assert_eq!(waiting(&instance), 1);
    let wanted = |media| {
        let (app, of) = (&instance.app, status);
        let list = app.db.read(|conn| prefetch::list_wanted(conn, &app.site, of, media)).unwrap();
        list.into_iter().map(|one| (one.class, one.url)).collect::<Vec<_>>()
    };
    let avatar = (CacheClass::Avatar, peer.at("/mia.png"));
    let photo = (CacheClass::Preview, peer.at("/photo.png"));
    assert_eq!(wanted(false), std::slice::from_ref(&avatar));
    assert_eq!(wanted(true), [avatar.clone(), photo.clone()]);
    have(&instance, CacheClass::Avatar, mia, &avatar.1);
    assert_eq!(wanted(true), [photo]);
    // the author is looked after already
    arrives("mia", 3, attached(&peer));
    assert_eq!(waiting(&instance), 1);
    // an emoji of its own is another thing
    let emoji = json!({"type": "Emoji", "id": peer.at("/emojis/1"), "name": ":cat:",
        "icon": {"type": "Image", "mediaType": "image/png", "url": peer.at("/cat.png")}});
    arrives("mia", 4, json!({"tag": [emoji]}));
    assert_eq!(waiting(&instance), 2);
    for _ in 0..held {
        release.send(()).unwrap();
    }
    instance.app.wake.rouse();
    eventually("it is done", || (waiting(&instance) == 0).then_some(()));
    eventually("the emoji was asked for", || {
        peer.asked().iter().any(|path| path == "/cat.png").then_some(())
    });
    let asked = peer.asked();
    assert!(!asked.iter().any(|path| path == "/photo.png" || path == "/mia.png"), "{asked:?}");
}

#[test]
fn attachments_are_fetched_ahead_if_the_operator_wants_it_and_within_a_day_s_bytes() {
    let instance = Instance::with(Options {
        clock: dassie::clock::Clock::manual(1_767_225_600_000),
        configure: Some(|config| config.media.prefetch = dassie::config::Prefetch::Home),
    });
    let app = &instance.app;
    let spend =
        |bytes| app.db.write(Lane::Interactive, move |tx| prefetch::spend(tx, bytes)).wait();
    spend(100).unwrap();
    spend(20).unwrap();
    assert_eq!(app.db.read(prefetch::spent).unwrap(), 120);
    instance.advance(dassie::clock::DAY);
    assert_eq!(app.db.read(prefetch::spent).unwrap(), 0, "another day");
    spend(5).unwrap();
    assert_eq!(app.db.read(prefetch::spent).unwrap(), 5);
}

#[test]
fn f_338_nothing_of_a_blocked_server_is_fetched_ahead() {
    let world = super::cache::World::new();
    let app = &world.instance.app;
    let url = world.files.file("/cat.png", "image/png", &super::cache::png());
    let fetch = || {
        let (this, of) = (app.clone(), url.clone());
        let bring = move || dassie::lookup::cached_file::fetch(&this, CacheClass::Emoji, 0, &of);
        app.lanes.media.run(bring).unwrap().blocking_recv().unwrap().unwrap()
    };
    let domain = world.files.host.clone();
    let block = dassie::model::DomainBlock { domain, reject_media: true, ..Default::default() };
    let block =
        app.db.write(Lane::Interactive, move |tx| db::domain::insert_block(tx, &block)).wait();
    assert!(fetch().is_none());
    assert_eq!(world.files.times("/cat.png"), 0);
    let id = block.unwrap();
    app.db.write(Lane::Interactive, move |tx| db::domain::delete_block(tx, id)).wait().unwrap();
    assert!(fetch().is_some());
}

#[test]
fn what_is_large_is_left_to_those_who_look() {
    let world = super::cache::World::new();
    let app = &world.instance.app;
    let film = |size| super::passing::film(size);
    let large = world.files.file("/large.mp4", "video/mp4", &film(3 << 20));
    let small = world.files.file("/small.mp4", "video/mp4", &film(1 << 20));
    let endless = |path: &str, size: usize| {
        world.files.script(path, move |_, out| {
            use std::io::Write;
            let _ = out.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
            let _ = out.write_all(&film(size));
        })
    };
    let unknown_large = endless("/unknown.mp4", 3 << 20);
    let unknown_small = endless("/less.mp4", 1 << 20);
    for (number, (url, size, comes)) in [
        (&large, 3 << 20, false),
        (&small, 1 << 20, true),
        (&unknown_large, 3 << 20, false),
        (&unknown_small, 1 << 20, true),
    ]
    .into_iter()
    .enumerate()
    {
        let media = world.shows(u32::try_from(number).unwrap(), "video/mp4", url);
        let owner: i64 = id(&media).parse().unwrap();
        let (this, of) = (app.clone(), url.clone());
        let class = CacheClass::Original;
        let bring = move || dassie::lookup::cached_file::fetch(&this, class, owner, &of);
        let file = app.lanes.media.run(bring).unwrap().blocking_recv().unwrap().unwrap();
        assert_eq!(file.is_some(), comes, "{url}");
        // and that is no failure
        assert!(super::cache::fetch(&media["url"]).body == film(size), "{url}");
        world.quiet();
    }
}
