//! Accounts that move: others, whom people here follow on to the new place (F-189 to F-191), and
//! our own (F-350).

use crate::activity::build;
use crate::clock::{DAY, HOUR};
use crate::crypto::short_hash16;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Event, JobKind};
use crate::site::Site;

use super::relationship::{self, FollowOptions};
use super::{account_note, delivery, document, list, profile, profile_news};

/// An account that moved stays where it is for so long (F-189).
const COOLDOWN: i64 = 7 * DAY;
/// How often in an hour the word of one account makes us ask another server about its move.
const QUESTIONS: usize = 10;
/// How many aliases an account may have.
pub const MOST_ALIASES: usize = 10;
/// How many people one slice carries over.
const SLICE: i64 = 20;

/// Where an account is said to move to, as the server of that one shows it now.
#[derive(Clone, Debug)]
pub struct Claim {
    pub account: Account,
    /// All of them; with the stored account only the first are kept.
    pub also_known_as: Vec<String>,
    /// What it says itself, proven or not.
    pub moved_to: Option<String>,
}

impl Claim {
    /// That of an account of ours.
    pub fn of_own(account: Account) -> Self {
        Self {
            also_known_as: account.details.also_known_as.clone(),
            moved_to: account.moved_to_uri.clone(),
            account,
        }
    }

    /// Why `old` cannot move there; `None`: it can.
    pub fn refuses(&self, old: &Account) -> Option<Refusal> {
        if self.account.id == old.id {
            Some(Refusal::Itself)
        } else if self.account.suspended_at.is_some() {
            Some(Refusal::NotThere)
        } else if self.moved_to.is_some() {
            // F-191
            Some(Refusal::HasMoved)
        } else if !self.also_known_as.contains(&old.uri) {
            Some(Refusal::NoAlias)
        } else {
            None
        }
    }
}

/// Why an account does not move, or does not name another as the same person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is the account itself.
    Itself,
    /// The other one is suspended.
    NotThere,
    /// The other one has moved, too.
    HasMoved,
    /// The other one does not name this one.
    NoAlias,
    /// This one shows another place already.
    Elsewhere,
    /// This one moved within [`COOLDOWN`].
    TooSoon,
    /// There are [`MOST_ALIASES`].
    TooMany,
}

impl Refusal {
    /// For programs and the log.
    pub fn words(self) -> &'static str {
        match self {
            Self::Itself => "an account does not move to itself",
            Self::NotThere => "the new account is not there",
            Self::HasMoved => "the new account has moved itself",
            Self::NoAlias => "the new account does not name the old one as its own",
            Self::Elsewhere => "the account has moved elsewhere; end that first",
            Self::TooSoon => "the account has moved in the last seven days",
            Self::TooMany => "too many (maximum is 10)",
        }
    }
}

fn mark(uri: &str) -> [u8; 16] {
    short_hash16(format!("moved {uri}").as_bytes())
}

/// Whether the account moved in the last days.
pub fn moved_lately(conn: &Conn, uri: &str) -> Result<bool> {
    db::seen::contains(conn, &mark(uri))
}

