//! Removing objects of the bucket that nothing needs any more. While the store does not answer they
//! wait: nothing is given up.

use std::sync::PoisonError;

use crate::app::App;
use crate::clock::MINUTE;
use crate::db::{self, Lane};
use crate::federation::process::{Step, Stop};
use crate::media::storage::Name;
use crate::media::storage::s3::Bucket;
use crate::model::Job;

use super::on_lane;
use super::running::Place;
use crate::error::Result;

/// How many objects one round removes.
const SLICE: i64 = 20;
/// The pause while the store does not answer, in milliseconds.
const PAUSE: i64 = 10 * MINUTE;

/// Hands a round to the lane of the bucket.
pub(super) fn start(app: &App, job: Job, place: Place) {
    on_lane::start(&app.lanes.bucket, app, job, place, sweep);
}

/// One round.
fn sweep(app: &App, job: &Job) -> Step<bool> {
    // with a bucket in the settings again they are found by the next hour's look
    let Ok(bucket) = app.media.storage.bucket() else {
        return Err(Stop::Drop("no bucket is configured"));
    };
    let names = app.db.read(|conn| db::object::list_trash(conn, SLICE))?;
    let mut pause = 0;
    for name in names {
        if app.wake.is_closed() || !remove(app, bucket, name)? {
            pause = PAUSE;
            break;
        }
    }
    let id = job.id;
    let written = app.db.write(Lane::Background, move |tx| {
        let more = !db::object::list_trash(tx, 1)?.is_empty();
        if more { db::job::again(tx, id, tx.now() + pause) } else { db::job::remove(tx, id) }
    });
    written.wait()?;
    Ok(true)
}

/// Removes one object, unless it is needed again; false: the store does not answer.
fn remove(app: &App, bucket: &Bucket, name: String) -> Result<bool> {
    let _only = app.media.trash.write().unwrap_or_else(PoisonError::into_inner);
    if !app.db.read(|conn| db::object::is_trash(conn, &name))? {
        return Ok(true);
    }
    if let Some(name) = Name::parse(&name)
        && bucket.remove(&name).is_err()
    {
        return Ok(false);
    }
    app.db.write(Lane::Background, move |tx| db::object::settle(tx, &name)).wait()?;
    Ok(true)
}
