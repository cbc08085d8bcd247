//! Files that the binary carries: the style sheet, two pictures, and what robots ask for.

use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};

use super::page::etag;
use crate::http::file::is_fresh;

static STYLE: &[u8] = include_bytes!("../../assets/style.css");
static AVATAR: &[u8] = include_bytes!("../../assets/avatar.png");
static HEADER: &[u8] = include_bytes!("../../assets/header.png");

static STYLE_TAG: LazyLock<String> = LazyLock::new(|| etag(STYLE));
static AVATAR_TAG: LazyLock<String> = LazyLock::new(|| etag(AVATAR));
static HEADER_TAG: LazyLock<String> = LazyLock::new(|| etag(HEADER));
static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let hash: String = STYLE_TAG.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    format!("/assets/style.css?v={hash}")
});

/// What pages link to; another version of the file has another address.
pub(super) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

/// `GET /assets/style.css`
pub(super) async fn style(request: HttpRequest) -> HttpResponse {
    let version = STYLE_ADDRESS.split_once('?').map(|(_, version)| version);
    let age = if version == Some(request.query_string()) {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    file(&request, STYLE, &STYLE_TAG, "text/css; charset=utf-8", age)
}

/// `GET /assets/avatar.png`
pub(super) async fn avatar(request: HttpRequest) -> HttpResponse {
    file(&request, AVATAR, &AVATAR_TAG, "image/png", "public, max-age=604800")
}

/// `GET /assets/header.png`
pub(super) async fn header(request: HttpRequest) -> HttpResponse {
    file(&request, HEADER, &HEADER_TAG, "image/png", "public, max-age=604800")
}

/// `GET /favicon.ico`: pages name their icon, so there is none here.
pub(super) async fn favicon() -> HttpResponse {
    HttpResponse::NotFound()
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .insert_header((header::CONTENT_TYPE, "text/plain"))
        .body("")
}

/// `GET /robots.txt` (F-074)
pub(super) async fn robots() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(
            "User-agent: *\n\
             Disallow: /api/\n\
             Disallow: /auth/\n\
             Disallow: /oauth/\n\
             Disallow: /settings\n\
             Disallow: /authorize_interaction\n\
             Disallow: /cache/\n\
             Disallow: /media_proxy/\n",
        )
}

/// `GET /health`: it runs.
pub(super) async fn health() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("OK")
}

fn file(
    request: &HttpRequest,
    bytes: &'static [u8],
    tag: &str,
    kind: &'static str,
    age: &'static str,
) -> HttpResponse {
    let fresh = is_fresh(request, tag);
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, age))
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // web clients on other hosts show the pictures
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"));
    if fresh { response.finish() } else { response.body(bytes) }
}
