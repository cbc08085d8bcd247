//! Stored rows as ActivityStreams documents.

use serde_json::Value;

use super::around::Around;
use crate::activity::PUBLIC;
use crate::activity::build::{
    self, ActorDoc, AttachmentDoc, HashtagDoc, ImageDoc, MentionDoc, NoteDoc,
};
use crate::crypto;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::{
    Account, ContentType, InteractionKind, MediaKind, Picture, Poll, Quote, QuoteState, Status,
    Upload, Visibility,
};
use crate::signature::multikey;
use crate::site::Site;
use crate::text::entity::{self, EntityKind};
use crate::text::hashtag;

/// The document of a local actor.
pub fn actor(conn: &Conn, site: &Site, account: &Account) -> Result<ActorDoc> {
    let key = db::key::find_local(conn, account.id)?
        .ok_or_else(|| Error::internal(format!("{} has no key", account.uri)))?;
    let ed25519 = db::key::find_ed25519(conn, account.id)?
        .map(|key| (key.key_id, multikey::encode(&key.public)));
    let owned = |text: &Option<String>| text.clone().unwrap_or_default();
    if account.suspended_at.is_some() {
        // what its key and inboxes are, and nothing that it said of itself (F-034)
        return Ok(ActorDoc {
            id: account.uri.clone(),
            kind: account.kind,
            username: account.username.clone(),
            url: account.page().to_owned(),
            published_ms: account.created_at,
            inbox: owned(&account.inbox),
            outbox: owned(&account.outbox),
            followers: owned(&account.followers_uri),
            following: owned(&account.following_uri),
            shared_inbox: owned(&account.shared_inbox),
            key_id: key.key_id,
            public_key_pem: key.public_pem,
            ed25519,
            suspended: true,
            ..ActorDoc::default()
        });
    }
    Ok(ActorDoc {
        id: account.uri.clone(),
        kind: account.kind,
        username: account.username.clone(),
        name: account.display_name.clone(),
        summary: account.note.clone(),
        url: account.page().to_owned(),
        published_ms: account.created_at,
        inbox: owned(&account.inbox),
        outbox: owned(&account.outbox),
        followers: owned(&account.followers_uri),
        following: owned(&account.following_uri),
        shared_inbox: owned(&account.shared_inbox),
        featured: account.featured_uri.clone(),
        key_id: key.key_id,
        public_key_pem: key.public_pem,
        ed25519,
        locked: account.locked,
        discoverable: account.discoverable,
        indexable: account.indexable,
        featured_tags: account.details.featured_tags_uri.clone(),
        also_known_as: account.details.also_known_as.clone(),
        attribution_domains: account.details.attribution_domains.clone(),
        moved_to: account.moved_to_uri.clone(),
        hashtags: hashtags(conn, site, account.id)?,
        fields: account.fields.iter().map(|f| (f.name.clone(), f.value.clone())).collect(),
        emojis: super::emoji::documents(conn, site, &account.emojis)?,
        webfinger: Some(handle(site, account)),
        icon: image(account.avatar_url.as_ref(), account.avatar()),
        image: image(account.header_url.as_ref(), account.header()),
        ..ActorDoc::default()
    })
}

/// An avatar or header of one's own (F-026).
fn image(url: Option<&String>, picture: Option<&Picture>) -> Option<ImageDoc> {
    let (url, picture) = (url?, picture?);
    Some(ImageDoc {
        url: url.clone(),
        media_type: picture.media_type.clone(),
        alt: Some(picture.description.clone()).filter(|text| !text.is_empty()),
    })
}

/// An attachment as others read it (F-293).
fn attachment(site: &Site, upload: &Upload) -> AttachmentDoc {
    let side = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok());
    AttachmentDoc {
        url: site.media(&upload.file()),
        media_type: upload.media_type.clone(),
        alt: upload.description.clone(),
        blurhash: upload.blurhash.clone(),
        focus: upload.focus,
        width: side(upload.width),
        height: side(upload.height),
        duration_s: upload.duration,
        preview_url: preview(site, upload),
    }
}

/// The still or cover of what is played, where it has one.
fn preview(site: &Site, upload: &Upload) -> Option<String> {
    let name = upload.preview().filter(|_| upload.kind != MediaKind::Image)?;
    Some(site.media(&name))
}

