//! What others do with statuses here whose authors want to be asked, and with statuses elsewhere
//! that we hold: let in, held back or refused by the author's policy (F-333, F-334, F-336).

use crate::client::host_of;
use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::model::{
    Account, Held, Interaction, InteractionKind, InteractionState, JobKind, Status, Visibility,
};

use super::interaction::{MOST_PENDING, tell};
use super::interaction_consent::{answer, give};
use super::policy::{Verdict, judge};
use super::{remote, visibility};

/// How many of one account may wait for one author's word: nobody takes the room of the others.
const MOST_OF_ONE: i64 = 20;
/// How many proofs of one server may wait to be looked into.
const WAITING: i64 = 200;

/// How an interaction comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct How<'a> {
    /// The id of the Like, Note or Announce.
    pub uri: &'a str,
    /// Where it says that the consent is found.
    pub claim: Option<&'a str>,
    /// The request that asks for it.
    pub request: Option<&'a str>,
}

/// What an author here says of one from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ruling {
    Free,
    /// Agreed to beforehand, which only we can tell: it gets a proof.
    Preapproved,
    Pending,
    /// No, and that is said.
    Denied,
    /// No, and it was said before, or the claim is false.
    Ignored,
}

fn rule(
    conn: &Conn,
    account: &Account,
    target: &Status,
    kind: InteractionKind,
    how: &How<'_>,
) -> Result<Ruling> {
    if target.policy.as_ref().is_none_or(|policy| policy.rule(kind).is_none()) {
        return Ok(Ruling::Free);
    }
    let known = match kind {
        InteractionKind::Reply => db::interaction::find_asked(conn, how.uri, target.account_id)?,
        _ => db::interaction::find_of(conn, kind, target.id, account.id)?,
    };
    let known = known.filter(|row| row.account_id == account.id && row.target_id == target.id);
    match known.as_ref().map(|row| row.state) {
        Some(InteractionState::Accepted) => return Ok(Ruling::Free),
        Some(InteractionState::Rejected | InteractionState::Revoked) => return Ok(Ruling::Ignored),
        Some(InteractionState::Pending) | None => {}
    }
    // its author would not even see that it waits (S-094)
    if db::moderation::blocks(conn, target.account_id, account.id)? {
        return Ok(Ruling::Ignored);
    }
    Ok(match judge(conn, target, kind, account)? {
        Verdict::Automatic => Ruling::Free,
        Verdict::Member => Ruling::Preapproved,
        // a consent that was never given
        _ if how.claim.is_some() => Ruling::Ignored,
        Verdict::Denied => Ruling::Denied,
        Verdict::Manual => {
            let owner = target.account_id;
            let full = db::interaction::count_pending(conn, owner, MOST_PENDING)? >= MOST_PENDING
                || db::interaction::count_pending_of(conn, owner, account.id, MOST_OF_ONE)?
                    >= MOST_OF_ONE;
            if full {
                tracing::warn!(owner = target.account_id, "too much waits for approval");
                Ruling::Ignored
            } else {
                Ruling::Pending
            }
        }
    })
}

/// Writes down what was ruled.
fn record(
    tx: &Tx<'_>,
    ruling: Ruling,
    kind: InteractionKind,
    account: &Account,
    target: &Status,
    status_id: Option<i64>,
    how: &How<'_>,
) -> Result<()> {
    let state = match ruling {
        Ruling::Free if how.request.is_none() => return Ok(()),
        Ruling::Ignored if how.request.is_none() => return Ok(()),
        Ruling::Free | Ruling::Preapproved | Ruling::Pending => InteractionState::Pending,
        Ruling::Denied | Ruling::Ignored => InteractionState::Rejected,
    };
    let owner = db::account::get(tx, target.account_id)?;
    let mut row = Interaction {
        id: 0,
        kind,
        target_id: target.id,
        owner_id: owner.id,
        account_id: account.id,
        status_id,
        uri: how.uri.to_owned(),
        state,
        request_uri: how.request.map(str::to_owned),
        authorization_uri: None,
        answer_uri: None,
        created_at: tx.now(),
        decided_at: (state == InteractionState::Rejected).then(|| tx.now()),
    };
    row.id = db::interaction::insert(tx, &row)?;
    match ruling {
        Ruling::Pending => tell(tx, &owner, kind, account, target, status_id),
        Ruling::Free | Ruling::Preapproved => give(tx, &owner, row).map(drop),
        Ruling::Denied | Ruling::Ignored => answer(tx, &owner, &row),
    }
}

