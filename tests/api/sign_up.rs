//! How people come in: who may, what is wrong with a form, what somebody who waits may do, and that
//! nobody hears of them.

use dassie::clock::{Clock, DAY, MINUTE};
use dassie::config::{Config, RegistrationMode};
use dassie::control::{self, Command, Reply, SignUpCommand, SignUpReply};
use serde_json::{Value, json};

use super::admin::admin;
use super::{id, ids, token};
use crate::support::{Answer, Instance, Options, Peer, Request, texts};

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) fn with_mode(mode: fn(&mut Config)) -> Instance {
    Instance::with(Options { configure: Some(mode), ..Options::default() })
}

fn approval() -> Instance {
    with_mode(|config| config.registrations.mode = RegistrationMode::Approval)
}

fn form(name: &str) -> Value {
    json!({
        "username": name, "email": format!("{name}@mail.example"), "password": PASSWORD,
        "agreement": true, "locale": "zh-TW", "reason": "I know ann",
    })
}

fn send(instance: &Instance, token: &str, body: &Value) -> Answer {
    Request::new("POST", format!("{}/api/v1/accounts", instance.base))
        .header("authorization", format!("Bearer {token}"))
        .json(body)
        .send()
}

/// Signs up in an app of its own; the token.
fn sign_up(instance: &Instance, name: &str) -> String {
    let app = token(instance, None, "read write follow push");
    let shown = send(instance, &app, &form(name)).ok();
    assert_eq!(shown["token_type"], "Bearer");
    assert_eq!(shown["scope"], "read write follow push");
    assert!(shown["created_at"].is_i64());
    shown["access_token"].as_str().unwrap().to_owned()
}

fn as_owner(instance: &Instance, token: &str, method: &'static str, path: &str) -> Answer {
    Request::new(method, format!("{}{path}", instance.base))
        .header("authorization", format!("Bearer {token}"))
        .send()
}

