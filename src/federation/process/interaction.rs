//! `LikeRequest`, `ReplyRequest`, `AnnounceRequest`, the answers to ours, and the end of a proof
//! (F-158, F-172, F-200, F-333 to F-335).
//! <https://docs.gotosocial.org/en/latest/federation/interaction_controls/>

use serde_json::json;

use crate::activity::incoming::{Activity, Kind};
use crate::activity::object::{Object, ObjectKind};
use crate::activity::{self, build, policy, read, urls};
use crate::db;
use crate::federation::fetch;
use crate::federation::resolve;
use crate::model::{Account, Held, INSTANCE_ACTOR, InteractionKind, Status};
use crate::service::interaction_in::{self, How};
use crate::service::remote::{self, Arrival};
use crate::service::{delivery, interaction_consent, visibility};

use super::{Context, Step, Stop, was_undone};

/// Somebody asks to favourite, answer or boost a status of ours. The interaction comes along, or
/// is fetched; agreed to, it counts at once.
pub(super) fn request(
    context: &Context<'_>,
    activity: &Activity,
    kind: InteractionKind,
) -> Step<()> {
    let Some(id) = activity.id.clone() else { return Err(Stop::Drop("a request without an id")) };
    let target = match activity.object_id() {
        Some(uri) => context.read(|conn| db::status::find_by_uri_or_url(conn, uri))?,
        None => None,
    };
    let Some(target) = target.filter(|s| s.local && s.reblog_of_id.is_none()) else {
        return Err(Stop::Drop("it is about no status of ours"));
    };
    let signer = context.signer.id;
    if !context.read(|conn| visibility::can_see(conn, signer, &target))? {
        return Err(Stop::Drop("its actor may not read the status"));
    }
    let uri = activity.instrument.id().ok_or(Stop::Drop("nothing is asked for"))?.to_owned();
    if !urls::same_host(&uri, &context.signer.uri) {
        return Err(Stop::Drop("the interaction is on another server"));
    }
    if was_undone(context, activity)? {
        return Err(Stop::Drop("it was undone before it came"));
    }
    let from = context.signer.clone();
    if kind == InteractionKind::Reply {
        return request_reply(context, activity, from, target, uri, id);
    }
    let embedded = activity.instrument.embedded();
    let shown_to = match embedded {
        Some(value) => {
            let is = Kind::of(value).as_str() == kind.wire();
            let fits = read::id(value, "object")
                .is_some_and(|object| object == target.uri || Some(&object) == target.url.as_ref());
            if !is || !fits || read::id(value, "actor").as_deref() != Some(&from.uri) {
                return Err(Stop::Drop("the interaction is another"));
            }
            let (to, cc) = (read::ids(value, "to"), read::ids(value, "cc"));
            activity::visibility(&to, &cc, from.followers_uri.as_deref())
        }
        None => target.visibility,
    };
    let now = context.app.clock.now_ms();
    context.write(move |tx| {
        let how = How { uri: &uri, claim: None, request: Some(&id) };
        if interaction_in::answer_again(tx, kind, &from, &target, &how)? {
            return Ok(());
        }
        match kind {
            InteractionKind::Favourite => interaction_in::favourite(tx, &from, &target, &how),
            _ => interaction_in::reblog(tx, &from, &target, now, shown_to, &how),
        }
    })
}

fn request_reply(
    context: &Context<'_>,
    activity: &Activity,
    from: Account,
    target: Status,
    uri: String,
    id: String,
) -> Step<()> {
    let known = context.read(|conn| db::status::find_by_uri(conn, &uri))?;
    let object = match (&known, activity.instrument.embedded()) {
        (Some(known), _)
            if known.account_id != from.id || known.in_reply_to_id != Some(target.id) =>
        {
            return Err(Stop::Drop("the reply is another's, or answers another"));
        }
        (Some(_), _) => None,
        (None, Some(value)) if ObjectKind::of(value).is_some() => {
            Some(Object::parse_embedded(value))
        }
        (None, _) if !context.online => return Err(Stop::NeedsNetwork),
        (None, _) => Some(Object::parse(&fetch::document(context.app, &uri, INSTANCE_ACTOR)?)),
    };
    let incoming = match object {
        Some(object) => {
            let object = object.map_err(|_| Stop::Drop("the reply is not usable"))?;
            let parent = object.in_reply_to.as_ref();
            if object.attributed_to != from.uri
                || object.id != uri
                || object.is_vote_like
                || !parent.is_some_and(|p| *p == target.uri || Some(p) == target.url.as_ref())
            {
                return Err(Stop::Drop("the reply is another's, or answers another"));
            }
            Some(resolve::read(context.app, object).asked_by(&id))
        }
        None => None,
    };
    let owner = context.owner;
    context.write(move |tx| {
        let kind = InteractionKind::Reply;
        let how = How { uri: &uri, claim: None, request: Some(&id) };
        if let Some(incoming) = &incoming {
            remote::store(tx, incoming, &from, Arrival::Pushed { inbox_owner: owner })?;
            return Ok(());
        }
        if interaction_in::answer_again(tx, kind, &from, &target, &how)? {
            return Ok(());
        }
        match db::status::find_by_uri(tx, &uri)?.filter(|status| status.held == Held::Free) {
            Some(status) => interaction_in::confirm(tx, &from, &target, status.id, &how),
            None => Ok(()),
        }
    })
}

