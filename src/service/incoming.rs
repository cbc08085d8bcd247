//! Statuses of other servers made ready to be stored: texts sanitised, and all that an object of
//! any type has to tell put into the one text that clients show (checklist section L).
//!
//! What stands where: the title in bold, as Mastodon's clients show headings; time, place, link and
//! rating below it; then the text; then where it was written, and the way to the page where that
//! has more than is shown here. Signs instead of words, since readers have many languages.

use std::borrow::Cow;
use std::ops::Deref;

use crate::activity::object::{EventInfo, Object, ObjectKind};
use crate::activity::time;
use crate::site::Site;
use crate::text::render::{Links, MentionLink};
use crate::text::sanitize::{self, Sanitized};
use crate::text::{hashtag, render};

/// Longest title and warning, in characters.
const MAX_LINE: usize = 500;

/// What Misskey sends as the warning of a text that is hidden without a word.
const EMPTY_LABEL: &str = "\u{200b}";

/// What the reader's server wants of statuses.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    pub site: &'a Site,
    /// Articles in full, not their summary and a link (F-263).
    pub full_articles: bool,
    /// Languages to prefer where a status has several (F-272).
    pub languages: &'a [String],
}

/// A status as its server describes it, with its texts made ready: sanitising has no place in a
/// transaction.
pub struct Incoming {
    object: Object,
    pub(super) html: String,
    pub(super) warning: String,
    /// Address and description of images inside the text.
    pub(super) images: Vec<(String, Option<String>)>,
    /// The page to show a preview of, before any in the text (F-264, F-296).
    pub(super) link: Option<String>,
    /// The handles of its mentions, in their order.
    pub(super) handles: Vec<Option<Handle>>,
    /// The request that it came with, which asks to answer something here (F-333).
    pub(super) request: Option<String>,
}

/// Whom a Mention names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    pub name: String,
    pub at: At,
}

/// On which server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    Here,
    /// On that of the author: Misskey leaves its own domain out (F-284).
    Author,
    Domain(String),
}

impl Incoming {
    /// As [`Incoming::read`], with articles in full and no language preferred.
    pub fn new(object: Object) -> Self {
        Self::made(object, true, None)
    }

    /// Sanitises, and chooses what is shown.
    pub fn read(mut object: Object, reading: Reading<'_>) -> Self {
        object.prefer(reading.languages);
        Self::made(object, reading.full_articles, Some(reading.site))
    }

    fn made(object: Object, full_articles: bool, site: Option<&Site>) -> Self {
        let shown = show(&object, full_articles, site);
        let label = object.content_warning();
        let warning = sanitize::name(&sanitize::to_plain(label.unwrap_or_default()), MAX_LINE);
        // a warning without a word is one: clients need something to hide the text behind (F-261)
        let is_blank = label == Some("") && warning.is_empty();
        let warning = if is_blank { EMPTY_LABEL.to_owned() } else { warning };
        let handles = object.mentions.iter().map(|m| handle(&m.name, site)).collect();
        let link = preview(&object, full_articles);
        Self {
            html: shown.html,
            images: shown.images,
            object,
            warning,
            link,
            handles,
            request: None,
        }
    }

    /// As it comes with a request.
    pub fn asked_by(self, request: &str) -> Self {
        Self { request: Some(request.to_owned()), ..self }
    }
}

impl Deref for Incoming {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

/// `@name@domain` or `@name`.
fn handle(text: &str, site: Option<&Site>) -> Option<Handle> {
    let text = text.trim().trim_start_matches('@');
    let (name, domain) = match text.split_once('@') {
        Some((name, domain)) => (name, Some(domain)),
        None => (text, None),
    };
    let plain = |part: &str| {
        (1..=255).contains(&part.len())
            && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "/?#@".contains(c))
    };
    if !plain(name) || domain.is_some_and(|domain| !plain(domain)) {
        return None;
    }
    let at = match domain {
        None => At::Author,
        Some(domain) if site.is_some_and(|site| site.is_own_domain(domain)) => At::Here,
        Some(domain) => At::Domain(domain.to_ascii_lowercase()),
    };
    Some(Handle { name: name.to_owned(), at })
}

