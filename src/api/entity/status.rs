//! Status and Context.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use super::card::PreviewCard;
use super::filter::FilterResult;
use super::interaction::InteractionPolicy;
use super::media::Media;
use super::poll::Poll;
use super::quote::{Approval, Quote, Quotes, Ties};
use super::reaction::{Pleroma, Reactions, reactions};
use super::{Account, Emoji, emojis};
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::{self, ContentType, Visibility};
use crate::service::filter::Filters;
use crate::site::Site;
use crate::text::sanitize;

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
    filtered: Option<Vec<FilterResult>>,
    /// Left out in the answer to a deletion only.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// As written; in the answer to a deletion only.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// How that is written; there only, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'static str>,
    #[serde(serialize_with = "super::shared_or_null")]
    reblog: Option<Arc<Status>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<Program>,
    #[serde(serialize_with = "super::shared")]
    account: Arc<Account>,
    media_attachments: Vec<Media>,
    mentions: Vec<Mention>,
    tags: Vec<Tag>,
    emojis: Vec<Emoji>,
    pub(super) quote: Option<Quote>,
    quotes_count: i64,
    quote_approval: Approval,
    /// GoToSocial's; left out where whoever reads it may do all.
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction_policy: Option<InteractionPolicy>,
    card: Option<PreviewCard>,
    poll: Option<Poll>,
    /// Akkoma's place for them, glitch's, and Pleroma's.
    emoji_reactions: Reactions,
    reactions: Reactions,
    pleroma: Pleroma,
}

impl Status {
    /// Turns it into the answer to its deletion: the source instead of the HTML, so that a
    /// client can offer it for rewriting.
    pub(crate) fn deleted(mut self, text: Option<String>, kind: ContentType) -> Self {
        self.content = None;
        self.text = Some(text.unwrap_or_default());
        self.content_type = Some(kind.as_str());
        if let Some(quote) = &mut self.quote {
            quote.deleted();
        }
        if let Some(inner) = &mut self.reblog {
            Arc::make_mut(inner).content = None;
        }
        self
    }

    pub(super) fn forget_content(&mut self) {
        self.content = None;
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
pub(super) struct Mention {
    #[serde(serialize_with = "super::id")]
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) url: String,
    pub(super) acct: String,
}

/// A hashtag in a status.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tag {
    name: String,
    url: String,
}

/// The page of a tag as a URL, letters of all scripts encoded.
pub(crate) fn tag_url(site: &Site, name: &str) -> String {
    site.tag(name)
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
    Ok(statuses_and_accounts(conn, site, viewer, page, &[])?.0)
}

/// Shapes of accounts by their ids.
type Accounts = HashMap<i64, Arc<Account>>;

/// The same, and the shapes of the accounts that are read for it, `others` among them.
pub(super) fn statuses_and_accounts(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    page: Vec<model::Status>,
    others: &[i64],
) -> Result<(Vec<Status>, Accounts)> {
    if page.is_empty() && others.is_empty() {
        return Ok(Default::default());
    }
    let boosted: Vec<i64> = page.iter().filter_map(|status| status.reblog_of_id).collect();
    let boosted = db::status::list(conn, &boosted)?;
    let mut quotes = Quotes::read(conn, viewer, page.iter().chain(&boosted))?;
    let quoted = std::mem::take(&mut quotes.statuses);
    let all: Vec<&model::Status> = page.iter().chain(&boosted).chain(&quoted).collect();
    let details = Details::read(conn, site, viewer, &all, others)?;
    let quoted: HashMap<i64, Arc<Status>> = quoted
        .into_iter()
        .filter_map(|status| {
            let id = status.id;
            let quote = quotes.shallow(id);
            Some((id, Arc::new(Status { quote, ..details.shape(status)? })))
        })
        .collect();
    let boosted: HashMap<i64, Arc<Status>> = boosted
        .into_iter()
        .filter_map(|status| {
            let quote = quotes.full(status.id, &quoted);
            Some((status.id, Arc::new(Status { quote, ..details.shape(status)? })))
        })
        .collect();
    let shape = |status: model::Status| {
        let (id, of) = (status.id, status.reblog_of_id);
        let mut shown = details.shape(status)?;
        shown.quote = quotes.full(id, &quoted);
        if let Some(of) = of {
            let inner = boosted.get(&of)?;
            // Mastodon's clients look at either of the two
            shown.favourited = inner.favourited;
            shown.reblogged = inner.reblogged;
            shown.bookmarked = inner.bookmarked;
            shown.muted = inner.muted;
            shown.emoji_reactions = inner.emoji_reactions.clone();
            shown.reactions = inner.reactions.clone();
            shown.pleroma = inner.pleroma.clone();
            shown.quote_approval = inner.quote_approval.clone();
            // what is found in the boosted one is found in the boost
            shown.filtered = details.filtered(of, Some(id));
            shown.reblog = Some(Arc::clone(inner));
        }
        Some(shown)
    };
    let shown = page.into_iter().filter_map(shape).collect();
    Ok((shown, details.accounts))
}

