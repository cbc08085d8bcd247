//! `Add` and `Remove`: pins on a profile (F-196). Other targets have no effect (F-197).
//! <https://www.w3.org/TR/activitypub/#add-activity-inbox>

use crate::activity::incoming::Activity;
use crate::db;
use crate::federation::{forward, resolve};
use crate::service;

use super::{Context, Step, Stop, group};

pub(super) fn add(context: &Context<'_>, activity: &Activity) -> Step<()> {
    if let Some(name) = featured_tag(context, activity) {
        let account = context.signer.clone();
        return context.write(move |tx| service::featured_tag::add_remote(tx, &account, &name));
    }
    if activity.object.embedded().is_some_and(group::passes_on) {
        return taken_in(context, activity);
    }
    let uri = pinned(context, activity)?;
    if !crate::activity::urls::same_host(uri, &context.signer.uri) {
        return Err(Stop::Drop("pins what is of another server"));
    }
    // pins of a profile that somebody opens are read then; strangers bring nothing here (F-135)
    let signer = context.signer.id;
    let is_wanted = context.read(|conn| {
        Ok(db::status::find_by_uri(conn, uri)?.is_some()
            || db::follow::has_local_follower(conn, signer)?)
    })?;
    if !is_wanted {
        return Err(Stop::Drop("nobody here follows its actor"));
    }
    let status = context.status(uri)?;
    let account = context.signer.clone();
    context.write(move |tx| service::pin::add_remote(tx, &account, &status))
}

/// The owner of a conversation adds an activity to it: a hint to look at the reply where it was
/// written (F-198, <https://codeberg.org/fediverse/fep/src/branch/main/fep/171b/fep-171b.md>).
fn taken_in(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let inner = activity.object.embedded().cloned().unwrap_or_default();
    let inner = Activity::parse_embedded(inner)
        .map_err(|_| Stop::Drop("what is added to the conversation is not usable"))?;
    let Some(uri) = forward::taken_in(context.app, &context.signer, &inner)? else {
        return Err(Stop::Drop("no reply in a thread of ours, or one that is here"));
    };
    context.write(move |tx| resolve::queue_fetch(tx, &uri, 0))
}

pub(super) fn remove(context: &Context<'_>, activity: &Activity) -> Step<()> {
    if let Some(name) = featured_tag(context, activity) {
        let account = context.signer.clone();
        return context.write(move |tx| service::featured_tag::remove_remote(tx, &account, &name));
    }
    let uri = pinned(context, activity)?;
    let Some(status) = context.read(|conn| db::status::find_by_uri(conn, uri))? else {
        return Err(Stop::Drop("was never here"));
    };
    let account = context.signer.clone();
    context.write(move |tx| service::pin::remove_remote(tx, &account, status.id))
}

/// The name of a Hashtag that goes into or out of the signer's own `featured`, as Mastodon sends
/// it, or `featuredTags`.
fn featured_tag(context: &Context<'_>, activity: &Activity) -> Option<String> {
    let target = activity.target.as_deref()?;
    let own = [&context.signer.featured_uri, &context.signer.details.featured_tags_uri];
    if !own.into_iter().any(|uri| uri.as_deref() == Some(target)) {
        return None;
    }
    crate::activity::tag::hashtags(std::slice::from_ref(activity.object.embedded()?)).pop()
}

/// What goes into or out of the signer's own `featured`.
fn pinned<'a>(context: &Context<'_>, activity: &'a Activity) -> Step<&'a str> {
    let featured = context.signer.featured_uri.as_deref();
    if featured.is_none() || activity.target.as_deref() != featured {
        return Err(Stop::Drop("not the signer's own pins"));
    }
    activity.object_id().ok_or(Stop::Drop("it has no object"))
}
