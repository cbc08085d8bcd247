//! HTTP signatures, both dialects and both directions: draft-cavage-12 through http-sig, RFC 9421
//! by our own hand, all arithmetic in ring. Nothing outside this folder knows either library.
//!
//! Incoming: [`inspect`] makes every check that needs no key, so that a bad request costs no
//! fetch; then the caller finds the key of [`Inspected::key_id`] and calls [`Inspected::verify`].
//! Outgoing: [`sign_cavage`], and [`sign_rfc9421`] for hosts that want it (F-087).

mod adapter;
mod cavage;
pub mod digest;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod forgery_tests;
pub mod key;
pub mod multikey;
mod rfc9421;
mod sf;
pub mod sigv4;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests;

use chrono::{DateTime, NaiveDateTime};
use url::Url;

use crate::clock::{HOUR, MINUTE};
use crate::error::{Error, Result};
use crate::model::SignatureForm;
pub use adapter::sign as sign_cavage;
use key::PublicKey;
pub use rfc9421::sign as sign_rfc9421;

/// RFC 9110 section 5.6.7, the one form of a date that is sent and read.
const IMF_FIXDATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
/// Signature headers longer than this are refused unread; honest ones stay below 2 kB.
const MAX_HEADER: usize = 8 * 1024;
const MAX_KEY_ID: usize = 2048;

/// An incoming request, as far as signatures are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Any case.
    pub method: &'a str,
    /// As it stood in the request line: `/inbox?x=y`.
    pub path_and_query: &'a str,
    /// Names in any case, repeated where the request repeats them.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

impl Request<'_> {
    /// All values of a header in order, trimmed and joined with `, ` (F-100).
    fn header(&self, name: &str) -> Option<String> {
        let mut joined: Option<String> = None;
        for (_, value) in self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)) {
            match &mut joined {
                Some(text) => {
                    text.push_str(", ");
                    text.push_str(value.trim());
                }
                None => joined = Some(value.trim().to_owned()),
            }
        }
        joined
    }

    /// True where the body is what counts, so that its digest must be signed (F-093).
    fn writes(&self) -> bool {
        !self.method.eq_ignore_ascii_case("GET") && !self.method.eq_ignore_ascii_case("HEAD")
    }

    fn path_and_rest(&self) -> (&str, Option<&str>) {
        match self.path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.path_and_query, None),
        }
    }
}

/// Why a request is not believed (F-109). The reason is a constant, so nothing of the request
/// is echoed (S-038).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 400: a header cannot be read. 401: readable, and not good enough.
    pub status: u16,
    pub reason: &'static str,
}

impl Refusal {
    pub(crate) const fn malformed(reason: &'static str) -> Self {
        Self { status: 400, reason }
    }

    pub(crate) const fn unauthorized(reason: &'static str) -> Self {
        Self { status: 401, reason }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal.status {
            400 => Self::BadRequest(refusal.reason.into()),
            _ => Self::Unauthorized(refusal.reason.into()),
        }
    }
}

/// A check of an incoming request.
pub type Checked<T> = std::result::Result<T, Refusal>;

/// A signature that passed all checks but the arithmetic.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The key that the sender claims; an http or https URL ([`key_id_actor`] takes it).
    pub key_id: String,
    /// Whether a key of type Ed25519 is legal here (F-091).
    pub ed25519_ok: bool,
    /// When the sender says it signed, in milliseconds: far off our clock is worth a log line
    /// (F-097).
    pub signed_ms: i64,
    dialect: Dialect,
}

#[derive(Clone, Debug)]
enum Dialect {
    Cavage(cavage::Claim),
    Rfc9421(rfc9421::Claim),
}

impl Inspected {
    /// What a signature that holds under `key` shows of its server: what signs in a form reads it
    /// as well. `None`: nothing that was not known of everybody.
    pub fn shows(&self, key: &PublicKey) -> Option<SignatureForm> {
        match (&self.dialect, key) {
            (Dialect::Cavage(_), _) => None,
            (Dialect::Rfc9421(_), PublicKey::Ed25519(_)) => Some(SignatureForm::Ed25519),
            (Dialect::Rfc9421(_), PublicKey::Rsa(_)) => Some(SignatureForm::Rfc9421),
        }
    }
}

/// Makes every check that needs no key (F-089..F-098, F-100, F-114, F-115, S-036).
///
/// `hosts` are the values of `Host` that mean us (with the port where it is not the default),
/// `scheme` is that of our public URL: behind a proxy the connection does not tell it.
pub fn inspect(
    request: &Request<'_>,
    scheme: &str,
    hosts: &[String],
    now_ms: i64,
) -> Checked<Inspected> {
    let host = our_host(request, scheme, hosts)?;
    let inspected = match request.header("signature-input") {
        Some(input) => rfc9421::inspect(request, &input, scheme, &host, now_ms)?,
        None => {
            let text =
                cavage_text(request).ok_or(Refusal::unauthorized("The request is not signed"))?;
            cavage::inspect(request, &text, now_ms)?
        }
    };
    if key_id_actor(&inspected.key_id).is_none() {
        return Err(Refusal::unauthorized("The keyId is not an http or https URL"));
    }
    Ok(inspected)
}

