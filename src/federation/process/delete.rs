//! `Delete`: a status or the actor itself (F-169, F-170).
//! <https://www.w3.org/TR/activitypub/#delete-activity-inbox>

use crate::activity::incoming::Activity;
use crate::activity::urls;
use crate::db;
use crate::federation::forward;
use crate::service;

use super::{Context, Step, Stop};

pub(super) fn delete(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let Some(uri) = activity.object_id().map(str::to_owned) else {
        return Err(Stop::Drop("it has no object"));
    };
    let author = context.signer.clone();
    if uri == author.uri {
        return context.write(move |tx| service::leaving::delete_remote(tx, &author));
    }
    if !urls::same_host(&uri, &author.uri) {
        return by_moderator(context, uri);
    }
    if super::quote::revoke(context, &uri)? || super::interaction::revoke(context, &uri)? {
        return Ok(());
    }
    let known = context.read(|conn| db::status::find_by_uri(conn, &uri))?;
    if known.is_some_and(|status| status.account_id != author.id) {
        return Err(Stop::Drop("the object is not the actor's"));
    }
    if context.read(|conn| db::account::find_by_uri(conn, &uri))?.is_some() {
        return Err(Stop::Drop("an actor is deleted by itself alone"));
    }
    context.write(move |tx| service::remote::delete(tx, &author, &uri))
}

/// Somebody of another server says that a status is gone: a moderator of the group it was written
/// to, or somebody who makes it up. Its origin knows (F-171).
fn by_moderator(context: &Context<'_>, uri: String) -> Step<()> {
    let known = context.read(|conn| db::status::find_by_uri(conn, &uri))?;
    if known.is_none_or(|status| status.local) || !forward::may_ask(context.app, &context.signer) {
        return Err(Stop::Drop("the object is on another server"));
    }
    context.write(move |tx| forward::queue_check(tx, &uri))
}
