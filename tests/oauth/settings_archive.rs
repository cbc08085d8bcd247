//! Posts in and out as archives, in a browser.

use super::*;
use crate::support::account_archive::{archive, life, note, zipped};
use crate::support::eventually;
use crate::support::picture::{Part, form as multipart};

const PAGE: &str = "/settings/archive";

/// The form on the page that leads there.
fn form_to(browser: &mut Browser, deed: &str) -> Option<Form> {
    let page = browser.get(PAGE).text();
    forms(&page).into_iter().find(|form| form.action.ends_with(deed))
}

/// Sends an archive, as browsers do.
fn send(browser: &mut Browser, data: &[u8], more: &[(&str, &str)]) -> Answer {
    let form = form_to(browser, "/bring_in").expect("the form is there");
    let csrf = form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let mut parts = vec![Part::Text("csrf", &csrf)];
    parts.extend(more.iter().map(|(name, value)| Part::Text(name, value)));
    parts.push(Part::File("file", "mine.zip", data));
    let request = Request::new("POST", browser.address(&form.action)).header("origin", "null");
    browser.send(multipart(request, &parts))
}

/// Files that wait for something.
fn files(instance: &Instance) -> usize {
    std::fs::read_dir(instance.app.media.archives.temporary("")).unwrap().count()
}

/// No file is left.
fn is_empty(instance: &Instance) {
    eventually("no file is left", || (files(instance) == 0).then_some(()));
}

fn until_says(browser: &mut Browser, words: &str) -> String {
    eventually(words, || Some(browser.get(PAGE).text()).filter(|page| page.contains(words)))
}

/// Begins what a page would, with this state.
fn begin_with(scene: &Scene, state: Value) {
    let ann = scene.instance.get("/api/v1/accounts/lookup?acct=ann").ok();
    let ann = ann["id"].as_str().unwrap().to_owned();
    let write = scene.instance.app.db.write(dassie::db::Lane::Interactive, move |tx| {
        dassie::db::meta::set(tx, &format!("archive_in:{ann}"), &state.to_string())?;
        let kind = dassie::model::JobKind::BringIn;
        dassie::db::job::insert(tx, kind, "archive", ann.as_bytes()).map(drop)
    });
    write.wait().unwrap();
}

/// A file that was received.
fn received(scene: &Scene, data: &[u8]) -> String {
    let mut file = scene.instance.app.media.archives.begin().unwrap();
    file.write(data).unwrap();
    file.keep().unwrap()
}

fn profile(scene: &Scene) -> Vec<Value> {
    let ann = scene.instance.get("/api/v1/accounts/lookup?acct=ann").ok();
    let path = format!("/api/v1/accounts/{}/statuses?limit=40", ann["id"].as_str().unwrap());
    scene.instance.get(&path).ok().as_array().unwrap().clone()
}

fn entries(zip: &[u8]) -> usize {
    zip.windows(4).filter(|part| part == b"PK\x01\x02").count()
}

#[test]
fn f_353_posts_come_in_through_a_page_and_go_again() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    assert!(browser.get("/settings").text().contains(PAGE));
    assert!(browser.get(PAGE).text().contains("2 GB at the most"));
    let whole = zipped(&life());
    let answer = send(&mut browser, &whole, &[("visibility", ""), ("direct", "")]);
    assert_eq!((answer.status, answer.header("location")), (303, Some(PAGE)));
    let page = until_says(&mut browser, "Brought in on");
    assert!(page.contains("Posts taken: 7, here before: 0, files: 1"), "{page}");
    for why in [
        "posts of somebody else",
        "messages to single people<",
        "boosts of posts that this server does not know",
        "media_attachments/files/1/original/gone.png",
    ] {
        assert!(page.contains(why), "{why}: {page}");
    }
    is_empty(&scene.instance);
    assert_eq!(profile(&scene).len(), 6, "one is for followers");

    // again, messages with it; nothing comes twice, and nothing is shown to more people
    let answer = send(&mut browser, &whole, &[("visibility", "direct"), ("direct", "true")]);
    assert_eq!(answer.status, 303);
    until_says(&mut browser, "Posts taken: 1, here before: 7, files: 0");
    assert_eq!(profile(&scene).len(), 6);

    // all of it goes, for whoever has the password
    let mut form = eventually("it is done", || form_to(&mut browser, "/remove"));
    form.set("password", "not this one");
    let refused = browser.submit(&form, None);
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("not your password"));
    form.set("password", PASSWORD);
    assert_eq!(browser.submit(&form, None).status, 303);
    eventually("all is gone", || form_to(&mut browser, "/remove").is_none().then_some(()));
    scene.instance.settle();
    assert!(profile(&scene).is_empty());
}

