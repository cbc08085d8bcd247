//! Getting what is not here yet: accounts by handle or URI, statuses, anything pasted into the
//! search. Blocking: runs on the resolve lane or a worker, never on a thread that serves clients.

use serde_json::Value;

use crate::activity::actor::Actor;
use crate::activity::incoming::Kind;
use crate::activity::object::{Object, ObjectKind};
use crate::activity::{self, discovery, read};
use crate::app::App;
use crate::client::host_of;
use crate::clock::HOUR;
use crate::crypto::short_hash16;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::model::{Account, INSTANCE_ACTOR, JobKind, Status};
use crate::service;
use crate::service::account::IncomingActor;
use crate::service::moving::Claim;
use crate::service::remote::{Arrival, Incoming, Reading};

use super::{budget, fetch, reader, static_actor};

/// How many parents above a fetched status are fetched as well (F-251).
pub const MOST_ANCESTORS: u32 = 40;

/// What WebFinger answers with.
const JRD: &str = "application/jrd+json, application/json";

/// How many fetches may wait for one server.
const FETCHES: i64 = 200;

/// What an address led to.
#[allow(clippy::large_enum_variant)] // one at a time, never in a list
pub enum Found {
    Account(Account),
    Status(Status),
}

/// An account by its handle: WebFinger, then the actor, then back (F-066 to F-068).
///
/// # Errors
/// 404 when there is none, 503 when its server does not answer or contradicts itself.
pub fn account_by_handle(app: &App, name: &str, domain: &str) -> Result<Account> {
    let domain = normal_domain(domain)?;
    if app.site.is_own_domain(&domain) {
        return app.db.read(|conn| db::account::find_local(conn, name))?.ok_or(Error::NotFound);
    }
    let answer = webfinger(app, &domain, &format!("{name}@{domain}"))?;
    // a file that answers whatever is asked is no answer (F-066)
    if answer.domain == domain && !answer.name.eq_ignore_ascii_case(name) {
        return Err(Error::NotFound);
    }
    let account = match actor(app, &answer.actor) {
        Err(Error::Remote(_)) if app.config.federation.static_actor_compat => {
            store_actor(app, &static_actor::document(app, &answer.actor)?)?
        }
        found => found?,
    };
    if account.username.eq_ignore_ascii_case(&answer.name) {
        Ok(account)
    } else {
        Err(Error::NotFound)
    }
}

/// The stored account of an actor, read from its origin if it is not here.
pub fn actor(app: &App, uri: &str) -> Result<Account> {
    if let Some(account) = app.db.read(|conn| db::account::find_by_uri(conn, uri))? {
        return Ok(account);
    }
    budget::admit(app, uri)?;
    refresh_actor(app, uri)
}

/// Reads an actor from its origin and stores what it says.
///
/// # Errors
/// 410 when it is gone there.
pub fn refresh_actor(app: &App, uri: &str) -> Result<Account> {
    let value = fetch::document(app, uri, INSTANCE_ACTOR)?;
    store_actor(app, &value)
}

/// An actor as its own server shows it now, with what it says of other accounts of the same
/// person; of one of ours, as it is stored.
///
/// # Errors
/// 404 and 410 as its server says.
pub fn claim(app: &App, uri: &str) -> Result<Claim> {
    if app.site.owns(uri) {
        let own = app.db.read(|conn| db::account::find_by_uri(conn, uri))?;
        let own = own.filter(|own| own.is_local() && own.id != INSTANCE_ACTOR);
        return own.map(Claim::of_own).ok_or(Error::NotFound);
    }
    let value = fetch::document(app, uri, INSTANCE_ACTOR)?;
    let actor = Actor::parse(&value)?;
    let account = store_actor(app, &value)?;
    Ok(Claim { account, also_known_as: actor.also_known_as, moved_to: actor.moved_to })
}

/// The same by what a person writes: a handle, the address of the actor or of its page.
///
/// # Errors
/// 404 when it leads to no account.
pub fn claim_of(app: &App, text: &str) -> Result<Claim> {
    let text = text.trim();
    let account = if text.starts_with("https://") || text.starts_with("http://") {
        match any(app, text)? {
            Found::Account(account) => account,
            Found::Status(_) => return Err(Error::NotFound),
        }
    } else {
        let handle = text.trim_start_matches('@');
        let (name, domain) = handle.split_once('@').ok_or(Error::NotFound)?;
        account_by_handle(app, name, domain)?
    };
    claim(app, &account.uri)
}

