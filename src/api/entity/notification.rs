//! Notification.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::status::statuses_and_accounts;
use super::{Account, Status};
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model;
use crate::site::Site;

/// Something that the account is told.
#[derive(Debug, Serialize)]
pub(crate) struct Notification {
    #[serde(serialize_with = "super::id")]
    id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    group_key: String,
    #[serde(serialize_with = "super::shared")]
    account: Arc<Account>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "super::shared_or_null")]
    status: Option<Arc<Status>>,
}

/// The shapes of a page of notifications, in its order.
pub(crate) fn notifications(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    page: &[model::Notification],
) -> Result<Vec<Notification>> {
    let from: Vec<i64> = page.iter().map(|one| one.from_account_id).collect();
    let about: Vec<i64> = page.iter().filter_map(|one| one.status_id).collect();
    let about = db::status::list(conn, &about)?;
    let (shown, accounts) = statuses_and_accounts(conn, site, viewer, about, &from)?;
    let shown: HashMap<i64, Arc<Status>> =
        shown.into_iter().map(|status| (status.id, Arc::new(status))).collect();
    Ok(page
        .iter()
        .filter_map(|one| {
            Some(Notification {
                id: one.id,
                kind: one.kind.as_str(),
                created_at: api_time(one.created_at),
                group_key: one.key(),
                account: Arc::clone(accounts.get(&one.from_account_id)?),
                status: one.status_id.and_then(|id| shown.get(&id).cloned()),
            })
        })
        .collect())
}
