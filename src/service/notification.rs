//! Telling local accounts what others did.

use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Account, Event, NotificationKind, Status};

use super::visibility;

/// Tells `account` once that `from` did something, unless it is itself, is not local, blocked
/// or muted `from`, hides its domain, or muted the conversation.
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
    let stored = db::notification::insert(tx, account.id, kind, from.id, status.map(|s| s.id))?;
    if let Some(id) = stored {
        super::push::queue(tx, account.id, id, kind, from.id)?;
        tx.after_commit(Event::NotificationCreated { account_id: account.id, id });
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
    Ok(())
}
