//! Outgoing HTTP, all of it, and mail (S-001): no other module opens a socket to another machine.
//!
//! [`Client::send`] checks the URL, looks the name up once, refuses the host if any of its
//! addresses is forbidden, connects to nothing but those addresses, and caps time, sizes and
//! redirects. It blocks, so it is called on the threads of a [`Lane`].

mod address;
mod dates;
mod dial;
mod error;
mod exchange;
mod hop;
mod lane;
pub mod mail;
mod part;
mod resolver;
pub mod tally;
mod target;
mod tls;
mod turns;
mod wire;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::HeaderValue;
use url::Url;

pub use self::address::is_forbidden;
pub use self::error::{ClientError, Kind};
pub use self::lane::{Lane, Lanes};
pub use self::part::Part;
pub use self::resolver::{Resolve, SystemResolver};
use self::target::Rules;
pub use self::target::host_of;
pub use self::turns::{Turn, Turns};
use crate::error::{Error, Result};

/// What the configuration says about outgoing requests.
#[derive(Clone)]
pub struct Settings {
    /// `Dassie/0.x (+https://host/)` (F-085).
    pub user_agent: String,
    /// Never fetched (S-008). With a port (`localhost:3000`) only that port is meant.
    pub own_hosts: Vec<String>,
    /// Private ranges that may be connected to, at any port (S-011). Empty by default.
    pub allowed_private: Vec<crate::config::Cidr>,
    /// Ports beside 443 (S-007). Empty by default.
    pub allow_ports: Vec<u16>,
    /// Certificates, PEM, that are trusted beside the system's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// http URLs and port 80: for `serve --dev` only.
    pub allow_http: bool,
    /// Looks names up.
    pub resolver: Arc<dyn Resolve>,
}

impl Settings {
    /// The defaults: https on port 443 of public addresses, the system's resolver.
    pub fn new(user_agent: impl Into<String>) -> Self {
        Self {
            user_agent: user_agent.into(),
            own_hosts: Vec::new(),
            allowed_private: Vec::new(),
            allow_ports: Vec::new(),
            extra_ca_pem: None,
            allow_http: false,
            resolver: Arc::new(SystemResolver::new()),
        }
    }
}

/// The time caps that do not depend on the request (S-013).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) dns: Duration,
    pub(crate) connect: Duration,
    /// Given to the first family before the other one is tried.
    pub(crate) family_step: Duration,
    pub(crate) tls: Duration,
    /// Until the header is whole, and for each pause in a body.
    pub(crate) first_byte: Duration,
    /// After so long a body must have come in at 1 KiB/s on average.
    pub(crate) rate_grace: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(5),
            connect: Duration::from_secs(5),
            family_step: Duration::from_secs(2),
            tls: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            rate_grace: Duration::from_secs(10),
        }
    }
}

/// What one request may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For everything, with look-ups and redirects.
    pub total: Duration,
    /// Of the body, inflated (S-014).
    pub max_bytes: usize,
}

impl Limits {
    /// ActivityPub documents: 30 s, 1 MiB.
    pub const DOCUMENT: Self = Self::new(30, 1024 * 1024);
    /// webfinger, nodeinfo, host-meta: 10 s, 64 KiB.
    pub const SMALL: Self = Self::new(10, 64 * 1024);
    /// Deliveries and web push: 30 s, and 64 KiB of answer (F-210).
    pub const DELIVERY: Self = Self::new(30, 64 * 1024);

    /// Pages behind links: 15 s, 1 MiB.
    pub const PAGE: Self = Self::new(15, 1024 * 1024);

    /// Translations, while somebody waits: 9 s, 1 MiB.
    pub const TRANSLATION: Self = Self::new(9, 1024 * 1024);

    /// Media: 120 s, and as many bytes as the configuration says.
    pub const fn media(max_bytes: usize) -> Self {
        Self::new(120, max_bytes)
    }

