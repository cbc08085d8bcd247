//! Web Push: subscriptions, and messages as a push service gets them and an app opens them.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use dassie::clock::Clock;
use dassie::db;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{id, token};
use crate::support::{
    Instance, Options, Person, PushKeys, PushService, Pushed, Request, eventually,
};

const PATH: &str = "/api/v1/push/subscription";

fn everything() -> Value {
    json!({
        "mention": true, "status": true, "reblog": true, "follow": true, "follow_request": true,
        "favourite": true, "poll": true, "update": true,
    })
}

/// Subscribes with new keys to all kinds.
fn subscribe(person: &Person, service: &PushService, standard: bool, data: Value) -> PushKeys {
    let keys = PushKeys::new();
    let made = person.post(
        PATH,
        json!({
            "subscription": {
                "endpoint": format!("{}/push/{}", service.base, person.name),
                "keys": keys.json(), "standard": standard,
            },
            "data": data,
        }),
    );
    assert!(made["id"].is_i64(), "{made}");
    keys
}

fn first(service: &PushService) -> Pushed {
    eventually("something is pushed", || service.pushed().first().cloned())
}

#[test]
fn a_subscription_is_made_shown_changed_and_removed() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    assert_eq!(ann.request("GET", PATH).send().status, 404);
    assert_eq!(ann.request("PUT", PATH).json(&json!({"data": {}})).send().status, 404);
    let keys = PushKeys::new().json();
    // as most clients send it: a form
    let (p256dh, auth) = (keys["p256dh"].as_str().unwrap(), keys["auth"].as_str().unwrap());
    let endpoint = "https://push.example/send/1?x=y";
    let made = ann
        .request("POST", PATH)
        .form(&[
            ("subscription[endpoint]", endpoint),
            ("subscription[keys][p256dh]", &format!("{p256dh}=")),
            ("subscription[keys][auth]", &format!("{auth}==")),
            ("data[alerts][mention]", "true"),
            ("data[alerts][favourite]", "1"),
            ("data[alerts][reblog]", "false"),
            ("data[alerts][admin.sign_up]", "true"),
            ("data[policy]", "followed"),
        ])
        .send()
        .ok();
    assert!(made["id"].is_i64());
    assert_eq!(made["endpoint"], endpoint);
    assert_eq!((&made["standard"], &made["policy"]), (&json!(false), &json!("followed")));
    let alerts = made["alerts"].as_object().unwrap();
    assert_eq!(alerts.len(), dassie::model::PushSubscription::ALERTS.len(), "all kinds are named");
    let on: Vec<_> = alerts.iter().filter(|(_, v)| **v == json!(true)).map(|(k, _)| k).collect();
    assert_eq!(on, ["admin.sign_up", "favourite", "mention"]);
    assert_eq!(ann.get(PATH), made);
    // the key is the same everywhere, and a point of the curve
    let key = made["server_key"].as_str().unwrap();
    let instance_key = instance.get("/api/v2/instance").ok();
    assert_eq!(instance_key["configuration"]["vapid"]["public_key"], key);
    let app = Request::new("POST", format!("{}/api/v1/apps", instance.base))
        .form(&[("client_name", "x"), ("redirect_uris", "urn:ietf:wg:oauth:2.0:oob")])
        .send()
        .ok();
    assert_eq!(app["vapid_key"], key);
    assert_eq!(ann.get("/api/v1/apps/verify_credentials")["vapid_key"], key);
    assert_eq!(URL_SAFE.decode(key).unwrap().len(), 65);

    let changed = ann
        .request("PUT", PATH)
        .json(&json!({"data": {"alerts": {"poll": true}, "policy": "none"}}))
        .send()
        .ok();
    assert_eq!((&changed["id"], &changed["policy"]), (&made["id"], &json!("none")));
    assert_eq!(changed["alerts"]["poll"], true);
    assert_eq!(changed["alerts"]["mention"], false, "what is not said is off");
    // one a token: a second takes its place, and another token has its own
    let again = json!({"subscription": {"endpoint": "https://push.example/2", "keys": keys, "standard": true}});
    let second = ann.post(PATH, again);
    assert_ne!(second["id"], made["id"]);
    assert_eq!((&second["standard"], &second["policy"]), (&json!(true), &json!("all")));
    assert_eq!(bob.request("GET", PATH).send().status, 404);
    assert_eq!(bob.delete(PATH), json!({}));
    assert_eq!(ann.get(PATH)["endpoint"], "https://push.example/2");
    assert_eq!(ann.delete(PATH), json!({}));
    assert_eq!(ann.request("GET", PATH).send().status, 404);
}

