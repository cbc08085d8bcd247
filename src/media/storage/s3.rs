//! Uploads in a bucket of an S3-compatible object storage: one object a file, under the name that
//! it would have on the disk, with a prefix. No object is public by our doing, and none is ever
//! written over with another content.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use url::Url;

use super::Name;
use super::answer::{Copying, Reading, code};
use super::pipe::Inlet;
use crate::client::{Client, ClientError, FileBody, Limits, OutRequest, OutResponse, Sign, Sink};
use crate::clock::Clock;
use crate::config;
use crate::crypto;
use crate::error::Error;
use crate::signature::sigv4::{self, Credentials, Request};

/// For questions with short answers.
const SHORT: Limits = Limits { total: Duration::from_secs(30), max_bytes: 256 * 1024 };
/// One answer may take so long; a reader that is not done by then asks for the rest.
const READ: Duration = Duration::from_secs(600);
/// A file is sent at 64 KiB/s at the least.
const SLOWEST: u64 = 64 * 1024;
/// How long an address is good that clients are sent to, and for how long the same one is handed
/// out, so that their caches know it again; in seconds.
const GOOD_FOR: u32 = 3600;
const SAME_FOR: i64 = 600;
/// How long a client may keep it.
pub const KEPT_FOR: i64 = GOOD_FOR as i64 - SAME_FOR - 60;
/// The largest object that is taken in one request.
const LARGEST: u64 = 5_000_000_000;
/// What is stored with each object (S-109).
const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// What somebody is told to wait for a store that does not answer, in seconds.
const RETRY_AFTER: u32 = 30;

/// Why the store did not do what it was asked to: for the log and the operator.
#[derive(Clone, Debug)]
pub struct Fault(pub(super) String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        Self(error.to_string())
    }
}

impl From<Fault> for Error {
    /// 503; what lies behind this server is nobody's business.
    fn from(_: Fault) -> Self {
        Self::Unavailable {
            message: "The store of uploaded files does not answer".into(),
            retry_after: RETRY_AFTER,
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// What is asked for of an object: all, or from one byte on, to another (with it) or to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    From(u64, Option<u64>),
    /// So many bytes at its end.
    Last(u64),
}

/// What the store has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The bytes from `from` on, `length` of them, of `size` in all, follow; `part`: as they were
    /// asked for.
    Bytes { from: u64, length: u64, size: u64, part: bool },
    /// It has no such bytes.
    Beyond,
    /// There is no such object.
    Nothing,
}

/// A bucket, or a part of one.
pub struct Bucket {
    client: Client,
    clock: Clock,
    settings: config::S3,
    /// `https://endpoint/bucket`, without a slash at the end.
    base: String,
    /// It did not answer lately, and the log knows.
    failing: AtomicBool,
}

impl Bucket {
    /// The bucket of the settings; `None`: they name none.
    pub fn open(settings: &config::S3, client: Client, clock: Clock) -> Option<Self> {
        let endpoint = settings.endpoint.as_ref().filter(|_| settings.is_configured())?;
        let name = &settings.bucket;
        let base = match endpoint.split_once("://") {
            Some((scheme, host)) if !settings.path_style => format!("{scheme}://{name}.{host}"),
            _ => format!("{endpoint}/{name}"),
        };
        let (settings, failing) = (settings.clone(), AtomicBool::new(false));
        Some(Self { client, clock, settings, base, failing })
    }

    /// The bucket and where it is, for the operator.
    pub fn name(&self) -> &str {
        &self.base
    }

    /// Stores a file, and answers when the store has it.
    pub fn put(&self, from: &Path, name: &Name) -> Result<()> {
        let kind = name.media_type().unwrap_or("application/octet-stream");
        let headers = [("content-disposition", "inline"), ("cache-control", CACHE_CONTROL)];
        self.put_at(from, &self.address(name), kind, &headers)
    }

    /// Stores the archive of a backup, which nobody is ever sent to.
    ///
    /// # Errors
    /// Also when it is larger than the store takes in one piece.
    pub fn put_backup(&self, from: &Path, name: &str) -> Result<()> {
        self.put_at(from, &self.backup_address(name), "application/octet-stream", &[])
    }

    /// How large one is; `None`: there is none of this name.
    pub fn backup_size(&self, name: &str) -> Result<Option<u64>> {
        self.size_at(&self.backup_address(name))
    }

    /// Reads one of so many bytes into a file.
    pub fn copy_backup(&self, name: &str, bytes: u64, to: &mut dyn Write) -> Result<Option<u64>> {
        let longest = READ + Duration::from_secs(bytes / SLOWEST);
        self.copy_at(&self.backup_address(name), longest, to)
    }

    /// Removes one; one that is not there is no fault.
    pub fn remove_backup(&self, name: &str) -> Result<()> {
        let request = self.plain("DELETE", &self.backup_address(name));
        self.send(request, &[200, 202, 204, 404]).map(|_| ())
    }

