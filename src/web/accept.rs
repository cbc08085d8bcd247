//! What kind of answer a request wants, by its `Accept` header.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT;

/// A browser asks: HTML is named, and preferred to JSON of any kind. `*/*` alone is no browser.
pub fn wants_html(request: &HttpRequest) -> bool {
    let wish = Wish::of(request);
    wish.html > 0.0 && wish.html > wish.activity && wish.html >= wish.json
}

/// A server asks for the ActivityPub document (F-042).
pub(super) fn wants_activity(request: &HttpRequest) -> bool {
    let wish = Wish::of(request);
    wish.activity > 0.0 && wish.activity >= wish.html
}

/// The weight of each kind; 0 for what is not named.
#[derive(Debug, Default, PartialEq)]
struct Wish {
    html: f32,
    activity: f32,
    json: f32,
}

impl Wish {
    fn of(request: &HttpRequest) -> Self {
        let mut wish = Self::default();
        for value in request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok()) {
            wish.read(value);
        }
        wish
    }

    fn read(&mut self, header: &str) {
        for item in header.split(',').take(40) {
            let mut parts = item.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            let weight: f32 = weight.unwrap_or(1.0);
            let slot = match kind.to_ascii_lowercase().as_str() {
                "text/html" | "application/xhtml+xml" => &mut self.html,
                "application/activity+json" | "application/ld+json" => &mut self.activity,
                "application/json" => &mut self.json,
                _ => continue,
            };
            *slot = slot.max(weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn f_042_browsers_and_servers_are_told_apart() {
        for (accept, html, activity) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true, false),
            ("application/activity+json", false, true),
            (
                r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams""#,
                false,
                true,
            ),
            ("application/activity+json, application/ld+json, text/html;q=0.1", false, true),
            ("text/html;q=0.1, application/activity+json;q=0.05", true, false),
            ("application/json, text/html;q=0.5", false, false),
            ("*/*", false, false),
            ("", false, false),
            ("text/html;q=x", true, false),
        ] {
            let request = TestRequest::default().insert_header((ACCEPT, accept)).to_http_request();
            assert_eq!(wants_html(&request), html, "{accept}");
            assert_eq!(wants_activity(&request), activity, "{accept}");
        }
    }
}
