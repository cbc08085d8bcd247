//! `/settings/data`: Mastodon's CSV files, out and in (F-352).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use askama::Template;

use super::visit::Visit;
use crate::app::App;
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::model::Sheet;
use crate::service::import;
use crate::text::sheet;
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/data";
/// How many imports, and failed lines of the newest, are shown.
const SHOWN: i64 = 10;
const SHOWN_FAILURES: i64 = 50;

/// An import, as the list shows it.
struct Line {
    name: &'static str,
    date: String,
    state: &'static str,
    counts: String,
}

#[derive(Template)]
#[template(path = "settings_data.html")]
struct DataPage {
    shell: Shell,
    problem: Option<String>,
    /// `(file, name)` of all that can be taken out, and of what can be brought in.
    exports: Vec<(&'static str, &'static str)>,
    imports: Vec<(&'static str, &'static str)>,
    lately: Vec<Line>,
    /// Lines of the newest import that failed, and why.
    failures: Vec<(String, String)>,
    csrf: String,
    action: String,
}

fn name(t: &'static Locale, sheet: Sheet) -> &'static str {
    match sheet {
        Sheet::Following => &t.following,
        Sheet::Followers => &t.followers,
        Sheet::Lists => &t.settings_data_lists,
        Sheet::Blocks => &t.settings_blocks_blocked,
        Sheet::Mutes => &t.settings_blocks_muted,
        Sheet::DomainBlocks => &t.settings_blocks_hidden,
        Sheet::Bookmarks => &t.settings_data_bookmarks,
    }
}

/// `GET /settings/data`; with `file` that file.
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    match visit.params.text("file")? {
        Some(file) => export(visit, Sheet::parse(file).ok_or(Error::NotFound)?).await,
        None => ask(visit, StatusCode::OK, None).await,
    }
}

async fn ask(
    visit: &Visit<'_>,
    status: StatusCode,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let (t, id) = (visit.t, visit.id());
    let (lately, failures) = visit
        .app
        .read(move |conn| {
            let lately = db::import::list(conn, id, SHOWN)?;
            let failures = match lately.first() {
                Some(newest) => db::import::list_failures(conn, newest.id, SHOWN_FAILURES)?,
                None => Vec::new(),
            };
            Ok((lately, failures))
        })
        .await?;
    let all = || Sheet::ALL.iter().map(|sheet| (sheet.as_str(), name(t, *sheet)));
    let body = page::render(&DataPage {
        shell: visit.shell(&t.settings_data),
        problem,
        exports: all().collect(),
        imports: all().filter(|(file, _)| *file != Sheet::Followers.as_str()).collect(),
        lately: lately
            .into_iter()
            .map(|one| Line {
                name: name(t, one.sheet),
                date: clock::date(one.created_at),
                state: match one.finished_at {
                    Some(_) => &t.settings_data_finished,
                    None => &t.settings_data_running,
                },
                counts: [one.done, one.total, one.failed]
                    .iter()
                    .fold(t.settings_data_counts.clone(), |line, count| fill(&line, count)),
            })
            .collect(),
        failures: failures.into_iter().map(|(row, why)| (row.what, why)).collect(),
        csrf: visit.csrf(),
        action: visit.action(PATH),
    })?;
    Ok(page::private(status, body, None))
}

async fn export(visit: &Visit<'_>, sheet: Sheet) -> Result<HttpResponse> {
    let (id, domain) = (visit.id(), visit.app.site.account_domain.clone());
    let file = visit
        .app
        .read(move |conn| Ok(sheet::write(sheet, db::sheet::list(conn, id, sheet, &domain)?)))
        .await?;
    let named = format!("attachment; filename=\"{}.csv\"", sheet.as_str());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, named))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(file))
}

/// `POST /settings/data`: `data` is the file, `type` what is in it; with the `mode` `overwrite`
/// what it does not name goes.
pub(super) async fn bring_in(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let kind = visit.params.text("type")?.and_then(Sheet::parse).unwrap_or(Sheet::Followers);
    let overwrite = visit.params.text("mode")? == Some("overwrite");
    let data = visit.params.text("data")?.unwrap_or_default().to_owned();
    let (parts, id) = (App::clone(visit.app), visit.id());
    let begun = visit
        .app
        .compute(move || import::begin(&parts.db, &parts.site, id, kind, overwrite, &data));
    match begun.await? {
        Ok(_) => visit.done("data"),
        Err(Error::Invalid(why)) => {
            let why = why.trim_start_matches("Validation failed: ");
            let problem = format!("{} ({why})", t.settings_data_refused);
            ask(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(problem)).await
        }
        Err(error) => Err(error),
    }
}
