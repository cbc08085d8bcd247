//! Queueing what goes to other servers, in the transaction that makes it true.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::client::host_of;
use crate::clock::DAY;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Delivery, Event};

/// A delivery that did not arrive for so long is given up.
pub const GIVE_UP: i64 = 10 * DAY;
/// How many servers a list names.
const LISTED: i64 = 500;

/// Queues an activity of `sender` for each of `inboxes`, once each (F-204). Blocked servers get
/// nothing (F-216).
pub fn queue(
    tx: &Tx<'_>,
    sender: &Account,
    activity: &Value,
    inboxes: impl IntoIterator<Item = String>,
) -> Result<()> {
    send(tx, sender, activity, inboxes, None)
}

/// The same for what makes the newest version of a status known: its author sees how it fares.
pub fn queue_status(
    tx: &Tx<'_>,
    sender: &Account,
    activity: &Value,
    inboxes: impl IntoIterator<Item = String>,
    status: i64,
) -> Result<()> {
    send(tx, sender, activity, inboxes, Some(status))
}

fn send(
    tx: &Tx<'_>,
    sender: &Account,
    activity: &Value,
    inboxes: impl IntoIterator<Item = String>,
    status: Option<i64>,
) -> Result<()> {
    let inboxes: BTreeSet<String> = inboxes.into_iter().collect();
    let mut id = None;
    let (mut queued, mut full) = (0, Vec::new());
    for inbox in inboxes {
        let Some(host) = host_of(&inbox) else { continue };
        if super::domain::is_suspended(tx, &host)? {
            continue;
        }
        let id = match id {
            Some(id) => id,
            None => {
                let body = serde_json::to_vec(activity).map_err(Error::internal)?;
                *id.insert(db::delivery::insert_activity(tx, sender.id, &body)?)
            }
        };
        if db::delivery::insert(tx, id, &inbox, &host)? {
            queued += 1;
        } else {
            tracing::warn!(%host, "too much waits for this server, an activity is not queued");
            db::host::count_dropped(tx, &host)?;
            full.push(host);
        }
    }
    let Some(id) = id else { return Ok(()) };
    if let Some(status) = status {
        let total = queued + i64::try_from(full.len()).unwrap_or(0);
        db::status_delivery::begin(tx, status, id, total)?;
        for host in &full {
            db::status_delivery::failed(tx, id, host, 0, "too much waits for this server")?;
        }
    }
    if queued == 0 {
        return db::delivery::remove_activity(tx, id);
    }
    tx.after_commit(Event::DeliveryQueued);
    Ok(())
}

/// The inbox took it: the row goes, and is counted for the status that it was about.
pub fn arrived(tx: &Tx<'_>, delivery: &Delivery) -> Result<()> {
    if db::delivery::remove(tx, delivery.id)? {
        db::status_delivery::arrived(tx, delivery.activity_id)?;
    }
    Ok(())
}

/// The inbox never gets it: the row goes, and is counted (F-215).
pub fn failed(tx: &Tx<'_>, delivery: &Delivery, reason: &str) -> Result<()> {
    let Delivery { id, activity_id, host, attempts, .. } = delivery;
    if db::delivery::remove(tx, *id)? {
        db::status_delivery::failed(tx, *activity_id, host, attempts + 1, reason)?;
        db::host::count_dropped(tx, host)?;
    }
    Ok(())
}

/// One slice of what has waited too long for servers that are given up: these are tried once a
/// week, which would take one row at a time (F-215). How many went.
pub fn expire(tx: &Tx<'_>, limit: i64) -> Result<usize> {
    let stale = db::delivery::list_stale(tx, tx.settled() - GIVE_UP, limit)?;
    let mut probes = BTreeMap::new();
    for delivery in &stale {
        tracing::info!(inbox = %delivery.inbox, "delivery given up with its server");
        let Delivery { activity_id, host, attempts, last_error, .. } = delivery;
        let reason = last_error.as_deref().unwrap_or("its server does not answer");
        if db::delivery::remove(tx, delivery.id)? {
            db::status_delivery::failed(tx, *activity_id, host, *attempts, reason)?;
            db::host::count_dropped(tx, host)?;
        }
        let probe = probes.entry(host).or_insert(delivery.due);
        *probe = delivery.due.max(*probe);
    }
    // what comes forward waits for the next probe, as the first of these did
    for (host, due) in probes {
        db::delivery::hold_back(tx, host, due)?;
    }
    Ok(stale.len())
}

