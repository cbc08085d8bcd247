//! What a page tells about itself in its head, for previews of links: OpenGraph, Twitter's
//! names, the plain title and description, and where its oEmbed document is.
//!
//! <https://ogp.me>, <https://oembed.com>

use serde_json::Value;
use url::Url;

use super::markup::{self, Lexer, Token};
use super::{language, sanitize};
use crate::activity::time;
use crate::model::{CardKind, Preview};

/// How many tags of a page are looked at.
const MOST_TAGS: usize = 20_000;
/// How many facts are kept of one page, and how long each may be, in bytes.
const MOST_FACTS: usize = 200;
const LONGEST_FACT: usize = 4096;
/// Lengths that are kept, in characters.
const TITLE: usize = 300;
const DESCRIPTION: usize = 500;
const NAME: usize = 200;
/// Sides that players and pictures can have.
const LARGEST: i64 = 10_000;
/// Of a player that does not say.
const PLAYER: (i64, i64) = (640, 360);

/// What was found in a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub preview: Preview,
    /// Where the page says that its oEmbed document is.
    pub oembed: Option<String>,
}

/// The first link in a status that is no mention, hashtag or quote. `own`: which addresses are
/// on this server; statuses here have no preview.
pub fn first_link(html: &str, own: impl Fn(&str) -> bool) -> Option<String> {
    let mut lexer = Lexer::new(html);
    while let Some(token) = lexer.next() {
        let Token::Start { name, attrs, self_closing } = token else { continue };
        if !self_closing && has_word(&attrs, "class", &["quote-inline", "reference-link-inline"]) {
            lexer.skip_element(&name);
            continue;
        }
        if name != "a"
            || has_word(&attrs, "class", &["mention", "hashtag"])
            || has_word(&attrs, "rel", &["tag"])
        {
            continue;
        }
        let Some(href) = markup::attr(&attrs, "href").and_then(|href| sanitize::http_url(&href))
        else {
            continue;
        };
        if named(&mut lexer) || own(&href) {
            continue;
        }
        // one spelling of one address
        if let Some(url) = Url::parse(&href).ok().filter(|url| url.as_str().len() <= 2048) {
            return Some(url.into());
        }
    }
    None
}

/// Whether the link just opened is written as a name or a tag. Not all servers mark them.
fn named(lexer: &mut Lexer<'_>) -> bool {
    for token in lexer.by_ref() {
        match token {
            Token::Text(text) if !text.trim().is_empty() => {
                return text.trim_start().starts_with(['@', '#', '＠', '＃']);
            }
            Token::End { name } if name == "a" => return false,
            _ => {}
        }
    }
    false
}

fn has_word(attrs: &[(&str, &str)], name: &str, words: &[&str]) -> bool {
    markup::attr(attrs, name).is_some_and(|value| {
        value
            .split_ascii_whitespace()
            .any(|w| words.iter().any(|word| w.eq_ignore_ascii_case(word)))
    })
}

/// The facts of a page, in their order.
#[derive(Default)]
struct Facts(Vec<(String, String)>);

impl Facts {
    fn add(&mut self, name: &str, value: &str) {
        if self.0.len() < MOST_FACTS && value.len() <= LONGEST_FACT && !value.trim().is_empty() {
            self.0.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The first of these names that has a value.
    fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
        })
    }

    fn line(&self, names: &[&str], most: usize) -> String {
        self.get(names).map(|text| line(text, most)).unwrap_or_default()
    }

    fn address(&self, base: &Url, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| absolute(base, self.get(&[name])?))
    }

    fn side(&self, names: &[&str]) -> i64 {
        let value = self.get(names).and_then(|text| text.trim_end_matches("px").parse().ok());
        value.unwrap_or(0).clamp(0, LARGEST)
    }
}

/// One line without runs of blanks.
fn line(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    sanitize::name(&words.join(" "), most)
}

/// An address that may stand relative to the page.
fn absolute(base: &Url, text: &str) -> Option<String> {
    sanitize::http_url(base.join(text.trim()).ok()?.as_str())
}

/// Reads a page that was found at `base`.
pub fn read(html: &str, base: &Url) -> Page {
    let (mut facts, mut title, mut in_title) = (Facts::default(), String::new(), false);
    let mut lexer = Lexer::new(html);
    for _ in 0..MOST_TAGS {
        let Some(token) = lexer.next() else { break };
        match token {
            Token::Text(text) if in_title => title.push_str(&markup::decode(text)),
            Token::End { .. } => in_title = false,
            Token::Start { name, attrs, self_closing } => match name.as_str() {
                "title" => in_title = title.is_empty() && !self_closing,
                "html" => {
                    facts.add("html:lang", &markup::attr(&attrs, "lang").unwrap_or_default());
                }
                "meta" => {
                    let name = ["property", "name", "itemprop"]
                        .iter()
                        .find_map(|key| markup::attr(&attrs, key));
                    let content = markup::attr(&attrs, "content");
                    if let (Some(name), Some(content)) = (name, content) {
                        facts.add(&name, &content);
                    }
                }
                "link" => link(&attrs, &mut facts),
                "script" | "style" | "noscript" | "textarea" | "iframe" => lexer.skip_raw(&name),
                "svg" | "template" if !self_closing => lexer.skip_element(&name),
                _ => {}
            },
            Token::Text(_) => {}
        }
    }
    facts.add("html:title", &title);
    page(&facts, base)
}

