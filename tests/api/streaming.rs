//! Streams over real sockets: what comes, to whom, and how they end.

use std::time::{Duration, Instant};

use dassie::db::{self, Lane};
use dassie::model::Event;
use serde_json::{Value, json};

use super::{follow_peer, id, token};
use crate::support::{Events, Instance, Options, Peer, Person, Request, Socket, eventually};

/// How soon a stream has to end whose token ended (S-078).
const SOON: Duration = Duration::from_secs(5);

/// A socket of this person that listens to `query`.
#[track_caller]
fn open(instance: &Instance, person: &Person, query: &str) -> Socket {
    let bearer = format!("Bearer {}", person.token);
    Socket::open(&instance.host, query, &[("Authorization", &bearer)]).unwrap()
}

#[track_caller]
fn subscribe(socket: &mut Socket, what: Value) -> Vec<Value> {
    let mut message = json!({"type": "subscribe"});
    message.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
    socket.says(message)
}

#[test]
fn what_happens_is_streamed_as_the_viewer_sees_it() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    ann.follows("bob");
    let mut socket = open(&instance, &ann, "?stream=user");
    // one's own
    let own = ann.writes("mine", "private");
    let (what, status) = socket.event();
    assert_eq!((what.as_str(), &status["id"]), ("user update", &own["id"]));
    assert_eq!(status["pinned"], false, "the viewer's own");
    // of somebody followed; nobody else's
    let carl = instance.person("carl");
    carl.writes("for carl's followers", "public");
    let written = bob.writes("bob's", "private");
    let (what, status) = socket.event();
    assert_eq!((what.as_str(), &status["id"]), ("user update", &written["id"]));
    assert_eq!(status["account"]["username"], "bob");
    // a notification
    bob.post(&format!("/api/v1/statuses/{}/favourite", carl_public(&carl)), json!({}));
    carl.writes("hello @ann", "public");
    let (what, told) = socket.event();
    assert_eq!((what.as_str(), &told["type"]), ("user notification", &json!("mention")));
    assert_eq!(told["status"]["account"]["username"], "carl");
    // a boost, and both gone
    let other = carl_public(&carl);
    let boost = bob.post(&format!("/api/v1/statuses/{other}/reblog"), json!({}));
    let (what, status) = socket.event();
    assert_eq!((what.as_str(), &status["id"]), ("user update", &boost["id"]));
    assert_eq!(status["reblog"]["id"], other);
    carl.delete(&format!("/api/v1/statuses/{other}"));
    assert_eq!(socket.event(), ("user delete".into(), boost["id"].clone()));
    bob.delete(&format!("/api/v1/statuses/{}", id(&written)));
    assert_eq!(socket.event(), ("user delete".into(), written["id"].clone()));
    socket.is_quiet();
}

fn carl_public(carl: &Person) -> String {
    id(&carl.writes("open", "public"))
}

#[test]
fn one_socket_has_many_streams() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let mut socket = open(&instance, &ann, "");
    for what in [
        json!({"stream": "public"}),
        json!({"stream": "public:local"}),
        json!({"stream": "public:remote"}),
        json!({"stream": "public:media"}),
        json!({"stream": "hashtag", "tag": "Dogs"}),
        json!({"stream": "hashtag:local", "tag": "cats"}),
    ] {
        assert_eq!(subscribe(&mut socket, what), [json!(null); 0]);
    }
    let written = bob.writes("look, #dogs", "public");
    for stream in ["public", "public:local", "hashtag/Dogs"] {
        let (what, status) = socket.event();
        assert_eq!((what, &status["id"]), (format!("{stream} update"), &written["id"]));
    }
    bob.writes("#dogs, but not for all", "unlisted");
    let reply =
        bob.post("/api/v1/statuses", json!({"status": "#cats", "in_reply_to_id": id(&written)}));
    assert_eq!(reply["visibility"], "public");
    for stream in ["public", "public:local", "hashtag:local/cats"] {
        assert_eq!(socket.event().0, format!("{stream} update"));
    }
    bob.delete(&format!("/api/v1/statuses/{}", id(&written)));
    for stream in ["public", "public:local", "hashtag/Dogs"] {
        assert_eq!(socket.event(), (format!("{stream} delete"), written["id"].clone()));
    }
    // and less again
    for stream in ["public", "public:local"] {
        socket.says(json!({"type": "unsubscribe", "stream": stream}));
    }
    bob.writes("nothing in it", "public");
    socket.is_quiet();
    // what is wrong is told inside, and the rest goes on
    for (message, status) in [
        (json!({"type": "subscribe", "stream": "everything"}), 400),
        (json!({"type": "subscribe", "stream": "hashtag"}), 400),
        (json!({"type": "subscribe", "stream": "list"}), 400),
        (json!({"type": "subscribe", "stream": "list", "list": "999"}), 404),
        (json!({"type": "dance"}), 400),
        (json!([]), 400),
    ] {
        let mut came = socket.says(message.clone());
        if came.is_empty() {
            came.push(socket.next());
        }
        assert_eq!(came[0]["status"], status, "{message}: {came:?}");
        assert!(came[0]["error"].is_string());
    }
    bob.writes("more #Cats", "public");
    assert_eq!(socket.event().0, "hashtag:local/cats update");
}