/// The hashtags in a local person's profile text (F-030).
fn hashtags(conn: &Conn, site: &Site, account_id: i64) -> Result<Vec<HashtagDoc>> {
    let Some(user) = db::user::find(conn, account_id)? else { return Ok(Vec::new()) };
    let mut found: Vec<HashtagDoc> = Vec::new();
    for entity in entity::scan(&user.note_source) {
        if let EntityKind::Hashtag { name } = entity.kind
            && let Some(name) = hashtag::normalize(&name)
            && !found.iter().any(|tag| tag.name == name)
        {
            found.push(HashtagDoc { href: site.tag(&name), name });
        }
    }
    Ok(found)
}

/// `name@domain`, also for a local account.
pub fn handle(site: &Site, account: &Account) -> String {
    let domain = account.domain.as_deref().unwrap_or(&site.account_domain);
    format!("{}@{domain}", account.username)
}

/// The document of a local status that is no boost.
pub fn note(conn: &Conn, site: &Site, status: &Status, author: &Account) -> Result<NoteDoc> {
    let around = Around::read(conn, std::slice::from_ref(status))?;
    note_with(conn, &around, site, status, author)
}

/// The same with what was read for many.
pub fn note_with(
    conn: &Conn,
    around: &Around,
    site: &Site,
    status: &Status,
    author: &Account,
) -> Result<NoteDoc> {
    let mentioned = around.mentioned(status.id);
    let uris: Vec<String> = mentioned.iter().map(|a| a.uri.clone()).collect();
    let (to, cc) = addressing(author, status.visibility, &uris);
    let in_reply_to = match status.in_reply_to_id {
        Some(parent) => around.status(parent).map(|parent| parent.uri.clone()),
        None => status.in_reply_to_uri.clone(),
    };
    let open = status.visibility.is_open();
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(NoteDoc {
        id: status.uri.clone(),
        attributed_to: author.uri.clone(),
        to,
        cc,
        published_ms: status.created_at,
        updated_ms: status.edited_at,
        url: status.page().to_owned(),
        content: status.content.clone(),
        language: status.language.clone(),
        summary: Some(status.spoiler_text.clone()).filter(|text| !text.is_empty()),
        sensitive: status.sensitive || author.sensitized_at.is_some(),
        in_reply_to,
        context: if open { context(conn, around, status)? } else { None },
        mentions: mentioned
            .iter()
            .map(|a| MentionDoc { href: a.uri.clone(), handle: handle(site, a) })
            .collect(),
        hashtags: around
            .tags(status.id)
            .iter()
            .map(|name| HashtagDoc { href: site.tag(name), name: name.clone() })
            .collect(),
        replies: open.then(|| build::RepliesDoc {
            id: format!("{}/replies", status.uri),
            items: Vec::new(),
            next: Some(format!("{}/replies?page=true", status.uri)),
        }),
        likes: open.then(|| (format!("{}/likes", status.uri), count(status.favourites_count))),
        shares: open.then(|| (format!("{}/shares", status.uri), count(status.reblogs_count))),
        attachments: around
            .uploads(status.id)
            .iter()
            .map(|upload| attachment(site, upload))
            .collect(),
        emojis: super::emoji::documents(conn, site, &status.emojis)?,
        poll: status.poll.as_ref().map(|poll| question(poll, conn.now())),
        quote: around.quote(status.id).map(quote),
        can_quote: Some(can_quote(author, status)),
        policy: Some(super::policy::document(author, status, &uris)),
        approval: status.approval.clone(),
        source: match (status.content_type, &status.text) {
            (ContentType::Markdown, Some(text)) => {
                Some((text.clone(), ContentType::Markdown.as_str()))
            }
            _ => None,
        },
        ..NoteDoc::default()
    })
}

/// The collection of the thread, where it began with an open status of ours (F-243).
fn context(conn: &Conn, around: &Around, status: &Status) -> Result<Option<String>> {
    if status.thread_id == status.id {
        let begins = status.in_reply_to_id.is_none() && status.in_reply_to_uri.is_none();
        return Ok(begins.then(|| format!("{}/context", status.uri)));
    }
    let root = match around.status(status.thread_id) {
        Some(root) => Some(root.clone()),
        None => db::status::find(conn, status.thread_id)?,
    };
    let root = root.filter(|root| {
        root.local
            && root.visibility.is_open()
            && root.in_reply_to_id.is_none()
            && root.in_reply_to_uri.is_none()
    });
    Ok(root.map(|root| format!("{}/context", root.uri)))
}

