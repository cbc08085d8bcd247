//! What the server says about itself, and that its answers have the shape that clients decode.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::{Instance, Peer, Request, eventually};

#[track_caller]
fn has(value: &Value, pointers: &[&str]) {
    for pointer in pointers {
        let found = value.pointer(&format!("/{}", pointer.replace('.', "/")));
        assert!(found.is_some_and(|found| !found.is_null()), "{pointer} is missing in {value}");
    }
}

#[test]
fn what_clients_cannot_do_without_is_there() {
    let instance = Instance::start();
    instance.person("ann");
    let v1 = instance.get("/api/v1/instance").ok();
    has(
        &v1,
        &[
            "uri",
            "title",
            "short_description",
            "description",
            "email",
            "version",
            "urls.streaming_api",
            "stats.user_count",
            "stats.status_count",
            "stats.domain_count",
            "thumbnail",
            "languages",
            "registrations",
            "approval_required",
            "invites_enabled",
            "configuration.statuses.max_characters",
            "configuration.statuses.max_media_attachments",
            "configuration.statuses.characters_reserved_per_url",
            "configuration.media_attachments.supported_mime_types",
            "configuration.polls.max_options",
            "configuration.polls.max_characters_per_option",
            "configuration.polls.min_expiration",
            "configuration.polls.max_expiration",
            "configuration.accounts.max_featured_tags",
            "rules",
            "contact_account",
        ],
    );
    let v2 = instance.get("/api/v2/instance").ok();
    has(
        &v2,
        &[
            "domain",
            "title",
            "version",
            "source_url",
            "description",
            "usage.users.active_month",
            "thumbnail.url",
            "languages",
            "configuration.urls",
            "configuration.statuses.max_characters",
            "configuration.statuses.max_media_attachments",
            "configuration.media_attachments.supported_mime_types",
            "configuration.polls.max_options",
            "configuration.polls.max_characters_per_option",
            "configuration.polls.min_expiration",
            "configuration.polls.max_expiration",
            "configuration.accounts.max_featured_tags",
            "configuration.translation.enabled",
            "registrations.enabled",
            "registrations.approval_required",
            "contact.email",
            "contact.account",
            "rules",
        ],
    );
    for version in [&v1["version"], &v2["version"]] {
        let version = version.as_str().unwrap();
        assert!(version.starts_with("4."), "{version}");
        assert!(version.contains("(compatible; Dassie "), "{version}");
        for dialect in ["Pleroma", "Akkoma", "Pixelfed", "Iceshrimp", "+glitch", "+hometown"] {
            assert!(!version.contains(dialect));
        }
    }
    assert_eq!(v1["configuration"]["statuses"]["max_characters"], 5000);
    assert_eq!(v2["configuration"]["statuses"]["max_characters"], 5000);
    assert_eq!(v1["contact_account"]["username"], "ann");
    for path in ["/api/v1/instance/", "/api/v2/instance/"] {
        assert_eq!(instance.get(path).status, 200, "{path}");
    }
    for path in ["/api/v1/instance/rules", "/api/v1/custom_emojis", "/api/v1/instance/peers"] {
        assert!(instance.get(path).ok().is_array(), "{path}");
    }
}

