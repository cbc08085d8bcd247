//! `EmojiReact`, and what a `Like` says beside: a reaction to a local status (F-178 to F-182).
//! <https://codeberg.org/fediverse/fep/src/branch/main/fep/c0e0/fep-c0e0.md>

use crate::activity::incoming::{Activity, Kind};
use crate::client::host_of;
use crate::db;
use crate::model::Reaction;
use crate::service;

use super::{Context, Step, Stop, was_undone};

pub(super) fn react(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let target = match activity.object_id() {
        Some(uri) => context.read(|conn| db::status::find_by_uri_or_url(conn, uri))?,
        None => None,
    };
    let Some(target) = target.filter(|status| status.local) else {
        return Err(Stop::Drop("not about a status of ours"));
    };
    if was_undone(context, activity)? {
        return Err(Stop::Drop("it was undone before it came"));
    }
    let Some(reaction) = reaction(context, activity)? else {
        return Err(Stop::Drop("it holds no emoji"));
    };
    let from = context.signer.clone();
    context.write(move |tx| {
        // who sends this reads it as well
        if let Some(host) = host_of(&from.uri) {
            db::host::set_emoji_react(tx, &host)?;
        }
        service::reaction::receive(tx, &from, &target, reaction)
    })
}

/// What an activity reacts with, if it is an emoji.
pub(super) fn reaction(context: &Context<'_>, activity: &Activity) -> Step<Option<Reaction>> {
    let Some(given) = activity.reaction() else { return Ok(None) };
    let site = &context.app.site;
    let read = context.read(|conn| service::reaction::read(conn, site, &context.signer, &given))?;
    Ok(read.map(|(name, url)| Reaction {
        name,
        url,
        uri: activity.id.clone(),
        is_like: activity.kind == Kind::Like,
        ..Reaction::default()
    }))
}
