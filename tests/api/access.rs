//! One's own user, tokens and applications, and how much one may ask for.

use dassie::clock::{Clock, MINUTE};
use dassie::control::{self, Command, Secret};
use serde_json::{Value, json};

use super::{id, ids, token};
use crate::oauth::Browser;
use crate::support::{Answer, Instance, Options, Person, Request, Socket};

const PASSWORD: &str = "correct horse battery";

fn with_password(instance: &Instance, name: &str) -> Person {
    let mut person = instance.person(name);
    let command =
        Command::AccountPassword { account: name.into(), password: Secret(PASSWORD.into()) };
    control::execute(&instance.app, command).unwrap();
    // a new password ends all tokens
    person.token = token(instance, Some(&person), "read write follow push");
    person
}

fn post(person: &Person, path: &str, body: &Value) -> Answer {
    person.request("POST", path).json(body).send()
}

#[test]
fn s_078_a_password_is_changed_by_whoever_knows_it() {
    let instance = Instance::start();
    let ann = with_password(&instance, "ann");
    let other = token(&instance, Some(&ann), "read");
    let user = ann.get("/api/v1/user");
    assert_eq!((&user["id"], &user["email"]), (&json!(ann.id), &json!("ann@example.org")));
    assert_eq!((&user["admin"], &user["approved"]), (&json!(false), &json!(true)));
    assert!(!user.to_string().contains("argon2"));
    let path = "/api/v1/user/password_change";
    let new = "another long one";
    for (body, status) in [
        (json!({}), 422),
        (json!({"old_password": PASSWORD}), 422),
        (json!({"new_password": new}), 422),
        (json!({"old_password": PASSWORD, "new_password": "short"}), 422),
        (json!({"old_password": PASSWORD, "new_password": "x".repeat(300)}), 422),
        (json!({"old_password": [PASSWORD], "new_password": new}), 422),
        (json!({"old_password": "wrong one", "new_password": new}), 403),
        (json!({"old_password": "x".repeat(3000), "new_password": new}), 403),
    ] {
        let answer = post(&ann, path, &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(answer.json()["error"].is_string());
    }
    let form = [("old_password", PASSWORD), ("new_password", new)];
    assert_eq!(ann.request("POST", path).form(&form).send().ok(), json!({}));
    assert_eq!(ann.get("/api/v1/user")["id"], json!(ann.id), "the app that asked goes on");
    let mut ended = ann.clone();
    ended.token = other;
    assert_eq!(ended.request("GET", "/api/v1/user").send().status, 401);
    assert_eq!(
        post(&ann, path, &json!({"old_password": PASSWORD, "new_password": new})).status,
        403
    );
}

#[test]
fn s_068_a_token_is_no_way_to_guess_the_password() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let ann = with_password(&instance, "ann");
    let mut last = 0;
    for number in 0..40 {
        let guess = json!({"password": format!("guess {number}"), "new_email": "a@b.example"});
        let answer = post(&ann, "/api/v1/user/email_change", &guess);
        last = answer.status;
        if last == 429 {
            assert!(answer.header("retry-after").is_some());
            break;
        }
    }
    assert_eq!(last, 429);
    let right = json!({"password": PASSWORD, "new_email": "a@b.example"});
    assert_eq!(post(&ann, "/api/v1/user/email_change", &right).status, 429);
    instance.advance(20 * MINUTE);
    let changed = post(&ann, "/api/v1/user/email_change", &right).ok();
    assert_eq!(changed["email"], "a@b.example");
}

#[test]
fn an_address_to_sign_in_with_is_changed() {
    let instance = Instance::start();
    let ann = with_password(&instance, "ann");
    instance.person("bob");
    let path = "/api/v1/user/email_change";
    for (email, status) in [
        ("", 422),
        ("nonsense", 422),
        ("a@b@c", 422),
        ("a b@c.example", 422),
        ("BOB@example.org", 409),
    ] {
        let answer = post(&ann, path, &json!({"password": PASSWORD, "new_email": email}));
        assert_eq!(answer.status, status, "{email}: {}", answer.text());
    }
    let wrong = json!({"password": "wrong one", "new_email": "new@mail.example"});
    assert_eq!(post(&ann, path, &wrong).status, 403);
    for email in ["New@mail.example", "new@mail.example"] {
        let body = json!({"password": PASSWORD, "new_email": email});
        assert_eq!(post(&ann, path, &body).ok()["email"], email);
    }
    assert_eq!(ann.get("/api/v1/user")["email"], "new@mail.example");
}

