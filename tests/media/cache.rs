//! Files of elsewhere: their addresses here, the first look that fetches them, and those after it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Barrier, Mutex, mpsc};

use dassie::clock::{Clock, HOUR, MINUTE};
use dassie::config::Config;
use dassie::db::{self, Lane};
use dassie::lookup;
use dassie::model::CacheClass;
use image::ImageFormat;
use serde_json::{Value, json};

use crate::api::follow_peer;
use crate::support::cached::count;
use crate::support::files::head;
use crate::support::picture::{coded, corners, noise};
use crate::support::{Answer, FileHost, Instance, Options, Peer, Person, Request, eventually};

/// Somebody here who follows somebody whose pictures lie on a third server.
pub(super) struct World {
    pub instance: Instance,
    pub ann: Person,
    pub peer: Peer,
    pub files: FileHost,
    pub mia: String,
}

impl World {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(configure: fn(&mut Config)) -> Self {
        let clock = Clock::manual(Clock::system().now_ms());
        let instance = Instance::with(Options { clock, configure: Some(configure) });
        let ann = instance.person("ann");
        let peer = Peer::start(&["mia"]);
        let mia = follow_peer(&instance, &ann, &peer, "mia");
        Self { instance, ann, peer, files: FileHost::start(), mia }
    }

    /// Mia writes something; answers it as the client API shows it.
    pub fn writes(&self, number: u32, extra: Value) -> Value {
        let activity = self.peer.create("mia", number, "<p>look</p>", extra);
        let inbox = format!("{}/inbox", self.instance.base);
        let now = self.instance.app.clock.now_ms();
        assert_eq!(self.peer.send_as("mia", &inbox, &activity, now).status, 202);
        self.shown(number)
    }

    /// A status of Mia's as it is shown now.
    pub fn shown(&self, number: u32) -> Value {
        let uri = self.peer.at(&format!("/notes/{number}"));
        eventually("the status is here", || {
            let home = self.ann.get("/api/v1/timelines/home?limit=40");
            home.as_array().unwrap().iter().find(|status| status["uri"] == uri).cloned()
        })
    }

    /// Mia shows a file; answers the attachment.
    pub fn shows(&self, number: u32, kind: &str, url: &str) -> Value {
        let extra = json!({"attachment": [{"type": "Document", "mediaType": kind, "url": url}]});
        self.writes(number, extra)["media_attachments"][0].clone()
    }

    /// Mia has this avatar from now on.
    pub fn has_avatar(&self, url: &str, number: u32) {
        let mut actor = self.peer.document("/users/mia");
        actor["icon"] = json!({"type": "Image", "url": url});
        let update = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": self.peer.at(&format!("/updates/{number}")), "type": "Update",
            "actor": self.peer.uri("mia"), "object": actor,
        });
        let inbox = format!("{}/inbox", self.instance.base);
        let now = self.instance.app.clock.now_ms();
        assert_eq!(self.peer.send_as("mia", &inbox, &update, now).status, 202);
        self.instance.settle();
    }

    /// Until what was fetched is in its place.
    pub fn quiet(&self) {
        eventually("nothing is fetched", || {
            (self.instance.app.arrivals.count() == 0).then_some(())
        });
    }
}

pub(super) fn png() -> Vec<u8> {
    coded(&corners(16, 12), ImageFormat::Png)
}

