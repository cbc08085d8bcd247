//! Durable jobs: which are started where, and what becomes of them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::app::App;
use crate::clock::MINUTE;
use crate::db::{self, Lane};
use crate::error::{Error, Result, guarded};
use crate::federation::process::{self, Stop};
use crate::federation::quote;
use crate::federation::relay;
use crate::federation::resolve;
use crate::federation::{budget, gone_inbox, interaction};
use crate::federation::{forward, mentions};
use crate::model::{Job, JobKind};
use crate::service;
use crate::service::account::Removal;

use super::running::{Place, Running};
use super::{
    archive, backfill, cards, emojis, import, letters, lists, moving, objects, profiles, push,
    scheduled, uploads,
};

/// How many due rows one look takes.
const LOOK: i64 = 500;
/// How many jobs one round runs at the least, if there are so many; deliveries come in between.
const ROUND: usize = 50;
/// Threads that work off a round beside the worker's own, and their stacks.
const HELPERS: usize = 7;
const STACK: usize = 512 * 1024;
/// How many of one lane come after each other before the next lane has its turn. One of an import
/// is many lines and comes alone.
const BURST: usize = 10;
/// A job is tried so often (F-145), and one that makes the program panic so often (S-136).
const TRIES: i64 = 5;
const TRIES_OF_POISON: i64 = 3;
/// The pause between two slices of an account's removal, and while its deliveries wait.
const NEXT_SLICE: i64 = 200;
const NEXT_LOOK: i64 = 10 * MINUTE;

/// Starts what is due; true when there is more that could be started at once.
pub(super) fn start(app: &App, running: &Arc<Running>) -> Result<bool> {
    let cannot_start = |kind: &JobKind| {
        is_crowded(app, *kind) || (fetches(*kind) && !running.has_room(is_patient(*kind)))
    };
    let crowded: Vec<JobKind> = JobKind::ALL.iter().copied().filter(cannot_start).collect();
    let stuck = running.stuck();
    let due = app.db.read(|conn| db::job::list_due(conn, LOOK, &crowded, &stuck))?;
    let round = Round { app, running, ran: AtomicUsize::new(0), due: Mutex::new(due.into()) };
    round.run()?;
    // what ran here made room for the next of its lane
    Ok(round.ran.into_inner() > 0)
}

/// One look's worth of jobs, worked off by a few threads: what they write at the same time is one
/// commit, and a commit is the dearest part of a small job.
struct Round<'a> {
    app: &'a App,
    running: &'a Arc<Running>,
    ran: AtomicUsize,
    due: Mutex<VecDeque<(i64, JobKind, String)>>,
}

impl Round<'_> {
    fn run(&self) -> Result<()> {
        let helpers = self.due.lock().map_or(0, |due| due.len()).saturating_sub(1).min(HELPERS);
        std::thread::scope(|scope| {
            let helpers: Vec<_> = (0..helpers)
                .map_while(|_| {
                    let builder = std::thread::Builder::new().name("worker".into());
                    builder.stack_size(STACK).spawn_scoped(scope, || self.drain()).ok()
                })
                .collect();
            let own = self.drain();
            helpers.into_iter().fold(own, |result, helper| {
                result.and(helper.join().unwrap_or_else(|_| Err(Error::panicked())))
            })
        })
    }

    fn drain(&self) -> Result<()> {
        loop {
            let next = self.due.lock().ok().and_then(|mut due| due.pop_front());
            let Some((id, kind, lane)) = next else { return Ok(()) };
            self.burst(id, kind, &lane)?;
        }
    }

    /// A job, and a few more of the same server, without looking through all others again.
    fn burst(&self, id: i64, kind: JobKind, lane: &str) -> Result<()> {
        let (app, mut next) = (self.app, Some((id, kind)));
        for _ in 0..BURST {
            let Some((id, kind)) = next.take() else { break };
            if self.ran.load(Ordering::Relaxed) >= ROUND || app.wake.is_closed() {
                break;
            }
            let fetches = fetches(kind);
            if is_crowded(app, kind) {
                break;
            }
            let now = app.clock.now_ms();
            // what several relays name on one server is asked for one after the other
            let key = db::relay::host_of_lane(lane).map(|host| format!("relay {host}"));
            let key = key.as_deref().unwrap_or(lane);
            let place = self.running.take_lane(id, key, fetches, is_patient(kind), now);
            let Some(place) = place else { break };
            // between the list and its turn it may have been done
            let Some(job) = app.db.read(|conn| db::job::find_due(conn, id))? else { break };
            if run(app, job, place)? {
                self.ran.fetch_add(1, Ordering::Relaxed);
                if kind != JobKind::Import {
                    next = app.db.read(|conn| db::job::next_of_lane(conn, lane))?;
                }
            }
        }
        Ok(())
    }
}

