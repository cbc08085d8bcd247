//! Subscribing to relays and leaving them, and what they get of ours.

use dassie::activity;
use dassie::control::{self, Command, RelayChange};
use serde_json::{Value, json};

use crate::support::relay::lines;
use crate::support::{Instance, Peer, Relay, eventually, texts};

fn actor(instance: &Instance) -> String {
    format!("{}/actor", instance.base)
}

fn remove(instance: &Instance, relay: &str) {
    control::execute(&instance.app, Command::RelayRemove { relay: relay.to_owned() }).unwrap();
}

#[test]
fn f_343_f_349_a_mastodon_relay_is_asked_by_a_follow_of_everybody() {
    let instance = Instance::start();
    let relay = Relay::start();
    let line = relay.is_asked(&instance, "/inbox", RelayChange::default());
    assert_eq!((line.style.as_str(), line.state.as_str()), ("mastodon", "asked"));
    assert_eq!((line.actor, line.inbox), (relay.actor(), relay.peer.at("/inbox")));
    instance.settle();
    let follow = relay.received("Follow").remove(0);
    assert_eq!(
        (&follow["actor"], &follow["object"]),
        (&json!(actor(&instance)), &json!(activity::PUBLIC))
    );
    // with another id inside, as some rewrite it
    let answer = json!({"type": "Follow", "actor": actor(&instance), "object": "as:Public"});
    relay.passes_on(&instance, &relay.own(1, "Accept", answer));
    assert_eq!(relay.line(&instance).state, "accepted");
    // an Accept of something else changes nothing
    relay.passes_on(&instance, &relay.own(2, "Reject", json!(relay.peer.at("/other"))));
    assert_eq!(relay.line(&instance).state, "accepted");
    relay.passes_on(&instance, &relay.own(3, "Reject", follow["id"].clone()));
    assert_eq!(relay.line(&instance).state, "rejected");
    // asked once more, with what was set before
    relay.is_asked(&instance, "/inbox", RelayChange { rate: Some(7), ..RelayChange::default() });
    instance.settle();
    let again = relay.received("Follow").remove(1);
    relay.passes_on(&instance, &relay.own(4, "Accept", follow["id"].clone()));
    assert_eq!(relay.line(&instance).state, "asked", "that was the first Follow");
    relay.passes_on(&instance, &relay.own(5, "Accept", again["id"].clone()));
    let line = relay.line(&instance);
    assert_eq!((line.state.as_str(), line.filter.rate), ("accepted", 7));
    remove(&instance, &relay.peer.host);
    instance.settle();
    let undo = relay.received("Undo").remove(0);
    assert_eq!((&undo["object"]["id"], &undo["actor"]), (&again["id"], &json!(actor(&instance))));
    assert!(lines(&instance).is_empty());
}

#[test]
fn f_344_a_litepub_relay_follows_back() {
    let instance = Instance::start();
    let relay = Relay::start();
    let line = relay.is_asked(&instance, "/actor", RelayChange::default());
    assert_eq!((line.style.as_str(), line.inbox), ("litepub", relay.peer.at("/inbox")));
    instance.settle();
    let follow = relay.received("Follow").remove(0);
    assert_eq!(follow["object"], json!(relay.actor()));
    let back = relay.own(2, "Follow", json!(actor(&instance)));
    relay.passes_on(&instance, &back);
    let accept = relay.received("Accept").remove(0);
    assert_eq!(
        (&accept["actor"], &accept["object"]["id"]),
        (&json!(actor(&instance)), &back["id"])
    );
    assert!(relay.line(&instance).follows_back);
    relay.passes_on(&instance, &relay.own(3, "Accept", json!(follow["id"])));
    assert_eq!(relay.line(&instance).state, "accepted");
    relay.passes_on(&instance, &relay.own(4, "Undo", back));
    assert!(!relay.line(&instance).follows_back);
    // nobody has become a follower of anybody
    remove(&instance, "1");
    instance.settle();
    assert_eq!(relay.received("Undo")[0]["object"]["object"], json!(relay.actor()));
}

