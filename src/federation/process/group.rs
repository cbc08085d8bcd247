//! What groups pass on: Lemmy, PieFed, Mbin, NodeBB and WordPress announce the activities of their
//! members, not their statuses (F-187, FEP-1b12). None of it is believed: what is in there is read
//! from its own server. <https://codeberg.org/fediverse/fep/src/branch/main/fep/1b12/fep-1b12.md>

use serde_json::Value;

use crate::activity::incoming::{Activity, Kind};
use crate::activity::object::{Object, ObjectKind};
use crate::activity::{self, actor, read};
use crate::clock::DAY;
use crate::db;
use crate::error::Error;
use crate::federation::{fetch, resolve};
use crate::model::{INSTANCE_ACTOR, Status};
use crate::service::interaction_in;
use crate::service::remote::{self, Arrival, Incoming};

use super::{Context, Step, Stop};

/// Whether the object of an Announce is an activity rather than something to be shown.
pub(super) fn passes_on(value: &Value) -> bool {
    ObjectKind::of(value).is_none() && value.get("actor").is_some() && value.get("object").is_some()
}

/// Takes what a group passes on: new things, changes and deletions. Votes, locks and what its
/// moderators do among themselves have no effect here.
pub(super) fn unwrap(context: &Context<'_>, outer: &Activity) -> Step<()> {
    let inner = outer.object.embedded().cloned().unwrap_or_default();
    let inner = Activity::parse_embedded(inner)
        .map_err(|_| Stop::Drop("what the group passes on is not usable"))?;
    let acts = matches!(inner.kind, Kind::Create | Kind::Update | Kind::Delete | Kind::Undo);
    let signer = context.signer.id;
    if !acts {
        return Err(Stop::Drop("what the group passes on has no effect here"));
    }
    if !context.read(|conn| db::follow::has_local_follower(conn, signer))? {
        return Err(Stop::Drop("nobody here follows the group"));
    }
    let uri = match inner.kind {
        Kind::Undo => deleted(&inner),
        _ => inner.object_id().map(str::to_owned),
    };
    let uri = uri.ok_or(Stop::Drop("what the group passes on names nothing"))?;
    let known = context.read(|conn| db::status::find_by_uri(conn, &uri))?;
    match (inner.kind.clone(), known) {
        (Kind::Delete, Some(status)) => check_deleted(context, status),
        (Kind::Delete, None) => Err(Stop::Drop("was never here")),
        (Kind::Undo, None) => restore(context, &uri, Some(outer)),
        (Kind::Undo, Some(_)) => Err(Stop::Drop("is still here")),
        (Kind::Update, Some(status)) => refetch(context, status),
        (Kind::Create, Some(status)) if is_reply(&status) => Err(Stop::Drop("is here already")),
        (_, Some(status)) => boost(context, outer, Target::Known(Box::new(status))),
        (kind, None) => bring(context, outer, &inner, &uri, kind == Kind::Update),
    }
}

/// What an Undo(Delete) brings back.
pub(super) fn deleted(undo: &Activity) -> Option<String> {
    let delete = undo.object.embedded().filter(|value| Kind::of(value) == Kind::Delete)?;
    read::id(delete, "object")
}

fn is_reply(status: &Status) -> bool {
    status.in_reply_to_id.is_some() || status.in_reply_to_uri.is_some()
}

/// Something that is not here yet, from its own server. Answers stay in their thread, if that is
/// here: a group passes on every comment, which is no news for those who follow it.
fn bring(
    context: &Context<'_>,
    outer: &Activity,
    inner: &Activity,
    uri: &str,
    changed: bool,
) -> Step<()> {
    if context.app.site.owns(uri) {
        return Err(Stop::Drop("names a status of ours that does not exist"));
    }
    // the copy that came along is a hint: good enough not to ask for what is not wanted
    let hint = inner.object.embedded().and_then(|value| read::id(value, "inReplyTo"));
    if let Some(parent) = &hint {
        has_thread(context, parent)?;
    }
    if !context.online {
        return Err(Stop::NeedsNetwork);
    }
    let object = fetched(context, uri)?;
    if changed
        && object.published_or(context.app.clock.now_ms()) <= context.app.clock.now_ms() - DAY
    {
        return Err(Stop::Drop("an old status that is not here"));
    }
    if let Some(parent) = &object.in_reply_to {
        has_thread(context, parent)?;
        let author = resolve::actor(context.app, &object.attributed_to)?;
        let incoming = resolve::read(context.app, object);
        return context.write(move |tx| {
            let author = db::account::get(tx, author.id)?;
            remote::store(tx, &incoming, &author, Arrival::Fetched).map(drop)
        });
    }
    let author = resolve::actor(context.app, &object.attributed_to)?.id;
    let incoming = Box::new(resolve::read(context.app, object));
    boost(context, outer, Target::New { incoming, author })
}

fn has_thread(context: &Context<'_>, parent: &str) -> Step<()> {
    match context.read(|conn| db::status::find_by_uri_or_url(conn, parent))? {
        Some(_) => Ok(()),
        None => Err(Stop::Drop("an answer to something that is not here")),
    }
}

