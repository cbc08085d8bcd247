//! Telling people which of their follows a block takes away.
//! <https://docs.joinmastodon.org/entities/RelationshipSeveranceEvent/>

use crate::clock::DAY;
use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Account, Event, SeveranceKind};

/// What a block takes away within this time is one event: it goes account by account.
const ONE: i64 = DAY;

/// A reason for follows to end.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    pub kind: SeveranceKind,
    /// The domain or the handle.
    pub name: &'a str,
}

/// Notes what ties an account of another server to everybody here, right before it is cut.
pub fn note_all(tx: &Tx<'_>, cause: Cause<'_>, other: &Account) -> Result<()> {
    for local in db::account::list_local(tx)? {
        note_followed(tx, cause, local.id, other.id)?;
        note_follower(tx, cause, local.id, other.id)?;
    }
    Ok(())
}

/// The same of its follows of people here alone.
pub fn note_followers(tx: &Tx<'_>, cause: Cause<'_>, other: &Account) -> Result<()> {
    for local in db::account::list_local(tx)? {
        note_follower(tx, cause, local.id, other.id)?;
    }
    Ok(())
}

/// `local` follows `other`, and soon will not.
pub fn note_followed(tx: &Tx<'_>, cause: Cause<'_>, local: i64, other: i64) -> Result<()> {
    match db::follow::find(tx, local, other)?.filter(|follow| follow.accepted) {
        Some(follow) => db::severance::add(tx, event(tx, cause, local)?, other, true, &follow),
        None => Ok(()),
    }
}

/// `other` follows `local`, and soon will not.
pub fn note_follower(tx: &Tx<'_>, cause: Cause<'_>, local: i64, other: i64) -> Result<()> {
    match db::follow::find(tx, other, local)?.filter(|follow| follow.accepted) {
        Some(follow) => db::severance::add(tx, event(tx, cause, local)?, other, false, &follow),
        None => Ok(()),
    }
}

/// The event that this belongs to; a new one is told.
fn event(tx: &Tx<'_>, cause: Cause<'_>, local: i64) -> Result<i64> {
    let Cause { kind, name } = cause;
    if let Some(id) = db::severance::find_recent(tx, local, kind, name, tx.now() - ONE)? {
        return Ok(id);
    }
    let event = db::severance::insert(tx, local, kind, name)?;
    let id = db::severance::insert_notification(tx, local, event)?;
    tx.after_commit(Event::NotificationCreated { account_id: local, id });
    Ok(event)
}
