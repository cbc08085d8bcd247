//! Consent to favourites, replies and boosts: an author here gives or refuses it, or one
//! elsewhere does; what waited is shown to all then, or goes (F-158, F-172, F-333 to F-336).

use serde_json::{Value, json};

use crate::activity::build;
use crate::activity::urls::same_host;
use crate::clock::DAY;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, Event, Held, Interaction, InteractionKind, InteractionState, NotificationKind,
    QuoteState, Status,
};
use crate::site::Site;

use super::policy::{Verdict, judge};
use super::status as local;
use super::{
    conversation, delivery, document, interaction, interaction_in, notification, quote, relay,
    timeline, visibility,
};

/// How many replies below one that waited come out with it.
const BELOW: usize = 200;
/// What is older comes out silently.
const NEWS: i64 = 2 * DAY;

/// One of the account's requests.
///
/// # Errors
/// 404 for another's (S-082).
pub fn get(conn: &Conn, owner: i64, id: i64) -> Result<Interaction> {
    db::interaction::find(conn, id)?.filter(|row| row.owner_id == owner).ok_or(Error::NotFound)
}

/// An author here agrees: the proof is there from now on, who asked learns of it.
///
/// # Errors
/// 404 when it does not wait.
pub fn accept(tx: &Tx<'_>, site: &Site, owner: &Account, row: Interaction) -> Result<Interaction> {
    if row.state != InteractionState::Pending {
        return Err(Error::NotFound);
    }
    interaction::untell(tx, &row)?;
    let row = give(tx, owner, row)?;
    release(tx, site, &row)?;
    Ok(row)
}

/// Writes down the consent, and sends it to who asked from elsewhere.
pub(super) fn give(tx: &Tx<'_>, owner: &Account, row: Interaction) -> Result<Interaction> {
    let row = Interaction {
        state: InteractionState::Accepted,
        authorization_uri: Some(format!("{}/interaction_authorizations/{}", owner.uri, row.id)),
        answer_uri: Some(format!("{}#accepts/interactions/{}", owner.uri, row.id)),
        decided_at: Some(tx.now()),
        ..row
    };
    db::interaction::update(tx, &row)?;
    if let Some(status) = row.status_id {
        db::interaction::set_approval(tx, status, row.authorization_uri.as_deref())?;
    }
    answer(tx, owner, &row)?;
    Ok(row)
}

/// An author here refuses, or takes an earlier consent back: then its proof is gone, too.
///
/// # Errors
/// 404 when it was refused before.
pub fn reject(tx: &Tx<'_>, owner: &Account, row: Interaction) -> Result<Interaction> {
    let state = match row.state {
        InteractionState::Pending => InteractionState::Rejected,
        InteractionState::Accepted => InteractionState::Revoked,
        InteractionState::Rejected | InteractionState::Revoked => return Err(Error::NotFound),
    };
    interaction::untell(tx, &row)?;
    let row = Interaction {
        state,
        answer_uri: Some(format!("{}#rejects/interactions/{}", owner.uri, row.id)),
        decided_at: Some(tx.now()),
        ..row
    };
    let row = refuse(tx, row)?;
    answer(tx, owner, &row)?;
    if let (InteractionState::Revoked, Some(proof)) = (state, &row.authorization_uri) {
        let target = db::status::get(tx, row.target_id)?;
        let (actor, kind) = (&owner.uri, row.kind);
        let activity =
            build::delete_interaction_authorization(kind, proof, actor, &target.uri, &row.uri);
        let mut inboxes = db::follow::list_follower_inboxes(tx, owner.id)?;
        let who = db::account::get(tx, row.account_id)?;
        if !who.is_local() {
            inboxes.extend(who.delivery_inbox().map(str::to_owned));
        }
        delivery::queue(tx, owner, &activity, inboxes)?;
    }
    Ok(row)
}

