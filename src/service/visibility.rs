//! Who may see one status: the twin of `db::visible` for single objects (S-087).

use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::{Held, Status, Visibility};

/// Whether `viewer` (0: nobody signed in) may read the status.
pub fn can_see(conn: &Conn, viewer: i64, status: &Status) -> Result<bool> {
    if status.account_id == viewer {
        return Ok(true);
    }
    let held = match status.held {
        Held::Free => false,
        Held::Pending => status.in_reply_to_account_id != Some(viewer),
        Held::Rejected => true,
    };
    if held || (viewer == 0 && db::privacy::hides(conn, status)?) {
        return Ok(false);
    }
    let addressed = match status.visibility {
        Visibility::Public | Visibility::Unlisted => true,
        Visibility::Private => {
            db::status::is_addressed(conn, status.id, viewer)?
                || db::follow::is_following(conn, viewer, status.account_id)?
        }
        Visibility::Direct => db::status::is_addressed(conn, status.id, viewer)?,
    };
    Ok(addressed
        && !db::moderation::blocks(conn, status.account_id, viewer)?
        && db::account::standing(conn, status.account_id)?.is_some_and(|a| !a.suspended))
}

/// Whether `viewer` wants to see things of this account in lists.
pub fn wants(conn: &Conn, viewer: i64, account_id: i64) -> Result<bool> {
    if db::moderation::blocks(conn, viewer, account_id)?
        || db::moderation::mutes(conn, viewer, account_id)?.is_some()
    {
        return Ok(false);
    }
    let domain = db::account::standing(conn, account_id)?.and_then(|account| account.domain);
    Ok(match domain {
        Some(domain) => !db::moderation::hides_domain(conn, viewer, &domain)?,
        None => true,
    })
}

/// Whether strangers do not find what the account wrote, and `viewer` is one: the twin of the
/// last part of `db::visible::found`.
pub fn is_hidden_from(conn: &Conn, viewer: i64, account_id: i64) -> Result<bool> {
    Ok(viewer != account_id
        && db::account::standing(conn, account_id)?.is_some_and(|a| a.silenced)
        && !db::follow::is_following(conn, viewer, account_id)?)
}

/// Whether a list shows the status to `viewer`: it and what it boosts.
pub fn lists(conn: &Conn, viewer: i64, status: &Status) -> Result<bool> {
    if !can_see(conn, viewer, status)? || !wants(conn, viewer, status.account_id)? {
        return Ok(false);
    }
    let Some(of) = status.reblog_of_id else { return Ok(true) };
    match db::status::find(conn, of)? {
        Some(boosted) => {
            Ok(can_see(conn, viewer, &boosted)? && wants(conn, viewer, boosted.account_id)?)
        }
        None => Ok(false),
    }
}

/// The status, for one who may read it; to everybody else it does not exist (S-088).
///
/// Nobody signed in (`viewer` 0) sees local statuses, and remote ones that are reached from a
/// local one: in its thread, or boosted here.
pub fn get(conn: &Conn, viewer: i64, id: i64) -> Result<Status> {
    let status = db::status::get(conn, id)?;
    if !can_see(conn, viewer, &status)? || (viewer == 0 && !is_reached(conn, &status)?) {
        return Err(Error::NotFound);
    }
    if let Some(of) = status.reblog_of_id {
        let boosted = db::status::get(conn, of)?;
        if !can_see(conn, viewer, &boosted)? {
            return Err(Error::NotFound);
        }
    }
    Ok(status)
}

/// The status meant by an id: of a boost, the boosted one. 404 unless the account may read it.
pub fn target(conn: &Conn, viewer: i64, id: i64) -> Result<Status> {
    let status = get(conn, viewer, id)?;
    match status.reblog_of_id {
        Some(of) => db::status::get(conn, of),
        None => Ok(status),
    }
}

fn is_reached(conn: &Conn, status: &Status) -> Result<bool> {
    Ok(status.local
        || db::status::thread_has_local(conn, status.thread_id)?
        || db::status::boosted_here(conn, status.id)?)
}
