//! Jobs that read other servers because somebody here looks: profiles and threads. None of them
//! is tried for long: who looks again asks again.

use crate::app::App;
use crate::db::{self, Lane};
use crate::error::Error;
use crate::federation::process::{Step, Stop};
use crate::federation::{profile, resolve, thread};
use crate::model::{Job, JobKind};
use crate::service::backfill;

/// Does one; true when its row went with its effect.
pub(super) fn work(app: &App, job: &Job, online: bool) -> Step<bool> {
    if !online {
        return Err(Stop::NeedsNetwork);
    }
    match job.kind {
        JobKind::RefreshAccount => actor(app, job),
        JobKind::FetchProfile => shown(app, job),
        JobKind::FetchThread => replies(app, job),
        _ => Err(Stop::Drop("not to be read")),
    }
}

fn account_of(job: &Job) -> Step<i64> {
    crate::id::parse(&String::from_utf8_lossy(&job.payload)).ok_or(Stop::Drop("no account"))
}

/// Whatever was read when the program began to end may be only a part: the job stays due.
fn go_on(app: &App) -> Step<()> {
    if app.wake.is_closed() {
        return Err(Stop::Failed(Error::Remote("the server stops".into())));
    }
    Ok(())
}

/// Reads an actor anew (F-055); gone is gone, unknown is noted (F-056).
fn actor(app: &App, job: &Job) -> Step<bool> {
    let id = account_of(job)?;
    let known = app.db.read(|conn| db::account::find(conn, id))?;
    let known = known.filter(|known| !known.is_local() && known.suspended_at.is_none());
    let Some(known) = known else { return Err(Stop::Drop("the account is gone")) };
    let outcome = resolve::refresh_actor(app, &known.uri);
    if outcome.is_err() {
        go_on(app)?;
    }
    let job = job.id;
    app.db
        .write(Lane::Background, move |tx| {
            match outcome {
                Ok(_) => {
                    db::backfill::set_stale(tx, id, false)?;
                }
                Err(Error::Gone) => crate::service::leaving::delete_remote(tx, &known)?,
                Err(Error::NotFound) => backfill::denied(tx, id)?,
                Err(error @ Error::Internal(_)) => return Err(error),
                Err(error) => tracing::debug!(account = %known.uri, %error, "not read anew"),
            }
            db::job::remove(tx, job)
        })
        .wait()?;
    Ok(true)
}

/// Pins and recent statuses; what cannot be read now may be asked for again soon.
fn shown(app: &App, job: &Job) -> Step<bool> {
    let id = account_of(job)?;
    let outcome = profile::refresh(app, id);
    go_on(app)?;
    if let Err(error) = &outcome {
        if matches!(error, Error::Internal(_)) {
            return outcome.map(|()| false).map_err(Stop::Failed);
        }
        tracing::debug!(account = id, %error, "a profile is not read");
    }
    let (job, failed) = (job.id, outcome.is_err());
    app.db
        .write(Lane::Background, move |tx| {
            if failed {
                backfill::profile_failed(tx, id)?;
            }
            db::job::remove(tx, job)
        })
        .wait()?;
    Ok(true)
}

/// What answers a status; however it ends, it is over.
fn replies(app: &App, job: &Job) -> Step<bool> {
    let (status, reader): (i64, i64) =
        serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let outcome = thread::refresh(app, status, reader);
    go_on(app)?;
    if let Err(error) = &outcome {
        if matches!(error, Error::Internal(_)) {
            return outcome.map(|()| false).map_err(Stop::Failed);
        }
        tracing::debug!(status, %error, "a thread is not read");
    }
    let job = job.id;
    app.db
        .write(Lane::Background, move |tx| {
            db::backfill::end_thread(tx, status)?;
            db::job::remove(tx, job)
        })
        .wait()?;
    Ok(true)
}
