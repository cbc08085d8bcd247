//! `Follow` and its answers, and `Block` (F-151 to F-160, F-192).
//! <https://www.w3.org/TR/activitypub/#follow-activity-inbox>

use crate::activity::incoming::Activity;
use crate::activity::{incoming::Kind, read};
use crate::db;
use crate::model::Account;
use crate::service::relationship;

use super::{Context, Step, Stop, was_undone};

pub(super) fn follow(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let target = match activity.object_id() {
        Some(uri) => context.local(uri)?,
        None => None,
    };
    // a status, the public collection or the instance: nothing to follow (F-153, F-154)
    let Some(target) = target else {
        return Err(Stop::Drop("nobody here can be followed so"));
    };
    if was_undone(context, activity)? {
        return Err(Stop::Drop("it was undone before it came"));
    }
    let from = context.signer.clone();
    let uri = activity.id.clone().unwrap_or_else(|| {
        format!("{}#follow/{}", from.uri, activity.published_ms.unwrap_or_default())
    });
    context.write(move |tx| relationship::receive_follow(tx, &from, &target, &uri))
}

pub(super) fn accept(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let follower = follower(context, activity)?;
    let from = context.signer.clone();
    context.write(move |tx| relationship::receive_accept(tx, &from, &follower))
}

pub(super) fn reject(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let follower = follower(context, activity)?;
    let from = context.signer.clone();
    context.write(move |tx| relationship::receive_reject(tx, &from, &follower))
}

/// The local account whose follow of the signer is meant: by the id of our Follow, or by its
/// actor and object when the id came back changed (F-156). Only the followed actor may answer.
pub(super) fn follower(context: &Context<'_>, activity: &Activity) -> Step<Account> {
    if let Some(uri) = activity.object_id() {
        let found = context.read(|conn| {
            let Some(follow) = db::follow::find_by_uri(conn, uri)? else { return Ok(None) };
            let follower = db::account::find(conn, follow.account_id)?;
            Ok(follower.filter(|_| follow.target_id == context.signer.id))
        })?;
        if let Some(follower) = found.filter(Account::is_local) {
            return Ok(follower);
        }
    }
    let embedded = activity.object.embedded().filter(|value| Kind::of(value) == Kind::Follow);
    let parts = embedded.and_then(|v| Some((read::id(v, "actor")?, read::id(v, "object")?)));
    match parts {
        Some((actor, object)) if object == context.signer.uri => {
            context.local(&actor)?.ok_or(Stop::Drop("no follow of ours"))
        }
        _ => Err(Stop::Drop("no follow of ours")),
    }
}

pub(super) fn block(context: &Context<'_>, activity: &Activity) -> Step<()> {
    // a ban from a community or a server, not what one person wants of another (F-193)
    let place = activity.target.clone().or_else(|| read::id(&activity.raw, "audience"));
    if place.is_some_and(|place| !context.app.site.owns(&place)) {
        return Err(Stop::Drop("a ban from some place of another server"));
    }
    let target = match activity.object_id() {
        Some(uri) => context.local(uri)?,
        None => None,
    };
    let Some(target) = target else { return Err(Stop::Drop("nobody here is blocked by it")) };
    if was_undone(context, activity)? {
        return Err(Stop::Drop("it was undone before it came"));
    }
    let from = context.signer.clone();
    let uri = activity.id.clone();
    context.write(move |tx| relationship::receive_block(tx, &from, &target, uri.as_deref()))
}
