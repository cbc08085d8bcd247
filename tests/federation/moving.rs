//! Accounts that move between servers, with those who follow them.

use dassie::clock::{Clock, DAY, HOUR};
use dassie::control::{self, Command};
use serde_json::{Value, json};

use crate::support::{Instance, Options, Peer, Person, eventually};

/// Ann lived on A, Bob is who she will be on B, Carl on C follows her.
struct Scene {
    a: Instance,
    b: Instance,
    c: Instance,
    ann: Person,
    bob: Person,
    carl: Person,
}

impl Scene {
    fn new() -> Self {
        let clock = Clock::manual(Clock::system().now_ms());
        let start = || Instance::with(Options { clock: clock.clone(), configure: None });
        let (a, b, c) = (start(), start(), start());
        let (ann, bob, carl) = (a.person("ann"), b.person("bob"), c.person("carl"));
        Self { a, b, c, ann, bob, carl }
    }

    fn settle(&self) {
        for _ in 0..2 {
            for instance in [&self.a, &self.b, &self.c] {
                instance.settle();
            }
        }
    }

    /// Bob names Ann as his alias, or nobody.
    fn alias(&self, uris: &[&str]) {
        self.bob.post("/api/v1/accounts/alias", json!({"also_known_as_uris": uris}));
    }

    /// What the operator of A types.
    fn moves(&self, target: Option<&str>, with_followers: bool) -> Result<(), String> {
        let command = Command::AccountMove {
            account: "ann".into(),
            target: target.map(str::to_owned),
            with_followers,
        };
        control::execute(&self.a.app, command).map(drop).map_err(|error| error.to_string())
    }
}

fn relation(person: &Person, id: &str) -> Value {
    person.get(&format!("/api/v1/accounts/relationships?id[]={id}"))[0].clone()
}

fn id_of(person: &Person, handle: &str) -> String {
    person.finds(handle)["id"].as_str().unwrap().to_owned()
}

#[test]
fn f_189_f_350_f_351_followers_go_along() {
    let scene = Scene::new();
    let (ann, bob, carl) = (&scene.ann, &scene.bob, &scene.carl);
    let old = carl.follows(&ann.handle());
    let notify = json!({"reblogs": false, "notify": true, "languages": ["en", "zh"]});
    carl.post(&format!("/api/v1/accounts/{old}/follow"), notify);
    let list = carl.post("/api/v1/lists", json!({"title": "friends"}));
    let list = list["id"].as_str().unwrap();
    carl.post(&format!("/api/v1/lists/{list}/accounts"), json!({"account_ids": [old]}));
    carl.post(&format!("/api/v1/accounts/{old}/note"), json!({"comment": "a good one"}));
    ann.writes("from the old house", "public");
    bob.writes("from the new house", "public");
    scene.settle();
    // nothing goes before Bob agrees
    let refused = scene.moves(Some(&bob.handle()), true).unwrap_err();
    assert!(refused.contains("does not name"), "{refused}");
    scene.alias(&[&ann.uri]);
    scene.moves(Some(&bob.handle()), true).unwrap();
    let new = id_of(carl, &bob.handle());
    eventually("carl follows bob", || (relation(carl, &new)["following"] == true).then_some(()));
    scene.settle();
    let there = relation(carl, &new);
    assert_eq!(there["showing_reblogs"], false);
    assert_eq!(there["notifying"], true);
    assert_eq!(there["languages"], json!(["en", "zh"]));
    assert!(there["note"].as_str().unwrap().ends_with("a good one"), "{there}");
    let before = relation(carl, &old);
    assert_eq!((&before["following"], &before["requested"]), (&json!(false), &json!(false)));
    let members = carl.get(&format!("/api/v1/lists/{list}/accounts"));
    let members: Vec<_> = members.as_array().unwrap().iter().map(|m| &m["username"]).collect();
    assert_eq!(members, ["bob"]);
    // what she wrote stays; of the new account comes what everybody sees who begins to follow it
    let both = ["from the new house", "from the old house"];
    eventually("home has both", || {
        let mut home = carl.home();
        home.sort();
        (home[..] == both).then_some(())
    });
    // both servers know it
    let follower = |person: &Person| {
        let list = person.get(&format!("/api/v1/accounts/{}/followers", person.id));
        list.as_array().unwrap().len()
    };
    assert_eq!((follower(ann), follower(bob)), (0, 1));
    assert_eq!(bob.notifications(), [("follow".to_owned(), carl.handle())]);
    // it is shown everywhere
    assert_eq!(scene.a.activity(&ann.uri).json()["movedTo"], bob.uri);
    for (person, id) in [(ann, &ann.id), (carl, &old)] {
        let shown = person.get(&format!("/api/v1/accounts/{id}"));
        assert_eq!(shown["moved"]["username"], "bob", "{shown}");
    }
    let own = ann.get("/api/v1/accounts/verify_credentials");
    assert_eq!(own["moved"]["username"], "bob");
    let page = scene.a.get("/@ann").text();
    assert!(page.contains(&bob.uri), "{page}");
    // the same again changes nothing, and elsewhere only after a while
    scene.moves(Some(&bob.handle()), true).unwrap();
    assert!(scene.moves(Some(&carl.handle()), true).unwrap_err().contains("elsewhere"));
}

