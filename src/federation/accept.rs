//! Content types of ActivityPub: what was asked for, what was sent, what we answer.

use actix_web::guard::GuardContext;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::activity::content_type;
pub use crate::activity::content_type::is_activity as is_activity_type;
use crate::crypto;

/// What we answer documents with (F-018).
pub const ACTIVITY_JSON: &str = "application/activity+json; charset=utf-8";

/// What we ask for (F-084).
pub const WANTED: &str = "application/activity+json, application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";

/// Whether a document was asked for rather than a page.
pub fn wants_activity(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    content_type::is_wanted(accept)
}

/// As a routing guard.
pub fn guard_activity(context: &GuardContext<'_>) -> bool {
    wants_activity(context.head().headers())
}

/// A public document: any cache may keep it for a while, with its ETag (F-039, S-137).
pub fn public_document(request: &HttpRequest, body: Vec<u8>) -> HttpResponse {
    let etag = format!("\"{}\"", crypto::hex(&crypto::short_hash16(&body)));
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
