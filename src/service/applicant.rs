//! Those who want an account: let in, turned away, forgotten.

use crate::clock::DAY;
use crate::config::Registrations;
use crate::db::applicant::Applicant;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, NotificationKind, Scopes};
use crate::signature::key::GeneratedKey;
use crate::site::Site;
use crate::text::words::{Lang, Word, say};

use super::account::{NewAccount, Said};
use super::letter::{self, About};
use super::trouble::{self, Message};
use super::{account, notification, sign_up};

/// Who does not confirm their address within this time is forgotten.
pub const UNCONFIRMED: i64 = 2 * DAY;

/// Where the admins decide.
const PAGE: &str = "/settings/people";

/// Tells the admins that somebody waits; the message's id.
pub(super) fn tell(tx: &Tx<'_>, site: &Site, one: &Applicant) -> Result<Option<i64>> {
    // nothing that a stranger wrote, but for a name of letters, digits and underscores
    let values = [one.username.clone(), format!("{}{PAGE}", site.base)];
    let text = say(Lang::of(&site.default_language), Word::sign_up_waits, &values);
    let told = trouble::write(tx, site, Message { text: &text, ..Message::default() })?;
    db::applicant::set_told(tx, one.id, told)?;
    letter::tell_admins(tx, site, About::Waiting, 0)?;
    Ok(told)
}

/// Makes an account of somebody who may have one. Their app's token becomes the account's, and
/// admins are told (as in Mastodon).
///
/// # Errors
/// 422 when name or address were given to somebody else.
pub(super) fn settle(
    tx: &Tx<'_>,
    site: &Site,
    one: Applicant,
    key: GeneratedKey,
) -> Result<Account> {
    db::applicant::delete(tx, one.id)?;
    if let Some(told) = one.told_id {
        trouble::take_back(tx, site, told)?;
    }
    let new = NewAccount {
        username: one.username,
        email: one.email,
        password_hash: one.password_hash,
        admin: false,
        key,
    };
    let said = Said {
        locale: Some(one.locale),
        reason: Some(one.reason).filter(|reason| !reason.is_empty()),
        invited_by: one.invited_by,
    };
    let made = account::create_as(tx, site, one.id, new, said)?;
    if let (Some(application), Some(hash)) = (one.application_id, one.token_hash) {
        let scopes = Scopes::parse(&one.scopes).unwrap_or_default();
        db::oauth::insert_token(tx, &hash, application, Some(made.id), &scopes, None)?;
    }
    for admin in db::account::list(tx, &db::user::list_admins(tx)?)? {
        notification::notify(tx, &admin, NotificationKind::AdminSignUp, &made, None)?;
    }
    tracing::info!(account = %made.username, "somebody signed up");
    Ok(made)
}

/// Somebody who waits for an admin.
///
/// # Errors
/// 404 for anybody else.
pub fn get_waiting(conn: &Conn, id: i64) -> Result<Applicant> {
    db::applicant::find(conn, id)?.filter(|one| !one.approved).ok_or(Error::NotFound)
}

/// Lets somebody in: at once, or as soon as their address is confirmed (`None`).
///
/// # Errors
/// 404 when they do not wait, 403 when there are as many people as may be.
pub fn approve(
    tx: &Tx<'_>,
    site: &Site,
    rules: &Registrations,
    id: i64,
    key: GeneratedKey,
) -> Result<Option<Account>> {
    let one = get_waiting(tx, id)?;
    if sign_up::is_full(tx, rules)? {
        return Err(sign_up::full());
    }
    if one.confirmed {
        let made = settle(tx, site, one, key)?;
        letter::queue(tx, site, About::Approved, made.id)?;
        return Ok(Some(made));
    }
    db::applicant::set_approved(tx, id)?;
    Ok(None)
}

/// Turns somebody away: nothing of them stays, and the name is free.
///
/// # Errors
/// 404 when they do not wait.
pub fn reject(tx: &Tx<'_>, site: &Site, id: i64) -> Result<Applicant> {
    let one = get_waiting(tx, id)?;
    if let Some(told) = one.told_id {
        trouble::take_back(tx, site, told)?;
    }
    db::applicant::delete(tx, id)?;
    tracing::info!(name = %one.username, "a sign-up was turned away");
    Ok(one)
}
