//! Files of elsewhere that are not what they say, do not come, or never end.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use dassie::clock::{DAY, HOUR};
use serde_json::json;

use super::cache::{World, at, begin, fetch, png};
use crate::support::eventually;
use crate::support::files::head;

#[test]
fn s_105_what_is_no_picture_is_refused_before_a_byte() {
    let world = World::new();
    for (number, (name, body)) in [
        ("svg", &b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..]),
        ("html", b"<!doctype html><title>x</title><script>alert(1)</script><p>0123456789012345678"),
        ("pdf", b"%PDF-1.7 ...................................................................."),
        ("zip", b"PK\x03\x04...................................................................."),
        ("playlist", b"#EXTM3U\nhttp://127.0.0.1/secret........................................"),
        ("nothing", b""),
        ("short", b"GIF"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/{name}.png");
        let url = world.files.file(&path, "image/png", body);
        let number = u32::try_from(number).unwrap();
        let media = world.shows(number, "image/png", &url);
        for _ in 0..2 {
            let answer = fetch(&media["url"]);
            let kind = answer.header("content-type");
            assert_eq!(kind, Some("application/json; charset=utf-8"), "{name}");
            assert!(matches!(answer.status, 404 | 503), "{name} {}", answer.status);
            assert!(answer.json()["error"].is_string(), "{name}");
        }
        assert_eq!(world.files.times(&path), 1, "{name}: not again before a while");
    }
    assert_eq!(world.instance.app.db.read(dassie::db::cached_file::total).unwrap(), (0, 0));
    let left = std::fs::read_dir(world.instance.folder.path().join("data/cache/tmp")).unwrap();
    assert_eq!(left.count(), 0, "nothing half-written");
}

#[test]
fn f_300_what_is_gone_is_a_link_until_it_is_back() {
    let world = World::new();
    let url = world.files.status("/a.png", 404);
    let media = world.shows(1, "image/png", &url);
    assert_eq!(fetch(&media["url"]).status, 404);
    let link = eventually("it is a link", || {
        let media = world.shown(1)["media_attachments"][0].clone();
        (media["type"] == "unknown").then_some(media)
    });
    assert_eq!((&link["url"], &link["remote_url"]), (&json!(url), &json!(url)));
    assert!(link["preview_url"].is_null());
    assert_eq!(fetch(&media["url"]).status, 404);
    assert_eq!(world.files.times("/a.png"), 1);
    world.files.file("/a.png", "image/png", &png());
    world.instance.advance(HOUR + 1000);
    let back = world.shown(1)["media_attachments"][0].clone();
    assert_eq!((&back["type"], &back["url"]), (&json!("image"), &media["url"]));
    assert_eq!(fetch(&media["url"]).status, 200);
}

#[test]
fn f_300_a_failure_that_may_pass_changes_nothing() {
    let world = World::new();
    let url = world.files.status("/a.png", 503);
    let media = world.shows(1, "image/png", &url);
    let answer = fetch(&media["url"]);
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    world.instance.settle();
    assert_eq!(world.shown(1)["media_attachments"][0], media);
    world.files.file("/a.png", "image/png", &png());
    assert_eq!(fetch(&media["url"]).status, 503, "not at once");
    world.instance.advance(31_000);
    assert_eq!(fetch(&media["url"]).status, 200);
}

#[test]
fn f_300_a_download_that_breaks_off_ends_the_answer_as_an_error() {
    let world = World::new();
    let picture = crate::support::picture::coded(
        &crate::support::picture::noise(400, 400),
        image::ImageFormat::Png,
    );
    for (number, length) in [(1, Some(picture.len())), (2, None)] {
        let path = format!("/{number}.png");
        let (release, gate) = mpsc::channel::<()>();
        let (gate, body) = (Mutex::new(gate), picture.clone());
        let url = world.files.script(&path, move |_, out| {
            let half = &body[..body.len() / 2];
            if length.is_some() {
                let _ = out.write_all(head(200, "image/png", length).as_bytes());
                let _ = out.write_all(half);
            } else {
                let _ = out.write_all(
                    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
                );
                let _ = write!(out, "{:x}\r\n", body.len());
                let _ = out.write_all(half);
            }
            let _ = gate.lock().unwrap().recv();
        });
        let media = world.shows(number, "image/png", &url);
        let (mut stream, answer) = begin(at(&media["url"]), "");
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        drop(release);
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
        assert!(rest.len() < picture.len(), "{}", rest.len());
        assert!(!rest.ends_with(b"0\r\n\r\n"), "no good end");
        world.quiet();
        world.files.file(&path, "image/png", &picture);
        world.instance.advance(31_000);
        assert!(fetch(&media["url"]).body == picture, "whole the next time");
    }
}

