//! Uploads in a bucket: where they go, how they are read, what happens while the store fails, and
//! the way there and back.

use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use dassie::config::{Config, S3Reads, Size};
use dassie::control::{self, Command, MediaCommand, MediaReply, MoveLine, MoveStep, Reply};
use dassie::model::Store;
use dassie::service::shelf;
use image::ImageFormat;
use serde_json::{Value, json};

use super::media::{fetch, file_count};
use crate::support::picture::{Part, coded, corners, form, noise};
use crate::support::s3::{Mood, ObjectStore, with_bucket, with_uploads};
use crate::support::{Answer, Instance, Options, Person, Request, eventually};

/// Where all objects of these tests lie: a prefix with a space and a letter beyond ASCII.
const BEGIN: &str = "/files/my%20files/%C3%BC/";

fn with(configure: fn(&mut Config)) -> Instance {
    let clock = Clock::manual(1_767_323_045_678);
    Instance::with(Options { clock, configure: Some(configure) })
}

fn png(width: u32) -> Vec<u8> {
    coded(&corners(width, 24), ImageFormat::Png)
}

/// The object behind an address of ours.
fn object(url: &Value) -> String {
    let path = url.as_str().unwrap().split("/media/").nth(1).unwrap();
    format!("{BEGIN}{path}")
}

fn get(url: &Value, headers: &[(&str, &str)]) -> Answer {
    ask("GET", url, headers)
}

fn ask(method: &'static str, url: &Value, headers: &[(&str, &str)]) -> Answer {
    // an answer to HEAD that says it is packed is too much for the client of these tests
    let request = Request::new(method, url.as_str().unwrap()).header("accept-encoding", "identity");
    headers.iter().fold(request, |request, (name, value)| request.header(name, *value)).send()
}

fn step(instance: &Instance, to: Store, after: i64) -> MoveLine {
    let step = MoveStep { to, after, dry_run: false };
    match ask_about_files(instance, MediaCommand::Move(step)) {
        MediaReply::Moved(line) => line,
        other => panic!("{other:?}"),
    }
}

/// The headers of an answer that say something about the file.
fn about(answer: &Answer) -> Vec<(String, String)> {
    let own = ["date", "x-request-id"];
    let mut headers: Vec<_> =
        answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect();
    headers.sort();
    headers
}

