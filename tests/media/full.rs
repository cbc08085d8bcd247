//! A disk that is full, on a small file system of its own. Where none can be mounted these tests
//! say so and do nothing.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use dassie::clock::{Clock, MINUTE};
use dassie::config::{Config, Prefetch, Size};
use dassie::db;
use dassie::media::image::{Order, Purpose};
use serde_json::json;

use super::cache::{World, at, begin, fetch, png};
use super::fake::program;
use super::passing::{film, write_part};
use crate::api::follow_peer;
use crate::support::cached::{count, is_there, put};
use crate::support::files::head;
use crate::support::picture::{coded, corners, moving};
use crate::support::{Instance, Options, Peer, eventually, with_websites};

/// Mounted while this lives.
pub(crate) struct SmallDisk(PathBuf);

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Puts the data folder on a file system of 12 MB.
fn on_small_disk(config: &mut Config) {
    mount(&config.storage.data_dir);
}

/// The same for any folder.
pub(crate) fn mount(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let _ = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs"])
        .arg(folder)
        .output();
}

fn mounted(instance: &Instance) -> Option<SmallDisk> {
    is_mounted(instance.folder.path().join("data"))
}

/// What is to be kept as long as the disk is needed.
pub(crate) fn is_mounted(data: PathBuf) -> Option<SmallDisk> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    if mounts.lines().any(|line| line.split(' ').nth(1) == data.to_str()) {
        return Some(SmallDisk(data));
    }
    println!("skipped: no file system can be mounted here");
    None
}

/// Fills the disk to the last byte.
pub(crate) fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("ballast");
    let mut file = std::fs::File::options().create(true).append(true).open(&path).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

#[test]
fn s_113_a_full_disk_is_said_as_such_harms_nothing_and_passes() {
    let instance = Instance::with(Options {
        clock: Clock::manual(Clock::system().now_ms()),
        configure: Some(|config| {
            on_small_disk(config);
            config.media.min_free_disk = Size(0);
        }),
    });
    let Some(disk) = mounted(&instance) else { return };
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let picture = ann.picture();
    let shown = ann.writes("before", "public");
    let ballast = fill(&disk.0);

    // the log of the database may have some room left
    let long = "words ".repeat(800);
    let refused = eventually("nothing can be written any more", || {
        let body = json!({"status": long});
        let answer = ann.request("POST", "/api/v1/statuses").json(&body).send();
        (answer.status != 200).then_some(answer)
    });
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.json()["error"], "The disk of this server is full");
    let upload = ann.uploads(&coded(&corners(300, 300), image::ImageFormat::Png));
    assert_eq!(upload.status, 503, "{}", upload.text());
    let inbox = format!("{}/inbox", instance.base);
    // until none is acknowledged: what was is there later on
    let mut acknowledged = Vec::new();
    let answer = eventually("the inbox refuses", || {
        let n = u32::try_from(acknowledged.len()).unwrap() + 1;
        let note = peer.create("mia", n, &format!("<p>{n} {long}</p>"), json!({}));
        let answer = peer.send("mia", &inbox, &note);
        if answer.status == 202 {
            acknowledged.push(peer.at(&format!("/notes/{n}")));
        }
        (answer.status != 202).then_some(answer)
    });
    assert_eq!(answer.status, 503, "{}", answer.text());
    // serving goes on
    let read = ann.get(&format!("/api/v1/statuses/{}", shown["id"].as_str().unwrap()));
    assert_eq!(read["content"], "<p>before</p>");
    assert!(!ann.home().is_empty());
    assert_eq!(ann.request("GET", &format!("/api/v1/media/{picture}")).send().status, 200);

    std::fs::remove_file(ballast).unwrap();
    eventually("it goes on by itself", || {
        let body = json!({"status": "after"});
        let answer = ann.request("POST", "/api/v1/statuses").json(&body).send();
        (answer.status == 200).then_some(())
    });
    ann.uploads(&coded(&corners(300, 300), image::ImageFormat::Png)).ok();
    assert_eq!(
        peer.send("mia", &inbox, &peer.create("mia", 1000, "<p>again</p>", json!({}))).status,
        202
    );
    acknowledged.push(peer.at("/notes/1000"));
    for uri in acknowledged {
        eventually("what was acknowledged is there", || {
            // what failed is tried again after a while
            instance.advance(MINUTE);
            ann.finds_status(&uri)
        });
    }
    let sql = rusqlite::Connection::open(disk.0.join("dassie.db")).unwrap();
    let sound: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn s_113_a_cache_on_a_full_disk_makes_room_although_nothing_can_be_written() {
    let instance = Instance::with(Options {
        clock: Clock::manual(1_767_225_600_000),
        configure: Some(|config| {
            on_small_disk(config);
            config.media.min_free_disk = Size::megabytes(1);
        }),
    });
    let Some(disk) = mounted(&instance) else { return };
    let app = &instance.app;
    let files: Vec<_> = (0..20)
        .map(|n| put(app, n, &format!("https://a.example/{n}"), 200_000, 1000 - n))
        .collect();
    fill(&disk.0);
    assert_eq!(app.media.room.free().unwrap(), 0);
    assert!(app.media.room.reserve(1000).is_ok(), "room is made at once for who needs it");
    instance.advance(MINUTE);
    eventually("a megabyte is free again", || {
        (app.media.room.free().unwrap() >= 1_000_000).then_some(())
    });
    let left = files.iter().filter(|file| is_there(app, file) == (true, true)).count();
    assert_eq!((left, left < 20, left > 5), (count(app), true, true), "and no more than needed");
    assert_eq!(is_there(app, &files[0]), (false, false));
}

