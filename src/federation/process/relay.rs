//! What relays say to being asked (F-343), and that they follow us back (F-344). Nobody but the
//! actor of a relay that the operator subscribed to is believed to be one (F-348).

use crate::activity::incoming::{Activity, Kind};
use crate::activity::read;
use crate::db;
use crate::model::{Relay, RelayState};
use crate::service;

use super::{Context, Step};

/// The relay that the signer is.
fn relay(context: &Context<'_>) -> Step<Option<Relay>> {
    let signer = context.signer.id;
    context.read(|conn| db::relay::find_of_account(conn, signer))
}

/// An Accept or Reject of our Follow; false when it is something else.
pub(super) fn answer(context: &Context<'_>, activity: &Activity) -> Step<bool> {
    let Some(relay) = relay(context)? else { return Ok(false) };
    let embedded = activity.object.embedded().filter(|value| Kind::of(value) == Kind::Follow);
    let part = |name: &str| embedded.and_then(|value| read::id(value, name));
    let ours = service::relay::is_our_follow(
        &relay,
        &context.app.site.instance_actor(),
        activity.object_id(),
        part("actor").as_deref(),
        part("object").as_deref(),
        &context.signer,
    );
    if !ours {
        return Ok(false);
    }
    let state = match activity.kind {
        Kind::Accept => RelayState::Accepted,
        _ => RelayState::Rejected,
    };
    tracing::info!(relay = %context.signer.uri, answer = state.as_str(), "a relay answered");
    context.write(move |tx| db::relay::set_state(tx, relay.id, state))?;
    Ok(true)
}

/// A Follow of the instance actor by a relay; false when it is something else.
pub(super) fn follow_back(context: &Context<'_>, activity: &Activity) -> Step<bool> {
    if activity.object_id() != Some(context.app.site.instance_actor().as_str()) {
        return Ok(false);
    }
    let Some(relay) = relay(context)? else { return Ok(false) };
    let raw = activity.raw.clone();
    context.write(move |tx| service::relay::follow_back(tx, &relay, &raw))?;
    Ok(true)
}

/// It follows us no more; false when it is something else.
pub(super) fn unfollow(context: &Context<'_>, activity: &Activity) -> Step<bool> {
    let embedded = activity.object.embedded().filter(|value| Kind::of(value) == Kind::Follow);
    let target = embedded.and_then(|value| read::id(value, "object"));
    if target.as_deref() != Some(context.app.site.instance_actor().as_str()) {
        return Ok(false);
    }
    let Some(relay) = relay(context)? else { return Ok(false) };
    context.write(move |tx| db::relay::set_follows_back(tx, relay.id, false))?;
    Ok(true)
}