#[test]
fn s_109_s_112_an_upload_goes_to_the_bucket_and_nowhere_else() {
    let store = ObjectStore::start();
    let instance = with(with_uploads);
    let ann = instance.person("ann");
    let picture = png(48);
    let media = ann.uploads(&picture).ok();
    let url = &media["url"];
    // one address, wherever it lies
    assert!(url.as_str().unwrap().starts_with(&format!("{}/media/", instance.base)), "{media}");
    assert_eq!(store.paths(), [object(url)]);
    assert_eq!(file_count(&instance), 0, "nothing of it is left on the disk");
    let stored = |header| store.stored(&object(url), header);
    assert_eq!(stored("content-type"), "image/png");
    assert_eq!(stored("content-disposition"), "inline");
    assert_eq!(stored("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(stored("x-amz-acl"), "", "a bucket may know no rights of objects");
    let scope = "/us-east-1/s3/aws4_request,SignedHeaders=content-type;host;x-amz-content-sha256;";
    assert!(stored("authorization").contains(scope), "{}", stored("authorization"));
    assert_eq!(stored("x-amz-date"), "20260102T030405Z");

    // a big one has a preview, and both go with their status
    let media = ann.uploads(&coded(&noise(900, 700), ImageFormat::Jpeg)).ok();
    assert_ne!(media["url"], media["preview_url"]);
    let status = ann.post("/api/v1/statuses", json!({"status": "", "media_ids": [media["id"]]}));
    assert_eq!(status["media_attachments"][0]["url"], media["url"]);
    assert_eq!(store.paths().len(), 3);
    let path = format!("/api/v1/statuses/{}?delete_media=true", status["id"].as_str().unwrap());
    ann.delete(&path);
    eventually("its objects are gone", || (store.paths() == [object(url)]).then_some(()));
    assert_eq!(fetch(&media["url"]).status, 404);

    // pictures of profiles as well
    let file = [Part::File("avatar", "a.png", &picture)];
    let path = "/api/v1/accounts/update_credentials";
    let account = form(ann.request("PATCH", path), &file).send().ok();
    assert!(store.paths().contains(&object(&account["avatar"])), "{account}");
    assert_eq!(fetch(&account["avatar"]).status, 200);
    ann.delete("/api/v1/profile/avatar");
    eventually("the object of the avatar is gone", || (store.paths().len() == 1).then_some(()));
}

#[test]
fn s_109_s_114_it_is_read_as_from_the_disk() {
    let _store = ObjectStore::start();
    let instance = with(with_uploads);
    let local = with(|_| {});
    let picture = coded(&noise(400, 300), ImageFormat::Png);
    let there = instance.person("ann").uploads(&picture).ok()["url"].clone();
    let here = local.person("ann").uploads(&picture).ok()["url"].clone();
    let whole = fetch(&here).body;
    assert!(whole.len() > 200_000);
    for (method, headers) in [
        ("GET", vec![]),
        ("HEAD", vec![]),
        ("GET", vec![("range", "bytes=0-0")]),
        ("GET", vec![("range", "bytes=100-150000")]),
        ("GET", vec![("range", "bytes=200000-")]),
        ("GET", vec![("range", "bytes=-7")]),
        ("GET", vec![("range", "bytes=-99999999")]),
        ("GET", vec![("range", "bytes=99999999-")]),
        ("GET", vec![("range", "bytes=-0")]),
        ("GET", vec![("range", "bytes=5-2")]),
        ("GET", vec![("range", "bytes=0-1,4-5")]),
        ("GET", vec![("range", "bytes=0-1"), ("if-range", "\"another\"")]),
    ] {
        let (one, other) = (ask(method, &there, &headers), ask(method, &here, &headers));
        assert_eq!(one.status, other.status, "{method} {headers:?}");
        assert!(one.body == other.body, "{method} {headers:?}");
        let (mut one, other) = (about(&one), about(&other));
        // names are random
        for (name, value) in &mut one {
            if name == "etag" {
                *value = other.iter().find(|(n, _)| n == "etag").unwrap().1.clone();
            }
        }
        assert_eq!(one, other, "{method} {headers:?}");
    }
    let tag = fetch(&there).header("etag").unwrap().to_owned();
    assert_eq!(get(&there, &[("if-none-match", &tag)]).status, 304);
    let part = get(&there, &[("range", "bytes=1-3"), ("if-range", &tag)]);
    assert_eq!((part.status, part.body), (206, whole[1..4].to_vec()));
}

#[test]
fn what_was_taken_in_waits_for_a_store_that_fails() {
    let store = ObjectStore::start();
    let instance = with(with_uploads);
    let ann = instance.person("ann");
    for mood in [
        Mood::Refuses(403, "SignatureDoesNotMatch"),
        Mood::Refuses(503, "SlowDown"),
        Mood::CutsPuts,
    ] {
        store.mood(mood);
        let picture = coded(&noise(300, 300), ImageFormat::Png);
        let file = [Part::File("file", "a.png", &picture)];
        let media = form(ann.request("POST", "/api/v2/media"), &file).send();
        assert_eq!(media.status, 202, "{mood:?}: {}", media.text());
        let id = media.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/media/{id}");
        // far more often than other jobs are tried
        for _ in 0..8 {
            let before = store.count("PUT");
            instance.advance(HOUR);
            instance.settle();
            assert!(store.count("PUT") > before, "it is tried again");
        }
        assert_eq!(ann.request("GET", &path).send().status, 206, "{mood:?}");
        store.mood(Mood::Fine);
        instance.advance(HOUR);
        instance.settle();
        let url = ann.get(&path)["url"].clone();
        assert_eq!(fetch(&url).status, 200);
        // not taken for something that came to nothing
        instance.advance(2 * HOUR);
        instance.settle();
        assert_eq!(store.paths(), [object(&url)], "{mood:?}");
        ann.delete(&path);
        eventually("it is gone", || store.paths().is_empty().then_some(()));
    }
    assert_eq!(file_count(&instance), 0, "nothing is left of all that");

    // who waits for an answer gets one
    store.mood(Mood::Refuses(403, "InvalidAccessKeyId"));
    let file = [Part::File("avatar", "a.png", &png(20))];
    let path = "/api/v1/accounts/update_credentials";
    let refused = form(ann.request("PATCH", path), &file).send();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("30")));
    assert!(!refused.text().contains("InvalidAccessKeyId"), "{}", refused.text());
    assert_eq!(file_count(&instance), 0);
}

