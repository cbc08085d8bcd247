//! Moving uploads to the bucket or back, a few seconds' work a command: others have their turn in
//! between, and whoever asked can stop.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::model::Store;
use crate::service::media::check_room;
use crate::service::media_move::{self, Moved};

/// After so long no further file is begun.
const LONG_ENOUGH: Duration = Duration::from_secs(2);
/// How many lost files an answer names.
const NAMED: usize = 20;

/// What is to be moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveStep {
    pub to: Store,
    /// The last upload that was looked at.
    pub after: i64,
    /// Say how much it would be, and do nothing.
    pub dry_run: bool,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveLine {
    /// Files and bytes that this step moved.
    pub uploads: i64,
    pub bytes: i64,
    /// Where it stands, and how much is left beyond.
    pub after: i64,
    pub left: i64,
    pub left_bytes: i64,
    /// Files that are not where they should be.
    pub lost: Vec<String>,
    /// It does not go on for now.
    pub failed: Option<String>,
    /// Where new uploads go.
    pub home: Store,
}

/// One step.
///
/// # Errors
/// When no bucket is configured.
pub(super) fn step(app: &App, step: &MoveStep) -> Result<MoveLine> {
    if app.media.storage.bucket().is_err() {
        return Err(Error::invalid(
            "there is no bucket: set endpoint, bucket, access_key and secret_key of [s3], and \
             restart the server if it runs.",
        ));
    }
    let from = media_move::other(step.to);
    let mut line =
        MoveLine { after: step.after, home: app.media.storage.home(), ..MoveLine::default() };
    let since = Instant::now();
    while !step.dry_run && since.elapsed() < LONG_ENOUGH && !app.wake.is_closed() {
        let Some(id) = app.db.read(|conn| db::object::next_in(conn, from, line.after))? else {
            break;
        };
        if step.to == Store::Disk
            && let Err(full) = check_room(&app.media, app.config.media.min_free_disk.0)
        {
            line.failed = Some(full.to_string());
            break;
        }
        match media_move::move_one(&app.media, &app.db, id, step.to)? {
            Moved::Done(bytes) => {
                line.uploads += 1;
                line.bytes += i64::try_from(bytes).unwrap_or(i64::MAX);
            }
            Moved::Changed => {}
            Moved::Lost(name) if line.lost.len() < NAMED => line.lost.push(name),
            Moved::Lost(_) => {}
            Moved::Failed(why) => {
                line.failed = Some(why);
                break;
            }
        }
        line.after = id;
    }
    let left = app.db.read(|conn| db::object::count_in(conn, from, line.after))?;
    (line.left, line.left_bytes) = left;
    Ok(line)
}
