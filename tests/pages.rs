//! The pages that anybody can open: every link that we hand out works in a browser.

mod crawlers;
mod feeds;
mod front;
mod hostile;
mod languages;
mod profiles;

use std::io::{Read, Write};

use serde_json::json;

use crate::api::{follow_peer, id, write_many};
use crate::support::{Answer, Instance, Peer, Request, eventually};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn open(instance: &Instance, path: &str) -> Answer {
    let address = match path.strip_prefix('/') {
        Some(_) => format!("{}{path}", instance.base),
        None => path.to_owned(),
    };
    Request::new("GET", address).header("accept", BROWSER).send()
}

fn in_language(instance: &Instance, path: &str, language: &str) -> String {
    let request = Request::new("GET", format!("{}{path}", instance.base));
    request.header("accept", BROWSER).header("accept-language", language).send().text()
}

/// The content of a `<meta>` with this property or name.
fn meta(html: &str, name: &str) -> Option<String> {
    let tag = html.split("<meta ").find(|tag| {
        tag.starts_with(&format!("property=\"{name}\""))
            || tag.starts_with(&format!("name=\"{name}\""))
    })?;
    let (_, rest) = tag.split_once("content=\"")?;
    Some(rest.split('"').next()?.to_owned())
}

#[test]
fn f_041_a_profile_shows_who_somebody_is_to_people_and_programs() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"display_name": "Ann of Köln", "note": "I write about #tea"}))
        .send()
        .ok();
    ann.writes("an open one", "public");
    let account = ann.get("/api/v1/accounts/verify_credentials");
    let answer = open(&instance, account["url"].as_str().unwrap());
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(
        answer.header("link").unwrap(),
        format!("<{}>; rel=\"alternate\"; type=\"application/activity+json\"", ann.uri)
    );
    assert!(answer.header("vary").unwrap().contains("Accept"));
    let html = answer.text();
    assert!(html.contains(&format!(
        "<link rel=\"alternate\" type=\"application/activity+json\" href=\"{}\">",
        ann.uri
    )));
    assert_eq!(meta(&html, "og:type").as_deref(), Some("profile"));
    assert_eq!(meta(&html, "og:url").as_deref(), account["url"].as_str());
    assert!(meta(&html, "og:title").unwrap().contains("Ann of Köln"));
    assert!(meta(&html, "og:description").unwrap().contains("I write about"));
    assert!(meta(&html, "og:image").unwrap().starts_with(&instance.base));
    assert_eq!(meta(&html, "profile:username"), Some(format!("@{}", ann.handle())));
    assert!(html.contains("an open one"));
    assert!(!html.contains("<script"), "no page needs one");
    // with our domain behind the name as well; and documents for those who ask for them
    assert_eq!(open(&instance, &format!("/@{}", ann.handle())).status, 200);
    assert_eq!(open(&instance, "/@ANN").status, 200);
    let document = instance.activity(&format!("{}/@ann", instance.base));
    assert!(matches!(document.status, 200 | 303), "{}", document.status);
    let browser = open(&instance, &ann.uri);
    assert_eq!(browser.status, 302, "a browser at the document's address finds the page");
    assert_eq!(browser.header("location"), account["url"].as_str());
}

#[test]
fn f_041_a_status_page_shows_it_with_its_conversation() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let root = ann.writes("the beginning", "public");
    let status = bob.post(
        "/api/v1/statuses",
        json!({"status": "the middle\nof it", "in_reply_to_id": id(&root), "language": "en"}),
    );
    ann.post("/api/v1/statuses", json!({"status": "the end", "in_reply_to_id": id(&status)}));
    let answer = open(&instance, status["url"].as_str().unwrap());
    assert_eq!(answer.status, 200);
    let uri = status["uri"].as_str().unwrap();
    assert_eq!(
        answer.header("link").unwrap(),
        format!("<{uri}>; rel=\"alternate\"; type=\"application/activity+json\"")
    );
    let html = answer.text();
    let order: Vec<usize> = ["the beginning", "of it</p>", "the end"]
        .iter()
        .map(|text| html.rfind(text).unwrap())
        .collect();
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(meta(&html, "og:type").as_deref(), Some("article"));
    assert!(meta(&html, "og:description").unwrap().starts_with("the middle"));
    assert_eq!(meta(&html, "og:url").as_deref(), status["url"].as_str());
    assert!(html.contains(&format!("href=\"{uri}\"")));
    let warned = ann
        .post("/api/v1/statuses", json!({"status": "the murderer is", "spoiler_text": "a novel"}));
    let html = open(&instance, warned["url"].as_str().unwrap()).text();
    assert_eq!(
        meta(&html, "og:description").as_deref(),
        Some("a novel"),
        "a preview spoils nothing"
    );
    assert!(html.contains("<details>"));
    let document = open(&instance, warned["uri"].as_str().unwrap());
    assert_eq!((document.status, document.header("location")), (302, warned["url"].as_str()));
    // another's name before the id is another address
    assert_eq!(open(&instance, &format!("/@bob/{}", id(&warned))).status, 404);
}