#[test]
fn f_166_f_169_remote_statuses_their_edits_and_deletions_are_streamed() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let mut socket = open(&instance, &ann, "?stream=user");
    subscribe(&mut socket, json!({"stream": "public:remote"}));
    subscribe(&mut socket, json!({"stream": "public:local"}));
    let inbox = format!("{}/inbox", instance.base);
    let mut create = peer.create("mia", 1, "<p>hello</p>", json!({}));
    assert_eq!(peer.send("mia", &inbox, &create).status, 202);
    let (what, status) = socket.event();
    assert_eq!((what.as_str(), &status["content"]), ("user update", &json!("<p>hello</p>")));
    assert_eq!(socket.event().0, "public:remote update");
    // once, however often it comes
    create["id"] = json!(peer.at("/again"));
    assert_eq!(peer.send("mia", &inbox, &create).status, 202);
    let mut note = create["object"].clone();
    note["content"] = json!("<p>hello, all</p>");
    note["updated"] = json!(dassie::clock::api_time(dassie::clock::Clock::system().now_ms()));
    let about = |kind: &str, object: Value| {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at(&format!("/{kind}")),
            "type": kind, "actor": peer.uri("mia"), "object": object, "to": create["to"],
        })
    };
    let uri = note["id"].clone();
    assert_eq!(peer.send("mia", &inbox, &about("Update", note)).status, 202);
    let (what, changed) = socket.event();
    assert_eq!((what.as_str(), &changed["id"]), ("user status.update", &status["id"]));
    assert_eq!(changed["content"], "<p>hello, all</p>");
    assert_eq!(socket.event().0, "public:remote status.update");
    assert_eq!(peer.send("mia", &inbox, &about("Delete", uri)).status, 202);
    assert_eq!(socket.event(), ("user delete".into(), status["id"].clone()));
    assert_eq!(socket.event(), ("public:remote delete".into(), status["id"].clone()));
    socket.is_quiet();
}

#[test]
fn s_081_the_token_comes_by_header_query_or_subprotocol() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let host = &instance.host;
    let by_query = format!("?access_token={}&stream=user", ann.token);
    let mut sockets = vec![
        open(&instance, &ann, "?stream=user"),
        Socket::open(host, &by_query, &[]).unwrap(),
        Socket::open(host, "?stream=user", &[("Sec-WebSocket-Protocol", &ann.token)]).unwrap(),
    ];
    assert_eq!(sockets[2].head.header("sec-websocket-protocol"), Some(ann.token.as_str()));
    let written = ann.writes("one", "public");
    for socket in &mut sockets {
        assert_eq!(socket.event().1["id"], written["id"]);
    }
    let nobodys = token(&instance, None, "read");
    let bearer = format!("Bearer {nobodys}");
    for (query, headers, status) in [
        ("?stream=public", vec![], 401),
        ("?stream=public&access_token=wrong", vec![], 401),
        ("?stream=public", vec![("Sec-WebSocket-Protocol", "wrong")], 401),
        ("?stream=public", vec![("Authorization", "Bearer wrong")], 401),
        ("?stream=public", vec![("Authorization", bearer.as_str())], 422),
    ] {
        assert_eq!(Socket::open(host, query, &headers).err(), Some(status), "{query} {headers:?}");
    }
    // a plain request is no upgrade
    assert_eq!(ann.request("GET", "/api/v1/streaming").send().status, 404);
    let health = instance.get("/api/v1/streaming/health");
    assert_eq!((health.status, health.text()), (200, "OK".into()));
    let v1 = instance.get("/api/v1/instance").ok();
    let v2 = instance.get("/api/v2/instance").ok();
    assert_eq!(v1["urls"]["streaming_api"], format!("ws://{host}"));
    assert_eq!(v2["configuration"]["urls"]["streaming"], format!("ws://{host}"));
}