    fn put_at(
        &self,
        from: &Path,
        address: &str,
        kind: &'static str,
        headers: &[(&'static str, &'static str)],
    ) -> Result<()> {
        let local = |e: io::Error| Fault(format!("a file cannot be read: {e}"));
        let mut file = File::open(from).map_err(local)?;
        let bytes = file.metadata().map_err(local)?.len();
        let hash = crypto::hex(&crypto::sha256_of(&mut file).map_err(local)?);
        drop(file);
        if bytes > LARGEST {
            return Err(Fault("an object can have 5 GB at the most".into()));
        }
        let mut request = self.request("PUT", address, hash, Some(kind));
        request.file = Some(FileBody { path: from.to_owned(), bytes });
        request.limits.total += Duration::from_secs(bytes / SLOWEST);
        let mut request = request.header("content-type", kind);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request, &[200, 201, 204]).map(|_| ())
    }

    /// The size of an object; `None`: there is none.
    pub fn size(&self, name: &Name) -> Result<Option<u64>> {
        self.size_at(&self.address(name))
    }

    fn size_at(&self, address: &str) -> Result<Option<u64>> {
        let request = self.plain("HEAD", address);
        let answer = self.send(request, &[200, 404])?;
        if answer.status == 404 {
            return Ok(None);
        }
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        length.map(Some).ok_or_else(|| Fault("the store does not tell a size".into()))
    }

    /// Removes an object; one that is not there is no fault.
    pub fn remove(&self, name: &Name) -> Result<()> {
        let request = self.plain("DELETE", &self.address(name));
        self.send(request, &[200, 202, 204, 404]).map(|_| ())
    }

    /// Reads an object: `told` hears what there is, then its bytes go to `to`, which may give up.
    pub fn read(&self, name: &Name, part: Part, told: oneshot::Sender<Result<Found>>, to: Inlet) {
        let mut reading = Reading::new(told, to);
        let done = self.fetch(&self.address(name), part, READ, &mut reading);
        let Some(told) = reading.told.take() else { return self.note(None) };
        let found = match done {
            Ok(answer) if answer.status == 404 => Ok(Found::Nothing),
            Ok(answer) if answer.status == 416 => Ok(Found::Beyond),
            Ok(answer) => Err(refused(&answer, &reading.problem)),
            Err(fault) => Err(fault),
        };
        self.note(found.as_ref().err());
        // an error means that nobody waits for it any more
        let _ = told.send(found);
    }

    /// Reads an object into a file.
    pub fn copy(&self, name: &Name, to: &mut dyn Write) -> Result<Option<u64>> {
        self.copy_at(&self.address(name), READ, to)
    }

    fn copy_at(&self, address: &str, longest: Duration, to: &mut dyn Write) -> Result<Option<u64>> {
        let mut copying = Copying::new(to);
        let answer = self.fetch(address, Part::Whole, longest, &mut copying)?;
        match (answer.status, copying.length) {
            (404, _) => Ok(None),
            (200, Some(length)) if length == copying.bytes => Ok(Some(length)),
            (200, _) => Err(Fault("the store sent less than it said".into())),
            _ => Err(refused(&answer, &copying.problem)),
        }
    }

    fn fetch(
        &self,
        address: &str,
        part: Part,
        longest: Duration,
        sink: &mut dyn Sink,
    ) -> Result<OutResponse> {
        let mut request = self.plain("GET", address).header("accept-encoding", "identity");
        request.limits = Limits { total: longest, max_bytes: usize::MAX / 2 };
        let range = match part {
            Part::Whole => None,
            Part::From(from, Some(to)) => Some(format!("bytes={from}-{to}")),
            Part::From(from, None) => Some(format!("bytes={from}-")),
            Part::Last(count) => Some(format!("bytes=-{count}")),
        };
        if let Some(range) = range {
            request = request.header("range", range);
        }
        Ok(self.client.send_into(request, sink)?)
    }

    /// One cheap signed question, which tells whether keys, names and clocks are right.
    pub fn check(&self) -> Result<()> {
        let prefix: String =
            form_urlencoded::byte_serialize(self.settings.prefix.as_bytes()).collect();
        let prefix = prefix.replace('+', "%20");
        let address = format!("{}/?list-type=2&max-keys=1&prefix={prefix}", self.base);
        self.ask(self.plain("GET", &address), &[200]).map(|_| ())
    }

    /// An address that shows an object to whoever has it, for an hour at the most.
    pub fn presign(&self, method: &str, name: &Name) -> Option<String> {
        let url = Url::parse(&self.address(name)).ok()?;
        let now = self.clock.now_ms();
        let now = now - now.rem_euclid(SAME_FOR * 1000);
        let host = host(&url);
        let request = Request { method, host: &host, path: url.path(), query: &[], headers: &[] };
        let query = sigv4::presign(&credentials(&self.settings), &request, GOOD_FOR, now);
        Some(format!("{url}?{query}"))
    }

    fn address(&self, name: &Name) -> String {
        let (first, second) = name.shard();
        let key = format!("/{}{first}/{second}/{}", self.settings.prefix, name.as_str());
        format!("{}{}", self.base, sigv4::encode_path(&key))
    }

    fn backup_address(&self, name: &str) -> String {
        let key = format!("/{}backups/{name}", self.settings.prefix);
        format!("{}{}", self.base, sigv4::encode_path(&key))
    }

