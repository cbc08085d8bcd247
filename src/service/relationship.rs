//! Follows, follow requests and blocks, between any two of local and remote.

use serde_json::Value;

use crate::activity::build;
use crate::db::follow::Follow;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, NotificationKind};

use super::{delivery, notification, timeline};

/// An account that has so many followers is asked before it gets another from elsewhere, as if it
/// were locked: a flood of made-up followers then ends among the requests, which have a bound.
const MOST_FOLLOWERS: i64 = 100_000;

/// How a follow shall be.
#[derive(Clone, Debug, Default)]
pub struct FollowOptions {
    /// `None` leaves as it is; new follows show boosts.
    pub reblogs: Option<bool>,
    pub notify: Option<bool>,
    pub languages: Option<Vec<String>>,
}

/// A local account follows another one, or changes how it does.
///
/// # Errors
/// 403 for oneself, for a block either way, for a domain that is hidden, when either moved; 422 for an actor that takes no messages (F-045).
pub fn follow(
    tx: &Tx<'_>,
    account: &Account,
    target: &Account,
    options: FollowOptions,
) -> Result<()> {
    if target.suspended_at.is_some() {
        return Err(Error::NotFound);
    }
    if account.id == target.id
        || db::moderation::blocks(tx, account.id, target.id)?
        || db::moderation::blocks(tx, target.id, account.id)?
        || hides(tx, account, target)?
    {
        return Err(Error::Forbidden("This action is not allowed".into()));
    }
    super::moving::may_act(account)?;
    let there = db::follow::find(tx, account.id, target.id)?;
    let is_new = there.is_none();
    // as in Mastodon: whoever moved is followed at the new place
    if is_new && target.moved_to_uri.is_some() {
        return Err(Error::Forbidden("This account has moved".into()));
    }
    let mut follow = there.unwrap_or_else(|| Follow {
        id: 0,
        account_id: account.id,
        target_id: target.id,
        accepted: target.is_local() && !target.locked,
        uri: format!("{}#follows/{}", account.uri, tx.mint_id()),
        reblogs: true,
        notify: false,
        languages: Vec::new(),
    });
    follow.reblogs = options.reblogs.unwrap_or(follow.reblogs);
    follow.notify = options.notify.unwrap_or(follow.notify);
    follow.languages = options.languages.unwrap_or(follow.languages);
    if is_new && !target.is_local() && target.inbox.is_none() {
        return Err(Error::invalid(
            "Validation failed: this account takes no messages and cannot be followed",
        ));
    }
    db::follow::upsert(tx, &follow)?;
    if !is_new {
        return Ok(());
    }
    if !target.is_local() {
        super::profile::look_closer(tx, target)?;
        super::backfill::want_profile(tx, target)?;
        let activity = build::follow(&follow.uri, &account.uri, &target.uri);
        return delivery::queue_for(tx, account, &activity, target);
    }
    followed(tx, account, target, follow.accepted)
}

/// `account` hides the whole server of `other`.
fn hides(tx: &Tx<'_>, account: &Account, other: &Account) -> Result<bool> {
    match &other.domain {
        Some(domain) => db::moderation::hides_domain(tx, account.id, domain),
        None => Ok(false),
    }
}

/// Tells the followed account, and fills the follower's home.
fn followed(tx: &Tx<'_>, account: &Account, target: &Account, accepted: bool) -> Result<()> {
    let kind = if accepted { NotificationKind::Follow } else { NotificationKind::FollowRequest };
    notification::notify(tx, target, kind, account, None)?;
    if accepted && account.is_local() {
        timeline::merge(tx, account.id, target.id)?;
    }
    Ok(())
}

/// A local account ends its follow or takes its request back.
pub fn unfollow(tx: &Tx<'_>, account: &Account, target: &Account) -> Result<()> {
    let Some(follow) = db::follow::remove(tx, account.id, target.id)? else { return Ok(()) };
    timeline::unmerge(tx, account.id, target.id)?;
    forget_follow(tx, account, target)?;
    let request = build::follow(&follow.uri, &account.uri, &target.uri);
    let undo = build::undo_of(&format!("{}/undo", follow.uri), &request);
    delivery::queue_for(tx, account, &undo, target)
}