#[test]
fn s_086_what_cannot_be_a_subscription_is_refused() {
    // as a real server: no http, no addresses, nothing private
    let strict = Instance::with(Options {
        configure: Some(|config| config.network.allowed_private_ranges = vec![]),
        ..Default::default()
    });
    let ann = strict.person("ann");
    let keys = PushKeys::new().json();
    let with = |endpoint: Value, keys: Value, data: Value| {
        let body = json!({"subscription": {"endpoint": endpoint, "keys": keys}, "data": data});
        ann.request("POST", PATH).json(&body).send()
    };
    let good = json!("https://push.example/1");
    assert_eq!(with(good.clone(), keys.clone(), json!({})).status, 200);
    ann.delete(PATH);
    for endpoint in [
        json!("http://127.0.0.1/push"),
        json!("http://127.0.0.1:9999/push"),
        json!("https://127.1/push"),
        json!("https://[::1]/push"),
        json!("https://10.0.0.1/push"),
        json!("https://push.example:22/"),
        json!("https://user:secret@push.example/"),
        json!(strict.base),
        json!("ftp://push.example/"),
        json!("not an address"),
        json!(format!("https://push.example/{}", "a".repeat(3000))),
        json!(""),
        json!([1]),
        Value::Null,
    ] {
        let answer = with(endpoint.clone(), keys.clone(), json!({}));
        assert_eq!(answer.status, 422, "{endpoint}: {}", answer.text());
        assert!(answer.json()["error"].as_str().unwrap().to_lowercase().contains("endpoint"));
    }
    for keys in [
        json!({}),
        json!({"p256dh": keys["p256dh"]}),
        json!({"auth": keys["auth"]}),
        json!({"p256dh": "AAAA", "auth": keys["auth"]}),
        json!({"p256dh": keys["p256dh"], "auth": "x"}),
        json!({"p256dh": keys["auth"], "auth": keys["p256dh"]}),
        json!("keys"),
        json!(7),
    ] {
        assert_eq!(with(good.clone(), keys.clone(), json!({})).status, 422, "{keys}");
    }
    for data in [
        json!({"policy": "everybody"}),
        json!({"alerts": "all"}),
        json!({"alerts": {"mention": "maybe"}}),
        json!("x"),
    ] {
        assert_eq!(with(good.clone(), keys.clone(), data.clone()).status, 422, "{data}");
    }
    for body in [json!({}), json!({"data": {}}), json!({"subscription": {}})] {
        assert_eq!(ann.request("POST", PATH).json(&body).send().status, 400, "{body}");
    }
    assert_eq!(ann.request("GET", PATH).send().status, 404, "nothing was stored");
    let blind = token(&strict, Some(&ann), "read write follow");
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let request = Request::new(method, format!("{}{PATH}", strict.base));
        let request = request.header("authorization", format!("Bearer {blind}"));
        assert_eq!(request.send().status, 403, "{method}");
    }
}

#[test]
fn quotes_and_edits_of_what_was_quoted_are_pushed_to_who_asked_for_them() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    let keys = subscribe(&ann, &service, true, json!({"alerts": {"quote": true}}));
    let quoted = id(&ann.writes("x", "public"));
    bob.post("/api/v1/statuses", json!({"status": "look @ann", "quoted_status_id": quoted}));
    let told = keys.open(&first(&service));
    assert_eq!(told["notification_type"], "quote", "{told}");
    assert_eq!(told["body"], "look @ann", "and not the address of the post itself");
    let other = PushService::start();
    let keys = subscribe(&bob, &other, true, json!({"alerts": {"quoted_update": true}}));
    ann.request("PUT", &format!("/api/v1/statuses/{quoted}"))
        .json(&json!({"status": "y"}))
        .send()
        .ok();
    let told = keys.open(&first(&other));
    assert_eq!(told["notification_type"], "quoted_update", "{told}");
    instance.settle();
    assert_eq!(service.pushed().len(), 1, "no alert for the mention");
}

