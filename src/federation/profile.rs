//! Reading what a remote profile shows: its pins, its recent statuses and how many it claims to
//! have (F-250, F-256).

use serde_json::Value;

use crate::activity::incoming::Kind;
use crate::activity::object::{Object, ObjectKind};
use crate::activity::urls::same_host;
use crate::activity::{self, actor, read};
use crate::app::App;
use crate::db::backfill::Claims;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::model::{Account, INSTANCE_ACTOR};
use crate::service::remote::Arrival;
use crate::service::{self, backfill};

use super::collection::{self, Walk};
use super::{fetch, resolve};

/// How many pins are read (F-250).
const PINS: usize = 20;

/// Reads the profile; blocking, as all fetches.
///
/// # Errors
/// When the outbox cannot be read now: that is worth another try.
pub fn refresh(app: &App, account_id: i64) -> Result<()> {
    let account = app.db.read(|conn| db::account::find(conn, account_id))?;
    let account = account.filter(|account| !account.is_local() && account.suspended_at.is_none());
    let Some(account) = account else { return Ok(()) };
    let items = app.config.limits.profile_statuses;
    if items == 0 {
        return Ok(());
    }
    let walk = |items| Walk { pages: 2, items, as_account: INSTANCE_ACTOR };
    let outbox = match &account.outbox {
        Some(outbox) => Some(collection::read(app, outbox, &account.uri, walk(items))),
        None => None,
    };
    let (outbox, failure) = match outbox {
        Some(Ok(read)) => (read, None),
        Some(Err(error @ (Error::Remote(_) | Error::TooMany { .. }))) => {
            (collection::Read::default(), Some(error))
        }
        _ => (collection::Read::default(), None),
    };
    // before the items: boosts may use up what this job may fetch
    let pins = pins(app, &account, walk(PINS));
    let total = |address: &Option<String>| {
        collection::total(app, address.as_deref(), &account.uri, INSTANCE_ACTOR)
    };
    let claims = Claims {
        statuses: outbox.total,
        followers: total(&account.followers_uri),
        following: total(&account.following_uri),
    };
    // the oldest first, so that parents are there before their replies
    for item in outbox.items.iter().rev() {
        if let Err(error) = keep(app, &account, item) {
            tracing::debug!(account = %account.uri, %error, "an item of an outbox is not kept");
        }
    }
    app.db
        .write(Lane::Background, move |tx| {
            let Some(account) = db::account::find(tx, account_id)? else { return Ok(()) };
            backfill::profile_read(tx, &account, pins.as_deref(), &claims)
        })
        .wait()?;
    failure.map_or(Ok(()), Err)
}

/// The pinned statuses, in their order; `None` where they cannot be read.
fn pins(app: &App, account: &Account, walk: Walk) -> Option<Vec<i64>> {
    let featured = account.featured_uri.as_deref()?;
    let read = collection::read(app, featured, &account.uri, walk).ok()?;
    let mut ids = Vec::new();
    for item in &read.items {
        match keep(app, account, item) {
            Ok(Some(id)) => ids.push(id),
            Ok(None) => {}
            Err(error) => tracing::debug!(account = %account.uri, %error, "a pin is not kept"),
        }
    }
    Some(ids)
}

/// One item of a collection of the account: an id or an object, a status or the activity that it
/// came with. Only what is the account's own, on its own host, counts; of a boost only whose it is
/// and what it names.
fn keep(app: &App, account: &Account, item: &Value) -> Result<Option<i64>> {
    let fetched;
    let value = match item {
        Value::String(id) => {
            if let Some(known) = own(app, account, id)? {
                return Ok(known);
            }
            fetched = fetch::document(app, id, INSTANCE_ACTOR)?;
            &fetched
        }
        value => value,
    };
    match Kind::of(value) {
        Kind::Announce => boost(app, account, value),
        Kind::Create => match read::first(value, "object") {
            Some(Value::String(id)) => by_id(app, account, id),
            Some(object) => status(app, account, object, Some(value)),
            None => Ok(None),
        },
        _ if ObjectKind::of(value).is_some() => status(app, account, value, None),
        _ => Ok(None),
    }
}

/// What is here under an id of the account's host: `None` nothing, `Some(None)` not the account's.
fn own(app: &App, account: &Account, id: &str) -> Result<Option<Option<i64>>> {
    if !same_host(id, &account.uri) {
        return Ok(Some(None));
    }
    let known = app.db.read(|conn| db::status::find_by_uri(conn, id))?;
    Ok(known.map(|status| (status.account_id == account.id).then_some(status.id)))
}

fn by_id(app: &App, account: &Account, id: &str) -> Result<Option<i64>> {
    if let Some(known) = own(app, account, id)? {
        return Ok(known);
    }
    status(app, account, &fetch::document(app, id, INSTANCE_ACTOR)?, None)
}

/// A status of the account, if anybody may read it. What a page has inside needs no context of
/// its own (F-004).
fn status(
    app: &App,
    account: &Account,
    value: &Value,
    create: Option<&Value>,
) -> Result<Option<i64>> {
    if ObjectKind::of(value).is_none() || actor::kind_of(value).is_some() {
        return Ok(None);
    }
    let mut object = Object::parse_embedded(value)?;
    if let Some(known) = own(app, account, &object.id)? {
        return Ok(known);
    }
    if let Some(create) = create.filter(|_| object.to.is_empty() && object.cc.is_empty()) {
        object.to = read::ids(create, "to");
        object.cc = read::ids(create, "cc");
    }
    let seen_by = activity::visibility(&object.to, &object.cc, account.followers_uri.as_deref());
    if object.attributed_to != account.uri
        || object.is_vote_like
        || object.is_chat
        || !seen_by.is_open()
    {
        return Ok(None);
    }
    let (incoming, author) = (resolve::read(app, object), account.id);
    app.db
        .write(Lane::Background, move |tx| {
            let author = db::account::get(tx, author)?;
            let status = service::remote::store(tx, &incoming, &author, Arrival::Fetched)?;
            Ok(Some(status.id))
        })
        .wait()
}

fn boost(app: &App, account: &Account, value: &Value) -> Result<Option<i64>> {
    let (Some(uri), Some(object)) = (read::id_of(value), read::id(value, "object")) else {
        return Ok(None);
    };
    let to = activity::visibility(&read::ids(value, "to"), &read::ids(value, "cc"), None);
    let is_own = read::id(value, "actor").is_none_or(|actor| actor == account.uri);
    if !is_own || !same_host(uri, &account.uri) || !to.is_open() {
        return Ok(None);
    }
    let target = resolve::status(app, &object, resolve::MOST_ANCESTORS)?;
    let (account, uri) = (account.id, uri.to_owned());
    let published = read::time_ms(value, "published").unwrap_or(target.created_at);
    app.db
        .write(Lane::Background, move |tx| backfill::boost(tx, account, target.id, &uri, published))
        .wait()?;
    Ok(None)
}
