//! The admin API: who may, and that what it does is real.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::scopes::{self, Need};
use super::{follow_peer, id, ids, token};
use crate::support::{Instance, Peer, Person, Request, Socket, eventually, texts};

const ALL: &str = "read write follow push admin:read admin:write";

/// A new person who is an admin, with a token that may everything.
pub(crate) fn admin(instance: &Instance, name: &str) -> Person {
    let mut person = instance.person(name);
    make_admin(instance, &person, true);
    person.token = token(instance, Some(&person), ALL);
    person
}

fn make_admin(instance: &Instance, person: &Person, is: bool) {
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let done =
        sql.execute("UPDATE user SET admin = ? WHERE account_id = ?", (is, &person.id)).unwrap();
    assert_eq!(done, 1);
}

fn act(admin: &Person, id: &str, what: &str) -> u16 {
    let path = format!("/api/v1/admin/accounts/{id}/action");
    admin.request("POST", &path).json(&json!({ "type": what })).send().status
}

fn lift(admin: &Person, id: &str, what: &str) -> Value {
    admin.post(&format!("/api/v1/admin/accounts/{id}/{what}"), json!({}))
}

#[test]
fn s_076_each_admin_route_demands_an_admin_and_the_scope() {
    let instance = Instance::start();
    let (boss, ann) = (admin(&instance, "boss"), instance.person("ann"));
    let scopes = [
        "read write",
        "admin:read",
        "admin:write",
        "admin:read:accounts",
        "admin:write:accounts",
        "admin:read:reports",
        "admin:write:reports",
        "admin:read:domain_blocks",
        "admin:write:domain_blocks",
        "admin:read:domain_allows",
        "admin:write:domain_allows",
    ];
    let tokens: Vec<(&str, String, String)> = scopes
        .iter()
        .map(|scope| {
            (*scope, token(&instance, Some(&boss), scope), token(&instance, Some(&ann), scope))
        })
        .collect();
    let ask = |route: &scopes::Route, token: &str| {
        let url = format!("{}{}", instance.base, route.path.replace("{id}", "7"));
        Request::new(route.method, url).header("authorization", format!("Bearer {token}")).send()
    };
    let mut checked = 0;
    for route in scopes::table() {
        let Need::Admin(needed) = &route.need else { continue };
        for (scope, of_admin, of_other) in &tokens {
            let at = format!("{} {} with {scope}", route.method, route.path);
            let fits = needed.iter().any(|n| n == scope || n.starts_with(&format!("{scope}:")));
            let status = ask(&route, of_admin).status;
            // of an id that nothing has, and without a body
            if fits {
                assert!(matches!(status, 200 | 404 | 422), "{at}: {status}");
            } else {
                assert_eq!(status, 403, "{at}");
            }
            assert_eq!(ask(&route, of_other).status, 403, "{at} by one who is no admin");
            checked += 1;
        }
    }
    assert!(checked > 250, "{checked}");
    // who is one no longer has a token that is worth nothing
    assert_eq!(boss.request("GET", "/api/v1/admin/accounts").send().status, 200);
    make_admin(&instance, &boss, false);
    assert_eq!(boss.request("GET", "/api/v1/admin/accounts").send().status, 403);
}

