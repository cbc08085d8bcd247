//! Getting a document from its origin: signed, of the right type, under its own id.

use serde_json::Value;

use crate::activity::{self, discovery, read};
use crate::app::App;
use crate::client::{Limits, OutRequest, Sign, host_of};
use crate::clock::MINUTE;
use crate::db;
use crate::error::{Error, Result};
use crate::model::{INSTANCE_ACTOR, SignatureForm};
use crate::service;

use super::{accept, budget, knock};

/// How long a failed fetch is remembered (S-019).
const NEGATIVE: i64 = 5 * MINUTE;

/// What came back from an address.
pub struct Fetched {
    pub value: Value,
    /// Where it was found after redirects.
    pub url: String,
}

/// Fetches a document and checks that it is what its address says: the right content type
/// (S-026), the id equal to the address, or found again under its id (S-027, F-141). Signed by
/// the instance actor, or by `as_account` where only that one may read it (F-120).
///
/// # Errors
/// 410 when its origin says so, 404 likewise, 503 for everything else that went wrong.
pub fn document(app: &App, address: &str, as_account: i64) -> Result<Value> {
    let first = get(app, address, as_account)?;
    let id = id_of(&first.value)?;
    if id == address || id == first.url {
        return same_host(&id, &first.url).map(|()| first.value);
    }
    let second = get(app, &id, as_account)?;
    if id_of(&second.value)? != id {
        return Err(Error::Remote(format!("{address} has another id than it says").into()));
    }
    same_host(&id, &second.url).map(|()| second.value)
}

/// Fetches one address, whatever the document's id.
pub fn get(app: &App, address: &str, as_account: i64) -> Result<Fetched> {
    get_within(app, address, as_account, Limits::DOCUMENT)
}

/// The same with other limits: a key is fetched for a request that waits (F-103).
pub fn get_within(app: &App, address: &str, as_account: i64, limits: Limits) -> Result<Fetched> {
    check(app, address)?;
    let key = format!("{as_account} {address}");
    if app.unreachable.look(&key).0 > 0 {
        return Err(Error::Remote(format!("{address} could not be fetched lately").into()));
    }
    let result = request(app, address, as_account, limits);
    if let Err(Error::Remote(_) | Error::NotFound | Error::Gone) = &result {
        app.unreachable.count(&key, NEGATIVE);
    }
    result
}

fn request(app: &App, address: &str, as_account: i64, limits: Limits) -> Result<Fetched> {
    budget::take()?;
    let send = |sign: Sign| {
        let request = OutRequest::get(address).header("Accept", accept::WANTED).limits(limits);
        app.client.send(request.signed(sign))
    };
    let host = host_of(address).unwrap_or_default();
    let [form, other] = SignatureForm::order(app.db.read(|conn| db::host::signature(conn, &host))?);
    let mut response = send(knock::sign(app, as_account, form)?)?;
    if knock::is_refusal(form, response.status) {
        // the other kind of signature, once (F-087)
        response = send(knock::sign(app, as_account, other)?)?;
        if response.is_success() && host_of(&response.final_url).as_deref() == Some(&*host) {
            knock::remember(app, &host, other)?;
        }
    }
    if response.status == 401 && address.contains('?') {
        let sign = knock::sign(app, as_account, SignatureForm::Cavage)?;
        response = send(knock::without_query(sign))?;
    }
    match response.status {
        200..=299 => {}
        404 => return Err(Error::NotFound),
        410 => return Err(Error::Gone),
        status => {
            return Err(Error::Remote(format!("{address} answered {status}").into()));
        }
    }
    let content_type = response.header("content-type").unwrap_or_default();
    if !accept::is_activity_type(content_type) {
        return Err(Error::Remote(format!("{address} is no ActivityPub document").into()));
    }
    // a redirect leads around no block (S-039)
    check(app, &response.final_url)?;
    let value = activity::json::parse_collection(&response.body)
        .map_err(|e| Error::Remote(format!("{address}: {e}").into()))?;
    Ok(Fetched { value, url: response.final_url })
}

