//! Stored rows as ActivityStreams documents.

use serde_json::Value;

use crate::activity::build::{
    self, ActorDoc, AttachmentDoc, HashtagDoc, ImageDoc, MentionDoc, NoteDoc,
};
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::{Account, Picture, Poll, Status, Upload, Visibility};
use crate::site::Site;

/// The document of a local actor.
pub fn actor(conn: &Conn, site: &Site, account: &Account) -> Result<ActorDoc> {
    let key = db::key::find_local(conn, account.id)?
        .ok_or_else(|| Error::internal(format!("{} has no key", account.uri)))?;
    let owned = |text: &Option<String>| text.clone().unwrap_or_default();
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
        locked: account.locked,
        discoverable: account.discoverable,
        indexable: account.indexable,
        fields: account.fields.iter().map(|f| (f.name.clone(), f.value.clone())).collect(),
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
        preview_url: None,
    }
}

/// `name@domain`, also for a local account.
pub fn handle(site: &Site, account: &Account) -> String {
    let domain = account.domain.as_deref().unwrap_or(&site.account_domain);
    format!("{}@{domain}", account.username)
}

/// The document of a local status that is no boost.
pub fn note(conn: &Conn, site: &Site, status: &Status, author: &Account) -> Result<NoteDoc> {
    let mentioned = mentioned(conn, status.id)?;
    let uris: Vec<String> = mentioned.iter().map(|a| a.uri.clone()).collect();
    let (to, cc) = addressing(author, status.visibility, &uris);
    let in_reply_to = match status.in_reply_to_id {
        Some(parent) => db::status::find(conn, parent)?.map(|parent| parent.uri),
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
        sensitive: status.sensitive,
        in_reply_to,
        mentions: mentioned
            .iter()
            .map(|a| MentionDoc { href: a.uri.clone(), handle: handle(site, a) })
            .collect(),
        hashtags: db::status::list_tags(conn, &[status.id])?
            .into_iter()
            .map(|(_, name)| HashtagDoc { href: site.tag(&name), name })
            .collect(),
        replies: open.then(|| build::RepliesDoc {
            id: format!("{}/replies", status.uri),
            items: Vec::new(),
            next: Some(format!("{}/replies?page=true", status.uri)),
        }),
        likes: open.then(|| (format!("{}/likes", status.uri), count(status.favourites_count))),
        shares: open.then(|| (format!("{}/shares", status.uri), count(status.reblogs_count))),
        attachments: db::upload::list_attached(conn, &[status.id])?
            .iter()
            .map(|upload| attachment(site, upload))
            .collect(),
        poll: status.poll.as_ref().map(|poll| question(poll, conn.now())),
        ..NoteDoc::default()
    })
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
    let Some(of) = status.reblog_of_id else {
        return Ok(build::create(&note(conn, site, status, author)?));
    };
    let boosted = db::status::get(conn, of)?;
    let boosted_author = db::account::get(conn, boosted.account_id)?;
    let (to, cc) = addressing(author, status.visibility, std::slice::from_ref(&boosted_author.uri));
    Ok(build::announce(&status.uri, &author.uri, &boosted.uri, status.created_at, &to, &cc))
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
