//! `/settings/data`: Mastodon's CSV files, out and in (F-352).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Payload;
use askama::Template;

use super::visit::{Refusal, Visit, wrong};
use crate::app::App;
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::id;
use crate::model::Sheet;
use crate::service::import::{self, MOST_ROWS};
use crate::text::reason::Reason;
use crate::text::sheet;
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/data";
/// How many imports are shown, and failed lines of each.
const SHOWN: i64 = 10;
const SHOWN_FAILURES: i64 = 20;

/// An import, as the list shows it.
struct Line {
    id: i64,
    name: &'static str,
    date: String,
    state: &'static str,
    counts: String,
    /// Lines that failed, and why; not all of many.
    failures: Vec<(String, String)>,
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
    is_busy: bool,
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

/// `GET /settings/data`; with `file` that file, with `failed` the lines of an import that failed.
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    let (file, failed) = (visit.params.text("file")?, visit.params.text("failed")?);
    match (file, failed) {
        (Some(file), _) => export(visit, Sheet::parse(file).ok_or(Error::NotFound)?).await,
        (None, Some(import)) => export_failed(visit, id::parse(import).unwrap_or(0)).await,
        (None, None) => ask(visit, None).await,
    }
}

async fn ask(visit: &Visit<'_>, refused: Option<Refusal>) -> Result<HttpResponse> {
    let (t, id) = (visit.t, visit.id());
    let read = visit.app.read(move |conn| {
        let lately = db::import::list(conn, id, SHOWN)?;
        let ids: Vec<i64> = lately.iter().map(|one| one.id).collect();
        let failures = db::import::list_failures(conn, &ids, SHOWN_FAILURES)?;
        Ok((lately, failures))
    });
    let (lately, failures) = read.await?;
    let failures_of = |import: i64| {
        let own = failures.iter().filter(|(of, ..)| *of == import);
        let told = own.map(|(_, row, why)| (row.what.clone(), t.retell(why).unwrap_or(why.into())));
        told.map(|(what, why)| (what, why.into_owned())).collect()
    };
    let all = || Sheet::ALL.iter().map(|sheet| (sheet.as_str(), name(t, *sheet)));
    visit.page(&t.settings_data, refused, |shell, problem, csrf| DataPage {
        shell,
        problem,
        exports: all().collect(),
        imports: all().filter(|(file, _)| *file != Sheet::Followers.as_str()).collect(),
        is_busy: lately.iter().any(|one| one.finished_at.is_none()),
        lately: lately
            .into_iter()
            .map(|one| Line {
                id: one.id,
                failures: failures_of(one.id),
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
        csrf,
        action: visit.action(PATH),
    })
}

async fn export(visit: &Visit<'_>, sheet: Sheet) -> Result<HttpResponse> {
    let (id, domain) = (visit.id(), visit.app.site.account_domain.clone());
    let file = visit
        .app
        .read(move |conn| Ok(sheet::write(sheet, db::sheet::list(conn, id, sheet, &domain)?)))
        .await?;
    Ok(csv(sheet.as_str(), file))
}

/// The failed lines of an import, to be mended and brought in again.
async fn export_failed(visit: &Visit<'_>, import: i64) -> Result<HttpResponse> {
    let (id, most) = (visit.id(), i64::try_from(MOST_ROWS).unwrap_or(i64::MAX));
    let read = visit.app.read(move |conn| {
        let found = db::import::find(conn, id, import)?.ok_or(Error::NotFound)?;
        let failed = db::import::list_failures(conn, &[import], most)?;
        let rows = failed.into_iter().map(|(_, row, _)| row);
        Ok((found.sheet, sheet::write(found.sheet, rows)))
    });
    let (sheet, file) = read.await?;
    Ok(csv(&format!("{}_failed", sheet.as_str()), file))
}

fn csv(name: &str, file: Vec<u8>) -> HttpResponse {
    let named = format!("attachment; filename=\"{name}.csv\"");
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, named))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(file)
}

/// `POST /settings/data`: `data` is the file, `type` what is in it; with the `mode` `overwrite`
/// what it does not name goes.
pub(super) async fn bring_in(visit: &Visit<'_>, body: Payload) -> Result<HttpResponse> {
    let t = visit.t;
    match receive(visit, body).await {
        // the list shows how it stands
        Ok(()) => page::see_other(&visit.action(PATH)),
        Err(Error::TooLarge { .. }) => {
            let problem = t.settings_data_too_large.clone();
            ask(visit, Some((StatusCode::PAYLOAD_TOO_LARGE, problem))).await
        }
        Err(Error::Invalid(why)) => {
            let why = t.retell(&why).map(|why| format!(" ({why})")).unwrap_or_default();
            let problem = format!("{}{why}", t.settings_data_refused);
            ask(visit, wrong(&problem)).await
        }
        Err(error @ Error::Unavailable { .. }) => ask(visit, visit.not_now(&error)).await,
        Err(error) => Err(error),
    }
}

async fn receive(visit: &Visit<'_>, body: Payload) -> Result<()> {
    let (app, id) = (visit.app, visit.id());
    let _room = import::enter(&app.archives, id)?;
    let (params, file) = visit.receive(body, (&app.media.archives, import::LARGEST)).await?;
    let kind = params.text("type")?.and_then(Sheet::parse);
    let kind = kind.ok_or_else(|| Reason::kind_unknown.refuse())?;
    let overwrite = params.text("mode")? == Some("overwrite");
    let file = file.ok_or_else(|| Reason::rows_none.refuse())?;
    let parts = App::clone(app);
    let begun = app.compute(move || {
        let text = import::Data::File(file).text()?;
        import::begin(&parts.db, &parts.site, id, kind, overwrite, &text)
    });
    begun.await?.map(drop)
}
