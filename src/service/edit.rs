//! Editing one's own statuses.

use crate::activity::build;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, ContentType, Event, Held, InteractionPolicy, NotificationKind, Poll, QuotePolicy,
    Status,
};
use crate::site::Site;

use super::media::Relabel;
use super::poll::NewPoll;
use super::status::{self, Mentioned};
use super::{delivery, document, media, notification, poll, quote, tag, visibility};

/// A status as its author wants it now. Visibility and thread stay as they are.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    pub text: String,
    pub spoiler_text: String,
    /// `None`: as it is, or true where there is a warning.
    pub sensitive: Option<bool>,
    /// `None`: as it is.
    pub language: Option<String>,
    /// `None`: no poll (any more).
    pub poll: Option<NewPoll>,
    /// The attachments that it has now, in their order.
    pub media_ids: Vec<i64>,
    /// What is said of them.
    pub media_attributes: Vec<Relabel>,
    /// `None`: as it is.
    pub content_type: Option<ContentType>,
    /// `None`: as it is.
    pub quote_policy: Option<QuotePolicy>,
    /// `None`: as it is.
    pub policy: Option<InteractionPolicy>,
}

/// Writes a new version of a status. The old one is kept (F-310), whoever may have it is told
/// (F-221), and so are those who are named now and were not before (F-311) and those here who
/// boosted it.
///
/// # Errors
/// 404 when it is not the account's own or is a boost, 422 as for a new one.
pub fn edit(
    tx: &Tx<'_>,
    site: &Site,
    author: &Account,
    id: i64,
    edit: Edit,
    mentioned: &Mentioned,
) -> Result<Status> {
    let mut old = db::status::get(tx, id)?;
    if old.account_id != author.id || old.reblog_of_id.is_some() {
        return Err(Error::NotFound);
    }
    super::moving::may_act(author)?;
    let has_media = !edit.media_ids.is_empty();
    if has_media && edit.poll.is_some() {
        return Err(Error::invalid("Validation failed: Cannot attach files to a post with a poll"));
    }
    let quotes = db::quote::find(tx, id)?.is_some();
    status::check_text(site, &edit.text, &edit.spoiler_text, has_media || quotes)?;
    let mut uploads = media::validate(tx, site, author.id, &edit.media_ids, Some(id))?;
    let before = db::upload::list_attached(tx, &[id])?;
    let other_media = !before.iter().map(|one| one.id).eq(uploads.iter().map(|one| one.id));
    // the version to be kept is read before anything of it changes
    let relabelled = edit.media_attributes.iter().any(|change| {
        let upload = uploads.iter().find(|upload| upload.id == change.id);
        upload.is_none_or(|upload| media::differs(upload, &change.words))
    });
    let rules = edit.policy.map(InteractionPolicy::unless_open).filter(|new| *new != old.policy);
    let other_rules = rules.is_some();
    if let Some(rules) = rules {
        db::interaction::set_policy(tx, id, rules.as_deref())?;
        old.policy = rules;
    }
    let content_type = edit.content_type.unwrap_or(old.content_type);
    let written = status::write_text(site, &edit.text, content_type, mentioned);
    let spoiler_text = edit.spoiler_text.trim().to_owned();
    let mut new = Status {
        sensitive: edit.sensitive.unwrap_or(old.sensitive) || !spoiler_text.is_empty(),
        spoiler_text,
        content: quote::with_line_of(tx, written.content.clone(), id)?,
        language: edit.language.or_else(|| old.language.clone()),
        text: Some(written.source.clone()),
        poll: edit_poll(site, old.poll.as_ref(), edit.poll.as_ref(), tx.now())?,
        content_type,
        ..old.clone()
    };
    new.emojis = super::emoji::used(tx, site, new.words())?;
    let same = new == old && !other_media && !relabelled;
    if let Some(policy) = edit.quote_policy.filter(|_| old.visibility.is_open()) {
        if same && !(other_rules && policy == old.quote_policy) {
            return quote::set_policy(tx, site, author, id, policy);
        }
        new.quote_policy = policy;
    }
    if same {
        if other_rules {
            quote::update_document(tx, site, id)?;
        }
        return Ok(old);
    }
    // the wire tells seconds: two versions of one second would be one there (F-166)
    let next_second = |ms: i64| (ms / 1000 + 1) * 1000;
    new.edited_at = Some(tx.now().max(next_second(old.edited_at.unwrap_or(old.created_at + 1000))));
    db::status_edit::insert(tx, &old)?;
    media::relabel(tx, site, &mut uploads, edit.media_attributes)?;
    media::attach(tx, id, &uploads)?;
    db::status::update_content(tx, &new)?;
    if !same_choices(old.poll.as_ref(), new.poll.as_ref()) {
        db::poll::clear_votes(tx, new.id)?;
    }
    if let Some(poll) = &new.poll {
        poll::at_end(tx, new.id, poll)?;
    }
    db::status::clear_tags(tx, new.id)?;
    let before: Vec<i64> = document::mentioned(tx, new.id)?.iter().map(|a| a.id).collect();
    // who is not named any more has it all the same
    db::status::silence_mentions(tx, new.id)?;
    let named = written.attach(tx, site, new.id, mentioned)?;
    status::index(tx, &new)?;
    super::card::write(tx, site, &new)?;
    if new.held == Held::Free {
        tag::fan_out_edit(tx, &new)?;
    }
    let is_new = |account: &&Account| new.held == Held::Free && !before.contains(&account.id);
    for account in named.iter().filter(is_new) {
        if visibility::can_see(tx, account.id, &new)? {
            notification::notify(tx, account, NotificationKind::Mention, author, Some(&new))?;
        }
    }
    notification::tell_edit(tx, author, &new)?;
    tx.after_commit(Event::StatusUpdated { id: new.id });
    let note = document::note(tx, site, &new, author)?;
    let number = new.edited_at.unwrap_or_default() / 1000;
    let activity = build::update(&format!("{}#updates/{number}", new.uri), &note, tx.now());
    delivery::queue_status(tx, author, &activity, status::reach(tx, &new)?, new.id)?;
    Ok(new)
}

/// The poll after an edit: with the same choices the votes stay.
fn edit_poll(
    site: &Site,
    old: Option<&Poll>,
    new: Option<&NewPoll>,
    now: i64,
) -> Result<Option<Poll>> {
    let Some(new) = new else { return Ok(None) };
    let made = poll::make(site, new, now)?;
    Ok(Some(match old {
        Some(old) if same_choices(Some(old), Some(&made)) => {
            // clients send the time that is left; an end that only trembles is the old one
            let end = match (old.end, made.end) {
                (Some(was), Some(is)) if (was - is).abs() < 60_000 => Some(was),
                (_, is) => is,
            };
            Poll { end, hide_totals: made.hide_totals, ..old.clone() }
        }
        _ => made,
    }))
}

/// Whether votes for one poll mean the same in the other (F-168).
pub(super) fn same_choices(a: Option<&Poll>, b: Option<&Poll>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            a.multiple == b.multiple
                && a.options.iter().map(|o| &o.0).eq(b.options.iter().map(|o| &o.0))
        }
        (None, None) => true,
        _ => false,
    }
}
