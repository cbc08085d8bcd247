//! Bad input is refused with the status that Mastodon gives, and the field is named.

use serde_json::{Value, json};

use super::id;
use crate::support::{Answer, Instance, Person, Request};

const BOUNDARY: &str = "----dassie-test";

fn multipart(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body + &format!("--{BOUNDARY}--\r\n")
}

fn post_multipart(person: &Person, path: &str, fields: &[(&str, &str)]) -> Answer {
    person
        .request("POST", path)
        .body(multipart(fields), &format!("multipart/form-data; boundary={BOUNDARY}"))
        .send()
}

/// The same fields in all three kinds of body.
fn in_each_kind(person: &Person, path: &str, fields: &[(&str, &str)]) -> [Answer; 3] {
    let map: serde_json::Map<String, Value> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    [
        person.request("POST", path).form(fields).send(),
        person.request("POST", path).json(&Value::Object(map)).send(),
        post_multipart(person, path, fields),
    ]
}

#[track_caller]
fn is_refused(what: &str, answer: &Answer, status: u16, field: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(
        error.to_lowercase().contains(&field.to_lowercase()),
        "{what}: {field} is not named in {error:?}"
    );
    assert!(answer.header("content-type").unwrap().starts_with("application/json"));
}

#[test]
fn all_three_kinds_of_body_make_the_same_status() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let parent = id(&ann.writes("parent", "public"));
    let fields = [
        ("status", "Grüße & 你好 #tag"),
        ("spoiler_text", "a warning"),
        ("visibility", "unlisted"),
        ("language", "de"),
        ("sensitive", "true"),
        ("in_reply_to_id", parent.as_str()),
    ];
    let seen: Vec<Value> = in_each_kind(&ann, "/api/v1/statuses", &fields)
        .into_iter()
        .map(|answer| {
            let mut status = answer.ok();
            for own in ["id", "uri", "url", "created_at", "account"] {
                assert!(!status[own].is_null(), "{own}");
                status[own] = Value::Null;
            }
            status
        })
        .collect();
    assert_eq!(seen[0]["spoiler_text"], "a warning");
    assert_eq!(seen[0]["visibility"], "unlisted");
    assert_eq!(seen[0]["language"], "de");
    assert_eq!(seen[0]["sensitive"], true);
    assert_eq!(seen[0]["in_reply_to_id"], parent.as_str());
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[test]
fn a_field_that_cannot_be_is_named_in_each_kind_of_body() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let bob = instance.person("bob");
    let long = "x".repeat(5001);
    let statuses = "/api/v1/statuses";
    for (fields, field) in [
        (&[("status", "")] as &[(&str, &str)], "text"),
        (&[("status", " \n\t ")], "text"),
        (&[("status", &long)], "text"),
        (&[("status", "x"), ("spoiler_text", &long)], "text"),
        (&[("status", "x"), ("visibility", "secret")], "visibility"),
        (&[("status", "x"), ("language", "no language!")], "language"),
        (&[("status", "x"), ("sensitive", "maybe")], "sensitive"),
        (&[("status", "x"), ("scheduled_at", "in 2040")], "scheduled_at"),
        (&[("status", "x"), ("content_type", "text/html")], "content_type"),
        (&[("status", "x"), ("quote_approval_policy", "all")], "quote_approval_policy"),
    ] {
        for answer in in_each_kind(&ann, statuses, fields) {
            is_refused(&format!("{field} {:.40?}", fields), &answer, 422, field);
        }
    }
    for (path, fields, field) in [
        (format!("/api/v1/accounts/{}/follow", bob.id), [("reblogs", "maybe")], "reblogs"),
        (format!("/api/v1/accounts/{}/follow", bob.id), [("languages[]", "!!")], "languages"),
        (format!("/api/v1/accounts/{}/mute", bob.id), [("duration", "soon")], "duration"),
        (format!("/api/v1/accounts/{}/mute", bob.id), [("notifications", "2x")], "notifications"),
        ("/api/v1/apps".into(), [("client_name", " ")], "client_name"),
    ] {
        for answer in
            [ann.request("POST", &path).form(&fields).send(), post_multipart(&ann, &path, &fields)]
        {
            is_refused(&path, &answer, 422, field);
        }
    }
    assert_eq!(ann.get("/api/v1/timelines/home"), json!([]), "nothing was written");
    let relation = ann.get(&format!("/api/v1/accounts/relationships?id[]={}", bob.id));
    assert_eq!((&relation[0]["following"], &relation[0]["muting"]), (&json!(false), &json!(false)));
}

