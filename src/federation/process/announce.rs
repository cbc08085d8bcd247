//! `Announce`: a boost (F-183 to F-186), or what a group passes on (F-187).
//! <https://www.w3.org/TR/activitypub/#announce-activity-inbox>

use crate::activity::incoming::Activity;
use crate::activity::object::{Object, ObjectKind};
use crate::activity::{self};
use crate::crypto::short_hash16;
use crate::db;
use crate::federation::resolve;
use crate::service::interaction_in::{self, How};
use crate::service::remote::{self, Arrival, Incoming};

use super::{Context, Step, Stop, group, was_undone};

pub(super) fn announce(context: &Context<'_>, activity: &Activity) -> Step<()> {
    if activity.object.embedded().is_some_and(group::passes_on) {
        return group::unwrap(context, activity);
    }
    let Some(object) = activity.object_id() else {
        return Err(Stop::Drop("it has no object"));
    };
    let known = context.read(|conn| db::status::find_by_uri_or_url(conn, object))?;
    let is_ours = known.as_ref().is_some_and(|status| status.local);
    let signer = context.signer.id;
    if !is_ours && !context.read(|conn| db::follow::has_local_follower(conn, signer))? {
        return Err(Stop::Drop("nobody here follows its actor"));
    }
    if was_undone(context, activity)? {
        return Err(Stop::Drop("it was undone before it came"));
    }
    let own = if known.is_none() { own_copy(context, activity) } else { None };
    let target = match own {
        Some(_) => None,
        None => Some(context.status(object)?),
    };
    let from = context.signer.clone();
    let visibility =
        activity::visibility(&activity.to, &activity.cc, from.followers_uri.as_deref());
    let now = context.app.clock.now_ms();
    let published = activity.published_ms.unwrap_or(now);
    let uri =
        activity.id.clone().unwrap_or_else(|| nameless(&context.signer.uri, published, object));
    // of what is their own nobody is asked
    let claim = match &target {
        Some(target) => super::interaction::check_boost(context, activity, target, &uri)?,
        None => None,
    };
    context.write(move |tx| {
        let target = match (&own, &target) {
            (Some(own), _) => Some(remote::store(tx, own, &from, Arrival::Fetched)?),
            // it may have gone while the author was read
            (None, Some(target)) => db::status::find(tx, target.id)?,
            (None, None) => None,
        };
        let Some(target) = target else { return Ok(()) };
        if target.local {
            let how = How { uri: &uri, claim: claim.as_deref(), request: None };
            return interaction_in::reblog(tx, &from, &target, published, visibility, &how);
        }
        remote::reblog(tx, &from, &target, &uri, published, visibility)?;
        if let Some(claim) = claim
            && let Some(boost) = db::status::find_by_uri(tx, &uri)?
        {
            db::interaction::set_approval(tx, boost.id, Some(&claim))?;
        }
        Ok(())
    })
}

/// What a boost without an id is known by: no two of one actor's are the same.
pub(super) fn nameless(actor: &str, published: i64, object: &str) -> String {
    let object = u128::from_be_bytes(short_hash16(object.as_bytes()));
    format!("{actor}#announce/{published}/{object:x}")
}

/// What somebody boosts of their own may come along; of all else only the id counts (F-183).
fn own_copy(context: &Context<'_>, activity: &Activity) -> Option<Incoming> {
    let value = activity.object.embedded().filter(|value| ObjectKind::of(value).is_some())?;
    // an id with a word or two is no copy
    let object = Object::parse_embedded(value).ok().filter(|object| {
        object.attributed_to == context.signer.uri
            && !object.is_vote_like
            && !(object.to.is_empty() && object.cc.is_empty())
    })?;
    Some(resolve::read(context.app, object))
}