/// The object at its own address.
fn fetched(context: &Context<'_>, uri: &str) -> Step<Object> {
    let value = fetch::document(context.app, uri, INSTANCE_ACTOR)?;
    if ObjectKind::of(&value).is_none() {
        return Err(Stop::Drop("this type of object is not shown here"));
    }
    Object::parse(&value).map_err(|_| Stop::Drop("the object is not usable"))
}

/// What a group boosts.
enum Target {
    Known(Box<Status>),
    New { incoming: Box<Incoming>, author: i64 },
}

/// The group's boost of it, in one transaction with what it boosts.
fn boost(context: &Context<'_>, outer: &Activity, target: Target) -> Step<()> {
    let from = context.signer.clone();
    let visibility = activity::visibility(&outer.to, &outer.cc, from.followers_uri.as_deref());
    let published = outer.published_ms.unwrap_or(context.app.clock.now_ms());
    // the wrapper has an id of its own; the inner one is its author's
    let about = match &target {
        Target::Known(status) => &status.uri,
        Target::New { incoming, .. } => &incoming.id,
    };
    let nameless = || super::announce::nameless(&from.uri, published, about);
    let uri = outer.id.clone().unwrap_or_else(nameless);
    context.write(move |tx| {
        let status = match target {
            Target::Known(status) => match db::status::find(tx, status.id)? {
                Some(status) => status,
                None => return Ok(()),
            },
            Target::New { incoming, author } => {
                let author = db::account::get(tx, author)?;
                remote::store(tx, &incoming, &author, Arrival::Fetched)?
            }
        };
        interaction_in::pass_on(tx, &from, &status, &uri, published, visibility)
    })
}

/// A newer version, read from its own server (F-187).
fn refetch(context: &Context<'_>, status: Status) -> Step<()> {
    if status.local {
        return Err(Stop::Drop("only we change a status of ours"));
    }
    if !context.online {
        return Err(Stop::NeedsNetwork);
    }
    let object = fetched(context, &status.uri)?;
    let incoming = resolve::read(context.app, object);
    context.write(move |tx| {
        let author = db::account::get(tx, status.account_id)?;
        remote::edit(tx, &incoming, &author)
    })
}

/// A deletion by somebody else than the author counts when the origin has it no more (F-171).
fn check_deleted(context: &Context<'_>, status: Status) -> Step<()> {
    if status.local {
        return Err(Stop::Drop("only we delete a status of ours"));
    }
    // what is not for everybody is not for the one who asks either: absence proves nothing
    if !status.visibility.is_open() {
        return Err(Stop::Drop("no group deletes what is not open"));
    }
    if !context.online {
        return Err(Stop::NeedsNetwork);
    }
    let gone = match fetch::document(context.app, &status.uri, INSTANCE_ACTOR) {
        Ok(value) => read::has_type(&value, "Tombstone"),
        Err(Error::NotFound | Error::Gone) => true,
        Err(error) => return Err(error.into()),
    };
    if !gone {
        return Err(Stop::Drop("its own server has it still"));
    }
    context.write(move |tx| {
        let author = db::account::get(tx, status.account_id)?;
        remote::delete(tx, &author, &status.uri)
    })
}

/// A deletion is taken back: what was here and has gone is read again (F-176). What its server
/// serves may be shown, whoever says so; `boosted` where a group does.
pub(super) fn restore(context: &Context<'_>, uri: &str, boosted: Option<&Activity>) -> Step<()> {
    if context.app.site.owns(uri)
        || context.read(|conn| db::seen::buried_at(conn, uri))?.is_none()
        || context.read(|conn| db::account::find_by_uri(conn, uri))?.is_some()
    {
        return Err(Stop::Drop("was never here"));
    }
    if !context.online {
        return Err(Stop::NeedsNetwork);
    }
    let value = fetch::document(context.app, uri, INSTANCE_ACTOR)?;
    if actor::kind_of(&value).is_some() || ObjectKind::of(&value).is_none() {
        return Err(Stop::Drop("its own server does not have it again"));
    }
    let object = Object::parse(&value).map_err(|_| Stop::Drop("the object is not usable"))?;
    if object.id != uri {
        return Err(Stop::Drop("its own server has another there"));
    }
    let author = resolve::actor(context.app, &object.attributed_to)?.id;
    let incoming = resolve::read(context.app, object);
    let from = context.signer.clone();
    let boost = boosted.filter(|_| incoming.in_reply_to.is_none()).map(|outer| {
        let visibility = activity::visibility(&outer.to, &outer.cc, from.followers_uri.as_deref());
        (outer.id.clone(), visibility)
    });
    context.write(move |tx| {
        let author = db::account::get(tx, author)?;
        db::seen::unbury(tx, &incoming.id)?;
        let status = remote::store(tx, &incoming, &author, Arrival::Fetched)?;
        match boost {
            Some((Some(uri), visibility)) => {
                let published = status.created_at;
                interaction_in::pass_on(tx, &from, &status, &uri, published, visibility)
            }
            _ => Ok(()),
        }
    })
}
