//! Who signed a request: key look-up, signature check, and the claim of key and actor on each
//! other (F-101 to F-105).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;

use crate::activity::{actor, read};
use crate::app::App;
use crate::client::{Limits, host_of};
use crate::clock::{DAY, HOUR, MINUTE};
use crate::db;
use crate::error::{Error, Result};
use crate::model::{Account, INSTANCE_ACTOR, SignatureForm};
use crate::service;
use crate::signature::key::PublicKey;
use crate::signature::{self, Inspected, Request};

use super::{budget, fetch, resolve};

/// How often a key that does not fit may be read anew (F-104).
const REFETCH: i64 = 5 * MINUTE;
/// How long a key is believed without a look at its origin: what is replaced or withdrawn there
/// must end here.
const GOOD: i64 = 30 * DAY;
/// How long the fetch of a key may take (F-103).
const PATIENCE: Duration = Duration::from_secs(10);
/// A server that takes so long to say nothing is left alone with all its keys: a few of that kind
/// would hold the places of all others.
const SLOW: Duration = Duration::from_secs(5);
/// How far a peer's clock may be from ours before it is worth a word (F-097).
const CLOCKS_DIFFER: i64 = 30_000;

/// What of a request a signature covers, owned, so that it can go to another thread.
#[derive(Clone)]
pub struct Signed {
    method: String,
    path_and_query: String,
    headers: Vec<(String, String)>,
    body: Arc<[u8]>,
    /// Processor time that went into it, in microseconds.
    cpu_us: Arc<AtomicU64>,
}

impl Signed {
    /// From a request and its body.
    pub fn new(request: &HttpRequest, body: Arc<[u8]>) -> Self {
        let headers = request
            .headers()
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect();
        Self {
            method: request.method().as_str().to_owned(),
            path_and_query: request
                .uri()
                .path_and_query()
                .map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
            headers,
            body,
            cpu_us: Arc::default(),
        }
    }

    /// Notes what went into it.
    pub fn spent(&self, cpu_us: u64) {
        self.cpu_us.fetch_add(cpu_us, Ordering::Relaxed);
    }

    /// What went into it since this was asked before.
    pub fn take_spent(&self) -> u64 {
        self.cpu_us.swap(0, Ordering::Relaxed)
    }

    /// Whether there is a signature at all.
    pub fn is_signed(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            name == "signature"
                || name == "signature-input"
                || (name == "authorization" && is_signature(value))
        })
    }

    fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            path_and_query: &self.path_and_query,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

/// Whether this is what the draft puts into `Authorization`; the scheme in any case.
fn is_signature(authorization: &str) -> bool {
    authorization
        .split_once(' ')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("signature"))
}

/// Who signed, and what that shows of its server.
pub struct Verified {
    pub account: Account,
    /// A form of signature that it makes, and so reads, beside the one that everybody does.
    pub form: Option<SignatureForm>,
}

/// Checks all that needs no key (F-089 to F-098) and refuses blocked servers (F-108).
pub fn inspect(app: &App, signed: &Signed) -> Result<Inspected> {
    let scheme = if app.config.dev { "http" } else { "https" };
    let hosts = [app.site.host.clone()];
    let inspected = signature::inspect(&signed.request(), scheme, &hosts, app.clock.now_ms())?;
    let host = signature::key_id_actor(&inspected.key_id)
        .and_then(|address| host_of(&address))
        .ok_or_else(unknown)?;
    if app.db.read(|conn| service::domain::is_suspended(conn, &host))? {
        return Err(Error::Forbidden("This server is blocked".into()));
    }
    Ok(inspected)
}

