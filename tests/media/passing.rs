//! Files of elsewhere for which there is no room: they go by, and are not kept.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use dassie::db;
use image::ImageFormat;
use serde_json::Value;

use super::cache::{World, at, begin, fetch, png};
use crate::support::files::head;
use crate::support::picture::{coded, moving, noise};
use crate::support::{Answer, Request, eventually};

/// A world on a disk with less room than must stay free.
fn full() -> World {
    let world = World::new();
    world.instance.app.media.room.pretend(1000);
    world
}

/// Nothing lies in the cache, or is left of what was on its way there.
#[track_caller]
fn is_empty(world: &World) {
    world.quiet();
    assert_eq!(world.instance.app.db.read(db::cached_file::total).unwrap(), (0, 0));
    let left = std::fs::read_dir(world.instance.folder.path().join("data/cache/tmp")).unwrap();
    assert_eq!(left.count(), 0, "nothing half-written");
}

/// What follows on a request, from a server that knows ranges or from one that does not.
pub(super) fn write_part(body: &[u8], headers: &str, ranges: bool, out: &mut impl Write) {
    let range = headers.lines().find_map(|line| line.trim().strip_prefix("range: bytes="));
    let Some((from, to)) = range.filter(|_| ranges).and_then(|range| range.split_once('-')) else {
        let _ = out.write_all(head(200, "video/mp4", Some(body.len())).as_bytes());
        let _ = out.write_all(body);
        return;
    };
    let from: usize = from.parse().unwrap();
    let to = to.parse().unwrap_or(body.len() - 1).min(body.len() - 1);
    let _ = write!(
        out,
        "HTTP/1.1 206 X\r\ncontent-range: bytes {from}-{to}/{}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len(),
        to - from + 1
    );
    let _ = out.write_all(&body[from..=to]);
}

pub(super) fn film(size: usize) -> Vec<u8> {
    let mut film = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
    film.extend((film.len()..size).map(|n| u8::try_from(n % 251).unwrap()));
    film
}

#[test]
fn f_300_without_room_a_file_goes_by_and_is_not_kept() {
    let world = full();
    let picture = coded(&noise(400, 400), ImageFormat::Png);
    let url = world.files.file("/a.png", "text/html", &picture);
    let media = world.shows(1, "image/png", &url);
    for times in 1..=2 {
        let answer = fetch(&media["url"]);
        assert!(answer.status == 200 && answer.body == picture, "{}", answer.status);
        for (name, value) in [
            ("content-type", "image/png"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("x-content-type-options", "nosniff"),
            ("content-disposition", "inline"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(answer.header(name), Some(value), "S-109 {name}");
        }
        assert_eq!(answer.header("content-length"), Some(picture.len().to_string().as_str()));
        assert_eq!(world.files.times("/a.png"), times);
    }
    // a large one stands in for its preview, which cannot be made
    let preview = fetch(&media["preview_url"]);
    assert!(preview.body == picture);
    assert_eq!(preview.header("cache-control"), Some("public, max-age=600"));
    // and what moves for its still version
    let gif = moving(20, 20);
    world.has_avatar(&world.files.file("/a.gif", "image/gif", &gif), 1);
    let account = world.ann.get(&format!("/api/v1/accounts/{}", world.mia));
    assert_eq!(fetch(&account["avatar"]).body, gif);
    assert_eq!(fetch(&account["avatar_static"]).body, gif);
    is_empty(&world);
    // with room again all is as ever
    world.instance.app.media.room.pretend(0);
    let before = world.files.times("/a.png");
    for _ in 0..2 {
        assert!(fetch(&media["url"]).body == picture);
        world.quiet();
    }
    assert_eq!(world.files.times("/a.png"), before + 1);
}

#[test]
fn s_114_ranges_of_what_goes_by() {
    let world = full();
    let body = film(300_000);
    for (number, ranges) in [(1, true), (2, false)] {
        let of = body.clone();
        let path = format!("/{number}.mp4");
        let url = world.files.script(&path, move |headers, out| {
            write_part(&of, headers, ranges, out);
        });
        let media = world.shows(number, "video/mp4", &url);
        let get = |method, name: &str, value: &str| -> Answer {
            Request::new(method, at(&media["url"])).header(name, value).send()
        };
        let size = body.len();
        // a player asks for two bytes first, by which nothing could be known
        for (range, from, to) in [
            ("bytes=0-1", 0, 1),
            ("bytes=1000-1999", 1000, 1999),
            ("bytes=299990-", 299_990, size - 1),
            ("bytes=-10", size - 10, size - 1),
            ("bytes=0-", 0, size - 1),
            ("bytes=0-9", 0, 9),
        ] {
            let part = get("GET", "range", range);
            assert_eq!(part.status, 206, "{ranges} {range}");
            assert!(part.body == body[from..=to], "{ranges} {range}");
            let told = format!("bytes {from}-{to}/{size}");
            assert_eq!(part.header("content-range"), Some(told.as_str()));
            assert_eq!(part.header("content-type"), Some("video/mp4"));
        }
        assert_eq!(get("GET", "range", "bytes=300000-").status, 416);
        assert!(get("GET", "range", "bytes=0-1,3-4").body == body, "several are none");
        let head = get("HEAD", "accept", "*/*");
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), Some(size.to_string().as_str()));
        assert_eq!(get("GET", "if-none-match", head.header("etag").unwrap()).status, 304);
    }
    // of which nobody knows how long it is: all of it
    let of = body.clone();
    let url = world.files.script("/3.mp4", move |_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        let _ = out.write_all(&of);
    });
    let media = world.shows(3, "video/mp4", &url);
    for _ in 0..2 {
        let all = Request::new("GET", at(&media["url"])).header("range", "bytes=5-9").send();
        assert!(all.status == 200 && all.body == body, "{}", all.status);
    }
    is_empty(&world);
}

