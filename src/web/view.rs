//! Rows as the templates show them, read in a few batches whatever the number of statuses.

use std::collections::HashMap;
use std::sync::Arc;

use super::locale::{Locale, fill};
use super::page::Shell;
use crate::clock;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{self, Account, CacheClass, Emoji, Held, MediaKind, Status};
use crate::service::cached_file;
use crate::site::Site;
use crate::text::{emoji, sanitize};

/// Somebody, as h-card.
#[derive(Clone)]
pub(super) struct Person {
    /// The display name, or the user name where there is none.
    pub name: String,
    /// `@name@domain`
    pub handle: String,
    pub url: String,
    /// Always on this server: visitors are not sent to others for a picture.
    pub avatar: String,
    pub local: bool,
    /// All its media are marked.
    sensitized: bool,
    emojis: Emojis,
}

/// The custom emojis of a text: `(name, address)` of what does not move.
#[derive(Clone, Default)]
pub(super) struct Emojis(Vec<(String, String)>);

impl Emojis {
    pub(super) fn new(site: &Site, emojis: &[Emoji]) -> Self {
        let still = |url: &str| cached_file::emoji(site, CacheClass::EmojiStill, url);
        Self(emojis.iter().map(|one| (one.shortcode.clone(), still(&one.static_url))).collect())
    }

    /// Safe HTML with their pictures in it.
    pub(super) fn in_html(&self, html: &str) -> String {
        if self.0.is_empty() {
            return html.to_owned();
        }
        emoji::pictured(html, |name| {
            let found = self.0.iter().find(|(known, _)| known == name);
            found.map(|(_, address)| address.as_str())
        })
    }

    /// A text as safe HTML with their pictures in it (S-118).
    pub(super) fn in_text(&self, text: &str) -> String {
        self.in_html(&sanitize::escape(text))
    }
}

impl Person {
    pub(super) fn new(site: &Site, account: &Account) -> Self {
        let domain = account.domain.as_deref().unwrap_or(&site.account_domain);
        Self {
            name: display_name(account).to_owned(),
            handle: format!("@{}@{domain}", account.username),
            url: account.page().to_owned(),
            avatar: avatar(site, account),
            local: account.is_local(),
            sensitized: account.sensitized_at.is_some(),
            emojis: Emojis::new(site, &account.emojis),
        }
    }

    /// Where a page leads to: to one of ours in its own language.
    pub(super) fn link(&self, from: &Shell) -> String {
        link(from, &self.url, self.local)
    }

    /// The name as safe HTML.
    pub(super) fn name_html(&self) -> String {
        self.emojis.in_text(&self.name)
    }
}

fn link(from: &Shell, url: &str, local: bool) -> String {
    if local { from.link(url) } else { url.to_owned() }
}

/// The display name, or the user name where there is none.
pub(super) fn display_name(account: &Account) -> &str {
    let name = account.display_name.as_str();
    if name.is_empty() { &account.username } else { name }
}

/// Address of a picture, on this server.
pub(super) fn avatar(site: &Site, account: &Account) -> String {
    cached_file::picture(site, account, CacheClass::AvatarStill)
        .unwrap_or_else(|| site.missing_avatar())
}

/// An attachment; under an address of this server, whoever has the file.
#[derive(Clone)]
pub(super) struct Attachment {
    pub url: String,
    pub kind: &'static str,
    pub description: String,
    /// The preview of one that has such.
    pub picture: Option<String>,
    /// The element that plays one that this server has: `video` or `audio`.
    pub player: Option<&'static str>,
    /// Of a file that this server has.
    pub media_type: Option<String>,
    /// Of the picture, where they are known.
    pub size: Option<(i64, i64)>,
}

/// One choice of a poll.
pub(super) struct Choice {
    pub name: String,
    /// `None` while its author hides them.
    pub votes: Option<String>,
}

