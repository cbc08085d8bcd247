//! Following tags: public statuses with one come into home.

use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::{Status, Visibility};

use super::{timeline, visibility};

/// How many tags one may follow.
const MOST: i64 = 1000;

/// Follows a tag, which need not have been used yet; answers its id.
///
/// # Errors
/// 422 for one tag too many.
pub fn follow(tx: &Tx<'_>, account: i64, name: &str) -> Result<i64> {
    let tag = db::status::tag_id(tx, name)?;
    if db::tag::follow(tx, account, tag)? && db::tag::count_followed(tx, account)? > MOST {
        return Err(Error::invalid(format!("Validation failed: at most {MOST} tags are followed")));
    }
    Ok(tag)
}

/// Ends it, and takes out of home what was there for the tag alone.
pub fn unfollow(tx: &Tx<'_>, account: i64, tag: i64) -> Result<()> {
    if db::tag::unfollow(tx, account, tag)? {
        db::timeline::remove_tag(tx, account, tag)?;
    }
    Ok(())
}

/// Puts a new public status into the homes of those who follow one of its tags. Blocks, mutes and
/// hidden domains count, a limited author is for its followers; so do the languages chosen for an author whom one follows as well, and
/// exclusive lists.
pub(super) fn fan_out(tx: &Tx<'_>, status: &Status) -> Result<()> {
    put(tx, status, false)
}

/// The same after an edit, which may have brought new tags. A status takes its old place; below
/// what a home keeps it would pretend that home is kept down to there.
pub(super) fn fan_out_edit(tx: &Tx<'_>, status: &Status) -> Result<()> {
    put(tx, status, true)
}

fn put(tx: &Tx<'_>, status: &Status, is_old: bool) -> Result<()> {
    if status.visibility != Visibility::Public || status.reblog_of_id.is_some() {
        return Ok(());
    }
    for reader in db::tag::list_followers_of_status(tx, status.id)? {
        if reader == status.account_id
            || !visibility::lists(tx, reader, status)?
            || visibility::is_hidden_from(tx, reader, status.account_id)?
            || db::list::is_exclusive(tx, reader, status.account_id)?
        {
            continue;
        }
        if is_old && db::timeline::oldest(tx, reader)?.is_some_and(|oldest| status.id < oldest) {
            continue;
        }
        let follow = db::follow::find(tx, reader, status.account_id)?.filter(|f| f.accepted);
        if follow.is_none_or(|follow| timeline::follow_allows(&follow, status, None)) {
            timeline::insert_once(tx, reader, status)?;
        }
    }
    Ok(())
}