/// Whether the word of this account may make us ask another server once more.
pub fn may_ask(tx: &Tx<'_>, uri: &str) -> Result<bool> {
    for number in 0..QUESTIONS {
        let mark = short_hash16(format!("ask move {uri} {number}").as_bytes());
        if db::seen::insert(tx, &mark, tx.now() + HOUR)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What an account that moved may not do any more.
///
/// # Errors
/// 403.
pub fn may_act(account: &Account) -> Result<()> {
    if account.moved_to_uri.is_some() && account.is_local() {
        return Err(Error::Forbidden(
            "This account has moved: it may read and take back, but not write or follow until \
             its redirect ends"
                .into(),
        ));
    }
    Ok(())
}

/// A move that both sides agree on: the old account shows it, and people here go over to the new
/// one. Once in [`COOLDOWN`]; false when it was not long enough ago.
pub fn begin(tx: &Tx<'_>, old: &Account, target: &Account) -> Result<bool> {
    if !db::seen::insert(tx, &mark(&old.uri), tx.now() + COOLDOWN)? {
        return Ok(false);
    }
    redirect(tx, old.id, Some(&target.uri))?;
    tracing::info!(old = %old.uri, new = %target.uri, "an account moved");
    queue_followers(tx, old.id, target.id, 0)?;
    Ok(true)
}

fn redirect(tx: &Tx<'_>, id: i64, to: Option<&str>) -> Result<()> {
    let mut account = db::account::get(tx, id)?;
    account.moved_to_uri = to.map(str::to_owned);
    db::account::update(tx, &account)?;
    tx.after_commit(Event::AccountChanged { account_id: id });
    Ok(())
}

fn queue_followers(tx: &Tx<'_>, old: i64, target: i64, after: i64) -> Result<()> {
    let payload = serde_json::to_vec(&(old, target, after)).map_err(Error::internal)?;
    db::job::insert(tx, JobKind::MoveFollowers, "", &payload)?;
    Ok(())
}

/// One slice of people who go over to the new account; the next one is queued.
pub fn followers_slice(tx: &Tx<'_>, old: i64, target: i64, after: i64) -> Result<()> {
    let (Some(old), Some(target)) = (db::account::find(tx, old)?, db::account::find(tx, target)?)
    else {
        return Ok(());
    };
    if target.suspended_at.is_some() || old.moved_to_uri.as_ref() != Some(&target.uri) {
        // one was taken away meanwhile, or the move taken back
        return Ok(());
    }
    let people = db::moving::people_after(tx, after, SLICE)?;
    for id in &people {
        let person = db::account::get(tx, *id)?;
        if person.id != old.id && person.id != target.id && person.suspended_at.is_none() {
            carry(tx, &person, &old, &target)?;
        }
    }
    match people.last() {
        Some(last) => queue_followers(tx, old.id, target.id, *last),
        None => Ok(()),
    }
}

/// What one person here has to do with the old account becomes what it has to do with the new one.
fn carry(tx: &Tx<'_>, person: &Account, old: &Account, target: &Account) -> Result<()> {
    let knew = db::follow::find(tx, person.id, target.id)?.is_some();
    let said = db::moving::note(tx, person.id, old.id)?;
    if let Some(said) = said {
        note(tx, person, old, target, ". About the old account you noted:\n", &said)?;
    }
    if db::moderation::blocks(tx, person.id, old.id)? {
        if !knew && !db::moderation::blocks(tx, person.id, target.id)? {
            relationship::block(tx, person, target)?;
            note(tx, person, old, target, ", which you had blocked.", "")?;
        }
        return Ok(());
    }
    let muted = db::moving::mute(tx, person.id, old.id)?;
    if let Some((notifications, until)) = muted
        && !knew
        && db::moderation::mutes(tx, person.id, target.id)?.is_none()
    {
        relationship::mute(tx, person, target, notifications, until)?;
        note(tx, person, old, target, ", which you had muted.", "")?;
    }
    follow_on(tx, person, old, target, knew)
}

/// Follows the new account in place of the old one, as it was followed. Who cannot (a block, a
/// server that is hidden, an account that moved itself) keeps the follow that is there.
fn follow_on(
    tx: &Tx<'_>,
    person: &Account,
    old: &Account,
    target: &Account,
    knew: bool,
) -> Result<()> {
    let Some(follow) = db::follow::find(tx, person.id, old.id)? else { return Ok(()) };
    if !knew {
        let options = FollowOptions {
            reblogs: Some(follow.reblogs),
            notify: Some(follow.notify),
            languages: Some(follow.languages.clone()),
        };
        match relationship::follow(tx, person, target, options) {
            Ok(()) => {}
            Err(Error::Forbidden(_) | Error::NotFound | Error::Invalid(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    list::replace(tx, person.id, old.id, target.id)?;
    // what the old one wrote stays in home
    db::follow::remove(tx, person.id, old.id)?;
    relationship::forget_follow(tx, person, old)?;
    let request = build::follow(&follow.uri, &person.uri, &old.uri);
    let undo = build::undo_of(&format!("{}/undo", follow.uri), &request);
    delivery::queue_for(tx, person, &undo, old)
}

/// Adds a line to what the person noted about the new account, once for each old one.
fn note(
    tx: &Tx<'_>,
    person: &Account,
    old: &Account,
    target: &Account,
    what: &str,
    said: &str,
) -> Result<()> {
    let line = format!("Moved from @{}{what}", old.acct());
    let there = db::moving::note(tx, person.id, target.id)?.unwrap_or_default();
    if there.contains(&line) {
        return Ok(());
    }
    let gap = if there.is_empty() { "" } else { "\n\n" };
    let whole: String =
        format!("{there}{gap}{line}{said}").chars().take(account_note::MOST).collect();
    account_note::set(tx, person, target, &whole)
}

/// Why an account of ours cannot move there; `None`: it can, or is there.
pub fn why_not(
    conn: &Conn,
    account: &Account,
    claim: &Claim,
    with_followers: bool,
) -> Result<Option<Refusal>> {
    let is_there = account.moved_to_uri.as_ref() == Some(&claim.account.uri);
    if account.moved_to_uri.is_some() && !is_there {
        return Ok(Some(Refusal::Elsewhere));
    }
    if let Some(refusal) = claim.refuses(account) {
        return Ok(Some(refusal));
    }
    let is_late = with_followers && !is_there && moved_lately(conn, &account.uri)?;
    Ok(is_late.then_some(Refusal::TooSoon))
}

/// Moves an account of ours, or only shows where its owner is now: followers here and elsewhere
/// are told in the one case, and not in the other. The same again does nothing.
///
/// # Errors
/// 422 with the reason.
pub fn move_out(
    tx: &Tx<'_>,
    site: &Site,
    account_id: i64,
    claim: &Claim,
    with_followers: bool,
) -> Result<Account> {
    let account = db::account::get(tx, account_id)?;
    let target = &claim.account;
    let is_there = account.moved_to_uri.as_ref() == Some(&target.uri);
    if let Some(refusal) = why_not(tx, &account, claim, with_followers)? {
        return Err(refused(refusal));
    }
    if !with_followers {
        if !is_there {
            redirect(tx, account.id, Some(&target.uri))?;
            profile_news::tell_now(tx, site, account.id)?;
        }
        return db::account::get(tx, account.id);
    }
    if !begin(tx, &account, target)? {
        return Ok(account);
    }
    let account = db::account::get(tx, account.id)?;
    // whoever reads the actor because of the Move finds it there: it is told first
    profile_news::tell_now(tx, site, account.id)?;
    let followers = account.followers_uri.clone().unwrap_or_default();
    let id = format!("{}#moves/{}", account.uri, tx.mint_id());
    let activity = build::move_actor(&id, &account.uri, &target.uri, &followers);
    let inboxes = db::follow::list_follower_inboxes(tx, account.id)?;
    delivery::queue(tx, &account, &activity, inboxes)?;
    Ok(account)
}

fn refused(refusal: Refusal) -> Error {
    Error::invalid(format!("Validation failed: moved_to_uri: {}", refusal.words()))
}

/// The account of ours is used again. Followers who went stay where they are.
pub fn come_back(tx: &Tx<'_>, site: &Site, account_id: i64) -> Result<Account> {
    let account = db::account::get(tx, account_id)?;
    if account.moved_to_uri.is_none() {
        return Ok(account);
    }
    redirect(tx, account_id, None)?;
    profile_news::tell_now(tx, site, account_id)?;
    db::account::get(tx, account_id)
}

/// Why an account of ours cannot name this one as the same person's; `None`: it can, or does.
pub fn why_no_alias(account: &Account, uri: &str) -> Option<Refusal> {
    let all = &account.details.also_known_as;
    if account.uri == uri {
        Some(Refusal::Itself)
    } else if all.len() >= MOST_ALIASES && !all.iter().any(|there| there == uri) {
        Some(Refusal::TooMany)
    } else {
        None
    }
}

/// Names one more account as the same person's (F-351); again changes nothing.
///
/// # Errors
/// 422 for oneself, or when there are [`MOST_ALIASES`].
pub fn add_alias(tx: &Tx<'_>, site: &Site, account_id: i64, uri: &str) -> Result<()> {
    let account = db::account::get(tx, account_id)?;
    if why_no_alias(&account, uri) == Some(Refusal::TooMany) {
        return Err(Error::invalid(format!(
            "Validation failed: also_known_as_uris: {}",
            Refusal::TooMany.words()
        )));
    }
    let mut all = account.details.also_known_as;
    if all.iter().any(|there| there == uri) {
        return Ok(());
    }
    all.push(uri.to_owned());
    // one for oneself is refused there
    profile::set_aliases(tx, site, account_id, all)
}

/// Names an account no longer: by its address, its page or its handle.
///
/// # Errors
/// 404 when it is none of them.
pub fn remove_alias(tx: &Tx<'_>, site: &Site, account_id: i64, text: &str) -> Result<()> {
    let all = db::account::get(tx, account_id)?.details.also_known_as;
    let (text, mut left) = (text.trim(), Vec::new());
    for uri in &all {
        let known = db::account::find_by_uri(tx, uri)?;
        let is_meant = uri == text
            || known.is_some_and(|one| {
                one.page() == text || document::handle(site, &one) == text.trim_start_matches('@')
            });
        if !is_meant {
            left.push(uri.clone());
        }
    }
    if left.len() == all.len() {
        return Err(Error::Missing("there is no such alias".into()));
    }
    profile::set_aliases(tx, site, account_id, left)
}