#[test]
fn f_349_what_is_no_relay_is_refused() {
    let instance = Instance::start();
    let relay = Relay::start();
    for address in [
        relay.peer.uri("nobody"),
        relay.peer.at("/elsewhere"),
        relay.peer.at("/elsewhere/inbox"),
        actor(&instance),
        "relay.example".into(),
        "http://user@127.0.0.1/inbox".into(),
        "ftp://127.0.0.1/inbox".into(),
    ] {
        let change = RelayChange::default();
        let command = Command::RelayAdd { address: address.clone(), style: None, change };
        assert!(control::execute(&instance.app, command).is_err(), "{address}");
    }
    assert!(lines(&instance).is_empty() && relay.peer.received().is_empty());
    relay.accepts(&instance, "/inbox", RelayChange::default());
    let command = Command::RelayAdd {
        address: relay.peer.at("/inbox"),
        style: None,
        change: RelayChange::default(),
    };
    let twice = control::execute(&instance.app, command).unwrap_err().to_string();
    assert!(twice.contains("already"), "{twice}");
    let missing = Command::RelayRemove { relay: "nowhere.example".into() };
    assert!(control::execute(&instance.app, missing).is_err());
}

#[test]
fn f_349_an_actor_that_is_its_own_inbox_is_found() {
    let instance = Instance::start();
    let relay = Relay::start();
    let mut actor = relay.peer.document("/actor");
    let id = relay.peer.at("/tag/rust");
    actor["id"] = json!(id);
    actor["inbox"] = json!(id);
    actor["endpoints"] = json!({});
    actor["publicKey"]["id"] = json!(format!("{id}#main-key"));
    actor["publicKey"]["owner"] = json!(id);
    relay.peer.serve("/tag/rust", actor);
    let line = relay.is_asked(&instance, "/tag/rust", RelayChange::default());
    assert_eq!((line.style.as_str(), line.actor, line.inbox), ("mastodon", id.clone(), id));
    instance.settle();
    assert_eq!(relay.received("Follow")[0]["object"], json!(activity::PUBLIC));
}

/// Types of what arrived, with the id of its object.
fn told(relay: &Relay) -> Vec<(String, String)> {
    let object = |activity: &Value| {
        let object = &activity["object"];
        object["id"].as_str().or(object.as_str()).unwrap_or_default().to_owned()
    };
    relay
        .peer
        .received()
        .iter()
        .map(|activity| (activity["type"].as_str().unwrap().to_owned(), object(activity)))
        .filter(|(kind, _)| kind != "Follow")
        .collect()
}

#[test]
fn f_345_relays_get_public_statuses_in_their_own_way() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (mastodon, litepub, silent) = (Relay::start(), Relay::start(), Relay::start());
    mastodon.accepts(&instance, "/inbox", RelayChange::default());
    litepub.accepts(&instance, "/actor", RelayChange::default());
    let nothing = RelayChange { sends: Some(false), ..RelayChange::default() };
    silent.accepts(&instance, "/inbox", nothing);
    for visibility in ["unlisted", "private", "direct"] {
        ann.writes("not for relays", visibility);
    }
    let status = ann.writes("for all", "public");
    let (id, uri) = (status["id"].as_str().unwrap(), status["uri"].as_str().unwrap().to_owned());
    instance.settle();
    let path = format!("/api/v1/statuses/{id}");
    ann.request("PUT", &path).json(&json!({"status": "for all of you"})).send().ok();
    instance.settle();
    ann.delete(&path);
    instance.settle();
    let expected = |first: &str| {
        ["Update", "Delete"].iter().fold(vec![(first.to_owned(), uri.clone())], |mut all, kind| {
            all.push(((*kind).to_owned(), uri.clone()));
            all
        })
    };
    assert_eq!(told(&mastodon), expected("Create"));
    assert_eq!(told(&litepub), expected("Announce"));
    assert_eq!(told(&silent), []);
    let announce = litepub.received("Announce").remove(0);
    assert_eq!(
        (&announce["actor"], &announce["to"]),
        (&json!(actor(&instance)), &json!([litepub.actor()]))
    );
    // switched off, and what a rejecting relay gets
    let off = RelayChange { sends: Some(false), ..RelayChange::default() };
    let relay = mastodon.actor();
    control::execute(&instance.app, Command::RelaySet { relay, change: off }).unwrap();
    let follow = litepub.received("Follow").remove(0);
    litepub.passes_on(&instance, &litepub.own(9, "Reject", follow["id"].clone()));
    ann.writes("for nobody", "public");
    instance.settle();
    assert_eq!((told(&mastodon).len(), told(&litepub).len()), (3, 3));
}

