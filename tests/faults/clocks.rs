//! Clocks that jump (S-130). A jump is one where no time passes; where time passes the same must
//! happen as ever.

use dassie::app::{App, Surroundings};
use dassie::clock::{Clock, DAY, HOUR, MINUTE, wire_time};
use dassie::db::session::NewSession;
use dassie::db::{self, Lane};
use dassie::model::CachedFile;
use serde_json::{Value, json};

use crate::durability::{contents, follow};
use crate::support::cached::{is_there, put};
use crate::support::picture::{coded, corners};
use crate::support::{Instance, Options, Peer, PeerAnswer, Person, eventually};

const YEAR: i64 = 365 * DAY;
const COOKIE: [u8; 32] = [7; 32];

/// An instance with one of everything that goes for its age or waits for a time.
struct Scene {
    instance: Instance,
    ann: Person,
    peer: Peer,
    file: CachedFile,
    /// Of somebody whom nobody follows.
    note: String,
    upload: String,
    delivery: i64,
}

/// What of it is there.
#[derive(Debug, PartialEq, Eq)]
struct There {
    file: bool,
    note: bool,
    upload: bool,
    session: bool,
    delivery: bool,
    scheduled: bool,
}

impl There {
    fn all(is: bool) -> Self {
        Self { file: is, note: is, upload: is, session: is, delivery: is, scheduled: is }
    }
}

impl Scene {
    fn new() -> Self {
        let clock = Clock::manual(Clock::system().now_ms());
        let instance = Instance::with(Options { clock: clock.clone(), configure: None });
        let (ann, peer) = (instance.person("ann"), Peer::start(&["mia", "nora"]));
        follow(&peer, "mia", &instance.base, &ann.uri);
        let mut note = peer.create("nora", 1, "<p>far</p>", json!({}))["object"].clone();
        note["@context"] = json!("https://www.w3.org/ns/activitystreams");
        peer.serve("/notes/1", note);
        let note =
            ann.finds_status(&peer.at("/notes/1")).unwrap()["id"].as_str().unwrap().to_owned();
        let media = ann.uploads(&coded(&corners(20, 20), image::ImageFormat::Png)).ok();
        let due = wire_time(clock.now_ms() + 30 * DAY);
        ann.post("/api/v1/statuses", json!({"status": "in a month", "scheduled_at": due}));
        let (account_id, expires_at) = (ann.id.parse().unwrap(), clock.now_ms() + 30 * DAY);
        let session = instance.app.db.write(Lane::Interactive, move |tx| {
            let (hash, pending) = (&COOKIE, false);
            db::session::insert(
                tx,
                &NewSession { hash, account_id, expires_at, pending, agent: "" },
            )
        });
        session.wait().unwrap();
        let file = put(&instance.app, 1, "https://a.example/a.jpg", 10_000, 0);
        instance.settle();
        peer.answer(PeerAnswer::Status(503));
        ann.writes("held up", "public");
        let upload = media["id"].as_str().unwrap().to_owned();
        let rows = instance.app.db.read(|conn| db::delivery::list(conn, 10)).unwrap();
        let scene = Self { instance, ann, peer, file, note, upload, delivery: rows[0].id };
        eventually("it was tried", || (scene.attempts() == Some(1)).then_some(()));
        scene.keeps_house();
        assert_eq!(scene.there(), There::all(true));
        scene
    }

    /// How often the delivery was tried that waits.
    fn attempts(&self) -> Option<i64> {
        let rows = self.instance.app.db.read(|conn| db::delivery::list(conn, 10)).unwrap();
        rows.iter().find(|row| row.id == self.delivery).map(|row| row.attempts)
    }

    /// Lets a whole hour's housekeeping begin and end.
    fn keeps_house(&self) {
        for _ in 0..2 {
            self.instance.advance(HOUR + MINUTE);
            let now = format!("{} ", self.instance.app.clock.now_ms());
            eventually("house is kept", || {
                self.instance.app.wake.rouse();
                let noted = self.instance.app.db.read(|conn| db::meta::get(conn, "clock")).unwrap();
                noted?.starts_with(&now).then_some(())
            });
        }
    }

    fn exists(&self, path: &str) -> bool {
        self.ann.request("GET", path).send().status == 200
    }

    fn there(&self) -> There {
        // it is good for nothing while the clock is ahead, and again when that is right
        let path = self.instance.folder.path().join("data/dassie.db");
        let sql = rusqlite::Connection::open(path).unwrap();
        let session = sql.query_row("SELECT count(*) FROM session", [], |row| row.get(0));
        There {
            file: is_there(&self.instance.app, &self.file) == (true, true),
            note: self.exists(&format!("/api/v1/statuses/{}", self.note)),
            upload: self.exists(&format!("/api/v1/media/{}", self.upload)),
            session: session == Ok(1),
            delivery: self.attempts().is_some(),
            scheduled: self.ann.get("/api/v1/scheduled_statuses") != json!([]),
        }
    }