/// Sends the Accept or Reject to who asked from elsewhere.
pub(super) fn answer(tx: &Tx<'_>, owner: &Account, row: &Interaction) -> Result<()> {
    let to = db::account::get(tx, row.account_id)?;
    let target = db::status::get(tx, row.target_id)?;
    let object = asked(row, &to, &target);
    let accepted = row.state == InteractionState::Accepted;
    let result = row.authorization_uri.as_deref().filter(|_| accepted);
    let id = match &row.answer_uri {
        Some(id) => id.clone(),
        None => format!("{}#rejects/interactions/{}", owner.uri, tx.mint_id()),
    };
    let activity = build::answer_interaction(&id, &owner.uri, object, &target.uri, result, &to.uri);
    delivery::queue_for(tx, owner, &activity, &to)
}

/// What is answered: the request, or the interaction itself.
fn asked(row: &Interaction, from: &Account, target: &Status) -> Value {
    match &row.request_uri {
        Some(request) => json!({
            "id": request,
            "type": format!("{}Request", row.kind.wire()),
            "actor": from.uri,
            "object": target.uri,
            "instrument": row.uri,
        }),
        None => json!(row.uri),
    }
}

/// What waited is there for all now: counted, shown, told, and sent with its proof.
fn release(tx: &Tx<'_>, site: &Site, row: &Interaction) -> Result<()> {
    let account = db::account::get(tx, row.account_id)?;
    let target = db::status::get(tx, row.target_id)?;
    let owner = db::account::get(tx, row.owner_id)?;
    match (row.kind, row.status_id) {
        (InteractionKind::Favourite, _) => {
            db::interaction::set_favourite_held(tx, account.id, target.id, false)?;
            notification::notify(tx, &owner, NotificationKind::Favourite, &account, Some(&target))
        }
        // below one that waits it comes out with that one
        (InteractionKind::Reply, Some(_)) if target.held != Held::Free => Ok(()),
        (InteractionKind::Reply, Some(reply)) => release_status(tx, site, reply),
        (InteractionKind::Reblog, Some(boost)) => {
            db::interaction::set_held(tx, boost, Held::Free)?;
            let Some(boost) = db::status::find(tx, boost)? else { return Ok(()) };
            timeline::fan_out(tx, &boost, Some(&target))?;
            notification::notify(tx, &owner, NotificationKind::Reblog, &account, Some(&target))?;
            if !account.is_local() {
                return Ok(());
            }
            let activity = document::activity(tx, site, &boost, &account)?;
            let inboxes = local::boost_audience(tx, &account, &owner)?;
            delivery::queue_status(tx, &account, &activity, inboxes, boost.id)
        }
        (_, None) => Ok(()),
    }
}

/// A reply comes out, and so do those below that were hidden for its sake alone (F-336).
pub(super) fn release_status(tx: &Tx<'_>, site: &Site, id: i64) -> Result<()> {
    let mut next = vec![id];
    let mut left = BELOW;
    while let Some(id) = next.pop() {
        let Some(status) = db::status::find(tx, id)?.filter(|s| s.held != Held::Free) else {
            continue;
        };
        let author = db::account::get(tx, status.account_id)?;
        show(tx, site, &author, status)?;
        let Some(status) = db::status::find(tx, id)? else { continue };
        let limit = i64::try_from(left).unwrap_or(0);
        for child in db::interaction::list_held_with(tx, id, limit)? {
            left = left.saturating_sub(1);
            let Some(reply) = db::status::find(tx, child)? else { continue };
            let by = db::account::get(tx, reply.account_id)?;
            match judge(tx, &status, InteractionKind::Reply, &by)? {
                Verdict::Automatic => next.push(child),
                // agreed to while it waited for what is above it
                _ if status.local && reply.approval.is_some() => next.push(child),
                _ => interaction_in::look(tx, &reply, &author)?,
            }
        }
    }
    Ok(())
}

