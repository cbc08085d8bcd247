//! Nothing that was acknowledged is lost: crashes, dead peers, full queues, failing commits.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use dassie::clock::{Clock, HOUR, MINUTE};
use dassie::db::{self, Lane};
use dassie::model::Account;
use serde_json::{Value, json};

use crate::support::files::head;
use crate::support::hostile;
use crate::support::picture::{Part, form};
use crate::support::{
    FileHost, Instance, Options, Peer, PeerAnswer, Relay, Request, TempDir, eventually, texts,
};

/// Makes an actor of the peer follow a local account, the way it happens: by a signed Follow.
pub(crate) fn follow(peer: &Peer, name: &str, base: &str, uri: &str) {
    let activity = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": peer.at(&format!("/follows/{name}")), "type": "Follow",
        "actor": peer.uri(name), "object": uri,
    });
    let answer = peer.send(name, &format!("{base}/inbox"), &activity);
    assert_eq!(answer.status, 202, "{}", answer.text());
    eventually("the follow is accepted", || {
        peer.received().iter().any(|a| a["type"] == "Accept").then_some(())
    });
}

pub(crate) fn contents(received: &[Value]) -> Vec<String> {
    received
        .iter()
        .filter(|activity| activity["type"] == "Create")
        .map(|activity| {
            let html = activity["object"]["content"].as_str().unwrap();
            dassie::text::sanitize::to_plain(html).trim().to_owned()
        })
        .collect()
}

/// The program itself, as a process that can be killed.
pub(crate) struct Program {
    pub(crate) folder: TempDir,
    listen: String,
    child: Option<Child>,
}

