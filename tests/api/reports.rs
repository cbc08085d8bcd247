//! Reports: made here, forwarded, received, worked on.

use dassie::clock::{Clock, HOUR};
use dassie::control::{self, Command};
use serde_json::{Value, json};

use super::admin::admin;
use super::{follow_peer, id, ids};
use crate::support::{Answer, Instance, Options, Peer, Person, eventually, texts};

fn instance() -> Instance {
    Instance::with(Options {
        configure: Some(|config| config.instance.rules = vec!["Be kind".into(), "No spam".into()]),
        ..Options::default()
    })
}

fn report(person: &Person, body: Value) -> Answer {
    person.request("POST", "/api/v1/reports").json(&body).send()
}

#[test]
fn a_report_reaches_the_admins_and_is_worked_on() {
    let instance = instance();
    let boss = admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let status = id(&ann.writes("buy this", "public"));
    let made = bob.post(
        "/api/v1/reports",
        json!({"account_id": ann.id, "status_ids": [status], "comment": "spam!", "rule_ids": ["2"]}),
    );
    assert_eq!(made["category"], "violation");
    assert_eq!(made["target_account"]["acct"], "ann");
    assert_eq!((&made["status_ids"], &made["rule_ids"]), (&json!([status]), &json!(["2"])));
    assert_eq!((&made["forwarded"], &made["action_taken"]), (&json!(false), &json!(false)));
    // the app that knows no reports shows a message
    let kinds: Vec<String> = boss.notifications().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["mention", "admin.report"]);
    let told = boss.get("/api/v1/notifications?types[]=admin.report");
    assert_eq!(told[0]["report"]["id"], made["id"]);
    assert!(ann.notifications().is_empty() && bob.notifications().is_empty());
    // a second one by the same person is told as well
    bob.post("/api/v1/reports", json!({"account_id": ann.id, "category": "legal"}));
    assert_eq!(boss.notifications().len(), 4);
    let path = format!("/api/v1/admin/reports/{}", id(&made));
    let shown = boss.get(&path);
    assert_eq!(shown["account"]["username"], "bob");
    assert_eq!(shown["target_account"]["account"]["acct"], "ann");
    assert_eq!(shown["statuses"][0]["id"], status.as_str());
    assert_eq!(shown["rules"][0]["text"], "No spam");
    let shown = boss.post(&format!("{path}/assign_to_self"), json!({}));
    assert_eq!(shown["assigned_account"]["username"], "boss");
    assert!(boss.post(&format!("{path}/unassign"), json!({}))["assigned_account"].is_null());
    let changed = boss.request("PUT", &path).json(&json!({"category": "spam"})).send().ok();
    assert_eq!((&changed["category"], &changed["rules"]), (&json!("spam"), &json!([])));
    let done = boss.post(&format!("{path}/resolve"), json!({}));
    assert_eq!(done["action_taken_by_account"]["username"], "boss");
    assert_eq!(ids(&boss.get("/api/v1/admin/reports")).len(), 1);
    assert_eq!(ids(&boss.get("/api/v1/admin/reports?resolved=true")), [id(&made)]);
    let by = format!("/api/v1/admin/reports?resolved=true&account_id={}", ann.id);
    assert_eq!(boss.get(&by), json!([]));
    let about = format!("/api/v1/admin/reports?resolved=true&target_account_id={}", ann.id);
    assert_eq!(ids(&boss.get(&about)), [id(&made)]);
    boss.post(&format!("{path}/reopen"), json!({}));
    assert_eq!(ids(&boss.get("/api/v1/admin/reports")).len(), 2);
    // an action that answers the report resolves it
    let action = json!({"type": "silence", "report_id": id(&made)});
    boss.post(&format!("/api/v1/admin/accounts/{}/action", ann.id), action);
    assert_eq!(boss.get(&path)["action_taken"], true);
    // one sees one's own, and nobody else's (S-082)
    assert_eq!(ids(&bob.get("/api/v1/reports")).len(), 2);
    assert_eq!(ids(&bob.get("/api/v1/reports?resolved=true")), [id(&made)]);
    assert_eq!(bob.get(&format!("/api/v1/reports/{}", id(&made)))["comment"], "spam!");
    assert_eq!(ann.get("/api/v1/reports"), json!([]));
    let other = ann.request("GET", &format!("/api/v1/reports/{}", id(&made))).send();
    assert_eq!(other.status, 404);
}

