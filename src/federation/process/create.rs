//! `Create`: a status of somebody whom we have to do with.
//! <https://www.w3.org/TR/activitypub/#create-activity-inbox>

use crate::activity::incoming::Activity;
use crate::activity::object::{Object, ObjectKind};
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::federation::resolve;
use crate::model::Account;
use crate::service::poll;
use crate::service::remote::{self, Arrival};

use super::{Context, Step, Stop};

pub(super) fn create(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let Some(value) = activity.object.embedded() else {
        return by_id(context, activity);
    };
    if ObjectKind::of(value).is_none() {
        return Err(Stop::Drop("this type of object is not shown here"));
    }
    let object = Object::parse_embedded(value)
        .map_err(|_| Stop::Drop("the object is not usable, or not of its actor's server"))?;
    if object.is_vote_like {
        return vote(context, activity, object);
    }
    store(context, activity, object)
}

/// Stores a status that the signer wrote (F-137). Recipients that stand on the activity alone
/// are the object's (F-164).
pub(super) fn store(context: &Context<'_>, activity: &Activity, mut object: Object) -> Step<()> {
    if object.to.is_empty() && object.cc.is_empty() {
        object.to.clone_from(&activity.to);
        object.cc.clone_from(&activity.cc);
    } else {
        // who may read it the object says alone; whom it reaches, both (F-126)
        object.also = activity.to.iter().chain(&activity.cc).cloned().collect();
    }
    if object.attributed_to != context.signer.uri {
        return Err(Stop::Drop("the object is not the actor's"));
    }
    if object.is_vote_like {
        return Err(Stop::Drop("a vote in no poll of ours"));
    }
    let author = context.signer.clone();
    let owner = context.owner;
    if !context.read(|conn| is_relevant(conn, &object, &author, owner))? {
        return Err(Stop::Drop("nobody here has to do with it"));
    }
    let incoming = resolve::read(context.app, object);
    let stored = context.write(move |tx| {
        // the author may have gone in the meantime
        let author = db::account::get(tx, author.id)?;
        let status = remote::store(tx, &incoming, &author, Arrival::Pushed { inbox_owner: owner })?;
        resolve::queue_parent(tx, &status, 0, 1)
    });
    match stored {
        Err(Stop::Failed(Error::Gone)) => Err(Stop::Drop("it was deleted before it came")),
        Err(Stop::Failed(Error::Forbidden(_))) => Err(Stop::Drop("it belongs to another author")),
        other => other,
    }
}

/// A vote in a poll of ours, or several at once (F-163, F-306).
fn vote(context: &Context<'_>, activity: &Activity, first: Object) -> Step<()> {
    let more = activity.more.iter().filter_map(|object| object.embedded());
    let more = more.filter_map(|value| Object::parse_embedded(value).ok());
    let votes: Vec<Object> = std::iter::once(first)
        .chain(more)
        .filter(|object| object.is_vote_like && object.attributed_to == context.signer.uri)
        .collect();
    let account = context.signer.clone();
    context.write(move |tx| {
        for vote in &votes {
            let (Some(poll), Some(name)) = (&vote.in_reply_to, &vote.name) else { continue };
            if let Some(status) = db::status::find_by_uri(tx, poll)? {
                poll::vote_in(tx, &account, status.id, name, &vote.id)?;
            }
        }
        Ok(())
    })
}

/// An id alone: fetched from its origin, which must be the actor's server (F-138).
fn by_id(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let Some(uri) = activity.object_id() else {
        return Err(Stop::Drop("it has no object"));
    };
    if !crate::activity::urls::same_host(uri, &context.signer.uri) {
        return Err(Stop::Drop("the object is on another server"));
    }
    // an id tells nothing of recipients: somebody here must want to hear of its actor
    let signer = context.signer.id;
    if context.owner.is_none()
        && !context.read(|conn| db::follow::has_local_follower(conn, signer))?
    {
        return Err(Stop::Drop("nobody here has to do with it"));
    }
    if !context.online {
        return Err(Stop::NeedsNetwork);
    }
    let reader = context.owner.unwrap_or(crate::model::INSTANCE_ACTOR);
    let value = crate::federation::fetch::document(context.app, uri, reader)?;
    let object = Object::parse(&value).map_err(|_| Stop::Drop("the object is not usable"))?;
    store(context, activity, object)
}

/// F-135: from somebody followed here, to somebody here, or in a conversation of theirs.
fn is_relevant(conn: &Conn, object: &Object, author: &Account, owner: Option<i64>) -> Result<bool> {
    if owner.is_some()
        || db::follow::has_local_follower(conn, author.id)?
        || db::status::find_by_uri(conn, &object.id)?.is_some()
    {
        return Ok(true);
    }
    for uri in object.recipients().take(200) {
        if db::account::find_by_uri(conn, uri)?.is_some_and(|a| a.is_local()) {
            return Ok(true);
        }
    }
    // it quotes one of ours
    if let Some(quoted) = &object.quote
        && db::status::find_by_uri_or_url(conn, quoted)?.is_some_and(|quoted| quoted.local)
    {
        return Ok(true);
    }
    let Some(parent) = &object.in_reply_to else { return Ok(false) };
    let Some(parent) = db::status::find_by_uri_or_url(conn, parent)? else { return Ok(false) };
    Ok(parent.local || db::follow::has_local_follower(conn, parent.account_id)?)
}