#[test]
fn a_read_ends_whole_or_with_a_clear_word() {
    let store = ObjectStore::start();
    let instance = with(with_uploads);
    let ann = instance.person("ann");
    let url = ann.uploads(&coded(&noise(500, 400), ImageFormat::Png)).ok()["url"].clone();
    let whole = fetch(&url).body;
    assert!(whole.len() > 400_000);
    for mood in
        [Mood::Refuses(403, "AccessDenied"), Mood::Refuses(500, "InternalError"), Mood::Unmeasured]
    {
        store.mood(mood);
        for method in ["GET", "HEAD"] {
            let answer = ask(method, &url, &[]);
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (503, Some("30")),
                "{mood:?}"
            );
            assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        }
    }
    // cut off again and again: the rest is asked for until all is there
    store.mood(Mood::CutsGets(150_000));
    let before = store.count("GET");
    assert!(fetch(&url).body == whole);
    assert!(store.count("GET") - before >= 3);
    store.mood(Mood::Endless);
    assert!(fetch(&url).body == whole, "not a byte more than there are");
    // nothing comes at all: no answer that looks whole
    store.mood(Mood::CutsGets(0));
    let cut = Request::new("GET", url.as_str().unwrap()).try_send();
    assert!(cut.is_err(), "{:?}", cut.map(|answer| answer.status));
    store.mood(Mood::Fine);
    assert!(fetch(&url).body == whole);
    store.lose(&object(&url));
    assert_eq!(fetch(&url).status, 404);
    assert_eq!(ask("HEAD", &url, &[]).status, 404);
}

#[test]
fn a_client_that_reads_nothing_holds_no_thread() {
    use std::io::{Read, Write};
    let store = ObjectStore::start();
    let instance = with(with_uploads);
    let ann = instance.person("ann");
    let url = ann.uploads(&png(48)).ok()["url"].clone();
    // more than sockets hold
    let whole: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 251) as u8).collect();
    store.change(&object(&url), &whole);
    let path = url.as_str().unwrap().strip_prefix(&instance.base).unwrap().to_owned();
    let mut idle: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(&instance.host).unwrap();
            let host = &instance.host;
            write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
                .unwrap();
            stream
        })
        .collect();
    // the lane has sixteen threads
    eventually("somebody else is served", || {
        let range = [("range", "bytes=0-9")];
        let answer = Request::new("GET", url.as_str().unwrap()).header(range[0].0, range[0].1);
        answer.try_send().ok().filter(|answer| answer.status == 206).map(|_| ())
    });
    let mut all = Vec::new();
    idle[0].read_to_end(&mut all).unwrap();
    assert!(all.ends_with(&whole), "the slow one gets all of it as well");
}

#[test]
fn s_110_clients_are_sent_to_the_bucket_where_the_settings_say_so() {
    let store = ObjectStore::start();
    let mut instance = with(|config| {
        with_uploads(config);
        config.s3.reads = S3Reads::Presigned;
    });
    let ann = instance.person("ann");
    let media = ann.uploads(&png(48)).ok();
    let url = &media["url"];
    let sent = fetch(url);
    assert_eq!(sent.status, 302);
    assert_eq!(sent.header("cache-control"), Some("private, max-age=2940"));
    assert_eq!(sent.header("vary").map(|vary| vary.contains("sec-fetch-site")), Some(true));
    let place = sent.header("location").unwrap().to_owned();
    let begin = format!("{}{}?X-Amz-Algorithm=AWS4-HMAC-SHA256&", store.base, object(url));
    assert!(place.starts_with(&begin), "{place}");
    assert!(place.contains("&X-Amz-Date=20260102T030000Z&X-Amz-Expires=3600&"), "{place}");
    assert_eq!(Request::new("GET", &place).send().status, 200);
    // the same address for ten minutes, so that it can be cached; another one then, and for HEAD
    instance.advance(MINUTE);
    assert_eq!(fetch(url).header("location"), Some(place.as_str()));
    assert_ne!(ask("HEAD", url, &[]).header("location"), Some(place.as_str()));
    instance.advance(10 * MINUTE);
    assert_ne!(fetch(url).header("location"), Some(place.as_str()));
    // our own pages show nothing from elsewhere
    assert_eq!(get(url, &[("sec-fetch-site", "same-origin")]).status, 200);
    // who goes to the file itself leaves them, or a film would stay black
    let goes = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")];
    assert_eq!(get(url, &goes).status, 302);

    instance.start_with(|config| config.s3.public_url = Some("https://files.example".into()));
    let id = media["id"].as_str().unwrap();
    let shown = ann.get(&format!("/api/v1/media/{id}"));
    let public = object(url).replace("/files/", "https://files.example/");
    assert_eq!(shown["url"], public);
    assert_eq!(shown["preview_url"], public);
    let sent = fetch(url);
    assert_eq!((sent.status, sent.header("location")), (302, Some(public.as_str())));
    assert_eq!(get(url, &[("sec-fetch-site", "same-origin")]).status, 200);
    // what other servers are told does not change
    let status = ann.post("/api/v1/statuses", json!({"status": "", "media_ids": [id]}));
    let note = instance.activity(status["uri"].as_str().unwrap()).ok();
    assert_eq!(note["attachment"][0]["url"], *url);
}

