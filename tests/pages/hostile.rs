//! What strangers put into an address comes back as text, if at all.

use super::*;

const EVIL: &str = "\"'><svg onload=x7>";

#[test]
fn s_122_no_answer_echoes_what_was_asked() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.writes("#tag", "public");
    let evil = "%22'%3E%3Csvg%20onload=x7%3E";
    let mut pages = 0;
    for path in [
        format!("/{evil}"),
        format!("/nothing/{evil}?{evil}={evil}"),
        format!("/@{evil}"),
        format!("/@ann/{evil}"),
        format!("/@ann?max_id={evil}&lang={evil}"),
        format!("/@ann/tagged/{evil}"),
        format!("/@ann/feed.{evil}"),
        format!("/tags/{evil}"),
        format!("/tags/{evil}/feed.rss"),
        format!("/tags/{evil}/feed.atom"),
        format!("/tags/tag?max_id={evil}"),
        format!("/about?lang={evil}"),
        format!("/authorize_interaction?uri={evil}"),
        format!("/authorize_interaction?uri=https://a.example/{evil}"),
        format!("/auth/sign_in?return_to={evil}&lang={evil}"),
        format!("/settings?lang={evil}&{evil}"),
        format!("/settings/{evil}"),
        format!(
            "/oauth/authorize?client_id={evil}&redirect_uri={evil}&response_type={evil}&scope={evil}&state={evil}"
        ),
        format!("/oauth/{evil}"),
        format!("/users/{evil}"),
        "/users/%C3%A9".into(),
        format!("/users/{evil}/statuses/1"),
        format!("/users/ann/statuses/{evil}"),
        format!("/emojis/{evil}"),
        format!("/media/{evil}"),
        format!("/cache/{evil}/{evil}/{evil}"),
        format!("/nodeinfo/{evil}"),
        format!("/.well-known/webfinger?resource={evil}"),
        format!("/.well-known/{evil}"),
        format!("/api/{evil}"),
        format!("/api/v1/{evil}?{evil}"),
        format!("/api/v1/timelines/tag/{evil}"),
        format!("/api/v1/accounts/lookup?acct={evil}"),
        format!("/api/oembed?url={evil}&format={evil}"),
        format!("/robots.txt?{evil}"),
        format!("/metrics?{evil}"),
    ] {
        for accept in [BROWSER, "application/json", "application/activity+json"] {
            let request = Request::new("GET", format!("{}{path}", instance.base));
            let request = request.header("accept", accept).header("accept-language", EVIL);
            let answer = request.header("referer", EVIL).send();
            assert!(answer.status < 500, "{path}: {}", answer.status);
            let kind = answer.header("content-type").unwrap_or("none").to_owned();
            let is_data = kind.contains("json") || kind.starts_with("text/plain");
            assert!(is_data || !answer.text().contains("<svg"), "{path}: {}", answer.text());
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            pages += usize::from(kind.starts_with("text/html"));
            for (name, value) in &answer.headers {
                assert!(!value.contains("<svg"), "{path}: {name}: {value}");
            }
        }
    }
    assert!(pages > 15, "{pages}");
    // what is typed into a form, and who is asked for
    for (path, fields) in [
        ("/auth/sign_in", &[("email", EVIL), ("password", EVIL), ("return_to", EVIL)] as &[_]),
        ("/oauth/token", &[("grant_type", EVIL), ("client_id", EVIL), ("code", EVIL)]),
        ("/api/v1/apps", &[("client_name", EVIL), ("redirect_uris", EVIL), ("scopes", EVIL)]),
    ] {
        let request = Request::new("POST", format!("{}{path}", instance.base));
        let answer = request.header("accept", BROWSER).form(fields).send();
        let is_data = answer.header("content-type").unwrap_or_default().contains("json");
        assert!(is_data || !answer.text().contains("<svg"), "{path}: {}", answer.text());
    }
    let elsewhere = Request::new("GET", format!("{}/", instance.base)).header("host", "x7.example");
    assert!(!elsewhere.send().text().contains("x7"));
}
