//! Finds the links, mentions and hashtags in what a person wrote, as Mastodon recognises them.

use std::net::Ipv4Addr;

use super::chars::{at, before, is_letter, is_tag_separator, is_word};
use super::link::{host_len, port_len, url_end};

/// Longest hashtag in characters (F-288).
const MAX_HASHTAG: usize = 100;

/// What a piece of text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// An http or https URL.
    Url,
    /// `@username` or `@username@domain`; the domain is lower-case punycode.
    Mention {
        /// As written.
        username: String,
        /// `None` for `@username`.
        domain: Option<String>,
    },
    /// `#name`.
    Hashtag {
        /// As written, without the `#`.
        name: String,
    },
}

/// A piece of text between two byte offsets, both on character boundaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub kind: EntityKind,
}

/// All entities of `text`, in order, not overlapping. Takes linear time (S-047).
pub fn scan(text: &str) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut pos = 0;
    while let Some(c) = at(text, pos) {
        let hit = match c {
            'h' | 'H' => url(text, pos),
            '@' => mention(text, pos),
            '#' | '＃' => hashtag(text, pos, pos + c.len_utf8()),
            _ => None,
        };
        match hit {
            Some(entity) => {
                pos = entity.end;
                found.push(entity);
            }
            None => pos += c.len_utf8(),
        }
    }
    found
}

fn url(text: &str, start: usize) -> Option<Entity> {
    let blocked = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '＠' | '$' | '#' | '＃');
    if before(text, start).is_some_and(blocked) {
        return None;
    }
    Some(Entity { start, end: url_end(text, start)?, kind: EntityKind::Url })
}

fn mention(text: &str, start: usize) -> Option<Entity> {
    if before(text, start).is_some_and(|c| is_word(c) || c == '/' || c == '=') {
        return None;
    }
    let run = text.get(start + 1..)?;
    let run_len = run
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        .count();
    let username = run.get(..run_len)?.trim_end_matches(['.', '-']);
    if username.is_empty() || username.starts_with(['.', '-']) {
        return None;
    }
    let mut end = start + 1 + username.len();
    let mut domain = None;
    if at(text, end) == Some('@') {
        let (name, len) = mention_domain(text.get(end + 1..)?)?;
        domain = Some(name);
        end += 1 + len;
    }
    match at(text, end) {
        Some('@' | '＠' | '\u{00C0}'..='\u{024F}') => return None,
        Some(':') if text.get(end..).is_some_and(|t| t.starts_with("://")) => return None,
        _ => {}
    }
    Some(Entity { start, end, kind: EntityKind::Mention { username: username.to_owned(), domain } })
}

/// The domain of a mention, normalised, and its length in `text`.
fn mention_domain(text: &str) -> Option<(String, usize)> {
    let mut len = host_len(text)?;
    let host = text.get(..len)?;
    if host.starts_with('-') {
        return None;
    }
    let mut domain = match url::Host::parse(host).ok()? {
        url::Host::Domain(domain) => domain,
        // `@a@1` would become 0.0.0.1
        url::Host::Ipv4(ip) if ip.to_string() == host => host.to_owned(),
        _ => return None,
    };
    // Only servers on one's own machine have a port in their name.
    let loopback =
        domain == "localhost" || domain.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback());
    if loopback && let Some(port) = port_len(text.get(len..)?) {
        domain.push_str(text.get(len..len + port)?);
        len += port;
    }
    (domain.len() <= 253).then_some((domain, len))
}

fn hashtag(text: &str, start: usize, name_start: usize) -> Option<Entity> {
    if before(text, start).is_some_and(|c| is_word(c) || matches!(c, '/' | ')' | '=')) {
        return None;
    }
    let rest = text.get(name_start..)?;
    let run_len = rest.find(|c| !is_word(c) && !is_tag_separator(c)).unwrap_or(rest.len());
    let mut name = rest.get(..run_len)?.trim_end_matches(|c| !is_word(c));
    if rest.get(name.len()..).is_some_and(|t| t.starts_with("://")) {
        // `#taghttps://…`: the scheme belongs to the URL
        name = name.strip_suffix("https").or_else(|| name.strip_suffix("http"))?;
    }
    is_tag_name(name).then(|| Entity {
        start,
        end: name_start + name.len(),
        kind: EntityKind::Hashtag { name: name.to_owned() },
    })
}

