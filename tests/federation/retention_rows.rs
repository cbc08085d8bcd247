//! What retention leaves behind: nothing that dangles, counts that are right, a smaller file; and
//! the ends of tables that strangers fill.

use std::collections::{HashMap, HashSet};

use dassie::clock::{DAY, HOUR};
use dassie::id;
use proptest::prelude::*;

use super::retention::Scene;
use crate::support::{eventually, old_statuses};

/// Writes old statuses of elsewhere.
fn seed(scene: &Scene, authors: i64, count: i64, days: (i64, i64)) {
    let now = scene.instance.app.clock.now_ms();
    scene.sql().execute_batch(&old_statuses::sql(now, authors, count, days)).unwrap();
}

/// The bytes of the database's file.
fn file(scene: &Scene) -> u64 {
    let path = scene.instance.folder.path().join("data/dassie.db");
    std::fs::metadata(path).unwrap().len()
}

/// Waits until pages are given back: nothing more than a part is free.
fn gives_back(scene: &Scene) {
    eventually("free pages are given back", || {
        let free = scene.count("SELECT freelist_count FROM pragma_freelist_count");
        let all = scene.count("SELECT page_count FROM pragma_page_count");
        (free <= all / 50 + 64).then_some(())
    });
    scene.sql().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
}

#[test]
fn the_file_shrinks_with_what_goes() {
    let scene = Scene::new(&["mia"]);
    seed(&scene, 100, 3_000, (90, 61));
    scene.sql().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
    let before = file(&scene);
    let words = "SELECT sum(length(block)) FROM status_search_data";
    let (words_before, _) =
        (scene.count(words), assert_eq!(scene.count("SELECT count(*) FROM status"), 3_000));
    scene.passes(1);
    assert_eq!(scene.count("SELECT count(*) FROM status"), 0);
    assert_eq!(scene.count("SELECT count(*) FROM account WHERE domain IS NOT NULL"), 0);
    assert_eq!(scene.count("SELECT count(*) FROM tag"), 0);
    gives_back(&scene);
    assert!(file(&scene) * 2 < before, "{before} bytes became {}", file(&scene));
    assert!(scene.count(words) * 10 < words_before, "{} of {words_before}", scene.count(words));
}

/// One thing that hangs on a status, or that makes it stay.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// An answer to, a boost or a quote of an earlier status.
    Answer(u8),
    Boost(u8),
    Quote(u8),
    Plain,
}

fn parts() -> impl Strategy<Value = Vec<(Part, bool, u8)>> {
    let part = prop_oneof![
        4 => any::<u8>().prop_map(Part::Answer),
        2 => any::<u8>().prop_map(Part::Boost),
        1 => any::<u8>().prop_map(Part::Quote),
        2 => Just(Part::Plain),
    ];
    // some are marked by somebody here; some came within the days
    let one = (part, prop::bool::weighted(0.06), any::<u8>());
    prop::collection::vec(one, 1..60)
}

/// Puts a world of statuses into the database; answers which ones each of them leads to.
fn build(scene: &Scene, world: &[(Part, bool, u8)]) -> HashMap<i64, Vec<i64>> {
    let now = scene.instance.app.clock.now_ms();
    let sql = scene.sql();
    let ann: i64 = scene.ann.id.parse().unwrap();
    sql.execute_batch("BEGIN IMMEDIATE; DELETE FROM status").unwrap();
    for author in 0..8_i64 {
        let account =
            "INSERT OR IGNORE INTO account (id, username, domain, uri, created_at, fetched_at)
           VALUES (?1, 'a' || ?1, 'p.example', 'https://p.example/' || ?1, 1, 1)";
        sql.execute(account, [1000 + author]).unwrap();
    }
    let mut ids: Vec<(i64, i64)> = Vec::new();
    let mut leads = HashMap::new();
    for (at, (part, marked, extra)) in world.iter().enumerate() {
        // the last eighth is young
        let age = if at * 8 >= world.len() * 7 { 5 } else { 100 };
        let status = id::from_ms(now - age * DAY + at as i64);
        let author = 1000 + i64::from(extra % 8);
        let earlier = |n: u8| ids.get(usize::from(n) % ids.len().max(1)).copied();
        let (mut parent, mut boosted, mut quoted, mut thread) = (None, None, None, status);
        match *part {
            Part::Answer(n) => {
                if let Some((id, of)) = earlier(n) {
                    (parent, thread) = (Some(id), of);
                }
            }
            Part::Boost(n) => boosted = earlier(n).map(|(id, _)| id),
            Part::Quote(n) => quoted = earlier(n).map(|(id, _)| id),
            Part::Plain => {}
        }
        let added = sql.execute(
            "INSERT OR IGNORE INTO status (id, uri, account_id, created_at, visibility, in_reply_to_id,
               in_reply_to_account_id, reblog_of_id, thread_id, content)
             VALUES (?1, 'https://p.example/s/' || ?1, ?2, 1, ?3, ?4,
               (SELECT account_id FROM status WHERE id = ?4), ?5, ?6, 'text')",
            rusqlite::params![status, author, extra % 3, parent, boosted, thread],
        );
        if added.unwrap() == 0 {
            continue;
        }
        sql.execute_batch(&format!(
            "INSERT INTO media (id, status_id, position, kind, remote_url) VALUES ({status} + 7, {status}, 0, 0, 'x');
             INSERT OR IGNORE INTO tag (name) VALUES ('t{0}');
             INSERT INTO status_tag SELECT id, {status} FROM tag WHERE name = 't{0}';
             INSERT OR IGNORE INTO card (link, url) VALUES ('https://l.example/{0}', 'x');
             INSERT INTO status_card SELECT {status}, id FROM card WHERE link = 'https://l.example/{0}';
             INSERT INTO mention (status_id, account_id) VALUES ({status}, {1});
             INSERT INTO origin_count VALUES ({status}, 3, 4);
             INSERT INTO unknown_mention (status_id, position) VALUES ({status}, 0);
             INSERT INTO status_edit (status_id, created_at, content) VALUES ({status}, 1, 'x');
             INSERT INTO status_search (rowid, words) VALUES ({status}, 'word');
             INSERT INTO thread_read (status_id, started_at) VALUES ({status}, {now});",
            extra % 5,
            1000 + i64::from(extra / 8 % 8),
        ))
        .unwrap();
        if let Some(quoted) = quoted {
            let quote = "INSERT INTO quote (status_id, account_id, quoted_id, quoted_uri, state)
               VALUES (?, ?, ?, 'x', 1)";
            sql.execute(quote, [status, author, quoted]).unwrap();
        }
        if *marked {
            let mark = "INSERT INTO favourite (account_id, status_id, created_at) VALUES (?, ?, 1)";
            sql.execute(mark, [ann, status]).unwrap();
        }
        let to = [parent, boosted, quoted].into_iter().flatten().collect();
        leads.insert(status, to);
        ids.push((status, thread));
    }
    sql.execute_batch("COMMIT").unwrap();
    leads
}

