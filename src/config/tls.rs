//! `[tls]`: ending TLS in this program.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// Where certificates come from, and where the server listens for those who want them.
#[derive(Clone, Debug)]
pub struct Tls {
    pub mode: TlsMode,
    /// Where https is spoken; `server.listen` is not used then.
    pub listen: SocketAddr,
    /// Where http leads to https; `None`: nowhere.
    pub http_listen: Option<SocketAddr>,
    /// PEM files, for [`TlsMode::Files`].
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// The directory of a certificate authority (RFC 8555 section 7.1.1).
    pub acme_directory: String,
    /// Where it can write to about certificates.
    pub acme_email: Option<String>,
    /// The certificate has the account domain, too.
    pub acme_account_domain: bool,
}

/// Where certificates come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain http, for a proxy.
    #[default]
    Off,
    /// From a certificate authority, by itself.
    Acme,
    /// From two files that somebody else renews.
    Files,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            mode: TlsMode::Off,
            listen: SocketAddr::from((Ipv6Addr::UNSPECIFIED, 443)),
            http_listen: Some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 80))),
            cert: None,
            key: None,
            acme_directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            acme_email: None,
            acme_account_domain: false,
        }
    }
}

impl Tls {
    /// Whether TLS ends here.
    pub fn is_on(&self) -> bool {
        self.mode != TlsMode::Off
    }
}
