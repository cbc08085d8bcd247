//! `[smtp]`: the server that takes our letters.

use std::net::IpAddr;

use super::Secret;

/// How to reach it; without a host there is no mail.
#[derive(Clone, Debug)]
pub struct Smtp {
    pub host: Option<String>,
    pub port: u16,
    pub security: SmtpSecurity,
    pub username: String,
    pub password: Secret,
    /// Whom letters come from.
    pub from: Option<String>,
}

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// It becomes TLS before anything is said (RFC 3207), or nothing is said.
    #[default]
    Starttls,
    /// TLS from the beginning (RFC 8314).
    Tls,
    /// Not at all: on this machine only.
    None,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            security: SmtpSecurity::Starttls,
            username: String::new(),
            password: Secret::default(),
            from: None,
        }
    }
}

impl Smtp {
    /// Whether letters can be sent.
    pub fn is_configured(&self) -> bool {
        self.host.is_some() && self.from.is_some()
    }

    /// Whether the server is on this machine.
    pub(super) fn is_here(&self) -> bool {
        let host = self.host.as_deref().unwrap_or_default();
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}