pub(super) fn forget_follow(tx: &Tx<'_>, account: &Account, target: &Account) -> Result<()> {
    for kind in [NotificationKind::Follow, NotificationKind::FollowRequest] {
        db::notification::delete_matching(tx, target.id, kind, account.id, None)?;
    }
    Ok(())
}

/// A remote account asks to follow a local one (F-151, F-152).
pub fn receive_follow(tx: &Tx<'_>, from: &Account, target: &Account, uri: &str) -> Result<()> {
    let request = build::follow(uri, &from.uri, &target.uri);
    if db::moderation::blocks(tx, target.id, from.id)?
        || hides(tx, target, from)?
        || target.moved_to_uri.is_some()
    {
        return reject_document(tx, target, from, &request);
    }
    let there = db::follow::find(tx, from.id, target.id)?;
    let is_open = !target.locked && target.followers_count < MOST_FOLLOWERS;
    let accepted = there.as_ref().map_or(is_open, |f| f.accepted);
    let is_new = there.is_none();
    db::follow::upsert(
        tx,
        &Follow {
            id: 0,
            account_id: from.id,
            target_id: target.id,
            accepted,
            uri: uri.to_owned(),
            reblogs: true,
            notify: false,
            languages: Vec::new(),
        },
    )?;
    if is_new {
        followed(tx, from, target, accepted)?;
    }
    if accepted { accept_document(tx, target, from, &request) } else { Ok(()) }
}

/// A remote account ends its follow.
pub fn receive_unfollow(tx: &Tx<'_>, from: &Account, target: &Account) -> Result<()> {
    db::follow::remove(tx, from.id, target.id)?;
    forget_follow(tx, from, target)
}

/// The account follows nobody here any more: it was suspended.
pub fn reject_all(tx: &Tx<'_>, account: &Account) -> Result<()> {
    for local in db::account::list_local(tx)? {
        if db::follow::find(tx, account.id, local.id)?.is_some() {
            reject(tx, &local, account)?;
        }
    }
    Ok(())
}

/// All follows between the account and people here end: its server was blocked. What it wrote
/// leaves their timelines.
pub fn sever(tx: &Tx<'_>, account: &Account) -> Result<()> {
    reject_all(tx, account)?;
    for local in db::account::list_local(tx)? {
        unfollow(tx, &local, account)?;
        timeline::purge(tx, local.id, account.id)?;
    }
    Ok(())
}

/// A remote account accepts the request of a local one (F-156); nothing without a request.
pub fn receive_accept(tx: &Tx<'_>, from: &Account, follower: &Account) -> Result<()> {
    if db::follow::accept(tx, follower.id, from.id)? {
        timeline::merge(tx, follower.id, from.id)?;
    }
    Ok(())
}

/// A remote account refuses a local one's request, or ends its follow (F-157, F-160).
pub fn receive_reject(tx: &Tx<'_>, from: &Account, follower: &Account) -> Result<()> {
    if db::follow::remove(tx, follower.id, from.id)?.is_some() {
        timeline::unmerge(tx, follower.id, from.id)?;
    }
    Ok(())
}

/// A local account takes a follower in.
///
/// # Errors
/// 404 when it did not ask.
pub fn authorize(tx: &Tx<'_>, target: &Account, from: &Account) -> Result<()> {
    let request = db::follow::find(tx, from.id, target.id)?
        .filter(|follow| !follow.accepted)
        .ok_or(Error::NotFound)?;
    db::follow::accept(tx, from.id, target.id)?;
    db::notification::delete_matching(
        tx,
        target.id,
        NotificationKind::FollowRequest,
        from.id,
        None,
    )?;
    followed(tx, from, target, true)?;
    let document = build::follow(&request.uri, &from.uri, &target.uri);
    accept_document(tx, target, from, &document)
}