fn link(attrs: &[(&str, &str)], facts: &mut Facts) {
    let Some(href) = markup::attr(attrs, "href") else { return };
    if has_word(attrs, "rel", &["canonical"]) {
        facts.add("link:canonical", &href);
    }
    let kind = markup::attr(attrs, "type").unwrap_or_default().to_ascii_lowercase();
    if has_word(attrs, "rel", &["alternate"])
        && matches!(kind.as_str(), "application/json+oembed" | "text/json+oembed")
    {
        facts.add("link:oembed", &href);
    }
}

fn page(facts: &Facts, base: &Url) -> Page {
    let same_host =
        |address: &String| Url::parse(address).is_ok_and(|url| url.host_str() == base.host_str());
    // a page speaks for its own host only
    let url = ["link:canonical", "og:url"]
        .iter()
        .find_map(|name| facts.address(base, &[name]).filter(same_host))
        .unwrap_or_else(|| base.to_string());
    let author = facts.get(&["author", "article:author", "og:article:author", "dc.creator"]);
    let author_is_address = author.is_some_and(|text| text.starts_with("http"));
    let mut preview = Preview {
        url,
        title: facts.line(&["og:title", "twitter:title", "html:title"], TITLE),
        description: facts
            .line(&["og:description", "twitter:description", "description"], DESCRIPTION),
        author_name: author
            .filter(|_| !author_is_address)
            .map_or_else(String::new, |a| line(a, NAME)),
        author_url: facts
            .address(base, &["article:author"])
            .filter(|_| facts.get(&["article:author"]).is_some_and(|text| text.starts_with("http")))
            .unwrap_or_default(),
        provider_name: facts.line(&["og:site_name", "application-name"], NAME),
        image: facts.address(
            base,
            &[
                "og:image:secure_url",
                "og:image",
                "og:image:url",
                "twitter:image",
                "twitter:image:src",
            ],
        ),
        image_description: facts.line(&["og:image:alt", "twitter:image:alt"], 1500),
        width: facts.side(&["og:image:width"]),
        height: facts.side(&["og:image:height"]),
        language: facts
            .get(&["html:lang", "og:locale"])
            .and_then(|tag| language::normalize(&tag.replace('_', "-"))),
        published_at: facts
            .get(&["article:published_time", "og:article:published_time", "datepublished", "date"])
            .and_then(time::parse),
        ..Preview::default()
    };
    if let Some(player) = facts.address(base, &["twitter:player"]) {
        let sides = (facts.side(&["twitter:player:width"]), facts.side(&["twitter:player:height"]));
        set_player(&mut preview, &player, sides);
    }
    Page { preview, oembed: facts.address(base, &["link:oembed"]) }
}

/// Makes it a video in a frame of ours. Only https, and never in our own page's origin: the
/// caller refuses addresses on this server.
fn set_player(preview: &mut Preview, address: &str, (width, height): (i64, i64)) {
    // in its one spelling, which the caller's refusal relies on
    let Some(address) = Url::parse(address).ok().filter(|url| url.scheme() == "https") else {
        return;
    };
    let width = if width > 0 { width } else { PLAYER.0 };
    let height = if height > 0 { height } else { PLAYER.1 };
    preview.kind = CardKind::Video;
    (preview.width, preview.height) = (width, height);
    preview.html = format!(
        "<iframe src=\"{}\" width=\"{width}\" height=\"{height}\" \
         allowfullscreen=\"allowfullscreen\" sandbox=\"allow-scripts allow-same-origin \
         allow-popups allow-popups-to-escape-sandbox allow-forms\" frameborder=\"0\"></iframe>",
        sanitize::escape(address.as_str())
    );
}

/// What an oEmbed document at `base` adds to what the page said. Of its HTML only the address of
/// one https frame is taken; the kind `rich` is mostly scripts and stays a link.
pub fn add_oembed(preview: &mut Preview, document: &Value, base: &Url) {
    let text = |name: &str| document[name].as_str().unwrap_or_default();
    let set = |slot: &mut String, name: &str, most: usize| {
        let value = line(&markup::decode(text(name)), most);
        if !value.is_empty() {
            *slot = value;
        }
    };
    set(&mut preview.title, "title", TITLE);
    set(&mut preview.author_name, "author_name", NAME);
    set(&mut preview.provider_name, "provider_name", NAME);
    for (slot, name) in
        [(&mut preview.author_url, "author_url"), (&mut preview.provider_url, "provider_url")]
    {
        if let Some(address) = sanitize::http_url(text(name)) {
            *slot = address;
        }
    }
    let side = |name: &str| {
        let value = &document[name];
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        number.unwrap_or(0).clamp(0, LARGEST)
    };
    if preview.image.is_none() {
        preview.image =
            absolute(base, text("thumbnail_url")).filter(|_| !text("thumbnail_url").is_empty());
        if preview.image.is_some() {
            (preview.width, preview.height) = (side("thumbnail_width"), side("thumbnail_height"));
        }
    }
    match text("type") {
        "photo" => {
            if let Some(address) = sanitize::http_url(text("url")) {
                preview.kind = CardKind::Photo;
                preview.html.clear();
                (preview.width, preview.height) = (side("width"), side("height"));
                preview.image.get_or_insert_with(|| address.clone());
                preview.embed_url = address;
            }
        }
        "video" => {
            if let Some(address) = frame(text("html")) {
                set_player(preview, &address, (side("width"), side("height")));
            }
        }
        _ => {}
    }
}

/// The address of the first frame.
fn frame(html: &str) -> Option<String> {
    Lexer::new(html).find_map(|token| match token {
        Token::Start { name, attrs, .. } if name == "iframe" => {
            let src = markup::attr(&attrs, "src")?;
            let src = if src.starts_with("//") { format!("https:{src}") } else { src.into_owned() };
            sanitize::http_url(&src)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