/// A request about something that was ruled before is answered as it was then; one for what is
/// free, with consent. False when there is nothing to go by.
pub fn answer_again(
    tx: &Tx<'_>,
    kind: InteractionKind,
    account: &Account,
    target: &Status,
    how: &How<'_>,
) -> Result<bool> {
    let row = match kind {
        InteractionKind::Reply => db::interaction::find_asked(tx, how.uri, target.account_id)?,
        _ => db::interaction::find_of(tx, kind, target.id, account.id)?,
    };
    let Some(row) = row.filter(|row| row.account_id == account.id && row.target_id == target.id)
    else {
        return Ok(false);
    };
    let row = Interaction { request_uri: how.request.map(str::to_owned), ..row };
    db::interaction::update(tx, &row)?;
    if row.state != InteractionState::Pending {
        let owner = db::account::get(tx, target.account_id)?;
        answer(tx, &owner, &row)?;
    }
    Ok(true)
}

/// A request for a reply that is there already and free: consent.
pub fn confirm(
    tx: &Tx<'_>,
    account: &Account,
    target: &Status,
    reply: i64,
    how: &How<'_>,
) -> Result<()> {
    record(tx, Ruling::Free, InteractionKind::Reply, account, target, Some(reply), how)
}

/// A remote account favourites a status of ours.
pub fn favourite(tx: &Tx<'_>, account: &Account, target: &Status, how: &How<'_>) -> Result<()> {
    let kind = InteractionKind::Favourite;
    if !target.local
        || target.reblog_of_id.is_some()
        || !visibility::can_see(tx, account.id, target)?
    {
        return Ok(());
    }
    let ruling = rule(tx, account, target, kind, how)?;
    let uri = Some(how.uri).filter(|uri| !uri.is_empty());
    match ruling {
        Ruling::Free | Ruling::Preapproved => remote::favourite(tx, account, target, uri)?,
        Ruling::Pending => {
            if !db::favourite::insert(tx, account.id, target.id, uri)? {
                return Ok(());
            }
            db::interaction::set_favourite_held(tx, account.id, target.id, true)?;
        }
        Ruling::Denied | Ruling::Ignored => {}
    }
    record(tx, ruling, kind, account, target, None, how)
}

/// A remote account boosts a status of ours.
pub fn reblog(
    tx: &Tx<'_>,
    account: &Account,
    target: &Status,
    published: i64,
    shown_to: Visibility,
    how: &How<'_>,
) -> Result<()> {
    let kind = InteractionKind::Reblog;
    if target.held != Held::Free
        || !target.visibility.is_open()
        || !visibility::can_see(tx, account.id, target)?
    {
        return Ok(());
    }
    let ruling = rule(tx, account, target, kind, how)?;
    let mut boost = None;
    match ruling {
        Ruling::Free | Ruling::Preapproved => {
            remote::reblog(tx, account, target, how.uri, published, shown_to)?;
            boost = db::status::find_reblog(tx, account.id, target.id)?;
            if boost.is_none() {
                return Ok(());
            }
        }
        Ruling::Pending => {
            if target.reblog_of_id.is_some()
                || db::status::find_reblog(tx, account.id, target.id)?.is_some()
                || db::status::find_by_uri(tx, how.uri)?.is_some()
            {
                return Ok(());
            }
            let id = tx.mint_id();
            let mut waits = super::status::boost_of(target, account.id, id, how.uri.to_owned());
            waits.visibility = shown_to.max(target.visibility);
            waits.created_at = published.clamp(target.created_at.min(tx.now()), tx.now());
            db::status::insert(tx, &mut waits)?;
            db::interaction::set_held(tx, waits.id, Held::Pending)?;
            boost = Some(waits);
        }
        Ruling::Denied | Ruling::Ignored => {}
    }
    record(tx, ruling, kind, account, target, boost.map(|boost| boost.id), how)
}

/// Decides about a new reply of a remote account; it is stored already. True when it waits or is
/// refused: then nobody hears of it.
pub(super) fn admit_reply(
    tx: &Tx<'_>,
    status: &Status,
    author: &Account,
    claim: Option<&str>,
    request: Option<&str>,
) -> Result<bool> {
    let Some(parent) = status.in_reply_to_id else { return Ok(false) };
    let Some(parent) = db::status::find(tx, parent)? else { return Ok(false) };
    let how = How { uri: &status.uri, claim, request };
    let kind = InteractionKind::Reply;
    if parent.local {
        let ruling = rule(tx, author, &parent, kind, &how)?;
        let behind = parent.held != Held::Free;
        let held = match ruling {
            Ruling::Free | Ruling::Preapproved if !behind => Held::Free,
            Ruling::Denied | Ruling::Ignored => Held::Rejected,
            _ => Held::Pending,
        };
        if held != Held::Free {
            db::interaction::set_held(tx, status.id, held)?;
        }
        record(tx, ruling, kind, author, &parent, Some(status.id), &how)?;
        return Ok(held != Held::Free);
    }
    if parent.held != Held::Free {
        db::interaction::set_held(tx, status.id, Held::Pending)?;
        return Ok(true);
    }
    let free = parent.policy.as_ref().is_none_or(|policy| policy.hint)
        || judge(tx, &parent, kind, author)? == Verdict::Automatic;
    if let Some(claim) = claim {
        db::interaction::set_approval(tx, status.id, Some(claim))?;
    }
    if free {
        return Ok(false);
    }
    db::interaction::set_held(tx, status.id, Held::Pending)?;
    let owner = db::account::get(tx, parent.account_id)?;
    look(tx, &db::status::get(tx, status.id)?, &owner)?;
    Ok(true)
}

