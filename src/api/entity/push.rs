//! WebPushSubscription.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::app::App;
use crate::model::PushSubscription;

/// A subscription, to the app that made it.
#[derive(Debug, Serialize)]
pub(crate) struct WebPushSubscription {
    /// A number, as Mastodon serves it and its clients decode it.
    id: i64,
    endpoint: String,
    standard: bool,
    /// All kinds, wanted or not: some clients fail without one.
    alerts: BTreeMap<&'static str, bool>,
    policy: &'static str,
    server_key: String,
}

impl WebPushSubscription {
    /// The shape of a stored subscription.
    pub(crate) fn new(app: &App, stored: &PushSubscription) -> Self {
        Self {
            id: stored.id,
            endpoint: stored.endpoint.clone(),
            standard: stored.standard,
            alerts: PushSubscription::ALERTS
                .iter()
                .map(|name| (*name, stored.alerts.contains(*name)))
                .collect(),
            policy: stored.policy.as_str(),
            server_key: app.vapid.public(),
        }
    }
}
