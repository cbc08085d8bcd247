//! The parts of a profile, and what one status looks like on pages.

use super::*;
use crate::support::Options;

/// The texts of the posts on a page, in their order.
fn shown(html: &str) -> Vec<String> {
    let parts = html.split("<div class=\"e-content\"").skip(1);
    parts
        .map(|part| {
            let (_, rest) = part.split_once("<p>").unwrap();
            rest.split("</p>").next().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn a_profile_has_posts_with_replies_and_media_and_pinned_ones_first() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let first = ann.writes("pinned", "public");
    ann.post(&format!("/api/v1/statuses/{}/pin", id(&first)), json!({}));
    ann.post("/api/v1/statuses", json!({"status": "with a picture", "media_ids": [ann.picture()]}));
    let of_bob = bob.writes("of bob", "public");
    ann.post("/api/v1/statuses", json!({"status": "an answer", "in_reply_to_id": id(&of_bob)}));
    ann.post(&format!("/api/v1/statuses/{}/reblog", id(&of_bob)), json!({}));
    ann.writes("plain", "public");
    ann.writes("hidden", "private");
    let tab = |path: &str| {
        let answer = open(&instance, path);
        assert_eq!(answer.status, 200, "{path}");
        answer.text()
    };
    let posts = tab("/@ann");
    assert_eq!(shown(&posts), ["pinned", "plain", "of bob", "with a picture"]);
    assert!(posts.contains("<p class=\"boost\">Pinned</p>"));
    assert!(posts.contains("<p class=\"boost\">ann boosted</p>"));
    let replies = tab("/@ann/with_replies");
    assert_eq!(shown(&replies), ["plain", "of bob", "an answer", "with a picture", "pinned"]);
    let link = format!("<a class=\"u-in-reply-to\" href=\"{}\">", of_bob["url"].as_str().unwrap());
    assert!(replies.contains(&link), "{replies}");
    assert!(replies.contains(&format!("In reply to @{}", bob.handle())));
    assert_eq!(shown(&tab("/@ann/media")), ["with a picture"]);
    for (path, html) in [("/@ann", &posts), ("/@ann/with_replies", &replies)] {
        let here = format!("<a href=\"{}{path}\" aria-current=\"page\">", instance.base);
        assert_eq!(html.matches("aria-current").count(), 1, "{path}");
        assert!(html.contains(&here), "{path}");
        assert!(
            html.contains(&format!("<link rel=\"canonical\" href=\"{}{path}\">", instance.base))
        );
    }
    // an older page begins with nothing that is pinned, and keeps to the language
    let older = tab(&format!("/@ann?max_id={}&lang=zh", id(&of_bob)));
    assert_eq!(shown(&older), ["with a picture", "pinned"]);
    assert!(!older.contains("置顶") && older.contains("/@ann/media?lang=zh\""));
    // nobody: the same as any other page
    assert_eq!(open(&instance, "/@nobody/media").status, 404);
}

#[test]
fn an_answer_leads_to_nothing_that_is_not_for_all() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    bob.follows(&ann.handle());
    let secret = ann.writes("a secret", "private");
    let status = json!({"status": "psst", "in_reply_to_id": id(&secret), "visibility": "public"});
    let answer = bob.post("/api/v1/statuses", status);
    let html = open(&instance, &format!("/@bob/{}", id(&answer))).text();
    assert!(html.contains("psst") && !html.contains("u-in-reply-to"), "{html}");
}

#[test]
fn pages_tell_programs_what_is_what() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let status = ann.post(
        "/api/v1/statuses",
        json!({"status": "look #tag", "media_ids": [ann.picture()], "language": "en"}),
    );
    let html = open(&instance, "/@ann").text();
    for class in [
        "profile h-card",
        "u-url u-uid",
        "handle p-nickname",
        "h-feed",
        "post h-entry",
        "p-author h-card",
        "e-content",
        "u-url",
        "dt-published",
        "u-photo",
    ] {
        assert!(html.contains(&format!("class=\"{class}\"")), "{class}");
    }
    // the preview of a link shows the picture, unless that needs a warning
    let html = open(&instance, status["url"].as_str().unwrap()).text();
    let picture = meta(&html, "og:image").unwrap();
    assert!(picture.contains("/media/"), "{picture}");
    assert_eq!(meta(&html, "twitter:card").as_deref(), Some("summary_large_image"));
    assert_eq!(meta(&html, "og:image:width").as_deref(), Some("16"));
    let hidden = json!({"status": "dare", "media_ids": [ann.picture()], "sensitive": true});
    let hidden = ann.post("/api/v1/statuses", hidden);
    let html = open(&instance, hidden["url"].as_str().unwrap()).text();
    assert!(meta(&html, "og:image").unwrap().ends_with("/assets/avatar.png"));
    assert_eq!(meta(&html, "twitter:card").as_deref(), Some("summary"));
}