/// Nothing must stay free: the disk is filled to the last byte.
fn without_floor(config: &mut Config) {
    on_small_disk(config);
    config.media.min_free_disk = Size(0);
}

#[test]
fn s_113_f_300_a_disk_that_fills_up_during_a_download_takes_nothing_from_the_viewer() {
    let world = World::with(without_floor);
    let Some(disk) = mounted(&world.instance) else { return };
    let body = film(4 << 20);
    for (number, ranges) in [(1, true), (2, false)] {
        let (more, gate) = mpsc::channel::<()>();
        let (gate, of, times) = (Mutex::new(gate), body.clone(), AtomicUsize::new(0));
        let path = format!("/{number}.mp4");
        let url = world.files.script(&path, move |headers, out| {
            if times.fetch_add(1, Ordering::SeqCst) > 0 {
                return write_part(&of, headers, ranges, out);
            }
            let _ = out.write_all(head(200, "video/mp4", Some(of.len())).as_bytes());
            let _ = out.write_all(&of[..1 << 20]);
            let _ = gate.lock().unwrap().recv();
            let _ = out.write_all(&of[1 << 20..]);
        });
        let media = world.shows(number, "video/mp4", &url);
        let (mut player, answer) = begin(at(&media["url"]), "");
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        let mut film = vec![0; 1 << 20];
        player.read_exact(&mut film).unwrap();
        let ballast = fill(&disk.0);
        more.send(()).unwrap();
        let mut rest = vec![0; 3 << 20];
        player.read_exact(&mut rest).unwrap();
        film.extend(rest);
        assert!(film == body, "{ranges}");
        // who comes later sees it as well, and nothing half-written stays
        assert!(fetch(&media["url"]).body == body);
        world.quiet();
        assert_eq!(world.instance.app.db.read(db::cached_file::total).unwrap(), (0, 0));
        assert_eq!(std::fs::read_dir(disk.0.join("cache/tmp")).unwrap().count(), 0);
        assert!(!world.ann.home().is_empty(), "serving goes on");
        std::fs::remove_file(ballast).unwrap();
        let asked = world.files.times(&path);
        for _ in 0..2 {
            assert!(fetch(&media["url"]).body == body);
            world.quiet();
        }
        assert_eq!(world.files.times(&path), asked + 1, "it is kept again");
        let (_, bytes) = world.instance.app.db.read(db::cached_file::total).unwrap();
        let gone = world.instance.app.db.write(db::Lane::Interactive, |tx| {
            dassie::db::cache_expiry::list_old(tx, false, i64::MAX, 9)?
                .iter()
                .try_for_each(|one| db::cached_file::delete(tx, &one.key).map(drop))
        });
        gone.wait().unwrap();
        assert_eq!(bytes, 4 << 20);
        dassie::service::cache::sweep(&world.instance.app.db, &world.instance.app.media).unwrap();
    }
}

