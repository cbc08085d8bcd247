//! Lists that are empty because there cannot be anything in them yet: the answer is true, and
//! clients that read them when they start go on.

use actix_web::HttpResponse;

use crate::http;

/// GET /api/v1/custom_emojis, /announcements and others.
pub(super) async fn list() -> HttpResponse {
    http::json(&[(); 0])
}
