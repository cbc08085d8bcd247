//! Who sees what: the SQL predicate and its twin agree on any world, and over HTTP nothing shows
//! to anybody who may not see it.

use std::collections::BTreeSet;

use dassie::clock::Clock;
use dassie::db::{self, Conn, Db, search::Statuses, status::OfAccount};
use dassie::error::Result;
use dassie::model::{Page, Status, Visibility};
use dassie::service::visibility::{can_see, is_hidden_from, lists, wants};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::api::id;
use crate::support::{Instance, Person, Request, Socket, TempDir};

// ---- the predicate and its twin --------------------------------------------------------------

const ACCOUNTS: usize = 6;
const LOCAL: usize = 3;
const FIRST: i64 = 10;

#[derive(Clone, Debug)]
struct World {
    suspended: [bool; ACCOUNTS],
    silenced: [bool; ACCOUNTS],
    /// `(who, whom, accepted)`.
    follows: Vec<(usize, usize, bool)>,
    blocks: Vec<(usize, usize)>,
    /// `(who, whom, notifications too, over)`.
    mutes: Vec<(usize, usize, bool, bool)>,
    hidden: Vec<(usize, bool)>,
    /// What authors keep from those who did not sign in.
    private: [Option<Kept>; ACCOUNTS],
    statuses: Vec<Written>,
}

/// Everything, public, unlisted, before a time, older than a time.
type Kept = (bool, bool, bool, Option<i64>, Option<i64>);

fn kept() -> impl Strategy<Value = Option<Kept>> {
    // everything was written at 0
    let before = prop::option::weighted(0.3, 0_i64..2);
    let older = prop::option::weighted(0.3, prop::sample::select(vec![1, i64::MAX / 4]));
    let flags = (prop::bool::weighted(0.2), any::<bool>(), any::<bool>());
    let kept = (flags, before, older).prop_map(|((a, b, c), d, e)| (a, b, c, d, e));
    prop::option::weighted(0.4, kept)
}

#[derive(Clone, Debug)]
struct Written {
    author: usize,
    visibility: i64,
    mentions: Vec<usize>,
    /// Places before it: what it answers, what it boosts.
    parent: Option<usize>,
    boosts: Option<usize>,
    /// Waits for consent (1), or was refused it (2).
    held: i64,
}

fn world() -> impl Strategy<Value = World> {
    let pair = || (0..ACCOUNTS, 0..ACCOUNTS);
    let status = (
        0..ACCOUNTS,
        0_i64..4,
        prop::collection::vec(0..ACCOUNTS, 0..3),
        prop::option::of(0_usize..8),
        prop::option::weighted(0.4, 0_usize..8),
        prop_oneof![4 => Just(0_i64), 2 => Just(1), 1 => Just(2)],
    )
        .prop_map(|(author, visibility, mentions, parent, boosts, held)| Written {
            held,
            author,
            visibility,
            mentions,
            parent,
            boosts,
        });
    (
        prop::array::uniform6(prop::bool::weighted(0.1)),
        prop::array::uniform6(prop::bool::weighted(0.2)),
        prop::collection::vec((0..ACCOUNTS, 0..ACCOUNTS, prop::bool::weighted(0.8)), 0..10),
        prop::collection::vec(pair(), 0..4),
        prop::collection::vec((0..ACCOUNTS, 0..ACCOUNTS, any::<bool>(), any::<bool>()), 0..4),
        prop::collection::vec((0..LOCAL, any::<bool>()), 0..3),
        prop::array::uniform6(kept()),
        prop::collection::vec(status, 1..9),
    )
        .prop_map(
            |(suspended, silenced, follows, blocks, mutes, hidden, private, statuses)| World {
                suspended,
                silenced,
                follows,
                blocks,
                mutes,
                hidden,
                private,
                statuses,
            },
        )
}

fn account(index: usize) -> i64 {
    FIRST + index as i64
}

fn status_id(index: usize) -> i64 {
    1_000 + index as i64
}

