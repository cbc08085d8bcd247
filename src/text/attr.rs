//! Which attributes of remote HTML survive, and with what value (F-275..F-277, S-119, S-121).

use std::borrow::Cow;

use super::sanitize::{http_checked, name};

/// Elements that survive (F-275).
pub(super) const ELEMENTS: [&str; 29] = [
    "p",
    "br",
    "span",
    "a",
    "abbr",
    "del",
    "s",
    "pre",
    "blockquote",
    "code",
    "b",
    "strong",
    "u",
    "sub",
    "sup",
    "i",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "ruby",
    "rt",
    "rp",
];

/// Schemes that links may have beside http and https (F-277).
const OTHER_SCHEMES: [&str; 9] =
    ["dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"];

/// Longest link in bytes.
const MAX_LINK: usize = 4096;

/// All schemes of links.
pub(super) fn schemes() -> impl Iterator<Item = &'static str> {
    ["http", "https"].into_iter().chain(OTHER_SCHEMES)
}

/// The attributes that an element may have, beside `lang`.
pub(super) fn of(element: &str) -> &'static [&'static str] {
    match element {
        "a" => &["href", "class", "title", "translate"],
        "span" | "p" => &["class", "translate"],
        "ol" => &["start", "reversed"],
        "li" => &["value"],
        "blockquote" => &["cite"],
        "abbr" => &["title"],
        _ => &[],
    }
}

/// The value of an attribute as it may stay, `None` to drop it.
pub(super) fn filter<'a>(element: &str, attr: &str, value: &'a str) -> Option<Cow<'a, str>> {
    match attr {
        "href" if element == "a" => link(value),
        "cite" => http_checked(value, MAX_LINK),
        "class" => classes(value).map(Cow::Owned),
        "translate" => value.eq_ignore_ascii_case("no").then_some(Cow::Borrowed("no")),
        "lang" => super::language::normalize(value).map(Cow::Owned),
        "title" => Some(name(value, 500)).filter(|t| !t.is_empty()).map(Cow::Owned),
        "start" | "value" => value.trim().parse::<i32>().ok().map(|n| n.to_string().into()),
        "reversed" => Some(Cow::Borrowed("")),
        // set by the sanitiser itself, never taken over
        "rel" | "target" => Some(Cow::Borrowed(value)),
        _ => None,
    }
}

/// A link that may be followed: one of the schemes, no controls, no credentials.
pub(super) fn link(value: &str) -> Option<Cow<'_, str>> {
    if let Some(url) = http_checked(value, MAX_LINK) {
        return Some(url);
    }
    let value = value.trim();
    let (scheme, rest) = value.split_once(':')?;
    let fine = OTHER_SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(scheme))
        && !rest.is_empty()
        && value.len() <= MAX_LINK
        && !value
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || super::chars::is_bidi_control(c));
    fine.then_some(Cow::Borrowed(value))
}

/// The classes that clients know (F-276), or nothing.
fn classes(value: &str) -> Option<String> {
    let kept: Vec<&str> =
        value.split_ascii_whitespace().filter(|c| keep_class(c)).take(16).collect();
    if kept.is_empty() { None } else { Some(kept.join(" ")) }
}

fn keep_class(class: &str) -> bool {
    if class.len() > 64
        || !class.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    {
        return false;
    }
    ["h-", "p-", "u-", "dt-", "e-"].iter().any(|p| class.starts_with(p))
        || ["mention", "hashtag", "ellipsis", "invisible", "quote-inline"].contains(&class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_119_only_known_schemes_are_links() {
        for good in ["https://a.example/x?y#z", "magnet:?xt=urn:btih:1", "XMPP:a@b.example"] {
            assert_eq!(link(good).as_deref(), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "jAvA\tscript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "/relative",
            "//a.example/",
            "https://",
            "https://user:pass@a.example/",
            "gemini:a\nb",
            "",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }

    #[test]
    fn s_121_values_are_checked() {
        assert_eq!(
            filter("a", "class", "mention evil u-url h-<x").as_deref(),
            Some("mention u-url")
        );
        assert_eq!(filter("p", "class", "evil"), None);
        assert_eq!(filter("ol", "start", " 3 ").as_deref(), Some("3"));
        assert_eq!(filter("ol", "start", "3x"), None);
        assert_eq!(filter("p", "lang", "en\" onclick=x"), None);
        assert_eq!(filter("span", "translate", "yes"), None);
        assert_eq!(filter("p", "onclick", "x"), None);
        assert_eq!(filter("p", "href", "https://a.example"), None);
    }
}