#[test]
fn s_118_custom_emojis_are_pictures_of_this_server() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let status = ann.writes("root", "public");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let note = peer.create("mia", 1, "<p>:cat: <a href=\"https://a.example/:cat:\">x</a> <b>&lt;i&gt;:cat:</b></p>", json!({
        "inReplyTo": status["uri"], "summary": "<i>:cat:", "cc": [ann.uri],
        "tag": [{"type": "Emoji", "name": ":cat:", "icon": {"type": "Image", "url": peer.at("/cat.png")}}],
    }));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    eventually("it arrives", || ann.finds_status(&peer.at("/notes/1")));
    let html = open(&instance, &format!("/@ann/{}", id(&status))).text();
    let image = format!("<img class=\"emoji\" src=\"{}/cache/es/", instance.base);
    assert_eq!(html.matches(&image).count(), 3, "{html}");
    assert!(html.contains("href=\"https://a.example/:cat:\""), "{html}");
    assert!(!html.contains("<i>"), "a warning is text: {html}");
}

#[test]
fn the_page_about_this_server_tells_figures_only_where_that_is_wanted() {
    let day = 24 * 60 * 60 * 1000;
    let clock = dassie::clock::Clock::manual(1_767_323_045_678);
    let mut instance = Instance::with(Options { clock, configure: None });
    assert!(!open(&instance, "/about").text().contains("of memory"));
    instance.start_with(|config| config.pages.show_figures = true);
    instance.advance(3 * day);
    let html = open(&instance, "/about").text();
    assert!(html.contains("has been running for 3 days"), "{html}");
    assert!(
        !html.contains(" 0 MB of memory") && html.contains(" MB of memory and 0.0 GB"),
        "{html}"
    );
    assert!(in_language(&instance, "/about", "zh").contains("已运行 3 天"));
}

#[test]
fn the_operators_style_sheet_follows_ours() {
    let instance = Instance::start();
    assert_eq!(open(&instance, "/assets/custom.css").status, 404);
    let path = instance.folder.path().join("my.css");
    std::fs::write(&path, "body { color: red }").unwrap();
    let mut instance = instance;
    let mut config = instance.app.config.clone();
    config.pages.custom_css = Some(path.clone());
    instance.start_as(config.clone());
    let html = open(&instance, "/about").text();
    let links: Vec<&str> = html
        .split("<link rel=\"stylesheet\" href=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap())
        .collect();
    assert_eq!(links.len(), 2);
    let style = open(&instance, links[1]);
    assert_eq!(style.text(), "body { color: red }");
    assert!(style.header("content-type").unwrap().starts_with("text/css"));
    assert!(style.header("cache-control").unwrap().contains("immutable"));
    let policy = open(&instance, "/about").header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("style-src 'self';"), "{policy}");
    // one that cannot be used is told at the start
    std::fs::write(&path, vec![b' '; 64 * 1024 + 1]).unwrap();
    let Err(error) = dassie::app::Style::read(&config) else { panic!("too large") };
    assert!(error.to_string().contains("pages.custom_css") && error.to_string().contains("65536"));
    std::fs::remove_file(&path).unwrap();
    assert!(dassie::app::Style::read(&config).is_err());
}

#[test]
fn the_page_of_a_moved_account_leads_on_and_a_suspended_one_is_gone() {
    let instance = Instance::start();
    let boss = crate::api::admin::admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let status = ann.writes("still here", "public");
    let status = status["url"].as_str().unwrap();
    bob.post("/api/v1/accounts/alias", json!({"also_known_as_uris": [ann.uri]}));
    let leave = dassie::control::Command::AccountMove {
        account: "ann".into(),
        target: Some(bob.handle()),
        with_followers: false,
    };
    dassie::control::execute(&instance.app, leave).unwrap();
    let html = open(&instance, "/@ann").text();
    assert!(html.contains(&format!(">{}</a>", bob.uri)) && html.contains("still here"), "{html}");
    boss.post(&format!("/api/v1/admin/accounts/{}/action", ann.id), json!({"type": "suspend"}));
    for path in ["/@ann", "/@ann/with_replies", "/@ann/media", "/@ann/feed.rss", status] {
        let answer = open(&instance, path);
        assert_eq!(answer.status, 410, "{path}");
        assert!(answer.text().contains("the account is closed"), "{path}");
    }
}
