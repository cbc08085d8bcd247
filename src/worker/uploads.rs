//! Jobs about uploads: decoding what was received, and removing files that nothing needs.

use std::sync::PoisonError;
use std::time::Duration;

use crate::app::App;
use crate::clock::{HOUR, MINUTE};
use crate::db::{self, Lane};
use crate::error::{Error, Result, guarded};
use crate::federation::process::{Step, Stop};
use crate::media::image::Purpose;
use crate::model::{Job, JobKind, UploadState};
use crate::service;

use super::emojis;
use super::jobs::finish;
use super::on_lane;
use super::running::Place;

/// The first pause after a failure that passes, in milliseconds; doubled each time.
const PAUSE: i64 = 10_000;
/// A temporary file that belongs to nothing is left alone for so long.
const LEFT_ALONE: Duration = Duration::from_secs(6 * 3600);

/// Hands an upload to the lane that decodes; never done here and now.
pub(super) fn start(app: &App, job: Job, mut place: Place) -> Result<bool> {
    let this = app.clone();
    let started = app.lanes.decode.run(move || {
        place.ring_when_done();
        let result = guarded(|| match job.kind {
            JobKind::EmojiStills => emojis::make_still(&this, &job),
            _ => process(&this, &job),
        });
        // at the end of the program it stays due
        let stopped = matches!(&result, Err(Stop::Failed(_))) && this.wake.is_closed();
        let outcome = match result {
            _ if stopped => Ok(()),
            Err(Stop::Failed(error @ Error::Unavailable { .. })) => wait(&this, &job, &error),
            result => finish(&this, &job, result),
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "the outcome of an upload could not be written");
            place.hold_until(this.clock.now_ms() + MINUTE);
        }
        this.media.finished.notify_waiters();
    });
    if started.is_err() {
        tracing::debug!("the lane that decodes is full");
    }
    Ok(false)
}

/// Makes a smaller version of a file of elsewhere, behind the uploads that wait.
pub(super) fn start_small(app: &App, job: Job, place: Place) {
    on_lane::start(&app.lanes.decode, app, job, place, |app, job| {
        let made = crate::lookup::smaller::make(app, &job.payload);
        app.media.finished.notify_waiters();
        made?;
        Ok(false)
    });
}

/// A full disk, or a store that does not answer, passes: what was taken in is not given up.
fn wait(app: &App, job: &Job, error: &Error) -> Result<()> {
    let (id, text) = (job.id, error.to_string());
    let doubled = u32::try_from(job.attempts).unwrap_or(0).min(9);
    let pause = (PAUSE << doubled).min(HOUR);
    let written = app
        .db
        .write(Lane::Background, move |tx| db::job::postpone(tx, id, tx.now() + pause, &text));
    written.wait()
}

/// Decodes an upload. Its job goes with the outcome.
pub(super) fn process(app: &App, job: &Job) -> Step<bool> {
    let id = crate::id::parse(&String::from_utf8_lossy(&job.payload));
    let id = id.ok_or(Stop::Drop("no upload"))?;
    let upload = app.db.read(|conn| db::upload::find(conn, id))?;
    let upload = upload.filter(|upload| upload.state == UploadState::Processing);
    let upload = upload.ok_or(Stop::Drop("the upload is gone"))?;
    let key = upload.key;
    let purpose = Purpose::Attachment;
    let outcome = service::media::process(&app.media, &app.db, &app.site, &key, &key, purpose)?;
    let (job, of) = (job.id, key.clone());
    let written = app.db.write(Lane::Interactive, move |tx| {
        service::media::finish(tx, id, &of, &outcome)?;
        db::job::remove(tx, job)
    });
    written.wait()?;
    app.media.storage.remove_temporary(&key)?;
    Ok(true)
}

/// Removes files that nothing needs any more, some at a time.
pub(super) fn sweep(app: &App, job: &Job) -> Step<bool> {
    // nothing is put back meanwhile
    let _only = app.media.trash.write().unwrap_or_else(PoisonError::into_inner);
    let names = service::cache::sweep_files(&app.db, &app.media)?;
    let (id, cache) = (job.id, app.media.cache.clone());
    let written = app.db.write(Lane::Background, move |tx| {
        service::cache::settle_all(tx, &cache, &names)?;
        // looked at in here: what was thrown away meanwhile found this job waiting, and rang for none
        let more = !db::upload::list_trash(tx, 1)?.is_empty();
        if more { db::job::again(tx, id, tx.now()) } else { db::job::remove(tx, id) }
    });
    written.wait()?;
    Ok(true)
}

/// Removes what was left of uploads that were cut off.
pub(super) fn clear_temporary(app: &App) -> Result<()> {
    // by the times of files, which do not know what is settled
    if app.clock.ahead_ms() > 0 {
        return Ok(());
    }
    for file in app.media.cache.list_temporary(LEFT_ALONE, 1000)? {
        app.media.cache.remove_temporary(&file)?;
    }
    for file in app.media.storage.list_temporary(LEFT_ALONE, 1000)? {
        let key = file.split('.').next().unwrap_or_default().to_owned();
        let waits = app.db.read(|conn| db::upload::is_waiting(conn, &key))?;
        if !waits {
            app.media.storage.remove_temporary(&file).map_err(Error::internal)?;
        }
    }
    Ok(())
}
