//! Posts of other servers, of every type (checklist sections L, N, O, P, R).

use serde_json::Value;

use crate::error::Result;

use super::collection::CollectionRef;
use super::media::{self, Attachment};
use super::poll::Poll;
use super::tag::{Emoji, MentionTag, Tags};
use super::{actor, policy, quote, read, refuse, urls};
use crate::model::InteractionKind;

mod detail;

pub use detail::{Book, EventInfo, Translation};

/// Longest title, in characters.
const MAX_NAME: usize = 2048;
/// Longest content warning or abstract, in characters.
const MAX_SUMMARY: usize = 20_000;
/// Longest opaque conversation or context name, in bytes.
const MAX_CONVERSATION: usize = 2048;

macro_rules! kinds {
    ($($name:ident),*) => {
        /// The types that are kept as posts (F-161, F-264 to F-268). Story is none (F-270).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ObjectKind { $($name),* }

        impl ObjectKind {
            /// The AS2 name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds!(
    Note,
    Question,
    Article,
    Page,
    Video,
    Audio,
    Image,
    Event,
    Document,
    Place,
    Album,
    ChatMessage,
    Review,
    Rating,
    Comment,
    Quotation
);

impl ObjectKind {
    /// The first type that we know; `None`: not a post, to be answered 202 and dropped (F-012).
    pub fn of(value: &Value) -> Option<Self> {
        read::types(value).find_map(Self::from_name)
    }

    /// Types whose `summary` is a content warning; of the others it is an abstract (F-260).
    pub fn summary_warns(self) -> bool {
        !matches!(
            self,
            Self::Article | Self::Page | Self::Video | Self::Event | Self::Audio | Self::Place
        )
    }
}

/// A post as its server describes it. Texts are raw.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub id: String,
    pub kind: ObjectKind,
    /// On the host of `id` (S-028).
    pub attributed_to: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    /// Whom its activity names beside these: recipients as well, but nothing of who may read it
    /// (F-126, F-164). Set by who reads the activity.
    pub also: Vec<String>,
    /// HTML unless `content_media_type` says otherwise (F-273); empty when there is none.
    pub content: String,
    /// `text/markdown`, `text/plain`, …; `None` means HTML.
    pub content_media_type: Option<String>,
    /// From `contentMap`, else from `language` (F-272).
    pub language: Option<String>,
    /// The title; plain text.
    pub name: Option<String>,
    /// Empty for a warning without text (U+200B, F-261). See [`Object::content_warning`].
    pub summary: Option<String>,
    /// Its own flag, or that of one attachment (F-301).
    pub sensitive: bool,
    pub published_ms: Option<i64>,
    pub updated_ms: Option<i64>,
    pub in_reply_to: Option<String>,
    /// The web page; without one the id stands in (F-259).
    pub url: Option<String>,
    pub mentions: Vec<MentionTag>,
    /// As written, without `#`; not folded.
    pub hashtags: Vec<String>,
    pub emojis: Vec<Emoji>,
    pub attachments: Vec<Attachment>,
    /// Pages it links to: candidates for a preview card (F-264, F-296).
    pub links: Vec<String>,
    /// `replies`, or PeerTube's `comments` (F-253); on the host of the post.
    pub replies: Option<CollectionRef>,
    pub likes_total: Option<u64>,
    pub shares_total: Option<u64>,
    /// The quoted post (F-317).
    pub quote: Option<String>,
    /// True when the quote was not told by `quote` and needs no consent (F-319).
    pub quote_legacy: bool,
    /// The stamp to check (F-320).
    pub quote_authorization: Option<String>,
    /// The quoted post is told to be gone (F-318).
    pub quote_deleted: bool,
    /// Who may quote it (F-329).
    pub can_quote: quote::Policy,
    /// Who may do what else with it (F-329).
    pub policy: policy::Told,
    /// Where the consent to this reply is found (F-333).
    pub approved_by: Option<String>,
    pub poll: Option<Poll>,
    /// Opaque, for grouping (F-254).
    pub conversation: Option<String>,
    /// Opaque, or a collection of the thread (F-254).
    pub context: Option<String>,
    /// A name, no content, a reply: a vote if the poll is known (F-163).
    pub is_vote_like: bool,
    /// ChatMessage or Misskey chat: a direct post to its recipients (F-202).
    pub is_chat: bool,
    pub event: Option<EventInfo>,
    /// Where it was written, of all but an Event: name and country on one line (Pixelfed).
    pub place: Option<String>,
    /// BookWyrm's stars, of five (F-268).
    pub rating: Option<f64>,
    pub book: Option<Book>,
    /// What to choose from; see [`Object::prefer`].
    pub translations: Vec<Translation>,
    /// The content of `preview`: an excerpt of an Article (F-263).
    pub preview: Option<String>,
}

impl Object {
    /// Reads a document of its own: it must name the AS2 context (F-004).
    ///
    /// # Errors
    /// As [`Object::parse_embedded`], and without the context.
    pub fn parse(value: &Value) -> Result<Self> {
        if !read::has_context(value) {
            return Err(refuse("The object has no ActivityStreams context"));
        }
        Self::parse_embedded(value)
    }

    /// Reads a post inside an activity or collection. Whether it may be believed is for the
    /// caller to decide: the host of the id must be that of the actor (F-137).
    ///
    /// # Errors
    /// Without a type that we keep (ask [`ObjectKind::of`] first), a usable id, or an author on
    /// the same host (S-028).
    pub fn parse_embedded(value: &Value) -> Result<Self> {
        let kind = ObjectKind::of(value).ok_or_else(|| refuse("This is not a post"))?;
        let id = value.get("id").and_then(Value::as_str).and_then(urls::keep);
        let id = id.ok_or_else(|| refuse("The object has no usable id"))?;
        let attributed_to =
            author(value, &id).ok_or_else(|| refuse("The object has no author on its own host"))?;
        let (content, language) = content(value);
        let tags = Tags::parse(value);
        let attachments = attachments(value, kind);
        let (url, links) = page(value, kind, &id);
        let quote = quote::find(value);
        let in_reply_to = read::id(value, "inReplyTo").filter(|parent| *parent != id);
        let name = read::text(value, "name").filter(|n| !n.trim().is_empty());
        let opaque = |key: &str| {
            let text = read::first(value, key).and_then(read::id_of)?;
            (text.len() <= MAX_CONVERSATION).then(|| text.to_owned())
        };
        Ok(Self {
            kind,
            attributed_to,
            to: read::ids(value, "to"),
            cc: read::ids(value, "cc"),
            also: Vec::new(),
            is_vote_like: kind == ObjectKind::Note
                && name.is_some()
                && content.is_empty()
                && attachments.is_empty()
                && in_reply_to.is_some(),
            is_chat: kind == ObjectKind::ChatMessage
                || read::boolean(value, "_misskey_talk").unwrap_or(false),
            content,
            content_media_type: content_media_type(value),
            language,
            name: name.map(|n| read::clip(n, MAX_NAME)),
            summary: summary(value),
            sensitive: read::boolean(value, "sensitive").unwrap_or(false)
                || attachments.iter().any(|a| a.sensitive),
            published_ms: read::time_ms(value, "published"),
            updated_ms: read::time_ms(value, "updated"),
            in_reply_to,
            url,
            mentions: tags.mentions,
            hashtags: tags.hashtags,
            emojis: tags.emojis,
            attachments,
            links,
            replies: CollectionRef::parse(value, "replies", &id)
                .or_else(|| CollectionRef::parse(value, "comments", &id)),
            likes_total: read::total(value, "likes"),
            shares_total: read::total(value, "shares"),
            quote_legacy: quote.as_ref().is_some_and(|q| q.legacy),
            quote_deleted: quote.as_ref().is_some_and(|q| q.deleted),
            can_quote: quote::policy(value),
            policy: policy::read(value),
            approved_by: policy::claim(value, InteractionKind::Reply),
            quote_authorization: quote.as_ref().and_then(|q| q.authorization.clone()),
            quote: quote.and_then(|q| q.id).filter(|quoted| *quoted != id),
            poll: if kind == ObjectKind::Question { Poll::parse(value) } else { None },
            conversation: opaque("conversation"),
            context: opaque("context"),
            event: (kind == ObjectKind::Event).then(|| detail::event(value)),
            place: if kind == ObjectKind::Event { None } else { detail::place(value) },
            rating: detail::rating(value),
            book: detail::book(value, kind),
            translations: detail::translations(value),
            preview: read::first(value, "preview")
                .and_then(|p| read::text(p, "content"))
                .map(str::to_owned),
            id,
        })
    }

    /// The label of the content warning, perhaps empty; `None`: there is no warning (F-260).
    pub fn content_warning(&self) -> Option<&str> {
        let shown = self.kind.summary_warns() || self.sensitive;
        self.summary.as_deref().filter(|_| shown)
    }

    /// The time it counts as written: receipt when missing or in the future (F-010).
    pub fn published_or(&self, now_ms: i64) -> i64 {
        self.published_ms.map_or(now_ms, |ms| ms.min(now_ms))
    }

    /// The time of an edit. NeoDB and Akkoma send `updated` with every post: within a second of
    /// `published` it is none.
    pub fn edited_ms(&self) -> Option<i64> {
        let published = self.published_ms.unwrap_or(i64::MIN);
        self.updated_ms.filter(|ms| *ms > published.saturating_add(1000))
    }

    /// Everybody whom it is for, each once: its own recipients and those of its activity.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        let also = self.also.iter().filter(|uri| !self.to.contains(uri) && !self.cc.contains(uri));
        self.to.iter().chain(&self.cc).chain(also).map(String::as_str)
    }

    /// Of several languages takes the first of `languages` that is there; without one the post
    /// stays in the first that it has (F-272).
    pub fn prefer(&mut self, languages: &[String]) {
        let main = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let found = languages.iter().find_map(|wanted| {
            self.translations.iter().position(|there| main(&there.language) == main(wanted))
        });
        let Some(at) = found else { return };
        let chosen = self.translations.swap_remove(at);
        self.content = chosen.content;
        self.language = Some(chosen.language);
        self.name = chosen.name.or_else(|| self.name.take());
        self.summary = match chosen.summary {
            Some(text) if !text.trim().is_empty() => Some(text),
            _ => self.summary.take(),
        };
    }

    /// The title, unless it is the name of a poll option (F-262).
    pub fn title(&self) -> Option<&str> {
        self.name.as_deref().filter(|_| !self.is_vote_like)
    }
}

