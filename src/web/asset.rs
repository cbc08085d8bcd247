//! Files that the binary carries: the style sheet, two pictures, and the operator's own sheet.

use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderName};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::cache::weak_tag;
use crate::error::{Error, Result};
use crate::http::file::{FOR_EVER, is_fresh};

static STYLE: &[u8] = include_bytes!("../../assets/style.css");
static AVATAR: &[u8] = include_bytes!("../../assets/avatar.png");
static HEADER: &[u8] = include_bytes!("../../assets/header.png");

static STYLE_TAG: LazyLock<String> = LazyLock::new(|| weak_tag(STYLE));
static AVATAR_TAG: LazyLock<String> = LazyLock::new(|| weak_tag(AVATAR));
static HEADER_TAG: LazyLock<String> = LazyLock::new(|| weak_tag(HEADER));
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
    let age = age(&request, &STYLE_ADDRESS);
    file(&request, Bytes::from_static(STYLE), &STYLE_TAG, "text/css; charset=utf-8", age)
}

/// `GET /assets/custom.css`: the operator's own, if there is one.
pub(super) async fn custom(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let style = app.style.as_ref().ok_or(Error::NotFound)?;
    let age = age(&request, &style.address);
    let text = Bytes::from(style.text.clone());
    Ok(file(&request, text, &style.tag, "text/css; charset=utf-8", age))
}

/// How long a style sheet may be kept: for ever under the address that pages link to.
fn age(request: &HttpRequest, address: &str) -> &'static str {
    let version = address.split_once('?').map(|(_, version)| version);
    if version == Some(request.query_string()) { FOR_EVER } else { "public, max-age=3600" }
}

/// `GET /assets/avatar.png`
pub(super) async fn avatar(request: HttpRequest) -> HttpResponse {
    file(&request, Bytes::from_static(AVATAR), &AVATAR_TAG, "image/png", "public, max-age=604800")
}

/// `GET /assets/header.png`
pub(super) async fn header(request: HttpRequest) -> HttpResponse {
    file(&request, Bytes::from_static(HEADER), &HEADER_TAG, "image/png", "public, max-age=604800")
}

/// `GET /favicon.ico`: pages name their icon, so there is none here.
pub(super) async fn favicon() -> HttpResponse {
    HttpResponse::NotFound()
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .insert_header((header::CONTENT_TYPE, "text/plain"))
        .body("")
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
    bytes: Bytes,
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
        // web clients on other hosts show the pictures
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"));
    if fresh { response.finish() } else { response.body(bytes) }
}
