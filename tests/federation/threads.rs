//! Threads that somebody opens: what stands above and below is read from its servers, within limits.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use dassie::client::Resolve;
use dassie::clock::{Clock, MINUTE};
use dassie::federation::budget;
use serde_json::{Value, json};

use crate::support::{Instance, Options, Peer, Person, eventually, texts};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// An instance whose clock is turned by hand, a person on it, a peer.
fn scene() -> (Instance, Person, Peer) {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, ..Options::default() });
    let ann = instance.person("ann");
    (instance, ann, Peer::start(&["mia", "max"]))
}

/// Serves a note of mia's, which answers `parent` and names what answers it.
fn note(peer: &Peer, number: u32, parent: Option<u32>, more: Value) -> String {
    let mut note =
        peer.create("mia", number, &format!("<p>note {number}</p>"), more)["object"].clone();
    note["@context"] = json!("https://www.w3.org/ns/activitystreams");
    if let Some(parent) = parent {
        note["inReplyTo"] = json!(peer.at(&format!("/notes/{parent}")));
    }
    peer.serve(&format!("/notes/{number}"), note);
    peer.at(&format!("/notes/{number}"))
}

fn id(status: &Value) -> String {
    status["id"].as_str().unwrap().to_owned()
}

fn times(peer: &Peer, path: &str) -> usize {
    peer.asked().iter().filter(|asked| *asked == path).count()
}

/// Opens a thread; what the header says of its reading.
fn open(person: &Person, status: &str) -> (Value, Option<String>) {
    let answer = person.request("GET", &format!("/api/v1/statuses/{status}/context")).send();
    let header = answer.header("mastodon-async-refresh").map(str::to_owned);
    (answer.ok(), header)
}

/// Opens a thread and waits until it is read; the texts below.
fn read(person: &Person, status: &str) -> Vec<String> {
    open(person, status);
    let path = format!("/api/v1_alpha/async_refreshes/thread-{status}");
    eventually("the thread is read", || {
        (person.get(&path)["async_refresh"]["status"] == "finished").then_some(())
    });
    texts(&open(person, status).0["descendants"])
}

#[test]
fn f_247_f_252_f_253_opening_a_thread_reads_what_answers_it() {
    let (instance, ann, peer) = scene();
    let replies = peer.at("/notes/1/replies");
    let uri = note(
        &peer,
        1,
        None,
        json!({"replies": {
            "id": replies, "type": "Collection",
            "first": {"type": "CollectionPage", "partOf": replies, "next": format!("{replies}?2"),
                      "items": [peer.at("/notes/2")]},
        }}),
    );
    peer.serve(
        "/notes/1/replies?2",
        json!({
            "id": format!("{replies}?2"), "type": "CollectionPage", "partOf": replies,
            "items": {"id": peer.at("/notes/3"), "type": "Note", "content": "not believed"},
        }),
    );
    note(&peer, 2, Some(1), json!({}));
    // an answer names its own answers
    note(&peer, 3, Some(1), json!({"replies": peer.at("/notes/3/replies")}));
    peer.serve(
        "/notes/3/replies",
        json!({
            "id": peer.at("/notes/3/replies"), "type": "OrderedCollection",
            "orderedItems": peer.at("/notes/4"),
        }),
    );
    note(&peer, 4, Some(3), json!({}));
    // what answers nothing of the thread is not its business
    let status = id(&ann.finds_status(&uri).unwrap());
    assert_eq!(instance.get(&format!("/api/v1/statuses/{status}/context")).status, 404);
    assert_eq!(times(&peer, "/notes/1/replies?2"), 0, "nobody in particular causes nothing");
    let (first, header) = open(&ann, &status);
    assert_eq!(first["descendants"], json!([]));
    let header = header.unwrap();
    assert!(
        header.starts_with(&format!("id=\"thread-{status}\", retry=3, result_count=")),
        "{header}"
    );
    let mut below = read(&ann, &status);
    below.sort();
    assert_eq!(below, ["note 2", "note 3", "note 4"]);
    let path = format!("/api/v1_alpha/async_refreshes/thread-{status}");
    let told = ann.get(&path);
    assert_eq!(told["async_refresh"]["result_count"], 3);
    assert_eq!(ann.request("GET", "/api/v1_alpha/async_refreshes/thread-5").send().status, 404);
    assert_eq!(ann.request("GET", "/api/v1_alpha/async_refreshes/x").send().status, 404);
    assert!(ann.home().is_empty() && ann.notifications().is_empty(), "a fetch is silent");
    // again only after a while
    assert_eq!(open(&ann, &status).1, None);
    instance.settle();
    let before = times(&peer, "/notes/1");
    instance.advance(14 * MINUTE);
    assert_eq!(open(&ann, &status).1, None);
    instance.advance(2 * MINUTE);
    assert!(open(&ann, &status).1.is_some());
    instance.settle();
    assert_eq!(times(&peer, "/notes/1"), before + 1);
}