/// Makes the database hold this world and nothing else.
fn build(sql: &rusqlite::Connection, world: &World, now: i64) {
    sql.execute_batch(
        "BEGIN IMMEDIATE; DELETE FROM status; DELETE FROM account WHERE id > 1; DELETE FROM tag;
         INSERT INTO tag VALUES (1, 'tag');",
    )
    .unwrap();
    for index in 0..ACCOUNTS {
        let domain =
            (index >= LOCAL).then_some(if index % 2 == 0 { "a.example" } else { "b.example" });
        sql.execute(
            "INSERT INTO account (id, username, domain, uri, created_at, suspended_at, silenced_at)
             VALUES (?, ?, ?, ?, 0, ?, ?)",
            rusqlite::params![
                account(index),
                format!("p{index}"),
                domain,
                format!("https://x.example/p{index}"),
                world.suspended[index].then_some(1_i64),
                world.silenced[index].then_some(1_i64),
            ],
        )
        .unwrap();
    }
    let run = |statement: &str, values: &[&dyn rusqlite::ToSql]| {
        sql.prepare_cached(statement).unwrap().execute(values).unwrap();
    };
    for (index, kept) in world.private.iter().enumerate() {
        if let Some((everything, public, unlisted, before, older)) = kept {
            run(
                "INSERT INTO privacy VALUES (?, ?, ?, ?, ?, ?)",
                &[&account(index), everything, public, unlisted, before, older],
            );
        }
    }
    for (who, whom, accepted) in &world.follows {
        run(
            "INSERT OR IGNORE INTO follow (account_id, target_id, accepted, uri, created_at) VALUES (?, ?, ?, 'u', 0)",
            &[&account(*who), &account(*whom), accepted],
        );
    }
    for (who, whom) in &world.blocks {
        run(
            "INSERT OR IGNORE INTO block (account_id, target_id, created_at) VALUES (?, ?, 0)",
            &[&account(*who), &account(*whom)],
        );
    }
    for (who, whom, notifications, over) in &world.mutes {
        let until = over.then_some(now - 1);
        run(
            "INSERT OR IGNORE INTO mute (account_id, target_id, hide_notifications, expires_at, created_at)
             VALUES (?, ?, ?, ?, 0)",
            &[&account(*who), &account(*whom), notifications, &until],
        );
    }
    for (who, which) in &world.hidden {
        let domain = if *which { "a.example" } else { "b.example" };
        run(
            "INSERT OR IGNORE INTO account_domain_block (account_id, domain, created_at) VALUES (?, ?, 0)",
            &[&account(*who), &domain],
        );
    }
    for (index, written) in world.statuses.iter().enumerate() {
        let earlier = |place: Option<usize>| {
            let place = place.filter(|place| *place < index)?;
            // nobody boosts a boost, or answers one
            world.statuses[place].boosts.filter(|of| *of < place).is_none().then_some(place)
        };
        let boosts = earlier(written.boosts);
        let parent = if boosts.is_none() { earlier(written.parent) } else { None };
        let reply_to_other =
            parent.is_some_and(|place| world.statuses[place].author != written.author);
        run(
            "INSERT OR IGNORE INTO status (id, uri, account_id, local, created_at, visibility, in_reply_to_id,
               reply_to_other, reblog_of_id, thread_id, content, held, in_reply_to_account_id)
             VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, 1, 'x', ?, ?)",
            &[
                &status_id(index), &format!("https://x.example/s{index}"), &account(written.author),
                &(written.author < LOCAL), &written.visibility, &parent.map(status_id), &reply_to_other,
                &boosts.map(status_id), &written.held,
                &parent.map(|place| account(world.statuses[place].author)),
            ],
        );
        for mentioned in &written.mentions {
            // one person boosts a status once: the second was not stored
            run(
                "INSERT OR IGNORE INTO mention SELECT id, ?, 0 FROM status WHERE id = ?",
                &[&account(*mentioned), &status_id(index)],
            );
        }
        run(
            "INSERT OR IGNORE INTO status_tag SELECT 1, id FROM status WHERE id = ?",
            &[&status_id(index)],
        );
        run(
            "INSERT INTO status_search (rowid, words) SELECT id, 'word' FROM status WHERE id = ?",
            &[&status_id(index)],
        );
        for reader in 0..LOCAL {
            run(
                "INSERT OR IGNORE INTO timeline_entry SELECT ?, id, account_id, reblog_of_id FROM status WHERE id = ?",
                &[&account(reader), &status_id(index)],
            );
            run(
                "INSERT OR IGNORE INTO notification (account_id, kind, from_account_id, status_id, created_at)
                 SELECT ?, 0, account_id, id, 0 FROM status WHERE id = ?",
                &[&account(reader), &status_id(index)],
            );
        }
    }
    sql.execute_batch("COMMIT").unwrap();
}

fn found(statuses: Vec<Status>) -> BTreeSet<i64> {
    statuses.into_iter().map(|status| status.id).collect()
}

