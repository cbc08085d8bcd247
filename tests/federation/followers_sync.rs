//! Two servers that disagree on who follows whom come to agree again (F-229).

use dassie::clock::{Clock, HOUR, MINUTE};
use dassie::db::{self, Lane};
use serde_json::{Value, json};

use crate::support::{Instance, Options, Peer, Person, eventually};

fn row(instance: &Instance, person: &str) -> i64 {
    let person = person.to_owned();
    let found = instance.app.db.read(move |conn| db::account::find_by_uri(conn, &person));
    found.unwrap().unwrap().id
}

/// One side forgets a follow.
fn forget(instance: &Instance, follower: &Person, target: &Person) {
    let (follower, target) = (row(instance, &follower.uri), row(instance, &target.uri));
    let write = instance
        .app
        .db
        .write(Lane::Interactive, move |tx| db::follow::remove(tx, follower, target));
    assert!(write.wait().unwrap().is_some());
}

fn follows(instance: &Instance, follower: &Person, target: &Person) -> bool {
    let (follower, target) = (row(instance, &follower.uri), row(instance, &target.uri));
    instance.app.db.read(|conn| db::follow::is_following(conn, follower, target)).unwrap()
}

#[test]
fn f_229_servers_come_to_agree() {
    let clock = Clock::manual(Clock::system().now_ms());
    let start = || Instance::with(Options { clock: clock.clone(), configure: None });
    let (a, b) = (start(), start());
    let (ann, bob, carl) = (a.person("ann"), b.person("bob"), b.person("carl"));
    for person in [&bob, &carl] {
        person.follows(&ann.handle());
    }
    let settle = || {
        for instance in [&a, &b, &a, &b] {
            instance.settle();
        }
    };
    b.advance(MINUTE);
    // what is for all says nothing
    forget(&a, &bob, &ann);
    ann.writes("for all", "public");
    settle();
    assert!(follows(&b, &bob, &ann));
    // ann's server knows one follower less
    ann.writes("for few", "private");
    eventually("bob's follow ends", || (!follows(&b, &bob, &ann)).then_some(()));
    assert!(follows(&b, &carl, &ann));
    // bob's server knows one less: at most once an hour
    bob.follows(&ann.handle());
    forget(&b, &bob, &ann);
    ann.writes("for few, too soon", "private");
    settle();
    assert!(follows(&a, &bob, &ann), "compared lately");
    b.advance(HOUR + MINUTE);
    ann.writes("for few, later", "private");
    eventually("it is taken back", || (!follows(&a, &bob, &ann)).then_some(()));
    settle();
    assert!(follows(&a, &carl, &ann) && follows(&b, &carl, &ann));
}

#[test]
fn f_229_the_list_is_for_each_server_its_own() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (peer, other) = (Peer::start(&["mia", "nora"]), Peer::start(&["zoe"]));
    for (peer, name) in [(&peer, "mia"), (&peer, "nora"), (&other, "zoe")] {
        let follow = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/follows/{name}")), "type": "Follow",
            "actor": peer.uri(name), "object": ann.uri,
        });
        assert_eq!(peer.send(name, &format!("{}/inbox", instance.base), &follow).status, 202);
    }
    instance.settle();
    let address = format!("{}/followers_synchronization", ann.uri);
    assert_eq!(instance.activity(&address).status, 401);
    let list = |peer: &Peer, name: &str| {
        let answer = peer.get_signed(name, &address);
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
        let mut items = answer.json()["orderedItems"].as_array().unwrap().clone();
        items.sort_by_key(ToString::to_string);
        items
    };
    assert_eq!(list(&peer, "mia"), [json!(peer.uri("mia")), json!(peer.uri("nora"))]);
    assert_eq!(list(&other, "zoe"), [json!(other.uri("zoe"))]);
    let nobody = format!("{}/users/nobody/followers_synchronization", instance.base);
    assert_eq!(peer.get_signed("mia", &nobody).status, 404);
}

#[test]
fn f_229_s_033_a_forged_comparison_changes_nothing() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let (peer, far) = (Peer::start(&["mia", "eve"]), Peer::start(&["zoe"]));
    let mia = crate::api::follow_peer(&instance, &ann, &peer, "mia");
    bob.finds(&format!("eve@{}", peer.host));
    instance.advance(MINUTE);
    let relation = |person: &Person| {
        person.get(&format!("/api/v1/accounts/relationships?id[]={mia}"))[0]["following"].clone()
    };
    let number = std::cell::Cell::new(0);
    let send = |name: &str, header: &str| {
        number.set(number.get() + 1);
        let note = peer.create(name, number.get(), "<p>x</p>", json!({"cc": [ann.uri]}));
        let now = instance.app.clock.now_ms();
        let inbox = format!("{}/inbox", instance.base);
        let header = ("collection-synchronization", header);
        let answer = peer.send_with(name, &inbox, &note, header, now);
        assert_eq!(answer.status, 202, "{}", answer.text());
        instance.settle();
    };
    let zero = "0".repeat(64);
    let header = |collection: &str, url: &str| {
        format!("collectionId=\"{collection}\", digest=\"{zero}\", url=\"{url}\"")
    };
    let (own, list) = (format!("{}/followers", peer.uri("mia")), peer.at("/list"));
    peer.serve("/list", json!({"type": "OrderedCollection", "orderedItems": []}));
    for (name, text) in [
        ("mia", "nonsense".to_owned()),
        ("mia", header(&format!("{}/followers", peer.uri("eve")), &list)),
        ("mia", header(&own, &far.at("/list"))),
        ("eve", header(&own, &list)),
    ] {
        send(name, &text);
        assert_eq!(relation(&ann), true, "{text}");
    }
    assert!(!peer.asked().contains(&"/list".to_owned()) && far.asked().is_empty());
    // a list that is not whole proves nothing
    for (at, broken) in [
        json!({"type": "OrderedCollection", "totalItems": 3, "orderedItems": []}),
        json!({"type": "OrderedCollection", "totalItems": 0}),
        json!({"type": "OrderedCollection", "orderedItems": [], "next": peer.at("/broken/0")}),
        json!({"type": "OrderedCollection", "orderedItems": [], "next": far.at("/list")}),
        json!({"type": "Note"}),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/broken/{at}");
        peer.serve(&path, broken);
        instance.advance(HOUR + MINUTE);
        send("mia", &header(&own, &peer.at(&path)));
        assert!(peer.asked().contains(&path), "{path} is read");
        assert_eq!(relation(&ann), true, "{path}");
    }
    assert!(far.asked().is_empty());
    // named, but never asked by anybody here: taken back there, and nothing new here
    peer.serve(
        "/list",
        json!({"type": "OrderedCollection", "orderedItems": [ann.uri, bob.uri, far.uri("zoe")]}),
    );
    instance.advance(HOUR + MINUTE);
    send("mia", &header(&own, &list));
    assert_eq!((relation(&ann), relation(&bob)), (json!(true), json!(false)));
    let undone: Vec<Value> =
        peer.received().into_iter().filter(|one| one["type"] == "Undo").collect();
    assert_eq!(undone.len(), 1, "{undone:?}");
    assert_eq!(undone[0]["actor"], bob.uri);
    assert_eq!(undone[0]["object"]["object"], peer.uri("mia"));
    // and now the whole truth
    peer.serve("/list", json!({"type": "OrderedCollection", "orderedItems": []}));
    instance.advance(HOUR + MINUTE);
    send("mia", &header(&own, &list));
    assert_eq!(relation(&ann), false);
}