/// Whether the body of a post is shown, or only what sums it up.
fn in_full(object: &Object, full_articles: bool) -> bool {
    !object.content.trim().is_empty() && (full_articles || object.kind != ObjectKind::Article)
}

/// The page that a preview is shown of: what the post links to, else its own page where that has
/// more to see than is here.
fn preview(object: &Object, full_articles: bool) -> Option<String> {
    if let Some(link) = object.links.first() {
        return sanitize::http_url(link);
    }
    let elsewhere = match object.kind {
        ObjectKind::Article => !in_full(object, full_articles),
        kind => has_own_page(kind),
    };
    let page = object.url.as_deref().filter(|_| elsewhere && object.attachments.is_empty())?;
    sanitize::http_url(page)
}

/// Types of which the page shows more than text and files do.
fn has_own_page(kind: ObjectKind) -> bool {
    matches!(
        kind,
        ObjectKind::Video
            | ObjectKind::Audio
            | ObjectKind::Event
            | ObjectKind::Document
            | ObjectKind::Place
            | ObjectKind::Album
    )
}

/// The text that clients show.
fn show(object: &Object, full_articles: bool, site: Option<&Site>) -> Sanitized {
    let full = in_full(object, full_articles);
    let body = if full { text(object, site) } else { abstract_of(object) };
    let mut html = String::with_capacity(body.html.len() + 512);
    if let Some(title) = object.title().map(|title| sanitize::name(title, MAX_LINE))
        && !title.is_empty()
        && !sanitize::to_plain(&body.html).trim_start().starts_with(&title)
    {
        line(&mut html, &format!("<strong>{}</strong>", sanitize::escape(&title)));
    }
    if let Some(event) = &object.event {
        when_and_where(&mut html, event);
    }
    let linked = object.links.first().filter(|link| !body.html.contains(&sanitize::escape(link)));
    if object.kind == ObjectKind::Page
        && let Some(link) = linked.and_then(|link| sanitize::http_url(link))
    {
        line(&mut html, &render::url(&link));
    }
    if let Some(stars) = object.rating {
        line(&mut html, &rating(stars));
    }
    if let Some(book) = &object.book
        && let Some(words) = &book.quotation
    {
        let words = paragraphs(sanitize::html(words).html);
        html.push_str(&format!("<blockquote>{words}</blockquote>"));
        if let Some(position) = &book.position {
            line(&mut html, &format!("— {}", sanitize::escape(position)));
        }
    }
    html.push_str(&body.html);
    if let Some(place) = &object.place {
        line(&mut html, &format!("📍 {}", sanitize::escape(&sanitize::name(place, MAX_LINE))));
    }
    let book = object.book.as_ref().and_then(|book| book.link.as_deref());
    let in_short = object.kind == ObjectKind::Article && !full;
    let more = body.cut || in_short || has_own_page(object.kind);
    let page = Some(object.url.as_deref().unwrap_or(&object.id)).filter(|_| more);
    for link in book.into_iter().chain(page).filter_map(sanitize::http_url) {
        // F-271: where the text was cut, the rest is behind the link
        let dots = if body.cut { "… " } else { "" };
        line(&mut html, &format!("{dots}{}", render::url(&link)));
    }
    Sanitized { html, ..body }
}

fn line(out: &mut String, html: &str) {
    out.push_str("<p>");
    out.push_str(html);
    out.push_str("</p>");
}

/// In a paragraph, if it is in no block of its own.
fn paragraphs(html: String) -> String {
    if html.is_empty() || html.starts_with('<') { html } else { format!("<p>{html}</p>") }
}