#[test]
fn accounts_are_found_by_all_filters() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let mia = id(&boss.finds(&format!("mia@{}", peer.host)));
    assert_eq!(act(&boss, &ann.id, "silence"), 200);
    assert_eq!(act(&boss, &bob.id, "disable"), 200);
    assert_eq!(act(&boss, &mia, "suspend"), 200);
    let (b, a, o, m) = (&boss.id, &ann.id, &bob.id, &mia);
    for (query, wanted) in [
        ("v1", "", vec![m, o, a, b]),
        ("v1", "local=true", vec![o, a, b]),
        ("v1", "remote=true", vec![m]),
        ("v1", "silenced=true", vec![a]),
        ("v1", "disabled=true", vec![o]),
        ("v1", "suspended=true", vec![m]),
        ("v1", "active=true", vec![o, a, b]),
        ("v1", "staff=true", vec![b]),
        ("v1", "pending=true", vec![]),
        ("v2", "origin=local&status=active", vec![o, a, b]),
        ("v2", "origin=remote", vec![m]),
        ("v2", "status=suspended", vec![m]),
        ("v2", "status=silenced", vec![a]),
        ("v2", "status=disabled", vec![o]),
        ("v2", "status=pending", vec![]),
        ("v2", "permissions=staff", vec![b]),
        ("v2", "username=an", vec![a]),
        ("v2", "username=mi", vec![m]),
        ("v2", "username=nn", vec![]),
        ("v2", "email=bob%40example", vec![o]),
        ("v2", "ip=127.0.0.1", vec![]),
        ("v1", "limit=2", vec![m, o]),
    ]
    .map(|(version, query, wanted)| (format!("/api/{version}/admin/accounts?{query}"), wanted))
    .into_iter()
    .chain([(format!("/api/v2/admin/accounts?by_domain={}", peer.host), vec![m])])
    {
        let found = ids(&boss.get(&query));
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
    }
    let next = boss.get(&format!("/api/v1/admin/accounts?max_id={o}"));
    assert_eq!(ids(&next), [a.clone(), b.clone()]);
    for (query, status) in
        [("origin=moon", 422), ("status=odd", 422), ("permissions=all", 422), ("limit=x", 422)]
    {
        let path = format!("/api/v2/admin/accounts?{query}");
        assert_eq!(boss.request("GET", &path).send().status, status, "{query}");
    }
    let shown = boss.get(&format!("/api/v1/admin/accounts/{a}"));
    assert_eq!((&shown["email"], &shown["silenced"]), (&json!("ann@example.org"), &json!(true)));
    assert_eq!(boss.get(&format!("/api/v1/admin/accounts/{b}"))["role"]["name"], "Admin");
    // the instance actor is nobody
    assert_eq!(boss.request("GET", "/api/v1/admin/accounts/1").send().status, 404);
}

#[test]
fn what_an_admin_may_not_do() {
    let instance = Instance::start();
    let (boss, ann) = (admin(&instance, "boss"), instance.person("ann"));
    let other = admin(&instance, "other");
    let peer = Peer::start(&["mia"]);
    let mia = id(&boss.finds(&format!("mia@{}", peer.host)));
    for action in ["disable", "silence", "sensitive", "suspend"] {
        assert_eq!(act(&boss, &boss.id, action), 403, "oneself: {action}");
        assert_eq!(act(&boss, &other.id, action), 403, "another admin: {action}");
        assert_eq!(act(&boss, "7", action), 404);
    }
    assert_eq!(act(&boss, &mia, "disable"), 403, "nobody signs in there");
    assert_eq!(act(&boss, &ann.id, "explode"), 422);
    assert_eq!(act(&boss, &ann.id, ""), 422);
    assert_eq!(act(&boss, &ann.id, "none"), 200);
    for path in ["approve", "reject"] {
        let path = format!("/api/v1/admin/accounts/{}/{path}", ann.id);
        assert_eq!(boss.request("POST", &path).send().status, 403, "nobody waits");
    }
    let path = format!("/api/v1/admin/accounts/{}", ann.id);
    assert_eq!(boss.request("DELETE", &path).send().status, 403, "it is not suspended");
    let report = json!({"type": "none", "report_id": "7"});
    let path = format!("/api/v1/admin/accounts/{}/action", ann.id);
    assert_eq!(boss.request("POST", &path).json(&report).send().status, 404);
}

#[test]
fn s_078_who_is_disabled_is_out_and_may_come_back() {
    let instance = Instance::start();
    let (boss, ann) = (admin(&instance, "boss"), instance.person("ann"));
    let mut open =
        Socket::open(&instance.host, &format!("?access_token={}&stream=user", ann.token), &[])
            .unwrap();
    assert_eq!(act(&boss, &ann.id, "disable"), 200);
    assert_eq!(ann.request("GET", "/api/v1/timelines/home").send().status, 401);
    open.ends();
    let shown = boss.get(&format!("/api/v1/admin/accounts/{}", ann.id));
    assert_eq!((&shown["disabled"], &shown["suspended"]), (&json!(true), &json!(false)));
    // others see it as before
    assert_eq!(boss.get(&format!("/api/v1/accounts/{}", ann.id))["acct"], "ann");
    assert_eq!(lift(&boss, &ann.id, "enable")["disabled"], false);
    let mut again = ann;
    again.token = token(&instance, Some(&again), "read");
    assert_eq!(again.request("GET", "/api/v1/timelines/home").send().status, 200);
}