impl Inspected {
    /// Checks the signature itself. `request` must be the one that was inspected. The draft's
    /// dialect is tried with the query and then without (F-099).
    pub fn verify(&self, request: &Request<'_>, key: &PublicKey) -> Checked<()> {
        if matches!(key, PublicKey::Ed25519(_)) && !self.ed25519_ok {
            return Err(Refusal::unauthorized("The algorithm does not fit the key"));
        }
        let good = match &self.dialect {
            Dialect::Cavage(claim) => adapter::verify(claim, request, key),
            Dialect::Rfc9421(claim) => rfc9421::verify(claim, key),
        };
        if good { Ok(()) } else { Err(Refusal::unauthorized("The signature is wrong")) }
    }
}

/// The URL to fetch for a key id: the fragment cut off, the rest as the sender wrote it. `None`
/// for `acct:` and all else that is not a plain http or https URL (F-101).
pub fn key_id_actor(key_id: &str) -> Option<String> {
    if key_id.len() > MAX_KEY_ID || key_id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let text = key_id.split('#').next().unwrap_or(key_id);
    // The URL parser forgives too much: backslashes, `https:host`, leading junk.
    let scheme_end = text.find("://")?;
    if !text.get(scheme_end + 3..)?.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.username().is_empty()
        && url.password().is_none()
        && !text.contains('\\');
    plain.then(|| text.to_owned())
}

/// The draft's parameters, from `Signature` or `Authorization: Signature` (F-090).
fn cavage_text(request: &Request<'_>) -> Option<String> {
    if let Some(text) = request.header("signature") {
        return Some(text);
    }
    let text = request.header("authorization")?;
    let (scheme, rest) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("signature").then(|| rest.to_owned())
}

/// The one `Host` of the request, normalised, if it is ours (F-096).
fn our_host(request: &Request<'_>, scheme: &str, hosts: &[String]) -> Checked<String> {
    let mut lines = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = match (lines.next(), lines.next()) {
        (Some((_, host)), None) => normal_host(host, scheme),
        (None, _) => return Err(Refusal::unauthorized("No Host header")),
        (Some(_), Some(_)) => return Err(Refusal::malformed("More than one Host header")),
    };
    if hosts.iter().any(|ours| normal_host(ours, scheme) == host) {
        Ok(host)
    } else {
        Err(Refusal::unauthorized("The Host is not this server"))
    }
}

/// Lower case, without the scheme's own port and the root dot (S-032).
fn normal_host(host: &str, scheme: &str) -> String {
    let host = host.trim().to_ascii_lowercase();
    let default_port = if scheme == "http" { ":80" } else { ":443" };
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    host.strip_suffix('.').unwrap_or(host).to_owned()
}

/// The time window (F-097): made at most 1 h ahead of our clock, valid until `expires` or five
/// minutes, 1 h of grace on both, and never older than 12 h.
fn check_time(signed_ms: i64, expires_ms: Option<i64>, now_ms: i64) -> Checked<()> {
    if signed_ms > now_ms.saturating_add(HOUR) {
        return Err(Refusal::unauthorized("The signature is from the future"));
    }
    let until = expires_ms.unwrap_or(signed_ms.saturating_add(5 * MINUTE));
    if until.saturating_add(HOUR) < now_ms || signed_ms.saturating_add(12 * HOUR) < now_ms {
        return Err(Refusal::unauthorized("The signature has expired"));
    }
    Ok(())
}

/// Seconds since 1970 as they stand in `created` and `expires`: digits only (F-098).
fn parse_seconds(text: &str) -> Checked<i64> {
    if text.is_empty() || text.len() > 15 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::unauthorized("created and expires must be whole seconds"));
    }
    let seconds: i64 =
        text.parse().map_err(|_| Refusal::unauthorized("created and expires are out of range"))?;
    Ok(seconds.saturating_mul(1000))
}

/// A `Date` header in milliseconds (F-081).
fn parse_date(text: &str) -> Checked<i64> {
    NaiveDateTime::parse_from_str(text, IMF_FIXDATE)
        .map(|date| date.and_utc().timestamp_millis())
        .map_err(|_| Refusal::unauthorized("The Date cannot be read"))
}

/// The `Date` header for a request sent at `now_ms` (F-081).
fn format_date(now_ms: i64) -> Result<String> {
    DateTime::from_timestamp_millis(now_ms)
        .map(|date| date.format(IMF_FIXDATE).to_string())
        .ok_or_else(|| Error::internal("the clock is out of range"))
}

/// The authority of an outgoing request: the port only where it is not the default (F-081).
fn authority(url: &Url) -> Result<String> {
    let host = url.host_str().ok_or_else(|| Error::internal("a URL without a host to sign"))?;
    Ok(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Our own key ids stand between quotes in a header: visible ASCII, no quote, no backslash.
fn check_key_id(key_id: &str) -> Result<()> {
    if key_id.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
        Ok(())
    } else {
        Err(Error::internal("a key id that cannot stand in a header"))
    }
}