/// What stays of a world: what is marked or young, and all that leads there.
fn wanted(scene: &Scene, leads: &HashMap<i64, Vec<i64>>) -> HashSet<i64> {
    let sql = scene.sql();
    let young = id::from_ms(scene.instance.app.clock.now_ms() - 59 * DAY);
    let mut query = sql.prepare("SELECT status_id FROM favourite").unwrap();
    let marked = query.query_map([], |row| row.get(0)).unwrap();
    let mut open: Vec<i64> = marked.collect::<Result<_, _>>().unwrap();
    open.extend(leads.keys().filter(|id| **id > young));
    let mut all = HashSet::new();
    while let Some(id) = open.pop() {
        if all.insert(id) {
            open.extend(&leads[&id]);
        }
    }
    all
}

#[test]
fn whatever_goes_nothing_dangles_and_all_counts_are_right() {
    let scene = Scene::new(&["mia"]);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&parts(), |world| {
        let leads = build(&scene, &world);
        scene.passes(1);
        let sql = scene.sql();
        let mut query = sql.prepare("SELECT id FROM status").unwrap();
        let left = query.query_map([], |row| row.get(0)).unwrap();
        let left: HashSet<i64> = left.collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&left, &wanted(&scene, &leads));
        let mut check = sql.prepare("PRAGMA foreign_key_check").unwrap();
        prop_assert!(!check.exists([]).unwrap(), "something dangles");
        for wrong in [
            "status s WHERE replies_count <> (SELECT count(*) FROM status r
               WHERE r.in_reply_to_id = s.id AND r.visibility < 2)",
            "status s WHERE reblogs_count <> (SELECT count(*) FROM status r WHERE r.reblog_of_id = s.id)",
            "status s WHERE quotes_count <> (SELECT count(*) FROM quote q WHERE q.quoted_id = s.id)",
            "status s WHERE favourites_count <> (SELECT count(*) FROM favourite f WHERE f.status_id = s.id)",
            "account a WHERE statuses_count <> (SELECT count(*) FROM status s WHERE s.account_id = a.id)",
            "account a WHERE domain IS NOT NULL AND NOT EXISTS (SELECT 1 FROM status s WHERE s.account_id = a.id)
               AND NOT EXISTS (SELECT 1 FROM mention m WHERE m.account_id = a.id)",
            "card c WHERE NOT EXISTS (SELECT 1 FROM status_card x WHERE x.card_id = c.id)",
            "tag t WHERE NOT EXISTS (SELECT 1 FROM status_tag x WHERE x.tag_id = t.id)",
            "status_search_docsize d WHERE NOT EXISTS (SELECT 1 FROM status s WHERE s.id = d.id)",
            "status s WHERE NOT EXISTS (SELECT 1 FROM media m WHERE m.status_id = s.id)",
        ] {
            prop_assert_eq!(scene.count(&format!("SELECT count(*) FROM {wrong}")), 0, "{}", wrong);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn s_022_ledgers_that_strangers_fill_have_an_end() {
    let scene = Scene::new(&["mia"]);
    let now = scene.instance.app.clock.now_ms();
    scene
        .sql()
        .execute_batch(&format!(
            "BEGIN IMMEDIATE;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5120)
             INSERT INTO job (kind, lane, payload, due, dead, created_at)
               SELECT 0, 'x', x'7b7d', 0, 1, {now} + i FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200700)
             INSERT INTO tombstone (uri, local, deleted_at) SELECT 'x' || i, 0, {now} + i FROM n;
             INSERT INTO tombstone (uri, local, deleted_at) VALUES ('mine', 1, 1);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001000)
             INSERT INTO seen (hash, expires_at) SELECT unhex(printf('%032x', i)), {now} + {DAY} + i FROM n;
             COMMIT;"
        ))
        .unwrap();
    scene.instance.advance(HOUR);
    for (table, most, oldest, left) in [
        ("job WHERE dead = 1", 5_000, "created_at", now + 121),
        ("tombstone WHERE local = 0", 200_000, "deleted_at", now + 701),
        ("seen", 1_000_000, "expires_at", now + DAY + 1_001),
    ] {
        let oldest = format!("SELECT min({oldest}) FROM {table}");
        eventually(table, || (scene.count(&oldest) == left).then_some(()));
        assert_eq!(scene.count(&format!("SELECT count(*) FROM {table}")), most, "{table}");
    }
    assert_eq!(scene.count("SELECT count(*) FROM tombstone WHERE local = 1"), 1);
}
