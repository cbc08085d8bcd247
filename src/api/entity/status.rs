//! Status and Context.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use super::media::Media;
use super::poll::Poll;
use super::{Account, Emoji, emojis};
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::{self, Visibility};
use crate::site::Site;

/// A status or a boost of one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Status {
    #[serde(serialize_with = "super::id")]
    pub(crate) id: i64,
    created_at: String,
    #[serde(serialize_with = "super::id_or_null")]
    in_reply_to_id: Option<i64>,
    #[serde(serialize_with = "super::id_or_null")]
    in_reply_to_account_id: Option<i64>,
    sensitive: bool,
    spoiler_text: String,
    visibility: &'static str,
    language: Option<String>,
    uri: String,
    url: String,
    replies_count: i64,
    reblogs_count: i64,
    favourites_count: i64,
    edited_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favourited: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reblogged: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bookmarked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filtered: Option<[(); 0]>,
    /// Left out in the answer to a deletion only.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// As written; in the answer to a deletion only.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    reblog: Option<Box<Status>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<Program>,
    #[serde(serialize_with = "super::shared")]
    account: Arc<Account>,
    media_attachments: Vec<Media>,
    mentions: Vec<Mention>,
    tags: Vec<Tag>,
    emojis: Vec<Emoji>,
    quote: (),
    card: (),
    poll: Option<Poll>,
}

impl Status {
    /// Turns it into the answer to its deletion: the source instead of the HTML, so that a
    /// client can offer it for rewriting.
    pub(crate) fn deleted(mut self, text: Option<String>) -> Self {
        self.content = None;
        self.text = Some(text.unwrap_or_default());
        if let Some(inner) = &mut self.reblog {
            inner.content = None;
        }
        self
    }
}

/// The program that a status was written with.
#[derive(Clone, Debug, Serialize)]
struct Program {
    name: String,
    website: Option<String>,
}

/// An account that a status names.
#[derive(Clone, Debug, Serialize)]
struct Mention {
    #[serde(serialize_with = "super::id")]
    id: i64,
    username: String,
    url: String,
    acct: String,
}

/// A hashtag in a status.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tag {
    name: String,
    url: String,
}

/// The page of a tag as a URL, letters of all scripts encoded.
pub(crate) fn tag_url(site: &Site, name: &str) -> String {
    site.tag(&form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>())
}

/// What stands above and below a status in its thread.
#[derive(Debug, Serialize)]
pub(crate) struct Context {
    pub(crate) ancestors: Vec<Status>,
    pub(crate) descendants: Vec<Status>,
}

/// The shape of one status.
pub(crate) fn status(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    status: model::Status,
) -> Result<Status> {
    statuses(conn, site, viewer, vec![status])?.pop().ok_or(Error::NotFound)
}

/// The shapes of a page of statuses, in its order. `viewer` 0: nobody. Whether the viewer may
/// see them was decided by the query that found them.
pub(crate) fn statuses(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    page: Vec<model::Status>,
) -> Result<Vec<Status>> {
    if page.is_empty() {
        return Ok(Vec::new());
    }
    let boosted: Vec<i64> = page.iter().filter_map(|status| status.reblog_of_id).collect();
    let boosted = db::status::list(conn, &boosted)?;
    let details = Details::read(conn, site, viewer, &page, &boosted)?;
    let boosted: HashMap<i64, &model::Status> = boosted.iter().map(|s| (s.id, s)).collect();
    let shape = |status: &model::Status| {
        let mut shown = details.shape(status)?;
        if let Some(of) = status.reblog_of_id {
            let inner = details.shape(boosted.get(&of)?)?;
            // Mastodon's clients look at either of the two
            shown.favourited = inner.favourited;
            shown.reblogged = inner.reblogged;
            shown.bookmarked = inner.bookmarked;
            shown.muted = inner.muted;
            shown.reblog = Some(Box::new(inner));
        }
        Some(shown)
    };
    Ok(page.iter().filter_map(shape).collect())
}

/// All that hangs on the statuses of a page, one query a table.
struct Details {
    viewer: i64,
    now: i64,
    accounts: HashMap<i64, Arc<Account>>,
    mentions: HashMap<i64, Vec<Mention>>,
    tags: HashMap<i64, Vec<Tag>>,
    media: HashMap<i64, Vec<Media>>,
    programs: HashMap<i64, Program>,
    marks: Marks,
    /// The viewer's votes, by status.
    votes: HashMap<i64, Vec<i64>>,
}

/// What the viewer did.
struct Marks {
    favourited: HashSet<i64>,
    reblogged: HashSet<i64>,
    bookmarked: HashSet<i64>,
    pinned: HashSet<i64>,
    muted: HashSet<i64>,
}