/// Whether the lane that this kind runs on has no room. Nobody rings when what others do there
/// ends, so it is looked at again.
pub(super) fn is_crowded(app: &App, kind: JobKind) -> bool {
    match kind {
        JobKind::FetchCard => cards::is_crowded(app),
        JobKind::Push => app.lanes.push.free() == 0,
        _ => false,
    }
}

/// What nobody waits for.
fn is_patient(kind: JobKind) -> bool {
    matches!(
        kind,
        JobKind::CheckLink
            | JobKind::FetchFeaturedTags
            | JobKind::Import
            | JobKind::FindMentions
            | JobKind::RelayFetch
            | JobKind::CheckOrigin
            | JobKind::RefreshAccount
            | JobKind::FetchProfile
            | JobKind::FetchThread
            | JobKind::ConfirmGone
            | JobKind::RefreshDomainList
            | JobKind::Letter
    )
}

/// What surely uses the network; the rest is tried without it first.
fn fetches(kind: JobKind) -> bool {
    matches!(
        kind,
        JobKind::FetchStatus
            | JobKind::CheckLink
            | JobKind::CheckMove
            | JobKind::FetchFeaturedTags
            | JobKind::FindMentions
            | JobKind::RelayFetch
            | JobKind::CheckOrigin
            | JobKind::RefreshAccount
            | JobKind::FetchProfile
            | JobKind::FetchThread
            | JobKind::ConfirmGone
            | JobKind::RefreshDomainList
            | JobKind::Letter
    )
}

/// Runs a job here if it needs no network, else hands it to the resolve lane. True when it was
/// done here.
fn run(app: &App, job: Job, mut place: Place) -> Result<bool> {
    if matches!(job.kind, JobKind::ProcessUpload | JobKind::EmojiStills) {
        return uploads::start(app, job, place);
    }
    let beside = match job.kind {
        JobKind::MakeSmall => Some(uploads::start_small as fn(&App, Job, Place)),
        JobKind::SweepObjects => Some(objects::start as _),
        JobKind::FetchCard => Some(cards::start as _),
        JobKind::BringIn | JobKind::TakeBack | JobKind::CopyAccount => Some(archive::start as _),
        _ => None,
    };
    if let Some(start) = beside {
        start(app, job, place);
        return Ok(false);
    }
    let pushes = job.kind == JobKind::Push;
    if !pushes && !place.is_online() {
        let result = guarded(|| work(app, &job, false));
        if !matches!(result, Err(Stop::NeedsNetwork)) {
            finish(app, &job, result)?;
            return Ok(true);
        }
        if !place.go_online() {
            return Ok(false);
        }
    }
    let this = app.clone();
    let lane = if pushes { &app.lanes.push } else { &app.lanes.resolve };
    let started = lane.run(move || {
        place.ring_when_done();
        // what one activity or one look gives rise to is bounded (S-020)
        let result = guarded(|| budget::within(budget::FETCHES, || work(&this, &job, true)));
        if matches!(&result, Err(Stop::Failed(_))) && this.wake.is_closed() {
            // cut off by the end of the program: it stays due, and that was no try
            return;
        }
        if let Err(error) = finish(&this, &job, result) {
            tracing::error!(%error, "the outcome of a job could not be written");
            place.hold_until(this.clock.now_ms() + MINUTE);
        }
    });
    if started.is_err() {
        tracing::debug!("the lane of a job is full");
    }
    Ok(false)
}

