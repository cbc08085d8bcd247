//! Jobs on a lane of their own, beside the worker's round: started, watched over, and their outcome
//! written down.

use crate::app::App;
use crate::client::Lane;
use crate::clock::MINUTE;
use crate::error::guarded;
use crate::federation::process::{Step, Stop};
use crate::model::Job;

use super::jobs::finish;
use super::running::Place;

/// Runs `work` on a lane; true from it: the job is gone already, or has a new time. A lane that is
/// full leaves it due.
pub(super) fn start(
    lane: &Lane,
    app: &App,
    job: Job,
    place: Place,
    work: fn(&App, &Job) -> Step<bool>,
) {
    let this = app.clone();
    let started = lane.run(move || watch_over(&this, &job, place, work));
    if started.is_err() {
        tracing::debug!("the lane of a job is full");
    }
}

/// The same on this thread.
pub(super) fn watch_over(
    app: &App,
    job: &Job,
    mut place: Place,
    work: fn(&App, &Job) -> Step<bool>,
) {
    place.ring_when_done();
    let result = guarded(|| work(app, job));
    // at the end of the program it stays due
    let stopped = matches!(&result, Err(Stop::Failed(_))) && app.wake.is_closed();
    if !stopped && let Err(error) = finish(app, job, result) {
        tracing::error!(%error, kind = ?job.kind, "the outcome of a job could not be written");
        // or it would be done again and again
        place.hold_until(app.clock.now_ms() + MINUTE);
    }
}
