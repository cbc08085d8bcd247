//! Markdown (CommonMark and strikethrough) as HTML, under the same rules as the HTML of others.
//!
//! Links, mentions and hashtags are found before the Markdown is read, by the same scanner as in
//! plain text: a `_` in a name or an address is no emphasis. A mark stands in for each while the
//! Markdown becomes HTML and is sanitised; in code and inside other links it is text again.

use std::borrow::Cow;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, TextMergeStream, html};

use super::entity::{Entity, EntityKind, scan};
use super::render::{Links, hashtag, mention, url};
use super::sanitize::{self, escape};

/// Around the number of an entity: two private characters at the very end of Unicode, which
/// nobody writes; they are taken out of the text first.
const OPEN: char = '\u{10FFF0}';
const CLOSE: char = '\u{10FFF1}';

/// A text as HTML, and the entities that are links in it: what stands in code is none.
pub fn render(text: &str, links: &dyn Links) -> (String, Vec<Entity>) {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace([OPEN, CLOSE], "");
    let found = entities(&text);
    let mut marked = String::with_capacity(text.len() + found.len() * 8);
    let mut done = 0;
    for (number, entity) in found.iter().enumerate() {
        marked.push_str(text.get(done..entity.start).unwrap_or_default());
        marked.push_str(&format!("{OPEN}{number}{CLOSE}"));
        done = entity.end;
    }
    marked.push_str(text.get(done..).unwrap_or_default());
    let written = |number: usize| {
        found.get(number).and_then(|e| text.get(e.start..e.end)).unwrap_or_default().to_owned()
    };
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, events(&marked, &written).into_iter());
    let clean = sanitize::html(&out).html;
    let mut used = Vec::new();
    let html = finish(&clean, &mut |number, is_text| {
        let Some(entity) = found.get(number) else { return String::new() };
        let link = match (&entity.kind, is_text) {
            (_, true) => None,
            (EntityKind::Url, _) => Some(url(&written(number))),
            (EntityKind::Hashtag { name }, _) => Some(hashtag(name, &links.hashtag(name))),
            (EntityKind::Mention { username, domain }, _) => {
                links.mention(username, domain.as_deref()).map(|link| mention(&link))
            }
        };
        if link.is_some() {
            used.push(entity.clone());
        }
        link.unwrap_or_else(|| escape(&written(number)))
    });
    (html, used)
}

/// What the scanner finds, without what Markdown itself reads as a link.
fn entities(text: &str) -> Vec<Entity> {
    let mut found = scan(text);
    found.retain_mut(|entity| {
        let before = text.get(..entity.start).unwrap_or_default();
        if entity.kind != EntityKind::Url {
            // `\@` and `\#` shall be read as they are
            return before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0;
        }
        let written = text.get(entity.start..entity.end).unwrap_or_default();
        // an address that is the text of a link ends there
        let written = ["](", "]["].iter().fold(written, |w, end| w.split(end).next().unwrap_or(w));
        // the end of an emphasis is no part of an address
        entity.end = entity.start + written.trim_end_matches(['*', '_', '~', '`']).len();
        let after = text.get(entity.end..).unwrap_or_default();
        !(before.ends_with('<') && after.starts_with('>'))
    });
    found
}

/// The events of the Markdown, line breaks kept as they are written, images as links, and the
/// marks taken back where they are no text to be read.
fn events<'a>(marked: &'a str, written: &dyn Fn(usize) -> String) -> Vec<Event<'a>> {
    let back = |text: CowStr<'a>| match unmark(&text, &mut |number, _| written(number)) {
        Cow::Borrowed(_) => text,
        Cow::Owned(plain) => CowStr::from(plain),
    };
    let parser = Parser::new_ext(marked, Options::ENABLE_STRIKETHROUGH);
    let mut in_code = false;
    TextMergeStream::new(parser)
        .map(|event| match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                in_code = true;
                Event::Start(Tag::CodeBlock(kind))
            }
            Event::End(TagEnd::CodeBlock) => {
                in_code = false;
                Event::End(TagEnd::CodeBlock)
            }
            Event::Start(
                Tag::Link { link_type, dest_url, title, id }
                | Tag::Image { link_type, dest_url, title, id },
            ) => {
                let (dest_url, title) = (back(dest_url), back(title));
                Event::Start(Tag::Link { link_type, dest_url, title, id })
            }
            Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
            Event::Text(text) if in_code => Event::Text(back(text)),
            Event::Code(text) => Event::Code(back(text)),
            Event::Html(text) => Event::Html(back(text)),
            Event::InlineHtml(text) => Event::InlineHtml(back(text)),
            Event::SoftBreak => Event::HardBreak,
            other => other,
        })
        .collect()
}

