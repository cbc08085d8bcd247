//! Our own posts as HTML: Mastodon's markup to the letter, so that clients treat them alike.

use super::entity::{EntityKind, scan};
use super::sanitize::escape;

/// Characters of a URL that are shown behind its scheme.
const SHOWN: usize = 30;

/// Where a mention leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MentionLink {
    /// The page of the account.
    pub href: String,
    /// What is shown behind the `@`.
    pub name: String,
}

/// What the renderer has to ask for.
pub trait Links {
    /// The account behind a mention; `None` leaves it as text.
    fn mention(&self, username: &str, domain: Option<&str>) -> Option<MentionLink>;
    /// The address of a hashtag's page.
    fn hashtag(&self, name: &str) -> String;
}

/// Plain text as HTML: paragraphs at blank lines, line breaks, links (F-280). Nothing of the
/// text is read as markup.
pub fn plain(text: &str, links: &dyn Links) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut html = String::with_capacity(text.len() * 2);
    let mut done = 0;
    for entity in scan(&text) {
        html.push_str(&escape(text.get(done..entity.start).unwrap_or_default()));
        let written = text.get(entity.start..entity.end).unwrap_or_default();
        match &entity.kind {
            EntityKind::Url => html.push_str(&url(written)),
            EntityKind::Hashtag { name } => html.push_str(&hashtag(name, &links.hashtag(name))),
            EntityKind::Mention { username, domain } => {
                match links.mention(username, domain.as_deref()) {
                    Some(link) => html.push_str(&mention(&link)),
                    None => html.push_str(&escape(written)),
                }
            }
        }
        done = entity.end;
    }
    html.push_str(&escape(text.get(done..).unwrap_or_default()));
    // No entity holds a line break, so the finished HTML can still be cut at them.
    paragraphs(&html, "<br />")
}

/// `<p>` around what blank lines separate, `br` for single line breaks; `html` has no `\r`.
pub(super) fn paragraphs(html: &str, br: &str) -> String {
    let mut out = String::with_capacity(html.len() + 16);
    for part in html.split("\n\n").map(|p| p.trim_matches('\n')).filter(|p| !p.is_empty()) {
        out.push_str("<p>");
        out.push_str(&part.replace('\n', br));
        out.push_str("</p>");
    }
    out
}

pub(super) fn mention(link: &MentionLink) -> String {
    format!(
        r#"<span class="h-card" translate="no"><a href="{}" class="u-url mention">@<span>{}</span></a></span>"#,
        escape(&link.href),
        escape(&link.name)
    )
}

pub(super) fn hashtag(name: &str, href: &str) -> String {
    format!(
        r#"<a href="{}" class="mention hashtag" rel="tag">#<span>{}</span></a>"#,
        escape(href),
        escape(name)
    )
}

/// A link that shows 30 characters behind the scheme and hides the rest, so that copying the
/// text still gives the whole address.
pub fn url(url: &str) -> String {
    let prefix = ["https://www.", "http://www.", "https://", "http://"]
        .into_iter()
        .find(|p| url.get(..p.len()).is_some_and(|u| u.eq_ignore_ascii_case(p)))
        .map_or(0, str::len);
    let (prefix, rest) = url.split_at_checked(prefix).unwrap_or(("", url));
    let cut = rest.char_indices().nth(SHOWN).map_or(rest.len(), |(i, _)| i);
    let (shown, hidden) = rest.split_at_checked(cut).unwrap_or((rest, ""));
    format!(
        concat!(
            r#"<a href="{}" target="_blank" rel="nofollow noopener noreferrer" translate="no">"#,
            r#"<span class="invisible">{}</span><span class="{}">{}</span>"#,
            r#"<span class="invisible">{}</span></a>"#
        ),
        escape(url),
        escape(prefix),
        if hidden.is_empty() { "" } else { "ellipsis" },
        escape(shown),
        escape(hidden)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Known;

    impl Links for Known {
        fn mention(&self, username: &str, domain: Option<&str>) -> Option<MentionLink> {
            (username == "bob").then(|| MentionLink {
                href: format!("https://{}/@bob", domain.unwrap_or("h.example")),
                name: username.to_owned(),
            })
        }
        fn hashtag(&self, name: &str) -> String {
            format!("https://h.example/tags/{}", name.to_lowercase())
        }
    }

    #[test]
    fn paragraphs_and_breaks() {
        assert_eq!(plain("a\nb\n\n\nc", &Known), "<p>a<br />b</p><p>c</p>");
        assert_eq!(plain("\r\na\rb\r\n\r\nc\n", &Known), "<p>a<br />b</p><p>c</p>");
        assert_eq!(plain("  \n ", &Known), "");
        assert_eq!(
            plain("<b> & \"x\" 'y'", &Known),
            "<p>&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39;</p>"
        );
    }

    #[test]
    fn mentions_and_hashtags() {
        assert_eq!(
            plain("@bob@b.example #Rust @eve", &Known),
            concat!(
                r#"<p><span class="h-card" translate="no"><a href="https://b.example/@bob" "#,
                r#"class="u-url mention">@<span>bob</span></a></span> "#,
                r#"<a href="https://h.example/tags/rust" class="mention hashtag" rel="tag">"#,
                r#"#<span>Rust</span></a> @eve</p>"#
            )
        );
    }

    #[test]
    fn long_urls_are_shortened_to_the_eye() {
        assert_eq!(
            plain("https://www.a.example/0123456789/0123456789/0123456789?a=1&b=2", &Known),
            concat!(
                r#"<p><a href="https://www.a.example/0123456789/0123456789/0123456789?a=1&amp;b=2""#,
                r#" target="_blank" rel="nofollow noopener noreferrer" translate="no">"#,
                r#"<span class="invisible">https://www.</span>"#,
                r#"<span class="ellipsis">a.example/0123456789/012345678</span>"#,
                r#"<span class="invisible">9/0123456789?a=1&amp;b=2</span></a></p>"#
            )
        );
        assert!(plain("https://a.example", &Known).contains(r#"<span class="">a.example</span>"#));
    }

    proptest! {
        #[test]
        fn output_is_balanced_and_escaped(
            text in "(https://|@bob|#|<|>|\"|'|&|script|\n|[a-z.]{1,4}|/|\\?|字| |\\PC){0,40}"
        ) {
            let html = plain(&text, &Known);
            let mut open = Vec::new();
            let mut rest = html.as_str();
            while let Some(i) = rest.find('<') {
                let Some(end) = rest[i..].find('>') else { panic!("unclosed tag: {html}") };
                let tag = &rest[i + 1..i + end];
                if let Some(name) = tag.strip_prefix('/') {
                    prop_assert_eq!(open.pop(), Some(name.to_owned()));
                } else if tag != "br /" {
                    let name = tag.split(' ').next().unwrap_or_default();
                    prop_assert!(["p", "a", "span"].contains(&name), "{}", html);
                    open.push(name.to_owned());
                }
                rest = &rest[i + end + 1..];
            }
            prop_assert!(open.is_empty());
        }
    }
}
