//! One request with its redirects: look-up, exchange, caps on what comes back.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use ureq::{Agent, Body};
use url::Url;

use super::address::is_forbidden;
use super::error::{ClientError, Kind};
use super::target::{Target, port_refused};
use super::{Head, Inner, OutRequest, OutResponse, Sink, hop};
use crate::clock::Clock;

type Result<T> = std::result::Result<T, ClientError>;

/// S-014: an error's body is for the log.
const MAX_ERROR_BODY: usize = 4 * 1024;
/// S-015, and from what size on it is judged: short texts may well compress better.
const MAX_RATIO: u64 = 100;
const RATIO_FROM: u64 = 64 * 1024;
/// S-013: bytes a second, once the grace is over.
const MIN_RATE: u128 = 1024;
/// Addresses that are kept; ureq has room for no more.
const MAX_ADDRESSES: usize = 16;
/// What is read at a time.
const CHUNK: usize = 16 * 1024;

/// The framing of a request is ours alone.
const OURS: [HeaderName; 5] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
];
/// Not for another origin than the one they were meant for.
const PRIVATE: [HeaderName; 3] =
    [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// Sends `request`, follows its redirects, and writes the body of the answer to `sink`.
pub(super) fn run(inner: &Inner, request: &OutRequest, sink: &mut dyn Sink) -> Result<OutResponse> {
    let deadline = Instant::now() + request.limits.total;
    let mut target = inner.rules.check(&request.url, request.configured)?;
    let mut configured = request.configured;
    let first = target.url.origin();
    let mut visited = vec![target.url.clone()];
    loop {
        let addresses = pin(inner, &target, configured, deadline)?;
        let same_origin = target.url.origin() == first;
        let (response, guard) =
            exchange(inner, request, &target, addresses, same_origin, deadline)?;
        if let Some(next) = next_hop(request, &target, &response)? {
            drop((response, guard));
            let from = target.host;
            // where it sends us is not what the configuration names
            configured = false;
            target = inner.rules.judge(next, configured)?;
            if visited.contains(&target.url) {
                return Err(ClientError::new(Kind::Redirect, &from, "it redirects in a circle"));
            }
            if visited.len() > usize::from(request.redirects) {
                return Err(ClientError::new(Kind::Redirect, &from, "too many redirects"));
            }
            visited.push(target.url.clone());
            continue;
        }
        return receive(inner, request, &target, response, sink);
    }
}

/// Looks the host up, once, and answers its addresses if every one of them is allowed.
fn pin(
    inner: &Inner,
    target: &Target,
    configured: bool,
    deadline: Instant,
) -> Result<Vec<SocketAddr>> {
    let host = &target.host;
    let found = match target.literal {
        Some(ip) => vec![ip],
        None => {
            let until = deadline.min(Instant::now() + inner.caps.dns);
            inner.resolver.resolve(host, until).map_err(|e| {
                let late = e.kind() == io::ErrorKind::TimedOut;
                let message =
                    if late { "the name look-up took too long" } else { "the name was not found" };
                ClientError::new(Kind::Dns, host, message)
            })?
        }
    };
    let mut addresses = Vec::with_capacity(found.len().min(MAX_ADDRESSES));
    // all are judged, also those beyond what is kept (S-003)
    for ip in found.iter().map(IpAddr::to_canonical) {
        let allowed = configured || inner.rules.allows(ip);
        if is_forbidden(ip) && !allowed {
            // which address it is stays in the log: nobody shall map our network by errors
            tracing::debug!(%host, %ip, "refused: forbidden address");
            return Err(ClientError::new(Kind::Forbidden, host, "its address is not allowed"));
        }
        if !target.port_allowed && !allowed {
            return Err(port_refused(host, target.port));
        }
        let address = SocketAddr::new(ip, target.port);
        if addresses.len() < MAX_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(ClientError::new(Kind::Dns, host, "the name has no address"));
    }
    Ok(addresses)
}

/// Sends one request over a pooled or a new connection and reads the header of the answer.
/// The guard must live as long as the body is read.
fn exchange(
    inner: &Inner,
    request: &OutRequest,
    target: &Target,
    addresses: Vec<SocketAddr>,
    same_origin: bool,
    deadline: Instant,
) -> Result<(Response<Body>, hop::Guard)> {
    let guard = hop::begin(addresses.clone());
    let error = match once(&inner.agent, request, target, same_origin, deadline, true) {
        Ok(response) => return Ok((response, guard)),
        Err(Failed::Ours(error)) => return Err(error),
        Err(Failed::Http(error)) => error,
    };
    let untouched = hop::with(|hop| !hop.dialled && hop.received == 0).unwrap_or(false);
    if !untouched || !is_broken(&error) {
        return Err(named(ClientError::of(error, &target.host), target));
    }
    // The other side closed an idle connection just when we took it from the pool: nothing
    // was answered, so the request goes out once more, signed anew, over a new connection.
    drop(guard);
    let guard = hop::begin(addresses);
    match once(&inner.agent, request, target, same_origin, deadline, false) {
        Ok(response) => Ok((response, guard)),
        Err(Failed::Ours(error)) => Err(error),
        Err(Failed::Http(error)) => Err(named(ClientError::of(error, &target.host), target)),
    }
}

enum Failed {
    Ours(ClientError),
    Http(ureq::Error),
}

fn is_broken(error: &ureq::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error, ureq::Error::Io(e) if matches!(
        e.kind(),
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe
    ))
}

