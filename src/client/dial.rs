//! ureq's resolver and connector, ours: only checked addresses, IPv6 and IPv4 one after the
//! other, TLS under its own cap.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConnection;
use rustls_pki_types::ServerName;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, ShutdownHandle};

use super::Caps;
use super::error::{ClientError, Kind};
use super::hop;
use super::tls::Tls;
use super::wire::{Timed, Wire};

/// Addresses of one family that are tried; each gets its share of the time.
const TRIES: usize = 4;
/// Hosts whose family is remembered, and how long (S-022).
const FAMILIES: usize = 256;
const FAMILY_AGE: Duration = Duration::from_secs(3600);

/// Answers ureq with the addresses that were checked for this very request. ureq looks a name
/// up before it takes a connection from its pool, so that this is also what keeps a pooled
/// connection from ever being used for a host that does not pass any more.
#[derive(Debug)]
pub(super) struct Pinned;

impl Resolver for Pinned {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut pinned = self.empty();
        hop::with(|hop| hop.addresses.iter().take(16).for_each(|a| pinned.push(*a)));
        if pinned.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(pinned) }
    }
}

/// Opens connections.
pub(super) struct Dial {
    pub(super) tls: Tls,
    pub(super) caps: Caps,
    /// Hosts where IPv4 worked after IPv6 had failed, and since when that is known.
    ipv4_first: Mutex<HashMap<String, Instant>>,
}

impl Dial {
    pub(super) fn new(tls: Tls, caps: Caps) -> Self {
        Self { tls, caps, ipv4_first: Mutex::new(HashMap::new()) }
    }

    /// The working family first; the other one after a step of 2 s at the latest.
    fn open(
        &self,
        host: &str,
        addresses: &[SocketAddr],
        budget: Duration,
    ) -> io::Result<TcpStream> {
        let deadline = Instant::now() + budget;
        let (v6, v4): (Vec<SocketAddr>, Vec<SocketAddr>) =
            addresses.iter().copied().partition(SocketAddr::is_ipv6);
        if v4.is_empty() || v6.is_empty() {
            return try_each(addresses, deadline);
        }
        let v4_first = self.is_ipv4_first(host);
        let (first, second) = if v4_first { (&v4, &v6) } else { (&v6, &v4) };
        let step = deadline.min(Instant::now() + self.caps.family_step);
        if let Ok(stream) = try_each(first, step) {
            return Ok(stream);
        }
        let stream = try_each(second, deadline)?;
        self.remember(host, !v4_first);
        Ok(stream)
    }

    fn is_ipv4_first(&self, host: &str) -> bool {
        let known = self.ipv4_first.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(host).is_some_and(|since| since.elapsed() < FAMILY_AGE)
    }

    fn remember(&self, host: &str, ipv4_first: bool) {
        let mut known = self.ipv4_first.lock().unwrap_or_else(PoisonError::into_inner);
        if !ipv4_first {
            known.remove(host);
            return;
        }
        if known.len() >= FAMILIES {
            known.retain(|_, since| since.elapsed() < FAMILY_AGE);
        }
        if known.len() >= FAMILIES {
            // a wrong guess costs 2 s once, so any one may go
            if let Some(any) = known.keys().next().cloned() {
                known.remove(&any);
            }
        }
        known.insert(host.to_owned(), Instant::now());
    }
}

/// One address after the other, all within `until`.
fn try_each(addresses: &[SocketAddr], until: Instant) -> io::Result<TcpStream> {
    let count = addresses.len().min(TRIES) as u32;
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for (tried, address) in (0..count).zip(addresses) {
        let left = until.saturating_duration_since(Instant::now()) / (count - tried);
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, left) {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

impl Connector for Dial {
    type Out = Wire;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Wire>, ureq::Error> {
        hop::with(|hop| hop.dialled = true);
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let fail = |kind, message: String| ClientError::new(kind, host, message).boxed();
        let whole = Instant::now() + *details.timeout.after;
        let left = || whole.saturating_duration_since(Instant::now());

        let stream =
            self.open(host, &details.addrs, self.caps.connect.min(left())).map_err(|e| match e
                .kind()
            {
                io::ErrorKind::TimedOut => fail(Kind::Timeout, "could not connect in time".into()),
                kind => fail(Kind::Connect, format!("could not connect: {kind}")),
            })?;
        stream.set_nodelay(true)?;
        let socket = Arc::new(stream);
        // lets Client::shutdown end a request that waits
        let handle: Arc<dyn ShutdownHandle> = socket.clone();
        (details.register_shutdown)(Arc::downgrade(&handle))?;
        if !details.needs_tls() {
            return Ok(Some(Wire::new(socket, None)));
        }

        let config = self.tls.config().map_err(|e| fail(Kind::Tls, e))?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| fail(Kind::Tls, "no certificate can have this name".into()))?;
        let mut tls = ClientConnection::new(config, name)
            .map_err(|e| fail(Kind::Tls, format!("TLS failed: {e}")))?;
        let until = Instant::now() + self.caps.tls.min(left());
        tls.complete_io(&mut Timed { socket: &socket, until }).map_err(|e| match e.kind() {
            io::ErrorKind::TimedOut => fail(Kind::Timeout, "TLS took too long".into()),
            // what rustls itself found wrong, a bad certificate first of all
            io::ErrorKind::InvalidData => fail(Kind::Tls, format!("TLS failed: {e}")),
            kind => fail(Kind::Tls, format!("TLS failed: {kind}")),
        })?;
        Ok(Some(Wire::new(socket, Some(Box::new(tls)))))
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_family_that_works_is_remembered_and_the_memory_is_bounded() {
        let dial = Dial::new(Tls::new(None).expect("tls"), Caps::default());
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let works = listener.local_addr().expect("address");
        // a port that was just closed refuses at once, with or without IPv6 on this machine
        let dead: SocketAddr = ([0, 0, 0, 0, 0, 0, 0, 1], works.port()).into();
        let both = [dead, works];
        assert!(!dial.is_ipv4_first("a.example"));
        assert!(dial.open("a.example", &both, Duration::from_secs(5)).is_ok());
        assert!(dial.is_ipv4_first("a.example"));
        dial.remember("a.example", false);
        assert!(!dial.is_ipv4_first("a.example"));
        for n in 0..2 * FAMILIES {
            dial.remember(&format!("{n}.example"), true);
        }
        assert_eq!(dial.ipv4_first.lock().expect("lock").len(), FAMILIES);
    }
}
