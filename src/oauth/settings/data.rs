//! `/settings/data`: Mastodon's CSV files, out and in (F-352).

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::session::{self, Session};
use super::super::sign_in;
use crate::app::App;
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::http::Params;
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
pub(super) async fn show(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, PATH);
    };
    match params.text("file")? {
        Some(file) => export(app, &session, Sheet::parse(file).ok_or(Error::NotFound)?).await,
        None => ask(app, request, &session, StatusCode::OK, None).await,
    }
}

async fn ask(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    status: StatusCode,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let (t, id) = (Locale::of(request), session.account.id);
    let (lately, failures) = app
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
        shell: Shell::form(app, t, t.settings_data.as_str()),
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
        csrf: session::form_token(&session.secret),
        action: sign_in::action(PATH, request),
    })?;
    Ok(page::private(status, body, None))
}

async fn export(app: &App, session: &Session, sheet: Sheet) -> Result<HttpResponse> {
    let (id, domain) = (session.account.id, app.site.account_domain.clone());
    let file = app
        .read(move |conn| Ok(sheet::write(sheet, db::sheet::list(conn, id, sheet, &domain)?)))
        .await?;
    let named = format!("attachment; filename=\"{}.csv\"", sheet.as_str());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, named))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(file))
}

/// `POST /settings/data`: `data` is the file, `type` what is in it; with the `mode` `overwrite`
/// what it does not name goes.
pub(super) async fn bring_in(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, PATH);
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let kind = params.text("type")?.and_then(Sheet::parse).unwrap_or(Sheet::Followers);
    let overwrite = params.text("mode")? == Some("overwrite");
    let data = params.text("data")?.unwrap_or_default().to_owned();
    let (parts, id) = (App::clone(app), session.account.id);
    let begun =
        app.compute(move || import::begin(&parts.db, &parts.site, id, kind, overwrite, &data));
    match begun.await? {
        Ok(_) => super::done(request, "data"),
        Err(Error::Invalid(why)) => {
            let t = Locale::of(request);
            let why = why.trim_start_matches("Validation failed: ");
            let problem = format!("{} ({why})", t.settings_data_refused);
            ask(app, request, &session, StatusCode::UNPROCESSABLE_ENTITY, Some(problem)).await
        }
        Err(error) => Err(error),
    }
}
