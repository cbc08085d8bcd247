//! Conversation.

use std::collections::HashMap;

use serde::Serialize;

use super::{Account, Status, accounts, statuses};
use crate::db::conversation::Conversation as Row;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::site::Site;

/// A direct conversation: who takes part, and what was said last.
#[derive(Debug, Serialize)]
pub(crate) struct Conversation {
    #[serde(serialize_with = "super::id")]
    id: i64,
    unread: bool,
    accounts: Vec<Account>,
    last_status: Option<Status>,
}

/// The shapes of a page of conversations, in its order.
pub(crate) fn conversations(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    page: &[Row],
) -> Result<Vec<Conversation>> {
    let ids: Vec<i64> = page.iter().filter_map(|row| row.last_status_id).collect();
    if ids.is_empty() {
        return Ok(page.iter().map(|row| shape(row, Vec::new(), None)).collect());
    }
    let last = db::status::list(conn, &ids)?;
    // who takes part: the author and everybody addressed
    let mut parties: HashMap<i64, Vec<i64>> =
        last.iter().map(|status| (status.id, vec![status.account_id])).collect();
    for (status, account, _) in db::status::list_mentions(conn, &ids)? {
        if let Some(party) = parties.get_mut(&status)
            && !party.contains(&account)
        {
            party.push(account);
        }
    }
    for party in parties.values_mut() {
        party.retain(|account| *account != viewer);
        // a note to oneself
        if party.is_empty() {
            party.push(viewer);
        }
    }
    let mut everybody: Vec<i64> = parties.values().flatten().copied().collect();
    everybody.sort_unstable();
    everybody.dedup();
    let stored = db::account::list(conn, &everybody)?;
    let mut shown: HashMap<i64, Status> =
        statuses(conn, site, viewer, last)?.into_iter().map(|status| (status.id, status)).collect();
    Ok(page
        .iter()
        .map(|row| {
            let id = row.last_status_id.unwrap_or(0);
            let party = parties.get(&id).map(Vec::as_slice).unwrap_or_default();
            let party: Vec<_> = party
                .iter()
                .filter_map(|id| stored.iter().find(|a| a.id == *id))
                .cloned()
                .collect();
            let ids: Vec<i64> = party.iter().map(|account| account.id).collect();
            shape(row, accounts(site, &ids, party), shown.remove(&id))
        })
        .collect())
}

fn shape(row: &Row, accounts: Vec<Account>, last_status: Option<Status>) -> Conversation {
    Conversation { id: row.id, unread: row.unread, accounts, last_status }
}