/// The text that filters look into: warning, content, poll options, descriptions.
fn searchable(status: &model::Status, descriptions: Option<&Vec<String>>) -> String {
    let mut text = status.spoiler_text.clone();
    let options = status.poll.iter().flat_map(|poll| &poll.options).map(|(name, _)| name);
    let content = sanitize::to_plain(&status.content);
    for part in std::iter::once(&content).chain(options).chain(descriptions.into_iter().flatten()) {
        text.push_str("\n\n");
        text.push_str(part);
    }
    text
}

/// All that hangs on the statuses of a page, one query a table.
struct Details<'a> {
    site: &'a Site,
    viewer: i64,
    now: i64,
    filters: Filters,
    /// What filters look into, where there are any.
    texts: HashMap<i64, String>,
    accounts: Accounts,
    mentions: HashMap<i64, Vec<Mention>>,
    tags: HashMap<i64, Vec<Tag>>,
    media: HashMap<i64, Vec<Media>>,
    programs: HashMap<i64, Program>,
    cards: HashMap<i64, PreviewCard>,
    /// What the servers of remote ones count.
    origins: HashMap<i64, db::origin_count::Counts>,
    reactions: HashMap<i64, Reactions>,
    marks: db::mark::Marks,
    /// The viewer's votes, by status.
    votes: HashMap<i64, Vec<i64>>,
    ties: Ties,
}

