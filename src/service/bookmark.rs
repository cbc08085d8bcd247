//! Bookmarks: nobody but their owner learns of them.

use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Account, Status};

use super::{status, visibility};

/// Bookmarks a status, so that it is also found by search; again does nothing.
///
/// # Errors
/// 404 when the account may not read it.
pub fn add(tx: &Tx<'_>, account: &Account, id: i64) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    if db::bookmark::insert(tx, account.id, target.id)? {
        status::index(tx, &target)?;
    }
    Ok(target)
}

/// Takes a bookmark away; without one nothing happens.
pub fn remove(tx: &Tx<'_>, account: &Account, id: i64) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    db::bookmark::remove(tx, account.id, target.id)?;
    Ok(target)
}
