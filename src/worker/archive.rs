//! Archives of accounts that somebody asked for in a browser: one after the other, on a thread that is
//! there as long as there is one, at low priority.

use crate::app::App;
use crate::archive::{ArchiveCommand, ArchiveReply, Here, Steps as _, copies};
use crate::error::{Error, Result, guarded};
use crate::federation::process::{Step, Stop};
use crate::model::{Account, Job, JobKind};
use crate::service::access;
use crate::service::backup::step_back;

use super::jobs::is_tried_again;
use super::on_lane;
use super::running::Place;

/// Begins a thread for one.
pub(super) fn start(app: &App, job: Job, place: Place) {
    let this = app.clone();
    let thread = std::thread::Builder::new().name("archive".into());
    let started = thread.spawn(move || {
        step_back();
        on_lane::watch_over(&this, &job, place, run);
    });
    if let Err(error) = started {
        tracing::warn!(%error, "a thread could not be started");
    }
}

/// Does it. What is given up is told to its owner, whatever it ended by: nothing else ends what the
/// page says of it.
fn run(app: &App, job: &Job) -> Step<bool> {
    let id = crate::id::parse(&String::from_utf8_lossy(&job.payload));
    let id = id.ok_or(Stop::Drop("no account"))?;
    let done = guarded(|| {
        let account = app.db.read(|conn| access::find_allowed(conn, id))?;
        let account = account.ok_or(Error::Forbidden("The account may do nothing".into()))?;
        match job.kind {
            JobKind::BringIn => copies::bring_in(app, &account),
            JobKind::CopyAccount => copies::make(app, &account),
            _ => take_back(app, &account),
        }
    });
    let Err(error) = done else { return Ok(false) };
    if app.wake.is_closed() || is_tried_again(&error, job.attempts) {
        return Err(Stop::Failed(error));
    }
    tracing::warn!(account = id, kind = ?job.kind, %error, "an archive could not be done");
    match job.kind {
        JobKind::BringIn => copies::stop(app, id, &error)?,
        JobKind::CopyAccount => copies::fail(app, id, &error)?,
        _ => {}
    }
    Ok(false)
}

fn take_back(app: &App, account: &Account) -> Result<()> {
    loop {
        let (account, dry_run) = (account.username.clone(), false);
        match Here(app).take(ArchiveCommand::Remove { account, dry_run })? {
            ArchiveReply::Removed { left: 0, .. } => return Ok(()),
            _ => continue,
        }
    }
}
