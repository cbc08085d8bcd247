//! What relays bring: only ids, of which each is fetched once from its origin, within budgets and
//! by the operator's filters, into the federated timeline alone.

use dassie::clock::{Clock, DAY, MINUTE};
use dassie::control::{self, Command, RelayChange};
use dassie::{activity, db};
use serde_json::{Value, json};

use crate::support::relay::lines;
use crate::support::{Instance, Options, Peer, Person, Relay, Socket, eventually, texts};

/// An instance with somebody, a relay that it listens to, and a server of authors.
struct Scene {
    instance: Instance,
    ann: Person,
    relay: Relay,
    origin: Peer,
}

impl Scene {
    fn new(change: RelayChange) -> Self {
        Self::with(change, Clock::system())
    }

    fn with(change: RelayChange, clock: Clock) -> Self {
        let instance = Instance::with(Options { clock, configure: None });
        let ann = instance.person("ann");
        let relay = Relay::start();
        relay.accepts(&instance, "/inbox", change);
        Self { instance, ann, relay, origin: Peer::start(&["maria", "eve"]) }
    }

    /// A status of maria's as its origin shows it, inside its Create.
    fn written(&self, number: u32, content: &str, extra: Value) -> Value {
        let create = self.origin.create("maria", number, content, extra);
        let mut note = create["object"].clone();
        note["@context"] = json!(activity::AS2);
        self.origin.serve(&format!("/notes/{number}"), note);
        create
    }

    fn public(&self) -> Vec<String> {
        texts(&self.ann.get("/api/v1/timelines/public?remote=true&limit=40"))
    }

    /// How often a path of the origin was asked for.
    fn asked(&self, path: &str) -> usize {
        self.origin.asked().iter().filter(|asked| *asked == path).count()
    }

    /// How many rows of what a stranger could add to.
    fn rows(&self) -> Vec<i64> {
        let path = self.instance.folder.path().join("data/dassie.db");
        let sql = rusqlite::Connection::open(path).unwrap();
        ["account", "status", "follow", "notification", "remote_key", "relayed_status", "job"]
            .iter()
            .map(|table| {
                let count = format!("SELECT count(*) FROM {table}");
                sql.query_row(&count, [], |row| row.get(0)).unwrap()
            })
            .collect()
    }
}

fn words(list: &[&str]) -> Option<Vec<String>> {
    Some(list.iter().map(|word| (*word).to_owned()).collect())
}

#[test]
fn f_147_f_346_only_the_id_of_what_a_relay_passes_on_is_believed() {
    let scene = Scene::new(RelayChange::default());
    let mine = scene.ann.writes("mine", "public");
    let mut create = scene.written(
        1,
        "<p>as it is</p>",
        json!({"published": "2026-01-01T00:00:00Z", "cc": [scene.ann.uri],
               "tag": [{"type": "Mention", "href": scene.ann.uri, "name": "@ann"}]}),
    );
    // it was written a moment ago, whatever the year in which this runs
    let now = dassie::clock::wire_time(scene.instance.app.clock.now_ms() - 60_000);
    let mut note = scene.origin.document("/notes/1");
    note["published"] = json!(now);
    scene.origin.serve("/notes/1", note);
    create["object"]["published"] = json!(now);
    create["object"]["content"] = json!("<p>as the relay would have it</p>");
    create["signature"] = json!({"type": "RsaSignature2017", "signatureValue": "bm8="});
    scene.relay.passes_on(&scene.instance, &create);
    assert_eq!(scene.public(), ["as it is"]);
    assert!(!scene.ann.home().contains(&"as it is".to_owned()), "never in home");
    let timeline = scene.ann.get("/api/v1/timelines/public?remote=true");
    let status = &timeline[0];
    assert!(status["reblog"].is_null());
    // it takes its place by its arrival
    let id = |status: &Value| status["id"].as_str().unwrap().parse::<i64>().unwrap();
    assert!(id(status) > id(&mine));
    assert_eq!(status["created_at"].as_str().unwrap()[..19], now[..19]);
    // whom it names is told, as by any other way
    assert_eq!(scene.ann.notifications().len(), 1);
    let line = scene.relay.line(&scene.instance);
    assert_eq!((line.counts.taken, line.counts.failed), (1, 0));
    // the status, its author, and the WebFinger of that
    assert_eq!(line.counts.fetches, 3, "{:?}", line.counts);
    assert!(line.counts.bytes > 500 && line.counts.cpu_us > 0 && line.last_seen_at.is_some());
}