#[test]
fn f_350_whoever_moved_reads_and_takes_back() {
    let scene = Scene::new();
    let (ann, bob, carl) = (&scene.ann, &scene.bob, &scene.carl);
    let carls = ann.follows(&carl.handle());
    let status = carl.writes("a poll of mine", "public");
    let poll = carl.post(
        "/api/v1/statuses",
        json!({"status": "?", "poll": {"options": ["a", "b"], "expires_in": 3600}}),
    );
    let own = ann.writes("mine", "public");
    let at = |uri: &Value| eventually("it is here", || ann.finds_status(uri.as_str().unwrap()));
    let (there, polled) = (at(&status["uri"]), at(&poll["uri"]));
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    ann.post(&format!("/api/v1/statuses/{}/favourite", id(&polled)), json!({}));
    scene.alias(&[&ann.uri]);
    scene.moves(Some(&bob.uri), true).unwrap();
    let stranger = id_of(ann, &bob.handle());
    let vote = format!("/api/v1/polls/{}/votes", polled["poll"]["id"].as_str().unwrap());
    let later = dassie::clock::wire_time(scene.a.app.clock.now_ms() + HOUR);
    for (method, path, body) in [
        ("POST", "/api/v1/statuses".to_owned(), json!({"status": "no"})),
        ("POST", "/api/v1/statuses".to_owned(), json!({"status": "no", "scheduled_at": later})),
        ("PUT", format!("/api/v1/statuses/{}", id(&own)), json!({"status": "no"})),
        ("POST", format!("/api/v1/statuses/{}/reblog", id(&there)), json!({})),
        ("POST", format!("/api/v1/statuses/{}/favourite", id(&there)), json!({})),
        ("POST", format!("/api/v1/accounts/{stranger}/follow"), json!({})),
        ("POST", vote, json!({"choices": [0]})),
        (
            "PUT",
            format!("/api/v1/pleroma/statuses/{}/reactions/%F0%9F%A6%8A", id(&there)),
            json!({}),
        ),
    ] {
        let answer = ann.request(method, &path).json(&body).send();
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert!(answer.text().contains("has moved"), "{path}: {}", answer.text());
    }
    // reading and taking back
    assert!(!ann.home().is_empty());
    ann.post(&format!("/api/v1/statuses/{}/unfavourite", id(&polled)), json!({}));
    ann.post(&format!("/api/v1/statuses/{}/bookmark", id(&there)), json!({}));
    ann.post(&format!("/api/v1/accounts/{carls}/unfollow"), json!({}));
    ann.delete(&format!("/api/v1/statuses/{}", id(&own)));
    // nobody can follow it any more
    let old = id_of(carl, &ann.handle());
    scene.settle();
    let follow = carl.request("POST", &format!("/api/v1/accounts/{old}/follow"));
    let follow = follow.json(&json!({})).send();
    let refused = follow.status == 403 || {
        scene.settle();
        relation(carl, &old)["following"] == false && relation(carl, &old)["requested"] == false
    };
    assert!(refused, "{}", follow.text());
    // until it ends
    scene.moves(None, true).unwrap();
    ann.writes("back again", "public");
    assert!(scene.a.activity(&ann.uri).json().get("movedTo").is_none());
    // but nobody moves about all the time; a sign at the door may be put up
    assert!(scene.moves(Some(&bob.uri), true).unwrap_err().contains("seven days"));
    scene.moves(Some(&bob.uri), false).unwrap();
    scene.moves(None, true).unwrap();
    scene.a.advance(8 * DAY);
    scene.moves(Some(&bob.uri), true).unwrap();
}

