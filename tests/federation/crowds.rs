//! What strangers leave behind has an end: the oldest goes, and never what somebody here answered
//! or whom somebody here knows.

use dassie::clock::{DAY, HOUR};
use dassie::db::crowd::{self, Trace};
use dassie::id;
use serde_json::json;

use super::retention::Scene;
use crate::support::{Peer, eventually};

/// As `service::retention` has it.
const STATUSES: i64 = 50_000;
const NOTIFICATIONS: i64 = 20_000;
const REQUESTS: i64 = 10_000;
const ACCOUNTS: i64 = 100_000;

/// Accounts of strangers with these ids, read lately, the one with the largest id last.
fn strangers(scene: &Scene, from: i64, count: i64) {
    let now = scene.instance.app.clock.now_ms();
    let sql = format!(
        "BEGIN IMMEDIATE;
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})
         INSERT INTO account (id, username, domain, uri, inbox, created_at, fetched_at)
           SELECT {from} + i, 's' || ({from} + i), 's.example', 'https://s.example/' || ({from} + i),
             'https://s.example/inbox', {now}, {now} - {HOUR} + ({from} + i) % {HOUR} FROM n;
         COMMIT;"
    );
    scene.sql().execute_batch(&sql).unwrap();
}

/// `{ann}` is somebody here, `{id}` a status of the stranger `{who}` that names her.
const ANSWERS: &[(&str, &str)] = &[
    ("nothing", "SELECT 1"),
    (
        "told",
        "INSERT INTO notification (account_id, kind, from_account_id, status_id, created_at) VALUES ({ann}, 0, {who}, {id}, 1)",
    ),
    (
        "marked by another stranger",
        "INSERT INTO favourite (account_id, status_id, created_at) VALUES (100, {id}, 1)",
    ),
    (
        "answered by another stranger",
        "INSERT INTO status (id, uri, account_id, created_at, visibility, thread_id, in_reply_to_id, in_reply_to_account_id) VALUES ({new}, {new}, 100, 1, 0, {id}, {id}, {who})",
    ),
    (
        "follows her",
        "INSERT INTO follow (account_id, target_id, accepted, uri, created_at) VALUES ({who}, {ann}, 1, {new}, 1)",
    ),
    (
        "favourited",
        "INSERT INTO favourite (account_id, status_id, created_at) VALUES ({ann}, {id}, 1)",
    ),
    (
        "bookmarked",
        "INSERT INTO bookmark (account_id, status_id, created_at) VALUES ({ann}, {id}, 1)",
    ),
    (
        "reacted to",
        "INSERT INTO reaction (status_id, account_id, name, created_at) VALUES ({id}, {ann}, 'x', 1)",
    ),
    (
        "voted in",
        "INSERT INTO poll_vote (status_id, account_id, choice, created_at) VALUES ({id}, {ann}, 0, 1)",
    ),
    (
        "answered",
        "INSERT INTO status (id, uri, account_id, local, created_at, visibility, thread_id, in_reply_to_id) VALUES ({new}, {new}, {ann}, 1, 1, 0, {id}, {id})",
    ),
    (
        "boosted",
        "INSERT INTO status (id, uri, account_id, local, created_at, visibility, thread_id, reblog_of_id) VALUES ({new}, {new}, {ann}, 1, 1, 0, {new}, {id})",
    ),
    (
        "boosted by a friend",
        "INSERT INTO status (id, uri, account_id, created_at, visibility, thread_id, reblog_of_id) VALUES ({new}, {new}, {friend}, 1, 0, {new}, {id})",
    ),
    (
        "answered by a friend",
        "INSERT INTO status (id, uri, account_id, created_at, visibility, thread_id, in_reply_to_id) VALUES ({new}, {new}, {friend}, 1, 0, {id}, {id})",
    ),
    (
        "quoted",
        "INSERT INTO status (id, uri, account_id, local, created_at, visibility, thread_id) VALUES ({new}, {new}, {ann}, 1, 1, 0, {new}); INSERT INTO quote (status_id, account_id, quoted_id, quoted_uri, state) VALUES ({new}, {ann}, {id}, 'x', 1)",
    ),
    (
        "consent",
        "INSERT INTO interaction (kind, target_id, owner_id, account_id, uri, state, created_at) VALUES (0, {id}, {who}, {ann}, {new}, 0, 1)",
    ),
    (
        "filtered",
        "INSERT INTO filter (id, account_id, title, contexts, created_at) VALUES ({new}, {ann}, 'x', '[]', 1); INSERT INTO filter_status (filter_id, status_id) VALUES ({new}, {id})",
    ),
    ("at home", "INSERT INTO timeline_entry VALUES ({ann}, {id}, {who}, NULL)"),
    (
        "a plan",
        "INSERT INTO scheduled_status (account_id, due, params, created_at) VALUES ({ann}, 9000000000000, json_object('in_reply_to_id', {id}), 1)",
    ),
    (
        "a talk",
        "INSERT INTO status (id, uri, account_id, local, created_at, visibility, thread_id) VALUES ({new}, {new}, {ann}, 1, 1, 3, {id}); UPDATE status SET visibility = 3 WHERE id = {id}",
    ),
    (
        "an answer to what named them",
        "INSERT INTO status (id, uri, account_id, local, created_at, visibility, thread_id) VALUES ({new}, {new}, {ann}, 1, 1, 0, {new}); INSERT INTO mention (status_id, account_id) VALUES ({new}, {who}); UPDATE status SET in_reply_to_id = {new} WHERE id = {id}",
    ),
    (
        "followed",
        "INSERT INTO follow (account_id, target_id, accepted, uri, created_at) VALUES ({ann}, {who}, 1, {new}, 1)",
    ),
    (
        "to be followed",
        "INSERT INTO follow (account_id, target_id, accepted, uri, created_at) VALUES ({ann}, {who}, 0, {new}, 1)",
    ),
    ("blocked", "INSERT INTO block (account_id, target_id, created_at) VALUES ({ann}, {who}, 1)"),
    ("muted", "INSERT INTO mute (account_id, target_id, created_at) VALUES ({ann}, {who}, 1)"),
    ("noted", "INSERT INTO account_note VALUES ({ann}, {who}, 'x')"),
    (
        "reported",
        "INSERT INTO report (account_id, target_id, created_at, updated_at, action_taken_at) VALUES ({ann}, {who}, 1, 1, 1)",
    ),
    (
        "listed",
        "INSERT INTO list (id, account_id, title, created_at) VALUES ({new}, {ann}, 'x', 1); INSERT INTO list_member (list_id, account_id) VALUES ({new}, {who})",
    ),
    ("let through", "INSERT INTO notification_permission VALUES ({ann}, {who})"),
    (
        "answered elsewhere",
        "INSERT INTO status (id, uri, account_id, local, created_at, visibility, thread_id, in_reply_to_account_id) VALUES ({new}, {new}, {ann}, 1, 1, 0, {new}, {who})",
    ),
];
/// How many of them, from the beginning, are no reason to stay.
const NO_REASON: usize = 5;

