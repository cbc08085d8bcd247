//! `GET /privacy-policy` and `/terms-of-service`: the texts of the settings.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::locale::Locale;
use super::page::{self, Shell};
use crate::app::App;
use crate::cache::Rendered;
use crate::error::{Error, Result};
use crate::text::policy;

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    shell: Shell,
    heading: &'static str,
    /// Safe HTML.
    content: String,
}

/// `GET /privacy-policy`
pub(super) async fn privacy(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let t = Locale::of(&request);
    let text = &app.config.instance.privacy_policy.0;
    page::answer(&request, show(&app, &request, t, &t.about_privacy, text))
}

/// `GET /terms-of-service`
pub(super) async fn terms(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let t = Locale::of(&request);
    let text = &app.config.instance.terms_of_service.0;
    page::answer(&request, show(&app, &request, t, &t.about_terms, text))
}

fn show(
    app: &App,
    request: &HttpRequest,
    t: &'static Locale,
    heading: &'static str,
    text: &str,
) -> Result<HttpResponse> {
    if text.trim().is_empty() {
        return Err(Error::NotFound);
    }
    let body = page::render(&PolicyPage {
        shell: Shell::new(app, t, format!("{heading} - {}", app.config.instance.title)),
        heading,
        content: policy::html(text),
    })?;
    Ok(page::public(request, &Rendered::new(body)))
}
