//! The worker: one thread that looks what is due, gives it to the lanes, and keeps house. What
//! is running is known here only; after a restart it is simply due again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::app::App;
use crate::clock::{DAY, HOUR, MINUTE};
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::federation::process::{self, Stop};
use crate::federation::{deliver, resolve};
use crate::model::{Delivery, Job, JobKind};
use crate::service;

/// How many due rows one look takes.
const LOOK: i64 = 500;
/// Of the delivery lane's 16 threads, how many may wait for servers that we know nothing of, or
/// that lately failed. The rest is for those that are known to answer.
const UNKNOWN: usize = 12;
const FAILING: usize = 4;
/// A job is tried so often (F-145).
const TRIES: i64 = 5;
/// How long given-up jobs are kept for the administrator.
const DEAD_JOBS: i64 = 7 * DAY;
/// How long tombstones of remote things are kept.
const TOMBSTONES: i64 = 90 * DAY;
/// Applications that nobody used go after this time (S-079).
const UNUSED_APPLICATIONS: i64 = 7 * DAY;
/// The pause between two slices of an account's removal.
const REMOVAL_PAUSE: i64 = 200;
/// How many rows one slice of housekeeping removes.
const SLICE: i64 = 200;

/// The running worker.
pub struct Worker {
    app: App,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts the thread.
    pub fn start(app: &App) -> Result<Self> {
        let copy = app.clone();
        let thread = std::thread::Builder::new()
            .name("worker".into())
            .spawn(move || State::new(copy).run())
            .map_err(|e| Error::internal(format!("cannot start the worker thread: {e}")))?;
        Ok(Self { app: app.clone(), thread })
    }

    /// Starts nothing new and ends the thread. What runs on the lanes is left to them.
    pub fn stop(self) {
        self.app.wake.close();
        let _ = self.thread.join();
    }
}

/// What is running now.
#[derive(Default)]
struct Running {
    /// Hosts with a delivery under way, with how they did before.
    hosts: HashSet<String>,
    unknown: usize,
    failing: usize,
    /// Jobs by their row and lane.
    jobs: HashSet<i64>,
    lanes: HashSet<String>,
}

#[derive(Clone)]
struct State {
    app: App,
    running: Arc<Mutex<Running>>,
    housekeeping: i64,
}

impl State {
    fn new(app: App) -> Self {
        Self { app, running: Arc::default(), housekeeping: 0 }
    }

