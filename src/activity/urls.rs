//! Ids and links: which ones we take at all, and whose host they are on.

use url::Url;

/// Longest id or link that is kept.
pub const MAX: usize = 4096;

/// Parses an `http` or `https` address with a host; `None` for every other scheme (F-017,
/// bearcaps too: F-016), for credentials, blanks and controls, and for spellings that parsers
/// read differently (`https:host`, backslashes).
///
/// Whether plain `http` may be *fetched* is decided by the client and its dev setting, not here.
pub fn parse(text: &str) -> Option<Url> {
    if text.len() > MAX || text.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\') {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    if !(scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
        || rest.starts_with('/')
    {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (plain && url.host_str().is_some_and(|h| !h.trim_matches('.').is_empty())).then_some(url)
}

/// True for what [`parse`] takes.
pub fn is_web(text: &str) -> bool {
    parse(text).is_some()
}

/// The text itself if it is an id or link that we take; never rewritten, because ids are
/// compared byte by byte (F-008).
pub fn keep(text: &str) -> Option<String> {
    is_web(text).then(|| text.to_owned())
}

/// A link to a file. WordPress escapes `&` in these as if they were HTML: undone once.
pub fn keep_file(text: &str) -> Option<String> {
    if text.len() > MAX {
        return None;
    }
    keep(&text.replace("&#038;", "&").replace("&#38;", "&").replace("&amp;", "&"))
}

/// The host for comparisons: lower case, punycode, no trailing dot, no default port (S-032);
/// any other port stays, since it is another server.
pub fn host(text: &str) -> Option<String> {
    let url = parse(text)?;
    let name = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    Some(match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name,
    })
}

/// True if both are addresses on one host (F-052, F-137).
pub fn same_host(a: &str, b: &str) -> bool {
    host(a).is_some_and(|a| host(b).is_some_and(|b| a == b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn f_017_only_web_addresses_are_kept() {
        for good in ["https://a.example/", "http://localhost:8080/u", "HTTPS://a.example/?p=1#x"] {
            assert!(is_web(good), "{good}");
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https:a.example",
            "https:///a.example",
            "https://",
            "https://u:p@a.example/",
            "https://a.example/ b",
            "https://a.example\\b",
            "ap://did:key:x/actor",
            "acct:a@b.example",
        ] {
            assert!(!is_web(bad), "{bad}");
        }
        assert!(!is_web(&format!("https://a.example/{}", "x".repeat(MAX))));
    }

    #[test]
    fn f_016_bearcaps_are_refused() {
        assert!(!is_web("bear:?u=https://a.example/1&t=x"));
    }

    #[test]
    fn f_008_ids_stay_byte_exact() {
        for id in ["https://A.example/X/", "https://wp.example/?p=12", "https://a.example/%7Eb"] {
            assert_eq!(keep(id).as_deref(), Some(id));
        }
        assert_eq!(
            keep_file("https://a.example/?x=1&#038;y=2").as_deref(),
            Some("https://a.example/?x=1&y=2")
        );
    }

    #[test]
    fn s_032_hosts_are_normalised() {
        assert!(same_host("https://ExAmple.com./a", "https://example.com:443/b"));
        assert!(same_host("https://bücher.example/", "https://xn--bcher-kva.example/"));
        assert!(!same_host("http://127.0.0.1:1/", "http://127.0.0.1:2/"));
        assert!(!same_host("nope", "nope"));
    }
}