#[test]
fn a_field_of_a_wrong_type_is_named() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for (body, field) in [
        (json!({"status": 5}), "status"),
        (json!({"status": ["a"]}), "status"),
        (json!({"status": {"a": 1}}), "status"),
        (json!({"status": "x", "spoiler_text": []}), "spoiler_text"),
        (json!({"status": "x", "visibility": {}}), "visibility"),
        (json!({"status": "x", "visibility": 1}), "visibility"),
        (json!({"status": "x", "sensitive": [true]}), "sensitive"),
        (json!({"status": "x", "sensitive": "maybe"}), "sensitive"),
        (json!({"status": "x", "language": 7}), "language"),
        (json!({"status": "x", "in_reply_to_id": {}}), "in_reply_to_id"),
        (json!({"status": "x", "quoted_status_id": {}}), "quoted_status_id"),
        (json!({"status": "x", "quote_id": [1]}), "quote_id"),
        (json!({"status": "x", "quote_approval_policy": 1}), "quote_approval_policy"),
        (json!({"status": "x", "content_type": ["text/plain"]}), "content_type"),
        (json!({"status": "x", "scheduled_at": 5}), "scheduled_at"),
    ] {
        let answer = ann.request("POST", "/api/v1/statuses").json(&body).send();
        is_refused(&body.to_string(), &answer, 422, field);
    }
    let form = ann.request("POST", "/api/v1/statuses").form(&[("status[]", "a")]).send();
    is_refused("status[]", &form, 422, "status");
    let parts = post_multipart(&ann, "/api/v1/statuses", &[("status[a]", "b")]);
    is_refused("status[a]", &parts, 422, "status");
    let credentials = ann
        .request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"source": {"privacy": "direct"}}))
        .send();
    is_refused("source", &credentials, 422, "source[privacy]");
    for (path, field) in [
        ("/api/v1/timelines/home?limit=many", "limit"),
        ("/api/v1/timelines/public?local=perhaps", "local"),
        ("/api/v1/notifications?types[a][b]=c", "types"),
        ("/api/v2/search?q=a&resolve=perhaps", "resolve"),
        ("/api/v2/search?q=a&offset=x", "offset"),
    ] {
        is_refused(path, &ann.request("GET", path).send(), 422, field);
    }
    assert_eq!(ann.get("/api/v1/timelines/home"), json!([]));
}

#[test]
fn a_body_that_cannot_be_read_is_a_bad_request() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let post = |body: &str, kind: &str| {
        ann.request("POST", "/api/v1/statuses").body(body.as_bytes(), kind).send()
    };
    for body in
        ["{", "{\"status\": \"x\"", "nonsense", "[1]", "\"text\"", "{\"status\": \"\u{1}\"}"]
    {
        let answer = post(body, "application/json; charset=utf-8");
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(answer.json()["error"].is_string());
    }
    let broken = post("--x\r\nnonsense", "multipart/form-data; boundary=x");
    assert_eq!(broken.status, 400, "{}", broken.text());
    let nameless = post("a=b", "multipart/form-data");
    assert_eq!(nameless.status, 400, "{}", nameless.text());
    let large = post(&"x".repeat(2 * 1024 * 1024), "application/json");
    assert_eq!(large.status, 413, "{}", large.text());
    let long = "x".repeat(2 * 1024 * 1024);
    for path in ["/api/v1/statuses", "/api/v1/media", "/api/v1/lists"] {
        assert_eq!(post_multipart(&ann, path, &[("title", &long)]).status, 413, "{path}");
    }
    let many = (0..2000).map(|i| format!("a{i}=b&")).collect::<String>();
    assert_eq!(post(&many, "application/x-www-form-urlencoded").status, 400);
    let deep = format!("a{}=b", "[b]".repeat(50));
    assert_eq!(post(&deep, "application/x-www-form-urlencoded").status, 400);
    assert_eq!(ann.request("GET", "/api/v2/search").send().status, 400, "q is missing");
    assert_eq!(ann.get("/api/v1/timelines/home"), json!([]));
}

