//! The targets. Each says what must hold whatever comes in.

mod sound;

use std::sync::OnceLock;

use dassie::activity::actor::{self, Actor};
use dassie::activity::collection::Collection;
use dassie::activity::incoming::{Activity, split};
use dassie::activity::object::Object;
use dassie::activity::{build, content_type, discovery, json, quote};
use dassie::model::Sheet;
use dassie::service::account::IncomingActor;
use dassie::service::remote::Incoming;
use dassie::signature::key::PublicKey;
use dassie::signature::{self, Request};
use dassie::text::{
    charset, count as counted, emoji, entity, hashtag, language, policy, preview, rel_me, sanitize,
    search, sheet,
};
use serde_json::Value;
use url::Url;

/// A target by its name.
type Target = fn(&[u8]);

/// All targets; `tests/fuzz/run.sh` names them as well.
const TARGETS: &[(&str, Target)] = &[
    ("activity", activity),
    ("signature", signature),
    ("html", html),
    ("text", text),
    ("discovery", discovery),
    ("accept", accept),
    ("sound", sound::run),
];

/// Runs the target that `DASSIE_FUZZ` names.
pub fn run(data: &[u8]) {
    static CHOSEN: OnceLock<Target> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let name = std::env::var("DASSIE_FUZZ").unwrap_or_default();
        let found = TARGETS.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("DASSIE_FUZZ names no target: {name:?}")).1
    });
    chosen(data);
}

/// A body at the inbox, or a document that was fetched (S-044, S-045).
fn activity(data: &[u8]) {
    if let Ok(value) = json::parse_collection(data) {
        let _ = Collection::parse(&value);
    }
    let Ok(value) = json::parse(data) else { return };
    if let Ok(actor) = Actor::parse(&value) {
        let _ = IncomingActor::new(&actor, "a.example");
    }
    for value in [Some(&value), value.get("object")].into_iter().flatten() {
        if let Ok(object) = Object::parse_embedded(value) {
            assert!(object.attachments.len() <= dassie::activity::media::MAX_ATTACHMENTS);
            assert!(object.published_or(1_000) <= 1_000, "a time in the future");
            let _ = (object.title().is_some(), object.edited_ms());
            let _ = Incoming::new(object);
        }
        let _ = (quote::find(value), quote::policy(value), actor::kind_of(value));
        let _ = actor::key_document(value, "https://a.example/users/a#main-key");
    }
    let _ = build::with_context(value.clone());
    for item in split(value).unwrap_or_default() {
        if let Ok(activity) = Activity::parse(item) {
            let _ = (activity.object_id().is_some(), activity.reaction(), activity.kind.as_str());
            assert!(!activity.dedup_key().is_empty());
        }
    }
}

/// A request with a signature: its first line, its header lines, an empty line, its body. Nobody
/// here has the private half of the key that is tried, so nothing may ever be verified.
fn signature(data: &[u8]) {
    let at = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let head = String::from_utf8_lossy(&data[..at]).into_owned();
    let body = data.get(at + 2..).unwrap_or_default();
    let mut lines = head.lines();
    let Some((method, path)) = lines.next().and_then(|line| line.split_once(' ')) else { return };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let request = Request { method, path_and_query: path, headers: &headers, body };
    let hosts = ["dassie.example".to_owned()];
    // 2026-05-04T09:12:40Z, the time of the vectors
    let Ok(inspected) = signature::inspect(&request, "https", &hosts, 1_777_885_960_000) else {
        return;
    };
    assert!(signature::key_id_actor(&inspected.key_id).is_some());
    static STRANGER: OnceLock<PublicKey> = OnceLock::new();
    // a key that nobody ever signed with
    let key = STRANGER.get_or_init(|| {
        PublicKey::from_pem(&signature::key::generate().unwrap().public_pem).unwrap()
    });
    assert!(inspected.verify(&request, key).is_err(), "a stranger's key fits");
}

