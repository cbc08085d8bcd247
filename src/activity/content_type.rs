//! Content types of ActivityPub: which ones are, and which one an `Accept` prefers.

use super::AS2;

/// Whether a content type is one of ActivityPub (F-127, S-026): `application/activity+json` or
/// `application/ld+json` with the ActivityStreams profile among its profiles.
pub fn is_activity(content_type: &str) -> bool {
    let mut parts = content_type.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/activity+json" => true,
        "application/ld+json" => parts.any(|part| {
            part.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("profile")
                    && value.trim().trim_matches('"').split_ascii_whitespace().any(|p| p == AS2)
            })
        }),
        _ => false,
    }
}

/// Whether this `Accept` asks for a document rather than a page: an ActivityPub type stands in it
/// before `text/html`, or with a higher quality (F-018).
pub fn is_wanted(accept: &str) -> bool {
    let quality = |wanted: &dyn Fn(&str) -> bool| {
        split_quoted(accept)
            .filter(|range| wanted(range))
            .map(|range| {
                range
                    .split(';')
                    .find_map(|p| p.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()))
                    .unwrap_or(1.0)
            })
            .fold(0.0_f32, f32::max)
    };
    let activity =
        quality(&|range| is_activity(range) || range.trim().starts_with("application/ld+json"));
    let json = quality(&|range| range.trim().starts_with("application/json"));
    let html = quality(&|range| range.trim().starts_with("text/html"));
    activity > 0.0 && activity >= html || (json > 0.0 && html == 0.0)
}

/// Splits at commas outside of quotes.
fn split_quoted(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        if c == '"' {
            quoted = !quoted;
        }
        c == ',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_127_content_types() {
        for ok in [
            "application/activity+json",
            "application/activity+json; charset=utf-8",
            "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
            "Application/LD+JSON;profile=\"https://x.example https://www.w3.org/ns/activitystreams\"",
        ] {
            assert!(is_activity(ok), "{ok}");
        }
        for no in ["application/json", "application/ld+json", "text/html", "", "text/plain"] {
            assert!(!is_activity(no), "{no}");
        }
    }

    #[test]
    fn f_018_what_was_asked_for() {
        let wants = is_wanted;
        assert!(wants(
            "application/activity+json, application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\""
        ));
        assert!(wants("application/activity+json"));
        assert!(wants("text/html;q=0.5, application/activity+json;q=0.9"));
        assert!(!wants("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(!wants("text/html, application/activity+json;q=0.5"));
        assert!(!wants("*/*"));
    }
}
