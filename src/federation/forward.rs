//! What arrives by another hand than its author's (F-147): inbox forwarding by those who host a
//! thread, moderators of other servers (F-171), and relays. All of it is a hint to look at the
//! origin, and only about what we have to do with.

use super::resolve;
use crate::activity::incoming::{Activity, Kind};
use crate::activity::object::{Object, ObjectKind};
use crate::activity::read;
use crate::app::App;
use crate::client::host_of;
use crate::clock::HOUR;
use crate::db::{self, Conn, Lane, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, INSTANCE_ACTOR, Job, JobKind, Status};
use crate::service;

use super::fetch;
use super::process::{Step, Stop};
use super::relay::Hint;

/// How many hints of one server lead to a fetch within an hour: it chooses the addresses.
const PER_HOUR: u32 = 300;
/// How many checks may wait for one server.
const CHECKS: i64 = 200;

/// What a stranger passed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Forwarded {
    /// It is about a thread of ours.
    Ours(Option<Hint>),
    /// It is none of our business.
    Strange,
}

/// What is to be done about an activity that another actor signed.
pub(super) fn take(app: &App, signer: &Account, activity: &Activity) -> Result<Forwarded> {
    let hint = app.db.read(|conn| match activity.kind {
        Kind::Create => reply(conn, activity),
        Kind::Update | Kind::Delete => changed(conn, activity),
        _ => Ok(None),
    })?;
    let Some(hint) = hint else { return Ok(Forwarded::Strange) };
    let allowed = hint.is_some() && may_ask(app, signer);
    Ok(Forwarded::Ours(hint.filter(|_| allowed)))
}

/// Whether one more fetch may be made because of what this account's server passed on.
pub(super) fn may_ask(app: &App, signer: &Account) -> bool {
    let host = host_of(&signer.uri).unwrap_or_default();
    let allowed = app.forwards.count(&host, HOUR) <= PER_HOUR;
    if !allowed {
        tracing::debug!(%host, "this server passes too much on");
    }
    allowed
}

/// A reply to one of ours, or below one. The inner `None`: it is here already.
fn reply(conn: &Conn, activity: &Activity) -> Result<Option<Option<Hint>>> {
    let Some(object) = activity.object.embedded().and_then(|v| Object::parse_embedded(v).ok())
    else {
        return Ok(None);
    };
    let Some(parent) = &object.in_reply_to else { return Ok(None) };
    let Some(parent) = db::status::find_by_uri_or_url(conn, parent)? else { return Ok(None) };
    if !is_ours(conn, &parent)? {
        return Ok(None);
    }
    let known = db::status::find_by_uri(conn, &object.id)?.is_some();
    Ok(Some((!known).then(|| Hint::Reply { uri: object.id.clone() })))
}

/// The reply that somebody's collection of a conversation took in, if it belongs to a thread of
/// ours and is not here yet (F-198).
pub(super) fn taken_in(app: &App, signer: &Account, inner: &Activity) -> Result<Option<String>> {
    let Kind::Create = inner.kind else { return Ok(None) };
    let hint = app.db.read(|conn| reply(conn, inner))?.flatten();
    Ok(match hint {
        Some(Hint::Reply { uri }) if !app.site.owns(&uri) && may_ask(app, signer) => Some(uri),
        _ => None,
    })
}

/// An edit or the end of a status that we hold, in a thread of ours.
fn changed(conn: &Conn, activity: &Activity) -> Result<Option<Option<Hint>>> {
    let Some(uri) = activity.object_id() else { return Ok(None) };
    let Some(status) = db::status::find_by_uri(conn, uri)? else { return Ok(None) };
    if !is_ours(conn, &status)? {
        return Ok(None);
    }
    // of our own we know best
    Ok(Some((!status.local).then(|| Hint::Check { uri: uri.to_owned() })))
}

fn is_ours(conn: &Conn, status: &Status) -> Result<bool> {
    Ok(status.local || db::status::thread_has_local(conn, status.thread_id)?)
}

/// Queues a look at the origin, in the lane of fetches from there, unless one waits already.
pub(super) fn queue_check(tx: &Tx<'_>, uri: &str) -> Result<()> {
    let Some(host) = host_of(uri) else { return Ok(()) };
    let lane = format!("fetch {host}");
    let waits = db::job::waits_with(tx, JobKind::CheckOrigin, &lane, uri.as_bytes())?;
    if waits || db::job::count_lane(tx, &lane, CHECKS)? >= CHECKS {
        return Ok(());
    }
    db::job::insert(tx, JobKind::CheckOrigin, &lane, uri.as_bytes())?;
    Ok(())
}

/// Looks what became of a status or account: it is changed or removed here as its origin says,
/// and only then (F-147, F-171).
pub fn check(app: &App, job: &Job) -> Step<bool> {
    let uri = String::from_utf8_lossy(&job.payload).into_owned();
    let status = app.db.read(|conn| {
        let Some(status) = db::status::find_by_uri(conn, &uri)? else { return Ok(None) };
        Ok(db::account::find(conn, status.account_id)?.map(|author| (status, author)))
    })?;
    let Some((status, author)) = status else { return check_account(app, job.id, &uri) };
    if status.local || status.reblog_of_id.is_some() {
        return Err(Stop::Drop("its origin is here"));
    }
    let id = job.id;
    let incoming = match fetch::document(app, &uri, INSTANCE_ACTOR) {
        Ok(value) if read::has_type(&value, "Tombstone") => None,
        Ok(value) if ObjectKind::of(&value).is_some() => {
            let object =
                Object::parse(&value).map_err(|_| Stop::Drop("the object is not usable"))?;
            if object.attributed_to != author.uri || object.id != uri {
                return Err(Stop::Drop("the object has another author"));
            }
            Some(resolve::read(app, object))
        }
        Ok(_) => return Err(Stop::Drop("it is no status")),
        Err(Error::Gone) => None,
        // what is not for everybody is not for the one who asks: absence proves nothing
        Err(Error::NotFound) if !status.visibility.is_open() => {
            return Err(Stop::Drop("it may be there for others"));
        }
        Err(Error::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let effect = app.db.write(Lane::Background, move |tx| {
        match &incoming {
            Some(incoming) => service::remote::edit(tx, incoming, &author)?,
            None => service::remote::delete(tx, &author, &uri)?,
        }
        db::job::remove(tx, id)
    });
    effect.wait()?;
    Ok(true)
}

/// An account goes when its origin says that it is gone; that it is not shown may pass.
fn check_account(app: &App, job: i64, uri: &str) -> Step<bool> {
    let account = app.db.read(|conn| db::account::find_by_uri(conn, uri))?;
    let Some(account) = account.filter(|account| !account.is_local()) else {
        return Err(Stop::Drop("it is not here"));
    };
    match fetch::document(app, uri, INSTANCE_ACTOR) {
        Ok(value) if read::has_type(&value, "Tombstone") => {}
        Err(Error::Gone) => {}
        Ok(_) | Err(Error::NotFound) => return Err(Stop::Drop("its origin did not remove it")),
        Err(error) => return Err(error.into()),
    }
    let effect = app.db.write(Lane::Background, move |tx| {
        service::leaving::delete_remote(tx, &account)?;
        db::job::remove(tx, job)
    });
    effect.wait()?;
    Ok(true)
}
