//! Pinned statuses: what an account shows first, here and in its `featured` collection.

use crate::activity::build;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Held, Status, Visibility};

use super::{delivery, visibility};

/// How many statuses a local account may pin, as in Mastodon.
pub const MOST: i64 = 5;
/// How many are kept of a remote account (F-196).
const MOST_REMOTE: i64 = 20;

/// Pins one's own status and tells one's followers; again does nothing.
///
/// # Errors
/// 404 when the account may not read it, 422 when it cannot be pinned or there are [`MOST`].
pub fn add(tx: &Tx<'_>, account: &Account, id: i64) -> Result<Status> {
    let status = visibility::get(tx, account.id, id)?;
    let refused = |why: &str| Err(Error::invalid(format!("Validation failed: {why}")));
    if status.reblog_of_id.is_some() {
        return refused("A boost cannot be pinned");
    }
    if status.account_id != account.id {
        return refused("Someone else's post cannot be pinned");
    }
    if status.visibility == Visibility::Direct {
        return refused("Posts that are only visible to mentioned users cannot be pinned");
    }
    if status.held != Held::Free {
        return refused("A post that waits for approval cannot be pinned");
    }
    if db::pin::insert(tx, account.id, status.id)? {
        if db::pin::count(tx, account.id)? > MOST {
            return refused("You have already pinned the maximum number of posts");
        }
        tell(tx, account, &status, "add")?;
    }
    Ok(status)
}

/// Takes a pin away; without one nothing happens.
pub fn remove(tx: &Tx<'_>, account: &Account, id: i64) -> Result<Status> {
    let status = visibility::get(tx, account.id, id)?;
    if db::pin::remove(tx, account.id, status.id)? {
        tell(tx, account, &status, "remove")?;
    }
    Ok(status)
}

/// `Add` or `Remove` to the followers (F-196).
fn tell(tx: &Tx<'_>, account: &Account, status: &Status, what: &str) -> Result<()> {
    let (Some(featured), Some(followers)) = (&account.featured_uri, &account.followers_uri) else {
        return Ok(());
    };
    let id = format!("{}#pins/{}/{what}", account.uri, tx.mint_id());
    let to = std::slice::from_ref(followers);
    let build = if what == "add" { build::add } else { build::remove };
    let activity = build(&id, &account.uri, &status.uri, featured, to);
    delivery::queue(tx, account, &activity, db::follow::list_follower_inboxes(tx, account.id)?)
}

/// The pinned statuses of an account that `viewer` may read, the latest pin first.
pub fn list(conn: &Conn, viewer: i64, account_id: i64) -> Result<Vec<Status>> {
    let ids = db::pin::list(conn, viewer, account_id, MOST_REMOTE)?;
    let found = db::status::list(conn, &ids)?;
    Ok(ids.iter().filter_map(|id| found.iter().find(|s| s.id == *id).cloned()).collect())
}

/// A remote account pins a status of its own that is here (F-196).
pub fn add_remote(tx: &Tx<'_>, account: &Account, status: &Status) -> Result<()> {
    if status.account_id == account.id
        && status.reblog_of_id.is_none()
        && status.visibility != Visibility::Direct
        && db::pin::count(tx, account.id)? < MOST_REMOTE
    {
        db::pin::insert(tx, account.id, status.id)?;
    }
    Ok(())
}

/// A remote account takes a pin away.
pub fn remove_remote(tx: &Tx<'_>, account: &Account, status_id: i64) -> Result<()> {
    db::pin::remove(tx, account.id, status_id).map(drop)
}
