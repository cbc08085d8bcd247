//! The other language: it is offered for the very page that is open, and once chosen it stays.

use super::*;

/// The addresses of all links that a page has, but for what people wrote.
fn links(html: &str) -> Vec<String> {
    let outside =
        html.split("<div class=\"e-content\"").map(|part| match part.split_once("</div>") {
            Some((_, rest)) if !part.starts_with("<!DOCTYPE") => rest,
            _ => part,
        });
    let outside: String = outside.collect();
    let tags = outside.split("<a ").skip(1).map(|tag| tag.split('>').next().unwrap().to_owned());
    let address = |tag: String| Some(tag.split_once("href=\"")?.1.split('"').next()?.to_owned());
    tags.filter_map(address).map(|link| link.replace("&#38;", "&")).collect()
}

#[test]
fn the_other_language_is_the_same_place() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    instance.person("bob");
    let all: Vec<String> = (0..25).map(|n| format!("number-{n:02} #tea")).collect();
    write_many(&instance, &ann, all);
    for page in ["/@ann", "/tags/tea"] {
        let html = open(&instance, page).text();
        let older = links(&html).into_iter().find(|link| link.starts_with("?max_id=")).unwrap();
        let second = open(&instance, &format!("{page}{older}")).text();
        let other = format!("{older}&lang=zh");
        assert!(links(&second).contains(&other), "{page}: {:?}", links(&second));
        let alternate = format!("hreflang=\"zh\" href=\"{}\"", other.replace('&', "&#38;"));
        assert!(second.contains(&alternate), "{page}");
        let chinese = open(&instance, &format!("{page}{other}")).text();
        assert!(chinese.contains("<html lang=\"zh\"") && chinese.contains("number-04"), "{page}");
        // and back
        assert!(links(&chinese).contains(&format!("{older}&lang=en")), "{page}");
        assert!(!chinese.contains("number-06"), "{page}: not the first page");
    }
    for page in ["/", "/about", "/@ann"] {
        assert!(links(&open(&instance, page).text()).contains(&"?lang=zh".to_owned()), "{page}");
    }
    // a form that was asked for with something in its address
    let form = open(&instance, "/auth/sign_in?return_to=%2Fsettings%2Fdata").text();
    let other = "/auth/sign_in?return_to=%2Fsettings%2Fdata&lang=zh".to_owned();
    assert!(links(&form).contains(&other), "{:?}", links(&form));
}

#[test]
fn a_chosen_language_stays_on_the_way_through_the_pages() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let discoverable = json!({"discoverable": true});
    ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&discoverable).send().ok();
    let root = ann.writes("the beginning #tea", "public");
    bob.post("/api/v1/statuses", json!({"status": "an answer", "in_reply_to_id": id(&root)}));
    let status = root["url"].as_str().unwrap().strip_prefix(&instance.base).unwrap().to_owned();
    for page in ["/", "/about", "/@ann", "/tags/tea", &status, "/nothing"] {
        let chinese = open(&instance, &format!("{page}?lang=zh")).text();
        assert!(chinese.contains("<html lang=\"zh\""), "{page}");
        for link in links(&chinese) {
            let ours = link.starts_with('/') || link.starts_with(&instance.base);
            // feeds have one language, and the heading of a profile is its address for programs
            let plain = page == "/@ann" && link == format!("{}/@ann", instance.base);
            if ours && !plain && !link.contains("feed.") {
                assert!(link.ends_with("?lang=zh"), "{page}: {link} forgets it");
            }
        }
        // whoever did not choose goes by the browser everywhere
        let html = open(&instance, page).text();
        let chosen: Vec<String> =
            links(&html).into_iter().filter(|link| link.contains("lang=")).collect();
        assert!(chosen.iter().all(|link| link == "?lang=zh"), "{page}: {chosen:?}");
    }
    // what programs are told of an address has no language
    let html = open(&instance, &format!("{status}?lang=zh")).text();
    assert_eq!(meta(&html, "og:url").as_deref(), root["url"].as_str());
    assert!(html.contains(&format!("<link rel=\"canonical\" href=\"{}{status}\">", instance.base)));
    let alone = Instance::start();
    alone.person("ann");
    assert_eq!(open(&alone, "/?lang=zh").header("location"), Some("/@ann?lang=zh"));
}
