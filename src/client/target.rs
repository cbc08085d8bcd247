//! Which URLs may be fetched at all, before any name is looked up (S-006 to S-009), and the
//! one normal form of a host (S-032).

use std::net::IpAddr;

use url::{Host, Url};

use super::error::{ClientError, Kind};
use crate::config::Cidr;

/// S-009.
const MAX_URL: usize = 2048;

/// What the configuration says about URLs and addresses.
#[derive(Debug)]
pub(super) struct Rules {
    /// Normalised by [`host_of`]; with a port only if the configuration names one.
    own_hosts: Vec<String>,
    pub(super) allowed_private: Vec<Cidr>,
    allow_ports: Vec<u16>,
    allow_http: bool,
}

/// A URL that passed the rules.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Without fragment and without trailing dot in the host.
    pub(super) url: Url,
    /// For messages, logs and the memory of families: no port, no brackets.
    pub(super) host: String,
    pub(super) literal: Option<IpAddr>,
    pub(super) port: u16,
    /// False: only fine if the host turns out to lie in an allowed private range.
    pub(super) port_allowed: bool,
}

impl Rules {
    pub(super) fn new(
        own_hosts: &[String],
        allowed_private: Vec<Cidr>,
        allow_ports: Vec<u16>,
        allow_http: bool,
    ) -> Self {
        let own_hosts =
            own_hosts.iter().filter_map(|h| host_of(&format!("https://{h}"))).collect::<Vec<_>>();
        Self { own_hosts, allowed_private, allow_ports, allow_http }
    }

    /// True if the configuration allows connecting to `ip` although its range is private.
    pub(super) fn allows(&self, ip: IpAddr) -> bool {
        self.allowed_private.iter().any(|range| range.contains(ip))
    }

    /// Reads and judges one URL. Nothing is looked up here.
    pub(super) fn check(&self, text: &str, configured: bool) -> Result<Target, ClientError> {
        // before parsing: it is what a remote server sent, maybe megabytes of it
        if text.len() > MAX_URL {
            return Err(bad("", "the URL is too long"));
        }
        let url = Url::parse(text).map_err(|e| bad("", format!("not a URL: {e}")))?;
        self.judge(url, configured)
    }

    /// The same for a URL that is parsed already: the next hop of a redirect. `configured`: it
    /// stands in the configuration, which may name what nobody else may.
    pub(super) fn judge(&self, mut url: Url, configured: bool) -> Result<Target, ClientError> {
        url.set_fragment(None);
        if url.as_str().len() > MAX_URL {
            return Err(bad("", "the URL is too long"));
        }
        let is_https = url.scheme() == "https";
        let is_http = (self.allow_http || configured) && url.scheme() == "http";
        if !is_https && !is_http {
            return Err(bad("", "only https URLs are fetched"));
        }
        if let Some(name) = url.host_str().and_then(|h| h.strip_suffix('.')).map(str::to_owned) {
            url.set_host(Some(&name)).map_err(|e| bad("", format!("not a host: {e}")))?;
        }
        // the url crate has turned 127.1, 0x7f.1, 2130706433 and 0177.0.0.1 into addresses
        let (host, literal) = match url.host() {
            Some(Host::Domain(name)) => (name.to_owned(), None),
            Some(Host::Ipv4(ip)) => (ip.to_string(), Some(IpAddr::V4(ip))),
            Some(Host::Ipv6(ip)) => (ip.to_string(), Some(IpAddr::V6(ip).to_canonical())),
            None => return Err(bad("", "the URL has no host")),
        };
        if host.is_empty() || host.ends_with('.') || host.len() > 253 {
            return Err(bad("", "not a host name"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad(&host, "URLs with a user name are not fetched"));
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if configured && port != 0 {
            return Ok(Target { url, host, literal, port, port_allowed: true });
        }
        if literal.is_some_and(|ip| !self.allows(ip)) {
            return Err(ClientError::new(Kind::Forbidden, &host, "addresses are not fetched"));
        }
        self.refuse_own(&host, port)?;
        let port_allowed = (is_https && port == 443)
            || (!is_https && port == 80)
            || self.allow_ports.contains(&port);
        if port == 0 || (!port_allowed && self.allowed_private.is_empty()) {
            return Err(port_refused(&host, port));
        }
        Ok(Target { url, host, literal, port, port_allowed })
    }

    /// S-008: our own documents are in the database; fetching them would be a loop.
    fn refuse_own(&self, host: &str, port: u16) -> Result<(), ClientError> {
        let with_port = format!("{host}:{port}");
        if self.own_hosts.iter().any(|own| own == host || *own == with_port) {
            return Err(ClientError::new(Kind::Forbidden, host, "this is our own host"));
        }
        Ok(())
    }
}

/// The refusal of S-007, also used once the addresses are known.
pub(super) fn port_refused(host: &str, port: u16) -> ClientError {
    ClientError::new(Kind::Forbidden, host, format!("port {port} is not allowed"))
}

fn bad(host: &str, message: impl Into<String>) -> ClientError {
    ClientError::new(Kind::BadUrl, host, message)
}

/// The host of an http or https URL in its one normal form (S-032): lower case, punycode,
/// no trailing dot, and the port only where it is not the scheme's own.
///
/// Example: `https://Bücher.example.:443/x` gives `xn--bcher-kva.example`.
pub fn host_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    if !matches!(url.scheme(), "https" | "http") {
        return None;
    }
    let host = url.host_str()?;
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() {
        return None;
    }
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules::new(
            &["Own.Example".to_owned(), "two.example:3000".to_owned()],
            vec![],
            vec![8443],
            false,
        )
    }

