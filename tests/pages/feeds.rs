//! Feeds of profiles and of tags.

use super::*;
use serde_json::Value;

const KINDS: [(&str, &str); 3] = [
    ("rss", "application/rss+xml"),
    ("atom", "application/atom+xml"),
    ("json", "application/feed+json"),
];

fn feed(instance: &Instance, path: &str) -> Answer {
    let answer = Request::new("GET", format!("{}{path}", instance.base)).send();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

/// The texts of elements with this name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let begin = format!("<{name}");
    let parts = xml.split(&begin).skip(1);
    parts
        .filter(|part| part.starts_with(['>', ' ']))
        .map(|part| {
            let (_, rest) = part.split_once('>').unwrap();
            rest.split(&format!("</{name}>")).next().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn what_is_public_is_in_feeds_of_three_kinds() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    ann.request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"display_name": "Ann & <Co>"}))
        .send()
        .ok();
    let text = "one & two <three> #tag";
    let plain = ann.writes(text, "public");
    ann.writes("quiet", "unlisted");
    ann.writes("hidden", "private");
    let of_bob = bob.writes("of bob", "public");
    ann.post("/api/v1/statuses", json!({"status": "an answer", "in_reply_to_id": id(&of_bob)}));
    ann.post(&format!("/api/v1/statuses/{}/reblog", id(&of_bob)), json!({}));
    let url = plain["url"].as_str().unwrap();
    let page = open(&instance, "/@ann").text();
    for (kind, media_type) in KINDS {
        let path = format!("/@ann/feed.{kind}");
        let answer = feed(&instance, &path);
        let given = answer.header("content-type").unwrap();
        assert_eq!(given, format!("{media_type}; charset=utf-8"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let body = answer.text();
        assert!(body.contains(url) && body.contains("one &"), "{body}");
        for no in ["quiet", "hidden", "an answer", "of bob"] {
            assert!(!body.contains(no), "{kind} has {no}");
        }
        assert!(page.contains(&format!("<link rel=\"alternate\" type=\"{media_type}\"")), "{kind}");
        assert!(page.contains(&format!("href=\"{}{path}\"", instance.base)), "{kind}");
    }
    let rss = feed(&instance, "/@ann/feed.rss").text();
    assert_eq!(rss, feed(&instance, "/@ann.rss").text(), "where Mastodon has it");
    assert_eq!(elements(&rss, "guid"), [url]);
    assert_eq!(elements(&rss, "dc:creator"), ["Ann &#38; &#60;Co&#62;"]);
    assert!(elements(&rss, "pubDate")[0].ends_with(" GMT"));
    assert!(elements(&rss, "description")[1].starts_with("&#60;p&#62;one &#38;amp; two"), "{rss}");
    let atom = feed(&instance, "/@ann/feed.atom").text();
    assert_eq!(elements(&atom, "id")[1], url);
    assert!(elements(&atom, "title")[1].starts_with("one &#38; two &#60;three&#62;"), "{atom}");
    let json: Value = feed(&instance, "/@ann/feed.json").json();
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(json["title"], format!("Ann & <Co> (@{})", ann.handle()));
    assert_eq!(json["items"][0]["id"], url);
    assert!(json["items"][0]["content_html"].as_str().unwrap().starts_with("<p>one &amp; two"));
    assert_eq!(json["items"][0].get("title"), None);
    // of a tag
    for (kind, _) in KINDS {
        assert!(feed(&instance, &format!("/tags/TAG/feed.{kind}")).text().contains(url), "{kind}");
    }
    assert!(feed(&instance, "/tags/tag.rss").text().contains(url));
    assert!(
        feed(&instance, "/tags/unused/feed.json").json()["items"].as_array().unwrap().is_empty()
    );
    for path in ["/@ann/feed.html", "/@ann/feed.", "/@nobody/feed.rss", "/tags/%20/feed.rss"] {
        assert_eq!(open(&instance, path).status, 404, "{path}");
    }
}

#[test]
fn a_feed_spoils_nothing_and_shows_nothing_sensitive() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let novel = json!({"status": "the murderer is", "spoiler_text": "a novel", "media_ids": [ann.picture()]});
    ann.post("/api/v1/statuses", novel);
    let bare = json!({"status": "at the beach", "sensitive": true, "media_ids": [ann.picture()]});
    ann.post("/api/v1/statuses", bare);
    let open =
        ann.post("/api/v1/statuses", json!({"status": "a cat", "media_ids": [ann.picture()]}));
    let file = open["media_attachments"][0]["url"].as_str().unwrap();
    for (kind, _) in KINDS {
        let body = feed(&instance, &format!("/@ann/feed.{kind}")).text();
        assert!(body.contains("a novel") && !body.contains("murderer"), "{body}");
        assert!(body.contains("at the beach") && body.contains("Sensitive media"), "{body}");
        assert!(body.contains(file), "{body}");
        // of one status alone, there: as a picture, as a link to it, and as an attachment
        let pictures = body.matches("/media/").count();
        assert_eq!(pictures, body.matches(file).count(), "{kind}");
    }
    let json = feed(&instance, "/@ann/feed.json").json();
    assert_eq!(json["items"][0]["attachments"][0]["url"], file);
    assert_eq!(json["items"][2]["title"], "a novel");
    assert_eq!(json["items"][2].get("attachments"), None);
}

#[test]
fn a_feed_that_did_not_change_is_not_sent_again() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.writes("one", "public");
    let second = ann.writes("two", "public");
    let path = "/@ann/feed.atom";
    let first = feed(&instance, path);
    let ask = |name: &str, value: &str| {
        let request = Request::new("GET", format!("{}{path}", instance.base));
        request.header("accept-encoding", "identity").header(name, value).send()
    };
    let (tag, modified) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
    for (name, value, status) in [
        ("if-none-match", tag, 304),
        ("if-none-match", "\"x\"", 200),
        ("if-modified-since", modified, 304),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("if-modified-since", "nonsense", 200),
    ] {
        assert_eq!(ask(name, value).status, status, "{name}: {value}");
    }
    // what was deleted makes it another one
    ann.delete(&format!("/api/v1/statuses/{}", id(&second)));
    assert_eq!(ask("if-none-match", tag).status, 200);
    assert!(!ask("if-none-match", tag).text().contains("two"));
}

#[test]
fn a_feed_is_bounded_and_proper_whatever_is_written() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    write_many(&instance, &ann, (0..30).map(|n| format!("number-{n}")).collect());
    let odd = "a\u{1}b\u{b}c]]>&amp;\u{fffe}d";
    let status = json!({"status": format!("x {odd}"), "spoiler_text": odd});
    ann.request("POST", "/api/v1/statuses").json(&status).send();
    for (kind, _) in KINDS {
        let body = feed(&instance, &format!("/@ann/feed.{kind}")).text();
        assert!(body.matches("number-").count() <= 20 * 2, "{kind}");
        assert!(!body.contains(['\u{1}', '\u{b}', '\u{fffe}']), "{kind}");
    }
    assert_eq!(feed(&instance, "/@ann/feed.json").json()["items"].as_array().unwrap().len(), 20);
}
