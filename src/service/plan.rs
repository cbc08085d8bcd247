//! What a draft becomes: all rules that hold before a status is written, for one that is written
//! now and for one that waits for its time.

use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, ContentType, InteractionPolicy, Poll, QuotePolicy, Status, Upload, Visibility,
};
use crate::site::Site;

use super::media;
use super::poll;
use super::quote::{self, Approval};
use super::status::{Draft, Mentioned, check_text};
use super::visibility;

/// A draft that keeps all rules, with what it leaves open decided.
pub(super) struct Plan {
    pub user: db::user::User,
    pub parent: Option<Status>,
    pub quoted: Option<Status>,
    pub visibility: Visibility,
    pub poll: Option<Poll>,
    pub uploads: Vec<Upload>,
    pub content_type: ContentType,
    pub quote_policy: QuotePolicy,
    pub policy: Option<Box<InteractionPolicy>>,
}

/// Checks a draft.
///
/// # Errors
/// 422 for an empty or too long text and whatever else breaks a limit, 404 when the parent or the
/// quoted status is not there for the author.
pub(super) fn plan(
    conn: &Conn,
    site: &Site,
    author: &Account,
    draft: &Draft,
    mentioned: &Mentioned,
) -> Result<Plan> {
    super::moving::may_act(author)?;
    let has_media = !draft.media_ids.is_empty();
    if has_media && draft.poll.is_some() {
        return Err(Error::invalid("Validation failed: Cannot attach files to a post with a poll"));
    }
    // a quote or a picture says something by itself
    let may_be_empty = draft.quoted_status_id.is_some() || has_media;
    check_text(site, &draft.text, &draft.spoiler_text, may_be_empty)?;
    if draft.idempotency_key.as_ref().is_some_and(|key| key.len() > 256) {
        return Err(Error::invalid("Validation failed: Idempotency-Key is too long"));
    }
    let user = db::user::find(conn, author.id)?.ok_or(Error::NotFound)?;
    let parent = match draft.in_reply_to_id {
        Some(id) => Some(find_parent(conn, author.id, id)?),
        None => None,
    };
    let default = user.default_visibility;
    let mut visibility = draft.visibility.unwrap_or_else(|| {
        parent.as_ref().map_or(default, |parent| parent.visibility.max(default))
    });
    let quoted = match draft.quoted_status_id {
        Some(id) => Some(find_quoted(conn, author.id, id)?),
        None => None,
    };
    if let Some(quoted) = &quoted {
        // what only followers may read is quoted for followers
        visibility = visibility.max(quoted.visibility);
        if visibility == Visibility::Direct
            && quoted.account_id != author.id
            && !mentioned.names(site, &draft.text, quoted.account_id)
        {
            return Err(Error::invalid(
                "Validation failed: a direct post can only quote somebody whom it mentions",
            ));
        }
    }
    let uploads = media::validate(conn, site, author.id, &draft.media_ids, None)?;
    let poll = match &draft.poll {
        Some(new) => Some(poll::make(site, new, conn.now())?),
        None => None,
    };
    if draft.created_at.is_some() {
        check_backdated(site, author, draft, parent.as_ref(), quoted.as_ref(), mentioned)?;
    }
    let content_type = draft.content_type.unwrap_or(user.default_content_type);
    let quote_policy = if visibility.is_open() {
        draft.quote_policy.unwrap_or(user.default_quote_policy)
    } else {
        QuotePolicy::NOBODY
    };
    let policy = match &draft.policy {
        Some(policy) => policy.clone().unless_open(),
        None => db::interaction::find_default(conn, author.id, visibility)?,
    };
    Ok(Plan { user, parent, quoted, visibility, poll, uploads, content_type, quote_policy, policy })
}

/// Nobody is told of a status that is written into the past: so it is about nobody else.
fn check_backdated(
    site: &Site,
    author: &Account,
    draft: &Draft,
    parent: Option<&Status>,
    quoted: Option<&Status>,
    mentioned: &Mentioned,
) -> Result<()> {
    let refused = |what: &str| {
        Err(Error::invalid(format!("Validation failed: a post in the past cannot {what}")))
    };
    if draft.created_at.is_some_and(|time| time <= 0) {
        return refused("be older than 1970");
    }
    if draft.poll.is_some() {
        return refused("have a poll");
    }
    if parent.is_some_and(|parent| parent.account_id != author.id) {
        return refused("reply to somebody else");
    }
    if quoted.is_some_and(|quoted| quoted.account_id != author.id) {
        return refused("quote somebody else");
    }
    if mentioned.names_others(site, &draft.text, author.id) {
        return refused("mention somebody else");
    }
    Ok(())
}

fn find_parent(conn: &Conn, viewer: i64, id: i64) -> Result<Status> {
    find_for(conn, viewer, id, "The post you are trying to reply to does not appear to exist.")
}

/// The status that is to be quoted. What may not be quoted is answered like what is not there.
fn find_quoted(conn: &Conn, viewer: i64, id: i64) -> Result<Status> {
    let missing = "The post you are trying to quote does not appear to exist.";
    let quoted = find_for(conn, viewer, id, missing)?;
    match quote::approval(conn, &quoted, viewer)? {
        Approval::Denied => Err(Error::Missing(missing.into())),
        _ => Ok(quoted),
    }
}

fn find_for(conn: &Conn, viewer: i64, id: i64, why: &'static str) -> Result<Status> {
    let missing = || Error::Missing(why.into());
    let mut found = db::status::find(conn, id)?.ok_or_else(missing)?;
    if let Some(of) = found.reblog_of_id {
        found = db::status::find(conn, of)?.ok_or_else(missing)?;
    }
    if !visibility::can_see(conn, viewer, &found)? {
        return Err(missing());
    }
    Ok(found)
}

/// A free id for something local that is written into the past: it sorts where it belongs.
pub(super) fn free_id_at(tx: &Tx<'_>, published: i64) -> Result<i64> {
    let mut id = db::status::fetched_id(tx.now(), published, &tx.mint_id().to_string());
    while db::status::find(tx, id)?.is_some() {
        id += 1;
    }
    Ok(id)
}