#[test]
fn s_069_s_113_what_is_no_archive_leaves_nothing_behind() {
    let mut scene = Scene::new();
    scene.instance.start_with(|config| {
        config.media.max_archive_size = dassie::config::Size(100_000);
    });
    let mut browser = scene.signed_in();
    assert!(browser.get(PAGE).text().contains("100 kB at the most"));
    let large = vec![b'x'; 200_000];
    for (data, status, words) in [
        (&b"nothing of the kind"[..], 422, "That is no archive"),
        (b"", 422, "That is no archive"),
        (b"PK\x03\x04 and no more", 422, "That is no archive"),
        (&archive(&[], &[]).replace(b"outbox", b"inbox1"), 422, "That is no archive"),
        (&large, 413, "larger than 100 kB"),
        (&large[..100_001], 413, "larger than 100 kB"),
    ] {
        let answer = send(&mut browser, data, &[]);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(words), "{}", answer.text());
        is_empty(&scene.instance);
    }
    // a form of elsewhere, and one whose token comes behind the file
    let address = browser.address("/settings/archive/bring_in");
    let fields = form_to(&mut browser, "/bring_in").unwrap().fields;
    let csrf = fields.into_iter().find(|(name, _)| name == "csrf").unwrap().1;
    let whole = zipped(&life());
    let file = || Part::File("file", "mine.zip", &whole);
    for parts in [
        vec![file()],
        vec![Part::Text("csrf", "x"), file()],
        vec![file(), Part::Text("csrf", &csrf)],
    ] {
        let answer = browser.send(multipart(Request::new("POST", &address), &parts));
        assert_eq!(answer.status, 403, "{}", answer.text());
    }
    let parts = [Part::Text("csrf", &csrf), file(), file()];
    assert_eq!(browser.send(multipart(Request::new("POST", &address), &parts)).status, 422);
    let plain = Request::new("POST", &address).form(&[("csrf", csrf.as_str())]);
    assert_eq!(browser.send(plain).status, 400);
    let stranger =
        Browser::new(&scene.instance).send(multipart(Request::new("POST", &address), &[file()]));
    assert_eq!(stranger.status, 303);
    is_empty(&scene.instance);
    // what can only be seen when it is read
    assert_eq!(send(&mut browser, b"[{\"type\": ", &[]).status, 303);
    until_says(&mut browser, "It ended too early: the file of the posts");
    assert_eq!(send(&mut browser, b"\x1f\x8b no tar", &[]).status, 303);
    let page = until_says(&mut browser, "It ended too early: the file cannot be read");
    assert!(!page.contains("/tmp/"), "no path of this machine: {page}");
    is_empty(&scene.instance);
}

