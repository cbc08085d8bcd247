//! Telling local accounts what others did.

use crate::clock::HOUR;
use crate::db::follow::Follow;
use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Account, Choice, Event, NotificationKind, Status, Visibility};

use super::{notification_policy, timeline, visibility};

/// How many hours a group spans at the most, as in Mastodon.
const SPAN: i64 = 12;

/// Tells `account` once that `from` did something, unless it is itself, is not local, blocked
/// or muted `from`, hides its domain, or muted the conversation. What the account's policy holds
/// back is kept for the requests, and nobody hears of it.
pub fn notify(
    tx: &Tx<'_>,
    account: &Account,
    kind: NotificationKind,
    from: &Account,
    status: Option<&Status>,
) -> Result<()> {
    if !account.is_local()
        || (account.id == from.id && kind != NotificationKind::Poll)
        || account.suspended_at.is_some()
    {
        return Ok(());
    }
    if db::moderation::blocks(tx, account.id, from.id)?
        || db::moderation::mutes(tx, account.id, from.id)? == Some(true)
    {
        return Ok(());
    }
    // a hidden domain is quiet, but for those whom one follows (as in Mastodon)
    if let Some(domain) = &from.domain
        && db::moderation::hides_domain(tx, account.id, domain)?
        && !db::follow::is_following(tx, account.id, from.id)?
    {
        return Ok(());
    }
    if let Some(status) = status
        && db::thread_mute::contains(tx, account.id, status.thread_id)?
    {
        return Ok(());
    }
    let choice = notification_policy::judge(tx, account, kind, from, status)?;
    if choice == Choice::Drop {
        return Ok(());
    }
    let filtered = choice == Choice::Filter;
    let new = db::notification::New {
        account_id: account.id,
        kind,
        from_account_id: from.id,
        status_id: status.map(|status| status.id),
        filtered,
        group_key: if filtered { None } else { group_key(tx, account.id, kind, status)? },
    };
    let Some(id) = db::notification::insert(tx, &new)? else { return Ok(()) };
    if !filtered {
        super::push::queue(tx, account.id, id, kind, from.id)?;
        // a stream does not know what its reader can take
        if !kind.is_foreign() {
            tx.after_commit(Event::NotificationCreated { account_id: account.id, id });
        }
    } else if let Some(status) = status.filter(|_| kind.is_requested()) {
        db::notification_request::add(tx, account.id, from.id, status.id)?;
    }
    Ok(())
}

/// The key of the group that one of this kind joins now: the last one of its kind and status, or
/// a new one when that began too long ago.
fn group_key(
    tx: &Tx<'_>,
    account: i64,
    kind: NotificationKind,
    status: Option<&Status>,
) -> Result<Option<String>> {
    if !NotificationKind::GROUPED.contains(&kind) {
        return Ok(None);
    }
    let prefix = match status {
        Some(status) => format!("{}-{}-", kind.as_str(), status.id),
        None => format!("{}-", kind.as_str()),
    };
    let hour = tx.now() / HOUR;
    let last = db::notification_group::newest_key(tx, account, &prefix)?;
    let last = last.and_then(|key| key.strip_prefix(&prefix)?.parse::<i64>().ok());
    let began = last.filter(|last| hour < last + SPAN).unwrap_or(hour);
    Ok(Some(format!("{prefix}{began}")))
}

/// Tells those who want to hear of everything that its author writes: no boosts, no answers to
/// others. Those who keep the author in an exclusive list are told as well (as in Mastodon).
pub(super) fn tell_arrival(tx: &Tx<'_>, status: &Status, followers: &[Follow]) -> Result<()> {
    if status.reblog_of_id.is_some()
        || status.reply_to_other
        || status.visibility == Visibility::Direct
    {
        return Ok(());
    }
    let mut author = None;
    for follow in followers.iter().filter(|follow| follow.notify) {
        if !timeline::follow_allows(follow, status, None)
            || !visibility::lists(tx, follow.account_id, status)?
        {
            continue;
        }
        let from = match author.take() {
            Some(from) => from,
            None => db::account::get(tx, status.account_id)?,
        };
        if let Some(account) = db::account::find(tx, follow.account_id)? {
            notify(tx, &account, NotificationKind::Status, &from, Some(status))?;
        }
        author = Some(from);
    }
    Ok(())
}

/// Tells those here who boosted a status that there is a newer version; it takes the place of
/// what they were told of an earlier one (F-310).
pub fn tell_edit(tx: &Tx<'_>, author: &Account, status: &Status) -> Result<()> {
    let boosters = db::status::list_local_boosters(tx, status.id)?;
    let kind = NotificationKind::Update;
    for account in db::account::list(tx, &boosters)? {
        db::notification::delete_matching(tx, account.id, kind, author.id, Some(status.id))?;
        if visibility::can_see(tx, account.id, status)? {
            notify(tx, &account, kind, author, Some(status))?;
        }
    }
    if status.quotes_count > 0 {
        tell_quoters(tx, author, status)?;
    }
    Ok(())
}

/// Tells those here who quoted a status, once for each of its versions.
fn tell_quoters(tx: &Tx<'_>, author: &Account, status: &Status) -> Result<()> {
    let kind = NotificationKind::QuotedUpdate;
    for account in db::account::list(tx, &db::quote::list_quoters(tx, status.id)?)? {
        if account.is_local() && visibility::can_see(tx, account.id, status)? {
            db::notification::delete_matching(tx, account.id, kind, author.id, Some(status.id))?;
            notify(tx, &account, kind, author, Some(status))?;
        }
    }
    Ok(())
}