#[test]
fn reports_that_cannot_be() {
    let instance = instance();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    let private = id(&ann.writes("for followers", "private"));
    let foreign = id(&eve.writes("eve's", "public"));
    let many: Vec<String> = (1..60).map(|n| n.to_string()).collect();
    for (what, body, status, word) in [
        ("no account", json!({}), 422, "account_id"),
        ("an unknown account", json!({"account_id": "7"}), 404, ""),
        ("the instance actor", json!({"account_id": "1"}), 404, ""),
        ("no id", json!({"account_id": "x"}), 404, ""),
        ("a list", json!({"account_id": [1]}), 422, "account_id"),
        ("another's status", json!({"account_id": ann.id, "status_ids": [foreign]}), 404, ""),
        ("one not to be seen", json!({"account_id": ann.id, "status_ids": [private]}), 404, ""),
        ("no status", json!({"account_id": ann.id, "status_ids": ["x"]}), 404, ""),
        ("many", json!({"account_id": ann.id, "status_ids": many}), 422, "status_ids"),
        ("long", json!({"account_id": ann.id, "comment": "x".repeat(1001)}), 422, "comment"),
        ("category", json!({"account_id": ann.id, "category": "odd"}), 422, "category"),
        ("rule", json!({"account_id": ann.id, "rule_ids": ["3"]}), 422, "rule"),
        ("no rule", json!({"account_id": ann.id, "rule_ids": ["x"]}), 422, "rule"),
        ("flag", json!({"account_id": ann.id, "forward": "maybe"}), 422, "forward"),
    ] {
        let answer = report(&bob, body);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert!(answer.text().to_lowercase().contains(word), "{what}: {}", answer.text());
    }
    assert_eq!(bob.get("/api/v1/reports"), json!([]));
}

#[test]
fn f_224_s_100_a_forwarded_report_is_the_instances() {
    let instance = instance();
    let bob = instance.person("bob");
    let peer = Peer::start(&["mia"]);
    let mia = follow_peer(&instance, &bob, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    peer.send("mia", &inbox, &peer.create("mia", 1, "<p>bad</p>", json!({})));
    let status = eventually("it arrives", || {
        bob.get("/api/v1/timelines/home")[0]["id"].as_str().map(str::to_owned)
    });
    let flags =
        || -> Vec<Value> { peer.received().into_iter().filter(|a| a["type"] == "Flag").collect() };
    // only if it is wanted
    bob.post("/api/v1/reports", json!({"account_id": mia, "status_ids": [status]}));
    let elsewhere = json!({
        "account_id": mia, "forward": true, "forward_to_domains": ["other.example"],
    });
    assert_eq!(bob.post("/api/v1/reports", elsewhere)["forwarded"], false);
    instance.settle();
    assert!(flags().is_empty());
    let body = json!({
        "account_id": mia, "status_ids": [status], "comment": "look", "forward": true,
        "forward_to_domains": [peer.host],
    });
    assert_eq!(bob.post("/api/v1/reports", body)["forwarded"], true);
    instance.settle();
    let flag = flags().pop().unwrap();
    assert_eq!(flag["actor"], format!("{}/actor", instance.base));
    assert_eq!(flag["object"], json!([peer.uri("mia"), peer.at("/notes/1")]));
    assert_eq!(flag["content"], "look");
    assert!(!flag.to_string().contains("bob"), "nobody learns who reported");
}

/// A Flag of another server as the vectors have it, about what is here.
fn vector(name: &str, ann: &Person, status: &Value, peer: &Peer) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in [
        ("https://dassie.example/users/01JZANN0000000000000000000", ann.uri.as_str()),
        (
            "https://dassie.example/posts/01JZPOST000000000000000001",
            status["uri"].as_str().unwrap(),
        ),
    ] {
        text = text.replace(from, to);
    }
    let mut flag: Value = serde_json::from_str(&text).unwrap();
    flag["actor"] = json!(peer.uri("mia"));
    flag["id"] = json!(peer.at(&format!("/flags/{}", name.replace('/', "-"))));
    flag
}

