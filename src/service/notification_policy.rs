//! Who may tell an account something: Mastodon's rules for what is held back or dropped, and the
//! requests of those who are held back.

use crate::clock::{DAY, HOUR};
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, Choice, Event, INSTANCE_ACTOR, NotificationKind, NotificationPolicy,
    NotificationRequest, Status, Visibility,
};

/// How long an account is new, and how long a follow does not count yet.
const NEW_ACCOUNT: i64 = 30 * DAY;
const NEW_FOLLOWER: i64 = 3 * DAY;
/// So many mentions of one server's strangers reach somebody within an hour, and the rest is held
/// back (S-139): a flood, whatever one chose.
const FLOOD: i64 = 100;
/// Where the setting is kept.
const HOLD_BACK: &str = "hold_back_new_accounts";

/// The account's policy.
pub fn get(conn: &Conn, account: i64) -> Result<NotificationPolicy> {
    if let Some(chosen) = db::notification_policy::find(conn, account)? {
        return Ok(chosen);
    }
    let mut policy = NotificationPolicy::default();
    if db::meta::get(conn, HOLD_BACK)?.as_deref() == Some("1") {
        policy.for_new_accounts = Choice::Filter;
    }
    Ok(policy)
}

/// Says how it is for those who chose nothing: whether new accounts are held back.
pub fn set_default(tx: &Tx<'_>, hold_back: bool) -> Result<()> {
    let value = if hold_back { "1" } else { "0" };
    if db::meta::get(tx, HOLD_BACK)?.as_deref() != Some(value) {
        db::meta::set(tx, HOLD_BACK, value)?;
    }
    Ok(())
}

/// What becomes of a notification of this kind from `from`: the strictest of the choices whose
/// sort it is of. Whom the account follows is touched by the one for young followers alone, and
/// nobody whose request it accepted.
pub fn judge(
    conn: &Conn,
    account: &Account,
    kind: NotificationKind,
    from: &Account,
    status: Option<&Status>,
) -> Result<Choice> {
    // what the server itself says to those who run it is held back by nothing
    if !kind.is_filterable() || from.id == INSTANCE_ACTOR {
        return Ok(Choice::Accept);
    }
    let policy = get(conn, account.id)?;
    let mut choice = Choice::Accept;
    if policy.for_not_followers > choice {
        let since = conn.now() - NEW_FOLLOWER;
        if !db::notification_policy::followed_before(conn, from.id, account.id, since)? {
            choice = policy.for_not_followers;
        }
    }
    if !db::follow::is_following(conn, account.id, from.id)? {
        choice = choice.max(policy.for_not_following);
        if policy.for_new_accounts > choice && from.created_at > conn.now() - NEW_ACCOUNT {
            choice = policy.for_new_accounts;
        }
        if policy.for_limited_accounts > choice && is_limited(from) {
            choice = policy.for_limited_accounts;
        }
        if policy.for_private_mentions > choice
            && kind == NotificationKind::Mention
            && let Some(status) = status
            && is_unasked(conn, account, from, status)?
        {
            choice = policy.for_private_mentions;
        }
        if choice == Choice::Accept
            && kind == NotificationKind::Mention
            && let Some(domain) = &from.domain
        {
            let since = conn.now() - HOUR;
            if db::notification_policy::is_flooded(conn, account.id, domain, since, FLOOD)? {
                choice = Choice::Filter;
            }
        }
    }
    // most are accepted: the exceptions are looked up for the others only
    if choice != Choice::Accept
        && (db::notification_policy::permits(conn, account.id, from.id)?
            || (kind == NotificationKind::Mention && is_staff(conn, account, from)?))
    {
        return Ok(Choice::Accept);
    }
    Ok(choice)
}

/// Limited by a moderator of this server.
fn is_limited(from: &Account) -> bool {
    from.silenced_at.is_some()
}

/// A private mention that does not answer one by `account`.
fn is_unasked(conn: &Conn, account: &Account, from: &Account, status: &Status) -> Result<bool> {
    if status.visibility != Visibility::Direct {
        return Ok(false);
    }
    match status.in_reply_to_id {
        Some(parent) => {
            Ok(!db::notification_policy::asked_before(conn, account.id, from.id, parent)?)
        }
        None => Ok(true),
    }
}

/// The people who run the server reach everybody else.
fn is_staff(conn: &Conn, account: &Account, from: &Account) -> Result<bool> {
    if !from.is_local() {
        return Ok(false);
    }
    let is_admin = |id: i64| Ok::<_, Error>(db::user::find(conn, id)?.is_some_and(|u| u.admin));
    Ok(is_admin(from.id)? && !is_admin(account.id)?)
}

/// One of the account's requests.
///
/// # Errors
/// 404 for another's (S-082).
pub fn get_request(conn: &Conn, account: i64, id: i64) -> Result<NotificationRequest> {
    db::notification_request::list_by_ids(conn, account, &[id])?.pop().ok_or(Error::NotFound)
}

/// Accepts requests: what was held back comes among the notifications, and so does all that these
/// accounts do from now on.
pub fn accept(tx: &Tx<'_>, account: i64, requests: &[NotificationRequest]) -> Result<()> {
    for request in requests {
        db::notification_policy::permit(tx, account, request.from_account_id)?;
        for id in db::notification_request::release(tx, account, request.from_account_id)? {
            tx.after_commit(Event::ConversationChanged { account_id: account, id });
        }
    }
    if !requests.is_empty() {
        tx.after_commit(Event::NotificationsMerged { account_id: account });
    }
    Ok(())
}

/// Dismisses requests, with what was held back.
pub fn dismiss(tx: &Tx<'_>, account: i64, requests: &[NotificationRequest]) -> Result<()> {
    for request in requests {
        db::notification_request::drop_held(tx, account, request.from_account_id)?;
    }
    Ok(())
}
