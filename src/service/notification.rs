//! Telling local accounts what others did.

use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Account, Event, NotificationKind, Status};

/// Tells `account` once that `from` did something, unless it is itself, is not local, blocked
/// or muted `from`, or hides its domain.
pub fn notify(
    tx: &Tx<'_>,
    account: &Account,
    kind: NotificationKind,
    from: &Account,
    status: Option<&Status>,
) -> Result<()> {
    if !account.is_local() || account.id == from.id || account.suspended_at.is_some() {
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
    let stored = db::notification::insert(tx, account.id, kind, from.id, status.map(|s| s.id))?;
    if let Some(id) = stored {
        tx.after_commit(Event::NotificationCreated { account_id: account.id, id });
    }
    Ok(())
}