/// Some uploads of each kind: the addresses of all their files.
fn some(ann: &Person) -> Vec<Value> {
    let small = ann.uploads(&png(48)).ok();
    let big = ann.uploads(&coded(&noise(900, 700), ImageFormat::Jpeg)).ok();
    let file = [Part::File("avatar", "a.png", &png(30))];
    let path = "/api/v1/accounts/update_credentials";
    let account = form(ann.request("PATCH", path), &file).send().ok();
    let ids = [&small["id"], &big["id"]];
    ann.post("/api/v1/statuses", json!({"status": "", "media_ids": ids}));
    [&small["url"], &big["url"], &big["preview_url"], &account["avatar"]].map(Value::clone).to_vec()
}

fn bodies(urls: &[Value]) -> Vec<Vec<u8>> {
    let body = |url| {
        let answer = fetch(url);
        assert_eq!(answer.status, 200, "{url}");
        answer.body
    };
    urls.iter().map(body).collect()
}

#[test]
fn uploads_move_there_and_back_and_are_served_all_the_time() {
    let store = ObjectStore::start();
    let mut instance = with(with_bucket);
    let ann = instance.person("ann");
    let urls = some(&ann);
    let before = bodies(&urls);
    assert!(store.paths().is_empty() && file_count(&instance) == 4);

    let dry = MoveStep { to: Store::Bucket, after: 0, dry_run: true };
    match control::execute(&instance.app, Command::Media(MediaCommand::Move(dry))).unwrap() {
        Reply::Media(MediaReply::Moved(line)) => assert_eq!((line.uploads, line.left), (0, 3)),
        other => panic!("{other:?}"),
    }
    assert!(store.paths().is_empty());

    let moved = step(&instance, Store::Bucket, 0);
    assert_eq!((moved.uploads, moved.left, moved.failed), (3, 0, None));
    assert_eq!(store.paths().len(), 4);
    assert_eq!(bodies(&urls), before);
    eventually("the disk is free", || {
        instance.advance(10 * MINUTE);
        (file_count(&instance) == 0).then_some(())
    });
    assert_eq!(bodies(&urls), before);
    // a second call finds nothing to do
    assert_eq!(step(&instance, Store::Bucket, 0).uploads, 0);

    // with new ones going there, and what belongs to an old one going where that lies
    instance.start_with(with_uploads);
    assert_eq!(bodies(&urls), before);
    let back = step(&instance, Store::Disk, 0);
    assert_eq!((back.uploads, back.left, back.failed), (3, 0, None));
    assert_eq!(bodies(&urls), before);
    assert_eq!(file_count(&instance), 4);
    // addresses of the bucket that somebody has are good for a day
    instance.advance(DAY - 2 * HOUR);
    instance.settle();
    assert_eq!(store.paths().len(), 4);
    eventually("the bucket is empty", || {
        instance.advance(10 * MINUTE);
        store.paths().is_empty().then_some(())
    });
    assert_eq!(bodies(&urls), before);
}

