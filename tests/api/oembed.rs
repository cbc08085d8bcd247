//! oEmbed documents of statuses here.

use serde_json::json;

use super::{follow_peer, id, shape::is_documented};
use crate::support::{Instance, Peer, eventually};

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn an_open_status_of_this_server_has_a_document() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let status = ann.writes("hello <b> & 天氣", "public");
    let page = status["url"].as_str().unwrap();
    let path = format!("/api/oembed?url={}", encoded(page));
    let shown = instance.get(&path).ok();
    for (key, want) in [
        ("type", json!("rich")),
        ("version", json!("1.0")),
        ("title", json!("New status by ann")),
        ("author_name", json!("ann")),
        ("author_url", json!(format!("{}/@ann", instance.base))),
        ("provider_name", json!(instance.host)),
        ("provider_url", json!(format!("{}/", instance.base))),
        ("cache_age", json!(86400)),
        ("width", json!(400)),
        ("height", json!(null)),
    ] {
        assert_eq!(shown[key], want, "{key}");
    }
    is_documented(&[("GET", "/api/oembed", 200, &shown)]);
    let html = shown["html"].as_str().unwrap();
    assert!(
        html.starts_with("<blockquote") && html.contains("hello &lt;b&gt; &amp; 天氣"),
        "{html}"
    );
    assert!(html.contains(page) && !html.contains("<script"), "{html}");
    // the id is an address too, and a site says how much room it has
    let uri = encoded(status["uri"].as_str().unwrap());
    let small =
        instance.get(&format!("/api/oembed?url={uri}&maxwidth=300&maxheight=200&format=json")).ok();
    assert_eq!((&small["width"], &small["height"]), (&json!(300), &json!(200)));
    assert_eq!(instance.get(&format!("{path}&maxwidth=-5")).ok()["width"], 400);
    assert_eq!(instance.get(&format!("{path}&maxwidth=x")).status, 422);
    // found from the page
    let html = instance.get(&page[instance.base.len()..]).text();
    assert!(html.contains("application/json+oembed"), "{html}");
    let href = html.split("json+oembed\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(instance.get(&href.replace("&amp;", "&")[instance.base.len()..]).ok(), shown);
    // a warning hides what it warns of
    let warned =
        ann.post("/api/v1/statuses", json!({"status": "the end", "spoiler_text": "spoiler"}));
    let warned =
        instance.get(&format!("/api/oembed?url={}", encoded(warned["url"].as_str().unwrap()))).ok();
    let html = warned["html"].as_str().unwrap();
    assert!(html.contains("spoiler") && !html.contains("the end"), "{html}");
}

#[test]
fn s_088_of_anything_else_there_is_none() {
    let instance = Instance::start();
    let (ann, bob, peer) = (instance.person("ann"), instance.person("bob"), Peer::start(&["mia"]));
    follow_peer(&instance, &ann, &peer, "mia");
    let note = peer.create("mia", 1, "<p>x</p>", json!({}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    let remote = eventually("it is here", || ann.get("/api/v1/timelines/home").get(0).cloned());
    let private = ann.writes("private", "private");
    let public = ann.writes("public", "public");
    let boost = bob.post(&format!("/api/v1/statuses/{}/reblog", id(&public)), json!({}));
    for address in [
        private["url"].as_str().unwrap(),
        ann.writes("direct", "direct")["url"].as_str().unwrap(),
        remote["url"].as_str().unwrap(),
        remote["uri"].as_str().unwrap(),
        boost["uri"].as_str().unwrap(),
        &format!("{}/@ann/1", instance.base),
        &format!("{}/@ann", instance.base),
        "https://a.example/",
        "nonsense",
        "",
    ] {
        let answer = instance.get(&format!("/api/oembed?url={}", encoded(address)));
        assert_eq!(answer.status, 404, "{address}: {}", answer.text());
        assert!(answer.json()["error"].is_string());
    }
    assert_eq!(instance.get("/api/oembed").status, 404);
    let xml = format!("/api/oembed?format=xml&url={}", encoded(public["url"].as_str().unwrap()));
    assert_eq!(instance.get(&xml).status, 404);
    let unlisted = ann.writes("unlisted", "unlisted");
    let path = format!("/api/oembed?url={}", encoded(unlisted["url"].as_str().unwrap()));
    instance.get(&path).ok();
    ann.delete(&format!("/api/v1/statuses/{}", id(&unlisted)));
    assert_eq!(instance.get(&path).status, 404);
}
