//! `/settings/archive`: posts that somebody brings along in an archive (F-353), and the own ones to
//! take out. Both are done by jobs; the page says how they stand.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use askama::Template;

use super::visit::{Refusal, Visit, wrong};
use crate::archive::copies::{self, BroughtIn, Copy};
use crate::clock;
use crate::config::Size;
use crate::db;
use crate::error::{Error, Result};
use crate::http::file;
use crate::media::account_archive::Archive;
use crate::model::Visibility;
use crate::text::reason::Reason;
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/archive";

/// What stays out, and why; with names of files.
struct Left {
    number: usize,
    why: String,
    names: String,
}

#[derive(Template)]
#[template(path = "settings_archive.html")]
struct ArchivePage<'a> {
    shell: Shell,
    problem: Option<String>,
    username: &'a str,
    csrf: String,
    /// How it stands with the archive that was sent last, a line each.
    state: Vec<String>,
    left: Vec<Left>,
    left_files: Vec<Left>,
    /// Which one can be stopped: when it was begun.
    begun_at: Option<i64>,
    stop_action: String,
    /// What is said of the form for one; `None`: not now.
    file: Option<String>,
    in_action: String,
    /// How many posts came in archives, and whether they can be removed.
    removal: Option<String>,
    may_remove: bool,
    remove_action: String,
    /// How it stands with the own archive.
    copy: Vec<String>,
    download: bool,
    may_make: bool,
    make_action: String,
}

/// `GET /settings/archive`
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, None).await
}

async fn ask(visit: &Visit<'_>, refused: Option<Refusal>) -> Result<HttpResponse> {
    let (t, id, now) = (visit.t, visit.id(), visit.app.clock.now_ms());
    let read = visit.app.read(move |conn| {
        let imported = db::imported::count(conn, id)?;
        let found = (copies::brought_in(conn, id)?, copies::copy(conn, id)?);
        Ok((found, imported, copies::is_taken_back(conn, id)?))
    });
    let ((brought, copy), imported, is_going) = read.await?;
    let running = brought.as_ref().filter(|one| one.finished_at.is_none());
    let (begun_at, is_busy) = (running.map(|one| one.begun_at), running.is_some());
    let most = visit.app.config.media.max_archive_size;
    let report = brought.as_ref().map(|one| one.report.clone()).unwrap_or_default();
    let removal = match (imported, is_going) {
        (_, true) => Some(fill(&t.settings_archive_removing, imported)),
        (0, _) => None,
        _ => Some(fill(&t.settings_archive_remove_lead, imported)),
    };
    visit.page(&t.settings_archive, refused, |shell, problem, csrf| ArchivePage {
        shell,
        problem,
        username: &visit.session.account.username,
        csrf,
        state: brought.as_ref().map(|one| lines(t, one)).unwrap_or_default(),
        left: report
            .left
            .into_iter()
            .map(|(why, number)| Left { number, why: short(t, &why), names: String::new() })
            .collect(),
        left_files: report
            .left_files
            .into_iter()
            .map(|(why, (number, names))| {
                let why = short(t, &why);
                Left { number, why, names: names.join(", ") }
            })
            .collect(),
        begun_at,
        stop_action: visit.action("/settings/archive/stop"),
        file: (!is_busy).then(|| fill(&t.settings_archive_file, most)),
        in_action: visit.action("/settings/archive/bring_in"),
        removal,
        may_remove: imported > 0 && !is_going && !is_busy,
        remove_action: visit.action("/settings/archive/remove"),
        download: copy.as_ref().is_some_and(|one| !one.key.is_empty()),
        may_make: copy.as_ref().is_none_or(|one| one.may_be_replaced(now)),
        copy: copy.as_ref().map(|one| copy_lines(t, one)).unwrap_or_default(),
        make_action: visit.action("/settings/archive/make"),
    })
}

/// A reason without what is told to those who type commands.
fn short(t: &Locale, why: &str) -> String {
    let why = t.retell(why).unwrap_or(why.into());
    match why.split_once(" (--") {
        Some((why, _)) => why.to_owned(),
        None => why.replace(" --since", ""),
    }
}

/// How it stands with an archive.
fn lines(t: &'static Locale, one: &BroughtIn) -> Vec<String> {
    let counts = [one.report.taken, one.report.known, one.report.files]
        .iter()
        .fold(t.settings_archive_counts.clone(), |line, count| fill(&line, count));
    let mut lines = match one.finished_at {
        None if one.total == 0 => return vec![t.settings_archive_waits.clone()],
        None => {
            vec![
                [one.seen, one.total]
                    .iter()
                    .fold(t.settings_archive_running.clone(), |l, n| fill(&l, n)),
            ]
        }
        Some(at) => vec![fill(&t.settings_archive_came, clock::date(at))],
    };
    lines.push(counts);
    if let Some(why) = &one.stopped {
        lines.push(fill(&t.settings_archive_stopped, t.retell(why).unwrap_or(why.into())));
    }
    if one.cancelled {
        lines.push(t.settings_archive_cancelled.clone());
    }
    if one.bookmarks > 0 {
        lines.push(fill(&t.settings_archive_bookmarks, one.bookmarks));
    }
    lines
}

