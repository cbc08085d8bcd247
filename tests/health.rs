//! Whether all is well: what the administrator is told, and what programs that watch are.

use dassie::clock::{Clock, DAY, MINUTE};
use dassie::config::{Config, Size};
use dassie::control::{self, Command, Reply, Secret};
use dassie::db::{self, Lane};
use dassie::id;
use serde_json::{Value, json};

use crate::api::follow_peer;
use crate::support::{Answer, Instance, Options, Peer, PeerAnswer, Request, eventually, texts};

fn small_floor(config: &mut Config) {
    config.media.min_free_disk = Size::megabytes(1);
}

fn in_chinese(config: &mut Config) {
    small_floor(config);
    config.instance.default_language = "zh".into();
}

fn with_token(config: &mut Config) {
    config.metrics.token = "a long secret".to_owned().into();
}

fn instance(configure: fn(&mut Config)) -> Instance {
    let clock = Clock::manual(Clock::system().now_ms());
    Instance::with(Options { clock, configure: Some(configure) })
}

/// The token of a new administrator.
pub(crate) fn admin(instance: &Instance, name: &str) -> String {
    let create = Command::AccountCreate {
        username: name.into(),
        email: format!("{name}@mail.example"),
        password: Secret("correct horse battery".into()),
        admin: true,
    };
    control::execute(&instance.app, create).unwrap();
    let token = Command::TokenCreate {
        account: name.into(),
        scopes: "read write".into(),
        name: "Test".into(),
    };
    match control::execute(&instance.app, token).unwrap() {
        Reply::Token(token) => token.0,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn get(instance: &Instance, token: &str, path: &str) -> Value {
    request(instance, token, "GET", path).send().ok()
}

fn request(instance: &Instance, token: &str, method: &'static str, path: &str) -> Request {
    Request::new(method, format!("{}{path}", instance.base))
        .header("authorization", format!("Bearer {token}"))
}

/// What the administrator was told, as conversations show it.
pub(crate) fn told(instance: &Instance, token: &str) -> Vec<Value> {
    let list = get(instance, token, "/api/v1/conversations");
    list.as_array().unwrap().iter().map(|one| one["last_status"].clone()).collect()
}

#[test]
fn the_administrator_is_told_once_and_it_goes_when_all_is_well() {
    let instance = instance(small_floor);
    let (ann, ben) = (admin(&instance, "ann"), instance.person("ben"));
    // what others may not do, the server itself may
    let policy = json!({"for_private_mentions": "drop", "for_not_following": "drop"});
    request(&instance, &ann, "PATCH", "/api/v2/notifications/policy").json(&policy).send().ok();
    instance.app.media.room.pretend(1000);
    let list = eventually("it is told", || {
        instance.advance(5 * MINUTE);
        Some(told(&instance, &ann)).filter(|list| !list.is_empty())
    });
    let words = texts(&Value::Array(list.clone())).concat();
    assert!(words.starts_with("@ann Only ") && words.contains("have to stay so"), "{words}");
    assert!(words.contains("media.min_free_disk"), "what to do: {words}");
    let message = &list[0];
    assert_eq!(
        (&message["visibility"], &message["account"]["id"]),
        (&json!("direct"), &json!("1"))
    );
    assert_eq!(message["mentions"][0]["acct"], "ann");
    let notifications = get(&instance, &ann, "/api/v1/notifications");
    let kinds: Vec<_> =
        notifications.as_array().unwrap().iter().map(|one| one["type"].clone()).collect();
    assert_eq!(kinds, ["mention"]);

    // who it is from can be looked at by whoever got it, and by nobody else
    let profile = get(&instance, &ann, "/api/v1/accounts/1");
    assert_eq!((&profile["id"], &profile["acct"]), (&json!("1"), &message["account"]["acct"]));
    let written = get(&instance, &ann, "/api/v1/accounts/1/statuses");
    assert_eq!(written[0]["id"], message["id"]);
    let between = "/api/v1/accounts/relationships?id[]=1";
    assert_eq!(get(&instance, &ann, between)[0]["id"], "1");
    for path in ["/api/v1/accounts/1", "/api/v1/accounts/1/statuses"] {
        assert_eq!(ben.request("GET", path).send().status, 404, "{path}");
        assert_eq!(instance.get(path).status, 404, "{path}");
    }
    assert_eq!(ben.get(between), json!([]));
    for path in ["/api/v1/accounts/1/follow", "/api/v1/accounts/1/block"] {
        assert_eq!(request(&instance, &ann, "POST", path).send().status, 404, "{path}");
    }
    let name = message["account"]["acct"].as_str().unwrap();
    let lookup = format!("/api/v1/accounts/lookup?acct={name}");
    assert_eq!(request(&instance, &ann, "GET", &lookup).send().status, 404);
    let found = get(&instance, &ann, &format!("/api/v2/search?type=accounts&q={name}"));
    assert_eq!(found["accounts"], json!([]));

    // nobody else hears of it, here or elsewhere
    for path in ["/api/v1/timelines/home", "/api/v1/timelines/public?local=true"] {
        assert_eq!(get(&instance, &ann, path), json!([]), "{path}");
    }
    assert!(ben.notifications().is_empty());
    assert_eq!(instance.activity(message["uri"].as_str().unwrap()).status, 404);
    assert_eq!(instance.app.db.read(db::delivery::count).unwrap(), 0);
    // nobody is told twice, nor of what follows from it: there is no room for a cache either
    for _ in 0..5 {
        instance.advance(6 * MINUTE);
        assert!(control::execute(&instance.app, Command::Health { with_bucket: false }).is_ok());
    }
    assert_eq!(told(&instance, &ann).len(), 1);

    instance.app.media.room.pretend(0);
    eventually("it is taken back", || {
        instance.advance(5 * MINUTE);
        told(&instance, &ann).is_empty().then_some(())
    });
    assert_eq!(get(&instance, &ann, "/api/v1/notifications"), json!([]));
    assert_eq!(instance.app.db.read(db::delivery::count).unwrap(), 0);
}

#[test]
fn it_is_told_in_the_language_of_the_server() {
    let mut instance = instance(in_chinese);
    let ann = admin(&instance, "ann");
    instance.app.media.room.pretend(1000);
    let list = eventually("it is told", || {
        instance.advance(5 * MINUTE);
        Some(told(&instance, &ann)).filter(|list| !list.is_empty())
    });
    assert_eq!(list[0]["language"], "zh");
    let words = texts(&Value::Array(list)).concat();
    assert!(words.contains("磁盘只剩") && !words.contains("disk of"), "{words}");
    // another process knows what was told
    instance.start_again();
    eventually("it is taken back", || {
        instance.advance(5 * MINUTE);
        told(&instance, &ann).is_empty().then_some(())
    });
}

#[test]
fn s_130_a_clock_that_was_ahead_and_a_queue_that_stands_are_found() {
    let mut instance = instance(small_floor);
    let ann = instance.person("ann");
    let found = |instance: &Instance| match control::execute(
        &instance.app,
        Command::Health { with_bucket: false },
    )
    .unwrap()
    {
        Reply::Health(health) => health.findings.iter().map(|f| f.what.name()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert!(
        found(&instance).contains(&"queue_ok") && found(&instance).contains(&"clock_unknown"),
        "{:?}",
        found(&instance)
    );
    ann.writes("tomorrow", "public");
    instance.app.clock.advance(-DAY);
    assert!(found(&instance).contains(&"clock_back"), "{:?}", found(&instance));
    instance.app.clock.advance(DAY);
    assert!(!found(&instance).contains(&"clock_back"));
    // a restore has ids begin a day ahead, which says nothing of the clock
    let ahead = id::from_ms(instance.app.clock.now_ms() + DAY);
    let set = instance
        .app
        .db
        .write(Lane::Interactive, move |tx| db::meta::set(tx, "id_floor", &ahead.to_string()));
    set.wait().unwrap();
    assert!(!found(&instance).contains(&"clock_back"), "{:?}", found(&instance));
    instance.start_again();
    let after = ann.writes("after the restore", "public");
    let after: i64 = after["id"].as_str().unwrap().parse().unwrap();
    assert!(after > ahead, "ids are given out above it");
    assert!(!found(&instance).contains(&"clock_back"), "{:?}", found(&instance));
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    instance.settle();
    peer.answer(PeerAnswer::Hang);
    ann.writes(&format!("hello @mia@{}", peer.host), "public");
    instance.app.clock.advance(59 * MINUTE);
    assert!(!found(&instance).contains(&"deliveries_stuck"), "{:?}", found(&instance));
    instance.app.clock.advance(2 * MINUTE);
    assert!(found(&instance).contains(&"deliveries_stuck"), "{:?}", found(&instance));
}

fn livez(instance: &Instance, method: &'static str, probe: Option<&str>) -> Answer {
    let mut request = Request::new(method, format!("{}/livez", instance.base));
    if let Some(probe) = probe {
        request = request.header("dassie-probe", probe);
    }
    request.send()
}

#[test]
fn programs_learn_whether_it_lives_and_is_ready_and_nothing_else() {
    let instance = Instance::start();
    assert_eq!(livez(&instance, "GET", None).ok(), json!({"status": "ok"}));
    assert_eq!(livez(&instance, "GET", Some("guessed")).ok(), json!({"status": "ok"}));
    assert_eq!(livez(&instance, "POST", None).status, 404);
    let probe = Some(instance.app.probe.as_str());
    assert_eq!(livez(&instance, "GET", probe).ok()["address"], "127.0.0.1");
    assert_eq!(instance.get("/readyz").ok(), json!({"status": "ok"}));
    instance.settle();
    instance.app.db.fail_commits(u32::MAX);
    let answer = instance.get("/readyz");
    instance.app.db.fail_commits(0);
    assert_eq!(answer.status, 503, "the writer cannot commit");
    assert_eq!(answer.json()["error"], "the database does not work");
    assert_eq!(instance.get("/readyz").status, 200);
    instance.app.wake.close();
    assert_eq!(instance.get("/readyz").json()["error"], "it is stopping");
    assert_eq!(instance.get("/livez").status, 200);
}

#[test]
fn s_126_numbers_are_for_who_has_the_token() {
    assert_eq!(Instance::start().get("/metrics").status, 404, "off by default");
    let instance = instance(with_token);
    assert!(!instance.app.config.show().contains("a long secret"));
    let ask = |token: &str| {
        Request::new("GET", format!("{}/metrics", instance.base))
            .header("authorization", format!("Bearer {token}"))
            .send()
    };
    assert_eq!(instance.get("/metrics").status, 401);
    assert_eq!(ask("a long secre").status, 401);
    instance.get("/api/v1/instance");
    let answer = ask("a long secret");
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        "dassie_requests_total{route=\"api\",status=\"2xx\"} 1",
        "dassie_requests_total{route=\"page\",status=\"4xx\"} 2",
        "dassie_deliveries_waiting 0",
        "# TYPE dassie_request_seconds histogram",
    ] {
        assert!(text.lines().any(|have| have == line), "{line}\n{text}");
    }
    let database = text.lines().find_map(|line| line.strip_prefix("dassie_database_bytes "));
    assert!(database.unwrap().parse::<u64>().unwrap() > 100_000, "{text}");
    assert!(!text.contains("a long secret"));
}