pub(super) fn at(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[track_caller]
pub(super) fn fetch(address: &Value) -> Answer {
    Request::new("GET", at(address)).send()
}

#[test]
fn f_300_a_file_is_fetched_when_somebody_looks_and_then_it_is_here() {
    let world = World::new();
    let picture = png();
    let url = world.files.file("/a.png", "text/html", &picture);
    let media = world.shows(1, "image/png", &url);
    assert_eq!(media["type"], "image");
    assert_eq!(media["remote_url"], url);
    let base = &world.instance.base;
    assert!(at(&media["url"]).starts_with(&format!("{base}/cache/o/")), "{media}");
    assert!(at(&media["url"]).ends_with(".png"), "{media}");
    assert!(at(&media["preview_url"]).starts_with(&format!("{base}/cache/p/")), "{media}");
    world.instance.settle();
    assert_eq!(world.files.times("/a.png"), 0, "nothing is fetched before");

    let first = fetch(&media["url"]);
    assert_eq!((first.status, &first.body), (200, &picture));
    world.quiet();
    let again = fetch(&media["url"]);
    assert_eq!((again.status, &again.body), (200, &picture));
    // the original is small: it is its own preview
    let preview = fetch(&media["preview_url"]);
    assert_eq!((preview.status, &preview.body), (200, &picture));
    assert_eq!(world.files.times("/a.png"), 1);
    // the server lied about the type; ours is that of its first bytes
    for answer in [&first, &again, &preview] {
        for (name, value) in [
            ("content-type", "image/png"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("x-content-type-options", "nosniff"),
            ("content-disposition", "inline"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("access-control-allow-origin", "*"),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(answer.header(name), Some(value), "S-109 {name}");
        }
        assert_eq!(answer.header("etag"), first.header("etag"));
    }
    let (files, bytes) = world.instance.app.db.read(db::cached_file::total).unwrap();
    assert_eq!((files, bytes), (1, i64::try_from(picture.len()).unwrap()));
}

#[test]
fn s_109_s_114_tags_heads_and_ranges_of_cached_files() {
    let world = World::new();
    let picture = png();
    let url = world.files.file("/a.png", "image/png", &picture);
    let media = world.shows(1, "image/png", &url);
    let get = |method, name: &str, value: &str| {
        Request::new(method, at(&media["url"])).header(name, value).send()
    };
    let size = picture.len();
    // of what is not here yet as of what is
    for _ in 0..2 {
        let head = get("HEAD", "accept", "application/activity+json");
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), Some(size.to_string().as_str()));
        assert_eq!(head.header("content-type"), Some("image/png"));
        let part = get("GET", "range", "bytes=2-5");
        assert_eq!((part.status, &part.body[..]), (206, &picture[2..6]));
        let range = format!("bytes 2-5/{size}");
        assert_eq!(part.header("content-range"), Some(range.as_str()));
        assert_eq!(get("GET", "range", "bytes=-3").body, picture[size - 3..]);
        assert_eq!(get("GET", "range", &format!("bytes={size}-")).status, 416);
        assert_eq!(get("GET", "range", "bytes=0-1,3-4").body, picture, "several are none");
        let tag = head.header("etag").unwrap();
        assert_eq!(get("GET", "if-none-match", tag).status, 304);
        world.quiet();
    }
    for wrong in ["DELETE", "POST"] {
        assert_eq!(get(wrong, "accept", "*/*").status, 405, "{wrong}");
    }
}

#[test]
fn f_300_fifty_who_look_at_once_are_one_request() {
    let world = World::new();
    let picture = coded(&noise(200, 200), ImageFormat::Png);
    let (release, gate) = mpsc::channel::<()>();
    let (gate, body) = (Mutex::new(gate), picture.clone());
    let url = world.files.script("/a.png", move |_, out| {
        let _ = gate.lock().unwrap().recv();
        out.write_all(head(200, "image/png", Some(body.len())).as_bytes()).unwrap();
        out.write_all(&body).unwrap();
    });
    let media = world.shows(1, "image/png", &url);
    let address = at(&media["url"]).to_owned();
    let start = Arc::new(Barrier::new(50));
    let viewers: Vec<_> = (0..50)
        .map(|_| {
            let (address, start) = (address.clone(), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                Request::new("GET", address).send()
            })
        })
        .collect();
    eventually("it is asked", || (world.files.times("/a.png") == 1).then_some(()));
    drop(release);
    for viewer in viewers {
        let answer = viewer.join().unwrap();
        assert!(answer.status == 200 && answer.body == picture, "{}", answer.status);
    }
    assert_eq!(world.files.times("/a.png"), 1);
}

