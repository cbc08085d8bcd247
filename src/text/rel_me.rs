//! Links that prove who somebody is: how a profile names a page, and whether the page names the
//! profile with `rel="me"`. <https://microformats.org/wiki/rel-me>

use url::Url;

use super::markup::{self, Lexer, Token, attr};
use super::render::{self, Links};

/// How many `rel="me"` links of a page are looked at.
const MOST: usize = 100;
/// How long an address may be.
const LONGEST: usize = 2048;

/// The value of a profile field as HTML: one line, its links with `rel="me"` (F-029).
pub fn field(text: &str, links: &dyn Links) -> String {
    let html = render::plain(text, links);
    let line = html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>"));
    // a quote in the text itself is escaped: this is found in tags alone
    line.unwrap_or(&html).replace(r#" rel="nofollow noopener"#, r#" rel="me nofollow noopener"#)
}

/// The address that a field's HTML consists of: one link, whose text is its address. A link that
/// shows something else proves nothing to whoever reads it.
pub fn link(html: &str) -> Option<String> {
    let mut found: Option<String> = None;
    let mut shown = String::new();
    for token in Lexer::new(html) {
        match token {
            Token::Text(text) => shown.push_str(&markup::decode(text)),
            Token::Start { name, attrs, .. } => match name.as_str() {
                "a" if found.is_none() => {
                    found = attr(&attrs, "href").map(|href| href.into_owned())
                }
                "p" | "span" => {}
                _ => return None,
            },
            Token::End { .. } => {}
        }
    }
    let address = found?;
    let whole = shown.trim() == address
        // GoToSocial and others leave the scheme away
        || address.split_once("://").is_some_and(|(_, rest)| rest == shown.trim());
    let good =
        whole && address.len() <= LONGEST && Url::parse(&address).is_ok_and(|url| is_web(&url));
    good.then_some(address)
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none()
}

/// The addresses that a page names as its author's own: `<a>` and `<link>` with `rel="me"`, made
/// absolute. Nothing of scripts, comments and templates counts.
pub fn own_pages(html: &str, base: &Url) -> Vec<Url> {
    let mut found = Vec::new();
    let mut base = base.clone();
    let mut lexer = Lexer::new(html);
    while let Some(token) = lexer.next() {
        let Token::Start { name, attrs, self_closing } = token else { continue };
        match name.as_str() {
            "script" | "style" | "xmp" | "iframe" | "noembed" | "noframes" | "textarea"
            | "title" => lexer.skip_raw(&name),
            "template" if !self_closing => lexer.skip_element(&name),
            "plaintext" => break,
            "base" => {
                if let Some(Ok(url)) = attr(&attrs, "href").map(|href| base.join(&href)) {
                    base = url;
                }
            }
            "a" | "link" => {
                let is_me = attr(&attrs, "rel").is_some_and(|rel| {
                    rel.split_ascii_whitespace().any(|r| r.eq_ignore_ascii_case("me"))
                });
                if !is_me {
                    continue;
                }
                let href = attr(&attrs, "href").filter(|href| href.len() <= LONGEST);
                if let Some(Ok(url)) = href.map(|href| base.join(href.trim()))
                    && is_web(&url)
                {
                    found.push(url);
                    if found.len() >= MOST {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether two addresses mean one page, as far as people tell them apart: letter case, a slash
/// at the end and a fragment do not matter.
pub fn same_page(a: &Url, b: &str) -> bool {
    fn plain(url: &Url) -> String {
        let mut url = url.clone();
        url.set_fragment(None);
        url.as_str().trim_end_matches('/').to_ascii_lowercase()
    }
    Url::parse(b).is_ok_and(|b| plain(a) == plain(&b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct None_;

    impl Links for None_ {
        fn mention(&self, _: &str, _: Option<&str>) -> Option<render::MentionLink> {
            None
        }
        fn hashtag(&self, name: &str) -> String {
            format!("https://h.example/tags/{name}")
        }
    }

    fn pages(html: &str) -> Vec<String> {
        let base = Url::parse("https://p.example/about/").unwrap();
        own_pages(html, &base).into_iter().map(|url| url.to_string()).collect()
    }

    #[test]
    fn f_029_a_field_is_one_line_with_links_to_oneself() {
        let html = field("https://me.example/x?a=1&b=2", &None_);
        assert!(html.starts_with("<a href=\"https://me.example/x?a=1&amp;b=2\""), "{html}");
        assert!(html.contains("rel=\"me nofollow noopener noreferrer\""), "{html}");
        assert_eq!(link(&html).unwrap(), "https://me.example/x?a=1&b=2");
        assert_eq!(field("it/its <b>", &None_), "it/its &lt;b&gt;");
        assert_eq!(field("", &None_), "");
        let quoted = field(" rel=\"nofollow noopener\"", &None_);
        assert!(!quoted.contains("me nofollow"), "{quoted}");
    }

    #[test]
    fn a_field_names_a_page_when_it_is_nothing_else() {
        let a = |href: &str, text: &str| link(&format!("<a href=\"{href}\">{text}</a>"));
        let long = "https://me.example/0123456789012345678901234567890123456789";
        assert_eq!(link(&render::url(long)).as_deref(), Some(long), "shortened to the eye only");
        assert_eq!(
            a("https://me.example", "https://me.example").as_deref(),
            Some("https://me.example")
        );
        assert_eq!(a("https://me.example", "me.example").as_deref(), Some("https://me.example"));
        assert!(
            link("<p><a href='https://me.example/'><span>https://</span>me.example/</a></p>")
                .is_some()
        );
        for (href, text) in [
            ("https://evil.example", "https://good.example"),
            ("https://me.example", "my page"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("https://a:b@me.example/", "https://a:b@me.example/"),
            ("", ""),
        ] {
            assert_eq!(a(href, text), None, "{href} {text}");
        }
        for html in [
            "see <a href='https://me.example'>https://me.example</a>",
            "<a href='https://me.example'>https://me.example</a><img src=x>",
            "<a href='https://a.example'>https://a.example</a> <a href='https://b.example'>x</a>",
            "https://me.example",
            "",
        ] {
            assert_eq!(link(html), None, "{html}");
        }
    }

    #[test]
    fn links_and_anchors_of_a_page_are_found() {
        assert_eq!(
            pages(
                "<head><link href='/one' REL='ME'><link rel=stylesheet href=/no></head>
                 <a rel=\"nofollow me noopener\" href=https://b.example/@u?x=1&amp;y=2>u</a>
                 <a rel='menu' href='/no'>no</a><a rel=me>no</a><a rel=me href='mailto:a@b.c'>no</a>"
            ),
            ["https://p.example/one", "https://b.example/@u?x=1&y=2"]
        );
        assert_eq!(
            pages("<base href='https://c.example/'><a rel=me href=x>"),
            ["https://c.example/x"]
        );
        for hidden in [
            "<!-- <a rel=me href=/no> -->",
            "<script>'<a rel=me href=/no>'</script>",
            "<textarea><a rel=me href=/no></textarea>",
            "<template><a rel=me href=/no></a></template>",
            "<title><a rel=me href=/no></title>",
            "&lt;a rel=me href=/no&gt;",
            "<img alt='<a rel=me href=/no>'>",
        ] {
            assert_eq!(pages(hidden), [""; 0], "{hidden}");
        }
        assert_eq!(pages(&"<a rel=me href=/x>".repeat(500)).len(), MOST);
    }

    #[test]
    fn the_same_page_in_other_spellings() {
        let url = |text: &str| Url::parse(text).unwrap();
        for other in
            ["https://A.example/@Me", "https://a.example/@me/", "https://a.example:443/@me#x"]
        {
            assert!(same_page(&url(other), "https://a.example/@me"), "{other}");
        }
        for other in ["http://a.example/@me", "https://a.example/@me2", "https://a.example/@me?x"] {
            assert!(!same_page(&url(other), "https://a.example/@me"), "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_a_page_panics_or_leaves_the_web(
            html in "(<a |<link |<base |rel=|me|href=|'|\"|https://x\\.example/|//|\\.\\./|<!--|-->|>|<script>|</script>|&amp;| |\\PC){0,60}"
        ) {
            for page in pages(&html) {
                prop_assert!(page.starts_with("http"), "{}", page);
            }
            let _ = link(&html);
        }
    }
}