/// A status, as h-entry.
pub(super) struct Post {
    pub id: i64,
    pub author: Arc<Person>,
    pub url: String,
    /// Who boosted it, as safe HTML.
    pub boosted: Option<String>,
    pub is_pinned: bool,
    /// Whom it answers, `None` for the author itself, and where, if anybody may read that.
    pub answers: Option<Answered>,
    pub spoiler: String,
    /// Sanitised when it was stored.
    pub content: String,
    pub language: Option<String>,
    /// For machines and for people.
    pub time: (String, String),
    pub edited: Option<String>,
    pub media: Vec<Attachment>,
    pub sensitive: bool,
    pub poll: Vec<Choice>,
    pub replies: i64,
    pub reblogs: i64,
    pub favourites: i64,
    /// Milliseconds since 1970, of writing and of the last change.
    pub created_at: i64,
    pub changed_at: i64,
    emojis: Emojis,
}

/// What a status answers.
pub(super) struct Answered {
    /// The handle of its author, unless that is the same person.
    pub handle: Option<String>,
    /// Where it is; it may be somewhere else.
    pub url: String,
    pub local: bool,
}

impl Answered {
    pub(super) fn link(&self, from: &Shell) -> String {
        link(from, &self.url, self.local)
    }
}

impl Post {
    /// Where a page leads to, as [`Person::link`].
    pub(super) fn link(&self, from: &Shell) -> String {
        link(from, &self.url, self.author.local)
    }

    /// The text as safe HTML.
    pub(super) fn content_html(&self) -> String {
        self.emojis.in_html(&self.content)
    }

    /// Any other of its texts as safe HTML.
    pub(super) fn text_html(&self, text: &str) -> String {
        self.emojis.in_text(text)
    }

    /// The first picture, of one whose media need no warning.
    pub(super) fn picture(&self) -> Option<&Attachment> {
        let shown = !self.sensitive && self.spoiler.is_empty();
        self.media.iter().find(|media| shown && media.picture.is_some())
    }
}

/// What templates show of these statuses, in the same order; boosts show what they boost.
pub(super) fn posts(
    conn: &Conn,
    site: &Site,
    t: &'static Locale,
    statuses: Vec<Status>,
) -> Result<Vec<Post>> {
    let boosted: Vec<i64> = statuses.iter().filter_map(|status| status.reblog_of_id).collect();
    let boosted: HashMap<i64, Status> =
        db::status::list(conn, &boosted)?.into_iter().map(|status| (status.id, status)).collect();
    let shown = || statuses.iter().chain(boosted.values());
    let parents: Vec<i64> = shown().filter_map(|status| status.in_reply_to_id).collect();
    let parents: HashMap<i64, Status> = db::status::list(conn, &parents)?
        .into_iter()
        .filter(|parent| parent.visibility.is_open() && parent.held == Held::Free)
        .map(|parent| (parent.id, parent))
        .collect();
    let mut authors: Vec<i64> =
        shown().chain(parents.values()).map(|status| status.account_id).collect();
    authors.sort_unstable();
    authors.dedup();
    let authors = db::account::list_made(conn, &authors, |row| Person::new(site, &row))?;
    let ids: Vec<i64> = shown().filter(|s| s.reblog_of_id.is_none()).map(|s| s.id).collect();
    let mut media: HashMap<i64, Vec<Attachment>> = HashMap::new();
    for item in db::upload::list_attachments(conn, &ids)? {
        media.entry(item.status_id()).or_default().extend(attachment(site, t, &item));
    }
    let mut posts = Vec::with_capacity(statuses.len());
    for status in statuses {
        // one status may be shown itself and boosted, so the boosted ones are copied
        let (status, line) = match status.reblog_of_id {
            None => (status, None),
            Some(of) => {
                let booster = authors.get(&status.account_id);
                let Some(original) = boosted.get(&of) else { continue };
                let line = booster.map(|person| fill(&t.boosted, person.name_html()));
                (original.clone(), line)
            }
        };
        let Some(author) = authors.get(&status.account_id) else { continue };
        let media = media.get(&status.id).cloned().unwrap_or_default();
        let parent = status.in_reply_to_id.and_then(|id| parents.get(&id));
        let answers = parent.and_then(|parent| {
            let person = authors.get(&parent.account_id)?;
            let own = parent.account_id == status.account_id;
            Some(Answered {
                handle: (!own).then(|| person.handle.clone()),
                url: sanitize::http_url(parent.page())?,
                local: person.local,
            })
        });
        let emojis = Emojis::new(site, &status.emojis);
        let mut post = post(t, conn.now(), status, author, media);
        (post.boosted, post.answers, post.emojis) = (line, answers, emojis);
        posts.push(post);
    }
    Ok(posts)
}