#[test]
fn f_340_what_is_silenced_is_found_by_followers_only() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let (loud, fan, other) =
        (instance.person("loud"), instance.person("fan"), instance.person("other"));
    fan.follows("loud");
    other.post("/api/v1/tags/noise/follow", json!({}));
    let root = id(&boss.writes("root", "public"));
    let before = loud.writes("before #noise", "public");
    let listen = |person: &Person| {
        let query = format!("?access_token={}&stream=public", person.token);
        Socket::open(&instance.host, &query, &[]).unwrap()
    };
    let (mut to_fan, mut to_other) = (listen(&fan), listen(&other));
    assert_eq!(act(&boss, &loud.id, "silence"), 200);
    let answer = loud
        .post("/api/v1/statuses", json!({"status": "@boss after #noise", "in_reply_to_id": root}));
    let own = loud.writes("after, alone #noise", "public");
    let seen = |person: &Person, path: &str| {
        let found = person.get(path);
        let list = if found.is_array() { &found } else { &found["statuses"] };
        texts(list).len()
    };
    for (path, to_followers) in [
        ("/api/v1/timelines/public", 3),
        ("/api/v1/timelines/public?local=true", 3),
        ("/api/v1/timelines/tag/noise", 3),
        ("/api/v2/search?q=noise&type=statuses", 1),
    ] {
        let (author, follower) = (seen(&loud, path), seen(&fan, path));
        if !path.contains("search") {
            assert_eq!((author, follower), (to_followers, to_followers), "{path}");
        }
        let alone = usize::from(path.contains("public"));
        assert_eq!(seen(&other, path), alone, "{path}: only what the admin wrote");
        let open = instance.get(path);
        if open.status == 200 && open.json().is_array() {
            assert_eq!(texts(&open.json()).len(), alone, "{path} without a token");
        }
    }
    let context = format!("/api/v1/statuses/{root}/context");
    assert_eq!(fan.get(&context)["descendants"].as_array().unwrap().len(), 1);
    assert_eq!(other.get(&context)["descendants"], json!([]));
    // above an answer
    let below =
        id(&fan.post("/api/v1/statuses", json!({"status": "yes", "in_reply_to_id": id(&own)})));
    let above = format!("/api/v1/statuses/{below}/context");
    assert_eq!(fan.get(&above)["ancestors"].as_array().unwrap().len(), 1);
    assert_eq!(other.get(&above)["ancestors"], json!([]));
    assert_eq!(instance.get(&above).json()["ancestors"], json!([]));
    // it is not gone: by its address, on its profile, in the homes of followers
    assert_eq!(other.get(&format!("/api/v1/statuses/{}", id(&own)))["id"], own["id"]);
    assert_eq!(other.get(&format!("/api/v1/accounts/{}", loud.id))["limited"], true);
    let profile = other.get(&format!("/api/v1/accounts/{}/statuses", loud.id));
    assert!(ids(&profile).contains(&id(&before)));
    assert!(fan.home().iter().any(|text| text.contains("alone")));
    assert!(other.home().iter().all(|text| !text.contains("after")), "nor by a tag");
    let got = to_fan.next();
    assert_eq!(got["event"], "update", "followers hear it: {got}");
    // strangers do not
    to_other.is_quiet();
    // and in a quote
    let body = json!({"status": "look", "quoted_status_id": id(&before)});
    let quoting = format!("/api/v1/statuses/{}", id(&fan.post("/api/v1/statuses", body)));
    assert_eq!(fan.get(&quoting)["quote"]["state"], "accepted");
    let quote = other.get(&quoting)["quote"].clone();
    assert_eq!((&quote["state"], &quote["quoted_status"]), (&json!("unauthorized"), &Value::Null));
    for person in [&fan, &loud] {
        let found = json!({"discoverable": true});
        person.request("PATCH", "/api/v1/accounts/update_credentials").json(&found).send().ok();
    }
    let front = instance.get("/").text();
    assert!(front.contains("/@fan") && !front.contains("/@loud"));
    // and back
    assert_eq!(lift(&boss, &loud.id, "unsilence")["silenced"], false);
    assert_eq!(seen(&other, "/api/v1/timelines/tag/noise"), 3);
    assert!(other.get(&format!("/api/v1/accounts/{}", loud.id)).get("limited").is_none());
    assert!(!answer["id"].is_null());
}