#[test]
fn s_139_of_what_strangers_write_the_newest_stays_and_what_was_answered() {
    let scene = Scene::new(&["mia"]);
    let ann: i64 = scene.ann.id.parse().unwrap();
    let now = scene.instance.app.clock.now_ms();
    // before anybody follows her whose server is none
    let own: i64 = scene.ann.writes("mine", "public")["id"].as_str().unwrap().parse().unwrap();
    strangers(&scene, 100, 1000);
    let friend = 2000;
    strangers(&scene, friend, 1);
    let sql = scene.sql();
    let follow = "INSERT INTO follow (account_id, target_id, accepted, uri, created_at) VALUES (?, ?, 1, 'f', 1)";
    sql.execute(follow, [ann, friend]).unwrap();
    // older than all that follows, each by a stranger of its own
    let mut special = Vec::new();
    for (n, (name, answer)) in (0..).zip(ANSWERS) {
        let (status, who, new) =
            (id::from_ms(now - 9 * DAY + n), 3000 + n, id::from_ms(now - DAY + n));
        strangers(&scene, who, 1);
        let made = format!(
            "INSERT INTO status (id, uri, account_id, created_at, visibility, thread_id)
               VALUES ({status}, 'x{status}', {who}, 1, 0, {status});
             INSERT INTO mention (status_id, account_id) VALUES ({status}, {ann}); {answer};"
        );
        let made = made
            .replace("{ann}", &ann.to_string())
            .replace("{id}", &status.to_string())
            .replace("{who}", &who.to_string())
            .replace("{friend}", &friend.to_string())
            .replace("{new}", &new.to_string());
        sql.execute_batch(&made).unwrap_or_else(|e| panic!("{name}: {e}"));
        special.push((*name, status));
    }
    // half of the others name her, half answer a status of hers without that
    let (first, count) = (id::from_ms(now - 8 * DAY), STATUSES + 30);
    sql.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})
         INSERT INTO status (id, uri, account_id, created_at, visibility, thread_id, content)
           SELECT {first} + i, 'y' || i, 100 + i % 1000, 1, 0, iif(i % 2, {own}, {first} + i), 'text' FROM n;
         INSERT INTO mention (status_id, account_id) SELECT id, {ann} FROM status
           WHERE uri LIKE 'y%' AND id % 2 = 0;
         COMMIT;"
    ))
    .unwrap();
    scene.passes(1);
    let here = |id: i64| scene.count(&format!("SELECT count(*) FROM status WHERE id = {id}")) == 1;
    let stay: Vec<&str> =
        special.iter().filter(|(_, id)| here(*id)).map(|(name, _)| *name).collect();
    let names: Vec<&str> = ANSWERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(stay, names[NO_REASON..]);
    // one more is the answer of a stranger to what went, which is none of them any longer
    let left = "SELECT count(*) FROM status WHERE uri LIKE 'y%'";
    assert_eq!(scene.count(left), STATUSES);
    let oldest = scene.count("SELECT min(id) FROM status WHERE uri LIKE 'y%'");
    assert_eq!(oldest, first + 30);
    let wrong = "SELECT count(*) FROM account a WHERE statuses_count <>
       (SELECT count(*) FROM status s WHERE s.account_id = a.id AND s.visibility < 3)
       AND id BETWEEN 100 AND 1099";
    assert!(
        scene.count(wrong) == 0
            && !scene.sql().prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap()
    );
}

