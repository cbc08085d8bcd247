//! What accepted activities do, one file a group of types. Each is first tried without the
//! network; where something is missing it is run again on the resolve lane, which may fetch.

mod announce;
mod create;
mod delete;
mod flag;
mod follow;
mod group;
mod interaction;
mod like;
mod moving;
mod pin;
mod quote;
mod react;
mod relay;
mod undo;
mod undo_react;
mod update;

use std::cell::Cell;

use crate::activity::incoming::{Activity, Kind};
use crate::activity::json;
use crate::app::App;
use crate::clock::HOUR;
use crate::crypto::short_hash16;
use crate::db::{self, Conn, Lane, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, InteractionKind, Job, Status};
use crate::service::backfill;

use super::resolve;

/// How long an Undo or Delete that came first is remembered (F-133).
const UNDONE: i64 = 24 * HOUR;

/// An activity as it waits in the job queue.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The account whose signature was verified; it is the actor.
    pub signer: i64,
    /// Whose personal inbox it came to.
    pub owner: Option<i64>,
    /// It was processed before; only its recipients may be new.
    pub merge: bool,
    pub body: String,
}

impl Accepted {
    /// One line of JSON, then the body as it is.
    pub fn to_payload(&self) -> Result<Vec<u8>> {
        let head = (self.signer, self.owner, self.merge);
        let mut payload = serde_json::to_vec(&head).map_err(Error::internal)?;
        payload.push(b'\n');
        payload.extend_from_slice(self.body.as_bytes());
        Ok(payload)
    }

    /// Reads [`Accepted::to_payload`].
    pub fn from_payload(payload: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(payload).map_err(Error::internal)?;
        let (head, body) =
            text.split_once('\n').ok_or_else(|| Error::internal("a job without a head"))?;
        let (signer, owner, merge) = serde_json::from_str(head).map_err(Error::internal)?;
        Ok(Self { signer, owner, merge, body: body.to_owned() })
    }
}

/// Why an activity had no effect, or has none yet.
#[derive(Debug)]
pub enum Stop {
    /// Something is missing and this try may not fetch.
    NeedsNetwork,
    /// It is none of our business; the reason is for the log.
    Drop(&'static str),
    /// It went wrong.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Result with [`Stop`].
pub type Step<T> = std::result::Result<T, Stop>;

/// One activity on its way.
pub struct Context<'a> {
    pub app: &'a App,
    /// Whether missing things may be fetched.
    pub online: bool,
    /// The verified actor.
    pub signer: Account,
    pub owner: Option<i64>,
    pub merge: bool,
    /// The row it waits in.
    job: i64,
    /// The row went with the effect.
    done: Cell<bool>,
}

impl Context<'_> {
    fn read<T>(&self, f: impl FnOnce(&Conn) -> Result<T>) -> Step<T> {
        Ok(self.app.db.read(f)?)
    }

    /// Has the effect and removes the job in one transaction: neither is ever without the other.
    fn write<T, F>(&self, f: F) -> Step<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let job = self.job;
        let effect = self.app.db.write(Lane::Background, move |tx| {
            let value = f(tx)?;
            db::job::remove(tx, job)?;
            Ok(value)
        });
        let value = effect.wait()?;
        self.done.set(true);
        Ok(value)
    }

    /// A status by its URI, fetched if it is not here.
    fn status(&self, uri: &str) -> Step<Status> {
        if let Some(status) = self.read(|conn| db::status::find_by_uri_or_url(conn, uri))? {
            return Ok(status);
        }
        if self.app.site.owns(uri) {
            return Err(Stop::Drop("names a status of ours that does not exist"));
        }
        if !self.online {
            return Err(Stop::NeedsNetwork);
        }
        Ok(resolve::status(self.app, uri, 0)?)
    }

    /// The local account under this actor URI; never the instance actor.
    fn local(&self, uri: &str) -> Step<Option<Account>> {
        let account = self.read(|conn| db::account::find_by_uri(conn, uri))?;
        Ok(account.filter(|account| {
            account.is_local()
                && account.id != crate::model::INSTANCE_ACTOR
                && account.suspended_at.is_none()
        }))
    }
}