impl Program {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new();
        // a free port, given back at once
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let config = format!(
            "[server]\nlisten = \"{listen}\"\nhost = \"{listen}\"\n[storage]\ndata_dir = \"{}\"\n\
             [network]\nallowed_private_ranges = [\"127.0.0.0/8\"]\n\
             [media]\nffmpeg = \"none\"\nheif_convert = \"none\"\n",
            folder.path().join("data").display()
        );
        std::fs::write(folder.path().join("dassie.toml"), config).unwrap();
        let mut program = Self { folder, listen, child: None };
        program.start();
        program
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dassie"));
        command.args(args).arg("--config").arg(self.folder.path().join("dassie.toml"));
        command
    }

    pub(crate) fn start(&mut self) {
        let mut child = self
            .command(&["serve", "--dev"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        // read to the end, so that the program never waits for us
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || lines.for_each(drop));
        self.child = Some(child);
        eventually("it serves", || {
            Request::new("GET", format!("{}/api/v1/instance", self.base()))
                .try_send()
                .ok()
                .filter(|answer| answer.status == 200)
        });
    }

    /// SIGKILL: no goodbye.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.listen)
    }

    pub(crate) fn output(&self, args: &[&str]) -> String {
        let output = self.command(args).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn s_135_a_post_survives_kill_9_before_its_delivery() {
    let mut program = Program::new();
    program.output(&[
        "account",
        "create",
        "--username",
        "ann",
        "--email",
        "a@example.org",
        "--password",
        "a long password",
    ]);
    let token = program.output(&["token", "create", "--account", "ann"]);
    let peer = Peer::start(&["mia"]);
    follow(&peer, "mia", &program.base(), &format!("{}/users/ann", program.base()));
    peer.answer(PeerAnswer::Hang);
    let answer = Request::new("POST", format!("{}/api/v1/statuses", program.base()))
        .header("authorization", format!("Bearer {token}"))
        .json(&json!({"status": "I survive"}))
        .send();
    assert_eq!(answer.status, 200);
    eventually("its delivery is under way", || (peer.hanging() > 0).then_some(()));
    program.kill();
    peer.answer(PeerAnswer::Status(202));
    program.start();
    eventually("it arrives", || {
        contents(&peer.received()).contains(&"I survive".to_owned()).then_some(())
    });
}

#[test]
fn f_130_an_accepted_activity_survives_kill_9() {
    let mut program = Program::new();
    program.output(&[
        "account",
        "create",
        "--username",
        "ann",
        "--email",
        "a@example.org",
        "--password",
        "a long password",
    ]);
    let token = program.output(&["token", "create", "--account", "ann"]);
    let peer = Peer::start(&["mia"]);
    let uri = format!("{}/users/ann", program.base());
    for number in 0..5 {
        let create = peer.create("mia", number, "<p>kept</p>", json!({"cc": [uri]}));
        let answer = peer.send("mia", &format!("{}/inbox", program.base()), &create);
        assert_eq!(answer.status, 202);
    }
    program.kill();
    program.start();
    for number in 0..5 {
        let note = peer.at(&format!("/notes/{number}"));
        eventually("it is there", || {
            let path = format!(
                "{}/api/v2/search?q={}",
                program.base(),
                form_urlencoded::byte_serialize(note.as_bytes()).collect::<String>()
            );
            let answer = Request::new("GET", path)
                .header("authorization", format!("Bearer {token}"))
                .send()
                .json();
            (answer["statuses"][0]["uri"] == note.as_str()).then_some(())
        });
    }
}

#[test]
fn f_300_a_download_cut_by_kill_9_is_begun_anew() {
    let mut program = Program::new();
    program.output(&[
        "account",
        "create",
        "--username",
        "ann",
        "--email",
        "a@example.org",
        "--password",
        "a long password",
    ]);
    let token = program.output(&["token", "create", "--account", "ann"]);
    let (peer, files) = (Peer::start(&["mia"]), FileHost::start());
    let mut film = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
    film.resize(300_000, 7);
    let half = film[..150_000].to_vec();
    let url = files.script("/a.mp4", move |_, out| {
        let _ = out.write_all(head(200, "video/mp4", Some(300_000)).as_bytes());
        let _ = out.write_all(&half);
        // until the other side is gone
        let _ = std::io::Read::read(out, &mut [0]);
    });
    let uri = format!("{}/users/ann", program.base());
    let extra = json!({"cc": [uri], "attachment": [{"type": "Document", "url": url,
        "mediaType": "video/mp4"}]});
    let create = peer.create("mia", 1, "<p>look</p>", extra);
    let answer = peer.send("mia", &format!("{}/inbox", program.base()), &create);
    assert_eq!(answer.status, 202);
    let note = peer.at("/notes/1");
    let address = eventually("it is there", || {
        let path = format!(
            "{}/api/v2/search?q={}",
            program.base(),
            form_urlencoded::byte_serialize(note.as_bytes()).collect::<String>()
        );
        let authorization = format!("Bearer {token}");
        let answer = Request::new("GET", path).header("authorization", authorization).send();
        let media = answer.json()["statuses"][0]["media_attachments"][0]["url"].clone();
        media.as_str().map(str::to_owned)
    });
    let begun = address.clone();
    let viewer = std::thread::spawn(move || {
        Request::new("GET", begun).try_send().is_ok_and(|answer| answer.body.len() == 300_000)
    });
    let cache = program.folder.path().join("data/cache");
    eventually("some of it has come", || {
        let files = std::fs::read_dir(cache.join("tmp")).unwrap().flatten();
        let bytes = files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum();
        (150_000_u64 <= bytes).then_some(())
    });
    program.kill();
    assert!(!viewer.join().unwrap(), "half of a file is not taken for the whole");
    files.file("/a.mp4", "video/mp4", &film);
    program.start();
    assert!(Request::new("GET", &address).send().body == film);
    assert_eq!(files.times("/a.mp4"), 2);
}

#[test]
fn f_130_f_346_what_a_relay_named_survives_kill_9() {
    let mut program = Program::new();
    let create = ["account", "create", "--username", "ann", "--email", "a@example.org"];
    program.output(&[&create[..], &["--password", "a long password"]].concat());
    let token = program.output(&["token", "create", "--account", "ann"]);
    let (relay, origin) = (Relay::start(), Peer::start(&["mia"]));
    assert!(program.output(&["relay", "list"]).starts_with("There is no relay"));
    let said = program.output(&["relay", "add", &relay.peer.at("/inbox"), "--rate", "60/min"]);
    assert_eq!(said, format!("Asked {} (mastodon, 60/min)", relay.actor()));
    let follow = eventually("it is asked", || relay.received("Follow").pop());
    let accept = relay.own(1, "Accept", follow["id"].clone());
    assert_eq!(relay.sends_to(&program.base(), &accept).status, 202);
    eventually("it is accepted", || {
        program.output(&["relay", "list"]).contains("accepted").then_some(())
    });
    let create = origin.create("mia", 1, "<p>named</p>", json!({}));
    origin.hold("/notes/1");
    assert_eq!(relay.sends_to(&program.base(), &create).status, 202);
    eventually("it is asked for", || (origin.hanging() > 0).then_some(()));
    program.kill();
    let mut note = create["object"].clone();
    note["@context"] = json!("https://www.w3.org/ns/activitystreams");
    origin.serve("/notes/1", note);
    // without a server the commands go straight to the database
    let set = program.output(&["relay", "set", "1", "--languages", "zh,und", "--no-media"]);
    assert!(set.contains("60/min, zh+und, media none"), "{set}");
    program.start();
    eventually("it is there", || {
        let path = format!("{}/api/v1/timelines/public?remote=true", program.base());
        let request = Request::new("GET", path).header("authorization", format!("Bearer {token}"));
        (texts(&request.send().json()) == ["named"]).then_some(())
    });
    program.kill();
    assert!(program.output(&["relay", "remove", &relay.peer.host]).starts_with("Left "));
    program.start();
    eventually("it is left", || relay.received("Undo").pop());
}

#[test]
fn f_189_a_move_survives_kill_9() {
    let mut program = Program::new();
    // more people than go along in one slice
    let names: Vec<String> = (0..45).map(|number| format!("p{number}")).collect();
    let peer = Peer::start(&["old", "new"]);
    program.kill();
    let folder = program.folder.path().join("data/dassie.db");
    let make = |program: &Program, name: &str| {
        let mail = format!("{name}@example.org");
        let args = ["account", "create", "--username", name, "--email", &mail];
        program.output(&[&args[..], &["--password", "a long password"]].concat());
    };
    make(&program, "p0");
    let token = program.output(&["token", "create", "--account", "p0"]);
    program.start();
    let ask = |program: &Program, method: &'static str, path: &str| {
        Request::new(method, format!("{}{path}", program.base()))
            .header("authorization", format!("Bearer {token}"))
            .send()
            .ok()
    };
    let find = format!("/api/v2/search?resolve=true&type=accounts&q=old@{}", peer.host);
    let old = ask(&program, "GET", &find)["accounts"][0]["id"].as_str().unwrap().to_owned();
    program.kill();
    let sql = rusqlite::Connection::open(&folder).unwrap();
    // the others are rows: hashing their passwords would take a minute
    for (at, name) in names.iter().enumerate() {
        let id = at as i64 + 10;
        if at > 0 {
            sql.execute(
                "INSERT INTO account (id, username, uri, url, inbox, kind, display_name, note, created_at)
                 SELECT ?1, ?2, ?3, ?3, ?3 || '/inbox', 0, '', '', 1",
                rusqlite::params![id, name, format!("{}/users/{name}", program.base())],
            )
            .unwrap();
            sql.execute(
                "INSERT INTO user (account_id, email, password_hash, created_at) VALUES (?, ?, '!', 1)",
                rusqlite::params![id, name],
            )
            .unwrap();
        }
        sql.execute(
            "INSERT INTO follow (account_id, target_id, accepted, uri, reblogs, notify, languages, created_at)
             SELECT id, ?1, 1, uri || '#f', 1, 0, NULL, 1 FROM account
             WHERE username = ?2 AND domain IS NULL",
            rusqlite::params![old.parse::<i64>().unwrap(), name],
        )
        .unwrap();
    }
    drop(sql);
    let mut new = peer.document("/users/new");
    new["alsoKnownAs"] = json!([peer.uri("old")]);
    peer.serve("/users/new", new);
    program.start();
    let moves = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/moves/1"),
        "type": "Move", "actor": peer.uri("old"), "object": peer.uri("old"),
        "target": peer.uri("new"),
    });
    assert_eq!(peer.send("old", &format!("{}/inbox", program.base()), &moves).status, 202);
    // again and again in the middle of it
    let count = |target: &str| {
        let sql = rusqlite::Connection::open(&folder).unwrap();
        sql.busy_timeout(Duration::from_secs(5)).unwrap();
        sql.query_row(
            "SELECT count(*) FROM follow WHERE target_id = (SELECT id FROM account WHERE uri = ?)",
            [target],
            |row| row.get::<_, i64>(0),
        )
        .unwrap()
    };
    for _ in 0..3 {
        program.kill();
        assert_eq!(count(&peer.uri("old")) + count(&peer.uri("new")), 45, "nobody is lost");
        program.start();
    }
    eventually("all went along", || (count(&peer.uri("new")) == 45).then_some(()));
    assert_eq!(count(&peer.uri("old")), 0);
}

