//! Statuses of remote accounts: storing, editing, removing, and what remote accounts do with ours.

use crate::activity::media::MediaKind as WireMedia;
use crate::activity::object::Object;
use crate::activity::{self};
use crate::clock::DAY;
use crate::crypto::short_hash16;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, ContentType, Event, Held, InteractionKind, Media, MediaKind, NotificationKind, Poll,
    QuotePolicy, Status, Visibility,
};
use crate::text::{hashtag, language, sanitize};

use super::edit::same_choices;
use super::mention::{self, People};
use super::{
    conversation, interaction, interaction_in, notification, policy, quote, status as local, tag,
    timeline, visibility,
};

/// How long the deletion of something that was never here is remembered.
const DELETED: i64 = 30 * DAY;

/// How a status came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Its server sent it: it is new, shows in timelines and notifies. The owner of the personal
    /// inbox it came to is a recipient whatever the addressing says (F-126, F-232).
    Pushed { inbox_owner: Option<i64> },
    /// We asked for it: it takes its place in the past, silently.
    Fetched,
}

pub use super::incoming::{Incoming, Reading};

/// Stores a status. One that is known gets its recipients merged and is answered as it is (F-162).
///
/// # Errors
/// 410 when it was deleted before (F-169), 403 when its author is not the stored one (F-139).
pub fn store(tx: &Tx<'_>, object: &Incoming, author: &Account, arrival: Arrival) -> Result<Status> {
    if object.attributed_to != author.uri || author.is_local() || author.suspended_at.is_some() {
        return Err(Error::Forbidden("The status is not of this author".into()));
    }
    if let Some(known) = db::status::find_by_uri(tx, &object.id)? {
        if known.account_id != author.id || known.reblog_of_id.is_some() {
            return Err(Error::Forbidden("The status has another author".into()));
        }
        // it may have been fetched a moment ago, for a thread or a search: what a push brings
        // it brings all the same, and each of these happens once
        count(tx, object, known.id)?;
        if known.held != Held::Free {
            interaction_in::look_again(tx, &known, object.approved_by.as_deref())?;
        } else if arrival != Arrival::Fetched {
            let people = mention::address(tx, object, &known, author, arrival)?;
            arrive(tx, &known, author, &people)?;
        }
        return Ok(known);
    }
    if db::seen::buried_at(tx, &object.id)?.is_some()
        || db::seen::contains(tx, &deleted_mark(&author.uri, &object.id))?
    {
        return Err(Error::Gone);
    }
    let mut status = row(tx, object, author, arrival)?;
    db::status::insert(tx, &mut status)?;
    let people = mention::address(tx, object, &status, author, arrival)?;
    count(tx, object, status.id)?;
    attach(tx, object, &status, &[])?;
    let (claim, request) = (object.approved_by.as_deref(), object.request.as_deref());
    let held = interaction_in::admit_reply(tx, &status, author, claim, request)?;
    if status.in_reply_to_uri.is_some() && claim.is_some() {
        // looked at when what it answers is here
        db::interaction::set_approval(tx, status.id, claim)?;
    }
    if let Some(policy) = &status.policy {
        db::interaction::set_policy(tx, status.id, Some(policy))?;
    }
    if held {
        status = db::status::get(tx, status.id)?;
    }
    db::status::adopt_orphans(tx, &status, &status.uri)?;
    interaction_in::adopt(tx, &status, author)?;
    let depth = quote::adopt(tx, &status)?;
    quote::attach_remote(tx, object, &status, author, depth)?;
    if people.addressed.iter().any(Account::is_local) {
        local::index(tx, &status)?;
    }
    if arrival != Arrival::Fetched && !held {
        arrive(tx, &status, author, &people)?;
    }
    Ok(status)
}

/// What a status does that is new: it shows in home timelines, and tells those whom it names.
fn arrive(tx: &Tx<'_>, status: &Status, author: &Account, people: &People) -> Result<()> {
    timeline::fan_out(tx, status, None)?;
    conversation::keep(tx, status)?;
    for account in people.addressed.iter().filter(|a| people.loud.contains(&a.id)) {
        if visibility::can_see(tx, account.id, status)? {
            notification::notify(tx, account, NotificationKind::Mention, author, Some(status))?;
        }
    }
    Ok(())
}

/// What its server counts (F-313).
fn count(tx: &Tx<'_>, object: &Object, status_id: i64) -> Result<()> {
    let number = |total: Option<u64>| total.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let (likes, shares) = (number(object.likes_total), number(object.shares_total));
    db::origin_count::put(tx, status_id, likes, shares)
}

