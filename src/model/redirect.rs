//! Addresses that an authorization answer may be sent to (S-070).

use url::{Host, Url};

use crate::error::{Error, Result};

/// "Show the code to the person": what command line clients register.
pub const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Longest address that can be registered.
const LONGEST: usize = 2000;

/// Schemes that are no application's, or that a browser would run or show.
const FORBIDDEN: &[&str] = &[
    "javascript",
    "data",
    "file",
    "vbscript",
    "about",
    "blob",
    "filesystem",
    "view-source",
    "intent",
    "mailto",
    "tel",
    "sms",
    "ws",
    "wss",
    "ftp",
    "chrome",
    "jar",
];

/// Checks one address of an application: absolute, no fragment, no forbidden scheme, http only
/// for loopback. Registration asks this for each line, and authorization once more.
///
/// # Errors
/// 422 with a sentence that names the field.
pub fn check(uri: &str) -> Result<()> {
    if uri == OUT_OF_BAND {
        return Ok(());
    }
    let refuse = |why: &str| Err(Error::invalid(format!("Validation failed: Redirect URI {why}")));
    // it goes into a header, and is compared byte by byte
    if uri.is_empty() || uri.len() > LONGEST || !uri.bytes().all(|b| b.is_ascii_graphic()) {
        return refuse("must be an absolute URI");
    }
    if uri.contains('#') {
        return refuse("must not have a fragment");
    }
    let Ok(parsed) = Url::parse(uri) else { return refuse("must be an absolute URI") };
    let scheme = parsed.scheme();
    if FORBIDDEN.contains(&scheme) || scheme == "urn" {
        return refuse("has a forbidden scheme");
    }
    match scheme {
        "http" | "https" => {
            // parsers disagree about backslashes and names before the host
            let authority = uri.split(['/', '?']).nth(2).unwrap_or_default();
            if uri.contains('\\') || authority.is_empty() || authority.contains('@') {
                return refuse("must have a plain host");
            }
            if scheme == "http" && !is_loopback(&parsed) {
                return refuse("must use https");
            }
            Ok(())
        }
        // an application's own scheme: `tusky://…`, `com.example.app:/…`
        _ if uri.len() > scheme.len() + 1 => Ok(()),
        _ => refuse("must be an absolute URI"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether `uri` is, byte by byte, one of the registered lines, and still allowed.
pub fn is_registered(lines: &str, uri: &str) -> bool {
    lines.split('\n').map(|line| line.trim_end_matches('\r')).any(|line| line == uri)
        && check(uri).is_ok()
}

/// The address with these parameters added. What was registered stays as it was written.
pub fn with_query(uri: &str, params: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    // some clients do not read `+` as a space
    let query = query.replace('+', "%20");
    let mark = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, have)) if have.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{mark}{query}")
}

/// The address as a source of the `form-action` policy: browsers stop a redirect after a form
/// that the policy does not name.
pub fn form_target(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let scheme = url.scheme();
    if !matches!(scheme, "http" | "https") {
        return (scheme != "urn").then(|| format!("{scheme}:"));
    }
    let host = url.host_str()?;
    // a host that the policy's grammar cannot hold (IPv6, odd characters) is named by its scheme
    if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') {
        return Some(format!("{scheme}:"));
    }
    Some(match url.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// What the person reads about where they go: the whole host, or the application's scheme.
pub fn shown(uri: &str) -> Option<String> {
    if uri == OUT_OF_BAND {
        return None;
    }
    let url = Url::parse(uri).ok()?;
    Some(match (url.scheme(), url.host_str(), url.port()) {
        ("http" | "https", Some(host), Some(port)) => format!("{host}:{port}"),
        ("http" | "https", Some(host), None) => host.to_owned(),
        (scheme, host, _) => format!("{scheme}://{}", host.unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_070_redirects_match_byte_by_byte() {
        let lines = "https://app.example/cb\r\ntusky://oauth\nhttps://b.example/?x=1";
        assert!(is_registered(lines, "https://app.example/cb"));
        assert!(is_registered(lines, "tusky://oauth"));
        assert!(is_registered(lines, "https://b.example/?x=1"));
        for other in [
            "https://app.example/cb/",
            "https://app.example/cb?x",
            "https://app.example/CB",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https://app.example/./cb",
            "https://app.example/c%62",
            "https://app.example/cb#",
            "https://app.example/cb ",
            "https://app.example.evil.example/cb",
            "https://app.example@evil.example/cb",
            "http://app.example/cb",
            "//app.example/cb",
            "tusky://oauth/",
            "https://app.example/cb\r",
            "https://app.example/cb\r\ntusky://oauth",
            "",
        ] {
            assert!(!is_registered(lines, other), "{other}");
        }
        assert!(!is_registered("", "") && !is_registered("\n", ""));
        // registered before a scheme was forbidden
        assert!(!is_registered("javascript:alert(1)", "javascript:alert(1)"));
    }

    #[test]
    fn s_070_only_safe_addresses_are_taken() {
        for ok in [
            OUT_OF_BAND,
            "https://app.example/cb",
            "https://app.example",
            "https://app.example/cb?a=b",
            "http://localhost:3000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:8000/",
            "tusky://oauth",
            "com.example.app:/oauth",
            "mastodon-android-auth://callback",
        ] {
            assert!(check(ok).is_ok(), "{ok}");
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "about:blank",
            "blob:https://a.example/x",
            "http://app.example/cb",
            "http://localhost.evil.example/",
            "https://app.example/#x",
            "https://user@app.example/",
            "https://app.example\\@evil.example/",
            "https:app.example",
            "https:///x",
            "/relative",
            "//app.example",
            "app",
            "app:",
            "https://app.example/a b",
            "https://app.example/\r\nx: y",
            "urn:ietf:wg:oauth:2.0:oob:auto",
            "https://ä.example/",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&format!("https://a.example/{}", "x".repeat(LONGEST))).is_err());
    }

    #[test]
    fn s_073_answers_are_added_to_what_was_registered() {
        let params = [("code", "a b"), ("state", "x&y=+%")];
        for (uri, want) in [
            ("https://a.example/cb", "https://a.example/cb?code=a%20b&state=x%26y%3D%2B%25"),
            ("https://a.example/?k=v", "https://a.example/?k=v&code=a%20b&state=x%26y%3D%2B%25"),
            ("app://cb", "app://cb?code=a%20b&state=x%26y%3D%2B%25"),
            ("app:/cb?", "app:/cb?code=a%20b&state=x%26y%3D%2B%25"),
        ] {
            assert_eq!(with_query(uri, &params), want);
        }
    }

    #[test]
    fn s_060_the_policy_names_the_target_and_nothing_else() {
        for (uri, want) in [
            ("https://a.example/cb", Some("https://a.example")),
            ("http://localhost:3000/cb", Some("http://localhost:3000")),
            ("http://[::1]:3000/", Some("http:")),
            ("tusky://oauth", Some("tusky:")),
            ("Com.Example.App:/cb", Some("com.example.app:")),
            ("https://a;script-src/", Some("https:")),
            (OUT_OF_BAND, None),
        ] {
            assert_eq!(form_target(uri).as_deref(), want, "{uri}");
        }
        assert_eq!(shown("https://a.example:8443/cb?x").as_deref(), Some("a.example:8443"));
        assert_eq!(shown("tusky://oauth/x").as_deref(), Some("tusky://oauth"));
        assert_eq!(shown(OUT_OF_BAND), None);
    }
}
