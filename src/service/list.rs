//! Lists: who may be in one, what its timeline shows, and what it takes out of home.

use crate::db::follow::Follow;
use crate::db::list::{List, Replies};
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Page, Status};

use super::timeline;

/// How many lists one may have, and how many members one of them (the former as in Mastodon).
const MOST_LISTS: usize = 50;
const MOST_MEMBERS: i64 = 5000;
/// The longest title, in characters, as in Mastodon.
const LONGEST_TITLE: usize = 256;

/// How a list shall be; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub title: Option<String>,
    pub replies: Option<Replies>,
    pub exclusive: Option<bool>,
}

/// The owner's list.
///
/// # Errors
/// 404 for anybody else's (S-082).
pub fn get(conn: &Conn, owner: i64, id: i64) -> Result<List> {
    db::list::find(conn, owner, id)?.ok_or(Error::NotFound)
}

/// Makes a list.
///
/// # Errors
/// 422 without a title, with one too long (S-051), or for one list too many.
pub fn create(tx: &Tx<'_>, owner: i64, change: Change) -> Result<List> {
    if db::list::list(tx, owner)?.len() >= MOST_LISTS {
        return Err(Error::invalid(format!(
            "Validation failed: You have reached the maximum number of lists ({MOST_LISTS})"
        )));
    }
    let title = change.title.unwrap_or_default();
    check_title(&title)?;
    let mut list = List {
        id: 0,
        account_id: owner,
        title,
        replies: change.replies.unwrap_or_default(),
        exclusive: change.exclusive.unwrap_or(false),
    };
    list.id = db::list::insert(tx, &list)?;
    Ok(list)
}

fn check_title(title: &str) -> Result<()> {
    if title.trim().is_empty() {
        return Err(Error::invalid("Validation failed: Title can't be blank"));
    }
    if title.chars().count() > LONGEST_TITLE {
        return Err(Error::invalid(format!(
            "Validation failed: Title is too long (maximum is {LONGEST_TITLE} characters)"
        )));
    }
    Ok(())
}

/// Changes a list. One that becomes exclusive takes its members out of home, one that no longer
/// is brings their recent statuses back.
pub fn update(tx: &Tx<'_>, owner: i64, id: i64, change: Change) -> Result<List> {
    let mut list = get(tx, owner, id)?;
    let before = list.exclusive;
    if let Some(title) = change.title {
        check_title(&title)?;
        list.title = title;
    }
    list.replies = change.replies.unwrap_or(list.replies);
    list.exclusive = change.exclusive.unwrap_or(list.exclusive);
    db::list::update(tx, &list)?;
    if list.exclusive != before {
        for member in members(tx, list.id)? {
            settle_home(tx, owner, member)?;
        }
    }
    Ok(list)
}

/// Removes a list; the members of an exclusive one return to home.
pub fn delete(tx: &Tx<'_>, owner: i64, id: i64) -> Result<()> {
    let list = get(tx, owner, id)?;
    let members = if list.exclusive { members(tx, id)? } else { Vec::new() };
    db::list::delete(tx, id)?;
    for member in members {
        settle_home(tx, owner, member)?;
    }
    Ok(())
}

/// Who is in a list.
pub(super) fn members(conn: &Conn, list: i64) -> Result<Vec<i64>> {
    let all = Page::newest(usize::try_from(MOST_MEMBERS).unwrap_or(usize::MAX));
    Ok(db::list::list_members(conn, list, &all)?.into_iter().map(|(_, id)| id).collect())
}

/// Brings home in line with the exclusive lists that `author` is in now.
fn settle_home(tx: &Tx<'_>, owner: i64, author: i64) -> Result<()> {
    if author == owner {
        return Ok(());
    }
    if db::list::is_exclusive(tx, owner, author)? {
        db::timeline::remove_author(tx, owner, author)
    } else {
        timeline::merge_home(tx, owner, author)
    }
}

/// Puts accounts into a list, all or none; their recent statuses come along.
///
/// # Errors
/// 404 for a list that is not the owner's and for accounts that the owner does not follow (nor
/// asked to), 422 for one that is in it already.
pub fn add(tx: &Tx<'_>, owner: i64, id: i64, accounts: &[Account]) -> Result<()> {
    let list = get(tx, owner, id)?;
    for account in accounts {
        // oneself may be in one's lists, and who has not answered yet
        if account.id != owner && db::follow::find(tx, owner, account.id)?.is_none() {
            return Err(Error::NotFound);
        }
        if !db::list::insert_member(tx, id, account.id)? {
            return Err(Error::invalid("Validation failed: Account has already been taken"));
        }
        merge(tx, &list, account.id)?;
        if list.exclusive {
            settle_home(tx, owner, account.id)?;
        }
    }
    if db::list::count_members(tx, id)? > MOST_MEMBERS {
        return Err(Error::invalid(format!(
            "Validation failed: account_ids: a list has at most {MOST_MEMBERS} members"
        )));
    }
    Ok(())
}

