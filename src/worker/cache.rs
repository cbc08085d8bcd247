//! The cache of files of elsewhere is kept within its limits all the time, a slice a look: its
//! size and the free disk whenever somebody asks for room and once a minute, its age once an hour.

use std::time::Duration;

use crate::app::App;
use crate::archive::copies;
use crate::clock::{HOUR, MINUTE};
use crate::config::Size;
use crate::db::{self, Lane};
use crate::error::Result;
use crate::service::{self, shelf};

/// The pause between two shards of the folders: all take five days.
const WALK: i64 = 15 * MINUTE;
/// Which one is next.
const WALKED: &str = "media_walk";
/// A temporary file that nobody wrote to for so long was left behind.
const LEFT_ALONE: Duration = Duration::from_secs(6 * 3600);

/// Where this stands.
#[derive(Default)]
pub(super) struct Cache {
    /// When to look at the disk, and for what is too old.
    next: i64,
    aged: i64,
    /// When the next shard of the folders is compared with the database.
    walked: i64,
    /// The administrator was told that the disk is full.
    low: bool,
}

impl Cache {
    /// When there is something to do again.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// The clock was set back: what is planned for later is due now.
    pub(super) fn plan_anew(&mut self, now: i64) {
        for next in [&mut self.next, &mut self.aged, &mut self.walked] {
            *next = now.min(*next);
        }
    }

    /// Does one slice if there is one to do; true when more are to come.
    pub(super) fn keep(&mut self, app: &App, now: i64) -> Result<bool> {
        let room = &app.media.room;
        let due = now >= self.next;
        if !due && !room.is_pressed() {
            return Ok(false);
        }
        if due {
            if self.next == 0 {
                self.walked = now + WALK;
                warn_of_limits(app)?;
            }
            self.next = now + MINUTE;
            self.tell(app)?;
            if room.is_low()? {
                // what can be made again goes first
                copies::keep_house(app, true)?;
            }
            if app.media.has_untried_tools() && !self.low {
                let this = app.clone();
                drop(app.lanes.decode.run(move || this.media.look_for_tools_again()));
            }
        }
        let excess = room.excess()?;
        if excess > 0 {
            let (db, cache) = (&app.db, &app.media.cache);
            let gone = service::cache::shrink(db, cache, Lane::Background, excess)?;
            if gone.files > 0 {
                tracing::debug!(files = gone.files, bytes = gone.bytes, "the cache shrinks");
                self.next = now;
                return Ok(true);
            }
        }
        if due && now >= self.aged {
            let days = i64::try_from(app.config.media.cache_days).unwrap_or(3650);
            let gone =
                service::cache::remove(&app.db, &app.media.cache, Lane::Background, move |conn| {
                    service::cache::too_old(conn, days)
                })?;
            if gone.files > 0 {
                self.next = now;
                return Ok(true);
            }
            self.aged = now + HOUR;
            clear_temporary(app)?;
        }
        if due && now >= self.walked {
            self.walked = now + WALK;
            walk(app)?;
        }
        Ok(false)
    }

    /// Tells the administrator once that the disk is full, and once that it is not any more.
    fn tell(&mut self, app: &App) -> Result<()> {
        let floor = app.config.media.min_free_disk.0;
        let free = app.media.storage.free_bytes()?.min(app.media.room.free()?);
        let (free_text, least) = (Size(free).rounded(), app.config.media.min_free_disk);
        if !self.low && free < floor {
            self.low = true;
            tracing::warn!(
                "the disk is nearly full: {free_text} are free, and media.min_free_disk is \
                 {least}. The cache shrinks, and uploads are refused until there is room."
            );
        } else if self.low && free >= floor.saturating_add(floor / 20) {
            self.low = false;
            tracing::info!("there is room on the disk again: {free_text} are free");
        }
        Ok(())
    }
}

/// Compares one shard of the folders with the database and mends what is amiss.
fn walk(app: &App) -> Result<()> {
    let step = app.db.read(|conn| db::meta::get(conn, WALKED))?;
    let step = step.and_then(|text| text.parse().ok()).unwrap_or(0) % shelf::STEPS;
    let found = shelf::check(&app.db, &app.media, step, true)?;
    if found.orphans > 0 || found.lost > 0 {
        tracing::info!(files = found.orphans, lost = found.lost, "files were mended");
    }
    if found.lost_uploads > 0 {
        tracing::warn!(
            names = found.names.join(" "),
            "files of uploads are lost: look for them in a backup"
        );
    }
    let next = (step + 1) % shelf::STEPS;
    app.db.write(Lane::Background, move |tx| db::meta::set(tx, WALKED, &next.to_string())).wait()
}

/// Limits that cannot be kept are a mistake, which somebody should hear of.
fn warn_of_limits(app: &App) -> Result<()> {
    let limits = &app.config.media;
    let room = &app.media.room;
    let available = room.free()?.saturating_add(room.used()?);
    if available < limits.cache_max_size.0.saturating_add(limits.min_free_disk.0) {
        tracing::warn!(
            "media.cache_max_size is {} and media.min_free_disk {}, but the disk has only {} for \
             both: the cache stays smaller than it may be.",
            limits.cache_max_size,
            limits.min_free_disk,
            Size(available).rounded()
        );
    }
    Ok(())
}

/// Removes what was left of downloads that were cut off.
fn clear_temporary(app: &App) -> Result<()> {
    // by the times of files, which do not know what is settled
    if app.clock.ahead_ms() > 0 {
        return Ok(());
    }
    for file in app.media.cache.list_temporary(LEFT_ALONE, 1000)? {
        app.media.cache.remove_temporary(&file)?;
    }
    Ok(())
}