impl<'a> Details<'a> {
    fn read(
        conn: &Conn,
        site: &'a Site,
        viewer: i64,
        all: &[&model::Status],
        others: &[i64],
    ) -> Result<Self> {
        let all = || all.iter().copied();
        // boosts have no text that anything could hang on
        let said: Vec<&model::Status> = all().filter(|one| one.reblog_of_id.is_none()).collect();
        let written: Vec<i64> = said.iter().map(|status| status.id).collect();
        let named: Vec<(i64, i64)> = db::status::list_mentions(conn, &written)?
            .into_iter()
            .filter(|(_, _, silent)| !silent)
            .map(|(status, account, _)| (status, account))
            .collect();
        let wanted: HashSet<i64> = all()
            .map(|status| status.account_id)
            .chain(others.iter().copied())
            .chain(named.iter().map(|(_, account)| *account))
            .collect();
        let wanted: Vec<i64> = wanted.into_iter().collect();
        let accounts = db::account::list_made(conn, &wanted, |row| Account::new(site, row))?;
        let mut mentions: HashMap<i64, Vec<Mention>> = HashMap::new();
        for (status, account) in named {
            if let Some(account) = accounts.get(&account) {
                mentions.entry(status).or_default().push(account.mention());
            }
        }
        let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
        for (status, name) in db::status::list_tags(conn, &written)? {
            let tag = Tag { url: tag_url(site, &name), name };
            tags.entry(status).or_default().push(tag);
        }
        let filters = Filters::read(conn, viewer)?;
        let mut descriptions: HashMap<i64, Vec<String>> = HashMap::new();
        let mut media: HashMap<i64, Vec<Media>> = HashMap::new();
        let (local, remote): (Vec<&model::Status>, Vec<&model::Status>) =
            said.iter().partition(|status| status.local);
        let ids = |of: &[&model::Status]| of.iter().map(|one| one.id).collect::<Vec<i64>>();
        for one in db::upload::list_attachments_of(conn, &ids(&local), &ids(&remote))? {
            if let Some(text) = one.description().filter(|_| !filters.is_empty()) {
                descriptions.entry(one.status_id()).or_default().push(text.to_owned());
            }
            media.entry(one.status_id()).or_default().push(Media::new(site, &one));
        }
        let texts = if filters.is_empty() {
            HashMap::new()
        } else {
            said.iter()
                .map(|status| (status.id, searchable(status, descriptions.get(&status.id))))
                .collect()
        };
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
            db::mark::list_marks(conn, viewer, &said)?
        };
        let polls: Vec<i64> = all().filter(|s| s.poll.is_some()).map(|s| s.id).collect();
        let votes = if viewer == 0 || polls.is_empty() {
            HashMap::new()
        } else {
            db::poll::list_own_votes(conn, viewer, &polls)?
        };
        Ok(Self {
            site,
            viewer,
            now: conn.now(),
            filters,
            texts,
            accounts,
            mentions,
            tags,
            media,
            programs: programs
                .into_iter()
                .map(|(id, name, website)| (id, Program { name, website }))
                .collect(),
            reactions: reactions(conn, site, viewer, &written)?,
            cards: db::card::list_of_statuses(conn, &written)?
                .into_iter()
                .map(|(status, card)| (status, PreviewCard::new(site, card)))
                .collect(),
            origins: db::origin_count::list(conn, &ids(&remote))?.into_iter().collect(),
            marks,
            votes,
            ties: Ties::read(conn, viewer, all())?,
        })
    }

    /// What the viewer's filters find in a status; `boost` is the one that it is shown in.
    fn filtered(&self, status: i64, boost: Option<i64>) -> Option<Vec<FilterResult>> {
        if self.viewer == 0 {
            return None;
        }
        let Some(text) = self.texts.get(&status) else { return Some(Vec::new()) };
        let ids: Vec<i64> = std::iter::once(status).chain(boost).collect();
        Some(self.filters.find(text, &ids).into_iter().map(FilterResult::new).collect())
    }

    fn shape(&self, status: model::Status) -> Option<Status> {
        let person = self.viewer != 0;
        let id = status.id;
        let pinnable = person
            && status.account_id == self.viewer
            && status.reblog_of_id.is_none()
            && status.visibility != Visibility::Direct;
        let quote_approval = self.ties.approval(&status);
        // we know the likes of few servers; its own one knows more, if it is right (F-313)
        let origin = self.origins.get(&id).copied().unwrap_or_default();
        let reactions = self.reactions.get(&id).cloned().unwrap_or_default();
        Some(Status {
            id,
            created_at: api_time(status.created_at),
            in_reply_to_id: status.in_reply_to_id,
            in_reply_to_account_id: status.in_reply_to_account_id,
            sensitive: status.sensitive || self.accounts.get(&status.account_id)?.sensitized,
            poll: Poll::new(self.site, &status, self.viewer, self.votes.get(&id), self.now),
            spoiler_text: status.spoiler_text,
            visibility: status.visibility.as_str(),
            language: status.language,
            url: status.url.unwrap_or_else(|| status.uri.clone()),
            uri: status.uri,
            replies_count: status.replies_count,
            reblogs_count: status.reblogs_count.max(origin.reblogs),
            favourites_count: status.favourites_count.max(origin.favourites),
            edited_at: status.edited_at.map(api_time),
            favourited: person.then(|| self.marks.favourited.contains(&id)),
            reblogged: person.then(|| self.marks.reblogged.contains(&id)),
            muted: person.then(|| self.marks.muted.contains(&id)),
            bookmarked: person.then(|| self.marks.bookmarked.contains(&id)),
            pinned: pinnable.then(|| self.marks.pinned.contains(&id)),
            filtered: self.filtered(id, None),
            content: Some(status.content),
            text: None,
            content_type: None,
            reblog: None,
            application: status.application_id.and_then(|id| self.programs.get(&id).cloned()),
            account: Arc::clone(self.accounts.get(&status.account_id)?),
            media_attachments: self.media.get(&id).cloned().unwrap_or_default(),
            mentions: self.mentions.get(&id).cloned().unwrap_or_default(),
            tags: self.tags.get(&id).cloned().unwrap_or_default(),
            emojis: emojis(self.site, status.emojis),
            quote: None,
            quotes_count: status.quotes_count,
            quote_approval,
            interaction_policy: status.policy.as_deref().map(InteractionPolicy::new),
            card: self.cards.get(&id).cloned(),
            pleroma: Pleroma { emoji_reactions: reactions.clone(), local: status.local },
            emoji_reactions: reactions.clone(),
            reactions,
        })
    }
}