/// The body. Only HTML is read as HTML (F-273).
fn text(object: &Object, site: Option<&Site>) -> Sanitized {
    match object.content_media_type.as_deref() {
        None | Some("text/html") => sanitize::html(&object.content),
        Some(_) => sanitize::plain_with_links(&object.content, &Named { object, site }),
    }
}

/// What sums it up: its summary unless that is a warning, else the excerpt (F-260, F-263).
fn abstract_of(object: &Object) -> Sanitized {
    let summary = object.summary.as_deref().filter(|_| object.content_warning().is_none());
    let summary = summary.filter(|text| !text.trim().is_empty());
    let made = sanitize::html(summary.or(object.preview.as_deref()).unwrap_or_default());
    Sanitized { html: paragraphs(made.html), ..made }
}

/// Links in plain text: to accounts that its Mention tags name, and to our pages of tags.
struct Named<'a> {
    object: &'a Object,
    site: Option<&'a Site>,
}

impl Links for Named<'_> {
    fn mention(&self, username: &str, domain: Option<&str>) -> Option<MentionLink> {
        let written = match domain {
            Some(domain) => format!("{username}@{domain}"),
            None => username.to_owned(),
        };
        let fits = |name: &str| name.trim_start_matches('@').eq_ignore_ascii_case(&written);
        let tag = self.object.mentions.iter().find(|m| m.href.is_some() && fits(&m.name))?;
        Some(MentionLink { href: tag.href.clone()?, name: username.to_owned() })
    }

    fn hashtag(&self, name: &str) -> String {
        let name = hashtag::normalize(name).unwrap_or_else(|| name.to_lowercase());
        self.site.map(|site| site.tag(&name)).unwrap_or_default()
    }
}

/// Stars of five, and the number.
fn rating(stars: f64) -> String {
    // 0 to 5 by its parser; rounded to halves for the signs
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let halves = (stars * 2.0).round() as usize;
    let mut out = "★".repeat(halves / 2);
    if halves % 2 == 1 {
        out.push('½');
    }
    out.push_str(&"☆".repeat(5_usize.saturating_sub(halves.div_ceil(2))));
    format!("{out} {stars}/5")
}

/// F-266: beginning and end with their zone, and the place.
fn when_and_where(out: &mut String, event: &EventInfo) {
    let times: Vec<Cow<'_, str>> = event.start.iter().chain(&event.end).map(|t| clock(t)).collect();
    let mut lines = Vec::new();
    if !times.is_empty() {
        lines.push(format!("🗓 {}", sanitize::escape(&times.join(" – "))));
    }
    if let Some(place) = &event.location {
        lines.push(format!("📍 {}", sanitize::escape(&sanitize::name(place, MAX_LINE))));
    }
    if !lines.is_empty() {
        line(out, &lines.join("<br>"));
    }
}