#[test]
fn s_062_an_unknown_endpoint_is_a_json_404_whoever_asks() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for (method, path) in [
        ("GET", "/api/v1/nonsense"),
        ("POST", "/api/v1/nonsense"),
        ("GET", "/api/v9/instance"),
        ("GET", "/api"),
        ("PUT", "/api/v1/statuses"),
        ("DELETE", "/api/v1/timelines/home"),
        ("GET", "/api/v1/statuses/1/nonsense"),
        ("GET", "/api/oembed"),
    ] {
        let answer = ann.request(method, path).header("accept", "text/html").send();
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        assert!(answer.json()["error"].is_string(), "{method} {path}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
    }
    // elsewhere a page for browsers, JSON for all others; and no error tells how we are made
    let at = |path: &str, accept: &str| {
        let request = Request::new("GET", format!("{}{path}", instance.base));
        let answer = request.header("accept", accept).send();
        (answer.status, answer.header("content-type").unwrap_or_default().to_owned())
    };
    let (page, json) = (at("/none", "text/html"), at("/none", "application/json"));
    assert!(page.0 == 404 && page.1.starts_with("text/html"), "{page:?}");
    assert!(json.0 == 404 && json.1.starts_with("application/json"), "{json:?}");
    for (method, path, body) in [
        ("GET", "/api/v1/statuses/'%20OR%201=1--", ""),
        ("GET", "/api/v1/accounts/99999999999999999999/statuses", ""),
        ("GET", "/api/v1/timelines/home?max_id=%00&limit=x", ""),
        ("GET", "/api/v2/search?q=%22%22*%20AND%20NEAR(", ""),
        ("POST", "/api/v1/statuses", "{\"status\": {\"a\": [1"),
        ("POST", "/api/v1/media", "nonsense"),
        ("POST", "/inbox", "{}"),
        ("GET", "/users/%FF/statuses/x", ""),
    ] {
        let answer = ann.request(method, path).body(body, "application/json").send();
        let text = answer.text();
        assert!(answer.status < 500, "{method} {path}: {}", answer.status);
        for inside in ["src/", ".rs:", "panicked", "SELECT", "sqlite", "rusqlite", "/tmp", "stack"]
        {
            assert!(!text.contains(inside), "{method} {path} tells {inside}: {text}");
        }
    }
}

/// The first line of the answer to some bytes, and whether the connection was ended.
fn raw(instance: &Instance, bytes: &str) -> (String, bool) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(&instance.host).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer).is_ok();
    (String::from_utf8_lossy(&answer).into_owned(), ended)
}

#[test]
fn s_063_a_request_that_ends_in_two_places_is_refused() {
    let instance = Instance::start();
    let head = format!("POST /api/v1/apps HTTP/1.1\r\nHost: {}\r\n", instance.host);
    let hidden = format!("GET /nodeinfo/2.0 HTTP/1.1\r\nHost: {}\r\n\r\n", instance.host);
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Transfer-Encoding: xchunked\r\n",
    ] {
        let (answer, ended) = raw(&instance, &format!("{head}{lengths}\r\n0\r\n\r\n{hidden}"));
        assert!(answer.starts_with("HTTP/1.1 400"), "{lengths}: {answer}");
        assert!(ended && answer.matches("HTTP/1.1").count() == 1, "{lengths}: {answer}");
    }
}

