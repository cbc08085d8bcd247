//! Telling other servers that a profile of ours changed (F-226).

use crate::activity::build;
use crate::clock::MINUTE;
use crate::crypto::short_hash16;
use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::model::{Account, JobKind};
use crate::site::Site;

/// After one change the others of so long a time are told together.
const PAUSE: i64 = MINUTE;
/// How far back somebody spoke to the account who is told as well, in notifications.
const REPLIERS: i64 = 1000;

fn mark(account_id: i64) -> [u8; 16] {
    short_hash16(format!("told {account_id}").as_bytes())
}

/// Tells a change: the first at once, those of the minute after it together at its end.
pub(super) fn tell(tx: &Tx<'_>, site: &Site, account_id: i64) -> Result<()> {
    if db::seen::insert(tx, &mark(account_id), tx.now() + PAUSE)? {
        return send(tx, site, account_id);
    }
    let lane = format!("profile {account_id}");
    if !db::job::waits(tx, JobKind::TellProfile, &lane)? {
        let payload = account_id.to_string();
        let due = tx.now() + PAUSE;
        db::job::insert_at(tx, JobKind::TellProfile, &lane, payload.as_bytes(), due)?;
    }
    Ok(())
}

/// Tells a change that cannot wait, with all that was to be told.
pub fn tell_now(tx: &Tx<'_>, site: &Site, account_id: i64) -> Result<()> {
    db::job::remove_kind(tx, JobKind::TellProfile, &format!("profile {account_id}"))?;
    send(tx, site, account_id)
}

fn send(tx: &Tx<'_>, site: &Site, account_id: i64) -> Result<()> {
    let Some(account) = db::account::find(tx, account_id)? else { return Ok(()) };
    if account.suspended_at.is_some() {
        return Ok(());
    }
    let doc = super::document::actor(tx, site, &account)?;
    let id = format!("{}#updates/{}", account.uri, tx.mint_id());
    let activity = build::update_actor(&id, &doc, tx.now());
    let inboxes = audience(tx, &account)?;
    super::delivery::queue(tx, &account, &activity, inboxes)
}

/// The servers that show the profile: of followers, followed, and those who spoke to it lately.
fn audience(conn: &Conn, account: &Account) -> Result<Vec<String>> {
    let mut inboxes = db::follow::list_follower_inboxes(conn, account.id)?;
    inboxes.extend(db::moving::list_followed_inboxes(conn, account.id)?);
    inboxes.extend(db::moving::list_repliers_inboxes(conn, account.id, REPLIERS)?);
    Ok(inboxes)
}