/// Does a job; true when its row is gone already, or was given a new time.
fn work(app: &App, job: &Job, online: bool) -> process::Step<bool> {
    match job.kind {
        JobKind::Inbox => process::run(app, job, online),
        JobKind::FetchStatus => {
            let (uri, depth): (String, u32) =
                serde_json::from_slice(&job.payload).map_err(Error::internal)?;
            resolve::status(app, &uri, depth)?;
            Ok(false)
        }
        JobKind::RemoveAccount => {
            let account = String::from_utf8_lossy(&job.payload);
            let account = crate::id::parse(&account).ok_or(Stop::Drop("no account"))?;
            let id = job.id;
            let slice = app.db.write(Lane::Background, move |tx| {
                let pause = match service::leaving::remove_slice(tx, account)? {
                    Removal::Done => return Ok(false),
                    Removal::More => NEXT_SLICE,
                    Removal::Waits => NEXT_LOOK,
                };
                db::job::again(tx, id, tx.now() + pause)?;
                Ok(true)
            });
            Ok(slice.wait()?)
        }
        JobKind::PollTally | JobKind::PollEnd => poll(app, job),
        JobKind::ProcessUpload => uploads::process(app, job),
        JobKind::EmojiStills => emojis::make_still(app, job),
        JobKind::SweepMedia => uploads::sweep(app, job),
        JobKind::MakeSmall => Err(Stop::Drop("it has a lane of its own")),
        JobKind::PublishScheduled => scheduled::publish(app, job, online),
        JobKind::VerifyQuote => quote::verify(app, job, online),
        JobKind::VerifyApproval => interaction::verify(app, job, online),
        JobKind::FetchCard
        | JobKind::SweepObjects
        | JobKind::BringIn
        | JobKind::TakeBack
        | JobKind::CopyAccount => Err(Stop::Drop("it has a lane of its own")),
        JobKind::CheckLink | JobKind::CheckMove | JobKind::FetchFeaturedTags => {
            profiles::work(app, job, online)
        }
        JobKind::Push => push::deliver(app, job),
        JobKind::Letter => letters::send(app, job),
        JobKind::RefreshAccount | JobKind::FetchProfile | JobKind::FetchThread => {
            backfill::work(app, job, online)
        }
        JobKind::Import => import::run(app, job, online),
        JobKind::ImportClear => import::clear(app, job),
        JobKind::HideDomain => {
            let (account, domain): (i64, String) =
                serde_json::from_slice(&job.payload).map_err(Error::internal)?;
            let id = job.id;
            let slice = app.db.write(Lane::Background, move |tx| {
                if service::hidden_domain::clear_slice(tx, account, &domain)? {
                    return db::job::again(tx, id, tx.now());
                }
                db::job::remove(tx, id)
            });
            slice.wait()?;
            Ok(true)
        }
        JobKind::DomainLimits => domain_limits(app, job),
        JobKind::FindMentions => mentions::find(app, job, online),
        JobKind::RelayFetch => relay::fetch_named(app, job),
        JobKind::CheckOrigin => forward::check(app, job),
        JobKind::MoveFollowers
        | JobKind::TellProfile
        | JobKind::TellDeletion
        | JobKind::SyncFollowers => moving::work(app, job, online),
        JobKind::ConfirmGone => gone_inbox::confirm(app, job, online),
        JobKind::RefreshDomainList => lists::refresh(app, job, online),
        JobKind::PurgeAccount => {
            let account = String::from_utf8_lossy(&job.payload);
            let account = crate::id::parse(&account).ok_or(Stop::Drop("no account"))?;
            let id = job.id;
            let slice = app.db.write(Lane::Background, move |tx| {
                if service::moderation::purge_slice(tx, account)? == Removal::Done {
                    return Ok(false);
                }
                db::job::again(tx, id, tx.now() + NEXT_SLICE)?;
                Ok(true)
            });
            Ok(slice.wait()?)
        }
    }
}