#[test]
fn f_212_a_peer_that_was_down_gets_it_when_it_is_back() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&peer, "mia", &instance.base, &ann.uri);
    peer.answer(PeerAnswer::Status(503));
    ann.writes("while you were out", "public");
    let attempts = |at_least: i64| {
        eventually("it was tried", || {
            let rows = instance.app.db.read(|conn| db::delivery::list(conn, 10)).unwrap();
            rows.first().filter(|row| row.attempts >= at_least).map(|row| row.last_error.clone())
        })
    };
    assert_eq!(attempts(1).as_deref(), Some("the inbox answered 503"));
    instance.advance(HOUR);
    attempts(2);
    instance.advance(2 * HOUR);
    attempts(3);
    // nobody asks for it, it comes by itself
    peer.answer(PeerAnswer::Status(202));
    instance.advance(3 * HOUR);
    eventually("it arrives", || {
        (contents(&peer.received()) == ["while you were out"]).then_some(())
    });
    instance.settle();
}

#[test]
fn f_214_a_peer_that_speaks_to_us_gets_what_waited() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&peer, "mia", &instance.base, &ann.uri);
    peer.answer(PeerAnswer::Status(500));
    ann.writes("one", "public");
    ann.writes("two", "public");
    eventually("it was tried", || {
        let rows = instance.app.db.read(|conn| db::delivery::list(conn, 10)).unwrap();
        rows.iter().any(|row| row.attempts > 0).then_some(())
    });
    peer.answer(PeerAnswer::Status(202));
    let hello = peer.create("mia", 1, "<p>back</p>", json!({"cc": [ann.uri]}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &hello).status, 202);
    // the clock stands still: only its word can have hastened them
    eventually("both arrive, in order", || {
        (contents(&peer.received()) == ["one", "two"]).then_some(())
    });
}