#[test]
fn s_076_s_092_a_stream_carries_what_its_token_may_read() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let (statuses, told, other) = (
        token(&instance, Some(&ann), "read:statuses"),
        token(&instance, Some(&ann), "read:notifications"),
        token(&instance, Some(&ann), "read:accounts write"),
    );
    let open = |token: &str, query: &str| {
        let bearer = format!("Bearer {token}");
        Socket::open(&instance.host, query, &[("Authorization", &bearer)])
    };
    assert_eq!(open(&other, "?stream=user").err(), Some(403));
    let mut of_statuses = open(&statuses, "?stream=user").unwrap();
    let mut of_told = open(&told, "?stream=user").unwrap();
    assert_eq!(of_told.next()["status"], 403);
    assert_eq!(subscribe(&mut of_told, json!({"stream": "public"}))[0]["status"], 403);
    subscribe(&mut of_told, json!({"stream": "user:notification"}));
    assert_eq!(
        subscribe(&mut of_statuses, json!({"stream": "user:notification"}))[0]["status"],
        403
    );
    bob.writes("hey @ann", "public");
    ann.writes("mine", "public");
    let (what, status) = of_statuses.event();
    assert_eq!((what.as_str(), &status["account"]["username"]), ("user update", &json!("ann")));
    of_statuses.is_quiet();
    assert_eq!(of_told.event().0, "user:notification notification");
    of_told.is_quiet();
    for (path, token, status) in [
        ("user", &told, 403),
        ("user/notification", &statuses, 403),
        ("public", &told, 403),
        ("public/local", &other, 403),
        ("list?list=1", &statuses, 404),
        ("list", &statuses, 400),
        ("hashtag", &statuses, 400),
        ("hashtag/local?tag=", &statuses, 400),
        ("user", &"wrong".to_owned(), 401),
    ] {
        let path = format!("/api/v1/streaming/{path}");
        assert_eq!(Events::open(&instance.host, &path, token).head.status, status, "{path}");
    }
    assert_eq!(instance.get("/api/v1/streaming/public").status, 401);
    assert_eq!(ann.request("GET", "/api/v1/streaming/everything").send().status, 404);
}

#[test]
fn s_092_what_counts_is_the_moment_of_sending() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let of_bob = ann.follows("bob");
    let of_carl = ann.follows("carl");
    let mut socket = open(&instance, &ann, "?stream=user");
    subscribe(&mut socket, json!({"stream": "public"}));
    bob.writes("for followers", "private");
    assert_eq!(socket.event().0, "user update");
    bob.writes("for nobody", "direct");
    // the follow is revoked
    bob.post(&format!("/api/v1/accounts/{}/remove_from_followers", ann.id), json!({}));
    bob.writes("for followers, again", "private");
    socket.is_quiet();
    bob.writes("for all", "public");
    assert_eq!(socket.event().0, "public update");
    // blocked by the author, muted, blocked
    bob.post(&format!("/api/v1/accounts/{}/block", ann.id), json!({}));
    let hidden = bob.writes("for all but ann", "public");
    bob.delete(&format!("/api/v1/statuses/{}", id(&hidden)));
    socket.is_quiet();
    ann.post(&format!("/api/v1/accounts/{of_carl}/mute"), json!({}));
    carl.writes("hey @ann", "public");
    socket.is_quiet();
    ann.post(&format!("/api/v1/accounts/{of_carl}/unmute"), json!({}));
    carl.writes("here again", "public");
    assert_eq!(socket.event().0, "user update");
    assert_eq!(socket.event().0, "public update");
    ann.post(&format!("/api/v1/accounts/{of_carl}/block"), json!({}));
    carl.writes("hey @ann", "public");
    socket.is_quiet();
    assert_ne!(of_bob, of_carl);
}