#[test]
fn f_248_f_249_collections_end_and_stay_on_their_host() {
    let (instance, ann, peer) = scene();
    let other = Peer::start(&["eve"]);
    // pages without end
    let page = |n: u32| format!("/notes/1/replies?{n}");
    for n in 0..40 {
        peer.serve(
            &page(n),
            json!({
                "type": "CollectionPage", "items": [], "next": peer.at(&page(n + 1)),
            }),
        );
    }
    let uri = note(&peer, 1, None, json!({"replies": peer.at(&page(0))}));
    let status = id(&ann.finds_status(&uri).unwrap());
    assert!(read(&ann, &status).is_empty());
    let pages = peer.asked().iter().filter(|path| path.starts_with("/notes/1/replies")).count();
    assert!((8..=11).contains(&pages), "{pages} pages");
    // a page that leads to itself
    peer.serve("/loop", json!({"type": "CollectionPage", "items": [], "next": peer.at("/loop")}));
    let uri = note(&peer, 2, None, json!({"replies": peer.at("/loop")}));
    let status = id(&ann.finds_status(&uri).unwrap());
    read(&ann, &status);
    assert!(times(&peer, "/loop") <= 2);
    // another host's pages, and statuses that answer something else
    other.serve("/page", json!({"type": "CollectionPage", "items": []}));
    peer.serve(
        "/notes/3/replies",
        json!({
            "type": "Collection",
            "items": [peer.at("/notes/4"), other.at("/notes/9")], "next": other.at("/page"),
            "first": other.at("/page"),
        }),
    );
    let uri = note(&peer, 3, None, json!({"replies": peer.at("/notes/3/replies")}));
    let strange = note(&peer, 4, Some(1), json!({}));
    let status = id(&ann.finds_status(&uri).unwrap());
    assert!(read(&ann, &status).is_empty());
    assert_eq!(times(&other, "/page"), 0);
    let found = instance.app.db.read(|conn| dassie::db::status::find_by_uri(conn, &strange));
    assert!(found.unwrap().is_none());
}

#[test]
fn s_020_an_endless_thread_ends_at_the_budget() {
    let (instance, ann, peer) = scene();
    for number in 1..160 {
        let replies = peer.at(&format!("/notes/{number}/replies"));
        let parent = (number > 1).then(|| number - 1);
        note(&peer, number, parent, json!({"replies": replies}));
        peer.serve(&format!("/notes/{number}/replies"), json!({
            "id": replies, "type": "Collection", "items": [peer.at(&format!("/notes/{}", number + 1))],
        }));
    }
    let status = id(&ann.finds_status(&peer.at("/notes/1")).unwrap());
    let before = peer.asked().len();
    let below = read(&ann, &status);
    instance.settle();
    let asked = peer.asked().len() - before;
    assert!(below.len() >= 20, "{}", below.len());
    assert!(asked <= 100, "{asked} fetches");
}