#[test]
fn s_082_tokens_and_applications_are_listed_and_ended_by_their_owner() {
    let instance = Instance::start();
    let (ann, eve) = (instance.person("ann"), instance.person("eve"));
    let more: Vec<String> = (0..3).map(|_| token(&instance, Some(&ann), "read:lists")).collect();
    let all = ann.get("/api/v1/tokens");
    assert_eq!(all.as_array().unwrap().len(), 4);
    let newest = &all[0];
    assert_eq!(
        (&newest["scope"], &newest["application"]["name"]),
        (&json!("read:lists"), &json!("Test"))
    );
    assert!(newest["created_at"].as_str().unwrap().ends_with('Z'));
    for secret in &more {
        let shown = all.to_string();
        assert!(!shown.contains(secret.as_str()) && !shown.contains("hash"));
    }
    // pages
    let answer = ann.request("GET", "/api/v1/tokens?limit=2").send();
    assert!(answer.header("link").unwrap().contains("rel=\"next\""));
    let first = ids(&answer.ok());
    let rest = ids(&ann.get(&format!("/api/v1/tokens?limit=2&max_id={}", first[1])));
    assert_eq!([first.clone(), rest.clone()].concat(), ids(&all));
    assert_eq!(ids(&ann.get(&format!("/api/v1/tokens?limit=2&min_id={}", rest[1]))).len(), 2);
    assert_eq!(ids(&ann.get("/api/v1/tokens?limit=999999")).len(), 4);
    let apps = ann.get("/api/v1/apps");
    assert_eq!(apps.as_array().unwrap().len(), 4);
    assert!(!apps.to_string().contains("secret"), "{apps}");
    let next = ids(&ann.get(&format!("/api/v1/apps?limit=2&max_id={}", id(&apps[1]))));
    assert_eq!(next, ids(&apps)[2..]);
    // nobody else's
    let (own_token, own_app) = (id(&newest.clone()), id(&apps[0]));
    for (method, path) in [
        ("GET", format!("/api/v1/tokens/{own_token}")),
        ("POST", format!("/api/v1/tokens/{own_token}/invalidate")),
        ("GET", format!("/api/v1/apps/{own_app}")),
        ("DELETE", format!("/api/v1/apps/{own_app}")),
    ] {
        let answer = eve.request(method, &path).send();
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(answer.json(), json!({"error": "Record not found"}));
    }
    for odd in ["0", "abc", "99999999999999999999"] {
        for path in [format!("/api/v1/tokens/{odd}"), format!("/api/v1/apps/{odd}")] {
            assert_eq!(ann.request("GET", &path).send().status, 404, "{path}");
        }
    }
    assert_eq!(ann.get(&format!("/api/v1/tokens/{own_token}")), *newest);
    let gone = ann.post(&format!("/api/v1/tokens/{own_token}/invalidate"), json!({}));
    assert_eq!(gone["id"], newest["id"]);
    let path = format!("/api/v1/tokens/{own_token}/invalidate");
    assert_eq!(post(&ann, &path, &json!({})).status, 404, "it is gone");
    let ended = |token: &str| {
        let path = format!("{}/api/v1/lists", instance.base);
        let request = Request::new("GET", path).header("authorization", format!("Bearer {token}"));
        request.send().status == 401
    };
    assert!(ended(&more[2]) && !ended(&more[1]));
    let app = id(&apps[1]);
    assert_eq!(id(&ann.get(&format!("/api/v1/apps/{app}"))), app);
    assert_eq!(id(&ann.delete(&format!("/api/v1/apps/{app}"))), app);
    assert!(ended(&more[1]) && !ended(&more[0]));
    assert_eq!(ann.request("DELETE", &format!("/api/v1/apps/{app}")).send().status, 404);
    assert_eq!(eve.get("/api/v1/tokens").as_array().unwrap().len(), 1);
}

