//! Backups that the server makes by itself: on a thread of their own, at low priority.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::App;
use crate::clock::{HOUR, MINUTE};
use crate::config::{BackupTo, Size};
use crate::crypto::age::Work;
use crate::db::Lane;
use crate::error::{Error, Result};
use crate::service::backup::{self, Made, Order};

/// How long after the start the first one is made, where there was none.
const FIRST: i64 = 10 * MINUTE;

/// Where this stands.
pub(super) struct Backup {
    /// When the server started.
    since: i64,
    /// When to look whether one is due.
    due: i64,
    /// One that fails is not tried again before.
    not_before: i64,
    running: Arc<AtomicBool>,
}

impl Backup {
    pub(super) fn new(since: i64) -> Self {
        Self { since, due: since, not_before: since, running: Arc::default() }
    }

    /// When there is something to do again.
    pub(super) fn next(&self, app: &App) -> i64 {
        // whoever is done rings
        let waits = app.config.backup.every.is_some() && !self.running.load(Ordering::SeqCst);
        if waits { self.due } else { i64::MAX }
    }

    /// Begins one if it is time.
    pub(super) fn keep(&mut self, app: &App, now: i64) -> Result<()> {
        let Some(every) = app.config.backup.every else { return Ok(()) };
        if self.running.load(Ordering::SeqCst) || now < self.due {
            return Ok(());
        }
        self.due = now + MINUTE;
        // somebody may have made one by hand since
        let made = app.db.read(backup::standing)?.made_at;
        let due = made.map_or(self.since + FIRST, |made| made + every.ms());
        // one of the future was made before the clock was set right
        self.due = due.max(self.not_before).min(now + every.ms());
        if now < self.due {
            return Ok(());
        }
        self.not_before = now + HOUR;
        self.due = self.not_before;
        self.running.store(true, Ordering::SeqCst);
        let running = Running { app: app.clone(), flag: Arc::clone(&self.running) };
        let started = std::thread::Builder::new().name("backup".into());
        let started = started.spawn(move || run(&running.app));
        started.map(drop).map_err(|e| Error::internal(format!("cannot start a thread: {e}")))
    }
}

/// One that is being made, until this goes, whatever the reason.
struct Running {
    app: App,
    flag: Arc<AtomicBool>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.flag.store(false, Ordering::SeqCst);
        self.app.wake.rouse();
    }
}

fn run(app: &App) {
    match make(app) {
        Ok(made) => tracing::info!(
            name = made.name,
            size = Size(made.bytes).rounded(),
            uploads = made.uploads,
            "a backup was made"
        ),
        Err(_) if app.wake.is_closed() => {}
        Err(error) => {
            tracing::error!(%error, "no backup could be made; it is tried again in an hour");
            let noted = app.db.write(Lane::Background, move |tx| {
                if let Some(fault) = error.damage() {
                    backup::note_damage(tx, fault)?;
                }
                backup::note_failure(tx, &error.to_string())
            });
            if let Err(error) = noted.wait() {
                tracing::debug!(%error, "nor noted");
            }
        }
    }
}

fn make(app: &App) -> Result<Made> {
    let settings = &app.config.backup;
    let folder = app.config.backup_dir();
    let passphrase = Some(settings.passphrase.reveal()).filter(|text| !text.is_empty());
    let order = Order {
        config: &app.config,
        to: folder.clone(),
        uploads: settings.media,
        passphrase: passphrase.map(|text| (text, Work::Small)),
        now: app.clock.now_ms(),
    };
    let made = backup::make(&order, &mut |_, _| {
        if app.wake.is_closed() { Err(Error::internal("the server is stopping")) } else { Ok(()) }
    })?;
    let in_bucket = settings.to == BackupTo::S3;
    if in_bucket {
        let bucket = app.media.storage.bucket()?;
        let sent = bucket.put_backup(&made.path, &made.name);
        // it was only on its way
        let _ = std::fs::remove_file(&made.path);
        sent.map_err(|fault| Error::internal(format!("{}: {fault}", bucket.name())))?;
    } else {
        backup::expire(&folder, &made, &app.config.server.host, settings.keep);
    }
    let (at, name, keep) = (made.at, made.name.clone(), settings.keep);
    let old =
        app.db.write(Lane::Background, move |tx| backup::note(tx, at, &name, in_bucket, keep));
    for name in old.wait()? {
        if let Err(fault) = app.media.storage.bucket()?.remove_backup(&name) {
            tracing::warn!(name, %fault, "an old backup could not be removed");
        }
    }
    Ok(made)
}
