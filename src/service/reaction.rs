//! Emojis under statuses, of people here and elsewhere (F-178 to F-182, F-315, F-316).

use serde_json::Value;

use crate::activity::build::{self, EmojiDoc};
use crate::activity::incoming;
use crate::client::host_of;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Event, InteractionKind, NotificationKind, Reaction, Status};
use crate::site::Site;
use crate::text::{emoji, sanitize};

use super::interaction::{self, Course};
use super::policy::{self, Verdict};
use super::{delivery, notification, visibility};

/// How many reactions one status has room for, by how many names, and how many of one account:
/// strangers send them, and every reader of the status is sent them.
const MOST: i64 = 1000;
const MOST_NAMES: i64 = 50;
const MOST_OF_ONE: usize = 8;

/// What another server's account reacted with: the name it has here and its picture. `None` for
/// what is neither one Unicode emoji nor a custom one that came along.
pub fn read(
    conn: &Conn,
    site: &Site,
    from: &Account,
    given: &incoming::Reaction,
) -> Result<Option<(String, Option<String>)>> {
    if !given.content.starts_with(':') {
        let is_one = emoji::is_emoji(&given.content);
        return Ok(is_one.then(|| (given.content.clone(), None)));
    }
    let Some(custom) = &given.emoji else { return Ok(None) };
    let home = custom.id.as_deref().filter(|id| !id.is_empty());
    if home.is_some_and(|id| site.owns(id)) {
        let ours = db::emoji::find_by_shortcode(conn, &custom.shortcode)?;
        return Ok(ours
            .filter(|ours| !ours.disabled)
            .map(|ours| (ours.shortcode.clone(), Some(super::emoji::address(site, &ours)))));
    }
    let Some(home) = home.and_then(host_of).or_else(|| from.domain.clone()) else {
        return Ok(None);
    };
    let rejected = match &from.domain {
        Some(domain) => super::domain::rejects_media(conn, domain)?,
        None => false,
    } || super::domain::is_suspended(conn, &home)?;
    let url = if rejected { None } else { sanitize::http_url(&custom.url) };
    Ok(Some((format!("{}@{home}", custom.shortcode), url)))
}

/// Another server's account reacts to a local status that it may read (F-182). Once by each name,
/// and no more than there is room for.
pub fn receive(tx: &Tx<'_>, from: &Account, target: &Status, new: Reaction) -> Result<()> {
    if !target.local
        || target.reblog_of_id.is_some()
        || !visibility::can_see(tx, from.id, target)?
        || !is_welcome(tx, from, target)?
        || !has_room(tx, from.id, target.id, &new.name)?
    {
        return Ok(());
    }
    let is_like = new.is_like;
    let new = Reaction { status_id: target.id, account_id: from.id, ..new };
    if !db::reaction::insert(tx, &new)? {
        return Ok(());
    }
    tx.after_commit(Event::StatusUpdated { id: target.id });
    if is_like {
        // it is a favourite as well, and told as one
        return Ok(());
    }
    let author = db::account::get(tx, target.account_id)?;
    notification::notify(tx, &author, NotificationKind::Reaction, from, Some(target))
}

/// Whether the author lets this account favourite without being asked: what waits for consent
/// shows nothing yet (F-336).
fn is_welcome(conn: &Conn, from: &Account, target: &Status) -> Result<bool> {
    let verdict = policy::judge(conn, target, InteractionKind::Favourite, from)?;
    Ok(matches!(verdict, Verdict::Automatic | Verdict::Member))
}

fn has_room(conn: &Conn, account: i64, status: i64, name: &str) -> Result<bool> {
    let (all, names) = db::reaction::count(conn, status, MOST)?;
    if all == 0 {
        return Ok(true);
    }
    if all >= MOST || db::reaction::list_of(conn, account, status)?.len() >= MOST_OF_ONE {
        return Ok(false);
    }
    Ok(names < MOST_NAMES || db::reaction::is_used(conn, status, name)?)
}

/// The actor takes a reaction back; of a Like with content the favourite goes with it (F-174).
pub fn receive_undo(tx: &Tx<'_>, from: &Account, reaction: &Reaction) -> Result<()> {
    if reaction.account_id != from.id {
        return Ok(());
    }
    withdraw(tx, from, reaction)?;
    if !reaction.is_like {
        return Ok(());
    }
    let left = db::reaction::list_of(tx, from.id, reaction.status_id)?;
    if left.iter().any(|other| other.is_like) {
        return Ok(());
    }
    super::remote::unfavourite(tx, from, reaction.status_id)
}

/// The actor takes its favourite back: what its Likes said beside goes as well.
pub fn receive_unlike(tx: &Tx<'_>, from: &Account, status: i64) -> Result<()> {
    for reaction in db::reaction::list_of(tx, from.id, status)? {
        if reaction.is_like {
            withdraw(tx, from, &reaction)?;
        }
    }
    Ok(())
}

/// Removes a reaction, and what was told of it with the last one.
fn withdraw(tx: &Tx<'_>, from: &Account, reaction: &Reaction) -> Result<()> {
    db::reaction::remove(tx, reaction.id)?;
    tx.after_commit(Event::StatusUpdated { id: reaction.status_id });
    let left = db::reaction::list_of(tx, from.id, reaction.status_id)?;
    if left.iter().any(|other| !other.is_like) {
        return Ok(());
    }
    if let Some(target) = db::status::find(tx, reaction.status_id)? {
        db::notification::delete_matching(
            tx,
            target.account_id,
            NotificationKind::Reaction,
            from.id,
            Some(target.id),
        )?;
    }
    Ok(())
}

