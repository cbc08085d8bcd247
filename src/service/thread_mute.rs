//! Muting a conversation: no notifications from it.

use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Account, Status};

use super::visibility;

/// Mutes the conversation of a status.
///
/// # Errors
/// 404 when the account may not read the status.
pub fn add(tx: &Tx<'_>, account: &Account, id: i64) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    db::thread_mute::insert(tx, account.id, target.thread_id)?;
    Ok(target)
}

/// Hears of it again.
pub fn remove(tx: &Tx<'_>, account: &Account, id: i64) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    db::thread_mute::remove(tx, account.id, target.thread_id)?;
    Ok(target)
}
