//! Whether two servers agree on who follows whom (F-229): what goes along with what is for
//! followers alone, and what is put right when another server counts otherwise.

use serde::Deserialize;
use serde_json::Value;

use crate::activity::followers_sync::{Header, digest};
use crate::activity::{PUBLIC, build, urls};
use crate::clock::HOUR;
use crate::crypto::short_hash16;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, INSTANCE_ACTOR, JobKind};

use super::{delivery, relationship};

/// How many followers on one server are counted.
const MOST: i64 = 10_000;
/// How many of our own people another server may name.
const MOST_NAMED: usize = 1000;
/// How often one account is compared (F-229).
const REST: i64 = HOUR;
/// How many comparisons may wait for one server.
const QUEUE: i64 = 50;

/// To whom an activity of ours goes; what else is in it may name anybody (a policy names Public).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Addressed {
    to: Vec<Value>,
    cc: Vec<Value>,
}

/// `https://host/` of an address.
fn origin(address: &str) -> Option<String> {
    let url = urls::parse(address)?;
    Some(format!("{}/", url.origin().ascii_serialization()))
}

/// The actors that follow a local account from the server of `address`.
pub fn followers_on(conn: &Conn, account: i64, address: &str) -> Result<Vec<String>> {
    match origin(address) {
        Some(origin) => db::followers_sync::list_uris_on(conn, account, &origin, MOST),
        None => Ok(Vec::new()),
    }
}

/// Where a local account lists them.
fn address_of(account: &Account) -> String {
    format!("{}/followers_synchronization", account.uri)
}

/// The header for an activity of a local account to an inbox: only with what its followers get
/// and others do not.
pub fn header(conn: &Conn, sender: i64, body: &[u8], inbox: &str) -> Result<Option<String>> {
    let Ok(Addressed { to, cc }) = serde_json::from_slice(body) else { return Ok(None) };
    let mut readers = to.iter().chain(&cc).filter_map(Value::as_str);
    if readers.clone().any(|reader| reader == PUBLIC) {
        return Ok(None);
    }
    let Some(account) = db::account::find(conn, sender)? else { return Ok(None) };
    let Some(collection) = account.followers_uri.clone() else { return Ok(None) };
    if !readers.any(|reader| reader == collection) {
        return Ok(None);
    }
    let followers = followers_on(conn, sender, inbox)?;
    if i64::try_from(followers.len()).unwrap_or(i64::MAX) >= MOST {
        // perhaps not all: others would end the follows that are not listed
        return Ok(None);
    }
    let digest = digest(followers.iter().map(String::as_str));
    Ok(Some(Header { collection, digest, url: address_of(&account) }.to_text()))
}

/// Where to read the followers that `signer` has here, if it counts others than we do.
pub fn differs(conn: &Conn, signer: &Account, header: &str) -> Result<Option<String>> {
    let Some(header) = Header::parse(header) else { return Ok(None) };
    if signer.is_local()
        || signer.followers_uri.as_ref() != Some(&header.collection)
        || !urls::same_host(&header.url, &signer.uri)
    {
        return Ok(None);
    }
    let here = db::followers_sync::list_here(conn, signer.id)?;
    let own = digest(here.iter().map(|(_, uri, _)| uri.as_str()));
    Ok((own != header.digest).then_some(header.url))
}

/// Queues a comparison, once in [`REST`] for each account.
pub fn queue(tx: &Tx<'_>, signer: &Account, url: &str) -> Result<()> {
    let Some(host) = urls::host(url) else { return Ok(()) };
    let lane = format!("fetch {host}");
    let mark = short_hash16(format!("sync {}", signer.uri).as_bytes());
    if db::job::count_lane(tx, &lane, QUEUE)? >= QUEUE
        || !db::seen::insert(tx, &mark, tx.now() + REST)?
    {
        return Ok(());
    }
    let payload = serde_json::to_vec(&(signer.id, url)).map_err(Error::internal)?;
    db::job::insert(tx, JobKind::SyncFollowers, &lane, &payload)?;
    Ok(())
}

/// Brings our side in line with the list of `target`'s server, read after `since`: a follow that
/// is not there ends, one that is only asked for here is accepted, and one that we know nothing of
/// is taken back there. Nothing but follows of people here changes.
pub fn settle(tx: &Tx<'_>, target: i64, listed: &[String], since: i64) -> Result<()> {
    let Some(target) = db::account::find(tx, target)? else { return Ok(()) };
    if target.suspended_at.is_some() || target.is_local() {
        return Ok(());
    }
    for (id, uri, followed_at) in db::followers_sync::list_here(tx, target.id)? {
        if followed_at < since && !listed.contains(&uri) {
            let follower = db::account::get(tx, id)?;
            tracing::info!(follower = %follower.uri, target = %target.uri, "a follow that is not known there ends");
            relationship::unfollow(tx, &follower, &target)?;
        }
    }
    let named = &listed[..listed.len().min(MOST_NAMED)];
    for shown in db::account::list_by_uris(tx, named)? {
        if !shown.is_local() || shown.id == INSTANCE_ACTOR || shown.suspended_at.is_some() {
            continue;
        }
        match db::follow::find(tx, shown.id, target.id)? {
            Some(follow) if follow.accepted => {}
            Some(_) => {
                let follower = db::account::get(tx, shown.id)?;
                relationship::receive_accept(tx, &target, &follower)?;
            }
            None => {
                let follower = db::account::get(tx, shown.id)?;
                // its id is not known here: actor and object say which is meant
                let id = format!("{}#follows/{}", follower.uri, tx.mint_id());
                let follow = build::follow(&id, &follower.uri, &target.uri);
                let undo = build::undo_of(&format!("{id}/undo"), &follow);
                delivery::queue_for(tx, &follower, &undo, &target)?;
            }
        }
    }
    Ok(())
}
