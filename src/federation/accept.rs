//! Content types of ActivityPub: what was asked for, what was sent, what we answer.

use actix_web::guard::GuardContext;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::activity::AS2;

/// What we answer documents with (F-018).
pub const ACTIVITY_JSON: &str = "application/activity+json; charset=utf-8";

/// What we ask for (F-084).
pub const WANTED: &str = "application/activity+json, application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";

/// Whether a content type is one of ActivityPub (F-127, S-026): `application/activity+json` or
/// `application/ld+json` with the ActivityStreams profile among its profiles.
pub fn is_activity_type(content_type: &str) -> bool {
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

/// Whether a document was asked for rather than a page: an ActivityPub type stands in `Accept`
/// before `text/html`, or with a higher quality.
pub fn wants_activity(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
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
    let activity = quality(&|range| {
        is_activity_type(range) || range.trim().starts_with("application/ld+json")
    });
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

/// As a routing guard.
pub fn guard_activity(context: &GuardContext<'_>) -> bool {
    wants_activity(context.head().headers())
}

/// A public document: any cache may keep it for a while, with its ETag (F-039, S-137).
pub fn public_document(request: &HttpRequest, body: Vec<u8>) -> HttpResponse {
    let etag = format!("\"{}\"", hex(&crate::crypto::short_hash16(&body)));
    let matches = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|have| have.split(',').any(|e| e.trim().trim_start_matches("W/") == etag));
    let mut response = if matches { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::CACHE_CONTROL, "public, max-age=180"))
        .insert_header((header::VARY, "Accept"))
        .insert_header((header::ETAG, etag));
    if matches {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(ACTIVITY_JSON)));
    response.body(body)
}

/// A document for one reader only (F-122).
pub fn private_document(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::VARY, "Accept, Signature"))
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static(ACTIVITY_JSON)))
        .body(body)
}

/// 410 with a Tombstone (F-040, F-245).
pub fn gone(tombstone: &Value) -> HttpResponse {
    HttpResponse::Gone()
        .insert_header((header::VARY, "Accept"))
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static(ACTIVITY_JSON)))
        .body(tombstone.to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
            assert!(is_activity_type(ok), "{ok}");
        }
        for no in ["application/json", "application/ld+json", "text/html", "", "text/plain"] {
            assert!(!is_activity_type(no), "{no}");
        }
    }

    #[test]
    fn f_018_what_was_asked_for() {
        let wants = |accept: &str| {
            let mut headers = HeaderMap::new();
            if let Ok(value) = accept.parse() {
                headers.insert(header::ACCEPT, value);
            }
            wants_activity(&headers)
        };
        assert!(wants(WANTED));
        assert!(wants("application/activity+json"));
        assert!(wants("text/html;q=0.5, application/activity+json;q=0.9"));
        assert!(!wants("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(!wants("text/html, application/activity+json;q=0.5"));
        assert!(!wants("*/*"));
    }
}
