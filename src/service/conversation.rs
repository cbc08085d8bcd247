//! Direct conversations, as each local participant keeps them.

use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Choice, Event, NotificationKind, Status, Visibility};

use super::{notification_policy, visibility};

/// A direct status becomes the newest of its conversation for its author and everybody whom it is
/// addressed to, of those who are local. Whoever hides the author hears nothing of it, and where
/// the notification policy holds it back, it comes with the acceptance (as in Mastodon).
pub(super) fn keep(tx: &Tx<'_>, status: &Status) -> Result<()> {
    if status.visibility != Visibility::Direct {
        return Ok(());
    }
    if status.local {
        put(tx, status.account_id, status, false)?;
        // what was attached to it before goes last from now on
        db::cache_expiry::keep_conversation(tx, status.thread_id)?;
    }
    let Some(author) = db::account::find(tx, status.account_id)? else { return Ok(()) };
    let named: Vec<i64> = db::status::list_mentions(tx, &[status.id])?
        .into_iter()
        .map(|(_, account, _)| account)
        .filter(|account| *account != status.account_id)
        .collect();
    for account in db::account::list(tx, &named)? {
        let kind = NotificationKind::Mention;
        if account.is_local()
            && visibility::lists(tx, account.id, status)?
            && notification_policy::judge(tx, &account, kind, &author, Some(status))?
                == Choice::Accept
        {
            put(tx, account.id, status, true)?;
        }
    }
    Ok(())
}

fn put(tx: &Tx<'_>, account: i64, status: &Status, unread: bool) -> Result<()> {
    let row = db::conversation::keep(tx, account, status.thread_id, status.id, unread)?;
    if let Some(id) = row {
        tx.after_commit(Event::ConversationChanged { account_id: account, id });
    }
    Ok(())
}

/// Marks one of the account's conversations; another's is left alone.
pub fn mark(tx: &Tx<'_>, account: i64, id: i64, unread: bool) -> Result<()> {
    if db::conversation::set_unread(tx, account, id, unread)? {
        tx.after_commit(Event::ConversationChanged { account_id: account, id });
    }
    Ok(())
}

/// A direct status of somebody here went: what others attached to its conversation may go as well.
pub(super) fn left(tx: &Tx<'_>, status: &Status) -> Result<()> {
    if status.visibility == Visibility::Direct {
        db::cache_expiry::keep_conversation(tx, status.thread_id)?;
    }
    Ok(())
}

/// Before a direct status goes.
pub(super) fn step_back(tx: &Tx<'_>, status: &Status) -> Result<()> {
    if status.visibility == Visibility::Direct {
        for (account_id, id) in db::conversation::step_back(tx, status.id)? {
            tx.after_commit(Event::ConversationChanged { account_id, id });
        }
    }
    Ok(())
}