#[test]
fn a_move_that_fails_leaves_all_as_it_was() {
    let store = ObjectStore::start();
    let instance = with(with_bucket);
    let ann = instance.person("ann");
    let urls = some(&ann);
    let before = bodies(&urls);
    for (mood, why) in [
        (Mood::Refuses(403, "SignatureDoesNotMatch"), "s3.secret_key is not the secret"),
        (Mood::Refuses(404, "NoSuchBucket"), "there is no such s3.bucket"),
        (Mood::Refuses(403, "RequestTimeTooSkewed"), "the clock of this machine is wrong"),
        (Mood::Refuses(400, "AuthorizationHeaderMalformed"), "s3.region is another"),
        (Mood::Refuses(503, "SlowDown"), "the store answers 503 SlowDown"),
        (Mood::CutsPuts, "127.0.0.1"),
        (Mood::Shrinks, "is not whole in the bucket"),
    ] {
        store.mood(mood);
        let line = step(&instance, Store::Bucket, 0);
        assert_eq!((line.uploads, line.left), (0, 3), "{mood:?}");
        assert!(line.failed.as_ref().is_some_and(|f| f.contains(why)), "{mood:?}: {line:?}");
        assert_eq!(bodies(&urls), before, "{mood:?}");
    }
    // what was put there and is of no use goes; what is there stays
    assert_eq!(store.paths().len(), 1);
    store.mood(Mood::Fine);
    eventually("the bucket is empty", || {
        instance.advance(10 * MINUTE);
        store.paths().is_empty().then_some(())
    });
    assert_eq!(bodies(&urls), before);

    // and back: with something of another size, nothing of what is there is touched
    assert_eq!(step(&instance, Store::Bucket, 0).uploads, 3);
    eventually("the disk is free", || {
        instance.advance(10 * MINUTE);
        (file_count(&instance) == 0).then_some(())
    });
    for mood in [Mood::CutsGets(10), Mood::Unmeasured, Mood::Refuses(500, "InternalError")] {
        store.mood(mood);
        let line = step(&instance, Store::Disk, 0);
        assert!(line.uploads == 0 && line.failed.is_some(), "{mood:?}: {line:?}");
        assert_eq!(file_count(&instance), 0, "{mood:?}");
    }
    store.mood(Mood::Fine);
    assert_eq!(bodies(&urls), before);
    store.lose(&object(&urls[0]));
    let line = step(&instance, Store::Disk, 0);
    let name = urls[0].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!((line.uploads, line.lost, line.left), (2, vec![name], 0));
}

#[test]
fn what_is_deleted_while_it_moves_stays_nowhere() {
    let store = ObjectStore::start();
    let instance = with(with_bucket);
    let ann = instance.person("ann");
    let media = ann.uploads(&png(48)).ok();
    let id = media["id"].as_str().unwrap();
    assert_eq!(step(&instance, Store::Bucket, 0).uploads, 1);
    // before the old copy is gone
    assert_eq!(file_count(&instance), 1);
    ann.delete(&format!("/api/v1/media/{id}"));
    eventually("both copies are gone", || {
        (store.paths().is_empty() && file_count(&instance) == 0).then_some(())
    });
    assert_eq!(fetch(&media["url"]).status, 404);
}

#[test]
fn a_chosen_preview_lies_where_its_upload_does() {
    let store = ObjectStore::start();
    let mut instance = with(with_bucket);
    let ann = instance.person("ann");
    let preview = |id: &Value| {
        let file = [Part::File("thumbnail", "t.png", &png(60))];
        let path = format!("/api/v1/media/{}", id.as_str().unwrap());
        form(ann.request("PUT", &path), &file).send().ok()
    };
    let old = ann.uploads(&png(48)).ok();
    instance.start_with(with_uploads);
    let changed = preview(&old["id"]);
    assert_eq!(file_count(&instance), 2);
    assert_eq!(fetch(&changed["preview_url"]).status, 200);
    assert!(store.paths().is_empty());
    // and the other way round, with the one before it going
    let new = ann.uploads(&png(49)).ok();
    instance.start_with(|config| config.storage.uploads = dassie::config::Uploads::Local);
    let first = preview(&new["id"]);
    let second = preview(&new["id"]);
    assert_ne!(first["preview_url"], second["preview_url"]);
    assert_eq!(fetch(&second["preview_url"]).status, 200);
    eventually("the one before is gone", || {
        let wanted = [object(&second["url"]), object(&second["preview_url"])];
        let there = store.paths();
        (there.len() == 2 && wanted.iter().all(|path| there.contains(path))).then_some(())
    });
    assert_eq!(file_count(&instance), 2);
}