#[test]
fn f_194_reports_of_other_servers() {
    let instance = instance();
    let boss = admin(&instance, "boss");
    let ann = instance.person("ann");
    let status = ann.writes("mine", "public");
    let peer = Peer::start(&["mia"]);
    let inbox = format!("{}/inbox", instance.base);
    let mut known = 0;
    for (name, has_status, comment) in [
        ("mastodon/flag", true, "Please look at these posts"),
        ("gotosocial/flag", true, "please look"),
        ("misskey/flag_urls_in_content", true, "spam"),
        ("mbin/flag_post_first", true, "bad"),
        ("lemmy/flag_post_only", true, "report this post"),
    ] {
        let flag = vector(name, &ann, &status, &peer);
        assert_eq!(peer.send("mia", &inbox, &flag).status, 202, "{name}");
        instance.settle();
        let all = boss.get("/api/v1/admin/reports");
        known += 1;
        assert_eq!(all.as_array().unwrap().len(), known, "{name}");
        let shown = &all[0];
        assert_eq!(shown["target_account"]["username"], "ann", "{name}");
        assert_eq!(shown["account"]["domain"], peer.host.as_str(), "{name}");
        assert_eq!(shown["statuses"].as_array().unwrap().len(), usize::from(has_status), "{name}");
        assert!(shown["comment"].as_str().unwrap().contains(comment), "{name}: {shown}");
    }
    let told = boss.get("/api/v1/notifications?types[]=admin.report");
    assert_eq!(told.as_array().unwrap().len(), known);
    // five about one account wait: no more are taken for a while
    let flag = vector("peertube/flag", &ann, &status, &peer);
    assert_eq!(peer.send("mia", &inbox, &flag).status, 202);
    instance.settle();
    assert_eq!(boss.get("/api/v1/admin/reports").as_array().unwrap().len(), known);
}

#[test]
fn f_195_a_report_about_nothing_of_ours_is_dropped() {
    let instance = instance();
    let boss = admin(&instance, "boss");
    let peer = Peer::start(&["mia"]);
    let inbox = format!("{}/inbox", instance.base);
    for (number, object) in [
        json!(peer.uri("mia")),
        json!([peer.at("/notes/1")]),
        json!(format!("{}/users/nobody", instance.base)),
        json!(format!("{}/actor", instance.base)),
        json!([]),
        Value::Null,
    ]
    .into_iter()
    .enumerate()
    {
        let flag = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/flags/{number}")), "type": "Flag",
            "actor": peer.uri("mia"), "object": object, "content": "x",
        });
        assert_eq!(peer.send("mia", &inbox, &flag).status, 202);
    }
    instance.settle();
    assert_eq!(boss.get("/api/v1/admin/reports"), json!([]));
}

#[test]
fn s_100_a_storm_of_reports_from_many_accounts_of_one_server_is_held() {
    let instance = instance();
    let boss = admin(&instance, "boss");
    let ann = instance.person("ann");
    let names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6"];
    let (peer, other, third) = (Peer::start(&names), Peer::start(&["mia"]), Peer::start(&["noa"]));
    let flag = |peer: &Peer, name: &str| {
        let flag = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/flags/{name}")), "type": "Flag",
            "actor": peer.uri(name), "object": ann.uri, "content": "x",
        });
        assert_eq!(peer.send(name, &format!("{}/inbox", instance.base), &flag).status, 202);
        instance.settle();
    };
    for name in names {
        flag(&peer, name);
    }
    let count = || boss.get("/api/v1/admin/reports").as_array().unwrap().len();
    assert_eq!(count(), 5);
    flag(&other, "mia");
    assert_eq!(count(), 6, "others are heard");
    // nobody reads two thousand, wherever they come from
    let sql = rusqlite::Connection::open(instance.folder.path().join("data/dassie.db")).unwrap();
    sql.execute_batch(
        "BEGIN IMMEDIATE;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1994)
         INSERT INTO report (account_id, target_id, created_at, updated_at)
           SELECT r.account_id, r.target_id, 1, 1 FROM n, (SELECT * FROM report LIMIT 1) r;
         COMMIT",
    )
    .unwrap();
    let all = || -> i64 { sql.query_row("SELECT count(*) FROM report", [], |r| r.get(0)).unwrap() };
    assert_eq!(all(), 2000);
    flag(&third, "noa");
    assert_eq!(all(), 2000);
}

