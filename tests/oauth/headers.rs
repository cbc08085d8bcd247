//! What every answer carries, of whatever kind it is.

use super::*;

const BROWSER: &str = "text/html,application/xhtml+xml";

fn open(instance: &Instance, path: &str) -> Answer {
    Request::new("GET", format!("{}{path}", instance.base)).header("accept", BROWSER).send()
}

#[test]
fn s_060_s_109_no_kind_of_answer_is_guessed_at() {
    let scene = Scene::new();
    let instance = &scene.instance;
    let ann = instance.person("zoe");
    let media = ann.get(&format!("/api/v1/media/{}", ann.picture()));
    let status = ann.writes("about #tea", "public");
    let mut browser = scene.signed_in();
    let page = open(instance, "/@zoe");
    let text = page.text();
    let (_, style) = text.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
    let known = Request::new("GET", format!("{}/@zoe", instance.base))
        .header("accept", BROWSER)
        .header("if-none-match", page.header("etag").unwrap());
    let elsewhere = Request::new("GET", format!("{}/", instance.base)).header("host", "b.example");
    let foreign = Request::new("OPTIONS", format!("{}/api/v1/statuses", instance.base))
        .header("origin", "https://elk.example");
    for (what, status, answer) in [
        ("a page", 200, page.clone()),
        ("one that is known", 304, known.send()),
        ("a form", 200, browser.get("/settings/password")),
        ("a sheet", 200, browser.get("/settings/data?file=blocks")),
        ("a way to sign in", 303, Browser::new(instance).get("/settings")),
        ("a page of a mistake", 404, open(instance, "/nothing")),
        ("a feed", 200, instance.get("/@zoe.rss")),
        ("a style sheet", 200, instance.get(style.split('"').next().unwrap())),
        ("a picture of ours", 200, instance.get("/assets/header.png")),
        ("a file", 200, Request::new("GET", media["url"].as_str().unwrap()).send()),
        ("JSON", 200, instance.get("/api/v1/instance")),
        ("a refusal", 401, instance.get("/api/v1/timelines/home")),
        ("a document", 200, instance.activity(status["uri"].as_str().unwrap())),
        ("for crawlers", 200, instance.get("/robots.txt")),
        ("another host", 421, elsewhere.send()),
        ("leave for other origins", 200, foreign.send()),
    ] {
        assert_eq!(answer.status, status, "{what}");
        let told: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "x-content-type-options")
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(told, ["nosniff"], "{what}");
    }
}
