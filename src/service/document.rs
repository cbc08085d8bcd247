//! Stored rows as ActivityStreams documents.

use serde_json::Value;

use crate::activity::build::{self, ActorDoc, HashtagDoc, MentionDoc, NoteDoc};
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::{Account, Poll, Status, Visibility};
use crate::site::Site;

/// The document of a local actor.
pub fn actor(conn: &Conn, site: &Site, account: &Account) -> Result<ActorDoc> {
    let key = db::key::find_local(conn, account.id)?
        .ok_or_else(|| Error::internal(format!("{} has no key", account.uri)))?;
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
        locked: account.locked,
        discoverable: account.discoverable,
        indexable: account.indexable,
        fields: account.fields.iter().map(|f| (f.name.clone(), f.value.clone())).collect(),
        emojis: super::emoji::documents(conn, site, &account.emojis)?,
        webfinger: Some(handle(site, account)),
        ..ActorDoc::default()
    })
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
        sensitive: status.sensitive || author.sensitized_at.is_some(),
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
        emojis: super::emoji::documents(conn, site, &status.emojis)?,
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

/// Remembers when the texts about this server got the words that they have in the settings.
pub fn note_texts(tx: &db::Tx<'_>, instance: &crate::config::Instance) -> Result<()> {
    for (name, text) in [
        ("extended_description", &instance.extended_description.0),
        ("privacy_policy", &instance.privacy_policy.0),
        ("terms_of_service", &instance.terms_of_service.0),
    ] {
        let key = format!("text:{name}");
        let hash = crate::crypto::short_hash16(text.as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
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