#[test]
fn sensitive_marks_all_media() {
    let instance = Instance::start();
    let (boss, ann) = (admin(&instance, "boss"), instance.person("ann"));
    let status = ann.writes("a photo", "public");
    assert_eq!(status["sensitive"], false);
    assert_eq!(act(&boss, &ann.id, "sensitive"), 200);
    let path = format!("/api/v1/statuses/{}", id(&status));
    assert_eq!(boss.get(&path)["sensitive"], true);
    assert_eq!(instance.activity(status["uri"].as_str().unwrap()).json()["sensitive"], true);
    assert_eq!(lift(&boss, &ann.id, "unsensitive")["sensitized"], false);
    assert_eq!(boss.get(&path)["sensitive"], false);
}

#[test]
fn f_034_s_039_s_078_who_is_suspended_is_shown_to_nobody_and_may_come_back() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let (ann, fan) = (instance.person("ann"), instance.person("fan"));
    let peer = Peer::start(&["mia"]);
    fan.follows("ann");
    let status = ann.writes("hello", "public");
    // somebody elsewhere follows
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &follow).status, 202);
    instance.settle();
    assert_eq!(act(&boss, &ann.id, "suspend"), 200);
    assert_eq!(ann.request("GET", "/api/v1/timelines/home").send().status, 401);
    assert_eq!(fan.home(), [""; 0]);
    let path = format!("/api/v1/statuses/{}", id(&status));
    assert_eq!(fan.request("GET", &path).send().status, 404);
    let shown = fan.get(&format!("/api/v1/accounts/{}", ann.id));
    assert_eq!((&shown["suspended"], &shown["statuses_count"]), (&json!(true), &json!(0)));
    let statuses = format!("/api/v1/accounts/{}/statuses", ann.id);
    assert_eq!(fan.request("GET", &statuses).send().status, 404);
    // one can end what there is, and begin nothing
    let other = instance.person("other");
    let deed = |what: &str| {
        other.request("POST", &format!("/api/v1/accounts/{}/{what}", ann.id)).send().status
    };
    let deeds = ["follow", "unfollow", "block", "unblock", "mute", "unmute", "note"].map(deed);
    assert_eq!(deeds, [404, 200, 200, 200, 200, 200, 200]);
    // F-034: its followers' servers see it emptied
    let update = |suspended: bool| {
        eventually("the followers are told", || {
            peer.received()
                .into_iter()
                .find(|a| a["type"] == "Update" && (a["object"]["suspended"] == true) == suspended)
        })
    };
    assert_eq!(update(true)["object"]["summary"], "");
    assert_eq!(instance.activity(&ann.uri).json()["suspended"], true);
    assert_eq!(
        peer.send("mia", &format!("{}/inbox", ann.uri), &follow).status,
        403,
        "its inbox takes nothing"
    );
    assert_eq!(lift(&boss, &ann.id, "unsuspend")["suspended"], false);
    update(false);
    assert_eq!(fan.home(), ["hello"]);
    assert!(instance.activity(&ann.uri).json().get("suspended").is_none());
    // for good
    assert_eq!(act(&boss, &ann.id, "suspend"), 200);
    boss.delete(&format!("/api/v1/admin/accounts/{}", ann.id));
    let path = format!("/api/v1/admin/accounts/{}/unsuspend", ann.id);
    let status = boss.request("POST", &path).send().status;
    assert!(matches!(status, 403 | 404), "{status}");
    eventually("the actor is gone", || (instance.activity(&ann.uri).status == 410).then_some(()));
    eventually("its servers are told", || {
        peer.received().iter().any(|a| a["type"] == "Delete").then_some(())
    });
}

