//! Whatever is sent to any route, nothing breaks: the answer is JSON, and below 500.

use serde_json::{Value, json};

use super::{id, scopes};
use crate::support::{Instance, Person};

/// Names that some route reads; each gets every odd value.
const NAMES: [&str; 44] = [
    "status",
    "spoiler_text",
    "visibility",
    "language",
    "sensitive",
    "in_reply_to_id",
    "media_ids",
    "poll",
    "scheduled_at",
    "quoted_status_id",
    "content_type",
    "title",
    "context",
    "expires_in",
    "keywords_attributes",
    "keyword",
    "phrase",
    "account_id",
    "account_ids",
    "id",
    "ids",
    "choices",
    "type",
    "types",
    "comment",
    "name",
    "domain",
    "severity",
    "home",
    "policy",
    "subscription",
    "data",
    "source",
    "fields_attributes",
    "note",
    "reblogs",
    "duration",
    "shortcode",
    "url",
    "q",
    "mode",
    "password",
    "code",
    "client_name",
];

fn odd_values() -> Vec<Value> {
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(i64::MAX),
        json!(""),
        json!("\u{0}\u{202e}é"),
        json!("9".repeat(400)),
        json!("x".repeat(70_000)),
        json!([]),
        json!([null, {}, [[]], "x"]),
        json!({}),
        json!({"0": {"name": 1}, "options": "x", "expires_in": [], "keys": 5, "alerts": []}),
        deep,
    ]
}

const ODD_QUERIES: [&str; 8] = [
    "limit=99999999999999999999&offset=-5",
    "limit=-1&max_id=abc&since_id=-9&min_id=99999999999999999999",
    "limit=0&offset=1e9&q=%00%ff&types[]=nothing&exclude_types[]=",
    "id[]=&id[]=x&id[]=1&q=%22%22%22%20-%20from:%20NEAR(&type=everything",
    "local=maybe&only_media=7&any[]=%E5%AD%97&all[]=&none[]=%23",
    "timeline[]=nothing&acct=@@@&uri=javascript:1&url=http://[::1",
    "min_id=5&max_id=5&since_id=5&limit=1",
    "a[b][c][d][e][f][g][h]=1&[]=1&[x=2&limit=x",
];

fn sound(what: &str, answer: &crate::support::Answer) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.text());
    if answer.status >= 400 {
        let kind = answer.header("content-type").unwrap_or_default().to_owned();
        assert!(kind.starts_with("application/json"), "{what}: {kind}");
        assert!(answer.json()["error"].is_string(), "{what}: {}", answer.text());
    }
}

/// Paths of a route: with an id of one's own, another's, one that is none, and a text.
fn paths(path: &str, own: &str, others: &str) -> Vec<String> {
    if !path.contains('{') {
        return vec![path.to_owned()];
    }
    [own, others, "777777", "x%00y", "99999999999999999999"]
        .iter()
        .map(|id| {
            let filled = path.replace("{id}", id).replace("{tag}", id).replace("{quoting}", id);
            assert!(!filled.contains('{'), "{path}");
            filled
        })
        .collect()
}

/// Everything that would end the test itself.
fn ends_it(path: &str) -> bool {
    path.ends_with("/invalidate") || path.contains("/password_change") || path.contains("/apps/")
}

fn storm(instance: &Instance, person: &Person, own: &str, others: &str) -> usize {
    let mut sent = 0;
    let values = odd_values();
    for (number, route) in scopes::table().into_iter().enumerate() {
        if ends_it(&route.path) || route.path.contains("/streaming") {
            continue;
        }
        for path in paths(&route.path, own, others) {
            let what = format!("{} {path}", route.method);
            if route.method == "GET" {
                for query in ODD_QUERIES {
                    let answer = person.request("GET", &format!("{path}?{query}")).send();
                    if !route.path.ends_with(".csv") && !route.path.ends_with(".svg") {
                        sound(&format!("{what}?{query}"), &answer);
                    }
                    sent += 1;
                }
                continue;
            }
            // one body with all names and one value each, shifted so that all pairs come about
            for (turn, _) in values.iter().enumerate().skip(number % 3).step_by(3) {
                let body: serde_json::Map<String, Value> = NAMES
                    .iter()
                    .enumerate()
                    .map(|(at, name)| {
                        ((*name).to_owned(), values[(at + turn) % values.len()].clone())
                    })
                    .collect();
                let answer = person.request(route.method, &path).json(&Value::Object(body)).send();
                sound(&format!("{what}, turn {turn}"), &answer);
                sent += 1;
            }
            for (body, kind) in [
                ("[]", "application/json"),
                ("{\"a\":", "application/json"),
                ("\"x\"", "application/json"),
                ("a=%ff%fe&b[=1&c]=2", "application/x-www-form-urlencoded"),
                ("--x\r\n\r\n", "multipart/form-data; boundary=x"),
                ("nothing", "text/csv"),
            ] {
                let answer = person.request(route.method, &path).body(body.to_owned(), kind).send();
                sound(&format!("{what}, {body} as {kind}"), &answer);
                sent += 1;
            }
        }
    }
    // it still stands, and its owner is who they were
    assert_eq!(instance.get("/api/v2/instance").status, 200);
    assert_eq!(person.get("/api/v1/accounts/verify_credentials")["username"], "ann");
    sent
}

#[test]
fn no_route_breaks_on_anything_that_is_sent_to_it() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let own = id(&ann.writes("mine", "public"));
    let others = id(&bob.writes("not yours", "private"));
    let sent = storm(&instance, &ann, &own, &others);
    assert!(sent > 5_000, "{sent}");
}