#[test]
fn f_253_f_254_the_collection_of_a_thread_is_preferred() {
    let (_instance, ann, peer) = scene();
    let uri = note(
        &peer,
        1,
        None,
        json!({
            "context": peer.at("/contexts/1"), "replies": peer.at("/notes/1/replies"),
        }),
    );
    peer.serve("/contexts/1", json!({
        "id": peer.at("/contexts/1"), "type": "OrderedCollection", "first": peer.at("/contexts/1?page=1"),
    }));
    // the answer to an answer comes first
    peer.serve(
        "/contexts/1?page=1",
        json!({
            "id": peer.at("/contexts/1?page=1"), "type": "OrderedCollectionPage",
            "orderedItems": [peer.at("/notes/3"), peer.at("/notes/2"), uri],
        }),
    );
    note(&peer, 2, Some(1), json!({}));
    note(&peer, 3, Some(2), json!({}));
    let status = id(&ann.finds_status(&uri).unwrap());
    let mut below = read(&ann, &status);
    below.sort();
    assert_eq!(below, ["note 2", "note 3"]);
    assert_eq!(times(&peer, "/notes/1/replies"), 0);
    // a name that leads nowhere is only a name
    let uri = note(
        &peer,
        11,
        None,
        json!({
            "context": peer.at("/contexts/nothing"), "conversation": "tag:peer,2024:1",
            "comments": peer.at("/notes/11/comments"),
        }),
    );
    peer.serve(
        "/notes/11/comments",
        json!({
            "id": peer.at("/notes/11/comments"), "type": "OrderedCollection", "totalItems": 1,
            "orderedItems": [peer.at("/notes/12")],
        }),
    );
    note(&peer, 12, Some(11), json!({}));
    let status = id(&ann.finds_status(&uri).unwrap());
    assert_eq!(read(&ann, &status), ["note 12"], "F-253: comments are replies");
}

#[test]
fn f_251_f_255_circles_and_missing_parents_do_no_harm() {
    let (instance, ann, peer) = scene();
    note(&peer, 1, Some(2), json!({}));
    note(&peer, 2, Some(3), json!({}));
    note(&peer, 3, Some(1), json!({}));
    note(&peer, 4, Some(4), json!({}));
    for number in [1, 4] {
        let status = ann.finds_status(&peer.at(&format!("/notes/{number}"))).unwrap();
        instance.settle();
        read(&ann, &id(&status));
        instance.settle();
        let (thread, _) = open(&ann, &id(&status));
        let (above, below) = (texts(&thread["ancestors"]), texts(&thread["descendants"]));
        assert!(above.len() <= 2 && below.len() <= 2, "{number}: {above:?} {below:?}");
    }
    // a parent that is gone: a reply to somebody unknown, not a beginning
    note(&peer, 5, Some(99), json!({"inReplyTo": {"id": peer.at("/notes/99"), "type": "Note"}}));
    let status = ann.finds_status(&peer.at("/notes/5")).unwrap();
    instance.settle();
    assert!(read(&ann, &id(&status)).is_empty());
    let stored =
        instance.app.db.read(|conn| dassie::db::status::find_by_uri(conn, &peer.at("/notes/5")));
    let stored = stored.unwrap().unwrap();
    assert!(stored.reply_to_other && stored.in_reply_to_uri.is_some());
}

#[test]
fn f_120_f_251_what_only_followers_read_is_fetched_by_the_follower() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    let parent = bob.writes("a quiet beginning", "private");
    ann.follows(&bob.handle());
    let reply = bob.post(
        "/api/v1/statuses",
        json!({
            "status": "and more", "visibility": "private", "in_reply_to_id": parent["id"],
        }),
    );
    let uri = reply["uri"].as_str().unwrap();
    let here = eventually("the reply arrives", || ann.finds_status(uri));
    read(&ann, &id(&here));
    let (thread, _) = open(&ann, &id(&here));
    assert_eq!(texts(&thread["ancestors"]), ["a quiet beginning"]);
    assert_eq!(thread["ancestors"][0]["visibility"], "private");
    // it is here, and for ann alone
    let eve = a.person("eve");
    let above = id(&thread["ancestors"][0]);
    assert_eq!(eve.request("GET", &format!("/api/v1/statuses/{above}")).send().status, 404);
    assert!(eve.finds_status(parent["uri"].as_str().unwrap()).is_none());
}