#[test]
fn s_113_large_and_endless_files_are_not_kept() {
    let world = World::with(|config| config.limits.max_remote_media_bytes = 1 << 20);
    let url = world.files.script("/large.mp4", |_, out| {
        let _ = out.write_all(head(200, "video/mp4", Some(3 << 20)).as_bytes());
        let _ = out.write_all(b"\0\0\0\x18ftypisom\0\0\0\0isommp42");
    });
    let media = world.shows(1, "video/mp4", &url);
    for _ in 0..2 {
        let answer = fetch(&media["url"]);
        assert_eq!((answer.status, answer.header("location")), (302, Some(url.as_str())));
    }
    assert_eq!(world.files.times("/large.mp4"), 1);
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    let endless = world.files.script("/endless.gif", move |_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: image/gif\r\n\r\nGIF89a");
        while out.write_all(&[7; 65536]).is_ok() {}
        told.store(true, Ordering::SeqCst);
    });
    let media = world.shows(2, "image/gif", &endless);
    // cut off, or known as too large before the first byte was passed on
    let (mut stream, answer) = begin(at(&media["url"]), "connection: close\r\n");
    let mut got = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut got);
    let cut = got.len() < 2 << 20 && !got.ends_with(b"0\r\n\r\n");
    assert!(answer.starts_with("http/1.1 302") || cut, "{answer} {}", got.len());
    eventually("it is not read on", || ended.load(Ordering::SeqCst).then_some(()));
    assert_eq!(world.instance.app.db.read(dassie::db::cached_file::total).unwrap(), (0, 0));
}

#[test]
fn what_nobody_waits_for_any_more_is_given_up() {
    let world = World::new();
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    let url = world.files.script("/a.mp4", move |_, out| {
        let _ = out.write_all(head(200, "video/mp4", Some(90 << 20)).as_bytes());
        let _ = out.write_all(b"\0\0\0\x18ftypisom\0\0\0\0isommp42");
        while out.write_all(&[7; 65536]).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        told.store(true, Ordering::SeqCst);
    });
    let media = world.shows(1, "video/mp4", &url);
    let (stream, _) = begin(at(&media["url"]), "");
    drop(stream);
    eventually("the download ends", || ended.load(Ordering::SeqCst).then_some(()));
    world.quiet();
    // that was no failure
    world.files.file("/a.mp4", "video/mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42");
    assert_eq!(fetch(&media["url"]).status, 200);
}