/// Sends a request and answers the connection once its header came.
pub(super) fn begin(address: &str, extra: &str) -> (TcpStream, String) {
    let url = url::Url::parse(address).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(stream, "GET {} HTTP/1.1\r\nhost: {host}\r\n{extra}\r\n", url.path()).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&head));
        head.push(byte[0]);
    }
    (stream, String::from_utf8(head).unwrap().to_ascii_lowercase())
}

fn mp4(size: usize) -> Vec<u8> {
    let mut film = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
    film.extend((film.len()..size).map(|n| u8::try_from(n % 251).unwrap()));
    film
}

#[test]
fn s_114_ranges_of_a_film_that_is_still_coming() {
    let world = World::new();
    let film = mp4(3 << 20);
    let (more, gate) = mpsc::channel::<usize>();
    let (gate, body) = (Mutex::new(gate), film.clone());
    let url = world.files.script("/a.mp4", move |_, out| {
        out.write_all(head(200, "video/mp4", Some(body.len())).as_bytes()).unwrap();
        let mut sent = 0;
        while let Ok(to) = gate.lock().unwrap().recv() {
            out.write_all(&body[sent..to]).unwrap();
            sent = to;
        }
    });
    let media = world.shows(1, "video/mp4", &url);
    assert_eq!((&media["type"], &media["preview_url"]), (&json!("video"), &Value::Null));
    more.send(1 << 20).unwrap();
    let address = at(&media["url"]);
    let (mut player, answer) = begin(address, "range: bytes=0-\r\n");
    assert!(answer.starts_with("http/1.1 206"), "{answer}");
    assert!(answer.contains(&format!("content-range: bytes 0-{}/{}", film.len() - 1, film.len())));
    assert!(answer.contains("content-type: video/mp4"), "{answer}");
    let mut part = vec![0; 1 << 20];
    player.read_exact(&mut part).unwrap();
    assert!(part == film[..1 << 20], "what has come is there at once");
    // a seek to what has come, and one beyond it, which begins at once and goes on later
    let back = Request::new("GET", address).header("range", "bytes=1000-1999").send();
    assert_eq!((back.status, &back.body[..]), (206, &film[1000..2000]));
    let (mut seek, answer) = begin(address, "range: bytes=2500000-2500099\r\n");
    assert!(answer.starts_with("http/1.1 206"), "{answer}");
    more.send(film.len()).unwrap();
    drop(more);
    let mut part = vec![0; 100];
    seek.read_exact(&mut part).unwrap();
    assert_eq!(part, film[2_500_000..2_500_100]);
    let mut rest = vec![0; 2 << 20];
    player.read_exact(&mut rest).unwrap();
    assert!(rest == film[1 << 20..]);
    assert_eq!(world.files.times("/a.mp4"), 1);
    world.quiet();
    assert!(fetch(&media["url"]).body == film);
}

#[test]
fn f_300_a_file_lost_from_the_disk_is_fetched_again() {
    let world = World::new();
    let url = world.files.file("/a.png", "image/png", &png());
    let media = world.shows(1, "image/png", &url);
    assert_eq!(fetch(&media["url"]).status, 200);
    world.quiet();
    std::fs::remove_dir_all(world.instance.folder.path().join("data/cache")).unwrap();
    std::fs::create_dir_all(world.instance.folder.path().join("data/cache/tmp")).unwrap();
    for _ in 0..2 {
        assert_eq!(fetch(&media["url"]).body, png());
        world.quiet();
    }
    assert_eq!(world.files.times("/a.png"), 2);
}

#[test]
fn a_look_is_written_down_once_an_hour() {
    let world = World::new();
    let app = &world.instance.app;
    let url = world.files.file("/a.png", "image/png", &png());
    let media = world.shows(1, "image/png", &url);
    fetch(&media["url"]);
    world.quiet();
    let id: i64 = at(&media["id"]).parse().unwrap();
    let key = app.site.cache_key(CacheClass::Original, id, &url);
    let viewed =
        || app.db.read(|conn| db::cached_file::find(conn, &key)).unwrap().unwrap().viewed_at;
    let first = viewed();
    fetch(&media["url"]);
    assert!(app.viewed.take().is_empty(), "within the same hour");
    world.instance.advance(3 * HOUR);
    world.instance.settle();
    assert_eq!(fetch(&media["url"]).status, 200);
    eventually("it is written down", || {
        world.instance.advance(HOUR);
        (viewed() > first).then_some(())
    });
    assert_eq!(viewed() % HOUR, 0);
}

