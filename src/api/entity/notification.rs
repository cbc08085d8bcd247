//! Notification.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::report::{Report, reports};
use super::severance::{Severance, severances_of};
use super::status::statuses_and_accounts;
use super::{Account, Status};
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model;
use crate::service::cached_file;
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
    /// Of `admin.report` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
    /// Of `pleroma:emoji_reaction` only: the emoji, and the picture of a custom one.
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji_url: Option<String>,
    /// Of `severed_relationships` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Severance>,
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
    let mut about = reports_of(conn, site, page)?;
    let mut reactions = reactions_of(conn, page)?;
    let mut events = severances_of(conn, page)?;
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
                report: about.remove(&one.id),
                emoji: reactions.get(&one.id).map(model::Reaction::content),
                emoji_url: reactions
                    .remove(&one.id)
                    .and_then(|reaction| reaction.url)
                    .map(|url| cached_file::emoji(site, model::CacheClass::Emoji, &url)),
                event: events.remove(&one.id),
            })
        })
        .collect())
}

/// What those that are reactions react with.
fn reactions_of(
    conn: &Conn,
    page: &[model::Notification],
) -> Result<HashMap<i64, model::Reaction>> {
    let ids: Vec<i64> = page
        .iter()
        .filter(|one| one.kind == model::NotificationKind::Reaction)
        .map(|one| one.id)
        .collect();
    db::reaction::list_of_notifications(conn, &ids)
}

/// The reports that some notifications are about, by the notification's id.
pub(super) fn reports_of(
    conn: &Conn,
    site: &Site,
    page: &[model::Notification],
) -> Result<HashMap<i64, Report>> {
    let ids: Vec<i64> = page
        .iter()
        .filter(|one| one.kind == model::NotificationKind::AdminReport)
        .map(|one| one.id)
        .collect();
    let (ids, rows): (Vec<i64>, Vec<model::Report>) =
        db::report::list_of_notifications(conn, &ids)?.into_iter().unzip();
    let shown: HashMap<i64, Report> =
        reports(conn, site, &rows)?.into_iter().map(|report| (report.id, report)).collect();
    Ok(ids
        .into_iter()
        .zip(&rows)
        .filter_map(|(id, row)| Some((id, shown.get(&row.id)?.clone())))
        .collect())
}