/// Takes accounts out of a list, and what they wrote out of its timeline.
pub fn remove(tx: &Tx<'_>, owner: i64, id: i64, accounts: &[i64]) -> Result<()> {
    let list = get(tx, owner, id)?;
    for account in accounts {
        if db::list::remove_member(tx, id, *account)? {
            db::timeline::remove_author(tx, id, *account)?;
            if list.exclusive {
                settle_home(tx, owner, *account)?;
            }
        }
    }
    Ok(())
}

/// Puts a new status or boost into the lists that its author is in.
pub(super) fn fan_out(tx: &Tx<'_>, status: &Status, boosted: Option<&Status>) -> Result<()> {
    for list in db::list::list_of_member(tx, status.account_id)? {
        if let Some(follow) = follow_of(tx, &list, status.account_id)?
            && belongs(tx, &list, &follow, status, boosted)?
        {
            timeline::insert_once(tx, list.id, status)?;
        }
    }
    Ok(())
}

/// What the owner has to do with a member; nothing when a request was not answered yet.
fn follow_of(conn: &Conn, list: &List, author: i64) -> Result<Option<Follow>> {
    if author == list.account_id {
        return Ok(Some(timeline::own(author)));
    }
    Ok(db::follow::find(conn, list.account_id, author)?.filter(|follow| follow.accepted))
}

/// The rules of a list's timeline: those of home but for replies, which it has its own policy for.
fn belongs(
    conn: &Conn,
    list: &List,
    follow: &Follow,
    status: &Status,
    boosted: Option<&Status>,
) -> Result<bool> {
    if status.reply_to_other && status.in_reply_to_account_id != Some(list.account_id) {
        let fits = match (status.in_reply_to_account_id, list.replies) {
            (None, _) | (_, Replies::None) => false,
            (Some(parent), Replies::Followed) => {
                db::follow::is_following(conn, list.account_id, parent)?
            }
            (Some(parent), Replies::List) => db::list::has_member(conn, list.id, parent)?,
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(timeline::follow_allows(follow, status, boosted)
        && super::visibility::lists(conn, list.account_id, status)?)
}

/// The recent statuses of a member come into the list.
fn merge(tx: &Tx<'_>, list: &List, author: i64) -> Result<()> {
    let Some(follow) = follow_of(tx, list, author)? else { return Ok(()) };
    for (status, boosted) in timeline::recent(tx, list.account_id, author)? {
        if belongs(tx, list, &follow, &status, boosted.as_ref())? {
            timeline::insert_once(tx, list.id, &status)?;
        }
    }
    db::timeline::trim(tx, list.id)?;
    Ok(())
}

/// A request was accepted, or a mute ended: the owner's lists with this member fill.
pub(super) fn merge_all(tx: &Tx<'_>, owner: i64, author: i64) -> Result<()> {
    for list in db::list::list_with(tx, owner, author)? {
        merge(tx, &list, author)?;
    }
    Ok(())
}

/// An account moved: the new one takes its place in the owner's lists. What the old one wrote stays
/// in their timelines.
pub(super) fn replace(tx: &Tx<'_>, owner: i64, old: i64, new: i64) -> Result<()> {
    for list in db::list::list_with(tx, owner, old)? {
        db::list::remove_member(tx, list.id, old)?;
        if db::list::insert_member(tx, list.id, new)? {
            merge(tx, &list, new)?;
            if list.exclusive {
                settle_home(tx, owner, new)?;
            }
        }
    }
    Ok(())
}

/// A follow ended: nobody stays in the lists of somebody who does not follow them.
pub(super) fn forget(tx: &Tx<'_>, owner: i64, author: i64) -> Result<()> {
    for list in db::list::list_with(tx, owner, author)? {
        db::list::remove_member(tx, list.id, author)?;
        db::timeline::remove_author(tx, list.id, author)?;
    }
    Ok(())
}

/// A block or mute: what the author wrote, and what others boosted of it, leaves all lists.
pub(super) fn purge(tx: &Tx<'_>, owner: i64, author: i64) -> Result<()> {
    for list in db::list::list(tx, owner)? {
        db::timeline::remove_author(tx, list.id, author)?;
        db::timeline::remove_boosts_of(tx, list.id, author)?;
    }
    Ok(())
}