/// A local account refuses a request, or removes a follower.
///
/// # Errors
/// 404 when there is neither.
pub fn reject(tx: &Tx<'_>, target: &Account, from: &Account) -> Result<()> {
    let follow = db::follow::remove(tx, from.id, target.id)?.ok_or(Error::NotFound)?;
    if from.is_local() {
        timeline::unmerge(tx, from.id, target.id)?;
    }
    forget_follow(tx, from, target)?;
    let document = build::follow(&follow.uri, &from.uri, &target.uri);
    reject_document(tx, target, from, &document)
}

fn accept_document(tx: &Tx<'_>, target: &Account, from: &Account, request: &Value) -> Result<()> {
    let id = format!("{}#accepts/follows/{}", target.uri, tx.mint_id());
    delivery::queue_for(tx, target, &build::accept(&id, &target.uri, request), from)
}

fn reject_document(tx: &Tx<'_>, target: &Account, from: &Account, request: &Value) -> Result<()> {
    let id = format!("{}#rejects/follows/{}", target.uri, tx.mint_id());
    delivery::queue_for(tx, target, &build::reject(&id, &target.uri, request), from)
}

/// A local account blocks another: follows end both ways, and its server is told (F-341).
pub fn block(tx: &Tx<'_>, account: &Account, target: &Account) -> Result<()> {
    if account.id == target.id {
        return Err(Error::Forbidden("This action is not allowed".into()));
    }
    // what waits for it alone stays here (F-216)
    if let Some(inbox) = target.inbox.as_deref().filter(|_| !target.is_local()) {
        delivery::withdraw(tx, account.id, inbox)?;
    }
    if db::follow::find(tx, target.id, account.id)?.is_some() {
        reject(tx, account, target)?;
    }
    unfollow(tx, account, target)?;
    let uri = format!("{}#blocks/{}", account.uri, tx.mint_id());
    if db::moderation::insert_block(tx, account.id, target.id, Some(&uri))? {
        timeline::purge(tx, account.id, target.id)?;
        if target.is_local() {
            timeline::purge(tx, target.id, account.id)?;
        }
        db::notification::delete_from(tx, account.id, target.id)?;
        db::notification_policy::forbid(tx, account.id, target.id)?;
        let activity = build::block(&uri, &account.uri, &target.uri);
        delivery::queue_for(tx, account, &activity, target)?;
    }
    Ok(())
}

/// A local account ends its block.
pub fn unblock(tx: &Tx<'_>, account: &Account, target: &Account) -> Result<()> {
    if let Some(uri) = db::moderation::delete_block(tx, account.id, target.id)? {
        let activity = build::block(&uri, &account.uri, &target.uri);
        let undo = build::undo_of(&format!("{uri}/undo"), &activity);
        delivery::queue_for(tx, account, &undo, target)?;
    }
    Ok(())
}

/// A remote account blocks a local one (F-192): follows end both ways, nobody is notified.
pub fn receive_block(
    tx: &Tx<'_>,
    from: &Account,
    target: &Account,
    uri: Option<&str>,
) -> Result<()> {
    db::moderation::insert_block(tx, from.id, target.id, uri)?;
    receive_unfollow(tx, from, target)?;
    receive_reject(tx, from, target)?;
    timeline::purge(tx, target.id, from.id)
}

/// A remote account ends its block.
pub fn receive_unblock(tx: &Tx<'_>, from: &Account, target: &Account) -> Result<()> {
    db::moderation::delete_block(tx, from.id, target.id)?;
    Ok(())
}

/// A local account mutes another, until `expires_at` or for good.
pub fn mute(
    tx: &Tx<'_>,
    account: &Account,
    target: &Account,
    notifications: bool,
    expires_at: Option<i64>,
) -> Result<()> {
    if account.id == target.id {
        return Err(Error::Forbidden("This action is not allowed".into()));
    }
    db::moderation::insert_mute(tx, account.id, target.id, notifications, expires_at)?;
    timeline::purge(tx, account.id, target.id)
}

/// A local account ends its mute; the muted one's recent statuses return if it is followed.
pub fn unmute(tx: &Tx<'_>, account: &Account, target: &Account) -> Result<()> {
    db::moderation::delete_mute(tx, account.id, target.id)?;
    if db::follow::is_following(tx, account.id, target.id)? {
        timeline::merge(tx, account.id, target.id)?;
    }
    Ok(())
}
