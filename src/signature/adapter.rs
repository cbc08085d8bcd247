//! http-sig over ring, the only file that knows that crate. It takes the parameters from
//! `Authorization`, breaks on a comma in a value and never compares `(created)` with a clock. So
//! `cavage` reads and judges the header, and http-sig gets a plain one written anew: a made-up
//! key id, one space between header names, no algorithm. None of that is in the signed text.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use http_sig::{
    ClientRequestLike, Header, HttpDigest, HttpSignatureSign, HttpSignatureVerify, PseudoHeader,
    RequestLike, ServerRequestLike, SigningConfig, SigningExt, SimpleKeyProvider, VerifyingConfig,
    VerifyingExt,
};
use http02::header::{AUTHORIZATION, DATE, HOST, HeaderName, HeaderValue};
use url::Url;

use super::cavage::{Claim, parse_parameters};
use super::digest::BASE64;
use super::key::{Algorithm, PrivateKey, PublicKey};
use super::{Request, authority, check_key_id, format_date, parse_seconds};
use crate::error::{Error, Result};

/// Lets http-sig build the signing string and check it, with the query and then without (F-099).
pub(super) fn verify(claim: &Claim, request: &Request<'_>, key: &PublicKey) -> bool {
    let verifier = KeyCheck { key: key.clone(), algorithms: claim.algorithms };
    let verifier: Arc<dyn HttpSignatureVerify> = Arc::new(verifier);
    let time: Header = if claim.headers.iter().any(|h| h == "date") {
        DATE.into()
    } else {
        PseudoHeader::Created.into()
    };
    // Date and digest were judged by `inspect`, by our own clock; http-sig would ask the
    // system's and hash the body once more for each try.
    let config = VerifyingConfig::new(SimpleKeyProvider::new([("key", verifier)]))
        .with_required_headers(&[PseudoHeader::RequestTarget.into(), HOST.into(), time])
        .with_validate_date(false)
        .with_validate_digest(false)
        .with_require_digest(false);
    let authorization = canonical_header(claim);
    let (path, query) = request.path_and_rest();
    let first = Incoming { request, target: request.path_and_query, authorization: &authorization };
    first.verify(&config).is_ok()
        || (query.is_some()
            && Incoming { request, target: path, authorization: &authorization }
                .verify(&config)
                .is_ok())
}

/// The header as http-sig wants it.
fn canonical_header(claim: &Claim) -> String {
    let mut text = format!("Signature keyId=\"key\",headers=\"{}\"", claim.headers.join(" "));
    for (name, value) in [("created", &claim.created), ("expires", &claim.expires)] {
        // Unsigned ones may hold anything; only numbers are handed on.
        if let Some(value) = value.as_deref().filter(|v| parse_seconds(v).is_ok()) {
            text.push_str(&format!(",{name}={value}"));
        }
    }
    text.push_str(&format!(",signature=\"{}\"", BASE64.encode(&claim.signature)));
    text
}

/// `(request-target)` of the draft, section 2.3.
fn request_target(method: &str, path_and_query: &str) -> String {
    format!("{} {path_and_query}", method.to_ascii_lowercase())
}

/// A received request in http-sig's eyes.
struct Incoming<'a> {
    request: &'a Request<'a>,
    target: &'a str,
    authorization: &'a str,
}

impl RequestLike for Incoming<'_> {
    fn header(&self, header: &Header) -> Option<HeaderValue> {
        let text = match header {
            Header::Pseudo(PseudoHeader::RequestTarget) => {
                request_target(self.request.method, self.target)
            }
            Header::Normal(name) if *name == AUTHORIZATION => self.authorization.to_owned(),
            Header::Normal(name) => self.request.header(name.as_str())?,
            _ => return None,
        };
        HeaderValue::from_bytes(text.as_bytes()).ok()
    }
}

impl ServerRequestLike for Incoming<'_> {
    type Remnant = ();

    fn complete_with_digest(self, digest: &dyn HttpDigest) -> (Option<String>, ()) {
        (Some(digest.http_digest(self.request.body)), ())
    }

    fn complete(self) {}
}