#[test]
fn f_308_tallies_are_asked_for_when_somebody_looks() {
    let (instance, ann, peer) = scene();
    let ends = "2999-01-01T00:00:00Z";
    let poll = |votes: u32| {
        let choice = |name: &str, n: u32| {
            json!({
                "type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": n},
            })
        };
        json!({"type": "Question", "endTime": ends, "votersCount": votes,
               "oneOf": [choice("tea", votes), choice("milk", 0)]})
    };
    let uri = note(&peer, 1, None, poll(1));
    let status = ann.finds_status(&uri).unwrap();
    let path = format!("/api/v1/polls/{}", id(&status["poll"]));
    note(&peer, 1, None, poll(5));
    assert_eq!(instance.get(&path).status, 404, "nobody in particular asks nobody");
    assert_eq!(ann.get(&path)["votes_count"], 5);
    note(&peer, 1, None, poll(9));
    assert_eq!(ann.get(&path)["votes_count"], 5, "at most once a minute");
    instance.advance(MINUTE);
    assert_eq!(ann.get(&path)["votes_count"], 9);
    // its server is silent: it is shown as it is known
    peer.serve("/notes/1", json!(500));
    instance.advance(MINUTE);
    assert_eq!(ann.get(&path)["votes_count"], 9);
    // somebody else's document changes nothing
    let mut forged = peer.create("max", 1, "<p>mine</p>", poll(99))["object"].clone();
    forged["@context"] = json!("https://www.w3.org/ns/activitystreams");
    peer.serve("/notes/1", forged);
    instance.advance(10 * MINUTE);
    assert_eq!(ann.get(&path)["votes_count"], 9);
}

#[test]
fn s_021_few_new_servers_of_one_domain_are_met() {
    let (instance, _ann, peer) = scene();
    let at = |n: u32| format!("http://n{n}.wild.example/users/x");
    for n in 0..10 {
        assert!(budget::admit(&instance.app, &at(n)).is_ok());
    }
    assert!(budget::admit(&instance.app, &at(3)).is_ok(), "one that was met counts once");
    let create = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{}/c", at(11)),
        "type": "Create", "actor": at(11), "to": [PUBLIC],
        "object": {"id": format!("{}/n", at(11)), "type": "Note", "attributedTo": at(11), "content": "x"},
    });
    let inbox = format!("{}/inbox", instance.base);
    let answer = peer.send_with_key_id(
        &format!("{}#main-key", at(11)),
        &inbox,
        create.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 429);
    assert!(budget::admit(&instance.app, "http://tame.example/users/x").is_ok());
    instance.advance(61 * MINUTE);
    assert!(budget::admit(&instance.app, &at(11)).is_ok());
}

/// Every name is this machine.
struct Here;

impl Resolve for Here {
    fn resolve(&self, _: &str, _: Instant) -> std::io::Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
    }
}

#[test]
fn s_021_f_252_one_server_too_many_does_not_end_the_thread() {
    let instance = Instance::with_resolver(Options::default(), Arc::new(Here));
    let (ann, peer) = (instance.person("ann"), Peer::start(&["mia", "eve"]));
    for n in 0..10 {
        assert!(budget::admit(&instance.app, &format!("http://n{n}.wild.example/users/x")).is_ok());
    }
    // the eleventh of its domain answers first
    let port = peer.host.rsplit_once(':').unwrap().1;
    let wild = |path: &str| format!("http://n11.wild.example:{port}{path}");
    let uri = note(
        &peer,
        1,
        None,
        json!({"replies": {"type": "Collection", "items": [wild("/notes/2"), peer.at("/notes/3")]}}),
    );
    peer.serve(
        "/notes/2",
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": wild("/notes/2"),
            "type": "Note", "attributedTo": wild("/users/eve"), "content": "wild",
            "inReplyTo": uri, "to": [PUBLIC],
        }),
    );
    note(&peer, 3, Some(1), json!({}));
    let status = id(&ann.finds_status(&uri).unwrap());
    assert_eq!(read(&ann, &status), ["note 3"]);
    assert_eq!((times(&peer, "/notes/2"), times(&peer, "/users/eve")), (1, 0));
}
