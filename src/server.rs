//! The HTTP server: routes together, what every answer carries, and an orderly end.

mod doors;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Compress, Next, NormalizePath, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App as Actix, HttpRequest, HttpResponse, HttpServer, ResponseError};

use crate::app::App;
use crate::error::{Error, Result};
use crate::tls::Tls;
use crate::worker::Worker;
use crate::{api, control, federation, oauth, watch, web as web_pages};
pub use doors::Doors;

/// How long a request may take to send its headers (S-053), and a handshake before it.
const HEADERS: Duration = Duration::from_secs(10);
/// How long a connection may idle.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How many connections there may be at once.
const CONNECTIONS: usize = 2_000;
/// For a year, browsers use TLS alone (RFC 6797); the fediverse does anyway.
const STRICT_TRANSPORT: &str = "max-age=31536000";
/// How long running requests may take to finish at the end.
const STOP: u64 = 1;

/// A server that runs on threads of its own.
pub struct Server {
    app: App,
    handle: ServerHandle,
    thread: std::thread::JoinHandle<()>,
    worker: Worker,
    streams: api::Streams,
    control: Option<control::Control>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Starts serving.
pub fn start(app: App, doors: impl Into<Doors>) -> Result<Server> {
    let doors = doors.into();
    let address = doors.main.local_addr().map_err(Error::internal)?;
    let tls = app.tls.as_ref().map(Tls::server_config).transpose()?;
    let worker = Worker::start(&app)?;
    let streams = api::stream(&app)?;
    look_for_tools(&app)?;
    let (sender, receiver) = mpsc::channel();
    let parts = app.clone();
    let thread = std::thread::Builder::new()
        .name("http".into())
        .spawn(move || {
            let data = Data::new(parts);
            let ended = actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    Actix::new()
                        .app_data(data.clone())
                        .wrap(Compress::default())
                        // clients write /oauth/authorize/ and /api/v2/instance/
                        .wrap(NormalizePath::trim())
                        .wrap(from_fn(surround))
                        .configure(api::routes)
                        .configure(oauth::routes)
                        .configure(federation::routes)
                        .configure(watch::routes)
                        .configure(web_pages::routes)
                        .default_service(web::to(unknown))
                })
                .workers(1)
                .worker_max_blocking_threads(4)
                .max_connections(CONNECTIONS)
                // handshakes: those that hang keep nobody out, as long as there are places
                .max_connection_rate(CONNECTIONS)
                .client_request_timeout(HEADERS)
                .keep_alive(KEEP_ALIVE)
                .shutdown_timeout(STOP)
                .disable_signals();
                let server = match tls {
                    Some(config) => {
                        server.tls_handshake_timeout(HEADERS).listen_rustls_0_23(doors.main, config)
                    }
                    None => server.listen(doors.main),
                }?;
                let server = match doors.plain {
                    Some(plain) => server.listen(plain)?,
                    None => server,
                };
                let server = server.run();
                // the starter waits for this
                let _ = sender.send(server.handle());
                server.await
            });
            if let Err(error) = ended {
                tracing::error!(%error, "the server ended");
            }
        })
        .map_err(|e| Error::internal(format!("cannot start the server thread: {e}")))?;
    let handle = receiver.recv().map_err(|_| Error::internal("the server could not be started"))?;
    check_bucket(&app);
    // tests run without a control socket where the path would be too long for one
    let control = match control::listen(&app) {
        Ok(control) => Some(control),
        Err(error) => {
            tracing::warn!(%error, "commands cannot reach this server while it runs");
            None
        }
    };
    Ok(Server { app, handle, thread, worker, streams, control, address })
}

/// Looks for programs of this machine on a thread of its own: asking them takes a moment.
fn look_for_tools(app: &App) -> Result<()> {
    let app = app.clone();
    std::thread::Builder::new()
        .name("tools".into())
        .spawn(move || app.media.look_for_tools())
        .map(drop)
        .map_err(|e| Error::internal(format!("cannot start a thread: {e}")))
}

impl Server {
    /// Stops: no new connections, running requests get a second, the queues keep what is left.
    pub fn stop(self) {
        let since = Instant::now();
        let handle = self.handle;
        // they would not end by themselves
        self.app.streams.close();
        self.streams.join();
        // a stuck connection must not hold up the end
        let stopped = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(handle.stop(true));
        });
        let _ = stopped.join();
        if let Some(control) = self.control {
            control.close();
        }
        self.worker.stop();
        let _ = self.thread.join();
        self.app.close();
        tracing::info!(ms = since.elapsed().as_millis() as u64, "stopped");
    }
}

/// Asks the bucket of uploads something, away from everything else: a wrong key is told at once,
/// and not to the first who uploads. It serves all the same.
fn check_bucket(app: &App) {
    let this = app.clone();
    let asked = app.lanes.bucket.run(move || {
        let Ok(bucket) = this.media.storage.bucket() else { return };
        match bucket.check() {
            Ok(()) => tracing::info!(bucket = bucket.name(), "the store of uploads answers"),
            Err(fault) => tracing::error!(
                bucket = bucket.name(),
                %fault,
                "the store of uploads cannot be used: correct [s3]. Everything else works"
            ),
        }
    });
    if asked.is_err() {
        tracing::debug!("the lane of the bucket is full");
    }
}