#[test]
fn f_353_an_import_goes_on_after_a_restart() {
    let mut scene = Scene::new();
    let mut browser = scene.signed_in();
    let items: Vec<Value> =
        (1..=400).map(|n| note(n, &format!("<p>post {n}</p>"), json!({}))).collect();
    assert_eq!(send(&mut browser, &archive(&items, &[]), &[]).status, 303);
    scene.instance.stop();
    scene.instance.start_again();
    let page = until_says(&mut browser, "Brought in on");
    let told = |word: &str| -> usize {
        let (_, rest) = page.split_once(word).unwrap();
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    assert_eq!(told("Posts taken: ") + told("here before: "), 400, "{page}");
    let count = scene.instance.get("/api/v1/accounts/lookup?acct=ann").ok();
    assert_eq!(count["statuses_count"], 400);
    is_empty(&scene.instance);
}

#[test]
fn f_353_what_was_looked_at_before_a_restart_is_not_counted_twice() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let items: Vec<Value> = (1..=5).map(|n| note(n, "<p>post</p>", json!({}))).collect();
    let key = received(&scene, &archive(&items, &[]));
    begin_with(
        &scene,
        json!({"key": key, "total": 5, "seen": 3,
            "report": {"taken": 2, "left": {"posts without a date": 1}}}),
    );
    let page = until_says(&mut browser, "Brought in on");
    assert!(page.contains("Posts taken: 4, here before: 0"), "{page}");
    assert!(page.contains("posts without a date"), "{page}");
    assert_eq!(profile(&scene).len(), 2);
    is_empty(&scene.instance);
}

/// How the archive stands that was sent last.
fn state(scene: &Scene) -> Value {
    let known =
        scene.instance.app.db.read(|conn| dassie::db::meta::list_under(conn, "archive_in:"));
    serde_json::from_str(&known.unwrap()[0].1).unwrap()
}

#[test]
fn f_353_an_import_can_be_stopped_and_what_came_in_stays() {
    let mut scene = Scene::new();
    let mut browser = scene.signed_in();
    assert!(form_to(&mut browser, "/stop").is_none());
    let items: Vec<Value> =
        (1..=1200).map(|n| note(n, &format!("<p>post {n}</p>"), json!({}))).collect();
    let whole = archive(&items, &[]);
    assert_eq!(send(&mut browser, &whole, &[]).status, 303);
    eventually("some came in", || (state(&scene)["seen"].as_u64() > Some(0)).then_some(()));
    let stop = form_to(&mut browser, "/stop").unwrap();
    let (mut forged, mut other) = (stop.clone(), stop.clone());
    forged.set("csrf", "x");
    assert_eq!(browser.submit(&forged, None).status, 403);
    // a page of an archive before this one
    other.set("begun_at", "1");
    assert_eq!(browser.submit(&other, None).status, 303);
    assert!(form_to(&mut browser, "/bring_in").is_none());
    assert_eq!(browser.submit(&stop, None).status, 303);
    assert!(browser.get(PAGE).text().contains("You stopped it"));
    is_empty(&scene.instance);
    scene.instance.settle();
    scene.instance.stop();
    scene.instance.start_again();
    scene.instance.settle();
    let count = || -> u64 {
        let ann = scene.instance.get("/api/v1/accounts/lookup?acct=ann").ok();
        ann["statuses_count"].as_u64().unwrap()
    };
    let came = count();
    assert!((1..1200).contains(&came), "{came}");
    assert_eq!(state(&scene)["report"]["taken"], came, "what came in meanwhile is counted");
    // the rest of it comes another time, or what came goes again
    assert_eq!(send(&mut browser, &whole, &[]).status, 303);
    until_says(&mut browser, &format!("taken: {}, here before: {came},", 1200 - came));
    // pressed again on the page of before
    assert_eq!(browser.submit(&stop, None).status, 303);
    let page = until_says(&mut browser, "Brought in on");
    assert!(!page.contains("You stopped it") && page.contains("Posts taken"), "{page}");
    assert_eq!(count(), 1200);
}

