//! Telling the administrators that something is wrong with the server, that somebody waits or that
//! somebody was reported: a private mention by the server's own account, which every app shows and pushes, in no timeline and on
//! no other server. One a trouble; it is deleted when all is well again.

use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::model::{
    ContentType, Held, INSTANCE_ACTOR, NotificationKind, QuotePolicy, Status, Visibility,
};
use crate::site::Site;
use crate::text::sanitize;

use super::status::{self, Mentioned, handles, write_text};
use super::{conversation, notification};

/// Where it is kept which message tells of a trouble.
fn key(name: &str) -> String {
    format!("trouble:{name}")
}

/// The message that tells of this trouble, if it was told and is there still.
fn find(conn: &Conn, name: &str) -> Result<Option<Status>> {
    match db::meta::get(conn, &key(name))?.and_then(|id| id.parse().ok()) {
        Some(id) => db::status::find(conn, id),
        None => Ok(None),
    }
}

/// The names of all that is told.
pub(super) fn list_told(conn: &Conn) -> Result<Vec<String>> {
    let start = key("");
    let found = db::meta::list_under(conn, &start)?;
    Ok(found.iter().filter_map(|(key, _)| key.strip_prefix(&start)).map(str::to_owned).collect())
}

/// When it was told, in milliseconds since 1970.
pub(super) fn told_at(conn: &Conn, name: &str) -> Result<Option<i64>> {
    Ok(find(conn, name)?.map(|status| status.created_at))
}

/// What is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    pub text: &'a str,
    /// What a stranger wrote: nothing in it is a link, a tag or a mention.
    pub quote: &'a str,
    /// An administrator who knows already; 0: none does.
    pub but: i64,
}

/// Whether the administrators know.
pub fn is_told(conn: &Conn, name: &str) -> Result<bool> {
    Ok(find(conn, name)?.is_some())
}

/// Whether there is a message for this account: whoever reads one may look who sent it.
pub fn has_told(conn: &Conn, account: i64) -> Result<bool> {
    db::status::has_addressed(conn, INSTANCE_ACTOR, account)
}

/// Tells every administrator, unless they know already. False: there is nobody to tell.
pub fn tell(tx: &Tx<'_>, site: &Site, name: &str, message: Message<'_>) -> Result<bool> {
    if is_told(tx, name)? {
        return Ok(true);
    }
    let Some(id) = write(tx, site, message)? else { return Ok(false) };
    db::meta::set(tx, &key(name), &id.to_string())?;
    Ok(true)
}

/// Writes to every administrator; the message's id, or `None` where there is nobody.
pub(super) fn write(tx: &Tx<'_>, site: &Site, message: Message<'_>) -> Result<Option<i64>> {
    let mut admins = db::account::list(tx, &db::user::list_admins(tx)?)?;
    admins.retain(|one| one.id != message.but);
    if admins.is_empty() {
        return Ok(None);
    }
    let names: String = admins.iter().map(|one| format!("@{} ", one.username)).collect();
    // whoever else is named in it is not told
    let (mentioned, _) = Mentioned::find(tx, &handles(site, &names))?;
    let text = format!("{names}{}", message.text);
    let mut written = write_text(site, &text, ContentType::Plain, &mentioned);
    if !message.quote.is_empty() {
        let quote = sanitize::escape(message.quote).replace('\n', "<br>");
        written.content.push_str(&format!("<p>“{quote}”</p>"));
        written.source.push_str(&format!("\n\n“{}”", message.quote));
    }
    let author = db::account::get(tx, INSTANCE_ACTOR)?;
    let id = tx.mint_id();
    let mut status = Status {
        id,
        uri: site.status(&author.username, id),
        url: Some(site.status_page(&author.username, id)),
        account_id: author.id,
        local: true,
        created_at: tx.now(),
        edited_at: None,
        visibility: Visibility::Direct,
        in_reply_to_id: None,
        in_reply_to_account_id: None,
        in_reply_to_uri: None,
        reply_to_other: false,
        reblog_of_id: None,
        thread_id: 0,
        spoiler_text: String::new(),
        content: written.content.clone(),
        text: Some(written.source.clone()),
        language: Some(site.default_language.clone()),
        sensitive: false,
        application_id: None,
        emojis: Vec::new(),
        poll: None,
        replies_count: 0,
        reblogs_count: 0,
        favourites_count: 0,
        content_type: ContentType::Plain,
        quote_policy: QuotePolicy::new(0, 0),
        quotes_count: 0,
        policy: None,
        held: Held::Free,
        approval: None,
    };
    db::status::insert(tx, &mut status)?;
    let named = written.attach(tx, site, status.id, &mentioned)?;
    conversation::keep(tx, &status)?;
    for account in &named {
        notification::notify(tx, account, NotificationKind::Mention, &author, Some(&status))?;
    }
    Ok(Some(status.id))
}

/// It is well again: the message goes, with what it notified.
pub fn clear(tx: &Tx<'_>, site: &Site, name: &str) -> Result<()> {
    if let Some(status) = find(tx, name)? {
        take_back(tx, site, status.id)?;
    }
    db::meta::remove(tx, &key(name))
}

/// Removes a message to the administrators, if it is there still.
pub(super) fn take_back(tx: &Tx<'_>, site: &Site, id: i64) -> Result<()> {
    if db::status::find(tx, id)?.is_none_or(|status| status.account_id != INSTANCE_ACTOR) {
        return Ok(());
    }
    let author = db::account::get(tx, INSTANCE_ACTOR)?;
    status::delete(tx, site, &author, id)?;
    Ok(())
}