#[test]
fn s_092_a_list_is_its_owners() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute("INSERT INTO list (account_id, title, created_at) VALUES (?, 'x', 0)", [&ann.id])
        .unwrap();
    let list = sql.last_insert_rowid();
    let status: i64 = id(&bob.writes("listed", "public")).parse().unwrap();
    let query = format!("?stream=list&list={list}");
    assert_eq!(open(&instance, &bob, &query).next()["status"], 404);
    let mut socket = open(&instance, &ann, &query);
    let author = bob.id.parse().unwrap();
    let entry = db::timeline::Entry {
        timeline: list,
        status_id: status,
        author_id: author,
        boosted_id: None,
    };
    let put = instance.app.db.write(Lane::Interactive, move |tx| {
        tx.after_commit(Event::StatusArrived { id: status });
        db::timeline::insert(tx, entry)
    });
    put.wait().unwrap();
    let (what, shown) = socket.event();
    assert_eq!((what, id(&shown)), (format!("list/{list} update"), status.to_string()));
    bob.delete(&format!("/api/v1/statuses/{status}"));
    assert_eq!(socket.event().0, format!("list/{list} delete"));
}

#[test]
fn server_sent_events_are_served_too() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let open = |path: &str| {
        let events = Events::open(&instance.host, &format!("/api/v1/streaming/{path}"), &ann.token);
        assert_eq!(events.head.status, 200, "{path}");
        assert_eq!(events.head.header("content-type"), Some("text/event-stream"));
        events
    };
    let mut all: Vec<(&str, Events)> = ["user", "user/notification", "public", "public/local"]
        .into_iter()
        .chain(["hashtag?tag=dogs", "hashtag/local?tag=dogs"])
        .map(|path| (path, open(path)))
        .collect();
    let mut none: Vec<Events> =
        ["public/remote", "public?only_media=true", "hashtag?tag=cats"].map(open).into();
    let written = bob.writes("#dogs for @ann", "public");
    for (path, events) in &mut all {
        let (event, data) = events.next().unwrap();
        let data: Value = serde_json::from_str(&data).unwrap();
        if path.starts_with("user") {
            assert_eq!((event.as_str(), &data["status"]["id"]), ("notification", &written["id"]));
        } else {
            assert_eq!((event.as_str(), &data["id"]), ("update", &written["id"]), "{path}");
        }
    }
    bob.delete(&format!("/api/v1/statuses/{}", id(&written)));
    let gone = all[2].1.next().unwrap();
    assert_eq!(gone, ("delete".to_owned(), id(&written)));
    instance.app.streams.close();
    for events in &mut none {
        assert_eq!(events.next(), None);
    }
}

#[test]
fn s_078_streams_end_with_their_token() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let second = token(&instance, Some(&ann), "read");
    let bearer = format!("Bearer {second}");
    let mut first = open(&instance, &ann, "?stream=user");
    let mut ended =
        Socket::open(&instance.host, "?stream=user", &[("Authorization", &bearer)]).unwrap();
    let mut events = Events::open(&instance.host, "/api/v1/streaming/user", &second);
    let mut others = open(&instance, &bob, "?stream=user");
    // one token
    let hash = dassie::crypto::token_hash(&second);
    let revoked = instance.app.db.write(Lane::Interactive, move |tx| {
        let token = db::oauth::find_token(tx, &hash)?;
        db::oauth::revoke_token(tx, &hash, token.map_or(0, |token| token.application_id))
    });
    assert!(revoked.wait().unwrap());
    assert!(ended.ends() < SOON);
    let since = Instant::now();
    assert_eq!(events.next(), None);
    assert!(since.elapsed() < SOON);
    ann.writes("still here", "public");
    assert_eq!(first.event().0, "user update");
    // all of an account
    let account: i64 = ann.id.parse().unwrap();
    let all =
        instance.app.db.write(Lane::Interactive, move |tx| db::oauth::revoke_all(tx, account));
    all.wait().unwrap();
    assert!(first.ends() < SOON);
    bob.writes("still here", "public");
    assert_eq!(others.event().0, "user update");
    eventually("the places are free", || {
        (instance.app.streams.listeners().len() == 1).then_some(())
    });
}

