//! `GET /about`: what this server is and whom to turn to.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::locale::{Locale, fill};
use super::page::{self, Public, Shell};
use super::view::Person;
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::text::policy;

#[derive(Template)]
#[template(path = "about.html")]
struct AboutPage {
    shell: Shell,
    description: String,
    /// Safe HTML.
    extended: String,
    rules: Vec<String>,
    /// Whether there are such pages.
    privacy: bool,
    terms: bool,
    software: String,
    email: Option<String>,
    contact: Option<Person>,
}

/// `GET /about`
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let result = answer(&app, &request).await;
    page::answer(&request, result)
}

async fn answer(app: &App, request: &HttpRequest) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let instance = &app.config.instance;
    let contact = match instance.contact_account.clone() {
        Some(name) => {
            let account = app.read(move |conn| db::account::find_local(conn, &name)).await?;
            account.filter(|a| a.suspended_at.is_none()).map(|a| Person::new(&app.site, &a))
        }
        None => None,
    };
    let body = page::render(&AboutPage {
        shell: Shell::new(app, t, format!("{} - {}", t.about, instance.title)),
        description: instance.description.clone(),
        extended: policy::html(&instance.extended_description.0),
        rules: instance.rules.clone(),
        privacy: !instance.privacy_policy.0.trim().is_empty(),
        terms: !instance.terms_of_service.0.trim().is_empty(),
        software: fill(&t.about_software, concat!("Dassie ", env!("CARGO_PKG_VERSION"))),
        email: instance.contact_email.clone(),
        contact,
    })?;
    Ok(page::public(request, Public { body, ..Public::default() }))
}