/// Compares every list query with what the twin says about each status.
fn compare(conn: &Conn, world: &World) -> Result<()> {
    let page = Page::newest(100);
    let all: Vec<Status> = {
        let ids: Vec<i64> = (0..world.statuses.len()).map(status_id).collect();
        db::status::list(conn, &ids)?
    };
    let boosted = |status: &Status| -> Result<Option<Status>> {
        status.reblog_of_id.map(|of| db::status::get(conn, of)).transpose()
    };
    for viewer in std::iter::once(0).chain((0..ACCOUNTS).map(account)) {
        let expect = |what: &dyn Fn(&Status) -> Result<bool>| -> Result<BTreeSet<i64>> {
            let mut ids = BTreeSet::new();
            for status in &all {
                if what(status)? {
                    ids.insert(status.id);
                }
            }
            Ok(ids)
        };
        let listed = expect(&|status| lists(conn, viewer, status))?;
        // what one sees is a part of what one may see
        assert!(listed.is_subset(&expect(&|status| can_see(conn, viewer, status))?));
        if (account(0)..account(LOCAL)).contains(&viewer) {
            let home: BTreeSet<i64> =
                db::timeline::list(conn, viewer, viewer, &page)?.into_iter().collect();
            assert_eq!(home, listed, "home of {viewer}");
            let authors: Vec<i64> = (0..ACCOUNTS).map(account).collect();
            let older: BTreeSet<i64> =
                db::timeline::list_older(conn, viewer, None, &authors, (0, i64::MAX), false, 100)?
                    .into_iter()
                    .collect();
            assert!(older.is_subset(&listed), "home behind the kept entries of {viewer}");
            let told: BTreeSet<i64> =
                db::notification::list(conn, viewer, &Default::default(), &page)?
                    .into_iter()
                    .filter_map(|one| one.status_id)
                    .collect();
            let readable = expect(&|status| can_see(conn, viewer, status))?;
            assert!(told.is_subset(&readable), "notifications of {viewer}");
            for id in &listed {
                assert!(told.contains(id), "{viewer} wants to hear of {id}");
            }
        }
        let public = |status: &Status| {
            status.visibility == Visibility::Public && status.reblog_of_id.is_none()
        };
        for (origin, local) in [
            (db::status::Origin::All, None),
            (db::status::Origin::Local, Some(true)),
            (db::status::Origin::Remote, Some(false)),
        ] {
            let expected = expect(&|status| {
                Ok(public(status)
                    && !status.reply_to_other
                    && local.is_none_or(|local| local == status.local)
                    && lists(conn, viewer, status)?
                    && !is_hidden_from(conn, viewer, status.account_id)?)
            })?;
            let got = db::status::list_public(conn, viewer, origin, false, &page)?;
            assert_eq!(found(got), expected, "{origin:?} of {viewer}");
        }
        let wanted = |status: &Status| -> Result<bool> {
            Ok(can_see(conn, viewer, status)?
                && wants(conn, viewer, status.account_id)?
                && !is_hidden_from(conn, viewer, status.account_id)?)
        };
        let tag = db::tagged::Tagged { tag: 1, ..Default::default() };
        let tagged = db::tagged::list(conn, viewer, &tag, &page)?;
        let expected =
            expect(&|status| Ok(status.visibility == Visibility::Public && wanted(status)?))?;
        assert_eq!(found(tagged), expected, "tag of {viewer}");
        let search = |what: Statuses| -> Result<BTreeSet<i64>> {
            let found = db::search::find_statuses(conn, viewer, &what, &page, 0)?;
            Ok(found.into_iter().collect())
        };
        // boosts have no words
        let readable = expect(&|status| Ok(status.reblog_of_id.is_none() && wanted(status)?))?;
        let words = Some("word".to_owned());
        assert_eq!(
            search(Statuses { words, ..Statuses::default() })?,
            readable,
            "search of {viewer}"
        );
        for author in (0..ACCOUNTS).map(account) {
            let found = search(Statuses { from: vec![author], ..Statuses::default() })?;
            let expected =
                expect(&|status| Ok(status.account_id == author && readable.contains(&status.id)))?;
            assert_eq!(found, expected, "search of {viewer} for {author}");
        }
        let everything = search(Statuses { media: Some(false), ..Statuses::default() })?;
        assert!(everything.is_subset(&readable), "search of {viewer} without words");
        for author in (0..ACCOUNTS).map(account) {
            let what = OfAccount { account_id: author, ..OfAccount::default() };
            let expected = expect(&|status| {
                let shown = match boosted(status)? {
                    Some(of) => can_see(conn, viewer, &of)? && wants(conn, viewer, of.account_id)?,
                    None => true,
                };
                Ok(status.account_id == author && shown && can_see(conn, viewer, status)?)
            })?;
            let got = db::status::list_of_account(conn, viewer, what, &page)?;
            assert_eq!(found(got), expected, "statuses of {author} for {viewer}");
        }
        for status in &all {
            let above = found(db::status::list_ancestors(conn, viewer, status.id, 100)?);
            let below = found(db::status::list_descendants(conn, viewer, status.id, 100)?);
            assert!(above.is_subset(&expect(&wanted)?));
            assert!(below.is_subset(&expect(&wanted)?));
            if let Some(parent) = status.in_reply_to_id {
                let parent = db::status::get(conn, parent)?;
                assert_eq!(above.contains(&parent.id), wanted(&parent)?);
                let answers = found(db::status::list_descendants(conn, viewer, parent.id, 100)?);
                assert_eq!(answers.contains(&status.id), wanted(status)?);
            }
            let expected = expect(&|boost| {
                Ok(boost.reblog_of_id == Some(status.id)
                    && can_see(conn, viewer, boost)?
                    && wants(conn, viewer, boost.account_id)?)
            })?;
            let got: BTreeSet<i64> = db::status::list_boosters(conn, viewer, status.id, &page)?
                .into_iter()
                .map(|(boost, _)| boost)
                .collect();
            assert_eq!(got, expected, "boosters of {} for {viewer}", status.id);
        }
    }
    Ok(())
}

