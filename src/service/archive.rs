//! Posts that somebody wrote elsewhere and takes along in an archive. Each becomes a status of the
//! own account at its place in the past: nobody is told, here or elsewhere, and no home timeline
//! shows it. Where it was is remembered, so that it comes once and answers find it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::incoming::{Incoming, Reading};
use super::interaction::{self, Course};
use super::plan::free_id_at;
use super::{card, conversation, emoji, media, remote, status, timeline};
use crate::activity;
use crate::activity::archive::{Boost, Entry, FileRef, Post};
use crate::clock::DAY;
use crate::db::imported::Imported;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, InteractionKind, QuotePolicy, Status, UploadState, Visibility};
use crate::site::Site;
use crate::text::reason::Reason;
use crate::text::{hashtag, language, render, sanitize};

/// What is to be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whose posts: the actor of the archive.
    pub actor: String,
    /// Its followers.
    pub followers: Option<String>,
    /// Nothing is shown to more people than this.
    pub visibility: Option<Visibility>,
    /// What is older stays out; milliseconds since 1970.
    pub since: Option<i64>,
    /// Messages to single people too.
    pub direct: bool,
    /// Only say what would be.
    pub dry_run: bool,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Taken,
    /// It came before.
    Known,
    /// Left out; what it is one of.
    Left(Cow<'static, str>),
}

fn left<T>(why: impl Into<Cow<'static, str>>) -> std::result::Result<T, Outcome> {
    Err(Outcome::Left(why.into()))
}

/// An entry made ready to be stored.
pub enum Ready {
    Post(Box<ReadyPost>),
    Boost(Boost, Visibility),
}

/// A post made ready: sanitising has no place in a transaction.
pub struct ReadyPost {
    incoming: Incoming,
    html: String,
    visibility: Visibility,
    /// Of each attachment the upload, where the archive had the file.
    uploads: Vec<Option<i64>>,
}

impl Ready {
    /// Reads an entry; `uploads` are those of its attachments, in their order.
    ///
    /// # Errors
    /// Why it stays out.
    pub fn read(
        site: &Site,
        terms: &Terms,
        now: i64,
        document: &[u8],
        uploads: Vec<Option<i64>>,
    ) -> std::result::Result<Self, Outcome> {
        let entry = match Entry::parse(document) {
            Ok(entry) => entry,
            Err(why) => return left(why),
        };
        let visibility = terms.check(&entry, now).map_err(Outcome::Left)?;
        match entry {
            Entry::Boost(boost) => Ok(Self::Boost(boost, visibility.min(Visibility::Private))),
            Entry::Post(post) => ready_post(site, *post, visibility, uploads),
        }
    }

    /// Where it was.
    fn uri(&self) -> &str {
        match self {
            Self::Post(post) => &post.incoming.id,
            Self::Boost(boost, _) => &boost.id,
        }
    }
}

impl Terms {
    /// To whom an entry is shown; `now` in milliseconds since 1970.
    ///
    /// # Errors
    /// Why it stays out, whatever is here.
    pub fn check(
        &self,
        entry: &Entry,
        now: i64,
    ) -> std::result::Result<Visibility, Cow<'static, str>> {
        let refuse = |why: Reason| Err(why.plain().into());
        if entry.actor() != self.actor {
            return refuse(Reason::post_others);
        }
        match entry.published_ms() {
            None => return refuse(Reason::post_dateless),
            Some(..=0) => return refuse(Reason::post_ancient),
            // a day is what clocks and time zones may differ by
            Some(time) if time > now.saturating_add(DAY) => return refuse(Reason::post_ahead),
            Some(time) if self.since.is_some_and(|since| time < since) => {
                return refuse(Reason::post_old);
            }
            Some(_) => {}
        }
        let (to, cc, is_chat) = match entry {
            Entry::Boost(boost) => (&boost.to, &boost.cc, false),
            Entry::Post(post) if post.object.is_vote_like => {
                return refuse(Reason::post_vote);
            }
            Entry::Post(post) => (&post.object.to, &post.object.cc, post.object.is_chat),
        };
        let told = activity::visibility(to, cc, self.followers.as_deref());
        let told = if is_chat { Visibility::Direct } else { told };
        if told == Visibility::Direct && !self.direct {
            return refuse(Reason::post_direct);
        }
        Ok(self.visibility.map_or(told, |most| told.max(most)))
    }
}