fn show(tx: &Tx<'_>, site: &Site, author: &Account, status: Status) -> Result<()> {
    db::interaction::set_held(tx, status.id, Held::Free)?;
    let status = Status { held: Held::Free, ..db::status::get(tx, status.id)? };
    if status.local || status.created_at > tx.now() - NEWS {
        timeline::fan_out(tx, &status, None)?;
        conversation::keep(tx, &status)?;
        for account in document::mentioned(tx, status.id)? {
            if visibility::can_see(tx, account.id, &status)? {
                let kind = NotificationKind::Mention;
                notification::notify(tx, &account, kind, author, Some(&status))?;
            }
        }
    }
    if !status.local {
        return Ok(());
    }
    let named = document::mentioned(tx, status.id)?;
    let mut inboxes = local::audience(tx, &status, &named)?;
    let quoted = db::quote::find(tx, status.id)?;
    if status.visibility.is_open() {
        inboxes.extend(quote::asked_inbox(tx, &status)?);
    }
    let activity = document::activity(tx, site, &status, author)?;
    delivery::queue_status(tx, author, &activity, inboxes, status.id)?;
    relay::announce(tx, &status)?;
    if let Some(waits) = quoted.filter(|quote| quote.state == QuoteState::Pending)
        && let (Some(request), Some(of)) = (&waits.request_uri, waits.quoted_id)
        && let Some(of) = db::status::find(tx, of)?
    {
        quote::ask(tx, site, author, &status, &of, request)?;
    }
    Ok(())
}

/// What was refused goes. A reply stays for its author: nobody's words are lost.
fn refuse(tx: &Tx<'_>, row: Interaction) -> Result<Interaction> {
    let boost = row.status_id.filter(|_| row.kind == InteractionKind::Reblog);
    // the boost takes nothing along that shall be remembered
    let row = if boost.is_some() { Interaction { status_id: None, ..row } } else { row };
    db::interaction::update(tx, &row)?;
    match row.kind {
        InteractionKind::Favourite => {
            db::favourite::remove(tx, row.account_id, row.target_id)?;
            let (kind, about) = (NotificationKind::Favourite, Some(row.target_id));
            db::notification::delete_matching(tx, row.owner_id, kind, row.account_id, about)?;
        }
        InteractionKind::Reblog => {
            if let Some(boost) = boost {
                drop_boost(tx, boost, row.owner_id)?;
            }
        }
        InteractionKind::Reply => {
            if let Some(reply) = row.status_id {
                hide(tx, reply)?;
            }
        }
    }
    Ok(row)
}

fn drop_boost(tx: &Tx<'_>, boost: i64, owner: i64) -> Result<()> {
    let Some(boost) = db::status::find(tx, boost)? else { return Ok(()) };
    let kind = NotificationKind::Reblog;
    db::notification::delete_matching(tx, owner, kind, boost.account_id, boost.reblog_of_id)?;
    timeline::leave(tx, &boost)?;
    db::status::delete(tx, boost.id)
}

fn hide(tx: &Tx<'_>, status: i64) -> Result<()> {
    let Some(status) = db::status::find(tx, status)? else { return Ok(()) };
    if status.held == Held::Free {
        timeline::leave(tx, &status)?;
    }
    db::interaction::set_approval(tx, status.id, None)?;
    db::interaction::set_held(tx, status.id, Held::Rejected)?;
    if status.local {
        tx.after_commit(Event::StatusUpdated { id: status.id });
    }
    Ok(())
}

/// An author elsewhere answers: an interaction of somebody here, or one between others that we
/// hold. Only the author of what is answered or boosted may (F-158, F-335).
pub fn receive_answer(
    tx: &Tx<'_>,
    site: &Site,
    from: &Account,
    uri: &str,
    proof: Option<&str>,
) -> Result<()> {
    let proof = match proof {
        Some(proof) if !same_host(proof, &from.uri) => return Ok(()),
        proof => proof,
    };
    let Some(row) = db::interaction::find_asked(tx, uri, from.id)? else {
        return receive_unasked(tx, site, from, uri, proof);
    };
    let account = db::account::get(tx, row.account_id)?;
    if !account.is_local() {
        return Ok(());
    }
    let accepted = row.state == InteractionState::Accepted;
    let decided_at = Some(tx.now());
    let Some(proof) = proof else {
        if matches!(row.state, InteractionState::Rejected | InteractionState::Revoked) {
            return Ok(());
        }
        let state = if accepted { InteractionState::Revoked } else { InteractionState::Rejected };
        return refuse(tx, Interaction { state, decided_at, ..row }).map(drop);
    };
    // an Accept that comes again changes nothing
    if row.state != InteractionState::Pending {
        return Ok(());
    }
    let row = Interaction {
        state: InteractionState::Accepted,
        authorization_uri: Some(proof.to_owned()),
        decided_at,
        ..row
    };
    db::interaction::update(tx, &row)?;
    if let Some(status) = row.status_id {
        db::interaction::set_approval(tx, status, Some(proof))?;
    }
    release(tx, site, &row)?;
    if row.kind == InteractionKind::Favourite {
        let target = db::status::get(tx, row.target_id)?;
        let like = build::like(&row.uri, &account.uri, &target.uri, &from.uri);
        let like = build::approved(like, row.kind, proof);
        delivery::queue_for(tx, &account, &like, from)?;
    }
    Ok(())
}