#[test]
fn a_stop_with_a_full_queue_is_quick_and_loses_nothing() {
    let mut instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&peer, "mia", &instance.base, &ann.uri);
    peer.answer(PeerAnswer::Hang);
    let wanted: Vec<String> = (0..30).map(|number| format!("number {number}")).collect();
    for text in &wanted {
        ann.writes(text, "public");
    }
    eventually("one is under way", || (peer.hanging() > 0).then_some(()));
    let since = Instant::now();
    instance.stop();
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    peer.answer(PeerAnswer::Status(202));
    instance.start_again();
    eventually("all arrive, in order", || (contents(&peer.received()) == wanted).then_some(()));
}

/// A hundred servers that take connections and say nothing: one port, a loopback address each.
fn silent_servers(count: u8) -> (u16, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            held.push(stream);
            if sender.send(()).is_err() || held.len() > 4 * usize::from(count) {
                return;
            }
        }
    });
    (port, receiver)
}

#[test]
fn a_hundred_hanging_peers_are_noticed_by_nobody() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow(&peer, "mia", &instance.base, &ann.uri);
    let (port, parked) = silent_servers(100);
    let ann_id: i64 = ann.id.parse().unwrap();
    instance
        .app
        .db
        .write(Lane::Interactive, move |tx| {
            for number in 1..=100 {
                let uri = format!("http://127.0.1.{number}:{port}/users/x");
                let account = Account {
                    id: tx.mint_id(),
                    username: "x".into(),
                    domain: Some(format!("127.0.1.{number}:{port}")),
                    inbox: Some(format!("{uri}/inbox")),
                    uri: uri.clone(),
                    ..Account::default()
                };
                db::account::insert(tx, &account)?;
                db::follow::upsert(
                    tx,
                    &db::follow::Follow {
                        id: 0,
                        account_id: account.id,
                        target_id: ann_id,
                        accepted: true,
                        uri: format!("{uri}#follow"),
                        reblogs: true,
                        notify: false,
                        languages: vec![],
                    },
                )?;
            }
            Ok(())
        })
        .wait()
        .unwrap();
    ann.writes("first", "public");
    // several hang now; everything else goes on
    for _ in 0..8 {
        parked.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    eventually("the live peer has it", || (contents(&peer.received()) == ["first"]).then_some(()));
    assert_eq!(texts(&ann.get("/api/v1/timelines/home")), ["first"]);
    ann.writes("second", "public");
    eventually("and the next one", || {
        (contents(&peer.received()) == ["first", "second"]).then_some(())
    });
    let waiting = instance.app.db.read(db::delivery::count).unwrap();
    assert!(waiting >= 190, "{waiting} still wait");
}

