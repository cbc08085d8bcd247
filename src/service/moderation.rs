//! What an admin does to accounts: limits, suspensions, and their ends.
//!
//! A suspension can be taken back: what the account wrote and whom it follows stay and are only
//! shown to nobody. Mastodon deletes it after 30 days; here it stays until an admin says so.

use serde::{Deserialize, Serialize};

use crate::activity::build;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Event, INSTANCE_ACTOR, JobKind, SeveranceKind, Severity};
use crate::site::Site;

use super::account::Removal;
use super::{delivery, document, relationship, report, severance};

/// How many statuses one slice of a removal takes.
const SLICE: i64 = 50;

/// What can be done to an account, and taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    None,
    /// It cannot sign in; all its tokens, sessions and streams end.
    Disable,
    Enable,
    /// Its media are marked as sensitive.
    Sensitive,
    Unsensitive,
    /// Only its followers find it.
    Silence,
    Unsilence,
    Suspend,
    Unsuspend,
}

impl Action {
    /// Reads the word of `POST /api/v1/admin/accounts/:id/action`.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "disable" => Self::Disable,
            "sensitive" => Self::Sensitive,
            "silence" => Self::Silence,
            "suspend" => Self::Suspend,
            _ => return None,
        })
    }

    /// Whether it takes something back, or does nothing.
    pub fn lifts(self) -> bool {
        matches!(
            self,
            Self::None | Self::Enable | Self::Unsensitive | Self::Unsilence | Self::Unsuspend
        )
    }
}

/// An account that an admin can look at; not the instance actor.
pub fn get(conn: &Conn, id: i64) -> Result<Account> {
    db::account::find(conn, id)?
        .filter(|account| account.id != INSTANCE_ACTOR)
        .ok_or(Error::NotFound)
}

/// Does it, and resolves the report that it answers. By command nobody in particular does it
/// (`None`).
///
/// # Errors
/// 404 for an unknown account or report, 403 for another admin or oneself, or for what a remote
/// account does not have (a sign-in).
pub fn act(
    tx: &Tx<'_>,
    site: &Site,
    admin: Option<i64>,
    id: i64,
    action: Action,
    about: Option<i64>,
) -> Result<Account> {
    let account = get(tx, id)?;
    let user = db::user::find(tx, id)?;
    if !action.lifts() && (Some(id) == admin || user.as_ref().is_some_and(|user| user.admin)) {
        return Err(not_allowed());
    }
    if let Some(report) = about {
        let found = db::report::get(tx, report)?;
        if found.target_id != id {
            return Err(Error::NotFound);
        }
        report::work(tx, site, admin, report, report::Step::Resolve)?;
    }
    match action {
        Action::None => {}
        Action::Disable | Action::Enable => {
            if user.is_none() {
                return Err(not_allowed());
            }
            let disabled = action == Action::Disable;
            db::user::set_disabled(tx, id, disabled)?;
            if disabled {
                // S-078
                db::oauth::revoke_all(tx, id)?;
            }
        }
        Action::Sensitive => {
            db::account::set_sensitized(tx, id, account.sensitized_at.or(Some(tx.now())))?;
        }
        Action::Unsensitive => db::account::set_sensitized(tx, id, None)?,
        Action::Silence => {
            db::account::set_silenced(tx, id, account.silenced_at.or(Some(tx.now())))?;
            db::domain::set_limited_by_domain(tx, id, Severity::Noop)?;
        }
        Action::Unsilence => {
            db::account::set_silenced(tx, id, None)?;
            db::domain::set_limited_by_domain(tx, id, Severity::Noop)?;
        }
        Action::Suspend => suspend(tx, site, &account)?,
        Action::Unsuspend => unsuspend(tx, site, &account)?,
    }
    tx.after_commit(Event::AccountChanged { account_id: id });
    db::account::get(tx, id)
}

