//! Inboxes that answer 410: whom they belonged to is asked for, and who is gone as well is
//! forgotten (F-213).

use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, JobKind};

/// How many accounts one job asks for.
const SLICE: i64 = 20;
/// How many inboxes of one server may wait to be looked into.
const QUEUE: i64 = 50;

/// An inbox is gone: its accounts are asked for, by a job.
pub fn suspect(tx: &Tx<'_>, inbox: &str, host: &str) -> Result<()> {
    queue(tx, inbox, host, 0)
}

/// The accounts behind an inbox that somebody here follows, or that follow somebody here: those
/// above `after`, and whether there may be more.
pub fn behind(conn: &Conn, inbox: &str, after: i64) -> Result<(Vec<Account>, bool)> {
    let ids = db::host::list_behind(conn, inbox, after, SLICE)?;
    let more = i64::try_from(ids.len()).unwrap_or(0) >= SLICE;
    let mut accounts = db::account::list(conn, &ids)?;
    accounts.sort_by_key(|account| account.id);
    Ok((accounts, more))
}

/// The end of a slice: those who are gone go here too, and with them their follows; the next slice
/// is a job of its own.
pub fn settle(tx: &Tx<'_>, gone: &[Account], next: Option<(&str, &str, i64)>) -> Result<()> {
    for account in gone {
        super::leaving::delete_remote(tx, account)?;
        tracing::info!(account = %account.uri, "gone with its inbox");
    }
    match next {
        Some((inbox, host, after)) => queue(tx, inbox, host, after),
        None => Ok(()),
    }
}

fn queue(tx: &Tx<'_>, inbox: &str, host: &str, after: i64) -> Result<()> {
    let lane = format!("fetch {host}");
    if db::job::count_lane(tx, &lane, QUEUE)? >= QUEUE {
        return Ok(());
    }
    let payload = serde_json::to_vec(&(inbox, host, after)).map_err(Error::internal)?;
    // all that waited for the inbox is answered alike
    if db::job::waits_with(tx, JobKind::ConfirmGone, &lane, &payload)? {
        return Ok(());
    }
    db::job::insert(tx, JobKind::ConfirmGone, &lane, &payload)?;
    Ok(())
}
