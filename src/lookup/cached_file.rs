//! Bringing files of elsewhere here, when somebody first looks at them or before: one download
//! for all who ask (F-300).

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use super::download::{self, Outcome};
use crate::app::App;
use crate::client::ClientError;
use crate::clock::HOUR;
use crate::db::{self, Lane, cached_source};
use crate::error::{Error, Result};
use crate::media::arriving::{Arriving, Duty, End, Failure, Viewer};
use crate::media::failures::What;
use crate::media::format::Format;
use crate::media::room::Reservation;
use crate::media::storage::{Incoming, Name};
use crate::model::{CacheClass, CachedFile};
use crate::service::cached_file::{self, OWN_PREVIEW, Wanted};

/// How long the background waits for a download that others began.
const PATIENCE: Duration = Duration::from_secs(60);

/// Fetches a file into the cache before anybody looks, or waits for the download that is under way;
/// blocks, so it is called on a thread of the media lane. `None`: it is not to be had now, or is
/// larger than 2 MB: that is left to who looks.
///
/// # Errors
/// When the database or the disk fails.
pub fn fetch(app: &App, class: CacheClass, owner: i64, url: &str) -> Result<Option<CachedFile>> {
    let Some(wanted) = Wanted::new(&app.site, class, owner, url, None) else { return Ok(None) };
    if let Some((row, _)) = open(app, &wanted)? {
        return Ok(Some(row));
    }
    // what nobody is shown is not fetched either (F-338, F-340)
    if app.db.read(|conn| cached_file::is_blocked(conn, &wanted.host))? {
        return Ok(None);
    }
    if failed_lately(app, &wanted).is_some() {
        return Ok(None);
    }
    let (viewer, duty) = app.arrivals.join(wanted.key);
    match duty {
        Some(duty) => {
            drop(viewer);
            let _turn = app.media_turns.take(&app.lanes.media, &wanted.host);
            run(app, &wanted, duty, true);
        }
        None => viewer.arriving.wait(PATIENCE),
    }
    app.db.read(|conn| db::cached_file::find(conn, &wanted.key))
}

/// A cached file with its row; one that was lost from the disk is as good as none.
pub fn open(app: &App, wanted: &Wanted) -> Result<Option<(CachedFile, File)>> {
    let Some(row) = app.db.read(|conn| db::cached_file::find(conn, &wanted.key))? else {
        return Ok(None);
    };
    let Some(name) = Name::parse(&row.name()) else { return Ok(None) };
    let opened = app.media.cache.open_file(&name)?;
    let whole = opened.filter(|(_, size)| i64::try_from(*size) == Ok(row.bytes));
    Ok(whole.map(|(file, _)| (row, file)))
}

/// Why a file is not asked for now, and for how many seconds.
pub fn failed_lately(app: &App, wanted: &Wanted) -> Option<(Failure, u32)> {
    let of_server = || app.failures.look(&What::Server(wanted.host.clone()));
    app.failures.look(&What::File(wanted.key)).or_else(of_server)
}

/// Waits among those who look at a file that is not here, and starts its download if nobody did.
/// `admit` is asked before a download.
///
/// # Errors
/// What `admit` says; 503 when too many wait.
pub fn join(app: &App, wanted: &Wanted, admit: impl FnOnce() -> Result<()>) -> Result<Viewer> {
    let (viewer, duty) = app.arrivals.join(wanted.key);
    let Some(duty) = duty else { return Ok(viewer) };
    admit()?;
    let (this, of) = (app.clone(), wanted.clone());
    app.media_turns.run(&app.lanes.media, &wanted.host, move || run(&this, &of, duty, false))?;
    Ok(viewer)
}

/// Downloads a file on this thread, tells those who wait, and keeps it.
fn run(app: &App, wanted: &Wanted, duty: Duty, ahead: bool) {
    let arriving = Arc::clone(&duty.arriving);
    match bring(app, wanted, &arriving, ahead) {
        Ok(None) => arriving.end(End::Kept),
        Ok(Some((incoming, _place))) => {
            arriving.end(End::Whole);
            arrived(app, wanted);
            match keep(app, wanted, &arriving, incoming) {
                Ok(()) => {}
                Err(error) if error.is_disk_full() => {
                    tracing::debug!(%error, "a file of elsewhere is not kept");
                }
                Err(error) => {
                    tracing::warn!(%error, "a file of elsewhere could not be kept");
                }
            }
        }
        Err(outcome) => arriving.end(End::Failed(settle(app, wanted, outcome))),
    }
    // those who come now find it in the database
    drop(duty);
}