/// Whether another reader might be answered something else: the document is not there for this
/// one. (Error texts are made above, in [`request`].)
pub fn is_refusal(error: &Error) -> bool {
    match error {
        Error::NotFound => true,
        Error::Remote(text) => text.ends_with(" answered 401") || text.ends_with(" answered 403"),
        _ => false,
    }
}

/// Blocked servers and our own addresses are never fetched (F-142, F-338).
pub(super) fn check(app: &App, address: &str) -> Result<()> {
    if app.site.owns(address) {
        return Err(Error::Remote("this is an address of our own".into()));
    }
    let host = host_of(address)
        .ok_or_else(|| Error::Remote(format!("{address} is no address to fetch").into()))?;
    if app.db.read(|conn| service::domain::is_suspended(conn, &host))? {
        // no fault that passes: whatever needs it ends here
        return Err(Error::Forbidden(format!("{host} is blocked here").into()));
    }
    Ok(())
}

fn id_of(value: &Value) -> Result<String> {
    read::id_of(value)
        .map(str::to_owned)
        .ok_or_else(|| Error::Remote("the document has no id".into()))
}

fn same_host(id: &str, url: &str) -> Result<()> {
    if host_of(id).is_some() && host_of(id) == host_of(url) {
        Ok(())
    } else {
        Err(Error::Remote("the document comes from another host than its id".into()))
    }
}

/// A small unsigned JSON document: WebFinger (F-066).
pub fn plain_json(app: &App, address: &str, accept: &str) -> Result<Value> {
    serde_json::from_str(&plain(app, address, accept)?)
        .map_err(|_| Error::Remote(format!("{address} is not JSON").into()))
}

/// A small unsigned text.
pub fn plain(app: &App, address: &str, accept: &str) -> Result<String> {
    check(app, address)?;
    budget::take()?;
    let request =
        OutRequest::get(address).header("Accept", accept).limits(crate::client::Limits::SMALL);
    let response = app.client.send(request)?;
    match response.status {
        200..=299 => String::from_utf8(response.body)
            .map_err(|_| Error::Remote(format!("{address} is no text").into())),
        404 => Err(Error::NotFound),
        410 => Err(Error::Gone),
        status => Err(Error::Remote(format!("{address} answered {status}").into())),
    }
}

/// A page or document at an address that somebody pasted: the document, or the one that the
/// page names as its other form (F-075).
pub fn page_or_document(app: &App, address: &str) -> Result<Value> {
    check(app, address)?;
    let accept = format!("{}, text/html;q=0.5", accept::WANTED);
    let host = host_of(address).unwrap_or_default();
    let [form, _] = SignatureForm::order(app.db.read(|conn| db::host::signature(conn, &host))?);
    let sign = knock::sign(app, INSTANCE_ACTOR, form)?;
    let request = OutRequest::get(address).header("Accept", accept).signed(sign);
    let response = app.client.send(request)?;
    if !response.is_success() {
        return document(app, address, INSTANCE_ACTOR);
    }
    check(app, &response.final_url)?;
    let content_type = response.header("content-type").unwrap_or_default().to_owned();
    if accept::is_activity_type(&content_type) {
        let value = activity::json::parse(&response.body)?;
        let id = id_of(&value)?;
        if id == response.final_url || id == address {
            return same_host(&id, &response.final_url).map(|()| value);
        }
        return document(app, &id, INSTANCE_ACTOR);
    }
    let link = response.header("link").and_then(discovery::alternate_in_header).or_else(|| {
        content_type
            .starts_with("text/html")
            .then(|| discovery::alternate_in_html(&String::from_utf8_lossy(&response.body)))
            .flatten()
    });
    let link = link.ok_or(Error::NotFound)?;
    let base = url::Url::parse(&response.final_url).map_err(|_| Error::NotFound)?;
    let link = base.join(&link).map_err(|_| Error::NotFound)?;
    document(app, link.as_str(), INSTANCE_ACTOR)
}
