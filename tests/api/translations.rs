//! Translation by a service of the configuration.

use std::sync::OnceLock;

use dassie::clock::{Clock, MINUTE};
use dassie::config::{Config, TranslationKind};
use serde_json::{Value, json};

use super::{follow_peer, id, shape::is_documented};
use crate::support::{Instance, Options, Peer, Person, Website, eventually, with_websites};

static LIBRE: OnceLock<Website> = OnceLock::new();
static DEEPL: OnceLock<Website> = OnceLock::new();
static BROKEN: OnceLock<Website> = OnceLock::new();
static LONG: OnceLock<Website> = OnceLock::new();
static LOCAL: OnceLock<Website> = OnceLock::new();

fn with(configure: fn(&mut Config)) -> Instance {
    Instance::with(Options { configure: Some(configure), ..Options::default() })
}

/// As most have it: on the same machine, with no private range open to anybody else.
fn local(config: &mut Config) {
    config.network.allowed_private_ranges.clear();
    config.network.allow_ports.clear();
    config.translation.kind = TranslationKind::Libretranslate;
    let web = LOCAL.get_or_init(Website::start);
    config.translation.url = Some(web.at("").replace("localhost", "127.0.0.1"));
}

fn libre(config: &mut Config) {
    with_websites(config);
    config.translation.kind = TranslationKind::Libretranslate;
    config.translation.url = Some(LIBRE.get_or_init(Website::start).at("/"));
    config.translation.api_key = "a key".to_owned().into();
}

fn libre_long(config: &mut Config) {
    with_websites(config);
    config.translation.kind = TranslationKind::Libretranslate;
    config.translation.url = Some(LONG.get_or_init(Website::start).at(""));
}

fn deepl(config: &mut Config) {
    with_websites(config);
    config.translation.kind = TranslationKind::Deepl;
    config.translation.url = Some(DEEPL.get_or_init(Website::start).at(""));
    config.translation.api_key = "a key".to_owned().into();
}

fn broken(config: &mut Config) {
    with_websites(config);
    config.translation.kind = TranslationKind::Libretranslate;
    config.translation.url = Some(BROKEN.get_or_init(Website::start).at(""));
}

fn serves(web: &Website, path: &str, body: &Value) {
    web.serve(path, 200, "application/json", body.to_string().as_bytes());
}

fn languages() -> Value {
    json!([
        {"code": "en", "name": "English", "targets": ["de", "en", "zh-Hant"]},
        {"code": "de", "name": "German", "targets": ["en"]},
    ])
}

fn translate(person: &Person, status: &str, body: Value) -> (u16, Value) {
    let path = format!("/api/v1/statuses/{status}/translate");
    let answer = person.request("POST", &path).json(&body).send();
    (answer.status, answer.json())
}

#[test]
fn a_whole_status_is_translated_by_libretranslate() {
    let instance = with(libre);
    let (web, ann) = (LIBRE.get().unwrap(), instance.person("ann"));
    serves(web, "/languages", &languages());
    let instance_v2 = instance.get("/api/v2/instance").ok();
    assert_eq!(instance_v2["configuration"]["translation"]["enabled"], true);
    assert_eq!(
        instance.get("/api/v1/instance/translation_languages").ok(),
        json!({"en": ["de", "zh-Hant"], "de": ["en"], "und": ["de", "en", "zh-Hant"]})
    );
    let status = id(&ann.post(
        "/api/v1/statuses",
        json!({
            "status": "hello & welcome", "spoiler_text": "a <warning>", "language": "en",
            "poll": {"options": ["one", "two"], "expires_in": 600},
        }),
    ));
    serves(
        web,
        "/translate",
        &json!({
            "translatedText": [
                "<p>hallo <b>&amp;</b> willkommen<script>x</script><img src=x onerror=y></p>",
                "eine &lt;Warnung&gt;", "eins", "zwei",
            ],
            "detectedLanguage": [{"confidence": 90, "language": "fr"}],
        }),
    );
    let (code, found) = translate(&ann, &status, json!({"lang": "de"}));
    assert_eq!(code, 200, "{found}");
    assert_eq!(
        found,
        json!({
            "content": "<p>hallo <b>&amp;</b> willkommen</p>",
            "spoiler_text": "eine <Warnung>",
            "language": "de",
            "media_attachments": [],
            "poll": {"id": status, "options": [{"title": "eins"}, {"title": "zwei"}]},
            "detected_source_language": "en",
            "provider": "LibreTranslate",
        })
    );
    let path = format!("/api/v1/statuses/{status}/translate");
    let languages = instance.get("/api/v1/instance/translation_languages").ok();
    is_documented(&[
        ("POST", &path, 200, &found),
        ("GET", "/api/v1/instance/translation_languages", 200, &languages),
    ]);
    let asked = web.asked().into_iter().find(|asked| asked.method == "POST").unwrap();
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(
        body,
        json!({
            "q": ["<p>hello &amp; welcome</p>", "a &lt;warning&gt;", "one", "two"],
            "source": "en", "target": "de", "format": "html", "api_key": "a key",
        })
    );
    // the same again is not asked for again; the form and the boost mean the same
    let path = format!("/api/v1/statuses/{status}/translate");
    ann.request("POST", &path).form(&[("lang", "de")]).send().ok();
    let boost = id(&ann.post(&format!("/api/v1/statuses/{status}/reblog"), json!({})));
    assert_eq!(translate(&ann, &boost, json!({"lang": "de"})).1, found);
    assert_eq!((web.times("/translate"), web.times("/languages")), (1, 1));
    // a traditional script in the service's spelling
    assert_eq!(translate(&ann, &status, json!({"lang": "zh-TW"})).0, 200);
    assert!(web.asked().last().unwrap().body.contains("zh-Hant"));
    // what it cannot do
    for lang in ["en", "ja", "en-GB"] {
        assert_eq!(translate(&ann, &status, json!({"lang": lang})).0, 403, "{lang}");
    }
    let (code, error) = translate(&ann, &status, json!({"lang": "no language!"}));
    assert_eq!(code, 422);
    assert!(error["error"].as_str().unwrap().contains("lang"), "{error}");
    assert_eq!(translate(&ann, &status, json!({"lang": ["de"]})).0, 422);
    // one's own language is meant where none is named: that of the instance here
    assert_eq!(translate(&ann, &status, json!({})).0, 403, "it is in it already");
}