/// The account whose key signed, if its key is here and fits. `Ok(None)`: ask [`fetch_and_verify`].
pub fn verify_known(app: &App, signed: &Signed, inspected: &Inspected) -> Result<Option<Verified>> {
    let known = app.db.read(|conn| {
        let Some(key) = db::key::find_remote(conn, &inspected.key_id)? else { return Ok(None) };
        Ok(db::account::find(conn, key.account_id)?.map(|account| (key, account)))
    })?;
    let Some((key, account)) = known else { return Ok(None) };
    let age = app.clock.now_ms() - key.fetched_at;
    let public = PublicKey::from_bytes(&key.public)?;
    if inspected.verify(&signed.request(), &public).is_ok() {
        let form = inspected.shows(&public);
        return Ok((age < GOOD).then_some(Verified { account, form }));
    }
    // perhaps the key was changed: read it anew, but not for every forged request
    if age < REFETCH {
        return Err(wrong());
    }
    Ok(None)
}

/// Reads the key from its origin and verifies with it. Blocking, on the resolve lane.
pub fn fetch_and_verify(app: &App, signed: &Signed, inspected: &Inspected) -> Result<Verified> {
    // somebody may have been quicker
    if let Some(verified) = verify_known(app, signed, inspected)? {
        return Ok(verified);
    }
    let account = fetch_owner(app, &inspected.key_id)?;
    let key = app
        .db
        .read(|conn| db::key::find_remote(conn, &inspected.key_id))?
        .filter(|key| key.account_id == account.id)
        .ok_or_else(unknown)?;
    let public = PublicKey::from_bytes(&key.public)?;
    inspected.verify(&signed.request(), &public).map_err(|_| wrong())?;
    Ok(Verified { form: inspected.shows(&public), account })
}

/// The actor that owns a key, stored from its own document, which must list the key (F-102).
fn fetch_owner(app: &App, key_id: &str) -> Result<Account> {
    let address = signature::key_id_actor(key_id).ok_or_else(unknown)?;
    budget::admit(app, &address)?;
    let limits = Limits { total: PATIENCE, ..Limits::DOCUMENT };
    let fetched = fetch::get_within(app, &address, INSTANCE_ACTOR, limits)?;
    // the key's address may serve the whole actor, or a stub that names its owner
    let is_whole = actor::kind_of(&fetched.value).is_some()
        && read::id_of(&fetched.value) == Some(address.as_str())
        && fetched.url == address;
    let document = if is_whole {
        fetched.value
    } else {
        let key = actor::key_document(&fetched.value, key_id).ok_or_else(unknown)?;
        if host_of(&key.owner) != host_of(key_id) {
            return Err(wrong());
        }
        let limits = Limits { total: PATIENCE, ..Limits::DOCUMENT };
        let owner = fetch::get_within(app, &key.owner, INSTANCE_ACTOR, limits)?;
        if read::id_of(&owner.value) != Some(key.owner.as_str())
            || host_of(&owner.url) != host_of(&key.owner)
        {
            return Err(wrong());
        }
        owner.value
    };
    // its own word, whoever made us ask: were it not kept, made-up key ids could keep an actor out
    let account = resolve::store_actor(app, &document)?;
    match actor::Actor::parse(&document)?.key(key_id) {
        Some(_) => Ok(account),
        None => Err(wrong()),
    }
}

fn unknown() -> Error {
    Error::Unauthorized("The key of the signature could not be found".into())
}

fn wrong() -> Error {
    Error::Unauthorized("The signature is wrong".into())
}

/// Who signed a GET, for documents that not everybody may read. `None`: nobody.
pub async fn reader(app: &App, request: &HttpRequest) -> Result<Option<Account>> {
    let signed = Signed::new(request, Arc::from([]));
    if !signed.is_signed() {
        return Ok(None);
    }
    match signer(app, signed).await? {
        // S-039
        Ok(verified) if verified.account.suspended_at.is_some() => {
            Err(Error::Forbidden("This account is suspended".into()))
        }
        Ok(verified) => Ok(Some(verified.account)),
        Err(_) => Err(unknown()),
    }
}

/// The address of a key that its server says is gone (F-111).
pub struct GoneKey(pub String);

/// The account that signed a request: from the stored key, or after one fetch (503 when the
/// key's server does not answer, so that the sender tries again; F-109).
async fn signer(app: &App, signed: Signed) -> Result<std::result::Result<Verified, GoneKey>> {
    let (this, copy) = (app.clone(), signed.clone());
    match app.compute(move || known(&this, &copy)).await?? {
        Known::Here(verified) => Ok(Ok(*verified)),
        Known::Elsewhere(inspected) => fetched(app, signed, inspected).await,
    }
}