/// How it stands with the own archive.
fn copy_lines(t: &'static Locale, one: &Copy) -> Vec<String> {
    let Some(at) = one.made_at else {
        return vec![match &one.failed {
            Some(why) => fill(&t.settings_archive_failed, t.retell(why).unwrap_or(why.into())),
            None => t.settings_archive_making.clone(),
        }];
    };
    let made = fill(&t.settings_archive_made, clock::date(at));
    let made = fill(&made, one.posts);
    let mut lines = vec![fill(&made, Size(one.bytes).rounded())];
    if one.lost > 0 {
        lines.push(fill(&t.settings_archive_lost, one.lost));
    }
    lines.push(match one.key.is_empty() {
        true => t.settings_archive_gone.clone(),
        false => fill(&t.settings_archive_until, clock::date(at + copies::KEPT)),
    });
    lines
}

/// `POST /settings/archive/bring_in`: `file` is the archive, `visibility` the most that it is shown,
/// and with `direct` messages to single people come too.
pub(super) async fn bring_in(visit: &Visit<'_>, body: Payload) -> Result<HttpResponse> {
    match receive(visit, body).await {
        Err(error @ Error::Unavailable { .. }) => ask(visit, visit.not_now(&error)).await,
        answer => answer,
    }
}

async fn receive(visit: &Visit<'_>, body: Payload) -> Result<HttpResponse> {
    let (app, t, id) = (visit.app, visit.t, visit.id());
    let refuse = |problem: &str| ask(visit, wrong(problem));
    let _room = app.archives.enter(&id.to_string()).ok_or_else(|| Error::Unavailable {
        message: Reason::uploads_many.plain().into(),
        retry_after: 60,
    })?;
    let before = app.read(move |conn| copies::brought_in(conn, id)).await?;
    if before.is_some_and(|one| one.finished_at.is_none()) {
        return refuse(&t.settings_archive_busy).await;
    }
    let most = app.config.media.max_archive_size;
    let received = visit.receive(body, (&app.media.archives, most.0)).await;
    let (params, file) = match received {
        Err(Error::TooLarge { .. }) => {
            let problem = fill(&t.settings_archive_too_large, most);
            return ask(visit, Some((StatusCode::PAYLOAD_TOO_LARGE, problem))).await;
        }
        received => received?,
    };
    let Some(file) = file else { return refuse(&t.settings_archive_none).await };
    let visibility = params.text("visibility")?.and_then(Visibility::parse);
    let direct = params.flag("direct")?.unwrap_or(false);
    let archives = app.media.archives.clone();
    let keep = app.compute(move || {
        let key = file.keep()?;
        match Archive::check_received(&archives.temporary(&key)) {
            Ok(()) => Ok(Some(key)),
            Err(Error::Invalid(_)) => archives.remove_temporary(&key).map(|()| None),
            Err(error) => Err(error),
        }
    });
    let Some(key) = keep.await?? else { return refuse(&t.settings_archive_none).await };
    let new = BroughtIn { key: key.clone(), visibility, direct, ..BroughtIn::default() };
    match app.write(move |tx| copies::begin(tx, id, new)).await {
        Ok(()) => page::see_other(&visit.action(PATH)),
        Err(error) => {
            app.media.archives.remove_temporary(&key)?;
            Err(error)
        }
    }
}

/// `POST /settings/archive/stop`: the archive that was begun at `begun_at` comes in no further.
pub(super) async fn stop(visit: &Visit<'_>) -> Result<HttpResponse> {
    let (id, begun_at) = (visit.id(), visit.params.number("begun_at")?.unwrap_or(-1));
    // one that has just ended: the page says what became of it
    if let Some(key) = visit.app.write(move |tx| copies::cancel(tx, id, begun_at)).await? {
        visit.app.media.archives.remove_temporary(&key)?;
    }
    page::see_other(&visit.action(PATH))
}

/// `POST /settings/archive/remove`: what came in archives goes again.
pub(super) async fn remove(visit: &Visit<'_>) -> Result<HttpResponse> {
    if let Err(refused) = visit.check_password("password").await? {
        return ask(visit, Some(refused)).await;
    }
    let id = visit.id();
    match visit.app.write(move |tx| copies::take_back(tx, id)).await {
        Ok(()) => page::see_other(&visit.action(PATH)),
        Err(Error::Conflict(_)) => ask(visit, wrong(&visit.t.settings_archive_busy)).await,
        Err(error) => Err(error),
    }
}

/// `POST /settings/archive/make`: the own archive is made.
pub(super) async fn make(visit: &Visit<'_>) -> Result<HttpResponse> {
    let id = visit.id();
    match visit.app.write(move |tx| copies::ask(tx, id)).await {
        Ok(last) => {
            if let Some(key) = last {
                visit.app.media.archives.remove_temporary(&key)?;
            }
            page::see_other(&visit.action(PATH))
        }
        Err(Error::Conflict(_)) => ask(visit, wrong(&visit.t.settings_archive_too_soon)).await,
        Err(error) => Err(error),
    }
}

/// `GET /settings/archive/download`: the own archive, for its owner alone.
pub(super) async fn download(visit: &Visit<'_>) -> Result<HttpResponse> {
    let id = visit.id();
    let found = visit.app.read(move |conn| copies::copy(conn, id)).await?;
    let one = found.filter(|one| !one.key.is_empty()).ok_or(Error::NotFound)?;
    let archives = visit.app.media.archives.clone();
    let opened = visit.app.compute(move || archives.open_temporary(&one.key)).await?;
    let (file, size) = opened?.ok_or(Error::NotFound)?;
    let date = clock::date(one.made_at.unwrap_or_default());
    let name = format!("{}-{date}.zip", visit.session.account.username);
    Ok(file::hand_over(visit.app, file, size, "application/zip", &name))
}