/// `2026-12-11T19:00:00+01:00` as `2026-12-11 19:00 +01:00`; what is no such time as it is.
fn clock(text: &str) -> Cow<'_, str> {
    let parts = || {
        time::parse(text)?;
        let (day, rest) = text.split_once(['T', 't', ' '])?;
        let zone = rest.find(['Z', 'z', '+', '-']).and_then(|at| rest.get(at..))?;
        let zone = if matches!(zone, "Z" | "z" | "+00:00" | "+0000") { "UTC" } else { zone };
        Some(format!("{day} {} {zone}", rest.get(..5)?))
    };
    match parts() {
        Some(made) => Cow::Owned(made),
        None => Cow::Owned(sanitize::name(text, 64)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn made(extra: Value) -> Incoming {
        let mut value = json!({"id": "https://a.example/1", "attributedTo": "https://a.example/u"});
        value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Incoming::new(Object::parse_embedded(&value).unwrap())
    }

    fn plain(extra: Value) -> String {
        sanitize::to_plain(&made(extra).html)
    }

    #[test]
    fn f_266_times_keep_their_zone() {
        assert_eq!(clock("2026-12-11T19:00:00+01:00"), "2026-12-11 19:00 +01:00");
        assert_eq!(clock("2026-12-11T19:00:00.5Z"), "2026-12-11 19:00 UTC");
        assert_eq!(clock("tomorrow <b>"), "tomorrow <b>");
        let shown = made(json!({"type": "Event", "startTime": "<i>x</i>", "location": "<b>y</b>"}));
        assert!(!shown.html.contains("<b>") && !shown.html.contains("<i>"), "{}", shown.html);
    }

    #[test]
    fn f_268_ratings_are_stars() {
        assert_eq!(rating(4.5), "★★★★½ 4.5/5");
        assert_eq!(rating(0.0), "☆☆☆☆☆ 0/5");
        assert_eq!(rating(3.0), "★★★☆☆ 3/5");
        assert_eq!(plain(json!({"type": "Rating", "rating": 1e9, "name": "x"})), "x");
    }

    #[test]
    fn f_262_a_title_that_begins_the_text_stands_once() {
        assert_eq!(
            plain(json!({"type": "Note", "name": "One", "content": "<h2>One</h2>two"})),
            "One\n\ntwo"
        );
        assert_eq!(plain(json!({"type": "Note", "name": "One", "content": "two"})), "One\n\ntwo");
    }

    #[test]
    fn f_273_plain_text_is_escaped_and_linked() {
        let shown = made(json!({"type": "Video", "mediaType": "text/markdown",
            "content": "a <b>x</b> https://b.example/1 @ann@c.example\r\n\r\ntwo",
            "tag": [{"type": "Mention", "href": "https://c.example/ann", "name": "@ann@c.example"}]}));
        assert!(shown.html.contains("&lt;b&gt;x&lt;/b&gt;"), "{}", shown.html);
        assert!(shown.html.contains(r#"href="https://b.example/1""#), "{}", shown.html);
        assert!(shown.html.contains(r#"href="https://c.example/ann""#), "{}", shown.html);
        assert!(shown.html.contains("<p>two</p>"), "{}", shown.html);
    }

    #[test]
    fn f_284_handles() {
        let of = |name: &str| handle(name, None);
        let at = |name: &str| of(name).map(|handle| handle.at);
        assert_eq!(at("@a@B.example"), Some(At::Domain("b.example".into())));
        assert_eq!(at("@a"), Some(At::Author));
        for bad in ["", "@", "@a@", "@a@b/c", "a b", "@a@b@c"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

        #[test]
        fn s_045_s_117_whatever_is_told_is_shown_harmlessly(
            kind in prop::sample::select(vec!["Note", "Article", "Page", "Video", "Event", "Review",
                "Rating", "Quotation", "Audio", "Album", "ChatMessage"]),
            words in prop::collection::vec("(\\PC|<|>|&|\"|@|#|https://b.example/|<p>|</p>|<script>){0,20}", 8),
            markdown in any::<bool>(),
            stars in any::<f64>(),
        ) {
            let value = json!({"id": "https://a.example/1", "attributedTo": "https://a.example/u",
                "type": kind, "name": words[0], "content": words[1], "summary": words[2],
                "startTime": words[3], "endTime": words[4], "quote": words[5], "rating": stars,
                "location": {"name": words[6], "country": words[7]}, "position": stars,
                "mediaType": if markdown { "text/markdown" } else { "text/html" },
                "tag": {"type": "Mention", "name": words[7], "href": "https://a.example/u"},
                "inReplyToBook": "https://b.example/1"});
            let shown = Incoming::new(Object::parse_embedded(&value).unwrap()).html;
            // a second pass finds nothing to take away
            let again = sanitize::html(&shown).html;
            prop_assert_eq!(sanitize::to_plain(&again), sanitize::to_plain(&shown));
            prop_assert!(!shown.contains("<script"), "{}", shown);
        }
    }
}