/// Whether the key that signed is here.
pub enum Known {
    Here(Box<Verified>),
    /// [`fetched`] goes on.
    Elsewhere(Box<Inspected>),
}

/// The account that signed a request, by the stored key. Blocking, and asks nobody.
pub fn known(app: &App, signed: &Signed) -> Result<Known> {
    let inspected = inspect(app, signed)?;
    Ok(match verify_known(app, signed, &inspected)? {
        Some(verified) => {
            compare_clocks(app, &verified, inspected.signed_ms);
            Known::Here(Box::new(verified))
        }
        None => Known::Elsewhere(Box::new(inspected)),
    })
}

/// The account that signed a request, by its key as its server shows it now.
pub async fn fetched(
    app: &App,
    signed: Signed,
    inspected: Box<Inspected>,
) -> Result<std::result::Result<Verified, GoneKey>> {
    let signed_ms = inspected.signed_ms;
    // one address has one answer, whatever fragments are made up for it
    let address = signature::key_id_actor(&inspected.key_id).ok_or_else(unknown)?;
    let host = host_of(&address).ok_or_else(unknown)?;
    let (key, slow) = (format!("key {address}"), format!("keys of {host}"));
    for what in [&key, &slow] {
        let (failures, seconds) = app.unreachable.look(what);
        if failures > 0 {
            return Err(Error::Unavailable {
                message: "The key of the signature could not be fetched lately".into(),
                retry_after: seconds,
            });
        }
    }
    let entry = app.key_fetches.enter(&host).ok_or(Error::Unavailable {
        message: "Too many keys are being fetched".into(),
        retry_after: 10,
    })?;
    let this = app.clone();
    let answer = app.lanes.resolve.run(move || {
        let (_entry, begin) = (entry, Instant::now());
        let result = fetch_and_verify(&this, &signed, &inspected);
        if matches!(result, Err(Error::Remote(_))) && begin.elapsed() > SLOW {
            this.unreachable.count(&slow, REFETCH);
        }
        result
    })?;
    match answer.await {
        Ok(Err(Error::Remote(reason))) => {
            app.unreachable.count(&key, REFETCH);
            // how a fetch went is nobody's business who can choose its address (S-038)
            tracing::debug!(%address, %reason, "the key of a signature could not be fetched");
            Err(Error::Unavailable {
                message: "The key of the signature could not be fetched".into(),
                retry_after: 300,
            })
        }
        Ok(Err(Error::Forbidden(_))) => Err(Error::Forbidden("This server is blocked".into())),
        Ok(Err(Error::Gone)) => {
            app.unreachable.count(&key, REFETCH);
            Ok(Err(GoneKey(address)))
        }
        Ok(Err(Error::NotFound | Error::BadRequest(_))) => {
            app.unreachable.count(&key, REFETCH);
            Err(unknown())
        }
        Ok(Err(error @ Error::Unauthorized(_))) => {
            app.unreachable.count(&key, REFETCH);
            Err(error)
        }
        Ok(Ok(verified)) => {
            compare_clocks(app, &verified, signed_ms);
            Ok(Ok(verified))
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::Unavailable {
            message: "The key of the signature could not be fetched".into(),
            retry_after: 60,
        }),
    }
}

/// Says once an hour that a clock is wrong, there or here: some peers take no request that is a
/// few minutes off (F-097).
fn compare_clocks(app: &App, verified: &Verified, signed_ms: i64) {
    let ahead = signed_ms.saturating_sub(app.clock.now_ms());
    if ahead.abs() > CLOCKS_DIFFER && app.unreachable.count(&"clocks".to_owned(), HOUR) == 1 {
        let (peer, ahead) = (&verified.account.uri, ahead / 1000);
        tracing::warn!(%peer, ahead, "the clock of a peer differs by so many seconds from ours");
    }
}