#[test]
fn f_353_an_import_that_waits_for_its_turn_can_be_stopped() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let items = [note(1, "<p>post</p>", json!({}))];
    // nothing would ever do it; the clock was wrong when it was begun
    const LATER: i64 = 9_000_000_000_000;
    let key = received(&scene, &archive(&items, &[]));
    let of = json!({"key": key, "begun_at": LATER}).to_string();
    let ann = scene.instance.get("/api/v1/accounts/lookup?acct=ann").ok();
    let ann = ann["id"].as_str().unwrap().to_owned();
    let name = format!("archive_in:{ann}");
    let write = scene
        .instance
        .app
        .db
        .write(dassie::db::Lane::Interactive, move |tx| dassie::db::meta::set(tx, &name, &of));
    write.wait().unwrap();
    let stop = form_to(&mut browser, "/stop").unwrap();
    assert_eq!(browser.submit(&stop, None).status, 303);
    is_empty(&scene.instance);
    let ended = state(&scene);
    assert_eq!((&ended["cancelled"], &ended["key"]), (&json!(true), &json!("")));
    // a job that comes to it now has nothing to do
    begin_with(&scene, ended);
    scene.instance.settle();
    eventually("the job is gone", || {
        let left =
            scene.instance.app.db.read(|conn| dassie::db::job::count_lane(conn, "archive", 9));
        (left.unwrap() == 0).then_some(())
    });
    assert!(profile(&scene).is_empty());
    assert!(browser.get(PAGE).text().contains("You stopped it"));
    // and the next one is another one
    assert_eq!(send(&mut browser, &archive(&items, &[]), &[]).status, 303);
    until_says(&mut browser, "Posts taken: 1");
    assert_eq!(state(&scene)["begun_at"], LATER + 1);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "it panics where numbers are looked after")]
fn s_136_an_import_that_makes_the_program_panic_ends_and_another_can_be_begun() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let items = [note(1, "<p>post</p>", json!({}))];
    let key = received(&scene, &archive(&items, &[]));
    // one more than the greatest number
    begin_with(
        &scene,
        json!({"key": key, "total": 1, "report": {"taken": usize::MAX, "known": usize::MAX}}),
    );
    for minutes in [1, 5] {
        scene.instance.settle();
        assert!(browser.get(PAGE).text().contains("Under way: 0 of 1"));
        assert!(form_to(&mut browser, "/bring_in").is_none());
        scene.instance.advance(minutes * MINUTE);
    }
    until_says(&mut browser, "It ended too early: Something went wrong");
    is_empty(&scene.instance);
    scene.instance.settle();
    let left = scene.instance.app.db.read(|conn| dassie::db::job::count_lane(conn, "archive", 9));
    assert_eq!(left.unwrap(), 0);
    assert_eq!(send(&mut browser, &archive(&items, &[]), &[]).status, 303);
    until_says(&mut browser, "Posts taken: 0, here before: 1");
}

#[test]
fn f_353_one_archive_of_an_account_comes_after_the_other() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let form = form_to(&mut browser, "/bring_in").unwrap();
    let ann = scene.instance.get("/api/v1/accounts/lookup?acct=ann").ok();
    let ann: i64 = ann["id"].as_str().unwrap().parse().unwrap();
    let (key, waits) = ("0".repeat(32), "archive_in:");
    let state = format!("{{\"key\":\"{key}\",\"total\":7,\"seen\":3}}");
    let name = format!("{waits}{ann}");
    let write =
        scene.instance.app.db.write(dassie::db::Lane::Interactive, move |tx| {
            dassie::db::meta::set(tx, &name, &state)
        });
    write.wait().unwrap();
    let page = browser.get(PAGE).text();
    assert!(page.contains("Under way: 3 of 7 entries"), "{page}");
    assert!(forms(&page).iter().all(|form| !form.action.ends_with("/bring_in")));
    let csrf = form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let whole = zipped(&life());
    let parts = [Part::Text("csrf", &csrf), Part::File("file", "mine.zip", &whole)];
    let address = browser.address(&form.action);
    let answer = browser.send(multipart(Request::new("POST", address), &parts));
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("Another archive is being brought in"));
    is_empty(&scene.instance);
}

