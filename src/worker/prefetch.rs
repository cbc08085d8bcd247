//! Pictures of statuses in home timelines are fetched on the media lane while hardly anybody else
//! needs it. Failures are silent: whoever looks tries again.

use crate::app::App;
use crate::config::Prefetch;
use crate::db::{self, Lane};
use crate::federation::process::Step;
use crate::lookup::cached_file;
use crate::model::Job;
use crate::service::prefetch;

use super::on_lane;
use super::running::Place;

/// How much of the media lane stays free for those who wait.
const LEFT: usize = 5;

/// Whether there is no room for one more.
pub(super) fn is_crowded(app: &App) -> bool {
    app.lanes.media.free() <= LEFT
}

/// Starts the fetches of one status, if there is room.
pub(super) fn start(app: &App, job: Job, place: Place) {
    if !is_crowded(app) {
        on_lane::start(&app.lanes.media, app, job, place, run);
    }
}

/// The lacking files of one status, one after the other, while there is room and budget.
fn run(app: &App, job: &Job) -> Step<bool> {
    let (id, status) = (job.id, crate::id::parse(&String::from_utf8_lossy(&job.payload)));
    let media = app.config.media.prefetch == Prefetch::Home;
    let wanted = match status {
        Some(status) if !app.media.room.is_low()? => {
            app.db.read(|conn| prefetch::list_wanted(conn, &app.site, status, media))?
        }
        _ => Vec::new(),
    };
    let budget = app.config.media.prefetch_daily.0;
    let mut spent = 0;
    let before = app.db.read(prefetch::spent)?;
    for one in wanted {
        if app.wake.is_closed() {
            // cut off by the end of the program: it stays due
            return Ok(true);
        }
        if one.is_attachment() && before.saturating_add(spent) >= budget {
            continue;
        }
        match cached_file::fetch(app, one.class, one.owner, &one.url) {
            Ok(Some(file)) if one.is_attachment() => {
                spent += u64::try_from(file.bytes).unwrap_or(0);
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(url = one.url, %error, "not fetched ahead"),
        }
    }
    let written = app.db.write(Lane::Background, move |tx| {
        if spent > 0 {
            prefetch::spend(tx, spent)?;
        }
        db::job::remove(tx, id)
    });
    written.wait()?;
    Ok(true)
}
