//! `GET /about`: what this server is and whom to turn to.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::join::Join;
use super::locale::{Locale, fill};
use super::page::{self, Shell};
use super::view::Person;
use crate::app::App;
use crate::cache::Rendered;
use crate::clock::DAY;
use crate::config::Uploads;
use crate::db;
use crate::error::{Error, Result};
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
    join: Join,
    /// What it takes to run, where the settings want that told.
    figures: Option<String>,
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
    let figures = match app.config.pages.show_figures {
        true => Some(figures(app, t).await?),
        false => None,
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
        join: Join::read(app, t).await?,
        figures,
    })?;
    Ok(page::public(request, &Rendered::new(body)))
}

/// Memory, disk, and how long it runs; good until the next commit.
async fn figures(app: &App, t: &'static Locale) -> Result<String> {
    let line = app.document(format!("figures {}", t.tag), move |app, conn| {
        let mut disk = db::space::size(conn)? + db::cache_expiry::used(conn)?;
        if app.config.storage.uploads == Uploads::Local {
            for account in db::account::list_local(conn)? {
                let uploads = db::cache_usage::uploads(conn, account.id)?;
                disk += uploads.iter().map(|one| one.sum.1).sum::<i64>();
            }
        }
        let days = (app.clock.now_ms() - app.started_at).max(0) / DAY;
        let line = fill(&t.about_figures, resident_bytes().unwrap_or(0) / 1_000_000);
        let line = fill(&line, format!("{}.{}", disk / 1_000_000_000, disk / 100_000_000 % 10));
        Ok(fill(&line, days).into_bytes())
    });
    String::from_utf8(line.await?.to_vec()).map_err(Error::internal)
}

/// Memory that this process has, as Linux tells it (`proc(5)`).
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()? * 1024)
}