#[test]
fn s_114_a_part_of_another_file_is_none() {
    let world = full();
    let body = film(100_000);
    let (count, of) = (AtomicUsize::new(0), body.clone());
    // the second time it is longer, and the fourth it lies about the place
    let url = world.files.script("/a.mp4", move |headers, out| {
        match count.fetch_add(1, Ordering::SeqCst) {
            1 => write_part(&[&of[..], b"more"].concat(), headers, true, out),
            3 => {
                let _ = write!(
                    out,
                    "HTTP/1.1 206 X\r\ncontent-range: bytes 0-9/100000\r\ncontent-length: 10\r\n\
                     connection: close\r\n\r\n0123456789"
                );
            }
            _ => write_part(&of, headers, true, out),
        }
    });
    let media = world.shows(1, "video/mp4", &url);
    let part = || Request::new("GET", at(&media["url"])).header("range", "bytes=50-59").send();
    for _ in 0..2 {
        assert_eq!(fetch(&media["url"]).status, 200);
        assert_eq!(part().status, 503);
        world.instance.advance(31 * 60_000);
    }
    let right = part();
    assert_eq!((right.status, &right.body[..]), (206, &body[50..60]));
}

#[test]
fn s_105_what_goes_by_is_looked_at_each_time() {
    let world = full();
    let picture = coded(&noise(100, 100), ImageFormat::Png);
    // a page as long as the picture was
    let mut page = b"<!doctype html><script>".repeat(picture.len() / 23 + 1);
    page.truncate(picture.len());
    for (number, range) in [(1, "none"), (2, "bytes=0-"), (3, "bytes=0-1")] {
        let (count, first, then) = (AtomicUsize::new(0), picture.clone(), page.clone());
        let url = world.files.script(&format!("/{number}.png"), move |headers, out| {
            let body = if count.fetch_add(1, Ordering::SeqCst) == 0 { &first } else { &then };
            write_part(body, headers, true, out);
        });
        let media = world.shows(number, "image/png", &url);
        assert!(fetch(&media["url"]).body == picture, "{range}");
        let again = Request::new("GET", at(&media["url"])).header("range", range).send();
        assert_eq!(again.status, 503, "{range}");
        assert!(!again.text().contains("doctype"), "{range}");
        assert_eq!(fetch(&media["url"]).status, 404, "{range}");
    }
    is_empty(&world);
}

#[test]
fn s_105_f_300_of_what_goes_by_only_files_do_and_errors_are_those_of_its_server() {
    let world = full();
    let cap = world.instance.app.site.limits.max_remote_media_bytes;
    let gone = world.files.status("/gone.png", 404);
    let busy = world.files.status("/busy.png", 503);
    let page = world.files.file("/page.png", "image/png", &b"<!doctype html><script>".repeat(9));
    let large = world.files.script("/large.mp4", move |_, out| {
        let _ = out.write_all(head(200, "video/mp4", Some(cap + 1)).as_bytes());
        let _ = out.write_all(&film(100));
    });
    for (number, (url, path, status)) in [
        (&gone, "/gone.png", 404),
        (&busy, "/busy.png", 503),
        (&page, "/page.png", 404),
        (&large, "/large.mp4", 302),
    ]
    .into_iter()
    .enumerate()
    {
        let media = world.shows(u32::try_from(number).unwrap(), "image/png", url);
        for _ in 0..2 {
            assert_eq!(fetch(&media["url"]).status, status, "{path}");
        }
        assert_eq!(world.files.times(path), 1, "{path}: not again before a while");
    }
    // an emoji is no film
    let url = world.files.file("/film.png", "image/png", &film(1000));
    world.has_avatar(&url, 1);
    let account = world.ann.get(&format!("/api/v1/accounts/{}", world.mia));
    assert_eq!(fetch(&account["avatar"]).status, 404);
    is_empty(&world);
}

