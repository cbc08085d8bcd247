//! Web Push: who is told of a notification at once, and what the message says.

use serde_json::json;

use crate::crypto::hex;
use crate::crypto::web_push::{self, Recipient, VapidKey};
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, CacheClass, JobKind, NotificationKind, PushPolicy, PushSubscription};
use crate::site::Site;
use crate::text::sanitize;

/// How many subscriptions an account may have; the oldest gives way.
const MOST: i64 = 32;
/// How many messages may wait for one subscription: behind a service that is down the rest is
/// left out, the app reads its notifications anyway.
const MOST_WAITING: i64 = 100;
/// The key's place among the facts about the database.
const KEY: &str = "vapid";
/// How much of a text a message shows, in characters.
const LONGEST_TITLE: usize = 120;
const LONGEST_BODY: usize = 140;

/// The key that push services know this server by, made when it is first asked for.
pub fn key(tx: &Tx<'_>) -> Result<VapidKey> {
    if let Some(key) = find_key(tx)? {
        return Ok(key);
    }
    let pkcs8 = VapidKey::generate()?;
    db::meta::set(tx, KEY, &hex(&pkcs8))?;
    VapidKey::from_pkcs8(&pkcs8)
}

/// The same, if it was made before.
pub fn find_key(conn: &Conn) -> Result<Option<VapidKey>> {
    let Some(text) = db::meta::get(conn, KEY)? else { return Ok(None) };
    let pkcs8 = unhex(&text).ok_or_else(|| Error::internal("the key for web push is broken"))?;
    VapidKey::from_pkcs8(&pkcs8).map(Some)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}

/// Stores a subscription in the place of its token's earlier one. Too many of one account: the
/// oldest ends (S-086).
pub fn subscribe(tx: &Tx<'_>, mut new: PushSubscription) -> Result<PushSubscription> {
    new.id = db::push::insert(tx, &new)?;
    db::push::trim(tx, new.account_id, MOST)?;
    Ok(new)
}

/// Queues a notification for each subscription that wants to hear of it.
pub(super) fn queue(
    tx: &Tx<'_>,
    account: i64,
    notification: i64,
    kind: NotificationKind,
    from: i64,
) -> Result<()> {
    for subscription in db::push::list(tx, account)? {
        let lane = format!("push {}", subscription.id);
        if !subscription.alerts.contains(kind.as_str())
            || !policy_allows(tx, &subscription, from)?
            || db::job::count_lane(tx, &lane, MOST_WAITING)? >= MOST_WAITING
        {
            continue;
        }
        let payload = serde_json::to_vec(&(subscription.id, notification, tx.now()))
            .map_err(Error::internal)?;
        db::job::insert(tx, JobKind::Push, &lane, &payload)?;
    }
    Ok(())
}

fn policy_allows(conn: &Conn, subscription: &PushSubscription, from: i64) -> Result<bool> {
    let account = subscription.account_id;
    match subscription.policy {
        PushPolicy::All => Ok(true),
        PushPolicy::Followed => db::follow::is_following(conn, account, from),
        PushPolicy::Follower => db::follow::is_following(conn, from, account),
        PushPolicy::None => Ok(false),
    }
}

/// A message ready to be sealed.
pub struct Message {
    pub endpoint: String,
    pub recipient: Recipient,
    /// RFC 8291, else the older draft.
    pub standard: bool,
    /// JSON.
    pub text: Vec<u8>,
}

/// The message about a notification; `None` when there is nothing to tell any more: the
/// subscription is gone, the account is suspended, or the notification is not among those that
/// the account is shown now (it was held back, its author is muted, its status is gone).
///
/// Its fields are Mastodon's. `access_token`, by which some apps know which of their accounts is
/// meant, is empty: this server keeps tokens as hashes only (S-075) and could not tell it.
pub fn compose(
    conn: &Conn,
    site: &Site,
    subscription: i64,
    notification: i64,
) -> Result<Option<Message>> {
    let Some(to) = db::push::find(conn, subscription)? else { return Ok(None) };
    let Some(user) = db::user::find(conn, to.account_id)? else { return Ok(None) };
    let owner = db::account::find(conn, to.account_id)?;
    if owner.is_none_or(|owner| owner.suspended_at.is_some()) {
        return Ok(None);
    }
    let Some(found) = db::notification::find_shown(conn, to.account_id, notification)? else {
        return Ok(None);
    };
    let Some(from) = db::account::find(conn, found.from_account_id)? else { return Ok(None) };
    let Some(recipient) = Recipient::new(&to.p256dh, &to.auth) else { return Ok(None) };
    let status = match found.status_id {
        Some(id) => db::status::find(conn, id)?,
        None => None,
    };
    let body = match status {
        Some(status) if !status.spoiler_text.is_empty() => status.spoiler_text,
        Some(status) => sanitize::to_own_words(&status.content),
        None => sanitize::to_plain(&from.note),
    };
    let text = json!({
        "access_token": "",
        "preferred_locale": user.default_language.as_deref().unwrap_or("en"),
        "notification_id": notification,
        "notification_type": found.kind.as_str(),
        "icon": icon(site, &from),
        "title": cut(&title(found.kind, &from), LONGEST_TITLE),
        "body": cut(&body, LONGEST_BODY),
    });
    let mut text = text.to_string().into_bytes();
    if text.len() > web_push::LONGEST {
        // only an absurd address of an icon gets here
        text = json!({
            "access_token": "",
            "preferred_locale": "en",
            "notification_id": notification,
            "notification_type": found.kind.as_str(),
            "icon": site.missing_avatar(),
            "title": cut(&title(found.kind, &from), LONGEST_TITLE),
            "body": "",
        })
        .to_string()
        .into_bytes();
    }
    Ok(Some(Message { endpoint: to.endpoint, recipient, standard: to.standard, text }))
}

fn icon(site: &Site, from: &Account) -> String {
    super::cached_file::picture(site, from, CacheClass::AvatarStill)
        .unwrap_or_else(|| site.missing_avatar())
}

/// One line that says what happened.
fn title(kind: NotificationKind, from: &Account) -> String {
    let name =
        if from.display_name.trim().is_empty() { &from.username } else { &from.display_name };
    match kind.as_str() {
        "mention" => format!("{name} mentioned you"),
        "status" => format!("{name} wrote something new"),
        "reblog" => format!("{name} boosted your post"),
        "follow" => format!("{name} follows you"),
        "follow_request" => format!("{name} asks to follow you"),
        "favourite" => format!("{name} favourited your post"),
        "poll" => format!("A poll by {name} has ended"),
        "update" => format!("{name} edited a post"),
        "quote" => format!("{name} quoted your post"),
        "quoted_update" => format!("{name} edited a post that you quoted"),
        "admin.sign_up" => format!("{name} signed up"),
        "pleroma:emoji_reaction" => format!("{name} reacted to your post"),
        "admin.report" => format!("{name} reported somebody"),
        _ => name.clone(),
    }
}

/// At most so many characters, with a sign that there was more.
fn cut(text: &str, most: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut(" 天氣好 ", 3), "天氣好");
        assert_eq!(cut("天氣很好", 3), "天氣…");
        assert_eq!(unhex(&hex(&[0, 255, 16])), Some(vec![0, 255, 16]));
        assert_eq!(unhex("zz"), None);
    }
}
