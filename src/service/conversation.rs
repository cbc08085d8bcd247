//! Direct conversations, as each local participant keeps them.

use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Status, Visibility};

use super::visibility;

/// A direct status becomes the newest of its conversation for its author and everybody whom it is
/// addressed to, of those who are local. Whoever hides the author hears nothing of it.
pub(super) fn keep(tx: &Tx<'_>, status: &Status) -> Result<()> {
    if status.visibility != Visibility::Direct {
        return Ok(());
    }
    if status.local {
        db::conversation::keep(tx, status.account_id, status.thread_id, status.id, false)?;
    }
    let named: Vec<i64> = db::status::list_mentions(tx, &[status.id])?
        .into_iter()
        .map(|(_, account, _)| account)
        .filter(|account| *account != status.account_id)
        .collect();
    for account in db::account::list(tx, &named)? {
        if account.is_local() && visibility::lists(tx, account.id, status)? {
            db::conversation::keep(tx, account.id, status.thread_id, status.id, true)?;
        }
    }
    Ok(())
}

/// Before a direct status goes.
pub(super) fn step_back(tx: &Tx<'_>, status: &Status) -> Result<()> {
    if status.visibility == Visibility::Direct {
        db::conversation::step_back(tx, status.id)?;
    }
    Ok(())
}