fn ready_post(
    site: &Site,
    post: Post,
    visibility: Visibility,
    uploads: Vec<Option<i64>>,
) -> std::result::Result<Ready, Outcome> {
    let Post { object, files, tag_links } = post;
    let incoming = Incoming::read(object, Reading { site, full_articles: true, languages: &[] });
    let mut html = incoming.html.clone();
    for (link, name) in tag_links {
        // tags lead to our own pages from now on
        if let Some(name) = hashtag::normalize_foreign(&name) {
            let from = format!("href=\"{}\"", sanitize::escape(&link));
            html = html.replace(&from, &format!("href=\"{}\"", sanitize::escape(&site.tag(&name))));
        }
    }
    for link in missing(&files, &uploads).filter_map(sanitize::http_url) {
        html.push_str(&format!("<p>{}</p>", render::url(&link)));
    }
    if html.is_empty() && incoming.poll.is_none() && uploads.iter().all(Option::is_none) {
        return left(Reason::post_empty.plain());
    }
    Ok(Ready::Post(Box::new(ReadyPost { incoming, html, visibility, uploads })))
}

/// Where the files were that did not come along.
fn missing<'a>(files: &'a [FileRef], uploads: &'a [Option<i64>]) -> impl Iterator<Item = &'a str> {
    let has = |at: usize| uploads.get(at).is_some_and(Option::is_some);
    files.iter().enumerate().filter(move |(at, _)| !has(*at)).filter_map(|(_, f)| f.link.as_deref())
}

/// Whether it came before, or stays out by what is here; `None`: it can be taken.
pub fn judge(conn: &Conn, account_id: i64, ready: &Ready) -> Result<Option<Outcome>> {
    if is_here(conn, account_id, ready.uri())? {
        return Ok(Some(Outcome::Known));
    }
    match ready {
        Ready::Post(_) => Ok(None),
        Ready::Boost(boost, _) => Ok(find_boosted(conn, account_id, boost)?.err()),
    }
}

/// Whether the account has what is at this address: it took it in, or it was written here.
pub fn is_here(conn: &Conn, account_id: i64, uri: &str) -> Result<bool> {
    Ok(db::imported::is_known(conn, account_id, uri)?
        || db::status::find_by_uri(conn, uri)?.is_some_and(|found| found.account_id == account_id))
}

/// The status that an address of the archive means: what came along goes before a copy of it that
/// the old server sent.
fn find(conn: &Conn, uri: &str) -> Result<Option<Status>> {
    match db::imported::find_status(conn, uri)? {
        Some(id) => db::status::find(conn, id),
        None => db::status::find_by_uri_or_url(conn, uri),
    }
}

/// What a boost is of, if it may be boosted here.
fn find_boosted(
    conn: &Conn,
    account_id: i64,
    boost: &Boost,
) -> Result<std::result::Result<Status, Outcome>> {
    let found = find(conn, &boost.of)?;
    let Some(of) = found.filter(|of| of.reblog_of_id.is_none()) else {
        return Ok(left(Reason::boost_unknown.plain()));
    };
    let is_own = of.visibility == Visibility::Private && of.account_id == account_id;
    if !of.visibility.is_open() && !is_own {
        return Ok(left(Reason::boost_closed.plain()));
    }
    if db::status::find_reblog(conn, account_id, of.id)?.is_some() {
        return Ok(left(Reason::boost_twice.plain()));
    }
    Ok(Ok(of))
}

/// Stores an entry, or says why not.
///
/// # Errors
/// 403 when the account is suspended or has moved away.
pub fn take(tx: &Tx<'_>, site: &Site, account_id: i64, ready: &Ready) -> Result<Outcome> {
    let author = db::account::get(tx, account_id)?;
    if author.suspended_at.is_some() {
        return Err(Error::Forbidden(Reason::suspended.plain().into()));
    }
    super::moving::may_act(&author)?;
    if is_here(tx, account_id, ready.uri())? {
        return Ok(Outcome::Known);
    }
    let id = match ready {
        Ready::Post(post) => take_post(tx, site, &author, post)?,
        Ready::Boost(boost, visibility) => match find_boosted(tx, account_id, boost)? {
            Ok(of) => match take_boost(tx, site, &author, boost, &of, *visibility)? {
                Some(id) => id,
                None => return Ok(Outcome::Left(Reason::boost_consent.plain().into())),
            },
            Err(outcome) => return Ok(outcome),
        },
    };
    db::imported::insert(tx, account_id, ready.uri(), id)?;
    Ok(Outcome::Taken)
}