#[test]
fn a_failing_commit_is_told_to_every_request_that_waits() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    // the writer is held up, so that the posts come into one commit
    let (held, release) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (inside, outside) = (Arc::clone(&held), Arc::clone(&release));
    let holding = instance.app.db.write(Lane::Interactive, move |_| {
        inside.wait();
        outside.wait();
        Ok(())
    });
    held.wait();
    let posts: Vec<_> = (0..6)
        .map(|number| {
            let ann = ann.clone();
            std::thread::spawn(move || {
                ann.request("POST", "/api/v1/statuses")
                    .json(&json!({"status": format!("post {number}")}))
                    .send()
                    .status
            })
        })
        .collect();
    // the batch that holds the writer fails, with all that joined it, and those after it: between
    // them the house is kept as well
    instance.app.db.fail_commits(u32::MAX);
    release.wait();
    assert!(holding.wait().is_err());
    let statuses: Vec<u16> = posts.into_iter().map(|post| post.join().unwrap()).collect();
    assert_eq!(statuses, [500; 6], "each is told");
    assert_eq!(ann.home(), Vec::<String>::new(), "nothing of it is kept");
    instance.app.db.fail_commits(0);
    ann.writes("again", "public");
    assert_eq!(ann.home()[0], "again");
}

#[test]
fn the_same_idempotency_key_makes_one_status() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let post = |key: &str| {
        ann.request("POST", "/api/v1/statuses")
            .header("idempotency-key", key)
            .json(&json!({"status": "once"}))
            .send()
            .ok()["id"]
            .clone()
    };
    let first = post("k1");
    assert_eq!(first, post("k1"));
    assert_ne!(first, post("k2"));
    let at_once: Vec<_> = (0..8)
        .map(|_| {
            let ann = ann.clone();
            std::thread::spawn(move || {
                ann.request("POST", "/api/v1/statuses")
                    .header("idempotency-key", "k3")
                    .form(&[("status", "at once")])
                    .send()
                    .ok()["id"]
                    .clone()
            })
        })
        .collect();
    let ids: Vec<Value> = at_once.into_iter().map(|t| t.join().unwrap()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(ann.home(), ["at once", "once", "once"]);
}