#[test]
fn s_113_jobs_that_meet_a_full_disk_wait_for_room() {
    let world = World::with(|config| {
        without_floor(config);
        with_websites(config);
        config.media.prefetch = Prefetch::Home;
    });
    let Some(disk) = mounted(&world.instance) else { return };
    let held = |path: &str, kind: &'static str, body: Vec<u8>| {
        let (release, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let url = world.files.script(path, move |_, out| {
            let _ = gate.lock().unwrap().recv();
            let _ = out.write_all(head(200, kind, Some(body.len())).as_bytes());
            let _ = out.write_all(&body);
        });
        (url, release)
    };
    let gif = moving(20, 20);
    world.has_avatar(&world.files.file("/a.gif", "image/gif", &gif), 1);
    let account = world.ann.get(&format!("/api/v1/accounts/{}", world.mia));
    assert_eq!(fetch(&account["avatar"]).body, gif);
    world.quiet();
    let page = b"<title>A page</title><meta property='og:description' content='x'>".to_vec();
    let (url, page) = held("/page", "text/html", page);
    let status = world.ann.writes(&url.replace("127.0.0.1", "localhost"), "public");
    let (url, picture) = held("/b.png", "image/png", png());
    let media = world.shows(1, "image/png", &url);
    eventually("both are asked for", || {
        (world.files.times("/page") + world.files.times("/b.png") == 2).then_some(())
    });
    let ballast = fill(&disk.0);
    drop((page, picture));
    // what moves stands in for its still version, which cannot be written
    let still = fetch(&account["avatar_static"]);
    assert_eq!(still.body, gif);
    assert_eq!(still.header("cache-control"), Some("public, max-age=600"));
    world.quiet();
    // nor is that taken for a fault of the picture
    let app = &world.instance.app;
    let input = world.instance.folder.path().join("input");
    std::fs::write(&input, coded(&corners(300, 300), image::ImageFormat::Png)).unwrap();
    let output = app.media.storage.temporary(&dassie::media::storage::new_key());
    let purpose = Purpose::Attachment;
    let error = app.media.decode(&Order { input, output, purpose, max_pixels: 1_000_000 });
    assert!(error.unwrap_err().is_disk_full());
    assert_eq!(std::fs::read_dir(disk.0.join("cache/tmp")).unwrap().count(), 0);
    assert_eq!(fetch(&media["url"]).body, png(), "and it goes by meanwhile");

    for left in std::fs::read_dir(disk.0.join("media/tmp")).unwrap().flatten() {
        std::fs::remove_file(left.path()).unwrap();
    }
    std::fs::remove_file(ballast).unwrap();
    let path = format!("/api/v1/statuses/{}", status["id"].as_str().unwrap());
    eventually("the card is there", || {
        world.instance.advance(MINUTE);
        (world.ann.get(&path)["card"]["title"] == "A page").then_some(())
    });
    eventually("the picture is", || {
        world.instance.advance(MINUTE);
        (fetch(&media["url"]).status == 200 && count(app) >= 2).then_some(())
    });
    eventually("and the still version", || {
        world.instance.advance(MINUTE);
        (fetch(&account["avatar_static"]).header("content-type") == Some("image/png")).then_some(())
    });
    let sql = rusqlite::Connection::open(disk.0.join("dassie.db")).unwrap();
    let sound: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn programs_that_could_not_be_tried_out_on_a_full_disk_are_tried_again() {
    fn folder(config: &Config) -> PathBuf {
        config.storage.data_dir.parent().unwrap().join("tool")
    }
    let instance = Instance::with(Options {
        clock: Clock::manual(1_767_225_600_000),
        configure: Some(|config| {
            config.media.heif_convert = program(&folder(config), "exit 1");
            std::fs::write(folder(config).join("full"), "").unwrap();
        }),
    });
    let takes_heic = || {
        let about = instance.get("/api/v2/instance").json();
        let types = about["configuration"]["media_attachments"]["supported_mime_types"].clone();
        types.as_array().unwrap().contains(&json!("image/heic"))
    };
    assert!(!takes_heic());
    assert!(instance.app.media.has_untried_tools());
    std::fs::remove_file(instance.folder.path().join("tool/full")).unwrap();
    eventually("it is tried again", || {
        instance.advance(MINUTE);
        (!instance.app.media.has_untried_tools()).then_some(())
    });
    assert!(takes_heic());
}