    fn kind(url: &str) -> Option<Kind> {
        rules().check(url, false).err().map(|e| e.kind)
    }

    #[test]
    fn s_006_numbers_as_hosts_are_refused_in_every_spelling() {
        for host in [
            "127.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.1.",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "127。0。0。1",
            "8.8.8.8",
            "１２７.0.0.1",
        ] {
            assert_eq!(kind(&format!("https://{host}/")), Some(Kind::Forbidden), "{host}");
        }
        for host in ["[fe80::1%25eth0]", "a b", "256.256.256.256", "."] {
            assert_eq!(kind(&format!("https://{host}/x")), Some(Kind::BadUrl), "{host}");
        }
        let dotted = rules().check("https://peer。example./a", false).expect("url");
        assert_eq!(dotted.url.as_str(), "https://peer.example/a");
    }

    #[test]
    fn s_007_only_the_ports_of_the_web() {
        for port in [0, 22, 25, 53, 80, 110, 143, 6379, 5432] {
            let url = format!("https://peer.example:{port}/actor");
            assert_eq!(kind(&url), Some(Kind::Forbidden), "{port}");
        }
        assert_eq!(kind("https://peer.example:443/"), None);
        assert_eq!(kind("https://peer.example:8443/"), None);
        assert_eq!(kind("http://peer.example/"), Some(Kind::BadUrl));
        assert_eq!(kind("ftp://peer.example/"), Some(Kind::BadUrl));
        assert_eq!(kind("file:///etc/passwd"), Some(Kind::BadUrl));
        let dev = Rules::new(&[], vec![], vec![], true);
        assert!(dev.check("http://peer.example/", false).is_ok());
        assert!(dev.check("https://peer.example:80/", false).is_err());
    }

    #[test]
    fn s_008_our_own_host_is_never_a_target() {
        for url in
            ["https://own.example/x", "https://OWN.example.:8443/", "https://own.example:443"]
        {
            assert_eq!(kind(url), Some(Kind::Forbidden), "{url}");
        }
        assert_eq!(kind("https://two.example/"), None);
        let dev = Rules::new(&["localhost:3000".to_owned()], vec![], vec![3000, 4000], true);
        assert!(dev.check("http://localhost:3000/x", false).is_err());
        assert!(dev.check("http://localhost:4000/x", false).is_ok());
    }

    #[test]
    fn s_009_user_names_are_refused_fragments_cut_lengths_kept() {
        assert_eq!(kind("https://user:pw@peer.example/"), Some(Kind::BadUrl));
        assert_eq!(kind("https://user@peer.example/"), Some(Kind::BadUrl));
        assert_eq!(kind(&format!("https://peer.example/{}", "a".repeat(2030))), Some(Kind::BadUrl));
        let cut = rules().check("https://peer.example/a#main-key", false).expect("url");
        assert_eq!(cut.url.as_str(), "https://peer.example/a");
    }

    #[test]
    fn s_032_a_host_has_one_spelling() {
        for (url, host) in [
            ("https://Bücher.example.:443/x", Some("xn--bcher-kva.example")),
            ("HTTPS://A.EXAMPLE:8443", Some("a.example:8443")),
            ("http://a.example:80/", Some("a.example")),
            ("https://[::1]:8443/", Some("[::1]:8443")),
            ("acct:a@b.example", None),
            ("mailto:a@b.example", None),
            ("nonsense", None),
        ] {
            assert_eq!(host_of(url).as_deref(), host, "{url}");
        }
    }
}