#[test]
fn s_139_s_141_notifications_and_requests_of_strangers_have_an_end() {
    let scene = Scene::new(&["mia"]);
    let bob = scene.instance.person("bob");
    let (ann, bob): (i64, i64) = (scene.ann.id.parse().unwrap(), bob.id.parse().unwrap());
    strangers(&scene, 1000, REQUESTS + 100);
    let own: i64 = scene.ann.writes("mine", "public")["id"].as_str().unwrap().parse().unwrap();
    // the first ten are known, and are the oldest
    let all = REQUESTS + 100;
    scene
        .sql()
        .execute_batch(&format!(
            "BEGIN IMMEDIATE;
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
             INSERT INTO account_note SELECT {ann}, 1000 + i, 'x' FROM n;
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {all})
             INSERT INTO follow (account_id, target_id, accepted, uri, created_at)
               SELECT 1000 + i, {ann}, 0, 'f' || i, 1 FROM n;
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {all})
             INSERT INTO notification (account_id, kind, from_account_id, status_id, created_at)
               SELECT {ann}, 2, 1000 + i, NULL, 1 FROM n;
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {all})
             INSERT INTO notification (account_id, kind, from_account_id, status_id, created_at)
               SELECT {ann}, 3, 1000 + i, {own}, 1 FROM n;
             INSERT INTO notification (account_id, kind, from_account_id, status_id, created_at)
               SELECT {bob}, kind, from_account_id, status_id, 1 FROM notification WHERE id % 9 = 0;
             COMMIT;"
        ))
        .unwrap();
    let of = |who: i64, rest: &str| {
        scene.count(&format!("SELECT count(*) FROM notification WHERE account_id = {who} {rest}"))
    };
    let (told, of_bob) = (of(ann, ""), of(bob, ""));
    scene.passes(1);
    let requests = |rest: &str| {
        scene.count(&format!("SELECT count(*) FROM follow WHERE target_id = {ann} {rest}"))
    };
    assert_eq!((requests(""), requests("AND account_id < 1010")), (REQUESTS + 10, 10));
    assert_eq!(scene.count("SELECT min(account_id) FROM follow WHERE account_id > 1009"), 1100);
    assert!(told > NOTIFICATIONS + 100);
    let dangling = "AND kind = 2 AND NOT EXISTS (SELECT 1 FROM follow f
       WHERE f.account_id = from_account_id AND f.target_id = notification.account_id)";
    assert_eq!(of(ann, dangling), 0, "nobody is asked about what is gone");
    let known = of(ann, "AND from_account_id < 1010");
    assert_eq!((of(ann, ""), known), (NOTIFICATIONS + known, 20));
    assert_eq!(of(bob, ""), of_bob, "everybody has an own share");
}

