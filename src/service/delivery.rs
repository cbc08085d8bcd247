//! Queueing what goes to other servers, in the transaction that makes it true.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::host_of;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Event};

/// Queues an activity of `sender` for each of `inboxes`, once each (F-204). Blocked servers get
/// nothing (F-216).
pub fn queue(
    tx: &Tx<'_>,
    sender: &Account,
    activity: &Value,
    inboxes: impl IntoIterator<Item = String>,
) -> Result<()> {
    let inboxes: BTreeSet<String> = inboxes.into_iter().collect();
    let mut id = None;
    let mut queued = false;
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
            queued = true;
        } else {
            tracing::warn!(%host, "too much waits for this server, an activity is not queued");
        }
    }
    match id {
        Some(_) if queued => tx.after_commit(Event::DeliveryQueued),
        Some(id) => db::delivery::remove_activity(tx, id)?,
        None => {}
    }
    Ok(())
}

/// Queues an activity for one account's own inbox (F-223); nothing for a local one or one
/// without an inbox.
pub fn queue_for(tx: &Tx<'_>, sender: &Account, activity: &Value, to: &Account) -> Result<()> {
    queue(tx, sender, activity, to.inbox.clone().filter(|_| !to.is_local()))
}