#[test]
fn s_039_a_suspended_remote_account_stays_out() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let fan = instance.person("fan");
    let peer = Peer::start(&["mia"]);
    let mia = follow_peer(&instance, &fan, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    peer.send("mia", &inbox, &peer.create("mia", 1, "<p>one</p>", json!({})));
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": fan.uri,
    });
    peer.send("mia", &inbox, &follow);
    instance.settle();
    assert_eq!(fan.home(), ["one"]);
    assert_eq!(act(&boss, &mia, "suspend"), 200);
    assert_eq!(fan.home(), [""; 0]);
    eventually("its follow is refused", || {
        peer.received().iter().any(|a| a["type"] == "Reject").then_some(())
    });
    peer.send("mia", &inbox, &peer.create("mia", 2, "<p>two</p>", json!({})));
    instance.settle();
    lift(&boss, &mia, "unsuspend");
    assert_eq!(fan.home(), ["one"], "what came meanwhile was not taken");
    assert_eq!(act(&boss, &mia, "suspend"), 200);
    boss.delete(&format!("/api/v1/admin/accounts/{mia}"));
    instance.settle();
    peer.send("mia", &inbox, &peer.create("mia", 3, "<p>three</p>", json!({})));
    instance.settle();
    assert_eq!(boss.get(&format!("/api/v1/admin/accounts/{mia}"))["suspended"], true);
    lift(&boss, &mia, "unsuspend");
    assert_eq!(fan.home(), [""; 0], "what it wrote was deleted");
}

/// As for the other routes; the schema has entities of the admin API, but not its paths.
const VALIDATE: &str = r##"
import json, re, sys
sys.path.insert(0, sys.argv[1])
from validate import NoSchema, check, validate
ENTITIES = [
    (r"/accounts(/\d+(/(un\w+|enable))?)?$", "AdminAccount"), (r"/reports", "AdminReport"),
    (r"/domain_blocks", "AdminDomainBlock"), (r"/domain_allows", "AdminDomainAllow"),
]
for line in sys.stdin:
    method, path, status, body = json.loads(line)
    try:
        found = validate(method, path, status, body)
    except NoSchema:
        name = next((n for pattern, n in ENTITIES if "/admin/" in path and re.search(pattern, path)), None)
        if status != 200 or body == {}:
            continue
        assert name, path
        found = []
        for one in body if isinstance(body, list) else [body]:
            found += check({"$ref": "#/components/schemas/" + name}, one)
    for mismatch in found:
        print(method, path, status, mismatch, sep="\t")
print("done")
"##;