fn row(tx: &Tx<'_>, object: &Incoming, author: &Account, arrival: Arrival) -> Result<Status> {
    let published = object.published_or(tx.now());
    let parent = match &object.in_reply_to {
        Some(uri) => db::status::find_by_uri_or_url(tx, uri)?,
        None => None,
    };
    let id = match arrival {
        Arrival::Pushed { .. } => tx.mint_id(),
        Arrival::Fetched => db::status::fetched_id(tx.now(), published, &object.id),
    };
    Ok(Status {
        uri: object.id.clone(),
        url: object.url.as_deref().and_then(sanitize::http_url),
        visibility: seen_by(object, author),
        emojis: super::account::emojis(&object.emojis),
        quote_policy: quote::policy(object, author),
        policy: policy::of_object(object, author),
        ..of_object(object, author, parent.as_ref(), id, published)
    })
}

/// The status that an object describes, in the words of its server: what is the same wherever it came
/// from. Addresses, and who may see and do what with it, are still to be said.
pub(super) fn of_object(
    object: &Incoming,
    author: &Account,
    parent: Option<&Status>,
    id: i64,
    created_at: i64,
) -> Status {
    Status {
        id,
        uri: String::new(),
        url: None,
        account_id: author.id,
        local: false,
        created_at,
        edited_at: object.edited_ms(),
        visibility: Visibility::Direct,
        in_reply_to_id: parent.map(|p| p.id),
        in_reply_to_account_id: parent.map(|p| p.account_id),
        in_reply_to_uri: object.in_reply_to.clone().filter(|_| parent.is_none()),
        reply_to_other: match parent {
            Some(parent) => parent.account_id != author.id,
            None => object.in_reply_to.is_some(),
        },
        reblog_of_id: None,
        thread_id: parent.map_or(0, |p| p.thread_id),
        spoiler_text: object.warning.clone(),
        content: object.html.clone(),
        text: None,
        language: object.language.as_deref().and_then(language::normalize),
        sensitive: object.sensitive || object.content_warning().is_some(),
        application_id: None,
        emojis: Vec::new(),
        poll: poll(object),
        replies_count: 0,
        reblogs_count: 0,
        favourites_count: 0,
        content_type: ContentType::Plain,
        quote_policy: QuotePolicy::NOBODY,
        quotes_count: 0,
        policy: None,
        held: Held::Free,
        approval: None,
    }
}

/// F-230; addressed to nobody at all is for the owner of the inbox it came to (F-232). A message of
/// a chat is for its recipients whatever else it says (F-202).
fn seen_by(object: &Object, author: &Account) -> Visibility {
    if object.is_chat {
        return Visibility::Direct;
    }
    activity::visibility(&object.to, &object.cc, author.followers_uri.as_deref())
}

/// The poll as its server tells it.
fn poll(object: &Object) -> Option<Poll> {
    let poll = object.poll.as_ref()?;
    let count = |n: u64| i64::try_from(n).unwrap_or(0);
    Some(Poll {
        multiple: poll.multiple,
        end: poll.closed_ms.or(poll.end_ms),
        voters: poll.voters.map(count),
        options: poll
            .options
            .iter()
            .map(|(name, votes)| (sanitize::name(name, 500), count(*votes)))
            .collect(),
        hide_totals: false,
    })
}

