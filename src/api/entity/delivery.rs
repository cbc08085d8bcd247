//! How a status fares on its way: an entity of Dassie's own.

use serde::Serialize;

use crate::clock::api_time;
use crate::service::delivery::{Progress, Straggler};

/// Counts are of inboxes: a server with a shared inbox is one.
#[derive(Debug, Serialize)]
pub(crate) struct Deliveries {
    total: i64,
    delivered: i64,
    waiting: i64,
    failed: i64,
    hosts: Vec<Host>,
}

#[derive(Debug, Serialize)]
struct Host {
    host: String,
    state: &'static str,
    attempts: i64,
    last_error: Option<String>,
    next_try: Option<String>,
}

/// The shape of a status's progress.
pub(crate) fn deliveries(progress: Progress) -> Deliveries {
    let Progress { total, delivered, waiting, failed, hosts } = progress;
    let host = |Straggler { host, failed, attempts, last_error, next_try }| Host {
        host,
        state: if failed { "failed" } else { "waiting" },
        attempts,
        last_error,
        next_try: next_try.map(api_time),
    };
    Deliveries { total, delivered, waiting, failed, hosts: hosts.into_iter().map(host).collect() }
}