#[test]
fn s_064_nothing_tells_of_the_insides_to_strangers() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for path in [
        "/metrics",
        "/debug",
        "/debug/pprof",
        "/status",
        "/healthz",
        "/admin",
        "/sidekiq",
        "/pghero",
        "/server-status",
        "/.env",
        "/.git/config",
        "/data/dassie.db",
        "/api/v1/admin",
    ] {
        assert_eq!(instance.get(path).status, 404, "{path}");
    }
    // moderation wants its own scope, whoever holds the token
    for path in ["accounts", "reports", "domain_blocks", "domain_allows"] {
        let path = format!("/api/v1/admin/{path}");
        assert_eq!(instance.get(&path).status, 401, "{path}");
        assert_eq!(ann.request("GET", &path).send().status, 403, "{path}");
    }
}

#[test]
fn s_088_a_hidden_status_answers_as_one_that_never_was() {
    let instance = Instance::start();
    let (ann, eve) = (instance.person("ann"), instance.person("eve"));
    let hidden = id(&ann.writes("for followers", "private"));
    let direct = id(&ann.writes("for nobody", "direct"));
    let unknown = (hidden.parse::<i64>().unwrap() + 5).to_string();
    for (method, suffix) in [
        ("GET", ""),
        ("GET", "/context"),
        ("GET", "/source"),
        ("GET", "/favourited_by"),
        ("GET", "/reblogged_by"),
        ("POST", "/favourite"),
        ("POST", "/unfavourite"),
        ("POST", "/reblog"),
        ("POST", "/unreblog"),
        ("DELETE", ""),
    ] {
        let answer = |id: &str| {
            let answer = eve.request(method, &format!("/api/v1/statuses/{id}{suffix}")).send();
            (answer.status, answer.text(), answer.header("content-type").unwrap().to_owned())
        };
        let never = answer(&unknown);
        assert_eq!(never.0, 404, "{method} {suffix}: {}", never.1);
        for other in [hidden.as_str(), &direct, "0", "-1", "abc", "99999999999999999999"] {
            assert_eq!(answer(other), never, "{method} {other}{suffix}");
        }
    }
    let answer = |id: &str| {
        let body = json!({"status": "x", "in_reply_to_id": id});
        let answer = eve.request("POST", "/api/v1/statuses").json(&body).send();
        (answer.status, answer.text())
    };
    assert_eq!(answer(&hidden).0, 404);
    assert_eq!(answer(&hidden), answer(&unknown));
    for suffix in ["", "/statuses", "/followers", "/following", "/featured_tags"] {
        for id in ["5", "1", "abc"] {
            let answer = eve.request("GET", &format!("/api/v1/accounts/{id}{suffix}")).send();
            assert_eq!(answer.status, 404, "{id}{suffix}");
            assert_eq!(answer.json(), json!({"error": "Record not found"}));
        }
    }
}

#[test]
fn s_082_what_belongs_to_somebody_else_is_not_there() {
    let instance = Instance::start();
    let (ann, eve, bob) = (instance.person("ann"), instance.person("eve"), instance.person("bob"));
    let status = id(&ann.writes("ann's", "public"));
    bob.post(&format!("/api/v1/statuses/{status}/favourite"), json!({}));
    let notification = id(&ann.get("/api/v1/notifications")[0]);
    let refused = |method, path: String| {
        let answer = eve.request(method, &path).send();
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    };
    refused("GET", format!("/api/v1/notifications/{notification}"));
    refused("POST", format!("/api/v1/notifications/{notification}/dismiss"));
    refused("DELETE", format!("/api/v1/statuses/{status}"));
    refused("GET", format!("/api/v1/statuses/{status}/source"));
    refused("POST", format!("/api/v1/follow_requests/{}/authorize", bob.id));
    eve.post("/api/v1/notifications/clear", json!({}));
    assert_eq!(ann.notifications().len(), 1);
    assert_eq!(ann.home(), ["ann's"]);
}
