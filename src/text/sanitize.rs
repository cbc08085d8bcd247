//! Foreign text made harmless: HTML through an allow-list, one-line names, URLs.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::{attr, chars, clean};

/// Longest HTML that is kept, in bytes.
const MAX_HTML: usize = 100_000;
/// Where longer HTML is cut: leaves room to close what is open, so that the result stays below
/// the limit and is not cut again.
const CUT_HTML: usize = 96_000;
/// Longest URL, in bytes (S-119).
const MAX_URL: usize = 2048;
/// Passes until nothing changes any more; two do for almost everything.
const MAX_PASSES: usize = 6;

/// Remote HTML that can be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sanitized {
    /// Only elements and attributes of the allow-list.
    pub html: String,
    /// The images that it held: http(s) URL and alternative text.
    pub images: Vec<(String, Option<String>)>,
    /// It was longer than what is kept.
    pub cut: bool,
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let attributes: HashMap<&str, HashSet<&str>> = attr::ELEMENTS
        .into_iter()
        .filter(|e| !attr::of(e).is_empty())
        .map(|e| (e, attr::of(e).iter().copied().collect()))
        .collect();
    let mut builder = Builder::new();
    builder
        .tags(attr::ELEMENTS.into_iter().collect())
        .clean_content_tags(
            ["script", "style", "iframe", "object", "svg", "math", "template", "noscript"]
                .into_iter()
                .collect(),
        )
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["lang"]))
        .allowed_classes(HashMap::new())
        .url_schemes(attr::schemes().collect())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener noreferrer"))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(attr::filter);
    builder
});

/// Reduces HTML to the allow-list (F-275..F-278, S-117). Doing it twice changes nothing. What
/// is nested too deep to be honest (S-050) becomes plain text.
pub fn html(input: &str) -> Sanitized {
    let mut images = Vec::new();
    let mut current = Cow::Borrowed(input);
    let mut cut_off = false;
    for _ in 0..MAX_PASSES {
        cut_off |= current.len() > MAX_HTML;
        match pass(&current, &mut images) {
            Some(next) if next == current => {
                return Sanitized { html: next, images, cut: cut_off };
            }
            Some(next) => current = Cow::Owned(next),
            None => break,
        }
    }
    let text = to_plain(cut(input, CUT_HTML));
    Sanitized { html: plain_to_html(&text), images, cut: cut_off }
}

/// One pass; `None` if the nesting is too deep.
fn pass(input: &str, images: &mut Vec<clean::Image>) -> Option<String> {
    let input = if input.len() > MAX_HTML { cut(input, CUT_HTML) } else { input };
    let reduced = clean::reduce(input, images).ok()?;
    Some(CLEANER.clean(&reduced).to_string())
}

/// The start of `html`, at most `max` bytes, not ending inside a tag or entity.
fn cut(html: &str, max: usize) -> &str {
    let head = html.get(..chars::floor(html, max)).unwrap_or_default();
    if head.len() == html.len() {
        return head;
    }
    let end = match (head.rfind('<'), head.rfind('>')) {
        (Some(open), close) if close.is_none_or(|c| c < open) => open,
        _ => match head.rfind('&') {
            Some(amp) if head.len() - amp < 12 => amp,
            _ => head.len(),
        },
    };
    head.get(..end).unwrap_or_default()
}

/// The text of HTML, with line breaks for paragraphs and `br`, entities decoded: for search,
/// language detection, descriptions and notifications. It is text, not safe HTML.
pub fn to_plain(html: &str) -> String {
    super::plain::text_of(html)
}