#[test]
fn f_346_what_a_litepub_relay_boosts_is_no_boost_here() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let relay = Relay::start();
    relay.accepts(&instance, "/actor", RelayChange::default());
    let scene = Scene { instance, ann, relay, origin: Peer::start(&["maria"]) };
    scene.written(1, "<p>boosted by a relay</p>", json!({}));
    let announce = scene.relay.own(23, "Announce", json!(scene.origin.at("/notes/1")));
    scene.relay.passes_on(&scene.instance, &announce);
    assert_eq!(scene.public(), ["boosted by a relay"]);
    let timeline = scene.ann.get("/api/v1/timelines/public?remote=true");
    assert_eq!((&timeline[0]["reblogs_count"], &timeline[0]["reblog"]), (&json!(0), &Value::Null));
    assert!(scene.ann.home().is_empty() && scene.ann.notifications().is_empty());
}

#[test]
fn f_346_an_author_who_is_followed_is_in_home_once() {
    let scene = Scene::new(RelayChange::default());
    scene.origin.serve("/notes/1", json!(404));
    let id = scene.ann.finds(&format!("maria@{}", scene.origin.host))["id"].clone();
    scene.ann.post(&format!("/api/v1/accounts/{}/follow", id.as_str().unwrap()), json!({}));
    let follow = eventually("the follow arrives", || {
        scene.origin.received().into_iter().find(|activity| activity["type"] == "Follow")
    });
    let accept = json!({
        "@context": activity::AS2, "id": scene.origin.at("/accepts/1"), "type": "Accept",
        "actor": scene.origin.uri("maria"), "object": follow,
    });
    let inbox = format!("{}/inbox", scene.instance.base);
    assert_eq!(scene.origin.send("maria", &inbox, &accept).status, 202);
    scene.instance.settle();
    let create = scene.written(1, "<p>both ways</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &create);
    assert_eq!(scene.origin.send("maria", &inbox, &create).status, 202);
    scene.instance.settle();
    assert_eq!(scene.ann.home(), ["both ways"]);
    // and the other way round nothing is fetched
    let direct = scene.written(2, "<p>directly first</p>", json!({}));
    assert_eq!(scene.origin.send("maria", &inbox, &direct).status, 202);
    scene.instance.settle();
    scene.relay.passes_on(&scene.instance, &direct);
    assert_eq!(scene.asked("/notes/2"), 0);
    assert_eq!(scene.public().len(), 2);
}

#[test]
fn f_348_nobody_else_is_a_relay() {
    let scene = Scene::new(RelayChange::default());
    let create = scene.written(1, "<p>x</p>", json!({}));
    let stranger = Relay::start();
    // its key is known from now on
    let hello = stranger.own(5, "Announce", json!(scene.origin.at("/notes/1")));
    stranger.passes_on(&scene.instance, &hello);
    let before = scene.rows();
    for activity in [
        create.clone(),
        stranger.own(6, "Announce", json!(scene.origin.at("/notes/1"))),
        stranger.own(7, "Follow", json!(format!("{}/actor", scene.instance.base))),
        stranger.own(8, "Follow", json!(activity::PUBLIC)),
        stranger.own(
            9,
            "Accept",
            json!({"type": "Follow", "object": activity::PUBLIC,
            "actor": format!("{}/actor", scene.instance.base)}),
        ),
    ] {
        stranger.passes_on(&scene.instance, &activity);
    }
    assert_eq!((scene.rows(), scene.asked("/notes/1")), (before, 0));
    assert_eq!((stranger.peer.received().len(), lines(&scene.instance).len()), (0, 1));
    // one that was asked and did not accept is a stranger as well
    stranger.is_asked(&scene.instance, "/inbox", RelayChange::default());
    scene.instance.settle();
    stranger.passes_on(&scene.instance, &create);
    assert_eq!(scene.asked("/notes/1"), 0);
    assert_eq!(stranger.line(&scene.instance).counts.received, 0);
    // and so is one that rejected later
    let follow = scene.relay.received("Follow").pop().unwrap();
    scene.relay.passes_on(&scene.instance, &scene.relay.own(2, "Reject", follow["id"].clone()));
    assert_eq!(scene.relay.line(&scene.instance).state, "rejected");
    scene.relay.passes_on(&scene.instance, &create);
    assert_eq!(scene.asked("/notes/1"), 0);
}

#[test]
fn f_347_duplicates_of_several_relays_cost_one_fetch() {
    let scene = Scene::new(RelayChange::default());
    let others = [Relay::start(), Relay::start()];
    for other in &others {
        other.accepts(&scene.instance, "/actor", RelayChange::default());
    }
    let create = scene.written(1, "<p>once</p>", json!({}));
    assert_eq!(scene.relay.sends(&scene.instance, &create).status, 202);
    let announce = |relay: &Relay| relay.own(9, "Announce", json!(scene.origin.at("/notes/1")));
    for other in &others {
        assert_eq!(other.sends(&scene.instance, &announce(other)).status, 202);
    }
    scene.instance.settle();
    // what cannot be fetched is not tried for each of them either
    let lost = scene.origin.create("maria", 2, "<p>never there</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &lost);
    others[0].passes_on(&scene.instance, &lost);
    assert_eq!((scene.asked("/notes/1"), scene.asked("/notes/2")), (1, 1));
    assert_eq!(scene.public(), ["once"]);
    let counts = |relay: &Relay| relay.line(&scene.instance).counts;
    assert_eq!((counts(&scene.relay).taken, counts(&scene.relay).failed), (1, 1));
    assert_eq!((counts(&others[0]).known, counts(&others[1]).known), (2, 1));
    assert_eq!(counts(&others[0]).fetches, 0);
}

#[test]
fn f_147_what_a_relay_says_of_known_statuses_is_seen_at_the_origin() {
    let scene = Scene::new(RelayChange::default());
    let create = scene.written(1, "<p>first</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &create);
    let (maria, uri) = (scene.origin.uri("maria"), scene.origin.at("/notes/1"));
    let passed_on = |number: u32, kind: &str, object: Value| {
        json!({
            "@context": activity::AS2, "id": scene.origin.at(&format!("/acts/{number}")),
            "type": kind, "actor": maria, "object": object, "to": [activity::PUBLIC],
        })
    };
    // the relay deletes and changes what its origin does not
    let mut forged = create["object"].clone();
    forged["content"] = json!("<p>forged</p>");
    forged["updated"] = json!("2099-01-01T00:00:00Z");
    scene.relay.passes_on(&scene.instance, &passed_on(1, "Delete", json!(uri)));
    scene.relay.passes_on(&scene.instance, &passed_on(2, "Update", forged));
    assert_eq!(scene.public(), ["first"]);
    // its origin does
    let mut note = scene.origin.document("/notes/1");
    note["content"] = json!("<p>second</p>");
    note["updated"] =
        json!(dassie::clock::wire_time(scene.instance.app.clock.now_ms() + 5 * MINUTE));
    scene.origin.serve("/notes/1", note.clone());
    scene.relay.passes_on(&scene.instance, &passed_on(3, "Update", note));
    assert_eq!(scene.public(), ["second"]);
    let asked = scene.asked("/notes/1");
    // of what is not here nothing is looked for
    let unknown = json!({"type": "Tombstone", "id": scene.origin.at("/notes/77")});
    scene.relay.passes_on(&scene.instance, &passed_on(4, "Delete", unknown));
    assert_eq!((scene.asked("/notes/77"), scene.asked("/notes/1")), (0, asked));
    scene.origin.serve("/notes/1", json!(410));
    let tombstone = json!({"type": "Tombstone", "id": uri});
    scene.relay.passes_on(&scene.instance, &passed_on(5, "Delete", tombstone));
    assert!(scene.public().is_empty());
    scene.relay.passes_on(&scene.instance, &create);
    assert!(scene.public().is_empty(), "it does not come back");
}

#[test]
fn f_147_an_account_goes_when_its_origin_says_so() {
    let scene = Scene::new(RelayChange::default());
    let create = scene.written(1, "<p>hello</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &create);
    let delete = |number: u32| {
        json!({
            "@context": activity::AS2, "id": scene.origin.at(&format!("/acts/{number}")),
            "type": "Delete", "actor": scene.origin.uri("maria"),
            "object": scene.origin.uri("maria"),
        })
    };
    scene.relay.passes_on(&scene.instance, &delete(1));
    scene.relay.passes_on(&scene.instance, &delete(2));
    assert_eq!(scene.public(), ["hello"]);
    scene.origin.serve("/users/maria", json!(410));
    scene.relay.passes_on(&scene.instance, &delete(3));
    assert!(scene.public().is_empty());
}

#[test]
fn f_347_a_relay_has_a_budget() {
    let clock = Clock::manual(Clock::system().now_ms());
    let change = RelayChange { rate: Some(2), ..RelayChange::default() };
    let scene = Scene::with(change, clock);
    for number in 1..=5 {
        let create = scene.written(number, &format!("<p>{number}</p>"), json!({}));
        scene.relay.passes_on(&scene.instance, &create);
    }
    assert_eq!(scene.public(), ["2", "1"]);
    assert_eq!(scene.relay.line(&scene.instance).counts.over_budget, 3);
    scene.instance.advance(MINUTE);
    let create = scene.written(6, "<p>6</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &create);
    assert_eq!(scene.public(), ["6", "2", "1"]);
    // nothing at all
    let none = RelayChange { rate: Some(0), ..RelayChange::default() };
    let relay = scene.relay.peer.host.clone();
    control::execute(&scene.instance.app, Command::RelaySet { relay, change: none }).unwrap();
    let create = scene.written(7, "<p>7</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &create);
    assert_eq!(scene.asked("/notes/7"), 0);
}

#[test]
fn f_347_one_server_is_asked_for_one_status_at_a_time() {
    let scene = Scene::new(RelayChange::default());
    let other = Relay::start();
    other.accepts(&scene.instance, "/inbox", RelayChange::default());
    for (number, relay) in [(1, &scene.relay), (2, &other), (3, &scene.relay)] {
        let create = scene.written(number, "<p>held</p>", json!({}));
        scene.origin.hold(&format!("/notes/{number}"));
        assert_eq!(relay.sends(&scene.instance, &create).status, 202);
    }
    eventually("it is asked", || (scene.origin.hanging() > 0).then_some(()));
    // meanwhile another server answers
    let quick = Peer::start(&["quentin"]);
    let create = quick.create("quentin", 1, "<p>quick</p>", json!({}));
    let mut note = create["object"].clone();
    note["@context"] = json!(activity::AS2);
    quick.serve("/notes/1", note);
    assert_eq!(other.sends(&scene.instance, &create).status, 202);
    eventually("it arrives", || (scene.public() == ["quick"]).then_some(()));
    assert_eq!(scene.origin.hanging(), 1);
}

#[test]
fn f_347_a_server_that_fails_is_left_alone_for_a_while() {
    let clock = Clock::manual(Clock::system().now_ms());
    let scene = Scene::with(RelayChange::default(), clock);
    for number in 1..=6 {
        let create = scene.written(number, "<p>x</p>", json!({}));
        if number < 6 {
            scene.origin.serve(&format!("/notes/{number}"), json!(503));
        }
        scene.relay.passes_on(&scene.instance, &create);
    }
    let notes = || scene.origin.asked().iter().filter(|path| path.starts_with("/notes/")).count();
    assert_eq!((notes(), scene.relay.line(&scene.instance).counts.failed), (3, 6));
    scene.instance.advance(5 * MINUTE);
    let announce = scene.relay.own(9, "Announce", json!(scene.origin.at("/notes/6")));
    scene.relay.passes_on(&scene.instance, &announce);
    assert_eq!(scene.public(), ["x"]);
}

#[test]
fn f_143_relays_are_listened_to_about_statuses_alone() {
    let scene = Scene::new(RelayChange::default());
    let create = scene.written(1, "<p>x</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &create);
    let mine = scene.ann.writes("mine", "public");
    scene.instance.settle();
    let (before, asked) = (scene.rows(), scene.origin.asked().len());
    for (number, kind) in
        ["Like", "Undo", "Move", "Follow", "Block", "Flag", "Add", "EmojiReact", "View"]
            .into_iter()
            .enumerate()
    {
        for object in
            [mine["uri"].clone(), json!(scene.ann.uri), json!(scene.origin.at("/notes/1"))]
        {
            let activity = json!({
                "@context": activity::AS2, "id": scene.origin.at(&format!("/acts/{number}")),
                "type": kind, "actor": scene.origin.uri("maria"), "object": object,
                "target": scene.origin.uri("eve"),
            });
            scene.relay.passes_on(&scene.instance, &activity);
        }
    }
    assert_eq!((scene.rows(), scene.origin.asked().len()), (before, asked));
    assert!(scene.ann.notifications().is_empty());
}

#[test]
fn f_346_who_listens_to_the_federated_timeline_hears_of_it_at_once() {
    let scene = Scene::new(RelayChange::default());
    let open = |stream: &str| {
        let query = format!("?access_token={}&stream={stream}", scene.ann.token);
        Socket::open(&scene.instance.host, &query, &[]).unwrap()
    };
    let (mut public, mut home) = (open("public:remote"), open("user"));
    let create = scene.written(1, "<p>live</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &create);
    let (event, status) = public.event();
    assert_eq!(
        (event.as_str(), &status["content"]),
        ("public:remote update", &json!("<p>live</p>"))
    );
    home.is_quiet();
    // its author sends it as well: nobody hears of it twice
    let mut direct = create.clone();
    direct["cc"] = json!([scene.ann.uri]);
    direct["object"]["cc"] = json!([scene.ann.uri]);
    let inbox = format!("{}/inbox", scene.instance.base);
    assert_eq!(scene.origin.send("maria", &inbox, &direct).status, 202);
    scene.instance.settle();
    public.is_quiet();
}

#[test]
fn f_347_relays_are_the_first_to_be_left_out_under_load() {
    let scene = Scene::new(RelayChange::default());
    let later = scene.instance.app.clock.now_ms() + DAY;
    let fill = scene.instance.app.db.write(db::Lane::Background, move |tx| {
        for _ in 0..1000 {
            let kind = dassie::model::JobKind::FetchStatus;
            db::job::insert_at(tx, kind, "busy.example", b"", later)?;
        }
        Ok(())
    });
    fill.wait().unwrap();
    let create = scene.written(1, "<p>x</p>", json!({}));
    assert_eq!(scene.relay.sends(&scene.instance, &create).status, 202);
    assert_eq!(scene.relay.line(&scene.instance).counts.over_budget, 1);
    assert_eq!(scene.asked("/notes/1"), 0);
    // what is sent to somebody is still taken
    let direct = scene.origin.create("maria", 2, "<p>to you</p>", json!({"cc": [scene.ann.uri]}));
    let inbox = format!("{}/inbox", scene.instance.base);
    assert_eq!(scene.origin.send("maria", &inbox, &direct).status, 202);
    eventually("it arrives", || (scene.public() == ["to you"]).then_some(()));
}

#[test]
fn f_347_filters_decide_before_anything_is_fetched() {
    let scene = Scene::new(RelayChange {
        languages: words(&["zh", "en"]),
        media: Some("none".into()),
        sensitive: Some(false),
        tags: words(&["rust"]),
        ..RelayChange::default()
    });
    let tag = json!([{"type": "Hashtag", "name": "#Rust"}]);
    let image =
        json!([{"type": "Document", "mediaType": "image/png", "url": scene.origin.at("/a.png")}]);
    let map = |language: &str| json!({ language: "<p>x</p>" });
    for (number, extra) in [
        json!({"tag": tag, "contentMap": map("de")}),
        json!({"tag": tag, "content": "<p>!</p>"}),
        json!({"tag": tag, "contentMap": map("en"), "attachment": image}),
        json!({"tag": tag, "contentMap": map("en"), "sensitive": true}),
        json!({"tag": tag, "contentMap": map("en"), "summary": "careful"}),
        json!({"contentMap": map("en")}),
        json!({"tag": tag, "contentMap": map("en"), "inReplyTo": scene.origin.at("/notes/99")}),
        json!({"tag": tag, "contentMap": map("en"), "to": [scene.origin.at("/users/maria/followers")],
               "cc": [activity::PUBLIC]}),
    ]
    .into_iter()
    .enumerate()
    {
        let create = scene.written(number as u32 + 10, "<p>x</p>", extra);
        scene.relay.passes_on(&scene.instance, &create);
        assert_eq!(scene.asked(&format!("/notes/{}", number + 10)), 0, "{create}");
    }
    assert_eq!(scene.relay.line(&scene.instance).counts.filtered, 8);
    for (number, content, extra) in [
        (1, "<p>x</p>", json!({"tag": tag, "contentMap": map("zh-TW")})),
        (
            2,
            "<p>Nobody has to say which language this is, because everybody who reads it can tell.</p>",
            json!({"tag": tag}),
        ),
    ] {
        let create = scene.written(number, content, extra);
        scene.relay.passes_on(&scene.instance, &create);
    }
    assert_eq!(scene.public().len(), 2);
}

#[test]
fn f_347_what_the_origin_shows_is_filtered_as_well() {
    let change = RelayChange { languages: words(&["en"]), ..RelayChange::default() };
    let scene = Scene::new(change);
    let mut create = scene.written(1, "<p>x</p>", json!({"contentMap": {"de": "<p>x</p>"}}));
    // the relay lies, or names the id alone
    create["object"]["contentMap"] = json!({"en": "<p>x</p>"});
    scene.relay.passes_on(&scene.instance, &create);
    let unlisted = json!({"to": [scene.origin.at("/f")], "cc": [activity::PUBLIC],
        "contentMap": {"en": "<p>y</p>"}});
    scene.written(2, "<p>y</p>", unlisted);
    let announce = scene.relay.own(9, "Announce", json!(scene.origin.at("/notes/2")));
    scene.relay.passes_on(&scene.instance, &announce);
    assert_eq!((scene.asked("/notes/1"), scene.asked("/notes/2")), (1, 1));
    assert!(scene.public().is_empty());
    assert_eq!(scene.relay.line(&scene.instance).counts.filtered, 2);
}

#[test]
fn f_338_s_039_a_relay_brings_nothing_of_blocked_servers() {
    let scene = Scene::new(RelayChange::default());
    let create = scene.written(1, "<p>x</p>", json!({}));
    let domain = scene.origin.host.clone();
    let block = Command::DomainBlock { domain, severity: "suspend".into(), comment: None };
    control::execute(&scene.instance.app, block).unwrap();
    let before = scene.rows();
    // 403 would make the relay think that we do not want it
    scene.relay.passes_on(&scene.instance, &create);
    let announce = scene.relay.own(9, "Announce", json!(scene.origin.at("/notes/1")));
    scene.relay.passes_on(&scene.instance, &announce);
    assert_eq!(scene.rows(), before);
    assert!(scene.origin.asked().is_empty());
    assert_eq!(scene.relay.line(&scene.instance).counts.filtered, 2);
    let inbox = format!("{}/inbox", scene.instance.base);
    assert_eq!(scene.origin.send("maria", &inbox, &create).status, 403);
}

#[test]
fn f_140_hostile_hints_change_nothing() {
    let scene = Scene::new(RelayChange::default());
    let honest = scene.written(1, "<p>honest</p>", json!({}));
    scene.relay.passes_on(&scene.instance, &honest);
    let mine = scene.ann.writes("mine", "public");
    // a document under another's id, an author of another host, no status at all, one of ours
    let evil = Peer::start(&["mallory"]);
    evil.serve("/notes/1", scene.origin.document("/notes/1"));
    let mut foreign = scene.origin.document("/notes/1");
    foreign["id"] = json!(evil.at("/notes/2"));
    evil.serve("/notes/2", foreign);
    evil.serve(
        "/notes/3",
        json!({"@context": activity::AS2, "id": evil.at("/notes/3"), "type": "Story"}),
    );
    scene.instance.settle();
    let before = scene.rows();
    for (number, object) in [
        json!(evil.at("/notes/1")),
        json!(evil.at("/notes/2")),
        json!(evil.at("/notes/3")),
        mine["uri"].clone(),
        json!(null),
        json!("javascript:alert(1)"),
        json!("http://169.254.169.254/latest"),
        json!({"type": "Create", "object": {"type": "Create", "object": "x"}}),
        json!({"type": "Delete", "object": mine["uri"]}),
        json!([[], {}]),
    ]
    .into_iter()
    .enumerate()
    {
        let announce = scene.relay.own(number as u32 + 30, "Announce", object);
        scene.relay.passes_on(&scene.instance, &announce);
    }
    assert_eq!(scene.rows(), before);
    assert_eq!(scene.public(), ["honest"]);
    assert!(scene.ann.finds_status(mine["uri"].as_str().unwrap()).is_some());
}

#[test]
fn relayed_statuses_go_early_unless_somebody_here_needs_them() {
    let clock = Clock::manual(Clock::system().now_ms());
    let scene = Scene::with(RelayChange::default(), clock);
    for number in 1..=8 {
        let create = scene.written(number, &format!("<p>{number}</p>"), json!({}));
        scene.relay.passes_on(&scene.instance, &create);
    }
    let timeline = scene.ann.get("/api/v1/timelines/public?remote=true");
    let id = |at: usize| timeline[at]["id"].as_str().unwrap().to_owned();
    for (at, deed) in [(0, "favourite"), (1, "bookmark"), (2, "reblog")] {
        scene.ann.post(&format!("/api/v1/statuses/{}/{deed}", id(at)), json!({}));
    }
    let answer = json!({"status": "an answer", "in_reply_to_id": id(3)});
    scene.ann.post("/api/v1/statuses", answer);
    let react = format!("/api/v1/pleroma/statuses/{}/reactions/%F0%9F%8E%89", id(4));
    scene.ann.request("PUT", &react).send().ok();
    let later = dassie::clock::api_time(scene.instance.app.clock.now_ms() + 30 * DAY);
    let planned =
        json!({"status": "a late answer", "in_reply_to_id": id(5), "scheduled_at": later});
    scene.ann.post("/api/v1/statuses", planned);
    scene.instance.settle();
    scene.instance.advance(6 * DAY);
    scene.instance.settle();
    assert_eq!(scene.public().len(), 8);
    scene.instance.advance(2 * DAY);
    let kept = ["8", "7", "6", "5", "4", "3"];
    eventually("two are gone", || (scene.public() == kept).then_some(()));
    // one with days of its own
    let change = RelayChange { days: Some(1), ..RelayChange::default() };
    let relay = scene.relay.actor();
    control::execute(&scene.instance.app, Command::RelaySet { relay, change }).unwrap();
    assert_eq!(scene.rows()[5], 0, "what stays is no relayed status any more");
    assert!(scene.ann.home().contains(&"an answer".to_owned()));
}

#[test]
fn f_130_what_a_relay_named_survives_a_stop() {
    let mut scene = Scene::new(RelayChange::default());
    let create = scene.written(1, "<p>after the stop</p>", json!({}));
    // the origin does not answer before the stop
    let note = scene.origin.document("/notes/1");
    scene.origin.hold("/notes/1");
    assert_eq!(scene.relay.sends(&scene.instance, &create).status, 202);
    eventually("it is asked", || (scene.asked("/notes/1") > 0).then_some(()));
    scene.instance.stop();
    scene.origin.serve("/notes/1", note);
    scene.instance.start_again();
    assert_eq!(scene.relay.line(&scene.instance).counts.received, 1, "what was counted is kept");
    eventually("it arrives", || {
        scene.instance.app.wake.rouse();
        (scene.public() == ["after the stop"]).then_some(())
    });
}