fn execute(instance: &Instance, command: SignUpCommand) -> Result<SignUpReply, String> {
    match control::execute(&instance.app, Command::SignUp(command)) {
        Ok(Reply::SignUp(reply)) => Ok(reply),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

/// An invitation by command; its code.
pub(crate) fn invite(instance: &Instance, uses: Option<i64>, lifetime: Option<i64>) -> String {
    match execute(instance, SignUpCommand::Invite { uses, lifetime }).unwrap() {
        SignUpReply::Invites(lines) => lines[0].code.clone(),
        other => panic!("{other:?}"),
    }
}

/// Everything that would tell of an account with this name.
pub(crate) fn is_unknown(instance: &Instance, name: &str, number: &str) {
    let host = &instance.host;
    for path in [
        format!("/.well-known/webfinger?resource=acct:{name}@{host}"),
        format!("/users/{name}"),
        format!("/users/{name}/inbox"),
        format!("/users/{name}/outbox"),
        format!("/users/{name}/followers"),
        format!("/@{name}"),
        format!("/@{name}/feed.rss"),
        format!("/api/v1/accounts/lookup?acct={name}"),
        format!("/api/v1/accounts/{number}"),
        format!("/api/v1/accounts/{number}/statuses"),
    ] {
        // as for a name and a number that nobody ever had
        let never = path.replace(name, "nosuch").replace(number, "777777");
        let (page, unknown) = (instance.get(&path), instance.get(&never));
        assert_eq!(page.status, unknown.status, "{path}");
        assert_ne!(page.status, 200, "{path}");
        let document = |path: &str| instance.activity(&format!("{}{path}", instance.base)).status;
        assert_eq!(document(&path), document(&never), "{path} as a document");
        assert_ne!(document(&path), 200, "{path} as a document");
    }
    assert!(!instance.get("/").text().contains(name));
}

#[test]
fn s_085_nobody_comes_in_unless_the_settings_say_so() {
    let instance = Instance::start();
    let app = token(&instance, None, "read write");
    let code = "0".repeat(22);
    let mut body = form("eve");
    body["invite_code"] = json!(code);
    let refused = send(&instance, &app, &body);
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json(), json!({"error": "This action is not allowed"}));
    let v2 = instance.get("/api/v2/instance").ok();
    assert_eq!(v2["registrations"]["enabled"], false);
    let v1 = instance.get("/api/v1/instance").ok();
    assert_eq!((&v1["registrations"], &v1["invites_enabled"]), (&json!(false), &json!(false)));
    assert_eq!(instance.get("/nodeinfo/2.0").ok()["openRegistrations"], false);
}

#[test]
fn who_waits_is_nobody_yet_and_an_admin_lets_them_in() {
    let instance = approval();
    let (boss, ann) = (admin(&instance, "boss"), instance.person("ann"));
    let peer = Peer::start(&["mia"]);
    let v2 = instance.get("/api/v2/instance").ok();
    let door = &v2["registrations"];
    assert_eq!(
        (&door["enabled"], &door["approval_required"], &door["reason_required"], &door["message"]),
        (&json!(true), &json!(true), &json!(true), &Value::Null)
    );
    let v1 = instance.get("/api/v1/instance").ok();
    assert_eq!((&v1["registrations"], &v1["approval_required"]), (&json!(true), &json!(true)));
    assert_eq!(instance.get("/nodeinfo/2.1").ok()["openRegistrations"], true);
    let people = v1["stats"]["user_count"].clone();

    let token = sign_up(&instance, "newt");
    for (version, query) in [("v1", "pending=true"), ("v2", "status=pending")] {
        let list = boss.get(&format!("/api/{version}/admin/accounts?{query}"));
        assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
        let one = &list[0];
        assert_eq!(
            (&one["username"], &one["email"], &one["invite_request"], &one["locale"]),
            (&json!("newt"), &json!("newt@mail.example"), &json!("I know ann"), &json!("zh-TW"))
        );
        assert_eq!((&one["approved"], &one["confirmed"]), (&json!(false), &json!(true)));
        assert_eq!(one["account"]["acct"], "newt");
    }
    let waiting = id(&boss.get("/api/v2/admin/accounts?status=pending")[0]);
    assert_eq!(boss.get(&format!("/api/v1/admin/accounts/{waiting}"))["approved"], false);
    // others are not in that list, and nothing else can be done to somebody who is not there
    assert!(!ids(&boss.get("/api/v2/admin/accounts?origin=local")).contains(&waiting));
    let path = format!("/api/v1/admin/accounts/{waiting}/action");
    assert_eq!(boss.request("POST", &path).json(&json!({"type": "suspend"})).send().status, 404);
    // the admins are told, nobody else is
    let told = boss.get("/api/v1/notifications");
    assert_eq!((told.as_array().unwrap().len(), &told[0]["type"]), (1, &json!("mention")));
    let text = told[0]["status"]["content"].as_str().unwrap();
    assert!(text.contains("newt") && text.contains("/settings/people"), "{text}");
    assert!(!text.contains("I know ann"), "nothing that a stranger wrote");
    assert_eq!(ann.get("/api/v1/notifications"), json!([]));

    is_unknown(&instance, "newt", &waiting);
    assert_eq!(instance.get("/api/v1/instance").ok()["stats"]["user_count"], people);
    assert_eq!(instance.get("/nodeinfo/2.0").ok()["usage"]["users"]["total"], people);
    let found = ann.get("/api/v2/search?q=newt&resolve=true");
    assert_eq!(found["accounts"], json!([]));
    assert_eq!(ann.get("/api/v1/accounts/search?q=newt"), json!([]));
    let path = format!("/api/v1/accounts/{waiting}/follow");
    assert_eq!(ann.request("POST", &path).json(&json!({})).send().status, 404);
    assert_eq!(ann.writes("hello @newt", "public")["mentions"], json!([]));
    let target = format!("{}/users/newt", instance.base);
    let follow = json!({"@context": "https://www.w3.org/ns/activitystreams", "type": "Follow",
        "id": peer.at("/follows/1"), "actor": peer.uri("mia"), "object": target});
    peer.send("mia", &format!("{}/inbox", instance.base), &follow);
    instance.settle();
    assert!(peer.received().is_empty(), "neither accepted nor refused: there is nobody");

    // what they may do themselves
    for (method, path) in [
        ("GET", "/api/v1/accounts/verify_credentials"),
        ("GET", "/api/v1/timelines/home"),
        ("POST", "/api/v1/statuses"),
        ("GET", "/api/v1/streaming/user"),
        ("GET", "/api/v1/admin/accounts"),
        ("GET", "/api/v1/apps/verify_credentials"),
    ] {
        let answer = as_owner(&instance, &token, method, path);
        assert_eq!(answer.status, 403, "{path}");
        let said = answer.json();
        assert_eq!(said["error"], "Your login is currently pending approval", "{path}");
    }
    assert_eq!(as_owner(&instance, &token, "GET", "/api/v2/instance").status, 200);
    assert_eq!(as_owner(&instance, &token, "GET", "/api/v1/timelines/public").status, 200);
    let confirmed = as_owner(&instance, &token, "GET", "/api/v1/emails/check_confirmation");
    assert_eq!(confirmed.ok(), true);
    let again = as_owner(&instance, &token, "POST", "/api/v1/emails/confirmations");
    assert_eq!(again.status, 403);

    // in
    let approve = format!("/api/v1/admin/accounts/{waiting}/approve");
    assert_eq!(ann.request("POST", &approve).send().status, 403);
    let shown = boss.post(&approve, json!({}));
    assert_eq!((&shown["id"], &shown["approved"]), (&json!(waiting), &json!(true)));
    assert_eq!(shown["invite_request"], "I know ann");
    assert_eq!(boss.request("POST", &approve).send().status, 403, "they do not wait any more");
    assert_eq!(boss.get("/api/v2/admin/accounts?status=pending"), json!([]));
    let me = as_owner(&instance, &token, "GET", "/api/v1/accounts/verify_credentials").ok();
    assert_eq!((&me["acct"], &me["id"]), (&json!("newt"), &json!(waiting)));
    let finger = format!("/.well-known/webfinger?resource=acct:newt@{}", instance.host);
    assert_eq!(instance.get(&finger).status, 200);
    assert_eq!(instance.activity(&target).status, 200);
    assert_eq!(instance.get("/@newt").status, 200);
    // the message is gone, and what it told is true now
    assert_eq!(boss.notifications(), [("admin.sign_up".to_owned(), "newt".to_owned())]);
    assert_eq!(ann.notifications(), []);
}

#[test]
fn who_is_turned_away_leaves_nothing_behind() {
    let instance = approval();
    let boss = admin(&instance, "boss");
    let token = sign_up(&instance, "newt");
    let waiting = id(&boss.get("/api/v2/admin/accounts?status=pending")[0]);
    let gone = boss.post(&format!("/api/v1/admin/accounts/{waiting}/reject"), json!({}));
    assert_eq!((&gone["username"], &gone["approved"]), (&json!("newt"), &json!(false)));
    assert_eq!(as_owner(&instance, &token, "GET", "/api/v1/timelines/home").status, 401);
    assert_eq!(boss.notifications(), []);
    is_unknown(&instance, "newt", &waiting);
    for what in ["approve", "reject"] {
        let path = format!("/api/v1/admin/accounts/{waiting}/{what}");
        assert_eq!(boss.request("POST", &path).send().status, 404);
    }
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let left: i64 = sql.query_row("SELECT count(*) FROM applicant", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    // name and address are free
    sign_up(&instance, "newt");
}

#[test]
fn a_form_that_cannot_be_taken_says_why_field_by_field() {
    let instance = approval();
    let boss = admin(&instance, "boss");
    instance.person("ann");
    let gone = instance.person("gone");
    let delete = Command::AccountDelete { account: gone.name };
    control::execute(&instance.app, delete).unwrap();
    instance.settle();
    sign_up(&instance, "newt");
    let app = token(&instance, None, "read write");
    for (field, value, code) in [
        ("username", json!(""), "ERR_BLANK"),
        ("username", json!("with space"), "ERR_INVALID"),
        ("username", json!("名字"), "ERR_INVALID"),
        ("username", json!("x".repeat(31)), "ERR_TOO_LONG"),
        ("username", json!("Admin"), "ERR_RESERVED"),
        ("username", json!("ANN"), "ERR_TAKEN"),
        ("username", json!("Newt"), "ERR_TAKEN"),
        ("username", json!("Gone"), "ERR_TAKEN"),
        ("email", json!(" "), "ERR_BLANK"),
        ("email", json!("nobody"), "ERR_INVALID"),
        ("email", json!("a@b.example\r\nBcc: c@d.example"), "ERR_INVALID"),
        ("email", json!("ANN@example.org"), "ERR_TAKEN"),
        ("email", json!("newt@mail.example"), "ERR_TAKEN"),
        ("password", json!(""), "ERR_BLANK"),
        ("password", json!("short"), "ERR_TOO_SHORT"),
        ("password", json!("x".repeat(257)), "ERR_TOO_LONG"),
        ("agreement", json!(false), "ERR_ACCEPTED"),
        ("reason", json!(" "), "ERR_BLANK"),
        ("reason", json!("x".repeat(421)), "ERR_TOO_LONG"),
    ] {
        let mut body = form("other");
        body[field] = value.clone();
        let answer = send(&instance, &app, &body);
        assert_eq!(answer.status, 422, "{field} {value}: {}", answer.text());
        let said = answer.json();
        assert_eq!(said["details"].as_object().unwrap().len(), 1, "{said}");
        assert_eq!(said["details"][field][0]["error"], code, "{field} {value}: {said}");
        let sentence = said["details"][field][0]["description"].as_str().unwrap();
        let whole = said["error"].as_str().unwrap();
        assert!(whole.starts_with("Validation failed: ") && whole.ends_with(sentence), "{whole}");
    }
    let nothing = send(&instance, &app, &json!({})).json();
    assert_eq!(nothing["details"].as_object().unwrap().len(), 5, "{nothing}");
    for odd in [json!({"username": ["x"]}), json!({"agreement": {"a": 1}}), json!([])] {
        let status = send(&instance, &app, &odd).status;
        assert!((400..500).contains(&status), "{odd}: {status}");
    }
    let list = boss.get("/api/v2/admin/accounts?status=pending");
    assert_eq!(list.as_array().unwrap().len(), 1, "nothing half-written");
    // an application's token needs the scope
    let poor = token(&instance, None, "read");
    assert_eq!(send(&instance, &poor, &form("other")).status, 403);
    // the operator does not give a name away that somebody asks for
    let create = Command::AccountCreate {
        username: "newt".into(),
        email: "x@mail.example".into(),
        password: control::Secret(PASSWORD.into()),
        admin: false,
    };
    let refused = control::execute(&instance.app, create).unwrap_err().to_string();
    assert!(refused.contains("already been taken"), "{refused}");
}

#[test]
fn an_invitation_lets_in_as_often_and_as_long_as_it_says() {
    let clock = Clock::manual(Clock::system().now_ms());
    let mut instance = Instance::with(Options {
        clock: clock.clone(),
        configure: Some(|config| config.registrations.mode = RegistrationMode::Invite),
    });
    let boss = admin(&instance, "boss");
    let app = token(&instance, None, "read write");
    let with = |instance: &Instance, name: &str, code: &str| {
        let mut body = form(name);
        body["invite_code"] = json!(code);
        body["reason"] = json!("");
        send(instance, &app, &body)
    };
    assert_eq!(instance.get("/api/v2/instance").ok()["registrations"]["enabled"], false);
    assert_eq!(send(&instance, &app, &form("none")).status, 403);
    let once = invite(&instance, Some(1), Some(DAY));
    let own = with(&instance, "newt", &once).ok()["access_token"].as_str().unwrap().to_owned();
    let me = as_owner(&instance, &own, "GET", "/api/v1/accounts/verify_credentials").ok();
    assert_eq!(me["acct"], "newt");
    assert_eq!(boss.notifications(), [("admin.sign_up".to_owned(), "newt".to_owned())]);
    assert_eq!(with(&instance, "late", &once).status, 403, "used up");
    for wrong in ["", "nothing", &"x".repeat(5000)] {
        assert_eq!(with(&instance, "late", wrong).status, 403);
    }
    let day = invite(&instance, None, Some(DAY));
    instance.advance(DAY);
    assert_eq!(with(&instance, "late", &day).status, 403, "over");
    let back = invite(&instance, None, None);
    execute(&instance, SignUpCommand::Revoke { code: back.clone() }).unwrap();
    assert_eq!(with(&instance, "late", &back).status, 403, "taken back");
    assert!(execute(&instance, SignUpCommand::Revoke { code: back }).is_err());
    for (uses, lifetime) in
        [(Some(0), None), (Some(-1), None), (None, Some(0)), (None, Some(i64::MAX))]
    {
        assert!(execute(&instance, SignUpCommand::Invite { uses, lifetime }).is_err());
    }
    // it spares the wait, and is worth nothing while nobody may come in
    let free = invite(&instance, None, None);
    instance.start_with(|config| config.registrations.mode = RegistrationMode::Approval);
    with(&instance, "quick", &free).ok();
    assert_eq!(instance.get("/@quick").status, 200);
    instance.start_with(|config| config.registrations.mode = RegistrationMode::Closed);
    assert_eq!(with(&instance, "late", &free).status, 403);
    // nor when there is no room
    instance.start_with(|config| {
        config.registrations.mode = RegistrationMode::Open; // no mail: the settings file would refuse it
        config.registrations.max_accounts = 3;
        config.registrations.message = "Ask <ann>".into();
    });
    assert_eq!(with(&instance, "late", &free).status, 403, "boss, newt and quick are here");
    let door = instance.get("/api/v2/instance").ok()["registrations"].clone();
    assert_eq!(door["enabled"], false);
    assert_eq!(door["message"], "<p>Ask &lt;ann&gt;</p>");
    instance.start_with(|config| config.registrations.max_accounts = 4);
    assert_eq!(instance.get("/api/v2/instance").ok()["registrations"]["enabled"], true);
    send(&instance, &app, &form("any")).ok();
    assert_eq!(send(&instance, &app, &form("late")).status, 403);
    // ended ones are forgotten after a while
    match execute(&instance, SignUpCommand::Invites).unwrap() {
        SignUpReply::Invites(lines) => {
            let uses: Vec<i64> = lines.iter().map(|line| line.uses).collect();
            assert_eq!(uses, [1, 0, 1]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn s_022_one_address_signs_up_so_often_and_no_more() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options {
        clock: clock.clone(),
        configure: Some(|config| {
            config.dev = false;
            config.registrations.mode = RegistrationMode::Approval;
        }),
    });
    let app = token(&instance, None, "write");
    let send = |from: &str, body: &Value| {
        Request::new("POST", format!("http://{}/api/v1/accounts", instance.host))
            .header("x-forwarded-for", from)
            .header("authorization", format!("Bearer {app}"))
            .json(body)
            .send()
    };
    for at in 0..5 {
        send("192.0.2.1", &form(&format!("one{at}"))).ok();
    }
    let flood = send("192.0.2.1", &form("six"));
    assert_eq!(flood.status, 429);
    let wait: i64 = flood.header("retry-after").unwrap().parse().unwrap();
    assert!(wait > 1700, "{wait}");
    send("192.0.2.2", &form("other")).ok();
    clock.advance(30 * MINUTE);
    send("192.0.2.1", &form("six")).ok();
    // guessing who is here is as slow
    let statuses: Vec<u16> = (0..30).map(|_| send("192.0.2.3", &form("six")).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 25);
    assert!(statuses[25..].iter().all(|status| *status == 429));
}

#[test]
fn strangers_fill_no_disk() {
    let instance = approval();
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    sql.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
         INSERT INTO applicant (id, username, email, password_hash, locale, confirmed, approved, created_at)
         SELECT i, 'n' || i, 'n' || i || '@a.example', '!', 'en', 1, 0, 0 FROM n",
    )
    .unwrap();
    let app = token(&instance, None, "write");
    send(&instance, &app, &form("last")).ok();
    assert_eq!(send(&instance, &app, &form("late")).status, 403);
    assert_eq!(instance.get("/api/v2/instance").ok()["registrations"]["enabled"], false);
}

#[test]
fn the_operator_decides_by_command() {
    let instance = approval();
    sign_up(&instance, "newt");
    sign_up(&instance, "other");
    let Ok(SignUpReply::Waiting(lines)) = execute(&instance, SignUpCommand::Waiting) else {
        panic!("no list");
    };
    let names: Vec<&str> = lines.iter().map(|line| line.username.as_str()).collect();
    assert_eq!(names, ["other", "newt"]);
    assert_eq!(lines[0].reason, "I know ann");
    let approved = execute(&instance, SignUpCommand::Approve { name: "@Newt".into() }).unwrap();
    let name = format!("newt@{}", instance.host);
    assert_eq!(approved, SignUpReply::Decided { name, in_now: true });
    execute(&instance, SignUpCommand::Reject { name: "other@mail.example".into() }).unwrap();
    for name in ["newt", "other", "nobody"] {
        let refused = execute(&instance, SignUpCommand::Approve { name: name.into() }).unwrap_err();
        assert_eq!(refused, format!("nobody waits under the name {name}"));
    }
    assert_eq!(instance.get("/@newt").status, 200);
    assert_eq!(instance.get("/@other").status, 404);
}

/// Everything that sign-up does, once: for the test of query plans.
pub(crate) fn everything(instance: &Instance) {
    let boss = admin(instance, "chief");
    let app = token(instance, None, "read write");
    send(instance, &app, &form("frog")).ok();
    send(instance, &app, &form("toad")).ok();
    let code = invite(instance, Some(2), Some(DAY));
    let mut body = form("guest");
    body["invite_code"] = json!(code);
    send(instance, &app, &body).ok();
    for query in ["v1/admin/accounts?pending=true", "v2/admin/accounts?status=pending&min_id=1"] {
        assert_eq!(boss.get(&format!("/api/{query}")).as_array().unwrap().len(), 2);
    }
    let list = boss.get("/api/v2/admin/accounts?status=pending");
    boss.post(&format!("/api/v1/admin/accounts/{}/approve", id(&list[0])), json!({}));
    boss.post(&format!("/api/v1/admin/accounts/{}/reject", id(&list[1])), json!({}));
    execute(instance, SignUpCommand::Waiting).unwrap();
    execute(instance, SignUpCommand::Invites).unwrap();
    execute(instance, SignUpCommand::Revoke { code }).unwrap();
    assert!(texts(&boss.get("/api/v1/timelines/home")).is_empty());
}