/// The transport knows no host name.
fn named(mut error: ClientError, target: &Target) -> ClientError {
    if error.host.is_empty() {
        error.host.clone_from(&target.host);
    }
    error
}

fn once(
    agent: &Agent,
    request: &OutRequest,
    target: &Target,
    same_origin: bool,
    deadline: Instant,
    pooled: bool,
) -> std::result::Result<Response<Body>, Failed> {
    let host = &target.host;
    let local = |what: String| Failed::Ours(ClientError::new(Kind::Local, host, what));
    let body = request.body.as_deref();
    let mut builder = Request::builder()
        .method(Method::from_bytes(request.method.as_bytes()).map_err(|e| local(e.to_string()))?)
        .uri(target.url.as_str().parse::<Uri>().map_err(|e| {
            Failed::Ours(ClientError::new(Kind::BadUrl, host, format!("not a URL: {e}")))
        })?);
    let signed = match &request.sign {
        Some(sign) => sign(request.method, &target.url, body).map_err(|e| local(e.to_string()))?,
        None => Vec::new(),
    };
    for (name, value) in request.headers.iter().chain(&signed) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| local(e.to_string()))?;
        // refuses CR, LF, NUL and other control characters (S-023)
        let value = HeaderValue::from_str(value)
            .map_err(|_| local(format!("the header {name} has a value that cannot be sent")))?;
        if OURS.contains(&name) || (!same_origin && PRIVATE.contains(&name)) {
            continue;
        }
        builder = builder.header(name, value);
    }
    if request.websocket {
        builder =
            builder.header(header::CONNECTION, "Upgrade").header(header::UPGRADE, "websocket");
    }
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Failed::Http(ureq::Error::Timeout(ureq::Timeout::Global)));
    }
    tracing::debug!(method = request.method, url = %target.url, "outgoing request");
    if let Some(file) = &request.file {
        let from = File::open(&file.path).map_err(|e| local(format!("no file to send: {e}")))?;
        let mut from = from.take(file.bytes);
        let builder = builder.header(header::CONTENT_LENGTH, file.bytes);
        let body = ureq::SendBody::from_reader(&mut from);
        let request = builder.body(body).map_err(|e| local(e.to_string()))?;
        return agent.run(configured(agent, request, left, pooled)).map_err(Failed::Http);
    }
    match body {
        Some(body) => {
            let request = builder.body(body).map_err(|e| local(e.to_string()))?;
            agent.run(configured(agent, request, left, pooled))
        }
        None => {
            let request = builder.body(()).map_err(|e| local(e.to_string()))?;
            agent.run(configured(agent, request, left, pooled))
        }
    }
    .map_err(Failed::Http)
}

fn configured<S: ureq::AsSendBody>(
    agent: &Agent,
    request: Request<S>,
    left: Duration,
    pooled: bool,
) -> Request<S> {
    let config = agent.configure_request(request).timeout_global(Some(left));
    // no connection is younger than that
    if pooled { config.build() } else { config.max_idle_age(Duration::ZERO).build() }
}

/// Where a GET goes on, or `None` if this is the answer (S-010).
fn next_hop(
    request: &OutRequest,
    target: &Target,
    response: &Response<Body>,
) -> Result<Option<Url>> {
    let follows = request.redirects > 0 && matches!(request.method, "GET" | "HEAD");
    if !follows || !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(header::LOCATION) else { return Ok(None) };
    let refused = |why: &str| ClientError::new(Kind::Redirect, &target.host, why);
    let next = location
        .to_str()
        .ok()
        .and_then(|location| target.url.join(location).ok())
        .ok_or_else(|| refused("it redirects to something that is no URL"))?;
    if target.url.scheme() == "https" && next.scheme() != "https" {
        return Err(refused("it redirects from https to something less"));
    }
    Ok(Some(next))
}