/// `attributedTo` (Pleroma also: `actor`) on the host of the post. Among several a Person is
/// preferred, a Group comes last (F-258).
fn author(value: &Value, id: &str) -> Option<String> {
    let rank = |v: &Value| match () {
        () if read::has_type(v, "Person") => 0,
        () if read::has_type(v, "Group") || read::has_type(v, "Organization") => 2,
        () => 1,
    };
    ["attributedTo", "actor"].iter().find_map(|key| {
        read::many(value, key)
            .iter()
            .filter_map(|v| Some((rank(v), read::id_of(v).and_then(urls::keep)?)))
            .filter(|(_, author)| urls::same_host(author, id))
            .min_by_key(|(rank, _)| *rank)
            .map(|(_, author)| author)
    })
}

/// The content and its language: the key of `contentMap` whose text is the content (F-272).
/// Without a map PeerTube's and Lemmy's `language` is read.
fn content(value: &Value) -> (String, Option<String>) {
    let mut mapped = read::mapped(value, "content").peekable();
    if mapped.peek().is_none() {
        let language = read::first(value, "language")
            .and_then(|language| language.as_str().or_else(|| read::text(language, "identifier")));
        let content = read::text(value, "content").unwrap_or_default();
        return (content.to_owned(), language.and_then(read::language_tag));
    }
    let content = read::text(value, "content").unwrap_or_default();
    let language = mapped.find(|(_, text)| *text == content).map(|(language, _)| language);
    (content.to_owned(), language.and_then(read::language_tag))
}

