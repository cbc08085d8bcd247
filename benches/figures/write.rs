//! Statuses of the seeded database: what people write, boost and answer, over 200 days.

use std::collections::HashSet;

use dassie::db::{self, Tx};
use dassie::error::Result;
use dassie::id;
use dassie::model::{ContentType, Held, Media, MediaKind, QuotePolicy, Status, Visibility};
use dassie::site::Site;

use crate::people::host_of;
use crate::seed::Size;
use crate::text::{self, Rng, TAGS};

/// The pause between two statuses.
const STEP: i64 = 86_000;
/// How far back one answers or boosts.
const RECENT: usize = 300;

/// A status that was written, as far as later ones refer to it.
pub struct Known {
    pub id: i64,
    pub author: i64,
    thread: i64,
    pub to_other: bool,
    pub boost_of: Option<i64>,
}

/// A status with what hangs on it, ready to be stored.
pub struct Seedling {
    pub status: Status,
    tags: Vec<&'static str>,
    mentions: Vec<i64>,
    media: Option<Media>,
}

impl Seedling {
    pub fn store(mut self, tx: &Tx<'_>) -> Result<()> {
        db::status::insert(tx, &mut self.status)?;
        for tag in self.tags {
            let tag = db::status::tag_id(tx, tag)?;
            db::status::insert_tag(tx, self.status.id, tag)?;
        }
        for mention in self.mentions {
            db::status::insert_mention(tx, self.status.id, mention, false)?;
        }
        if let Some(media) = &self.media {
            db::status::insert_media(tx, media, 0)?;
        }
        Ok(())
    }
}

/// Makes statuses in the order of time.
pub struct Writer {
    rng: Rng,
    size: Size,
    authors: Vec<i64>,
    pub ann: i64,
    now: i64,
    boosted: HashSet<(i64, i64)>,
    /// Everything remote so far, oldest first.
    pub written: Vec<Known>,
}

impl Writer {
    pub fn new(rng: Rng, size: Size, authors: Vec<i64>, ann: i64, now: i64) -> Self {
        Self { rng, size, authors, ann, now, boosted: HashSet::new(), written: Vec::new() }
    }

    fn time_of(&self, number: usize) -> i64 {
        let back = i64::try_from(self.size.remote.saturating_sub(number)).unwrap_or(0);
        self.now - (back + 1) * STEP
    }

    /// An id of about the time of this status.
    pub fn id_at(&self, number: usize) -> i64 {
        id::from_ms(self.time_of(number))
    }

    /// The next `count` remote statuses.
    pub fn remote(&mut self, count: usize) -> Vec<Seedling> {
        (0..count).map(|_| self.next_remote()).collect()
    }

    fn next_remote(&mut self) -> Seedling {
        let number = self.written.len();
        let index = self.rng.skewed(self.authors.len());
        let author = self.authors.get(index).copied().unwrap_or(1);
        let host = host_of(index, self.size.hosts);
        let ms = self.time_of(number);
        let uri = format!("https://{host}/users/author{index}/statuses/{}", id::from_ms(ms));
        let mut status = blank(id::from_published(ms, self.now, &uri), author, ms);
        status.url = Some(format!("https://{host}/@author{index}/{}", status.id));
        status.uri = uri;
        let recent = self.recent();
        let mut seedling = match recent {
            Some((of, _, _)) if self.rng.percent(10) && self.boosted.insert((of, author)) => {
                status.reblog_of_id = Some(of);
                status.url = None;
                status.uri.push_str("/activity");
                Seedling { status, tags: Vec::new(), mentions: Vec::new(), media: None }
            }
            _ => self.dress(status),
        };
        if seedling.status.reblog_of_id.is_none()
            && let Some((parent, to, thread)) = recent
            && self.rng.percent(22)
        {
            answer(&mut seedling.status, parent, to, thread);
        }
        let status = &seedling.status;
        self.written.push(Known {
            id: status.id,
            author,
            thread: if status.thread_id == 0 { status.id } else { status.thread_id },
            to_other: status.reply_to_other,
            boost_of: status.reblog_of_id,
        });
        seedling
    }

    /// Some status of lately that is no boost: its id, author and thread.
    fn recent(&mut self) -> Option<(i64, i64, i64)> {
        let back = self.rng.skewed(RECENT) + 1;
        let index = self.written.len().checked_sub(back)?;
        let known = self.written.get(index).filter(|known| known.boost_of.is_none())?;
        Some((known.id, known.author, known.thread))
    }