/// Somebody here reacts: with a Unicode emoji, the name of one of this server's emojis, or one
/// that somebody else reacted with (`name@host`). Again it does nothing.
///
/// # Errors
/// 404 when the account may not read the status; 403 when it may not favourite it either; 422 for
/// what is no emoji, or one too many.
pub fn react(tx: &Tx<'_>, site: &Site, account: &Account, id: i64, text: &str) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    let (name, url) = chosen(tx, site, &target, text)?;
    if db::reaction::find(tx, account.id, target.id, &name)?.is_some() {
        return Ok(target);
    }
    // what waits for consent shows nothing yet (F-336), and there is no request for this
    if interaction::course(tx, account, &target, InteractionKind::Favourite)? != Course::Free {
        return Err(Error::Forbidden("The author wants to agree first: favourite the post".into()));
    }
    if !has_room(tx, account.id, target.id, &name)? {
        return Err(Error::invalid("Validation failed: Limit of different reactions reached"));
    }
    super::moving::may_act(account)?;
    let author = db::account::get(tx, target.account_id)?;
    let new = Reaction {
        id: 0,
        status_id: target.id,
        account_id: account.id,
        name,
        url,
        uri: Some(format!("{}#reactions/{}", account.uri, tx.mint_id())),
        is_like: !author.is_local() && !reads_emoji_react(tx, &author)?,
    };
    db::reaction::insert(tx, &new)?;
    tx.after_commit(Event::StatusUpdated { id: target.id });
    notification::notify(tx, &author, NotificationKind::Reaction, account, Some(&target))?;
    if !author.is_local() {
        let activity = activity(tx, site, account, &target, &author, &new)?;
        delivery::queue_for(tx, account, &activity, &author)?;
    }
    Ok(target)
}

/// Somebody here takes a reaction back; without one nothing happens.
///
/// # Errors
/// 404 when the account may not read the status.
pub fn unreact(tx: &Tx<'_>, site: &Site, account: &Account, id: i64, text: &str) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    let name = bare(text);
    let Some(reaction) = db::reaction::find(tx, account.id, target.id, name)? else {
        return Ok(target);
    };
    withdraw(tx, account, &reaction)?;
    let author = db::account::get(tx, target.account_id)?;
    if author.is_local() {
        return Ok(target);
    }
    let done = activity(tx, site, account, &target, &author, &reaction)?;
    let uri = reaction.uri.clone().unwrap_or_default();
    let undo: Value = build::undo_of(&format!("{uri}/undo"), &done);
    delivery::queue_for(tx, account, &undo, &author)?;
    // who knows one Like of each account forgets the favourite with it: that is told anew
    if reaction.is_like && db::favourite::find(tx, account.id, target.id)?.is_some() {
        let uri = format!("{}#likes/{}", account.uri, tx.mint_id());
        db::favourite::insert(tx, account.id, target.id, Some(&uri))?;
        let like = build::like(&uri, &account.uri, &target.uri, &author.uri);
        delivery::queue_for(tx, account, &like, &author)?;
    }
    Ok(target)
}

/// `:name:` and `name` are the same.
fn bare(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).unwrap_or(text)
}

fn chosen(
    conn: &Conn,
    site: &Site,
    target: &Status,
    text: &str,
) -> Result<(String, Option<String>)> {
    let name = bare(text);
    if emoji::is_emoji(name) {
        return Ok((name.to_owned(), None));
    }
    if let Some(ours) = db::emoji::find_by_shortcode(conn, name)?
        && !ours.disabled
        && ours.shortcode == name
    {
        return Ok((name.to_owned(), Some(super::emoji::address(site, &ours))));
    }
    match db::reaction::find_named(conn, target.id, name)? {
        Some(used) if name.contains('@') => Ok((used.name, used.url)),
        _ => Err(Error::invalid("Validation failed: Name is not a recognized emoji")),
    }
}

/// Whether the account's server reads EmojiReact: it sent some, or its actors are in its
/// vocabulary (F-316).
fn reads_emoji_react(conn: &Conn, author: &Account) -> Result<bool> {
    match host_of(&author.uri) {
        Some(host) => db::host::reads_emoji_react(conn, &host),
        None => Ok(false),
    }
}

fn activity(
    conn: &Conn,
    site: &Site,
    account: &Account,
    target: &Status,
    author: &Account,
    reaction: &Reaction,
) -> Result<Value> {
    let doc = match &reaction.url {
        Some(url) if reaction.is_custom() => Some(document(conn, site, reaction, url)?),
        _ => None,
    };
    let uri = reaction.uri.as_deref().unwrap_or_default();
    let build = if reaction.is_like { build::react } else { build::emoji_react };
    Ok(build(uri, &account.uri, &target.uri, &author.uri, &reaction.content(), doc.as_ref()))
}

/// The Emoji tag; of another server's emoji the id is unknown here and left out.
fn document(conn: &Conn, site: &Site, reaction: &Reaction, url: &str) -> Result<EmojiDoc> {
    let shortcode = reaction.shortcode().to_owned();
    if !reaction.name.contains('@') {
        let one = crate::model::Emoji {
            shortcode: shortcode.clone(),
            url: url.to_owned(),
            static_url: url.to_owned(),
        };
        if let Some(doc) = super::emoji::documents(conn, site, &[one])?.pop() {
            return Ok(doc);
        }
    }
    let known = ["gif", "webp", "avif"];
    let ending = known.into_iter().find(|end| url.rsplit('.').next() == Some(end));
    let ending = ending.unwrap_or("png");
    Ok(EmojiDoc {
        id: String::new(),
        shortcode,
        url: url.to_owned(),
        media_type: format!("image/{ending}"),
        updated_ms: 0,
    })
}