/// Stores an actor document that was fetched from its own address.
pub fn store_actor(app: &App, value: &Value) -> Result<Account> {
    let actor = Actor::parse(value)?;
    if app.site.owns(&actor.id) {
        return Err(Error::Remote("this is an actor of our own".into()));
    }
    let known = app.db.read(|conn| db::account::find_by_uri(conn, &actor.id))?;
    let is_known = known.is_some();
    let kept = known.filter(|known| known.username == actor.preferred_username);
    let domain = if let Some(domain) = kept.and_then(|known| known.domain) {
        domain
    } else {
        let (domain, proven) = domain_of(app, &actor)?;
        take_handle(app, &actor, &domain, proven, is_known)?;
        domain
    };
    let incoming = IncomingActor::new(&actor, &domain);
    app.db
        .write(Lane::Background, move |tx| {
            if db::seen::buried_at(tx, incoming.uri())?.is_some() {
                return Err(Error::Gone);
            }
            service::account::store_remote(tx, &incoming)
        })
        .wait()
}

/// The domain of an actor's handle (F-054): the one that its WebFinger answer names, if asking
/// there leads back to the actor; else the host of its id, which it surely owns. And whether
/// WebFinger said so.
fn domain_of(app: &App, actor: &Actor) -> Result<(String, bool)> {
    let host = host_of(&actor.id).ok_or_else(|| Error::Remote("the actor has no host".into()))?;
    let handle = format!("{}@{host}", actor.preferred_username);
    match webfinger(app, &host, &handle) {
        Ok(answer) if answer.actor == actor.id && same_name(&answer.name, actor) => {
            Ok((answer.domain, true))
        }
        Ok(_) | Err(Error::NotFound | Error::Gone | Error::Remote(_)) => Ok((host, false)),
        Err(error) => Err(error),
    }
}

/// A handle that another actor has here goes on meaning that one, until it is gone from its server
/// and WebFinger names the new one: then it goes here as well, and with it who follows it (S-031).
/// An account that takes another name may not take one that is not free.
fn take_handle(app: &App, actor: &Actor, domain: &str, proven: bool, is_known: bool) -> Result<()> {
    let (name, id) = (actor.preferred_username.as_str(), actor.id.as_str());
    for other in app.db.read(|conn| db::account::list_others(conn, name, domain, id))? {
        let answer = proven.then(|| fetch::document(app, &other.uri, INSTANCE_ACTOR));
        if matches!(answer, Some(Err(Error::Gone | Error::NotFound))) {
            let gone = app.db.write(Lane::Background, move |tx| {
                match db::account::find_by_uri(tx, &other.uri)? {
                    Some(other) => service::leaving::delete_remote(tx, &other),
                    None => Ok(()),
                }
            });
            gone.wait()?;
        } else if is_known {
            return Err(Error::Forbidden(format!("{id} takes the name of {}", other.uri).into()));
        }
    }
    Ok(())
}

fn same_name(name: &str, actor: &Actor) -> bool {
    name.eq_ignore_ascii_case(&actor.preferred_username)
}

struct Webfinger {
    actor: String,
    name: String,
    domain: String,
}

/// Asks `domain` for a handle; when it answers for another one, asks there once more and wants
/// the same actor (F-067). A third hop is an error.
fn webfinger(app: &App, domain: &str, handle: &str) -> Result<Webfinger> {
    let first = webfinger_once(app, domain, handle)?;
    if first.is_for(handle) {
        return Ok(first);
    }
    let handle = format!("{}@{}", first.name, first.domain);
    let second = webfinger_once(app, &first.domain, &handle)?;
    if !second.is_for(&handle) || second.actor != first.actor {
        return Err(Error::Remote(format!("{domain} and {} disagree", first.domain).into()));
    }
    Ok(second)
}

impl Webfinger {
    fn is_for(&self, handle: &str) -> bool {
        handle.eq_ignore_ascii_case(&format!("{}@{}", self.name, self.domain))
    }
}

fn webfinger_once(app: &App, domain: &str, handle: &str) -> Result<Webfinger> {
    let scheme = if app.config.dev { "http" } else { "https" };
    let resource: String =
        form_urlencoded::byte_serialize(format!("acct:{handle}").as_bytes()).collect();
    let address = format!("{scheme}://{domain}/.well-known/webfinger?resource={resource}");
    let answer = match fetch::plain_json(app, &address, JRD) {
        // perhaps it is at another address, which host-meta names (F-069)
        Err(Error::NotFound) => {
            let meta = format!("{scheme}://{domain}/.well-known/host-meta");
            let meta = fetch::plain(app, &meta, "application/xrd+xml, application/json;q=0.9")?;
            let template = discovery::host_meta_template(&meta).ok_or(Error::NotFound)?;
            let other = template.replace("{uri}", &resource);
            if other == address {
                return Err(Error::NotFound);
            }
            fetch::plain_json(app, &other, JRD)?
        }
        other => other?,
    };
    let found = discovery::answer(&answer, handle, domain)
        .ok_or_else(|| Error::Remote(format!("{domain} answers WebFinger wrongly").into()))?;
    Ok(Webfinger { domain: normal_domain(&found.domain)?, actor: found.actor, name: found.name })
}