/// The same without the line at its beginning that tells of a quote, where there is one: for places
/// that show or find what somebody wrote. Not for filters: anybody may call anything such a line.
pub fn to_own_words(html: &str) -> String {
    let line = html.strip_prefix(r#"<p class="quote-inline">"#);
    to_plain(line.and_then(|line| line.split_once("</p>")).map_or(html, |(_, words)| words))
}

/// Plain text as HTML: escaped, in paragraphs (F-273). What `html` makes of it is the same.
pub fn plain_to_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for c in text.chars() {
        // paragraphs and breaks add to it, by less than this leaves
        if escaped.len() > CUT_HTML / 8 * 7 {
            break;
        }
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{A0}' => escaped.push_str("&nbsp;"),
            c if c.is_control() && !matches!(c, '\n' | '\t') => {}
            c => escaped.push(c),
        }
    }
    let html = super::render::paragraphs(&escaped, "<br>");
    if html.len() <= MAX_HTML {
        return html;
    }
    // a flood of line breaks
    super::render::paragraphs(&escaped.replace('\n', " "), "<br>")
}

/// The plain text of another server as HTML: escaped, in paragraphs (F-273), with addresses,
/// names and tags as links.
pub fn plain_with_links(text: &str, links: &dyn super::render::Links) -> Sanitized {
    let head = text.get(..chars::floor(text, MAX_HTML)).unwrap_or_default();
    let tidy: String =
        head.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).collect();
    let made = html(&super::render::plain(&tidy, links));
    Sanitized { cut: made.cut || head.len() < text.len(), ..made }
}

/// One line of plain text, as a display name: no controls, no bidi overrides or isolates, no
/// flood of invisible characters (S-049), at most `max_chars` characters.
pub fn name(input: &str, max_chars: usize) -> String {
    tidy(input, max_chars, false)
}

/// Like [`name`], but line breaks and tabs stay.
pub fn multiline(input: &str, max_chars: usize) -> String {
    tidy(input, max_chars, true)
}

fn tidy(input: &str, max_chars: usize, lines: bool) -> String {
    let mut out = String::new();
    let mut kept = 0;
    let mut invisible = 0;
    let mut after_cr = false;
    for c in input.trim_start().chars() {
        if kept == max_chars {
            break;
        }
        let lf_of_crlf = std::mem::replace(&mut after_cr, c == '\r') && c == '\n';
        let c = match c {
            '\n' if lf_of_crlf => continue,
            '\n' | '\r' | '\u{2028}' | '\u{2029}' if lines => '\n',
            '\t' if lines => '\t',
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() || chars::is_bidi_control(c) => continue,
            c => c,
        };
        invisible = if chars::is_zero_width(c) { invisible + 1 } else { 0 };
        if invisible > 2 {
            continue;
        }
        out.push(c);
        kept += 1;
    }
    out.trim().to_owned()
}

/// Text for HTML content and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// An http or https URL as it came, trimmed and without line breaks and tabs, or `None` for
/// anything else (S-119): other schemes, no host, credentials, controls, over 2048 bytes.
pub fn http_url(input: &str) -> Option<String> {
    http_checked(input, MAX_URL).map(Cow::into_owned)
}

/// [`http_url`] with another limit.
pub(super) fn http_checked(input: &str, max: usize) -> Option<Cow<'_, str>> {
    let trimmed = input.trim_matches([' ', '\t', '\n', '\r', '\u{C}']);
    let url: Cow<'_, str> = if trimmed.contains(['\t', '\n', '\r']) {
        Cow::Owned(trimmed.replace(['\t', '\n', '\r'], ""))
    } else {
        Cow::Borrowed(trimmed)
    };
    if url.len() > max || url.chars().any(|c| c.is_control() || chars::is_bidi_control(c)) {
        return None;
    }
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| {
        let start = url.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| url.get(scheme.len()..))?
    })?;
    let before_query = rest.split(['?', '#']).next()?;
    let authority = before_query.split('/').next()?;
    // browsers and libraries disagree about backslashes, so nobody gets to see one
    if authority.is_empty() || authority.contains('@') || before_query.contains('\\') {
        return None;
    }
    let parsed = url::Url::parse(&url).ok()?;
    parsed.host_str().filter(|host| !host.is_empty())?;
    Some(url)
}

#[cfg(test)]
mod tests;