#[test]
fn answers_have_the_documented_shape() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/mastodon-api");
    let mut check = Command::new("python3");
    let usable = check
        .args(["-W", "ignore", "-c", "import jsonschema"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !usable || !folder.join("validate.py").exists() {
        eprintln!("skipped: needs python3 with jsonschema, and ../shared/mastodon-api");
        return;
    }
    let instance = Instance::with(crate::support::Options {
        configure: Some(|config| {
            config.instance.rules = vec!["Be kind".into(), "No spam".into()];
            config.instance.privacy_policy.0 = "# Privacy\n\n*nothing* is kept".into();
            config.instance.terms_of_service.0 = "be *good*".into();
            config.instance.show_domain_blocks = dassie::config::Audience::All;
        }),
        ..Default::default()
    });
    let (boss, ann) = (admin(&instance, "boss"), instance.person("ann"));
    let bob = instance.person("bob");
    let peer = Peer::start(&["mia"]);
    let mia = id(&boss.finds(&format!("mia@{}", peer.host)));
    let status = id(&ann.writes("bad", "public"));
    let report = json!({
        "account_id": ann.id, "status_ids": [status], "comment": "c", "rule_ids": ["1"],
    });
    let report = id(&bob.post("/api/v1/reports", report));
    let announce = |text: &str| {
        let command = dassie::control::Command::Announce {
            text: text.into(),
            starts_at: None,
            ends_at: None,
            all_day: false,
        };
        dassie::control::execute(&instance.app, command).unwrap()
    };
    announce("hello @ann #tag");
    let block = boss.post(
        "/api/v1/admin/domain_blocks",
        json!({"domain": "bad.example", "severity": "suspend", "public_comment": "spam"}),
    );
    let allow = boss.post("/api/v1/admin/domain_allows", json!({"domain": "good.example"}));
    let (block, allow, a) = (id(&block), id(&allow), &ann.id);
    let mut lines = Vec::new();
    for (method, path, body) in [
        ("GET", "/api/v1/admin/accounts".to_owned(), json!({})),
        ("GET", "/api/v2/admin/accounts".into(), json!({})),
        ("GET", format!("/api/v1/admin/accounts/{a}"), json!({})),
        ("GET", format!("/api/v1/admin/accounts/{mia}"), json!({})),
        ("POST", format!("/api/v1/admin/reports/{report}/assign_to_self"), json!({})),
        ("POST", format!("/api/v1/admin/reports/{report}/unassign"), json!({})),
        ("GET", "/api/v1/admin/reports".into(), json!({})),
        ("GET", format!("/api/v1/admin/reports/{report}"), json!({})),
        ("PUT", format!("/api/v1/admin/reports/{report}"), json!({"category": "spam"})),
        ("POST", format!("/api/v1/admin/reports/{report}/resolve"), json!({})),
        ("POST", format!("/api/v1/admin/reports/{report}/reopen"), json!({})),
        ("POST", format!("/api/v1/admin/accounts/{a}/action"), json!({"type": "silence"})),
        ("POST", format!("/api/v1/admin/accounts/{a}/unsilence"), json!({})),
        ("POST", format!("/api/v1/admin/accounts/{a}/unsuspend"), json!({})),
        ("POST", format!("/api/v1/admin/accounts/{a}/unsensitive"), json!({})),
        ("POST", format!("/api/v1/admin/accounts/{a}/enable"), json!({})),
        ("POST", format!("/api/v1/admin/accounts/{a}/approve"), json!({})),
        ("POST", "/api/v1/admin/domain_blocks".into(), json!({"domain": "worse.example"})),
        ("GET", "/api/v1/admin/domain_blocks".into(), json!({})),
        ("GET", format!("/api/v1/admin/domain_blocks/{block}"), json!({})),
        ("PUT", format!("/api/v1/admin/domain_blocks/{block}"), json!({"obfuscate": true})),
        ("GET", "/api/v1/instance/domain_blocks".into(), json!({})),
        ("DELETE", format!("/api/v1/admin/domain_blocks/{block}"), json!({})),
        ("GET", "/api/v1/admin/domain_allows".into(), json!({})),
        ("GET", format!("/api/v1/admin/domain_allows/{allow}"), json!({})),
        ("DELETE", format!("/api/v1/admin/domain_allows/{allow}"), json!({})),
        ("GET", "/api/v1/announcements".into(), json!({})),
        ("PUT", "/api/v1/announcements/1/reactions/%F0%9F%91%8D".into(), json!({})),
        ("GET", "/api/v1/announcements".into(), json!({})),
        ("POST", "/api/v1/announcements/1/dismiss".into(), json!({})),
        ("POST", "/api/v1/reports".into(), json!({"account_id": bob.id})),
        ("GET", "/api/v1/notifications".into(), json!({})),
        ("GET", "/api/v1/custom_emojis".into(), json!({})),
        ("GET", "/api/v1/instance/rules".into(), json!({})),
        ("GET", "/api/v1/instance/extended_description".into(), json!({})),
        ("GET", "/api/v1/instance/privacy_policy".into(), json!({})),
        ("GET", "/api/v1/instance/terms_of_service".into(), json!({})),
        ("GET", "/api/v1/instance".into(), json!({})),
        ("GET", "/api/v2/instance".into(), json!({})),
        ("GET", "/api/v1/accounts/verify_credentials".into(), json!({})),
    ] {
        let answer = boss.request(method, &path).json(&body).send();
        assert!(answer.status < 500, "{method} {path}: {}", answer.text());
        lines.push(json!([method, path, answer.status, answer.json()]).to_string());
    }
    let mut python = Command::new("python3")
        .args(["-W", "ignore", "-c", VALIDATE])
        .arg(&folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    let said = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.ends_with("done\n"), "{said}");
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("\tERROR")).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    for warning in said.lines().filter(|line| line.contains("\tWARN")) {
        eprintln!("{warning}");
    }
}