/// Writes tags and attachments; one that was there `before` keeps its id, and with it its place in
/// the cache.
fn attach(tx: &Tx<'_>, object: &Incoming, status: &Status, before: &[Media]) -> Result<()> {
    for name in &object.hashtags {
        if let Some(name) = hashtag::normalize_foreign(name) {
            let tag = db::status::tag_id(tx, &name)?;
            db::status::insert_tag(tx, status.id, tag)?;
        }
    }
    if let Some(host) = crate::client::host_of(&object.attributed_to)
        && super::domain::rejects_media(tx, &host)?
    {
        return db::status::forget_media(tx, status.id, &[]);
    }
    let blank = |url: String, alt: Option<String>| Media {
        id: 0,
        status_id: status.id,
        kind: MediaKind::Image,
        remote_url: url,
        preview_remote_url: None,
        media_type: None,
        description: alt,
        blurhash: None,
        focus: None,
        width: None,
        height: None,
        duration: None,
        unavailable: false,
    };
    let attached = object.attachments.iter().filter_map(|attachment| {
        let url = sanitize::http_url(&attachment.url)?;
        let alt = attachment.alt.as_deref().map(|alt| sanitize::multiline(alt, 10_000));
        Some(Media {
            kind: match attachment.kind {
                WireMedia::Image => MediaKind::Image,
                WireMedia::Video => MediaKind::Video,
                WireMedia::Audio => MediaKind::Audio,
                WireMedia::Unknown => MediaKind::Unknown,
            },
            preview_remote_url: attachment.preview_url.as_deref().and_then(sanitize::http_url),
            media_type: attachment.media_type.clone(),
            blurhash: attachment.blurhash.clone(),
            focus: attachment.focus,
            width: attachment.width.map(i64::from),
            height: attachment.height.map(i64::from),
            duration: attachment.duration_s,
            ..blank(url, alt)
        })
    });
    // an image in the text becomes an attachment with its description (F-278)
    let inline = object
        .images
        .iter()
        .filter(|(url, _)| !object.attachments.iter().any(|a| a.url == *url))
        .map(|(url, alt)| blank(url.clone(), alt.clone()));
    let mut kept = Vec::new();
    for (position, mut media) in
        attached.chain(inline).take(activity::media::MAX_ATTACHMENTS).enumerate()
    {
        let known =
            before.iter().find(|one| one.remote_url == media.remote_url && !kept.contains(&one.id));
        media.id = known.map_or_else(|| tx.mint_id(), |one| one.id);
        kept.push(media.id);
        db::status::insert_media(tx, &media, position)?;
    }
    if !before.is_empty() {
        db::status::forget_media(tx, status.id, &kept)?;
    }
    super::card::keep(tx, status, object.link.as_deref())
}

/// A newer version of a known status (F-166): text, tags and attachments change, visibility and
/// recipients never narrow or widen (F-311). An older one is ignored.
pub fn edit(tx: &Tx<'_>, object: &Incoming, author: &Account) -> Result<()> {
    let Some(known) = db::status::find_by_uri(tx, &object.id)? else { return Ok(()) };
    let is_boost = known.reblog_of_id.is_some();
    if known.account_id != author.id || object.attributed_to != author.uri || is_boost {
        return Err(Error::Forbidden("The status has another author".into()));
    }
    count(tx, object, known.id)?;
    quote::attach_remote(tx, object, &known, author, 0)?;
    let can_quote = quote::policy(object, author);
    if can_quote != known.quote_policy {
        db::quote::set_policy(tx, known.id, can_quote)?;
    }
    let rules = policy::of_object(object, author);
    if rules != known.policy {
        db::interaction::set_policy(tx, known.id, rules.as_deref())?;
    }
    interaction_in::look_again(tx, &known, object.approved_by.as_deref())?;
    let Some(edited_at) = newer_at(object, &known) else {
        // no new text: only the poll's tallies move
        if let (Some(new), Some(old)) = (poll(object), &known.poll)
            && new.multiple == old.multiple
            && new.options.iter().map(|o| &o.0).eq(old.options.iter().map(|o| &o.0))
        {
            return db::poll::update(tx, known.id, &new);
        }
        return Ok(());
    };
    let status = Status {
        url: object.url.as_deref().and_then(sanitize::http_url).or(known.url.clone()),
        edited_at: Some(edited_at.min(tx.now())),
        spoiler_text: object.warning.clone(),
        content: object.html.clone(),
        language: object
            .language
            .as_deref()
            .and_then(language::normalize)
            .or(known.language.clone()),
        sensitive: object.sensitive || object.content_warning().is_some(),
        emojis: super::account::emojis(&object.emojis),
        poll: poll(object),
        quote_policy: can_quote,
        ..known.clone()
    };
    let media = db::status::list_media(tx, &[status.id])?;
    db::status_edit::insert(tx, &known)?;
    db::status::update_content(tx, &status)?;
    if !same_choices(known.poll.as_ref(), status.poll.as_ref()) {
        db::poll::clear_votes(tx, status.id)?;
    }
    db::status::clear_tags(tx, status.id)?;
    tx.after_commit(Event::StatusUpdated { id: status.id });
    attach(tx, object, &status, &media)?;
    if status.held == Held::Free {
        tag::fan_out_edit(tx, &status)?;
        mention::name_again(tx, object, &status, author)?;
    }
    if db::search::has_status(tx, status.id)? {
        local::index(tx, &status)?;
    }
    notification::tell_edit(tx, author, &status)
}

