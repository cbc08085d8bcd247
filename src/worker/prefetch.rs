//! Pictures of statuses in home timelines are fetched on the media lane while hardly anybody else
//! needs it. Failures are silent: whoever looks tries again.

use crate::app::App;
use crate::config::Prefetch;
use crate::db::Lane;
use crate::error::{Result, guarded};
use crate::lookup::cached_file;
use crate::service::prefetch;

/// How much of the media lane stays free for those who wait.
const LEFT: usize = 5;

/// Starts to work off what waits, while there is room. True when it has to be looked at again.
pub(super) fn start(app: &App) -> bool {
    while app.ahead.needs_work() {
        if is_crowded(app) {
            return true;
        }
        if !app.ahead.begin() {
            break;
        }
        let this = app.clone();
        if app.lanes.media.run(move || work_off(&this)).is_err() {
            app.ahead.leave();
            return true;
        }
    }
    false
}

/// Whether others need the room.
fn is_crowded(app: &App) -> bool {
    app.lanes.media.free() <= LEFT
}

/// One status after the other, until nothing waits or others need the room.
fn work_off(app: &App) {
    while let Some(status) = app.ahead.next() {
        if let Err(error) = guarded(|| run(app, status)) {
            tracing::error!(%error, "what was fetched ahead could not be kept");
        }
        if app.wake.is_closed() || app.lanes.media.free() < LEFT {
            app.ahead.leave();
            // who comes next does not ring for what waits already
            app.wake.rouse();
            return;
        }
    }
}

/// The lacking files of one status, one after the other, while there is room and budget.
fn run(app: &App, status: i64) -> Result<()> {
    if app.media.room.is_low()? {
        return Ok(());
    }
    let media = app.config.media.prefetch == Prefetch::Home;
    let wanted = app.db.read(|conn| prefetch::list_wanted(conn, &app.site, status, media))?;
    if wanted.is_empty() {
        return Ok(());
    }
    let budget = app.config.media.prefetch_daily.0;
    let mut spent = 0;
    let before = app.db.read(prefetch::spent)?;
    for one in wanted {
        if app.wake.is_closed() {
            break;
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
    if spent == 0 {
        return Ok(());
    }
    app.db.write(Lane::Background, move |tx| prefetch::spend(tx, spent)).wait()
}