#[test]
fn s_142_the_api_is_rationed_by_account_and_by_address() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options {
        clock: clock.clone(),
        configure: Some(|config| {
            config.dev = false;
            config.limits.requests_per_account = 6;
            config.limits.requests_per_address = 3;
        }),
    });
    let ann = instance.person("ann");
    let second = token(&instance, Some(&ann), "read");
    let get = |from: &str, token: Option<&str>| {
        let path = format!("http://{}/api/v1/timelines/public?local=true", instance.host);
        let mut request = Request::new("GET", path).header("x-forwarded-for", from);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.send()
    };
    let left = |answer: &Answer| -> u32 {
        answer.header("x-ratelimit-remaining").unwrap().parse().unwrap()
    };
    let first = get("192.0.2.1", None);
    assert_eq!(first.header("x-ratelimit-limit"), Some("3"));
    let reset = first.header("x-ratelimit-reset").unwrap();
    assert_eq!(reset, dassie::clock::api_time(clock.now_ms() + 5 * MINUTE));
    assert_eq!((left(&first), left(&get("192.0.2.1", None))), (2, 1));
    // a token that is none counts where it comes from
    assert_eq!(get("192.0.2.1", Some("nonsense")).status, 401);
    let refused = get("192.0.2.1", None);
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json(), json!({"error": "Too many requests"}));
    assert_eq!(left(&refused), 0);
    assert_eq!(refused.header("retry-after"), Some("301"));
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    // others go on, and so does a person from that address
    assert_eq!(get("192.0.2.2", None).status, 200);
    for (token, rest) in [(&ann.token, 5), (&second, 4), (&ann.token, 3)] {
        let answer = get("192.0.2.1", Some(token));
        assert_eq!((answer.status, left(&answer)), (200, rest), "all apps of one account together");
    }
    for _ in 0..3 {
        get("192.0.2.9", Some(&ann.token));
    }
    assert_eq!(get("192.0.2.9", Some(&second)).status, 429);
    // what is no API is not counted, nor is who runs beside the server
    let page = Request::new("GET", format!("http://{}/about", instance.host))
        .header("x-forwarded-for", "192.0.2.1")
        .send();
    assert_eq!((page.status, page.header("x-ratelimit-limit")), (200, None));
    let beside = Request::new("GET", format!("http://{}/api/v1/instance", instance.host)).send();
    assert_eq!((beside.status, beside.header("x-ratelimit-limit")), (200, None));
    assert_eq!(get("::1", None).header("x-ratelimit-limit"), None);
    // what a stranger writes before the proxy does makes nobody the operator or another
    assert_eq!(get("127.0.0.1, 192.0.2.1", None).status, 429);
    assert_eq!(get("192.0.2.77, 192.0.2.1", None).status, 429);
    // streams go on, so that apps need not ask
    Socket::open(&instance.host, &format!("?access_token={}&stream=user", ann.token), &[]).unwrap();
    clock.advance(5 * MINUTE);
    assert_eq!(get("192.0.2.1", None).status, 200);
    assert_eq!(get("192.0.2.1", Some(&second)).status, 200);
}

#[test]
fn s_068_strangers_at_the_door_do_not_lock_the_owner_in() {
    let instance = Instance::start();
    let ann = with_password(&instance, "ann");
    let mut stranger = Browser::new(&instance);
    let page = stranger.open("/auth/sign_in");
    let guesses = (0..11).map(|_| stranger.sign_in(&page, "ann", "not it at all").status);
    assert_eq!(guesses.last(), Some(429));
    let change = json!({"old_password": PASSWORD, "new_password": "another long one"});
    assert_eq!(post(&ann, "/api/v1/user/password_change", &change).ok(), json!({}));
}

#[test]
fn what_a_person_reads_stays_in_no_cache() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for path in
        ["/api/v1/accounts/verify_credentials", "/api/v1/tokens", "/api/v1/timelines/public"]
    {
        let answer = ann.request("GET", path).send();
        assert_eq!(answer.header("cache-control"), Some("private, no-store"), "{path}");
    }
    let app = json!({"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"});
    let made = Request::new("POST", format!("{}/api/v1/apps", instance.base)).json(&app).send();
    assert!(made.json()["client_secret"].is_string());
    assert_eq!(made.header("cache-control"), Some("private, no-store"));
}