#[test]
fn hidden_tallies_of_a_poll_are_on_no_page_before_its_end() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    for hide in [false, true] {
        let poll = json!({"options": ["tea", "juice"], "expires_in": 600, "hide_totals": hide});
        let status = ann.post("/api/v1/statuses", json!({"status": "which?", "poll": poll}));
        let votes = format!("/api/v1/polls/{}/votes", id(&status));
        bob.post(&votes, json!({"choices": [0]}));
        let html = open(&instance, status["url"].as_str().unwrap()).text();
        assert!(html.contains("juice"));
        assert_eq!(html.contains("juice</span> <small>"), !hide, "{html}");
    }
}

#[test]
fn s_118_what_people_write_is_shown_as_text() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let evil = "\"><script>alert('x')</script>";
    ann.request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"display_name": format!("{evil}A"), "note": evil}))
        .send()
        .ok();
    let status = ann
        .post("/api/v1/statuses", json!({"status": evil, "spoiler_text": evil, "language": "en"}));
    // and what comes from elsewhere, below something of ours
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let note = peer.create("mia", 1, "<p onclick=\"x\">answer<script>alert(1)</script></p>", json!({
        "inReplyTo": status["uri"], "summary": evil, "cc": [ann.uri],
        "attachment": [{"type": "Document", "mediaType": "image/png", "name": evil, "url": peer.at("/a.png")}],
    }));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    eventually("it arrives", || ann.finds_status(&peer.at("/notes/1")));
    for path in [
        "/@ann".to_owned(),
        format!("/@ann/{}", id(&status)),
        "/".into(),
        "/about".into(),
        format!("/authorize_interaction?uri={}", ann.uri),
        "/tags/%22%3E%3Cscript%3E".into(),
        "/%22%3E%3Cscript%3E".into(),
        "/authorize_interaction?uri=https://a.example/%22%3E%3Cscript%3E".into(),
        "/@ann?max_id=%22%3E%3Cscript%3E".into(),
        "/@%3Cscript%3E".into(),
    ] {
        let html = open(&instance, &path).text();
        assert!(!html.contains("<script"), "{path}: {html}");
        assert!(!html.contains("onclick"), "{path}");
        assert!(!html.contains("=\"\"><"), "an attribute was ended at {path}: {html}");
    }
    let html = open(&instance, &format!("/@ann/{}", id(&status))).text();
    assert!(html.contains("answer"), "{html}");
    assert!(meta(&html, "og:title").unwrap().contains("script"), "the name is there, as text");
}

#[test]
fn s_060_s_101_s_133_every_page_carries_its_policy() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    instance.person("bob");
    let status = id(&ann.writes("x #tag https://out.example/x", "public"));
    let html = open(&instance, &format!("/@ann/{status}")).text();
    let (before, _) = html.split_once("href=\"https://out.example/x\"").unwrap();
    let after = &html[before.rfind('<').unwrap()..];
    assert!(after.split('>').next().unwrap().contains("noreferrer"), "S-101: {after:.200}");
    for (path, code) in [
        ("/".to_owned(), 200),
        ("/about".into(), 200),
        ("/@ann".into(), 200),
        (format!("/@ann/{status}"), 200),
        ("/tags/tag".into(), 200),
        ("/@nobody".into(), 404),
        ("/nothing/here".into(), 404),
        (format!("/authorize_interaction?uri={}", ann.uri), 200),
        ("/authorize_interaction".into(), 400),
    ] {
        let answer = open(&instance, &path);
        assert_eq!(answer.status, code, "{path}");
        let header = |name: &str| {
            answer.header(name).unwrap_or_else(|| panic!("{path} has no {name}")).to_owned()
        };
        let policy = header("content-security-policy");
        for rule in
            ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert!(
            ["same-origin", "no-referrer"].contains(&header("referrer-policy").as_str()),
            "S-101"
        );
        // what the policy lets through is there
        for part in answer.text().split(" src=\"").skip(1) {
            let source = part.split('"').next().unwrap();
            let own = source.strip_prefix(&instance.base).unwrap_or(source);
            assert!(own.starts_with('/') && !own.starts_with("//"), "S-098: {source}");
            assert_eq!(open(&instance, own).status, 200, "{source}");
        }
        let text = answer.text();
        let (_, style) = text.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
        let style = open(&instance, style.split('"').next().unwrap());
        assert_eq!(style.status, 200);
        assert!(style.header("content-type").unwrap().starts_with("text/css"));
        assert!(style.header("cache-control").unwrap().contains("immutable"));
    }
    for method in ["POST", "DELETE"] {
        let answer = Request::new(method, format!("{}/@ann", instance.base)).send();
        assert_eq!(answer.status, 405, "{method}");
    }
    let head = Request::new("HEAD", format!("{}/@ann", instance.base))
        .header("accept", BROWSER)
        .header("accept-encoding", "identity")
        .send();
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn s_088_a_hidden_page_looks_like_none_and_a_deleted_one_says_so() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let hidden = id(&ann.writes("hidden", "private"));
    let gone = id(&ann.writes("gone", "public"));
    let open_page = id(&ann.writes("open", "public"));
    ann.delete(&format!("/api/v1/statuses/{gone}"));
    let never = open(&instance, "/@ann/117000000000000000");
    assert_eq!(never.status, 404);
    for path in [
        format!("/@ann/{hidden}"),
        "/@ann/abc".into(),
        format!("/@nobody/{open_page}"),
        "/@nobody".into(),
        "/@ann/99999999999999999999".into(),
        "/nothing".into(),
    ] {
        let answer = open(&instance, &path);
        assert_eq!((answer.status, answer.text()), (404, never.text()), "{path}");
    }
    let answer = open(&instance, &format!("/@ann/{gone}"));
    assert_eq!(answer.status, 410);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    assert_ne!(answer.text(), never.text());
    assert_eq!(
        instance.activity(&format!("{}/users/ann/statuses/{gone}", instance.base)).status,
        410
    );
    // for programs the same as JSON
    let json = instance.get("/nothing");
    assert_eq!((json.status, json.json()), (404, json!({"error": "Record not found"})));
}