#[test]
fn ids_grow_in_commit_order_when_the_clock_steps_back() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let ann = instance.person("ann");
    let first: i64 = ann.writes("first", "public")["id"].as_str().unwrap().parse().unwrap();
    instance.advance(-10 * MINUTE);
    let second: i64 = ann.writes("second", "public")["id"].as_str().unwrap().parse().unwrap();
    assert!(second > first);
    assert_eq!(ann.home(), ["second", "first"]);
}

#[test]
fn s_053_half_a_request_costs_nothing() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let mut stuck = Vec::new();
    for _ in 0..50 {
        let mut stream = std::net::TcpStream::connect(&instance.host).unwrap();
        stream.write_all(b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Le").unwrap();
        stuck.push(stream);
    }
    ann.writes("still here", "public");
    assert_eq!(ann.home(), ["still here"]);
}

#[test]
fn s_135_a_scheduled_status_is_published_once_whatever_is_killed() {
    let mut program = Program::new();
    let account = ["account", "create", "--username", "ann", "--email", "a@example.org"];
    program.output(&[&account[..], &["--password", "a long password"]].concat());
    let token = program.output(&["token", "create", "--account", "ann"]);
    let ask = |program: &Program, method: &'static str, path: &str, body: Option<Value>| {
        let request = Request::new(method, format!("{}{path}", program.base()))
            .header("authorization", format!("Bearer {token}"));
        match body {
            Some(body) => request.json(&body).send().ok(),
            None => request.send().ok(),
        }
    };
    let due = dassie::clock::wire_time(Clock::system().now_ms() + HOUR);
    let body = json!({"status": "I come once", "scheduled_at": due});
    ask(&program, "POST", "/api/v1/statuses", Some(body));
    program.kill();
    // its time comes while nothing runs
    let sql = rusqlite::Connection::open(program.folder.path().join("data/dassie.db")).unwrap();
    sql.execute_batch(
        "UPDATE scheduled_status SET due = 1; UPDATE job SET due = 1 WHERE kind = 25",
    )
    .unwrap();
    drop(sql);
    for _ in 0..3 {
        program.start();
        eventually("it is there", || {
            let home = ask(&program, "GET", "/api/v1/timelines/home", None);
            (texts(&home) == ["I come once"]).then_some(())
        });
        assert_eq!(ask(&program, "GET", "/api/v1/scheduled_statuses", None), json!([]));
        program.kill();
    }
}

#[test]
fn s_107_s_135_a_kill_while_an_image_is_decoded_leaves_nothing_behind() {
    let mut program = Program::new();
    program.output(&[
        "account",
        "create",
        "--username",
        "ann",
        "--email",
        "a@example.org",
        "--password",
        "a long password",
    ]);
    let token = program.output(&["token", "create", "--account", "ann"]);
    let media = program.folder.path().join("data/media");
    let received = || {
        let entries = std::fs::read_dir(media.join("tmp")).unwrap();
        entries.flatten().map(|e| e.file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let request = Request::new("POST", format!("{}/api/v2/media", program.base()))
        .header("authorization", format!("Bearer {token}"));
    let photo = hostile::flat_jpeg(2600, 2000, 6);
    let request = form(request, &[Part::File("file", "a.jpg", &photo)]);
    let sender = std::thread::spawn(move || request.try_send().is_ok());
    eventually("it is being written", || {
        received().iter().any(|name| name.ends_with(".full")).then_some(())
    });
    program.kill();
    assert!(!received().is_empty(), "it was not done");
    let _ = sender.join();
    program.start();
    eventually("it is done after all", || received().is_empty().then_some(()));
    let mut kept = Vec::new();
    let mut folders = vec![media];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { kept.push(path) }
        }
    }
    // the photo, and nothing of the first try
    assert_eq!(kept.len(), 1, "{kept:?}");
}
