//! NotificationPolicy, `V1::NotificationPolicy` and NotificationRequest.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::status::statuses_and_accounts;
use super::{Account, Status};
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{self, Choice};
use crate::service;
use crate::site::Site;

/// What waits to be looked at.
#[derive(Debug, Serialize)]
struct Summary {
    pending_requests_count: i64,
    pending_notifications_count: i64,
}

/// Who may tell one something.
#[derive(Debug, Serialize)]
pub(crate) struct NotificationPolicy {
    for_not_following: &'static str,
    for_not_followers: &'static str,
    for_new_accounts: &'static str,
    for_private_mentions: &'static str,
    for_limited_accounts: &'static str,
    summary: Summary,
}

/// The same in the words of its first version: all but `accept` is filtered.
#[derive(Debug, Serialize)]
pub(crate) struct V1NotificationPolicy {
    filter_not_following: bool,
    filter_not_followers: bool,
    filter_new_accounts: bool,
    filter_private_mentions: bool,
    summary: Summary,
}

fn summary(conn: &Conn, me: i64) -> Result<Summary> {
    let (requests, notifications) = db::notification_request::summary(conn, me)?;
    Ok(Summary { pending_requests_count: requests, pending_notifications_count: notifications })
}

/// The account's policy.
pub(crate) fn notification_policy(conn: &Conn, me: i64) -> Result<NotificationPolicy> {
    let policy = service::notification_policy::get(conn, me)?;
    Ok(NotificationPolicy {
        for_not_following: policy.for_not_following.as_str(),
        for_not_followers: policy.for_not_followers.as_str(),
        for_new_accounts: policy.for_new_accounts.as_str(),
        for_private_mentions: policy.for_private_mentions.as_str(),
        for_limited_accounts: policy.for_limited_accounts.as_str(),
        summary: summary(conn, me)?,
    })
}

/// The account's policy for old apps.
pub(crate) fn notification_policy_v1(conn: &Conn, me: i64) -> Result<V1NotificationPolicy> {
    let policy = service::notification_policy::get(conn, me)?;
    let is_on = |choice: Choice| choice != Choice::Accept;
    Ok(V1NotificationPolicy {
        filter_not_following: is_on(policy.for_not_following),
        filter_not_followers: is_on(policy.for_not_followers),
        filter_new_accounts: is_on(policy.for_new_accounts),
        filter_private_mentions: is_on(policy.for_private_mentions),
        summary: summary(conn, me)?,
    })
}

/// Somebody whose mentions are held back.
#[derive(Debug, Serialize)]
pub(crate) struct NotificationRequest {
    #[serde(serialize_with = "super::id")]
    id: i64,
    created_at: String,
    updated_at: String,
    #[serde(serialize_with = "super::id")]
    notifications_count: i64,
    #[serde(serialize_with = "super::shared")]
    account: Arc<Account>,
    last_status: Option<Status>,
}

/// The shapes of a page of requests, in its order.
pub(crate) fn notification_requests(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    page: &[model::NotificationRequest],
) -> Result<Vec<NotificationRequest>> {
    let from: Vec<i64> = page.iter().map(|one| one.from_account_id).collect();
    let last: Vec<i64> = page.iter().filter_map(|one| one.last_status_id).collect();
    let last = db::status::list_readable(conn, viewer, &last)?;
    let (shown, accounts) = statuses_and_accounts(conn, site, viewer, last, &from)?;
    let mut shown: HashMap<i64, Status> =
        shown.into_iter().map(|status| (status.id, status)).collect();
    Ok(page
        .iter()
        .filter_map(|one| {
            Some(NotificationRequest {
                id: one.id,
                created_at: api_time(one.created_at),
                updated_at: api_time(one.updated_at),
                notifications_count: one.notifications_count,
                account: Arc::clone(accounts.get(&one.from_account_id)?),
                last_status: one.last_status_id.and_then(|id| shown.remove(&id)),
            })
        })
        .collect())
}