#[test]
fn f_300_what_breaks_off_while_it_goes_by_ends_as_an_error() {
    let world = full();
    let picture = coded(&noise(400, 400), ImageFormat::Png);
    for (number, length) in [(1, Some(picture.len())), (2, None)] {
        let path = format!("/{number}.png");
        let body = picture.clone();
        let url = world.files.script(&path, move |_, out| {
            let half = &body[..body.len() / 2];
            match length {
                Some(_) => {
                    let _ = out.write_all(head(200, "image/png", length).as_bytes());
                    let _ = out.write_all(half);
                }
                None => {
                    let _ = out.write_all(
                        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
                    );
                    let _ = write!(out, "{:x}\r\n", body.len());
                    let _ = out.write_all(half);
                }
            }
        });
        let media = world.shows(number, "image/png", &url);
        let (mut stream, answer) = begin(at(&media["url"]), "");
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.len() < picture.len(), "{}", rest.len());
        assert!(!rest.ends_with(b"0\r\n\r\n"), "no good end");
        eventually("it is left alone for a while", || {
            (fetch(&media["url"]).status == 503).then_some(())
        });
        let asked = world.files.times(&path);
        assert_eq!(fetch(&media["url"]).status, 503);
        assert_eq!(world.files.times(&path), asked);
        world.files.file(&path, "image/png", &picture);
        world.instance.advance(31 * 60_000);
        assert!(fetch(&media["url"]).body == picture, "whole the next time");
    }
    is_empty(&world);
}

#[test]
fn s_113_few_files_go_by_at_once_and_one_address_has_three_of_them() {
    let world = full();
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let url = world.files.script("/a.png", move |_, out| {
        let _ = gate.lock().unwrap().recv();
        let _ = out.write_all(head(200, "image/png", Some(png().len())).as_bytes());
        let _ = out.write_all(&png());
    });
    let address = at(&world.shows(1, "image/png", &url)["url"]).to_owned();
    let (tell, told) = mpsc::channel();
    let look = |who: &'static str| {
        let (address, tell) = (address.clone(), tell.clone());
        std::thread::spawn(move || {
            let answer = Request::new("GET", address).header("x-forwarded-for", who).send();
            tell.send((who, answer.status)).unwrap();
        });
    };
    (0..50).for_each(|_| look("192.0.2.1"));
    // 48 wait or are served, two too many
    for _ in 0..2 {
        assert_eq!(told.recv().unwrap(), ("192.0.2.1", 503));
    }
    eventually("three run", || (world.files.times("/a.png") == 3).then_some(()));
    // nobody else is held up by that
    look("192.0.2.2");
    eventually("the other one has a turn", || (world.files.times("/a.png") == 4).then_some(()));
    // what is in the cache, or shall come there, is not either
    world.instance.app.media.room.pretend(0);
    let other = crate::support::FileHost::start();
    let kept = other.file("/b.png", "image/png", &png());
    assert_eq!(fetch(&world.shows(2, "image/png", &kept)["url"]).status, 200);
    drop(release);
    let all: Vec<(&str, u16)> = (0..49).map(|_| told.recv().unwrap()).collect();
    assert!(all.iter().all(|(_, status)| *status == 200), "{all:?}");
    assert_eq!(world.files.times("/a.png"), 49);
}

#[test]
fn s_113_what_goes_by_counts_for_the_address_that_looks() {
    let world = full();
    let url = world.files.file("/a.png", "image/png", &png());
    let media: Value = world.shows(1, "image/png", &url);
    let stranger = "192.0.2.1".parse().unwrap();
    let before = world.instance.app.fetched_files.count(&stranger, 300_000);
    let look = Request::new("GET", at(&media["url"])).header("x-forwarded-for", "192.0.2.1").send();
    assert_eq!(look.status, 200);
    let after = world.instance.app.fetched_files.count(&stranger, 300_000);
    assert_eq!(after - before, 3, "the try to keep it, what went by, and our own question");
}

#[test]
fn s_113_a_viewer_who_leaves_ends_what_goes_by() {
    let world = full();
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let url = world.files.script("/a.mp4", move |_, out| {
        let _ = out.write_all(head(200, "video/mp4", Some(16 << 20)).as_bytes());
        let _ = out.write_all(&film(16 << 20));
        let _ = tell.lock().unwrap().send(());
    });
    let media = world.shows(1, "video/mp4", &url);
    let (stream, _) = begin(at(&media["url"]), "");
    drop(stream);
    told.recv().unwrap();
    // that was no failure
    world.files.file("/a.mp4", "video/mp4", &film(16 << 20));
    let part = Request::new("GET", at(&media["url"])).header("range", "bytes=0-9").send();
    assert_eq!((part.status, &part.body[..]), (206, &film(100)[..10]));
}