/// Asks for something that is not done here: a Reject, never silence (F-200).
pub(super) fn refuse(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let Some(id) = activity.id.clone() else { return Err(Stop::Drop("a request without an id")) };
    let Some(object) = activity.object_id().map(str::to_owned) else {
        return Err(Stop::Drop("it has no object"));
    };
    let asked = match context.local(&object)? {
        Some(account) => Some(account),
        None => context.read(|conn| {
            let status = db::status::find_by_uri_or_url(conn, &object)?.filter(|s| s.local);
            match status {
                Some(status) if visibility::can_see(conn, context.signer.id, &status)? => {
                    db::account::find(conn, status.account_id)
                }
                _ => Ok(None),
            }
        })?,
    };
    let Some(asked) = asked else { return Err(Stop::Drop("it asks nobody of ours")) };
    let (from, kind) = (context.signer.clone(), activity.kind.as_str().to_owned());
    context.write(move |tx| {
        let request = json!({"id": id, "type": kind, "actor": from.uri, "object": object});
        let id = format!("{}#rejects/requests/{}", asked.uri, tx.mint_id());
        delivery::queue_for(tx, &asked, &build::reject(&id, &asked.uri, &request), &from)
    })
}

/// An answer about an interaction; false when it answers something else.
pub(super) fn answer(context: &Context<'_>, activity: &Activity) -> Step<bool> {
    let embedded = activity.object.embedded();
    let is_request = embedded.is_some_and(|value| {
        matches!(Kind::of(value), Kind::LikeRequest | Kind::ReplyRequest | Kind::AnnounceRequest)
    });
    let ids = [
        activity.object_id().map(str::to_owned),
        embedded.filter(|_| is_request).and_then(|value| read::id(value, "instrument")),
    ];
    let signer = &context.signer;
    let mut about = None;
    for id in ids.into_iter().flatten() {
        if about.is_none()
            && context.read(|conn| interaction_consent::is_asked(conn, signer, &id))?
        {
            about = Some(id);
        }
    }
    let Some(about) = about else {
        return if is_request { Err(Stop::Drop("no interaction of ours")) } else { Ok(false) };
    };
    // the oldest form of a proof is the Accept itself
    let proof = match activity.kind {
        Kind::Accept => match activity.result.clone().or_else(|| activity.id.clone()) {
            Some(proof) => Some(proof),
            None => return Err(Stop::Drop("consent without a proof")),
        },
        _ => None,
    };
    let (from, site) = (context.signer.clone(), context.app.site.clone());
    context.write(move |tx| {
        interaction_consent::receive_answer(tx, &site, &from, &about, proof.as_deref())
    })?;
    Ok(true)
}

/// The Delete of a proof; false when it deletes something else.
pub(super) fn revoke(context: &Context<'_>, uri: &str) -> Step<bool> {
    let signer = &context.signer;
    if !context.read(|conn| interaction_consent::is_proof_of(conn, signer, uri))? {
        return Ok(false);
    }
    let (from, uri) = (context.signer.clone(), uri.to_owned());
    context.write(move |tx| interaction_consent::receive_revoke(tx, &from, &uri))?;
    Ok(true)
}

/// Whether a boost may be shown, as far as its target's author wants to be asked; answers the
/// proof that it names. One of a status elsewhere is fetched, and without a good one the boost is
/// dropped (F-334); a status of ours has its own list.
pub(super) fn check_boost(
    context: &Context<'_>,
    activity: &Activity,
    target: &Status,
    uri: &str,
) -> Step<Option<String>> {
    let kind = InteractionKind::Reblog;
    let claim = policy::claim(&activity.raw, kind);
    if target.local {
        return Ok(claim);
    }
    if target.held != Held::Free {
        return Err(Stop::Drop("what it boosts waits for consent"));
    }
    let signer = &context.signer;
    if context.read(|conn| interaction_in::is_free_to_boost(conn, target, signer))? {
        return Ok(None);
    }
    let Some(claim) = claim else { return Err(Stop::Drop("the author did not agree to it")) };
    let author = context.read(|conn| db::account::get(conn, target.account_id))?;
    if !urls::same_host(&claim, &author.uri) {
        return Err(Stop::Drop("the proof is on another server"));
    }
    if !context.online {
        return Err(Stop::NeedsNetwork);
    }
    let document = fetch::document(context.app, &claim, INSTANCE_ACTOR)?;
    if !policy::is_proof(&document, kind, &author.uri, &target.uri, uri) {
        return Err(Stop::Drop("the proof is for something else"));
    }
    Ok(Some(claim))
}
