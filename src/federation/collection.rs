//! Reading collections of other servers, in all shapes (F-247), page by page within limits
//! (F-248), and never off the host of their owner (F-249).

use std::collections::HashSet;

use serde_json::Value;

use crate::activity::collection::{self, Collection, CollectionRef, First};
use crate::activity::urls::same_host;
use crate::app::App;
use crate::error::{Error, Result};

use super::fetch;

/// How far a collection is read.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    pub pages: usize,
    pub items: usize,
    /// Who signs the requests.
    pub as_account: i64,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Read {
    /// Ids or objects, in their order. What they say of themselves is to be checked.
    pub items: Vec<Value>,
    /// `totalItems`, a claim.
    pub total: Option<u64>,
}

/// Reads the collection at `address`, which must be on the host of `owner`. A page that fails, or
/// that was there before, ends it; what came until then counts.
///
/// # Errors
/// Where the collection itself cannot be read, or is of another host.
pub fn read(app: &App, address: &str, owner: &str, walk: Walk) -> Result<Read> {
    let list = get(app, address, owner, walk.as_account)?;
    let mut found = Read { total: list.total, ..Read::default() };
    let mut pages = 0;
    let mut next = list.next.clone();
    take(&mut found, list.items, walk);
    match list.first {
        Some(First::Embedded(page)) => {
            pages += 1;
            take(&mut found, page.items, walk);
            next = page.next.or(next);
        }
        Some(First::Id(id)) if found.items.is_empty() => next = Some(id),
        _ => {}
    }
    follow(app, &mut found, next, pages, address, owner, walk);
    Ok(found)
}

/// Reads a collection that an object of `owner` names or has inside. What is inside came with a
/// document that was checked; only its ids count.
pub fn read_ref(app: &App, list: &CollectionRef, owner: &str, walk: Walk) -> Result<Read> {
    let mut found = Read { total: list.total, ..Read::default() };
    take(&mut found, list.items.iter().cloned().map(Value::String).collect(), walk);
    match (&list.next, &list.first, &list.id) {
        (Some(next), ..) => {
            follow(app, &mut found, Some(next.clone()), 1, owner, owner, walk);
            Ok(found)
        }
        (None, Some(first), _) if found.items.is_empty() => {
            follow(app, &mut found, Some(first.clone()), 0, owner, owner, walk);
            Ok(found)
        }
        (None, None, Some(id)) if found.items.is_empty() => read(app, id, owner, walk),
        _ => Ok(found),
    }
}

/// What a collection claims to have; nothing when it cannot be read.
pub fn total(app: &App, address: Option<&str>, owner: &str, as_account: i64) -> Option<u64> {
    get(app, address?, owner, as_account).ok()?.total
}

fn follow(
    app: &App,
    found: &mut Read,
    mut next: Option<String>,
    mut pages: usize,
    start: &str,
    owner: &str,
    walk: Walk,
) {
    let mut been = HashSet::from([start.to_owned()]);
    while let Some(address) = next.take() {
        if pages >= walk.pages || found.items.len() >= walk.items || !been.insert(address.clone()) {
            return;
        }
        match get(app, &address, owner, walk.as_account) {
            Ok(page) => {
                pages += 1;
                take(found, page.items, walk);
                next = page.next;
            }
            Err(error) => {
                tracing::debug!(%address, %error, "a page of a collection is not read");
                return;
            }
        }
    }
}

fn take(found: &mut Read, items: Vec<Value>, walk: Walk) {
    let room = walk.items.saturating_sub(found.items.len());
    found.items.extend(items.into_iter().take(room));
}

/// One document: a collection or a page, on the host of its owner by its address, by where it was
/// found, and by its own id if it has one (F-249, S-027).
fn get(app: &App, address: &str, owner: &str, as_account: i64) -> Result<Collection> {
    let elsewhere = || Error::BadRequest("The collection is on another host".into());
    if !same_host(address, owner) {
        return Err(elsewhere());
    }
    let fetched = fetch::get(app, address, as_account)?;
    if !collection::is_collection(&fetched.value) {
        return Err(Error::BadRequest("This is not a collection".into()));
    }
    let list = Collection::parse(&fetched.value)?;
    let here = list.id.as_ref().is_none_or(|id| same_host(id, owner));
    if !here || !same_host(&fetched.url, owner) {
        return Err(elsewhere());
    }
    Ok(list)
}
