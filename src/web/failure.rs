//! Errors as pages, in the reader's language. They repeat nothing of the request (S-122).

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::locale::Locale;
use super::page::{self, Shell};
use crate::error::Error;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    shell: Shell,
    title: &'a str,
    lead: &'a str,
}

/// The error as an HTML page with its status; JSON where no page can be made.
pub fn error_page(request: &HttpRequest, error: &Error) -> HttpResponse {
    if let Error::Internal(cause) = error {
        tracing::error!(%cause, "internal error");
    }
    let t = Locale::of(request);
    let public = error.public();
    let told = t.retell(&public);
    let (title, lead) = match error.status() {
        404 => (&t.error_not_found, t.error_not_found_lead.as_str()),
        410 => (&t.error_gone, t.error_gone_lead.as_str()),
        429 => (&t.error_busy, t.error_busy_lead.as_str()),
        503 if error.is_disk_full() => (&t.error_full, t.error_full_lead.as_str()),
        // a bucket or a server that does not answer, a server that stops, too much at once
        503 => (&t.error_later, t.error_later_lead.as_str()),
        500 => (&t.error_ours, t.error_ours_lead.as_str()),
        _ => (&t.error_other, told.as_deref().unwrap_or(&t.error_other_lead)),
    };
    let body = page::app_of(request).and_then(|app| {
        let shell = Shell::form(app, t, title);
        page::render(&ErrorPage { shell, title, lead }).ok()
    });
    let Some(body) = body else { return error.error_response() };
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = page::private(status, body, None);
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