/// Replaces each mark; `put` is told its number and whether it must stay text.
fn unmark<'a>(text: &'a str, put: &mut dyn FnMut(usize, bool) -> String) -> Cow<'a, str> {
    if !text.contains(OPEN) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push_str(before);
        match after.split_once(CLOSE).and_then(|(n, rest)| Some((n.parse().ok()?, rest))) {
            Some((number, behind)) => {
                out.push_str(&put(number, false));
                rest = behind;
            }
            None => rest = after,
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The last walk over clean HTML: marks become links, unless they stand in a link or in code, and
/// the line breaks between elements go.
fn finish(html: &str, put: &mut dyn FnMut(usize, bool) -> String) -> String {
    let mut out = String::with_capacity(html.len() * 2);
    let (mut plain, mut pre) = (0_usize, 0_usize);
    let mut rest = html;
    while !rest.is_empty() {
        let end = rest.find('<').unwrap_or(rest.len());
        let (text, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let is_text = plain > 0;
        let text = unmark(text, &mut |number, _| put(number, is_text));
        if pre > 0 {
            out.push_str(&text);
        } else {
            out.push_str(&text.trim_matches('\n').replace('\n', " "));
        }
        let Some(close) = behind.find('>') else { break };
        let (tag, after) = behind.split_at_checked(close + 1).unwrap_or((behind, ""));
        let name: &str = tag
            .trim_start_matches(['<', '/'])
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let count = |n: &mut usize| {
            *n = if tag.starts_with("</") { n.saturating_sub(1) } else { *n + 1 };
        };
        if matches!(name, "a" | "code" | "pre") {
            count(&mut plain);
        }
        if name == "pre" {
            count(&mut pre);
        }
        // an attribute holds a mark only if something odd was written as HTML
        out.push_str(&unmark(tag, &mut |_, _| String::new()));
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::render::MentionLink;
    use super::*;
    use proptest::prelude::*;

    struct Known;

    impl Links for Known {
        fn mention(&self, username: &str, domain: Option<&str>) -> Option<MentionLink> {
            username.starts_with("bob").then(|| MentionLink {
                href: format!("https://{}/@{username}", domain.unwrap_or("h.example")),
                name: username.to_owned(),
            })
        }
        fn hashtag(&self, name: &str) -> String {
            format!("https://h.example/tags/{}", name.to_lowercase())
        }
    }

    fn html(text: &str) -> String {
        render(text, &Known).0
    }

    const BOB: &str = concat!(
        r#"<span class="h-card" translate="no"><a href="https://h.example/@bob_a_" "#,
        r#"class="u-url mention">@<span>bob_a_</span></a></span>"#
    );

    #[test]
    fn markup_becomes_elements() {
        assert_eq!(html("**a** *b* ~~c~~"), "<p><strong>a</strong> <em>b</em> <del>c</del></p>");
        assert_eq!(html("a\nb\n\nc"), "<p>a<br>b</p><p>c</p>");
        assert_eq!(html("# a\n\n- b\n- c"), "<h1>a</h1><ul><li>b</li><li>c</li></ul>");
        assert_eq!(html("> a"), "<blockquote><p>a</p></blockquote>");
        assert_eq!(html("1 < 2 & 3"), "<p>1 &lt; 2 &amp; 3</p>");
        assert_eq!(
            html("> 天氣**很**好"),
            "<blockquote><p>天氣<strong>很</strong>好</p></blockquote>"
        );
        assert_eq!(html(""), "");
    }

    #[test]
    fn entities_work_inside_markup() {
        assert_eq!(html("**@bob_a_** x"), format!("<p><strong>{BOB}</strong> x</p>"));
        let (shown, used) = render("_hi_ #Tag and https://a.example/_x_/", &Known);
        assert!(
            shown.starts_with("<p><em>hi</em> <a href=\"https://h.example/tags/tag\""),
            "{shown}"
        );
        assert!(shown.contains("<a href=\"https://a.example/_x_/\""), "{shown}");
        assert_eq!(used.len(), 2);
        let bold = html("**https://a.example/x**");
        assert!(bold.contains("<strong><a href=\"https://a.example/x\""), "{bold}");
    }

    #[test]
    fn code_and_links_keep_what_is_written() {
        for text in ["`@bob #x`", "```\n@bob #x\n```", "    @bob #x"] {
            let (shown, used) = render(text, &Known);
            assert!(shown.contains("@bob #x") && !shown.contains("<a"), "{shown}");
            assert!(used.is_empty());
        }
        let link = html("[see @bob](https://a.example/x_y_z)");
        assert!(
            link.contains("href=\"https://a.example/x_y_z\"") && link.contains(">see @bob</a>")
        );
        let link = html("[https://a.example/x](https://a.example/y) z");
        assert!(link.starts_with("<p><a href=\"https://a.example/y\""), "{link}");
        assert!(link.ends_with(">https://a.example/x</a> z</p>"), "{link}");
        let (shown, used) = render("\\@bob \\#x \\\\#y", &Known);
        assert!(shown.starts_with("<p>@bob #x \\<a href"), "{shown}");
        assert_eq!(used.len(), 1);
        assert!(html("<https://a.example>").contains("href=\"https://a.example\""));
        assert!(html("![cat](https://a.example/c.png)").contains(">cat</a>"));
        assert!(html("<pre>@bob</pre>").contains("@bob"));
    }

    #[test]
    fn s_117_nothing_harmful_gets_through() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<b onclick=\"x\">@bob</b>",
            "<svg onload=alert(1)>",
        ] {
            let shown = html(text).to_lowercase();
            for bad in ["<script", "onerror=", "href=\"javascript", "onclick", "<svg", "<img"] {
                assert!(!shown.contains(bad), "{text}: {shown}");
            }
        }
    }

    proptest! {
        #[test]
        fn s_117_any_text_gives_clean_balanced_html(
            text in "(https://a\\.example/|@bob|#tag|[*_~`#>\\-<\\[\\]()!&\"'\n ]|<b>|</b>|<pre>|\
                     <code>|</a>|\u{10FFF0}|\u{10FFF1}|[0-9]|字|أهلا|👩‍👩‍👧|\\PC){0,40}"
        ) {
            let (shown, _) = render(&text, &Known);
            prop_assert!(!shown.contains(OPEN) && !shown.contains(CLOSE), "{}", shown);
            let mut open = Vec::new();
            let mut rest = shown.as_str();
            while let Some(i) = rest.find('<') {
                let Some(end) = rest[i..].find('>') else { panic!("unclosed tag: {shown}") };
                let tag = &rest[i + 1..i + end];
                if let Some(name) = tag.strip_prefix('/') {
                    prop_assert_eq!(open.pop(), Some(name.to_owned()), "{}", shown);
                } else if !matches!(tag.split(' ').next(), Some("br" | "hr")) {
                    let name = tag.split(' ').next().unwrap_or_default();
                    prop_assert!(name != "a" || !open.contains(&"a".to_owned()), "{}", shown);
                    open.push(name.to_owned());
                }
                rest = &rest[i + end + 1..];
            }
            prop_assert!(open.is_empty(), "{}", shown);
            // what is clean stays as it reads
            let again = sanitize::html(&shown).html;
            prop_assert_eq!(sanitize::to_plain(&again), sanitize::to_plain(&shown));
        }

        #[test]
        fn plain_words_read_the_same(text in "[a-z字天أهל👍 ]{0,30}") {
            let plain = sanitize::to_plain(&html(text.trim()));
            let squeeze = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(squeeze(&plain), squeeze(&text));
        }
    }
}