#[test]
fn an_old_avatar_leads_to_the_present_one() {
    let world = World::new();
    let first = world.files.file("/1.png", "image/png", &png());
    let second =
        world.files.file("/2.png", "image/png", &coded(&corners(20, 20), ImageFormat::Png));
    world.has_avatar(&first, 1);
    let path = format!("/api/v1/accounts/{}", world.mia);
    let account = world.ann.get(&path);
    let old = account["avatar"].clone();
    assert!(at(&old).starts_with(&format!("{}/cache/a/{}/", world.instance.base, world.mia)));
    assert!(at(&account["avatar_static"]).contains("/cache/as/"));
    assert_eq!(fetch(&old).body, png());
    world.has_avatar(&second, 2);
    let new = world.ann.get(&path)["avatar"].clone();
    assert_ne!(new, old);
    let moved = fetch(&old);
    assert_eq!((moved.status, moved.header("location")), (302, new.as_str()));
    assert_eq!(moved.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(fetch(&new).status, 200);
    // what was never an address is none
    for wrong in ["/cache/a/1/x.png", "/cache/a/99/0123456789abcdef0123456789abcdef.png"] {
        assert_eq!(world.instance.get(wrong).status, 404, "{wrong}");
    }
}

#[test]
fn f_338_f_340_nothing_of_blocked_servers_is_shown() {
    let world = World::new();
    let app = &world.instance.app;
    let url = world.files.file("/a.png", "image/png", &png());
    let media = world.shows(1, "image/png", &url);
    let other = world.shows(2, "image/png", &world.files.at("/b.png"));
    world.has_avatar(&url, 1);
    let avatar = world.ann.get(&format!("/api/v1/accounts/{}", world.mia))["avatar"].clone();
    assert_eq!(fetch(&media["url"]).status, 200);
    assert_eq!(fetch(&avatar).status, 200);
    let looks = || [&media["url"], &avatar, &other["url"]].map(|one| fetch(one).status);
    // the file's server, then the author's
    for host in [&world.files.host, &world.peer.host] {
        let block = |reject_media: bool| {
            let host = host.clone();
            let write = app.db.write(Lane::Interactive, move |tx| {
                db::domain::insert_block(
                    tx,
                    &dassie::model::DomainBlock {
                        domain: host,
                        reject_media,
                        severity: if reject_media {
                            dassie::model::Severity::Noop
                        } else {
                            dassie::model::Severity::Suspend
                        },
                        ..Default::default()
                    },
                )
            });
            write.wait().unwrap()
        };
        for reject_media in [true, false] {
            let id = block(reject_media);
            assert_eq!(looks(), [404; 3], "{host} {reject_media}");
            app.db
                .write(Lane::Interactive, move |tx| db::domain::delete_block(tx, id))
                .wait()
                .unwrap();
        }
        assert_eq!(fetch(&media["url"]).status, 200);
    }
    let id: i64 = world.mia.parse().unwrap();
    app.db.write(Lane::Interactive, move |tx| db::account::suspend(tx, id)).wait().unwrap();
    assert_eq!(looks(), [404; 3], "suspended");
}

#[test]
fn files_go_with_what_they_belong_to_and_stay_through_edits() {
    let world = World::new();
    let url = world.files.file("/a.png", "image/png", &png());
    let before = world.shows(1, "image/png", &url);
    fetch(&before["url"]);
    world.quiet();
    let mut note = world.peer.create(
        "mia",
        1,
        "<p>edited</p>",
        json!({
            "attachment": [
                {"type": "Document", "mediaType": "image/png", "url": world.files.at("/new.png")},
                {"type": "Document", "mediaType": "image/png", "url": url, "name": "corners"},
            ],
        }),
    )["object"]
        .clone();
    note["updated"] = json!("2100-01-01T00:00:00Z");
    let send = |activity: &Value| {
        let inbox = format!("{}/inbox", world.instance.base);
        let now = world.instance.app.clock.now_ms();
        assert_eq!(world.peer.send_as("mia", &inbox, activity, now).status, 202);
        world.instance.settle();
    };
    send(&json!({
        "@context": "https://www.w3.org/ns/activitystreams", "type": "Update",
        "id": world.peer.at("/updates/1"), "actor": world.peer.uri("mia"), "object": note,
    }));
    let status = world.shown(1);
    let after = &status["media_attachments"][1];
    assert_eq!((&after["url"], &after["id"]), (&before["url"], &before["id"]));
    assert_eq!(after["description"], "corners");
    assert_eq!(fetch(&after["url"]).status, 200);
    assert_eq!(world.files.times("/a.png"), 1, "it is still here");
    send(&json!({
        "@context": "https://www.w3.org/ns/activitystreams", "type": "Delete",
        "id": world.peer.at("/deletes/1"), "actor": world.peer.uri("mia"),
        "object": world.peer.at("/notes/1"),
    }));
    assert_eq!(fetch(&before["url"]).status, 404);
    assert_eq!(world.instance.app.db.read(db::cached_file::total).unwrap(), (0, 0));
    eventually("its file is gone", || (count(&world.instance.app) == 0).then_some(()));
}

#[test]
fn the_background_fetches_into_the_same_place() {
    let world = World::new();
    let app = &world.instance.app;
    let url = world.files.file("/a.png", "image/png", &png());
    let media = world.shows(1, "image/png", &url);
    let id: i64 = at(&media["id"]).parse().unwrap();
    let bring = |url: &str| {
        let (this, url) = (app.clone(), url.to_owned());
        let fetch = move || lookup::cached_file::fetch(&this, CacheClass::Original, id, &url);
        app.lanes.media.run(fetch).unwrap().blocking_recv().unwrap().unwrap()
    };
    let file = bring(&url).unwrap();
    assert_eq!((file.extension.as_str(), file.host.as_str()), ("png", world.files.host.as_str()));
    assert_eq!(bring(&url), Some(file));
    assert_eq!(fetch(&media["url"]).body, png());
    assert_eq!(world.files.times("/a.png"), 1);
    assert_eq!(bring(&world.files.at("/missing.png")), None);
    assert_eq!(bring(&world.files.at("/missing.png")), None);
    assert_eq!(world.files.times("/missing.png"), 1, "not again before a while");
}

#[test]
fn cards_emojis_reactions_and_pages_have_our_addresses() {
    let world = World::new();
    let url = world.files.file("/blob.gif", "image/gif", &crate::support::picture::moving(8, 8));
    let status = world.writes(
        1,
        json!({
            "content": "<p>:blob:</p>",
            "tag": [{"type": "Emoji", "name": ":blob:", "icon": {"type": "Image", "url": url}}],
            "attachment": [{"type": "Image", "url": world.files.file("/a.png", "", &png())}],
        }),
    );
    let emoji = &status["emojis"][0];
    assert!(at(&emoji["url"]).starts_with(&format!("{}/cache/e/", world.instance.base)), "{emoji}");
    assert_eq!(fetch(&emoji["url"]).header("content-type"), Some("image/gif"));
    world.quiet();
    let still = fetch(&emoji["static_url"]);
    assert_eq!((still.status, still.header("content-type")), (200, Some("image/png")));
    // an address that we did not make is none: nobody has anything fetched by us
    let place = at(&emoji["url"]).rsplit('/').next().unwrap();
    let forged = format!("/cache/e/0123456789abcdef0123456789abcdef/{place}");
    assert_eq!(world.instance.get(&forged).status, 404);
    // pages show the same, and load nothing from elsewhere
    let boost =
        world.ann.post(&format!("/api/v1/statuses/{}/reblog", at(&status["id"])), json!({}));
    let page = world.instance.get("/@ann");
    let preview = at(&boost["reblog"]["media_attachments"][0]["preview_url"]);
    let preview = preview.rsplit_once('.').map_or(preview, |(bare, _)| bare);
    assert!(page.text().contains(preview), "{}", page.text());
    assert!(page.header("content-security-policy").unwrap().contains("img-src 'self'"));
}

/// Everything in it that a client loads by itself: addresses of files, not links.
fn loaded(value: &Value, inside: &str, found: &mut Vec<String>) {
    const FILES: &[&str] = &[
        "avatar",
        "avatar_static",
        "header",
        "header_static",
        "static_url",
        "preview_url",
        "image",
    ];
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_file = FILES.contains(&name.as_str())
                    || (name == "url" && ["emojis", "media_attachments"].contains(&inside));
                match value.as_str() {
                    Some(url) if is_file => found.push(url.to_owned()),
                    _ => loaded(value, name, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| loaded(item, inside, found)),
        _ => {}
    }
}

#[test]
fn s_098_nothing_that_is_shown_makes_anybody_ask_another_server() {
    let world = World::new();
    let file = |name: &str| world.files.file(name, "image/png", &png());
    world.has_avatar(&file("/avatar.png"), 1);
    let status = world.writes(
        1,
        json!({
            "content": format!("<p>:blob: <img src=\"{0}\"> <a href=\"{0}\">look</a></p>", file("/in.png")),
            "tag": [{"type": "Emoji", "name": ":blob:", "icon": {"type": "Image", "url": file("/blob.png")}}],
            "attachment": [
                {"type": "Image", "url": file("/a.png")},
                {"type": "Video", "mediaType": "video/mp4", "url": file("/film.mp4")},
            ],
        }),
    );
    let id = at(&status["id"]);
    world.ann.post(&format!("/api/v1/statuses/{id}/reblog"), json!({}));
    let base = &world.instance.base;
    let mut urls = Vec::new();
    for path in [
        "/api/v1/timelines/home".to_owned(),
        format!("/api/v1/statuses/{id}"),
        format!("/api/v1/accounts/{}", world.mia),
        "/api/v1/accounts/verify_credentials".into(),
        "/api/v2/search?q=mia".into(),
    ] {
        loaded(&world.ann.get(&path), "", &mut urls);
    }
    assert!(urls.len() > 20, "{urls:?}");
    // text is no place for pictures either
    assert!(!at(&status["content"]).contains("<img"), "{status}");
    for page in ["/@ann".to_owned(), format!("/@mia@{}/{id}", world.peer.host)] {
        let page = world.instance.get(&page);
        let text = page.text();
        for place in [" src=\"", " poster=\"", " srcset=\"", "<link rel=\"stylesheet\" href=\""] {
            let found = text.split(place).skip(1).filter_map(|rest| rest.split('"').next());
            urls.extend(found.filter(|url| !url.starts_with('/')).map(str::to_owned));
        }
        if page.status == 200 {
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.contains("img-src 'self'") && policy.contains("media-src 'self'"));
        }
    }
    for url in urls {
        assert!(url.starts_with(&format!("{base}/")), "{url}");
    }
}

#[test]
fn s_113_one_address_may_have_so_many_files_fetched() {
    let world = World::new();
    let url = world.files.file("/a.png", "image/png", &png());
    let media = world.shows(1, "image/png", &url);
    let stranger = "192.0.2.1".parse().unwrap();
    for _ in 0..1500 {
        world.instance.app.fetched_files.count(&stranger, 5 * MINUTE);
    }
    let look =
        |who: &str| Request::new("GET", at(&media["url"])).header("x-forwarded-for", who).send();
    let refused = look("192.0.2.1");
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(look("192.0.2.2").status, 200);
    world.quiet();
    assert_eq!(look("192.0.2.1").status, 200, "what is here is for all");
}