#[test]
fn f_189_locks_blocks_and_mutes_are_respected() {
    let scene = Scene::new();
    let (ann, bob, carl) = (&scene.ann, &scene.bob, &scene.carl);
    let people: Vec<Person> =
        ["blocker", "hider", "muter", "enemy", "asker"].map(|name| scene.c.person(name)).into();
    let [blocker, hider, muter, enemy, asker] = &people[..] else { unreachable!() };
    for person in [carl, blocker, hider, muter] {
        person.follows(&ann.handle());
    }
    let (old, new) = (id_of(carl, &ann.handle()), id_of(carl, &bob.handle()));
    blocker.post(&format!("/api/v1/accounts/{new}/block"), json!({}));
    let hidden = format!("/api/v1/domain_blocks?domain={}", scene.b.host);
    hider.request("POST", &hidden).send().ok();
    muter.post(&format!("/api/v1/accounts/{old}/mute"), json!({"notifications": false}));
    enemy.post(&format!("/api/v1/accounts/{old}/block"), json!({}));
    let lock = |person: &Person, locked: bool| {
        let body = json!({"locked": locked});
        person.request("PATCH", "/api/v1/accounts/update_credentials").json(&body).send().ok();
    };
    lock(ann, true);
    scene.settle();
    asker.post(&format!("/api/v1/accounts/{old}/follow"), json!({}));
    lock(bob, true);
    scene.alias(&[&ann.uri]);
    scene.settle();
    scene.moves(Some(&bob.handle()), true).unwrap();
    scene.settle();
    for (person, wanted) in
        [(carl, true), (muter, true), (asker, true), (blocker, false), (hider, false)]
    {
        let there = relation(person, &new);
        assert_eq!(there["requested"], wanted, "{}: {there}", person.name);
        assert_eq!(there["following"], false, "{}: a lock is a lock", person.name);
        let before = relation(person, &old);
        assert_eq!(before["following"], !wanted, "{}: {before}", person.name);
        assert_eq!(before["requested"], false, "{}: {before}", person.name);
    }
    let muted = relation(muter, &new);
    assert_eq!((&muted["muting"], &muted["muting_notifications"]), (&json!(true), &json!(false)));
    let blocked = relation(enemy, &new);
    assert_eq!(blocked["blocking"], true);
    assert!(blocked["note"].as_str().unwrap().contains("blocked"), "{blocked}");
    let asked = bob.get("/api/v1/follow_requests");
    assert_eq!(asked.as_array().unwrap().len(), 3, "{asked}");
}

#[test]
fn f_350_an_account_moves_within_its_server() {
    let scene = Scene::new();
    let (ann, carl) = (&scene.ann, &scene.carl);
    let anna = scene.a.person("anna");
    let neighbour = scene.a.person("neighbour");
    neighbour.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    carl.follows(&ann.handle());
    anna.post("/api/v1/accounts/alias", json!({"also_known_as_uris": [ann.uri]}));
    scene.moves(Some("@anna@nowhere.example"), true).unwrap_err();
    scene.moves(Some(&format!("@{}", anna.handle())), true).unwrap();
    scene.settle();
    let new = id_of(carl, &anna.handle());
    eventually("carl goes", || (relation(carl, &new)["following"] == true).then_some(()));
    assert_eq!(relation(&neighbour, &anna.id)["following"], true);
    assert_eq!(relation(&neighbour, &ann.id)["following"], false);
    assert!(anna.notifications().contains(&("follow".to_owned(), "neighbour".to_owned())));
}

/// A scripted server with an old and a new account, which carl on one instance follows.
struct Forge {
    instance: Instance,
    carl: Person,
    peer: Peer,
    number: std::cell::Cell<u32>,
}

