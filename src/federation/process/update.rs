//! `Update`: a changed profile, an edited status, new tallies (F-165 to F-168).
//! <https://www.w3.org/TR/activitypub/#update-activity-inbox>

use crate::activity::actor::{self, Actor};
use crate::activity::incoming::Activity;
use crate::activity::object::{Object, ObjectKind};
use crate::clock::DAY;
use crate::db;
use crate::federation::{fetch, resolve};
use crate::model::INSTANCE_ACTOR;
use crate::service;
use crate::service::account::IncomingActor;

use super::{Context, Step, Stop, create};

pub(super) fn update(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let Some(uri) = activity.object_id() else {
        return Err(Stop::Drop("it has no object"));
    };
    if uri == context.signer.uri {
        return profile(context, activity);
    }
    if !crate::activity::urls::same_host(uri, &context.signer.uri) {
        return Err(Stop::Drop("the object is on another server"));
    }
    let object = match activity.object.embedded() {
        Some(value) if ObjectKind::of(value).is_some() => Object::parse_embedded(value),
        Some(_) => return Err(Stop::Drop("this type of object is not shown here")),
        // an id tells nothing of recipients: somebody here must have to do with it
        None if !is_wanted(context, uri)? => {
            return Err(Stop::Drop("nobody here has to do with it"));
        }
        None if context.online => {
            Object::parse(&fetch::document(context.app, uri, INSTANCE_ACTOR)?)
        }
        None => return Err(Stop::NeedsNetwork),
    };
    let object = object.map_err(|_| Stop::Drop("the object is not usable"))?;
    if object.attributed_to != context.signer.uri {
        return Err(Stop::Drop("the object is not the actor's"));
    }
    let Some(known) = context.read(|conn| db::status::find_by_uri(conn, &object.id))? else {
        let now = context.app.clock.now_ms();
        return if object.published_or(now) > now - DAY {
            create::store(context, activity, object)
        } else {
            Err(Stop::Drop("an old status that is not here"))
        };
    };
    if known.account_id != context.signer.id {
        return Err(Stop::Drop("the object is not the actor's"));
    }
    let author = context.signer.clone();
    let incoming = resolve::read(context.app, object);
    context.write(move |tx| service::remote::edit(tx, &incoming, &author))
}

fn is_wanted(context: &Context<'_>, uri: &str) -> Step<bool> {
    let signer = context.signer.id;
    context.read(|conn| {
        Ok(db::status::find_by_uri(conn, uri)?.is_some()
            || db::follow::has_local_follower(conn, signer)?)
    })
}

fn profile(context: &Context<'_>, activity: &Activity) -> Step<()> {
    match activity.object.embedded() {
        Some(value) if actor::kind_of(value).is_some() => {
            let actor = Actor::parse_embedded(value)
                .map_err(|_| Stop::Drop("the profile is not usable"))?;
            // another name needs WebFinger's word: read it from its origin then
            if actor.preferred_username != context.signer.username {
                return refetch(context);
            }
            let domain = context.signer.domain.as_deref().unwrap_or_default();
            let incoming = IncomingActor::new(&actor, domain);
            context.write(move |tx| service::account::store_remote(tx, &incoming).map(drop))
        }
        Some(_) => Err(Stop::Drop("this is no profile")),
        None => refetch(context),
    }
}

fn refetch(context: &Context<'_>) -> Step<()> {
    if !context.online {
        return Err(Stop::NeedsNetwork);
    }
    resolve::refresh_actor(context.app, &context.signer.uri)?;
    Ok(())
}