#[test]
fn descriptions_and_an_unknown_language_are_understood() {
    let instance = with(libre);
    let (web, ann) = (LIBRE.get().unwrap(), instance.person("ann"));
    serves(web, "/languages", &languages());
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let note = peer.create("mia", 1, "<p>bonjour :cat:</p>", json!({
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": peer.at("/a.png"), "name": "un chat"}],
        "tag": [{"type": "Emoji", "name": ":cat:", "icon": {"type": "Image", "url": peer.at("/x.png")}}],
    }));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    let status = eventually("it is here", || ann.get("/api/v1/timelines/home").get(0).cloned());
    serves(
        web,
        "/translate",
        &json!({
            "translatedText": ["<p>hello <span translate=\"no\">:cat:</span></p>", "", "a cat"],
            "detectedLanguage": [{"confidence": 90, "language": "fr"}, {}, {}],
        }),
    );
    let (code, found) = translate(&ann, &id(&status), json!({"lang": "en"}));
    assert_eq!(code, 200, "{found}");
    assert!(found["content"].as_str().unwrap().contains(":cat:"), "{found}");
    let media = &status["media_attachments"][0]["id"];
    assert_eq!(found["media_attachments"], json!([{"id": media, "description": "a cat"}]));
    assert_eq!((&found["poll"], &found["detected_source_language"]), (&Value::Null, &json!("fr")));
    let asked = web.asked().last().unwrap().body.clone();
    assert!(
        asked.contains("\"source\":\"auto\"") && asked.contains("translate=\\\"no\\\""),
        "{asked}"
    );
}

#[test]
fn descriptions_of_uploads_are_translated_too() {
    let instance = with(libre);
    let (web, ann) = (LIBRE.get().unwrap(), instance.person("ann"));
    serves(web, "/languages", &languages());
    let (seen, bare) = (ann.picture(), ann.picture());
    let path = format!("/api/v1/media/{seen}");
    ann.request("PUT", &path).json(&json!({"description": "a lake"})).send().ok();
    let body = json!({"status": "look", "language": "en", "media_ids": [bare, seen]});
    let status = id(&ann.post("/api/v1/statuses", body));
    let translated = json!({"translatedText": ["<p>schau</p>", "", "ein See"]});
    serves(web, "/translate", &translated);
    let (code, found) = translate(&ann, &status, json!({"lang": "de"}));
    assert_eq!(code, 200, "{found}");
    assert_eq!(found["media_attachments"], json!([{"id": seen, "description": "ein See"}]));
}

#[test]
fn deepl_is_asked_in_its_own_way() {
    let instance = with(deepl);
    let (web, ann) = (DEEPL.get().unwrap(), instance.person("ann"));
    serves(web, "/v2/languages?type=source", &json!([{"language": "EN"}, {"language": "ZH"}]));
    serves(
        web,
        "/v2/languages?type=target",
        &json!([{"language": "EN-US"}, {"language": "DE"}, {"language": "ZH-HANT"}]),
    );
    serves(
        web,
        "/v2/translate",
        &json!({"translations": [
            {"detected_source_language": "EN", "text": "<p>hallo</p>"}, {"detected_source_language": "EN", "text": ""},
        ]}),
    );
    assert_eq!(
        instance.get("/api/v1/instance/translation_languages").ok()["zh"],
        json!(["en-US", "de"])
    );
    let status = id(&ann.post("/api/v1/statuses", json!({"status": "hello", "language": "en"})));
    let (code, found) = translate(&ann, &status, json!({"lang": "de"}));
    assert_eq!(code, 200, "{found}");
    assert_eq!(
        (&found["content"], &found["provider"]),
        (&json!("<p>hallo</p>"), &json!("DeepL.com"))
    );
    assert_eq!(found["detected_source_language"], "en");
    let asked = web.asked().last().unwrap().clone();
    assert!(asked.headers.contains("authorization: deepl-auth-key a key"), "{}", asked.headers);
    for part in
        ["text=%3Cp%3Ehello%3C%2Fp%3E", "target_lang=DE", "source_lang=EN", "tag_handling=html"]
    {
        assert!(asked.body.contains(part), "{part}: {}", asked.body);
    }
    web.serve("/v2/translate", 456, "text/plain", b"");
    assert_eq!(translate(&ann, &status, json!({"lang": "zh-TW"})).0, 503);
}