#[test]
fn s_129_who_does_not_read_is_dropped_and_the_others_go_on() {
    let configure: fn(&mut dassie::config::Config) = |c| c.limits.max_characters = 60_000;
    let instance = Instance::with(Options { configure: Some(configure), ..Default::default() });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let mut quick = open(&instance, &ann, "?stream=public");
    let mut slow = open(&instance, &ann, "?stream=public");
    for tag in ["dogs", "Dogs", "dOgs", "doGs", "dogS", "DOgs", "DoGs", "DogS"] {
        subscribe(&mut slow, json!({"stream": "hashtag", "tag": tag}));
    }
    let text = format!("#dogs {}", "x".repeat(50_000));
    let since = Instant::now();
    while instance.app.streams.listeners().len() == 2 {
        bob.writes(&text, "public");
        assert_eq!(quick.event().0, "public update");
        assert!(since.elapsed() < Duration::from_secs(60), "it is never dropped");
    }
    bob.writes("after it", "public");
    assert_eq!(quick.event().1["content"], "<p>after it</p>");
    // a frame may have 64 KiB
    quick.text(&"x".repeat(70_000));
    assert!(quick.ends() < SOON);
    drop(slow);
}

#[test]
fn the_server_stops_quickly_with_open_streams() {
    let mut instance = Instance::start();
    let ann = instance.person("ann");
    let mut sockets: Vec<Socket> = (0..5).map(|_| open(&instance, &ann, "?stream=user")).collect();
    let mut events = Events::open(&instance.host, "/api/v1/streaming/user", &ann.token);
    let since = Instant::now();
    instance.stop();
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    for socket in &mut sockets {
        assert!(socket.ends() < SOON);
    }
    assert_eq!(events.next(), None);
}

#[test]
fn s_127_a_stream_needs_our_host_as_all_requests_do() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let answer = Request::new("GET", format!("{}/api/v1/streaming/user", instance.base))
        .header("authorization", format!("Bearer {}", ann.token))
        .header("host", "other.example")
        .send();
    assert_eq!(answer.status, 421);
}

#[test]
fn conversations_have_a_stream_of_their_own() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    ann.follows("bob");
    bob.follows("ann");
    let mut socket = open(&instance, &ann, "?stream=direct");
    let mut events = Events::open(&instance.host, "/api/v1/streaming/direct", &ann.token);
    let first = ann.writes("@bob one", "direct");
    let (what, told) = socket.event();
    assert_eq!((what.as_str(), &told["unread"]), ("direct conversation", &json!(false)));
    assert_eq!(told["last_status"]["id"], first["id"]);
    assert_eq!(told["accounts"][0]["username"], "bob");
    let (event, data) = events.next().unwrap();
    assert_eq!(
        (event.as_str(), serde_json::from_str::<Value>(&data).unwrap()),
        ("conversation", told)
    );
    let reply = json!({"status": "@ann two", "visibility": "direct", "in_reply_to_id": id(&first)});
    let reply = bob.post("/api/v1/statuses", reply);
    let (_, told) = socket.event();
    assert_eq!((&told["unread"], &told["last_status"]["id"]), (&json!(true), &reply["id"]));
    // read on another device
    ann.post(&format!("/api/v1/conversations/{}/read", id(&told)), json!({}));
    assert_eq!(socket.event().1["unread"], false);
    bob.delete(&format!("/api/v1/statuses/{}", id(&reply)));
    assert_eq!(socket.event().1["last_status"]["id"], first["id"], "the one before again");
    // nothing else, and nobody else's
    bob.writes("@ann in public", "public");
    let carl = instance.person("carl");
    carl.writes("@bob psst", "direct");
    socket.is_quiet();
    let reader = token(&instance, Some(&ann), "read:notifications");
    let bearer = format!("Bearer {reader}");
    let mut other = Socket::open(&instance.host, "", &[("Authorization", &bearer)]).unwrap();
    let answer = subscribe(&mut other, json!({"stream": "direct"}));
    assert_eq!(answer[0]["status"], 403, "{answer:?}");
}