/// A version of a reply that waits names a proof: it is looked at (S-042: a bad one before does
/// not matter).
pub(super) fn look_again(tx: &Tx<'_>, status: &Status, claim: Option<&str>) -> Result<()> {
    let Some(claim) = claim.filter(|claim| status.approval.as_deref() != Some(claim)) else {
        return Ok(());
    };
    let (Held::Pending, Some(owner)) = (status.held, status.in_reply_to_account_id) else {
        return Ok(());
    };
    let owner = db::account::get(tx, owner)?;
    if owner.is_local() || status.local {
        return Ok(());
    }
    db::interaction::set_approval(tx, status.id, Some(claim))?;
    look(tx, &db::status::get(tx, status.id)?, &owner)
}

/// Queues the look at the proof that a reply between others names, in a lane of its server, and
/// not without limit: somebody else chose the address.
pub(super) fn look(tx: &Tx<'_>, status: &Status, owner: &Account) -> Result<()> {
    let Some(proof) = &status.approval else { return Ok(()) };
    let host = host_of(proof);
    if owner.is_local() || status.local || host.is_none() || host != host_of(&owner.uri) {
        return Ok(());
    }
    let lane = format!("approval {}", host.unwrap_or_default());
    if db::job::count_lane(tx, &lane, WAITING)? < WAITING {
        let id = status.id.to_string();
        db::job::insert(tx, JobKind::VerifyApproval, &lane, id.as_bytes())?;
    }
    Ok(())
}

/// A status came that others answer already: what its author did not agree to is hidden, now that
/// the policy is known.
pub(super) fn adopt(tx: &Tx<'_>, status: &Status, owner: &Account) -> Result<()> {
    let rules = status.policy.as_ref().is_some_and(|policy| !policy.hint && policy.reply.is_some());
    if status.local || (!rules && status.held == Held::Free) {
        return Ok(());
    }
    for id in db::interaction::list_remote_replies(tx, status.id, WAITING)? {
        let Some(reply) = db::status::find(tx, id)? else { continue };
        let by = db::account::get(tx, reply.account_id)?;
        let free = status.held == Held::Free
            && judge(tx, status, InteractionKind::Reply, &by)? == Verdict::Automatic;
        if !free {
            super::timeline::leave(tx, &reply)?;
            db::interaction::set_held(tx, id, Held::Pending)?;
            look(tx, &reply, owner)?;
        }
    }
    Ok(())
}

/// Whether a boost that was found, and asks nobody, may be shown as its target's author wants it.
pub fn may_boost(conn: &Conn, target: &Status, by: &Account) -> Result<bool> {
    if target.held != Held::Free {
        return Ok(false);
    }
    if !target.local {
        return is_free_to_boost(conn, target, by);
    }
    let how = How::default();
    let ruling = rule(conn, by, target, InteractionKind::Reblog, &how)?;
    Ok(matches!(ruling, Ruling::Free | Ruling::Preapproved))
}

/// A boost in a group's name: of a status of ours as any other, of one elsewhere without a proof.
pub fn pass_on(
    tx: &Tx<'_>,
    group: &Account,
    target: &Status,
    uri: &str,
    published: i64,
    shown_to: Visibility,
) -> Result<()> {
    if target.local {
        return reblog(tx, group, target, published, shown_to, &How { uri, ..How::default() });
    }
    if !may_boost(tx, target, group)? {
        return Ok(());
    }
    remote::reblog(tx, group, target, uri, published, shown_to)
}

/// Whether a boost of a status elsewhere by another may be shown without a proof.
pub fn is_free_to_boost(conn: &Conn, target: &Status, by: &Account) -> Result<bool> {
    Ok(target.policy.as_ref().is_none_or(|policy| policy.hint)
        || judge(conn, target, InteractionKind::Reblog, by)? == Verdict::Automatic)
}

/// The proof of a reply between others was read and is good.
pub fn accept_proof(
    tx: &Tx<'_>,
    site: &crate::site::Site,
    status_id: i64,
    proof: &str,
) -> Result<()> {
    let Some(status) = db::status::find(tx, status_id)? else { return Ok(()) };
    if status.held == Held::Pending && status.approval.as_deref() == Some(proof) {
        super::interaction_consent::release_status(tx, site, status_id)?;
    }
    Ok(())
}

/// The proof is for something else: it is forgotten, a good one may come.
pub fn drop_proof(tx: &Tx<'_>, status_id: i64, proof: &str) -> Result<()> {
    let Some(status) = db::status::find(tx, status_id)? else { return Ok(()) };
    if status.held == Held::Pending && status.approval.as_deref() == Some(proof) {
        db::interaction::set_approval(tx, status_id, None)?;
    }
    Ok(())
}