fn take_post(tx: &Tx<'_>, site: &Site, author: &Account, post: &ReadyPost) -> Result<i64> {
    let object = &post.incoming;
    let user = db::user::find(tx, author.id)?.ok_or(Error::NotFound)?;
    let parent = match &object.in_reply_to {
        Some(uri) => find(tx, uri)?,
        None => None,
    };
    let created_at = object.published_or(tx.now());
    let id = free_id_at(tx, created_at)?;
    let source = sanitize::to_plain(&post.html);
    let is_open = post.visibility.is_open();
    let told = remote::of_object(object, author, parent.as_ref(), id, created_at);
    let mut status = Status {
        uri: site.status(&author.username, id),
        url: Some(site.status_page(&author.username, id)),
        local: true,
        edited_at: told.edited_at.map(|time| time.min(tx.now())),
        visibility: post.visibility,
        content: post.html.clone(),
        language: told.language.or_else(|| language::detect(&source).map(str::to_owned)),
        text: Some(source),
        // nobody here could be told of a vote, and nobody elsewhere knows where to send one
        poll: told.poll.map(|poll| crate::model::Poll {
            end: Some(poll.end.map_or(tx.now(), |end| end.min(tx.now()))),
            ..poll
        }),
        quote_policy: if is_open { user.default_quote_policy } else { QuotePolicy::NOBODY },
        policy: db::interaction::find_default(tx, author.id, post.visibility)?,
        ..told
    };
    status.emojis = emoji::used(tx, site, status.words())?;
    db::status::insert(tx, &mut status)?;
    if let Some(policy) = &status.policy {
        db::interaction::set_policy(tx, status.id, Some(policy))?;
    }
    for name in object.hashtags.iter().filter_map(|name| hashtag::normalize_foreign(name)) {
        let tag = db::status::tag_id(tx, &name)?;
        db::status::insert_tag(tx, status.id, tag)?;
    }
    attach(tx, site, &status, post)?;
    status::index(tx, &status)?;
    card::keep(tx, &status, None)?;
    db::status::adopt_orphans(tx, &status, &object.id)?;
    Ok(status.id)
}

/// Hangs its files on it, with what the archive says of them.
fn attach(tx: &Tx<'_>, site: &Site, status: &Status, post: &ReadyPost) -> Result<()> {
    let said = post.incoming.attachments.iter().zip(&post.uploads);
    let mut position = 0;
    for (attachment, upload) in said {
        let Some(id) = upload else { continue };
        let is_free = |upload: &crate::model::Upload| {
            upload.status_id.is_none() && upload.state == UploadState::Ready
        };
        let upload = db::upload::find_own(tx, status.account_id, *id)?.filter(is_free);
        let Some(mut upload) = upload else {
            return Err(Error::invalid(Reason::upload_gone.with(id)));
        };
        let description = attachment.alt.clone();
        let words = media::Words { description, focus: attachment.focus };
        media::describe_shortened(site, &mut upload, words)?;
        db::upload::describe(tx, &upload)?;
        db::upload::attach(tx, upload.id, status.id, position)?;
        position += 1;
    }
    Ok(())
}

fn take_boost(
    tx: &Tx<'_>,
    site: &Site,
    author: &Account,
    boost: &Boost,
    of: &Status,
    visibility: Visibility,
) -> Result<Option<i64>> {
    if interaction::course(tx, author, of, InteractionKind::Reblog)? != Course::Free {
        return Ok(None);
    }
    let created_at = boost.published_ms.map_or(tx.now(), |time| time.min(tx.now()));
    let id = free_id_at(tx, created_at)?;
    let uri = format!("{}/activity", site.status(&author.username, id));
    let mut row = status::boost_of(of, author.id, id, uri);
    row.local = true;
    row.visibility = visibility.max(of.visibility);
    row.created_at = created_at;
    db::status::insert(tx, &mut row)?;
    Ok(Some(row.id))
}

/// Removes some of what the account took in, or forgets that it did where nothing is left of it:
/// nobody was told of it, so nobody is told that it goes, but for what others favourited or boosted
/// since. Answers how many it looked at.
pub fn remove_some(tx: &Tx<'_>, site: &Site, account_id: i64, limit: i64) -> Result<usize> {
    let author = db::account::get(tx, account_id)?;
    let some = db::imported::list(tx, account_id, limit)?;
    for Imported { uri, status_id } in &some {
        if let Some(status) = status_id.map(|id| db::status::find(tx, id)).transpose()?.flatten() {
            if status.favourites_count + status.reblogs_count + status.quotes_count > 0 {
                status::delete(tx, site, &author, status.id)?;
            } else {
                status::bury(tx, &status)?;
                timeline::leave(tx, &status)?;
                conversation::step_back(tx, &status)?;
                db::status::delete(tx, status.id)?;
                conversation::left(tx, &status)?;
            }
        }
        db::imported::remove(tx, account_id, uri)?;
    }
    Ok(some.len())
}