/// When a version was made that is newer than the stored one. Times on the wire are whole seconds,
/// and some servers give every post an `updated`: within the same second the text decides.
fn newer_at(object: &Incoming, known: &Status) -> Option<i64> {
    let ms = object.updated_ms?;
    let have = known.edited_at.unwrap_or(known.created_at);
    let is_later = match known.edited_at {
        Some(have) => ms > have,
        None => object.edited_ms().is_some(),
    };
    let differs = known.content != object.html || known.spoiler_text != object.warning;
    // what was stored is at most the time it came here
    (is_later || (differs && ms >= have.div_euclid(1000) * 1000)).then_some(ms)
}

/// A remote author deletes a status (F-169). One that was never here leaves a mark, which holds
/// for this author alone: nobody deletes in advance what another will write.
pub fn delete(tx: &Tx<'_>, author: &Account, uri: &str) -> Result<()> {
    match db::status::find_by_uri(tx, uri)? {
        Some(status) if status.account_id == author.id => {
            timeline::leave(tx, &status)?;
            conversation::step_back(tx, &status)?;
            db::status::delete(tx, status.id)?;
            db::seen::bury(tx, uri, false)
        }
        Some(_) => Err(Error::Forbidden("The status has another author".into())),
        None => {
            db::seen::insert(tx, &deleted_mark(&author.uri, uri), tx.now() + DELETED)?;
            Ok(())
        }
    }
}

fn deleted_mark(author: &str, uri: &str) -> [u8; 16] {
    short_hash16(format!("deleted {author} {uri}").as_bytes())
}

/// A remote account boosts a status that is here (F-183 to F-186). Once per account and status.
pub fn reblog(
    tx: &Tx<'_>,
    account: &Account,
    target: &Status,
    uri: &str,
    published: i64,
    visibility: Visibility,
) -> Result<()> {
    let boostable = target.visibility.is_open()
        || (target.visibility == Visibility::Private && target.account_id == account.id);
    if !boostable
        || target.reblog_of_id.is_some()
        || db::status::find_reblog(tx, account.id, target.id)?.is_some()
        // the address is taken: by something that its actor wrote, or boosted under it
        || db::status::find_by_uri(tx, uri)?.is_some()
        || db::moderation::blocks(tx, target.account_id, account.id)?
    {
        return Ok(());
    }
    let mut boost = local::boost_of(target, account.id, tx.mint_id(), uri.to_owned());
    boost.visibility = visibility.max(target.visibility);
    boost.created_at = published.clamp(target.created_at.min(tx.now()), tx.now());
    db::status::insert(tx, &mut boost)?;
    timeline::fan_out(tx, &boost, Some(target))?;
    let author = db::account::get(tx, target.account_id)?;
    notification::notify(tx, &author, NotificationKind::Reblog, account, Some(target))
}

/// A remote account takes a boost back (F-174).
pub fn unreblog(tx: &Tx<'_>, account: &Account, target: &Status) -> Result<()> {
    if let Some(boost) = db::status::find_reblog(tx, account.id, target.id)? {
        timeline::leave(tx, &boost)?;
        db::status::delete(tx, boost.id)?;
        db::notification::delete_matching(
            tx,
            target.account_id,
            NotificationKind::Reblog,
            account.id,
            Some(target.id),
        )?;
    }
    interaction::forget(tx, InteractionKind::Reblog, account.id, target)
}

/// A remote account favourites a local status (F-177) that it may read (F-182).
pub fn favourite(tx: &Tx<'_>, account: &Account, target: &Status, uri: Option<&str>) -> Result<()> {
    if !target.local
        || target.reblog_of_id.is_some()
        || !visibility::can_see(tx, account.id, target)?
    {
        return Ok(());
    }
    if db::favourite::insert(tx, account.id, target.id, uri)? {
        let author = db::account::get(tx, target.account_id)?;
        notification::notify(tx, &author, NotificationKind::Favourite, account, Some(target))?;
    }
    Ok(())
}

/// A remote account takes a favourite back.
pub fn unfavourite(tx: &Tx<'_>, account: &Account, target_id: i64) -> Result<()> {
    if let Some(gone) = db::favourite::remove(tx, account.id, target_id)?
        && let Some(target) = db::status::find(tx, gone.status_id)?
    {
        db::notification::delete_matching(
            tx,
            target.account_id,
            NotificationKind::Favourite,
            account.id,
            Some(target.id),
        )?;
        interaction::forget(tx, InteractionKind::Favourite, account.id, &target)?;
    }
    Ok(())
}
