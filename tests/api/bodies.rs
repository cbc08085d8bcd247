//! Each writing endpoint takes the same parameters as JSON, as a form and as multipart, with
//! booleans and numbers in whatever spelling a client sends.

use serde_json::{Map, Value, json};

use super::admin::admin;
use super::id;
use crate::support::picture::{Part, form};
use crate::support::{Answer, Instance, Person, PushKeys};

/// How a client writes what JSON has kinds for.
#[derive(Clone, Copy, Debug)]
enum Spelling {
    /// `true`, `12`, and `a[]` for lists.
    Words,
    /// `1` and `on`, and `a[0]` for lists.
    Numbers,
}

/// A JSON object as the fields of a form, the way Rails reads them.
fn fields(body: &Value, spelling: Spelling) -> Vec<(String, String)> {
    fn add(name: &str, value: &Value, how: Spelling, out: &mut Vec<(String, String)>) {
        match (value, how) {
            (Value::Object(map), _) => {
                for (key, value) in map {
                    let name = if name.is_empty() { key.clone() } else { format!("{name}[{key}]") };
                    add(&name, value, how, out);
                }
            }
            (Value::Array(items), _) => {
                for (number, item) in items.iter().enumerate() {
                    // what has names of its own is counted, or its names would run together
                    let counted = matches!(how, Spelling::Numbers);
                    let at = if counted { number.to_string() } else { String::new() };
                    add(&format!("{name}[{at}]"), item, how, out);
                }
            }
            (Value::Bool(true), Spelling::Numbers) => out.push((name.to_owned(), "1".to_owned())),
            (Value::Bool(false), Spelling::Numbers) => {
                out.push((name.to_owned(), "off".to_owned()))
            }
            (Value::String(text), _) => out.push((name.to_owned(), text.clone())),
            (other, _) => out.push((name.to_owned(), other.to_string())),
        }
    }
    let mut out = Vec::new();
    add("", body, spelling, &mut out);
    out
}

/// JSON whose booleans and numbers are texts, as of programs that know no other.
fn as_texts(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| (k.clone(), as_texts(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(as_texts).collect()),
        Value::Bool(_) | Value::Number(_) => json!(value.to_string()),
        other => other.clone(),
    }
}

/// JSON whose whole numbers have a point, as of programs that know no others.
fn with_points(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| (k.clone(), with_points(v))).collect())
        }
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

/// The answers to one body in all its forms.
fn all_ways(person: &Person, method: &'static str, path: &str, body: &Value) -> Vec<Answer> {
    let mut answers = Vec::new();
    for json in [body.clone(), as_texts(body), with_points(body)] {
        answers.push(person.request(method, path).json(&json).send());
    }
    for spelling in [Spelling::Words, Spelling::Numbers] {
        let fields = fields(body, spelling);
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        answers.push(person.request(method, path).form(&fields).send());
        let parts: Vec<Part<'_>> =
            fields.iter().map(|(name, value)| Part::Text(name, value)).collect();
        answers.push(form(person.request(method, path), &parts).send());
    }
    answers
}

/// Without what is anew with each.
fn lasting(value: Value) -> Value {
    const OWN: [&str; 16] = [
        "id",
        "uri",
        "url",
        "created_at",
        "updated_at",
        "edited_at",
        "expires_at",
        "account",
        "target_account",
        "client_id",
        "client_secret",
        "vapid_key",
        "muting_expires_at",
        "version",
        "server_key",
        "last_status_at",
    ];
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
            Value::Object(kept.map(|(key, value)| (key, lasting(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(lasting).collect()),
        other => other,
    }
}

/// Who asks, where, with what, and what the answer says at which places.
type Row<'a> = (&'a Person, &'static str, String, Value, Vec<(&'static str, Value)>);