fn not_allowed() -> Error {
    Error::Forbidden("This action is not allowed".into())
}

/// Whether an account is on its way out for good, rather than suspended for a while.
pub fn is_gone(conn: &Conn, account: &Account) -> Result<bool> {
    if account.is_local() {
        return Ok(db::user::find(conn, account.id)?.is_none());
    }
    Ok(db::seen::buried_at(conn, &account.uri)?.is_some())
}

fn suspend(tx: &Tx<'_>, site: &Site, account: &Account) -> Result<()> {
    // also of one that a block of its domain keeps out: it stays out when that ends
    db::domain::set_limited_by_domain(tx, account.id, Severity::Noop)?;
    if account.suspended_at.is_some() {
        return Ok(());
    }
    db::account::suspend(tx, account.id)?;
    if account.is_local() {
        db::oauth::revoke_all(tx, account.id)?;
        tell_followers(tx, site, account.id)
    } else {
        severance::note_followers(tx, suspension(&account.acct()), account)?;
        relationship::reject_all(tx, account)
    }
}

fn unsuspend(tx: &Tx<'_>, site: &Site, account: &Account) -> Result<()> {
    if account.suspended_at.is_none() {
        return Ok(());
    }
    if is_gone(tx, account)? {
        return Err(not_allowed());
    }
    db::account::unsuspend(tx, account.id)?;
    db::domain::set_limited_by_domain(tx, account.id, Severity::Noop)?;
    if account.is_local() { tell_followers(tx, site, account.id) } else { Ok(()) }
}

/// The servers of the followers hear how the actor is now: emptied while suspended (F-034).
fn tell_followers(tx: &Tx<'_>, site: &Site, id: i64) -> Result<()> {
    let account = db::account::get(tx, id)?;
    let doc = document::actor(tx, site, &account)?;
    let number = format!("{}#updates/{}", account.uri, tx.mint_id());
    let activity = build::update_actor(&number, &doc, tx.now());
    let inboxes = db::follow::list_follower_inboxes(tx, id)?;
    delivery::queue(tx, &account, &activity, inboxes)
}

/// Deletes for good what a suspended account left: a local one as if its owner did, of a remote
/// one everything but the mark that keeps it out (S-039).
///
/// # Errors
/// 403 unless it is suspended.
pub fn delete(tx: &Tx<'_>, site: &Site, id: i64) -> Result<Account> {
    let account = get(tx, id)?;
    if account.suspended_at.is_none() || is_gone(tx, &account)? {
        return Err(not_allowed());
    }
    if account.is_local() {
        super::leaving::delete_local(tx, site, &account)?;
    } else {
        // also when the block of its domain ends
        db::domain::set_limited_by_domain(tx, id, Severity::Noop)?;
        db::job::insert(tx, JobKind::PurgeAccount, "", id.to_string().as_bytes())?;
        tx.after_commit(Event::JobQueued);
    }
    Ok(account)
}

/// One slice of removing what a suspended remote account wrote; its row stays.
pub fn purge_slice(tx: &Tx<'_>, id: i64) -> Result<Removal> {
    let Some(account) = db::account::find(tx, id)? else { return Ok(Removal::Done) };
    if account.suspended_at.is_none() {
        // it was pardoned meanwhile
        return Ok(Removal::Done);
    }
    let ids = db::status::ids_of_account(tx, id, SLICE)?;
    for status in &ids {
        db::status::delete(tx, *status)?;
    }
    if !ids.is_empty() {
        return Ok(Removal::More);
    }
    if db::reaction::remove_of_account(tx, id, SLICE)? > 0 {
        return Ok(Removal::More);
    }
    severance::note_all(tx, suspension(&account.acct()), &account)?;
    relationship::sever(tx, &account)?;
    Ok(Removal::Done)
}

fn suspension(name: &str) -> severance::Cause<'_> {
    severance::Cause { kind: SeveranceKind::AccountSuspension, name }
}