    /// Text, tags, mentions, an attachment.
    fn dress(&mut self, mut status: Status) -> Seedling {
        let language = text::language(&mut self.rng);
        let length = 40 + self.rng.skewed(560);
        let mut html = format!("<p>{}", text::plain(&mut self.rng, language, length));
        let mut mentions = Vec::new();
        if self.rng.percent(20) {
            let index = self.rng.skewed(self.authors.len());
            let host = host_of(index, self.size.hosts);
            html.push_str(&format!(
                " <span class=\"h-card\" translate=\"no\"><a href=\"https://{host}/@author{index}\" \
                 class=\"u-url mention\">@<span>author{index}</span></a></span>"
            ));
            mentions.extend(self.authors.get(index).copied().filter(|id| *id != status.account_id));
        }
        let mut tags = Vec::new();
        if self.rng.percent(33) {
            for _ in 0..=self.rng.below(2) {
                let index = self.rng.skewed(TAGS.len());
                let tag = TAGS.get(index).copied().unwrap_or_default();
                html.push_str(&format!(
                    " <a href=\"https://h0.example/tags/{tag}\" class=\"mention hashtag\" \
                     rel=\"tag\">#<span>{tag}</span></a>"
                ));
                tags.push(tag);
            }
        }
        html.push_str("</p>");
        status.content = html;
        status.language = Some(language.to_owned());
        let media = self.rng.percent(10).then(|| Media {
            id: status.id,
            status_id: status.id,
            kind: MediaKind::Image,
            remote_url: format!("https://files.h0.example/media/{}/original.jpg", status.id),
            preview_remote_url: Some(format!(
                "https://files.h0.example/media/{}/small.jpg",
                status.id
            )),
            media_type: Some("image/jpeg".into()),
            description: Some(text::plain(&mut self.rng, language, 80)),
            blurhash: Some("UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH".into()),
            focus: None,
            width: Some(1600),
            height: Some(1200),
            duration: None,
            unavailable: false,
        });
        Seedling { status, tags, mentions, media }
    }

    /// Statuses of ann, all along the time.
    pub fn own(&mut self, site: &Site, count: usize) -> Vec<Seedling> {
        let stride = (self.size.remote / count.max(1)).max(1);
        (0..count)
            .map(|number| {
                let ms = self.time_of((number + 1) * stride) + STEP / 2;
                let id = id::from_ms(ms);
                let mut status = blank(id, self.ann, ms);
                status.uri = site.status("ann", id);
                status.url = Some(site.status_page("ann", id));
                status.local = true;
                let language = text::language(&mut self.rng);
                let length = 40 + self.rng.skewed(560);
                let words = text::plain(&mut self.rng, language, length);
                status.content = format!("<p>{words}</p>");
                status.text = Some(words);
                status.language = Some(language.to_owned());
                Seedling { status, tags: Vec::new(), mentions: Vec::new(), media: None }
            })
            .collect()
    }

    /// Remote replies below a status, each to it or to another of them.
    pub fn replies(&mut self, root: i64, ann: i64, count: usize) -> Vec<Seedling> {
        let mut known = vec![(root, ann)];
        let mut made = Vec::new();
        for number in 0..count {
            let index = self.rng.skewed(self.authors.len());
            let author = self.authors.get(index).copied().unwrap_or(1);
            let ms = id::to_ms(root) + 10 + i64::try_from(number).unwrap_or(0);
            let mut status = blank(id::from_ms(ms), author, ms);
            status.uri = format!("https://{}/replies/{number}", host_of(index, self.size.hosts));
            let mut seedling = self.dress(status);
            let parent = self.rng.below(known.len());
            let (parent, to) = known.get(parent).copied().unwrap_or((root, ann));
            answer(&mut seedling.status, parent, to, root);
            known.push((seedling.status.id, author));
            made.push(seedling);
        }
        made
    }
}

fn answer(status: &mut Status, parent: i64, to: i64, thread: i64) {
    status.in_reply_to_id = Some(parent);
    status.in_reply_to_account_id = Some(to);
    status.reply_to_other = to != status.account_id;
    status.thread_id = thread;
}

fn blank(id: i64, account_id: i64, created_at: i64) -> Status {
    Status {
        id,
        uri: String::new(),
        url: None,
        account_id,
        local: false,
        created_at,
        edited_at: None,
        visibility: Visibility::Public,
        in_reply_to_id: None,
        in_reply_to_account_id: None,
        in_reply_to_uri: None,
        reply_to_other: false,
        reblog_of_id: None,
        thread_id: 0,
        spoiler_text: String::new(),
        content: String::new(),
        text: None,
        language: None,
        sensitive: false,
        application_id: None,
        emojis: Vec::new(),
        poll: None,
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
