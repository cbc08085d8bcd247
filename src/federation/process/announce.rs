//! `Announce`: a boost (F-183 to F-186).
//! <https://www.w3.org/TR/activitypub/#announce-activity-inbox>

use crate::activity::incoming::Activity;
use crate::activity::{self};
use crate::db;
use crate::service::interaction_in::{self, How};
use crate::service::remote;

use super::{Context, Step, Stop, was_undone};

pub(super) fn announce(context: &Context<'_>, activity: &Activity) -> Step<()> {
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
    let target = context.status(object)?;
    let from = context.signer.clone();
    let visibility =
        activity::visibility(&activity.to, &activity.cc, from.followers_uri.as_deref());
    let now = context.app.clock.now_ms();
    let published = activity.published_ms.unwrap_or(now);
    let uri = activity
        .id
        .clone()
        .unwrap_or_else(|| format!("{}#announce/{published}", context.signer.uri));
    let claim = super::interaction::check_boost(context, activity, &target, &uri)?;
    context.write(move |tx| {
        // it may have gone while the author was read
        let Some(target) = db::status::find(tx, target.id)? else { return Ok(()) };
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
