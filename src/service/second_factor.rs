//! The second factor at sign-in: codes that change with time, and codes for those who lost theirs
//! (S-083).

use crate::crypto::{self, totp};
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};

/// How many recovery codes there are at first.
const RECOVERY_CODES: usize = 10;
/// The longest code that is looked at.
const LONGEST: usize = 64;

/// Whether a sign-in has to show a code.
pub fn is_enabled(conn: &Conn, account_id: i64) -> Result<bool> {
    Ok(db::second_factor::find(conn, account_id)?.is_some_and(|found| found.enabled_at.is_some()))
}

/// The secret for somebody's app; it counts for nothing until a code confirms it. `to` is the
/// token that asks, which gets the same one again, or 0 for our own page, which gets a new one:
/// what one was shown no other sees.
///
/// # Errors
/// 409 when there is one already: it is shown to nobody again.
pub fn offer(tx: &Tx<'_>, account_id: i64, to: i64) -> Result<Vec<u8>> {
    match db::second_factor::find(tx, account_id)? {
        Some(found) if found.enabled_at.is_some() => Err(is_on()),
        Some(found) if to != 0 && found.offered_to == to => Ok(found.secret),
        _ => {
            let secret = totp::secret().to_vec();
            db::second_factor::offer(tx, account_id, &secret, to)?;
            Ok(secret)
        }
    }
}

/// Turns it on with a code of the secret that was offered to `to`; answers the recovery codes, which nobody sees
/// again. `None`: the code is wrong.
///
/// # Errors
/// 409 when it is on already, or nothing was offered.
pub fn enable(tx: &Tx<'_>, account_id: i64, to: i64, typed: &str) -> Result<Option<Vec<String>>> {
    let found = match db::second_factor::find(tx, account_id)? {
        Some(found) if found.enabled_at.is_some() => return Err(is_on()),
        Some(found) if found.offered_to == to => found,
        _ => {
            let none = "There is no secret yet that a code could be made of";
            return Err(Error::Conflict(none.into()));
        }
    };
    let Some(step) = verify(&found, typed, tx.now()) else { return Ok(None) };
    db::second_factor::set_last_step(tx, account_id, step)?;
    db::second_factor::enable(tx, account_id)?;
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| crypto::recovery_code()).collect();
    for code in &codes {
        db::second_factor::insert_recovery(tx, account_id, &crypto::token_hash(&plain(code)))?;
    }
    tracing::info!(account = account_id, "second factor on");
    Ok(Some(codes))
}

/// Takes it away, as its owner asks with the password, or the operator.
///
/// # Errors
/// 409 when there is none.
pub fn disable(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    if !is_enabled(tx, account_id)? {
        return Err(Error::Conflict("There is no second factor".into()));
    }
    tracing::info!(account = account_id, "second factor off");
    db::second_factor::delete(tx, account_id)
}

/// Whether what was typed lets its owner in; it is used up with that.
pub fn check(tx: &Tx<'_>, account_id: i64, typed: &str) -> Result<bool> {
    let Some(found) = db::second_factor::find(tx, account_id)? else { return Ok(false) };
    if found.enabled_at.is_none() {
        return Ok(false);
    }
    if let Some(step) = verify(&found, typed, tx.now()) {
        db::second_factor::set_last_step(tx, account_id, step)?;
        return Ok(true);
    }
    let recovery = plain(typed);
    if recovery.is_empty() || recovery.len() > LONGEST {
        return Ok(false);
    }
    db::second_factor::use_recovery(tx, account_id, &crypto::token_hash(&recovery))
}

fn verify(found: &db::second_factor::SecondFactor, typed: &str, now: i64) -> Option<i64> {
    (typed.len() <= LONGEST).then(|| totp::verify(&found.secret, typed, now, found.last_step))?
}

/// A recovery code however it is typed.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

fn is_on() -> Error {
    Error::Conflict("The second factor is on already. Turn it off first".into())
}