#[test]
fn every_writing_endpoint_reads_all_kinds_of_bodies_alike() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let boss = admin(&instance, "boss");
    let theirs = id(&bob.writes("something bad", "public"));
    let (picture, other) = (ann.picture(), ann.picture());
    let edited = id(&ann.post("/api/v1/statuses", json!({"media_ids": [picture, other]})));
    let loose = ann.picture();
    let own = id(&ann.writes("own", "public"));
    let (status, credentials) = ("/api/v1/statuses", "/api/v1/accounts/update_credentials");
    let of_bob = |what: &str| format!("/api/v1/accounts/{}/{what}", bob.id);
    let rows: Vec<Row<'_>> = vec![
        (
            &ann,
            "POST",
            status.into(),
            json!({"status": "hä? & 1+1=2 你好", "sensitive": true, "language": "de",
                "poll": {"options": ["a", "b", "c"], "expires_in": 600, "multiple": true, "hide_totals": false}}),
            vec![
                ("/poll/options/2/title", json!("c")),
                ("/poll/multiple", json!(true)),
                ("/sensitive", json!(true)),
                ("/content", json!("<p>hä? &amp; 1+1=2 你好</p>")),
            ],
        ),
        (
            &ann,
            "PUT",
            format!("/api/v1/statuses/{edited}"),
            json!({"status": "edited", "media_ids": [other, picture],
                "media_attributes": [{"id": picture, "description": "a hill", "focus": "0.5,-0.5"}]}),
            vec![
                ("/media_attachments/1/description", json!("a hill")),
                ("/media_attachments/1/meta/focus/y", json!(-0.5)),
            ],
        ),
        (
            &ann,
            "PUT",
            format!("/api/v1/media/{loose}"),
            json!({"description": "a lake", "focus": "0.25,1"}),
            vec![("/description", json!("a lake")), ("/meta/focus/x", json!(0.25))],
        ),
        (
            &ann,
            "PUT",
            format!("/api/v1/statuses/{own}/interaction_policy"),
            json!({"quote_approval_policy": "followers"}),
            vec![("/quote_approval/automatic/0", json!("followers"))],
        ),
        (
            &ann,
            "PATCH",
            credentials.into(),
            json!({"display_name": "Ann", "bot": true, "locked": false, "discoverable": true,
                "source": {"privacy": "unlisted", "sensitive": true, "language": "de"},
                "attribution_domains": ["a.example", "b.example"],
                "fields_attributes": [{"name": "one", "value": "1"}, {"name": "two", "value": "2"}]}),
            vec![
                ("/bot", json!(true)),
                ("/source/privacy", json!("unlisted")),
                ("/source/sensitive", json!(true)),
                ("/source/attribution_domains/1", json!("b.example")),
                ("/source/fields/1/value", json!("2")),
            ],
        ),
        (
            &ann,
            "PATCH",
            "/api/v1/profile".into(),
            json!({"display_name": "Ann B.", "hide_collections": true,
                "fields_attributes": [{"name": "three", "value": "3"}]}),
            vec![("/hide_collections", json!(true)), ("/display_name", json!("Ann B."))],
        ),
        (
            &ann,
            "POST",
            "/api/v2/filters".into(),
            json!({"title": "f", "context": ["home", "thread"], "filter_action": "hide",
                "expires_in": 3600,
                "keywords_attributes": [{"keyword": "x", "whole_word": true}, {"keyword": "y", "whole_word": false}]}),
            vec![
                ("/context/1", json!("thread")),
                ("/filter_action", json!("hide")),
                ("/keywords/0/whole_word", json!(true)),
                ("/keywords/1/whole_word", json!(false)),
            ],
        ),
        (
            &ann,
            "POST",
            "/api/v1/filters".into(),
            json!({"phrase": "z", "context": ["public"], "irreversible": true, "whole_word": false}),
            vec![("/irreversible", json!(true)), ("/whole_word", json!(false))],
        ),
        (
            &ann,
            "POST",
            "/api/v1/lists".into(),
            json!({"title": "l", "replies_policy": "none", "exclusive": true}),
            vec![("/exclusive", json!(true)), ("/replies_policy", json!("none"))],
        ),
        (
            &ann,
            "POST",
            of_bob("follow"),
            json!({"reblogs": false, "notify": true, "languages": ["de", "en"]}),
            vec![
                ("/showing_reblogs", json!(false)),
                ("/notifying", json!(true)),
                ("/languages/1", json!("en")),
            ],
        ),
        (
            &ann,
            "POST",
            of_bob("note"),
            json!({"comment": "a friend"}),
            vec![("/note", json!("a friend"))],
        ),
        (
            &ann,
            "POST",
            of_bob("mute"),
            json!({"notifications": false, "duration": 600}),
            vec![("/muting", json!(true)), ("/muting_notifications", json!(false))],
        ),
        (
            &ann,
            "POST",
            "/api/v1/markers".into(),
            json!({"home": {"last_read_id": own}, "notifications": {"last_read_id": "12"}}),
            vec![("/home/last_read_id", json!(own)), ("/notifications/last_read_id", json!("12"))],
        ),
        (
            &ann,
            "PATCH",
            "/api/v2/notifications/policy".into(),
            json!({"for_not_following": "filter", "for_new_accounts": "drop"}),
            vec![("/for_not_following", json!("filter")), ("/for_new_accounts", json!("drop"))],
        ),
        (
            &ann,
            "PATCH",
            "/api/v1/notifications/policy".into(),
            json!({"filter_not_followers": true, "filter_not_following": false}),
            vec![("/filter_not_followers", json!(true)), ("/filter_not_following", json!(false))],
        ),
        (
            &ann,
            "POST",
            "/api/v1/push/subscription".into(),
            json!({"subscription": {"endpoint": "https://push.example/1", "standard": true, "keys": PushKeys::new().json()},
                "data": {"policy": "followed", "alerts": {"mention": true, "poll": false}}}),
            vec![
                ("/alerts/mention", json!(true)),
                ("/alerts/poll", json!(false)),
                ("/standard", json!(true)),
            ],
        ),
        (
            &ann,
            "POST",
            "/api/v1/reports".into(),
            json!({"account_id": bob.id, "status_ids": [theirs], "comment": "look", "forward": false, "category": "spam"}),
            vec![("/status_ids/0", json!(theirs)), ("/category", json!("spam"))],
        ),
        (
            &ann,
            "POST",
            "/api/v1/apps".into(),
            json!({"client_name": "c", "redirect_uris": ["https://a.example/1", "https://a.example/2"], "scopes": "read write"}),
            vec![("/redirect_uris/1", json!("https://a.example/2")), ("/scopes/1", json!("write"))],
        ),
        (
            &boss,
            "PUT",
            "/api/v1/admin/domain_blocks/1".into(),
            json!({"severity": "silence", "reject_media": true, "obfuscate": false, "public_comment": "no"}),
            vec![("/reject_media", json!(true)), ("/severity", json!("silence"))],
        ),
    ];
    boss.post("/api/v1/admin/domain_blocks", json!({"domain": "bad.example"}));
    for (person, method, path, body, wants) in rows {
        let mut first = None;
        for (way, answer) in all_ways(person, method, &path, &body).into_iter().enumerate() {
            let what = format!("{method} {path}, way {way}");
            assert_eq!(answer.status, 200, "{what}: {}", answer.text());
            let answer = answer.json();
            for (at, want) in &wants {
                assert_eq!(answer.pointer(at), Some(want), "{what}: {at} of {answer}");
            }
            let answer = lasting(answer);
            assert_eq!(*first.get_or_insert_with(|| answer.clone()), answer, "{what}");
        }
    }
    // in a form nothing is an empty text
    let request = ann.request("PUT", &format!("/api/v1/statuses/{edited}"));
    let bare = request.form(&[("status", "bare"), ("media_ids[]", "")]).send().ok();
    assert_eq!(bare["media_attachments"], json!([]));
}
