//! `Undo` of a follow, favourite, boost, block or acceptance (F-160, F-173 to F-175).
//! <https://www.w3.org/TR/activitypub/#undo-activity-inbox>

use crate::activity::incoming::{Activity, Kind};
use crate::activity::{read, urls};
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{Account, Reaction, Status};
use crate::service::{reaction, relationship, remote};

use super::{Context, Step, Stop, UNDONE, undone_mark};

pub(super) fn undo(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let uri = activity.object_id().map(str::to_owned);
    let embedded = activity.object.embedded();
    // only one's own can be undone (S-030)
    if embedded.and_then(|v| read::id(v, "actor")).is_some_and(|a| a != context.signer.uri) {
        return Err(Stop::Drop("the activity is not the actor's"));
    }
    let from = context.signer.clone();
    let target = embedded.and_then(|value| read::id(value, "object"));
    let what = match embedded.map(Kind::of) {
        Some(Kind::Accept) => return undo_accept(context, activity),
        Some(Kind::Delete) => return undo_delete(context, activity),
        Some(Kind::Like | Kind::EmojiReact) => {
            super::undo_react::find(context, activity, uri.as_deref(), target.as_deref())?
        }
        kind => context.read(|conn| find(conn, &from, kind, uri.as_deref(), target.as_deref()))?,
    };
    context.write(move |tx| {
        match what {
            Some(Undone::Follow(target)) => relationship::receive_unfollow(tx, &from, &target)?,
            Some(Undone::Block(target)) => relationship::receive_unblock(tx, &from, &target)?,
            Some(Undone::Reblog(target)) => remote::unreblog(tx, &from, &target)?,
            Some(Undone::Favourite(status)) => {
                remote::unfavourite(tx, &from, status)?;
                reaction::receive_unlike(tx, &from, status)?;
            }
            Some(Undone::Reaction(done)) => reaction::receive_undo(tx, &from, &done)?,
            None => {}
        }
        // what comes late has no effect any more
        if let Some(uri) = uri.filter(|uri| urls::same_host(uri, &from.uri)) {
            db::seen::insert(tx, &undone_mark(&from.uri, &uri), tx.now() + UNDONE)?;
        }
        Ok(())
    })
}

pub(super) enum Undone {
    Follow(Account),
    Block(Account),
    Reblog(Status),
    Favourite(i64),
    Reaction(Reaction),
}

/// What is undone: by the type and object of the embedded activity, or by its id alone.
fn find(
    conn: &Conn,
    from: &Account,
    kind: Option<Kind>,
    uri: Option<&str>,
    target: Option<&str>,
) -> Result<Option<Undone>> {
    let account = |uri: Option<&str>| match uri {
        Some(uri) => Ok(db::account::find_by_uri(conn, uri)?.filter(|account| account.is_local())),
        None => Ok::<_, crate::error::Error>(None),
    };
    let status = |uri: Option<&str>| match uri {
        Some(uri) => db::status::find_by_uri_or_url(conn, uri),
        None => Ok(None),
    };
    Ok(match kind {
        Some(Kind::Follow) => account(target)?.map(Undone::Follow),
        Some(Kind::Block) => account(target)?.map(Undone::Block),
        Some(Kind::Announce) => status(target)?.map(Undone::Reblog),
        _ => match uri {
            Some(uri) => by_id(conn, from, uri)?,
            None => None,
        },
    })
}

fn by_id(conn: &Conn, from: &Account, uri: &str) -> Result<Option<Undone>> {
    if let Some(follow) = db::follow::find_by_uri(conn, uri)?
        && follow.account_id == from.id
    {
        return Ok(db::account::find(conn, follow.target_id)?.map(Undone::Follow));
    }
    if let Some(target) = db::moderation::find_block_by_uri(conn, from.id, uri)? {
        return Ok(db::account::find(conn, target)?.map(Undone::Block));
    }
    // a Like with content is both; the reaction knows of the favourite
    if let Some(done) = db::reaction::find_by_uri(conn, uri)?
        && done.account_id == from.id
    {
        return Ok(Some(Undone::Reaction(done)));
    }
    if let Some(favourite) = db::favourite::find_by_uri(conn, uri)?
        && favourite.account_id == from.id
    {
        return Ok(Some(Undone::Favourite(favourite.status_id)));
    }
    if let Some(boost) = db::status::find_by_uri(conn, uri)?
        && boost.account_id == from.id
        && let Some(of) = boost.reblog_of_id
    {
        return Ok(db::status::find(conn, of)?.map(Undone::Reblog));
    }
    Ok(None)
}

/// An author takes a deletion back (F-176).
fn undo_delete(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let uri = super::group::deleted(activity).ok_or(Stop::Drop("it has no object"))?;
    if !urls::same_host(&uri, &context.signer.uri) {
        return Err(Stop::Drop("the object is on another server"));
    }
    super::group::restore(context, &uri, None)
}

/// The followed actor takes its acceptance back: the follow ends (F-160).
fn undo_accept(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let Some(value) = activity.object.embedded() else {
        return Err(Stop::Drop("it has no object"));
    };
    let accept = Activity::parse_embedded(value.clone())
        .map_err(|_| Stop::Drop("the acceptance is not usable"))?;
    let follower = super::follow::follower(context, &accept)?;
    let from = context.signer.clone();
    context.write(move |tx| relationship::receive_reject(tx, &from, &follower))
}