#[test]
fn rfc_8291_an_app_opens_what_it_is_sent() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    let keys = subscribe(&ann, &service, true, json!({"alerts": everything()}));
    let status = bob.writes("hello @ann, how is the 天氣 &amp; you?", "public");
    let pushed = first(&service);
    assert_eq!(pushed.path, "/push/ann");
    for (name, value) in [
        ("content-encoding", "aes128gcm"),
        ("content-type", "application/octet-stream"),
        ("urgency", "normal"),
    ] {
        assert_eq!(pushed.headers[name], value);
    }
    let seconds: i64 = pushed.headers["ttl"].parse().unwrap();
    assert!((172_000..=172_800).contains(&seconds), "{seconds}");
    assert!(pushed.headers["topic"].len() <= 32);
    // RFC 8292: signed by the key that the app was told
    let authorization = pushed.headers["authorization"].strip_prefix("vapid t=").unwrap();
    let (token, key) = authorization.split_once(",k=").unwrap();
    let told = ann.get(PATH)["server_key"].as_str().unwrap().trim_end_matches('=').to_owned();
    assert_eq!(key, told);
    let (said, signature) = token.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).unwrap())
        .verify(said.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let claims = URL_SAFE_NO_PAD.decode(said.split_once('.').unwrap().1).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], service.base);
    let left = claims["exp"].as_i64().unwrap() - Clock::system().now_ms() / 1000;
    assert!((0..=86_400).contains(&left), "{left}");

    let message = keys.open(&pushed);
    let told = ann.get("/api/v1/notifications");
    assert_eq!(message["notification_id"].as_i64(), id(&told[0]).parse().ok());
    assert_eq!(message["notification_type"], "mention");
    assert_eq!(message["title"], "bob mentioned you");
    assert_eq!(message["body"], "hello @ann, how is the 天氣 &amp; you?");
    assert_eq!(message["icon"], status["account"]["avatar"]);
    assert_eq!(message["preferred_locale"], "en");
    assert_eq!(message["access_token"], "", "S-075: nobody could tell it");
    instance.settle();
}

#[test]
fn the_older_form_is_opened_too_and_warnings_hide_texts() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    let keys = subscribe(&ann, &service, false, json!({"alerts": everything()}));
    let status = json!({"status": "@ann the end of the film", "spoiler_text": "film"});
    bob.post("/api/v1/statuses", status);
    let pushed = first(&service);
    assert_eq!(pushed.headers["content-encoding"], "aesgcm");
    assert!(pushed.headers["authorization"].starts_with("WebPush "));
    assert_eq!(keys.open(&pushed)["body"], "film");
}

#[test]
fn alerts_and_policies_choose_what_is_pushed() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let carl = instance.person("carl");
    let service = PushService::start();
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({}));
    carl.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    // who causes it, what is wanted, and whether it comes
    for (by, alerts, policy, comes) in [
        (&bob, json!({"mention": true}), "all", true),
        (&bob, json!({"favourite": true}), "all", false),
        (&bob, json!({"mention": true}), "followed", true),
        (&bob, json!({"mention": true}), "follower", false),
        (&carl, json!({"mention": true}), "followed", false),
        (&carl, json!({"mention": true}), "follower", true),
        (&carl, json!({"mention": true}), "none", false),
    ] {
        let before = service.asked();
        subscribe(&ann, &service, true, json!({"alerts": alerts, "policy": policy}));
        by.writes("@ann psst", "public");
        instance.settle();
        assert_eq!(service.asked() - before, usize::from(comes), "{} {alerts} {policy}", by.name);
    }
    // whom one does not want to hear is not heard here either
    subscribe(&ann, &service, true, json!({"alerts": everything()}));
    ann.post(&format!("/api/v1/accounts/{}/mute", bob.id), json!({}));
    let before = service.asked();
    bob.writes("@ann still there?", "public");
    instance.settle();
    assert_eq!(service.asked(), before);
}

#[test]
fn what_the_policy_holds_back_is_not_pushed() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    service.answer(503);
    subscribe(&ann, &service, true, json!({"alerts": everything()}));
    bob.writes("@ann psst", "public");
    eventually("it is tried", || (service.asked() > 0).then_some(()));
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute("UPDATE notification SET filtered = 1", []).unwrap();
    service.answer(201);
    instance.advance(0);
    // due again in a minute of a clock that stands still here: what is composed says it all
    let sub = ann.get(PATH)["id"].as_i64().unwrap();
    let shown = |n: i64| {
        let site = &instance.app.site;
        instance.app.db.read(|conn| dassie::service::push::compose(conn, site, sub, n)).unwrap()
    };
    assert!(shown(1).is_none());
    sql.execute("UPDATE notification SET filtered = 0", []).unwrap();
    assert!(shown(1).is_some());
    // whoever was muted meanwhile is not heard either
    ann.post(&format!("/api/v1/accounts/{}/mute", bob.id), json!({}));
    assert!(shown(1).is_none());
}

#[test]
fn an_admin_is_pushed_what_is_reported() {
    let instance = Instance::start();
    let boss = super::admin::admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    let keys = subscribe(&boss, &service, true, json!({"alerts": {"admin.report": true}}));
    bob.post("/api/v1/reports", json!({"account_id": ann.id, "comment": "spam"}));
    let message = keys.open(&first(&service));
    assert_eq!(message["notification_type"], "admin.report");
    assert_eq!(message["title"], "bob reported somebody");
}