fn content_media_type(value: &Value) -> Option<String> {
    let text = read::text(value, "mediaType")?.split(';').next()?.trim().to_ascii_lowercase();
    (!text.is_empty() && text != "text/html" && text.len() <= 100).then_some(text)
}

/// Empty text is no summary; zero-width characters alone are one without text (F-261).
fn summary(value: &Value) -> Option<String> {
    let text = read::text(value, "summary").filter(|t| !t.trim().is_empty())?;
    let blank =
        text.trim_matches(|c: char| c.is_whitespace() || ('\u{200b}'..='\u{200d}').contains(&c));
    Some(if blank.is_empty() { String::new() } else { read::clip(text, MAX_SUMMARY) })
}

/// The attachments, and what some types keep elsewhere: the file of a Video, Audio or Image
/// (F-265, F-267), the picture of a Page, Article or Event (F-264).
fn attachments(value: &Value, kind: ObjectKind) -> Vec<Attachment> {
    let mut list = media::attachments(value);
    let own = match kind {
        // without a file that plays, the still at least
        ObjectKind::Video => media::video(value).or_else(|| media::still(value)),
        ObjectKind::Audio | ObjectKind::Image => {
            let wanted = if kind == ObjectKind::Audio {
                media::MediaKind::Audio
            } else {
                media::MediaKind::Image
            };
            media::from_links(value).filter(|a| a.kind == wanted).map(|mut a| {
                // A title is not a description of the sound or picture.
                a.alt = None;
                a
            })
        }
        ObjectKind::Page | ObjectKind::Article | ObjectKind::Event if list.is_empty() => {
            read::first(value, "image").and_then(cover)
        }
        _ => None,
    };
    if let Some(own) = own
        && !list.iter().any(|a| a.url == own.url)
    {
        list.insert(0, own);
    }
    list.truncate(media::MAX_ATTACHMENTS);
    list
}

fn cover(image: &Value) -> Option<Attachment> {
    let holder = match image {
        Value::String(url) => serde_json::json!({"attachment": {"type": "Image", "url": url}}),
        object => serde_json::json!({ "attachment": object }),
    };
    media::attachments(&holder).pop()
}

/// The web page and the links. A Page whose `url` lies on another host is a link post; its own
/// page is then its id (F-264).
fn page(value: &Value, kind: ObjectKind, id: &str) -> (Option<String>, Vec<String>) {
    let (url, mut links) = (actor::page_url(value), media::page_links(value));
    match url {
        Some(url) if kind == ObjectKind::Page && !urls::same_host(&url, id) => {
            if !links.contains(&url) {
                links.insert(0, url);
            }
            (None, links)
        }
        url => (url, links),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
