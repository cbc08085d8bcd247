//! What is text stays text, what is HTML is safe, and no value becomes a part of a statement of SQL.

use dassie::db;
use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::picture::{Part, coded, corners, form};
use crate::support::{Instance, Options, Peer, Request, eventually};

/// As somebody types it, and as HTML shows it.
const TYPED: &str = "<i>&amp;\"x7'";
const SHOWN: &str = "&lt;i&gt;&amp;amp;&quot;x7&#39;";

/// Every text of an answer with the names that lead to it.
fn texts(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Array(list) => list.iter().for_each(|one| texts(one, path, found)),
        Value::Object(map) => {
            for (name, one) in map {
                texts(one, &format!("{path}.{name}"), found);
            }
        }
        _ => {}
    }
}

/// The fields that are documented as HTML.
fn is_html(path: &str) -> bool {
    let is_source =
        [".source.", "/relationships", "/v1/profile"].iter().any(|at| path.contains(at));
    let own = [".content", ".note", ".fields.value", ".description.html"];
    !is_source && own.iter().any(|name| path.ends_with(name))
}

#[test]
fn s_120_only_the_documented_fields_are_html() {
    let instance = Instance::with(Options {
        configure: Some(|config| {
            config.instance.title = TYPED.into();
            config.instance.rules = vec![TYPED.into()];
        }),
        ..Options::default()
    });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let profile = json!({
        "display_name": TYPED, "note": TYPED,
        "fields_attributes": [{"name": TYPED, "value": TYPED}],
    });
    ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&profile).send().ok();
    let picture = coded(&corners(20, 10), image::ImageFormat::Png);
    let upload = [Part::Text("description", TYPED), Part::File("file", "a.png", &picture)];
    let media = form(ann.request("POST", "/api/v1/media"), &upload).send().ok();
    let shown = json!({"status": TYPED, "spoiler_text": TYPED, "media_ids": [media["id"]]});
    let shown = id(&ann.post("/api/v1/statuses", shown));
    let poll = json!({"options": [TYPED, "other"], "expires_in": 600});
    let polled = id(&ann.post("/api/v1/statuses", json!({"status": TYPED, "poll": poll})));
    bob.post(&format!("/api/v1/statuses/{shown}/reblog"), json!({}));
    bob.post(
        "/api/v1/statuses",
        json!({"status": format!("@ann {TYPED}"), "visibility": "direct"}),
    );
    ann.post("/api/v1/lists", json!({"title": TYPED}));
    let keywords = json!([{"keyword": TYPED}]);
    let filter = json!({"title": TYPED, "context": ["home"], "keywords_attributes": keywords});
    ann.post("/api/v2/filters", filter);
    ann.post(&format!("/api/v1/accounts/{}/note", bob.id), json!({"comment": TYPED}));
    let later = dassie::clock::wire_time(instance.app.clock.now_ms() + 3_600_000);
    let plan = json!({"status": TYPED, "spoiler_text": TYPED, "scheduled_at": later});
    ann.post("/api/v1/statuses", plan);
    let edit = json!({"status": format!("{TYPED} again"), "spoiler_text": TYPED});
    ann.request("PUT", &format!("/api/v1/statuses/{shown}")).json(&edit).send().ok();
    let app = json!({"client_name": TYPED, "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"});
    let app = ann.post("/api/v1/apps", app);
    assert_eq!(app["name"], TYPED);

    let (mut plain, mut html) = (0, 0);
    for path in [
        "/api/v1/accounts/verify_credentials".to_owned(),
        format!("/api/v1/accounts/{}", ann.id),
        format!("/api/v1/accounts/{}/statuses", ann.id),
        format!("/api/v1/accounts/relationships?id[]={}", bob.id),
        format!("/api/v1/statuses/{shown}"),
        format!("/api/v1/statuses/{shown}/context"),
        format!("/api/v1/statuses/{shown}/history"),
        format!("/api/v1/statuses/{shown}/source"),
        format!("/api/v1/statuses/{polled}"),
        format!("/api/v1/polls/{polled}"),
        "/api/v1/timelines/home".into(),
        "/api/v1/timelines/public".into(),
        "/api/v1/notifications".into(),
        "/api/v2/notifications".into(),
        "/api/v1/conversations".into(),
        "/api/v1/scheduled_statuses".into(),
        "/api/v1/lists".into(),
        "/api/v1/filters".into(),
        "/api/v2/filters".into(),
        "/api/v1/profile".into(),
        "/api/v1/directory".into(),
        "/api/v2/search?q=x7".into(),
        "/api/v2/instance".into(),
        "/api/v1/instance".into(),
    ] {
        let answer = ann.request("GET", &path).send();
        if answer.status == 404 {
            continue;
        }
        let mut found = Vec::new();
        texts(&answer.ok(), &path, &mut found);
        for (field, text) in found.iter().filter(|(_, text)| text.contains("x7")) {
            if is_html(field) {
                html += 1;
                assert!(text.contains(SHOWN), "{field}: {text}");
                assert!(!text.contains("<i>"), "{field}: {text}");
            } else {
                plain += 1;
                assert!(text.contains(TYPED), "{field}: {text}");
            }
        }
    }
    assert!(plain > 40 && html > 10, "{plain} and {html}");
}