#[test]
fn a_report_shows_no_admin_what_its_server_never_got() {
    let instance = instance();
    let boss = admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let (peer, other) = (Peer::start(&["mia"]), Peer::start(&["noa"]));
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    let inbox = format!("{}/inbox", instance.base);
    peer.send("mia", &inbox, &follow);
    instance.settle();
    let open = ann.writes("open", "public");
    let closed = ann.writes("for followers", "private");
    let letter = ann.writes(&format!("@{} for bob", bob.name), "direct");
    for (peer, name, wanted) in
        [(&peer, "mia", vec!["open", "for followers"]), (&other, "noa", vec!["open"])]
    {
        let flag = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at("/flags/1"), "type": "Flag", "actor": peer.uri(name),
            "object": [ann.uri, open["uri"], closed["uri"], letter["uri"]],
        });
        assert_eq!(peer.send(name, &inbox, &flag).status, 202);
        instance.settle();
        let report = boss.get("/api/v1/admin/reports")[0].clone();
        assert_eq!(report["account"]["username"], name);
        let mut shown = texts(&report["statuses"]);
        shown.sort_by_key(|text| text.len());
        assert_eq!(shown, wanted, "{name}");
    }
}

/// The messages of the server itself, newest first, as the app shows them.
fn messages(person: &Person) -> Vec<String> {
    let told = person.get("/api/v1/notifications?types[]=mention");
    let text = |one: &Value| one["status"]["content"].as_str().unwrap().to_owned();
    told.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn an_admin_reads_of_a_report_in_a_message_that_goes_when_it_is_settled() {
    let instance = instance();
    let (boss, second) = (admin(&instance, "boss"), admin(&instance, "second"));
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    let comment = "ask @eve, #tag <b>https://evil.example/x</b>\nnow";
    let body = json!({"account_id": ann.id, "category": "spam", "comment": comment});
    let report = id(&bob.post("/api/v1/reports", body));
    let told = boss.get("/api/v1/notifications?types[]=mention");
    let (text, status) = (told[0]["status"]["content"].as_str().unwrap(), &told[0]["status"]);
    for part in ["bob", "ann", "(spam)", &format!("dassie report show {report}"), "evil.example"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(status["visibility"], "direct");
    // what a stranger wrote leads nowhere and tells nobody
    assert!(!text.contains("<b>") && text.matches("<a ").count() == 2, "{text}");
    assert_eq!(status["tags"], json!([]));
    let mut named: Vec<&str> = status["mentions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["acct"].as_str().unwrap())
        .collect();
    named.sort_unstable();
    assert_eq!(named, ["boss", "second"]);
    for person in [&ann, &bob, &eve] {
        assert!(person.notifications().is_empty() && person.home().is_empty());
        assert_eq!(person.get("/api/v1/conversations"), json!([]));
    }
    assert_eq!(messages(&second).len(), 1);
    boss.post(&format!("/api/v1/admin/reports/{report}/resolve"), json!({}));
    assert!(messages(&boss).is_empty() && messages(&second).is_empty());
    // who reports knows; the other admin does not
    boss.post("/api/v1/reports", json!({"account_id": ann.id}));
    assert_eq!((messages(&boss).len(), messages(&second).len()), (0, 1));
    // with whom it is about, it goes as well
    control::execute(&instance.app, Command::AccountDelete { account: "ann".into() }).unwrap();
    assert!(messages(&second).is_empty());
}

#[test]
fn many_reports_are_few_messages() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, ..Options::default() });
    let boss = admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let report = || id(&bob.post("/api/v1/reports", json!({"account_id": ann.id})));
    let resolve = |id: &str| {
        boss.post(&format!("/api/v1/admin/reports/{id}/resolve"), json!({}));
    };
    let first: Vec<String> = (0..20).map(|_| report()).collect();
    let told = messages(&boss);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].contains("dassie report list"), "{told:?}");
    // the last one comes anew once a day, while more come
    let newest = || boss.get("/api/v1/notifications?types[]=mention")[0]["status"]["id"].clone();
    let before = newest();
    instance.advance(23 * HOUR);
    report();
    assert_eq!(newest(), before);
    instance.advance(2 * HOUR);
    report();
    assert!(newest() != before && messages(&boss).len() == 4);
    // one that has a message makes room for another
    resolve(&first[0]);
    assert_eq!(messages(&boss).len(), 3);
    let next = report();
    assert!(messages(&boss)[0].contains(&format!("dassie report show {next}")));
    let all = ids(&boss.get("/api/v1/admin/reports?limit=200"));
    assert_eq!(all.len(), 22);
    all.iter().for_each(|one| resolve(one));
    assert_eq!(messages(&boss), Vec::<String>::new());
}
