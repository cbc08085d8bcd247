//! Profiles that somebody opens or follows: recent statuses, pins and numbers are read from
//! their servers.

use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use dassie::db::{self, Lane};
use serde_json::{Value, json};

use crate::support::{Instance, Options, Peer, Person, eventually, texts};

const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";

fn scene() -> (Instance, Person, Peer) {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, ..Options::default() });
    let ann = instance.person("ann");
    (instance, ann, Peer::start(&["mia", "max"]))
}

/// Until what was asked for in the background is done: a look is written when there is time, and
/// slices that follow each other need a clock that goes on.
fn settle(instance: &Instance) {
    instance.app.db.write(Lane::Background, |_| Ok(())).wait().unwrap();
    eventually("the queues are empty", || {
        let (due, next, leaving) = instance
            .app
            .db
            .read(|conn| {
                let next = db::job::next_due(conn, conn.now())?;
                let soon = next.is_some_and(|due| due < conn.now() + 3_000);
                Ok((db::job::list_due(conn, 1, &[], &[])?, soon, db::delivery::count(conn)?))
            })
            .unwrap();
        if due.is_empty() && next {
            instance.advance(200);
        }
        (due.is_empty() && !next && leaving == 0).then_some(())
    });
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// A note of the year 2020, on this day of January.
fn note(peer: &Peer, name: &str, day: u32, more: Value) -> Value {
    let mut create = peer.create(name, day, &format!("<p>day {day}</p>"), more);
    create["object"]["published"] = json!(format!("2020-01-{day:02}T00:00:00Z"));
    create["published"] = create["object"]["published"].clone();
    create
}

fn serve(peer: &Peer, day: u32, create: &Value) -> String {
    let mut note = create["object"].clone();
    note["@context"] = json!(CONTEXT);
    peer.serve(&format!("/notes/{day}"), note);
    peer.at(&format!("/notes/{day}"))
}

#[test]
fn f_250_f_256_a_profile_that_is_opened_is_not_empty() {
    let (instance, ann, peer) = scene();
    let other = Peer::start(&["eve"]);
    let mia = peer.uri("mia");
    let mut actor = peer.document("/users/mia");
    actor["featured"] = json!(format!("{mia}/featured"));
    peer.serve("/users/mia", actor);
    // as an object, as an id, bare, as the id of a Create
    let inside = note(&peer, "mia", 11, json!({}));
    let by_id = note(&peer, "mia", 12, json!({}));
    serve(&peer, 12, &by_id);
    let mut by_id = by_id;
    by_id["object"] = json!(peer.at("/notes/12"));
    let bare = note(&peer, "mia", 13, json!({}))["object"].clone();
    let named = note(&peer, "mia", 14, json!({}));
    serve(&peer, 14, &named);
    peer.serve("/notes/14/activity", named);
    // a boost of somebody else's, which is not believed as it stands here
    let far = note(&other, "eve", 10, json!({}));
    serve(&other, 10, &far);
    let boost = |object: Value, n: u32| {
        json!({
            "id": peer.at(&format!("/boosts/{n}")), "type": "Announce", "actor": mia, "object": object,
            "published": format!("2020-01-{n:02}T00:00:00Z"), "to": ["as:Public"],
        })
    };
    let boosted = boost(
        json!({"id": other.at("/notes/10"), "type": "Note", "content": "a lie",
        "attributedTo": other.uri("eve")}),
        15,
    );
    // what is none of hers, or not for everybody
    let foreign = note(&peer, "max", 16, json!({}));
    let mut elsewhere = note(&other, "eve", 17, json!({}));
    elsewhere["actor"] = json!(mia);
    elsewhere["object"]["attributedTo"] = json!(mia);
    let quiet = note(&peer, "mia", 18, json!({"to": [format!("{mia}/followers")], "cc": []}));
    let secret = note(&peer, "mia", 19, json!({"to": [ann.uri], "cc": []}));
    let items = json!([
        secret, quiet, elsewhere, foreign, boosted, peer.at("/notes/14/activity"), bare, by_id,
        inside, {"type": "Listen", "id": peer.at("/x")}, 5, null, peer.at("/notes/404"),
        other.at("/notes/77"),
    ]);
    peer.serve(
        "/users/mia/outbox",
        json!({
            "@context": CONTEXT, "id": format!("{mia}/outbox"), "type": "OrderedCollection",
            "totalItems": 420, "first": format!("{mia}/outbox?page=1"),
        }),
    );
    // pages of plain files have no context
    peer.serve(
        "/users/mia/outbox?page=1",
        json!({
            "type": "OrderedCollectionPage", "orderedItems": items, "next": other.at("/outbox"),
        }),
    );
    peer.serve(
        "/users/mia/followers",
        json!({"type": "OrderedCollection", "totalItems": 77,
        "id": format!("{mia}/followers")}),
    );
    peer.serve("/users/mia/following", json!({"type": "OrderedCollection", "totalItems": -5}));
    let pinned = note(&peer, "mia", 1, json!({}));
    serve(&peer, 1, &pinned);
    serve(&other, 2, &note(&other, "eve", 2, json!({})));
    peer.serve("/users/mia/featured", json!({
        "id": format!("{mia}/featured"), "type": "OrderedCollection",
        "orderedItems": [bare, peer.at("/notes/1"), other.at("/notes/2"), note(&peer, "max", 3, json!({}))["object"]],
    }));

    let account = id(&ann.finds(&format!("mia@{}", peer.host)));
    let path = format!("/api/v1/accounts/{account}");
    assert!(!peer.asked().iter().any(|asked| asked.contains("outbox")), "a search is no look");
    assert!(instance.get(&path).status < 500);
    ann.get(&path);
    settle(&instance);
    let shown = ann.get(&format!("{path}/statuses"));
    assert_eq!(texts(&shown), ["day 10", "day 14", "day 13", "day 12", "day 11", "day 1"]);
    assert_eq!(shown[0]["reblog"]["account"]["acct"], format!("eve@{}", other.host));
    assert!(shown[0]["created_at"].as_str().unwrap().starts_with("2020-01-15"));
    assert_eq!(texts(&ann.get(&format!("{path}/statuses?pinned=true"))), ["day 13", "day 1"]);
    let profile = ann.get(&path);
    assert_eq!(profile["statuses_count"], 420);
    assert_eq!(profile["followers_count"], 77);
    assert_eq!(profile["following_count"], 0);
    assert!(ann.home().is_empty() && ann.notifications().is_empty(), "a fetch is silent");
    assert!(other.asked().iter().all(|asked| asked != "/outbox" && asked != "/notes/77"));
    // not again the same day
    let asked = peer.asked().len();
    ann.get(&path);
    settle(&instance);
    instance.advance(23 * HOUR);
    ann.get(&format!("{path}/statuses"));
    settle(&instance);
    assert_eq!(peer.asked().len(), asked);
    // the next day the pins are others
    peer.serve(
        "/users/mia/featured",
        json!({"type": "OrderedCollection", "orderedItems": peer.at("/notes/1")}),
    );
    instance.advance(2 * HOUR);
    ann.get(&path);
    settle(&instance);
    assert_eq!(texts(&ann.get(&format!("{path}/statuses?pinned=true"))), ["day 1"]);
    assert_eq!(texts(&ann.get(&format!("{path}/statuses"))).len(), 6);
}

#[test]
fn f_248_an_outbox_without_end_is_read_so_far() {
    let (instance, ann, peer) = scene();
    let page = |n: u32| format!("/users/mia/outbox?page={n}");
    for n in 0..30 {
        let items: Vec<Value> =
            (0..9).map(|i| note(&peer, "mia", 1 + n * 9 + i, json!({}))).collect();
        peer.serve(&page(n), json!({
            "type": "OrderedCollectionPage", "orderedItems": items, "next": peer.at(&page(n + 1)),
        }));
    }
    peer.serve(
        "/users/mia/outbox",
        json!({"type": "OrderedCollection", "first": peer.at(&page(0))}),
    );
    let account = id(&ann.finds(&format!("mia@{}", peer.host)));
    ann.get(&format!("/api/v1/accounts/{account}"));
    settle(&instance);
    let pages = peer.asked().iter().filter(|path| path.contains("outbox?page")).count();
    assert_eq!(pages, 2);
    let shown = ann.get(&format!("/api/v1/accounts/{account}/statuses?limit=40"));
    assert!(shown.as_array().unwrap().len() <= 20);
}

#[test]
fn f_256_what_somebody_wrote_before_the_follow_comes_into_home() {
    let clock = Clock::manual(Clock::system().now_ms());
    let start = || Instance::with(Options { clock: clock.clone(), ..Options::default() });
    let (a, b) = (start(), start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    let eve = a.person("eve");
    eve.writes("before all", "public");
    for text in ["one", "two", "three"] {
        clock.advance(2000);
        bob.writes(text, "public");
    }
    bob.writes("quiet", "private");
    clock.advance(2000);
    ann.writes("between", "public");
    ann.follows(&bob.handle());
    let home = eventually("home is filled", || Some(ann.home()).filter(|home| home.len() >= 4));
    assert_eq!(home, ["between", "three", "two", "one"]);
    assert!(!ann.notifications().iter().any(|(kind, _)| kind == "mention" || kind == "status"));
    // somebody else sees it where strangers see nothing: on the profile only
    assert_eq!(eve.home(), ["before all"]);
}

#[test]
fn f_055_a_profile_is_read_anew_when_it_is_old() {
    let (instance, ann, peer) = scene();
    let account = id(&ann.finds(&format!("mia@{}", peer.host)));
    let path = format!("/api/v1/accounts/{account}");
    ann.get(&path);
    settle(&instance);
    let rename = |name: &str| {
        let mut actor = peer.document("/users/mia");
        actor["name"] = json!(name);
        actor["icon"] = json!({"type": "Image", "url": peer.at(&format!("/{name}.png"))});
        peer.serve("/users/mia", actor);
    };
    let look = || {
        ann.get(&path);
        settle(&instance);
        ann.get(&path)["display_name"].as_str().unwrap().to_owned()
    };
    rename("Second");
    instance.advance(23 * HOUR);
    assert_eq!(look(), "mia");
    instance.advance(2 * HOUR);
    assert_eq!(instance.get(&path).status, 200);
    settle(&instance);
    assert_eq!(ann.get(&path)["display_name"], "mia", "nobody in particular causes nothing");
    settle(&instance);
    assert_eq!(look(), "Second");
    let shown = ann.get(&path);
    let avatar = peer.at("/Second.png");
    let avatar = instance.cached(dassie::model::CacheClass::Avatar, &shown["id"], &avatar);
    assert_eq!(shown["avatar"], avatar);
    // an activity is as good as a look
    rename("Third");
    instance.advance(25 * HOUR);
    let now = instance.app.clock.now_ms();
    let asked = || peer.asked().iter().filter(|path| *path == "/users/mia").count();
    let before = asked();
    for number in 50..53 {
        let create = peer.create("mia", number, "<p>hello</p>", json!({"cc": [ann.uri]}));
        let inbox = format!("{}/inbox", instance.base);
        assert_eq!(peer.send_as("mia", &inbox, &create, now).status, 202);
        settle(&instance);
    }
    assert_eq!(asked() - before, 1, "once, however much comes");
    assert_eq!(ann.get(&path)["display_name"], "Third");
}

#[test]
fn f_250_pins_are_read_before_boosts_use_up_the_budget() {
    let (instance, ann, peer) = scene();
    let names: Vec<String> = (1..=20).map(|n| format!("eve{n}")).collect();
    let other = Peer::start(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mia = peer.uri("mia");
    let mut actor = peer.document("/users/mia");
    actor["featured"] = json!(format!("{mia}/featured"));
    peer.serve("/users/mia", actor);
    serve(&peer, 1, &note(&peer, "mia", 1, json!({})));
    peer.serve(
        "/users/mia/featured",
        json!({"type": "OrderedCollection", "orderedItems": [peer.at("/notes/1")]}),
    );
    // each costs five: the boost, the note, its author, two ways to the author's handle
    let boosts: Vec<String> = (1..=20)
        .map(|n: u32| {
            let name = &names[n as usize - 1];
            serve(&other, n, &note(&other, name, n, json!({})));
            let resource = format!("acct:{name}@{}", other.host).replace(':', "%3A");
            let finger =
                format!("/.well-known/webfinger?resource={}", resource.replace('@', "%40"));
            other.serve(&finger, json!(404));
            let at = format!("/boosts/{n}");
            peer.serve(
                &at,
                json!({
                    "@context": CONTEXT, "id": peer.at(&at), "type": "Announce", "actor": mia,
                    "object": other.at(&format!("/notes/{n}")), "to": ["as:Public"],
                }),
            );
            peer.at(&at)
        })
        .collect();
    peer.serve("/users/mia/outbox", json!({"type": "OrderedCollection", "orderedItems": boosts}));
    let account = id(&ann.finds(&format!("mia@{}", peer.host)));
    let path = format!("/api/v1/accounts/{account}");
    ann.get(&path);
    settle(&instance);
    assert_eq!(texts(&ann.get(&format!("{path}/statuses?pinned=true"))), ["day 1"]);
    assert!(texts(&ann.get(&format!("{path}/statuses"))).len() > 15);
}

#[test]
fn f_256_what_a_stop_cut_off_is_read_again() {
    let (mut instance, ann, peer) = scene();
    let items: Vec<String> =
        (1..=4).map(|day| serve(&peer, day, &note(&peer, "mia", day, json!({})))).collect();
    peer.serve("/users/mia/outbox", json!({"type": "OrderedCollection", "orderedItems": items}));
    peer.hold("/notes/2");
    let account = id(&ann.finds(&format!("mia@{}", peer.host)));
    let path = format!("/api/v1/accounts/{account}");
    ann.get(&path);
    eventually("the second is asked for", || (peer.hanging() > 0).then_some(()));
    instance.stop();
    serve(&peer, 2, &note(&peer, "mia", 2, json!({})));
    instance.start_again();
    settle(&instance);
    let mut shown = texts(&ann.get(&format!("{path}/statuses")));
    shown.sort();
    assert_eq!(shown, ["day 1", "day 2", "day 3", "day 4"]);
}

#[test]
fn f_056_gone_is_gone_and_unknown_is_waited_for() {
    let (instance, ann, peer) = scene();
    let path = |name: &str| {
        format!("/api/v1/accounts/{}", id(&ann.finds(&format!("{name}@{}", peer.host))))
    };
    let (mia, max) = (path("mia"), path("max"));
    // of a stranger nothing is kept for a week
    ann.post(&format!("{max}/note"), json!({"comment": "an old friend"}));
    let status = |path: &str| ann.request("GET", path).send().status;
    let back = peer.document("/users/max");
    let look = |path: &str| {
        instance.advance(25 * HOUR);
        status(path);
        settle(&instance);
        status(path)
    };
    peer.serve("/users/mia", json!(410));
    assert_eq!(look(&mia), 404);
    peer.serve("/users/max", json!(404));
    assert_eq!(look(&max), 200);
    // it came back: that was nothing
    peer.serve("/users/max", back);
    instance.advance(5 * MINUTE);
    assert_eq!(look(&max), 200);
    peer.serve("/users/max", json!(404));
    assert_eq!(look(&max), 200);
    instance.advance(5 * DAY);
    assert_eq!(look(&max), 200);
    instance.advance(DAY);
    assert_eq!(look(&max), 404);
}

#[test]
fn f_058_s_104_what_authors_keep_from_strangers_is_kept() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let first = ann.writes("who is there?", "public");
    let reply = peer.create(
        "mia",
        1,
        "<p>I am</p>",
        json!({
            "inReplyTo": first["uri"], "cc": [ann.uri], "published": "2024-01-01T00:00:00Z",
        }),
    );
    let inbox = format!("{}/inbox", instance.base);
    assert_eq!(peer.send("mia", &inbox, &reply).status, 202);
    settle(&instance);
    let thread = format!("/api/v1/statuses/{}/context", id(&first));
    let replied = id(&ann.get(&thread)["descendants"][0]);
    let seen = || {
        let anonymous = texts(&instance.get(&thread).ok()["descendants"]);
        let one = instance.get(&format!("/api/v1/statuses/{replied}")).status;
        let several = instance.get(&format!("/api/v1/statuses?id[]={replied}")).ok();
        assert_eq!(several, json!([]), "remote ones are never listed for nobody");
        let page = instance.get(&format!("/@ann/{}", id(&first))).text();
        let list =
            instance.activity(&format!("{}/replies?page=true", first["uri"].as_str().unwrap()));
        let list = list.text().contains(&peer.at("/notes/1"));
        assert_eq!(texts(&ann.get(&thread)["descendants"]), ["I am"], "ann signed in");
        let shown = anonymous == ["I am"];
        assert_eq!((one == 200, list), (shown, shown));
        assert!(shown || !page.contains("I am"));
        shown
    };
    assert!(seen());
    let second = 1_704_067_200; // of the post
    for (number, (flags, shown)) in [
        (json!({"_misskey_requireSigninToViewContents": true}), false),
        (json!({}), true),
        (json!({"hidesToPublicFromUnauthedWeb": true}), false),
        (
            json!({"hidesToPublicFromUnauthedWeb": false, "hidesCcPublicFromUnauthedWeb": true}),
            true,
        ),
        (json!({"_misskey_makeNotesHiddenBefore": second + 60}), false),
        (json!({"_misskey_makeNotesHiddenBefore": second - 60}), true),
        (json!({"_misskey_makeNotesFollowersOnlyBefore": -3600}), false),
        (json!({"_misskey_makeNotesFollowersOnlyBefore": -999_999_999}), true),
    ]
    .into_iter()
    .enumerate()
    {
        let mut actor = peer.document("/users/mia");
        actor.as_object_mut().unwrap().extend(flags.as_object().unwrap().clone());
        let update = json!({
            "@context": CONTEXT, "id": peer.at(&format!("/updates/{number}")),
            "type": "Update", "actor": peer.uri("mia"), "object": actor,
        });
        assert_eq!(peer.send("mia", &inbox, &update).status, 202);
        settle(&instance);
        assert_eq!(seen(), shown, "{flags}");
    }
}
