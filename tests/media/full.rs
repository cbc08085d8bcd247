//! A disk that is full, on a small file system of its own. Where none can be mounted these tests
//! say so and do nothing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use dassie::clock::{Clock, MINUTE};
use dassie::config::{Config, Size};
use serde_json::json;

use crate::api::follow_peer;
use crate::support::cached::{count, is_there, put};
use crate::support::picture::{coded, corners};
use crate::support::{Instance, Options, Peer, eventually};

/// Mounted while this lives.
struct SmallDisk(PathBuf);

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Puts the data folder on a file system of 12 MB.
fn on_small_disk(config: &mut Config) {
    let folder = &config.storage.data_dir;
    std::fs::create_dir_all(folder).unwrap();
    let _ = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs"])
        .arg(folder)
        .output();
}

fn mounted(instance: &Instance) -> Option<SmallDisk> {
    let data = instance.folder.path().join("data");
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    if mounts.lines().any(|line| line.split(' ').nth(1) == data.to_str()) {
        return Some(SmallDisk(data));
    }
    println!("skipped: no file system can be mounted here");
    None
}

/// Fills the disk to the last byte.
fn fill(folder: &Path) -> PathBuf {
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