/// All that an admin does, for the test that looks at each statement.
pub(crate) fn everything(instance: &Instance, other: &Person, remote: &str, status: &str) {
    use dassie::control::{AccountState, CareCommand, Command, execute};
    let boss = admin(instance, "boss");
    let send = |method: &'static str, path: &str, body: Value| {
        let answer = boss.request(method, path).json(&body).send();
        assert!(answer.status < 500, "{path}: {}", answer.text());
        if answer.status == 200 { answer.json() } else { Value::Null }
    };
    let report = json!({"account_id": other.id, "status_ids": [status], "comment": "x"});
    send("POST", "/api/v1/reports", report);
    other.request("POST", "/api/v1/reports").json(&json!({"account_id": remote})).send();
    let report = json!({"account_id": remote, "forward": true});
    let report = id(&send("POST", "/api/v1/reports", report));
    for step in ["assign_to_self", "unassign", "resolve", "reopen"] {
        send("POST", &format!("/api/v1/admin/reports/{report}/{step}"), json!({}));
    }
    send("PUT", &format!("/api/v1/admin/reports/{report}"), json!({"category": "spam"}));
    for who in [other.id.as_str(), remote] {
        for action in ["silence", "sensitive", "suspend"] {
            act(&boss, who, action);
        }
        boss.get("/api/v1/timelines/public");
        for step in ["unsilence", "unsensitive", "unsuspend"] {
            send("POST", &format!("/api/v1/admin/accounts/{who}/{step}"), json!({}));
        }
    }
    for command in [
        CareCommand::Reports { resolved: false, limit: 10 },
        CareCommand::Report { id: report.parse().unwrap() },
        CareCommand::Work { id: report.parse().unwrap(), reopen: false },
        CareCommand::Accounts { state: AccountState::Suspended },
        CareCommand::Accounts { state: AccountState::Silenced },
        CareCommand::Accounts { state: AccountState::Disabled },
        CareCommand::Email { account: "boss".into(), email: "boss@d.example".into() },
    ] {
        execute(&instance.app, Command::Care(command)).unwrap();
    }
    let block = json!({"domain": "b.example", "severity": "suspend", "reject_media": true});
    let block = id(&send("POST", "/api/v1/admin/domain_blocks", block));
    let path = format!("/api/v1/admin/domain_blocks/{block}");
    send("PUT", &path, json!({"severity": "silence"}));
    send("POST", "/api/v1/admin/domain_allows", json!({"domain": "c.example"}));
    let announce = Command::Announce {
        text: "hello @ann :cat: #tag".into(),
        starts_at: None,
        ends_at: None,
        all_day: false,
    };
    execute(&instance.app, announce).unwrap();
    let (form, kind) =
        super::emojis::form(&[("shortcode", "cat")], Some(&crate::support::picture::moving(5, 5)));
    let emoji = boss.request("POST", "/api/v1/admin/custom_emojis").body(form, &kind).send().ok();
    let path_of_emoji = format!("/api/v1/admin/custom_emojis/{}", id(&emoji));
    send("PATCH", &path_of_emoji, json!({"type": "disable"}));
    send("PATCH", &path_of_emoji, json!({"type": "enable"}));
    boss.writes("a :cat:", "public");
    for (method, path) in
        [("PUT", "1/reactions/cat"), ("DELETE", "1/reactions/cat"), ("POST", "1/dismiss")]
    {
        send(method, &format!("/api/v1/announcements/{path}"), json!({}));
    }
    let picture = emoji["url"].as_str().unwrap().strip_prefix(&instance.base).unwrap().to_owned();
    assert_eq!(instance.get(&picture).status, 200);
    let variants = [
        "",
        "?local=true",
        "?remote=true&max_id=99999999999999999",
        "?silenced=true",
        "?suspended=true&min_id=5",
        "?disabled=true",
        "?origin=remote&status=suspended",
        "?username=mi",
        "?display_name=mia&remote=true",
        "?by_domain=b.example&max_id=5",
        "?email=ann",
        "?resolved=true&account_id=5",
        "?resolved=false&target_account_id=5&min_id=1",
    ];
    for route in scopes::table().iter().filter(|route| route.method == "GET") {
        if !matches!(route.need, Need::Admin(_)) && !route.path.contains("report") {
            continue;
        }
        for variant in variants {
            send("GET", &format!("{}{variant}", route.path.replace("{id}", "1")), json!({}));
        }
    }
    boss.get("/api/v1/notifications");
    act(&boss, remote, "suspend");
    send("DELETE", &format!("/api/v1/admin/accounts/{remote}"), json!({}));
    send("DELETE", &path, json!({}));
    send("DELETE", "/api/v1/admin/domain_allows/1", json!({}));
    send("DELETE", &path_of_emoji, json!({}));
    for command in [
        Command::AnnouncementList,
        Command::AnnouncementDelete { id: 1 },
        Command::DomainList,
        Command::DomainBlock {
            domain: "d.example".into(),
            severity: "silence".into(),
            comment: None,
        },
        Command::DomainUnblock { domain: "d.example".into() },
    ] {
        execute(&instance.app, command).unwrap();
    }
}