#[test]
fn s_087_the_sql_predicate_and_its_twin_agree_on_any_world() {
    let folder = TempDir::new();
    let clock = Clock::system();
    let store = Db::open(folder.path(), clock.clone(), Box::new(|_| {})).unwrap();
    let sql = rusqlite::Connection::open(folder.path().join("dassie.db")).unwrap();
    sql.execute_batch("PRAGMA synchronous=OFF").unwrap();
    let config =
        ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&world(), |world| {
            build(&sql, &world, clock.now_ms());
            store.read(|conn| compare(conn, &world)).unwrap();
            Ok(())
        })
        .unwrap();
    store.close();
}

// ---- over HTTP -------------------------------------------------------------------------------

const VISIBILITIES: [&str; 4] = ["public", "unlisted", "private", "direct"];

/// Ann writes in all visibilities, naming Mel and Bea, in answer to herself.
struct Scene {
    instance: Instance,
    ann: Person,
    /// Knows nobody.
    sam: Person,
    /// Follows Ann.
    fay: Person,
    /// Is named.
    mel: Person,
    /// Is named, followed Ann, and is blocked by her.
    bea: Person,
    root: String,
    statuses: Vec<String>,
    /// Mel's public answers to them.
    answers: Vec<String>,
}

/// The word that stands in one status alone.
fn word(visibility: &str) -> String {
    format!("xq{visibility}qx")
}

impl Scene {
    fn new() -> Self {
        let instance = Instance::start();
        let [ann, sam, fay, mel, bea] =
            ["ann", "sam", "fay", "mel", "bea"].map(|n| instance.person(n));
        for follower in [&fay, &bea] {
            follower.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
        }
        bea.post(&format!("/api/v1/accounts/{}/follow", mel.id), json!({}));
        let root = id(&ann.writes("the root", "public"));
        let mut statuses = Vec::new();
        let mut answers = Vec::new();
        for visibility in VISIBILITIES {
            let text = format!("{} @mel @bea #tag", word(visibility));
            let status = ann.post(
                "/api/v1/statuses",
                json!({"status": text, "visibility": visibility, "in_reply_to_id": root}),
            );
            statuses.push(id(&status));
            let answer = mel.post(
                "/api/v1/statuses",
                json!({"status": "an answer", "visibility": "public", "in_reply_to_id": id(&status)}),
            );
            answers.push(id(&answer));
        }
        mel.post(&format!("/api/v1/statuses/{}/reblog", statuses[0]), json!({}));
        mel.post(&format!("/api/v1/statuses/{}/reblog", statuses[1]), json!({}));
        ann.post(&format!("/api/v1/accounts/{}/block", bea.id), json!({}));
        Self { instance, ann, sam, fay, mel, bea, root, statuses, answers }
    }

    fn viewers(&self) -> [(&'static str, Option<&Person>); 6] {
        [
            ("anonymous", None),
            ("stranger", Some(&self.sam)),
            ("follower", Some(&self.fay)),
            ("mentioned", Some(&self.mel)),
            ("blocked", Some(&self.bea)),
            ("author", Some(&self.ann)),
        ]
    }

    fn ask(&self, viewer: Option<&Person>, path: &str) -> (u16, String) {
        let answer = match viewer {
            Some(person) => person.request("GET", path).send(),
            None => self.instance.get(path),
        };
        assert!(answer.status < 500, "{path}: {}", answer.text());
        (answer.status, answer.text())
    }

    /// The visibilities of the statuses whose words stand in an answer.
    fn seen(&self, viewer: Option<&Person>, path: &str) -> Vec<&'static str> {
        let (_, text) = self.ask(viewer, path);
        VISIBILITIES.into_iter().filter(|visibility| text.contains(&word(visibility))).collect()
    }
}

/// What one may read at all.
fn may(viewer: &str) -> &'static [&'static str] {
    match viewer {
        "anonymous" | "stranger" => &VISIBILITIES[..2],
        "follower" => &VISIBILITIES[..3],
        "mentioned" | "author" => &VISIBILITIES,
        "blocked" => &[],
        _ => panic!("{viewer}"),
    }
}