#[test]
fn a_deleted_account_is_gone() {
    let instance = Instance::start();
    instance.person("ann");
    let bob = instance.person("bob");
    let status = bob.writes("bob's", "public");
    let delete = dassie::control::Command::AccountDelete { account: "bob".into() };
    dassie::control::execute(&instance.app, delete).unwrap();
    eventually("the page is gone", || (open(&instance, "/@bob").status == 410).then_some(()));
    assert_eq!(open(&instance, status["url"].as_str().unwrap()).status, 410);
    assert_eq!(open(&instance, "/").header("location"), Some("/@ann"), "one is left");
}

#[test]
fn pages_speak_the_readers_language() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.writes("x", "public");
    for (header, language, word) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh", "关注者"),
        ("zh-TW", "zh", "关注者"),
        ("en-GB,en;q=0.9,zh;q=0.1", "en", "ollowers"),
        ("fr,zh;q=0.5,en;q=0.1", "zh", "关注者"),
        ("de", "en", "ollowers"),
        ("*", "en", "ollowers"),
        ("nonsense;;q=x", "en", "ollowers"),
        ("", "en", "ollowers"),
    ] {
        let html = in_language(&instance, "/@ann", header);
        assert!(html.contains(&format!("<html lang=\"{language}")), "{header}: {html:.80}");
        assert!(html.contains(word), "{header}");
    }
    assert!(in_language(&instance, "/nothing", "zh").contains("这里什么也没有"));
    assert!(in_language(&instance, "/auth/sign_in", "zh").contains("<html lang=\"zh"));
    let chosen = in_language(&instance, "/@ann?lang=zh-CN", "en");
    let other = in_language(&instance, "/@ann?lang=zh", "en");
    assert!(
        chosen.contains("关注者") || other.contains("关注者"),
        "the switch at the foot of the page"
    );
    let answer = open(&instance, "/@ann");
    assert!(answer.header("vary").unwrap().contains("Accept-Language"));
}

#[test]
fn a_page_that_did_not_change_is_not_sent_again() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let status = id(&ann.writes("x #tag", "public"));
    for path in ["/@ann".to_owned(), format!("/@ann/{status}"), "/tags/tag".into(), "/about".into()]
    {
        let first = open(&instance, &path);
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path}")).to_owned();
        assert!(first.header("cache-control").unwrap().contains("public"), "{path}");
        let again = |tag: &str| {
            Request::new("GET", format!("{}{path}", instance.base))
                .header("accept", BROWSER)
                .header("accept-encoding", "identity")
                .header("if-none-match", tag)
                .send()
        };
        let fresh = again(&tag);
        assert_eq!((fresh.status, fresh.body.len()), (304, 0), "{path}");
        assert_eq!(fresh.header("etag"), Some(tag.as_str()));
        assert_eq!(again("\"other\"").status, 200);
        let chinese = in_language(&instance, &path, "zh");
        assert_ne!(chinese, first.text(), "another language is another page");
    }
    let before = open(&instance, "/@ann");
    ann.writes("something new", "public");
    let tag = before.header("etag").unwrap();
    let after = Request::new("GET", format!("{}/@ann", instance.base))
        .header("accept", BROWSER)
        .header("if-none-match", tag)
        .send();
    assert_eq!(after.status, 200);
    nothing_follows_a_304(&instance);
    // documents as well (F-242)
    let document = instance.activity(&ann.uri);
    let tag = document.header("etag").unwrap();
    let fresh = Request::new("GET", &ann.uri)
        .header("accept", "application/activity+json")
        .header("accept-encoding", "identity")
        .header("if-none-match", tag)
        .send();
    assert_eq!(fresh.status, 304);
}