#[test]
fn s_121_no_value_of_elsewhere_ends_its_attribute() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let own = ann.writes("mine", "public");
    let lang = "en\" onfocus=\"x7";
    let content = format!(
        "<p lang='{lang}' dir='{lang}'>a</p><p class='mention\" onfocus=\"x7 h-x\"x7 mention'>b</p>\
         <p><a href='https://ok.example/?\"x7=\"' rel='me\" onfocus=\"x7' title='\"><b x7>' \
         target='x7' hreflang='x7'>c</a></p>"
    );
    let note = peer.create(
        "mia",
        1,
        &content,
        json!({
            "contentMap": {lang: content}, "inReplyTo": own["uri"], "cc": [ann.uri],
            "attachment": [{"type": "Document", "mediaType": "image/png\" x7", "blurhash": "\" x7",
                            "width": "1\" x7", "url": peer.at("/a.png")}],
        }),
    );
    let inbox = format!("{}/inbox", instance.base);
    assert_eq!(peer.send("mia", &inbox, &note).status, 202);
    let status = eventually("it arrives", || ann.finds_status(&peer.at("/notes/1")));
    let shown = status["content"].as_str().unwrap();
    assert!(shown.contains("class=\"mention\"") && shown.contains("noopener"), "{shown}");
    let charset = |c: char| c.is_ascii_alphanumeric() || c == '-';
    assert!(status["language"].as_str().is_none_or(|l| l.chars().all(charset)), "{status}");
    let page = Request::new("GET", format!("{}/@ann/{}", instance.base, id(&own)));
    let page = page.header("accept", "text/html").send().text();
    assert!(page.contains("ok.example"), "the answer is on the page: {page}");
    let allowed = |name: &str, c: char| match name {
        "lang" => charset(c),
        "class" => c.is_ascii_alphanumeric() || " -_".contains(c),
        _ => c.is_ascii_lowercase() || c == ' ',
    };
    for html in [shown, &page] {
        for name in ["lang", "class", "rel"] {
            for rest in html.split(&format!(" {name}=\"")).skip(1) {
                let value = rest.split('"').next().unwrap();
                assert!(value.chars().all(|c| allowed(name, c)), "{name}: {value}");
            }
        }
        for tag in html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
            // outside of the values of attributes nothing is left of it
            let outside: String = tag.split('"').step_by(2).collect();
            assert!(!outside.contains("x7") && !outside.contains("onfocus"), "{tag}");
        }
    }
    let told = json!({"status": "x", "language": lang});
    let answer = ann.request("POST", "/api/v1/statuses").json(&told).send();
    let language = answer.json()["language"].as_str().map(str::to_owned);
    assert!(language.is_none_or(|l| l.chars().all(charset)), "{}", answer.text());
}