/// Runs an accepted activity; true when its job went with the effect.
pub fn run(app: &App, job: &Job, online: bool) -> Step<bool> {
    let accepted = Accepted::from_payload(&job.payload)?;
    let activity = Activity::parse(json::parse(accepted.body.as_bytes())?)?;
    let signer = app.db.read(|conn| db::account::find(conn, accepted.signer))?;
    let Some(signer) = signer else { return Err(Stop::Drop("its actor is gone")) };
    if signer.suspended_at.is_some()
        && !matches!(activity.kind, Kind::Delete | Kind::Undo | Kind::Update | Kind::Reject)
    {
        return Err(Stop::Drop("its actor is suspended"));
    }
    // what is known of it is from another day: read it anew, beside this (F-055)
    if !online && app.db.read(|conn| backfill::is_actor_due(conn, &signer))? {
        let signer = signer.clone();
        drop(app.db.write(Lane::Background, move |tx| backfill::want_actor(tx, &signer)));
    }
    let context = Context {
        app,
        online,
        signer,
        owner: accepted.owner,
        merge: accepted.merge,
        job: job.id,
        done: Cell::new(false),
    };
    if context.merge && activity.kind != Kind::Create {
        return Err(Stop::Drop("was processed before"));
    }
    let effect = match activity.kind {
        Kind::Create => create::create(&context, &activity),
        Kind::Update => update::update(&context, &activity),
        Kind::Delete => delete::delete(&context, &activity),
        Kind::Follow if relay::follow_back(&context, &activity)? => Ok(()),
        Kind::Follow => follow::follow(&context, &activity),
        Kind::Accept | Kind::Reject if quote::answer(&context, &activity)? => Ok(()),
        Kind::Accept | Kind::Reject if relay::answer(&context, &activity)? => Ok(()),
        Kind::Accept | Kind::Reject if interaction::answer(&context, &activity)? => Ok(()),
        Kind::Accept => follow::accept(&context, &activity),
        Kind::Reject => follow::reject(&context, &activity),
        Kind::Block => follow::block(&context, &activity),
        Kind::Undo if relay::unfollow(&context, &activity)? => Ok(()),
        Kind::Undo => undo::undo(&context, &activity),
        Kind::Announce => announce::announce(&context, &activity),
        Kind::Add => pin::add(&context, &activity),
        Kind::Remove => pin::remove(&context, &activity),
        Kind::Like => like::like(&context, &activity),
        Kind::EmojiReact => react::react(&context, &activity),
        Kind::QuoteRequest => quote::request(&context, &activity),
        Kind::LikeRequest => interaction::request(&context, &activity, InteractionKind::Favourite),
        Kind::ReplyRequest => interaction::request(&context, &activity, InteractionKind::Reply),
        Kind::AnnounceRequest => interaction::request(&context, &activity, InteractionKind::Reblog),
        Kind::FeatureRequest => interaction::refuse(&context, &activity),
        Kind::Flag => flag::flag(&context, &activity),
        Kind::Move => moving::moves(&context, &activity),
        _ => Err(Stop::Drop("this type of activity has no effect here")),
    };
    effect.map(|()| context.done.get())
}

/// The mark that an Undo leaves for an activity of the same actor which has not come yet.
fn undone_mark(actor: &str, activity_id: &str) -> [u8; 16] {
    short_hash16(format!("undone {actor} {activity_id}").as_bytes())
}

/// Whether the activity was undone before it came (F-133).
fn was_undone(context: &Context<'_>, activity: &Activity) -> Step<bool> {
    match &activity.id {
        Some(id) => {
            let mark = undone_mark(&context.signer.uri, id);
            context.read(|conn| db::seen::contains(conn, &mark))
        }
        None => Ok(false),
    }
}