#[test]
fn s_087_s_088_s_091_each_status_shows_to_those_who_may_read_it_and_to_nobody_else() {
    let scene = Scene::new();
    for (name, viewer) in scene.viewers() {
        for (visibility, (status, answer)) in
            VISIBILITIES.iter().zip(scene.statuses.iter().zip(&scene.answers))
        {
            let allowed = may(name).contains(visibility);
            let one: &[&str] = if allowed { std::slice::from_ref(visibility) } else { &[] };
            let at = format!("{visibility} for {name}");
            assert_eq!(scene.seen(viewer, &format!("/api/v1/statuses/{status}")), one, "{at}");
            for suffix in ["", "/context", "/favourited_by", "/reblogged_by"] {
                let (code, text) = scene.ask(viewer, &format!("/api/v1/statuses/{status}{suffix}"));
                assert_eq!(code, if allowed { 200 } else { 404 }, "{suffix} of {at}: {text}");
            }
            // from below: what stands above an answer
            let context = format!("/api/v1/statuses/{answer}/context");
            assert_eq!(scene.seen(viewer, &context), one, "above: {at}");
            // what one cannot read one cannot act on
            if let Some(person) = viewer
                && !allowed
            {
                for deed in ["favourite", "reblog", "unfavourite", "unreblog"] {
                    let path = format!("/api/v1/statuses/{status}/{deed}");
                    assert_eq!(person.request("POST", &path).send().status, 404, "{deed} {at}");
                }
                let reply = json!({"status": "x", "in_reply_to_id": status});
                let answer = person.request("POST", "/api/v1/statuses").json(&reply).send();
                assert_eq!(answer.status, 404, "reply {at}");
            }
        }
        let root = format!("/api/v1/statuses/{}/context", scene.root);
        let below = if name == "blocked" { &[] } else { may(name) };
        assert_eq!(scene.seen(viewer, &root), below, "below, for {name}");
        let profile = format!("/api/v1/accounts/{}/statuses", scene.ann.id);
        assert_eq!(scene.seen(viewer, &profile), may(name), "profile for {name}");
        let open: &[&str] = if name == "blocked" { &[] } else { &VISIBILITIES[..1] };
        for path in [
            "/api/v1/timelines/public",
            "/api/v1/timelines/public?local=true",
            "/api/v1/timelines/tag/tag",
        ] {
            assert_eq!(scene.seen(viewer, path), open, "{path} for {name}");
        }
        let boosts = format!("/api/v1/accounts/{}/statuses", scene.mel.id);
        let boosted: &[&str] = if name == "blocked" { &[] } else { &VISIBILITIES[..2] };
        assert_eq!(scene.seen(viewer, &boosts), boosted, "boosts for {name}");
        if viewer.is_none() {
            continue;
        }
        for visibility in VISIBILITIES {
            let path = format!("/api/v2/search?type=statuses&q={}", word(visibility));
            let (_, text) = scene.ask(viewer, &path);
            let found = serde_json::from_str::<Value>(&text).unwrap();
            let count = found["statuses"].as_array().unwrap().len();
            assert_eq!(
                count,
                usize::from(may(name).contains(&visibility)),
                "{visibility} for {name}"
            );
        }
        let home: &[&str] = match name {
            "follower" => &VISIBILITIES[..3],
            "author" => &VISIBILITIES,
            "mentioned" => &VISIBILITIES[..2],
            _ => &[],
        };
        assert_eq!(scene.seen(viewer, "/api/v1/timelines/home"), home, "home for {name}");
        let told: &[&str] = if name == "mentioned" { &VISIBILITIES } else { &[] };
        let told = if name == "author" { &VISIBILITIES[..2] } else { told };
        assert_eq!(
            scene.seen(viewer, "/api/v1/notifications?include_filtered=true"),
            told,
            "notifications for {name}"
        );
        assert_eq!(scene.seen(viewer, "/api/v1/favourites"), [""; 0], "favourites for {name}");
    }
    // S-091: only what all may read is counted, and listed for other servers; below a private
    // status its readers alone find what is answered
    let root = scene.ann.get(&format!("/api/v1/statuses/{}", scene.root));
    assert_eq!(root["replies_count"], 2);
    let uri = root["uri"].as_str().unwrap();
    let listed = scene.instance.activity(&format!("{uri}/replies?page=true")).text();
    for (index, status) in scene.statuses.iter().enumerate() {
        assert_eq!(listed.contains(&format!("/statuses/{status}\"")), index < 2, "{listed}");
        let replies = format!("{}/statuses/{status}/replies?page=true", scene.ann.uri);
        let code = scene.instance.activity(&replies).status;
        assert_eq!(code, if index < 2 { 200 } else { 404 }, "{}", VISIBILITIES[index]);
    }
}

