//! How much the API takes of one account or address, and that no spelling gets around it.

use dassie::clock::{Clock, MINUTE};
use serde_json::json;

use super::token;
use crate::support::picture::{Part, coded, corners, form};
use crate::support::{Answer, Instance, Options, Request};

/// A server as strangers meet it, who has so much to give.
fn instance(clock: &Clock) -> Instance {
    Instance::with(Options {
        clock: clock.clone(),
        configure: Some(|config| {
            config.dev = false;
            config.limits.requests_per_address = 100;
            config.limits.uploads_per_account = 2;
        }),
    })
}

/// A request by way of the proxy beside the server.
fn from(instance: &Instance, address: &str, method: &'static str, path: &str) -> Request {
    let url = format!("http://{}{path}", instance.host);
    Request::new(method, url).header("x-forwarded-for", address)
}

fn number(answer: &Answer, name: &str) -> Option<u32> {
    Some(answer.header(&format!("x-ratelimit-{name}"))?.parse().unwrap())
}

#[test]
fn s_142_no_spelling_of_a_request_gets_around_its_limit() {
    let instance = instance(&Clock::manual(Clock::system().now_ms()));
    let stranger = "192.0.2.1";
    let mut left = 100;
    let mut counted = |what: &str, answer: &Answer| {
        left -= 1;
        assert_eq!(number(answer, "remaining"), Some(left), "{what}: {}", answer.status);
        assert_eq!(number(answer, "limit"), Some(100), "{what}");
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("X-RateLimit-Remaining"), "{what}");
    };
    for path in [
        "/api/v1/instance",
        "/api/v1/instance/",
        "//api/v1/instance",
        "/api//v1///instance",
        "/%61pi/v1/instance",
        "/api/v%31/%69nstance",
        "/api/v1/instance?x=1&access_token=nonsense",
        "/api/v1/instance;x=1",
        "/api/v1/./instance",
        "/api/v1/../v1/instance",
        "/api/v1/INSTANCE",
        "/api/v1/instance.json",
        "/api/v1/nothing",
        "/api/v9/instance",
    ] {
        counted(path, &from(&instance, stranger, "GET", path).send());
    }
    for method in ["HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY"] {
        let request = from(&instance, stranger, method, "/api/v1/instance");
        counted(method, &request.header("accept-encoding", "identity").send());
    }
    for (name, value) in [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-real-ip", "198.51.100.7"),
        ("forwarded", "for=198.51.100.7"),
        ("cf-connecting-ip", "198.51.100.7"),
        ("true-client-ip", "198.51.100.7"),
        ("x-client-ip", "198.51.100.7"),
        ("client-ip", "127.0.0.1"),
        ("user-agent", "another"),
        ("origin", "https://other.example"),
        ("authorization", "Bearer nonsense"),
        ("authorization", "Basic bmk6bmk="),
        ("x-http-method-override", "OPTIONS"),
        ("accept", "text/html"),
    ] {
        // what the client sends itself stands before what the proxy adds
        let request = Request::new("GET", format!("http://{}/api/v1/instance", instance.host));
        let request = request.header(name, value).header("x-forwarded-for", stranger);
        counted(name, &request.send());
    }
    // a token of an application alone is nobody's
    let nobody = token(&instance, None, "read");
    let request = from(&instance, stranger, "GET", "/api/v1/apps/verify_credentials");
    counted("app", &request.header("authorization", format!("Bearer {nobody}")).send());
    // neighbours in one network of IPv6 are one
    let first = from(&instance, "2001:db8:1:2::1", "GET", "/api/v1/instance").send();
    let second = from(&instance, "2001:db8:1:2:ffff::2", "GET", "/api/v1/instance").send();
    assert_eq!((number(&first, "remaining"), number(&second, "remaining")), (Some(99), Some(98)));
}

#[test]
fn s_142_files_are_rationed_and_looking_at_them_is_not() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = instance(&clock);
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let second = token(&instance, Some(&ann), "read write");
    let picture = coded(&corners(40, 20), image::ImageFormat::Png);
    let upload = |token: &str, path: &str| {
        let request = from(&instance, "192.0.2.1", "POST", path);
        let request = request.header("authorization", format!("Bearer {token}"));
        form(request, &[Part::File("file", "a.png", &picture)]).send()
    };
    let media = upload(&ann.token, "/api/v1/media");
    assert_eq!((media.status, number(&media, "limit")), (200, Some(2)));
    assert_eq!(number(&media, "remaining"), Some(1), "what there is least of is told");
    assert_eq!(upload(&second, "//api/v2/media/").status, 200);
    let refused = upload(&ann.token, "/%61pi/v2/media");
    assert_eq!(refused.status, 429, "all apps of one account, all addresses together");
    assert_eq!(refused.json(), json!({"error": "Too many requests"}));
    assert_eq!(refused.header("retry-after"), Some("1801"));
    assert_eq!(number(&refused, "remaining"), Some(0));
    // everything else goes on, and others do
    let home = from(&instance, "192.0.2.1", "GET", "/api/v1/timelines/home")
        .header("authorization", format!("Bearer {}", ann.token))
        .send();
    assert_eq!((home.status, number(&home, "limit")), (200, Some(3000)));
    assert_eq!(upload(&bob.token, "/api/v1/media").status, 200);
    clock.advance(30 * MINUTE);
    assert_eq!(upload(&ann.token, "/api/v1/media").status, 200);
    // whoever has no request left still sees pictures, and pages
    let media = media.json();
    let (_, path) = media["url"].as_str().unwrap().split_once("/media/").unwrap();
    let path = format!("/media/{path}");
    let get = |path: &str| from(&instance, "192.0.2.9", "GET", path).send();
    while get("/api/v1/instance").status != 429 {}
    for path in [path.as_str(), "/about", "/robots.txt"] {
        let answer = get(path);
        assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (200, None), "{path}");
    }
}
