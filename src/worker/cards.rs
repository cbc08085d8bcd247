//! Previews of links are fetched on the media lane: slow pages hold up neither the inbox nor
//! deliveries, and most of that lane is left to pictures.

use crate::app::App;
use crate::db::{self, Lane};
use crate::error::guarded;
use crate::federation::process::Step;
use crate::lookup;
use crate::model::Job;
use crate::service;

use super::on_lane;
use super::running::Place;

/// How much of the media lane stays free for others.
const LEFT: usize = 12;

/// Whether there is no room for one more.
pub(super) fn is_crowded(app: &App) -> bool {
    app.lanes.media.free() <= LEFT
}

/// Starts the fetch of one card, if there is room.
pub(super) fn start(app: &App, job: Job, place: Place) {
    if !is_crowded(app) {
        on_lane::start(&app.lanes.media, app, job, place, run);
    }
}

/// One card: its outcome and the end of its job are one transaction. A page that does not answer
/// is no reason to ask again at once: the next reader after a while does.
fn run(app: &App, job: &Job) -> Step<bool> {
    let (id, card) = (job.id, crate::id::parse(&String::from_utf8_lossy(&job.payload)));
    let card = card.unwrap_or(0);
    let preview = match app.db.read(|conn| db::card::link(conn, card))? {
        Some(link) => lookup_card(app, &link),
        None => None,
    };
    if preview.is_none() && app.wake.is_closed() {
        // cut off by the end of the program: it stays due
        return Ok(true);
    }
    let written = app.db.write(Lane::Background, move |tx| {
        service::card::found(tx, card, preview.as_ref())?;
        db::job::remove(tx, id)
    });
    written.wait()?;
    Ok(true)
}

fn lookup_card(app: &App, link: &str) -> Option<crate::model::Preview> {
    match guarded(|| lookup::card::fetch(app, link)) {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!(%link, %error, "no preview");
            None
        }
    }
}