#[test]
fn s_022_accounts_of_elsewhere_have_an_end() {
    let scene = Scene::new(&["mia"]);
    let ann: i64 = scene.ann.id.parse().unwrap();
    let own: i64 =
        scene.ann.writes("@nobody mine", "public")["id"].as_str().unwrap().parse().unwrap();
    strangers(&scene, 1000, ACCOUNTS + 60);
    // all have favourited something, but for ten in the middle
    scene
        .sql()
        .execute_batch(&format!(
            "BEGIN IMMEDIATE;
             INSERT INTO favourite (account_id, status_id, created_at) SELECT id, {own}, 1 FROM account
               WHERE domain = 's.example' AND id NOT BETWEEN 90000 AND 90009;
             INSERT INTO follow (account_id, target_id, accepted, uri, created_at) VALUES (1001, {ann}, 1, 'f', 1);
             INSERT INTO mute (account_id, target_id, created_at) VALUES ({ann}, 1002, 1);
             INSERT INTO mention (status_id, account_id) VALUES ({own}, 1003);
             INSERT INTO status (id, uri, account_id, created_at, visibility, thread_id)
               VALUES ({own} + 1, 'x', 1004, 1, 0, {own} + 1);
             UPDATE account SET silenced_at = 1 WHERE id = 1005;
             UPDATE account SET fetched_at = fetched_at - {DAY} WHERE id BETWEEN 1000 AND 1200;
             COMMIT;"
        ))
        .unwrap();
    scene.instance.advance(HOUR);
    let here = |from: i64, to: i64| {
        scene.count(&format!("SELECT count(*) FROM account WHERE id BETWEEN {from} AND {to}"))
    };
    eventually("those that left nothing go first", || (here(90_000, 90_009) == 0).then_some(()));
    let all = "SELECT count(*) FROM account WHERE domain IS NOT NULL";
    eventually("there are not too many", || (scene.count(all) == ACCOUNTS).then_some(()));
    assert_eq!((here(1000, 1000), here(1001, 1005), here(1006, 1054)), (0, 5, 0));
    assert_eq!(here(1056, 1200), 145, "and no more than has to");
    let counted =
        "SELECT favourites_count - (SELECT count(*) FROM favourite f WHERE f.status_id = s.id)
       FROM status s WHERE local = 1";
    assert_eq!(scene.count(counted), 0);
}

#[test]
fn s_141_behind_a_hundred_thousand_followers_one_asks() {
    let scene = Scene::new(&["mia", "nora"]);
    let follow = |name: &str| {
        let follow = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": "Follow",
            "id": scene.peer.at(&format!("/follows/{name}")), "actor": scene.peer.uri(name),
            "object": scene.ann.uri,
        });
        let (inbox, now) =
            (format!("{}/inbox", scene.instance.base), scene.instance.app.clock.now_ms());
        assert_eq!(scene.peer.send_as(name, &inbox, &follow, now).status, 202);
        scene.instance.settle();
    };
    let accepted =
        |n: i64| scene.count(&format!("SELECT count(*) FROM follow WHERE accepted = {n}"));
    follow("mia");
    assert_eq!((accepted(1), accepted(0)), (1, 0));
    scene
        .sql()
        .execute("UPDATE account SET followers_count = 100000 WHERE id = ?", [&scene.ann.id])
        .unwrap();
    follow("nora");
    assert_eq!((accepted(1), accepted(0)), (1, 1));
}