#[test]
fn f_353_an_account_goes_out_as_an_archive_for_its_owner_alone() {
    let scene = Scene::new();
    create(&scene.instance, "bob");
    let mut browser = scene.signed_in();
    assert_eq!(send(&mut browser, &zipped(&life()), &[]).status, 303);
    until_says(&mut browser, "Brought in on");
    assert_eq!(browser.get("/settings/archive/download").status, 404);
    let make = form_to(&mut browser, "/make").unwrap();
    assert_eq!(browser.submit(&make, None).status, 303);
    let page = until_says(&mut browser, "/settings/archive/download");
    assert!(page.contains(": 7 posts, "), "{page}");
    let out = browser.get("/settings/archive/download");
    assert_eq!(out.header("content-type"), Some("application/zip"));
    let named = out.header("content-disposition").unwrap();
    assert!(named.starts_with("attachment; filename=\"ann-20") && named.ends_with(".zip\""));
    assert_eq!(out.header("cache-control"), Some("no-store"));
    // actor, two lists of marks, posts, a picture
    assert_eq!(entries(&out.body), 5);
    // it comes in again elsewhere, or here
    let mut other = Browser::new(&scene.instance);
    let sign_in = other.open("/auth/sign_in");
    assert_eq!(other.sign_in(&sign_in, "bob", PASSWORD).status, 303);
    assert_eq!(other.get("/settings/archive/download").status, 404);
    assert_eq!(Browser::new(&scene.instance).get("/settings/archive/download").status, 303);
    assert_eq!(send(&mut other, &out.body, &[]).status, 303);
    until_says(&mut other, "Posts taken: 7");

    // once a day, and for a week
    assert!(form_to(&mut browser, "/make").is_none());
    assert_eq!(browser.submit(&make, None).status, 422);
    assert_eq!(files(&scene.instance), 1);
    scene.instance.advance(DAY);
    assert_eq!(browser.submit(&make, None).status, 303);
    until_says(&mut browser, "Here until");
    eventually("only the new one is there", || (files(&scene.instance) == 1).then_some(()));
    for _ in 0..7 {
        scene.instance.advance(DAY);
        scene.instance.settle();
    }
    assert_eq!(browser.get("/settings/archive/download").status, 200);
    scene.instance.advance(2 * MINUTE);
    scene.instance.advance(60 * MINUTE);
    eventually("it is gone", || (files(&scene.instance) == 0).then_some(()));
    assert_eq!(browser.get("/settings/archive/download").status, 404);
    assert!(browser.get(PAGE).text().contains("not here any more"));
}

#[test]
fn s_113_copies_make_room_when_the_disk_is_full() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let make = form_to(&mut browser, "/make").unwrap();
    assert_eq!(browser.submit(&make, None).status, 303);
    until_says(&mut browser, "Here until");
    assert_eq!(files(&scene.instance), 1);
    scene.instance.app.media.room.pretend(1000);
    scene.instance.advance(2 * MINUTE);
    eventually("it went", || (files(&scene.instance) == 0).then_some(()));
    until_says(&mut browser, "not here any more");
}

#[test]
fn a_deleted_accounts_archives_are_forgotten() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let make = form_to(&mut browser, "/make").unwrap();
    assert_eq!(browser.submit(&make, None).status, 303);
    until_says(&mut browser, "Here until");
    let gone = Command::AccountDelete { account: "ann".into() };
    control::execute(&scene.instance.app, gone).unwrap();
    scene.instance.advance(61 * MINUTE);
    eventually("nothing is known of it", || {
        let known =
            scene.instance.app.db.read(|conn| dassie::db::meta::list_under(conn, "archive_out:"));
        known.unwrap().is_empty().then_some(())
    });
}

/// What stands for other bytes of the same number.
trait Replace {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl Replace for Vec<u8> {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut all = self.clone();
        for at in 0..all.len().saturating_sub(from.len()) {
            if all[at..].starts_with(from) {
                all[at..at + to.len()].copy_from_slice(to);
            }
        }
        all
    }
}
