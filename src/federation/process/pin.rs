//! `Add` and `Remove`: pins on a profile (F-196). Other targets have no effect (F-197).
//! <https://www.w3.org/TR/activitypub/#add-activity-inbox>

use crate::activity::incoming::Activity;
use crate::db;
use crate::service;

use super::{Context, Step, Stop};

pub(super) fn add(context: &Context<'_>, activity: &Activity) -> Step<()> {
    if let Some(name) = featured_tag(context, activity) {
        let account = context.signer.clone();
        return context.write(move |tx| service::featured_tag::add_remote(tx, &account, &name));
    }
    let uri = pinned(context, activity)?;
    if !crate::activity::urls::same_host(uri, &context.signer.uri) {
        return Err(Stop::Drop("pins what is of another server"));
    }
    let status = context.status(uri)?;
    let account = context.signer.clone();
    context.write(move |tx| service::pin::add_remote(tx, &account, &status))
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
