//! The worker: one thread that looks what is due, gives it to the lanes, and keeps house. What
//! is running is known here only; after a restart it is simply due again.

mod archive;
mod backfill;
mod backup;
mod cache;
mod cards;
mod certificates;
mod crowd;
mod emojis;
mod health;
mod house;
mod import;
mod jobs;
mod letters;
mod lists;
mod moving;
mod objects;
mod on_lane;
mod prefetch;
mod profiles;
mod push;
mod retention;
mod running;
mod scheduled;
mod time;
mod uploads;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::clock::{HOUR, MINUTE};
use crate::db;
use crate::error::{Error, Result, guarded};
use crate::federation::deliver;
use crate::federation::relay;
use crate::model::JobKind;

use backup::Backup;
use cache::Cache;
use certificates::Certificates;
use health::Health;
use house::House;
use running::Running;
use time::Time;

/// How many due deliveries one look takes: of servers that answer or are unknown, and of failing
/// ones.
const LOOK: usize = 500;
const LOOK_FAILING: usize = 50;
/// The pause between two rounds while there is more to do at once.
const SOON: Duration = Duration::from_millis(10);
const SOON_BY_HAND: Duration = Duration::from_millis(1);
/// While there are jobs or deliveries to start, housekeeping has a slice now and then: a flood is no
/// time for it, and what others wait for does not wait for it.
const HOUSE_PAUSE: Duration = Duration::from_secs(1);
/// The pause, in milliseconds, while a lane is full.
const CROWDED: i64 = 2000;

/// The running worker.
pub struct Worker {
    app: App,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts the thread.
    pub fn start(app: &App) -> Result<Self> {
        let state = State {
            app: app.clone(),
            running: Arc::new(Running::new(app.wake.clone())),
            house: House::default(),
            kept_house: None,
            cache: Cache::default(),
            time: Time::default(),
            certificates: Certificates::default(),
            backup: Backup::new(app.clock.now_ms()),
            health: Health::default(),
        };
        let thread =
            std::thread::Builder::new()
                .name("worker".into())
                .spawn(move || state.run())
                .map_err(|e| Error::internal(format!("cannot start the worker thread: {e}")))?;
        Ok(Self { app: app.clone(), thread })
    }

    /// Starts nothing new and ends the thread. What runs on the lanes is left to them.
    pub fn stop(self) {
        self.app.wake.close();
        let _ = self.thread.join();
        if let Err(error) = relay::note_counts(&self.app) {
            tracing::warn!(%error, "what relays brought lately is not counted");
        }
    }
}

struct State {
    app: App,
    running: Arc<Running>,
    house: House,
    /// When housekeeping had its last slice.
    kept_house: Option<Instant>,
    cache: Cache,
    time: Time,
    certificates: Certificates,
    backup: Backup,
    health: Health,
}

/// When to look again, if nobody rings before.
enum Next {
    Soon,
    At(i64),
}

impl State {
    fn run(mut self) {
        loop {
            let next = guarded(|| self.look()).unwrap_or_else(|error| {
                tracing::error!(%error, "the worker could not work through its queues");
                Next::At(self.app.clock.now_ms() + MINUTE)
            });
            let pause = match next {
                Next::Soon if self.app.clock.is_system() => Some(SOON),
                // whoever turns the clock waits for what is due: there is less time for others
                Next::Soon => Some(SOON_BY_HAND),
                Next::At(time) if self.app.clock.is_system() => {
                    let ms = (time - self.app.clock.now_ms()).clamp(10, HOUR);
                    Some(Duration::from_millis(u64::try_from(ms).unwrap_or(1000)))
                }
                // a clock that tests set does not move while we wait: they ring instead
                Next::At(_) => None,
            };
            // in the time of clocks on walls: that of tests stands still while servers hang
            let room = self.running.next_room();
            let pause = pause.into_iter().chain(room).min();
            if !self.app.wake.wait(pause) {
                return;
            }
        }
    }

