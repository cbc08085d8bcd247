//! `kill -9` again and again during a mixed load (S-135).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32};

use serde_json::{Value, json};

use super::ledger::{GONE, Ledger, Shared, version};
use super::load::{Client, End, Load};
use super::{Chance, check, rounds};
use crate::durability::{Program, follow};
use crate::support::{Peer, Request, TempDir, eventually, texts};

/// Of the inboxes of statuses.
const SHARED_INBOX: &str = "/inbox";
/// How many strangers follow in one round.
const STRANGERS: usize = 12;

#[test]
fn s_135_kill_9_in_a_loop_loses_nothing_that_was_acknowledged() {
    let (rounds, mut chance) = (rounds(3), Chance::new());
    let names: Vec<String> =
        (0..rounds as usize * STRANGERS).map(|number| format!("f{number}")).collect();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.push("mia");
    let peer = Peer::start(&all);
    let mut program = Program::new();
    let create = ["account", "create", "--username", "ann", "--email", "a@example.org"];
    program.output(&[&create[..], &["--password", "a long password"]].concat());
    let token = program.output(&["token", "create", "--account", "ann"]);
    let client = Client { base: program.base(), token };
    become_friends(&client, &peer);

    let (ledger, number) = (Shared::default(), AtomicU32::new(1));
    for round in 0..rounds {
        let ended = AtomicBool::new(false);
        let load = Load { ledger: &ledger, ended: &ended, number: &number };
        let first = round as usize * STRANGERS;
        let strangers = &names[first..first + STRANGERS];
        let until = ledger.told() + 20 + chance.below(130);
        std::thread::scope(|scope| {
            let _end = End(&ended);
            let threads = [
                scope.spawn(|| load.write(&client)),
                scope.spawn(|| load.upload(&client)),
                scope.spawn(|| load.send_notes(&peer, &client.base)),
                scope.spawn(|| load.send_follows(&peer, &client.base, strangers)),
            ];
            // the last one ends by itself, the others with the server only
            eventually("enough was done", || {
                let failed = threads[..3].iter().any(|one| one.is_finished());
                (ledger.told() >= until || failed).then_some(())
            });
            let too_soon = ledger.told() < until;
            program.kill();
            assert!(!too_soon, "a client was refused");
        });
        let seen = ledger.copy();
        println!("round {round}: killed after {} in all", seen.told);
        let copy = TempDir::new();
        let data = program.folder.path().join("data");
        check::database(&copied(&data, copy.path()), &seen, &seen);
        program.start();
    }
    let seen = ledger.copy();
    files(&client, &seen);
    inbox(&client, &peer, &seen);
    deliveries(&peer, &seen);
    program.kill();
    let data = program.folder.path().join("data");
    check::database(&data.join("dassie.db"), &seen, &seen);
    no_file_is_left(&data);
}

/// Each follows the other.
fn become_friends(client: &Client, peer: &Peer) {
    let ann = format!("{}/users/ann", client.base);
    follow(peer, "mia", &client.base, &ann);
    let path = format!("/api/v2/search?resolve=true&type=accounts&q=mia@{}", peer.host);
    let mia = client.get(&path)["accounts"][0]["id"].as_str().unwrap().to_owned();
    client.request("POST", &format!("/api/v1/accounts/{mia}/follow")).json(&json!({})).send().ok();
    let asked = eventually("the peer is asked", || {
        peer.received().into_iter().find(|activity| activity["type"] == "Follow")
    });
    let accept = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/accepts/1"),
        "type": "Accept", "actor": peer.uri("mia"), "object": asked,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", client.base), &accept).status, 202);
    eventually("the follow is accepted", || {
        let path = format!("/api/v1/accounts/relationships?id[]={mia}");
        (client.get(&path)[0]["following"] == true).then_some(())
    });
}

/// The database as the kill left it, elsewhere: whoever opens it ends its log.
fn copied(data: &Path, to: &Path) -> PathBuf {
    for name in ["dassie.db", "dassie.db-wal"] {
        if data.join(name).exists() {
            std::fs::copy(data.join(name), to.join(name)).unwrap();
        }
    }
    to.join("dassie.db")
}

/// Every upload can be had, byte for byte as it was seen before.
fn files(client: &Client, seen: &Ledger) {
    for (id, looked) in &seen.uploads {
        match looked {
            Some((url, bytes)) => {
                let answer = Request::new("GET", url).send();
                assert!(answer.status == 200 && answer.body == *bytes, "{url} is not what it was");
            }
            None => {
                let media = client.get(&format!("/api/v1/media/{id}"));
                let url = media["url"].as_str().unwrap();
                assert_eq!(Request::new("GET", url).send().status, 200, "{url}");
            }
        }
    }
}