    /// A file for as long as it may take at 64 KiB a second, with a minute more.
    pub const fn file(max_bytes: usize) -> Self {
        Self::new(60 + (max_bytes >> 16) as u64, max_bytes)
    }

    const fn new(seconds: u64, max_bytes: usize) -> Self {
        Self { total: Duration::from_secs(seconds), max_bytes }
    }
}

/// Makes the headers that sign a request to this URL with this body. Called anew for each
/// hop and each retry, since method, host, path and date are signed (F-086, F-088).
pub type Sign =
    Arc<dyn Fn(&str, &Url, Option<&[u8]>) -> Result<Vec<(String, String)>> + Send + Sync>;

/// A file that is the body of a request; it must not change meanwhile.
#[derive(Clone, Debug)]
pub struct FileBody {
    pub path: PathBuf,
    pub bytes: u64,
}

/// A request to another server.
#[derive(Clone)]
pub struct OutRequest {
    /// `GET`, `POST`, …; only GET and HEAD follow redirects.
    pub method: &'static str,
    /// Judged by the rules of S-006 to S-009.
    pub url: String,
    /// `Host` and the framing headers are made here and ignored in this list.
    pub headers: Vec<(String, String)>,
    /// Shared, as one activity goes to many inboxes.
    pub body: Option<Arc<[u8]>>,
    /// Sent instead of `body`, from the disk, piece by piece.
    pub file: Option<FileBody>,
    /// Caps of time and size.
    pub limits: Limits,
    /// What is larger than the limit is cut there instead of refused: the beginning is enough.
    pub cut: bool,
    /// Hops that may follow the first; with 0 a redirect is an answer like any other.
    pub redirects: u8,
    /// Its address stands in the configuration: it may be on this machine or in a private network,
    /// over http and at any port. Never for what anybody else can name.
    pub configured: bool,
    /// Asks for a WebSocket, to see whether that comes through. It is not spoken.
    pub websocket: bool,
    /// Signs every hop.
    pub sign: Option<Sign>,
}

impl OutRequest {
    /// An unsigned GET with the limits of a document and 3 redirects (S-010).
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: None,
            file: None,
            limits: Limits::DOCUMENT,
            cut: false,
            redirects: 3,
            configured: false,
            websocket: false,
            sign: None,
        }
    }

    /// An unsigned POST with the limits of a delivery; it follows no redirect.
    pub fn post(url: impl Into<String>, body: Arc<[u8]>) -> Self {
        Self {
            method: "POST",
            body: Some(body),
            limits: Limits::DELIVERY,
            redirects: 0,
            ..Self::get(url)
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Of an address that stands in the configuration.
    #[must_use]
    pub fn configured(mut self) -> Self {
        self.configured = true;
        self
    }

    /// Cut at the limit of size.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    /// Signed by `sign`.
    #[must_use]
    pub fn signed(mut self, sign: Sign) -> Self {
        self.sign = Some(sign);
        self
    }
}

/// What is known of an answer before its body.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Status, headers and where it comes from; its body is empty.
    pub answer: &'a OutResponse,
    /// Bytes of the body, where the server says so and sends it as it is.
    pub length: Option<u64>,
}

