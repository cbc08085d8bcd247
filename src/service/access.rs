//! What lets somebody in: password, address, sessions, tokens; and how all of it ends.

use crate::db::user::User;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, TokenLine};
use crate::site::Site;

use super::letter::{self, About};

/// What stays when somebody's access ends: the browser or the app that asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep {
    pub token: Option<i64>,
    /// The hash of its cookie.
    pub session: Option<[u8; 32]>,
}

/// The account, if its owner may act here: neither suspended, disabled nor deleted. Asked in the
/// transaction that lets somebody in, since all of that may have come since the password was right.
pub fn find_allowed(conn: &Conn, account_id: i64) -> Result<Option<Account>> {
    if db::user::find(conn, account_id)?.is_none_or(|user| user.disabled) {
        return Ok(None);
    }
    let account = db::account::find(conn, account_id)?;
    Ok(account.filter(|account| account.suspended_at.is_none()))
}

/// Why the owner of an account may not act here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    Suspended,
    Disabled,
}

/// Whether an admin keeps the owner of an account out: only they are told, after they have shown
/// that it is theirs.
pub fn find_shut(conn: &Conn, user: &User) -> Result<Option<Shut>> {
    let account = db::account::find(conn, user.account_id)?;
    Ok(match account.is_none_or(|account| account.suspended_at.is_some()) {
        true => Some(Shut::Suspended),
        false => user.disabled.then_some(Shut::Disabled),
    })
}

/// Ends every session, token and code of an account at once, with the streams and push
/// subscriptions that hang on them (S-078). For a password that somebody else sets, for suspension
/// and deletion.
pub fn end_all(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    db::oauth::revoke_all(tx, account_id)
}

/// Sets a new password that its owner chose; everything but `keep` ends with the old one (S-078).
pub fn change_password(tx: &Tx<'_>, account_id: i64, hash: &str, keep: Keep) -> Result<()> {
    db::user::set_password(tx, account_id, hash)?;
    tracing::info!(account = account_id, "password changed");
    db::oauth::revoke_others(tx, account_id, keep.token, keep.session.as_ref())
}

/// Checks an e-mail address, as far as its form tells.
///
/// # Errors
/// 422.
pub fn check_email(email: &str) -> Result<()> {
    let looks_right = email.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    // what has a meaning in the header of a letter is in no address that anybody has
    let odd = |c: char| c.is_control() || c.is_whitespace() || "<>()[],;:\\\"".contains(c);
    if !looks_right || email.len() > 320 || email.chars().any(odd) {
        return Err(Error::invalid("Validation failed: Email is invalid"));
    }
    Ok(())
}

/// Sets another e-mail address to sign in with; where there is mail, as soon as it is confirmed.
///
/// # Errors
/// 422 when it is none, 409 when somebody has it.
pub fn change_email(tx: &Tx<'_>, site: &Site, account_id: i64, email: &str) -> Result<()> {
    let email = email.trim();
    check_email(email)?;
    let user = db::user::find(tx, account_id)?.ok_or(Error::NotFound)?;
    if user.email.eq_ignore_ascii_case(email) {
        return db::user::set_email(tx, account_id, email);
    }
    if super::account::is_email_taken(tx, email)? {
        return Err(Error::Conflict("Validation failed: new_email has already been taken".into()));
    }
    if site.mails {
        db::user::set_new_email(tx, account_id, email)?;
        return letter::queue(tx, site, About::Address, account_id);
    }
    db::user::set_email(tx, account_id, email)
}

/// Sets another e-mail address that counts at once: the operator knows whose it is, as of an account
/// made by command. What was still to be confirmed is not wanted any more.
///
/// # Errors
/// 422 when it is none, or somebody else's.
pub fn set_email(tx: &Tx<'_>, account_id: i64, email: &str) -> Result<()> {
    let email = email.trim();
    check_email(email)?;
    let user = db::user::find(tx, account_id)?.ok_or(Error::NotFound)?;
    if !user.email.eq_ignore_ascii_case(email) && super::account::is_email_taken(tx, email)? {
        return Err(Error::invalid("Validation failed: Email has already been taken"));
    }
    db::user::set_email(tx, account_id, email)
}

/// Ends one token of an account and answers what it was.
///
/// # Errors
/// 404 when it is somebody else's or none.
pub fn end_token(tx: &Tx<'_>, account_id: i64, id: i64) -> Result<TokenLine> {
    let token = db::oauth::find_own_token(tx, account_id, id)?.ok_or(Error::NotFound)?;
    db::oauth::revoke_own_token(tx, account_id, id)?;
    Ok(token)
}

/// Ends all that an application has of an account.
///
/// # Errors
/// 404 when it has nothing.
pub fn end_application(tx: &Tx<'_>, account_id: i64, id: i64) -> Result<()> {
    db::oauth::find_own_application(tx, account_id, id)?.ok_or(Error::NotFound)?;
    db::oauth::revoke_application(tx, account_id, id)
}
