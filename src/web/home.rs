//! `GET /`: the profile where one person lives here, else those who want to be found.

use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::join::Join;
use super::locale::Locale;
use super::page::{self, Shell};
use super::view::Person;
use crate::app::App;
use crate::cache::Rendered;
use crate::config::RegistrationMode;
use crate::db;
use crate::error::Result;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    shell: Shell,
    description: String,
    people: Vec<Person>,
    /// Somebody lives here, whether in the list or not.
    inhabited: bool,
    join: Join,
}

/// `GET /`
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let result = answer(&app, &request).await;
    page::answer(&request, result)
}

async fn answer(app: &App, request: &HttpRequest) -> Result<HttpResponse> {
    let accounts = app.read(db::account::list_local).await?;
    let accounts: Vec<_> = accounts.into_iter().filter(|a| a.suspended_at.is_none()).collect();
    let t = Locale::of(request);
    // The server of one person is that person's address, as in Mastodon's single-user mode, whether
    // they are in lists or not. It is so no more once others may come.
    if let [only] = accounts.as_slice()
        && app.config.registrations.mode == RegistrationMode::Closed
    {
        let mut response = HttpResponse::Found();
        // checked for letters, digits and underscores when it was made
        response
            .insert_header((header::LOCATION, t.link(&format!("/@{}", only.username))))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::VARY, "Accept-Language"));
        if !(only.discoverable && only.indexable) {
            response.insert_header((HeaderName::from_static("x-robots-tag"), "noindex"));
        }
        return Ok(response.finish());
    }
    // who is limited is found by those who know the way (F-340), and so is who is in no lists (F-074)
    let listed = || accounts.iter().filter(|one| one.discoverable && one.silenced_at.is_none());
    let mut shell = Shell::new(app, t, app.config.instance.title.clone());
    shell.noindex = listed().any(|account| !account.indexable);
    let noindex = shell.noindex;
    let body = page::render(&HomePage {
        shell,
        description: app.config.instance.description.clone(),
        people: listed().map(|account| Person::new(&app.site, account)).collect(),
        inhabited: !accounts.is_empty(),
        join: Join::read(app, t).await?,
    })?;
    Ok(page::public(request, &Rendered { noindex, ..Rendered::new(body) }))
}