/// Reads the body under all caps and makes the answer.
fn receive(
    inner: &Inner,
    request: &OutRequest,
    target: &Target,
    response: Response<Body>,
    sink: &mut dyn Sink,
) -> Result<OutResponse> {
    let host = &target.host;
    let (parts, mut body) = response.into_parts();
    check_framing(&parts.headers, host)?;
    // what a cache kept is as old as it is
    if let Some(date) = parts.headers.get(header::DATE).and_then(|date| date.to_str().ok())
        && !parts.headers.contains_key(header::AGE)
    {
        inner.dates.hear(target.url.authority(), date);
    }
    let status = parts.status.as_u16();
    let is_error = status >= 400;
    let cap = if is_error {
        MAX_ERROR_BODY.min(request.limits.max_bytes)
    } else {
        request.limits.max_bytes
    };
    // a hint only, but there is no point in reading what says itself that it is too much
    if !is_error
        && !request.cut
        && body.content_length().is_some_and(|length| length > cap as u64)
        && request.method != "HEAD"
    {
        return Err(too_large(host));
    }
    let length =
        body.content_length().filter(|_| parts.headers.contains_key(header::CONTENT_LENGTH));
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let answer = OutResponse {
        status,
        headers,
        body: Vec::new(),
        final_url: target.url.as_str().to_owned(),
        retry_after: parts.headers.get(header::RETRY_AFTER).and_then(retry_seconds),
    };
    let stored = |e| ClientError::new(Kind::Local, host, format!("could not store it: {e}"));
    sink.begin(&Head { answer: &answer, length }).map_err(stored)?;
    let header_bytes: usize =
        parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let started = Instant::now();
    let mut reader = body.as_reader();
    let mut chunk = vec![0; CHUNK];
    let mut total = 0_usize;
    loop {
        // one byte more than allowed, to see that there is more
        let room = (cap - total + 1).min(CHUNK);
        let amount = match reader.read(&mut chunk[..room]) {
            Ok(0) => break,
            Ok(amount) => amount,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(named(ClientError::of(ureq::Error::from(e), host), target)),
        };
        let fits = amount.min(cap - total);
        sink.write_all(&chunk[..fits]).map_err(stored)?;
        total += fits;
        if fits < amount {
            if is_error || request.cut {
                break;
            }
            return Err(too_large(host));
        }
        let received =
            hop::with(|hop| hop.received).unwrap_or(0).saturating_sub(header_bytes as u64);
        if total as u64 > RATIO_FROM && total as u64 > received.max(1) * MAX_RATIO {
            return Err(ClientError::new(Kind::TooLarge, host, "it inflates to far too much"));
        }
        let spent = started.elapsed();
        if spent > inner.caps.rate_grace
            && u128::from(received) * 1000 < spent.as_millis() * MIN_RATE
        {
            return Err(ClientError::new(Kind::Timeout, host, "the answer is too slow"));
        }
    }
    Ok(answer)
}

fn too_large(host: &str) -> ClientError {
    ClientError::new(Kind::TooLarge, host, "the answer is too large")
}

/// Refuses what can be understood in two ways (S-016), and every encoding but one gzip
/// (S-015): ureq has inflated that and taken its header away, so any left is another.
fn check_framing(headers: &HeaderMap, host: &str) -> Result<()> {
    let odd = |what: &str| Err(ClientError::new(Kind::Protocol, host, what));
    let is =
        |value: &HeaderValue, text: &str| value.as_bytes().eq_ignore_ascii_case(text.as_bytes());
    if headers.get_all(header::CONTENT_ENCODING).iter().any(|e| !is(e, "identity")) {
        return odd("the answer has an encoding that was not asked for");
    }
    let codings: Vec<_> = headers.get_all(header::TRANSFER_ENCODING).iter().collect();
    if codings.len() > 1 || codings.iter().any(|c| !is(c, "chunked")) {
        return odd("the answer has an unknown transfer encoding");
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.any(|other| Some(other) != length) || (length.is_some() && !codings.is_empty()) {
        return odd("the answer contradicts itself about its length");
    }
    Ok(())
}

/// Seconds or a date, as seconds from now.
fn retry_seconds(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let at = chrono::DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis();
    u64::try_from((at - Clock::system().now_ms()) / 1000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let seconds = |text: &'static str| retry_seconds(&HeaderValue::from_static(text));
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        assert!(seconds("Fri, 31 Dec 2100 23:59:59 GMT").is_some_and(|s| s > 1_000_000));
        assert_eq!(seconds("soon"), None);
    }

    #[test]
    fn s_016_answers_that_contradict_themselves_are_refused() {
        let judge = |pairs: &[(HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name.clone(), HeaderValue::from_static(value));
            }
            check_framing(&headers, "peer.example").is_ok()
        };
        let (length, coding, encoding) =
            (header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONTENT_ENCODING);
        assert!(judge(&[(length.clone(), "5")]));
        assert!(judge(&[(coding.clone(), "Chunked"), (encoding.clone(), "identity")]));
        assert!(!judge(&[(length.clone(), "5"), (length.clone(), "6")]));
        assert!(!judge(&[(length, "5"), (coding.clone(), "chunked")]));
        assert!(!judge(&[(coding, "gzip, chunked")]));
        for other in ["br", "gzip, gzip", "zstd", "deflate"] {
            assert!(!judge(&[(encoding.clone(), other)]), "{other}");
        }
    }
}