    fn run(mut self) {
        loop {
            let next = match self.look() {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "the worker could not look at its queues");
                    Some(self.app.clock.now_ms() + MINUTE)
                }
            };
            // a clock that tests set does not move while we wait: they ring instead
            let pause = if self.app.clock.is_system() {
                let until = next.unwrap_or(i64::MAX).min(self.housekeeping);
                let ms = (until - self.app.clock.now_ms()).clamp(10, HOUR);
                Some(Duration::from_millis(u64::try_from(ms).unwrap_or(1000)))
            } else {
                None
            };
            if !self.app.wake.wait(pause) {
                return;
            }
        }
    }

    /// Starts what is due and can run; when to look again at the latest.
    fn look(&mut self) -> Result<Option<i64>> {
        self.start_deliveries()?;
        self.start_jobs()?;
        let now = self.app.clock.now_ms();
        if now >= self.housekeeping {
            self.keep_house()?;
            self.housekeeping = now + HOUR;
        }
        self.app.db.read(|conn| {
            let delivery = db::delivery::next_due(conn, now)?;
            let job = db::job::next_due(conn, now)?;
            Ok([delivery, job].into_iter().flatten().min())
        })
    }

    fn start_deliveries(&self) -> Result<()> {
        let mut due = self.app.db.read(|conn| db::delivery::list_due(conn, LOOK))?;
        // those known to answer first, then the unknown, then those that lately failed
        due.sort_by_key(|(_, failures)| match failures {
            Some(0) => 0,
            None => 1,
            Some(_) => 2,
        });
        for (delivery, failures) in due {
            if self.app.lanes.delivery.free() == 0 {
                break;
            }
            let Some(place) = self.take_place(&delivery, failures) else { continue };
            // with the place taken nobody else sends it; before, somebody may have
            if !self.app.db.read(|conn| db::delivery::is_due(conn, delivery.id))? {
                continue;
            }
            let app = self.app.clone();
            let host = delivery.host.clone();
            let started = self.app.lanes.delivery.run(move || {
                let _place = place;
                deliver::deliver(&app, delivery);
            });
            if started.is_err() {
                // the place went with the closure
                tracing::debug!(%host, "the delivery lane is full");
                break;
            }
        }
        Ok(())
    }

    /// A place for a delivery, if its host has none and its kind is not crowded out.
    fn take_place(&self, delivery: &Delivery, failures: Option<i64>) -> Option<Place> {
        let mut running = lock(&self.running);
        let (unknown, failing) = (failures != Some(0), failures.unwrap_or(0) > 0);
        if running.hosts.contains(&delivery.host)
            || (unknown && running.unknown >= UNKNOWN)
            || (failing && running.failing >= FAILING)
        {
            return None;
        }
        running.hosts.insert(delivery.host.clone());
        running.unknown += usize::from(unknown);
        running.failing += usize::from(failing);
        Some(Place {
            state: self.clone(),
            what: What::Delivery(delivery.host.clone(), unknown, failing),
        })
    }

    fn start_jobs(&self) -> Result<()> {
        loop {
            let due = self.app.db.read(|conn| db::job::list_due(conn, LOOK))?;
            let mut ran = false;
            for job in due {
                let Some(place) = self.take_lane(&job) else { continue };
                if !self.app.db.read(|conn| db::job::is_due(conn, job.id))? {
                    continue;
                }
                ran |= self.run_job(job, place);
            }
            // what ran here may have made room for the next of its lane
            if !ran || self.app.wake.is_closed() {
                return Ok(());
            }
        }
    }

    fn take_lane(&self, job: &Job) -> Option<Place> {
        let mut running = lock(&self.running);
        if running.jobs.contains(&job.id)
            || (!job.lane.is_empty() && running.lanes.contains(&job.lane))
        {
            return None;
        }
        running.jobs.insert(job.id);
        running.lanes.insert(job.lane.clone());
        Some(Place { state: self.clone(), what: What::Job(job.id, job.lane.clone()) })
    }

    /// Runs a job here if it needs no network, else hands it to the resolve lane. True when it
    /// was done here.
    fn run_job(&self, job: Job, place: Place) -> bool {
        if job.kind == JobKind::Inbox || job.kind == JobKind::RemoveAccount {
            let result = guarded(|| work(&self.app, &job, false));
            if !matches!(result, Err(Stop::NeedsNetwork)) {
                finish(&self.app, &job, result);
                return true;
            }
        }
        if self.app.lanes.resolve.free() == 0 {
            // a thread that comes free rings
            return false;
        }
        let app = self.app.clone();
        let started = self.app.lanes.resolve.run(move || {
            let _place = place;
            let result = guarded(|| work(&app, &job, true));
            finish(&app, &job, result);
        });
        if started.is_err() {
            tracing::debug!("the resolve lane is full");
        }
        false
    }

    /// Removes what has expired, in slices that let others write in between.
    fn keep_house(&self) -> Result<()> {
        let background = |f: fn(&db::Tx<'_>) -> Result<usize>| {
            while self.app.db.write(Lane::Background, f).wait()? >= SLICE as usize {
                if self.app.wake.is_closed() {
                    break;
                }
            }
            Ok::<(), Error>(())
        };
        background(|tx| db::seen::expire(tx, SLICE, tx.now() - TOMBSTONES))?;
        background(|tx| db::job::expire_dead(tx, tx.now() - DEAD_JOBS, SLICE))?;
        background(|tx| db::oauth::expire_applications(tx, tx.now() - UNUSED_APPLICATIONS, SLICE))?;
        for account in self.app.db.read(db::account::list_local)? {
            self.app
                .db
                .write(Lane::Background, move |tx| db::timeline::trim(tx, account.id))
                .wait()?;
        }
        self.app.db.write(Lane::Background, db::vacuum_slice).wait()
    }
}