#[test]
fn s_139_a_flood_of_mentions_from_one_server_is_held_back() {
    const STRANGERS: usize = 25;
    const EACH: usize = 40;
    let names: Vec<String> = (0..STRANGERS).map(|n| format!("s{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["friend"]).collect();
    let scene = Scene::new(&names);
    let elsewhere = Peer::start(&["otto"]);
    // their keys are here, since those of one server are fetched one after the other
    for name in &names {
        scene.ann.finds(&format!("{name}@{}", scene.peer.host));
    }
    crate::api::follow_peer(&scene.instance, &scene.ann, &scene.peer, "friend");
    let (uri, inbox) = (scene.ann.uri.clone(), format!("{}/inbox", scene.instance.base));
    let clock = scene.instance.app.clock.clone();
    let mention = |peer: &Peer, name: &str, number: usize| {
        let tag = json!([{"type": "Mention", "href": uri, "name": "@ann"}]);
        let more = json!({"tag": tag, "cc": [uri]});
        let number = u32::try_from(number).unwrap();
        let activity = peer.create(name, number, "<p>@ann buy this</p>", more);
        let answer = peer.send_as(name, &inbox, &activity, clock.now_ms());
        assert_eq!(answer.status, 202, "{}", answer.text());
    };
    std::thread::scope(|scope| {
        for lane in 0..4 {
            let (mention, peer) = (&mention, &scene.peer);
            scope.spawn(move || {
                for n in (0..STRANGERS).filter(|n| n % 4 == lane) {
                    (0..EACH).for_each(|m| mention(peer, &format!("s{n}"), n * EACH + m));
                }
            });
        }
    });
    scene.instance.settle();
    let told = |who: &str| {
        let sql = "SELECT count(*) FROM notification n JOIN account a ON a.id = n.from_account_id
           WHERE n.kind = 0 AND n.filtered = 0 AND a.username LIKE ?";
        scene.sql().query_row(sql, [who], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(told("s%"), 100, "of a thousand");
    // as an app sees it
    let page = scene.ann.get("/api/v1/notifications?types[]=mention&limit=80");
    let last = page[79]["id"].as_str().unwrap().to_owned();
    let rest = format!("/api/v1/notifications?types[]=mention&limit=80&max_id={last}");
    assert_eq!(scene.ann.get(&rest).as_array().unwrap().len(), 20);
    let requests = scene.ann.get("/api/v1/notifications/requests?limit=80");
    let requests = requests.as_array().unwrap().len();
    assert!(requests > 15 && requests <= STRANGERS, "{requests}: one for each of them");
    // whom she follows gets through, and who is elsewhere
    mention(&scene.peer, "friend", 5001);
    mention(&elsewhere, "otto", 1);
    scene.instance.settle();
    assert_eq!((told("friend"), told("otto")), (1, 1));
    // and an hour later it is forgotten
    scene.instance.advance(HOUR + 1000);
    mention(&scene.peer, "s0", 5002);
    scene.instance.settle();
    assert_eq!(told("s%"), 101);
}

#[test]
fn s_141_a_follow_costs_the_same_behind_twenty_thousand() {
    dassie::db::plan::record();
    const CROWD: i64 = 20_000;
    let names: Vec<String> = (0..24).map(|n| format!("f{n}")).collect();
    let scene = Scene::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let ann: i64 = scene.ann.id.parse().unwrap();
    // all are known, so that no look-up is counted
    names.iter().for_each(|name| drop(scene.ann.finds(&format!("{name}@{}", scene.peer.host))));
    let follow = |name: &str| {
        let follow = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": "Follow",
            "id": scene.peer.at(&format!("/follows/{name}")), "actor": scene.peer.uri(name),
            "object": scene.ann.uri,
        });
        let inbox = format!("{}/inbox", scene.instance.base);
        let now = scene.instance.app.clock.now_ms();
        let before = dassie::db::plan::runs();
        assert_eq!(scene.peer.send_as(name, &inbox, &follow, now).status, 202);
        scene.instance.settle();
        dassie::db::plan::runs() - before
    };
    // what waits for it to be done looks as well, now more often and now less
    let least = |names: &[String]| names.iter().map(|name| follow(name)).min().unwrap();
    let few = least(&names[..12]);
    strangers(&scene, 1000, CROWD);
    scene
        .sql()
        .execute_batch(&format!(
            "BEGIN IMMEDIATE;
             INSERT INTO follow (account_id, target_id, accepted, uri, created_at)
               SELECT id, {ann}, 1, 'f' || id, 1 FROM account WHERE domain = 's.example';
             INSERT INTO notification (account_id, kind, from_account_id, created_at, group_key)
               SELECT {ann}, 1, n.id, {now}, (SELECT group_key FROM notification WHERE kind = 1)
               FROM account n WHERE domain = 's.example';
             COMMIT;",
            now = scene.instance.app.clock.now_ms()
        ))
        .unwrap();
    let many = least(&names[12..]);
    assert!(many <= few + few / 5, "{few} statements for the first, {many} behind the crowd");
    // all of them are one line to her, which shows a few
    let groups = scene.ann.get("/api/v2/notifications?types[]=follow");
    let groups = groups["notification_groups"].as_array().unwrap().clone();
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert_eq!(groups[0]["notifications_count"], CROWD + 24);
    assert!(groups[0]["sample_account_ids"].as_array().unwrap().len() <= 8);
}

#[test]
fn every_trace_tells_strangers_from_those_one_knows() {
    let scene = Scene::new(&["mia"]);
    let ann: i64 = scene.ann.id.parse().unwrap();
    let own: i64 = scene.ann.writes("mine", "public")["id"].as_str().unwrap().parse().unwrap();
    strangers(&scene, 100, 2);
    for who in [ann, 100, 101] {
        scene
            .sql()
            .execute_batch(&format!(
                "INSERT OR IGNORE INTO mute (account_id, target_id, created_at) VALUES ({ann}, 101, 1);
                 INSERT INTO favourite (account_id, status_id, created_at) VALUES ({who}, {own}, 1);
                 INSERT INTO reaction (status_id, account_id, name, created_at) VALUES ({own}, {who}, 'x', 1);
                 INSERT INTO poll_vote (status_id, account_id, choice, created_at) VALUES ({own}, {who}, 0, 1);
                 INSERT INTO follow (account_id, target_id, accepted, uri, created_at)
                   SELECT {who}, {ann}, 0, 'f{who}', 1 WHERE {who} <> {ann};
                 INSERT INTO notification (account_id, kind, from_account_id, created_at)
                   SELECT {ann}, 4, {who}, 1;
                 INSERT INTO status (id, uri, account_id, local, created_at, visibility, thread_id, reblog_of_id)
                   VALUES ({own} + {who} % 1000, 'b{who}', {who}, {who} = {ann}, 1, 0, {own} + {who} % 1000, {own});"
            ))
            .unwrap();
    }
    let app = &scene.instance.app;
    for trace in [
        Trace::Statuses,
        Trace::Notifications,
        Trace::Requests,
        Trace::Favourites,
        Trace::Reactions,
        Trace::Votes,
    ] {
        let look = || app.db.read(|conn| trace.look(conn, i64::MAX, 100)).unwrap().left;
        let left = look();
        assert_eq!(left.len(), 1, "{trace:?}");
        let ids = vec![left[0].0];
        let time = std::time::Duration::from_secs(1);
        let before = app.db.read(|conn| trace.count(conn)).unwrap();
        let remove = move |tx: &dassie::db::Tx<'_>| trace.remove(tx, &ids, time);
        app.db.write(dassie::db::Lane::Background, remove).wait().unwrap();
        assert!(look().is_empty(), "{trace:?}");
        assert_eq!(app.db.read(|conn| trace.count(conn)).unwrap(), before - 1, "{trace:?}");
    }
    assert_eq!(app.db.read(crowd::count_accounts).unwrap(), 2);
}