impl Forge {
    fn new(names: &[&str]) -> Self {
        let clock = Clock::manual(Clock::system().now_ms());
        let instance = Instance::with(Options { clock, configure: None });
        let carl = instance.person("carl");
        let peer = Peer::start(names);
        Self { instance, carl, peer, number: std::cell::Cell::new(0) }
    }

    fn set(&self, name: &str, key: &str, value: Value) {
        let path = format!("/users/{name}");
        let mut actor = self.peer.document(&path);
        actor[key] = value;
        self.peer.serve(&path, actor);
    }

    fn follows(&self, name: &str) -> String {
        crate::api::follow_peer(&self.instance, &self.carl, &self.peer, name)
    }

    /// A Move by `actor` of `object` to `target`.
    fn moves(&self, actor: &str, object: &str, target: &str) {
        self.number.set(self.number.get() + 1);
        let peer = &self.peer;
        let activity = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/moves/{}", self.number.get())), "type": "Move",
            "actor": peer.uri(actor), "object": object, "target": target,
        });
        let now = self.instance.app.clock.now_ms();
        let inbox = format!("{}/inbox", self.instance.base);
        let answer = peer.send_as(actor, &inbox, &activity, now);
        assert_eq!(answer.status, 202, "{}", answer.text());
        self.instance.settle();
    }

    fn state(&self, id: &str) -> (bool, bool) {
        let relation = relation(&self.carl, id);
        (relation["following"] == true, relation["requested"] == true)
    }

    /// The paths of actors that were asked for from now on.
    fn asked(&self) -> usize {
        self.peer.asked().iter().filter(|path| path.starts_with("/users/")).count()
    }
}

#[test]
fn f_189_f_191_s_030_a_move_counts_when_both_sides_say_so() {
    let forge = Forge::new(&["old", "new", "liar", "far"]);
    let peer = &forge.peer;
    let (old_uri, new_uri) = (peer.uri("old"), peer.uri("new"));
    let old = forge.follows("old");
    let unchanged = |what: &str| {
        assert_eq!(forge.state(&old), (true, false), "{what}");
        let shown = forge.instance.get(&format!("/api/v1/accounts/{old}")).ok();
        assert!(shown.get("moved").is_none(), "{what}: {shown}");
    };
    forge.moves("old", &old_uri, &new_uri);
    unchanged("the new one knows nothing");
    forge.set("new", "alsoKnownAs", json!([peer.uri("far")]));
    forge.moves("old", &old_uri, &new_uri);
    unchanged("the new one names another");
    forge.moves("liar", &old_uri, &new_uri);
    unchanged("somebody else says so");
    forge.moves("liar", &old_uri, &peer.uri("liar"));
    unchanged("somebody takes it over");
    forge.moves("old", &old_uri, &old_uri);
    unchanged("to itself");
    forge.moves("old", &old_uri, &peer.at("/users/nobody"));
    unchanged("to nobody");
    forge.moves("old", &old_uri, &peer.at("/notes/1"));
    unchanged("to nothing");
    // F-191: whoever has moved is no target
    forge.set("new", "alsoKnownAs", json!([old_uri]));
    forge.set("new", "movedTo", json!(peer.uri("far")));
    forge.moves("old", &old_uri, &new_uri);
    unchanged("a chain");
    forge.set("new", "movedTo", json!(old_uri));
    forge.moves("old", &old_uri, &new_uri);
    unchanged("a loop");
    // a stranger's move asks nobody
    let before = forge.asked();
    forge.moves("far", &peer.uri("far"), &peer.at("/users/x"));
    let after = forge.peer.asked();
    assert!(!after.iter().any(|path| path == "/users/x"), "{before} {after:?}");
    // now both say so
    forge.set("new", "movedTo", Value::Null);
    forge.moves("old", &old_uri, &new_uri);
    assert_eq!(forge.state(&old), (false, false));
    let new = id_of(&forge.carl, &format!("new@{}", peer.host));
    assert_eq!(forge.state(&new), (false, true), "asked");
    let shown = forge.instance.get(&format!("/api/v1/accounts/{old}")).ok();
    assert_eq!(shown["moved"]["username"], "new");
    let sent = peer.received();
    let of = |kind: &str| sent.iter().filter(|one| one["type"] == kind).collect::<Vec<_>>();
    assert_eq!(of("Follow").last().unwrap()["object"], new_uri);
    assert_eq!(of("Undo").last().unwrap()["object"]["object"], old_uri);
    // not again for a week
    forge.set("liar", "alsoKnownAs", json!([old_uri]));
    let asked = forge.asked();
    forge.moves("old", &old_uri, &peer.uri("liar"));
    assert_eq!(forge.asked(), asked, "nobody was asked");
    let shown = forge.instance.get(&format!("/api/v1/accounts/{old}")).ok();
    assert_eq!(shown["moved"]["username"], "new");
}