#[test]
fn f_345_f_346_three_servers_with_a_relay_between() {
    let (here, there) = (Instance::start(), Instance::start());
    let (ann, bob) = (here.person("ann"), there.person("bob"));
    let relay = Relay::start();
    for instance in [&here, &there] {
        relay.is_asked(instance, "/inbox", RelayChange::default());
        instance.settle();
        let follow = relay.received("Follow").pop().unwrap();
        relay.passes_on(instance, &relay.own(1, "Accept", follow["id"].clone()));
    }
    let status = ann.writes("hello to everybody", "public");
    here.settle();
    let create = eventually("the relay has it", || relay.received("Create").pop());
    // to its author too: relays send to all
    relay.passes_on(&here, &create);
    relay.passes_on(&there, &create);
    let remote = || texts(&bob.get("/api/v1/timelines/public?remote=true"));
    assert_eq!(remote(), ["hello to everybody"]);
    assert_eq!(texts(&ann.get("/api/v1/timelines/public")), ["hello to everybody"]);
    ann.delete(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap()));
    here.settle();
    let delete = eventually("the relay has it", || relay.received("Delete").pop());
    relay.passes_on(&there, &delete);
    assert!(remote().is_empty());
    // without the relay between nothing comes any more
    remove(&there, &relay.actor());
    there.settle();
    ann.writes("and again", "public");
    here.settle();
    let create = eventually("the relay has it", || {
        relay.received("Create").pop().filter(|create| {
            create["object"]["content"].as_str().is_some_and(|text| text.contains("again"))
        })
    });
    relay.passes_on(&there, &create);
    assert!(remote().is_empty());
}

/// A vector with the addresses of this test in it.
fn vector(name: &str, instance: &Instance, relay: &Relay, origin: &Peer) -> Value {
    let path = format!("{}/tests/vectors/relay/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path)
        .unwrap()
        .replace("https://dassie.example", &instance.base)
        .replace("https://relay.example", &format!("http://{}", relay.peer.host))
        .replace("https://masto.example", &format!("http://{}", origin.host))
        .replace("https://akko.example", &format!("http://{}", origin.host));
    serde_json::from_str(&text).unwrap()
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

#[test]
fn f_343_f_346_the_shapes_of_relays() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (relay, origin) = (Relay::start(), Peer::start(&["maria"]));
    let vector = |name: &str| vector(name, &instance, &relay, &origin);
    relay.is_asked(&instance, "/inbox", RelayChange::default());
    instance.settle();
    let (sent, wanted) = (relay.received("Follow").remove(0), vector("follow_mastodon_style_out"));
    assert_eq!(keys(&sent), keys(&wanted));
    assert_eq!((&sent["actor"], &sent["object"]), (&wanted["actor"], &wanted["object"]));
    relay.passes_on(&instance, &vector("accept"));
    assert_eq!(relay.line(&instance).state, "accepted");
    let create = vector("forwarded_create_ld_signed");
    let mut note = create["object"].clone();
    note["@context"] = create["@context"].clone();
    note["content"] = json!("<p>as its origin shows it</p>");
    origin.serve("/users/maria/statuses/115000", note);
    relay.passes_on(&instance, &create);
    let boosted =
        origin.create("maria", 2, "<p>boosted</p>", json!({"id": origin.at("/objects/b22b")}));
    let mut note = boosted["object"].clone();
    note["@context"] = json!(activity::AS2);
    origin.serve("/objects/b22b", note);
    relay.passes_on(&instance, &vector("litepub_announce"));
    relay.passes_on(&instance, &vector("litepub_follow_back"));
    assert_eq!(relay.received("Accept").len(), 1);
    let timeline = ann.get("/api/v1/timelines/public?remote=true");
    assert_eq!(texts(&timeline), ["boosted", "as its origin shows it"]);
    assert_eq!(timeline[0]["reblogs_count"], 0);
    remove(&instance, "1");
    instance.settle();
    let (sent, wanted) = (relay.received("Undo").remove(0), vector("undo_follow_out"));
    assert_eq!((keys(&sent), keys(&sent["object"])), (keys(&wanted), keys(&wanted["object"])));
}