fn post(
    t: &'static Locale,
    now: i64,
    status: Status,
    author: &Arc<Person>,
    media: Vec<Attachment>,
) -> Post {
    let tallies = |poll: &model::Poll| !poll.hide_totals || poll.is_over(now);
    let told = status.poll.as_ref().is_some_and(tallies);
    let options = status.poll.map(|poll| poll.options).unwrap_or_default();
    Post {
        id: status.id,
        author: Arc::clone(author),
        url: status.url.unwrap_or(status.uri),
        boosted: None,
        is_pinned: false,
        answers: None,
        spoiler: status.spoiler_text,
        content: status.content,
        language: status.language,
        time: (clock::wire_time(status.created_at), minute(status.created_at)),
        edited: status.edited_at.map(|at| fill(&t.edited, minute(at))),
        media,
        sensitive: status.sensitive || author.sensitized,
        poll: options
            .into_iter()
            .map(|(name, votes)| Choice { name, votes: told.then(|| fill(&t.votes, votes)) })
            .collect(),
        replies: status.replies_count,
        reblogs: status.reblogs_count,
        favourites: status.favourites_count,
        created_at: status.created_at,
        changed_at: status.edited_at.unwrap_or(status.created_at).max(status.created_at),
        emojis: Emojis::default(),
    }
}

fn attachment(site: &Site, t: &'static Locale, media: &model::Attachment) -> Option<Attachment> {
    let kind = match media.kind() {
        MediaKind::Image => &t.image,
        MediaKind::Gifv | MediaKind::Video => &t.video,
        MediaKind::Audio => &t.audio,
        MediaKind::Unknown => &t.file,
    };
    // S-119: checked on the way in, and once more before it becomes a link
    let url = match media {
        model::Attachment::Remote(media) => {
            let url = sanitize::http_url(&media.remote_url)?;
            if media.kind == MediaKind::Unknown || media.unavailable {
                url
            } else {
                let declared = media.media_type.as_deref();
                cached_file::address(site, CacheClass::Original, media.id, &url, declared)
            }
        }
        model::Attachment::Upload(upload) => site.media(&upload.file()),
    };
    let picture = match media {
        model::Attachment::Upload(upload) => upload.preview().map(|name| site.media(&name)),
        model::Attachment::Remote(media) => {
            let preview = media.preview_remote_url.as_deref();
            let own = (media.kind == MediaKind::Image).then_some(media.remote_url.as_str());
            let address =
                |url| cached_file::address(site, CacheClass::Preview, media.id, url, None);
            preview.or(own).filter(|_| !media.unavailable).map(address)
        }
    };
    let player = match (media, media.kind()) {
        (model::Attachment::Upload(_), MediaKind::Gifv | MediaKind::Video) => Some("video"),
        (model::Attachment::Upload(_), MediaKind::Audio) => Some("audio"),
        _ => None,
    };
    let description = media.description().unwrap_or_default().to_owned();
    let (media_type, size) = match media {
        model::Attachment::Upload(upload) => {
            let preview = upload.preview_width.zip(upload.preview_height);
            (Some(upload.media_type.clone()), preview.or(upload.width.zip(upload.height)))
        }
        model::Attachment::Remote(_) => (None, None),
    };
    Some(Attachment { url, kind, description, picture, player, media_type, size })
}

/// `2026-01-02 03:04 UTC`
pub(super) fn minute(ms: i64) -> String {
    let time = clock::wire_time(ms);
    format!("{} {} UTC", time.get(..10).unwrap_or_default(), time.get(11..16).unwrap_or_default())
}

/// The start of a text for previews, without markup.
pub(super) fn summary(html: &str) -> String {
    let plain = sanitize::to_own_words(html);
    let mut short: String =
        plain.chars().take(300).map(|c| if c == '\n' { ' ' } else { c }).collect();
    if short.len() < plain.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_short_and_plain() {
        assert_eq!(summary("<p>a &lt;b&gt;<br>c</p>"), "a <b> c");
        assert_eq!(summary(&"貓".repeat(400)).chars().count(), 301);
        assert_eq!(minute(1_767_323_045_678), "2026-01-02 03:04 UTC");
    }
}