/// True if `name` can stand behind a `#`: word characters, separators only between them, and
/// not digits alone (Mastodon's rule: a letter anywhere, or a separator inside).
pub(super) fn is_tag_name(name: &str) -> bool {
    let (Some(first), Some(last)) = (name.chars().next(), name.chars().next_back()) else {
        return false;
    };
    // a mark first would be the rest of a keycap emoji, not a word
    if !is_word(first) || !is_word(last) || !(is_tag_separator(first) || first.is_alphanumeric()) {
        return false;
    }
    let mut length = 0;
    let mut telling = false;
    let inner_end = name.len() - last.len_utf8();
    for (i, c) in name.char_indices() {
        if !is_word(c) && !is_tag_separator(c) {
            return false;
        }
        length += 1;
        telling |= is_letter(c) || (i > 0 && i < inner_end && is_tag_separator(c));
    }
    telling && length <= MAX_HASHTAG
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<String> {
        scan(text)
            .into_iter()
            .map(|e| match e.kind {
                EntityKind::Url => text[e.start..e.end].to_owned(),
                EntityKind::Mention { username, domain: None } => format!("@{username}"),
                EntityKind::Mention { username, domain: Some(d) } => format!("@{username}@{d}"),
                EntityKind::Hashtag { name } => format!("#{name}"),
            })
            .collect()
    }

    #[test]
    fn mentions() {
        for (text, want) in [
            ("@alice hi", vec!["@alice"]),
            ("hi @alice@B.Example.", vec!["@alice@b.example"]),
            ("(@a.b-c_d@b.example)", vec!["@a.b-c_d@b.example"]),
            ("@alice. @bob-", vec!["@alice", "@bob"]),
            ("@a@bücher.example", vec!["@a@xn--bcher-kva.example"]),
            ("@a@b.example你好", vec!["@a@b.example"]),
            ("@alice你好", vec!["@alice"]),
            ("。@alice", vec!["@alice"]),
            ("me@a.example a/@b =@c x@y", vec![]),
            ("@a@b@c @@ @ @. @-a", vec![]),
            ("@alice://x", vec![]),
            ("@a@localhost:3001 @b@127.0.0.1:80", vec!["@a@localhost:3001", "@b@127.0.0.1:80"]),
            ("@a@b.example:80", vec!["@a@b.example"]),
            ("https://a.example/@alice", vec!["https://a.example/@alice"]),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn hashtags() {
        for (text, want) in [
            ("#Rust and #ru_st!", vec!["#Rust", "#ru_st"]),
            ("#北京 ＃東京", vec!["#北京", "#東京"]),
            ("#1 #2024 #_ #1_2 #2nd", vec!["#1_2", "#2nd"]),
            ("#col·lecció #می\u{200C}خواهم", vec!["#col·lecció", "#می\u{200C}خواهم"]),
            ("#ab· #·ab #a・b", vec!["#ab", "#a・b"]),
            ("a#b /#b )#b =#b", vec![]),
            ("(#b) \"#c\" 、#d #e#f", vec!["#b", "#c", "#d", "#e"]),
            ("#\u{FE0F}\u{20E3}abc", vec![]),
            ("https://a.example/#frag", vec!["https://a.example/#frag"]),
            ("#é #Ελλάδα #हिन्दी", vec!["#é", "#Ελλάδα", "#हिन्दी"]),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
        assert!(shown(&format!("#{}", "a".repeat(101))).is_empty());
    }

    #[test]
    fn urls() {
        assert_eq!(shown("见https://a.example。"), ["https://a.example"]);
        assert_eq!(shown("a.example xhttps://a.example @https://b.example"), Vec::<String>::new());
        assert_eq!(
            shown("https://a.example https://b.example"),
            ["https://a.example", "https://b.example"]
        );
    }

    #[test]
    fn hostile_repetition_takes_linear_time() {
        for piece in ["@a@b", "#1", "https://a.co/(", "https://a.co/((x)", "https://", "@a.", "＃"]
        {
            let text = piece.repeat(200_000 / piece.len());
            let begun = std::time::Instant::now();
            scan(&text);
            assert!(begun.elapsed().as_secs() < 5, "{piece}");
        }
    }

    proptest! {
        #[test]
        fn spans_are_ordered_and_on_boundaries(
            text in "(https://|http|@|#|＃|[a-z0-9_]{1,3}|\\.|/|\\(|\\)|\\?|字|。| |\\PC|é){0,40}"
        ) {
            let mut last = 0;
            for e in scan(&text) {
                prop_assert!(e.start >= last && e.end > e.start && e.end <= text.len());
                prop_assert!(text.is_char_boundary(e.start) && text.is_char_boundary(e.end));
                last = e.end;
            }
        }
    }
}