    fn plain(&self, method: &'static str, address: &str) -> OutRequest {
        self.request(method, address, crypto::hex(&crypto::sha256(b"")), None)
    }

    /// A signed request with a body of this SHA-256.
    fn request(
        &self,
        method: &'static str,
        address: &str,
        hash: String,
        kind: Option<&'static str>,
    ) -> OutRequest {
        let (settings, clock) = (self.settings.clone(), self.clock.clone());
        let sign: Sign = Arc::new(move |method, url, _| {
            let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            let headers: Vec<(&str, &str)> =
                kind.iter().map(|kind| ("content-type", *kind)).collect();
            let host = host(url);
            let request =
                Request { method, host: &host, path: url.path(), query: &query, headers: &headers };
            Ok(sigv4::sign(&credentials(&settings), &request, &hash, clock.now_ms()))
        });
        let request =
            OutRequest { method, redirects: 0, limits: SHORT, ..OutRequest::get(address) };
        request.configured().signed(sign)
    }

    /// Sends a request that is done when its answer has one of these statuses.
    fn send(&self, request: OutRequest, fine: &[u16]) -> Result<OutResponse> {
        let answer = self.ask(request, fine);
        self.note(answer.as_ref().err());
        answer
    }

    fn ask(&self, request: OutRequest, fine: &[u16]) -> Result<OutResponse> {
        let answer = self.client.send(request)?;
        if fine.contains(&answer.status) {
            return Ok(answer);
        }
        Err(refused(&answer, &answer.body))
    }

    /// Says once that the store fails, and once that it is back.
    fn note(&self, fault: Option<&Fault>) {
        let before = self.failing.swap(fault.is_some(), Ordering::Relaxed);
        match fault {
            Some(fault) if !before => {
                tracing::warn!(bucket = %self.base, %fault, "the store of uploads fails");
            }
            None if before => tracing::info!(bucket = %self.base, "the store of uploads is back"),
            _ => {}
        }
    }
}

/// What a refusal means, with what to do where that is known.
fn refused(answer: &OutResponse, body: &[u8]) -> Fault {
    let code = code(body).unwrap_or_default();
    let hint = match code.as_str() {
        "SignatureDoesNotMatch" => "s3.secret_key is not the secret of s3.access_key",
        "InvalidAccessKeyId" => "there is no such s3.access_key",
        "NoSuchBucket" => "there is no such s3.bucket; make it first",
        "RequestTimeTooSkewed" | "RequestExpired" => "the clock of this machine is wrong",
        "AuthorizationHeaderMalformed" => "s3.region is another",
        "AccessDenied" => "s3.access_key may not do this, or not in s3.bucket",
        "PermanentRedirect" | "TemporaryRedirect" => "s3.endpoint or s3.region is another",
        _ if matches!(answer.status, 301 | 302 | 307 | 308) => "s3.endpoint is another",
        _ => "",
    };
    let what = if code.is_empty() { String::new() } else { format!(" {code}") };
    let hint = if hint.is_empty() { String::new() } else { format!(": {hint}") };
    Fault(format!("the store answers {}{what}{hint}", answer.status))
}

/// As it is sent: with the port, where that is not the usual one.
fn host(url: &Url) -> String {
    match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    }
}

fn credentials(settings: &config::S3) -> Credentials<'_> {
    Credentials {
        access_key: &settings.access_key,
        secret_key: settings.secret_key.reveal(),
        region: &settings.region,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Settings;

    fn bucket(change: impl FnOnce(&mut config::S3)) -> Option<Bucket> {
        let mut settings = config::S3 {
            endpoint: Some("https://s3.example:9000".into()),
            bucket: "files".into(),
            access_key: "key".into(),
            secret_key: "secret".to_owned().into(),
            prefix: "my files/ü/".into(),
            ..config::S3::default()
        };
        change(&mut settings);
        let client = Client::new(Settings::new("test")).expect("client");
        Bucket::open(&settings, client, Clock::manual(1_767_323_045_678))
    }

    #[test]
    fn an_object_has_one_address_in_either_style() {
        let name = Name::parse("0123456789abcdef0123456789abcdef.small.jpg").expect("name");
        let key = "my%20files/%C3%BC/01/23/0123456789abcdef0123456789abcdef.small.jpg";
        let path = bucket(|_| {}).expect("bucket");
        assert_eq!(path.address(&name), format!("https://s3.example:9000/files/{key}"));
        let host = bucket(|settings| settings.path_style = false).expect("bucket");
        assert_eq!(host.address(&name), format!("https://files.s3.example:9000/{key}"));
        // what is sent is what is signed
        let sent = Url::parse(&path.address(&name)).expect("address");
        assert_eq!(sent.as_str(), path.address(&name));
        let signed = path.presign("GET", &name).expect("signed");
        assert!(signed.starts_with(&format!("{sent}?X-Amz-Algorithm=")), "{signed}");
        assert_ne!(Some(signed), host.presign("GET", &name));
        assert!(bucket(|settings| settings.endpoint = None).is_none());
        assert!(bucket(|settings| settings.secret_key = String::new().into()).is_none());
    }
}