#[test]
fn s_087_no_route_at_all_shows_what_its_reader_may_not_read() {
    let scene = Scene::new();
    // everybody keeps and marks what they can, so that their own lists are not empty
    for person in [&scene.sam, &scene.fay, &scene.mel, &scene.bea] {
        let list = person.post("/api/v1/lists", json!({"title": "all"}));
        person.request("POST", &format!("/api/v1/accounts/{}/follow", scene.mel.id)).send();
        person
            .request("POST", &format!("/api/v1/lists/{}/accounts", id(&list)))
            .json(&json!({"account_ids": [scene.ann.id, scene.mel.id]}))
            .send();
        person.request("POST", "/api/v1/tags/tag/follow").send();
        for status in scene.statuses.iter().chain(&scene.answers) {
            for deed in ["bookmark", "favourite"] {
                person.request("POST", &format!("/api/v1/statuses/{status}/{deed}")).send();
            }
            let quote = json!({"status": "look", "quoted_status_id": status});
            person.request("POST", "/api/v1/statuses").json(&quote).send();
        }
    }
    let accounts = [&scene.ann.id, &scene.mel.id];
    let mut asked = 0;
    for route in crate::api::scopes::table().iter().filter(|route| route.method == "GET") {
        if route.path.contains("/streaming") {
            continue; // a stream has a test of its own
        }
        let paths: Vec<String> = if route.path.contains("/accounts/{id}") {
            accounts.iter().map(|account| route.path.replace("{id}", account)).collect()
        } else if route.path.contains("/statuses/{id}") || route.path.contains("/polls/{id}") {
            let all = scene.statuses.iter().chain(&scene.answers).chain([&scene.root]);
            all.map(|status| route.path.replace("{id}", status)).collect()
        } else if route.path.contains("{id}") {
            // lists, filters, notifications and the like have small numbers
            (1..=30).map(|n| route.path.replace("{id}", &n.to_string())).collect()
        } else {
            vec![route.path.replace("{tag}", "tag")]
        };
        for path in paths {
            let ids: String =
                scene.statuses.iter().map(|status| format!("&id[]={status}")).collect();
            let query = match path.as_str() {
                "/api/v2/search" => "?q=tag&limit=40".to_owned(),
                "/api/v1/statuses" => format!("?limit=40{ids}"),
                _ => "?limit=40&id[]=1".to_owned(),
            };
            for (name, viewer) in scene.viewers() {
                let seen = scene.seen(viewer, &format!("{path}{query}"));
                let leaked: Vec<_> = seen.iter().filter(|one| !may(name).contains(one)).collect();
                assert!(leaked.is_empty(), "{path} shows {leaked:?} to {name}");
                asked += 1;
            }
        }
    }
    assert!(asked > 1000, "{asked}");
}

#[test]
fn s_087_no_stream_shows_what_its_reader_may_not_read() {
    let scene = Scene::new();
    let mut sockets = Vec::new();
    for (name, viewer) in scene.viewers() {
        let Some(person) = viewer else { continue };
        let list = id(&person.post("/api/v1/lists", json!({"title": "all"})));
        let members = json!({"account_ids": [scene.mel.id]});
        person.request("POST", &format!("/api/v1/accounts/{}/follow", scene.mel.id)).send();
        person.request("POST", &format!("/api/v1/lists/{list}/accounts")).json(&members).send();
        let bearer = format!("Bearer {}", person.token);
        let mut socket =
            Socket::open(&scene.instance.host, "?stream=user", &[("Authorization", &bearer)])
                .unwrap();
        for what in [
            json!({"stream": "public"}),
            json!({"stream": "public:local"}),
            json!({"stream": "hashtag", "tag": "tag"}),
            json!({"stream": "list", "list": list}),
            json!({"stream": "direct"}),
            json!({"stream": "user:notification"}),
        ] {
            let mut message = json!({"type": "subscribe"});
            message.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
            socket.says(message);
        }
        sockets.push((name, socket));
    }
    for visibility in VISIBILITIES {
        let status = scene.ann.post(
            "/api/v1/statuses",
            json!({"status": format!("{} @mel @bea #tag", word(visibility)), "visibility": visibility}),
        );
        let edit = json!({"status": format!("{} again @mel @bea #tag", word(visibility))});
        scene.ann.request("PUT", &format!("/api/v1/statuses/{}", id(&status))).json(&edit).send();
        let answer = json!({"status": "an answer", "in_reply_to_id": id(&status)});
        scene.mel.post("/api/v1/statuses", answer);
        scene.mel.request("POST", &format!("/api/v1/statuses/{}/reblog", id(&status))).send();
    }
    scene.mel.writes("the end of it", "public");
    for (name, mut socket) in sockets {
        let mut seen = BTreeSet::new();
        loop {
            let text = socket.next().to_string();
            seen.extend(VISIBILITIES.into_iter().filter(|one| text.contains(&word(one))));
            if text.contains("the end of it") {
                break;
            }
        }
        let leaked: Vec<_> = seen.iter().filter(|one| !may(name).contains(one)).collect();
        assert!(leaked.is_empty(), "{leaked:?} to {name}");
        assert!(name == "blocked" || seen.contains("public"), "{name} heard of nothing");
    }
}