#[test]
fn only_open_statuses_leave_this_server() {
    let instance = with(libre);
    let (web, ann, eve) = (LIBRE.get().unwrap(), instance.person("ann"), instance.person("eve"));
    serves(web, "/languages", &languages());
    serves(web, "/translate", &json!({"translatedText": ["x", ""]}));
    for (visibility, own, others) in
        [("public", 200, 200), ("unlisted", 200, 200), ("private", 403, 404), ("direct", 403, 404)]
    {
        let body = json!({"status": "hello", "visibility": visibility, "language": "en"});
        let status = id(&ann.post("/api/v1/statuses", body));
        assert_eq!(translate(&ann, &status, json!({"lang": "de"})).0, own, "{visibility}");
        assert_eq!(translate(&eve, &status, json!({"lang": "de"})).0, others, "{visibility}");
    }
    assert_eq!(translate(&ann, "7", json!({})).0, 404);
}

#[test]
fn a_service_that_fails_is_a_clear_answer() {
    let clock = Clock::manual(1_700_000_000_000);
    let instance = Instance::with(Options { clock, configure: Some(broken) });
    let (web, ann) = (BROKEN.get().unwrap(), instance.person("ann"));
    let status = id(&ann.post("/api/v1/statuses", json!({"status": "hello", "language": "en"})));
    let go = || translate(&ann, &status, json!({"lang": "de"})).0;
    assert_eq!(go(), 503, "no list of languages");
    for _ in 0..3 {
        assert_eq!(instance.get("/api/v1/instance/translation_languages").status, 503);
    }
    assert_eq!(web.times("/languages"), 1, "it is left alone for a while");
    serves(web, "/languages", &languages());
    instance.advance(MINUTE);
    for (code, body) in [
        (500, "oh no"),
        (429, "{}"),
        (403, "{\"error\": \"bad key\"}"),
        (200, "not JSON"),
        (200, "{}"),
        (200, "{\"translatedText\": \"one\"}"),
        (200, "{\"translatedText\": [\"one\"]}"),
        (200, "{\"translatedText\": [1, 2]}"),
    ] {
        web.serve("/translate", code, "application/json", body.as_bytes());
        assert_eq!(go(), 503, "{code} {body}");
    }
    serves(web, "/translate", &json!({"translatedText": ["hallo", ""]}));
    assert_eq!(go(), 200, "nothing of that was kept");
}

#[test]
fn a_service_on_this_machine_is_reached_and_nothing_else_is() {
    let instance = with(local);
    let (web, ann) = (LOCAL.get().unwrap(), instance.person("ann"));
    serves(web, "/languages", &languages());
    serves(web, "/translate", &json!({"translatedText": ["hallo", ""]}));
    let page = web.page("/page", "<title>Inside</title>");
    let text = format!("hello {page}");
    let body = json!({"status": text, "language": "en"});
    let status = id(&ann.post("/api/v1/statuses", body));
    let (code, found) = translate(&ann, &status, json!({"lang": "de"}));
    assert_eq!((code, &found["content"]), (200, &json!("hallo")));
    instance.settle();
    assert_eq!(web.times("/page"), 0, "a link of a post is no way in");
}

#[test]
fn what_is_too_long_stays_here() {
    let instance = with(libre_long);
    let (web, ann) = (LONG.get().unwrap(), instance.person("ann"));
    serves(web, "/languages", &languages());
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let html = format!("<p>{}</p>", "word ".repeat(12_000));
    let note = peer.create("mia", 1, &html, json!({"contentMap": {"en": html}}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    let status = eventually("it is here", || ann.get("/api/v1/timelines/home").get(0).cloned());
    assert_eq!(translate(&ann, &id(&status), json!({"lang": "de"})).0, 422);
    assert_eq!(web.times("/translate"), 0);
}

#[test]
fn without_a_service_there_is_no_translation() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let status = id(&ann.writes("hello", "public"));
    assert_eq!(translate(&ann, &status, json!({"lang": "de"})).0, 404);
    assert_eq!(instance.get("/api/v1/instance/translation_languages").ok(), json!({}));
    let v2 = instance.get("/api/v2/instance").ok();
    assert_eq!(v2["configuration"]["translation"]["enabled"], false);
}