impl Details {
    fn read(
        conn: &Conn,
        site: &Site,
        viewer: i64,
        page: &[model::Status],
        boosted: &[model::Status],
    ) -> Result<Self> {
        let all = || page.iter().chain(boosted);
        // boosts have no text that anything could hang on
        let written: Vec<i64> =
            all().filter(|status| status.reblog_of_id.is_none()).map(|status| status.id).collect();
        let named: Vec<(i64, i64)> = db::status::list_mentions(conn, &written)?
            .into_iter()
            .filter(|(_, _, silent)| !silent)
            .map(|(status, account, _)| (status, account))
            .collect();
        let authors: HashSet<i64> = all().map(|status| status.account_id).collect();
        let wanted: HashSet<i64> =
            authors.iter().copied().chain(named.iter().map(|(_, account)| *account)).collect();
        let wanted: Vec<i64> = wanted.into_iter().collect();
        let stored: HashMap<i64, model::Account> = db::account::list(conn, &wanted)?
            .into_iter()
            .map(|account| (account.id, account))
            .collect();
        let mut mentions: HashMap<i64, Vec<Mention>> = HashMap::new();
        for (status, account) in named {
            if let Some(account) = stored.get(&account) {
                mentions.entry(status).or_default().push(mention(account));
            }
        }
        let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
        for (status, name) in db::status::list_tags(conn, &written)? {
            let tag = Tag { url: tag_url(site, &name), name };
            tags.entry(status).or_default().push(tag);
        }
        let mut media: HashMap<i64, Vec<Media>> = HashMap::new();
        for one in db::status::list_media(conn, &written)? {
            media.entry(one.status_id).or_default().push(Media::new(&one));
        }
        let programs: HashSet<i64> = all().filter_map(|status| status.application_id).collect();
        let programs = if programs.is_empty() {
            Vec::new()
        } else {
            let ids: Vec<i64> = programs.into_iter().collect();
            db::oauth::list_application_names(conn, &ids)?
        };
        let marks = if viewer == 0 {
            db::mark::Marks::default()
        } else {
            db::mark::list_marks(conn, viewer, &written)?
        };
        let polls: Vec<i64> = all().filter(|s| s.poll.is_some()).map(|s| s.id).collect();
        let votes = if viewer == 0 || polls.is_empty() {
            HashMap::new()
        } else {
            db::poll::list_own_votes(conn, viewer, &polls)?
        };
        Ok(Self {
            viewer,
            now: conn.now(),
            accounts: authors
                .iter()
                .filter_map(|id| stored.get(id))
                .map(|account| (account.id, Arc::new(Account::new(site, account))))
                .collect(),
            mentions,
            tags,
            media,
            programs: programs
                .into_iter()
                .map(|(id, name, website)| (id, Program { name, website }))
                .collect(),
            marks: Marks {
                favourited: marks.favourited.into_iter().collect(),
                reblogged: marks.reblogged.into_iter().collect(),
                bookmarked: marks.bookmarked.into_iter().collect(),
                pinned: marks.pinned.into_iter().collect(),
                muted: marks.muted.into_iter().collect(),
            },
            votes,
        })
    }

    fn shape(&self, status: &model::Status) -> Option<Status> {
        let person = self.viewer != 0;
        let id = status.id;
        let pinnable = person
            && status.account_id == self.viewer
            && status.reblog_of_id.is_none()
            && status.visibility != Visibility::Direct;
        Some(Status {
            id,
            created_at: api_time(status.created_at),
            in_reply_to_id: status.in_reply_to_id,
            in_reply_to_account_id: status.in_reply_to_account_id,
            sensitive: status.sensitive,
            spoiler_text: status.spoiler_text.clone(),
            visibility: status.visibility.as_str(),
            language: status.language.clone(),
            uri: status.uri.clone(),
            url: status.page().to_owned(),
            replies_count: status.replies_count,
            reblogs_count: status.reblogs_count,
            favourites_count: status.favourites_count,
            edited_at: status.edited_at.map(api_time),
            favourited: person.then(|| self.marks.favourited.contains(&id)),
            reblogged: person.then(|| self.marks.reblogged.contains(&id)),
            muted: person.then(|| self.marks.muted.contains(&id)),
            bookmarked: person.then(|| self.marks.bookmarked.contains(&id)),
            pinned: pinnable.then(|| self.marks.pinned.contains(&id)),
            filtered: person.then_some([]),
            content: Some(status.content.clone()),
            text: None,
            reblog: None,
            application: status.application_id.and_then(|id| self.programs.get(&id).cloned()),
            account: Arc::clone(self.accounts.get(&status.account_id)?),
            media_attachments: self.media.get(&id).cloned().unwrap_or_default(),
            mentions: self.mentions.get(&id).cloned().unwrap_or_default(),
            tags: self.tags.get(&id).cloned().unwrap_or_default(),
            emojis: emojis(&status.emojis),
            quote: (),
            card: (),
            poll: Poll::new(status, self.viewer, self.votes.get(&id), self.now),
        })
    }
}

fn mention(account: &model::Account) -> Mention {
    Mention {
        id: account.id,
        username: account.username.clone(),
        url: account.page().to_owned(),
        acct: account.acct(),
    }
}