/// Serves until SIGINT or SIGTERM. SIGHUP looks after the certificate at once.
pub fn run(app: App, doors: Doors) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let server = actix_web::rt::System::new().block_on(async {
        // before it starts: a signal that nobody listens for would end it on the spot
        let listen = |kind| signal(kind).map_err(Error::internal);
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let mut hang_up = listen(SignalKind::hangup())?;
        let server = start(app.clone(), doors)?;
        tracing::info!(address = %server.address, tls = app.tls.is_some(), "listening");
        loop {
            tokio::select! {
                _ = hang_up.recv() => app.look_after_certificate(),
                _ = terminate.recv() => return Ok(server),
                _ = interrupt.recv() => return Ok(server),
            }
        }
    });
    server.map(Server::stop)
}

/// What surrounds every request: its id and log line, the check of its Host, CORS.
async fn surround(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let since = Instant::now();
    let id = request_id();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let cross_origin = !is_cookie_page(&path);
    let app = request.app_data::<Data<App>>().cloned();
    let is_encrypted = request.app_config().secure();
    let mut response = match admit(&request, is_encrypted) {
        Some(answer) => request.into_response(answer),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let status = response.status();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED
        && let Some(wanted) = federation::wanted_signature(&method, &path)
    {
        headers
            .insert(HeaderName::from_static("accept-signature"), HeaderValue::from_static(wanted));
    }
    if matches!(status.as_u16(), 401 | 403 | 404)
        && federation::depends_on_signature(&method, &path)
    {
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Signature"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    headers.insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    if is_encrypted {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    if cross_origin {
        // tokens travel in a header, never in cookies: any origin may ask (S-059)
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Link, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id, Retry-After, Mastodon-Async-Refresh"),
        );
    }
    // neither query nor headers: tokens and searches are nobody's business (S-127)
    let time = since.elapsed();
    if let Some(app) = app {
        app.meter.request(&path, status.as_u16(), time);
    }
    let us = time.as_micros() as u64;
    // what follows lets in whoever has it
    let path = if path.starts_with(INVITATION) { INVITATION } else { &path };
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(request = %id, %method, %path, status = status.as_u16(), us, "request");
    } else {
        tracing::debug!(request = %id, %method, %path, status = status.as_u16(), us, "request");
    }
    Ok(response)
}

/// What the path of an invitation begins with.
const INVITATION: &str = "/invite/";

/// Pages that work with a cookie answer to their own origin alone.
fn is_cookie_page(path: &str) -> bool {
    path.starts_with("/auth/")
        || path.starts_with("/oauth/authorize")
        || path == "/settings"
        || path.starts_with("/settings/")
        || path.starts_with(INVITATION)
}

/// Answers that need no handler: requests for another host (S-058), those without TLS where it ends
/// here, and preflights.
fn admit(request: &ServiceRequest, is_encrypted: bool) -> Option<HttpResponse> {
    let app = request.app_data::<Data<App>>()?;
    let site = &app.site;
    let mut hosts = request.headers().get_all(header::HOST).map(HeaderValue::to_str);
    let is_ours =
        |host: &str| is_our_host(host, &site.host) || is_our_host(host, &site.account_domain);
    let fits = match (hosts.next(), hosts.next()) {
        (Some(Ok(host)), None) => is_ours(host),
        _ => false,
    };
    // an absolute address in the request line names a host as well
    let fits = fits && request.uri().authority().is_none_or(|name| is_ours(name.as_str()));
    if !fits {
        let body = serde_json::json!({"error": "This server does not serve that host"});
        return Some(HttpResponse::build(StatusCode::MISDIRECTED_REQUEST).json(body));
    }
    let by_tls = app.tls.as_ref().and_then(|tls| doors::answer(app, tls, request, is_encrypted));
    if by_tls.is_some() {
        return by_tls;
    }
    if request.method() == Method::OPTIONS && !is_cookie_page(request.path()) {
        return Some(
            HttpResponse::Ok()
                .insert_header((
                    header::ACCESS_CONTROL_ALLOW_METHODS,
                    "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS",
                ))
                .insert_header((
                    header::ACCESS_CONTROL_ALLOW_HEADERS,
                    // the star is all others, as at Mastodon; it never means the first
                    "Authorization, Content-Type, Idempotency-Key, Accept, *",
                ))
                .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
                .finish(),
        );
    }
    None
}

/// The configured name, with or without the usual port, or this machine itself, for checks that
/// run beside the server.
fn is_our_host(host: &str, ours: &str) -> bool {
    if host.eq_ignore_ascii_case(ours) {
        return true;
    }
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    (name.eq_ignore_ascii_case(ours) && (host.ends_with(":443") || host.ends_with(":80")))
        || name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Short, unique enough to find a line in a log.
fn request_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static START: OnceLock<u64> = OnceLock::new();
    let start = *START.get_or_init(|| u64::from_le_bytes(crate::crypto::random_bytes::<8>()));
    let number = start
        .wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    format!("{number:016x}")
}

/// What no route answers: JSON 404 (clients take no HTML for it), a page for browsers.
async fn unknown(request: HttpRequest) -> HttpResponse {
    let error = Error::NotFound;
    if web_pages::wants_html(&request) && !request.path().starts_with("/api/") {
        web_pages::error_page(&request, &error)
    } else {
        error.error_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_058_only_our_hosts_are_served() {
        for ok in
            ["a.example", "a.example:443", "localhost", "localhost:8080", "127.0.0.1:1", "[::1]:80"]
        {
            assert!(is_our_host(ok, "a.example"), "{ok}");
        }
        for no in ["b.example", "a.example.evil", "a.example:8080", "xa.example", "10.0.0.1", ""] {
            assert!(!is_our_host(no, "a.example"), "{no}");
        }
        assert!(is_our_host("localhost:3000", "localhost:3000"));
    }

    #[test]
    fn request_ids_differ() {
        assert_ne!(request_id(), request_id());
    }
}
