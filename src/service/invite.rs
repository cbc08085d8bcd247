//! Invitations: codes with which somebody may come in without approval.

use crate::clock::DAY;
use crate::config::{RegistrationMode, Registrations};
use crate::crypto;
use crate::db::invite::Invite;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};

/// How many one person may have made; those taken back do not count.
pub const MOST: i64 = 50;
/// How many there may be together.
const MOST_TOGETHER: i64 = 1000;
/// An invitation is good for so many people, and for so long, at the most.
pub const MOST_USES: i64 = 100;
pub const LONGEST: i64 = 365 * DAY;
/// One that has ended is shown for so long.
pub const KEPT: i64 = 30 * DAY;

/// Whether this person may invite others now.
pub fn may_invite(rules: &Registrations, admin: bool) -> bool {
    rules.mode != RegistrationMode::Closed && (admin || rules.people_may_invite)
}

/// Makes one. `by` is `None` for the operator.
///
/// # Errors
/// 422 for numbers that do not fit, and when there are too many.
pub fn create(
    tx: &Tx<'_>,
    by: Option<i64>,
    max_uses: Option<i64>,
    lifetime: Option<i64>,
) -> Result<Invite> {
    if max_uses.is_some_and(|uses| !(1..=MOST_USES).contains(&uses)) {
        return Err(Error::invalid(format!("An invitation is for 1 to {MOST_USES} people")));
    }
    if lifetime.is_some_and(|ms| !(1..=LONGEST).contains(&ms)) {
        return Err(Error::invalid(format!(
            "An invitation is good for {} days at the most",
            LONGEST / DAY
        )));
    }
    let too_many = by.is_some() && db::invite::count(tx, by)? >= MOST;
    if too_many || db::invite::count(tx, None)? >= MOST_TOGETHER {
        return Err(Error::invalid("There are too many invitations. Take some back first"));
    }
    let invite = Invite {
        id: 0,
        code: crypto::code128(),
        account_id: by,
        max_uses,
        uses: 0,
        expires_at: lifetime.map(|ms| tx.now() + ms),
        created_at: tx.now(),
    };
    db::invite::insert(tx, &invite)?;
    Ok(invite)
}

/// Takes one back; `of` is whose it must be, if anybody's.
///
/// # Errors
/// 404 when there is none such.
pub fn revoke(tx: &Tx<'_>, code: &str, of: Option<i64>) -> Result<Invite> {
    let invite = db::invite::find(tx, code)?
        .filter(|invite| of.is_none() || invite.account_id == of)
        .ok_or(Error::NotFound)?;
    db::invite::delete(tx, invite.id)?;
    Ok(invite)
}

/// The invitation with this code, if it lets somebody in: its maker may act and invite still.
pub(super) fn find_good(conn: &Conn, rules: &Registrations, code: &str) -> Result<Option<Invite>> {
    let Some(invite) = db::invite::find(conn, code)?.filter(|one| one.is_good(conn.now())) else {
        return Ok(None);
    };
    let good = match invite.account_id {
        None => rules.mode != RegistrationMode::Closed,
        Some(id) => {
            let user = db::user::find(conn, id)?;
            super::access::find_allowed(conn, id)?.is_some()
                && user.is_some_and(|user| may_invite(rules, user.admin))
        }
    };
    Ok(good.then_some(invite))
}