#[test]
fn f_118_s_087_s_089_pages_and_documents_show_what_is_open_and_nothing_else() {
    let scene = Scene::new();
    let base = &scene.instance.base;
    let open = &VISIBILITIES[..2];
    let document = |path: &str| {
        let answer = scene.instance.activity(&format!("{base}{path}"));
        (answer.status, answer.text())
    };
    let page = |path: &str| {
        let answer =
            Request::new("GET", format!("{base}{path}")).header("accept", "text/html").send();
        (answer.status, answer.text())
    };
    let words = |text: &str| -> Vec<&str> {
        VISIBILITIES.into_iter().filter(|visibility| text.contains(&word(visibility))).collect()
    };
    for (visibility, status) in VISIBILITIES.iter().zip(&scene.statuses) {
        let (code, one): (u16, &[&str]) = if open.contains(visibility) {
            (200, std::slice::from_ref(visibility))
        } else {
            (404, &[])
        };
        for suffix in ["", "/activity", "/replies", "/replies?page=true", "/likes", "/shares"] {
            let path = format!("/users/ann/statuses/{status}{suffix}");
            assert_eq!(document(&path).0, code, "{path}");
        }
        for path in [
            format!("/users/ann/statuses/{status}"),
            format!("/users/ann/statuses/{status}/activity"),
        ] {
            assert_eq!(words(&document(&path).1), one, "{path}");
        }
        for path in [format!("/@ann/{status}"), format!("/@mel/{status}")] {
            let (got, text) = page(&path);
            let (code, one) =
                if path.starts_with("/@ann") { (code, one) } else { (404, &[] as &[&str]) };
            assert_eq!((got, words(&text).as_slice()), (code, one), "{path}");
        }
        let address: String = form_urlencoded::byte_serialize(
            format!("{}/statuses/{status}", scene.ann.uri).as_bytes(),
        )
        .collect();
        let (_, text) = page(&format!("/authorize_interaction?uri={address}"));
        assert_eq!(words(&text), one, "interaction with {visibility}");
    }
    for (path, expected) in [
        ("/users/ann/outbox?page=true".to_owned(), open),
        ("/users/mel/outbox?page=true".to_owned(), &[]),
        ("/users/ann/collections/featured".to_owned(), &[]),
        ("/users/ann/collections/featured?page=true".to_owned(), &[]),
    ] {
        assert_eq!(words(&document(&path).1), expected, "{path}");
    }
    let (_, replies) = document(&format!("/users/ann/statuses/{}/replies?page=true", scene.root));
    for (visibility, status) in VISIBILITIES.iter().zip(&scene.statuses) {
        assert_eq!(
            replies.contains(status.as_str()),
            open.contains(visibility),
            "{visibility} in replies"
        );
    }
    let (_, outbox) = document("/users/mel/outbox?page=true");
    let outbox: Value = serde_json::from_str(&outbox).unwrap();
    let mut boosts: Vec<&str> = outbox["orderedItems"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["type"] == "Announce")
        .map(|item| item["object"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    boosts.sort_unstable();
    assert_eq!(boosts, scene.statuses[..2]);
    for (path, expected) in [
        ("/@ann".to_owned(), open),
        ("/@mel".to_owned(), open),
        (format!("/@ann/{}", scene.root), open),
        ("/tags/tag".to_owned(), &open[..1]),
        ("/".to_owned(), &[]),
        ("/about".to_owned(), &[]),
    ] {
        assert_eq!(words(&page(&path).1), expected, "{path}");
    }
}

#[test]
fn s_087_what_may_no_longer_be_read_is_gone_from_every_list() {
    let scene = Scene::new();
    let private = &scene.statuses[2];
    for (deed, person) in [("favourite", &scene.fay), ("favourite", &scene.mel)] {
        person.post(&format!("/api/v1/statuses/{private}/{deed}"), json!({}));
    }
    let fay = Some(&scene.fay);
    assert_eq!(scene.seen(fay, "/api/v1/favourites"), ["private"]);
    assert!(scene.seen(fay, "/api/v1/timelines/home").contains(&"private"));
    scene.ann.post(&format!("/api/v1/accounts/{}/remove_from_followers", scene.fay.id), json!({}));
    for path in [
        "/api/v1/favourites".to_owned(),
        "/api/v1/timelines/home".to_owned(),
        format!("/api/v1/statuses/{private}"),
        format!("/api/v1/statuses/{}/context", scene.root),
        format!("/api/v1/accounts/{}/statuses", scene.ann.id),
        format!("/api/v2/search?q={}", word("private")),
    ] {
        assert!(!scene.seen(fay, &path).contains(&"private"), "{path}");
    }
    let told = scene.mel.get("/api/v1/notifications");
    let mention =
        told.as_array().unwrap().iter().find(|one| one["status"]["id"] == private.as_str());
    let mention = id(mention.unwrap());
    scene.ann.post(&format!("/api/v1/accounts/{}/block", scene.mel.id), json!({}));
    let mel = Some(&scene.mel);
    for path in [
        "/api/v1/favourites".to_owned(),
        "/api/v1/timelines/home".to_owned(),
        "/api/v1/notifications".to_owned(),
        format!("/api/v1/notifications/{mention}"),
        format!("/api/v1/accounts/{}/statuses", scene.mel.id),
        format!("/api/v1/statuses/{}/context", scene.answers[0]),
    ] {
        assert_eq!(scene.seen(mel, &path), [""; 0], "{path}");
    }
}

#[test]
fn s_090_what_is_not_open_is_not_boosted() {
    let scene = Scene::new();
    for (index, visibility) in VISIBILITIES.iter().enumerate() {
        let path = format!("/api/v1/statuses/{}/reblog", scene.statuses[index]);
        let by_mel = scene.mel.request("POST", &path).send().status;
        let by_ann = scene.ann.request("POST", &path).send().status;
        match *visibility {
            "public" | "unlisted" => assert_eq!((by_mel, by_ann), (200, 200), "{visibility}"),
            // one's own, to one's own followers
            "private" => assert_eq!((by_mel, by_ann), (403, 200), "{visibility}"),
            _ => assert_eq!((by_mel, by_ann), (403, 403), "{visibility}"),
        }
    }
    let wide = json!({"visibility": "public"});
    let path = format!("/api/v1/statuses/{}/unreblog", scene.statuses[2]);
    scene.ann.post(&path, json!({}));
    let boost = scene.ann.post(&format!("/api/v1/statuses/{}/reblog", scene.statuses[2]), wide);
    assert_eq!(boost["visibility"], "private", "no wider than what it shows");
    let profile = format!("/api/v1/accounts/{}/statuses", scene.ann.id);
    for person in [None, Some(&scene.sam), Some(&scene.bea)] {
        assert!(!scene.seen(person, &profile).contains(&"private"));
        let path = format!("/api/v1/statuses/{}", id(&boost));
        assert_eq!(scene.ask(person, &path).0, 404);
    }
}

#[test]
fn s_087_what_is_quoted_shows_to_those_who_may_read_it_and_to_nobody_else() {
    let scene = Scene::new();
    let eve = scene.instance.person("eve");
    let quote = |person: &Person, quoted: &str| {
        let body = json!({"status": "look at that #tag", "quoted_status_id": quoted});
        person.post("/api/v1/statuses", body)
    };
    // a stranger quotes what is open, the author her private one for her followers
    let mut quoting: Vec<String> =
        scene.statuses[..2].iter().map(|status| id(&quote(&eve, status))).collect();
    quoting.push(id(&quote(&scene.ann, &scene.statuses[2])));
    for index in [2, 3] {
        let body = json!({"status": "x", "quoted_status_id": scene.statuses[index]});
        let answer = eve.request("POST", "/api/v1/statuses").json(&body).send();
        assert_eq!(answer.status, 404, "{}", VISIBILITIES[index]);
    }
    // and somebody quotes a quote
    let outer = id(&quote(&scene.instance.person("gus"), &quoting[0]));
    let outer = format!("/api/v1/statuses/{outer}");
    for (name, viewer) in scene.viewers() {
        for (visibility, status) in VISIBILITIES.iter().zip(&quoting) {
            // of what only followers read: the quote is for them alone, too
            let allowed = may(name).contains(visibility)
                && !(name == "mentioned" && *visibility == "private");
            let one: &[&str] = if allowed { std::slice::from_ref(visibility) } else { &[] };
            let path = format!("/api/v1/statuses/{status}");
            assert_eq!(scene.seen(viewer, &path), one, "{visibility} for {name}");
            assert!(scene.seen(viewer, &outer).is_empty(), "by its id alone, for {name}");
            if viewer.is_some() {
                let list = format!("/api/v1/statuses/{}/quotes", scene.statuses[0]);
                let code = scene.ask(viewer, &list).0;
                assert_eq!(code, if name == "blocked" { 404 } else { 200 }, "quotes for {name}");
            }
        }
        for path in [
            "/api/v1/timelines/public".to_owned(),
            "/api/v1/timelines/tag/tag".to_owned(),
            "/api/v1/timelines/home".to_owned(),
            "/api/v2/search?type=statuses&q=look".to_owned(),
            "/api/v1/notifications".to_owned(),
            format!("/api/v1/accounts/{}/statuses", eve.id),
            format!("/api/v1/accounts/{}/statuses", scene.ann.id),
            format!("/api/v1/statuses?id[]={}&id[]={}&id[]={}", quoting[0], quoting[1], quoting[2]),
            format!("/api/v1/statuses/{}/context", quoting[0]),
            format!("/api/v1/statuses/{}/history", quoting[0]),
        ] {
            let seen = scene.seen(viewer, &path);
            assert!(seen.iter().all(|one| may(name).contains(one)), "{path} for {name}: {seen:?}");
        }
    }
    // pages and documents tell what it quotes by its address alone
    let (stamp, base) =
        (format!("/users/ann/quote_authorizations/{}", quoting[2]), &scene.instance.base);
    assert_eq!(scene.instance.activity(&format!("{base}{stamp}")).status, 404);
    for (index, by) in [(0, "eve"), (2, "ann")] {
        let path = format!("{base}/users/{by}/statuses/{}", quoting[index]);
        let text = scene.instance.activity(&path).text();
        assert!(VISIBILITIES.iter().all(|one| !text.contains(&word(one))), "{path}: {text}");
    }
}
