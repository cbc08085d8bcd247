//! What people here do with statuses whose authors want to be asked (F-332, F-333): it waits,
//! hidden, and only the author hears of it. What others ask of them is in
//! [`super::interaction_in`], consent in [`super::interaction_consent`].

use serde_json::Value;

use crate::activity::build;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, Held, Interaction, InteractionKind, InteractionState, NotificationKind, Status,
};
use crate::site::Site;

use super::policy::{Verdict, judge};
use super::{delivery, interaction_consent, notification};

/// How many may wait for one author's word (everything that strangers can cause has an end).
pub(super) const MOST_PENDING: i64 = 1000;

/// How an interaction of somebody here begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    Free,
    /// Its author is asked.
    Ask,
    /// It is about something that waits itself (F-336).
    Behind,
}

/// What a favourite or boost becomes, by the status's policy.
///
/// # Errors
/// 403 with a sentence when the author does not want it.
pub(super) fn course(
    conn: &Conn,
    account: &Account,
    target: &Status,
    kind: InteractionKind,
) -> Result<Course> {
    if target.held != Held::Free {
        return Err(Error::Forbidden("This post still waits for approval".into()));
    }
    let course = match judge(conn, target, kind, account)? {
        Verdict::Automatic => Course::Free,
        Verdict::Member if target.local => Course::Free,
        Verdict::Member | Verdict::Manual => Course::Ask,
        Verdict::Denied => return Err(denied(kind)),
    };
    if course == Course::Ask {
        let known = db::interaction::find_of(conn, kind, target.id, account.id)?;
        let refused = |row: &Interaction| {
            matches!(row.state, InteractionState::Rejected | InteractionState::Revoked)
        };
        if kind != InteractionKind::Reply && known.as_ref().is_some_and(refused) {
            return Err(denied(kind));
        }
        if target.local
            && db::interaction::count_pending(conn, target.account_id, MOST_PENDING)?
                >= MOST_PENDING
        {
            return Err(Error::Forbidden("Too much waits for this author's approval".into()));
        }
    }
    Ok(course)
}

fn denied(kind: InteractionKind) -> Error {
    Error::Forbidden(
        match kind {
            InteractionKind::Favourite => "The author does not let you favourite this post",
            InteractionKind::Reply => "The author does not let you reply to this post",
            InteractionKind::Reblog => "The author does not let you boost this post",
        }
        .into(),
    )
}

/// The same for a reply. Whoever answers what waits for its own word agrees to it so.
pub(super) fn course_of_reply(
    tx: &Tx<'_>,
    site: &Site,
    account: &Account,
    parent: Option<&Status>,
) -> Result<Course> {
    let Some(parent) = parent else { return Ok(Course::Free) };
    match parent.held {
        Held::Free => course(tx, account, parent, InteractionKind::Reply),
        Held::Pending if agree(tx, site, account, parent)? => {
            // what is above it may wait all the same
            let held = db::status::get(tx, parent.id)?.held;
            Ok(if held == Held::Free { Course::Free } else { Course::Behind })
        }
        Held::Pending => Ok(Course::Behind),
        Held::Rejected => Err(Error::Forbidden("This reply was not approved".into())),
    }
}

/// Agrees to a reply that waits for the account's word; false when it does not.
pub(super) fn agree(tx: &Tx<'_>, site: &Site, account: &Account, status: &Status) -> Result<bool> {
    if status.held != Held::Pending {
        return Ok(false);
    }
    let row = db::interaction::find_of_status(tx, status.id)?
        .filter(|row| row.owner_id == account.id && row.state == InteractionState::Pending);
    match row {
        Some(row) => interaction_consent::accept(tx, site, account, row).map(|_| true),
        None => Ok(false),
    }
}