/// The account wants nothing more to go to this inbox but what ends things: the rest is taken out
/// of the queue (F-216).
pub(super) fn withdraw(tx: &Tx<'_>, sender: i64, inbox: &str) -> Result<()> {
    for Delivery { id, activity_id, host, attempts, .. } in
        db::delivery::list_unwanted(tx, sender, inbox)?
    {
        db::status_delivery::failed(tx, activity_id, &host, attempts, "you blocked them")?;
        db::delivery::remove(tx, id)?;
    }
    Ok(())
}

/// A server that does not have a status yet, or never will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Straggler {
    pub host: String,
    /// It never will.
    pub failed: bool,
    pub attempts: i64,
    pub last_error: Option<String>,
    /// Milliseconds since 1970.
    pub next_try: Option<i64>,
}

/// How the newest version of a status fares, for its author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub total: i64,
    pub delivered: i64,
    pub waiting: i64,
    pub failed: i64,
    /// Those that wait or failed, each once; the first few hundred.
    pub hosts: Vec<Straggler>,
}

/// Where a status is on its way.
///
/// # Errors
/// 404 for everybody but its author.
pub fn progress(conn: &Conn, author: i64, status: i64) -> Result<Progress> {
    let status = db::status::get(conn, status)?;
    if status.account_id != author || !status.local {
        return Err(Error::NotFound);
    }
    let Some(sent) = db::status_delivery::find(conn, status.id)? else {
        return Ok(Progress::default());
    };
    let mut hosts: BTreeMap<String, Straggler> = BTreeMap::new();
    for one in db::status_delivery::list_failures(conn, status.id, LISTED)? {
        let straggler = Straggler {
            host: one.host.clone(),
            failed: true,
            attempts: one.attempts,
            last_error: Some(one.error),
            next_try: None,
        };
        hosts.insert(one.host, straggler);
    }
    for one in db::delivery::list_of_activity(conn, sent.activity_id, LISTED)? {
        let straggler = Straggler {
            host: one.host.clone(),
            failed: false,
            attempts: one.attempts,
            last_error: one.last_error,
            next_try: Some(one.due),
        };
        hosts.insert(one.host, straggler);
    }
    Ok(Progress {
        total: sent.total,
        delivered: sent.delivered,
        waiting: (sent.total - sent.delivered - sent.failed).max(0),
        failed: sent.failed,
        hosts: hosts.into_values().collect(),
    })
}

/// An operator says that a server is there again: what waits for it is tried at once, as if it
/// had never failed. How many rows wait.
///
/// # Errors
/// A sentence when nothing is known of the server.
pub fn retry(tx: &Tx<'_>, host: &str) -> Result<i64> {
    let (waiting, _) = db::delivery::waiting_for(tx, host)?;
    if waiting == 0 && db::host::find(tx, host)?.is_none() {
        return Err(Error::Missing(format!("nothing is known of {host}").into()));
    }
    db::host::succeeded(tx, host)?;
    db::delivery::hasten(tx, host)?;
    tx.after_commit(Event::DeliveryQueued);
    Ok(waiting)
}

/// Where what `sender` says goes to reach `to`: nowhere for somebody here, or whom the sender
/// blocks (F-216).
pub fn inbox_of(conn: &Conn, sender: i64, to: &Account) -> Result<Option<String>> {
    if to.is_local() || db::moderation::blocks(conn, sender, to.id)? {
        return Ok(None);
    }
    Ok(to.delivery_inbox().map(str::to_owned))
}

/// Queues an activity for one account's own inbox (F-223); nothing for a local one or one
/// without an inbox.
pub fn queue_for(tx: &Tx<'_>, sender: &Account, activity: &Value, to: &Account) -> Result<()> {
    queue(tx, sender, activity, to.inbox.clone().filter(|_| !to.is_local()))
}

/// Says whether shared inboxes are left alone (F-204). None is known then, so that no question
/// about inboxes has two answers.
pub fn set_never_shared(tx: &Tx<'_>, on: bool) -> Result<()> {
    if is_never_shared(tx)? == on {
        return Ok(());
    }
    db::meta::set(tx, "never_shared_inbox", if on { "1" } else { "0" })?;
    if on { db::account::forget_shared_inboxes(tx) } else { Ok(()) }
}

/// Whether shared inboxes are left alone.
pub fn is_never_shared(conn: &Conn) -> Result<bool> {
    Ok(db::meta::get(conn, "never_shared_inbox")?.as_deref() == Some("1"))
}