#[test]
fn a_service_that_is_down_is_tried_again_and_what_is_old_is_dropped() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, ..Default::default() });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    service.answer(503);
    let keys = subscribe(&ann, &service, true, json!({"alerts": everything()}));
    bob.writes("@ann are you there?", "public");
    eventually("it is tried", || (service.asked() == 1).then_some(()));
    service.answer(201);
    waits(&instance);
    assert!(service.pushed().is_empty(), "not before its time");
    eventually("it arrives", || {
        instance.advance(60_000);
        service.pushed().first().cloned()
    });
    assert_eq!(keys.open(&first(&service))["notification_type"], "mention");
    instance.settle();

    service.answer(429);
    let before = service.asked();
    bob.writes("@ann and now?", "public");
    eventually("it is tried", || (service.asked() > before).then_some(()));
    waits(&instance);
    service.answer(201);
    let before = service.asked();
    instance.advance(3 * 86_400_000);
    instance.settle();
    assert_eq!((service.asked(), service.pushed().len()), (before, 1), "two days are enough");
}

/// Until the failed push waits for its time.
fn waits(instance: &Instance) {
    eventually("it waits", || {
        let due = instance.app.db.read(|conn| db::job::list_due(conn, 10, &[], &[])).unwrap();
        let count = instance.app.db.read(|conn| db::job::count(conn, 9)).unwrap();
        (due.is_empty() && count == 1).then_some(())
    });
}

#[test]
fn a_subscription_that_its_service_forgot_ends() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    for status in [404, 410] {
        service.answer(status);
        subscribe(&ann, &service, true, json!({"alerts": everything()}));
        bob.writes(&format!("@ann {status}"), "public");
        eventually("it ends", || (ann.request("GET", PATH).send().status == 404).then_some(()));
        instance.settle();
    }
    // refused for good: not repeated, but it stays
    service.answer(413);
    subscribe(&ann, &service, true, json!({"alerts": everything()}));
    let before = service.asked();
    bob.writes("@ann 413", "public");
    instance.settle();
    assert_eq!(service.asked(), before + 1);
    assert_eq!(ann.request("GET", PATH).send().status, 200);
}

#[test]
fn s_078_a_subscription_ends_with_its_token() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    subscribe(&ann, &service, true, json!({"alerts": everything()}));
    let account = ann.id.parse().unwrap();
    let count = || instance.app.db.read(|conn| db::push::list(conn, account)).unwrap().len();
    assert_eq!(count(), 1);
    dassie::control::execute(
        &instance.app,
        dassie::control::Command::AccountPassword {
            account: "ann".into(),
            password: dassie::control::Secret("a new and long one".into()),
        },
    )
    .unwrap();
    assert_eq!(count(), 0);
    bob.writes("@ann hello?", "public");
    instance.settle();
    assert_eq!(service.asked(), 0);
}

#[test]
fn s_086_an_account_has_so_many_subscriptions_and_the_oldest_gives_way() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let keys = PushKeys::new().json();
    let mut tokens = Vec::new();
    for number in 0..33 {
        let token = token(&instance, Some(&ann), "push");
        let body = json!({"subscription": {"endpoint": format!("https://push.example/{number}"), "keys": keys}});
        let request = Request::new("POST", format!("{}{PATH}", instance.base));
        request.header("authorization", format!("Bearer {token}")).json(&body).send().ok();
        tokens.push(token);
    }
    let status = |token: &str| {
        let request = Request::new("GET", format!("{}{PATH}", instance.base));
        request.header("authorization", format!("Bearer {token}")).send().status
    };
    assert_eq!((status(&tokens[0]), status(&tokens[1]), status(&tokens[32])), (404, 200, 200));
}

#[test]
fn a_push_survives_a_restart_and_the_key_stays() {
    let mut instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    let key = ann.post(
        PATH,
        json!({"subscription": {"endpoint": "https://push.example/", "keys": PushKeys::new().json()}}),
    )["server_key"]
        .clone();
    let keys = subscribe(&ann, &service, true, json!({"alerts": everything()}));
    // committed, and nobody there to send it
    instance.app.wake.close();
    bob.writes("@ann in between", "public");
    instance.start_again();
    assert_eq!(keys.open(&first(&service))["body"], "@ann in between");
    assert_eq!(ann.get(PATH)["server_key"], key);
}

#[test]
fn admins_are_pushed_reports() {
    let instance = Instance::start();
    let boss = super::admin::admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let service = PushService::start();
    let keys = subscribe(&boss, &service, true, json!({"alerts": {"admin.report": true}}));
    bob.post("/api/v1/reports", json!({"account_id": ann.id}));
    let message = keys.open(&first(&service));
    assert_eq!(message["notification_type"], "admin.report");
    assert_eq!(message["title"], "bob reported somebody");
}
