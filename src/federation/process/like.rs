//! `Like`: a favourite of a local status (F-177, F-182), with content a reaction as well (F-178).
//! <https://www.w3.org/TR/activitypub/#like-activity-inbox>

use crate::activity::incoming::Activity;
use crate::activity::policy;
use crate::db;
use crate::model::InteractionKind;
use crate::service;
use crate::service::interaction_in::{self, How};

use super::{Context, Step, Stop, was_undone};

pub(super) fn like(context: &Context<'_>, activity: &Activity) -> Step<()> {
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
    let from = context.signer.clone();
    let uri = activity.id.clone().unwrap_or_default();
    let claim = policy::claim(&activity.raw, InteractionKind::Favourite);
    let reaction = super::react::reaction(context, activity)?;
    context.write(move |tx| {
        let how = How { uri: &uri, claim: claim.as_deref(), request: None };
        interaction_in::favourite(tx, &from, &target, &how)?;
        match reaction {
            Some(reaction) => service::reaction::receive(tx, &from, &target, reaction),
            None => Ok(()),
        }
    })
}