/// Lower-case and punycode, with a port if there is one; nothing else gets into an address.
fn normal_domain(domain: &str) -> Result<String> {
    host_of(&format!("https://{domain}/"))
        .filter(|host| !host.is_empty() && !domain.contains(['/', '@', '?', '#']))
        .ok_or_else(|| Error::Remote("this is no domain".into()))
}

/// A status by its URI, fetched with its author if it is not here. The parents above it follow
/// in the background.
pub fn status(app: &App, uri: &str, depth: u32) -> Result<Status> {
    let known = app.db.read(|conn| db::status::find_by_uri_or_url(conn, uri))?;
    if let Some(status) = known {
        return Ok(status);
    }
    if app.site.owns(uri) {
        return Err(Error::NotFound);
    }
    let value = reader::status(app, uri)?;
    store_status(app, &value, depth)
}

/// Makes a status ready to be stored, as the settings want it.
pub fn read(app: &App, object: Object) -> Incoming {
    Incoming::read(
        object,
        Reading {
            site: &app.site,
            full_articles: app.config.federation.article_full_content,
            languages: &app.config.instance.languages,
        },
    )
}

/// Stores a status document that was fetched from its own address.
fn store_status(app: &App, value: &Value, depth: u32) -> Result<Status> {
    // an outbox or a link may name the Create instead of what was created; once, not in circles
    let fetched;
    let value = if Kind::of(value) == Kind::Create {
        let inner = read::first(value, "object").and_then(read::uri_of).ok_or(Error::NotFound)?;
        if let Some(status) = app.db.read(|conn| db::status::find_by_uri(conn, &inner))? {
            return Ok(status);
        }
        fetched = fetch::document(app, &inner, INSTANCE_ACTOR)?;
        &fetched
    } else {
        value
    };
    if ObjectKind::of(value).is_none() {
        return Err(Error::NotFound);
    }
    let object = Object::parse(value)?;
    let author = actor(app, &object.attributed_to)?;
    let incoming = read(app, object);
    let steps = steps();
    app.db
        .write(Lane::Background, move |tx| {
            let author = db::account::get(tx, author.id)?;
            let status = service::remote::store(tx, &incoming, &author, Arrival::Fetched)?;
            queue_parent(tx, &status, depth, steps)?;
            Ok(status)
        })
        .wait()
}

/// Queues the fetch of a parent that is not here, so many steps further up.
pub fn queue_parent(tx: &db::Tx<'_>, status: &Status, depth: u32, steps: u32) -> Result<()> {
    match &status.in_reply_to_uri {
        Some(parent) if depth < MOST_ANCESTORS => queue_fetch(tx, parent, depth + steps),
        _ => Ok(()),
    }
}

/// How far up the fetches of this job count: what a chain of parents causes in all is bounded as
/// well as its length (S-020).
fn steps() -> u32 {
    let each = budget::FETCHES / MOST_ANCESTORS;
    budget::spent().div_ceil(each.max(1)).max(1)
}

/// Queues the fetch of a status, once an hour, in a lane of its own beside the server's
/// activities, and not without limit: somebody else chose the address.
pub fn queue_fetch(tx: &db::Tx<'_>, uri: &str, depth: u32) -> Result<()> {
    let Some(host) = host_of(uri) else { return Ok(()) };
    let lane = format!("fetch {host}");
    let mark = short_hash16(format!("fetch {uri}").as_bytes());
    if db::job::count_lane(tx, &lane, FETCHES)? >= FETCHES
        || !db::seen::insert(tx, &mark, tx.now() + HOUR)?
    {
        return Ok(());
    }
    let payload = serde_json::to_vec(&(uri, depth)).map_err(Error::internal)?;
    db::job::insert(tx, JobKind::FetchStatus, &lane, &payload)?;
    Ok(())
}

/// Whatever an address leads to: an actor or status by id or page, here or elsewhere (F-075).
///
/// # Errors
/// 404 when it leads to nothing that can be shown, 503 when its server does not answer.
pub fn any(app: &App, address: &str) -> Result<Found> {
    let here = app.db.read(|conn| {
        if let Some(status) = db::status::find_by_uri_or_url(conn, address)? {
            return Ok(Some(Found::Status(status)));
        }
        Ok(db::account::find_by_uri_or_url(conn, address)?.map(Found::Account))
    })?;
    if let Some(found) = here {
        return Ok(found);
    }
    if app.site.owns(address) {
        return Err(Error::NotFound);
    }
    let value = fetch::page_or_document(app, address)?;
    if activity::actor::kind_of(&value).is_some() {
        store_actor(app, &value).map(Found::Account)
    } else {
        store_status(app, &value, 0).map(Found::Status)
    }
}