#[test]
fn what_clients_cannot_do_without_is_in_accounts_and_statuses() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let account = ann.get("/api/v1/accounts/verify_credentials");
    let fields = [
        "id",
        "username",
        "acct",
        "url",
        "uri",
        "display_name",
        "note",
        "avatar",
        "avatar_static",
        "header",
        "header_static",
        "created_at",
        "locked",
        "bot",
        "fields",
        "emojis",
        "statuses_count",
        "followers_count",
        "following_count",
    ];
    has(&account, &fields);
    has(&account, &["source.sensitive", "source.note", "source.fields", "source.privacy"]);
    assert!(account["avatar"].as_str().unwrap().starts_with(&instance.base));
    assert!(account["header"].as_str().unwrap().starts_with(&instance.base));
    for picture in ["avatar", "header"] {
        let path = account[picture].as_str().unwrap().strip_prefix(&instance.base).unwrap();
        let answer = instance.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/png")));
    }
    let status = ann.writes("hi @bob #tag", "public");
    has(
        &status,
        &[
            "id",
            "uri",
            "url",
            "created_at",
            "account",
            "content",
            "visibility",
            "sensitive",
            "spoiler_text",
            "media_attachments",
            "mentions",
            "tags",
            "emojis",
            "replies_count",
            "reblogs_count",
            "favourites_count",
            "favourited",
            "reblogged",
            "muted",
            "bookmarked",
            "application.name",
        ],
    );
    for key in ["in_reply_to_id", "in_reply_to_account_id", "reblog", "poll", "card", "edited_at"] {
        assert_eq!(status.get(key), Some(&Value::Null), "{key} is there and null");
    }
    for time in [&status["created_at"], &account["created_at"]] {
        let time = time.as_str().unwrap();
        let pattern: String =
            time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(pattern, "0000-00-00T00:00:00.000Z");
    }
    assert!(id(&status).parse::<i64>().unwrap() > 1 << 50, "a snowflake");
    let relation = ann.get(&format!("/api/v1/accounts/relationships?id[]={}", bob.id));
    has(
        &relation[0],
        &[
            "id",
            "following",
            "showing_reblogs",
            "notifying",
            "followed_by",
            "blocking",
            "blocked_by",
            "muting",
            "muting_notifications",
            "requested",
            "requested_by",
            "domain_blocking",
            "endorsed",
            "note",
        ],
    );
    assert_eq!(
        ann.get(&format!("/api/v1/accounts/relationships?id[]={}&id[]=5&id[]=x", bob.id))
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// Reads a line of JSON an answer: `[method, path, status, body]`; prints the mismatches.
const VALIDATE: &str = r#"
import json, sys
sys.path.insert(0, sys.argv[1])
from validate import validate
for line in sys.stdin:
    method, path, status, body = json.loads(line)
    for mismatch in validate(method, path, status, body):
        print(method, path, status, mismatch, sep="\t")
print("done")
"#;

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
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let note = peer.create(
        "mia",
        1,
        "<p>a picture</p>",
        json!({
            "cc": [ann.uri], "summary": "careful", "sensitive": true,
            "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}],
            "attachment": [{"type": "Document", "mediaType": "image/png", "name": "alt",
                            "url": peer.at("/a.png"), "width": 10, "height": 10}],
        }),
    );
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    eventually("it arrives", || (!ann.notifications().is_empty()).then_some(()));
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    ann.post(&format!("/api/v1/accounts/{}/follow", bob.id), json!({}));
    let status = id(&ann.writes("hello @bob #tag https://a.example", "public"));
    let reply = bob.post(
        "/api/v1/statuses",
        json!({"status": "@ann hi", "in_reply_to_id": status, "spoiler_text": "cw"}),
    );
    let mute = id(&ann.finds(&format!("mia@{}", peer.host)));
    let b = &bob.id;
    let asked: Vec<(&'static str, String, Value)> = [
        ("POST", format!("/api/v1/statuses/{status}/favourite")),
        ("POST", format!("/api/v1/statuses/{status}/reblog")),
        ("GET", "/api/v1/instance".into()),
        ("GET", "/api/v2/instance".into()),
        ("GET", "/api/v1/instance/peers".into()),
        ("GET", "/api/v1/instance/rules".into()),
        ("GET", "/api/v1/instance/extended_description".into()),
        ("GET", "/api/v1/custom_emojis".into()),
        ("GET", "/api/v1/announcements".into()),
        ("GET", "/api/v1/filters".into()),
        ("GET", "/api/v2/filters".into()),
        ("GET", "/api/v1/lists".into()),
        ("GET", "/api/v1/followed_tags".into()),
        ("GET", "/api/v1/preferences".into()),
        ("GET", "/api/v1/apps/verify_credentials".into()),
        ("GET", "/api/v1/accounts/verify_credentials".into()),
        ("GET", "/api/v1/accounts/lookup?acct=bob".into()),
        ("GET", "/api/v1/accounts/search?q=bob".into()),
        ("GET", format!("/api/v1/accounts/relationships?id[]={b}")),
        ("GET", format!("/api/v1/accounts/{b}")),
        ("GET", format!("/api/v1/accounts/{b}/statuses")),
        ("GET", format!("/api/v1/accounts/{b}/followers")),
        ("GET", format!("/api/v1/accounts/{b}/following")),
        ("GET", format!("/api/v1/accounts/{b}/featured_tags")),
        ("GET", format!("/api/v1/accounts/{b}/lists")),
        ("GET", format!("/api/v1/statuses/{status}")),
        ("GET", format!("/api/v1/statuses/{status}/context")),
        ("GET", format!("/api/v1/statuses/{status}/source")),
        ("GET", format!("/api/v1/statuses/{status}/favourited_by")),
        ("GET", format!("/api/v1/statuses/{status}/reblogged_by")),
        ("GET", "/api/v1/favourites".into()),
        ("GET", "/api/v1/timelines/home".into()),
        ("GET", "/api/v1/timelines/public".into()),
        ("GET", "/api/v1/timelines/tag/tag".into()),
        ("GET", "/api/v1/notifications".into()),
        ("GET", "/api/v1/follow_requests".into()),
        ("GET", "/api/v2/search?q=hello".into()),
        ("GET", "/api/v2/search?q=tag".into()),
        ("POST", format!("/api/v1/accounts/{b}/follow")),
        ("POST", format!("/api/v1/accounts/{mute}/mute")),
        ("GET", "/api/v1/mutes".into()),
        ("POST", format!("/api/v1/accounts/{b}/block")),
        ("GET", "/api/v1/blocks".into()),
        ("POST", format!("/api/v1/accounts/{b}/unblock")),
        ("POST", format!("/api/v1/statuses/{status}/unreblog")),
        ("POST", format!("/api/v1/statuses/{status}/unfavourite")),
        ("DELETE", format!("/api/v1/statuses/{status}")),
        ("GET", "/api/v1/statuses/1".into()),
    ]
    .into_iter()
    .map(|(method, path)| {
        let answer = ann.request(method, &path).send();
        let line = json!([method, path, answer.status, answer.json()]);
        (method, path, line)
    })
    .collect();
    let mut lines: Vec<String> = asked.iter().map(|(_, _, line)| line.to_string()).collect();
    let posted = ann.request("POST", "/api/v1/statuses").json(&json!({"status": "x"})).send();
    lines.push(json!(["POST", "/api/v1/statuses", posted.status, posted.json()]).to_string());
    let app = Request::new("POST", format!("{}/api/v1/apps", instance.base))
        .form(&[("client_name", "App"), ("redirect_uris", "urn:ietf:wg:oauth:2.0:oob")])
        .send();
    lines.push(json!(["POST", "/api/v1/apps", app.status, app.json()]).to_string());
    assert!(!reply["id"].is_null());
    let mut python = Command::new("python3")
        .args(["-W", "ignore", "-c", VALIDATE])
        .arg(&folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.ends_with("done\n"), "{said}");
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("\tERROR")).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    for warning in said.lines().filter(|line| line.contains("\tWARN")) {
        eprintln!("{warning}");
    }
}