#[test]
fn without_its_bucket_a_server_says_so_and_goes_on() {
    let _store = ObjectStore::start();
    let mut instance = with(with_uploads);
    let ann = instance.person("ann");
    let media = ann.uploads(&png(48)).ok();
    instance.start_with(|config| {
        config.s3 = dassie::config::S3::default();
        config.storage.uploads = dassie::config::Uploads::Local;
    });
    let there = fetch(&media["url"]);
    assert_eq!((there.status, there.header("retry-after")), (503, Some("3600")));
    let local = ann.uploads(&png(48)).ok();
    assert_eq!(fetch(&local["url"]).status, 200);
    let refused = control::execute(
        &instance.app,
        Command::Media(MediaCommand::Move(MoveStep { to: Store::Disk, after: 0, dry_run: false })),
    );
    assert!(refused.unwrap_err().to_string().contains("there is no bucket"));
}

#[test]
fn films_lie_in_the_bucket_too() {
    let store = ObjectStore::start();
    let instance = with(with_uploads);
    let ann = instance.person("ann");
    let film = ann.uploads(include_bytes!("../fixtures/media/film.mp4")).ok();
    assert_eq!(store.paths(), [object(&film["url"])]);
    assert_eq!(store.stored(&object(&film["url"]), "content-type"), "video/mp4");
    let begin = get(&film["url"], &[("range", "bytes=0-7")]);
    assert_eq!((begin.status, &begin.body[4..]), (206, &b"ftyp"[..]));
    assert!(begin.header("content-security-policy").unwrap().contains("media-src 'self'"));
    // a picture that its owner chose for it lies and moves with it
    let file = [Part::File("thumbnail", "t.png", &png(60))];
    let path = format!("/api/v1/media/{}", film["id"].as_str().unwrap());
    let film = form(ann.request("PUT", &path), &file).send().ok();
    let urls = [film["url"].clone(), film["preview_url"].clone()];
    let before = bodies(&urls);
    assert_eq!(store.paths().len(), 2);
    assert_eq!(step(&instance, Store::Disk, 0).uploads, 1);
    assert_eq!((file_count(&instance), bodies(&urls)), (2, before));
}

fn ask_about_files(instance: &Instance, command: MediaCommand) -> MediaReply {
    match control::execute(&instance.app, Command::Media(command)).unwrap() {
        Reply::Media(reply) => reply,
        other => panic!("{other:?}"),
    }
}

fn findings(instance: &Instance, repair: bool) -> shelf::Findings {
    let (mut from, mut sum) = (0, shelf::Findings::default());
    while from < shelf::STEPS {
        let command = MediaCommand::Check { from, repair };
        let MediaReply::Checked { found, next } = ask_about_files(instance, command) else {
            panic!("no findings")
        };
        sum.add(found);
        from = next;
    }
    sum
}

#[test]
fn what_lies_in_the_bucket_is_counted_and_not_missed_on_the_disk() {
    let _store = ObjectStore::start();
    let instance = with(with_uploads);
    let big = coded(&noise(900, 700), ImageFormat::Jpeg);
    let media = instance.person("ann").uploads(&big).ok();
    let found = findings(&instance, true);
    assert_eq!((found.in_bucket, found.lost_uploads, found.orphans), (2, 0, 0), "{found:?}");
    let MediaReply::Usage(usage) = ask_about_files(&instance, MediaCommand::Usage) else {
        panic!("no usage")
    };
    assert_eq!((usage.bucket.files, usage.bucket.bytes), (1, usage.uploads[0].bytes));
    assert!(usage.bucket.bytes > 100_000);

    // what lies on the disk all the same is of no use to its upload
    let path = media["url"].as_str().unwrap().split("/media/").nth(1).unwrap();
    let path = instance.folder.path().join("data/media").join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    assert_eq!(findings(&instance, true).orphans, 0, "it may be on its way");
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(90_000))
        .unwrap();
    assert_eq!(findings(&instance, true).orphans, 1);
    eventually("it is gone", || (!path.exists()).then_some(()));
    assert_eq!(fetch(&media["url"]).status, 200);
}

#[test]
fn s_113_no_upload_comes_back_to_a_disk_without_room() {
    let store = ObjectStore::start();
    let mut instance = with(with_uploads);
    let ann = instance.person("ann");
    let url = ann.uploads(&png(48)).ok()["url"].clone();
    instance.start_with(|config| config.media.min_free_disk = Size(u64::MAX / 2));
    let line = step(&instance, Store::Disk, 0);
    assert_eq!((line.uploads, line.left, line.after), (0, 1, 0));
    assert!(line.failed.unwrap().contains("disk"));
    assert_eq!((store.paths().len(), file_count(&instance)), (1, 0));
    assert_eq!(fetch(&url).status, 200);
}