/// The same about what we did not ask for: what was free when it was done, or replies of others.
fn receive_unasked(
    tx: &Tx<'_>,
    site: &Site,
    from: &Account,
    uri: &str,
    proof: Option<&str>,
) -> Result<()> {
    if let Some(status) = db::status::find_by_uri(tx, uri)? {
        let boosted = match status.reblog_of_id {
            Some(of) => db::status::find(tx, of)?.map(|of| of.account_id),
            None => None,
        };
        return match proof {
            _ if status.account_id == from.id => Ok(()),
            None if boosted == Some(from.id) => drop_boost(tx, status.id, from.id),
            None if status.in_reply_to_account_id == Some(from.id) => hide(tx, status.id),
            Some(proof)
                if !status.local
                    && status.held == Held::Pending
                    && status.in_reply_to_account_id == Some(from.id) =>
            {
                db::interaction::set_approval(tx, status.id, Some(proof))?;
                release_status(tx, site, status.id)
            }
            _ => Ok(()),
        };
    }
    if proof.is_none()
        && let Some(favourite) = db::favourite::find_by_uri(tx, uri)?
        && let Some(target) = db::status::find(tx, favourite.status_id)?
        && target.account_id == from.id
    {
        db::favourite::remove(tx, favourite.account_id, target.id)?;
    }
    Ok(())
}

/// An author elsewhere takes a proof back (F-172): what it allowed goes.
pub fn receive_revoke(tx: &Tx<'_>, from: &Account, proof: &str) -> Result<()> {
    for row in db::interaction::list_by_authorization(tx, proof, from.id)? {
        let state = InteractionState::Revoked;
        refuse(tx, Interaction { state, decided_at: Some(tx.now()), ..row })?;
    }
    for id in db::interaction::list_statuses_by_approval(tx, proof)? {
        receive_unasked_refusal(tx, from, id)?;
    }
    Ok(())
}

fn receive_unasked_refusal(tx: &Tx<'_>, from: &Account, id: i64) -> Result<()> {
    let Some(status) = db::status::find(tx, id)? else { return Ok(()) };
    if status.in_reply_to_account_id == Some(from.id) {
        return hide(tx, id);
    }
    let boosted = match status.reblog_of_id {
        Some(of) => db::status::find(tx, of)?,
        None => None,
    };
    match boosted {
        Some(boosted) if boosted.account_id == from.id => drop_boost(tx, id, from.id),
        _ => Ok(()),
    }
}

/// Whether the author has a part in this proof: it names something that we hold.
pub fn is_proof_of(conn: &Conn, from: &Account, proof: &str) -> Result<bool> {
    Ok(!db::interaction::list_by_authorization(conn, proof, from.id)?.is_empty()
        || !db::interaction::list_statuses_by_approval(conn, proof)?.is_empty())
}

/// Whether an answer with this object is about an interaction.
pub fn is_asked(conn: &Conn, from: &Account, uri: &str) -> Result<bool> {
    Ok(db::interaction::find_asked(conn, uri, from.id)?.is_some()
        || db::status::find_by_uri(conn, uri)?.is_some()
        || db::favourite::find_by_uri(conn, uri)?.is_some())
}
