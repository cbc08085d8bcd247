//! `GET /`: the profile where one person lives here, a list where several do.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::locale::Locale;
use super::page::{self, Shell};
use super::view::Person;
use crate::app::App;
use crate::cache::Rendered;
use crate::db;
use crate::error::Result;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    shell: Shell,
    people: Vec<Person>,
}

/// `GET /`
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let result = answer(&app, &request).await;
    page::answer(&request, result)
}

async fn answer(app: &App, request: &HttpRequest) -> Result<HttpResponse> {
    let accounts = app.read(db::account::list_local).await?;
    let accounts: Vec<_> = accounts.into_iter().filter(|a| a.suspended_at.is_none()).collect();
    if let [only] = accounts.as_slice() {
        // checked for letters, digits and underscores when it was made
        return Ok(HttpResponse::Found()
            .insert_header((header::LOCATION, format!("/@{}", only.username)))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .finish());
    }
    let shell = Shell::new(app, Locale::of(request), app.config.instance.title.clone());
    // who is limited is found by those who know the way (F-340)
    let found = accounts.iter().filter(|account| account.silenced_at.is_none());
    let people = found.map(|account| Person::new(&app.site, account)).collect();
    let body = page::render(&HomePage { shell, people })?;
    Ok(page::public(request, &Rendered::new(body)))
}
