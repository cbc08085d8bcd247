//! Where a URL in running text ends: host, port, path and query.

use super::chars::{at, is_word};

/// Longest host that we look at: 253 characters of up to four bytes.
const MAX_HOST: usize = 1012;

/// The end of the URL that starts at `start`, `None` if there is none. Only http and https,
/// only hosts with a dot (or `localhost`), as Mastodon links them.
pub(super) fn url_end(text: &str, start: usize) -> Option<usize> {
    let host_start = start + scheme_len(text.get(start..)?)?;
    let host_end = host_start + host_len(text.get(host_start..)?)?;
    let host = text.get(host_start..host_end)?;
    if !linkable(host) {
        return None;
    }
    let mut end = host_end;
    if let Some(port) = port_len(text.get(end..)?) {
        end += port;
    }
    match at(text, end) {
        // what we took for a host is a user name: better no link than a misleading one
        Some('@' | '＠' | '+') => None,
        Some('/' | '?' | '#') => Some(end + tail_len(text.get(end..)?)),
        _ => Some(end),
    }
}

/// Length of `http://` or `https://` at the start of `text`.
fn scheme_len(text: &str) -> Option<usize> {
    ["https://", "http://"]
        .into_iter()
        .find(|s| text.get(..s.len()).is_some_and(|t| t.eq_ignore_ascii_case(s)))
        .map(str::len)
}

/// Length of the domain name at the start of `text`. Text without spaces may follow it
/// (`https://a.example你好`), so a last label that starts in ASCII ends where ASCII ends.
pub(super) fn host_len(text: &str) -> Option<usize> {
    let mut end = 0;
    let mut last = '.';
    for (i, c) in text.char_indices() {
        if i > MAX_HOST {
            return None;
        }
        if !(is_word(c) || c == '-' || (c == '.' && last != '.')) {
            break;
        }
        last = c;
        end = i + c.len_utf8();
    }
    let host = text.get(..end)?.trim_end_matches(['.', '-', '_']);
    let label_start = host.rfind('.').map_or(0, |i| i + 1);
    let label = host.get(label_start..)?;
    let len = match label.find(|c: char| !c.is_ascii()) {
        Some(cut) if cut > 0 => {
            host.get(..label_start + cut)?.trim_end_matches(['.', '-', '_']).len()
        }
        _ => host.len(),
    };
    (len > 0).then_some(len)
}

/// True if a URL with this host becomes a link.
fn linkable(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let Some((_, top)) = host.rsplit_once('.') else { return false };
    let plausible = !top.is_ascii()
        || top.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("xn--"))
        || (top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic()));
    plausible && matches!(url::Host::parse(host), Ok(url::Host::Domain(_)))
}

/// Length of `:port` at the start of `text`.
pub(super) fn port_len(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(':')?;
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    let port: u32 = digits.get(..len.min(6))?.parse().ok()?;
    (port <= 65_535 && len <= 5).then_some(len + 1)
}

/// Length of path, query and fragment at the start of `text`. Parentheses belong to it while
/// they are balanced; punctuation at the end does not.
fn tail_len(text: &str) -> usize {
    let mut good = 0;
    let mut in_query = false;
    // For each open parenthesis: where the URL ends if it is never closed. Two levels at most,
    // as Mastodon; this also keeps a text full of unclosed ones linear.
    let mut open: Vec<usize> = Vec::new();
    for (i, c) in text.char_indices() {
        if stops(c) {
            break;
        }
        match c {
            '(' => {
                if open.len() == 2 {
                    break;
                }
                open.push(good);
                continue;
            }
            ')' => {
                if open.pop().is_none() {
                    break;
                }
                good = i + 1;
                continue;
            }
            '?' => in_query = true,
            _ => {}
        }
        if may_end(c, in_query) {
            good = i + c.len_utf8();
        }
    }
    open.first().copied().unwrap_or(good)
}

/// Characters that no URL in running text contains: spaces, quotes, invisible and bidi controls,
/// and the punctuation of scripts that put no space after a URL.
fn stops(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '“' | '”')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}')
        || matches!(c, '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{3030}')
        || matches!(c, '\u{FE10}'..='\u{FE19}' | '\u{FE30}'..='\u{FE6F}')
        || matches!(c, '\u{FF01}'..='\u{FF0F}' | '\u{FF1A}'..='\u{FF20}')
        || matches!(c, '\u{FF3B}'..='\u{FF40}' | '\u{FF5B}'..='\u{FF65}')
}

/// Characters that a URL can end with.
fn may_end(c: char, in_query: bool) -> bool {
    if !c.is_ascii() {
        return !matches!(c, '…' | '‘' | '’' | '—' | '–');
    }
    if in_query {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '&' | '=' | '#' | '/' | '-')
    } else {
        !matches!(
            c,
            '!' | '*'
                | '\''
                | ';'
                | ':'
                | '='
                | ','
                | '.'
                | '$'
                | '%'
                | '['
                | ']'
                | '~'
                | '&'
                | '|'
                | '@'
                | '?'
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Option<&str> {
        url_end(text, 0).and_then(|end| text.get(..end))
    }

    #[test]
    fn urls_end_where_a_reader_would_end_them() {
        for (text, want) in [
            ("https://a.example", "https://a.example"),
            ("https://a.example/.", "https://a.example/"),
            ("https://a.example/x, y", "https://a.example/x"),
            ("https://a.example/x?y=1&z=2!", "https://a.example/x?y=1&z=2"),
            ("https://a.example/w_(film)", "https://a.example/w_(film)"),
            ("https://a.example/w_(film)).", "https://a.example/w_(film)"),
            ("https://a.example/x)", "https://a.example/x"),
            ("https://a.example/x_(y", "https://a.example/x_"),
            ("https://a.example/?q=(x)", "https://a.example/?q=(x)"),
            ("https://a.example/x。你好", "https://a.example/x"),
            ("https://a.example/你好，再见", "https://a.example/你好"),
            ("https://a.example你好", "https://a.example"),
            ("https://例え.jp/テスト」", "https://例え.jp/テスト"),
            ("https://a.example...what", "https://a.example"),
            ("https://a.example:8443/x", "https://a.example:8443/x"),
            ("https://a.example:", "https://a.example"),
            ("http://localhost:3000/@a/1", "http://localhost:3000/@a/1"),
            ("HTTPS://A.example/X", "HTTPS://A.example/X"),
            ("https://a.example#about", "https://a.example#about"),
            ("https://a.example/x<b>", "https://a.example/x"),
            ("https://a.example/#/x/", "https://a.example/#/x/"),
        ] {
            assert_eq!(url(text), Some(want), "{text}");
        }
        for text in [
            "https://",
            "https://example",
            "https://.com",
            "https://user@a.example/",
            "https://1.2.3.4/",
            "ftp://a.example/",
            "https:/a.example",
        ] {
            assert_eq!(url(text), None, "{text}");
        }
    }
}
