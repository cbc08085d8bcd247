//! What crawlers are told.

use super::*;

#[test]
fn f_074_collectors_of_training_data_are_turned_away_unless_wanted() {
    let mut instance = Instance::start();
    let text = instance.get("/robots.txt").text();
    let (first, rest) = text.split_once("Disallow: /\n").unwrap();
    for name in ["GPTBot", "ClaudeBot", "CCBot", "Google-Extended", "Bytespider"] {
        assert!(first.contains(&format!("User-agent: {name}\n")), "{name}");
    }
    assert!(rest.contains("User-agent: *\nDisallow: /api/\n") && !rest.contains("GPTBot"));
    assert!(!text.contains("Sitemap"));
    instance.start_with(|config| config.pages.allow_ai_crawlers = true);
    let text = instance.get("/robots.txt").text();
    assert!(!text.contains("GPTBot") && text.contains("Disallow: /api/"));
}

#[test]
fn f_074_the_list_of_pages_has_those_who_want_to_be_found() {
    let mut instance = Instance::start();
    assert_eq!(instance.get("/sitemap.xml").status, 404, "off by default");
    instance.start_with(|config| config.pages.sitemap = true);
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let found = json!({"discoverable": true, "indexable": true});
    ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&found).send().ok();
    let open_one = ann.writes("one", "public");
    let quiet = ann.writes("two", "unlisted");
    let of_bob = bob.writes("three", "public");
    let answer = instance.get("/sitemap.xml");
    assert!(answer.header("content-type").unwrap().starts_with("application/xml"));
    let list = answer.text();
    let has = |url: &str| list.contains(&format!("<loc>{url}</loc>"));
    assert!(has(&format!("{}/@ann", instance.base)) && has(open_one["url"].as_str().unwrap()));
    for status in [&quiet, &of_bob] {
        assert!(!has(status["url"].as_str().unwrap()), "{list}");
    }
    assert!(!list.contains("/@bob"));
    let known = answer.header("etag").unwrap();
    let again = Request::new("GET", format!("{}/sitemap.xml", instance.base));
    assert_eq!(again.header("if-none-match", known).send().status, 304);
    assert!(
        instance
            .get("/robots.txt")
            .text()
            .contains(&format!("Sitemap: {}/sitemap.xml", instance.base))
    );
}