/// What the inbox took had its effect: notes stand in home, follows are accepted.
fn inbox(client: &Client, peer: &Peer, seen: &Ledger) {
    // home holds 800; the newest of what many rounds brought are enough
    let wanted: BTreeSet<String> = seen
        .notes
        .iter()
        .rev()
        .take(200)
        .map(|uri| format!("note {}", uri.rsplit('/').next().unwrap()))
        .collect();
    eventually("all notes are in home", || {
        let mut there = BTreeSet::new();
        let mut path = "/api/v1/timelines/home?limit=40".to_owned();
        loop {
            let page = client.get(&path);
            there.extend(texts(&page));
            let Some(last) = page.as_array().unwrap().last() else { break };
            let last = last["id"].as_str().unwrap();
            path = format!("/api/v1/timelines/home?limit=40&max_id={last}");
        }
        wanted.is_subset(&there).then_some(())
    });
    eventually("all follows are accepted", || {
        let received = peer.received().into_iter();
        let accepted: Vec<String> = received
            .filter(|activity| activity["type"] == "Accept")
            .map(|activity| activity["object"].to_string())
            .collect();
        let is_accepted = |uri: &String| {
            let follow = format!("/follows/{}\"", uri.rsplit('/').next().unwrap());
            accepted.iter().any(|object| object.contains(&follow))
        };
        seen.follows.iter().all(is_accepted).then_some(())
    });
}

/// Where an activity about a status stands in what an inbox was sent, the first time.
#[derive(Default)]
struct Sent {
    create: Option<usize>,
    delete: Option<usize>,
    /// By version.
    edits: BTreeMap<u32, usize>,
}

/// The peer was sent everything at least once and in order.
fn deliveries(peer: &Peer, seen: &Ledger) {
    let sent = eventually("everything arrives", || {
        let sent = read(peer);
        let arrived = seen.statuses.iter().all(|(id, versions)| {
            let Some(sent) = sent.get(id) else { return false };
            sent.create.is_some()
                && match versions.told {
                    0 => true,
                    GONE => sent.delete.is_some(),
                    version => sent.edits.contains_key(&version),
                }
        });
        arrived.then_some(sent)
    });
    let mut creates: Vec<(i64, usize)> =
        sent.iter().filter_map(|(id, sent)| Some((*id, sent.create?))).collect();
    creates.sort_by_key(|(_, at)| *at);
    assert!(creates.is_sorted_by_key(|(id, _)| *id), "statuses came out of order: {creates:?}");
    for (id, Sent { create, delete, edits }) in &sent {
        let order: Vec<usize> =
            create.iter().chain(edits.values()).chain(delete.iter()).copied().collect();
        assert!(order.is_sorted(), "activities about {id} came out of order: {order:?}");
    }
}

/// What came to the inbox that all statuses go to, by status.
fn read(peer: &Peer) -> BTreeMap<i64, Sent> {
    let mut sent: BTreeMap<i64, Sent> = BTreeMap::new();
    let heard = peer.heard();
    for (at, one) in heard.iter().enumerate() {
        if one.method != "POST" || one.path != SHARED_INBOX {
            continue;
        }
        let activity: Value = serde_json::from_slice(&one.body).unwrap();
        let object = &activity["object"];
        let uri = object.as_str().or_else(|| object["id"].as_str()).unwrap_or_default();
        let Ok(id) = uri.rsplit('/').next().unwrap_or_default().parse() else { continue };
        let text = || dassie::text::sanitize::to_plain(object["content"].as_str().unwrap());
        let known = sent.entry(id).or_default();
        match activity["type"].as_str() {
            Some("Create") => _ = known.create.get_or_insert(at),
            Some("Update") => _ = known.edits.entry(version(&text())).or_insert(at),
            Some("Delete") => _ = known.delete.get_or_insert(at),
            _ => {}
        }
    }
    sent
}

/// Each file belongs to an upload or is about to go.
fn no_file_is_left(data: &Path) {
    let sql = rusqlite::Connection::open(data.join("dassie.db")).unwrap();
    let mut known = sql
        .prepare("SELECT 1 FROM upload WHERE key = ?1 UNION ALL SELECT 1 FROM media_trash WHERE name = ?2")
        .unwrap();
    let mut folders = vec![data.join("media")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = entry.file_name().into_string().unwrap();
            let key = name.split('.').next().unwrap_or_default();
            let is_known = known.exists([key, &name]).unwrap();
            // what was on its way when it was killed goes some hours later
            assert!(is_known || path.parent().is_some_and(|tmp| tmp.ends_with("tmp")), "{name}");
        }
    }
}