    fn arrived(&self) -> Vec<String> {
        contents(&self.peer.received())
    }
}

fn number(status: &Value) -> i64 {
    status["id"].as_str().unwrap().parse().unwrap()
}

#[test]
fn s_130_a_year_that_passed_takes_what_is_old() {
    let scene = Scene::new();
    scene.instance.advance(YEAR);
    scene.keeps_house();
    eventually("all is gone", || (scene.there() == There::all(false)).then_some(()));
}

#[test]
fn s_130_a_clock_that_is_a_year_ahead_for_some_hours_takes_nothing() {
    let scene = Scene::new();
    let before = number(&scene.ann.writes("before", "public"));
    let tries = scene.attempts().unwrap();
    scene.instance.jump(YEAR);
    eventually("it is tried again", || (scene.attempts()? > tries).then_some(()));
    scene.keeps_house();
    let then = number(&scene.ann.writes("then", "public"));
    assert!(then > before);
    assert_eq!(scene.there(), There::all(true));
    // back to where it was: nothing waits a year for its next try
    scene.peer.answer(PeerAnswer::Status(202));
    scene.instance.jump(-YEAR);
    eventually("all arrive, in order", || {
        (scene.arrived() == ["held up", "before", "then"]).then_some(())
    });
    let after = number(&scene.ann.writes("after", "public"));
    assert!(after > then, "ids grow whatever the clock says");
    assert_eq!(scene.ann.home()[..4], ["after", "then", "before", "held up"]);
    scene.instance.settle();
    scene.keeps_house();
    assert_eq!(scene.there(), There { delivery: false, ..There::all(true) });
    // at its own time, and not before
    scene.instance.advance(31 * DAY);
    eventually("it is published", || (scene.ann.home()[0] == "in a month").then_some(()));
}

#[test]
fn s_130_a_new_time_that_stays_is_believed_after_a_day() {
    let scene = Scene::new();
    scene.instance.jump(YEAR);
    scene.keeps_house();
    assert_eq!(scene.there(), There::all(true));
    scene.instance.advance(DAY);
    scene.keeps_house();
    eventually("all is gone", || (scene.there() == There::all(false)).then_some(()));
}

#[test]
fn s_130_what_fell_due_while_nothing_ran_is_published_when_others_have_the_same_time() {
    let scene = Scene::new();
    let newest = || scene.ann.home()[0].clone();
    let servers: Vec<Peer> = (0..3).map(|_| Peer::start(&["eve"])).collect();
    let hear = || {
        for (number, peer) in servers.iter().enumerate() {
            let mut note = peer.create("eve", 1, "<p>hi</p>", json!({}))["object"].clone();
            note["@context"] = json!("https://www.w3.org/ns/activitystreams");
            let path = format!("/notes/{number}{}", scene.instance.app.clock.now_ms());
            note["id"] = json!(peer.at(&path));
            peer.serve(&path, note);
            scene.ann.finds_status(&peer.at(&path)).unwrap();
        }
    };
    hear();
    assert!(scene.instance.app.client.clock_ahead().is_some());
    // what they said before says nothing of the time after
    scene.instance.jump(40 * DAY);
    eventually("what they said is forgotten", || {
        scene.instance.app.wake.rouse();
        scene.instance.app.client.clock_ahead().is_none().then_some(())
    });
    scene.keeps_house();
    assert_eq!(newest(), "held up");
    hear();
    scene.instance.advance(6 * MINUTE);
    eventually("it is published", || (newest() == "in a month").then_some(()));
    // what goes for its age stays for the day
    assert_eq!(scene.there(), There { scheduled: false, ..There::all(true) });
}

#[test]
fn s_130_a_clock_that_is_set_back_starves_nobody() {
    let scene = Scene::new();
    let tries = scene.attempts().unwrap();
    scene.instance.jump(-YEAR);
    // at once, although it was planned for a time that is a year away
    eventually("it is tried", || (scene.attempts()? > tries).then_some(()));
    scene.keeps_house();
    assert_eq!(scene.there(), There::all(true));
    scene.peer.answer(PeerAnswer::Status(202));
    scene.instance.advance(DAY);
    eventually("it arrives", || (scene.arrived() == ["held up"]).then_some(()));
    assert_eq!(scene.ann.home()[0], "held up");
}

#[test]
fn s_130_what_time_it_was_is_known_after_a_start() {
    let mut scene = Scene::new();
    let now = scene.instance.app.clock.now_ms();
    let config = scene.instance.app.config.clone();
    scene.instance.stop();
    let opened = |clock: &Clock| {
        let surroundings = Surroundings { clock: clock.clone(), ..Surroundings::default() };
        App::open(config.clone(), surroundings).unwrap().close();
    };
    let clock = Clock::manual(now + YEAR);
    opened(&clock);
    assert_eq!((clock.ahead_ms(), clock.take_set_back()), (YEAR, false));
    let clock = Clock::manual(now - YEAR);
    opened(&clock);
    assert_eq!((clock.ahead_ms(), clock.take_set_back()), (0, true));
}