/// Texts that mean something to SQLite, to LIKE, to GLOB or to FTS5, each with a word of its own.
const HOSTILE: &[&str] = &[
    "qz7",
    "#qz7",
    "@qz7",
    "qz7'",
    "qz7\"",
    "qz7`",
    "qz7' OR 1=1 --",
    "qz7'); DROP TABLE status; --",
    "qz7\\' OR ''='",
    "qz7\u{0}'",
    "qz7%",
    "%qz7_%",
    "qz7*",
    "[a-q]z7?",
    "^qz7 + qz7",
    "\"qz7",
    "qz7 AND",
    "NOT qz7",
    "NEAR(qz7 a, 1)",
    "words:qz7",
    "{words rowid}: qz7",
    "-qz7 - (qz7",
    "from:qz7' has:qz7 language:qz7' before:qz7' -from:@qz7'",
    "?1 :qz7 @qz7 $qz7",
    "#qz7'",
    "@qz7'@qz7.example",
    "https://qz7.example/'\"--",
];

#[test]
fn s_123_no_text_becomes_a_part_of_a_statement() {
    db::plan::record();
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    ann.writes("a plain word #plain_tag 100%", "public");
    let answered = |what: &str, status: u16| assert!(status < 500, "{what}: {status}");
    let mut dice = 1_u64;
    let mut odd = || -> String {
        let parts = [
            "'", "\"", "%", "_", "\\", "*", "(", ")", ":", "^", " ", "OR", "--", "字", "é", "\u{0}",
        ];
        let mut text = "qz7".to_owned();
        for _ in 0..12 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(parts[usize::try_from(dice >> 33).unwrap() % parts.len()]);
        }
        text
    };
    let mut all: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    all.extend((0..30).map(|_| odd()));
    for text in &all {
        let escaped: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let in_path = escaped.replace('+', "%20");
        for path in [
            format!("/api/v2/search?q={escaped}"),
            format!("/api/v2/search?q={escaped}&type=statuses&account_id={escaped}"),
            format!("/api/v2/search?q={escaped}&type=hashtags&offset=1"),
            format!("/api/v1/accounts/search?q={escaped}&following=true"),
            format!("/api/v1/accounts/lookup?acct={escaped}"),
            format!("/api/v1/timelines/tag/{in_path}?any[]={escaped}&none[]={escaped}"),
            format!("/api/v1/tags/{in_path}"),
            format!("/api/v1/accounts/{}/statuses?tagged={escaped}", ann.id),
            format!("/api/v1/notifications?types[]={escaped}&account_id={escaped}"),
            format!("/api/v1/markers?timeline[]={escaped}"),
            format!("/api/v1/statuses/{in_path}"),
        ] {
            answered(&path, ann.request("GET", &path).send().status);
        }
        for path in
            [format!("/@{in_path}"), format!("/tags/{in_path}"), format!("/@ann/tagged/{in_path}")]
        {
            answered(&path, instance.get(&path).status);
        }
        let finger = format!("/.well-known/webfinger?resource=acct:{escaped}@{}", instance.host);
        answered(&finger, instance.get(&finger).status);
        for (path, body) in [
            ("/api/v1/statuses", json!({"status": text, "spoiler_text": text})),
            ("/api/v1/lists", json!({"title": text})),
            (
                "/api/v2/filters",
                json!({"title": text, "context": ["home"],
                       "keywords_attributes": [{"keyword": text}]}),
            ),
            ("/api/v1/featured_tags", json!({"name": text})),
            ("/api/v1/domain_blocks", json!({"domain": text})),
        ] {
            answered(path, bob.request("POST", path).json(&body).send().status);
        }
    }
    let statements = db::plan::recorded();
    assert!(statements.len() > 100, "{}", statements.len());
    let inside: Vec<&String> = statements.iter().filter(|sql| sql.contains("z7")).collect();
    assert!(inside.is_empty(), "{inside:#?}");
    // signs that stand for any text elsewhere stand for themselves, or for nothing
    for nothing in ["%", "_", "%25", "*", "pl%n", "pl_in", "pl?in", "[a-z]lain"] {
        let escaped: String = form_urlencoded::byte_serialize(nothing.as_bytes()).collect();
        let found = ann.get(&format!("/api/v2/search?q={escaped}"));
        for kind in ["statuses", "hashtags", "accounts"] {
            assert_eq!(found[kind], json!([]), "{nothing}: {found}");
        }
    }
    assert_eq!(ann.get("/api/v2/search?q=plain")["statuses"].as_array().unwrap().len(), 1);
}
