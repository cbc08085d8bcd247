//! Web clients run on other origins: every answer of the API may be read there (S-059).

use serde_json::json;

use crate::support::{Answer, Instance, Request};

#[track_caller]
fn is_open(what: &str, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{what}");
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{what}");
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
    assert!(exposed.contains("Link"), "{what}: {exposed}");
}

#[test]
fn s_059_every_answer_of_the_api_may_be_read_on_any_origin() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let from = |request: Request| request.header("origin", "https://elk.example").send();
    let get = |path: &str| from(Request::new("GET", format!("{}{path}", instance.base)));
    is_open("200", &get("/api/v1/instance"), 200);
    is_open("unknown endpoint", &get("/api/v1/nonsense"), 404);
    is_open("unknown id", &get("/api/v1/statuses/1"), 404);
    is_open("no token", &get("/api/v1/timelines/home"), 401);
    is_open("blank", &from(ann.request("POST", "/api/v1/statuses").json(&json!({}))), 422);
    let broken = ann.request("POST", "/api/v1/statuses").body("{", "application/json");
    is_open("malformed", &from(broken), 400);
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/nodeinfo",
        &format!("/.well-known/webfinger?resource=acct:ann@{}", instance.host),
    ] {
        is_open(path, &get(path), 200);
    }
    let post = |path: &str| Request::new("POST", format!("{}{path}", instance.base));
    is_open("token", &from(post("/oauth/token").form(&[])), 400);
    let unknown =
        [("grant_type", "authorization_code"), ("client_id", "x"), ("client_secret", "x")];
    is_open("no such client", &from(post("/oauth/token").form(&unknown)), 401);
    is_open("revoke", &from(post("/oauth/revoke").form(&unknown)), 403);
    is_open("userinfo", &get("/oauth/userinfo"), 401);
    is_open("userinfo", &from(post("/oauth/userinfo")), 401);
    for path in ["/auth/sign_in", "/oauth/authorize", "/oauth/authorize/native"] {
        let answer = get(path);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path} has a cookie");
    }
}

#[test]
fn s_059_a_preflight_says_what_a_client_may_send() {
    let instance = Instance::start();
    for path in ["/api/v1/statuses", "/api/v1/nonsense", "/oauth/token", "/api/v2/search?q=a"] {
        let answer = Request::new("OPTIONS", format!("{}{path}", instance.base))
            .header("origin", "https://elk.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
            .send();
        is_open(path, &answer, 200);
        let methods = answer.header("access-control-allow-methods").unwrap();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(methods.contains(method), "{method}");
        }
        let headers = answer.header("access-control-allow-headers").unwrap().to_lowercase();
        for header in ["authorization", "content-type", "idempotency-key", ", *"] {
            assert!(headers.contains(header), "{header}");
        }
    }
    let answer = Request::new("OPTIONS", format!("{}/oauth/authorize", instance.base))
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .send();
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