#[test]
fn s_010_redirects_end_and_lead_to_no_blocked_server() {
    let world = World::new();
    let to = |path: &str, to: String| {
        world.files.script(path, move |_, out| {
            let _ = write!(
                out,
                "HTTP/1.1 302 X\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        })
    };
    let circle = to("/circle.png", world.files.at("/circle.png"));
    let media = world.shows(1, "image/png", &circle);
    assert_eq!(fetch(&media["url"]).status, 404);
    let other = crate::support::FileHost::start();
    let there = other.file("/a.png", "image/png", &png());
    let media = world.shows(2, "image/png", &to("/there.png", there));
    let host = other.host.clone();
    let app = &world.instance.app;
    let block = app.db.write(dassie::db::Lane::Interactive, move |tx| {
        let block = dassie::model::DomainBlock {
            domain: host,
            severity: dassie::model::Severity::Suspend,
            ..Default::default()
        };
        dassie::db::domain::insert_block(tx, &block)
    });
    block.wait().unwrap();
    assert_eq!(fetch(&media["url"]).status, 404, "F-338");
    let within = to("/within.png", world.files.file("/b.png", "image/png", &png()));
    assert_eq!(fetch(&world.shows(3, "image/png", &within)["url"]).status, 200);
}

#[test]
fn a_server_that_is_not_there_is_left_alone_for_a_while() {
    let world = World::new();
    // a port that nobody listens on
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (one, two) = (format!("http://{closed}/1.png"), format!("http://{closed}/2.png"));
    let (one, two) = (world.shows(1, "image/png", &one), world.shows(2, "image/png", &two));
    assert_eq!(fetch(&one["url"]).status, 503);
    let listener = std::net::TcpListener::bind(closed).unwrap();
    listener.set_nonblocking(true).unwrap();
    assert_eq!(fetch(&two["url"]).status, 503, "another file of the same server");
    assert!(listener.accept().is_err(), "it was not even asked");
    world.instance.advance(DAY);
    assert!(
        world
            .instance
            .app
            .failures
            .look(&dassie::media::failures::What::Server(closed.to_string()))
            .is_none()
    );
}

#[test]
fn s_018_a_slow_server_does_not_hold_up_the_others() {
    let world = World::new();
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let script = Arc::new(move |_: &str, out: &mut std::net::TcpStream| {
        let _ = gate.lock().unwrap().recv();
        let _ = out.write_all(head(404, "text/plain", Some(0)).as_bytes());
    });
    let slow: Vec<String> = (1..=20)
        .map(|number| {
            let (path, script) = (format!("/{number}.png"), Arc::clone(&script));
            let url = world.files.script(&path, move |headers, out| script(headers, out));
            at(&world.shows(number, "image/png", &url)["url"]).to_owned()
        })
        .collect();
    let waiting: Vec<_> = slow
        .into_iter()
        .map(|address| {
            std::thread::spawn(move || crate::support::Request::new("GET", address).send().status)
        })
        .collect();
    eventually("the slow one is asked", || {
        let asked: usize = (1..=20).map(|n| world.files.times(&format!("/{n}.png"))).sum();
        (asked >= 8 && world.instance.app.arrivals.count() == 20).then_some(())
    });
    let other = crate::support::FileHost::start();
    let url = other.file("/a.png", "image/png", &png());
    assert_eq!(fetch(&world.shows(99, "image/png", &url)["url"]).status, 200);
    let asked: usize = (1..=20).map(|n| world.files.times(&format!("/{n}.png"))).sum();
    assert_eq!(asked, 8, "so many at once");
    drop(release);
    for one in waiting {
        assert_eq!(one.join().unwrap(), 404);
    }
}

#[test]
fn s_013_a_server_that_hangs_or_trickles_is_given_up_and_nothing_is_kept() {
    let world = World::new();
    let picture = crate::support::picture::coded(
        &crate::support::picture::noise(300, 300),
        image::ImageFormat::Png,
    );
    let size = picture.len();
    let begin_with = move |body: &[u8], out: &mut std::net::TcpStream| {
        let _ = out.write_all(head(200, "image/png", Some(size)).as_bytes());
        let _ = out.write_all(&body[..100]);
    };
    let (body, body2) = (picture.clone(), picture.clone());
    let hangs = world.files.script("/hangs.png", move |_, out| {
        begin_with(&body, out);
        // until the other side ends it
        let _ = std::io::Read::read(out, &mut [0]);
    });
    let trickles = world.files.script("/trickles.png", move |_, out| {
        begin_with(&body2, out);
        while out.write_all(&[7]).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
    });
    let media = [(1, &hangs), (2, &trickles)].map(|(n, url)| world.shows(n, "image/png", url));
    let viewers: Vec<_> = media
        .iter()
        .map(|media| {
            let (mut stream, answer) = begin(at(&media["url"]), "");
            assert!(answer.starts_with("http/1.1 200"), "{answer}");
            std::thread::spawn(move || {
                let mut got = Vec::new();
                let _ = std::io::Read::read_to_end(&mut stream, &mut got);
                got.len()
            })
        })
        .collect();
    // other files come meanwhile, of the same server too
    let url = world.files.file("/other.png", "image/png", &png());
    assert_eq!(fetch(&world.shows(3, "image/png", &url)["url"]).status, 200);
    for viewer in viewers {
        let got = viewer.join().unwrap();
        assert!((100..size).contains(&got), "cut off, and not ended: {got}");
    }
    world.quiet();
    assert_eq!(world.instance.app.db.read(dassie::db::cached_file::total).unwrap().0, 1);
    let left = std::fs::read_dir(world.instance.folder.path().join("data/cache/tmp")).unwrap();
    assert_eq!(left.count(), 0);
    for (media, path) in media.iter().zip(["/hangs.png", "/trickles.png"]) {
        assert_eq!(fetch(&media["url"]).status, 503);
        assert_eq!(world.files.times(path), 1, "not again before a while");
        world.files.file(path, "image/png", &picture);
    }
    world.instance.advance(31_000);
    for media in &media {
        assert!(fetch(&media["url"]).body == picture);
    }
}

#[test]
fn f_300_more_than_was_promised_is_nobody_s() {
    let world = World::new();
    let body = png();
    let of = body.clone();
    let url = world.files.script("/a.png", move |_, out| {
        let _ = out.write_all(head(200, "image/png", Some(of.len())).as_bytes());
        let _ = out.write_all(&of);
        let _ = out.write_all(&[7; 5000]);
    });
    let media = world.shows(1, "image/png", &url);
    for _ in 0..2 {
        assert_eq!(fetch(&media["url"]).body, body);
        world.quiet();
    }
    let size = i64::try_from(body.len()).unwrap();
    assert_eq!(world.instance.app.db.read(dassie::db::cached_file::total).unwrap(), (1, size));
}