fn bring(
    app: &App,
    wanted: &Wanted,
    arriving: &Arc<Arriving>,
    ahead: bool,
) -> std::result::Result<Option<(Incoming, Reservation)>, Outcome> {
    // between the look of who asked and its turn another one may have brought it
    if open(app, wanted)?.is_some() {
        return Ok(None);
    }
    if !ahead && arriving.give_up() {
        return Err(Outcome::Abandoned);
    }
    // others of the same server may have waited in vain meanwhile
    if let Some((why, _)) = failed_lately(app, wanted) {
        return Err(Outcome::Known(why));
    }
    download::download(app, wanted, arriving, ahead).map(Some)
}

/// It came: what failed before is forgotten.
pub(super) fn arrived(app: &App, wanted: &Wanted) {
    app.failures.forget(&What::Server(wanted.host.clone()));
    app.failures.forget(&What::File(wanted.key));
}

/// Notes what came of a download that did not end well; why there is no file.
pub(super) fn settle(app: &App, wanted: &Wanted, outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Abandoned => Failure::Passing,
        Outcome::Known(why) => why,
        Outcome::Failed(why) => {
            note(app, wanted, why);
            why
        }
        Outcome::NoAnswer(error) => {
            if !app.wake.is_closed() {
                no_answer(app, wanted, &error);
            }
            Failure::Passing
        }
        Outcome::Ours(Error::Unavailable { message, .. }) => {
            tracing::debug!(url = %wanted.url, %message, "no room for a file of elsewhere");
            Failure::NoRoom
        }
        Outcome::Ours(error) => {
            tracing::error!(%error, "a file of elsewhere could not be stored");
            Failure::Passing
        }
    }
}

/// It is not asked for again before a while; what will hardly come back is shown as a link
/// (F-300).
fn note(app: &App, wanted: &Wanted, why: Failure) {
    if why == Failure::NoRoom {
        return;
    }
    let pause = app.failures.note(What::File(wanted.key), why);
    tracing::debug!(url = %wanted.url, ?why, "a file of elsewhere cannot be had");
    let lasting = matches!(why, Failure::Gone | Failure::Refused);
    if wanted.class == CacheClass::Original && lasting {
        let (owner, until) = (wanted.owner, app.clock.now_ms() + pause);
        drop(app.db.write(Lane::Background, move |tx| {
            cached_source::set_unavailable(tx, owner, Some(until))
        }));
    }
}

fn no_answer(app: &App, wanted: &Wanted, error: &ClientError) {
    use crate::client::Kind;
    tracing::debug!(url = %wanted.url, %error, "a file of elsewhere does not come");
    app.failures.note(What::File(wanted.key), Failure::Passing);
    if matches!(error.kind, Kind::Dns | Kind::Connect | Kind::Tls) {
        app.failures.note(What::Server(wanted.host.clone()), Failure::Passing);
    }
}

/// Takes a file into the cache. Its name was written down when its kind was known, so that a kill
/// at any moment leaves nothing behind.
fn keep(app: &App, wanted: &Wanted, arriving: &Arriving, incoming: Incoming) -> Result<()> {
    let progress = arriving.progress();
    let ending = progress.ending.ok_or_else(|| Error::internal("a file without a kind"))?;
    let (bytes, key) = (incoming.bytes, incoming.keep()?);
    let temporary = app.media.cache.temporary(&key);
    let kept = store(app, wanted, &temporary, ending, bytes, arriving.is_small_wanted());
    if kept.is_err() {
        let _ = app.media.cache.remove_temporary(&key);
    }
    kept
}

/// Puts a file under its name and notes it.
pub(super) fn store(
    app: &App,
    wanted: &Wanted,
    from: &std::path::Path,
    ending: &str,
    bytes: u64,
    small_wanted: bool,
) -> Result<()> {
    let now = app.clock.now_ms();
    let file = CachedFile {
        key: wanted.key,
        class: wanted.class,
        owner: wanted.owner,
        host: wanted.host.clone(),
        extension: ending.to_owned(),
        bytes: i64::try_from(bytes).map_err(Error::internal)?,
        kept: false,
        fetched_at: now,
        viewed_at: now - now.rem_euclid(HOUR),
    };
    let name = Name::parse(&file.name()).ok_or_else(|| Error::internal("a name of no file"))?;
    let intended = file.name();
    app.db.write(Lane::Background, move |tx| db::upload::intend(tx, &intended, true)).wait()?;
    app.media.cache.keep(from, &name)?;
    let small = small_wanted
        && bytes > OWN_PREVIEW
        && Format::of_ending(ending).is_some_and(Format::is_image)
        && wanted.class == CacheClass::Original;
    let (wanted, site) = (wanted.clone(), app.site.clone());
    let written = app.db.write(Lane::Background, move |tx| {
        if cached_file::keep(tx, &wanted, file)? && small {
            let made_of = Some(CacheClass::Original);
            let small = Wanted::new(&site, CacheClass::Preview, wanted.owner, &wanted.url, made_of);
            small.map_or(Ok(()), |small| cached_file::queue_small(tx, &small))?;
        }
        Ok(())
    });
    written.wait()
}