    /// Starts what is due and can run, a bounded part of it.
    fn look(&mut self) -> Result<Next> {
        // what falls due while we are at it is found by the next look
        if self.time.look(&self.app) {
            let now = self.app.clock.now_ms();
            self.running.release_held();
            self.house.plan_anew(now);
            self.cache.plan_anew(now);
            if let Some(tls) = &self.app.tls {
                tls.ask();
            }
        }
        let now = self.app.clock.now_ms();
        // first: on a full disk nothing else can be written before there is room
        let more_cache = guarded(|| self.cache.keep(&self.app, now)).unwrap_or_else(|error| {
            tracing::error!(%error, "the cache could not be kept within its limits");
            false
        });
        // whatever goes wrong beside them, the queues go on
        let kept: Result<()> = guarded(|| {
            self.certificates.keep(&self.app, now);
            Ok(())
        });
        if let Err(error) = kept {
            tracing::error!(%error, "the certificate could not be looked after");
        }
        if let Err(error) = guarded(|| self.backup.keep(&self.app, now)) {
            tracing::error!(%error, "no backup could be begun");
        }
        let delivers = self.start_deliveries()?;
        if let Err(error) = guarded(|| self.health.keep(&self.app, now)) {
            tracing::error!(%error, "the server could not look whether all is well");
        }
        let more_jobs = jobs::start(&self.app, &self.running)?;
        let ahead_waits = prefetch::start(&self.app);
        let is_soon = self.kept_house.is_some_and(|last| last.elapsed() < HOUSE_PAUSE);
        let more_house = if (more_jobs || delivers) && is_soon {
            true
        } else {
            self.kept_house = Some(Instant::now());
            self.house.keep(&self.app, now)?
        };
        // what fell due while we were at it has nobody who rings for it
        let own =
            [self.house.next(), self.cache.next(), self.certificates.next(), self.health.next()];
        let own = own.into_iter().min().unwrap_or(i64::MAX).min(self.backup.next(&self.app));
        let late = own <= self.app.clock.now_ms();
        if more_jobs || more_house || more_cache || late {
            return Ok(Next::Soon);
        }
        let due = self.app.db.read(|conn| {
            let delivery = db::delivery::next_due(conn, now)?;
            let job = db::job::next_due(conn, now)?;
            Ok([delivery, job].into_iter().flatten().min())
        })?;
        let held = self.running.next_release(now);
        let crowded = JobKind::ALL.iter().any(|kind| jobs::is_crowded(&self.app, *kind));
        let room = (crowded || ahead_waits).then_some(now + CROWDED);
        Ok(Next::At([due, held, room, Some(own)].into_iter().flatten().min().unwrap_or(i64::MAX)))
    }

    /// True when any was started, or all places are taken.
    fn start_deliveries(&self) -> Result<bool> {
        if self.running.is_full() {
            return Ok(true);
        }
        // those known to answer first, then the unknown, then those that lately failed
        let (mut due, failing) = self.app.db.read(|conn| {
            Ok((
                db::delivery::list_due(conn, false, LOOK)?,
                db::delivery::list_due(conn, true, LOOK_FAILING)?,
            ))
        })?;
        due.sort_by_key(|(_, failures)| failures.is_none());
        let mut any = false;
        for (delivery, failures) in due.into_iter().chain(failing) {
            if self.app.lanes.delivery.free() == 0
                || self.running.is_full()
                || self.app.wake.is_closed()
            {
                break;
            }
            let now = self.app.clock.now_ms();
            let Some(mut place) = self.running.take_host(&delivery.host, failures, now) else {
                continue;
            };
            // with the place taken nobody else sends it; before, somebody may have
            if !self.app.db.read(|conn| db::delivery::is_due(conn, delivery.id))? {
                continue;
            }
            let app = self.app.clone();
            let started = self.app.lanes.delivery.run(move || {
                place.ring_when_done();
                if let Err(error) = deliver::deliver(&app, delivery) {
                    tracing::error!(%error, "the outcome of a delivery could not be written");
                    // or it would be sent again and again
                    place.hold_until(app.clock.now_ms() + MINUTE);
                }
            });
            if started.is_err() {
                break;
            }
            any = true;
        }
        Ok(any)
    }
}