/// Takes a body as it arrives.
pub trait Sink: Write {
    /// Hears of the answer before its body; an error ends the request.
    fn begin(&mut self, _head: &Head<'_>) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Vec<u8> {}
impl Sink for &mut [u8] {}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutResponse {
    /// The status code.
    pub status: u16,
    /// Names in lower case, as they came; no `content-encoding` where it was inflated.
    pub headers: Vec<(String, String)>,
    /// Inflated. Cut at 4 KiB if the status is 400 or more (S-014). Empty after
    /// [`Client::send_into`].
    pub body: Vec<u8>,
    /// Where the answer came from, after redirects.
    pub final_url: String,
    /// Seconds from now, from `Retry-After` in either form.
    pub retry_after: Option<u64>,
}

impl OutResponse {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends requests. Cheap to clone; all clones share idle connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    rules: Rules,
    resolver: Arc<dyn Resolve>,
    caps: Caps,
    agent: ureq::Agent,
    dates: dates::Dates,
}

impl Client {
    /// Checks the settings; opens nothing and reads no certificates yet.
    pub fn new(settings: Settings) -> Result<Self> {
        Self::with_caps(settings, Caps::default())
    }

    pub(crate) fn with_caps(settings: Settings, caps: Caps) -> Result<Self> {
        // S-023: ureq would panic at the first request
        if settings.user_agent.is_empty() || HeaderValue::from_str(&settings.user_agent).is_err() {
            return Err(Error::invalid("the user agent cannot be sent as a header"));
        }
        for range in &settings.allowed_private {
            tracing::info!(%range, "connections to this private range are allowed");
        }
        if !settings.allow_ports.is_empty() {
            tracing::info!(ports = ?settings.allow_ports, "connections to these ports are allowed");
        }
        let tls = tls::Tls::new(settings.extra_ca_pem.as_deref()).map_err(Error::Internal)?;
        let config = ureq::Agent::config_builder()
            .user_agent(settings.user_agent)
            // S-012: the default would read HTTPS_PROXY and its like
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_response_header_size(wire::MAX_HEADER)
            .max_idle_connections(24)
            // as many as there are pictures of one server at a time, or the next ones would
            // shake hands again
            .max_idle_connections_per_host(8)
            .max_idle_age(Duration::from_secs(15))
            // the dialler has a cap for each of the two
            .timeout_connect(Some(caps.connect + caps.tls))
            .timeout_send_request(Some(caps.first_byte))
            .timeout_recv_response(Some(caps.first_byte))
            .timeout_per_read(Some(caps.first_byte))
            .timeout_per_write(Some(caps.first_byte))
            .build();
        let agent = ureq::Agent::with_parts(config, dial::Dial::new(tls, caps), dial::Pinned);
        let rules = Rules::new(
            &settings.own_hosts,
            settings.allowed_private,
            settings.allow_ports,
            settings.allow_http,
        );
        let dates = dates::Dates::default();
        let resolver = settings.resolver;
        Ok(Self { inner: Arc::new(Inner { rules, resolver, caps, agent, dates }) })
    }

    /// Judges a URL by the rules of S-006 to S-009, before anything is looked up: what somebody
    /// wants to be sent to later (S-086). The addresses behind its name are checked when it is.
    pub fn check(&self, url: &str) -> std::result::Result<(), ClientError> {
        self.inner.rules.check(url, false).map(|_| ())
    }

    /// Sends a request and waits for the whole answer, on the thread of the caller.
    pub fn send(&self, request: OutRequest) -> std::result::Result<OutResponse, ClientError> {
        let mut body = Vec::new();
        let answer = exchange::run(&self.inner, &request, &mut body);
        tally::count(body.len());
        let mut response = answer?;
        response.body = body;
        Ok(response)
    }

    /// The same, but the body goes to `sink` as it arrives: for media, which need not be in
    /// memory. After an error `sink` may have got a part of it. `sink` must not send requests
    /// itself.
    pub fn send_into(
        &self,
        request: OutRequest,
        sink: &mut dyn Sink,
    ) -> std::result::Result<OutResponse, ClientError> {
        exchange::run(&self.inner, &request, sink)
    }

    /// How many milliseconds the clocks of other servers are ahead of ours, as those say that
    /// answered lately; `None`: too few did.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.inner.dates.ahead()
    }

    /// Our own clock was put right or wrong: what was heard so far says nothing any more.
    pub fn forget_clocks(&self) {
        self.inner.dates.forget();
    }

    /// Ends all requests under way, on whatever thread, and refuses new ones.
    pub fn shutdown(&self) {
        self.inner.agent.clone().shutdown();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("rules", &self.inner.rules).finish_non_exhaustive()
    }
}