/// Writes down an interaction of somebody here that waits, and asks the author: with a request
/// where its server knows them, else by the activity itself, sent to nobody else (F-333).
pub(super) fn ask(
    tx: &Tx<'_>,
    kind: InteractionKind,
    account: &Account,
    target: &Status,
    status_id: Option<i64>,
    uri: &str,
    activity: Value,
) -> Result<()> {
    let owner = db::account::get(tx, target.account_id)?;
    let old = target.policy.as_ref().is_some_and(|policy| policy.old);
    let request = (!owner.is_local() && !old)
        .then(|| format!("{}/interaction_requests/{}", account.uri, tx.mint_id()));
    let row = Interaction {
        id: 0,
        kind,
        target_id: target.id,
        owner_id: owner.id,
        account_id: account.id,
        status_id,
        uri: uri.to_owned(),
        state: InteractionState::Pending,
        request_uri: request.clone(),
        authorization_uri: None,
        answer_uri: None,
        created_at: tx.now(),
        decided_at: None,
    };
    db::interaction::insert(tx, &row)?;
    if owner.is_local() {
        return tell(tx, &owner, kind, account, target, status_id);
    }
    let activity = match request {
        Some(request) => {
            let instrument = match kind {
                InteractionKind::Reply => activity["object"].clone(),
                _ => activity,
            };
            let (actor, to) = (&account.uri, &owner.uri);
            build::interaction_request(kind, &request, actor, &target.uri, instrument, to)
        }
        None => activity,
    };
    delivery::queue_for(tx, account, &activity, &owner)
}

/// The inbox of whoever was asked about a reply, when nobody else ever got it (F-332); `None` for
/// one that was sent to its audience.
pub(super) fn only_asked(conn: &Conn, status: &Status) -> Result<Option<Vec<String>>> {
    if status.held == Held::Free {
        return Ok(None);
    }
    let Some(row) = db::interaction::find_of_status(conn, status.id)? else {
        // free until it was refused, or below one that waits
        return Ok((status.held == Held::Pending).then(Vec::new));
    };
    if row.state == InteractionState::Revoked {
        return Ok(None);
    }
    let owner = db::account::find(conn, row.owner_id)?.filter(|owner| !owner.is_local());
    Ok(Some(owner.and_then(|owner| owner.inbox).into_iter().collect()))
}

/// The notification of one that waits.
pub(super) fn pending(kind: InteractionKind) -> NotificationKind {
    match kind {
        InteractionKind::Favourite => NotificationKind::PendingFavourite,
        InteractionKind::Reply => NotificationKind::PendingReply,
        InteractionKind::Reblog => NotificationKind::PendingReblog,
    }
}

/// Tells an author here that somebody waits.
pub(super) fn tell(
    tx: &Tx<'_>,
    owner: &Account,
    kind: InteractionKind,
    from: &Account,
    target: &Status,
    status_id: Option<i64>,
) -> Result<()> {
    let reply = match (kind, status_id) {
        (InteractionKind::Reply, Some(id)) => db::status::find(tx, id)?,
        _ => None,
    };
    notification::notify(tx, owner, pending(kind), from, Some(reply.as_ref().unwrap_or(target)))
}

/// What was to be seen of one that waits goes.
pub(super) fn untell(tx: &Tx<'_>, row: &Interaction) -> Result<()> {
    let about = match row.kind {
        InteractionKind::Reply => row.status_id,
        _ => Some(row.target_id),
    };
    db::notification::delete_matching(tx, row.owner_id, pending(row.kind), row.account_id, about)
}

/// A favourite or boost was taken back: nobody needs to agree to it any more.
pub(super) fn forget(
    tx: &Tx<'_>,
    kind: InteractionKind,
    account: i64,
    target: &Status,
) -> Result<()> {
    if target.policy.is_none() && db::interaction::find_of(tx, kind, target.id, account)?.is_none()
    {
        return Ok(());
    }
    db::interaction::forget(tx, kind, target.id, account)?;
    db::notification::delete_matching(
        tx,
        target.account_id,
        pending(kind),
        account,
        Some(target.id),
    )
}