/// What a status quotes.
fn quote(quote: &Quote) -> build::QuoteDoc {
    let accepted = quote.state == QuoteState::Accepted;
    build::QuoteDoc {
        uri: quote.quoted_uri.clone(),
        authorization: quote.authorization_uri.clone().filter(|_| accepted),
    }
}

/// Whom a status tells that they may quote it (F-325); its author's own id is for nobody else.
fn can_quote(author: &Account, status: &Status) -> String {
    let policy = if status.visibility.is_open() { status.quote_policy.as_str() } else { "nobody" };
    match (policy, &author.followers_uri) {
        ("public", _) => PUBLIC.to_owned(),
        ("followers", Some(followers)) => followers.clone(),
        _ => author.uri.clone(),
    }
}

/// A poll of ours (F-303); hidden tallies are told after its end.
fn question(poll: &Poll, now: i64) -> build::PollDoc {
    let over = poll.is_over(now);
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let told = |n: i64| if over || !poll.hide_totals { count(n) } else { 0 };
    build::PollDoc {
        multiple: poll.multiple,
        options: poll.options.iter().map(|(name, votes)| (name.clone(), told(*votes))).collect(),
        end_ms: poll.end,
        closed_ms: poll.end.filter(|_| over),
        voters: count(poll.voters.unwrap_or(0)),
    }
}

/// The Create of a status, or the Announce of a boost.
pub fn activity(conn: &Conn, site: &Site, status: &Status, author: &Account) -> Result<Value> {
    let around = Around::read(conn, std::slice::from_ref(status))?;
    activity_with(conn, &around, site, status, author)
}

/// The same with what was read for many.
pub fn activity_with(
    conn: &Conn,
    around: &Around,
    site: &Site,
    status: &Status,
    author: &Account,
) -> Result<Value> {
    let Some(of) = status.reblog_of_id else {
        return Ok(build::create(&note_with(conn, around, site, status, author)?));
    };
    let boosted = around.status(of).ok_or(Error::NotFound)?;
    let boosted_author = around.account(boosted.account_id).ok_or(Error::NotFound)?;
    let (to, cc) = addressing(author, status.visibility, std::slice::from_ref(&boosted_author.uri));
    let announce =
        build::announce(&status.uri, &author.uri, &boosted.uri, status.created_at, &to, &cc);
    Ok(match &status.approval {
        Some(proof) => build::approved(announce, InteractionKind::Reblog, proof),
        None => announce,
    })
}

/// `to` and `cc` of a local account's status (F-217).
pub fn addressing(
    author: &Account,
    visibility: Visibility,
    mentions: &[String],
) -> (Vec<String>, Vec<String>) {
    build::addressing(visibility, author.followers_uri.as_deref().unwrap_or_default(), mentions)
}

/// The accounts that a status names.
pub fn mentioned(conn: &Conn, status_id: i64) -> Result<Vec<Account>> {
    let ids: Vec<i64> = db::status::list_mentions(conn, &[status_id])?
        .into_iter()
        .filter(|(_, _, silent)| !silent)
        .map(|(_, account, _)| account)
        .collect();
    let mut accounts = db::account::list(conn, &ids)?;
    accounts.sort_by_key(|account| account.id);
    Ok(accounts)
}

/// Remembers when the texts about this server got the words that they have in the settings.
pub fn note_texts(tx: &db::Tx<'_>, instance: &crate::config::Instance) -> Result<()> {
    for (name, text) in [
        ("extended_description", &instance.extended_description.0),
        ("privacy_policy", &instance.privacy_policy.0),
        ("terms_of_service", &instance.terms_of_service.0),
    ] {
        let key = format!("text:{name}");
        let hash = crypto::hex(&crypto::short_hash16(text.as_bytes()));
        let known = db::meta::get(tx, &key)?;
        if !known.is_some_and(|known| known.starts_with(&hash)) {
            db::meta::set(tx, &key, &format!("{hash} {}", tx.now()))?;
        }
    }
    Ok(())
}

/// Since when a text about this server has been as it is.
pub fn text_since(conn: &Conn, name: &str) -> Result<i64> {
    let known = db::meta::get(conn, &format!("text:{name}"))?;
    let since = known.as_deref().and_then(|known| known.split(' ').nth(1)?.parse().ok());
    Ok(since.unwrap_or_default())
}