/// A public key and what the sender allows it to be used for.
#[derive(Debug)]
struct KeyCheck {
    key: PublicKey,
    algorithms: &'static [Algorithm],
}

impl HttpSignatureVerify for KeyCheck {
    fn http_verify(&self, message: &[u8], signature: &str) -> bool {
        let Ok(signature) = BASE64.decode(signature) else { return false };
        self.algorithms.iter().any(|a| self.key.verify(*a, message, &signature))
    }
}

/// Signs a request: the headers `Host`, `Date`, `Digest` (if there is a body) and `Signature` to
/// add to it (F-078..F-082). Each attempt needs a new call (F-088).
pub fn sign(
    key: &PrivateKey,
    key_id: &str,
    method: &str,
    url: &Url,
    body: Option<&[u8]>,
    now_ms: i64,
) -> Result<Vec<(String, String)>> {
    check_key_id(key_id)?;
    let path_and_query = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut outgoing = Outgoing {
        target: request_target(method, &path_and_query),
        headers: Vec::new(),
        body,
        authorization: String::new(),
    };
    // Set before http-sig would: it asks the system's clock.
    outgoing.headers.push((HOST, header_value(&authority(url)?)?));
    outgoing.headers.push((DATE, header_value(&format_date(now_ms)?)?));
    outgoing
        .sign(&SigningConfig::new(key_id, Signer(key.clone())))
        .map_err(|e| Error::internal(format!("signing failed: {e}")))?;
    outgoing.into_headers(key_id)
}

fn header_value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(Error::internal)
}

/// A request to be sent, in http-sig's eyes.
struct Outgoing<'a> {
    target: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<&'a [u8]>,
    authorization: String,
}

impl Outgoing<'_> {
    /// http-sig always writes `hs2019` into `Authorization`; peers read `Signature`, and the
    /// oldest of them know `rsa-sha256` only (F-082).
    fn into_headers(self, key_id: &str) -> Result<Vec<(String, String)>> {
        let parameters = parse_parameters(self.authorization.trim_start_matches("Signature "))
            .map_err(|refusal| Error::internal(refusal.reason))?;
        let get = |name: &str| {
            let found = parameters.iter().find(|(n, v)| n == name && !v.is_empty());
            found.map(|(_, v)| v).ok_or_else(|| Error::internal("signing gave no signature"))
        };
        let signature = format!(
            "keyId=\"{key_id}\",algorithm=\"rsa-sha256\",headers=\"{}\",signature=\"{}\"",
            get("headers")?,
            get("signature")?
        );
        let mut headers = Vec::with_capacity(self.headers.len() + 1);
        for (name, value) in &self.headers {
            let name = match name.as_str() {
                "host" => "Host",
                "date" => "Date",
                _ => "Digest",
            };
            headers.push((name.to_owned(), value.to_str().map_err(Error::internal)?.to_owned()));
        }
        headers.push(("Signature".to_owned(), signature));
        Ok(headers)
    }
}

impl RequestLike for Outgoing<'_> {
    fn header(&self, header: &Header) -> Option<HeaderValue> {
        match header {
            Header::Pseudo(PseudoHeader::RequestTarget) => HeaderValue::from_str(&self.target).ok(),
            Header::Normal(name) => {
                self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
            }
            _ => None,
        }
    }
}

impl ClientRequestLike for Outgoing<'_> {
    fn set_header(&mut self, header: HeaderName, value: HeaderValue) {
        if header == AUTHORIZATION {
            self.authorization = value.to_str().unwrap_or_default().to_owned();
        } else {
            self.headers.push((header, value));
        }
    }

    fn compute_digest(&mut self, digest: &dyn HttpDigest) -> Option<String> {
        self.body.map(|body| digest.http_digest(body))
    }
}

/// ring behind http-sig's trait.
struct Signer(PrivateKey);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl HttpSignatureSign for Signer {
    /// The trait cannot fail; an empty signature is caught by [`Outgoing::into_headers`].
    fn http_sign(&self, message: &[u8]) -> String {
        self.0.sign(message).map(|signature| BASE64.encode(signature)).unwrap_or_default()
    }
}
