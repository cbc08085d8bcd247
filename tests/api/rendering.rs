//! Texts become the HTML that Mastodon would make of them, byte for byte.

use serde_json::{Value, json};

use super::id;
use crate::support::{Instance, Peer, Person};

#[track_caller]
fn content(person: &Person, text: &str) -> String {
    person.writes(text, "public")["content"].as_str().unwrap().to_owned()
}

#[test]
fn f_280_mentions_hashtags_and_links_are_rendered_as_mastodon_does() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let base = &instance.base;
    let host = &peer.host;
    let status = ann.writes(&format!("Hi @bob and @mia@{host}, not @nobody"), "public");
    assert_eq!(
        status["content"].as_str().unwrap(),
        format!(
            "<p>Hi <span class=\"h-card\" translate=\"no\"><a href=\"{base}/@bob\" \
             class=\"u-url mention\">@<span>bob</span></a></span> and \
             <span class=\"h-card\" translate=\"no\"><a href=\"http://{host}/@mia\" \
             class=\"u-url mention\">@<span>mia</span></a></span>, not @nobody</p>"
        )
    );
    let mut mentions = status["mentions"].as_array().unwrap().clone();
    mentions.sort_by_key(|mention| mention["username"].to_string());
    assert_eq!(
        mentions[0],
        json!({"id": bob.id, "username": "bob", "url": format!("{base}/@bob"), "acct": "bob"})
    );
    assert_eq!(mentions[1]["acct"], format!("mia@{host}"));
    assert_eq!(mentions.len(), 2);

    let tagged = ann.writes("#Rust und #中文標籤 #1 a#b", "public");
    assert_eq!(
        tagged["content"].as_str().unwrap(),
        format!(
            "<p><a href=\"{base}/tags/rust\" class=\"mention hashtag\" rel=\"tag\">\
             #<span>Rust</span></a> und <a href=\"{base}/tags/%E4%B8%AD%E6%96%87%E6%A8%99%E7%B1%A4\" \
             class=\"mention hashtag\" rel=\"tag\">#<span>中文標籤</span></a> #1 a#b</p>"
        )
    );
    let names: Vec<&str> = tagged["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"rust") && names.contains(&"中文標籤"), "{names:?}");

    assert_eq!(
        content(&ann, "see https://example.org/a?b=1&c=2."),
        "<p>see <a href=\"https://example.org/a?b=1&amp;c=2\" target=\"_blank\" \
         rel=\"nofollow noopener noreferrer\" translate=\"no\"><span class=\"invisible\">https://\
         </span><span class=\"\">example.org/a?b=1&amp;c=2</span><span class=\"invisible\"></span>\
         </a>.</p>"
    );
    assert_eq!(
        content(&ann, "https://www.example.org/0123456789/0123456789/0123456789"),
        "<p><a href=\"https://www.example.org/0123456789/0123456789/0123456789\" \
         target=\"_blank\" rel=\"nofollow noopener noreferrer\" translate=\"no\">\
         <span class=\"invisible\">https://www.</span>\
         <span class=\"ellipsis\">example.org/0123456789/0123456</span>\
         <span class=\"invisible\">789/0123456789</span></a></p>"
    );
}

#[test]
fn f_280_s_120_lines_paragraphs_and_markup_are_kept_as_text() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for (text, html) in [
        ("a\nb\n\nc", "<p>a<br />b</p><p>c</p>"),
        ("  a  ", "<p>a</p>"),
        ("<b>x</b> & \"y\" 'z'", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &quot;y&quot; &#39;z&#39;</p>"),
        ("a\r\nb", "<p>a<br />b</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("javascript:alert(1) ftp://x.example", "<p>javascript:alert(1) ftp://x.example</p>"),
    ] {
        let got = content(&ann, text);
        if text.contains("ftp:") {
            assert!(!got.contains("javascript:alert(1)\"") && !got.contains("href=\"javascript"));
        } else {
            assert_eq!(got, html, "{text:?}");
        }
    }
    let written = ann.writes("a <b>\n@ann", "public");
    let source = ann.get(&format!("/api/v1/statuses/{}/source", id(&written)));
    assert_eq!(source["text"], "a <b>\n@ann", "the source is what was typed");
    let named = ann
        .request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"display_name": "<b>Ann</b>", "note": "<i>me</i> #tag\nhttps://a.example"}))
        .send()
        .ok();
    assert_eq!(named["display_name"], "<b>Ann</b>", "a name is plain text");
    assert_eq!(named["source"]["note"], "<i>me</i> #tag\nhttps://a.example");
    let note = named["note"].as_str().unwrap();
    assert!(note.starts_with("<p>&lt;i&gt;me&lt;/i&gt; <a href="), "{note}");
}

#[test]
fn a_content_warning_makes_sensitive_and_language_is_told_guessed_or_the_default() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let post = |body: Value| ann.post("/api/v1/statuses", body);
    let warned = post(json!({"status": "x", "spoiler_text": " careful ", "sensitive": false}));
    assert_eq!((&warned["sensitive"], &warned["spoiler_text"]), (&json!(true), &json!("careful")));
    assert_eq!(post(json!({"status": "x", "sensitive": true}))["sensitive"], true);
    assert_eq!(post(json!({"status": "x"}))["sensitive"], false);
    for (given, stored) in [("de", "de"), ("zh-TW", "zh-TW"), ("ZH", "zh"), ("pt-BR", "pt-BR")] {
        let told = post(json!({"status": "x", "language": given}));
        assert_eq!(told["language"], stored, "{given}");
    }
    let german = "Das ist ein ganz gewöhnlicher deutscher Satz, an dem es nichts zu deuteln gibt.";
    assert_eq!(post(json!({"status": german}))["language"], "de");
    assert_eq!(post(json!({"status": "x"}))["language"], "en", "the configured default");
    let preferences = ann
        .request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"source": {"language": "fr", "privacy": "unlisted", "sensitive": true}}))
        .send()
        .ok();
    assert_eq!(preferences["source"]["language"], "fr");
    let own = post(json!({"status": german}));
    assert_eq!(own["language"], "fr", "one's own default goes before a guess");
    assert_eq!((&own["visibility"], &own["sensitive"]), (&json!("unlisted"), &json!(true)));
    let narrow = post(json!({"status": "narrow", "visibility": "private"}));
    let reply = post(json!({"status": "reply", "in_reply_to_id": id(&narrow)}));
    assert_eq!(reply["visibility"], "private", "a reply is no wider than its parent by itself");
}
