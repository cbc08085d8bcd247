//! What is noted of a backup that a command made beside the server.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::db::Lane;
use crate::error::Result;
use crate::service;

/// A backup that was made where the settings say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupDone {
    /// Milliseconds since 1970.
    pub at: i64,
    pub name: String,
    /// It lies in the bucket.
    pub object: bool,
}

/// A backup beside the server found the database damaged.
pub(super) fn note_damage(app: &App, fault: String) -> Result<()> {
    app.db.write(Lane::Interactive, move |tx| service::backup::note_damage(tx, &fault)).wait()
}

pub(super) fn note(app: &App, done: &BackupDone) -> Result<()> {
    let (done, keep) = (done.clone(), app.config.backup.keep);
    let noted = app.db.write(Lane::Interactive, move |tx| {
        service::backup::note(tx, done.at, &done.name, done.object, keep)
    });
    let old = noted.wait()?;
    app.wake.rouse();
    if let Ok(bucket) = app.media.storage.bucket() {
        // one that stays for now is nobody's loss
        old.iter().for_each(|name| drop(bucket.remove_backup(name)));
    }
    Ok(())
}
