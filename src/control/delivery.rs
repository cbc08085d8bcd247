//! What waits for other servers, and how these are.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Reply;
use super::command::DeliveryLine;
use crate::app::App;
use crate::db::{self, Conn, Lane};
use crate::error::{Error, Result};
use crate::model::Delivery;
use crate::service;

/// A server that fails, as the list shows it; times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLine {
    pub host: String,
    pub failing_since: Option<i64>,
    /// It failed for days and is only probed now and then.
    pub unavailable: bool,
    pub waiting: i64,
    /// Deliveries that were given up.
    pub dropped: i64,
    pub next_try: Option<i64>,
    pub last_error: Option<String>,
}

/// What waits: all of it, or for one server, or of one status.
pub(super) fn list(
    app: &App,
    limit: u32,
    host: Option<&str>,
    status: Option<i64>,
) -> Result<Reply> {
    let host = host.map(|host| host.trim().to_lowercase());
    app.db.read(|conn| {
        let (found, waiting) = match (&host, status) {
            (Some(host), _) => (
                db::delivery::list_of_host(conn, host, i64::from(limit))?,
                db::delivery::waiting_for(conn, host)?.0,
            ),
            (None, Some(status)) => {
                let sent = db::status_delivery::find(conn, status)?.ok_or_else(|| {
                    Error::Missing(format!("no status {status} was sent from here").into())
                })?;
                (
                    db::delivery::list_of_activity(conn, sent.activity_id, i64::from(limit))?,
                    (sent.total - sent.delivered - sent.failed).max(0),
                )
            }
            (None, None) => {
                (db::delivery::list(conn, i64::from(limit))?, db::delivery::count(conn)?)
            }
        };
        Ok(Reply::Deliveries { now: conn.now(), waiting, list: lines(conn, found)? })
    })
}

fn lines(conn: &Conn, found: Vec<Delivery>) -> Result<Vec<DeliveryLine>> {
    let mut activities = HashMap::new();
    let mut list = Vec::new();
    for delivery in found {
        let Delivery { activity_id, inbox, host, due, attempts, last_error, .. } = delivery;
        let (kind, activity) = match activities.get(&activity_id) {
            Some(known) => known,
            None => activities.entry(activity_id).or_insert(describe(conn, activity_id)?),
        }
        .clone();
        let unavailable = db::host::get(conn, &host)?.unavailable;
        list.push(DeliveryLine {
            inbox,
            host,
            kind,
            activity,
            attempts,
            due,
            last_error,
            unavailable,
        });
    }
    Ok(list)
}

/// `type` and `id` of an outgoing activity.
fn describe(conn: &Conn, id: i64) -> Result<(String, String)> {
    #[derive(Default, Deserialize)]
    struct Head {
        #[serde(default, rename = "type")]
        kind: String,
        #[serde(default)]
        id: String,
    }
    let body = db::delivery::find_activity(conn, id)?.map(|(_, body)| body).unwrap_or_default();
    let head: Head = serde_json::from_slice(&body).unwrap_or_default();
    Ok((head.kind, head.id))
}

/// The servers that fail.
pub(super) fn hosts(app: &App, limit: u32) -> Result<Reply> {
    app.db.read(|conn| {
        let mut list = Vec::new();
        for one in db::host::list_failing(conn, i64::from(limit))? {
            let (waiting, next_try) = db::delivery::waiting_for(conn, &one.name)?;
            list.push(HostLine {
                host: one.name,
                failing_since: one.failing_since,
                unavailable: one.unavailable,
                waiting,
                dropped: one.dropped,
                next_try,
                last_error: one.last_error,
            });
        }
        Ok(Reply::Hosts { now: conn.now(), list })
    })
}

/// What waits for a server is tried at once.
pub(super) fn retry(app: &App, host: &str) -> Result<Reply> {
    let host = host.trim().to_lowercase();
    let name = host.clone();
    let waiting =
        app.db.write(Lane::Interactive, move |tx| service::delivery::retry(tx, &name)).wait()?;
    Ok(Reply::Retried { host, waiting })
}

/// Something that was given up after several tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLine {
    pub what: String,
    pub host: String,
    pub attempts: i64,
    pub reason: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// What was given up within the last days (F-145).
pub(super) fn jobs(app: &App, limit: u32) -> Result<Reply> {
    let found = app.db.read(|conn| db::job::list_dead(conn, i64::from(limit)))?;
    let line = |job: crate::model::DeadJob| JobLine {
        what: job.kind.map_or_else(|| "unknown".to_owned(), |kind| format!("{kind:?}")),
        host: job.lane,
        attempts: job.attempts,
        reason: job.reason,
        created_at: job.created_at,
    };
    Ok(Reply::Jobs(found.into_iter().map(line).collect()))
}