/// One slice of what a block does to the accounts of a domain; the next one is a job of its own,
/// so that the place where it goes on is kept with it.
fn domain_limits(app: &App, job: &Job) -> process::Step<bool> {
    let (domain, after): (String, i64) =
        serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let id = job.id;
    let slice = app.db.write(Lane::Background, move |tx| {
        let (removal, last) = service::domain::limit_slice(tx, &domain, after)?;
        if removal == Removal::More {
            let payload = serde_json::to_vec(&(&domain, last)).map_err(Error::internal)?;
            let due = tx.now() + NEXT_SLICE / 4;
            db::job::insert_at(tx, JobKind::DomainLimits, "", &payload, due)?;
        }
        db::job::remove(tx, id)
    });
    slice.wait()?;
    Ok(true)
}

/// Tells tallies, or ends a poll; the job goes with the effect, or waits for a later end.
fn poll(app: &App, job: &Job) -> process::Step<bool> {
    let status = crate::id::parse(&String::from_utf8_lossy(&job.payload));
    let status = status.ok_or(Stop::Drop("no poll"))?;
    let (id, ends, site) = (job.id, job.kind == JobKind::PollEnd, app.site.clone());
    let effect = app.db.write(Lane::Background, move |tx| {
        let later = if ends {
            service::poll::end(tx, &site, status)?
        } else {
            service::poll::tell(tx, &site, status)?;
            None
        };
        match later {
            Some(due) => db::job::again(tx, id, due),
            None => db::job::remove(tx, id),
        }
    });
    effect.wait()?;
    Ok(true)
}

/// Whether what failed may go well another time. A fault of ours may pass as well: a full disk, a
/// failed commit.
fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Remote(_) | Error::Unavailable { .. } | Error::Internal(_))
}

/// Whether a job that failed so, after so many vain tries, has another one.
pub(super) fn is_tried_again(error: &Error, attempts: i64) -> bool {
    let tries = if error.is_panic() { TRIES_OF_POISON } else { TRIES };
    may_pass(error) && attempts + 1 < tries
}

/// Writes down what came of a job.
pub(super) fn finish(app: &App, job: &Job, result: process::Step<bool>) -> Result<()> {
    let (id, attempts) = (job.id, job.attempts);
    let written = match result {
        Ok(true) | Err(Stop::NeedsNetwork) => return Ok(()),
        Ok(false) => app.db.write(Lane::Background, move |tx| db::job::remove(tx, id)),
        Err(Stop::Drop(reason)) => {
            tracing::debug!(job = id, reason, "an activity had no effect");
            app.db.write(Lane::Background, move |tx| db::job::remove(tx, id))
        }
        Err(Stop::Failed(error)) => {
            let text = error.to_string();
            if is_tried_again(&error, attempts) {
                app.db.write(Lane::Background, move |tx| {
                    let pause = MINUTE * 5_i64.pow(u32::try_from(attempts).unwrap_or(0).min(5));
                    db::job::postpone(tx, id, tx.now() + pause, &text)
                })
            } else if may_pass(&error) {
                tracing::warn!(job = id, %error, "a job is given up");
                app.db.write(Lane::Background, move |tx| db::job::bury(tx, id, &text))
            } else {
                // refused on its merits (gone, not found, malformed): no use in keeping it
                tracing::debug!(job = id, %error, "a job had no effect");
                app.db.write(Lane::Background, move |tx| db::job::remove(tx, id))
            }
        }
    };
    written.wait()
}
