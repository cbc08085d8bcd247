//! Notes that one keeps about others, for nobody else to see.

use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::Account;
use crate::text::sanitize;

/// Most characters of one.
pub(super) const MOST: usize = 2000;

/// Sets the note about an account; a blank one takes it away.
///
/// # Errors
/// 422 for one that is too long.
pub fn set(tx: &Tx<'_>, account: &Account, target: &Account, comment: &str) -> Result<()> {
    if comment.chars().count() > MOST {
        return Err(Error::invalid(format!(
            "Validation failed: Comment is too long (maximum is {MOST} characters)"
        )));
    }
    let comment = sanitize::multiline(comment, MOST);
    db::account_note::set(tx, account.id, target.id, comment.trim())
}