/// Something that runs; dropped, it makes room and rings.
struct Place {
    state: State,
    what: What,
}

enum What {
    /// Host, unknown, failing.
    Delivery(String, bool, bool),
    /// Row, lane.
    Job(i64, String),
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = lock(&self.state.running);
        match &self.what {
            What::Delivery(host, unknown, failing) => {
                running.hosts.remove(host);
                running.unknown -= usize::from(*unknown);
                running.failing -= usize::from(*failing);
            }
            What::Job(id, lane) => {
                running.jobs.remove(id);
                running.lanes.remove(lane);
            }
        }
        drop(running);
        self.state.app.wake.rouse();
    }
}

/// A panic in one job stops nothing else (S-136).
fn guarded(f: impl FnOnce() -> process::Step<bool>) -> process::Step<bool> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
        .unwrap_or_else(|_| Err(Stop::Failed(Error::internal("the job panicked"))))
}

/// Does a job; true when its row is gone already.
fn work(app: &App, job: &Job, online: bool) -> process::Step<bool> {
    match job.kind {
        JobKind::Inbox => process::run(app, job, online),
        JobKind::FetchStatus => {
            let (uri, depth): (String, u32) =
                serde_json::from_slice(&job.payload).map_err(Error::internal)?;
            resolve::status(app, &uri, depth)?;
            Ok(false)
        }
        JobKind::RefreshActor => {
            let uri = String::from_utf8_lossy(&job.payload).into_owned();
            resolve::refresh_actor(app, &uri)?;
            Ok(false)
        }
        JobKind::RemoveAccount => {
            let id = String::from_utf8_lossy(&job.payload);
            let id = crate::id::parse(&id).ok_or(Stop::Drop("no account"))?;
            let done = app
                .db
                .write(Lane::Background, move |tx| service::account::remove_slice(tx, id))
                .wait()?;
            if done { Ok(false) } else { Err(Stop::Failed(again())) }
        }
    }
}

/// More slices are to come.
fn again() -> Error {
    Error::Unavailable { message: "there is more to remove".into(), retry_after: 0 }
}

/// Writes down what came of a job.
fn finish(app: &App, job: &Job, result: process::Step<bool>) {
    let (id, attempts, kind) = (job.id, job.attempts, job.kind);
    let written = match result {
        Ok(true) | Err(Stop::NeedsNetwork) => return,
        Ok(false) => app.db.write(Lane::Background, move |tx| db::job::remove(tx, id)),
        Err(Stop::Drop(reason)) => {
            tracing::debug!(job = id, reason, "an activity had no effect");
            app.db.write(Lane::Background, move |tx| db::job::remove(tx, id))
        }
        Err(Stop::Failed(error)) => {
            let passing = matches!(error, Error::Remote(_) | Error::Unavailable { .. });
            let text = error.to_string();
            if kind == JobKind::RemoveAccount && passing {
                app.db.write(Lane::Background, move |tx| {
                    // the next slice, or what the account's key must still sign
                    db::job::again(tx, id, tx.now() + REMOVAL_PAUSE)
                })
            } else if passing && attempts + 1 < TRIES {
                app.db.write(Lane::Background, move |tx| {
                    let pause = MINUTE * 5_i64.pow(u32::try_from(attempts).unwrap_or(0));
                    db::job::postpone(tx, id, tx.now() + pause, &text)
                })
            } else if passing || matches!(error, Error::Internal(_)) {
                tracing::warn!(job = id, %error, "a job is given up");
                app.db.write(Lane::Background, move |tx| db::job::bury(tx, id, &text))
            } else {
                // refused on its merits (gone, not found, malformed): no use in keeping it
                tracing::debug!(job = id, %error, "a job had no effect");
                app.db.write(Lane::Background, move |tx| db::job::remove(tx, id))
            }
        }
    };
    if let Err(error) = written.wait() {
        tracing::error!(%error, "the outcome of a job could not be written");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