#[test]
fn f_189_whoever_moves_all_the_time_makes_us_ask_some_times() {
    let forge = Forge::new(&["old"]);
    forge.follows("old");
    let old = forge.peer.uri("old");
    for number in 0..14 {
        forge.moves("old", &old, &forge.peer.at(&format!("/users/x{number}")));
    }
    let asked = forge.peer.asked();
    assert_eq!(asked.iter().filter(|path| path.starts_with("/users/x")).count(), 10);
}

#[test]
fn f_190_the_new_account_may_say_it() {
    let forge = Forge::new(&["old", "new"]);
    let peer = &forge.peer;
    let old = forge.follows("old");
    forge.set("new", "alsoKnownAs", json!([peer.uri("old")]));
    forge.moves("new", &peer.uri("old"), &peer.uri("new"));
    assert_eq!(forge.state(&old), (true, false), "the old one says nothing");
    forge.set("old", "movedTo", json!(peer.uri("new")));
    forge.moves("new", &peer.uri("old"), &peer.uri("new"));
    assert_eq!(forge.state(&old), (false, false));
    let new = id_of(&forge.carl, &format!("new@{}", peer.host));
    assert_eq!(forge.state(&new), (false, true));
}

#[test]
fn f_189_a_move_to_an_account_here() {
    let forge = Forge::new(&["old"]);
    let old = forge.follows("old");
    let me = forge.instance.person("me");
    forge.moves("old", &forge.peer.uri("old"), &me.uri);
    assert_eq!(forge.state(&old), (true, false));
    me.post("/api/v1/accounts/alias", json!({"also_known_as_uris": [forge.peer.uri("old")]}));
    forge.moves("old", &forge.peer.uri("old"), &me.uri);
    assert_eq!(forge.state(&me.id), (true, false));
    assert_eq!(forge.state(&old), (false, false));
}

#[test]
fn f_350_an_app_moves_an_account() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    let id: i64 = ann.id.parse().unwrap();
    let hash = dassie::crypto::hash_password("a long password").unwrap();
    let set = a.app.db.write(dassie::db::Lane::Interactive, move |tx| {
        dassie::db::user::set_password(tx, id, &hash)
    });
    set.wait().unwrap();
    let moves = |body: Value| {
        let answer = ann.request("POST", "/api/v1/accounts/move").json(&body).send();
        (answer.status, answer.text())
    };
    let right = |target: &str| json!({"password": "a long password", "moved_to_uri": target});
    for (body, status, word) in [
        (json!({"moved_to_uri": bob.uri}), 422, "password"),
        (json!({"password": "a long password"}), 422, "moved_to_uri"),
        (json!({"password": "wrong", "moved_to_uri": bob.uri}), 403, "wrong"),
        (right("https://127.0.0.1:1/users/x"), 422, "no account"),
        (right(&ann.uri), 422, "itself"),
        (right(&bob.uri), 422, "does not name"),
    ] {
        let (found, text) = moves(body.clone());
        assert!(found == status && text.contains(word), "{body}: {found} {text}");
    }
    assert!(a.activity(&ann.uri).json().get("movedTo").is_none(), "nothing changed");
    bob.post("/api/v1/accounts/alias", json!({"also_known_as_uris": [ann.uri]}));
    assert_eq!(moves(right(&bob.uri)), (202, json!({"status": "Accepted"}).to_string()));
    assert_eq!(a.activity(&ann.uri).json()["movedTo"], bob.uri);
    assert_eq!(moves(right("")).0, 202);
    assert!(a.activity(&ann.uri).json().get("movedTo").is_none());
}
