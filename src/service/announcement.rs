//! What the administrator tells everybody here, and how people react.

use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::{Announcement, Event};
use crate::site::Site;
use crate::text::entity::{EntityKind, scan};
use crate::text::{emoji, hashtag, sanitize};

use super::status;

/// The longest text.
const LONGEST: usize = 10_000;
/// How many different reactions one announcement can have, as in Mastodon.
pub const MOST_REACTIONS: i64 = 8;

/// What is announced.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub text: String,
    pub starts_at: Option<i64>,
    pub ends_at: Option<i64>,
    pub all_day: bool,
}

/// Announces something: everybody here sees it from now on, until its end.
///
/// # Errors
/// 422 without a text, with too long a one, or when it would end before it begins.
pub fn create(tx: &Tx<'_>, site: &Site, draft: Draft) -> Result<Announcement> {
    let text = sanitize::multiline(&draft.text, LONGEST + 1);
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err(Error::invalid(format!(
            "Validation failed: Text must have 1 to {LONGEST} characters"
        )));
    }
    if let (Some(start), Some(end)) = (draft.starts_at, draft.ends_at)
        && end < start
    {
        return Err(Error::invalid("Validation failed: it would end before it begins"));
    }
    let mut one = Announcement {
        content: status::render_profile(tx, site, &text)?,
        starts_at: draft.starts_at,
        ends_at: draft.ends_at,
        all_day: draft.all_day,
        created_at: tx.now(),
        ..Announcement::default()
    };
    for entity in scan(&text) {
        match entity.kind {
            EntityKind::Mention { username, domain } => {
                let account = match domain.filter(|domain| !site.is_own_domain(domain)) {
                    Some(domain) => db::account::find_remote(tx, &username, &domain)?,
                    None => db::account::find_local(tx, &username)?,
                };
                if let Some(account) = account.filter(|a| a.suspended_at.is_none())
                    && !one.mentions.contains(&account.id)
                {
                    one.mentions.push(account.id);
                }
            }
            EntityKind::Hashtag { name } => {
                if let Some(name) = hashtag::normalize(&name)
                    && !one.tags.contains(&name)
                {
                    one.tags.push(name);
                }
            }
            EntityKind::Url => {}
        }
    }
    for word in text.split_whitespace().filter(|word| site.owns(word)) {
        if let Some(status) = db::status::find_by_uri_or_url(tx, word)?
            && status.local
            && status.visibility.is_open()
            && !one.statuses.contains(&status.id)
        {
            one.statuses.push(status.id);
        }
    }
    one.text = text;
    one.id = db::announcement::insert(tx, &one)?;
    tx.after_commit(Event::AnnouncementPublished { id: one.id });
    Ok(one)
}

/// Takes an announcement back.
///
/// # Errors
/// 404 without it.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    if !db::announcement::delete(tx, id)? {
        return Err(Error::NotFound);
    }
    tx.after_commit(Event::AnnouncementDeleted { id });
    Ok(())
}

/// Somebody has read it.
///
/// # Errors
/// 404 without it.
pub fn dismiss(tx: &Tx<'_>, account: i64, id: i64) -> Result<()> {
    db::announcement::get(tx, id)?;
    db::announcement::dismiss(tx, id, account)
}

/// Somebody reacts, with a Unicode emoji or the name of one of this server's.
///
/// # Errors
/// 404 without the announcement; 422 for what is no emoji, or for one more than fit.
pub fn react(tx: &Tx<'_>, account: i64, id: i64, name: &str) -> Result<()> {
    db::announcement::get(tx, id)?;
    let is_known = emoji::is_emoji(name)
        || db::emoji::find_by_shortcode(tx, name)?
            .is_some_and(|emoji| !emoji.disabled && emoji.shortcode == name);
    if !is_known {
        return Err(Error::invalid("Validation failed: Name is not a recognized emoji"));
    }
    if db::announcement::count_reactions(tx, id, name)? == 0
        && db::announcement::count_names(tx, id)? >= MOST_REACTIONS
    {
        return Err(Error::invalid("Validation failed: Limit of different reactions reached"));
    }
    if db::announcement::insert_reaction(tx, id, account, name)? {
        tx.after_commit(Event::AnnouncementReacted { id, name: name.to_owned() });
    }
    Ok(())
}

/// Somebody takes a reaction back; nothing when there was none.
///
/// # Errors
/// 404 without the announcement.
pub fn unreact(tx: &Tx<'_>, account: i64, id: i64, name: &str) -> Result<()> {
    db::announcement::get(tx, id)?;
    if db::announcement::delete_reaction(tx, id, account, name)? {
        tx.after_commit(Event::AnnouncementReacted { id, name: name.to_owned() });
    }
    Ok(())
}
