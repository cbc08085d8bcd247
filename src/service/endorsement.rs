//! Recommending accounts on one's profile.

use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::Account;

/// Recommends an account; again does nothing. It ends with the follow.
///
/// # Errors
/// 422 unless the account is followed.
pub fn add(tx: &Tx<'_>, account: &Account, target: &Account) -> Result<()> {
    if !db::follow::is_following(tx, account.id, target.id)? {
        return Err(Error::invalid(
            "Validation failed: You must be already following the person you want to endorse",
        ));
    }
    db::endorsement::insert(tx, account.id, target.id)
}

/// No longer does.
pub fn remove(tx: &Tx<'_>, account: &Account, target: &Account) -> Result<()> {
    db::endorsement::remove(tx, account.id, target.id)
}
