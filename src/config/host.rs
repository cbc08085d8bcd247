//! Host names as settings: one spelling of each, and which are fit for what.

use std::net::IpAddr;

use url::Host;

/// Brings a host name with an optional port into the form that URLs have (lower case,
/// punycode), or says what it must be. An empty text stays empty.
pub(super) fn normal(text: String) -> Result<String, String> {
    const WANTED: &str = "must be a host name alone, such as \"social.example.org\"";
    if text.is_empty() {
        return Ok(text);
    }
    let (name, port) = split_port(&text);
    // Url would decode percent signs; nobody means that here.
    let host = if name.contains('%') { None } else { Host::parse(name).ok() };
    let host = host.filter(is_proper).ok_or(WANTED)?;
    match port.map(str::parse::<u16>) {
        None => Ok(host.to_string()),
        Some(Ok(port)) if port != 0 => Ok(format!("{host}:{port}")),
        Some(_) => Err("must have a port from 1 to 65535, or none".to_owned()),
    }
}

/// What keeps a host from being served in dev: it must not leave this machine.
pub(super) fn refuse_in_dev(text: &str) -> Option<&'static str> {
    let local = match Host::parse(split_port(text).0) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Ok(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Err(_) => false,
    };
    (!local).then_some(
        "must be localhost or a loopback address under --dev. Start without --dev to serve a \
         public name",
    )
}

/// What keeps a host from being served for real: others must be able to reach https on it.
pub(super) fn refuse_in_real(text: &str) -> Option<&'static str> {
    let (name, port) = split_port(text);
    // without a dot it leads nowhere from elsewhere, and no authority gives it a certificate
    if !name.contains('.') || !matches!(Host::parse(name), Ok(Host::Domain(_))) {
        return Some(
            "must be a public host name, such as \"social.example.org\". To try Dassie on this \
             machine, start it with --dev",
        );
    }
    port.is_some().then_some("must have no port: others reach this server at https on port 443")
}

/// `name:port` apart; the colons of an IPv6 address stand inside brackets.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, port))
            if !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && (!name.contains(':') || name.ends_with(']')) =>
        {
            (name, Some(port))
        }
        _ => (text, None),
    }
}

/// The rules for host names (RFC 1123), stricter than those for URLs.
fn is_proper(host: &Host) -> bool {
    let Host::Domain(name) = host else { return true };
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for (given, normal_form) in [
            ("", ""),
            ("Social.Example.ORG", "social.example.org"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("localhost:08080", "localhost:8080"),
            ("[0:0::1]:81", "[::1]:81"),
        ] {
            assert_eq!(normal(given.to_owned()).as_deref(), Ok(normal_form));
        }
        for bad in [
            "https://a.example",
            "a.example/",
            "a.example.",
            "a..example",
            "me@a.example",
            "a_b.example",
            "-a.example",
            "a b.example",
            "a.example:",
            "a.example:0",
            "a.example:65536",
            "::1",
            "%61.example",
        ] {
            assert!(normal(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn dev_stays_on_this_machine_and_real_leaves_it() {
        for local in ["localhost", "localhost:80", "127.0.0.1:8081", "127.9.9.9", "[::1]:8080"] {
            assert_eq!(refuse_in_dev(local), None, "{local}");
            assert!(refuse_in_real(local).is_some(), "{local}");
        }
        for public in ["social.example.org", "xn--bcher-kva.example"] {
            assert_eq!(refuse_in_real(public), None, "{public}");
            assert!(refuse_in_dev(public).is_some(), "{public}");
        }
        assert!(refuse_in_real("social.example.org:444").is_some());
        assert!(refuse_in_real("192.0.2.1").is_some());
    }
}