/// On one connection: a body behind a 304 or the answer to a HEAD would be read as the next answer.
fn nothing_follows_a_304(instance: &Instance) {
    let mut stream = std::net::TcpStream::connect(&instance.host).unwrap();
    let host = &instance.host;
    let asked = [
        ("GET", "/about", "identity"),
        ("GET", "/about", "gzip"),
        ("HEAD", "/about", "gzip"),
        ("HEAD", "/@ann", "identity"),
        ("GET", "/assets/style.css", "identity"),
        ("GET", "/assets/avatar.png", "gzip"),
    ];
    for (method, path, encoding) in asked {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\n\
             accept-encoding: {encoding}\r\nif-none-match: *\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
    }
    stream
        .write_all(
            format!("GET /robots.txt HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
                .as_bytes(),
        )
        .unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let all = String::from_utf8_lossy(&all).into_owned();
    let answers: Vec<&str> = all.split("HTTP/1.1 ").skip(1).collect();
    assert_eq!(answers.len(), asked.len() + 1, "{all}");
    for answer in &answers[..asked.len()] {
        assert!(answer.starts_with("304"), "{all}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "", "{all}");
    }
}

#[test]
fn the_front_page_leads_to_the_one_who_lives_here() {
    let instance = Instance::start();
    assert_eq!(open(&instance, "/").status, 200, "nobody yet");
    instance.person("ann");
    let answer = open(&instance, "/");
    assert_eq!((answer.status, answer.header("location")), (302, Some("/@ann")));
    instance.person("bob");
    let answer = open(&instance, "/");
    assert_eq!((answer.status, answer.header("location")), (200, None));
}

#[test]
fn a_profile_goes_on_page_by_page() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let all: Vec<String> = (0..45).map(|n| format!("number-{n:02}")).collect();
    write_many(&instance, &ann, all.clone());
    let mut seen = Vec::new();
    let mut path = "/@ann".to_owned();
    loop {
        let html = open(&instance, &path).text();
        seen.extend(html.split("<div class=\"e-content\"").skip(1).map(|part| {
            let (_, rest) = part.split_once("<p>").unwrap();
            rest.split("</p>").next().unwrap().to_owned()
        }));
        let Some((_, next)) = html.split_once("<a rel=\"next\" href=\"?") else { break };
        path = format!("/@ann?{}", next.split('"').next().unwrap());
    }
    assert_eq!(seen, all.into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn f_076_s_065_s_066_an_interaction_leads_nowhere_and_asks_nobody() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let status = ann.writes("answer me", "public");
    let peer = Peer::start(&["mia"]);
    let ask = |uri: &str| {
        let uri: String = form_urlencoded::byte_serialize(uri.as_bytes()).collect();
        open(&instance, &format!("/authorize_interaction?uri={uri}"))
    };
    for evil in [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "ftp://a.example/x",
        "https:evil",
        "",
        "nonsense",
        "file:///etc/passwd",
    ] {
        let answer = ask(evil);
        assert!(matches!(answer.status, 200 | 400), "{evil}: {}", answer.status);
        assert_eq!(answer.header("location"), None, "{evil}");
        assert!(!answer.text().contains(&format!("href=\"{evil}\"")) || evil.is_empty(), "{evil}");
    }
    for uri in [peer.uri("mia"), peer.at("/notes/1"), format!("acct:mia@{}", peer.host)] {
        let answer = ask(&uri);
        assert_eq!((answer.status, answer.header("location")), (200, None), "{uri}");
        assert!(answer.text().contains(uri.trim_start_matches("acct:")), "{uri}");
    }
    assert_eq!(peer.asked(), [""; 0], "nobody is asked for a passer-by");
    assert!(ask(status["uri"].as_str().unwrap()).text().contains("answer me"));
    assert!(ask(&format!("acct:{}", ann.handle())).text().contains(&ann.handle()));
    let finger =
        instance.get(&format!("/.well-known/webfinger?resource=acct:{}", ann.handle())).ok();
    let links = finger["links"].as_array().unwrap().clone();
    let subscribe = links.iter().find(|l| l["rel"] == "http://ostatus.org/schema/1.0/subscribe");
    let template = subscribe.expect("F-076")["template"].as_str().unwrap().to_owned();
    assert_eq!(open(&instance, &template.replace("{uri}", "acct%3Aa%40b.example")).status, 200);
}