/// HTML of others: what comes out is harmless, and stays as it is when it goes in again
/// (S-117 to S-119, F-275).
fn html(data: &[u8]) {
    let Ok(input) = std::str::from_utf8(data) else { return };
    let clean = sanitize::html(input).html;
    harmless(&clean);
    let again = sanitize::html(&clean).html;
    assert_eq!(clean, again, "what is clean changes when it is cleaned");
    let _ = (sanitize::to_plain(input), sanitize::to_own_words(&clean));
    harmless(&sanitize::plain_to_html(input));
    harmless(&policy::html(input));
    let base = Url::parse("https://a.example/page").unwrap();
    let _ = (preview::read(input, &base), rel_me::link(input), rel_me::own_pages(input, &base));
    let _ = preview::first_link(&clean, |url| url.contains("a.example"));
}

/// Every tag and attribute of sanitised HTML is one of those that are kept, and leads where links
/// may lead.
fn harmless(html: &str) {
    const TAGS: &[&str] = &[
        "p",
        "br",
        "span",
        "a",
        "abbr",
        "del",
        "s",
        "pre",
        "blockquote",
        "code",
        "b",
        "strong",
        "u",
        "sub",
        "sup",
        "i",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "ruby",
        "rt",
        "rp",
        "hr",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ];
    let mut rest = html;
    // text has its < escaped, so each begins a tag; values stand in double quotes
    while let Some((_, tag)) = rest.split_once('<') {
        let tag = tag.strip_prefix('/').unwrap_or(tag);
        let end = tag.find([' ', '>', '/']).unwrap_or(tag.len());
        assert!(TAGS.contains(&&tag[..end]), "<{}> in {html}", &tag[..end]);
        rest = &tag[end..];
        while let Some(attribute) = rest.strip_prefix(' ') {
            let Some((name, value)) = attribute.split_once("=\"") else { break };
            let (value, after) = value.split_once('"').expect("a value ends");
            assert!(
                !name.starts_with("on") && name != "style" && name != "src",
                "{name} in {html}"
            );
            let scheme = value.split(':').next().unwrap_or_default().to_ascii_lowercase();
            assert!(!["javascript", "data", "vbscript"].contains(&scheme.trim()), "{value}");
            rest = after;
        }
    }
}

/// What people here write, search and import.
fn text(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    let input = input.as_ref();
    for found in entity::scan(input) {
        let _ = format!("{found:?}");
    }
    let _ = (counted(input, ""), emoji::shortcodes(input), emoji::is_emoji(input));
    if let Some(tag) = hashtag::normalize(input) {
        assert_eq!(hashtag::normalize(&tag).as_deref(), Some(tag.as_str()), "a tag has two forms");
    }
    let _ = (language::normalize(input), language::detect(input));
    let _ = (search::index(input), search::query(input));
    assert!(sanitize::name(input, 100).chars().count() <= 100);
    let _ = (sanitize::multiline(input, 100), sanitize::http_url(input));
    let _ = charset::decode(data, "text/html; charset=gb18030");
    let _ = PublicKey::from_pem(input);
    for kind in [Sheet::Following, Sheet::Blocks, Sheet::Lists] {
        let _ = sheet::read(kind, input, 1_000);
    }
    if let Some((_, url)) = input.split_once(' ') {
        let _ = dassie::client::host_of(url);
    }
    let _ = serde_json::from_str::<Value>(input);
}

/// WebFinger, host-meta, and what pages and headers say of their other form.
fn discovery(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    if let Ok(document) = serde_json::from_slice::<Value>(data)
        && let Some(answer) = discovery::answer(&document, "a@a.example", "a.example")
    {
        assert!(input.contains("self") || input.contains('\\'), "{}", answer.actor);
    }
    if let Some(template) = discovery::host_meta_template(&input) {
        assert_eq!(template.matches("{uri}").count(), 1);
    }
    let _ = (discovery::alternate_in_header(&input), discovery::alternate_in_html(&input));
}

/// `Accept` and `Content-Type`.
fn accept(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    let _ = content_type::is_wanted(&input);
    if content_type::is_activity(&input) {
        let first = input.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        assert!(first == "application/activity+json" || first == "application/ld+json");
    }
}
